"""Piecewise linear functions of one variable."""

from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import UserError
from ratelab.exact import PiecewiseLinear

F = Fraction
rationals = st.fractions(min_value=-9, max_value=9, max_denominator=12)


@given(
    st.lists(st.tuples(rationals, rationals), max_size=6, unique_by=lambda p: p[0]),
    rationals,
    rationals,
    rationals,
)
@settings(max_examples=80)
def test_values_are_those_of_the_segments_by_hand(points, left, right, x):
    points.sort()
    if not points:
        assert PiecewiseLinear([], [], left, left, intercept=right)(x) == right + left * x
        return
    function = PiecewiseLinear([p for p, _ in points], [v for _, v in points], left, right)
    (first, start), (last, end) = points[0], points[-1]
    if x <= first:
        expected = start + left * (x - first)
    elif x >= last:
        expected = end + right * (x - last)
    else:
        (p, u), (q, v) = next((a, b) for a, b in zip(points, points[1:], strict=False) if a[0] <= x <= b[0])
        expected = u + (v - u) * (x - p) / (q - p)
    assert function(x) == expected
    assert isinstance(function(x), F)
    assert function(float(x)) == pytest.approx(float(expected))


def test_knots_without_a_kink_are_dropped_so_that_equal_functions_are_equal():
    long = PiecewiseLinear([0, 1, 2], [0, 1, 2], 0, F(1, 3))
    short = PiecewiseLinear([0, 2], [0, 2], 0, F(1, 3))
    assert long == short
    assert long.pieces == 3
    assert list(long.slopes) == [0, 1, F(1, 3)]
    assert short != PiecewiseLinear([0, 2], [0, 2], 0, F(1, 2))
    assert short != PiecewiseLinear([0, 2], [0, 2], 0, F(1, 3), (-1, 3))


def test_a_function_without_kinks_is_told_by_slope_and_intercept():
    function = PiecewiseLinear([1], [5], 2, 2, (0, 3))
    assert (function.pieces, function.slope_left, function.slope_right, function.intercept) == (1, 2, 2, 3)
    assert function == PiecewiseLinear([], [], 2, 2, (0, 3), intercept=3)


def test_numbers_of_all_kinds_are_taken_and_one_float_makes_it_float64():
    assert PiecewiseLinear([fmpq(1, 3)], [1], 0, 1).exact
    function = PiecewiseLinear([fmpq(1, 3)], [1.0], 0, 1)
    assert not function.exact
    assert function.knots.dtype == np.float64


def test_several_outputs_share_their_knots():
    function = PiecewiseLinear([0, 1], [[0, 1], [1, 1]], [0, 0], [1, 2])
    assert function.pieces == 3
    assert function([F(1, 2), F(2)]).tolist() == [[F(1, 2), 1], [2, 3]]
    assert function(np.array([[0.5], [2.0]])).shape == (2, 1, 2)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (([1, 0], [0, 0], 0, 0), "increase strictly"),
        (([0, 1], [0], 0, 0), "as many values"),
        (([], [], 0, 1), "its intercept"),
        (([], [], 1, 1), "its intercept"),
        (([1], [0], 0, float("nan")), "finite"),
        (([1], ["a"], 0, 0), "no exact number"),
        (([1], [0], 0, 1, (0, 1)), "leave the inside"),
        (([1], [0], 0, 1, (1, 0)), "lower < upper"),
        (([1], [[0, 1]], 0, 1), "one slope per output"),
    ],
)
def test_data_that_make_no_function_are_refused(data, message):
    with pytest.raises(UserError, match=message):
        PiecewiseLinear(*data)


def test_points_outside_the_domain_are_refused():
    function = PiecewiseLinear([1], [0], 0, 1, (0, 2))
    assert function(2) == 1
    with pytest.raises(UserError, match="outside the domain"):
        function(F(5, 2))
