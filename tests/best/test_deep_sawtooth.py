"""Zigzags over intervals: their kinks, their errors, the descent after them."""

import numpy as np
import pytest

from ratelab import Target, UserError, exact, load_plugins
from ratelab.best import free_knot_splines
from ratelab.best._deep_profile import Profile
from ratelab.best._deep_sawtooth import Sawtooth, candidates, deep_sawtooth, zigzags

REGISTRY = load_plugins()


def _breakpoints(network, target):
    return np.asarray(exact.breakpoints(network, target.domain), dtype=np.float64).ravel()


def test_the_network_has_the_values_that_the_sawtooth_says():
    random = np.random.default_rng(0)
    joints = np.array([-1.0, -0.5, 0.25, 2.0])
    tooth = Sawtooth(joints, random.normal(size=4), random.normal(size=(3, 4)), random.normal(size=3))
    x = np.linspace(-1, 2, 301)
    values = np.interp(x, joints, tooth.carried)
    for row, height in zip(tooth.teeth, tooth.heights, strict=True):
        values += height * np.maximum(np.interp(x, joints, row), 0.0)
    network = tooth.network()
    assert network.widths == (3, 4)
    np.testing.assert_allclose(network(x[:, None])[:, 0], values, atol=1e-13)


def test_on_a_parabola_m_intervals_and_n_neurons_make_evenly_spaced_kinks():
    """Constant second derivative: m(n + 1/2·2) places in all, each neuron once in every interval."""
    target = REGISTRY.targets["square"]
    m, n = 4, 5
    joints = np.linspace(0.0, 1.0, m + 1)
    teeth = zigzags(Profile.of(target), joints, (n, 0), 0.4)
    assert teeth.shape == (n, m + 1)
    kinks = []
    for row in teeth:
        assert (row[1:] * row[:-1] < 0).all()
        kinks.extend(joints[:-1] + np.diff(joints) * row[:-1] / (row[:-1] - row[1:]))
    expected = (np.arange(m)[:, None] + (np.arange(n) + 0.5) / n).ravel() / m
    np.testing.assert_allclose(np.sort(kinks), expected, atol=1e-3)


def test_neurons_rest_where_the_target_bends_the_other_way():
    target = REGISTRY.targets.make("sine", {"frequency": 1})
    joints = np.linspace(0.0, 1.0, 5)  # concave on the first two intervals, convex on the last two
    teeth = zigzags(Profile.of(target), joints, (2, 3), 0.4)
    turns = teeth[:, 1:] * teeth[:, :-1] < 0
    assert turns[:2].tolist() == [[False, False, True, True]] * 2
    assert turns[2:].tolist() == [[True, True, False, False]] * 3


@pytest.mark.parametrize("name", ["sqrt", "cusp(exponent=0.4,at=0.7)", "two_scales", "exp", "runge"])
def test_eight_and_eight_neurons_beat_the_best_spline_of_24_pieces(name):
    target = REGISTRY.targets[name]
    network = deep_sawtooth(target, (8, 8))
    assert network.connections <= 80
    spline = free_knot_splines(target, [24], 1)[24]
    assert exact.error(network, target) < exact.error(spline.network(), target)


def test_the_descent_does_not_lose_against_the_zigzags_that_it_starts_from():
    target = REGISTRY.targets["cusp"]
    profile = Profile.of(target)
    x, w, y = profile.nodes(1024)
    first = min(candidates(profile, (4, 4), x, w, y), key=lambda pair: pair[0])
    start = exact.error(first[1].network(), target)
    assert np.sqrt(first[0]) == pytest.approx(start, rel=0.02)
    assert exact.error(deep_sawtooth(target, (4, 4)), target) < 0.9 * start


def test_other_domains_are_scaled():
    unit = REGISTRY.targets["sqrt"]
    wide = Target(
        "wide", lambda x: np.sqrt((x[:, 0] + 1) / 4), domain=((-1.0, 3.0),), singular_points=(-1.0,)
    )
    small, large = (exact.error(deep_sawtooth(t, (5, 5)), t) for t in (unit, wide))
    assert large == pytest.approx(2 * small, rel=0.2)


@pytest.mark.parametrize("name", ["step", "brownian(seed=1)", "takagi", "cantor"])
@pytest.mark.parametrize("widths", [(1, 1), (2, 1), (3, 3), (7, 5)])
def test_rough_targets_get_a_network_too(name, widths):
    target = REGISTRY.targets[name]
    network = deep_sawtooth(target, widths)
    assert all(a <= b for a, b in zip(network.widths, widths, strict=True))
    x = np.linspace(0, 1, 4097)
    spread = float(np.std(target(x[:, None])))
    assert exact.error(network, target) < 1.05 * spread


def test_what_it_cannot_do_is_refused():
    with pytest.raises(UserError, match="2 variables"):
        deep_sawtooth(REGISTRY.targets["cone"], (3, 3))
    with pytest.raises(UserError, match=r"widths are \(0, 3\)"):
        deep_sawtooth(REGISTRY.targets["exp"], (0, 3))
