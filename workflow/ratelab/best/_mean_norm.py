"""Brackets of the best L1 errors of splines with free knots."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.best._bracket import Bracket, zero_pieces
from ratelab.best._free_knots import free_knot_splines
from ratelab.best._mean_norm_error import mean_error
from ratelab.best._mean_norm_fit import Samples, fitted
from ratelab.best._mean_norm_lower import MeanBound, adapted_edges, mean_lower_bound
from ratelab.best._splines import Spline
from ratelab.best._sup_norm import exact_spline
from ratelab.best._sup_norm_strips import StripMaker
from ratelab.exact import error
from ratelab.registry import Target

Array = NDArray[np.float64]

_SHARE = 2e-4
_MOST_CELLS = 60_000
_SAMPLES = 192


def mean_brackets(
    target: Target,
    pieces: Sequence[int],
    degree: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> dict[int, Bracket]:
    """Return brackets of the best L1 errors of splines with that many pieces.

    The lower end holds for pieces that need not join: a dynamic programme over cells that hold the knots, where a piece
    costs the L1 distance of the cell means to a line, bounded by weak duality. The upper end is the error of a spline
    in hand, found by descent in knots and values from the L2 spline and from the knots of the lower end
    (docs/other-norms.md).

    Parameters
    ----------
    target
        One variable, one value. The lower end is rigorous with `pieces`, `moments` or an `enclosure`, the upper end
        with `pieces` or an `enclosure`; else they are numerical.
    pieces
        Numbers of pieces n ≥ 1.
    degree
        1: continuous piecewise linear functions, n − 1 free knots. 0: steps.
    progress
        Called with (done, total) steps.

    Raises
    ------
    UserError
        If the target has several variables or values, the degree is above 1 or a number of pieces below 1.
    """
    if degree not in (0, 1):
        raise UserError(f"L1 errors: degree is {degree}; what is supported is 0 and 1")
    wanted = sorted(set(pieces))
    if any(n < 1 for n in wanted):
        raise UserError(f"pieces are {list(pieces)}; allowed: whole numbers from 1 on")
    maker = StripMaker(target)
    report = progress if progress is not None else _silent
    steps = 1 + len(wanted)
    report(0, steps)
    zero = zero_pieces(target, degree)
    reached = zero[0] if zero is not None else inf
    open_ = [n for n in wanted if n < reached]
    starts = free_knot_splines(target, wanted, degree)
    report(1, steps)
    bounds: dict[int, MeanBound] = {}
    ends: dict[int, _End] = {}
    best: _End | None = None
    for index, n in enumerate(open_):
        bounds[n], found = _ends(target, maker, starts[n], n, degree)
        best = found if best is None or found.upper < best.upper else best
        ends[n] = best
        report(2 + index, steps)
    result: dict[int, Bracket] = {}
    below = 0.0
    for n in reversed(open_):
        below = max(below, bounds[n].value)
        result[n] = _bracket(below, bounds[n], ends[n])
    for n in wanted:
        if n >= reached:
            assert zero is not None
            result[n] = _exact(target, degree, zero[1], maker, starts[n])
    report(steps, steps)
    return {n: result[n] for n in wanted}


@dataclass(frozen=True, eq=False)
class _End:
    spline: Spline
    upper: float
    certainty: Literal["rigorous", "numerical"]


def _silent(done: int, total: int) -> None:
    pass


def _bracket(below: float, bound: MeanBound, end: _End) -> Bracket:
    low = min(below, end.upper)
    status: Literal["bound", "trivial"] = "bound" if low > 0 else "trivial"
    spline = end.spline
    return Bracket(
        low, end.upper, bound.certainty, end.certainty, spline.knots, spline.network(), status, spline, 1.0
    )


def _exact(target: Target, degree: int, attained: bool, maker: StripMaker, start: Spline) -> Bracket:
    """Return the bracket of a target that a spline, or a limit of splines, equals."""
    if attained:
        spline = exact_spline(target, degree)
        return Bracket(0.0, 0.0, "rigorous", "rigorous", spline.knots, spline.network(), "exact", spline, 1.0)
    end = _certified(target, maker, start)
    return Bracket(
        0.0, end.upper, "rigorous", end.certainty, start.knots, start.network(), "exact", start, 1.0
    )


def _ends(
    target: Target, maker: StripMaker, start: Spline, pieces: int, degree: int
) -> tuple[MeanBound, _End]:
    splines = [start]
    if degree == 1:
        splines += _descended(target, start)
    bound = mean_lower_bound(target, splines[-1].knots, pieces, degree)
    if degree == 1:
        splines += _descended(target, _through(_samples(target, bound.knots), bound.knots, start))
    else:
        splines.append(_steps(start, bound))
    found = [_certified(target, maker, spline) for spline in splines]
    return bound, min(found, key=lambda end: end.upper)


def _descended(target: Target, start: Spline) -> list[Spline]:
    """Descend twice: where knots have moved far, cells are made anew."""
    first, _ = fitted(_samples(target, start.knots), start)
    second, _ = fitted(_samples(target, first.knots), first)
    return [first, second]


def _samples(target: Target, knots: Array) -> Samples:
    edges = adapted_edges(target, knots, _SAMPLES)
    return Samples(edges, target(edges[:, None])[:, 0])


def _certified(target: Target, maker: StripMaker, spline: Spline) -> _End:
    """Return the error of a spline's network, proved where strips of the target are."""
    network = spline.network()
    measured = error(network, target, 1)
    lower, upper = target.domain[0]
    noise = 1e-14 * float(np.abs(maker.strips.high).max())
    strips = maker.refine(max(_SHARE * measured / (upper - lower), noise), _MOST_CELLS)
    bound = mean_error(network, strips)
    if bound is None or strips.certainty == "numerical":
        return _End(spline, measured if bound is None else bound, "numerical")
    return _End(spline, bound, "rigorous")


def _through(samples: Samples, knots: Array, start: Spline) -> Spline:
    """Return the interpolating spline with these knots, moved apart where they coincide."""
    a, b = start.domain
    gap = 1e-4 * (b - a) / (len(knots) + 2)
    inside = np.unique(knots[(knots > a + gap) & (knots < b - gap)])
    inside = inside[np.concatenate([[True], np.diff(inside) > gap])] if len(inside) else inside
    while len(inside) < len(knots):
        ends = np.concatenate([[a], inside, [b]])
        widest = int(np.diff(ends).argmax())
        inside = np.sort(np.append(inside, 0.5 * (ends[widest] + ends[widest + 1])))
    nodes = np.concatenate([[a], inside, [b]])
    return Spline(1, start.domain, inside, samples.at(nodes)[0])


def _steps(start: Spline, bound: MeanBound) -> Spline:
    """Return the steps between the best edges, each at the median of the cells' means."""
    ends = bound.ends
    inner = np.unique(ends[(ends > start.domain[0]) & (ends < start.domain[1])])
    nodes = np.concatenate([[start.domain[0]], inner, [start.domain[1]]])
    levels = [_median(bound, a, b) for a, b in zip(nodes[:-1], nodes[1:], strict=True)]
    return Spline(0, start.domain, inner, np.array(levels))


def _median(bound: MeanBound, a: float, b: float) -> float:
    first, last = np.searchsorted(bound.edges, [a, b])
    means, widths = bound.means[first:last], np.diff(bound.edges[first : last + 1])
    order = np.argsort(means, kind="stable")
    total = np.cumsum(widths[order])
    return float(np.interp(0.5 * total[-1], total - 0.5 * widths[order], means[order]))
