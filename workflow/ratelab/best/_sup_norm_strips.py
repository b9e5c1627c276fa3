"""A function between two broken lines: on each cell a line below it and a line above it, proved or sampled."""

from dataclasses import dataclass
from fractions import Fraction
from math import inf, nextafter
from typing import Any, Literal

import numpy as np
from flint import arb, arb_poly, arb_series, ctx
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks._ball import ball
from ratelab.registry import Target

Array = NDArray[np.float64]
Certainty = Literal["rigorous", "numerical"]

_PRECISION = 96
_START = 64
_SAMPLES = 17
_PAD = 0.02


@dataclass(frozen=True, eq=False)
class Strips:
    """Two lines on each of M consecutive cells with the function between them.

    Parameters
    ----------
    edges
        (M + 1,) strictly increasing; the first and the last are the ends of the domain.
    low, high
        (M, 2): at the left and the right end of each cell, values of a line below and of a line above the function.
    certainty
        ``rigorous`` if that is proved, ``numerical`` if the lines come from samples.
    """

    edges: Array
    low: Array
    high: Array
    certainty: Certainty

    @property
    def gaps(self) -> Array:
        """(M,) largest distance of the two lines on each cell."""
        return np.asarray((self.high - self.low).max(axis=1))

    def at(self, x: Array) -> tuple[Array, Array]:
        """Lower and upper bounds (m,), (m,) of the function at points (m,), rounded outwards."""
        cell = np.clip(np.searchsorted(self.edges, x, side="right") - 1, 0, len(self.edges) - 2)
        share = (x - self.edges[cell]) / (self.edges[cell + 1] - self.edges[cell])
        below = self.low[cell, 0] + share * (self.low[cell, 1] - self.low[cell, 0])
        above = self.high[cell, 0] + share * (self.high[cell, 1] - self.high[cell, 0])
        size = np.abs(self.low[cell]).max(axis=1) + np.abs(self.high[cell]).max(axis=1)
        slack = 2.0**-49 * size + 1e-300
        return below - slack, above + slack


class StripMaker:
    """Strips of one target, refined on demand.

    Parameters
    ----------
    target
        One variable, one value.

    Raises
    ------
    UserError
        If the target has several variables or values.
    """

    def __init__(self, target: Target) -> None:
        if target.dimension != 1:
            raise UserError(f"target '{target.name}' has {target.dimension} variables; splines are for one")
        self.target = target
        lower, upper = target.domain[0]
        self._upper = upper
        outputs = target(np.array([[lower]])).shape[1]
        if outputs != 1:
            raise UserError(f"target '{target.name}' has {outputs} values; splines are for one")
        cuts = {lower, upper}
        points = [Fraction(c) for c in target.singular_points]
        points += list(target.pieces.knots) if target.pieces is not None else []
        for point in points:
            cuts.update(end for end in _neighbours(point) if lower <= end <= upper)
        self._singular = [_neighbours(p) for p in points]
        self._proved = target.pieces is not None or target.enclosure is not None
        cells = max(_START, min(4096, target.grid or 0))
        cuts.update((lower + (upper - lower) * (np.arange(1, cells) / cells)).tolist())
        self._values: dict[float, Any] = {}
        self.strips = self._make(np.array(sorted(cuts)))

    def refine(self, tolerance: float, most: int) -> Strips:
        """Halve cells whose two lines are further apart than the tolerance, the worst first, up to `most` cells."""
        while True:
            now = self.strips
            middles = now.edges[:-1] + np.diff(now.edges) / 2
            open_ = (now.gaps > tolerance) & (now.edges[:-1] < middles) & (middles < now.edges[1:])
            room = most - len(middles)
            if not open_.any() or room <= 0:
                return now
            chosen = np.flatnonzero(open_)
            if len(chosen) > room:
                chosen = np.sort(chosen[np.argsort(-now.gaps[chosen], kind="stable")[:room]])
            ends = np.stack([now.edges[chosen], middles[chosen], now.edges[chosen + 1]])
            left, right = self._cells(ends[0], ends[1]), self._cells(ends[1], ends[2])
            for part in (left, right):
                failed = ~(np.isfinite(part[0]).all(axis=1) & np.isfinite(part[1]).all(axis=1))
                part[0][failed] = now.low[chosen[failed]].min(axis=1, keepdims=True)
                part[1][failed] = now.high[chosen[failed]].max(axis=1, keepdims=True)
            low, high = now.low.copy(), now.high.copy()
            low[chosen], high[chosen] = left
            self.strips = Strips(
                np.insert(now.edges, chosen + 1, middles[chosen]),
                np.insert(low, chosen + 1, right[0], axis=0),
                np.insert(high, chosen + 1, right[1], axis=0),
                now.certainty,
            )

    def _make(self, edges: Array) -> Strips:
        low, high = self._cells(edges[:-1], edges[1:])
        if self._proved and not (np.isfinite(low).all() and np.isfinite(high).all()):
            self._proved = False
            low, high = self._cells(edges[:-1], edges[1:])
        return Strips(edges, low, high, "rigorous" if self._proved else "numerical")

    def _cells(self, left: Array, right: Array) -> tuple[Array, Array]:
        if not self._proved:
            return self._sampled(left, right)
        former, cap = ctx.prec, ctx.cap
        ctx.prec, ctx.cap = _PRECISION, 4
        try:
            rows = [self._enclosed(a, b) for a, b in zip(left.tolist(), right.tolist(), strict=True)]
        finally:
            ctx.prec, ctx.cap = former, cap
        found = np.array(rows).reshape(-1, 4)
        return found[:, :2], found[:, 2:]

    def _sampled(self, left: Array, right: Array) -> tuple[Array, Array]:
        share = np.arange(_SAMPLES) / (_SAMPLES - 1)
        x = left[:, None] + (right - left)[:, None] * share
        x[:, -1] = right
        values = self.target(x.reshape(-1, 1)).reshape(x.shape)
        ends = values[:, [0, -1]]
        rest = values - (ends[:, :1] + (ends[:, 1:] - ends[:, :1]) * share)
        pad = _PAD * np.ptp(rest, axis=1) + 4e-16 * np.abs(values).max(axis=1)
        return ends + (rest.min(axis=1) - pad)[:, None], ends + (rest.max(axis=1) + pad)[:, None]

    def _enclosed(self, a: float, b: float) -> tuple[float, float, float, float]:
        """Bound the function by its chord plus f''·(x − a)(x − b)/2, or by its range where it has no series."""
        around = _hull(a, b, b == self._upper or any(b == high for _, high in self._singular))
        bend = None if any(a <= high and low <= b for low, high in self._singular) else self._bend(around)
        polynomial = self._polynomial(a, b)
        if polynomial is not None:
            bend = polynomial.derivative().derivative()(around) / 2
        if bend is not None and bend.is_finite():
            sag = bend * ((arb(b) - arb(a)) ** 2 / 4)
            below, above = -sag.max(arb(0)), -sag.min(arb(0))
            first, last = self._value(a, polynomial), self._value(b, polynomial)
            return _down(first + below), _down(last + below), _up(first + above), _up(last + above)
        value = self._range(around, a, b)
        low, high = _down(value), _up(value)
        return low, low, high, high

    def _bend(self, around: Any) -> Any:
        if self.target.pieces is not None:
            return None
        series = self.target.enclose(arb_series([around, arb(1)], prec=3))
        return series[2] if isinstance(series, arb_series) else None

    def _polynomial(self, a: float, b: float) -> Any:
        """Return the only polynomial that holds on the cell, or None."""
        pieces = self.target.pieces
        if pieces is None:
            return None
        first, last = sum(t <= a for t in pieces.knots), sum(t < b for t in pieces.knots)
        return arb_poly([ball(c) for c in pieces.coefficients[first]]) if first >= last else None

    def _value(self, x: float, polynomial: Any) -> Any:
        if polynomial is not None:
            return polynomial(arb(x))
        if x not in self._values:
            self._values[x] = self.target.enclose(arb(x))
        return self._values[x]

    def _range(self, around: Any, a: float, b: float) -> Any:
        pieces = self.target.pieces
        if pieces is None:
            return self.target.enclose(around)
        first, last = sum(t <= a for t in pieces.knots), sum(t < b for t in pieces.knots)
        parts = [arb_poly([ball(c) for c in row])(around) for row in pieces.coefficients[first : last + 1]]
        value = parts[0]
        for part in parts[1:]:
            value = value.union(part)
        return value


def largest_jump(target: Target) -> float:
    """Return at most the largest jump of a target with exact pieces inside its domain (0 for other targets)."""
    if target.pieces is None:
        return 0.0
    lower, upper = (Fraction(end) for end in target.domain[0])
    knots = enumerate(target.pieces.knots)
    jumps = [abs(target.pieces.jumps(i)[0]) for i, t in knots if lower < t < upper]
    largest = max(jumps, default=Fraction(0))
    return nextafter(float(largest), 0.0) if Fraction(float(largest)) > largest else float(largest)


def _neighbours(point: Fraction) -> tuple[float, float]:
    """Return the point twice if it is a float, else the floats below and above it."""
    value = float(point)
    if Fraction(value) == point:
        return value, value
    low = value if Fraction(value) < point else nextafter(value, -inf)
    return low, nextafter(low, inf)


def _hull(a: float, b: float, at_right: bool) -> Any:
    """Return a ball around [a, b] that ends exactly at a, or at b: √x at 0 allows nothing beyond."""
    half = (arb(b) - arb(a)) / 2
    radius = arb(0, half).rad()
    found = arb(arb(b) - radius, half) if at_right else arb(arb(a) + radius, half)
    return found if found.contains(arb(a)) and found.contains(arb(b)) else arb(a).union(arb(b))


def _down(value: Any) -> float:
    return nextafter(float(value.lower()), -inf)


def _up(value: Any) -> float:
    return nextafter(float(value.upper()), inf)
