"""Norms against α: blow-up at the rate, growth of truncated norms, tables for several spaces."""

from math import inf, nan

import numpy as np
import pytest

from ratelab import UserError
from ratelab.spaces._norm_curve import norm_curve, norm_growth, norm_table
from ratelab.spaces._norm_tails import GeometricTail, PowerTail, ZeroTail, critical_alpha
from ratelab.spaces._norms import approximation_norm

SIZES = np.append(0, 2 ** np.arange(11))
ALPHAS = np.linspace(0.2, 3, 15)


def errors(beta: float) -> np.ndarray:
    return (SIZES + 1.0) ** -beta


@pytest.mark.parametrize("q", [0.5, 2, inf])
def test_a_curve_holds_the_norms_of_its_spaces(q: float) -> None:
    tail = PowerTail(0.5, 1, 1.5, 1, lower_shift=1, upper_shift=1)
    curve = norm_curve(SIZES, 0.5 * errors(1.5), ALPHAS, q, upper=errors(1.5), tail=tail)
    for i, alpha in enumerate(ALPHAS):
        one = approximation_norm(SIZES, 0.5 * errors(1.5), alpha, q, upper=errors(1.5), tail=tail)
        assert (curve.truncated_low[i], curve.truncated_high[i]) == one.truncated
        assert (curve.low[i], curve.high[i]) == one.full
    assert curve.critical == (1.5, 1.5) and curve.status == "certificate"
    assert np.isfinite(curve.high[curve.alphas < 1.5]).all()
    assert np.isinf(curve.low[curve.alphas > 1.5 + 1e-9]).all()


def test_between_two_rates_nothing_is_known_of_finiteness() -> None:
    tail = PowerTail(1e-3, 1, 1.0, 1, lower_exponent=2.0)
    curve = norm_curve(SIZES, 0 * SIZES, ALPHAS, 1, upper=errors(0.5), tail=tail)
    middle = (curve.alphas > 1) & (curve.alphas < 2)
    assert curve.critical == (1, 2)
    assert np.isinf(curve.high[middle]).all() and np.isfinite(curve.low[middle]).all()
    assert np.isinf(curve.low[curve.alphas > 2]).all() and np.isfinite(curve.high[curve.alphas < 1]).all()


def test_tails_put_the_critical_alpha_between_their_exponents() -> None:
    assert critical_alpha(None) == (0, inf)
    assert critical_alpha(PowerTail(0, 2, 1.5, 1)) == (1.5, inf)
    assert critical_alpha([PowerTail(0.1, inf, 2, 1), PowerTail(0, 3, 1, 1)]) == (1, 2)
    assert critical_alpha(GeometricTail(1, 2, 0.5, 1)) == critical_alpha(ZeroTail(3)) == (inf, inf)
    assert norm_curve([0, 1], [1, 0], [1.0], 2).critical == (inf, inf)


@pytest.mark.parametrize("q", [1, 2, inf])
@pytest.mark.parametrize("beta", [0.5, 1.5])
def test_truncated_norms_grow_with_the_excess_over_the_rate(beta: float, q: float) -> None:
    sizes = np.append(0, np.unique(np.geomspace(1, 1e7, 4000).astype(int)))
    decay = (sizes + 1.0) ** -beta
    assert norm_growth(sizes, decay, beta + 1.5, q) == pytest.approx(1.5, abs=0.03)
    assert norm_growth(sizes, decay, beta + 0.5, q) == pytest.approx(0.5, abs=0.1)
    assert norm_growth(sizes, decay, beta / 4, q) == pytest.approx(0, abs=0.02)


def test_a_table_of_norms_takes_envelopes_and_fills_what_is_missing() -> None:
    lower = np.array([1.0, nan, 0.2, 0.25, nan])
    upper = np.array([1.0, 0.6, nan, 0.65, 0.3])
    found = norm_table([0, 1, 2, 4, 8], lower, upper, [0.5, 1.0], [1, 2, inf])
    assert {table.shape for table in found.values()} == {(3, 2)}
    one = approximation_norm(
        [0, 1, 2, 4, 8], [1.0, 0.25, 0.25, 0.25, 0.0], 1.0, 2, upper=[1.0, 0.6, 0.6, 0.6, 0.3]
    )
    assert (found["norm_truncated_low"][1, 1], found["norm_truncated_high"][1, 1]) == one.truncated
    assert (found["norm_low"][1, 1], found["norm_high"][1, 1]) == (one.truncated[0], inf)


def test_rounding_may_put_a_lower_end_on_its_upper_end() -> None:
    found = norm_table([0, 1], [1.0, 0.5 * (1 + 1e-12)], [1.0, 0.5], [1.0], [2])
    assert found["norm_truncated_low"][0, 0] == pytest.approx(found["norm_truncated_high"][0, 0], rel=1e-11)


def test_mistakes_are_named() -> None:
    with pytest.raises(UserError, match="3 octaves up to size 4; allowed: 1 or more"):
        norm_growth([0, 4], [1.0, 0.5], 1, 2)
    with pytest.raises(UserError, match="alphas are"):
        norm_curve([0, 4], [1.0, 0.5], [], 2)
    with pytest.raises(UserError, match="alpha is -1"):
        norm_curve([0, 4], [1.0, 0.5], [-1.0, 1.0], 2)
    with pytest.raises(UserError, match="numbers that increase"):
        norm_curve([0, 4], [1.0, 0.5], [1.0, 0.5], 2)
