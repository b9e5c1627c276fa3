"""Supported networks: tables of reference, bounds, exact supports, certificates."""

from fractions import Fraction
from itertools import product
from math import inf, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import Target, UserError, load_plugins
from ratelab.exact._vanishes import vanishes
from ratelab.networks import Network
from ratelab.networks._tensor_hats import tensor_hats
from ratelab.registry import Box, Boxes
from ratelab.spaces import _supported
from ratelab.spaces._supported import supported
from ratelab.spaces._supported_within import supported_within

TARGETS = load_plugins(["plugins"]).targets
METHODS = ("hats", "mask", "gate", "kuhn")

# (target, 1/h) → nodes, affine maps, width, poolings, sup and bound to three digits, L1 to three digits, excess seen
HATS = {
    ("tent", 4): (5, 3, 18, 0, 5.71e-2, 1.786e-1, 1.43e-2, 0.050),
    ("tent", 16): (23, 3, 66, 0, 1.43e-2, 4.46e-2, 8.93e-4, 0.050),
    ("tent", 128): (179, 3, 514, 0, 2.62e-3, 5.58e-3, 2.09e-5, 0.003),
    ("compact_cone", 4): (37, 4, 74, 1, 6.24e-2, 2.210e-1, 4.69e-2, 0.240),
    ("compact_cone", 8): (129, 4, 258, 1, 3.56e-2, 1.105e-1, 1.40e-2, 0.113),
    ("compact_cone(dimension=3)", 4): (147, 5, 588, 2, 8.10e-2, 2.706e-1, 7.14e-2, 0.222),
}
GRIDS = {1: 20000, 2: 600, 3: 90}


def grid(dimension):
    """Return the reference's points, middles of the cells of [−2, 2]^d, but for those where all functions are 0."""
    step = 4 / GRIDS[dimension]
    line = -2 + (np.arange(GRIDS[dimension]) + 0.5) * step
    line = line[np.abs(line) <= 1.2]
    return np.stack(np.meshgrid(*[line] * dimension, indexing="ij"), axis=-1).reshape(-1, dimension), step


def printed(value):
    """Return what equals a number of three printed digits."""
    return pytest.approx(value, abs=0.006 * 10.0 ** np.floor(np.log10(value)))


def batched(network, points):
    return np.concatenate([network(points[i : i + 4000]) for i in range(0, len(points), 4000)])


def differences(found, dimension):
    points, step = grid(dimension)
    values = batched(found.network, points)
    return points, step, values[:, 0], np.abs(values - found.target(points))[:, 0]


@pytest.mark.parametrize("case", HATS, ids=lambda case: f"{case[0]}-{case[1]}")
def test_hats_have_the_errors_supports_and_counts_of_the_reference(case):
    nodes, depth, width, poolings, sup, bound, l1, excess = HATS[case]
    found = supported(TARGETS[case[0]], Fraction(1, case[1]), method="hats")
    assert (len(found.nodes), found.network.depth, found.network.poolings) == (nodes, depth, poolings)
    # in one variable the reference has a hat at every line of the box, also where the target is 0
    assert found.network.width == width or (found.target.dimension == 1 and found.network.width == 2 * nodes)
    d = found.target.dimension
    points, step, values, error = differences(found, d)
    assert error.max() == printed(sup)
    assert found.error_bound == printed(bound)
    assert error.sum() * step**d == printed(l1)
    # the reference looked at a grid, here both ends of the bracket are proved
    low, high = found.distance.excess
    assert excess - 1e-3 <= low <= high <= min(excess + step + 1e-3, 1 / case[1])
    assert found.certificate
    assert not values[~found.support.contains(points)].any()


@pytest.mark.parametrize(
    ("inverse", "cubes", "width", "sup", "l1", "excess"),
    [
        (8, 12, 74, 4.46e-2, 8.09e-3, 0.081),
        (16, 24, 146, 1.52e-2, 2.25e-3, 0.066),
        (32, 46, 286, 1.11e-2, 9.80e-4, 0.027),
        (128, 180, 1130, 2.73e-3, 1.78e-4, 0.005),
    ],
)
def test_masks_have_the_errors_and_supports_of_the_reference(inverse, cubes, width, sup, l1, excess):
    """The reference's g has a node at every grid point of [−1.5, 1.5]: more neurons, the same function."""
    shift = float(Fraction(10, 7) / inverse / 100)
    nodes = np.arange(-3 * inverse // 2, 3 * inverse // 2 + 1)
    g = tensor_hats(nodes[:, None], TARGETS["tent"](nodes / inverse), Fraction(1, inverse))
    for network in (None, g):
        found = supported(TARGETS["tent"], Fraction(1, inverse), shift=shift, network=network)
        assert (found.cubes, found.network.poolings) == (cubes, 1)
        assert found.network.width <= width and found.network.depth <= 4
        _, step, _, error = differences(found, 1)
        assert error.max() == printed(sup)
        assert error.sum() * step == printed(l1)
        assert found.distance.excess == pytest.approx((excess, excess), abs=6e-4)
        assert found.distance.miss == (0, 0)
        assert found.error_bound == pytest.approx(
            shift + (0.5 / 0.7 / inverse if network is None else sup - shift), rel=2e-2
        )
    # the reference's cells and half-lines, those outside the margin
    ends = np.linspace(-2, 2, 801)
    low, high = np.append(ends[:-1], [-np.inf, 1.3]), np.append(ends[1:], [-1.3, np.inf])
    reach = float(found.support.bounds[0][1])
    outside = (low >= reach) | (high <= -reach)
    proof = vanishes(found.network, (low[outside, None], high[outside, None]))
    assert proof and outside.sum() >= 486


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("label", "exponent"),
    [
        ("tent", 4),
        ("annulus", 3),
        ("l_shape", 3),
        ("needle", 6),
        ("l_shape(dimension=3)", 2),
        ("indicator", 3),
    ],
)
def test_every_box_beside_the_neighbourhood_is_certified_zero(label, exponent, method):
    found = supported(TARGETS[label], Fraction(1, 2**exponent), method=method)
    assert found.certificate and found.certificate.share == 1
    low, high = found.certificate.boxes
    assert np.isinf(low).any() and np.isinf(high).any()
    assert found.counts.within(found.promised)
    assert found.support_equal == (method in ("hats", "mask"))
    assert (found.network.poolings == 0) == (
        method in ("gate", "kuhn") or (method == "hats" and label == "tent")
    )


def cell_is_zero(network, lower, size):
    """Return whether a multilinear network is 0 on a cell, in rationals: at all its corners, and at the middle."""
    d = len(lower)
    corners = [
        [a + size * s for a, s in zip(lower, shift, strict=True)] for shift in product((0, 1), repeat=d)
    ]
    return all(v == 0 for v in network([*corners, [a + size / 2 for a in lower]]).flat)


def test_hats_are_zero_on_exactly_the_cells_outside_their_support():
    """In rational arithmetic, all cells of a box around the support."""
    found = supported(TARGETS["l_shape"], Fraction(1, 2), method="hats")
    net, cubes = found.network.rational(), {tuple(c) for c in found.support.cubes.tolist()}
    for cell in product(range(-3, 3), repeat=2):
        assert cell_is_zero(net, [Fraction(k, 2) for k in cell], Fraction(1, 2)) == (cell not in cubes)


@pytest.mark.parametrize("label", ["tent", "compact_cone", "two_components(dimension=1)"])
def test_masks_are_zero_nowhere_in_their_support(label):
    """Rational values at random points on both sides of the boundary of the support, in all of its parts."""
    found = supported(TARGETS[label], Fraction(1, 4))
    net, d, rng = found.network.rational(), found.target.dimension, np.random.default_rng(0)
    points = rng.integers(-(2**20), 2**20, (60, d))
    points = [[Fraction(int(k), 2**20) * Fraction(6, 5) for k in row] for row in points]
    inside = found.support.contains(np.array(points, dtype=object))
    values = net(points)[:, 0]
    assert inside.any() and (~inside).any()
    assert [v != 0 for v in values] == list(inside)


@st.composite
def tents(draw):
    d = draw(st.integers(1, 2))
    count = draw(st.integers(1, 2))
    boxes = []
    for _ in range(count):
        low = draw(st.lists(st.integers(-16, 8), min_size=d, max_size=d))
        side = draw(st.lists(st.integers(1, 16), min_size=d, max_size=d))
        boxes.append(
            Box(tuple(a / 11 for a in low), tuple((a + s) / 11 for a, s in zip(low, side, strict=True)))
        )
    heights = draw(st.lists(st.sampled_from([0.5, 1.0, 3.0]), min_size=count, max_size=count))
    ends = [(np.array(box.lower), np.array(box.upper)) for box in boxes]

    def function(x):
        parts = [
            h * np.maximum(0, np.minimum(x - a, b - x).min(axis=1))
            for h, (a, b) in zip(heights, ends, strict=True)
        ]
        return np.stack([sum(parts), 2 * parts[0]], axis=1)

    lipschitz = max(sum(heights), 2 * heights[0])
    return Target("t", function, domain=((-2, 2),) * d, support=Boxes(tuple(boxes)), lipschitz=lipschitz)


@settings(max_examples=25, deadline=None)
@given(tents(), st.sampled_from([1, 2, 3]), st.sampled_from([0, 2, 5]))
def test_masks_hold_the_support_and_keep_their_bounds_for_random_boxes(target, exponent, finer):
    h = Fraction(1, 2**exponent)
    found = supported(target, h, margin=h / 2**finer)
    assert found.support_equal and found.network.outputs == 2
    assert found.distance.miss == (0, 0)
    assert found.distance.excess[1] <= h + found.margin + 1e-9
    rng = np.random.default_rng(0)
    points = rng.uniform(-2.5, 2.5, (400, target.dimension))
    error = np.abs(found.network(points) - target(points)).max()
    assert error <= found.error_bound + 1e-12
    assert found.error_bound <= target.lipschitz * float(h) * sqrt(target.dimension) / 2 * (1 + 1e-9) + 1e-9


def test_float_networks_have_exactly_the_support_of_their_mask_for_a_rational_shift():
    """A network that is the constant −η would hide the support; next to it in floats, it does not."""
    rng = np.random.default_rng(1)
    g = Network.dense(
        [rng.normal(size=(6, 1)), rng.normal(size=(1, 6))], [rng.normal(size=6), rng.normal(size=1)]
    )
    eta = Fraction(1, 560)
    found = supported(TARGETS["tent"], Fraction(1, 8), network=g, shift=eta)
    assert not found.network.exact and found.support_equal and found.shift == eta
    points = [[Fraction(k, 100)] for k in range(-60, 61, 7)]
    exact = found.network.rational()(points)
    wanted = g.rational()(points) + eta
    assert all(abs(a / b - 1) < Fraction(1, 2**52) for a, b in zip(exact.flat, wanted.flat, strict=True))
    outside = [[Fraction(8, 10)], [Fraction(-9, 10)], [Fraction(1000)]]
    assert all(v == 0 for v in found.network.rational()(outside).flat)


def test_a_given_constant_network_shows_that_the_shift_matters():
    flat = Network.dense([[[0.0]], [[0.0]]], [[0.0], [-0.25]])
    hidden = supported(TARGETS["tent"], Fraction(1, 4), network=flat, shift=0.25)
    assert not hidden.support_equal and (hidden.network(np.linspace(-1, 1, 9)[:, None]) == 0).all()
    seen = supported(TARGETS["tent"], Fraction(1, 4), network=flat)
    assert seen.support_equal and 0 < seen.shift <= Fraction(1, 2**40)


def test_analytic_networks_need_no_shift():
    rng = np.random.default_rng(2)
    g = Network.dense(
        [rng.normal(size=(8, 2)), rng.normal(size=(1, 8))], [rng.normal(size=8), rng.normal(size=1)], "tanh"
    )
    found = supported(TARGETS["compact_cone"], Fraction(1, 4), network=g)
    assert found.shift == 0 and found.support_equal and found.certificate
    assert found.error_certainty == "numerical"
    x = rng.uniform(-0.5, 0.5, (50, 2))
    assert np.abs(found.network(x) - g(x)).max() <= 1e-12
    zero = Network.dense([np.zeros((1, 2)), [[0.0]]], [[0.0], [0.0]], "tanh")
    assert not supported(TARGETS["compact_cone"], Fraction(1, 4), network=zero).support_equal


def test_a_measured_bound_holds_at_all_points_that_were_looked_at():
    """The widest error of this network is a spike; whatever grid sees it, the build does not stop."""
    rng = np.random.default_rng(3)
    g = Network.dense(
        [50 * rng.normal(size=(40, 2)), rng.normal(size=(1, 40))],
        [30 * rng.normal(size=40), rng.normal(size=1)],
    )
    for inverse in (4, 32):
        found = supported(TARGETS["compact_cone"], Fraction(1, inverse), network=g)
        assert found.error_certainty == "numerical" and found.sup_sampled <= found.error_bound


def test_the_default_shift_is_invisible_on_the_support():
    found = supported(TARGETS["compact_cone"], Fraction(1, 8))
    assert 0 < found.shift <= Fraction(1, 2**40)
    x = np.random.default_rng(0).uniform(-0.5, 0.5, (200, 2))
    assert np.abs(found.network(x) - found.base(x)).max() <= 1e-12


def test_hats_miss_a_needle_and_masks_do_not():
    needle = TARGETS["needle"]
    with pytest.raises(UserError, match="hats miss it"):
        supported(needle, Fraction(1, 8), method="hats")
    found = supported(needle, Fraction(1, 8))
    assert (
        found.distance.miss == (0, 0)
        and found.support_equal
        and not len(found.nodes[found.base(found.nodes / 8)[:, 0] != 0])
    )


def test_targets_without_lipschitz_constant_have_no_uniform_bound():
    found = supported(TARGETS["indicator(dimension=1)"], Fraction(1, 8))
    assert found.error_bound == inf
    # on both sides 2 ∫ (1 − 8t)(1 − 32t) dt over the margin 1/32: the last hat times the mask
    assert found.errors().l1 == pytest.approx(11 / 384, rel=1e-6)
    assert found.errors(1.0).l1 <= 1e-11


def test_errors_are_those_of_the_integral():
    """Hats of the tent at the nodes −1/2, 0, 1/2: the difference by hand."""
    found = supported(TARGETS["tent"], Fraction(1, 2), method="hats")
    x = np.linspace(-1.5, 1.5, 600001)
    f = np.maximum(0, 1 - np.abs(x) / 0.7)
    g = np.interp(x, [-1, -0.5, 0, 0.5, 1], [0, 2 / 7, 1, 2 / 7, 0])
    wanted = np.abs(f - g).sum() * (x[1] - x[0])
    assert found.errors().l1 == pytest.approx(wanted, rel=1e-2)
    half = supported(TARGETS["tent"], Fraction(1, 2), method="hats").errors([(0.0, 2.0)])
    assert half.l1 == pytest.approx(wanted / 2, rel=1e-2)
    assert found.errors().sup <= found.error_bound


@pytest.mark.parametrize("method", ["mask", "hats", "gate"])
@pytest.mark.parametrize("label", ["tent", "compact_cone", "l_shape"])
def test_an_accuracy_is_reached_in_value_and_support(label, method):
    target, accuracy = TARGETS[label], 0.4
    found = supported_within(target, accuracy, method)
    assert found.error_bound <= accuracy and found.distance.excess_euclidean[1] <= accuracy
    coarser = 2 * float(found.spacing)
    root, margin = sqrt(target.dimension), (0 if method == "hats" else 0.25)
    assert target.lipschitz * coarser * root / 2 > accuracy * 0.99 or coarser * (root + margin) > accuracy


def test_what_is_said_of_a_network_fits_one_line():
    text = repr(supported(TARGETS["tent"], Fraction(1, 8)))
    assert "\n" not in text and "support = CubeUnion" in text and "2 of 2 boxes" in text
    assert "support ⊂" in repr(supported(TARGETS["tent"], Fraction(1, 8), method="gate", certify=False))
    assert _supported.LIMIT == 20_000
