"""Best continuous piecewise linear functions near given knots, by compiled banded Newton steps."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ratelab.best._variable_projection import SMALLEST_GAP, Fit
from ratelab.exact._quadrature import Cells, gauss, to_legendre

Array = NDArray[np.float64]

_FLOOR = 1e-30


@dataclass(frozen=True, eq=False)
class LinearTarget:
    """A target as the compiled loops read it: a Legendre series on each cell.

    Parameters
    ----------
    edges
        (m + 1,).
    series
        (m, q) coefficients of P_0 … P_{q−1}.
    known
        (4, m): mean, slope, energy beyond both, and the part of it that no series holds.
    nodes, weights
        (q,) of Gauss.
    ratios
        (2, q): factors of Clenshaw's recursion.
    energy
        Squared norm.
    """

    edges: Array
    series: Array
    known: Array
    nodes: Array
    weights: Array
    ratios: Array
    energy: float

    @property
    def tables(self) -> tuple[Array, Array, Array, Array, Array, Array]:
        """The arrays that every kernel takes last."""
        return self.edges, self.series, self.known, self.nodes, self.weights, self.ratios

    @property
    def ends(self) -> tuple[float, float]:
        """The interval."""
        return float(self.edges[0]), float(self.edges[-1])

    @property
    def floor(self) -> float:
        """A squared error below which nothing is worth a step."""
        return _FLOOR * self.energy + 1e-300

    def values(self, x: Array) -> Array:
        """Return the target at points (m,)."""
        index = np.clip(np.searchsorted(self.edges, x, side="right") - 1, 0, len(self.series) - 1)
        low, high = self.edges[index], self.edges[index + 1]
        u = (2 * x - low - high) / (high - low)
        return np.asarray(np.polynomial.legendre.legval(u, self.series[index].T, tensor=False))


def linear_target(cells: Cells) -> LinearTarget:
    """Return the compiled loops' view of a target with one value."""
    values = cells.values[:, :, 0]
    series = np.ascontiguousarray(values @ to_legendre(cells.order).T)
    widths = np.diff(cells.edges)
    sizes = series**2 / (2 * np.arange(cells.order) + 1)
    rest = widths * sizes[:, 2:].sum(axis=1) + cells.dropped
    known = np.stack([series[:, 0], 2 * series[:, 1] / widths, rest, cells.dropped])
    nodes, weights = gauss(cells.order)
    k = np.arange(cells.order)
    ratios = np.stack([(2 * k + 1) / (k + 1), (k + 1) / (k + 2)])
    energy = float((widths * sizes.sum(axis=1) + cells.dropped).sum())
    return LinearTarget(cells.edges, series, known, nodes.copy(), weights.copy(), ratios, energy)


def descend(target: LinearTarget, knots: Array, iterations: int, gap: float = SMALLEST_GAP) -> Fit:
    """Return the best fit that damped Newton steps reach from inner knots, never worse than where they start.

    Parameters
    ----------
    target
        What is fitted.
    knots
        (n − 1,) increasing, inside the interval; those closer than `gap` are moved apart.
    iterations
        At most so many steps; 0 fits on the knots as they are.
    gap
        Least distance of neighbouring knots, as a part of the interval.
    """
    from ratelab.best._linear_kernels import descend_linear

    lower, upper = target.ends
    start = np.concatenate([[lower], knots, [upper]])
    full, heights, shares, square = descend_linear(
        start, iterations, gap * (upper - lower), target.floor, *target.tables
    )
    return Fit(full[1:-1], heights, square, shares)
