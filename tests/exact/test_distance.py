"""Distances against closed forms, Fractions written out, and quadrature."""

from fractions import Fraction
from math import inf

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ratelab as rl
from ratelab.exact._distance import Distance, distance
from ratelab.exact._distance_polynomials import Polynomial2
from ratelab.exact._piecewise_linear import PiecewiseLinear
from ratelab.networks import Layer, composed_tents
from ratelab.registry import PiecewisePolynomial

HALF = Fraction(1, 2)
RAMP = rl.Network.dense([[[1]], [[1]]], [[-HALF], [0]])
SQUARE = PiecewisePolynomial((), ((Fraction(0), Fraction(0), Fraction(1)),))
PLANE = rl.Network.dense([[[1, 1]]], [[0]])
BENT = rl.Network.dense([[[1, 1]], [[1]]], [[-1], [1]])


def random_network(seed, sizes, activation="relu", digits=None):
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=(b, a)) for a, b in zip(sizes, sizes[1:], strict=False)]
    biases = [rng.normal(size=b) for b in sizes[1:]]
    if digits is not None:
        weights, biases = ([np.round(v, digits) for v in part] for part in (weights, biases))
    return rl.Network.dense(weights, biases, activation)


def holds(found, value, rel=1e-13):
    return found.lower <= value * (1 + rel) and value * (1 - rel) <= found.upper


@pytest.mark.parametrize(
    ("p", "power"), [(1, Fraction(5, 24)), (2, Fraction(31, 480)), (4, Fraction(193, 26880)), (inf, HALF)]
)
def test_a_ramp_and_a_parabola_are_apart_by_their_closed_form(p, power):
    # ∫ x^(2p) on [0, ½] and ∫ (x² − x + ½)^p on [½, 1]
    if p == 4:
        # (x² − x + ½) = u² + ¼ with u = x − ½ in [0, ½]
        power = Fraction(1, 9 * 2**9) + sum(
            Fraction(c, 4**k) * HALF ** (9 - 2 * k) / (9 - 2 * k) for k, c in enumerate((1, 4, 6, 4, 1))
        )
    found = distance(RAMP, SQUARE, p)
    assert found.power == power
    root = float(power) ** (1 / p) if p != inf else 0.5
    assert holds(found, root)
    assert found.upper - found.lower <= 4e-16


def test_equal_functions_are_at_distance_0_exactly():
    network = random_network(1, (1, 4, 3, 1))
    line = PiecewiseLinear([HALF], [0], 0, 1)
    planar = random_network(2, (2, 4, 3, 1))
    for p in (1, 1.5, 2, 3, inf):
        for f, g in ((network, network), (RAMP, line), (planar, planar)):
            assert distance(f, g, p) == Distance(0.0, 0.0, "rigorous", None if p == 1.5 else Fraction(0)) or (
                p == 1.5 and distance(f, g, p).upper == 0.0
            )


def test_the_sawtooth_is_apart_from_one_half_by_one_quarter():
    saw = composed_tents([[HALF]] * 5)
    half = PiecewisePolynomial((), ((HALF,),))
    assert distance(saw, half, 1).power == Fraction(1, 4)
    assert distance(saw, half, 2).power == Fraction(1, 12)
    assert distance(saw, half, 3).power == Fraction(1, 32)
    assert distance(saw, half, inf) == Distance(0.5, 0.5, "rigorous", HALF)
    assert holds(distance(saw, half, 1.5), (HALF**1.5 / 2.5) ** (1 / 1.5))


@pytest.mark.parametrize("p", [1, 1.5, 2, 2.5, 3, inf])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        (random_network(3, (1, 5, 1)), random_network(4, (1, 4, 4, 1))),
        (random_network(5, (1, 3, 2, 1), "relu2", 1), random_network(6, (1, 4, 1))),
        (random_network(7, (1, 3, 1), "relu3", 1), SQUARE),
    ],
)
def test_distances_of_one_variable_are_those_of_high_precision_quadrature(first, second, p):
    found = distance(first, second, p, ((-1, 2),))
    assert found.upper - found.lower <= 1e-14 * found.upper
    x = (np.arange(400_000) + 0.5) / 400_000 * 3 - 1
    other = second(x[:, None])[:, 0] if isinstance(second, rl.Network) else second.evaluate(x)
    residual = np.abs(first(x[:, None])[:, 0] - other)
    sampled = residual.max() if p == inf else (3 * np.mean(residual**p)) ** (1 / p)
    assert sampled == pytest.approx(found.upper, rel=1e-4 if p == inf else 1e-8)


def test_irrational_breakpoints_and_zeros_are_fenced_in():
    # relu(x² − 2) has its kink at √2, and its distance to ½ changes sign at √(5/2)
    network = rl.Network.dense(
        [[[1]], [[1]], [[1]]], [[0], [-2], [0]], [[rl.networks.power(2)], [rl.networks.power(1)]]
    )
    half = PiecewisePolynomial((), ((HALF,),))
    with mpmath.workdps(30):
        kink, zero = mpmath.sqrt(2), mpmath.sqrt(mpmath.mpf(5) / 2)

        def residual(x):
            return abs(max(x * x - 2, 0) - mpmath.mpf(1) / 2)

        for p in (1, 2, 3, 1.5):
            expected = float(
                mpmath.quad(lambda x, p=p: residual(x) ** p, [0, kink, zero, 2]) ** (1 / mpmath.mpf(p))
            )
            found = distance(network, half, p, ((0, 2),))
            assert found.power is None and found.certainty == "rigorous"
            assert found.lower <= expected * (1 + 1e-15) and expected * (1 - 1e-15) <= found.upper
            assert found.upper - found.lower <= 1e-15
    assert distance(network, half, inf, ((0, 2),)).power == Fraction(3, 2)


@pytest.mark.parametrize("p", [1, 1.5, 2, 3, 6, inf])
def test_a_fold_and_a_plane_are_apart_by_their_closed_form(p):
    # the residual is 1 − x − y on a triangle and 0 elsewhere
    found = distance(BENT, PLANE, p, ((0, 1), (0, 2)))
    power = Fraction(1) if p == inf else 1 / (Fraction(p + 1) * Fraction(p + 2))
    assert found.power == (None if p == 1.5 else power)
    assert holds(found, float(power) ** (1 / p if p != inf else 1))


@pytest.mark.parametrize("p", [1, 1.5, 2, 3, inf])
def test_distances_of_two_variables_are_those_of_sampling(p):
    first, second = random_network(11, (2, 5, 4, 1)), random_network(12, (2, 4, 1))
    found = distance(first, second, p)
    assert (found.power is None) == (p == 1.5)
    assert found.upper - found.lower <= 1e-14
    u = (np.arange(1000) + 0.5) / 1000
    x = np.stack(np.meshgrid(u, u), axis=-1).reshape(-1, 2)
    residual = np.abs(first(x) - second(x))
    sampled = residual.max() if p == inf else np.mean(residual**p) ** (1 / p)
    assert sampled == pytest.approx(found.upper, rel=4e-3 if p == inf else 1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1, 2, 3, 4]))
def test_the_power_of_affine_pieces_equals_a_sum_over_a_grid_of_triangles(seed, p):
    """Networks with kinks on the grid lines only: the residual is affine on triangles of a known grid."""
    rng = np.random.default_rng(seed)
    knots = [Fraction(int(k), 4) for k in rng.integers(1, 4, 3)]
    slopes = [int(v) for v in rng.integers(-3, 4, 3)]
    weights = [[1, 0], [0, 1], [1, 1]]
    network = rl.Network.dense([weights, [slopes]], [[-k for k in knots], [Fraction(1, 3)]])
    zero = rl.Network.dense([[[0, 0]]], [[0]])

    def value(x, y):
        inner = (x - knots[0], y - knots[1], x + y - knots[2])
        return sum((s * max(v, 0) for s, v in zip(slopes, inner, strict=True)), Fraction(1, 3))

    def integral(a, b, c, depth=0):
        """∫ |r|^p over a right triangle of legs ¼ from its corner values, split where r changes sign."""
        low, high = min(a, b, c), max(a, b, c)
        if low < 0 < high and p % 2:
            a, b, c = sorted((a, b, c))
            if b < 0:
                a, b, c = -c, -b, -a
            # one negative corner: the small triangle's integral is added twice
            share = (a / (a - b)) * (a / (a - c)) if a < 0 else 0
            return signed(a, b, c) - 2 * share * signed(a, 0, 0)
        return abs(signed(a, b, c))

    def signed(a, b, c):
        terms = sum(a**i * b**j * c ** (p - i - j) for i in range(p + 1) for j in range(p + 1 - i))
        return Fraction(terms) * Fraction(1, 16) / ((p + 1) * (p + 2))

    total = Fraction(0)
    for i in range(4):
        for j in range(4):
            x, y = Fraction(i, 4), Fraction(j, 4)
            q = Fraction(1, 4)
            total += integral(value(x, y), value(x + q, y), value(x, y + q))
            total += integral(value(x + q, y + q), value(x + q, y), value(x, y + q))
    assert distance(network, zero, p).power == total


def test_a_network_and_a_polynomial_of_two_variables():
    polynomial = Polynomial2({(0, 0): Fraction(-1, 3), (2, 0): 1, (1, 1): -HALF, (0, 3): 2})
    network = rl.Network.dense([[[1, 2], [-1, 1]], [[1, -1]]], [[-1, 0], [0]])

    u = (np.arange(1500) + 0.5) / 1500
    x, y = np.meshgrid(u, u)
    value = np.maximum(x + 2 * y - 1, 0) - np.maximum(y - x, 0)
    residual = np.abs(value - (-1 / 3 + x * x - x * y / 2 + 2 * y**3))
    for p in (1, 2, 3):
        found = distance(network, polynomial, p, tolerance=1e-4)
        assert holds(found, np.mean(residual**p) ** (1 / p), 2e-6)
        assert found.upper <= found.lower * (1 + 1e-4)
    assert (found.power is None) and distance(network, polynomial, 2).power is not None
    largest = distance(network, polynomial, inf)
    # the polynomial is steepest at (0, 1): there 2 − ⅓, where the network is 1 − 1 = 0
    assert largest.power == Fraction(5, 3)


def test_a_polynomial_residual_without_a_zero_has_rational_integrals_of_odd_powers():
    # ∫ (2 + xy) and its cube over the unit square, against the zero network
    zero = rl.Network.dense([[[0, 0]]], [[0]])
    polynomial = Polynomial2({(0, 0): 2, (1, 1): 1})
    assert distance(zero, polynomial, 1).power == Fraction(9, 4)
    assert distance(polynomial, zero, 3).power == 8 + 12 * Fraction(1, 4) + 6 * Fraction(1, 9) + Fraction(
        1, 16
    )
    assert distance(zero, polynomial, inf).power == 3
    assert distance(zero, Polynomial2({(0, 0): -2}), 1).power == 2


def test_several_outputs_are_measured_by_their_euclidean_norm():
    pair = rl.Network.dense([[[3], [4]]], [[0, 0]])
    zero = rl.Network.dense([[[0], [0]]], [[0, 0]])
    assert distance(pair, zero, 2).power == Fraction(25, 3)
    assert distance(pair, zero, 4).power == 125
    assert distance(pair, zero, inf) == Distance(5.0, 5.0, "rigorous", None)
    flat = [rl.Network.dense([[[a, 0], [0, b]]], [[0, 0]]) for a, b in ((3, 4), (0, 0))]
    assert distance(*flat, 2).power == Fraction(25, 3)
    assert distance(*flat, inf) == Distance(5.0, 5.0, "rigorous", None)


def test_poolings_multiply_exactly():
    layers = [
        Layer(np.array([[1.0], [1.0]]), np.zeros(2), (rl.networks.identity,) * 2, pooled=True),
        Layer(np.array([[1.0]]), np.zeros(1), (rl.networks.identity,)),
    ]
    assert distance(rl.Network(layers), SQUARE, 2).power == 0


@pytest.mark.parametrize(
    ("f", "g", "p", "message"),
    [
        (RAMP, PLANE, 2, "same variables"),
        (RAMP, SQUARE, 0.5, "p is 0.5"),
        (RAMP, random_network(1, (1, 2, 2)), 2, "as many outputs"),
        (PLANE, Polynomial2({(1, 0): 1}), 1.5, "whole number"),
        (random_network(1, (1, 2, 2)), random_network(2, (1, 2, 2)), 1, "even numbers"),
        (Polynomial2({}), Polynomial2({}), 2, "between networks"),
        (random_network(1, (3, 2, 1)), random_network(1, (3, 2, 1)), 2, "3 variables"),
        (random_network(1, (1, 2, 1), "tanh"), RAMP, 2, "tanh"),
    ],
)
def test_what_does_not_fit_is_an_error(f, g, p, message):
    with pytest.raises(rl.UserError, match=message):
        distance(f, g, p)


@pytest.mark.parametrize("coefficients", [{1: 2}, {(0, -1): 1}, {(0, 1): float("nan")}, {(0, 0): "one"}])
def test_a_polynomial_of_two_variables_says_what_it_needs(coefficients):
    with pytest.raises(rl.UserError, match="coefficient"):
        Polynomial2(coefficients)
