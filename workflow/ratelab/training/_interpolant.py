"""Data of one variable as a function on the whole domain: linear between neighbouring nodes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ratelab.networks import FitProblem

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Interpolant:
    """The piecewise linear interpolant of weighted data, and the measure that its weights stand for.

    A loss summed over nodes does not see where between two nodes a kink lies, and rewards splines that use this. The
    integral against the interpolant does see it; on smooth data the two differ by terms of second order in the gaps.

    Parameters
    ----------
    points, values
        (m,) increasing; the first and the last are the ends of the domain.
    density
        (m − 1,) weight per length between neighbouring points.
    """

    points: Array
    values: Array
    density: Array

    @classmethod
    def of(cls, problem: FitProblem) -> "Interpolant | None":
        """Return the interpolant of a problem in one variable and one value; None for fewer than three nodes.

        Equal nodes count as one, with the mean value. Weights that are those of a quadrature rule for the domain
        (their partial sums separate the nodes, as for every Gauss rule) stand for the density 1; of others, each
        gap gets half of the weights of its two ends.
        """
        used = problem.weights > 0
        nodes, place = np.unique(problem.nodes[used, 0], return_inverse=True)
        weights = np.bincount(place, problem.weights[used], len(nodes))
        values = np.bincount(place, problem.weights[used] * problem.values[used, 0], len(nodes)) / weights
        lower, upper = problem.domain[0]
        inside = (nodes >= lower) & (nodes <= upper)
        if len(nodes) < 3 or not inside.all() or not np.isfinite(values).all():
            return None
        gaps = np.diff(nodes)
        masses = 0.5 * (weights[1:] + weights[:-1])
        points, heights, density = nodes, values, masses / gaps
        if nodes[0] > lower:
            slope = (values[1] - values[0]) / gaps[0]
            points, heights = (
                np.append(lower, points),
                np.append(values[0] - slope * (nodes[0] - lower), heights),
            )
            density = np.append(0.5 * weights[0] / (nodes[0] - lower), density)
        if nodes[-1] < upper:
            slope = (values[-1] - values[-2]) / gaps[-1]
            points, heights = (
                np.append(points, upper),
                np.append(heights, values[-1] + slope * (upper - nodes[-1])),
            )
            density = np.append(density, 0.5 * weights[-1] / (upper - nodes[-1]))
        sums = lower + np.append(0.0, np.cumsum(weights))
        slack = 1e-9 * (upper - lower)
        separated = (sums[:-1] <= nodes + slack).all() and (nodes <= sums[1:] + slack).all()
        if separated and abs(sums[-1] - upper) <= slack:
            density = np.ones_like(density)
        return cls(points, heights, density)

    def at(self, places: Array) -> Array:
        """Return the values at places of the domain."""
        return np.asarray(np.interp(places, self.points, self.values))

    def sums(self, places: Array) -> Array:
        """Return the integrals of density · (1, x, x², f, x f, f²) from the left end to the places, (g, 6)."""
        edges = np.unique(np.concatenate([self.points, places]))
        left, right = edges[:-1], edges[1:]
        middle = 0.5 * (left + right)
        gap = np.clip(np.searchsorted(self.points, middle, side="right") - 1, 0, len(self.density) - 1)
        mass = self.density[gap] * (right - left) / 6.0
        rows = []
        for x, share in ((left, 1.0), (middle, 4.0), (right, 1.0)):
            f = self.at(x)
            rows.append(share * mass * np.stack([np.ones_like(x), x, x * x, f, x * f, f * f]))
        totals = np.cumsum(rows[0] + rows[1] + rows[2], axis=1)
        full = np.concatenate([np.zeros((6, 1)), totals], axis=1)
        return np.ascontiguousarray(full[:, np.searchsorted(edges, places)].T)

    def bending(self) -> tuple[Array, Array]:
        """Return edges (m,) and at them the increasing share of the knots that belongs to their left, from 0 to 1.

        Half of it follows |f″|^{2/5}, the density of good knots of smooth functions, read off second differences;
        half follows the nodes themselves, which crowd where their rule expects a singularity.
        """
        x, f = self.points, self.values
        slopes = np.diff(f) / np.diff(x)
        bend = np.zeros(len(x))
        bend[1:-1] = np.abs(np.diff(slopes)) / (0.5 * (x[2:] - x[:-2]))
        local = (0.5 * (bend[1:] + bend[:-1])) ** 0.4 * np.diff(x)
        total = float(local.sum())
        even = np.linspace(0.0, 1.0, len(x))
        if not (np.isfinite(total) and total > 0):
            return x, even
        return x, 0.5 * even + 0.5 * np.concatenate([[0.0], np.cumsum(local) / total])
