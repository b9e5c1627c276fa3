"""Lower ends of the modulus of continuity on the unit cube, from averages over a fine grid.

Averages commute with shifts by whole cells, and by Jensen ‖Δ_h A f‖_p ≤ ‖Δ_h f‖_p for such h: every shift that is tried
gives a lower end of ω_f, with no quadrature error, for functions that jump or are unbounded as well.
"""

from collections.abc import Iterator
from itertools import product
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from ratelab.spaces._differences import shifts_up_to
from ratelab.spaces._shift_directions import directions

Array = NDArray[np.float64]

_ALL = 60
_SHARES = (1.0, 0.84, 0.7, 0.5, 0.35, 0.25, 0.125)
_FEW_SHARES = (1.0, 0.75, 0.5, 0.25)
_ROUNDING = 2.0**-44
_SAFE = 1e120


def modulus_of_averages(values: Array, t: float, p: float, radius: float = 0.0) -> float:
    """Bound ω_f(t)_p from below by averages of f.

    Parameters
    ----------
    values
        Averages over the cubes of side 1/M, shape (M,)*d.
    t
        Scale; 0 is returned where it is below 1/M.
    p
        1 ≤ p < ∞.
    radius
        No average is farther than this from the truth.

    Returns
    -------
    The largest ‖Δ_h A f‖_p over the lattice shifts tried, in one variable eight to the octave, in several along axes,
    diagonals and further directions in lengths from t/8 to t (all of them, if they are few), less the rounding.
    """
    largest = float(np.abs(values).max(initial=0.0))
    if largest == 0.0:
        return 0.0
    best = max((_norm(values, shift, p) for shift in _shifts(values.shape, t)), default=0.0)
    return max(0.0, best * (1 - _ROUNDING) - 2 * radius - _ROUNDING * largest)


def distance_of_averages(fine: Array, values: Array, p: float, radius: float = 0.0) -> float:
    """Bound ‖f − v‖_p from below, v constant on cells, by averages of f over finer cells (Jensen).

    Parameters
    ----------
    fine
        Averages over the cubes of side 1/M, shape (M,)*d.
    values
        Of v, shape (n,)*d with n a divisor of M.
    p, radius
        As in `modulus_of_averages`.
    """
    largest = max(float(np.abs(fine).max()), float(np.abs(values).max()))
    change = fine - refined(values, fine.shape[0] // values.shape[0])
    found = _power_mean(change, change.size, p)
    return max(0.0, found * (1 - _ROUNDING) - radius - _ROUNDING * largest)


def coarsened(values: Array, factor: int) -> Array:
    """Return averages over blocks of factor^d cells."""
    if factor == 1:
        return values
    shape = [part for side in values.shape for part in (side // factor, factor)]
    blocks: Array = values.reshape(shape).mean(axis=tuple(range(1, 2 * values.ndim, 2)))
    return np.ascontiguousarray(blocks)


def refined(values: Array, factor: int) -> Array:
    """Return the same step function on cells that are `factor` times smaller."""
    for axis in range(values.ndim):
        values = np.repeat(values, factor, axis=axis)
    return values


def _norm(values: Array, shift: tuple[int, ...], p: float) -> float:
    here = tuple(slice(max(0, -k), min(n, n - k)) for k, n in zip(shift, values.shape, strict=True))
    there = tuple(slice(max(0, k), min(n, n + k)) for k, n in zip(shift, values.shape, strict=True))
    change = values[there] - values[here]
    return _power_mean(change, values.size, p) if change.size else 0.0


def _power_mean(change: Array, count: int, p: float) -> float:
    """Return (Σ |c|^p / count)^(1/p); the array is overwritten."""
    largest = float(max(change.max(), -change.min()))
    if largest == 0.0:
        return 0.0
    if p == 2 and 1 / _SAFE < largest < _SAFE:
        return sqrt(float(np.einsum("i,i->", change.ravel(), change.ravel())) / count)
    sizes = np.abs(change, out=change)
    if p == 1 and largest < _SAFE:
        return float(sizes.sum()) / count
    return float(largest * (float(((sizes / largest) ** p).sum()) / count) ** (1 / p))


def _shifts(shape: tuple[int, ...], t: float) -> Iterator[tuple[int, ...]]:
    """Lattice vectors of length at most t·M, one of each pair ±k."""
    side, dimension = shape[0], len(shape)
    reach = t * side * (1 + 1e-12)
    longest = int(min(reach, side - 1))
    if longest < 1:
        return
    if dimension == 1:
        yield from ((k,) for k in shifts_up_to(longest))
        return
    if (2 * longest + 1) ** dimension <= 2 * _ALL:
        for k in product(range(-longest, longest + 1), repeat=dimension):
            if k > (0,) * dimension and sum(x * x for x in k) <= reach * reach:
                yield k
        return
    seen: set[tuple[int, ...]] = set()
    for direction in directions(dimension, 12).round(15):
        for share in _SHARES if dimension == 2 else _FEW_SHARES:
            # towards 0, so that no vector is longer than it may be
            k = tuple(int(x) for x in np.trunc(direction * (share * reach) * (1 + 1e-12)))
            if any(k) and k not in seen and sum(x * x for x in k) <= reach * reach:
                seen.add(k)
                yield k
