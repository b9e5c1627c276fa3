"""What the nodes do not see."""

import numpy as np
import pytest

from ratelab.networks import FitProblem, Layout, power
from ratelab.training import VariableProjection
from ratelab.training._between import Between
from ratelab.training._minimum_norm import minimum_norm
from ratelab.training._projection import Model, solve_outputs
from ratelab.training._stack import Data, Shape

NODES = np.linspace(0.05, 0.95, 19)


def _rows(kinks, signs, degree, nodes=NODES):
    first = np.stack([np.array(signs, float), -np.array(signs, float) * np.array(kinks)], axis=1)[None]
    return Between(nodes, (0.0, 1.0), degree).rows(first, np.empty(0, np.intp))[0]


def _interpolant(function, x, degree):
    """The polynomial through the values at the nodes nearest to x, two of them its neighbours."""
    right = int(np.clip(np.searchsorted(NODES, x), 1, len(NODES) - 1)) if NODES[0] < x < NODES[-1] else None
    near = np.argsort(np.abs(NODES - x), kind="stable")
    order = (
        list(near) if right is None else [right - 1, right, *[i for i in near if i not in (right - 1, right)]]
    )
    chosen = NODES[order[: degree + 1]]
    return float(np.polyval(np.polyfit(chosen - x, function(chosen), degree), 0.0))


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_rows_are_the_distance_from_the_polynomial_through_the_nearest_nodes(degree):
    kinks, signs, output = (
        [0.012, 0.311, 0.337, 0.71, 0.98, 1.3],
        [1, -1, 1, 1, 1, 1],
        [2.0, 1.0, -3.0, 0.5, 4.0, 1.0],
    )
    rows = _rows(kinks, signs, degree)

    def network(x):
        x = np.asarray(x)
        return sum(
            c * np.maximum(s * (x - t), 0.0) ** degree for c, s, t in zip(output, signs, kinks, strict=True)
        )

    edges = np.concatenate([[0.0], NODES, [1.0]])
    for j, place in enumerate([*kinks, 0.0, 1.0]):
        found = float(np.array([*output, 7.0]) @ rows[:, j])
        if place > 1.0:
            assert found == 0.0
            continue
        gap = max(int(np.searchsorted(edges, place)), 1)
        expected = np.sqrt(edges[gap] - edges[gap - 1]) * (
            network(place) - _interpolant(network, place, degree)
        )
        assert found == pytest.approx(expected, rel=1e-8, abs=1e-10)


def test_a_spike_between_the_nodes_is_seen():
    """ρ(x−a) − 2ρ(x−b) + ρ(x−c) within one gap is 0 at all nodes."""
    rows = _rows([0.51, 0.525, 0.54], [1, 1, 1], 1)
    assert np.linalg.norm(np.array([1e6, -2e6, 1e6, 0.0]) @ rows) == pytest.approx(
        1e6 * 0.015 * np.sqrt(0.05)
    )


def test_a_jump_is_fitted_without_spikes():
    x, w = np.polynomial.legendre.leggauss(8)
    graded = 2.0 ** -np.arange(24.0)
    edges = np.unique(np.concatenate([[0.0], (1 - graded) / 3, [1 / 3], (1 + 2 * graded) / 3]))
    half = np.diff(edges)[:, None] / 2
    nodes, weights = (edges[:-1, None] + half * (x + 1)).ravel(), (half * w).ravel()
    values = (nodes > 1 / 3).astype(float)[:, None]
    fits = tuple((Layout.dense((1, n, 1)), seed) for n in (4, 32) for seed in range(4))
    job = FitProblem(nodes[:, None], weights, values, power(1), fits, ((0.0, 1.0),))
    fine = np.concatenate([edges[:-1] + t * np.diff(edges) for t in np.linspace(0.0, 1.0, 301)])[:, None]
    for result in VariableProjection().fit(job):
        assert result.network is not None
        assert result.loss < 1e-6
        value = result.network(fine)
        assert value.min() > -0.5
        assert value.max() < 1.5


def test_the_last_solve_prefers_small_weights(smooth):
    """Two neurons that nearly coincide get equal weights instead of huge opposite ones."""
    shape = Shape(Layout.dense((1, 3, 1)))
    nodes = np.linspace(0, 1, 64)[:, None]
    values = np.tanh(2 * nodes) + 1e-9 * np.sin(300 * nodes)
    job = FitProblem(nodes, np.full(64, 1 / 64), values, smooth["tanh"], ((shape.layout, 0),), ((0.0, 1.0),))
    model = Model(shape, Data.of(job), job.activation)
    parameters = np.array([[2.0, 0.0, 2.0, 1e-9, 2.0, -1e-8, 0, 0, 0, 0]])
    before = solve_outputs(model, parameters, np.ones(1))
    after, loss, between = minimum_norm(model, before.parameters, 1.0)
    assert np.abs(after).max() < 3.0
    assert loss[0] <= 1.01 * before.loss[0]
    assert between[0] == 0.0
