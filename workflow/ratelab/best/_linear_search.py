"""The best continuous piecewise linear functions in hand: dynamic programming, exchange of knots, Newton's method.

Numbers of pieces are solved in fixed groups, so that the answer for n pieces depends on the target and n alone.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ratelab.best._linear_fit import descend, linear_target
from ratelab.best._linear_moves import exchanged, polished, with_fewer, with_more
from ratelab.best._linear_paths import Programme, programme
from ratelab.best._starts import Layout
from ratelab.best._variable_projection import Fit
from ratelab.exact._quadrature import Cells

Array = NDArray[np.float64]

_GROUPS = ((1, 5), (6, 9), (10, 13), (14, 18), (19, 25), (26, 34), (35, 47), (48, 65))
_MOST_LAYERED = 129
_LEAST_GRID = 160
_PER_PIECE = 8
_FINAL = 300


class LinearSearch:
    """The state of the search for one target, degree 1.

    Parameters
    ----------
    cells
        The target, one value.
    layout
        Where knots are expected.
    """

    def __init__(self, cells: Cells, layout: Layout) -> None:
        self.target = linear_target(cells)
        self.layout = layout
        self.fits: dict[int, Fit] = {}
        self._groups = 0

    def best(self, pieces: int) -> Fit:
        """Return the fit with that many pieces, solving its group, and those before, first."""
        while self._groups < len(_GROUPS) and (self._groups == 0 or _GROUPS[self._groups - 1][1] < pieces):
            self._solve(*_GROUPS[self._groups])
            self._groups += 1
        if pieces not in self.fits:
            self.fits[pieces] = self._many(pieces)
        return self.fits[pieces]

    def refine(self, pieces: int, best: Fit, starts: Sequence[Array]) -> Fit:
        """Return the best of a fit and what comes of further starts."""
        lower, upper = self.target.ends
        candidates = []
        for given in starts:
            knots = np.unique(np.asarray(given, dtype=np.float64))
            knots = knots[(knots > lower) & (knots < upper)]
            gaps = np.diff(np.concatenate([[lower], knots]))
            base = descend(self.target, knots[gaps > 1e-7 * (upper - lower)], 0)
            candidates.append(self._resized(base, pieces))
        if not candidates:
            return best
        found = self._finished(self._improved(candidates))
        return found if found.square < best.square else best

    def _solve(self, first: int, last: int) -> None:
        for n in range(first, last + 1):
            candidates = self.layout.starts(n)
            if n > 1:
                candidates.append(with_more(self.target, self.fits[n - 1], 1))
            self.fits[n] = self._improved(candidates)
        if last > 1:
            middle = (first + last + 1) // 2
            found = self._programme(last).paths(float(np.sqrt(self.fits[middle].square)), last)
            for n in range(first, last + 1):
                if n in found:
                    self._offer(n, found[n])
        for _ in range(3):
            changed = False
            for n in range(last - 1, first - 1, -1):
                changed |= self._offer(n, with_fewer(self.target, self.fits[n + 1], 1))
            for n in range(first, last):
                changed |= self._offer(n + 1, with_more(self.target, self.fits[n], 1))
            if not changed:
                break
        for n in range(first, last + 1):
            self.fits[n] = self._finished(self.fits[n])

    def _many(self, pieces: int) -> Fit:
        """Return a fit with more pieces than any group has, with the help of one with half as many."""
        half = self.best((pieces + 1) // 2)
        error = float(np.sqrt(half.square)) * (len(half.knots) + 1) ** 2 / pieces**2
        grid = self._programme(pieces)
        if pieces <= _MOST_LAYERED:
            path = grid.paths(error, pieces).get(pieces)
        else:
            path = self._resized(descend(self.target, grid.path(error, pieces), 0), pieces)
        candidates = [*self.layout.starts(pieces), with_more(self.target, half, pieces - 1 - len(half.knots))]
        return self._finished(self._improved(candidates if path is None else [*candidates, path]))

    def _offer(self, pieces: int, knots: Array) -> bool:
        old = self.fits[pieces]
        trial = polished(self.target, [knots])
        if not trial.square < old.square * (1 - 1e-6):
            return False
        self.fits[pieces] = exchanged(self.target, trial)
        return True

    def _improved(self, candidates: Sequence[Array]) -> Fit:
        return exchanged(self.target, polished(self.target, candidates))

    def _finished(self, best: Fit) -> Fit:
        return descend(self.target, best.knots, _FINAL)

    def _resized(self, base: Fit, pieces: int) -> Array:
        missing = pieces - 1 - len(base.knots)
        if missing >= 0:
            return with_more(self.target, base, missing)
        return with_fewer(self.target, base, -missing)

    def _programme(self, most: int) -> Programme:
        size = max(_LEAST_GRID, _PER_PIECE * most)
        return programme(self.target, self.layout.density, self.layout.fixed, size)
