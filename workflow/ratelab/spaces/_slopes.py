"""Slopes of an error bracket over a finite window: what is certain, and nothing asymptotic."""

from itertools import pairwise
from math import inf, isnan, log, nan
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ratelab._errors import UserError

Array = NDArray[np.float64]
Interval = tuple[float, float]
Verdict = Literal["consistent", "upper only", "inconclusive"]


def envelope(lower: ArrayLike, upper: ArrayLike) -> tuple[Array, Array]:
    """Return the bracket that nested classes allow: upper as running minimum, lower as running maximum.

    Parameters
    ----------
    lower, upper
        (…, n) ends of the error of best approximation, budgets increasing along the last axis; NaN where
        there is none. An upper end holds for all larger budgets too, a lower end for all smaller ones, so
        both fill the NaN that they cover.

    Returns
    -------
    (lower, upper) of the same shape.
    """
    low, high = np.asarray(lower, dtype=np.float64), np.asarray(upper, dtype=np.float64)
    return np.fmax.accumulate(low[..., ::-1], axis=-1)[..., ::-1], np.fmin.accumulate(high, axis=-1)


def windows(n: ArrayLike) -> list[tuple[str, int, int]]:
    """Return the windows over which slopes are reported, as (label, first, last).

    The whole range comes first, then n0 to the end for each power of two n0 that leaves two octaves or more,
    then every octave (n, 2n) among the budgets. Labels read ``2-32``.

    Parameters
    ----------
    n
        Budgets, increasing.

    Raises
    ------
    UserError
        If the budgets do not increase or are not positive.
    """
    budgets = _increasing(n)
    if len(budgets) < 2:
        return []
    last = budgets[-1]
    late = [(b, last) for b in budgets if b & (b - 1) == 0 and last >= 4 * b]
    octaves = [(b, 2 * b) for b in budgets if 2 * b in budgets]
    ends = dict.fromkeys([(budgets[0], last), *late, *octaves])
    return [(f"{a}-{b}", a, b) for a, b in ends]


def last_octave(n: ArrayLike) -> tuple[str, int, int] | None:
    """Return the octave among `windows` with the largest last budget, or None if there is no octave."""
    octaves = [w for w in windows(n) if w[2] == 2 * w[1]]
    return max(octaves, key=lambda w: w[2], default=None)


def slope(
    n: ArrayLike, lower: ArrayLike, upper: ArrayLike, window: tuple[int, int] | None = None
) -> Interval:
    """Return an interval that contains the secant slope −log(E(n1)/E(n0)) / log(n1/n0) of the true errors.

    Parameters
    ----------
    n
        Budgets, increasing.
    lower, upper
        (n,) ends of the error E(n) of best approximation. The envelope is taken first.
    window
        (n0, n1), two of the budgets; None is the whole range.

    Returns
    -------
    (low, high). The slope of nested classes is never negative, so low ≥ 0. An end that rests on a missing
    bound (NaN) is NaN: `low` needs lower(n0) and upper(n1), `high` needs upper(n0) and lower(n1). A lower end
    of 0 says nothing: low is then 0, high is ∞. An upper end of 0 at n1 is a proven zero: both are ∞.

    Raises
    ------
    UserError
        If shapes differ, or the window's ends are not two increasing budgets.
    """
    budgets = _increasing(n)
    low, high = envelope(lower, upper)
    if low.shape != (len(budgets),) or high.shape != low.shape:
        raise UserError(
            f"slope: {len(budgets)} budgets, lower {low.shape}, upper {high.shape}; all must have one length"
        )
    first, last = window if window is not None else (budgets[0], budgets[-1])
    if first not in budgets or last not in budgets or first >= last:
        raise UserError(
            f"slope: window is ({first}, {last}); allowed: two increasing budgets of {list(budgets)}"
        )
    i, j = budgets.index(first), budgets.index(last)
    if high[j] == 0:
        return inf, inf
    length = log(last / first)
    return max(_log_ratio(low[i], high[j]), 0.0) / length, _log_ratio(high[i], low[j]) / length


def verdict(
    slope_low: ArrayLike, slope_high: ArrayLike, predicted_low: float, predicted_high: float, lower: ArrayLike
) -> Verdict:
    """Return how the certified slopes of one curve stand to the predicted rate.

    Parameters
    ----------
    slope_low, slope_high
        (window,) from `slope`, in the order of `windows`; the last one, the latest octave, decides.
    predicted_low, predicted_high
        From `predicted_rate`; a NaN end is open.
    lower
        (n,) lower ends of the curve.

    Returns
    -------
    ``upper only`` if there is no lower end at all. ``consistent`` if the slope is bounded on both sides by
    positive lower ends, or the error is a proven zero, and slope and prediction meet. ``inconclusive`` else: a
    finite window cannot refute a rate.
    """
    if np.isnan(np.asarray(lower, dtype=np.float64)).all():
        return "upper only"
    lows, highs = np.atleast_1d(slope_low), np.atleast_1d(slope_high)
    if not lows.size or (isnan(predicted_low) and isnan(predicted_high)):
        return "inconclusive"
    low, high = float(lows[-1]), float(highs[-1])
    if isnan(low) or isnan(high) or low <= 0 or (high == inf and low < inf):
        return "inconclusive"
    least = -inf if isnan(predicted_low) else predicted_low
    largest = inf if isnan(predicted_high) else predicted_high
    return "consistent" if low <= largest and high >= least else "inconclusive"


def _log_ratio(numerator: float, denominator: float) -> float:
    """log(numerator/denominator) of two ends ≥ 0; NaN if one is missing, ±∞ if one is 0 (numerator wins)."""
    if isnan(numerator) or isnan(denominator):
        return nan
    if numerator == 0:
        return -inf if denominator > 0 else inf
    return inf if denominator == 0 else log(numerator / denominator)


def _increasing(n: ArrayLike) -> list[int]:
    budgets = [int(b) for b in np.asarray(n).tolist()]
    if any(b < 1 for b in budgets) or any(b <= a for a, b in pairwise(budgets)):
        raise UserError(f"budgets are {budgets}; they must be positive and increase")
    return budgets
