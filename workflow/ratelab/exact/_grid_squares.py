"""∫ (f − v)² over [0, 1], v constant on the cells of a grid, in balls: from moments, pieces or Taylor models."""

from bisect import bisect_right
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, arb_poly, ctx, fmpq
from numpy.typing import NDArray

from ratelab.exact._grid_certified import model_blocks
from ratelab.exact._taylor_models import Model, Unresolved, taylor_model
from ratelab.networks._ball import ball
from ratelab.registry import PiecewisePolynomial, Target

Array = NDArray[np.float64]


def certified_square(target: Target, values: Array) -> Any:
    """Return a ball around the integral; its radius is tiny against any float but 0.

    Raises
    ------
    Unresolved
        If the target declares nothing that proves it, or its enclosure does not resolve it.
    """
    if not target.certifiable:
        raise Unresolved("nothing is declared")
    precision, cap = ctx.prec, ctx.cap
    ctx.prec = 192 + 2 * len(values).bit_length()
    try:
        if target.pieces is not None:
            total = _by_pieces(target.pieces, values)
        elif target.moments is not None and target.energy is not None:
            total = _by_moments(target, values)
        else:
            ctx.prec = 160
            total = _by_models(target, values)
    finally:
        ctx.prec, ctx.cap = precision, cap
    if not total.is_finite():
        raise Unresolved("an integral is not finite")
    return total


def _by_moments(target: Target, values: Array) -> Any:
    assert target.moments is not None and target.energy is not None
    moments, count = target.moments, len(values)
    ends = [arb(fmpq(k, count)) for k in range(count + 1)]
    total = target.energy(ends[0], ends[-1])
    for v, a, b in zip(values.tolist(), ends, ends[1:], strict=False):
        if v:
            total += arb(v) * (arb(v) / count - 2 * moments(a, b, 0)[0])
    return total


def _by_pieces(pieces: PiecewisePolynomial, values: Array) -> Any:
    count = len(values)
    total = arb(0)
    for index, cell, low, high in _parts(pieces, count):
        polynomial = [fmpq(c.numerator, c.denominator) for c in pieces.coefficients[index]] or [fmpq(0)]
        a, b = Fraction(float(values[cell])).as_integer_ratio()
        polynomial[0] -= fmpq(a, b)
        if any(polynomial):
            middle, half = arb((low + high) / 2), arb((high - low) / 2)
            local = arb_poly([arb(c) for c in polynomial])(arb_poly([middle, half]))
            primitive = (local * local).integral()
            total += (primitive(arb(1)) - primitive(arb(-1))) * half
    return total


def _parts(pieces: PiecewisePolynomial, count: int) -> Iterator[tuple[int, int, Any, Any]]:
    """Yield piece, cell and ends of every part of [0, 1] that lies in one of each."""
    knots = [fmpq(k.numerator, k.denominator) for k in pieces.knots]
    index = bisect_right(knots, fmpq(0))
    for cell in range(count):
        low, end = fmpq(cell, count), fmpq(cell + 1, count)
        while index < len(knots) and knots[index] <= end:
            if knots[index] > low:
                yield index, cell, low, knots[index]
            low = knots[index]
            index += 1
        if low < end:
            yield index, cell, low, end


def _by_models(target: Target, values: Array) -> Any:
    count = len(values)
    total = arb(0)
    for low, high, model in model_blocks(target, count, taylor_model(target)):
        first = int(low * count)
        last = max(first + 1, -int(-high * count // 1))
        total += _square_on(model, [arb(v) for v in values[first:last].tolist()], ball(high - low))
    return total


def _square_on(model: Model, values: list[Any], width: Any) -> Any:
    """Return the integral over a block of equal cells, or a part of one, where f is a model."""
    local, spread = model
    polynomial = arb_poly(local)
    first, second = polynomial.integral(), (polynomial * polynomial).integral()
    count = len(values)
    share = width / count
    ends = [arb(fmpq(2 * k - count, count)) for k in range(count + 1)]
    plain, square = [first(t) for t in ends], [second(t) for t in ends]
    total = arb(0)
    for k, value in enumerate(values):
        mean, energy = (plain[k + 1] - plain[k]) / 2, (square[k + 1] - square[k]) / 2
        found = energy * width - 2 * value * mean * width + value * value * share
        # the model strays by at most e: ∫ (r + e)² − r² is at most 2e√(∫ r² · width) + e² · width
        slack = 2 * spread * (found.abs_upper() * share).sqrt() + spread * spread * share
        total += found + slack * arb(0, 1)
    return total
