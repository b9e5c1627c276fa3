"""The grid cubes that meet the interior of a support, each with a point of the support as a witness."""

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from math import ceil, floor, prod
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.exact._cube_union import CubeUnion
from ratelab.exact._support_cells import (
    ROUNDING,
    belongs,
    check_support_kind,
    classify,
    parts,
    sides,
    sizes,
)
from ratelab.registry import Ball, Box, Boxes, LevelSet, Support

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

_MOST_CUBES = 1_000_000
_FIRST = 4096
_DEPTH = {1: 8, 2: 6, 3: 4}
_MOST_OPEN = 2_000_000


@dataclass(frozen=True, eq=False)
class Cover:
    """All grid cubes whose interior meets the interior of a support.

    Parameters
    ----------
    union
        The cubes, without margin.
    witnesses
        For every cube a point of the support in the closed cube (J, d), in float64; NaN where none was found.
    certainty
        ``rigorous`` for boxes and balls, where every cube is decided in rational arithmetic. ``numerical`` for level
        sets: no cube that meets the set is missing, up to the rounding of its function, and `undecided` cubes may be
        too many.
    undecided
        Number of cubes that could neither be excluded nor be given a witness.
    """

    union: CubeUnion
    witnesses: Array = field(repr=False)
    certainty: Literal["rigorous", "numerical"]
    undecided: int = 0


def cover(support: Support, spacing: Fraction | float) -> Cover:
    """Return the grid cubes Π [h·k_i, h·(k_i + 1)] whose interior meets the interior of a support.

    A support that is the closure of its interior lies in their union.

    Parameters
    ----------
    support
        Box, Boxes or Ball: exact in rational arithmetic. LevelSet: a cube is excluded where the value at its centre is
        above the Lipschitz constant times half the diagonal; it is subdivided until that holds for all parts or a point
        with a value of at most 0 is found, to a depth of 8, 6 or 4 halvings in 1, 2 or 3 variables.
    spacing
        h > 0.

    Raises
    ------
    UserError
        If the spacing is not positive, the support is of another kind, it has no interior that the grid sees, or more
        than 10^6 cubes would be needed.
    """
    check_support_kind(support)
    try:
        h = Fraction(spacing)
    except (TypeError, ValueError, OverflowError):
        raise UserError(f"cover: spacing is {spacing!r}; allowed: above 0, finite") from None
    if not h > 0:
        raise UserError(f"cover: spacing is {spacing}; allowed: above 0")
    if isinstance(support, Box | Boxes):
        return _boxes(support, h)
    if isinstance(support, Ball):
        return _ball(support, h)
    return _level_set(support, h)


def index_range(low: Fraction, high: Fraction, spacing: Fraction) -> tuple[int, int]:
    """Return the first and the last index of the cells whose interior meets the open interval (low, high)."""
    return floor(low / spacing), ceil(high / spacing) - 1


def _too_many(count: float, spacing: Fraction) -> UserError:
    return UserError(
        f"cover: spacing {spacing} would need {'about ' if count > _MOST_CUBES else 'more than '}{count:.3g} cubes; "
        f"allowed: up to {_MOST_CUBES:.0e}, so take a larger spacing"
    )


def _grid(ranges: list[tuple[int, int]]) -> Integers:
    axes = [np.arange(a, b + 1, dtype=np.int64) for a, b in ranges]
    return np.stack([part.ravel() for part in np.meshgrid(*axes, indexing="ij")], axis=1)


def _boxes(support: Box | Boxes, h: Fraction) -> Cover:
    ranges = [[index_range(a, b, h) for a, b in sides(box)] for box in parts(support)]
    counts = [prod(b - a + 1 for a, b in box) for box in ranges]
    if max(counts) > _MOST_CUBES or sum(counts) > 10 * _MOST_CUBES:
        raise _too_many(max(counts), h)
    every = [_grid(box) for box in ranges]
    union = CubeUnion(h, np.concatenate(every))
    if len(union) > _MOST_CUBES:
        raise _too_many(len(union), h)
    witnesses = np.full(union.cubes.shape, np.nan)
    for box, cubes in zip(reversed(parts(support)), reversed(every), strict=True):
        columns = []
        for axis, (a, b) in enumerate(sides(box)):
            first, last = int(cubes[:, axis].min()), int(cubes[:, axis].max())
            table = np.array([_middle(max(a, k * h), min(b, (k + 1) * h)) for k in range(first, last + 1)])
            columns.append(table[cubes[:, axis] - first])
        witnesses[union.index.rows(cubes)] = np.stack(columns, axis=1)
    witnesses[np.isnan(witnesses).any(axis=1)] = np.nan
    return Cover(union, witnesses, "rigorous", 0)


def _middle(low: Fraction, high: Fraction) -> float:
    """Return a float64 number of an interval near its middle, NaN if there is none."""
    value = float((low + high) / 2)
    return value if low <= Fraction(value) <= high else float("nan")


def _start(support: Ball | LevelSet, h: Fraction) -> tuple[Integers, int]:
    """Return coarse cubes that hold the support's box, and how many times they are to be halved."""
    bounds = [(Fraction(a), Fraction(b)) for a, b in support.bounds]
    for halvings in range(200):
        ranges = [index_range(a, b, h * 2**halvings) for a, b in bounds]
        if prod(b - a + 1 for a, b in ranges) <= max(_FIRST, 2 ** len(bounds)):
            break
    return _grid(ranges), halvings


def _corners(cubes: Integers, side: float) -> tuple[Array, Array]:
    return np.asarray(cubes * side, dtype=np.float64), np.asarray((cubes + 1) * side, dtype=np.float64)


def _halved(cubes: Integers) -> Integers:
    d = cubes.shape[1]
    steps = np.array(list(product((0, 1), repeat=d)), dtype=np.int64)
    return np.asarray((2 * cubes[:, None, :] + steps).reshape(-1, d))


def _refined(support: Ball | LevelSet, h: Fraction) -> Integers:
    """Return cubes of side h among which are all that meet the interior of the support."""
    cubes, halvings = _start(support, h)
    for level in range(halvings, -1, -1):
        cubes = cubes[classify(support, *_corners(cubes, float(h * 2**level))) >= 0]
        if len(cubes) > 3 * _MOST_CUBES // 2 or (level and len(cubes) << cubes.shape[1] > 20 * _MOST_CUBES):
            raise _too_many(len(cubes), h)
        if level:
            cubes = _halved(cubes)
    return cubes


def _ball(support: Ball, h: Fraction) -> Cover:
    cubes = _refined(support, h)
    low, high = _corners(cubes, float(h))
    centre = np.array([float(c) for c in support.centre])
    radius = float(support.radius)
    nearest = np.clip(centre, low, high)
    away = np.sqrt(((nearest - centre) ** 2).sum(axis=1))
    room = 1e-11 * (radius + np.abs(centre).max() + float(h))
    keep = away < radius - room
    exact_centre, square = [Fraction(c) for c in support.centre], Fraction(support.radius) ** 2
    for row in np.flatnonzero(np.abs(away - radius) <= room):
        gaps = [
            max(k * h - c, c - (k + 1) * h, Fraction(0))
            for k, c in zip(cubes[row].tolist(), exact_centre, strict=True)
        ]
        keep[row] = sum(gap * gap for gap in gaps) < square
    if np.count_nonzero(keep) > _MOST_CUBES:
        raise _too_many(int(np.count_nonzero(keep)), h)
    union = CubeUnion(h, cubes[keep])
    low, high, nearest, away = low[keep], high[keep], nearest[keep], away[keep]
    # from the nearest point a part of the way to the cube's centre, so that rounding leaves neither set
    inward = (low + high) / 2 - nearest
    length = np.sqrt((inward**2).sum(axis=1))
    share = np.minimum(1.0, (radius - away) / (2 * np.maximum(length, 1e-300)))
    witnesses = nearest + np.maximum(share, 0.0)[:, None] * inward
    order = _order(union, cubes[keep])
    witnesses = witnesses[order]
    witnesses[~belongs(support, witnesses)] = np.nan
    return Cover(union, witnesses, "rigorous", 0)


def _order(union: CubeUnion, cubes: Integers) -> Integers:
    result = np.empty(len(union), dtype=np.int64)
    result[union.index.rows(cubes)] = np.arange(len(cubes))
    return result


def _level_set(support: LevelSet, h: Fraction) -> Cover:
    """Look for witnesses in undecided cubes: centres and corners, then those of their parts."""
    cubes = _refined(support, h)
    allowed = [index_range(Fraction(a), Fraction(b), h) for a, b in support.bounds]
    inside_box = np.all([(cubes[:, i] >= a) & (cubes[:, i] <= b) for i, (a, b) in enumerate(allowed)], axis=0)
    cubes = cubes[inside_box]
    d = cubes.shape[1]
    witnesses = np.full(cubes.shape, np.nan)
    alive = np.zeros(len(cubes), dtype=bool)
    parent, part, side = np.arange(len(cubes)), cubes, float(h)
    depth = _DEPTH.get(d, 2)
    for level in range(depth + 1):
        low, high = _corners(part, side)
        found = _point(support, low, high)
        hit = ~np.isnan(found[:, 0])
        witnesses[parent[hit]] = found[hit]
        alive[parent[hit]] = True
        open_ = ~alive[parent]
        if level == depth or not open_.any() or np.count_nonzero(open_) << d > _MOST_OPEN:
            alive[parent[open_]] = True  # what stays undecided is kept
            break
        parent, part, side = np.repeat(parent[open_], 2**d), _halved(part[open_]), side / 2
        rest = classify(support, *_corners(part, side)) >= 0
        parent, part = parent[rest], part[rest]
        if not len(part):
            break
    if not alive.any():
        raise UserError(f"cover: the level set has no point in its box {support.box}")
    if np.count_nonzero(alive) > _MOST_CUBES:
        raise _too_many(int(np.count_nonzero(alive)), h)
    union = CubeUnion(h, cubes[alive])
    witnesses = witnesses[alive][_order(union, cubes[alive])]
    return Cover(union, witnesses, "numerical", int(np.isnan(witnesses[:, 0]).sum()))


def _point(support: LevelSet, low: Array, high: Array) -> Array:
    """Return for each cube a point of its part in the support's box that belongs to the set, NaN if none was tried.

    The centre is tried, then the corners, where the value must be below 0 by more than rounding: then the cube's
    interior meets the set, while a value of 0 may be all that the cube has of it.
    """
    ends: Any = support.bounds
    low = np.maximum(low, np.array([float(a) for a, _ in ends]))
    high = np.minimum(high, np.array([float(b) for _, b in ends]))
    result = np.full(low.shape, np.nan)
    rows = np.flatnonzero((low <= high).all(axis=1))
    d = low.shape[1]
    room = ROUNDING * support.lipschitz * (1 + sizes(low, high))
    for step in ([0.5] * d, *product((0.0, 1.0), repeat=d)):
        if not len(rows):
            break
        point = low[rows] + (high - low)[rows] * np.array(step)
        inside = support(point) <= (0.0 if step[0] == 0.5 else -room[rows])
        result[rows[inside]] = point[inside]
        rows = rows[~inside]
    return result
