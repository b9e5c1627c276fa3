"""The data of a global fit as the search sees it: weighted, free columns apart, on growing subsets.

A pattern gives each neuron a cell of the arrangement of the data. On a subset of the data fewer cells are
distinct, and the loss of the subset bounds the loss of all data from below: the levels of the search are subsets of
growing size, and a cell of one level is the parent of the cells of the next that continue it.
"""

from dataclasses import dataclass
from functools import cached_property
from math import comb

import numpy as np
from numpy.typing import NDArray

from ratelab.best._global_partitions import Arrangement, arrange, distinct
from ratelab.best._global_spans import orthonormal
from ratelab.spaces import hyperplane_partitions

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Index = NDArray[np.intp]

_GROWTH = 1.25
_ROOT = 200_000
"""Most choices on the first subset."""
_CHUNK = 4_000_000


@dataclass(frozen=True, eq=False)
class Level:
    """A subset of the data.

    Parameters
    ----------
    data
        (n,): which data.
    cells
        (N, n): the distinct cells on them, those that have one parent next to each other.
    first
        (N + 1,): the children of cell i in the next level are first[i] … first[i + 1] − 1.
    bases
        (N, d + 1, n): orthonormal bases of what one neuron adds to the free columns, rows scaled.
    free
        (f, n): orthonormal basis of the free columns.
    y
        (n,): scaled values, orthogonal to the free columns.
    """

    data: Index
    cells: Mask
    first: Index
    bases: Array
    free: Array
    y: Array

    @property
    def count(self) -> Index:
        """(N,): how many children each cell has."""
        return np.diff(self.first)


class Data:
    """Data, arrangement and levels.

    Parameters
    ----------
    points, y, weights
        (D, d), (D,), (D,) positive.
    bias, skip
        Whether a free constant, a free affine term belongs to the network.
    width
        Number of neurons, for the sizes of the subsets.
    scaled
        Whether the rows of the levels are scaled by √weight, for least squares.
    """

    def __init__(
        self,
        points: Array,
        y: Array,
        weights: Array,
        *,
        bias: bool,
        skip: bool,
        width: int,
        scaled: bool = True,
    ) -> None:
        self.points, self.y, self.weights = points, y, weights
        self.bias, self.skip = bias, skip
        self.scale = np.sqrt(weights) if scaled else np.ones(len(y))
        unique, self.index = distinct(points)
        free = points.shape[1] + 1 if skip else int(bias)
        smallest = width * (points.shape[1] + 1) + free + 2  # fewer data are fitted exactly
        self.arrangement: Arrangement = arrange(unique)
        a = self.arrangement
        self.homogeneous = np.concatenate([np.ones((len(y), 1)), (points - a.centre) / a.unit], axis=1)
        self.columns = self.homogeneous[:, :free]
        cells = a.cells
        # relu(u) = u + relu(-u): with a free affine term a cell and its complement are one
        cells = cells[~cells[:, 0]] if skip else cells
        useful = cells.any(axis=1)
        self.cells: Mask = cells[useful] if useful.any() else cells
        self.subsets = _subsets((unique - a.centre) / a.unit, smallest, width)
        self._rays: dict[int, Index] = {}

    @cached_property
    def _codes(self) -> Index:
        return np.array([_codes(self.cells[:, chosen]) for chosen in self.subsets])

    @cached_property
    def _order(self) -> Index:
        # sorted by the coarsest level first, each cell's children are contiguous at every level
        return np.lexsort((np.arange(len(self.cells)), *self._codes[::-1]))

    @cached_property
    def levels(self) -> list[Level]:
        """The subsets of growing size; the last one is all data."""
        found, below = [], np.arange(len(self.cells) + 1)
        for level in reversed(range(len(self.subsets))):
            code = self._codes[level][self._order]
            begins = np.flatnonzero(np.concatenate([[True], code[1:] != code[:-1]]))
            ends = np.concatenate([begins, [len(code)]])
            found.append(self._level(self.subsets[level], self._order[begins], np.searchsorted(below, ends)))
            below = ends
        return found[::-1]

    def _level(self, chosen: Index, representatives: Index, first: Index) -> Level:
        rank = np.full(self.cells.shape[1], -1)
        rank[chosen] = np.arange(len(chosen))
        data = np.flatnonzero(rank[self.index] >= 0)
        cells = self.cells[representatives][:, self.index[data]]
        free = orthonormal((self.columns[data] * self.scale[data, None]).T[None])[0]
        rows = (self.homogeneous[data] * self.scale[data, None]).T
        step = max(1, _CHUNK // rows.size)
        bases = np.empty((len(cells), *rows.shape))
        for begin in range(0, len(cells), step):
            part = rows[None] * cells[begin : begin + step, None, :]
            part = orthonormal(part)
            bases[begin : begin + step] = orthonormal(part, np.repeat(free[None], len(part), axis=0))
        y = self.y[data] * self.scale[data]
        for _ in range(2):
            y = y - (y @ free.T) @ free
        return Level(data, cells, first, bases, free, y)

    def cell(self, mask: Mask) -> int:
        """Return the cell of the last level with that positive side of the distinct points, −1 if there is none."""
        return self._ids.get((~mask if self.skip and mask[0] else mask).tobytes(), -1)

    @cached_property
    def _ids(self) -> dict[bytes, int]:
        return {mask.tobytes(): i for i, mask in enumerate(self.masks)}

    @cached_property
    def masks(self) -> Mask:
        """(N, n): the cells of the last level on the distinct points."""
        return np.asarray(self.cells[self._order])

    @cached_property
    def rays(self) -> Array:
        """(R + 1, D): what neurons of the rays give on the data; the last row is zero."""
        positive = np.maximum(self.arrangement.values, 0.0)[:, self.index]
        return np.concatenate([positive, np.zeros((1, len(self.y)))])

    def rays_of(self, cell: int) -> Index:
        """Return the rays of a cell of the last level."""
        if cell not in self._rays:
            self._rays[cell] = self.arrangement.rays_of(self.masks[cell])
        return self._rays[cell]

    def neuron(self, rays: Index, coefficients: Array) -> Array:
        """Return bias and weights (d + 1,) in the user's coordinates of Σ_k c_k θ_k."""
        used = coefficients > 0
        return self.affine(coefficients[used] @ self.arrangement.directions[rays[used]])

    def affine(self, theta: Array) -> Array:
        """Return bias and weights in the user's coordinates."""
        slope = theta[1:] / self.arrangement.unit
        return np.concatenate([[theta[0] - slope @ self.arrangement.centre], slope])


def _codes(masks: Mask) -> Index:
    """Return equal numbers for equal rows."""
    packed = np.ascontiguousarray(np.packbits(masks, axis=1))
    view = packed.view(np.dtype((np.void, packed.shape[1]))).reshape(-1)
    return np.asarray(np.unique(view, return_inverse=True)[1]).reshape(-1)


def _subsets(points: Array, smallest: int, width: int) -> list[Index]:
    """Return growing subsets of distinct points (n, d), each point the farthest from those before it."""
    count, dimension = points.shape
    order = np.empty(count, dtype=np.intp)
    distance = np.sum((points - points.mean(axis=0)) ** 2, axis=1)
    for position in range(count):
        order[position] = np.argmax(distance)
        near = np.sum((points - points[order[position]]) ** 2, axis=1)
        distance = near if position == 0 else np.minimum(distance, near)
        distance[order[position]] = -1.0
    size = float(min(smallest, count))
    while size > 1 and comb(hyperplane_partitions(int(size), dimension) + width - 1, width) > _ROOT:
        size -= 1
    sizes = []
    while size * _GROWTH**0.5 < count:
        sizes.append(int(size))
        size = max(size * _GROWTH, size + 1)
    return [np.sort(order[:n]) for n in (*sizes, count)]
