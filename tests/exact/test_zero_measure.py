"""The measure of the zero set: exact on lines and planes, enclosed elsewhere, 0 for analytic networks."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import UserError, load_plugins
from ratelab.exact._zero_measure import zero_measure
from ratelab.exact._zero_measure_slopes import slope_signs
from ratelab.networks import Layer, Network, identity, power

REGISTRY = load_plugins()
HAT = Network.dense([[[1], [1], [1]], [[1, -2, 1]]], [[0, -Fraction(1, 2), -1], [0]])


def mask(d: int) -> Network:
    """Return ρ(1 − Σ[ρ(x_i − 1) + ρ(−1 − x_i)]): support {ℓ1-distance to the cube [−1, 1]^d ≤ 1}."""
    rows = np.concatenate([np.eye(d), -np.eye(d)])
    return Network.dense([rows, -np.ones((1, 2 * d)), [[1.0]]], [-np.ones(2 * d), [1.0], [0.0]])


def test_the_hat_vanishes_off_its_support_exactly() -> None:
    assert zero_measure(HAT, ((Fraction(-1, 3), 2),)) == (Fraction(4, 3), Fraction(4, 3))


def test_the_mask_in_two_variables_is_exact() -> None:
    """36 − (4 + 4·2·1 + 4·½) = 22."""
    assert zero_measure(mask(2), ((-3, 3),) * 2) == (22, 22)


def test_too_many_cells_leave_an_enclosure_of_the_same_measure() -> None:
    low, high = zero_measure(mask(2), ((-3, 3),) * 2, limit=1)
    assert 21.5 < low < 22 < high < 22.5
    wider = zero_measure(mask(2), ((-3, 3),) * 2, limit=1, boxes=300)
    assert wider[0] < low and high < wider[1]


def test_three_variables_are_enclosed() -> None:
    """64 − (8 + 6·4·1 + 12·½·2 + 8/6) for the cube [−2, 2]^3."""
    low, high = zero_measure(mask(3), ((-2, 2),) * 3)
    true = 64 - (8 + 24 + 12 + Fraction(8, 6))
    assert low < true < high and high - low < 20
    finer = zero_measure(mask(3), ((-2, 2),) * 3, boxes=100_000)
    assert low < finer[0] < true < finer[1] < high and finer[1] - finer[0] < 10


@pytest.mark.parametrize("d", [1, 2])
def test_fitted_relu_features_leak_on_the_whole_complement(d: int) -> None:
    """The honest control: without a mask their zero set is null, as that of analytic networks."""
    generator = np.random.default_rng(d)
    weight, bias = generator.normal(size=(40, d)) * 6, generator.uniform(-9, 9, 40)
    points = generator.uniform(-1.5, 1.5, (1000, d))
    features = np.hstack([np.maximum(points @ weight.T + bias, 0), np.ones((1000, 1))])
    values = np.maximum(0, 1 - np.linalg.norm(points, axis=1) / 0.7)
    solution = np.linalg.lstsq(features, values, rcond=None)[0]
    net = Network.dense([weight, solution[None, :-1]], [bias, solution[-1:]])
    assert zero_measure(net, ((-1.5, 1.5),) * d) == (0, 0)


@pytest.mark.parametrize("name", ["tanh", "gelu", "sine"])
def test_certified_analytic_networks_vanish_on_null_sets(name: str) -> None:
    net = Network.dense(
        [np.ones((3, 4)), np.ones((1, 3))], [np.arange(3.0), [0.0]], REGISTRY.activations[name]
    )
    assert zero_measure(net, ((-1, 1),) * 4) == (0, 0)


def test_the_zero_network_vanishes_everywhere_and_nothing_is_claimed_of_undecided_ones() -> None:
    zero = Network.dense([[[1.0], [1.0]], [[0.0, 0.0]]], [[0, 0], [0]], "tanh")
    assert zero_measure(zero, ((0, 3),)) == (3, 3)
    hidden = Network.dense([[[1.0], [1.0]], [[1.0, -1.0]]], [[0, 0], [0]], "tanh")
    assert zero_measure(hidden, ((0, 3),), boxes=100) == (0, 3)


def test_poolings_are_enclosed() -> None:
    """Hat times hat, the second shifted by a half: zero off [½, 1]."""
    rows = np.array([[1.0]] * 6)
    bias = np.array([0, -0.5, -1, -0.5, -1, -1.5])
    mix = np.zeros((2, 6))
    mix[0, :3] = mix[1, 3:] = [1, -2, 1]
    first = Layer(rows, bias, (REGISTRY.activations["relu"],) * 6)
    net = Network(
        [first, Layer(mix, np.zeros(2), (identity,) * 2, True), Layer(np.eye(1), np.zeros(1), (identity,))]
    )
    low, high = zero_measure(net, ((0, 2),), boxes=4000)
    assert low <= Fraction(3, 2) <= high


def test_all_outputs_must_vanish() -> None:
    both = Network.dense([[[1], [1], [1]], [[1, -2, 1], [0, 0, 1]]], [[0, -Fraction(1, 2), -1], [0, 0]])
    assert zero_measure(both, ((-1, 2),)) == (1, 1)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_planar_measures_agree_with_fine_grids(seed: int) -> None:
    """Small integer weights make zero pieces frequent; midpoints off all creases' grid tell zero from non-zero."""
    generator = np.random.default_rng(seed)
    net = Network.dense(
        [
            generator.integers(-1, 2, (3, 2)),
            generator.integers(-1, 2, (3, 3)),
            generator.integers(-1, 2, (1, 3)),
        ],
        [generator.integers(-1, 2, 3), generator.integers(-1, 1, 3), [0]],
    )
    low, high = zero_measure(net, ((-2, 2),) * 2)
    assert low == high
    line = -2 + 4 * (np.arange(300) + 0.5) / 300
    points = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    assert float(low) == pytest.approx(16 * float((np.abs(net(points)) < 1e-12).mean()), abs=0.25)
    wide = zero_measure(net, ((-2, 2),) * 2, limit=1, boxes=2000)
    assert wide[0] <= low <= wide[1]


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_monotone_boxes_are_monotone_at_random_points(seed: int) -> None:
    generator = np.random.default_rng(seed)
    net = Network.dense(
        [generator.normal(size=(5, 2)), generator.normal(size=(4, 5)), generator.normal(size=(1, 4))],
        [generator.normal(size=5), generator.normal(size=4), generator.normal(size=1)],
        REGISTRY.activations["prelu(slope=1/4)"] if seed % 2 else "relu",
    )
    low = generator.uniform(-2, 2, (30, 2))
    high = low + 0.2
    for box in np.flatnonzero(slope_signs(net, low, high)):
        start = generator.uniform(low[box], high[box], (40, 2))
        steps = []
        for axis in range(2):
            end = start.copy()
            end[:, axis] = high[box, axis]
            steps.append((net(end) - net(start))[:, 0] * (end[:, axis] > start[:, axis]))
        assert any((step > 0).all() or (step < 0).all() for step in steps)


@given(
    st.lists(st.tuples(*[st.integers(-2, 2)] * 2, st.sampled_from([-1, 1])), min_size=1, max_size=8),
    st.sampled_from(["relu", "prelu(slope=1/4)"]),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_sorted_sums_of_slopes_agree_with_values_at_all_knots(
    neurons: list[tuple[int, int, int]], label: str, twins: bool
) -> None:
    """Between neighbouring knots the network is affine: 0 there only if it is at both ends and in the middle."""
    activation = power(1) if label == "relu" else REGISTRY.activations[label]
    if twins:  # pairs a·ρ(wx + b) − a·ρ(wx + b − 1): plateaus
        neurons = neurons + [(w, b - 1, -a) for w, b, a in neurons]
    w, b, a = map(list, zip(*neurons, strict=True))
    net = Network.dense([[[v] for v in w], [a, a]], [b, [0, 0 if twins else 1]], activation).rational()
    low, high = Fraction(-5, 3), Fraction(2)
    knots = sorted(
        {low, high, *(x for v, c in zip(w, b, strict=True) if v and low < (x := Fraction(-c, v)) < high)}
    )
    zero = Fraction(0)
    for start, end in zip(knots, knots[1:], strict=False):
        values = net(np.array([[start], [(start + end) / 2], [end]], dtype=object))
        zero += (end - start) * (not any(v for row in values for v in row))
    assert zero_measure(net, ((low, high),)) == (zero, zero)


@pytest.mark.parametrize("domain", [None, ((0, 1), (0, 1)), ((1, 0),), ((0, np.inf),)])
def test_other_domains_are_refused(domain: Any) -> None:
    with pytest.raises(UserError):
        zero_measure(HAT, domain)
