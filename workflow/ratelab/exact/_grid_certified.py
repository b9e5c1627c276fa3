"""Averages over the cells of a grid of [0, 1], proved: exact for pieces, balls from moments or an enclosure."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, arb_poly, ctx, fmpq
from numpy.typing import NDArray

from ratelab.exact._grid_scale import float_above
from ratelab.exact._taylor_models import Model, Unresolved, divided, resolved, taylor_model
from ratelab.networks._ball import ball
from ratelab.registry import PiecewisePolynomial, Target

Array = NDArray[np.float64]

_DEPTH = 100
_PARTS = 20_000


def exact_averages(pieces: PiecewisePolynomial, per_side: int) -> list[Any]:
    """Return the averages over [k/n, (k + 1)/n] as rationals (``fmpq``)."""
    knots = [fmpq(k.numerator, k.denominator) for k in pieces.knots]
    primitives = [
        [fmpq(c.numerator, c.denominator * (k + 1)) for k, c in enumerate(row)] for row in pieces.coefficients
    ]

    def primitive(index: int, x: Any) -> Any:
        value = fmpq(0)
        for coefficient in reversed(primitives[index]):
            value = (value + coefficient) * x
        return value

    result = []
    place, before = fmpq(0), bisect_right(knots, fmpq(0))
    start = primitive(before, place)
    for k in range(1, per_side + 1):
        end, total = fmpq(k, per_side), fmpq(0)
        while before < len(knots) and knots[before] <= end:
            total += primitive(before, knots[before]) - start
            before += 1
            start = primitive(before, knots[before - 1])
        last = primitive(before, end)
        result.append((total + last - start) * per_side)
        start = last
    return result


def exact_products(factors: Sequence[PiecewisePolynomial], per_side: int) -> list[Any]:
    """Return the averages of f_1(x_1) ⋯ f_d(x_d) over the n^d cells, flat in C order."""
    return outer([exact_averages(factor, per_side) for factor in factors])


def outer(sides: Sequence[Sequence[Any]]) -> list[Any]:
    """Return all products of one entry of each list, the last running fastest."""
    result = list(sides[0])
    for side in sides[1:]:
        result = [value * factor for value in result for factor in side]
    return result


def certified_averages(target: Target, per_side: int) -> list[Any]:
    """Return balls around the averages over [k/n, (k + 1)/n].

    Raises
    ------
    Unresolved
        If the enclosure does not resolve the target.
    """
    precision, cap = ctx.prec, ctx.cap
    ctx.prec = 128 + 2 * per_side.bit_length()
    try:
        found = _by_moments(target, per_side) if target.moments is not None else _by_models(target, per_side)
    finally:
        ctx.prec, ctx.cap = precision, cap
    if not all(value.is_finite() for value in found):
        raise Unresolved("an integral is not finite")
    return found


def _by_moments(target: Target, per_side: int) -> list[Any]:
    assert target.moments is not None
    ends = [arb(fmpq(k, per_side)) for k in range(per_side + 1)]
    moments = target.moments
    return [moments(a, b, 0)[0] * per_side for a, b in zip(ends, ends[1:], strict=False)]


def _by_models(target: Target, per_side: int) -> list[Any]:
    """Take a model's average over a cell from two values of its primitive."""
    result: list[Any] = [arb(0)] * per_side
    for low, high, (local, spread) in model_blocks(target, per_side, taylor_model(target)):
        primitive = arb_poly(local).integral()
        stray = spread * arb(0, 1)
        first, count = int(low * per_side), int((high - low) * per_side)
        if count == 0:
            result[first] += ((primitive(arb(1)) - primitive(arb(-1))) / 2 + stray) * ball(
                (high - low) * per_side
            )
            continue
        before = primitive(arb(-1))
        for k in range(count):
            after = primitive(arb(fmpq(2 * (k + 1) - count, count)))
            result[first + k] += (after - before) * count / 2 + stray
            before = after
    return result


def model_blocks(target: Target, per_side: int, taylor: Any) -> Iterator[tuple[Fraction, Fraction, Model]]:
    """Yield blocks of whole cells, or parts of single cells, with models that are resolved to 62 bits.

    Blocks are halved, and a cell is divided into parts that shrink towards singular points; where that ends, the
    model is a constant with the spread of the enclosure.

    Raises
    ------
    Unresolved
        If the enclosure is not finite on such a part.
    """
    singular = [Fraction(p) for p in target.singular_points]
    stack = [(0, per_side)]
    while stack:
        first, last = stack.pop()
        left, right = Fraction(first, per_side), Fraction(last, per_side)
        model = None
        if not any(left <= point <= right for point in singular):
            model = taylor(ball(left), ball(right))
        if model is not None and resolved(model, 1.0, 0.0):
            yield left, right, model
        elif last - first > 1:
            middle = (first + last) // 2
            stack += [(middle, last), (first, middle)]
        else:
            yield from divided(target, taylor, left, right, singular, deepest=_DEPTH, most=_PARTS)


def to_floats(balls: list[Any]) -> tuple[Array, Array]:
    """Return the middles of balls, rounded, and bounds on how far the true numbers lie from them."""
    values = np.array([float(value) for value in balls])
    return values, np.array(
        [float_above(value - middle) for value, middle in zip(balls, values.tolist(), strict=True)]
    )
