"""Boxes inside the cells of a grid: cut at the lines of a target's own grid, and graded towards its singular points."""

from dataclasses import dataclass
from math import isfinite
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.exact._grid_boxes import Indices
from ratelab.exact._quadrature import singular_points
from ratelab.registry import Target

Array = NDArray[np.float64]

_RATIO = 0.25
_MOST_RINGS = 100
_NEAREST = 2.0**16
_LARGEST = {1: 300_000, 2: 70_000, 3: 120_000}
_DIVERGENT = 0.99995
# rings from which on a trend is read, and the least order k^(−s) of their integrals that is taken to converge
_TREND, _CONVERGENT = 24, 1.2
# boxes per side, so that no rule starts blind to what is narrow
_LEAST = {1: 128, 2: 32, 3: 8}


@dataclass(frozen=True, eq=False)
class Mesh:
    """Boxes that make up [0, 1]^d but for tiny intervals at singular points.

    Parameters
    ----------
    lower, size
        (M, d).
    cell
        (M,) cell of every box, flat in C order.
    share
        (M,) what part of an allowed error a box may have.
    rings
        d = 1: for every singular point and side its boxes from the outermost inwards. What lies inside the last one
        is extrapolated.
    """

    lower: Array
    size: Array
    cell: Indices
    share: Array
    rings: tuple[Indices, ...]


def largest_grid(dimension: int) -> int:
    """Return how many cells per side are averaged at most, in one, two or three variables."""
    return int(_LARGEST[dimension] ** (1 / dimension))


def check_cube(target: Target) -> None:
    """Raise a `UserError` unless the target is one of [0, 1]^d, d ≤ 3."""
    if not isinstance(target, Target):
        raise UserError(f"the target is {target!r}; allowed: a Target, such as registry.targets['sqrt']")
    if target.dimension > 3 or any(tuple(map(float, ends)) != (0.0, 1.0) for ends in target.domain):
        shown = " × ".join(f"[{a:g}, {b:g}]" for a, b in target.domain)
        raise UserError(
            f"target '{target.name}' lives on {shown}; allowed: the unit cube of one, two or three variables"
        )


def check_grid(target: Target, per_side: int) -> None:
    """Raise a `UserError` unless the target is one of [0, 1]^d, d ≤ 3, and so many cells can be averaged."""
    check_cube(target)
    largest = largest_grid(target.dimension)
    if not is_whole(per_side) or not 1 <= per_side <= largest:
        # a number may be too long to write
        found = f"more than {largest}" if is_whole(per_side) and per_side > 10**9 else repr(per_side)
        raise UserError(
            f"target '{target.name}': the number of cells per side is {found}; allowed for dimension "
            f"{target.dimension}: whole numbers from 1 to {largest}"
        )


def is_whole(number: object) -> bool:
    """Return whether it is a finite real number without a fractional part, and no truth value."""
    if isinstance(number, bool | np.bool_) or not isinstance(number, Real):
        return False
    return isinstance(number, Integral) or (isfinite(number) and float(number).is_integer())


def grid_mesh(target: Target, per_side: int, parts: int = 1, more: int = 0) -> Mesh:
    """Return the boxes for the cells of side 1/per_side, each cut into at least so many parts a side, and more."""
    parts = max(parts, -(-_LEAST[target.dimension] // per_side)) + more
    ticks, fine = _ticks(per_side * parts, target.grid)
    cells = fine // parts
    if target.dimension == 1:
        return _line(target, per_side, ticks, cells)
    d = target.dimension
    low, size = (_everywhere(numbers, d) for numbers in (ticks[:-1], np.diff(ticks)))
    cell = (_everywhere(cells, d) * per_side ** np.arange(d)[::-1]).sum(axis=1)
    return Mesh(low, size, cell, size.prod(axis=1), ())


def _everywhere(numbers: NDArray[Any], dimension: int) -> NDArray[Any]:
    """Return all tuples of numbers, (M, d), the last running fastest."""
    return np.stack(np.meshgrid(*[numbers] * dimension, indexing="ij"), axis=-1).reshape(-1, dimension)


def _ticks(per_side: int, grid: int | None) -> tuple[Array, Indices]:
    """Return the places k/n and j/g in [0, 1], in order, and the cell that follows each but the last."""
    own = grid or 1
    whole = np.union1d(np.arange(per_side + 1) * own, np.arange(own + 1) * per_side)
    return whole / (per_side * own), np.asarray(whole[:-1] // own, dtype=np.int64)


def _line(target: Target, per_side: int, ticks: Array, cells: Indices) -> Mesh:
    points = []
    for point in singular_points(target):
        near = ticks[np.abs(ticks - point).argmin()]
        points.append(float(near) if abs(near - point) <= 4e-16 else point)
    edges = np.unique(np.concatenate([ticks, points]))
    # between the knots of a piecewise polynomial nothing has to be graded
    singular = [] if target.pieces is not None else points
    low, high = np.isin(edges[:-1], singular), np.isin(edges[1:], singular)
    plain = ~(low | high)
    parts, found, number = [np.stack([edges[:-1][plain], edges[1:][plain]], axis=1)], [], int(plain.sum())
    for k in np.flatnonzero(~plain):
        a, b = edges[k], edges[k + 1]
        middle = 0.5 * (a + b)
        ways = [(a, middle), (b, middle)] if low[k] and high[k] else [(a, b) if low[k] else (b, a)]
        for point, far in ways:
            places = _toward(point, far)
            parts.append(np.sort(np.stack([places[:-1], places[1:]], axis=1), axis=1))
            found.append(np.arange(number, number + len(places) - 1))
            number += len(places) - 1
    boxes = np.concatenate(parts)
    middle = boxes.mean(axis=1)
    cell = cells[np.clip(np.searchsorted(ticks, middle, side="right") - 1, 0, len(cells) - 1)]
    size = boxes[:, 1] - boxes[:, 0]
    share = np.maximum(size, 1e-3 / per_side)
    return Mesh(boxes[:, :1], size[:, None], cell, share, tuple(found))


def _toward(point: float, far: float) -> Array:
    """Return places from `far` on that approach the point geometrically, as near as floats tell distances to it."""
    reach = abs(far - point)
    nearest = max(_NEAREST * np.spacing(abs(point)), reach * _RATIO**_MOST_RINGS)
    count = max(int(np.log(reach / nearest) / -np.log(_RATIO)), 1) if reach > nearest else 1
    return np.asarray(point + (far - point) * _RATIO ** np.arange(count + 1))


def rest(values: Array, target: Target, p: float | None) -> tuple[float, float]:
    """Return the integral inside the last ring, from the rings' own, and an estimate of its error.

    Raises
    ------
    UserError
        If the rings' integrals do not decrease, so that there is no integral.
    """
    size = np.abs(values)
    if len(values) < 3 or size[-1] == 0:
        # nothing to extrapolate: as if the function were bounded
        return float(values[-1] / 3), float(size[-1])
    back = min(8, len(values) - 1)
    order = _order(size)
    if order is None and size[-1 - back] > 0 and (size[-1] / size[-1 - back]) ** (1 / back) > _DIVERGENT:
        order = 0.0
    if order is not None and order < _CONVERGENT:
        power = "" if p in (None, 1) else f" to the power {p:g}"
        raise UserError(
            f"target '{target.name}'{power} is not integrable on the unit cube, or cannot be told from one that is "
            "not: its integrals over shrinking intervals at a singular point hardly decrease"
        )
    if order is not None:
        rest_of_them = float(values[-1]) * (len(values) / (order - 1) - 0.5)
        return rest_of_them, 0.5 * abs(rest_of_them)
    ratios = []
    for k in (1, 2):
        reach = min(4, len(values) - k)
        ratios.append(_ratio(size[-k], size[-k - reach], reach))
    first, second = (float(values[-1]) * r / (1 - r) for r in ratios)
    return first, abs(first - second) + 2.0**-10 * abs(first)


def _order(size: Array) -> float | None:
    """Return s if the integrals of the rings fall like k^(−s), as logarithms make them, and not geometrically."""
    last = len(size) - 1
    if last < _TREND or not (size[last // 4 :] > 0).all():
        return None
    places = np.log(np.arange(1, last + 2)[[last // 4, last // 2, last]])
    logs = np.log(size[[last // 4, last // 2, last]])
    first, second = -np.diff(logs) / np.diff(places)
    # a geometric fall, in terms of k, gets steeper in proportion to k
    return float(second) if second < 1.25 * first and second < 8 else None


def _ratio(inner: float, outer: float, rings: int) -> float:
    """Return the factor by which integrals fall from ring to ring."""
    return min(float(inner / outer) ** (1 / rings), _DIVERGENT) if outer > 0 else _RATIO
