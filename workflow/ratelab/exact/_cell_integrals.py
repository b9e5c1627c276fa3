"""Balls for the Legendre coefficients of a target on one cell, by the best certificate it supplies."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from fractions import Fraction
from math import inf, nextafter
from typing import Any

import numpy as np
from flint import arb, arb_poly, ctx, fmpq
from numpy.typing import NDArray

from ratelab.exact._legendre import apply, moment_table, power_table
from ratelab.exact._taylor_models import ORDER, centre, divided, resolved, taylor_model
from ratelab.networks._ball import ball
from ratelab.registry import PiecewisePolynomial, Target

Projector = Callable[[float, float], list[Any]]
"""Maps a cell [a, b] to balls around its degree + 1 Legendre coefficients."""

_DEPTH = 80
_PARTS = 4000


def cell_projector(target: Target, edges: NDArray[np.float64], degree: int) -> Projector:
    """Choose the route and set the working precision for these cells (the caller restores it)."""
    if target.pieces is not None:
        ctx.prec = 160
        return _by_pieces(target.pieces, degree)
    if target.moments is not None:
        return _by_moments(target, edges, degree)
    ctx.prec = 128
    return _by_enclosure(target, degree)


def _by_pieces(pieces: PiecewisePolynomial, degree: int) -> Projector:
    knots = pieces.knots
    polynomials = [arb_poly([ball(c) for c in row]) for row in pieces.coefficients]
    length = max(len(row) for row in pieces.coefficients)
    table = power_table(degree, length, ctx.prec)

    def project(a: float, b: float) -> list[Any]:
        first, last = bisect_right(knots, a), bisect_left(knots, b)
        if first >= last:
            local = polynomials[first](arb_poly(centre(arb(a), arb(b)))).coeffs()
            return apply(table, local + [arb(0)] * (length - len(local)))
        cuts = [Fraction(a), *knots[first:last], Fraction(b)]
        total = [arb(0)] * (degree + 1)
        for index, (left, right) in enumerate(zip(cuts, cuts[1:], strict=False)):
            low, high = ball(left), ball(right)
            local = polynomials[first + index](arb_poly(centre(low, high))).coeffs()
            total = _add(total, _part(local, arb(0), (arb(a), arb(b)), (low, high), degree))
        return total

    return project


def _by_moments(target: Target, edges: NDArray[np.float64], degree: int) -> Projector:
    assert target.moments is not None
    moments = target.moments
    # raw moments about 0 lose the square of |x| / cell length once per degree
    lengths = np.diff(edges)
    loss = float(np.max(np.log2(np.maximum(np.abs(edges[1:]), np.abs(edges[:-1])) / lengths + 2)))
    base = 32 * (4 + int((2 * degree + 1) * loss + 31) // 32)

    def project(a: float, b: float) -> list[Any]:
        precision = base
        for _ in range(5):
            ctx.prec = precision
            left, right = arb(a), arb(b)
            values = list(moments(left, right, degree))
            middle, half = centre(left, right)
            variable = arb_poly([-middle / half, 1 / half])
            power, local = arb_poly([1]), []
            for _k in range(degree + 1):
                local.append(
                    sum((c * v for c, v in zip(power.coeffs(), values, strict=False)), arb(0)) / half
                )
                power = power * variable
            found = apply(moment_table(degree, precision), local)
            if _sharp(found):
                break
            precision *= 2
        ctx.prec = base
        return found

    ctx.prec = base
    return project


def _sharp(values: list[Any]) -> bool:
    """Whether the balls are finite and small against the largest of them (or absolutely)."""
    if not all(v.is_finite() for v in values):
        return False
    size = max(float(v.abs_upper()) for v in values)
    return max(float(v.rad()) for v in values) <= 2.0**-60 * size + 2.0**-100


def _by_enclosure(target: Target, degree: int) -> Projector:
    singular = [Fraction(p) for p in target.singular_points]
    near = [(nextafter(float(p), -inf), nextafter(float(p), inf)) for p in singular]
    taylor = taylor_model(target)
    table = power_table(degree, ORDER + 1, ctx.prec)
    # |∫ P_k(s) s^N e(s) ds| (2k+1)/2 is at most (2k+1)/(N+1) times the largest |e|
    spreads = [arb(fmpq(2 * k + 1, ORDER + 1)) for k in range(degree + 1)]

    def project(a: float, b: float) -> list[Any]:
        if not any(a <= high and low <= b for low, high in near):
            model = taylor(arb(a), arb(b))
            if model is not None and resolved(model, 1.0, 0.0):
                local, spread = model
                return [
                    v + arb(0, 1) * (spread * s) for v, s in zip(apply(table, local), spreads, strict=True)
                ]
        total, cell = [arb(0)] * (degree + 1), (arb(a), arb(b))
        parts = divided(target, taylor, Fraction(a), Fraction(b), singular, deepest=_DEPTH, most=_PARTS)
        for left, right, (local, spread) in parts:
            total = _add(total, _part(local, spread, cell, (ball(left), ball(right)), degree))
        return total

    return project


def _part(
    local: list[Any], spread: Any, cell: tuple[Any, Any], part: tuple[Any, Any], degree: int
) -> list[Any]:
    """Legendre coefficients on a cell of the function that is a model on a part of it and 0 elsewhere."""
    middle, half = centre(*cell)
    inner, radius = centre(*part)
    variable = arb_poly([(inner - middle) / half, radius / half])
    ratio = radius / half
    stray = arb(0, 1) * (spread * arb(fmpq(2, max(1, len(local)))))  # |variable| <= 1 on the cell
    power, moments = arb_poly([1]), []
    for _ in range(degree + 1):
        product = power * arb_poly(local)
        total = sum((v * arb(fmpq(2, j + 1)) for j, v in enumerate(product.coeffs()) if j % 2 == 0), arb(0))
        moments.append((total + stray) * ratio)
        power = power * variable
    return apply(moment_table(degree, ctx.prec), moments)


def _add(first: list[Any], second: list[Any]) -> list[Any]:
    return [a + b for a, b in zip(first, second, strict=True)]
