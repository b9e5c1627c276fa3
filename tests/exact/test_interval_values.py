"""Enclosures hold every value, and are those of exact intervals where float64 is exact."""

from fractions import Fraction
from math import inf, nextafter

import flint
import numpy as np
import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import Activation, UserError
from ratelab.exact._interval_pieces import outward, segments
from ratelab.exact._interval_rational import rational_interval_values
from ratelab.exact._interval_values import interval_values
from ratelab.networks import Layer, Network, box_mask, identity, masked, power, rational
from ratelab.registry import PiecewisePolynomial

RELU = power(1)


def function(name, knots, coefficients):
    pieces = PiecewisePolynomial(
        tuple(map(Fraction, knots)), tuple(tuple(map(Fraction, piece)) for piece in coefficients)
    )
    degree = max(len(piece) - 1 for piece in coefficients)
    return Activation(
        name, lambda x: x, regularity="piecewise polynomial", degree=degree, knots=pieces.knots, pieces=pieces
    )


PRELU = function("leaky", [0], [(0, "-3/7"), (0, 1)])
HARD_TANH = function("hardtanh", [-1, 1], [(-1,), (0, 1), (1,)])
THIRDS = function("thirds", ["-1/3", "2/3"], [(0,), ("1/3", 1), (1,)])
CUBIC = function("cubic", [0], [(1,), (1, -2, "-1/3", 1)])
WAVE = function("wave", [], [(0, "24/5", 0, -2, 0, "1/5")])
STEP = power(0)
ALL = [RELU, identity, PRELU, HARD_TANH, THIRDS, CUBIC, WAVE, power(2), power(3), STEP]


def drawn(random, kinds, rationals=False):
    """A random network of depth 2 to 4 with zeros, poolings and an activation for each neuron."""
    widths = [random.randint(1, 3)] + [random.randint(1, 5) for _ in range(random.randint(1, 3))]
    layers, given_values = [], widths[0]
    for index, width in enumerate([*widths[1:], random.randint(1, 2)]):
        last = index == len(widths) - 1
        weight = np.array([[number(random) for _ in range(given_values)] for _ in range(width)])
        bias = np.array([number(random) for _ in range(width)])
        if rationals:
            weight, bias = (
                np.vectorize(lambda v: Fraction(v).limit_denominator(50), otypes=[object])(a)
                for a in (weight, bias)
            )
        elif random.random() < 0.5:
            from scipy.sparse import csr_array

            weight = csr_array(weight)
        activations = (identity,) * width if last else tuple(random.choice(kinds) for _ in range(width))
        layers.append(Layer(weight, bias, activations, pooled=random.random() < 0.3))
        given_values = layers[-1].outputs
    return Network(layers)


def number(random):
    kind = random.random()
    if kind < 0.25:
        return 0.0
    if kind < 0.5:
        return float(random.randint(-8, 8)) / 4
    return random.uniform(-2, 2) * 10.0 ** random.choice([-9, 0, 0, 0, 6])


def sampled_boxes(random, dimension):
    low, high = [], []
    for _ in range(6):
        a = [number(random) for _ in range(dimension)]
        side = [random.choice([0.0, 1.0, random.random(), 1e-6]) for _ in range(dimension)]
        low.append([-inf if random.random() < 0.15 else v for v in a])
        high.append([inf if random.random() < 0.15 else v + s for v, s in zip(a, side, strict=True)])
    return np.array(low), np.array(high)


def members(random, low, high):
    """Rational points of a box."""
    point = []
    for a, b in zip(low, high, strict=True):
        a = (
            Fraction(a)
            if a > -inf
            else min(Fraction(b) if b < inf else 0, 0) - Fraction(random.randint(0, 10**6))
        )
        b = Fraction(b) if b < inf else max(a, 0) + Fraction(random.randint(0, 10**6))
        point.append(a + (b - a) * Fraction(random.randint(0, 7), 7))
    return point


@pytest.mark.parametrize("rationals", [False, True], ids=["float weights", "rational weights"])
@settings(max_examples=50)
@given(st.randoms(use_true_random=False))
def test_enclosures_hold_rational_values_at_rational_points(rationals, random):
    network = drawn(random, ALL, rationals)
    low, high = sampled_boxes(random, network.inputs)
    floats, exact = interval_values(network, low, high), rational_interval_values(network, low, high)
    assert not np.isnan(floats).any()
    for index in range(len(low)):
        points = [members(random, low[index], high[index]) for _ in range(4)]
        for value in network(np.array(points, dtype=object)):
            for k, v in enumerate(value):
                assert floats[0][index, k] <= v <= floats[1][index, k]
                assert exact[0][index, k] <= v <= exact[1][index, k]


@settings(max_examples=100)
@given(st.randoms(use_true_random=False))
def test_floats_hold_the_rational_enclosures_of_monotone_activations(random):
    network = drawn(random, [RELU, identity, PRELU, HARD_TANH, THIRDS, power(2), power(3), STEP])
    low, high = sampled_boxes(random, network.inputs)
    floats, exact = interval_values(network, low, high), rational_interval_values(network, low, high)
    assert (floats[0] <= exact[0]).all() and (exact[1] <= floats[1]).all()


def plain_intervals(network, low, high):
    """Propagate Fractions through a ReLU network, written out once more."""
    values = [(Fraction(a), Fraction(b)) for a, b in zip(low, high, strict=True)]
    for layer in network.layers:
        matrix = layer.matrix
        result = []
        for row in range(layer.neurons):
            a = b = Fraction(layer.bias[row])
            for weight, (c, d) in zip(map(Fraction, matrix[row]), values, strict=True):
                a += min(weight * c, weight * d)
                b += max(weight * c, weight * d)
            if layer.activations[row] is RELU:
                a, b = max(a, Fraction(0)), max(b, Fraction(0))
            result.append((a, b))
        if layer.pooled:
            half = (len(result) + 1) // 2
            result += [(Fraction(1), Fraction(1))] * (len(result) % 2)
            result = [
                (lambda ends: (min(ends), max(ends)))([x * y for x in u for y in v])
                for u, v in zip(result[:half], result[half:], strict=True)
            ]
        values = result
    return values


@settings(max_examples=100)
@given(st.randoms(use_true_random=False))
def test_dyadic_networks_are_enclosed_without_any_rounding(random):
    def dyadic(low, high):
        return random.randint(low, high) / 8

    sizes = [2, random.randint(1, 4), random.randint(1, 4), 1]
    layers, given_values = [], 2
    for index, width in enumerate(sizes[1:]):
        layers.append(
            Layer(
                np.array([[dyadic(-16, 16) for _ in range(given_values)] for _ in range(width)]),
                np.array([dyadic(-16, 16) for _ in range(width)]),
                identity if index == 2 else RELU,
                pooled=index < 2 and random.random() < 0.5,
            )
        )
        given_values = layers[-1].outputs
    network = Network(layers)
    corner = [dyadic(-20, 20), dyadic(-20, 20)]
    other = [v + dyadic(0, 20) for v in corner]
    expected = plain_intervals(network, corner, other)
    found = interval_values(network, [corner], [other])
    assert [(Fraction(a), Fraction(b)) for a, b in zip(found[0][0], found[1][0], strict=True)] == expected
    exact = rational_interval_values(network, [corner], [other])
    assert list(zip(exact[0][0], exact[1][0], strict=True)) == expected


@pytest.mark.parametrize("activation", ALL, ids=lambda a: a.name)
def test_images_of_intervals_are_tight(activation):
    neuron = Network([Layer([[1.0]], [0.0], activation), Layer([[1.0]], [0.0], identity)])
    pieces = activation.polynomial
    random = np.random.default_rng(3)
    for _ in range(20):
        a = float(random.integers(-24, 25)) / 8
        b = a + float(random.integers(0, 20)) / 8
        found = interval_values(neuron, [[a]], [[b]])
        exact = rational_interval_values(neuron, [[a]], [[b]])
        points = [Fraction(a) + (Fraction(b) - Fraction(a)) * i / 997 for i in range(998)] + [
            t for t in pieces.knots if a <= t <= b
        ]
        values = [pieces(x) for x in points]
        # limits from the left at knots belong to the closed image
        values += [
            sum(c * t**k for k, c in enumerate(pieces.coefficients[i]))
            for i, t in enumerate(pieces.knots)
            if a < t <= b
        ]
        slack = Fraction(1, 1000) * (1 + max(map(abs, values)))
        for low, high in (found, exact):
            assert low[0, 0] <= min(values) <= low[0, 0] + slack
            assert high[0, 0] - slack <= max(values) <= high[0, 0]


@pytest.mark.parametrize("floats", [False, True], ids=["rational", "float"])
def test_segments_cover_the_line_and_meet_where_the_derivative_may_vanish(floats):
    found = segments(WAVE.polynomial, floats)
    assert found[0].start is None and found[-1].end is None
    assert all(a.end == b.start for a, b in zip(found, found[1:], strict=False))
    # 24/5 − 6x² + x⁴ has the zeros ±√(3 ± √(21/5))
    roots = sorted(s * (3 + t * 4.2**0.5) ** 0.5 for s in (-1, 1) for t in (-1, 1))
    tiny = [s for s in found if not s.monotone]
    assert len(tiny) == 4
    for segment, root in zip(tiny, roots, strict=True):
        low, high = (float(int(v.p) / int(v.q)) for v in (segment.start, segment.end))
        assert low <= root <= high and high - low < 1e-14


def test_infinite_ends_and_huge_weights_give_no_nan():
    network = Network.dense([[[1e300, -1e300], [1e300, 1e300]], [[1e300, -1e300]]], [[1e300, 0.0], [0.0]])
    for low, high in [([-inf, -inf], [inf, inf]), ([1e10, 1.0], [inf, 1e200]), ([-1e10, 5.0], [1e10, 5.0])]:
        found = interval_values(network, [low], [high])
        assert not np.isnan(found).any()
        assert found[0][0, 0] == -inf or found[1][0, 0] == inf


def test_values_above_all_floats_are_enclosed_from_the_inside_by_floats():
    found = interval_values(Network.dense([[[1e300]]], [[0.0]]), [[1e10]], [[1e10]])
    assert 1.7e308 < found[0][0, 0] < inf and found[1][0, 0] == inf


def test_subnormal_numbers_are_enclosed():
    network = Network.dense([[[5e-324, 0.5]], [[0.5]]], [[0.0], [0.0]])
    point = [3.0, 15e-324]
    low, high = interval_values(network, [point], [point])
    value = network(np.array([[Fraction(v) for v in point]]))[0, 0]
    assert value > 0 and low[0, 0] <= value <= high[0, 0] and high[0, 0] <= 40e-324


def test_weights_0_skip_unbounded_arguments_dense_and_sparse():
    for make in (Network.dense, Network.sparse):
        network = make([[[0.0, 1.0], [1.0, 0.0]], [[0.0, 1.0]]], [[0.0, 0.0], [0.0]])
        low, high = interval_values(network, [[-1.0, -inf]], [[2.0, inf]])
        assert (low[0, 0], high[0, 0]) == (0.0, 2.0)


def test_zeros_times_anything_are_zeros():
    network = Network(
        [
            Layer([[1.0, 0.0], [0.0, 1.0]], [0.0, 0.0], RELU, pooled=True),
            Layer([[3.0], [-1e308]], [0.0, 0.0], RELU),
            Layer([[1.0, 1.0]], [0.0], identity),
        ]
    )
    low, high = interval_values(network, [[-inf, -inf]], [[0.0, inf]])
    assert (low[0, 0], high[0, 0]) == (0.0, 0.0)
    assert not np.signbit(low[0, 0]) and not np.signbit(high[0, 0])


BALLS = {
    "tanh": Activation("t", lambda x: x.tanh(), "analytic", ball=lambda x: x.tanh()),
    "gaussian": Activation("g", lambda x: x, "analytic", ball=lambda x: (-x * x).exp()),
}


@pytest.mark.parametrize("name", BALLS)
@settings(max_examples=30)
@given(st.floats(-30, 30), st.floats(0, 3))
def test_other_activations_are_enclosed_through_their_balls(name, a, side):
    network = Network.dense([[[2.0], [-0.3]], [[1.0, -1.0]]], [[0.1, 1.0], [0.0]], BALLS[name])
    low, high = interval_values(network, [[a]], [[a + side]])
    flint.ctx.prec = 80
    try:
        for share in (0, 0.37, 1):
            value = network(np.array([[arb(a) + arb(share) * arb(side)]], dtype=object))[0, 0]
            assert arb(low[0, 0]) <= value.upper() and arb(high[0, 0]) >= value.lower()
    finally:
        flint.ctx.prec = 53
    assert high[0, 0] - low[0, 0] < inf
    if name == "tanh":
        assert high[0, 0] - low[0, 0] <= 2.3 * side + 1e-13


def test_unbounded_arguments_of_other_activations_give_the_line():
    network = Network.dense([[[2.0]], [[1.0]]], [[0.0], [0.0]], BALLS["tanh"])
    assert [v[0, 0] for v in interval_values(network, [[0.0]], [[inf]])] == [-inf, inf]


def test_the_working_precision_of_balls_is_left_as_it_was():
    before = flint.ctx.prec
    interval_values(Network.dense([[[2.0]], [[1.0]]], [[0.0], [0.0]], BALLS["tanh"]), [[0.0]], [[1.0]])
    assert flint.ctx.prec == before


def test_nothing_is_known_of_activations_without_pieces_and_balls():
    network = Network.dense([[[1.0]], [[1.0]]], [[0.0], [0.0]], Activation("mystery", lambda x: x))
    low, high = interval_values(network, [[-1.0]], [[1.0]])
    assert (low, high) == (-inf, inf)
    with pytest.raises(UserError, match="rational intervals are for piecewise polynomial"):
        rational_interval_values(network, [[0.0]], [[1.0]])


def test_a_mask_makes_networks_of_any_activation_zero_outside_it():
    network = Network.dense([[[1.0]], [[1.0]]], [[0.0], [0.0]], Activation("mystery", lambda x: x))
    product = masked(network, box_mask([[-1.0]], [[1.0]], 0.25))
    low, high = interval_values(product, [[-inf], [1.25]], [[-1.25], [inf]])
    assert not low.any() and not high.any()


@pytest.mark.parametrize(
    "low, high",
    [
        ([[1.0]], [[0.0]]),
        ([[np.nan]], [[0.0]]),
        ([[0.0]], [[np.nan]]),
        ([[inf]], [[inf]]),
        ([[-inf]], [[-inf]]),
        ([0.0], [1.0]),
        ([[0.0, 0.0]], [[1.0, 1.0]]),
        ([[0.0]], [[1.0], [2.0]]),
        (np.zeros((0, 1)), np.zeros((0, 1))),
    ],
    ids=["upside down", "low nan", "high nan", "all inf", "all -inf", "flat", "dimension", "lengths", "none"],
)
@pytest.mark.parametrize("values", [interval_values, rational_interval_values], ids=["float", "rational"])
def test_what_is_no_box_is_refused(values, low, high):
    with pytest.raises(UserError, match="allowed"):
        values(Network.dense([[[1.0]]], [[0.0]]), low, high)


def test_many_boxes_are_the_same_as_one_by_one():
    random = np.random.default_rng(0)
    network = Network.dense(
        [random.normal(size=(7, 2)), random.normal(size=(1, 7))], [random.normal(size=7), [0.5]]
    )
    low = random.normal(size=(300, 2))
    high = low + random.random((300, 2))
    together = interval_values(network, low, high)
    seen = []
    import ratelab.exact._interval_values as module

    former, module._BLOCK = module._BLOCK, 16
    try:
        parts = interval_values(network, low, high, progress=lambda done, total: seen.append((done, total)))
    finally:
        module._BLOCK = former
    assert (np.array(parts) == np.array(together)).all()
    assert seen[-1] == (300, 300) and len(seen) > 10


@given(st.integers(-(10**30), 10**30), st.integers(1, 10**30), st.integers(-1100, 1100))
def test_rationals_are_rounded_outward_to_neighbours(p, q, shift):
    value = Fraction(p, q) * Fraction(2) ** shift
    low, high = outward(rational(value))
    assert low <= value <= high
    assert low == high or nextafter(low, inf) == high
