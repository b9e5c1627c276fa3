"""Where free knots start: equidistributed densities, and the knots of neighbouring fits."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ratelab.best._variable_projection import SMALLEST_GAP, Fit, project
from ratelab.exact._quadrature import Cells

Array = NDArray[np.float64]

_DENSITY_CELLS = 512
_PAIR = 4e-9


@dataclass(frozen=True, eq=False)
class Layout:
    """Where the knots of a target's best splines of one degree are expected.

    Parameters
    ----------
    degree
        Of the splines.
    density
        Edges and cumulative knot density, as `density` returns them.
    points
        Singular points inside the interval.
    jumps
        Those of them where the target jumps.
    """

    degree: int
    density: tuple[Array, Array]
    points: tuple[float, ...]
    jumps: tuple[float, ...]

    @property
    def length(self) -> float:
        """Length of the interval."""
        return float(self.density[0][-1] - self.density[0][0])

    @property
    def fixed(self) -> Array:
        """Knots that singular points ask for, sorted."""
        return np.sort(np.concatenate([np.zeros(0), *(self._around(c) for c in self.points)]))

    def starts(self, pieces: int) -> list[Array]:
        """Return sets of n − 1 knots: equidistributed, and with fixed ones at singular points or at jumps."""
        count = pieces - 1
        found = [quantiles(*self.density, count)]
        for chosen in (self.points, self.jumps):
            fixed = [self._around(c) for c in chosen]
            if 0 < sum(len(f) for f in fixed) <= count:
                found.append(self._with_fixed(np.concatenate(fixed), count))
        return found

    def _around(self, point: float) -> Array:
        """Return the knots that a singular point asks for: one, or at a jump as many as make up a steep piece."""
        count = self.degree + 1 if point in self.jumps else 1
        offsets = np.arange(count) - (count - 1) / 2
        return np.asarray(point + offsets * _PAIR * self.length, dtype=np.float64)

    def _with_fixed(self, fixed: Array, count: int) -> Array:
        free = quantiles(*self.density, count - len(fixed))
        clear = 1e-6 * self.length
        distance = np.abs(free[:, None] - fixed).min(axis=1)
        return np.asarray(
            np.sort(np.concatenate([np.where(distance < clear, free + 2 * clear, free), fixed]))
        )


def layout(cells: Cells, degree: int, points: list[float]) -> Layout:
    """Return where knots are expected for a target with given singular points."""
    lower, upper = float(cells.edges[0]), float(cells.edges[-1])
    inside = tuple(c for c in points if lower < c < upper)
    return Layout(degree, density(cells, degree), inside, tuple(jump_points(cells, list(inside))))


def density(cells: Cells, degree: int) -> tuple[Array, Array]:
    """Return edges (m + 1,) and the cumulative knot density (m + 1,), from 0 to 1.

    Knots of best approximation follow |f^(r+1)|^(2/(2r+3)); here the local projection error of a cell stands in
    for the derivative (a part of the density is uniform, so that no region is left empty).
    """
    edges = np.unique(np.concatenate([cells.edges, np.linspace(cells.edges[0], cells.edges[-1], 257)]))
    if len(cells.edges) > 2 * _DENSITY_CELLS:
        edges = np.linspace(cells.edges[0], cells.edges[-1], _DENSITY_CELLS + 1)
    _, missed = project(cells, edges, degree)
    # a cell of length h misses c |f^(r+1)| h^(r+3/2): the power 2/(2r+3) of that is density times length
    mass = np.maximum(missed, 0.0) ** (1 / (2 * degree + 3))
    total = mass.sum()
    uniform = np.diff(edges) / (edges[-1] - edges[0])
    mass = 0.97 * mass / total + 0.03 * uniform if total > 0 else uniform
    cumulative = np.concatenate([[0.0], np.cumsum(mass)])
    return edges, cumulative / cumulative[-1]


def quantiles(edges: Array, cumulative: Array, count: int) -> Array:
    """Return `count` knots that share the density equally."""
    return np.interp(np.arange(1, count + 1) / (count + 1), cumulative, edges)


def inserted(cells: Cells, best: Fit, count: int) -> Array:
    """Return the fit's knots and `count` more, each halving the piece with the largest part of the error."""
    edges = np.concatenate([cells.edges[:1], best.knots, cells.edges[-1:]])
    shares = best.shares.copy()
    narrow = 16 * SMALLEST_GAP * (edges[-1] - edges[0])
    for _ in range(count):
        index = int(np.where(np.diff(edges) > narrow, shares, -1.0).argmax())
        edges = np.insert(edges, index + 1, 0.5 * (edges[index] + edges[index + 1]))
        shares[index] /= 8
        shares = np.insert(shares, index + 1, shares[index])
    return edges[1:-1]


def removed(cells: Cells, best: Fit, count: int) -> Array:
    """Return the fit's knots without `count` of them, each time one between the pieces of least error."""
    knots, shares = best.knots, best.shares.copy()
    for _ in range(count):
        index = int((shares[:-1] + shares[1:]).argmin())
        knots = np.delete(knots, index)
        shares[index] = 4 * (shares[index] + shares[index + 1])
        shares = np.delete(shares, index + 1)
    return knots


def jump_points(cells: Cells, points: list[float]) -> list[float]:
    """Return those of the points where the target jumps, seen on a distance of 1e-7."""
    inside = [c for c in points if cells.edges[0] < c < cells.edges[-1]]
    reach = 1e-7 * (cells.edges[-1] - cells.edges[0])
    spread = float(np.ptp(cells.values))
    found = []
    for c in inside:
        left, right = cells.evaluate(np.array([c - reach, c + reach]))[:, 0]
        if abs(right - left) > 1e-2 * spread:
            found.append(c)
    return found
