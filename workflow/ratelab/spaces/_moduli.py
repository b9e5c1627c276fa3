"""Moduli of continuity and of smoothness, of samples and of targets."""

from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ratelab._errors import UserError
from ratelab.registry import Target
from ratelab.spaces._differences import (
    checked_norm,
    checked_order,
    checked_samples,
    difference_means,
    shifts_up_to,
)
from ratelab.spaces._moduli_upper import upper_modulus
from ratelab.spaces._shift_directions import directions

Array = NDArray[np.float64]

_SAMPLES = {1: 1 << 14, 2: 256, 3: 48}
_SHARES = (1.0, 0.84, 0.7, 0.5, 0.35, 0.25)
_FEW_SHARES = (1.0, 0.7, 0.5)


@dataclass(frozen=True, eq=False)
class Modulus:
    """Values of ω_r(f, t)_p = sup over 0 < |h| ≤ t of ‖Δ_h^r f‖ in L_p where Δ_h^r f is defined.

    Parameters
    ----------
    t
        Scales.
    value
        The supremum over the shifts that were tried, so a lower end, but for quadrature; NaN where t is below the
        spacing of samples.
    upper
        An upper end; NaN where there is none. Of samples it is one of the supremum over all shifts of the grid; of
        targets it is certified, and of the function itself.
    p, order
        Exponent of the norm, and r.
    """

    t: Array
    value: Array
    upper: Array
    p: float
    order: int


def modulus_of_samples(
    values: ArrayLike, spacing: float, t: ArrayLike, p: float = 2, order: int = 1
) -> Modulus:
    """Modulus of smoothness of samples on a uniform grid.

    All shifts up to 16 cells are tried and eight to the octave beyond, so time is linear in the samples, but for the
    logarithm of t over the spacing, and so is memory. For order 1 every other shift k is a tried one plus a rest j, and
    ω(k) ≤ ω(tried) + ω(j) (p-th powers for p < 1) bounds what was not tried; for higher orders so does
    2^(r−1) ω_1, times 2^((r−1)(1/p−1)) for p < 1. The integral is the trapezium sum over the grid.

    Parameters
    ----------
    values
        (m,), finite.
    spacing
        Of the grid, above 0.
    t
        Scales, one or several, above 0; what exceeds the longest shift, the length over the order, changes nothing.
    p, order
        0 < p ≤ ∞, and r from 1 to 16.

    Raises
    ------
    UserError
        If samples are not finite, or a parameter is out of range.
    """
    samples = checked_samples(values)
    checked_norm(p)
    r = checked_order(order)
    scales = _checked_scales(t)
    _checked_spacing(spacing)
    cells = len(samples) - 1
    reach = [_cells_in(scale, spacing) for scale in scales]
    top = min(max(reach), cells // r)
    shifts = sorted(set(shifts_up_to(top)) | {min(k, cells // r) for k in reach if min(k, cells // r) >= 1})
    norms = _norms(samples, shifts, spacing, p, r)
    first = norms if r == 1 else _norms(samples, shifts, spacing, p, 1)
    growth = 2.0 ** (r - 1) if p >= 1 else 2.0 ** ((r - 1) / p)
    bounds = growth * _all_shifts(shifts, first, min(p, 1.0))
    best = np.maximum.accumulate(norms) if shifts else norms
    # every shift up to 16 is tried, and there the supremum is known
    complete = np.searchsorted(shifts, np.array(shifts_up_to(min(top, 16)) or [0]))
    if len(complete):
        bounds[: complete[-1] + 1] = best[: complete[-1] + 1]
    value, upper = np.full(len(scales), np.nan), np.full(len(scales), np.nan)
    for i, cap in enumerate(reach):
        index = int(np.searchsorted(shifts, min(cap, cells // r), side="right")) - 1
        if index >= 0:
            value[i], upper[i] = best[index], max(best[index], bounds[index])
    return Modulus(scales, value, upper, p, r)


def averaged_modulus_of_samples(
    values: ArrayLike, spacing: float, t: ArrayLike, p: float = 2, order: int = 1
) -> Array:
    """Averaged modulus w_r(f, t)_p = (1/t ∫_0^t ‖Δ_h^r f‖^p dh)^(1/p), smoother in t than ω_r and equivalent to it.

    The integral over h is a trapezium sum over the shifts of `modulus_of_samples`, half a per cent off where the
    norms grow like h²; for p = ∞ it is that modulus. NaN where t is below the spacing. Parameters and errors are
    those of `modulus_of_samples`.
    """
    if p == inf:
        return modulus_of_samples(values, spacing, t, p, order).value
    samples = checked_samples(values)
    checked_norm(p)
    r = checked_order(order)
    scales = _checked_scales(t)
    _checked_spacing(spacing)
    longest = (len(samples) - 1) // r
    reach = [min(_cells_in(scale, spacing), longest) for scale in scales]
    shifts = sorted(set(shifts_up_to(max(reach))) | {k for k in reach if k})
    if not shifts:
        return np.full(len(scales), np.nan)
    powers = np.concatenate([[0.0], _norms(samples, shifts, spacing, p, r) ** p])
    places = np.concatenate([[0.0], np.array(shifts, dtype=np.float64)])
    steps = np.diff(places) * (powers[1:] + powers[:-1]) / 2
    integral = np.concatenate([[0.0], np.cumsum(steps)])
    index = np.searchsorted(places, np.array(reach, dtype=np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.array((integral[index] / places[index]) ** (1 / p))


def modulus(
    target: Target,
    t: ArrayLike,
    p: float = 2,
    order: int = 1,
    *,
    samples: int | None = None,
    certify: bool = False,
) -> Modulus:
    """Modulus of continuity (order 1) or of smoothness of a target.

    In one variable samples on a grid go to `modulus_of_samples`. In several, |h| is Euclidean: shifts are tried in the
    directions of the axes and diagonals and in further ones spread over the half sphere, with lengths from t/4
    to t, each by the midpoint rule on the points whose shifted copies lie inside the domain. Values of several
    outputs are joined by the Euclidean norm. `value` is a lower end but for quadrature; for p = ∞, where
    there is none, it is one but for rounding.

    Parameters
    ----------
    target
        Any number of variables; a grid of 256² or 48³ points in two and three.
    t
        Scales, above 0.
    p, order
        0 < p ≤ ∞, and r from 1 to 16.
    samples
        Cells along each axis; by default 16384, 256 and 48 in one, two and more variables.
    certify
        d = 1 and order 1: also bound the modulus from above, by enclosures of the target on cells.

    Raises
    ------
    UserError
        If a parameter is out of range, or an upper end is asked for and the target has no enclosure.
    """
    checked_norm(p)
    r = checked_order(order)
    scales = _checked_scales(t)
    if samples is not None and (samples != int(samples) or samples < 2):
        raise UserError(f"modulus: samples are {samples}; allowed: whole numbers from 2 on")
    cells = samples or _SAMPLES.get(target.dimension, 16)
    if target.dimension == 1:
        low, high = target.domain[0]
        values = target(np.linspace(low, high, cells + 1))
        if values.shape[1] == 1:
            found = modulus_of_samples(values, (high - low) / cells, scales, p, r)
            upper = np.full(len(scales), np.nan)
            if certify:
                upper = upper_modulus(target, scales, p, r)
            return Modulus(scales, found.value, upper, p, r)
    if certify:
        raise UserError(f"target '{target.name}': upper ends of moduli are for one variable and one value")
    points = _grid(target, cells)
    sides = np.array([high - low for low, high in target.domain])
    volume = float(np.prod(sides / cells))
    value = np.array([_largest(target, points, volume, scale, p, r) for scale in scales])
    order_of_scales = np.argsort(scales)
    value[order_of_scales] = np.maximum.accumulate(value[order_of_scales])
    return Modulus(scales, value, np.full(len(scales), np.nan), p, r)


def _largest(target: Target, points: Array, volume: float, scale: float, p: float, order: int) -> float:
    low = np.array([side[0] for side in target.domain])
    high = np.array([side[1] for side in target.domain])
    best = 0.0
    for direction in directions(target.dimension, 20):
        for share in _SHARES if target.dimension < 3 else _FEW_SHARES:
            shift = share * scale * direction
            last = points + order * shift
            inside = points[((last >= low) & (last <= high)).all(axis=1)]
            if not len(inside):
                continue
            total: Any = 0.0
            for j, weight in enumerate(_signed_binomials(order)):
                total = total + weight * target(np.clip(inside + j * shift, low, high))
            sizes = np.sqrt((total**2).sum(axis=1))
            largest = float(sizes.max())
            if p < inf and largest > 0:
                largest *= float(((sizes / largest) ** p).sum() * volume) ** (1 / p)
            best = max(best, largest)
    return best


def _grid(target: Target, cells: int) -> Array:
    axes = [low + (np.arange(cells) + 0.5) * ((high - low) / cells) for low, high in target.domain]
    return np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)


def _signed_binomials(order: int) -> list[float]:
    from math import comb

    return [(-1.0) ** (order - j) * comb(order, j) for j in range(order + 1)]


def _norms(samples: Array, shifts: list[int], spacing: float, p: float, order: int) -> Array:
    """L_p norms of the differences, the means times the length of where they are defined."""
    means = difference_means(samples, shifts, p, order)
    if p == inf:
        return means
    cells = np.array([max(len(samples) - 1 - order * k, 0) for k in shifts], dtype=np.float64)
    return np.array(means * (cells * spacing) ** (1 / p))


def _all_shifts(shifts: list[int], norms: Array, power: float) -> Array:
    """Bound order-1 differences of all shifts up to each tried one, by subadditivity of their `power`-th powers."""
    bound = np.zeros(len(shifts))
    for i, norm in enumerate(norms):
        before = bound[i - 1] if i else 0.0
        gap = shifts[i] - (shifts[i - 1] if i else 0) - 1
        between = 0.0
        if gap:
            rest = int(np.searchsorted(shifts, gap, side="left"))  # all shifts up to `gap` are bounded there
            between = (norms[i - 1] ** power + bound[min(rest, i - 1)] ** power) ** (1 / power)
        bound[i] = max(before, norm, between)
    return bound


def _cells_in(scale: float, spacing: float) -> int:
    return int(min(scale / spacing * (1 + 1e-12), 2.0**62))


def _checked_scales(t: ArrayLike) -> Array:
    scales = np.atleast_1d(np.asarray(t, dtype=np.float64))
    if scales.ndim != 1 or not len(scales) or not (scales > 0).all() or not np.isfinite(scales).all():
        raise UserError(f"scales t are {np.asarray(t).tolist()}; allowed: positive finite numbers")
    return scales


def _checked_spacing(spacing: float) -> None:
    if not 0 < spacing < inf:
        raise UserError(f"the spacing of the samples is {spacing}; allowed: positive finite numbers")
