"""What part of each cell of a grid a box or a ball covers."""

from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np
from flint import arb, ctx, fmpq
from numpy.typing import NDArray

from ratelab.exact._grid_certified import outer, to_floats
from ratelab.registry import Ball, Box

Array = NDArray[np.float64]

_PRECISION = 160


def covered_share(shape: Ball | Box, per_side: int) -> tuple[Array, Array] | None:
    """Return the covered part of every cell, (n,)*d, and bounds on its error; None for balls of R³."""
    if isinstance(shape, Box):
        rounded = [np.array([float(v) for v in side]) for side in _overlaps(shape, per_side)]
        values = reduce(np.multiply.outer, rounded)
        exact = reduce(np.multiply.outer, [np.isin(side, (0.0, 1.0)) for side in rounded])
        return values, np.where(exact, 0.0, len(rounded) * 2.0**-52 * values)
    if shape.dimension == 1:
        centre, radius = Fraction(shape.centre[0]), Fraction(shape.radius)
        return covered_share(Box((centre - radius,), (centre + radius,)), per_side)
    return _disc(shape, per_side) if shape.dimension == 2 else None


def exact_shares(box: Box, per_side: int) -> list[Any]:
    """Return the covered part of every cell as a rational (``fmpq``), flat in C order."""
    sides = [[fmpq(v.numerator, v.denominator) for v in side] for side in _overlaps(box, per_side)]
    return outer(sides)


def _overlaps(box: Box, per_side: int) -> list[list[Fraction]]:
    return [_overlap(Fraction(a), Fraction(b), per_side) for a, b in box.bounds]


def _overlap(low: Fraction, high: Fraction, per_side: int) -> list[Fraction]:
    """Return the covered part of [k/n, (k + 1)/n] for every k."""
    first, last = low * per_side, high * per_side
    edges = [Fraction(k) for k in range(per_side + 1)]
    return [max(min(last, b) - max(first, a), Fraction(0)) for a, b in zip(edges, edges[1:], strict=False)]


def _disc(disc: Ball, per_side: int) -> tuple[Array, Array]:
    centre = [Fraction(c) for c in disc.centre]
    radius = Fraction(disc.radius)
    places = [np.array([float(Fraction(k, per_side) - c) for k in range(per_side + 1)]) for c in centre]
    reach = np.hypot(places[0][:, None], places[1][None])
    corner = np.stack([reach[:-1, :-1], reach[1:, :-1], reach[:-1, 1:], reach[1:, 1:]])
    nearest = np.hypot(*np.meshgrid(*[_nearest(p) for p in places], indexing="ij"))
    room = 1e-9 * (1 + float(radius))
    inside = corner.max(axis=0) < float(radius) - room
    outside = nearest > float(radius) + room
    values, errors = np.where(inside, 1.0, 0.0), np.zeros((per_side, per_side))
    crossed = np.argwhere(~inside & ~outside)
    former, ctx.prec = ctx.prec, _PRECISION
    try:
        edge = arb(fmpq(radius.numerator, radius.denominator))
        table: dict[tuple[int, int], Any] = {}

        def below(i: int, j: int) -> Any:
            """Return the signed area between the lines y = 0 and y = y_j, left of x_i."""
            if (i, j) not in table:
                x, y = (Fraction(k, per_side) - c for k, c in zip((i, j), centre, strict=True))
                table[i, j] = _area(_ball(x), _ball(abs(y)), edge) * (1 if y >= 0 else -1)
            return table[i, j]

        shares = [
            (below(i + 1, j + 1) - below(i, j + 1) - below(i + 1, j) + below(i, j)) * per_side**2
            for i, j in crossed.tolist()
        ]
    finally:
        ctx.prec = former
    if len(crossed):
        where = tuple(crossed.T)
        found, wide = to_floats(shares)
        # cells that the circle only touches
        found, wide = np.where(found <= wide, 0.0, found), np.where(found <= wide, wide + np.abs(found), wide)
        values[where], errors[where] = np.clip(found, 0.0, 1.0), wide
    return values, errors


def _ball(value: Fraction) -> Any:
    return arb(fmpq(value.numerator, value.denominator))


def _nearest(places: Array) -> Array:
    """Return the distance from 0 to [p_k, p_(k+1)]."""
    return np.asarray(np.maximum(np.maximum(places[:-1], -places[1:]), 0.0))


def _area(x: Any, y: Any, radius: Any) -> Any:
    """Return ∫ min(y, √(r² − t²)) dt over −r ≤ t ≤ min(x, r), for y ≥ 0."""
    half = _root(radius * radius - y * y)
    x = x.max(-radius).min(radius)

    def arc(t: Any) -> Any:
        height = _root(radius * radius - t * t)
        return (t * height + radius * radius * arb.atan2(t, height)) / 2

    return (
        arc(x.min(-half)) - arc(-radius) + y * (x.max(-half).min(half) + half) + arc(x.max(half)) - arc(half)
    )


def _root(value: Any) -> Any:
    """Return the square root of the positive part."""
    if value > 0:
        return value.sqrt()
    largest = value.abs_upper().sqrt() / 2
    return arb(0) if value < 0 else arb(largest, largest)
