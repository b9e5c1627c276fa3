"""Lower bounds for L1 errors: pieces that need not join, between knots that lie anywhere in cells."""

from dataclasses import dataclass
from fractions import Fraction
from math import fsum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ratelab.exact import cell_moments
from ratelab.registry import Target

Array = NDArray[np.float64]

_UNIT = 2.0**-53
_FEWEST = 512
_MOST_MIXED = 0.35


@dataclass(frozen=True, eq=False)
class MeanBound:
    """A lower bound for the L1 error of every piecewise polynomial with that many pieces, and the knots behind it.

    Parameters
    ----------
    value
        0 if nothing above its own tolerance is left.
    certainty
        That of the cell moments.
    knots
        (n − 1,) non-decreasing: middles of the cells that hold the knots of the cheapest path.
    ends
        (n + 1,) of the cheapest pieces that begin and end on edges of cells.
    edges, means
        (M + 1,) and (M,): the cells and the function's means on them.
    """

    value: float
    certainty: Literal["rigorous", "numerical"]
    knots: Array
    ends: Array
    edges: Array
    means: Array


def mean_lower_bound(
    target: Target, knots: Array, pieces: int, degree: int, resolution: int = 256
) -> MeanBound:
    """Bound from below the L1 error of functions that are polynomials of that degree on each of n intervals.

    Parameters
    ----------
    target
        One variable, one value.
    knots
        Where pieces are expected; decides how fine the cells are, never whether the bound holds.
    pieces
        n ≥ 1.
    degree
        0 or 1.
    resolution
        Cells per expected piece.
    """
    from ratelab.best._mean_norm_kernels import cheapest, cheapest_on_edges, constant_costs, line_costs

    resolution = max(resolution, -(-_FEWEST // pieces))
    edges = adapted_edges(target, knots, resolution)
    moments = cell_moments(target, edges, degree)
    integrals = moments.remainder[:, 0] * np.diff(edges)
    radii = fsum((moments.remainder_radius * np.sqrt(np.diff(edges)) * (1 + 8 * _UNIT)).tolist())
    means = moments.coefficients[:, 0]
    if degree == 1 and _mixed(edges, integrals, resolution) > _MOST_MIXED:
        # each piece is then a regression of its own: half as many cells
        edges, integrals, means = _halved(edges, integrals, means)
        resolution //= 2
    widths = np.diff(edges)
    ends = np.searchsorted(edges, np.concatenate([edges[:1], knots, edges[-1:]]))
    longest = int(min(len(widths), max(2 * np.diff(ends).max(), 2 * resolution)))
    if degree == 1:
        costs = line_costs(edges, integrals, _running(integrals), longest)
    else:
        costs = constant_costs(edges, integrals, longest)
    choices = np.zeros((pieces + 1, len(widths) + 2), dtype=np.int64)
    least = float(cheapest(costs, pieces, choices)[pieces])
    value = least - _tolerance(radii, integrals, longest, pieces, least)
    middles = np.concatenate([edges[:1], 0.5 * (edges[1:] + edges[:-1]), edges[-1:]])
    path, j = [], len(widths) + 1
    for k in range(pieces, 1, -1):
        j = int(choices[k, j])
        path.append(j)
    knots = middles[np.array(path[::-1], dtype=np.intp)]
    nodes = edges[cheapest_on_edges(costs, pieces)]
    return MeanBound(max(value, 0.0), moments.certainty, knots, nodes, edges, means)


def _tolerance(radii: float, integrals: Array, longest: int, pieces: int, least: float) -> float:
    """Return what the moments' radii and rounding can take from a path: see docs/other-norms.md."""
    sizes = fsum(np.abs(integrals).tolist())
    rounding = (2 * longest + 16 * pieces + 64) * _UNIT * sizes + (2 * pieces + 8) * _UNIT * least
    return (radii + rounding) * (1 + 1e-12)


def _running(integrals: Array) -> Array:
    """Return 0 and the sums of the first 1, 2, … integrals, each correctly rounded."""
    total, found = Fraction(0), [0.0]
    for value in integrals.tolist():
        total += Fraction(value)
        found.append(float(total))
    return np.array(found)


def _mixed(edges: Array, integrals: Array, resolution: int) -> float:
    """Return the share of intervals of a piece's length on which the function bends both ways."""
    from ratelab.best._mean_norm_kernels import bends

    up, down = bends(0.5 * (edges[1:] + edges[:-1]), integrals / np.diff(edges))
    if len(up) <= resolution:
        return 0.0
    both = (up[resolution:] > up[:-resolution]) & (down[resolution:] > down[:-resolution])
    return float(both.mean())


def _halved(edges: Array, integrals: Array, means: Array) -> tuple[Array, Array, Array]:
    """Merge cells in pairs; a last one without a partner stays alone."""
    starts = np.arange(0, len(integrals), 2)
    merged = np.append(edges[starts], edges[-1])
    weighted = np.add.reduceat(means * np.diff(edges), starts)
    return merged, np.add.reduceat(integrals, starts), weighted / np.diff(merged)


def adapted_edges(target: Target, knots: Array, resolution: int) -> Array:
    """Edges of cells of which every piece between these knots holds about `resolution`.

    Around a piece, as far as it is long, cells are at most twice as long as inside it.
    """
    start, end = target.domain[0]
    inside = np.unique(knots[(knots > start) & (knots < end)])
    ends = np.concatenate([[start], inside, [end]])
    lengths = np.diff(ends)
    low, high = ends[:-1] - lengths, ends[1:] + lengths
    grid = np.unique(np.clip(np.concatenate([ends, low, high]), start, end))
    middle = grid[:-1, None] + np.diff(grid)[:, None] / 2
    around = np.where((low < middle) & (middle < high), 0.5 / lengths, 0.0)
    within = np.where((ends[:-1] < middle) & (middle < ends[1:]), 1 / lengths, 0.0)
    density = np.maximum(around, within).max(axis=1)
    measure = np.concatenate([[0.0], np.cumsum(density * np.diff(grid))])
    count = max(1, int(np.ceil(measure[-1] * resolution)))
    edges = np.interp(np.arange(1, count) / count * measure[-1], measure, grid)
    edges = np.unique(np.concatenate([[start], edges, [end]]))
    keep = np.concatenate([[True], np.diff(edges) > 1e-13 * (end - start)])
    edges = edges[keep]
    edges[-1] = end
    return np.asarray(edges)
