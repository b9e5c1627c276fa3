"""Lower ends of moduli from averages: never above the truth, and near it."""

from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ratelab.spaces._layerwise_moduli import coarsened, modulus_of_averages, refined

_VALUES = st.floats(-4, 4, allow_nan=False, width=32)


def _brute_force(values, t, p):
    """Return the largest norm over all lattice shifts of length at most t, from the definition."""
    side, d = values.shape[0], values.ndim
    best = 0.0
    for k in np.ndindex(*(2 * side - 1,) * d):
        shift = np.array(k) - (side - 1)
        if 0 < np.sqrt((shift**2).sum()) <= t * side * (1 + 1e-12):
            total = 0.0
            for x in np.ndindex(*values.shape):
                y = np.array(x) + shift
                if (y >= 0).all() and (y < side).all():
                    total += abs(values[tuple(y)] - values[x]) ** p
            best = max(best, (total / side**d) ** (1 / p))
    return best


@pytest.mark.parametrize("p", [1, 2, 3.5])
def test_of_a_straight_line_it_is_the_closed_form(p):
    """‖Δ_h x‖_p = h(1 − h)^{1/p}."""
    m = 256
    values = (np.arange(m) + 0.5) / m
    for t in (1 / 4, 1 / 16):
        assert modulus_of_averages(values, t, p) == pytest.approx(t * (1 - t) ** (1 / p), rel=1e-12)


@given(arrays(np.float64, st.integers(2, 40), elements=_VALUES), st.sampled_from([1, 2, 3]))
@settings(max_examples=40, deadline=None)
def test_in_one_variable_no_more_than_all_shifts_give_and_all_of_it_for_short_ones(values, p):
    for t in (0.15, 0.4, 1.0):
        true = _brute_force(values, t, p)
        found = modulus_of_averages(values, t, p)
        assert found <= true * (1 + 1e-12)
        if t * len(values) <= 16:
            assert found >= true - 1e-9


@given(arrays(np.float64, (6, 6), elements=_VALUES), st.sampled_from([1, 2]))
@settings(max_examples=10, deadline=None)
def test_in_the_plane_no_more_than_all_shifts_give(values, p):
    for t in (1 / 6, 1 / 3, 0.9):
        found, true = modulus_of_averages(values, t, p), _brute_force(values, t, p)
        assert found <= true * (1 + 1e-12)
        assert found >= 0.7 * true - 1e-9


@given(arrays(np.float64, 48, elements=_VALUES), st.sampled_from([2, 3, 4]), st.sampled_from([1, 2]))
@settings(max_examples=30, deadline=None)
def test_averaging_lowers_it(values, factor, p):
    """A step function on 48 cells is the truth; averages over larger cells know less of it."""
    coarse = coarsened(values, factor)
    assert modulus_of_averages(coarse, 0.5, p) <= _brute_force(values, 0.5, p) * (1 + 1e-12)


@pytest.mark.parametrize("d", [2, 3])
@pytest.mark.parametrize("p", [1, 2])
def test_of_a_ridge_it_is_that_of_the_line_and_diagonals_count(d, p):
    """x_1 + … + x_d changes most along the diagonal: h√d·Π(1 − h/√d)^{1/p} there, h ≤ t."""
    m = 48 if d == 2 else 24
    axes = np.meshgrid(*[(np.arange(m) + 0.5) / m] * d, indexing="ij")
    values, t = sum(axes), 1 / 4
    step = int(t * m / sqrt(d)) / m
    least = step * d * (1 - step) ** (d / p)
    most = t * sqrt(d) * (1 - t / sqrt(d)) ** (d / p)
    assert least * (1 - 1e-12) <= modulus_of_averages(values, t, p) <= most * 1.0001


def test_of_a_jump_off_the_grid_it_is_no_more_than_the_truth():
    m = 100
    edges = np.arange(m + 1) / m
    values = np.diff(np.maximum(edges - 1 / 3, 0)) * m
    for t in (0.01, 0.1, 0.5):
        assert modulus_of_averages(values, t, 1) == pytest.approx(min(t, 1 / 3), rel=1e-9)
        assert 0.6 * sqrt(t) <= modulus_of_averages(values, t, 2) <= sqrt(min(t, 1 / 3))


def test_radius_and_rounding_are_taken_off_and_nothing_is_left_of_noise():
    values = 0.1 + 1e-16 * np.random.default_rng(0).normal(size=64)
    assert modulus_of_averages(values, 0.5, 2) == 0
    line = np.arange(64) / 64
    assert modulus_of_averages(line, 0.5, 1, 1e-3) == pytest.approx(modulus_of_averages(line, 0.5, 1) - 2e-3)
    assert modulus_of_averages(line, 1e-3, 1) == 0
    assert modulus_of_averages(np.full((8, 8), 3.0), 0.5, 1) == 0


def test_coarsening_averages_blocks_and_refining_undoes_nothing():
    values = np.random.default_rng(1).normal(size=(6, 6, 6))
    coarse = coarsened(values, 3)
    assert coarse[1, 0, 1] == pytest.approx(values[3:, :3, 3:].mean())
    np.testing.assert_array_equal(coarsened(refined(coarse, 4), 4).round(12), coarse.round(12))
