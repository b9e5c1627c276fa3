"""The model of an error curve, and what training alone would have said."""

from math import isnan, nan

import numpy as np
import pytest

from ratelab import spaces

N = np.array([2, 3, 4, 6, 8, 12, 16, 24, 32])
SQRT = [1.57134840e-2, 7.82580948e-3, 4.68063774e-3, 2.21956046e-3, 1.29145224e-3, 5.94334385e-4]
SQRT += [3.40327756e-4, 1.54021642e-4, 8.74349605e-5]


@pytest.mark.parametrize("rate", [0.5, 2.0, 4.0])
def test_a_pure_power_law_is_recovered_exactly(rate):
    model = spaces.rate_model(N, 0.3 * N**-rate)
    assert model.alpha == pytest.approx(rate, abs=1e-9)
    assert model.constant == pytest.approx(0.3, rel=1e-9)
    assert model.high - model.low < 1e-4
    assert model.correction == 0.0


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("b", [-0.9, 3.0])
def test_a_correction_of_the_models_form_is_recovered(beta, b):
    model = spaces.rate_model(N, 2.0 * N**-1.5 * (1 + b * N**-beta))
    assert model.alpha == pytest.approx(1.5, abs=1e-4)
    assert model.correction == pytest.approx(b, rel=1e-2)
    assert model.exponent == beta


@pytest.mark.parametrize("count", [5, 7, 9])
def test_the_interval_covers_the_slow_start_of_the_square_root(count):
    model = spaces.rate_model(N[:count], SQRT[:count])
    assert model.low < 2.0 < model.high
    assert model.alpha == pytest.approx(2.0, abs=0.06)


def test_the_interval_covers_a_rate_behind_log_periodic_constants():
    errors = N**-1.0 * (1 + 0.05 * np.sin(2 * np.pi * np.log2(N)))
    model = spaces.rate_model(N, errors)
    assert model.low <= 1.0 <= model.high


def test_missing_points_roundoff_and_increases_do_not_enter_the_fit():
    errors = 0.3 * N**-2.0
    errors[3] = nan
    errors[5] = 10.0  # the running minimum is taken
    clean = spaces.rate_model(np.delete(N, [3, 5]), np.delete(0.3 * N**-2.0, [3, 5]))
    assert spaces.rate_model(N, errors).low <= clean.alpha <= spaces.rate_model(N, errors).high
    fast = np.maximum(np.exp(-4.0 * N), 1e-17)
    assert spaces.rate_model(N, fast).points == int((fast > 1e-13 * fast[0]).sum())


def test_too_few_points_or_an_exact_zero_leave_no_model():
    assert isnan(spaces.rate_model(N[:3], N[:3] ** -1.0).alpha)
    zero = N**-1.0
    zero[-1] = 0.0
    assert isnan(spaces.rate_model(N, zero).high)
    assert isnan(spaces.rate_model(N, np.full(len(N), nan)).alpha)


def test_the_median_over_seeds_is_taken_in_logarithms():
    quantiles = spaces.seed_quantiles([[1.0, 100.0], [2.0, nan]], (0.0, 0.5, 1.0))
    np.testing.assert_allclose(quantiles, [[1.0, 10.0, 100.0], [2.0, 2.0, 2.0]])
    values = np.random.default_rng(3).lognormal(size=(4, 9))
    expected = np.exp(np.quantile(np.log(values), [0.16, 0.5, 0.84], axis=1)).T
    np.testing.assert_allclose(spaces.seed_quantiles(values), expected, rtol=1e-13)


def test_quantiles_know_zeros_and_lost_seeds():
    assert np.isnan(spaces.seed_quantiles([nan, nan])).all()
    np.testing.assert_array_equal(spaces.seed_quantiles([0.0, 0.0, 4.0], (0.5, 1.0)), [0.0, 4.0])


def test_the_trained_rate_is_the_slope_of_the_median_with_an_interval_of_the_scatter():
    generator = np.random.default_rng(5)
    errors = N[:, None] ** -0.7 * np.exp(0.2 * generator.standard_normal((len(N), 8)))
    rate, low, high = spaces.trained_rate(N, errors)
    expected = -np.polyfit(np.log(N), np.median(np.log(errors), axis=1), 1)[0]
    assert rate == pytest.approx(expected, abs=1e-10)
    assert low < 0.7 < high and 0.03 < high - low < 0.5


def test_the_trained_rate_ignores_lost_fits_and_is_the_same_every_time():
    errors = np.repeat(N[:, None] ** -1.0, 4, axis=1)
    errors[2, 1] = errors[4, :] = nan
    assert spaces.trained_rate(N, errors) == pytest.approx((1.0, 1.0, 1.0), abs=1e-12)
    generator = np.random.default_rng(6)
    noisy = errors * generator.lognormal(size=errors.shape)
    assert spaces.trained_rate(N, noisy) == spaces.trained_rate(N, noisy)
    assert all(isnan(value) for value in spaces.trained_rate(N[:2], errors[:2]))
