"""Points and weights of integrals on boxes that are cut along a support, and the errors and leaks that they give.

Every error, leak and mass around a support is a sum over such points. No cell crosses a side of a support made of
boxes; along a curved one cells are cut by it, and their points are told inside from outside.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ratelab.exact._quadrature import gauss
from ratelab.exact._support_cells import belongs
from ratelab.networks import Network
from ratelab.registry import Boxes

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Sides = Sequence[tuple[float, float]]

_ENTRIES = 1 << 18
_ROOM = 1e-9
"""Share of a cell by which its neighbours may be wider, so that rounding adds no cell."""


@dataclass(frozen=True)
class SupportErrors:
    """How far functions are apart, or one from 0, by float64 quadrature: numerical, not certified.

    Parameters
    ----------
    sup
        Largest difference of an output at the points: a lower estimate of the uniform error.
    l1, l2
        ∫|f̂ − f| and (∫|f̂ − f|²)^(1/2), Euclidean norm of the outputs.
    points
        How many points were used.
    """

    sup: float
    l1: float
    l2: float
    points: int


@dataclass(frozen=True, eq=False)
class TensorRule:
    """A product of quadrature rules of one variable each.

    Parameters
    ----------
    nodes, weights
        One array per axis.
    """

    nodes: tuple[Array, ...]
    weights: tuple[Array, ...]

    @classmethod
    def on_cells(cls, edges: Sequence[Array], order: int) -> "TensorRule":
        """Return the Gauss rule of that many points a cell and axis; 1 gives midpoints."""
        rules = [_on_intervals(axis[:-1], axis[1:], order) for axis in edges]
        return cls(tuple(nodes.ravel() for nodes, _ in rules), tuple(weights.ravel() for _, weights in rules))

    def blocks(self, most: int) -> Iterator[tuple[Array, Array]]:
        """Yield points (m, d) and weights (m,), at most so many at a time, in the order of the grid."""
        shape = tuple(map(len, self.nodes))
        count = int(np.prod(shape))
        for start in range(0, count, most):
            places = np.unravel_index(np.arange(start, min(start + most, count)), shape)
            points = np.stack([x[i] for x, i in zip(self.nodes, places, strict=True)], axis=1)
            yield points, np.prod([w[i] for w, i in zip(self.weights, places, strict=True)], axis=0)

    @property
    def whole(self) -> tuple[Array, Array]:
        """All points (m, d) and weights (m,)."""
        return next(self.blocks(int(np.prod(list(map(len, self.nodes))))))


@dataclass(frozen=True, eq=False)
class SupportQuadrature:
    """Points and weights, and which of them lie in a support.

    Parameters
    ----------
    points, weights
        (m, d) and (m,).
    support
        Of a target, or a union of cubes.
    """

    points: Array
    weights: Array
    support: Any

    @cached_property
    def inside(self) -> Mask:
        """(m,): which points lie in the support."""
        return belongs(self.support, self.points)

    @cached_property
    def reach(self) -> Array:
        """(m,): distance from the origin in the maximum norm."""
        return np.asarray(np.abs(self.points).max(axis=1))

    def within(self, sides: Sides) -> Mask:
        """Return which points lie inside a box of d pairs (lower, upper)."""
        lower, upper = np.array(sides, dtype=np.float64).T
        return np.asarray(((self.points > lower) & (self.points < upper)).all(axis=1))

    def outside(self, radius: float) -> Mask:
        """Return which points lie in [−R, R]^d and not in the support."""
        return np.asarray(~self.inside & (self.reach < radius))

    def measure(self, where: Mask) -> float:
        """Return the measure of a set that is given by its points."""
        return float(self.weights[where].sum())

    def errors(self, differences: Array, where: Mask | None = None) -> SupportErrors:
        """Return the errors of differences (m, k) of values at the points, on all of them or on a set."""
        if where is None:
            where = np.ones(len(self.points), dtype=bool)
        apart, weights = differences[where], self.weights[where]
        sizes = norms(apart)
        return SupportErrors(
            float(np.abs(apart).max(initial=0.0)),
            float(weights @ sizes),
            float(np.sqrt(weights @ sizes**2)),
            len(apart),
        )


def norms(values: Array) -> Array:
    """Return Euclidean norms of rows (m, k), without overflow or underflow of squares."""
    if values.shape[1] == 1:
        return np.asarray(np.abs(values[:, 0]))
    largest = np.abs(values).max(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        scaled = values / largest[:, None]
        return np.asarray(np.where(largest > 0, largest * np.sqrt((scaled * scaled).sum(axis=1)), 0.0))


def block_size(network: Network) -> int:
    """Return at how many points a network is evaluated at a time, so that hidden layers stay in the cache."""
    return max(1, _ENTRIES // max(network.width, network.inputs, network.outputs, 1))


def network_values(network: Network, points: Array) -> Array:
    """Evaluate in float64 at points (m, d), in blocks, so that no layer needs much memory."""
    step = block_size(network)
    parts = [np.asarray(network(points[i : i + step])) for i in range(0, len(points), step)]
    return np.concatenate(parts) if parts else np.empty((0, network.outputs))


def support_ends(support: Any, axis: int) -> list[float]:
    """Return where the sides of a support's boxes stand on an axis: those of the smallest box around a curved one."""
    boxes = support.boxes if isinstance(support, Boxes) else (support,)
    return sorted({float(end) for box in boxes for end in box.bounds[axis]})


def cut_quadrature(
    support: Any,
    sides: Sides,
    width: Callable[[int, float, float], float],
    *,
    cuts: Sequence[Sequence[float]] | None = None,
    order: int = 2,
) -> SupportQuadrature:
    """Return a quadrature on a box whose cells are cut along a support, and elsewhere if so asked.

    Parameters
    ----------
    support
        Whose ends inside the box are ends of cells.
    sides
        Of the box, d pairs (lower, upper).
    width
        Of the cells at most: a function of the axis and of two neighbouring ends.
    cuts
        More ends for every axis.
    order
        Gauss points a cell and axis.
    """
    edges = []
    for axis, (lower, upper) in enumerate(sides):
        more = () if cuts is None else cuts[axis]
        inner = {float(v) for v in (*support_ends(support, axis), *more) if lower < v < upper}
        ends = [float(lower), *sorted(inner), float(upper)]
        counts = [
            max(1, ceil((b - a) / width(axis, a, b) - _ROOM)) for a, b in zip(ends, ends[1:], strict=False)
        ]
        lines = [np.linspace(a, b, n + 1)[1:] for a, b, n in zip(ends, ends[1:], counts, strict=False)]
        edges.append(np.concatenate([ends[:1], *lines]))
    return SupportQuadrature(*TensorRule.on_cells(edges, order).whole, support)


def cell_quadrature(
    support: Any,
    spacing: float,
    cubes: NDArray[np.int64],
    parts: int,
    *,
    sides: Sides | None = None,
    order: int = 2,
) -> SupportQuadrature:
    """Return a quadrature on cubes of a grid that are divided into equal parts, cut off at the sides of a box.

    Parameters
    ----------
    support
        By which points are told inside from outside.
    spacing, cubes
        h and (J, d) indices of different cubes Π [h·k_i, h·(k_i + 1)].
    parts
        Into how many parts each side of a cube is divided.
    sides
        d pairs (lower, upper), or None.
    order
        Gauss points a part and axis.
    """
    dimension, size = cubes.shape[1], spacing / parts
    inner = np.array(list(product(range(parts), repeat=dimension)))
    low = ((cubes[:, None, :] * parts + inner) * size).reshape(-1, dimension)
    high = low + size
    if sides is not None:
        lower, upper = np.array(sides, dtype=np.float64).T
        low, high = np.maximum(low, lower), np.minimum(high, upper)
        kept = (low < high).all(axis=1)
        low, high = low[kept], high[kept]
    rules = [_on_intervals(low[:, axis], high[:, axis], order) for axis in range(dimension)]
    offsets = list(product(range(order), repeat=dimension))
    points = [np.stack([rules[axis][0][:, k] for axis, k in enumerate(at)], axis=1) for at in offsets]
    weights = [np.prod([rules[axis][1][:, k] for axis, k in enumerate(at)], axis=0) for at in offsets]
    return SupportQuadrature(np.concatenate(points), np.concatenate(weights), support)


def margin_quadrature(union: Any, support: Any, parts: int) -> SupportQuadrature:
    """Return a quadrature on what a union of cubes with a margin has outside a support.

    Midpoints of parts of cubes: where a margin is thin and no box, no rule on coarser cells sees it.

    Parameters
    ----------
    union
        `CubeUnion`.
    support
        Of a target.
    parts
        Into how many parts each side of a cube is divided.
    """
    rings = ceil(union.margin / union.spacing)
    around = np.array(list(product(range(-rings, rings + 1), repeat=union.dimension)))
    cubes = np.unique((union.cubes[:, None] + around).reshape(-1, union.dimension), axis=0)
    every = cell_quadrature(support, float(union.spacing), cubes, parts, order=1)
    kept = np.flatnonzero(~every.inside)
    kept = kept[union.contains(every.points[kept])]
    return SupportQuadrature(every.points[kept], every.weights[kept], support)


def _on_intervals(low: Array, high: Array, order: int) -> tuple[Array, Array]:
    """Return nodes and weights (m, order) on intervals."""
    nodes, weights = gauss(order)
    half = 0.5 * (high - low)
    return (low + half)[:, None] + half[:, None] * nodes, half[:, None] * weights
