"""The orthogonal greedy algorithm."""

import numpy as np
import pytest

from ratelab import load_plugins
from ratelab.networks import FitProblem, LayerShape, Layout, power
from ratelab.training import generator, initial_weights
from ratelab.training._greedy import grow
from ratelab.training._greedy_trainer import Greedy
from ratelab.training._stack import Data, Shape

REGISTRY = load_plugins()


def _line(f, nodes=200):
    x, w = np.polynomial.legendre.leggauss(nodes)
    x, w = ((x + 1) / 2)[:, None], w / 2
    return x, w, f(x)


def _loss(problem, columns):
    root = np.sqrt(problem.weights)[:, None]
    design = np.concatenate([columns, np.ones((len(root), 1))], axis=1) * root
    target = problem.values * root
    solution = np.linalg.lstsq(design, target, rcond=None)[0]
    return float(np.sum((design @ solution - target) ** 2))


def _grown(problem, layout, size, random, left=np.inf):
    shape = Shape(layout)
    start = shape.flat(initial_weights(layout, 0, problem.activation, problem.domain))
    return shape, grow(shape, start, Data.of(problem), problem.activation, problem.domain, random, size, left)


def test_one_neuron_is_as_good_as_the_best_of_a_fine_grid():
    """Brute force over 4,001 kinks in both directions; the dictionary is coarse, what is near its best counts."""
    layout = Layout.dense((1, 1, 1))
    problem = FitProblem(*_line(lambda x: np.sin(5 * x)), power(1), ((layout, 0),), ((0.0, 1.0),))
    (result,) = Greedy(size=32).fit(problem)
    grid = np.linspace(-0.2, 1.2, 4001)
    best = min(
        _loss(problem, np.maximum(sign * (problem.nodes - t), 0)) for t in grid for sign in (1.0, -1.0)
    )
    assert result.loss == pytest.approx(best, rel=2e-4)


def test_output_weights_are_those_of_least_squares():
    layout = Layout.dense((1, 5, 1))
    problem = FitProblem(*_line(np.exp), power(2), ((layout, 3),), ((0.0, 1.0),))
    (result,) = Greedy().fit(problem)
    first = result.network.layers[0]
    hidden = np.maximum(problem.nodes @ first.weight.T + first.bias, 0) ** 2
    assert result.loss <= 1.002 * _loss(problem, hidden) + 1e-20


def test_more_neurons_extend_the_choice_of_fewer():
    problem = FitProblem(*_line(lambda x: np.cos(9 * x)), power(1), (), ((0.0, 1.0),))
    rows = []
    for width in (3, 7):
        shape, growth = _grown(problem, Layout.dense((1, width, 1)), 300, generator("test", 5))
        assert growth.order == tuple(range(width))
        rows.append(shape.blocks(growth.parameters[None])[0][0])
    np.testing.assert_array_equal(rows[0], rows[1][:3])


def test_the_error_falls_at_the_known_rate():
    """Shallow ReLU in one variable: n^(−2) for targets in the variation space."""
    layouts = {n: Layout.dense((1, n, 1)) for n in (4, 8, 16, 32)}
    fits = tuple((layout, 0) for layout in layouts.values())
    problem = FitProblem(*_line(lambda x: np.sin(4 * x), 400), power(1), fits, ((0.0, 1.0),))
    errors = np.sqrt([r.loss for r in Greedy().fit(problem)])
    slope = np.polyfit(np.log2(list(layouts)), np.log2(errors), 1)[0]
    assert -2.6 < slope < -1.6


@pytest.mark.parametrize("name", ["relu", "tanh", "gaussian"])
def test_each_neuron_helps_in_two_variables(name):
    x, w = np.polynomial.legendre.leggauss(16)
    grid = np.stack([g.ravel() for g in np.meshgrid((x + 1) / 2, (x + 1) / 2)], axis=1)
    values = np.exp(-((grid - 0.4) ** 2).sum(axis=1, keepdims=True) / 0.1)
    fits = tuple((Layout.dense((2, n, 1)), 1) for n in (1, 4, 16))
    weights = np.outer(w, w).ravel() / 4
    problem = FitProblem(grid, weights, values, REGISTRY.activations[name], fits, ((0.0, 1.0), (0.0, 1.0)))
    losses = [r.loss for r in Greedy().fit(problem)]
    assert losses[1] < 0.5 * losses[0]
    assert losses[2] < 0.2 * losses[1]


def test_what_output_weights_are_fixed_to_is_taken_into_account():
    """With a fixed weight 1 on an identity, what is left to fit is the target less the identity."""
    dense = Layout.dense((1, 3, 1))
    first = LayerShape(
        np.array([[True], [True], [False]]),
        np.array([[0.0], [0.0], [1.0]]),
        np.array([True, True, False]),
        np.array([False, False, True]),
    )
    last = LayerShape(
        np.array([[True, True, False]]), np.array([[0.0, 0.0, 1.0]]), np.array([True]), np.array([True])
    )
    layout = Layout((first, last))

    def target(x):
        return x + 2 * np.maximum(x - 0.41, 0)

    problem = FitProblem(*_line(target), power(1), ((layout, 0), (dense, 0)), ((0.0, 1.0),))
    result, _ = Greedy(size=2000).fit(problem)
    assert result.network.layers[1].weight[0, 2] == 1.0
    error = result.network(problem.nodes) - problem.values
    assert result.loss == pytest.approx(float(np.sum(problem.weights[:, None] * error**2)), rel=1e-6)
    assert result.loss < 1e-6


def test_work_is_kept_and_cuts_the_growth():
    problem = FitProblem(*_line(np.exp), power(1), (), ((0.0, 1.0),))
    layout = Layout.dense((1, 6, 1))
    _, full = _grown(problem, layout, 200, generator("test", 0))
    _, part = _grown(problem, layout, 200, generator("test", 0), full.evaluations / 2)
    assert not full.cut
    assert part.cut
    assert part.order == full.order[:3]
    assert part.evaluations <= full.evaluations / 2
