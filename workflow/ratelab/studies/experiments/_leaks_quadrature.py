"""Quadrature on nested boxes around a support, for one target: one evaluation gives every error and leak."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ratelab.exact import SupportErrors, SupportQuadrature, cut_quadrature, margin_quadrature, network_values
from ratelab.networks import Network
from ratelab.registry import Support, Target
from ratelab.spaces import SupportedNetwork

Array = NDArray[np.float64]

CELLS = {1: 400, 2: 40, 3: 10}
"""Cells along each axis of the target's domain, by number of variables."""
_OUTER = 4
"""How much coarser cells are outside the domain."""
_PARTS = {1: 64, 2: 8, 3: 4}
"""Parts of each side of a grid cube along a support, by number of variables; margins are a quarter of a side."""


@dataclass(frozen=True, eq=False)
class Measured:
    """A network and its error at the points of a quadrature.

    Parameters
    ----------
    rule
        Points, weights, and which of them lie in the target's support.
    values, apart
        (m, k): f̂ and f̂ − f.
    """

    rule: SupportQuadrature
    values: Array
    apart: Array

    def errors(self, sides: Sequence[tuple[float, float]]) -> SupportErrors:
        """Return the errors on a box."""
        return self.rule.errors(self.apart, self.rule.within(sides))

    def leak(self, radius: float) -> float:
        """Return ∫|f̂| over [−R, R]^d without the target's support."""
        return self.rule.errors(self.values, self.rule.outside(radius)).l1


@dataclass(frozen=True, eq=False)
class Quadrature(SupportQuadrature):
    """Points and weights on boxes [−R, R]^d and the target's domain, two Gauss points a cell and axis.

    Parameters
    ----------
    values
        (m, k) of the target.
    radii
        The R.
    """

    values: Array
    radii: tuple[float, ...]

    def without(self, radius: float) -> float:
        """Return the measure of [−R, R]^d without the support."""
        return self.measure(self.outside(radius))

    def measured(self, network: Network, built: SupportedNetwork | None = None) -> Measured:
        """Return a network and its error at all points.

        Parameters
        ----------
        network
            In float64.
        built
            Its accounts, if it was built to match the support: outside the target's support the points are then
            those of its margins, so that thin ones count.
        """
        if built is None:
            found = network_values(network, self.points)
            return Measured(self, found, found - self.values)
        assert built.target.support is not None
        parts = _PARTS[min(built.target.dimension, 3)]
        margins = margin_quadrature(built.support, built.target.support, parts)
        points = np.concatenate([self.points[self.inside], margins.points])
        weights = np.concatenate([self.weights[self.inside], margins.weights])
        found = network_values(network, points)
        apart = found.copy()
        apart[: len(points) - len(margins.points)] -= self.values[self.inside]
        return Measured(SupportQuadrature(points, weights, self.support), found, apart)


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
    domain = [(float(a), float(b)) for a, b in target.domain]
    bounds = [(float(a), float(b)) for a, b in support.bounds]
    cuts = [[*side, *radii, *(-r for r in radii)] for side in domain]
    sides = [
        (min(*more, lower), max(*more, upper)) for more, (lower, upper) in zip(cuts, bounds, strict=True)
    ]

    def width(axis: int, a: float, b: float) -> float:
        lower, upper = domain[axis]
        return (upper - lower) / cells * (1 if lower <= a and b <= upper else _OUTER)

    rule = cut_quadrature(support, sides, width, cuts=cuts)
    values = target(rule.points).reshape(len(rule.points), -1)
    return Quadrature(rule.points, rule.weights, support, values, tuple(map(float, radii)))
