"""Certified lower bounds for continuous piecewise linear functions with free knots in L2, one variable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.best._cells import Cells, from_moments, merge_groups
from ratelab.best._lower import LowerBound, _adapted, _groups, _normalised, _rescaled, lower_bounds
from ratelab.best._matched_programme import Programme, knot_cells, least, loss, programme, relaxed
from ratelab.best._matched_roughness import roughness
from ratelab.exact import CellMoments
from ratelab.registry import Target

Array = NDArray[np.float64]

_RESOLUTION = 128
_MOST = 8_000_000
_LAYERS = 80
_LOOSE, _REFINEMENTS = 0.99, 3


def matched_bounds(
    target: Target,
    moments: CellMoments,
    pieces: Sequence[int],
    incumbents: Mapping[int, float] | None = None,
    starts: Mapping[int, NDArray[np.float64]] | None = None,
) -> dict[int, LowerBound]:
    """Bound from below the L2 error of continuous piecewise linear functions with free knots, closure included.

    Every piece of a best function is the least squares line of its own interval, and neighbours' lines meet at
    their kink, or there is a jump, which costs one piece more. A dynamic programme over knot cells and values at
    the knots finds the cheapest path whose lines can meet (docs/lower-bounds.md, matched pieces).

    Parameters
    ----------
    target
        One variable, one value: tells how rough it is inside cells.
    moments
        Of that target, on as many cells as the bound may use; of degree 1 at least.
    pieces
        Numbers of pieces n ≥ 1.
    incumbents
        n → an error that is reached. Decides where work is spent, and the bound never exceeds it.
    starts
        n → (n − 1,) knots that reach it: cells are finest where they lie close.

    Returns
    -------
    dict[int, LowerBound]
        By number of pieces; values do not increase with n.

    Raises
    ------
    UserError
        If the degree of the moments is 0, or a number of pieces is below 1.
    """
    if moments.degree < 1:
        raise UserError("matched bounds: the cell moments reach degree 0; needed: 1 or more")
    wanted = sorted(set(pieces))
    found = lower_bounds(moments, sorted({min(n, _LAYERS) for n in wanted}), 1, incumbents, adapt=not starts)
    work = _Work.of(target, moments)
    values = {n: found[min(n, _LAYERS)].value if n <= _LAYERS else 0.0 for n in wanted}
    knots = {n: found[n].knots for n in wanted if n <= _LAYERS}
    reached = {n: work.scaled(value) for n, value in (incumbents or {}).items()}

    def keep(n: int, value: float, path: Array | None) -> None:
        value = _rescaled(value, work.exponent)
        if path is not None and (n not in knots or value >= values[n]):
            knots[n] = path
        values[n] = max(values[n], value)

    for members in _groups([n for n in wanted if n <= _LAYERS]):
        around = [np.asarray(starts[n]) if starts and n in starts else knots[n] for n in members]
        lows = {n: work.scaled(values[n]) for n in members}
        for n, result in work.layered(members, around, lows, reached).items():
            keep(n, *result)
        # a path may have gone where cells are few: then they are made finer there
        for _ in range(_REFINEMENTS):
            again = [n for n in members if incumbents and values[n] < _LOOSE * incumbents.get(n, 0.0)]
            if not again:
                break
            around += [knots[n] for n in again]
            lows = {n: work.scaled(values[n]) for n in again}
            for n, result in work.layered(again, around, lows, reached).items():
                keep(n, *result)
    # cells may be too few or too many for lines that meet
    loose = [
        n for n in wanted if n <= _LAYERS and starts and values[n] < _LOOSE * (incumbents or {}).get(n, 0.0)
    ]
    for n, bound in lower_bounds(moments, loose, 1, incumbents).items() if loose else ():
        if bound.value > values[n]:
            values[n], knots[n] = bound.value, bound.knots
    for n in wanted:
        if n > _LAYERS:
            near = starts[n] if starts and n in starts else spread(found[_LAYERS].knots, n, target)
            value, path = work.priced(n, np.asarray(near), reached.get(n, inf))
            keep(n, value, path if len(path) == n - 1 else spread(path, n, target))
    best = 0.0
    for n in reversed(wanted):
        best = values[n] = max(values[n], best)
    return {
        n: LowerBound(values[n], moments.certainty, "bound" if values[n] > 0 else "trivial", knots[n])
        for n in wanted
    }


def spread(knots: Array, pieces: int, target: Target) -> Array:
    """Return knots for another number of pieces with the same distribution."""
    ends = np.concatenate([[target.domain[0][0]], knots, [target.domain[0][1]]])
    places = np.linspace(0, len(ends) - 1, pieces + 1)[1:-1]
    return np.asarray(np.interp(places, np.arange(len(ends)), ends))


@dataclass(frozen=True, eq=False)
class _Work:
    """One target, scaled by a power of two, and the passes over its cells."""

    finest: Cells
    rough: Array
    tolerance: float
    exponent: int
    whole: float

    @classmethod
    def of(cls, target: Target, moments: CellMoments) -> "_Work":
        scaled, exponent = _normalised(moments)
        finest = from_moments(scaled, 1)
        errors = scaled.remainder_radius if scaled.degree == 1 else scaled.radius
        tolerance = sqrt(float((errors**2).sum())) * (1 + 1e-12)
        rough = np.ldexp(roughness(target, moments), -exponent)
        # no number of pieces needs more than the zero function leaves
        whole = sqrt(float((finest.coefficients**2).sum() + finest.energy.sum() + (rough**2).sum())) * (
            1 + 1e-9
        )
        return cls(finest, rough, tolerance, exponent, whole)

    def scaled(self, value: float) -> float:
        return float(np.ldexp(value, -self.exponent))

    def layered(
        self,
        members: Sequence[int],
        near: Sequence[Array],
        lows: Mapping[int, float],
        reached: Mapping[int, float],
    ) -> dict[int, tuple[float, Array | None]]:
        """Paths that cost more than a ceiling are left out; it is raised while it is what bounds."""
        result: dict[int, tuple[float, Array | None]] = {}
        open_members = list(members)
        for factor in (1.5, 4.0, inf):
            tops = {
                n: min(reached.get(n, inf), self.whole, factor * lows[n] if lows[n] else inf)
                for n in open_members
            }
            lists = self._lists(near, open_members[-1], max(tops.values()), _RESOLUTION, _MOST)
            if lists is None:
                break
            result |= least(lists, open_members, tops)
            open_members = [
                n
                for n in open_members
                if result[n][1] is None and tops[n] < min(reached.get(n, inf), self.whole)
            ]
            if not open_members:
                break
        return result

    def priced(self, pieces: int, near: Array, reached: float) -> tuple[float, Array]:
        best, knots = 0.0, near
        for resolution in (16, 96):
            guess = self._error(knots)
            top = min(reached, self.whole, 1.5 * guess)
            lists = self._lists([knots], pieces, top, resolution, 3 * _MOST)
            if lists is None:
                break
            value, knots = relaxed(lists, pieces, 4 * guess**2 / pieces)
            best = max(best, min(value, top * (1 - 1e-9)))
        return best, knots

    def _error(self, knots: Array) -> float:
        """About the error of free lines between these knots."""
        places = np.unique(np.searchsorted(self.finest.edges[1:-1], knots))
        starts = np.unique(np.concatenate([[0], places[places < len(self.finest)]]))
        return sqrt(float(merge_groups(self.finest, starts).energy.sum()))

    def _lists(
        self, near: Sequence[Array], pieces: int, top: float, resolution: int, limit: int
    ) -> Programme | None:
        most = top**2 * (1 + 1e-9)
        while resolution >= 4:
            cells = _adapted(self.finest, near, resolution)
            starts = np.searchsorted(self.finest.edges, cells.edges[:-1])
            eta = loss(self.finest, self.tolerance, cells.depth + 1)
            coarse = np.sqrt(np.add.reduceat(self.rough**2, starts) + cells.energy) * (1 + 1e-12) + eta
            knots = knot_cells(cells, coarse, max(1, resolution // 2))
            found = programme(
                cells,
                self.finest,
                self.tolerance,
                knots,
                most,
                4 * most / pieces,
                resolution * 5 // 4 + 8,
                limit,
            )
            if found is not None:
                return found
            resolution = resolution * 2 // 3
        return None
