"""Measures of differences between unions of cubes and supports, and boxes outside a support."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import inf, nextafter, pi, prod

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.exact._cover import cover
from ratelab.exact._cube_union import CubeUnion
from ratelab.exact._cube_union_boxes import boxes_of_cells, corners
from ratelab.exact._cube_union_grid import RefinedGrid
from ratelab.exact._support_cells import check_support_kind, classify, parts, sides
from ratelab.exact._support_distance import check_pair, misses_nothing
from ratelab.registry import Ball, Box, Boxes, LevelSet, Support

Array = NDArray[np.float64]
Bounds = tuple[float, float]
_Exact = tuple[Fraction, Fraction]

_MOST_BOXES = 200_000
_MOST_GRID = 4_000_000


def leak_measure(union: CubeUnion, support: Support) -> Bounds:
    """Return bounds of the measure of what of a union of cubes lies outside a support.

    For boxes and balls in the union's cubes both bounds agree up to rounding; so they do for boxes in any union in the
    maximum norm. Otherwise boxes are halved along the support's boundary as long as memory is moderate.

    Raises
    ------
    UserError
        If the dimensions differ, or the union's measure needs too large a grid.
    """
    check_pair(union, support)
    return _rounded(_leak(union, support))


def symmetric_difference(union: CubeUnion, other: CubeUnion | Support) -> Bounds:
    """Return bounds of the measure of the symmetric difference of a union of cubes and a support or a second union.

    Two unions may have different spacings; both must be without margin or in the maximum norm, and the bounds agree.

    Raises
    ------
    UserError
        If the dimensions differ, or a union of cubes of a pair has a margin in the sum norm.
    """
    if isinstance(other, CubeUnion):
        if union.dimension != other.dimension:
            raise UserError(
                f"cube unions have {union.dimension} and {other.dimension} variables; both must agree"
            )
        value = _between_unions(union, other)
        return _rounded((value, value))
    check_pair(union, other)
    leak, missed = _leak(union, other), _missed(union, other)
    return _rounded((leak[0] + missed[0], leak[1] + missed[1]))


def _rounded(bounds: _Exact) -> Bounds:
    """Return bounds in float64, rounded outward where they are no float64 numbers."""
    low, high = float(bounds[0]), float(bounds[1])
    low = low if Fraction(low) <= bounds[0] else nextafter(low, -inf)
    high = high if Fraction(high) >= bounds[1] else nextafter(high, inf)
    return max(low, 0.0), max(high, 0.0)


def _base(union: CubeUnion) -> CubeUnion:
    """Return the union itself if it consists of boxes, else its cubes."""
    return CubeUnion(union.spacing, union.cubes) if union.norm == "sum" and union.dimension > 1 else union


def _leak(union: CubeUnion, support: Support) -> _Exact:
    base = _base(union)
    held = misses_nothing(union, cover(support, union.spacing))
    whole = support_measure(support)
    if held:
        low, high = union.measure_bounds
        return max(low - whole[1], Fraction(0)), max(high - whole[0], Fraction(0))
    common = _common(base, support)
    measure = base.measure
    outside = max(measure - common[1], Fraction(0)), measure - common[0]
    if base is union:
        return outside
    low, high = union.measure_bounds
    beyond = max(whole[1] - common[0], Fraction(0))
    return outside[0] + max(low - measure - beyond, Fraction(0)), outside[1] + high - measure


def _missed(union: CubeUnion, support: Support) -> _Exact:
    if misses_nothing(union, cover(support, union.spacing)):
        return Fraction(0), Fraction(0)
    whole = support_measure(support)
    inner = _common(_base(union), support)
    outer = inner
    if _base(union) is not union:
        outer = _common(CubeUnion(union.spacing, union.cubes, union.margin), support)
    return max(whole[0] - outer[1], Fraction(0)), max(whole[1] - inner[0], Fraction(0))


def support_measure(support: Support) -> _Exact:
    """Return bounds of a support's measure: equal for boxes, apart by rounding for balls, by cells for level sets."""
    check_support_kind(support)
    if isinstance(support, Box | Boxes):
        total = sum((_volume(a, b) for a, b in disjoint_boxes(support)), Fraction(0))
        return total, total
    if isinstance(support, Ball):
        # volumes of the unit ball by ω_d = ω_(d−2)·2π/d
        d = support.dimension
        if d == 1:
            return 2 * Fraction(support.radius), 2 * Fraction(support.radius)
        value = Fraction(prod(2 * pi / k for k in range(d, 1, -2)) * (2 if d % 2 else 1))
        value *= Fraction(support.radius) ** d
        room = value / 2**46
        return value - room, value + room
    low, high = (np.array([[float(v) for v in end]]) for end in zip(*support.bounds, strict=True))
    return _by_halving(support, np.nextafter(low, -inf), np.nextafter(high, inf))


def _volume(low: tuple[Fraction, ...], high: tuple[Fraction, ...]) -> Fraction:
    return prod((b - a for a, b in zip(low, high, strict=True)), start=Fraction(1))


def disjoint_boxes(support: Box | Boxes) -> Iterator[tuple[tuple[Fraction, ...], tuple[Fraction, ...]]]:
    """Yield boxes without common interior whose union is the support."""
    given = [sides(box) for box in parts(support)]
    lines = [sorted({v for box in given for v in box[axis]}) for axis in range(support.dimension)]
    if prod(len(axis) - 1 for axis in lines) > _MOST_GRID:
        raise UserError(f"support of {len(given)} boxes: their sides cut space into too many cells")
    inside = np.zeros(tuple(len(axis) - 1 for axis in lines), dtype=bool)
    for box in given:
        inside[
            tuple(slice(axis.index(a), axis.index(b)) for axis, (a, b) in zip(lines, box, strict=True))
        ] = True
    lower, upper = corners(lines, *boxes_of_cells(inside), object)
    yield from zip(map(tuple, lower), map(tuple, upper), strict=True)


def _common(union: CubeUnion, support: Support) -> _Exact:
    """Return bounds of the measure of the intersection with a union of boxes."""
    if isinstance(support, Box | Boxes):
        total = sum((union.grid.measure(a, b) for a, b in disjoint_boxes(support)), Fraction(0))
        return total, total
    low, high = corners(union.grid.edges, *boxes_of_cells(union.grid.inside), np.float64)
    return _by_halving(support, low, high)


def _by_halving(support: Ball | LevelSet, low: Array, high: Array) -> _Exact:
    """Return bounds of the measure of a support's part in boxes without common interior, halving undecided ones."""
    inside = 0.0
    total = float((high - low).prod(axis=1).sum())
    while True:
        kind = classify(support, low, high)
        inside += float((high - low)[kind > 0].prod(axis=1).sum())
        low, high = low[kind == 0], high[kind == 0]
        if not len(low) or 2 * len(low) > _MOST_BOXES:
            break
        axis = (high - low).argmax(axis=1)[:, None]
        middle = np.take_along_axis((low + high) / 2, axis, 1)
        left, right = high.copy(), low.copy()
        np.put_along_axis(left, axis, middle, 1)
        np.put_along_axis(right, axis, middle, 1)
        low, high = np.concatenate([low, right]), np.concatenate([left, high])
    open_ = float((high - low).prod(axis=1).sum())
    room = 1e-12 * total
    return Fraction(max(inside - room, 0.0)), Fraction(inside + open_ + room)


def _between_unions(first: CubeUnion, second: CubeUnion) -> Fraction:
    lines = [sorted({*one, *other}) for one, other in zip(first.grid.edges, second.grid.edges, strict=True)]
    if prod(map(len, lines)) > 60_000_000:
        raise UserError("cube unions: their common grid has too many cells; take larger spacings")
    seen = []
    for union in (first, second):
        inside = np.pad(union.grid.inside, 1)
        for axis, (edges, common) in enumerate(zip(union.grid.edges, lines, strict=True)):
            place = {v: i + 1 for i, v in enumerate(edges)}
            rows, current = [], 0
            for line in common[:-1]:
                current = place.get(line, current)
                rows.append(current)
            inside = inside.take(rows, axis=axis)
        seen.append(inside)
    return RefinedGrid(seen[0] ^ seen[1], tuple(map(tuple, lines))).measure()


@dataclass(frozen=True, eq=False)
class OutsideBoxes:
    """Boxes that share no interior point with a support; unpacks into (low, high).

    Parameters
    ----------
    low, high
        Corners (m, d).
    undecided
        Measure of the cells that could be neither taken nor shown to lie in the support.
    """

    low: Array
    high: Array
    undecided: float

    def __iter__(self) -> Iterator[Array]:
        """Yield low and high."""
        return iter((self.low, self.high))


def outside_boxes(support: Support, radius: float, cells: int) -> OutsideBoxes:
    """Return the cells of a grid on [−radius, radius]^d that share no interior point with a support, for certain.

    Parameters
    ----------
    support
        The grid is split along the sides of boxes as well, so that nothing is left undecided there; a side that is no
        float64 number is moved outward to the next one.
    radius
        R > 0.
    cells
        Per axis, at least 1.

    Raises
    ------
    UserError
        If they are not like this, or the grid has more than 4·10^6 cells.
    """
    check_support_kind(support)
    if not (0 < radius < inf):
        raise UserError(f"outside boxes: radius is {radius}; allowed: above 0, finite")
    if not (isinstance(cells, int | np.integer) and cells >= 1):
        raise UserError(f"outside boxes: cells are {cells}; allowed: integers from 1 on")
    d = support.dimension
    boxes = [_outward(box) for box in parts(support)] if isinstance(support, Box | Boxes) else []
    lines = []
    for axis in range(d):
        regular = np.linspace(-radius, radius, int(cells) + 1)
        ends = np.array([v for box in boxes for v in box[axis]])
        lines.append(np.unique(np.concatenate([regular, ends[np.abs(ends) < radius]])))
    if prod(len(axis) - 1 for axis in lines) > _MOST_GRID:
        raise UserError(
            f"outside boxes: {cells} cells per axis in {d} variables are too many; allowed: {_MOST_GRID} in all"
        )
    low, high = (
        np.stack([part.ravel() for part in np.meshgrid(*ends, indexing="ij")], axis=1)
        for ends in ([axis[:-1] for axis in lines], [axis[1:] for axis in lines])
    )
    if boxes:
        outside, inside = np.ones(len(low), dtype=bool), np.zeros(len(low), dtype=bool)
        for box in boxes:
            a, b = np.array([s for s, _ in box]), np.array([t for _, t in box])
            outside &= ((high <= a) | (low >= b)).any(axis=1)
            inside |= ((low >= a) & (high <= b)).all(axis=1)
        unsure = ~outside & ~inside
    else:
        kind = classify(support, low, high)
        outside, unsure = kind < 0, kind == 0
    return OutsideBoxes(low[outside], high[outside], float((high - low)[unsure].prod(axis=1).sum()))


def _outward(box: Box) -> list[tuple[float, float]]:
    result = []
    for a, b in sides(box):
        low, high = float(a), float(b)
        result.append(
            (
                low if Fraction(low) <= a else nextafter(low, -inf),
                high if Fraction(high) >= b else nextafter(high, inf),
            )
        )
    return result
