"""Slopes over finite windows: intervals that are certain, and what missing ends do to them."""

from math import inf, isnan, log, nan, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratelab import UserError, spaces

SQRT = {  # best L2 errors of √x by continuous piecewise linear functions with n pieces
    1: 4.71404521e-2,
    2: 1.57134840e-2,
    3: 7.82580948e-3,
    4: 4.68063774e-3,
    8: 1.29145224e-3,
    16: 3.40327756e-4,
    32: 8.74349605e-5,
}


def test_secant_slopes_of_splines_on_the_square_root_have_their_known_values():
    n = list(SQRT)
    errors = list(SQRT.values())
    for window, value in {
        (2, 32): 1.872,
        (4, 32): 1.914,
        (1, 2): 1.585,
        (2, 4): 1.747,
        (16, 32): 1.961,
    }.items():
        low, high = spaces.slope(n, errors, errors, window)
        assert low == high == pytest.approx(value, abs=6e-4)


def test_the_whole_range_is_the_default_window():
    n, errors = list(SQRT), list(SQRT.values())
    assert spaces.slope(n, errors, errors) == spaces.slope(n, errors, errors, (1, 32))


bracket = st.integers(3, 8).flatmap(
    lambda m: st.tuples(
        st.lists(st.floats(1e-6, 1.0), min_size=m, max_size=m),
        st.lists(st.floats(1e-6, 1.0), min_size=m, max_size=m),
        st.lists(st.floats(0.0, 1.0), min_size=m, max_size=m),
    )
)


@given(bracket)
def test_the_interval_contains_the_slope_of_every_nonincreasing_curve_in_the_bracket(data):
    true = np.minimum.accumulate(np.array(data[0]))
    lower, upper = true * np.array(data[2]), true + np.array(data[1])
    n = [2**k for k in range(len(true))]
    low, high = spaces.slope(n, lower, upper)
    value = log(true[0] / true[-1]) / log(n[-1] / n[0])
    assert low - 1e-9 <= value <= high + 1e-9


@given(bracket)
def test_the_envelope_is_monotone_and_never_leaves_the_bracket(data):
    lower, upper = np.array(data[2]) * 0.1, np.array(data[1])
    low, high = spaces.envelope(lower, upper)
    assert (np.diff(low) <= 0).all() and (np.diff(high) <= 0).all()
    assert (low >= lower).all() and (high <= upper).all()
    again = spaces.envelope(low, high)
    assert (again[0] == low).all() and (again[1] == high).all()


def test_the_envelope_fills_what_nested_classes_cover_and_keeps_the_rest_missing():
    low, high = spaces.envelope([nan, 0.1, nan], [nan, 0.5, nan])
    np.testing.assert_array_equal(low, [0.1, 0.1, nan])
    np.testing.assert_array_equal(high, [nan, 0.5, 0.5])


def test_missing_trivial_and_exact_ends_are_three_different_things():
    n, upper = [2, 4], [1.0, 0.25]
    low, high = spaces.slope(n, [nan, nan], upper)
    assert isnan(low) and isnan(high)
    assert spaces.slope(n, [0.0, 0.0], upper) == (0.0, inf)
    assert spaces.slope(n, [0.5, 0.0], upper) == (1.0, inf)
    assert spaces.slope(n, [0.5, 0.0], [1.0, 0.0]) == (inf, inf)
    assert spaces.slope(n, [0.0, 0.0], [0.0, 0.0]) == (inf, inf)
    assert all(isnan(end) for end in spaces.slope(n, [0.1, 0.1], [nan, nan]))


def test_a_slope_is_never_negative_since_classes_are_nested():
    assert spaces.slope([2, 4], [0.1, 0.1], [1.0, 1.0])[0] == 0.0


def test_windows_are_the_range_late_starts_and_octaves():
    labels = [label for label, _, _ in spaces.windows([2, 3, 4, 6, 8, 12, 16, 24, 32])]
    assert labels == ["2-32", "4-32", "8-32", "2-4", "3-6", "4-8", "6-12", "8-16", "12-24", "16-32"]
    assert spaces.windows([3, 6]) == [("3-6", 3, 6)]
    assert spaces.windows([5]) == []
    assert spaces.last_octave([2, 3, 4, 6, 8]) == ("4-8", 4, 8)
    assert spaces.last_octave([2, 3]) is None


@pytest.mark.parametrize("n", [[2, 2], [4, 2], [0, 1]])
def test_budgets_that_do_not_increase_are_the_users_error(n):
    with pytest.raises(UserError, match="increase"):
        spaces.windows(n)


def test_a_window_that_is_no_pair_of_budgets_is_the_users_error():
    with pytest.raises(UserError, match="window is"):
        spaces.slope([2, 4], [1, 1], [1, 1], (2, 8))
    with pytest.raises(UserError, match="one length"):
        spaces.slope([2, 4], [1, 1, 1], [1, 1, 1])


@pytest.mark.parametrize(
    ("slope", "predicted", "word"),
    [
        ((1.9, 2.05), (2.0, 2.0), "consistent"),
        ((1.9, 1.95), (2.0, 2.0), "inconclusive"),
        ((2.5, 3.0), (2.0, 4.0), "consistent"),
        ((1.9, 2.1), (nan, nan), "inconclusive"),
        ((1.9, 2.1), (2.0, nan), "consistent"),
        ((0.0, inf), (2.0, 2.0), "inconclusive"),
        ((inf, inf), (inf, inf), "consistent"),
        ((inf, inf), (inf, nan), "consistent"),
        ((inf, inf), (2.0, 2.0), "inconclusive"),
        ((1.9, 2.1), (inf, inf), "inconclusive"),
        ((nan, nan), (2.0, 2.0), "upper only"),
        ((nan, 3.0), (2.0, 2.0), "inconclusive"),
    ],
)
def test_a_verdict_needs_a_positive_lower_end_and_never_refutes(slope, predicted, word):
    lower = [nan] * 3 if word == "upper only" else [0.3, 0.2, 0.1]
    assert spaces.verdict([9.0, slope[0]], [9.0, slope[1]], *predicted, lower) == word


def test_without_a_window_nothing_is_concluded():
    assert spaces.verdict([], [], 2.0, 2.0, [0.1]) == "inconclusive"


def test_the_bracket_of_networks_excludes_the_rate_on_long_windows_only():
    """Networks with N neurons lie between splines with N + 1 and N pieces."""
    upper = {4: 4.68063774e-3, 16: 3.40327756e-4, 32: 8.74349605e-5, 2: 1.57134840e-2}
    n = sorted(upper)
    limit = (2.5**2.5) / (4 * sqrt(720))
    values = [upper[k] for k in n]
    lower = [7.82580948e-3, 3.10e-3, limit / 17**2 * 0.95, limit / 33**2 * 0.97]
    _, late = spaces.slope(n, lower, values, (16, 32))
    _, whole = spaces.slope(n, lower, values)
    assert whole < 2 < late
