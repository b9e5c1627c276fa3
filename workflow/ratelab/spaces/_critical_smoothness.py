"""The critical smoothness of a function, measured from how its differences decay with the scale."""

from dataclasses import dataclass
from math import inf, nan
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ratelab._errors import UserError
from ratelab.registry import Target
from ratelab.spaces._critical_smoothness_fit import PER_OCTAVE, Line, fit_octaves, gaussian_noise
from ratelab.spaces._differences import (
    checked_norm,
    checked_samples,
    difference_means,
    rounding_floor,
)

Array = NDArray[np.float64]
Status = Literal["estimated", "at least", "inconclusive"]

SAMPLES = 65521
"""A prime: self-similar functions vanish, level by level, on the grid that fits them."""
_FINEST_ON_GRID, _FINEST_OF_SAMPLES, _FINEST_OF_TARGETS = 4, 8, 16
_ROOM = 8
_LEAST_OCTAVES = 4
_SATURATED = 0.1
_RESERVE = 0.75


@dataclass(frozen=True)
class SmoothnessEstimate:
    """A measured critical smoothness.

    Parameters
    ----------
    value
        The critical s, as measured; NaN if inconclusive. If the status is ``at least``, at most the order of the
        difference, above which no decay can be seen.
    low, high
        The interval; ``high`` is ∞ if the status is ``at least``.
    level
        Of the interval: the share of Brownian paths, and of random sub-intervals of deterministic functions, for
        which it covers.
    octaves
        How many octaves of scales were used.
    finest, coarsest
        The scales between which they lie, in units of the domain.
    order
        Of the differences that `value` rests on.
    status
        ``estimated``, ``at least`` or ``inconclusive``.
    reason
        Why it is not ``estimated``; empty if it is.
    """

    value: float
    low: float
    high: float
    level: float
    octaves: int
    finest: float
    coarsest: float
    order: int
    status: Status
    reason: str = ""


@dataclass(frozen=True, eq=False)
class _Octaves:
    """Mean differences, averaged over the quarters of each octave, finest first."""

    order: int
    scales: Array  # log₂ of the shift in cells
    heights: Array
    noise: Array
    line: Line


def critical_smoothness(
    function: Target | ArrayLike,
    p: float = 2,
    *,
    order: int = 4,
    level: float = 0.95,
    samples: int | None = None,
    domain: tuple[float, float] | None = None,
    finest: int | None = None,
) -> SmoothnessEstimate:
    """Measure the critical s in B^s_{p,q}, which is the same for every q, in one variable.

    A function lies in B^s_{p,∞} if its differences of an order r > s decay like ‖Δ_h^r f‖_p = O(h^s). The estimate is
    the slope of log₂‖Δ_h^r f‖_p, averaged over quarter octaves, for the lowest order r ≥ 2 that exceeds it by a
    margin; see `docs/smoothness.md` for the interval, how often it covers, and where it does not: a weak rough part
    below another rough one shows at scales finer than the samples.

    Parameters
    ----------
    function
        A target of one variable, or samples of a function on a uniform grid.
    p
        0 < p ≤ ∞.
    order
        Highest order of differences, 2 to 8; nothing above it can be told.
    level
        Of the interval, between ½ and 1.
    samples
        How many cells to sample a target on: by default 65521, a prime, or the cells of its grid if it has one, since a
        stored path or sum is smooth below them.
    domain
        Where to sample a target; by default its whole domain. Of samples, the interval that they stand on, for
        the scales in the result alone; by default (0, 1).
    finest
        Smallest shift, in samples, at least 1, since smaller ones see the grid: by default 8 for samples, 4 for a
        target on the cells of its own grid, 16 for other targets.

    Returns
    -------
    The estimate. It is ``inconclusive`` if fewer than four octaves are above rounding (so for constants and
    polynomials of degree below `order`).

    Raises
    ------
    UserError
        If samples are not finite, or a parameter is out of range.
    """
    checked_norm(p)
    if isinstance(order, bool) or not isinstance(order, int | np.integer) or not 2 <= order <= 8:
        raise UserError(f"critical smoothness: order is {order!r}; allowed: whole numbers from 2 to 8")
    if not 0.5 <= level < 1:
        raise UserError(f"critical smoothness: level is {level}; allowed: from 0.5 to below 1")
    if finest is None:
        finest = _finest(function)
    if finest < 1:
        raise UserError(f"critical smoothness: finest is {finest}; allowed: whole numbers from 1 on")
    values, length = sampled(function, samples, domain)
    curves = [_octaves(values, p, r, finest, level) for r in range(2, order + 1)]
    found = [curve for curve in curves if curve is not None]
    polynomial = _is_polynomial(values, order)
    if not found or polynomial:
        reason = (
            f"differences of order {order} vanish up to rounding: a polynomial of lower degree"
            if polynomial
            else f"{len(values)} samples leave fewer than {_LEAST_OCTAVES} octaves of scales above rounding"
        )
        return SmoothnessEstimate(nan, nan, nan, level, 0, nan, nan, order, "inconclusive", reason)
    return _estimate(found, order, level, length / max(len(values) - 1, 1))


def _is_polynomial(values: Array, order: int) -> bool:
    """Whether the largest differences of that order, of shifts up to the longest, are below rounding."""
    shifts = [k for k in (1, (len(values) - 1) // (2 * order), (len(values) - 1) // order) if k >= 1]
    if len(values) <= order:
        return False
    return bool(
        difference_means(values, shifts, inf, order).max(initial=0.0) <= rounding_floor(values, order)
    )


def sampled(
    function: Target | ArrayLike, samples: int | None, domain: tuple[float, float] | None
) -> tuple[Array, float]:
    """Return samples of a function of one variable and the length of the interval that they stand on."""
    if not isinstance(function, Target):
        low, high = domain if domain is not None else (0.0, 1.0)
        _check_interval(low, high, "samples")
        return checked_samples(function), high - low
    if function.dimension != 1:
        raise UserError(
            f"target '{function.name}' has {function.dimension} variables; its critical smoothness is measured for one"
        )
    low, high = domain if domain is not None else function.domain[0]
    _check_interval(low, high, f"target '{function.name}'")
    if low < function.domain[0][0] or high > function.domain[0][1]:
        raise UserError(
            f"target '{function.name}': the interval ({low}, {high}) leaves the domain {function.domain[0]}"
        )
    if samples is None:
        samples = (
            SAMPLES if function.grid is None else min(SAMPLES, max(1, int(function.grid * (high - low))))
        )
    if samples < 1:
        raise UserError(f"samples are {samples}; allowed: whole numbers from 1 on")
    values = function(np.linspace(low, high, samples + 1))
    if values.shape[1] != 1:
        raise UserError(f"target '{function.name}' has {values.shape[1]} values; allowed: one")
    return checked_samples(values), high - low


def _finest(function: Target | ArrayLike) -> int:
    if not isinstance(function, Target):
        return _FINEST_OF_SAMPLES
    return _FINEST_OF_TARGETS if function.grid is None else _FINEST_ON_GRID


def _check_interval(low: float, high: float, place: str) -> None:
    if not -inf < low < high < inf:
        raise UserError(f"{place}: the interval is ({low}, {high}); needs finite ends, the lower one first")


def _octaves(values: Array, p: float, order: int, finest: int, level: float) -> _Octaves | None:
    """Average over quarter octaves; None if fewer than four octaves are left."""
    cells = len(values) - 1
    largest = cells // (_ROOM * order)
    shifts: list[int] = []
    while True:
        shift = round(finest * 2 ** (len(shifts) / PER_OCTAVE))
        if shift > largest:
            break
        shifts.append(shift)
    count = len(shifts) // PER_OCTAVE
    if count < _LEAST_OCTAVES:
        return None
    shifts = shifts[: count * PER_OCTAVE]
    means = difference_means(values, shifts, p, order)
    # between the mean over what differences see and the integral, which differ by the share of the domain they see
    share = 1 - order * np.array(shifts) / (cells + 1)
    means *= share ** (0.5 / p)
    lowest = means.reshape(count, PER_OCTAVE).min(axis=1)
    below = np.flatnonzero(lowest <= rounding_floor(values, order))
    start = int(below[-1]) + 1 if len(below) else 0
    if count - start < _LEAST_OCTAVES:
        return None
    fine = np.log2(np.array(shifts, dtype=np.float64))[start * PER_OCTAVE :]
    logs = np.log2(means[start * PER_OCTAVE :])
    average = np.kron(np.eye(count - start), np.full((1, PER_OCTAVE), 1 / PER_OCTAVE))
    scales, heights = average @ fine, average @ logs
    slope = float(np.polyfit(scales, heights, 1)[0])
    noise = average @ gaussian_noise(fine, cells / 2**fine, p, order, slope) @ average.T
    return _Octaves(order, scales, heights, noise, fit_octaves(scales, heights, noise, level))


def _estimate(found: list[_Octaves], order: int, level: float, spacing: float) -> SmoothnessEstimate:
    main = next((c for c in found if c.line.slope <= c.order - _RESERVE), found[-1])
    line = main.line
    lines = [c.line for c in found if main.order <= c.order <= main.order + 1]
    low, high = min(one.low for one in lines), max(one.high for one in lines)
    finest, coarsest = (float(spacing * 2**scale) for scale in (main.scales[0], main.scales[-1]))
    value, reason = max(line.slope, 0.0), ""
    status: Status = "estimated"
    if high >= main.order - _SATURATED:
        status, reason = "at least", f"differences of order {main.order} decay as fast as they can"
        value = float(main.order) if value > main.order - _SATURATED else value
        low, high = min(low, value), inf
    return SmoothnessEstimate(
        value,
        max(low, 0.0),
        max(high, 0.0),
        level,
        len(main.scales),
        finest,
        coarsest,
        main.order,
        status,
        reason,
    )
