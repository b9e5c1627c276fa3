"""Where a function bends, how much and to which side: what joints, kinks and nodes are placed by."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ratelab.best._starts import jump_points
from ratelab.exact._quadrature import gauss, resolved_cells, singular_points
from ratelab.registry import Target

Array = NDArray[np.float64]

_EVEN_EDGES, _FINE_EDGES, _MOST_EDGES = 1025, 4096, 8192
_PER_CELL = 4
_MOST_POINTS, _PATH_EDGES = 32, 257
_NOISE = 1e-13
_SHARE_OF_BEND = 0.8
_JUMP = 2e-9
"""Half the width, relative to the domain, of the steep piece that stands for a jump."""


@dataclass(frozen=True, eq=False)
class Profile:
    """A target of one variable on cells.

    Parameters
    ----------
    edges
        (M + 1,) increasing, singular points among them.
    bend
        (M,) mean second derivative of each cell, from second differences; 0 where that is roundoff.
    points, jumps
        Singular points inside the domain, and those of them where the target jumps.
    """

    target: Target
    edges: Array
    bend: Array
    points: tuple[float, ...]
    jumps: tuple[float, ...]

    @classmethod
    def of(cls, target: Target) -> "Profile":
        """Return the profile of a target, on cells that share the bending equally."""
        cells = resolved_cells(target)
        lower, upper = float(cells.edges[0]), float(cells.edges[-1])
        inside = [c for c in singular_points(target) if lower < c < upper]
        if len(inside) > _MOST_POINTS:  # a path: no single point counts, only how it bends on a coarse scale
            edges = np.linspace(lower, upper, _PATH_EDGES)
            return cls(target, edges, _bend(target, edges), (), ())
        edges = np.union1d(cells.edges, np.linspace(lower, upper, _EVEN_EDGES))
        if len(edges) > _MOST_EDGES:
            edges = np.union1d(np.linspace(lower, upper, _FINE_EDGES + 1), inside)
        first = cls(target, edges, _bend(target, edges), tuple(inside), tuple(jump_points(cells, inside)))
        even = np.linspace(0.0, 1.0, _FINE_EDGES + 1)
        edges = np.union1d(np.interp(even, first.cumulative(0.4), edges), edges)
        edges = edges[np.append(True, np.diff(edges) > 1e-14 * (upper - lower))]
        edges[-1] = upper
        return cls(target, edges, _bend(target, edges), first.points, first.jumps)

    def cumulative(self, power: float, sign: int = 0) -> Array:
        """Return at the edges the share of ∫ |f″|^power to their left, (M + 1,), from 0 to 1.

        Parameters
        ----------
        power
            2/5 for knots of good splines in L2, 1/2 in the sup norm.
        sign
            1 or −1: only where the target is convex or concave, and not scaled to end at 1.
        """
        width = np.diff(self.edges)
        mass = np.abs(self.bend) ** power * width
        total = float(mass.sum())
        if sign:
            return np.append(0.0, np.cumsum(np.where(sign * self.bend > 0, mass, 0.0)))
        if not 0 < total < np.inf:
            mass, total = width, float(width.sum())
        sums = np.append(0.0, np.cumsum(mass / total))
        return np.asarray(sums / sums[-1])

    def joints(self, count: int, power: float) -> Array:
        """Return at most `count` + 1 increasing points that share the bending equally, singular ones among them."""
        lower, upper = self.edges[0], self.edges[-1]
        shares = np.arange(1, count) / count
        inner = np.interp(shares, self.cumulative(power), self.edges)
        fixed: list[float] = []
        for point in self.points:
            half = _JUMP * (upper - lower)
            fixed += [point - half, point + half] if point in self.jumps else [point]
        fixed = fixed[: len(inner)]
        if fixed:
            for point in fixed:
                inner = np.delete(inner, int(np.abs(inner - point).argmin()))
            inner = np.concatenate([inner, fixed])
        result = np.unique(np.concatenate([[lower], inner[(inner > lower) & (inner < upper)], [upper]]))
        keep = np.append(True, np.diff(result) > 1e-12 * (upper - lower))
        result = result[keep]
        result[-1] = upper
        return np.asarray(result)

    def nodes(self, count: int) -> tuple[Array, Array, Array]:
        """Return about that many nodes, dense where the target bends: x, weights and values, (m,) each."""
        width = np.diff(self.edges) / (self.edges[-1] - self.edges[0])
        share = _SHARE_OF_BEND * np.diff(self.cumulative(0.4)) + (1 - _SHARE_OF_BEND) * width
        sums = np.append(0.0, np.cumsum(share))
        cells = np.linspace(0.0, sums[-1], max(count // _PER_CELL, 1) + 1)
        edges = np.union1d(np.interp(cells, sums, self.edges), self.points)
        unit, weights = gauss(_PER_CELL)
        half = 0.5 * np.diff(edges)
        x = (0.5 * (edges[1:] + edges[:-1])[:, None] + half[:, None] * unit).ravel()
        return x, (half[:, None] * weights).ravel(), resolved_cells(self.target).evaluate(x)[:, 0]


def _bend(target: Target, edges: Array) -> Array:
    evaluate = resolved_cells(target).evaluate
    width = np.diff(edges)
    # values inside the cell alone: at an edge the target may jump
    quarter = [evaluate(edges[:-1] + share * width)[:, 0] for share in (0.25, 0.5, 0.75)]
    second = quarter[0] + quarter[2] - 2.0 * quarter[1]
    noise = _NOISE * max(float(np.abs(quarter[1]).max(initial=0.0)), 1e-300)
    return np.asarray(np.where(np.abs(second) > noise, 16.0 * second / width**2, 0.0))
