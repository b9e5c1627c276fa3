"""Lower ends for shallow networks that bend at one knot: which functions with one piece more they can be.

N neurons x ↦ max(x, 0) or max(−x, 0), scaled and shifted, with N kinks inside the interval are continuous functions
with N + 1 pieces whose slopes obey Σ a_i m_i = 0 for some a_i in {−1, 0, 1}, the non-zero ones alternating from +1 to
+1. With fewer kinks inside they are functions with N pieces. The first kind is bounded by a dynamic programme that
carries the partial sum of a and charges the constraint with a multiplier; docs/network-classes.md has the proofs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.best._cells import UNIT, Cells, from_moments, merge, rounding_constant
from ratelab.best._lower import _adapted, _normalised, _rescaled
from ratelab.exact import CellMoments

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

_CELLS = 1000
_SHARE = 1e-7
"""Share of the pieces' costs that is given away so that the rounding of their sum of squares does not matter."""
_EVALUATIONS = 60
_ENOUGH = 0.999


def subset_sum_bounds(
    moments: CellMoments,
    splines: Mapping[int, float],
    knots: Mapping[int, Array],
    neurons: Sequence[int] | None = None,
    ratio: Fraction | float = 0,
    cells: int = _CELLS,
) -> dict[int, float]:
    """Bound from below the L2 error of shallow networks with N neurons that bend at one knot.

    Parameters
    ----------
    moments
        Of degree 1 at least, on as many cells as the bound may use.
    splines
        Pieces → lower end S(n) of the error of continuous piecewise linear functions with n pieces, a jump counted as
        one piece.
    knots
        Pieces → knots inside the interval of a good spline with so many pieces. They decide how good the bounds are,
        never whether they hold.
    neurons
        Numbers N ≥ 1; by default all with entries N and N + 1 in `splines` and N in `knots`. Others are left out.
    ratio
        Outer slopes of the activation, the smaller one over the larger one: 0 for ReLU, s for leaky ReLU.
    cells
        About how many cells knots are told apart by: time grows with the square.

    Returns
    -------
    dict[int, float]
        N → lower end, at least ``splines[N + 1]`` and at most ``splines[N]``. As certain as moments and splines.

    Raises
    ------
    UserError
        If the ratio is outside [−1, 1), or the moments are of degree 0.
    """
    slopes = float(ratio)
    if not -1 <= slopes < 1 or Fraction(slopes) != Fraction(ratio):
        slopes = _refuse(ratio)
    if moments.degree < 1:
        raise UserError("subset sums: the cell moments have degree 0; allowed: 1 or more")
    given = sorted(splines) if neurons is None else sorted(set(neurons))
    wanted = [n for n in given if n >= 1 and n in splines and n + 1 in splines and (n == 1 or n in knots)]
    scaled, exponent = _normalised(moments)
    finest = from_moments(scaled, 1)
    tilt = _reference_slope(scaled)
    errors = scaled.remainder_radius if scaled.degree == 1 else scaled.radius
    tolerance = sqrt(float((errors**2).sum())) * (1 + 1e-12)
    found = {}
    hopeless = False
    for n in wanted:
        goal, base = splines[n], splines[n + 1]
        found[n] = min(goal, base) if base >= _ENOUGH * goal else base
        if base < _ENOUGH * goal and not hopeless:
            limits = (float(np.ldexp(base, -exponent)), float(np.ldexp(goal, -exponent)))
            bound = 0.0
            # few cells show at little cost where many would not help
            few = [cells // 3] if cells >= 60 * n else []
            for most in (*few, cells):
                search = _Search(finest, n, knots.get(n, np.empty(0)), slopes, tilt, tolerance, limits, most)
                bound = max(bound, search.run())
                if bound < limits[0] * (1 - n / most):
                    break
            found[n] = max(base, min(goal, _rescaled(bound, exponent)))
            # where slopes can cancel for eight neurons they can for more
            hopeless = n >= 8 and found[n] <= base * (1 + 1e-3)
    return found


def _refuse(ratio: Fraction | float) -> float:
    if -1 <= ratio < 1:
        raise UserError(
            f"subset sums: ratio is {ratio}, which float64 does not hold; allowed: dyadic numbers"
        )
    raise UserError(f"subset sums: ratio is {ratio}; allowed: from −1 to below 1")


def _reference_slope(moments: CellMoments) -> float:
    """Slope of what `from_moments` has subtracted."""
    if moments.degree > 1:
        return 0.0
    return float(2 * moments.reference[1] / (moments.edges[-1] - moments.edges[0]))


@dataclass(frozen=True)
class _Part:
    """All paths whose shortest active piece has a length in [shortest, longest), and their bound."""

    bound: float
    shortest: float
    longest: float
    multiplier: float
    split: bool


class _Search:
    """Branch and bound over the length of the shortest active piece."""

    def __init__(
        self,
        finest: Cells,
        neurons: int,
        knots: Array,
        ratio: float,
        tilt: float,
        tolerance: float,
        limits: tuple[float, float],
        most: int,
    ) -> None:
        from ratelab.best._shallow_kernels import still_costs

        resolution = max(8, int(0.85 * most / neurons))
        self.cells = _adapted(finest, [knots], resolution)
        self.pieces, self.ratio, self.tolerance = neurons + 1, ratio, tolerance
        self.base, self.goal = (value**2 for value in limits)
        self.evaluations = 0
        rest, zeroth, first = _pieces_over(self.cells)
        ends = _charges(self.cells, knots, zeroth, first)
        self.data = (self.cells.edges, rest * (1 - _SHARE), zeroth, first, *ends, tilt, 4 * self.goal)
        self.still = still_costs(ratio, *self.data)

    def run(self) -> float:
        """Return a proved lower end of the error of all constrained functions with that many pieces."""
        edges = self.cells.edges
        typical = float(edges[-1] - edges[0]) / (8 * self.pieces)
        length = 2 * float(edges[-1] - edges[0])
        parts = [self._part(typical, length)]
        parts.append(self._part(0.0, typical))
        while self.evaluations < _EVALUATIONS:
            worst = min(parts, key=lambda part: part.bound)
            narrow = worst.longest < 1.5 * worst.shortest
            if worst.bound >= self.goal or not worst.split or (narrow and worst.bound < self.base):
                break
            parts.remove(worst)
            middle = worst.longest / 3 if worst.shortest == 0 else sqrt(worst.shortest * worst.longest)
            parts += [
                self._part(worst.shortest, middle, worst.multiplier),
                self._part(middle, worst.longest, worst.multiplier),
            ]
        return sqrt(max(0.0, min(part.bound for part in parts)))

    def _part(self, shortest: float, longest: float, nu: float = 0.0) -> _Part:
        """Maximise the bound of one part over the multiplier: it is concave, a minimum of what paths give."""
        from ratelab.best._shallow_kernels import cheapest_path, cost_tables

        edges = self.cells.edges
        paths: list[tuple[Indices, Indices]] = []
        best, multiplier = -inf, nu
        while True:
            table, negative, largest = cost_tables(nu, self.ratio, shortest, self.still, *self.data)
            prune = (
                2 * self.goal - self.pieces * negative
            )  # with such a piece a path costs more than the goal
            least, cells, kinds = cheapest_path(table, self.pieces, longest, self.ratio, edges, prune)
            self.evaluations += 1
            found = self._proved(least, largest)
            if found > best:
                best, multiplier = found, nu
            if shortest == 0.0 or not np.isfinite(least) or best >= self.goal or len(paths) >= 8:
                break
            paths.append((cells, kinds))
            nu, model = self._next(paths)
            if model <= max(best, 0.0) * (1 + 1e-3):
                break
        resolved = longest / max(shortest, 1e-300) < 1.1 or longest < np.diff(edges).min()
        return _Part(best, shortest, longest, multiplier, not resolved)

    def _next(self, paths: list[tuple[Indices, Indices]]) -> tuple[float, float]:
        """Multiplier at which the cheapest of the known paths costs most, and that cost."""
        from ratelab.best._shallow_kernels import path_value

        def model(nu: float) -> float:
            return min(float(path_value(a, b, nu, self.ratio, *self.data)) for a, b in paths)

        at_zero = model(0.0)
        best, where = at_zero, 0.0
        for sign in (1.0, -1.0):
            grid = sign * np.geomspace(1e-14, 1e2, 65)
            values = [model(float(nu)) for nu in grid]
            top = int(np.argmax(values))
            if values[top] > best:
                low, high = grid[max(top - 1, 0)], grid[min(top + 1, len(grid) - 1)]
                for _ in range(30):
                    a, b = low + 0.382 * (high - low), low + 0.618 * (high - low)
                    if model(float(a)) < model(float(b)):
                        low = a
                    else:
                        high = b
                where = float((low + high) / 2)
                best = model(where)
        return where, best

    def _proved(self, least: float, largest: float) -> float:
        """Turn a computed least value into a proved bound of the squared error: docs/network-classes.md."""
        if not np.isfinite(least):
            return inf if least > 0 else -inf
        cells = self.cells
        depth, constant = cells.depth + len(cells), rounding_constant(1)
        growth = 1 + 2 * UNIT * depth * constant
        moved = self.tolerance + UNIT * (depth * constant + 8) * cells.norm * growth
        rests = UNIT * sqrt(depth) * (2 * constant + 2) * cells.norm * growth
        sums = (self.pieces + 1) ** 2 * UNIT * largest
        value = least - (2 * rests**2 / _SHARE + sums) * (1 + 1e-9)
        root = sqrt(max(value, 0.0)) - moved * (1 + 1e-9)
        return root**2 * (1 - 1e-12) if root > 0 else min(value, 0.0)


def _pieces_over(cells: Cells) -> tuple[Array, Array, Array]:
    """Least squares of lines over s neighbouring cells from cell i on: cost and coefficients, each (m + 1, m + 1)."""
    count = len(cells)
    rest, zeroth, first = (np.zeros((count + 1, count + 1)) for _ in range(3))
    edges, widths = cells.edges, np.diff(cells.edges)
    state, cost = list(cells.coefficients), cells.energy
    for s in range(1, count + 1):
        lanes = count - s + 1
        rest[s, :lanes], zeroth[s, :lanes], first[s, :lanes] = cost, state[0], state[1]
        if s < count:
            more = lanes - 1
            state, added = merge(
                [row[:more] for row in state],
                [row[s:] for row in cells.coefficients],
                edges[s:count] - edges[:more],
                widths[s:],
                edges[s + 1 :] - edges[:more],
            )
            cost = cost[:more] + cells.energy[s:] + added
    return rest, zeroth, first


def _charges(cells: Cells, knots: Array, zeroth: Array, first: Array) -> tuple[Array, Array, Array]:
    """Per knot cell the residual to expect at a knot, the slope, and the mean of the function: (m + 2,) each."""
    count, edges = len(cells), cells.edges
    widths = np.diff(edges)
    charge, slope, mean = (np.zeros(count + 2) for _ in range(3))
    mean[1:-1] = cells.coefficients[0] / np.sqrt(widths)
    inside = np.clip(np.searchsorted(edges, knots, side="right") - 1, 0, count - 1)
    if not len(knots):
        return charge, slope, mean
    bounds = np.concatenate([[-1], inside, [count]])
    residuals, slopes = np.zeros((2, len(knots))), np.zeros((2, len(knots)))
    for piece, (a, b) in enumerate(zip(bounds[:-1], bounds[1:], strict=True)):
        size = b - a - 1
        if size < 1:
            continue
        h = edges[b] - edges[a + 1]
        k0, k1 = zeroth[size, a + 1], first[size, a + 1]
        steep = k1 * 2 * sqrt(3) / h**1.5
        for side, cell, knot in ((1, a, piece - 1), (0, b, piece)):
            if 0 <= knot < len(knots):
                distance = (edges[cell] + edges[cell + 1]) / 2 - (edges[a + 1] + edges[b]) / 2
                residuals[side, knot] = k0 / sqrt(h) + steep * distance - mean[1 + cell]
                slopes[side, knot] = steep
    centres = (edges[:-1] + edges[1:]) / 2
    charge[1:-1] = np.interp(centres, knots, residuals.mean(axis=0))
    slope[1:-1] = np.interp(centres, knots, slopes.mean(axis=0))
    return charge, slope, mean
