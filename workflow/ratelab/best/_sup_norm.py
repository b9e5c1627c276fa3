"""Best uniform errors of splines with free knots: the fewest pieces of a path in a tube, and bisection on its width."""

from collections.abc import Callable, Sequence
from math import inf
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.best._bracket import Bracket, zero_pieces
from ratelab.best._splines import Spline
from ratelab.best._sup_norm_error import largest_error
from ratelab.best._sup_norm_proof import needs_more_links, needs_more_steps
from ratelab.best._sup_norm_strips import StripMaker, Strips, largest_jump
from ratelab.exact import error
from ratelab.registry import Target

Array = NDArray[np.float64]

_SHARE = {0: 2e-4, 1: 5e-5}
_MOST_CELLS = {0: 60_000, 1: 60_000}
_NARROW = 1e-9
_MARGINS = (1e-9, 1e-7, 1e-5, 1e-3)


def sup_brackets(
    target: Target,
    pieces: Sequence[int],
    degree: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> dict[int, Bracket]:
    """Return brackets of the best uniform errors of splines with that many pieces.

    A continuous broken line with n pieces is within ε of the target if and only if the tube of that radius holds a
    path with n links; the greedy path has the fewest. The target is enclosed between two broken lines on cells, and
    bisection on ε finds where n links stop being enough. That the wider tube holds no path is then proved in whole
    numbers, and the path in the narrower one is a network whose error is bounded anew (docs/other-norms.md).

    Parameters
    ----------
    target
        One variable, one value. With `pieces` or an `enclosure` both ends are rigorous, else numerical.
    pieces
        Numbers of pieces n ≥ 1.
    degree
        1: continuous piecewise linear functions, n − 1 free knots. 0: steps. The limits of continuous functions in this
        norm are continuous: near a jump of height h of the target their error is at least h / 2, whatever n is.
    progress
        Called with (done, total) steps.

    Raises
    ------
    UserError
        If the target has several variables or values, the degree is above 1 or a number of pieces below 1.

    Notes
    -----
    H. Imai, M. Iri, An optimal algorithm for approximating a piecewise linear function, 1986; S. Suri, A linear time
    algorithm for minimum link paths inside a simple polygon, 1986.
    """
    if degree not in (0, 1):
        raise UserError(f"uniform errors: degree is {degree}; what is supported is 0 and 1")
    wanted = sorted(set(pieces))
    if any(n < 1 for n in wanted):
        raise UserError(f"pieces are {list(pieces)}; allowed: whole numbers from 1 on")
    maker = StripMaker(target)
    zero = zero_pieces(target, degree)
    reached = zero[0] if zero is not None and zero[1] else inf
    steps = 1 + 2 * len(wanted)
    report = progress if progress is not None else _silent
    report(0, steps)
    open_ = [n for n in wanted if n < reached]
    search = _Search(target, maker, degree)
    if open_:
        search.resolve(open_[-1])
    report(1, steps)
    ends: dict[int, _Ends] = {}
    for index, n in enumerate(open_):
        ends[n] = search.ends(n)
        report(3 + 2 * index, steps)
    result: dict[int, Bracket] = {}
    below, certainty = 0.0, search.certainty
    best: tuple[Spline, float] | None = None
    for n in open_:
        spline, upper = ends[n].spline, ends[n].upper
        best = (spline, upper) if best is None or upper < best[1] else best
        ends[n].spline, ends[n].upper = best
    for n in reversed(open_):
        below = max(below, ends[n].lower)
        spline = ends[n].spline
        low = min(below, ends[n].upper)
        status: Literal["bound", "trivial"] = "bound" if low > 0 else "trivial"
        result[n] = Bracket(
            low, ends[n].upper, certainty, certainty, spline.knots, spline.network(), status, spline, inf
        )
    for n in wanted:
        if n >= reached:
            spline = exact_spline(target, degree)
            result[n] = Bracket(
                0.0, 0.0, "rigorous", "rigorous", spline.knots, spline.network(), "exact", spline, inf
            )
    report(steps, steps)
    return {n: result[n] for n in wanted}


class _Ends:
    def __init__(self, lower: float, upper: float, spline: Spline) -> None:
        self.lower, self.upper, self.spline = lower, upper, spline


def _silent(done: int, total: int) -> None:
    pass


class _Search:
    """Bisection on the radius of the tube for one target and degree."""

    def __init__(self, target: Target, maker: StripMaker, degree: int) -> None:
        self.target, self.maker, self.degree = target, maker, degree

    @property
    def strips(self) -> Strips:
        return self.maker.strips

    @property
    def certainty(self) -> Literal["rigorous", "numerical"]:
        return self.strips.certainty

    def resolve(self, pieces: int) -> None:
        """Refine the strips until they are thin against the error with that many pieces."""
        share, most = _SHARE[self.degree], _MOST_CELLS[self.degree]
        tolerance = 0.02 * self._spread()
        noise = 1e-14 * float(np.abs(self.strips.high).max())
        for _ in range(8):
            strips = self.maker.refine(tolerance, most)
            # never less than the error itself, so that no cell is thinner than it has to be
            size = self.radius(pieces, outwards=False)
            if float(strips.gaps.max()) <= max(share * size, noise) or len(strips.gaps) >= most:
                return
            tolerance = max(share * size, noise)

    def count(self, radius: float, outwards: bool, most: int) -> tuple[int, Array, Array]:
        """Return the links of the tube that is a little wider (outwards) or narrower than ±radius, and the path."""
        from ratelab.best._sup_norm_kernels import fewest_links, fewest_steps

        strips = self.strips
        low = strips.low - radius if outwards else strips.high - radius
        high = strips.high + radius if outwards else strips.low + radius
        if self.degree == 0:
            levels, ends = np.empty(most), np.empty(most)
            return fewest_steps(strips.edges, low, high, most, levels, ends), levels, ends
        lines, reach = np.empty((most, 4)), np.empty((most, 2))
        return fewest_links(strips.edges, low, high, most, lines, reach), lines, reach

    def radius(self, pieces: int, outwards: bool) -> float:
        """Return nearly the least radius whose tube holds a path with that many pieces, from above."""
        good, bad = 2 * self._spread(), 0.0
        while good - bad > _NARROW * good and good > 1e-300:
            middle = good / 16 if bad == 0.0 else 0.5 * (good + bad)
            if self.count(middle, outwards, pieces)[0] <= pieces:
                good = middle
            else:
                bad = middle
            if bad == 0.0 and good < 1e-18 * float(np.abs(self.strips.high).max() + 1e-300):
                break
        return good

    def _spread(self) -> float:
        """Return the size of the range of the target."""
        return float(self.strips.high.max() - self.strips.low.min()) + 1e-300

    def ends(self, pieces: int) -> _Ends:
        """Return a lower end, an upper end and its spline."""
        return _Ends(self.lower(pieces), *self.upper(pieces))

    def lower(self, pieces: int) -> float:
        """Return a radius whose tube is proved to hold no path with that many pieces."""
        floor = 0.5 * largest_jump(self.target) if self.degree == 1 else 0.0
        near = self.radius(pieces, outwards=True)
        proves = needs_more_links if self.degree == 1 else needs_more_steps
        for margin in _MARGINS:
            radius = near * (1 - margin)
            if radius <= floor or near < 1e-17 * float(np.abs(self.strips.high).max()):
                break
            if proves(self.strips, radius, pieces):
                return radius
        return floor

    def upper(self, pieces: int) -> tuple[float, Spline]:
        """Return the path in the narrower tube as a spline, with its error."""
        radius = self.radius(pieces, outwards=False)
        spline = self.spline(radius, pieces)
        bound = largest_error(spline.network(), self.strips)
        if bound is None or self.certainty == "numerical":
            found = error(spline.network(), self.target, inf)
            bound = found if bound is None else max(bound, found)
        return bound, spline

    def spline(self, radius: float, pieces: int) -> Spline:
        """Return the greedy path in the narrower tube."""
        count, lines, reach = self.count(radius, False, pieces)
        domain = float(self.strips.edges[0]), float(self.strips.edges[-1])
        count = min(count, pieces)
        if self.degree == 0:
            return _steps(domain, lines[:count], reach[:count])
        return _broken_line(domain, lines[:count], reach[:count])


def _broken_line(domain: tuple[float, float], lines: Array, reach: Array) -> Spline:
    """Return the spline on these lines; each meets the next one in its reach."""
    middle = 0.5 * (lines[:, 0] + lines[:, 2])
    slope = (lines[:, 3] - lines[:, 1]) / (lines[:, 2] - lines[:, 0])
    height = 0.5 * (lines[:, 1] + lines[:, 3])
    knots: list[float] = []
    values = [float(height[0] + slope[0] * (domain[0] - middle[0]))]
    for k in range(len(lines) - 1):
        low, high = reach[k]
        gap = height[k] + slope[k] * (low - middle[k]) - height[k + 1] - slope[k + 1] * (low - middle[k + 1])
        turn = slope[k + 1] - slope[k]
        knot = min(max(low + gap / turn, low), high) if turn != 0 else high
        if knots and knot <= knots[-1]:
            knot = float(np.nextafter(knots[-1], inf))
        if domain[0] < knot < domain[1]:
            knots.append(float(knot))
            values.append(float(height[k] + slope[k] * (knot - middle[k])))
    values.append(float(height[-1] + slope[-1] * (domain[1] - middle[-1])))
    return Spline(1, domain, np.array(knots), np.array(values))


def _steps(domain: tuple[float, float], levels: Array, ends: Array) -> Spline:
    inside = np.flatnonzero((ends[:-1] > domain[0]) & (ends[:-1] < domain[1]) & (np.diff(ends) > 0))
    return Spline(0, domain, ends[inside], np.append(levels[inside], levels[-1]))


def exact_spline(target: Target, degree: int) -> Spline:
    """Return the spline that a target with exact pieces is, up to the rounding of its knots."""
    assert target.pieces is not None
    lower, upper = target.domain[0]
    inside = [
        t for i, t in enumerate(target.pieces.knots) if lower < t < upper and any(target.pieces.jumps(i))
    ]
    knots = np.array([float(t) for t in inside])
    if degree == 0:
        values = [float(target(np.array([[lower]]))[0, 0])]
        values += [float(target.pieces(t)) for t in inside]
    else:
        first, last = (float(target(np.array([[x]]))[0, 0]) for x in (lower, upper))
        values = [first, *(float(target.pieces(t)) for t in inside), last]
    return Spline(degree, (lower, upper), knots, np.array(values))
