"""Which cell a float64 point lies in: exactly, by error-free products; and as the steps find it in float64.

A float64 number times N^t is the exact sum of two float64 numbers (Dekker's product). So ⌊N^t x⌋ and the distance to
the next whole number are known exactly, or rounded once, and so is whether the point lies on a ramp. Only there must
the corner be followed in rational arithmetic.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks._numbers import rational

if TYPE_CHECKING:
    from ratelab.networks._localisation import Localisation

Array = NDArray[np.float64]
_SPLIT = 134217729.0
"""2^27 + 1: halves the digits of a float64 number."""


class Cells(NamedTuple):
    """Cells of points, exactly.

    Attributes
    ----------
    numbers
        (m, L) whole numbers κ − 1, meaningless from `ramp` on.
    ramp
        (m,) first level on whose ramps the point lies, 0 if there is none.
    """

    numbers: NDArray[np.int64]
    ramp: NDArray[np.int64]


class Location(NamedTuple):
    """What the steps find in float64.

    Attributes
    ----------
    positions
        (m, L) cell numbers κ of levels 1 … L as the network computes them; whole numbers outside ramps, up to rounding.
    digits
        (m, L, d) sums of steps, in [0, N − 1].
    ramps
        (m, L), whether the point lies on a ramp of that level or an earlier one, exactly.
    """

    positions: Array
    digits: Array
    ramps: NDArray[np.bool_]


def nearest(value: fmpq) -> float:
    """Return a rational of any length as the nearest float64 number."""
    return int(value.p) / int(value.q)


def checked_points(points: object, dimension: int) -> Array:
    """Return points as float64 of shape (m, d), or raise UserError."""
    try:
        found = np.asarray(points, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UserError(f"points must be float64 numbers of shape (m, {dimension}): {error}") from None
    if found.ndim != 2 or found.shape[1] != dimension:
        raise UserError(f"points must have shape (m, {dimension}); found {found.shape}")
    outside = ~((found >= 0) & (found <= 1))
    if outside.any():
        raise UserError(
            f"{found[outside][0]} is a coordinate outside [0, 1]; the network is built for the unit cube"
        )
    return found


def _product(x: Array, factor: float) -> tuple[Array, Array]:
    """Return x · factor as a float64 number and the exact rest (Dekker)."""
    high = x * factor
    big = _SPLIT * x
    x_high = big - (big - x)
    big_factor = _SPLIT * factor
    f_high = big_factor - (big_factor - factor)
    x_low, f_low = x - x_high, factor - f_high
    return high, x_low * f_low - (((high - x_high * f_high) - x_low * f_high) - x_high * f_low)


def cells_of(shape: "Localisation", x: Array, levels: int) -> Cells:
    """Return the cells of float64 points in [0, 1]^d.

    Below 2^-900 the rest of a product may underflow; such coordinates lie in cell 0, far from its ramp.
    """
    numbers = np.empty((len(x), levels), dtype=np.int64)
    ramp = np.zeros(len(x), dtype=np.int64)
    width = nearest(shape.ramp)
    for level in range(1, levels + 1):
        scale = shape.base**level
        high, low = _product(x, float(scale))
        whole = np.floor(high)
        part = high - whole
        # high may be a whole number from which a negative rest leads back
        below = (part == 0) & (low < 0)
        whole = np.where(below, whole - 1, whole)
        gap = np.where(below, -low, (1.0 - part) - low)
        index = np.minimum(whole, scale - 1).astype(np.int64)
        climbs = (index % shape.base != shape.base - 1) & (gap <= width * (1 + 2**-40))
        for row in np.flatnonzero(climbs.any(axis=1) & (ramp == 0)):
            point = [rational(float(v)) for v in x[row]]
            ramp[row] = shape.ramp_level(point, level)
        numbers[:, level - 1] = index @ np.array(shape.places(level), dtype=np.int64)
    return Cells(numbers, ramp)


def locate(shape: "Localisation", x: Array, levels: int) -> Location:
    """Return what the steps find in float64, layer after layer.

    Raises
    ------
    UserError
        If float64 does not resolve the ramps (see `require_resolved`).
    """
    require_resolved(shape, levels)
    width = nearest(shape.ramp)
    corner = np.zeros_like(x)
    positions = np.empty((len(x), levels))
    digits = np.empty((len(x), levels, shape.dimension))
    for level in range(1, levels + 1):
        scale = float(shape.base**level)
        offset = scale * (x - corner)
        digit = np.zeros_like(x)
        for k in range(1, shape.base):
            digit += np.maximum((offset - k + width) / width, 0) - np.maximum((offset - k) / width, 0)
        corner = corner + digit / scale
        digits[:, level - 1] = digit
        positions[:, level - 1] = 1 + (scale * corner) @ np.array(shape.places(level), dtype=np.float64)
    ramp = cells_of(shape, x, levels).ramp
    inside = (ramp[:, None] > 0) & (np.arange(1, levels + 1) >= ramp[:, None])
    return Location(positions, digits, inside)


def require_resolved(shape: "Localisation", levels: int) -> None:
    """Refuse ramps that float64 steps do not resolve down to a level.

    The offset q = N^t (x − c) has a rounding error of at most N^t (L + 2)·2^-53: one of each addition to c, one of
    x − c. It matters on and beside a ramp only, where a step divides it by δ; each of the N − 1 pairs adds at most
    6N/δ·2^-53, because its terms are at most N/δ. An error e of digit t moves the cell number by at most N^(dL − t)·e.
    Summed, the cell number is wrong by less than 1/4, so that rounding finds the cell, if
    δ ≥ N^(dL)·(L(L + 2) + 12N)·2^-51.

    Raises
    ------
    UserError
        If δ is smaller.
    """
    least = fmpq(shape.cells(levels) * (levels * (levels + 2) + 12 * shape.base), 2**51)
    if shape.ramp < least:
        raise UserError(
            f"ramps of width {nearest(shape.ramp):.3g} are narrower than float64 steps resolve at level {levels} with "
            f"base {shape.base} in dimension {shape.dimension}; allowed: {nearest(least):.3g} or more, or fewer levels"
        )
