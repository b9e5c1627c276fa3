"""Grids on [−R, R]^d that are cut along a support, and which of their points lie in it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks import Network
from ratelab.registry import Ball, Box, Boxes, LevelSet

Array = NDArray[np.float64]

CELLS = {1: 20_000, 2: 400, 3: 60}
_MOST_VALUES = 4_000_000


def inside(support: Any, points: Array) -> NDArray[np.bool_]:
    """Return which points (m, d) lie in a closed set: Box, Ball, Boxes, LevelSet, or anything with `contains`.

    Raises
    ------
    UserError
        If it is none of these.
    """
    if isinstance(support, Box):
        lower, upper = _corners(support)
        return np.asarray(((points >= lower) & (points <= upper)).all(axis=1))
    if isinstance(support, Ball):
        away = points - np.array([float(c) for c in support.centre])
        return np.asarray((away * away).sum(axis=1) <= float(support.radius) ** 2)
    if isinstance(support, Boxes):
        return np.asarray(np.any([inside(box, points) for box in support.boxes], axis=0))
    if isinstance(support, LevelSet):
        found = inside(support.box, points)
        if found.any():
            found[found] = support(points[found]) <= 0
        return found
    if hasattr(support, "contains"):
        return np.asarray(support.contains(points), dtype=bool)
    raise UserError(
        f"support is {type(support).__name__}; allowed: Box, Ball, Boxes, LevelSet, or a union of cubes"
    )


def _corners(box: Box) -> tuple[Array, Array]:
    return np.array([float(v) for v in box.lower]), np.array([float(v) for v in box.upper])


def cuts(support: Any) -> list[list[float]]:
    """Return for each axis where grids should be cut: the ends of the set's boxes or of the smallest box around it."""
    boxes = support.boxes if isinstance(support, Boxes) else (support,)
    sides = [[(float(a), float(b)) for a, b in box.bounds] for box in boxes]
    return [sorted({end for side in sides for end in side[axis]}) for axis in range(len(sides[0]))]


@dataclass(frozen=True, eq=False)
class Grid:
    """A tensor grid of cells.

    Parameters
    ----------
    edges
        One increasing array per axis.
    """

    edges: tuple[Array, ...]

    @property
    def cells(self) -> int:
        """Number of cells."""
        return int(np.prod([len(e) - 1 for e in self.edges]))

    def midpoints(self, width: int) -> Iterator[tuple[Array, Array]]:
        """Yield midpoints (m, d) and volumes (m,) in parts small enough for networks of that width."""
        shape = tuple(len(e) - 1 for e in self.edges)
        step = max(_MOST_VALUES // max(width, 1), 256)
        for start in range(0, self.cells, step):
            places = np.unravel_index(np.arange(start, min(start + step, self.cells)), shape)
            sides = [(e[:-1][i], e[1:][i]) for e, i in zip(self.edges, places, strict=True)]
            volume = np.prod([b - a for a, b in sides], axis=0)
            yield np.stack([a + 0.5 * (b - a) for a, b in sides], axis=1), volume


def grid(radius: float, support: Any, cells: int) -> Grid:
    """Return `cells` cells per axis on [−R, R]^d, cut along the set.

    Cells as wide as those of the set's smallest box cut into as many parts are added inside that box, so that a small
    support is resolved.
    """
    edges = []
    for ends in cuts(support):
        line = [np.linspace(-radius, radius, cells + 1), np.array(ends)]
        if ends[-1] - ends[0] < radius:
            line.append(np.linspace(ends[0], ends[-1], max(cells // 2, 1) + 1))
        every = np.unique(np.concatenate(line))
        every = every[(every >= -radius) & (every <= radius)]
        # two families of edges may meet up to rounding: slivers add nothing
        kept = np.concatenate([[True], np.diff(every) > 1e-13 * radius])
        edges.append(every[kept])
    return Grid(tuple(edges))


def check_region(network: Network, support: Any, radius: float, cells: int | None) -> int:
    """Return the number of cells per axis.

    Raises
    ------
    UserError
        If support, radius and network do not fit.
    """
    dimension = getattr(support, "dimension", None)
    if dimension != network.inputs:
        raise UserError(
            f"the support has {dimension} variables, the network {network.inputs} inputs; both must agree"
        )
    if not 0 < float(radius) < inf:
        raise UserError(f"radius is {radius}; allowed: above 0, finite")
    if cells is None:
        if network.inputs not in CELLS:
            raise UserError(
                f"the network has {network.inputs} inputs; leaks are measured in 1, 2 and 3 variables"
            )
        return CELLS[network.inputs]
    if isinstance(cells, bool) or not isinstance(cells, int) or cells < 1:
        raise UserError(f"cells is {cells!r}; allowed: whole numbers per axis from 1 on, or None")
    return cells


def width_of(network: Network) -> int:
    """Return the most values per point that an evaluation holds."""
    return max(network.width, network.inputs, network.outputs)


def norms(values: Array) -> Array:
    """Return Euclidean norms of rows (m, k), without overflow or underflow of squares."""
    if values.shape[1] == 1:
        return np.asarray(np.abs(values[:, 0]))
    largest = np.abs(values).max(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        scaled = values / largest[:, None]
        return np.asarray(np.where(largest > 0, largest * np.sqrt((scaled * scaled).sum(axis=1)), 0.0))


def spread(count: int, wanted: int) -> Sequence[int]:
    """Return evenly spaced places among `count`, at most `wanted`."""
    if count <= wanted:
        return range(count)
    return [int(i) for i in np.linspace(0, count - 1, wanted).round()]
