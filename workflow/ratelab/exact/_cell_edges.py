"""Cells on which a target is resolved: uniform, or graded towards its singular points."""

from fractions import Fraction
from math import ceil, floor, inf, log2, nextafter, ulp

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.registry import Target

Array = NDArray[np.float64]

_OCTAVES = 48


def cell_edges(target: Target, count: int) -> Array:
    """Edges of about `count` cells that cover the domain of a target of one variable.

    Without singular points, or with a grid, the cells are equal and their number is a power of two (times the
    length, for a grid). Otherwise half of them are spread evenly and half in equal shares over octaves of the
    distance to the singular points, which suits every algebraic singularity. A singular point is an edge if it
    is a float, else the inside of a cell between two neighbouring floats.

    Parameters
    ----------
    target
        One variable.
    count
        Number of cells aimed at, at least 1.

    Returns
    -------
    NDArray
        (M + 1,) strictly increasing float64; the first and the last are the ends of the domain.

    Raises
    ------
    UserError
        If the target has several variables or `count` is below 1.
    """
    if target.dimension != 1:
        raise UserError(f"target '{target.name}': cells are for one variable; it has {target.dimension}")
    if count < 1:
        raise UserError(f"target '{target.name}': {count} cells are asked for; allowed: 1 or more")
    start, end = target.domain[0]
    if target.grid is not None or not target.singular_points:
        return _uniform(start, end, count, target.grid)
    points = sorted({Fraction(p) for p in target.singular_points})
    brackets = [_neighbours(p, start, end) for p in points]
    edges = [np.array([start, end])]
    length = end - start
    left, left_singular = start, False
    for low, high in [*brackets, (end, end)]:
        right_singular = low < end or any(low <= p <= high for p in points)
        share = max(2, round(count * (low - left) / length)) if low > left else 0
        if share:
            edges.append(_graded(left, low, share, left_singular, right_singular))
        edges.append(np.array([low, high]))
        left, left_singular = high, True
    found = np.unique(np.concatenate(edges))
    return found[(found >= start) & (found <= end)]


def _uniform(start: float, end: float, count: int, grid: int | None) -> Array:
    cells = 2 ** max(0, round(log2(count)))
    if grid is not None:
        structure = max(1, round(grid * (end - start)))
        cells = structure * 2 ** max(0, round(log2(count / structure)))
    edges = start + (end - start) * (np.arange(cells + 1) / cells)
    edges[-1] = end
    return np.unique(edges)


def _neighbours(point: Fraction, start: float, end: float) -> tuple[float, float]:
    """The point twice if it is a float, else the floats below and above it, inside the domain."""
    value = float(point)
    if Fraction(value) == point:
        return value, value
    low = value if Fraction(value) < point else nextafter(value, -inf)
    return max(low, start), min(nextafter(low, inf), end)


def _graded(left: float, right: float, count: int, left_singular: bool, right_singular: bool) -> Array:
    if left_singular and right_singular:
        middle = left + (right - left) / 2
        half = (count + 1) // 2
        return np.concatenate(
            [_graded(left, middle, half, True, False), _graded(middle, right, half, False, True)]
        )
    if not (left_singular or right_singular):
        return np.linspace(left, right, count + 1)
    length = right - left
    point = left if left_singular else right
    offsets = _offsets(length, count, _octaves(point, length))
    edges = point + offsets if left_singular else point - offsets
    edges = np.append(edges, right if left_singular else left)
    return edges[(edges >= left) & (edges <= right)]


def _octaves(point: float, length: float) -> int:
    """Halvings of `length` that floats near `point` still resolve into eight cells each."""
    if point == 0:
        return _OCTAVES
    return max(1, min(_OCTAVES, floor(log2(length / (8 * ulp(point))))))


def _offsets(length: float, count: int, octaves: int) -> Array:
    parts = [np.zeros(1)]
    for octave in range(octaves - 1, -1, -1):
        inner, outer = length * 2.0 ** (-octave - 1), length * 2.0**-octave
        cells = ceil(count / 2 * 2.0 ** (-octave - 1) + count / (2 * octaves))
        parts.append(inner + (outer - inner) * (np.arange(cells) / cells))
    return np.concatenate([*parts, np.array([length])])
