"""Location of cells in float64 against exact location: how wide ramps must be, and where digits are lost."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_BITS = 1100
"""All points are multiples of 2^-1100: no positive float64 in use is smaller than that times 2^53."""
_CELLS = 48
"""Cells of each grid whose edges are tried."""


def located(points: Array, base: int, levels: int, ramp: float) -> Array:
    """Return the positions 1 + N^l·c that float64 gives, c the corner after each of l = 1 … levels.

    Each digit is a sum of differences of two ReLUs of q − k, q = N^l (x − c); x − c is formed first, which is the
    kindest order for float64.

    Parameters
    ----------
    points
        (m,) in [0, 1].
    base, levels, ramp
        N, the number of digits, and δ.

    Returns
    -------
    positions
        (levels, m); whole numbers where nothing is lost and no ramp is met.
    """
    corner = np.zeros_like(points)
    positions = np.empty((levels, len(points)))
    for level in range(1, levels + 1):
        local = float(base**level) * (points - corner)
        digit = np.zeros_like(points)
        for k in range(1, base):
            digit += np.maximum(0.0, (local - k + ramp) / ramp) - np.maximum(0.0, (local - k) / ramp)
        corner = corner + digit / float(base**level)
        positions[level - 1] = 1.0 + float(base**level) * corner
    return positions


def exact_positions(
    points: Array, base: int, levels: int, ramp: Fraction
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the numbers of the points' cells, and which points lie outside all ramps of levels 1 … l.

    Both (levels, m), by whole numbers alone: a float64 is a whole multiple of a power of two.
    """
    one = 1 << _BITS
    scaled = np.array([_whole(float(x)) for x in points], dtype=object)
    numbers = np.empty((levels, len(points)), np.int64)
    outside = np.ones((levels, len(points)), bool)
    clear = np.ones(len(points), bool)
    for level in range(1, levels + 1):
        stretched = scaled * base**level
        cell = np.minimum(stretched // one, base**level - 1)
        left = (cell + 1) * one - stretched
        narrow = left * ramp.denominator < one * ramp.numerator
        clear = clear & ~(np.asarray(narrow, bool) & np.asarray(cell % base != base - 1, bool))
        numbers[level - 1] = (cell + 1).astype(np.int64)
        outside[level - 1] = clear
    return numbers, outside


def edges(base: int, level: int, ramp: Fraction) -> Array:
    """Return float64 numbers nearest to the edges of cells: first of a cell, last before a ramp; about 48 cells."""
    count = base**level
    chosen = sorted({round(j * (count - 1) / (_CELLS - 1)) for j in range(_CELLS)})
    points = []
    for cell in chosen:
        points.append(_towards(Fraction(cell, count), 1))
        points.append(_towards((cell + 1 - ramp) / count, -1))
    return np.array(sorted(set(points)))


def breakdown(
    bases: Sequence[int], levels: int, ramp_bits: Sequence[int], points: Array
) -> tuple[Array, Array, Array, Array]:
    """Compare float64 with exact location on random points and on the edges of cells, in the unit interval.

    Parameters
    ----------
    bases, levels, ramp_bits
        Every N, levels 1 … `levels`, every m of δ = 2^-m.
    points
        (m,) random ones in [0, 1].

    Returns
    -------
    deviation, misclassified, outside, ramps
        Each (bases, levels, ramps), over the points outside all ramps: largest distance of a position from its cell's
        number; share of points whose rounded position is another cell's number; how many points these are; length
        of all ramps up to that level (they meet only if δ > N^(1 − level)).
    """
    shape = (len(bases), levels, len(ramp_bits))
    deviation, wrong, counted, length = (np.zeros(shape) for _ in range(4))
    for i, base in enumerate(bases):
        for k, bits in enumerate(ramp_bits):
            ramp = Fraction(1, 2**bits)
            for level in range(1, levels + 1):
                tried = np.unique(np.concatenate([points, edges(base, level, ramp)]))
                numbers, outside = exact_positions(tried, base, level, ramp)
                kept = outside[-1]
                gap = np.abs(located(tried, base, level, float(ramp))[-1] - numbers[-1])[kept]
                place = (i, level - 1, k)
                deviation[place] = gap.max()
                wrong[place] = np.mean(gap >= 0.5)
                counted[place] = kept.sum()
                length[place] = float(min(Fraction(1), level * ramp * Fraction(base - 1, base)))
    return deviation, wrong, counted, length


def _whole(value: float) -> int:
    numerator, denominator = value.as_integer_ratio()
    return int(numerator * ((1 << _BITS) // denominator))


def _towards(value: Fraction, direction: int) -> float:
    """Return the float64 nearest to a rational that is not below it (direction 1) or not above it (-1)."""
    near = float(value)
    if (Fraction(near) - value) * direction < 0:
        near = float(np.nextafter(near, np.inf * direction))
    return near
