"""Which cubes of a grid are near a point: a trie over the axes, and distances that are exact where it matters."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Array = NDArray[np.float64]
MarginNorm = Literal["max", "sum"]

_CHUNK = 20_000
_UNIT = 2.0**-52


class CubeIndex:
    """A set of cubes (J, d), asked axis by axis, so that its memory is that of the cubes whatever their extent.

    Parameters
    ----------
    cubes
        Rows in lexicographic order, without repetition.
    """

    def __init__(self, cubes: Integers) -> None:
        self.cubes = cubes
        self.first = cubes.min(axis=0)
        self.extent = cubes.max(axis=0) - self.first + 1
        self.levels = []
        node = np.zeros(len(cubes), dtype=np.int64)
        for axis in range(cubes.shape[1]):
            keys, node = np.unique(
                node * self.extent[axis] + (cubes[:, axis] - self.first[axis]), return_inverse=True
            )
            self.levels.append(keys)

    def descend(self, axis: int, node: Integers, place: Integers) -> tuple[NDArray[np.bool_], Integers]:
        """Return which nodes have a child at these places of an axis, and those children (the cube at the end)."""
        keys = self.levels[axis]
        shifted = place - self.first[axis]
        key = node * self.extent[axis] + shifted
        child = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
        found = (shifted >= 0) & (shifted < self.extent[axis]) & (keys[child] == key)
        return found, child

    def rows(self, cubes: Integers) -> Integers:
        """Return the row of each of these cubes (m, d), −1 for those that are not in the set."""
        node = np.zeros(len(cubes), dtype=np.int64)
        inside = np.ones(len(cubes), dtype=bool)
        for axis in range(cubes.shape[1]):
            found, child = self.descend(axis, node, cubes[:, axis])
            inside &= found
            node = np.where(inside, child, 0)
        return np.where(inside, node, -1)


def contains(
    index: CubeIndex, spacing: Fraction, margin: Fraction, norm: MarginNorm, points: Any
) -> NDArray[np.bool_]:
    """Return which points lie within `margin` of a cube: exactly, for float64 points as for rational ones.

    Floats decide what they can; a point whose decision may depend on rounding is decided in rationals.
    """
    if np.asarray(points).dtype == object:
        return np.array([_exactly(index, spacing, margin, norm, point) for point in points], dtype=bool)
    x = np.asarray(points, dtype=np.float64)
    result = np.zeros(len(x), dtype=bool)
    for start in range(0, len(x), _CHUNK):
        part = x[start : start + _CHUNK]
        inside, undecided = _in_floats(index, spacing, margin, norm, part)
        for row in np.flatnonzero(undecided):
            inside[row] = _exactly(index, spacing, margin, norm, [Fraction(v) for v in part[row].tolist()])
        result[start : start + _CHUNK] = inside
    return result


def _in_floats(
    index: CubeIndex, spacing: Fraction, margin: Fraction, norm: MarginNorm, x: Array
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which points are inside, and which floats leave open; in units of the spacing."""
    d = x.shape[1]
    numerator, denominator = spacing.numerator, spacing.denominator
    dyadic = numerator & (numerator - 1) == 0 and denominator & (denominator - 1) == 0
    reach = float(margin / spacing)
    exact_reach = Fraction(reach) == margin / spacing
    near = index.first - reach - 2, index.first + index.extent + reach + 2
    with np.errstate(all="ignore"):
        t = x / float(spacing)
        candidate = np.flatnonzero(((t > near[0]) & (t < near[1])).all(axis=1))
    t = t[candidate]
    # x / spacing is exact for a power of two, gradual underflow apart
    exact_t = dyadic & ((x[candidate] == 0) | (np.abs(t) > 1e-290))
    room = 8 * _UNIT * (np.abs(t) + reach + 2)
    low = np.ceil(t - reach - room).astype(np.int64) - 1
    high = np.floor(t + reach + room).astype(np.int64)
    point = np.arange(len(t))
    node = np.zeros(len(t), dtype=np.int64)
    away = np.zeros(len(t))
    certain = np.ones(len(t), dtype=bool)
    loose = np.zeros(len(t))
    for axis in range(d):
        count = high[point, axis] - low[point, axis] + 1
        parent = np.repeat(np.arange(len(point)), count)
        step = np.arange(len(parent)) - np.repeat(np.cumsum(count) - count, count)
        owner = point[parent]
        place = low[owner, axis] + step
        found, child = index.descend(axis, node[parent], place)
        parent, owner, place = parent[found], owner[found], place[found]
        node = child[found]
        here = t[owner, axis]
        ends = place.astype(np.float64), (place + 1).astype(np.float64)
        right = here > ends[1]
        one, other = np.where(right, here, ends[0]), np.where(right, ends[1], here)
        gap, lost = _difference(one, other)
        gap, lost = (
            np.where(right | (here < ends[0]), gap, 0.0),
            np.where(right | (here < ends[0]), lost, 0.0),
        )
        strictly = (here >= ends[0] + room[owner, axis]) & (here <= ends[1] - room[owner, axis])
        sound = strictly | (exact_t[owner, axis] & (lost == 0))
        if norm == "sum":
            total, rest = _difference(away[parent], -gap)
            sound &= rest == 0
            away, certain = total, certain[parent] & sound
        else:
            away = np.maximum(away[parent], gap)
            certain = certain[parent] & (sound | (gap < reach - room[owner, axis]))
        loose = loose[parent] + room[owner, axis]
        keep = away <= reach + loose
        point, node, away, certain, loose = owner[keep], node[keep], away[keep], certain[keep], loose[keep]
    decided = certain & exact_reach
    yes = np.where(decided, away <= reach, away <= reach - loose)
    open_ = ~yes & ~decided
    inside, undecided = np.zeros(len(x), dtype=bool), np.zeros(len(x), dtype=bool)
    inside[candidate[point[yes]]] = True
    undecided[candidate[point[open_]]] = True
    return inside, undecided & ~inside


def _difference(a: Array, b: Array) -> tuple[Array, Array]:
    """Return a − b in floats and what rounding lost."""
    value = a - b
    virtual = a - value
    return value, (a - (value + virtual)) + (virtual - b)


def _exactly(
    index: CubeIndex, spacing: Fraction, margin: Fraction, norm: MarginNorm, point: Sequence[Any]
) -> bool:
    """Decide for one point in rationals."""
    values = [Fraction(v) / spacing for v in point]
    reach = margin / spacing
    states: list[tuple[int, Fraction]] = [(0, Fraction(0))]
    for axis, t in enumerate(values):
        low = max(-(-(t - reach) // 1) - 1, int(index.first[axis]))
        high = min((t + reach) // 1, int(index.first[axis] + index.extent[axis]) - 1)
        places = np.arange(low, high + 1, dtype=np.int64)
        following: list[tuple[int, Fraction]] = []
        for node, away in states:
            found, child = index.descend(axis, np.full(len(places), node, dtype=np.int64), places)
            for place, next_node in zip(places[found].tolist(), child[found].tolist(), strict=True):
                gap = max(place - t, t - place - 1, Fraction(0))
                total = away + gap if norm == "sum" else max(away, gap)
                if total <= reach:
                    following.append((next_node, total))
        states = following
    return bool(states)
