"""A line through logarithms octave by octave: slopes with intervals that know sampling noise, wobble and drift."""

from dataclasses import dataclass
from functools import lru_cache
from math import comb, exp, inf, lgamma, log, pi, sqrt

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

PER_OCTAVE = 4
_FREQUENCIES = 4096
_FAR = 0.2
"""How far a corrected slope may be extrapolated from that of the finer octaves."""
_MARGIN = 0.03
"""Added to both ends: corrections that no octave shows, the finite ones of the shifts among them."""
_TINY = 1e-6
"""Variance of the heights that is always allowed for: shifts are whole numbers of samples."""


@dataclass(frozen=True, eq=False)
class Line:
    """A fitted slope.

    Parameters
    ----------
    slope
        Of the generalised least squares line, or of the finest octaves where the slope drifts.
    low, high
        Union of the intervals of all ways to fit.
    local
        Slope between neighbouring octaves, finest first.
    """

    slope: float
    low: float
    high: float
    local: Array


@dataclass(frozen=True, eq=False)
class _Fit:
    slope: float
    error: float
    freedom: float
    residual: float


def fit_octaves(scales: Array, heights: Array, noise: Array, level: float, corrections: bool = True) -> Line:
    """Fit heights = c + slope·scales, finest scale first, with a correction if the line is bent.

    Two corrections are tried: b·2^scale, what the ends of the domain do (differences of shift h leave out a share of
    it that grows like h), and b·log₂(octave), a slow drift such as that of a logarithm.

    Parameters
    ----------
    scales, heights
        log₂ of the scale and of the quantity, at least four.
    noise
        Covariance of the heights that is known beforehand, from the sampling of a random path.
    level
        Of the interval.
    corrections
        Whether to try them; if not, the interval holds the slope of the finer half as well.

    Returns
    -------
    The line. To `noise` the variance of the wobble about the line is added, as the residuals show it. If no correction
    is significant, the interval is that of the line, with the slopes without the coarsest or the finest octave. If
    one is, the data cannot tell the limit of the slope: the value is the mean of the two corrected slopes, and the
    interval holds both and the slope of the finer half of the octaves.
    """
    count = len(scales)
    local = np.diff(heights) / np.diff(scales)
    below = scales.max() - scales
    columns = [np.ones_like(scales), scales]
    plain = np.stack(columns, axis=1)
    fast = np.stack([*columns, 2.0**-below], axis=1)
    slow = np.stack([*columns, np.log2(below + 5)], axis=1)
    line = _line(plain, heights, noise)
    bent = []
    for one in (fast, slow):
        if count < 5 or not corrections:
            break
        scale, quotient = _significance(one, heights, noise)
        if quotient > 1:
            bent.append((one, _line(one, heights, min(1.0, scale) * noise)))
    if not bent:
        design, centre, ends = plain, line.slope, [_interval(line, level)]
        if not corrections:
            half = slice(0, (count + 1) // 2)
            finer = _line(plain[half], heights[half], noise[half, half])
            ends.append((finer.slope, finer.slope))
    else:
        design = min(bent, key=lambda pair: pair[1].residual)[0]
        both = [_line(one, heights, min(scale, 1.0) * noise) for one in (fast, slow)]
        half = slice(0, (count + 1) // 2)
        finer = _line(plain[half], heights[half], min(scale, 1.0) * noise[half, half])
        limits = [min(max(fit.slope, finer.slope - _FAR), finer.slope + _FAR) for fit in both]
        centre = sum(limits) / 2
        reaches = [min(fit.error, _FAR / 2) for fit in both]
        ends = [(slope - reach, slope + reach) for slope, reach in zip(limits, reaches, strict=True)]
        ends.append((finer.slope, finer.slope))
    for part in (slice(0, count - 1), slice(1, count)):
        if count > design.shape[1] + 2:
            one_less = _line(design[part], heights[part], noise[part, part] * (0.0 if bent else 1.0))
            ends.append((one_less.slope - 0.5 * one_less.error, one_less.slope + 0.5 * one_less.error))
    low, high = min(end[0] for end in ends), max(end[1] for end in ends)
    return Line(float(centre), float(low) - _MARGIN, float(high) + _MARGIN, local)


def _interval(fit: _Fit, level: float) -> tuple[float, float]:
    from scipy.stats import norm, t

    quantile = norm.ppf((1 + level) / 2) if fit.freedom == inf else t.ppf((1 + level) / 2, fit.freedom)
    return fit.slope - quantile * fit.error, fit.slope + quantile * fit.error


def _significance(design: Array, heights: Array, noise: Array) -> tuple[float, float]:
    """Return the size of the residuals, in units of the noise, and how significant the last coefficient is.

    The noise gives the shape of the covariance alone: of a function that is no random path the residuals are much
    smaller. A quotient above 1 is a coefficient that is not 0, at a level of one per cent.
    """
    from scipy.stats import t

    sizes, vectors = np.linalg.eigh(noise)
    root = vectors * np.sqrt(np.maximum(sizes, 1e-3 * sizes.mean()))
    white, target = np.linalg.solve(root, design), np.linalg.solve(root, heights)
    found, *_ = np.linalg.lstsq(white, target, rcond=None)
    residual = target - white @ found
    free = len(heights) - design.shape[1]
    scale = float(residual @ residual) / free
    error = sqrt(scale * float(np.linalg.inv(white.T @ white)[-1, -1])) + 1e-12
    return scale, abs(float(found[-1])) / (error * float(t.ppf(0.995, free)))


def _line(design: Array, heights: Array, noise: Array) -> _Fit:
    count, unknowns = design.shape
    plain, *_ = np.linalg.lstsq(design, heights, rcond=None)
    residual = heights - design @ plain
    projection = np.eye(count) - design @ np.linalg.pinv(design)
    free = max(count - unknowns, 1)
    known = float(np.trace(projection @ noise))
    rest = float(residual @ residual)
    wobble = max(0.0, (rest - known) / free)
    covariance = noise + (wobble + _TINY) * np.eye(count)
    inverse = np.linalg.inv(covariance)
    spread = np.linalg.inv(design.T @ inverse @ design)
    found = spread @ (design.T @ inverse @ heights)
    error = sqrt(max(float(spread[1, 1]), 0.0))
    freedom = free if wobble > float(np.trace(noise)) / count else inf
    return _Fit(float(found[1]), error, freedom, rest / free)


def gaussian_noise(scales: Array, cells: Array, p: float, order: int, slope: float) -> Array:
    """Covariance of log₂ of power means of differences, if the samples are those of a Gaussian path.

    The path has the spectrum |ω|^(−2s−1), s being the slope, so cross-covariances of Δ_h^r and Δ_k^r have the spectrum
    (2 sin ωh/2)^r (2 sin ωk/2)^r |ω|^(−2s−1), and by Parseval's formula the covariance of the two mean squares is the
    integral of its square. For p other than 2 the variances are larger by the factor of a single Gaussian.

    Parameters
    ----------
    scales
        log₂ of the shifts.
    cells
        The length of the domain over each shift.
    p, order, slope
        Of the means, of the differences, and of the line.
    """
    smooth = min(max(slope, 0.05), order - 0.1)
    table = _ratios(round(smooth, 1), order)
    steps = np.rint(np.abs(scales[:, None] - scales[None, :]) * PER_OCTAVE).astype(int)
    known = np.where(steps < len(table), table[np.minimum(steps, len(table) - 1)], 0.0)
    finer = np.minimum(1 / cells[:, None], 1 / cells[None, :])
    moment = 1.0
    if p < 100:
        even = exp(lgamma(p + 0.5) + lgamma(0.5) - 2 * lgamma((p + 1) / 2))
        moment = (even - 1) / (p * p / 2)
    return known * finer * moment / (4 * log(2) ** 2)


@lru_cache(maxsize=256)
def _ratios(slope: float, order: int) -> Array:
    """Relative covariance of mean squares at shifts 1 and 2^(i/PER_OCTAVE), over a domain of length 1."""
    top = 48 * pi
    omega = (np.arange(_FREQUENCIES) + 0.5) * (top / _FREQUENCIES)
    step = top / _FREQUENCIES
    density = omega ** (-2 * slope - 1)
    first = (2 * np.sin(omega / 2)) ** order
    tail = comb(2 * order, order) * top ** (-2 * slope) / (2 * slope)

    def energy(ratio: float) -> float:
        second = (2 * np.sin(omega * ratio / 2)) ** (2 * order)
        return float(step * np.sum(second * density) + tail)

    alone = energy(1.0)
    found = []
    for i in range(3 * PER_OCTAVE + 1):
        ratio = 2 ** (i / PER_OCTAVE)
        second = (2 * np.sin(omega * ratio / 2)) ** order
        square = step * float(np.sum((first * second * density) ** 2))
        scaled = alone * ratio ** (2 * slope)  # the energy at that shift, by scaling
        found.append(2 * pi * square / (alone * scaled))
    return np.array(found)
