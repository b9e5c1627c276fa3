"""The best free-knot splines in hand: many starts, Newton's method, and sweeps through the numbers of pieces.

The splines of one (target, degree) are found in blocks of pieces, each with the help of the one before, whatever
numbers were asked for: the answer for n pieces is a function of target, degree and n alone.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from weakref import WeakKeyDictionary

import numpy as np
from numpy.linalg import LinAlgError
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.best._descent import apart, descend
from ratelab.best._linear_search import LinearSearch
from ratelab.best._programme import StepProgramme
from ratelab.best._splines import Spline
from ratelab.best._starts import inserted, layout, quantiles, removed
from ratelab.best._variable_projection import SMALLEST_GAP, Fit, fit
from ratelab.exact import error
from ratelab.exact._quadrature import Cells, resolved_cells, singular_points
from ratelab.registry import Target

Array = NDArray[np.float64]

LARGEST_DEGREE = 5
_BLOCKS = (tuple(range(1, 10)), (12, 16, 17, 24, 25, 32, 33), (48, 49, 64, 65), (96, 97, 128, 129))
_GRID = 160
_SHORT, _LONG = 8, 60
_KEPT = 3
_WORTH = 2e-3
_GAPS = (1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3)


def free_knot_splines(
    target: Target,
    pieces: Sequence[int],
    degree: int,
    starts: Mapping[int, Sequence[Array]] | None = None,
) -> dict[int, Spline]:
    """Return the best L2 splines with simple free knots that we can find, errors non-increasing in n.

    Where n pieces bring nothing over fewer, the spline with fewer pieces is the answer for n.

    Parameters
    ----------
    target
        One variable, one value.
    pieces
        Numbers of pieces n ≥ 1.
    degree
        r from 0 (steps) to 5.
    starts
        Further knots to start from, by number of pieces. They change the answer only where they lower the error by a
        thousandth at least.

    Raises
    ------
    UserError
        If the target has more than one variable or value, or a number is out of range.
    """
    if target.dimension != 1:
        raise UserError(f"target '{target.name}' has {target.dimension} variables; splines are for one")
    if not 0 <= degree <= LARGEST_DEGREE:
        raise UserError(f"degree is {degree}; allowed: 0 to {LARGEST_DEGREE}")
    if any(n < 1 for n in pieces):
        raise UserError(f"pieces are {list(pieces)}; allowed: whole numbers from 1 on")
    wanted = sorted(set(pieces))
    found = {n: _best(target, degree, n, [np.asarray(k) for k in (starts or {}).get(n, ())]) for n in wanted}
    result: dict[int, Spline] = {}
    former: tuple[Spline, float] | None = None
    for n in wanted:
        spline, value = found[n]
        if former is not None and value > former[1]:
            spline, value = former
        former = spline, value
        result[n] = spline
    return result


def _best(target: Target, degree: int, pieces: int, starts: Sequence[Array]) -> tuple[Spline, float]:
    """Return the spline whose network has the least error, and that error.

    Knots that cluster inside the interval need weights that a float64 network of degree ≥ 2 cannot carry: then the
    search is repeated with knots kept further apart.
    """
    search = _search(target, degree)
    best = search.best(pieces)
    if starts:
        refined = search.refine(pieces, best, starts)
        best = refined if refined.square < (1 - _WORTH) * best.square else best
    chosen, exact = _spline(target, degree, best), float(np.sqrt(best.square))
    least = error(chosen.network(), target)
    if not isinstance(search, _Search) or degree == 0 or least <= 1.01 * exact or least < 1e-13:
        return chosen, least
    for gap in _GAPS:
        best = search.wider(pieces, best, gap)
        spline = _spline(target, degree, best)
        value = error(spline.network(), target)
        if value < least:
            chosen, least = spline, value
        elif np.sqrt(best.square) > least:
            break
    return chosen, least


def _spline(target: Target, degree: int, best: Fit) -> Spline:
    lower, upper = (float(end) for end in target.domain[0])
    return Spline(degree, (lower, upper), best.knots, best.coefficients)


def _search(target: Target, degree: int) -> "_Search | LinearSearch":
    table = _SEARCHES.setdefault(target, {})
    if degree not in table:
        cells = resolved_cells(target)
        if cells.values.shape[2] != 1:
            raise UserError(f"target '{target.name}' has {cells.values.shape[2]} values; splines are for one")
        if degree == 1:
            table[degree] = LinearSearch(cells, layout(cells, degree, singular_points(target)))
        else:
            table[degree] = _Search(target, degree)
    return table[degree]


class _Search:
    """The state of the search for one target and degree."""

    def __init__(self, target: Target, degree: int) -> None:
        self.cells: Cells = resolved_cells(target)
        self.degree = degree
        self.domain = float(self.cells.edges[0]), float(self.cells.edges[-1])
        self.fits: dict[int, Fit] = {}
        self.blocks = 0
        self.layout = layout(self.cells, degree, singular_points(target))

    def best(self, pieces: int) -> Fit:
        """Return the fit with that many pieces, solving its block first."""
        while self.blocks < len(_BLOCKS) and (self.blocks == 0 or _BLOCKS[self.blocks - 1][-1] < pieces):
            self._solve(_BLOCKS[self.blocks])
            self.blocks += 1
        if pieces not in self.fits:
            known = sorted(n for block in _BLOCKS for n in block if n in self.fits)
            index = bisect_left(known, pieces)
            below = self.fits[known[index - 1]]
            candidates = [*self.layout.starts(pieces), inserted(self.cells, below, pieces - known[index - 1])]
            if index < len(known):
                above = known[index]
                candidates.append(removed(self.cells, self.fits[above], above - pieces))
            programme = self._programme(pieces)
            if programme is not None:
                found = programme.knots(pieces)
                candidates += [found[n] for n in [pieces] if n in found]
            return self._polish(self.extend(below, pieces), candidates)
        return self.fits[pieces]

    def refine(self, pieces: int, best: Fit, starts: Sequence[Array]) -> Fit:
        """Return the best of a fit and what comes of further starts."""
        lower, upper = self.domain
        candidates = []
        for given in starts:
            knots = np.unique(np.asarray(given, dtype=np.float64))
            knots = knots[(knots > lower) & (knots < upper)]
            gaps = np.diff(np.concatenate([[lower], knots, [upper]]))
            knots = knots[gaps[:-1] > 1e-7 * (upper - lower)][: pieces - 1]
            base = self._try(knots)
            if base is not None:
                candidates.append(inserted(self.cells, base, pieces - 1 - len(knots)))
        return self._polish(best, candidates)

    def wider(self, pieces: int, best: Fit, gap: float) -> Fit:
        """Return a fit whose knots keep that part of the interval apart."""
        first = self._try(best.knots, gap)
        assert first is not None
        return self._polish(first, self.layout.starts(pieces), gap)

    def extend(self, best: Fit, pieces: int) -> Fit:
        """Return the same spline, or a better one, with more knots."""
        knots = inserted(self.cells, best, pieces - 1 - len(best.knots))
        found = self._try(knots)
        assert found is not None
        return found

    def _solve(self, block: Sequence[int]) -> None:
        former = max(self.fits, default=0)
        for n in block:
            candidates = self.layout.starts(n)
            if former:
                candidates.append(inserted(self.cells, self.fits[former], n - former))
            first = self._try(candidates.pop())
            assert first is not None
            self.fits[n] = self._polish(first, candidates)
            former = n
        programme = self._programme(block[-1])
        if programme is not None:
            found = programme.knots(block[-1])
            for n in block:
                if n in found:
                    self.fits[n] = self._polish(self.fits[n], [found[n]])
        self._sweep(block)

    def _sweep(self, block: Sequence[int]) -> None:
        """Carry knots down and up between neighbours until no fit gains more than a thousandth."""
        for _ in range(2):
            changed = False
            pairs = list(zip(block, block[1:], strict=False))
            for low, high in reversed(pairs):
                start = removed(self.cells, self.fits[high], high - low)
                changed |= self._improve(low, start)
            for low, high in pairs:
                start = inserted(self.cells, self.fits[low], high - low)
                changed |= self._improve(high, start)
            if not changed:
                return

    def _improve(self, pieces: int, start: Array) -> bool:
        old = self.fits[pieces]
        self.fits[pieces] = self._polish(old, [start])
        return self.fits[pieces].square < 0.998 * old.square

    def _polish(self, best: Fit, candidates: Sequence[Array], gap: float = SMALLEST_GAP) -> Fit:
        """Return the best of a fit and the candidates, the more promising of which get the longer descents."""
        short = [descend(self.cells, self.degree, best, _SHORT, gap)]
        for knots in candidates:
            start = self._try(knots, gap)
            if start is not None:
                short.append(descend(self.cells, self.degree, start, _SHORT, gap))
        short.sort(key=lambda f: f.square)
        distinct = [short[0]]
        for other in short[1:]:
            if other.square > distinct[-1].square * (1 + 1e-9):
                distinct.append(other)
        full = [descend(self.cells, self.degree, start, _LONG, gap) for start in distinct[:_KEPT]]
        return min(full, key=lambda f: f.square)

    def _try(self, knots: Array, gap: float = SMALLEST_GAP) -> Fit | None:
        least = gap * (self.domain[1] - self.domain[0])
        try:
            return fit(self.cells, self.degree, apart(knots, self.domain, least))
        except LinAlgError:
            return None

    def _programme(self, most: int) -> StepProgramme | None:
        if self.degree > 0 or most == 1:
            return None
        size = min(max(_GRID, 4 * most), 3 * _GRID)
        spread = quantiles(*self.layout.density, size)
        grid = np.unique(np.concatenate([self.domain, spread, self.layout.points]))
        grid = grid[np.concatenate([[True], np.diff(grid) > 1e-9 * (self.domain[1] - self.domain[0])])]
        return StepProgramme(self.cells, grid)


_SEARCHES: "WeakKeyDictionary[Target, dict[int, _Search | LinearSearch]]" = WeakKeyDictionary()
