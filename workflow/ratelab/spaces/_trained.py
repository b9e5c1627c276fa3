"""What training alone would have reported: statements about an optimiser, not about networks."""

from collections.abc import Sequence
from math import nan

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

_RESAMPLES = 999


def seed_quantiles(errors: ArrayLike, probabilities: Sequence[float] = (0.16, 0.5, 0.84)) -> Array:
    """Return quantiles over seeds, interpolated between the logarithms of the errors.

    Parameters
    ----------
    errors
        (…, seed), ≥ 0; NaN for a fit that failed, which is left out.
    probabilities
        The quantiles' levels; 0.5 is the median (of two middle seeds the geometric mean).

    Returns
    -------
    (…, len(probabilities)); NaN where no seed is left.
    """
    values = np.asarray(errors, dtype=np.float64)
    with np.errstate(divide="ignore"):
        logs = np.sort(np.log(values), axis=-1)  # NaN go last
    count = np.isfinite(values).sum(axis=-1)
    result = np.full((*values.shape[:-1], len(probabilities)), nan)
    for k, probability in enumerate(probabilities):
        position = probability * np.maximum(count - 1, 0)
        below = np.floor(position).astype(int)
        above = np.minimum(below + 1, np.maximum(count - 1, 0))
        weight = position - below
        left = np.take_along_axis(logs, below[..., None], axis=-1)[..., 0]
        right = np.take_along_axis(logs, above[..., None], axis=-1)[..., 0]
        with np.errstate(invalid="ignore"):
            between = np.where(left == right, left, left + weight * (right - left))
        between = np.where(np.isneginf(left) & (weight < 1), -np.inf, between)
        result[..., k] = np.where(count > 0, np.exp(between), nan)
    return result


def trained_rate(
    n: ArrayLike, errors: ArrayLike, probabilities: tuple[float, float] = (0.025, 0.975)
) -> tuple[float, float, float]:
    """Return (rate, low, high): the slope that an optimiser's median error over seeds suggests.

    Parameters
    ----------
    n
        Budgets, increasing.
    errors
        (budget, seed) errors of trained networks; NaN for a fit that failed.
    probabilities
        Levels of the interval.

    Returns
    -------
    The least-squares slope of the median over seeds against n, both in logarithms, and a bootstrap interval:
    999 times the seeds of every budget are drawn again with replacement, independently, from a generator of
    fixed seed. Budgets without a positive median are left out; all NaN if fewer than three remain. The
    interval is the scatter of the optimiser, and says nothing about the error of best approximation.
    """
    values = np.asarray(errors, dtype=np.float64)
    median = seed_quantiles(values, (0.5,))[..., 0]
    keep = np.isfinite(median) & (median > 0)
    if keep.sum() < 3:
        return nan, nan, nan
    x = np.log(np.asarray(n, dtype=np.float64)[keep])
    x = x - x.mean()
    weights = -x / (x * x).sum()
    rate = float((weights * np.log(median[keep])).sum())

    generator = np.random.default_rng(0)
    slopes = np.zeros(_RESAMPLES)
    for weight, row in zip(weights, values[keep], strict=True):
        seeds = row[np.isfinite(row)]
        draws = seeds[generator.integers(0, len(seeds), (_RESAMPLES, len(seeds)))]
        medians = seed_quantiles(draws, (0.5,))[:, 0]
        slopes += weight * np.log(np.maximum(medians, np.finfo(float).tiny))
    low, high = np.quantile(slopes, probabilities)
    return rate, min(float(low), rate), max(float(high), rate)
