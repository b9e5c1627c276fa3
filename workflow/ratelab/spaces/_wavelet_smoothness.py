"""The critical smoothness on the adaptivity line, measured from wavelet coefficients level by level."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log, nan

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ratelab._errors import UserError
from ratelab.registry import Target
from ratelab.spaces._critical_smoothness import SmoothnessEstimate, sampled
from ratelab.spaces._critical_smoothness_fit import fit_octaves
from ratelab.spaces._wavelets import WaveletLevels, wavelet_levels

Array = NDArray[np.float64]

_LEAST_LEVELS = 4
_FEWEST = 16
_STEPS = 24


def adaptive_smoothness(
    function: Target | ArrayLike,
    *,
    wavelet: str = "db4",
    level: float = 0.95,
    samples: int | None = None,
    domain: tuple[float, float] | None = None,
    finest: int | None = None,
) -> SmoothnessEstimate:
    """Measure the critical s in B^s_{τ,τ}, 1/τ = s + ½: what free knots and n-term sums get in L2, in one variable.

    On this line the Besov norm is the ℓ_τ norm of the L2-normalised wavelet coefficients. For each s the sums
    A_j = Σ_k |d_jk|^τ over the levels grow or decay like 2^(jβ(s)); β increases with s, and β(s) = 0 at the critical
    one. β is the slope of a line through log₂ A_j.

    Parameters
    ----------
    function, samples, domain
        As for `critical_smoothness`.
    wavelet
        An orthogonal wavelet; nothing above its vanishing moments can be told.
    level
        Of the interval, which is where the interval of β contains 0.
    finest
        Levels of scale below so many samples are left out: by default 8 on the grid of a target or of samples, 16 for
        other targets.

    Returns
    -------
    The estimate; ``at least`` if β < 0 for all s below the vanishing moments, less ½; ``inconclusive`` if fewer than
    four levels of 16 coefficients have any above rounding. ``order`` is the number of vanishing moments.

    Raises
    ------
    UserError
        As `critical_smoothness` and `wavelet_levels`.
    """
    if not 0.5 <= level < 1:
        raise UserError(f"adaptive smoothness: level is {level}; allowed: from 0.5 to below 1")
    values, length = sampled(function, samples, domain)
    spacing = length / max(len(values) - 1, 1)
    if finest is None:
        finest = 16 if isinstance(function, Target) and function.grid is None else 8
    if finest < 1:
        raise UserError(f"adaptive smoothness: finest is {finest}; allowed: whole numbers from 1 on")
    levels = wavelet_levels(values, spacing, wavelet)
    usable = _usable(levels, finest * spacing)
    top = levels.moments - 0.5
    if len(usable) < _LEAST_LEVELS:
        reason = f"{len(usable)} levels of wavelet coefficients above rounding; {_LEAST_LEVELS} needed"
        return SmoothnessEstimate(
            nan, nan, nan, level, len(usable), nan, nan, levels.moments, "inconclusive", reason
        )
    scales = levels.scales[usable]
    details = [levels.details[i] for i in usable]
    value, low, high = _bracket(_Level.all(details, scales, levels.floor), length, level, top)
    common = (level, len(usable), float(scales[0]), float(scales[-1]), levels.moments)
    if high >= top:
        reason = f"coefficients decay faster than {levels.moments} vanishing moments can tell"
        return SmoothnessEstimate(min(value, top), min(low, value), inf, *common, "at least", reason)
    return SmoothnessEstimate(value, low, high, *common, "estimated")


def _usable(levels: WaveletLevels, shortest: float) -> list[int]:
    return [
        i
        for i, (scale, detail) in enumerate(zip(levels.scales, levels.details, strict=True))
        if scale >= shortest * (1 - 1e-9) and len(detail) >= _FEWEST and np.abs(detail).max() > levels.floor
    ]


@dataclass(frozen=True, eq=False)
class _Level:
    """Logarithms of a level's coefficients, zeros left out."""

    scale: float
    count: int
    logs: Array

    @classmethod
    def all(cls, details: Sequence[Array], scales: Array, floor: float) -> "list[_Level]":
        sizes = [np.abs(detail) for detail in details]
        return [
            cls(float(scale), len(size), np.log(size[size > floor]))
            for scale, size in zip(scales, sizes, strict=True)
        ]


def _bracket(levels: list[_Level], length: float, level: float, top: float) -> tuple[float, float, float]:
    """Return value, low and high: with the sums as they are, and as they would be without ends.

    Near the ends coefficients are left out, a share that grows with the scale; functions that are rough everywhere
    lose as much of the sum, those with one singular point lose nothing.
    """
    found = [
        [_crossing(levels, share * length, level, end, top) for end in ("slope", "low", "high")]
        for share in (0.0, 1.0)
    ]
    value = (found[0][0] + found[1][0]) / 2
    return value, min(one[1] for one in found), max(one[2] for one in found)


def _crossing(levels: list[_Level], length: float, level: float, end: str, top: float) -> float:
    """Return the s at which β, or an end of its interval, crosses 0, by bisection; 0 or `top` outside."""
    octaves = np.log2([one.scale for one in levels])

    def decay(s: float) -> float:
        tau = 1 / (s + 0.5)
        sums, noise = [], []
        for one in levels:
            peak = float(one.logs.max())
            powers = np.exp(tau * (one.logs - peak))
            total = float(powers.sum())
            whole = length / one.scale if length else float(one.count)
            sums.append((tau * peak + log(total * whole / one.count)) / (tau * log(2)))
            spread = one.count * float((powers**2).sum()) / total**2 - 1
            noise.append(max(spread, 0.0) / one.count / (tau * log(2)) ** 2)
        # over τ, so that the slope changes by about one when s does
        line = fit_octaves(octaves, np.array(sums), np.diag(noise), level, corrections=False)
        return {"slope": line.slope, "low": line.low, "high": line.high}[end]

    low, high = 0.0, top
    if decay(low) <= 0:
        return 0.0
    if decay(high) >= 0:
        return top
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if decay(middle) > 0 else (low, middle)
    return (low + high) / 2
