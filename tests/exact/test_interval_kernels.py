"""Directed rounding by error-free transformations is the true one: against fractions."""

from fractions import Fraction
from math import inf, isfinite, nextafter

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ratelab.exact import _interval_kernels as kernels

LARGEST = float(np.finfo(float).max)
TINY, NORMAL = 5e-324, 2.0**-1022


def scaled(sign, mantissa, exponent):
    return sign * float(np.ldexp(float(mantissa), exponent))


FLOATS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.builds(
        scaled, st.sampled_from([-1, 1]), st.integers(2**51, 2**53), st.sampled_from([-1074, -1030, -540, -500, 0, 900])
    ),
    st.sampled_from([0.0, 1.0, -1.0, TINY, -TINY, NORMAL, LARGEST, -LARGEST, 2.0**-960, 2.0**995, 2.0**1020]),
)  # fmt: skip


def rounded_down(exact):
    """The largest float that is not above a rational, −∞ if there is none."""
    try:
        near = exact.numerator / exact.denominator
    except OverflowError:
        near = inf if exact > 0 else -inf
    if near == -inf:
        return -inf
    while near == inf or (near > -inf and Fraction(near) > exact):
        near = nextafter(near, -inf)
    return near


@settings(max_examples=1000)
@given(FLOATS, FLOATS)
@example(LARGEST, -TINY)
@example(-3 * 2.0**970, LARGEST)
@example(LARGEST, -3 * 2.0**970)
@example(LARGEST, LARGEST)
@example(-LARGEST, -LARGEST)
@example(TINY, -NORMAL)
def test_sums_are_rounded_down_at_most_one_float_too_far_and_not_at_all_if_exact(a, b):
    found, best = kernels.add_down(a, b), rounded_down(Fraction(a) + Fraction(b))
    assert found <= best
    assert found >= nextafter(best, -inf)
    if Fraction(a) + Fraction(b) == Fraction(best if isfinite(best) else 0):
        assert found == best


@settings(max_examples=1500)
@given(FLOATS, FLOATS)
@example(TINY, TINY)
@example(TINY, -TINY)
@example(LARGEST, LARGEST)
@example(LARGEST, -2.0)
@example(2.0**996, 2.0**-996)
@example(1 + 2.0**-52, 1 - 2.0**-53)
@example(2.0**-500 * (1 + 2.0**-52), 2.0**-500 * (1 + 2.0**-52))
def test_products_are_rounded_down_and_not_at_all_if_exact_and_of_ordinary_size(a, b):
    exact = Fraction(a) * Fraction(b)
    found, best = kernels.multiply_down(a, b), rounded_down(exact)
    assert found <= best
    assert found >= nextafter(nextafter(best, -inf), -inf)
    ordinary = all(v == 0 or 2.0**-960 <= abs(v) <= 2.0**995 for v in (a, b, exact))
    if ordinary and isfinite(best):
        assert found == best


@settings(max_examples=500)
@given(FLOATS, FLOATS)
def test_rounding_up_mirrors_rounding_down(a, b):
    assert kernels.add_up(a, b) == -kernels.add_down(-a, -b)
    assert kernels.multiply_up(a, b) == -kernels.multiply_down(a, -b)


@settings(max_examples=500)
@given(FLOATS)
def test_the_float_below_is_the_next_one_but_beside_the_smallest_normal_numbers(a):
    found = kernels.below(a)
    assert found <= nextafter(a, -inf)
    if abs(a) > 4 * NORMAL or abs(a) < NORMAL / 4:
        assert found == nextafter(a, -inf)


@pytest.mark.parametrize("a", [-inf, -2.0, 0.0, 3.0])
def test_infinite_lower_ends_stay(a):
    assert kernels.add_down(a, -inf) == -inf
    assert kernels.add_down(-inf, a) == -inf
    assert kernels.below(-inf) == -inf


@pytest.mark.parametrize(
    "left, right, product",
    [
        ((0.0, 0.0), (-inf, inf), (0.0, 0.0)),
        ((0.0, 0.0), (1.0, inf), (0.0, 0.0)),
        ((0.0, 1.0), (1.0, inf), (0.0, inf)),
        ((-inf, -1.0), (2.0, inf), (-inf, -2.0)),
        ((-inf, -1.0), (-inf, -3.0), (3.0, inf)),
        ((-inf, inf), (1.0, 1.0), (-inf, inf)),
        ((-1.0, 2.0), (-3.0, 5.0), (-6.0, 10.0)),
        ((LARGEST, LARGEST), (LARGEST, LARGEST), (LARGEST, inf)),
        ((-LARGEST, -LARGEST), (LARGEST, LARGEST), (-inf, -LARGEST)),
    ],
    ids=lambda pair: "to".join(map(str, pair)),
)
def test_products_of_intervals_follow_the_standard(left, right, product):
    found = kernels.multiply(*left, *right)
    assert found[0] <= product[0] and found[1] >= product[1]
    if all(not isfinite(v) or abs(v) < 1e300 for v in product):
        assert found == product


@settings(max_examples=1000)
@given(st.tuples(FLOATS, FLOATS), st.tuples(FLOATS, FLOATS), st.integers(0, 8), st.integers(0, 8))
def test_products_of_members_are_members(first, second, i, j):
    (a, b), (c, d) = sorted(first), sorted(second)
    low, high = kernels.multiply(a, b, c, d)
    x = Fraction(a) + (Fraction(b) - Fraction(a)) * i / 8
    y = Fraction(c) + (Fraction(d) - Fraction(c)) * j / 8
    assert low <= x * y <= high
