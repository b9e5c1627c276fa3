"""Brackets of free-knot spline approximation: a certified lower end and the best network in hand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.best._book import SplineBook
from ratelab.best._free_knots import free_knot_splines
from ratelab.best._lower import LowerBound, lower_bounds
from ratelab.best._matched import matched_bounds
from ratelab.best._splines import Spline
from ratelab.exact import CellMoments, cell_edges, cell_moments, certified_error
from ratelab.networks import Network
from ratelab.registry import Target

Certainty = Literal["rigorous", "numerical"]

_CELLS, _MOST_CELLS = 16384, 131072
_PER_PIECE, _PER_SHORT = 128, 64
_TIGHT = 0.997
_WORTH = 0.999


@dataclass(frozen=True, eq=False)
class Bracket:
    """Two ends of the best error of splines with n pieces (n − 1 free knots, closure included).

    Parameters
    ----------
    lower, upper
        The infimum lies between them.
    certainty, upper_certainty
        Of the lower and the upper end: ``rigorous`` (proved) or ``numerical`` (estimated).
    knots
        (n − 1,) of the best spline in hand, fewer if n pieces bring nothing over fewer.
    network
        The shallow network of that spline; `upper` is its error.
    status
        ``bound``; ``trivial`` if no positive lower end was found; ``exact`` if both the target and a limit of
        splines agree, so that the infimum is zero.
    spline
        The spline itself.
    norm
        p of the L_p norm in which errors are measured: 2, 1 or infinity.
    """

    lower: float
    upper: float
    certainty: Certainty
    upper_certainty: Certainty
    knots: NDArray[np.float64]
    network: Network
    status: Literal["bound", "trivial", "exact"]
    spline: Spline
    norm: float = 2.0


def bracket(target: Target, pieces: int, p: float = 2, degree: int = 1) -> Bracket:
    """Return the bracket of the best error of splines with that many pieces.

    Parameters
    ----------
    target
        One variable, one value.
    pieces
        n ≥ 1.
    p
        2, 1 or infinity.
    degree
        r: 0 for steps, 1 for continuous piecewise linear functions, and so on; 0 and 1 for p other than 2.

    Raises
    ------
    UserError
        If p is another number, the target has several variables or values, or a number is out of range.
    """
    if isinstance(pieces, bool) or not isinstance(pieces, int | np.integer) or pieces < 1:
        raise UserError(f"bracket: pieces are {pieces!r}; allowed: whole numbers from 1 on")
    pieces = int(pieces)
    if p == 2:
        return brackets(target, [pieces], degree)[pieces]
    if p == 1:
        from ratelab.best._mean_norm import mean_brackets

        return mean_brackets(target, [pieces], degree)[pieces]
    if p == inf:
        from ratelab.best._sup_norm import sup_brackets

        return sup_brackets(target, [pieces], degree)[pieces]
    raise UserError(f"bracket: p is {p!r}; allowed: the numbers 1, 2 and infinity (float('inf'))")


def brackets(
    target: Target,
    pieces: Sequence[int],
    degree: int,
    progress: Callable[[int, int], None] | None = None,
    book: SplineBook | None = None,
    moments: CellMoments | None = None,
) -> dict[int, Bracket]:
    """Return the L2 brackets for many numbers of pieces at once.

    Upper ends come first and tell the lower ends where work is worth it; where both stay apart, the knots of the
    lower ends start a second search for the upper ones, and what that finds sharpens the lower ends once more.

    Steps (degree 0) and continuous piecewise linear functions (degree 1) have lower ends of their own class; those
    of higher degrees hold for pieces that need not join, and lie further below.

    Parameters
    ----------
    target, pieces, degree
        As in `bracket`.
    progress
        Called with (done, total) steps.
    book
        Splines are remembered there.
    moments
        The target's cell moments, of that degree at least, if they are already at hand.

    Raises
    ------
    UserError
        As `bracket`.
    """
    wanted = sorted(set(pieces))
    if not wanted:
        return {}
    report = progress if progress is not None else _silent
    report(0, 4)
    splines = free_knot_splines(target, wanted, degree)
    ends = {n: _upper(splines[n], target) for n in wanted}
    report(1, 4)
    if moments is None:
        moments = cell_moments(
            target, cell_edges(target, _cells(target, splines[wanted[-1]], wanted[-1])), degree
        )
    report(2, 4)
    zero = zero_pieces(target, degree)
    # where the infimum is proved to be zero there is nothing to bound
    positive = [n for n in wanted if zero is None or n < zero[0]]
    bounds = _lower(target, moments, degree, {n: ends[n] for n in positive})
    report(3, 4)
    loose = [n for n in positive if bounds[n].value < _TIGHT * ends[n].upper]
    if loose:
        better = free_knot_splines(target, loose, degree, {n: [bounds[n].knots] for n in loose})
        gained = []
        for n in loose:
            same = np.array_equal(better[n].knots, splines[n].knots)
            end = ends[n] if same else _upper(better[n], target)
            if end.upper < ends[n].upper:
                gained += [n] if end.upper < _WORTH * ends[n].upper else []
                ends[n] = end
        if gained:
            sharper = _lower(target, moments, degree, {n: ends[n] for n in gained})
            bounds |= {n: bound for n, bound in sharper.items() if bound.value > bounds[n].value}
    result = _assemble(target, degree, ends, bounds, zero)
    if book is not None:
        book.remember(target, {n: found.spline for n, found in result.items()})
    report(4, 4)
    return result


def zero_pieces(target: Target, degree: int) -> tuple[int, bool] | None:
    """Return from how many pieces on splines of that degree reach the target, or None if none is known to.

    The target's exact pieces must have that degree at most; a knot where the m-th derivative is the first to jump
    counts r − m + 1 times (limits of splines, as knots meet). The flag tells whether simple knots are enough, so that
    a spline equals the target.
    """
    if target.pieces is None or target.dimension != 1 or target.pieces.degree > degree:
        return None
    lower, upper = (Fraction(end) for end in target.domain[0])
    knots, attained = 0, True
    for index, knot in enumerate(target.pieces.knots):
        jumps = target.pieces.jumps(index)
        order = next((m for m, jump in enumerate(jumps) if jump), None)
        if order is not None and lower < knot < upper:
            knots += degree - order + 1
            attained = attained and order == degree
    return knots + 1, attained


@dataclass(frozen=True, eq=False)
class _End:
    spline: Spline
    network: Network
    upper: float
    certainty: Certainty


def _silent(done: int, total: int) -> None:
    pass


def _upper(spline: Spline, target: Target) -> _End:
    network = spline.network()
    found = certified_error(network, target)
    return _End(spline, network, found.upper, found.certainty)


def _cells(target: Target, spline: Spline, pieces: int) -> int:
    """Return how many cells resolve that many pieces, a power of two; more where half of them are short."""
    lower, upper = target.domain[0]
    middle = float(np.median(np.diff(np.concatenate([[lower], spline.knots, [upper]])))) / (upper - lower)
    short = _PER_SHORT / middle
    # knots that meet, as at a jump, are not to be resolved
    needed = max(_PER_PIECE * pieces, short if short <= _MOST_CELLS else 0)
    count = _CELLS
    while count < min(needed, _MOST_CELLS):
        count *= 2
    return count


def _lower(target: Target, moments: CellMoments, degree: int, ends: dict[int, _End]) -> dict[int, LowerBound]:
    """Return lower ends; what is in hand says where work is worth it."""
    wanted = sorted(ends)
    incumbents = {n: ends[n].upper for n in wanted}
    if degree != 1:
        return lower_bounds(moments, wanted, degree, incumbents)
    starts = {n: ends[n].spline.knots for n in wanted}
    return matched_bounds(target, moments, wanted, incumbents, starts)


def _assemble(
    target: Target,
    degree: int,
    ends: dict[int, _End],
    bounds: dict[int, LowerBound],
    zero: tuple[int, bool] | None,
) -> dict[int, Bracket]:
    """Join both ends; classes are nested, so upper ends never increase with n and lower ends never decrease."""
    running, uppers = None, {}
    for n in sorted(ends):
        running = ends[n] if running is None or ends[n].upper < running.upper else running
        uppers[n] = running
    result = {}
    below = 0.0
    for n in sorted(ends, reverse=True):
        end = uppers[n]
        if zero is not None and n >= zero[0]:
            value = 0.0 if zero[1] else end.upper
            result[n] = Bracket(
                0.0, value, "rigorous", "rigorous" if zero[1] else end.certainty, end.spline.knots, end.network,
                "exact", end.spline,
            )  # fmt: skip
            continue
        bound = bounds[n]
        below = max(below, bound.value)
        if below > end.upper * (1 + 1e-9) and end.upper < inf:
            raise AssertionError(
                f"target '{target.name}', {n} pieces: lower end {below} above upper end {end.upper}"
            )
        low = min(below, end.upper)
        status: Literal["bound", "trivial"] = "bound" if low > 0 else "trivial"
        result[n] = Bracket(
            low, end.upper, bound.certainty, end.certainty, end.spline.knots, end.network, status, end.spline
        )
    return {n: result[n] for n in sorted(result)}
