"""Integrals of |g|^p over many boxes at once, cut where g changes sign.

A box is cut, one axis after the other, at the places where its edges along that axis cross the zero set of g: between
two cuts the integral over the axes that are left depends smoothly on the last one, whatever p is, because the zero set
then meets the box in the same way. Gauss rules do the rest. Where the zero set only touches a face, cuts are missing,
and the adaptive rule around this one (`grid_integrals`) has to notice.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ratelab.exact._quadrature import gauss

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Residual = Callable[[Array, Indices], Array]
"""Points (m, d) and the box of each (m,) → values (m,)."""

_INSET = 1e-9
_CHUNK = 400_000
_ROOT_STEPS = 5
_MORE = 4


def box_integrals(
    residual: Residual, lower: Array, size: Array, owner: Indices, order: int, p: float | None
) -> Array:
    """Return ∫ |g|^p over every box, or ∫ g for p = None.

    Parameters
    ----------
    residual
        The function g.
    lower, size
        (M, d) lower corners and sides.
    owner
        (M,) passed to `residual` with every point of the box.
    order
        Gauss nodes per axis and part.
    p
        At least 1; None for the plain integral.
    """
    dimension = lower.shape[1]
    cut = p is not None and p % 2 != 0
    many = (2 * order) ** dimension if cut else order**dimension
    step = max(_CHUNK // many, 1)
    done = [np.zeros(0)]
    for start in range(0, len(lower), step):
        part = slice(start, start + step)
        if cut:
            assert p is not None
            boxes = _Boxes(lower[part], size[part], owner[part], residual)
            rows = np.arange(len(boxes.owner))
            done.append(_along(boxes, np.zeros_like(boxes.lower), rows, dimension, order, p))
        else:
            done.append(_tensor(residual, lower[part], size[part], owner[part], order, p))
    return np.concatenate(done)


def _tensor(
    residual: Residual, lower: Array, size: Array, owner: Indices, order: int, p: float | None
) -> Array:
    dimension = lower.shape[1]
    nodes, weights = gauss(order)
    unit = np.stack(np.meshgrid(*[(nodes + 1) / 2] * dimension, indexing="ij"), axis=-1).reshape(
        -1, dimension
    )
    factor = np.ones(1)
    for _ in range(dimension):
        factor = np.multiply.outer(factor, weights / 2).ravel()
    points = (lower[:, None] + size[:, None] * unit).reshape(-1, dimension)
    values = residual(points, np.repeat(owner, len(unit)))
    if p is not None:
        values = values * values if p == 2 else np.abs(values) ** p
    return np.asarray(values.reshape(len(lower), -1) @ factor * size.prod(axis=1))


def _rule(order: int, p: float, last: bool) -> tuple[Array, Array]:
    """Return nodes and weights on [0, 1].

    Along the last axis |g|^p itself is integrated, and for a fractional p the nodes gather where it is not smooth.
    """
    if p == int(p) or not last:
        nodes, weights = gauss(order)
        return (nodes + 1) / 2, weights / 2
    nodes, weights = gauss(order + _MORE)
    u, w = (nodes + 1) / 2, weights / 2
    return u * u * (3 - 2 * u), 6 * u * (1 - u) * w


@dataclass(frozen=True, eq=False)
class _Boxes:
    lower: Array
    size: Array
    owner: Indices
    residual: Residual

    def places(self, rows: Indices, axis: int, share: Array) -> Array:
        """Return coordinates at shares of the boxes' sides."""
        return np.asarray(self.lower[rows, axis] + self.size[rows, axis] * share)


def _along(boxes: _Boxes, points: Array, rows: Indices, axes: int, order: int, p: float) -> Array:
    """Return integrals over the first `axes` coordinates, in boxes given by row, the other coordinates being given."""
    if axes == 0:
        return np.asarray(np.abs(boxes.residual(points, boxes.owner[rows])) ** p)
    index, place = _crossings(boxes, points, rows, axes, order)
    every = np.arange(len(rows))
    if len(index):
        index = np.concatenate([every, every, index])
        place = np.concatenate([np.zeros(len(rows)), np.ones(len(rows)), place])
        sort = np.lexsort((place, index))
        index, place = index[sort], place[sort]
        kept = (index[1:] == index[:-1]) & (place[1:] > place[:-1])
        line, start, width = index[:-1][kept], place[:-1][kept], np.diff(place)[kept]
    else:
        line, start, width = every, np.zeros(len(rows)), np.ones(len(rows))
    nodes, weights = _rule(order, p, axes == 1)
    many = np.repeat(line, len(nodes))
    inner = points[many]
    below = rows[many]
    inner[:, axes - 1] = boxes.places(below, axes - 1, (start[:, None] + width[:, None] * nodes).ravel())
    found = _along(boxes, inner, below, axes - 1, order, p)
    parts = found.reshape(-1, len(nodes)) @ weights * width * boxes.size[rows[line], axes - 1]
    return np.asarray(np.bincount(line, weights=parts, minlength=len(rows)), dtype=np.float64)


def _crossings(boxes: _Boxes, points: Array, rows: Indices, axes: int, order: int) -> tuple[Indices, Array]:
    """Return lines and places in [0, 1] of the zeros of g on the boxes' edges along the last of these axes."""
    samples = np.linspace(0.0, 1.0, max(order // 2, 2) + 1)
    samples[0], samples[-1] = _INSET, 1 - _INSET
    lines, places = [np.zeros(0, dtype=np.int64)], [np.zeros(0)]
    for corner in product((_INSET, 1 - _INSET), repeat=axes - 1):
        base = points.copy()
        for axis, share in enumerate(corner):
            base[:, axis] = boxes.places(rows, axis, np.array(share))

        def value(line: Indices, place: Array, base: Array = base) -> Array:
            there, box = base[line], rows[line]
            there[:, axes - 1] = boxes.places(box, axes - 1, place)
            return boxes.residual(there, boxes.owner[box])

        every = np.repeat(np.arange(len(rows)), len(samples))
        found = value(every, np.tile(samples, len(rows))).reshape(len(rows), -1)
        signs = np.sign(found)
        line, column = np.nonzero(signs[:, 1:] * signs[:, :-1] < 0)
        a, b = samples[column], samples[column + 1]
        ends = found[line, column], found[line, column + 1]
        lines.append(line)
        places.append(_zeros(partial(value, line), a, b, *ends))
        line, column = np.nonzero(signs == 0)
        if len(line) < found.size / 2:
            lines.append(line)
            places.append(samples[column])
    return np.concatenate(lines), np.concatenate(places)


def _zeros(value: Callable[[Array], Array], a: Array, b: Array, left: Array, right: Array) -> Array:
    """Return zeros between a and b by regula falsi with halved weights; their error counts squared."""
    for _ in range(_ROOT_STEPS if len(a) else 0):
        gap = right - left
        place = np.where(gap != 0, b - right * (b - a) / np.where(gap != 0, gap, 1.0), b)
        found = value(place)
        crossed = found * right < 0
        a, left = np.where(crossed, b, a), np.where(crossed, right, 0.5 * left)
        b, right = place, found
    return b
