"""Certified lower bounds for piecewise polynomials with free knots in L2, one variable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import frexp, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.best._cells import UNIT, Cells, from_moments, merge_groups, rounding_constant
from ratelab.best._segments import Segments, backtrack, forward, segments
from ratelab.exact import CellMoments

Array = NDArray[np.float64]

_FIRST = 1024
_ENOUGH = 0.995


@dataclass(frozen=True, eq=False)
class LowerBound:
    """A lower bound for the error of every piecewise polynomial with that many pieces.

    Parameters
    ----------
    value
        At most the L2 distance to piecewise polynomials with n pieces that need not join; 0 if trivial.
    certainty
        ``rigorous`` if the cell moments are, else ``numerical``.
    status
        ``bound``, or ``trivial`` where nothing above the own tolerance is left.
    knots
        (n − 1,) non-decreasing points of the cells that hold the knots of the cheapest path: a start for fits.
    """

    value: float
    certainty: Literal["rigorous", "numerical"]
    status: Literal["bound", "trivial"]
    knots: Array


def lower_bounds(
    moments: CellMoments,
    pieces: Sequence[int],
    degree: int,
    incumbents: Mapping[int, float] | None = None,
    adapt: bool = True,
) -> dict[int, LowerBound]:
    """Bound from below the L2 error of piecewise polynomials with free knots, for several numbers of pieces.

    Every knot lies somewhere in a cell; that cell's cost is dropped, the cells between two knots cost their least
    squares error, and a dynamic programme finds the cheapest path (bracket sheet, discontinuous lower bound). A
    first pass on few cells shows where the knots are; a second one, for neighbouring numbers of pieces together,
    uses cells that resolve those pieces equally well.

    Parameters
    ----------
    moments
        On as many cells as the bound may use; their degree is at least `degree`.
    pieces
        Numbers of pieces n ≥ 1.
    degree
        Of the pieces.
    incumbents
        n → an error that is reached. It only decides where more work is pointless, never the bound.
    adapt
        Whether to make the second pass.

    Returns
    -------
    dict[int, LowerBound]
        By number of pieces; values do not increase with n.

    Raises
    ------
    UserError
        If the degree is above that of the moments, or a number of pieces is below 1.
    """
    wanted = sorted(set(pieces))
    if not 0 <= degree <= moments.degree:
        raise UserError(f"lower bounds: degree is {degree}; the cell moments reach {moments.degree}")
    if wanted and wanted[0] < 1:
        raise UserError(f"lower bounds: {wanted[0]} pieces are asked for; allowed: 1 or more")
    moments, exponent = _normalised(moments)
    incumbents = {n: float(np.ldexp(value, -exponent)) for n, value in (incumbents or {}).items()}
    finest = from_moments(moments, degree)
    errors = moments.remainder_radius if degree == moments.degree else moments.radius
    tolerance = sqrt(float((errors**2).sum())) * (1 + 1e-12)
    values: dict[int, float] = dict.fromkeys(wanted, 0.0)
    knots: dict[int, Array] = {}
    resolution = 320 if degree < 2 else 256

    def run(cells: Cells, costs: Segments, members: Sequence[int]) -> None:
        table = forward(costs, members[-1])
        for n in wanted:
            if n <= members[-1]:
                value = _proved(float(table[n, -1]), costs.depth, n, tolerance, finest)
                if n in members and (n not in knots or value >= values[n]):
                    knots[n] = _points(cells, backtrack(costs, table, n))
                values[n] = max(values[n], value)

    if wanted:
        coarse = _regular(finest, _FIRST)
        run(coarse, segments(coarse, len(coarse)), wanted)
    for members in _groups(wanted) if adapt else []:
        if incumbents and all(values[n] >= _ENOUGH * incumbents.get(n, np.inf) for n in members):
            continue
        if len(finest) <= _FIRST:
            continue
        cells = _adapted(finest, [knots[n] for n in members], resolution)
        run(cells, segments(cells, _longest(cells, [knots[n] for n in members], 3 * resolution)), members)
    for n, more in zip(wanted[-2::-1], wanted[:0:-1], strict=True):
        values[n] = max(values[n], values[more])
    return {
        n: LowerBound(value, moments.certainty, "bound" if value > 0 else "trivial", knots[n])
        for n in wanted
        for value in [_rescaled(values[n], exponent)]
    }


_UNDERFLOW = 1e-150
"""With coefficients of size 1, squares lose at most 2⁻¹⁰⁷⁴ an operation: together less than the square of this."""


def _normalised(moments: CellMoments) -> tuple[CellMoments, int]:
    """Return the moments of f·2^(−e), exact up to underflow, and e, so that squares neither overflow nor vanish."""
    largest = max(float(np.abs(a).max(initial=0.0)) for a in (moments.coefficients, moments.remainder))
    exponent = frexp(largest)[1]
    scaled = {
        name: np.ldexp(getattr(moments, name), -exponent)
        for name in ("coefficients", "radius", "reference", "remainder", "remainder_radius")
    }
    return replace(moments, **scaled), exponent


def _rescaled(value: float, exponent: int) -> float:
    """Undo the scaling, rounded down."""
    value = max(0.0, value - _UNDERFLOW)
    return float(np.nextafter(np.ldexp(value, exponent), 0.0)) if value else 0.0


def _proved(cost: float, depth: int, pieces: int, tolerance: float, finest: Cells) -> float:
    """Turn a computed least cost into a proved bound: see docs/lower-bounds.md for each term."""
    constant = rounding_constant(finest.degree)
    relative = (6 * depth + 2 * pieces + 8 * finest.degree + 64) * UNIT
    growth = 1 + 2 * UNIT * depth * constant
    rounding = UNIT * (depth * constant + sqrt(depth) * (2 * constant + 2) + 8) * finest.norm * growth
    return max(0.0, sqrt(cost) * (1 - relative) - (tolerance + rounding) * (1 + 1e-12))


def _regular(finest: Cells, count: int) -> Cells:
    """At most `count` cells, each of equally many finest ones."""
    size = -(-len(finest) // count)
    return merge_groups(finest, np.arange(0, len(finest), size))


def _groups(wanted: Sequence[int]) -> list[list[int]]:
    """Neighbouring numbers of pieces that can share cells, ascending inside, largest group first."""
    groups: list[list[int]] = []
    for n in sorted(wanted, reverse=True):
        if groups and n >= 0.9 * groups[-1][-1]:
            groups[-1].insert(0, n)
        elif n > 1:
            groups.append([n])
    return groups


def _adapted(finest: Cells, knots: Sequence[Array], resolution: int) -> Cells:
    """Merge finest cells so that each of these knots' pieces keeps about `resolution` of them."""
    measure = np.zeros(len(finest.edges))
    for points in knots:
        ends = np.unique(np.concatenate([finest.edges[:1], points, finest.edges[-1:]]))
        lengths = np.diff(ends)
        # knots may move: around a piece, as far as it is long, cells are at most twice as long as inside
        low, high = ends[:-1] - lengths, ends[1:] + lengths
        grid = np.unique(np.clip(np.concatenate([ends, low, high]), ends[0], ends[-1]))
        middle = grid[:-1, None] + np.diff(grid)[:, None] / 2
        around = np.where((low < middle) & (middle < high), 0.5 / lengths, 0.0)
        inside = np.where((ends[:-1] < middle) & (middle < ends[1:]), 1 / lengths, 0.0)
        density = np.maximum(around, inside).max(axis=1)
        index = np.concatenate([[0.0], np.cumsum(density * np.diff(grid))])
        measure = np.maximum(measure, np.interp(finest.edges, grid, index))
    limit = 1 / resolution
    starts, first = [0], 0.0
    for i, value in enumerate(measure[1:].tolist()):
        if value - first > limit and i > starts[-1]:
            starts.append(i)
            first = float(measure[i])
    return merge_groups(finest, np.array(starts))


def _longest(cells: Cells, knots: Sequence[Array], limit: int) -> int:
    """A third more cells than the longest of these knots' pieces has, within a limit."""
    longest = 0
    for points in knots:
        ends = np.concatenate([[0], np.searchsorted(cells.edges, points), [len(cells)]])
        longest = max(longest, int(np.diff(ends).max()))
    return max(64, min(longest + longest // 2 + 1, limit))


def _points(cells: Cells, indices: NDArray[np.int64]) -> Array:
    """Midpoints of knot cells; the two ends of the domain stand for themselves."""
    middles = cells.edges[:-1] + np.diff(cells.edges) / 2
    return np.concatenate([cells.edges[:1], middles, cells.edges[-1:]])[indices]
