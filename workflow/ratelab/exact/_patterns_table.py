"""A growing table of open cells {x : s_i (a_i·x + b_i) > 0} with points that are proved to lie inside."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ratelab.exact._cells_of import Domain
from ratelab.exact._integers import Integers, integers
from ratelab.exact._lp import homogeneous, sign
from ratelab.exact._patterns_maps import PatternMaps
from ratelab.exact._rounding import rounded_all
from ratelab.networks import rational

Array = NDArray[np.float64]
Index = NDArray[np.intp]

SLOTS = 12


@dataclass(frozen=True)
class Source:
    """Where a row comes from: a neuron and one of its knots, on a pattern of the layers before."""

    layer: int
    neuron: int
    knot: int
    prefix: NDArray[np.int16]


class Rows:
    """The hyperplanes that bound cells, each stored once: float64 with error bounds, exact on demand.

    Row 0 holds always, rows 1 … 2d are the faces of the box if there is one.

    Parameters
    ----------
    maps
        Of the network.
    domain
        The box, or None.
    """

    def __init__(self, maps: PatternMaps, domain: Domain | None) -> None:
        d = maps.dimension
        self.maps = maps
        self.domain = domain
        self.faces = 0 if domain is None else 2 * d
        values = np.zeros((1 + self.faces, d + 1))
        errors = np.zeros_like(values)
        values[0, d] = 1.0
        self._box: list[Integers] = [(*[0] * d, 1)]
        self.reach = np.full(d, np.inf)
        for axis, pair in enumerate(domain or ()):
            self.reach[axis] = max(np.nextafter(abs(float(v)), np.inf) for v in pair)
            for side, end in enumerate(pair):
                offset = -rational(end) if side == 0 else rational(end)
                row = 1 + 2 * axis + side
                (near,), (error,) = rounded_all([offset])
                values[row, axis] = 1.0 - 2 * side
                values[row, d], errors[row, d] = near, error
                normal = [rational(0)] * d
                normal[axis] = rational(1 - 2 * side)
                self._box.append(integers([*normal, offset]))
        self._blocks = [(values, errors)]
        self._merged: tuple[Array, Array] | None = None
        self.sources: list[Source | None] = [None] * len(values)

    def append(self, values: Array, errors: Array, sources: Sequence[Source]) -> Index:
        """Store rows and return their numbers."""
        first = len(self.sources)
        self.sources.extend(sources)
        self._blocks.append((values, errors))
        self._merged = None
        return np.arange(first, len(self.sources))

    @property
    def bounded(self) -> tuple[Array, Array]:
        """All rows (R, d + 1) and the bounds of their errors."""
        if self._merged is None:
            values = np.concatenate([v for v, _ in self._blocks])
            errors = np.concatenate([e for _, e in self._blocks])
            self._merged = values, errors
            self._blocks = [self._merged]
        return self._merged

    def exact(self, row: int) -> Integers:
        """Return a row exactly, as integers up to a positive factor."""
        source = self.sources[row]
        if source is None:
            return self._box[row]
        return self.maps.exact_row(source.layer, source.prefix, source.neuron, source.knot)


class Table:
    """Cells by their rows and interior points.

    Parameters
    ----------
    rows
        The hyperplanes.
    points
        (n, d) points inside the domain; none if it is too thin for floats.

    Attributes
    ----------
    bounds
        (cells, m): signed row numbers, ±r for ±(a·x + b) > 0, filled up with 0.
    points, valid
        (cells, SLOTS, d) and which of them hold a point.
    exact_points
        Points as integers, for cells so thin that floats lie outside.
    """

    def __init__(self, rows: Rows, points: Array) -> None:
        d = points.shape[1]
        self.rows = rows
        self.bounds = np.arange(1, 1 + max(rows.faces, 1), dtype=np.int64)[None, :] * (rows.faces > 0)
        self.points = np.zeros((1, SLOTS, d))
        self.valid = np.zeros((1, SLOTS), dtype=bool)
        self.points[0, : len(points)] = points
        self.valid[0, : len(points)] = True
        self.exact_points: dict[int, list[Integers]] = {}
        if not len(points):
            assert rows.domain is not None
            self.exact_points[0] = [homogeneous([(rational(a) + rational(b)) / 2 for a, b in rows.domain])]
        self._next = np.zeros(1, dtype=np.int64)

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self.bounds)

    def add(self, cells: Index, points: Array) -> None:
        """Store one point each in cells that differ from each other."""
        full = self.valid[cells].all(axis=1)
        slot = np.where(full, self._next[cells] % SLOTS, np.argmin(self.valid[cells], axis=1))
        self._next[cells] += full
        self.points[cells, slot] = points
        self.valid[cells, slot] = True

    def rows_of(self, cells: Index, without: Index | None = None) -> tuple[Array, Array]:
        """Return the rows (cells, m, d + 1), oriented inwards, and the bounds of their errors.

        `without` names a column per cell whose row is left out.
        """
        signed = self.bounds[cells]
        if without is not None:
            signed[np.arange(len(cells)), without] = 0
        values, errors = self.rows.bounded
        number = np.abs(signed)
        turned = np.where(signed < 0, -1.0, 1.0)
        return values[number] * turned[:, :, None], errors[number]

    def exact_rows(self, cell: int, without: int | None = None) -> list[Integers]:
        """Return the rows of a cell exactly, oriented inwards; a column left out is missing."""
        result = []
        for column, signed in enumerate(self.bounds[cell].tolist()):
            if signed and column != without:
                result.append(self.oriented(signed))
        return result

    def oriented(self, signed: int) -> Integers:
        """Return the exact row of a signed number, oriented inwards."""
        row = self.rows.exact(abs(signed))
        return row if signed > 0 else tuple(-v for v in row)

    def inner_point(self, cell: int) -> Integers:
        """Return an interior point of a cell exactly."""
        if self.valid[cell].any():
            return homogeneous(self.points[cell, int(np.argmax(self.valid[cell]))].tolist())
        return self.exact_points[cell][-1]

    def contains(self, cell: int, point: Integers, without: int | None = None) -> bool:
        """Return whether a point is inside a cell, decided exactly."""
        return all(sign(row, point) > 0 for row in self.exact_rows(cell, without))

    def split(
        self, cells: Index, numbers: Index, sides: NDArray[np.int8], exact_sides: dict[int, list[int]]
    ) -> Index:
        """Cut cells by a row each; the cell keeps the side where it is negative, a new cell gets the other.

        Parameters
        ----------
        cells, numbers
            (n,) cells, and the rows that cut them.
        sides
            (n, SLOTS): signs of the rows at the cells' points; points with 0 are dropped.
        exact_sides
            Signs at the exact points of those cells that have some.

        Returns
        -------
        NDArray
            (n,) the new cells.
        """
        new = np.arange(len(self), len(self) + len(cells))
        column = np.zeros((len(self), 1), dtype=np.int64)
        column[cells, 0] = -numbers
        below = np.concatenate([self.bounds, column], axis=1)
        above = np.concatenate([self.bounds[cells], numbers[:, None]], axis=1)
        valid = self.valid[cells]
        self.bounds = _compact(np.concatenate([below, above]))
        self.points = np.concatenate([self.points, self.points[cells]])
        self._next = np.concatenate([self._next, self._next[cells]])
        self.valid[cells] = valid & (sides < 0)
        self.valid = np.concatenate([self.valid, valid & (sides > 0)])
        for cell, other in zip(cells.tolist(), new.tolist(), strict=True):
            if cell in self.exact_points:
                points = self.exact_points.pop(cell)
                for side, target in ((-1, cell), (1, other)):
                    kept = [p for p, s in zip(points, exact_sides[cell], strict=True) if s == side]
                    if kept:
                        self.exact_points[target] = kept
        return new


def _compact(bounds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Move the zeros of every row to its end and drop columns without entries."""
    order = np.argsort(bounds == 0, axis=1, kind="stable")
    width = int((bounds != 0).sum(axis=1).max(initial=1))
    return np.take_along_axis(bounds, order, axis=1)[:, : max(width, 1)]


def box_points(domain: Domain | None, dimension: int, count: int) -> Array:
    """Return points inside the domain, the same ones each time, with short binary expansions."""
    generator = np.random.default_rng(dimension)
    if domain is None:
        return generator.standard_normal((count, dimension)).astype(np.float32).astype(np.float64)
    share = np.round(generator.uniform(0.05, 0.95, (count, dimension)) * 64) / 64
    lower = np.array([float(a) for a, _ in domain])
    upper = np.array([float(b) for _, b in domain])
    points = lower + (upper - lower) * share
    fair = [
        all(Fraction(a) < Fraction(x) < Fraction(b) for x, (a, b) in zip(p, domain, strict=True))
        for p in points.tolist()
    ]
    return np.asarray(points[fair])
