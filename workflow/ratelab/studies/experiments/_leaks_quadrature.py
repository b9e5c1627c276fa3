"""Quadrature on nested boxes around a support, split along its sides: one evaluation gives every error and leak."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ratelab.networks import Network
from ratelab.registry import Ball, Box, Boxes, Support, Target
from ratelab.spaces import SupportedNetwork

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

CELLS = {1: 400, 2: 40, 3: 10}
"""Cells along each axis of the target's domain, by number of variables."""
_OUTER = 4
"""How much coarser cells are outside the domain."""
_GAUSS = 1 / np.sqrt(3.0)
_BLOCK = 8192
"""Points that are evaluated at a time, so that hidden layers stay in the cache."""


@dataclass(frozen=True, eq=False)
class Sizes:
    """A network and its error at points.

    Parameters
    ----------
    points, weights
        (m, d) and (m,).
    inside
        (m,): which points lie in the target's support.
    size, apart
        (m,): |f̂| and |f̂ − f|.
    """

    points: Array
    weights: Array
    inside: Mask
    size: Array
    apart: Array

    def error(self, sides: Sequence[tuple[float, float]]) -> float:
        """Return ∫|f̂ − f| over a box."""
        there = self.within(sides)
        return float(self.weights[there] @ self.apart[there])

    def largest(self, sides: Sequence[tuple[float, float]]) -> float:
        """Return the largest error at the points of a box."""
        return float(self.apart[self.within(sides)].max(initial=0.0))

    def leak(self, radius: float) -> float:
        """Return ∫|f̂| over [−R, R]^d without the target's support."""
        there = ~self.inside & (np.abs(self.points).max(axis=1) < radius)
        return float(self.weights[there] @ self.size[there])

    def within(self, sides: Sequence[tuple[float, float]]) -> Mask:
        """Return which points lie inside a box."""
        lower, upper = np.array(sides, dtype=np.float64).T
        return np.asarray(((self.points > lower) & (self.points < upper)).all(axis=1))


@dataclass(frozen=True, eq=False)
class Quadrature:
    """Points and weights on boxes [−R, R]^d and the target's domain, two Gauss points a cell and axis.

    No cell crosses a side of the boxes, of the domain, or of a support made of boxes; along a curved support cells are
    cut by it, and their points are told inside from outside.

    Parameters
    ----------
    points, weights
        (m, d) and (m,).
    values
        (m, k) of the target.
    inside
        (m,): which points lie in the support.
    radii
        The R.
    """

    points: Array
    weights: Array
    values: Array
    inside: Mask
    radii: tuple[float, ...]

    @cached_property
    def reach(self) -> Array:
        """(m,): distance from the origin in the maximum norm."""
        return np.asarray(np.abs(self.points).max(axis=1))

    def without(self, radius: float) -> float:
        """Return the measure of [−R, R]^d without the support."""
        return float(self.weights[~self.inside & (self.reach < radius)].sum())

    def measured(self, network: Network, built: SupportedNetwork | None = None) -> Sizes:
        """Return |network| and |network − target| at all points, Euclidean norms over the outputs.

        Parameters
        ----------
        network
            In float64.
        built
            Its accounts, if it was built to match the support: outside the target's support the points are then
            those of `collar`, so that thin margins count.
        """
        if built is None:
            found = _values(network, self.points)
            apart = np.linalg.norm(found - self.values, axis=1)
            return Sizes(self.points, self.weights, self.inside, np.linalg.norm(found, axis=1), apart)
        extra, weights = collar(built)
        points = np.concatenate([self.points[self.inside], extra])
        size = np.linalg.norm(_values(network, points), axis=1)
        found = _values(network, self.points[self.inside]) - self.values[self.inside]
        apart = np.concatenate([np.linalg.norm(found, axis=1), size[len(found) :]])
        inside = np.arange(len(points)) < len(found)
        return Sizes(points, np.concatenate([self.weights[self.inside], weights]), inside, size, apart)


def _values(network: Network, points: Array) -> Array:
    blocks = [network(points[i : i + _BLOCK]) for i in range(0, len(points), _BLOCK)]
    return np.concatenate(blocks) if blocks else np.zeros((0, network.outputs))


def quadrature(target: Target, radii: Sequence[float], support: Support) -> Quadrature:
    """Return the quadrature of a target with a support on boxes [−R, R]^d.

    Parameters
    ----------
    target
        One to three variables.
    radii
        The R, increasing.
    support
        Of the target.
    """
    cells = CELLS[min(target.dimension, 3)]
    axes = [_axis(side, radii, _sides(support, axis), cells) for axis, side in enumerate(target.domain)]
    grids = np.meshgrid(*(axis[0] for axis in axes), indexing="ij")
    weights = np.meshgrid(*(axis[1] for axis in axes), indexing="ij")
    points = np.stack(grids, axis=-1).reshape(-1, target.dimension)
    return Quadrature(
        points,
        np.prod(weights, axis=0).ravel(),
        target(points).reshape(len(points), -1),
        holds(support, points),
        tuple(map(float, radii)),
    )


_PARTS = {1: 64, 2: 8, 3: 4}
"""Parts of each side of a grid cube along a support, by number of variables; margins are a quarter of a side."""


def collar(built: SupportedNetwork) -> tuple[Array, Array]:
    """Return points (m, d) and weights on what the support of a network has outside that of its target.

    Midpoints of parts of the grid's cubes, finer than the network's margin: where that is thin, no other rule sees it.
    """
    assert built.target.support is not None
    dimension, spacing = built.target.dimension, float(built.spacing)
    parts = _PARTS[min(dimension, 3)]
    around = np.stack(np.meshgrid(*[[-1, 0, 1]] * dimension, indexing="ij"), axis=-1).reshape(-1, dimension)
    cubes = np.unique((built.support.cubes[:, None] + around).reshape(-1, dimension), axis=0)
    middles = (np.arange(parts) + 0.5) / parts
    inner = np.stack(np.meshgrid(*[middles] * dimension, indexing="ij"), axis=-1).reshape(-1, dimension)
    points = spacing * (cubes[:, None] + inner).reshape(-1, dimension)
    points = points[~holds(built.target.support, points)]
    points = points[built.support.contains(points)]
    return points, np.full(len(points), (spacing / parts) ** dimension)


def holds(support: Support, points: Array) -> Mask:
    """Return which points (m, d) lie in a support, in float64."""
    if isinstance(support, Box | Ball):
        return np.asarray(support.depth(points) >= 0)
    if isinstance(support, Boxes):
        return np.asarray(np.any([box.depth(points) >= 0 for box in support.boxes], axis=0))
    found = np.asarray(support.box.depth(points) >= 0)
    found[found] = support(points[found]) <= 0
    return found


def _sides(support: Support, axis: int) -> list[float]:
    """Return where the sides of a support's boxes stand on an axis."""
    boxes = support.boxes if isinstance(support, Boxes) else (support,)
    return [float(end) for box in boxes for end in box.bounds[axis]]


def _axis(
    side: tuple[float, float], radii: Sequence[float], sides: list[float], cells: int
) -> tuple[Array, Array]:
    """Return points and weights along one axis."""
    lower, upper = map(float, side)
    step = (upper - lower) / cells
    ends = sorted({lower, upper, *sides, *radii, *(-r for r in radii)})
    edges = [np.array(ends[:1])]
    for a, b in zip(ends, ends[1:], strict=False):
        inner = lower <= a and b <= upper
        count = max(1, int(np.ceil((b - a) / (step if inner else _OUTER * step) - 1e-9)))
        edges.append(np.linspace(a, b, count + 1)[1:])
    joined = np.concatenate(edges)
    middle, half = (joined[1:] + joined[:-1]) / 2, np.diff(joined) / 2
    return np.stack([middle - _GAUSS * half, middle + _GAUSS * half], axis=1).ravel(), np.repeat(half, 2)
