"""Piecewise polynomial functions of one variable in rationals, and integrals of a residual's powers."""

from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
from flint import acb, acb_poly, arb, arb_poly, fmpq, fmpq_poly

from ratelab._errors import UserError
from ratelab.exact._distance_numbers import Total, between, cut, hull, power, real_roots, working_precision
from ratelab.exact._piecewise_linear import PiecewiseLinear
from ratelab.networks import Network, rational
from ratelab.registry import Activation, PiecewisePolynomial

_LEVELS = 64
_INTEGRAL_PRECISION = 96


@dataclass(frozen=True)
class LinePiece:
    """A function on [left, right]: one polynomial per output, or None where only balls enclose it."""

    left: fmpq
    right: fmpq
    polynomials: list[fmpq_poly] | None


@dataclass(frozen=True)
class LineFunction:
    """A function on an interval, piece by piece."""

    pieces: list[LinePiece]
    outputs: int
    source: Any

    def enclose(self, piece: LinePiece, x: arb) -> list[arb]:
        """Return balls around the values on a ball inside a piece."""
        if piece.polynomials is not None:
            return [arb_poly(q)(x) for q in piece.polynomials]
        point = np.empty((1, 1), dtype=object)
        point[0, 0] = x
        return list(self.source(point)[0])


@dataclass(frozen=True)
class Residual:
    """f − g on [left, right]: one polynomial per output, or a ball around its norm."""

    left: fmpq
    right: fmpq
    value: list[fmpq_poly] | arb


def line_function(source: Any, lower: fmpq, upper: fmpq) -> LineFunction:
    """Return a network, a piecewise polynomial or a piecewise linear function on an interval.

    Breakpoints of a network are the rational roots of its polynomials; around irrational ones lies an interval of
    about 2^-300 on which only an enclosure is known.

    Raises
    ------
    UserError
        If an activation is not piecewise polynomial, or the function is of no known kind or has another domain.
    """
    if isinstance(source, Network):
        return LineFunction(_network_pieces(source, lower, upper), source.outputs, source)
    if isinstance(source, PiecewisePolynomial):
        rows = [[fmpq_poly([rational(c) for c in row])] for row in source.coefficients]
        return LineFunction(_between_knots(source.knots, rows, lower, upper), 1, source)
    if isinstance(source, PiecewiseLinear):
        domain = source.domain
        if domain is not None and not (rational(domain[0]) <= lower and upper <= rational(domain[1])):
            raise UserError(f"the piecewise linear function is defined on {domain} only")
        rows = [[fmpq_poly([c, s]) for s, c in row] for row in _affine_rows(source)]
        return LineFunction(_between_knots(source.knots, rows, lower, upper), len(rows[0]), source)
    raise UserError(
        f"distances in one variable are between networks, piecewise polynomials and piecewise linear functions; "
        f"found {type(source).__name__}"
    )


def _affine_rows(source: PiecewiseLinear) -> list[list[tuple[fmpq, fmpq]]]:
    """Return for each piece (slope, value at 0) of each output."""
    slopes = source.slopes.reshape(len(source.slopes), -1)
    if not len(source.knots):
        constants = np.asarray(source.intercept).reshape(-1)
        return [[(rational(s), rational(c)) for s, c in zip(slopes[0], constants, strict=True)]]
    values = source.values.reshape(len(source.knots), -1)
    # a piece is given by its slope at one end and by its value at a knot
    anchors = [max(i - 1, 0) for i in range(len(slopes))]
    return [
        [
            (rational(s), rational(values[a, k]) - rational(s) * rational(source.knots[a]))
            for k, s in enumerate(row)
        ]
        for a, row in zip(anchors, slopes, strict=True)
    ]


def _between_knots(knots: Any, rows: list[list[fmpq_poly]], lower: fmpq, upper: fmpq) -> list[LinePiece]:
    ends = [None, *map(rational, knots), None]
    pieces = []
    for low, high, row in zip(ends, ends[1:], rows, strict=False):
        left = lower if low is None else max(low, lower)
        right = upper if high is None else min(high, upper)
        if left < right:
            pieces.append(LinePiece(left, right, row))
    return pieces


def _network_pieces(network: Network, lower: fmpq, upper: fmpq) -> list[LinePiece]:
    pieces = [LinePiece(lower, upper, [fmpq_poly([0, 1])])]
    for layer in network.rational().layers:
        rows = [
            ([(i, w) for i, w in enumerate(row) if w], bias, _polynomial(activation))
            for row, bias, activation in zip(layer.matrix, layer.bias, layer.activations, strict=True)
        ]
        after = []
        for piece in pieces:
            if piece.polynomials is None:
                after.append(piece)
                continue
            inner = [
                sum((piece.polynomials[i] * w for i, w in terms), fmpq_poly([bias]))
                for terms, bias, _ in rows
            ]
            roots = [
                root
                for polynomial, (_, _, activation) in zip(inner, rows, strict=True)
                for knot in activation.knots
                for root in real_roots(polynomial - rational(knot), piece.left, piece.right)
            ]
            for left, right, clear in cut(piece.left, piece.right, roots):
                if not clear:
                    after.append(LinePiece(left, right, None))
                    continue
                middle = (left + right) / 2
                outer = [_activated(a, q, middle) for q, (_, _, a) in zip(inner, rows, strict=True)]
                after.append(LinePiece(left, right, _pooled(outer) if layer.pooled else outer))
        pieces = after
    return pieces


def _polynomial(activation: Activation) -> PiecewisePolynomial:
    if activation.polynomial is None:
        raise UserError(
            f"activation '{activation.name}' is {activation.regularity}; distances are for piecewise polynomial "
            "activations"
        )
    return activation.polynomial


def _activated(activation: PiecewisePolynomial, inner: fmpq_poly, middle: fmpq) -> fmpq_poly:
    value = inner(middle)
    index = sum(rational(knot) <= value for knot in activation.knots)
    result = fmpq_poly([])
    for c in reversed(activation.coefficients[index]):
        result = result * inner + rational(c)
    return result


def _pooled(values: list[fmpq_poly]) -> list[fmpq_poly]:
    half = (len(values) + 1) // 2
    products = [u * v for u, v in zip(values, values[half:], strict=False)]
    return products + values[half - 1 : half] if len(values) % 2 else products


def line_residual(f: LineFunction, g: LineFunction) -> list[Residual]:
    """Return f − g on the intervals between the breakpoints of both."""
    pieces: list[Residual] = []
    i, j = 0, 0
    while i < len(f.pieces) and j < len(g.pieces):
        first, second = f.pieces[i], g.pieces[j]
        left, right = max(first.left, second.left), min(first.right, second.right)
        if first.polynomials is not None and second.polynomials is not None:
            apart = [a - b for a, b in zip(first.polynomials, second.polynomials, strict=True)]
            pieces.append(Residual(left, right, apart))
        else:
            x = hull(left, right)
            gaps = [a - b for a, b in zip(f.enclose(first, x), g.enclose(second, x), strict=True)]
            pieces.append(Residual(left, right, _norm(gaps)))
        i, j = i + (first.right == right), j + (second.right == right)
    return pieces


def _norm(values: list[arb]) -> arb:
    """Return a ball around a Euclidean norm; the ball of a sum of squares may reach below 0, where no root is."""
    if len(values) == 1:
        return abs(values[0])
    return sum((v * v for v in values), arb(0)).nonnegative_part().sqrt()


def line_total(f: LineFunction, g: LineFunction, p: float) -> Total:
    """Return ∫ |f − g|^p, or for infinite p the maximum (of the square, for several outputs)."""
    total = Total()
    largest = _Largest()
    even = p != inf and p == int(p) and int(p) % 2 == 0
    if f.outputs > 1 and not (even or p == inf):
        raise UserError(
            f"p is {p} for functions with {f.outputs} outputs; allowed: even numbers and inf, where the integrand "
            "is a polynomial"
        )
    for piece in line_residual(f, g):
        value = piece.value
        if isinstance(value, arb):
            size = value.nonnegative_part()
            if p == inf:
                largest.add(size * size if f.outputs > 1 else size)
            else:
                total.add(between(arb(piece.right - piece.left) * power(size, fmpq(*p.as_integer_ratio()))))
            continue
        square = sum((q * q for q in value), fmpq_poly([]))
        if p == inf:
            largest.range(square if f.outputs > 1 else value[0], piece.left, piece.right)
        elif even:
            total.add(_integral(square ** (int(p) // 2), piece.left, piece.right))
        else:
            _odd(total, value[0], piece.left, piece.right, p)
    return largest.total() if p == inf else total


def _integral(polynomial: fmpq_poly, left: fmpq, right: fmpq) -> fmpq:
    primitive = polynomial.integral()
    return primitive(right) - primitive(left)


def _odd(total: Total, residual: fmpq_poly, left: fmpq, right: fmpq, p: float) -> None:
    """Add ∫ |r|^p, between the zeros of r: a polynomial's integral for whole p, else of balls."""
    exponent = fmpq(*p.as_integer_ratio())
    if not residual:
        return
    for a, b, clear in cut(left, right, real_roots(residual, left, right)):
        if not clear:
            total.add(between(arb(b - a) * power(abs(arb_poly(residual)(hull(a, b))), exponent)))
        elif exponent.q == 1:
            total.add(abs(_integral(residual ** int(exponent.p), a, b)))
        elif residual.degree() <= 1:
            total.add(_linear_power(residual, a, b, exponent))
        else:
            signed = residual if residual((a + b) / 2) > 0 else -residual
            middle = (a + b) / 2
            total.add(_graded(signed, middle, a, exponent) + _graded(signed, middle, b, exponent))


def _linear_power(residual: fmpq_poly, a: fmpq, b: fmpq, exponent: fmpq) -> arb:
    first, last = (abs(residual(x)) for x in (a, b))
    if first == last:
        return arb(b - a) * power(arb(first), exponent)
    above = [power(arb(v), exponent + 1) for v in (first, last)]
    return (above[1] - above[0]) / arb((exponent + 1) * (last - first) / (b - a))


def _graded(residual: fmpq_poly, middle: fmpq, end: fmpq, exponent: fmpq) -> arb:
    """Integrate r^exponent, r > 0 inside, from the middle to an end where r may vanish: shells, then an enclosure.

    In the distance t from the end no cancellation is left near it: the lower coefficients of r are small themselves.
    """
    reach = abs(end - middle)
    local = residual(fmpq_poly([end, 1 if middle > end else -1]))
    shells = [(reach / 2, reach)]
    if local(fmpq(0)):
        shells.append((fmpq(0), reach / 2))
    else:
        shells += [(reach / 2 ** (k + 1), reach / 2**k) for k in range(1, _LEVELS)]
    with working_precision(_INTEGRAL_PRECISION):
        total, complex_local = acb(0), acb_poly(local)

        def integrand(t: Any, analytic: bool) -> Any:
            return complex_local(t).pow(acb(exponent), analytic=analytic)

        for low, high in shells:
            total += acb.integral(integrand, acb(low), acb(high))
        result = abs(total.real)
        if shells[-1][0]:
            rest = arb_poly(local)(hull(fmpq(0), shells[-1][0]))
            result += between(arb(shells[-1][0]) * power(abs(rest), exponent))
    return result


class _Largest:
    """The maximum of moduli, some rational and some in balls."""

    def __init__(self) -> None:
        self._exact = fmpq(0)
        self._balls: list[arb] = []

    def add(self, value: fmpq | arb) -> None:
        if isinstance(value, fmpq):
            self._exact = max(self._exact, abs(value))
        else:
            self._balls.append(abs(value))

    def range(self, polynomial: fmpq_poly, left: fmpq, right: fmpq) -> None:
        for x in (left, right):
            self.add(polynomial(x))
        for low, high in real_roots(polynomial.derivative(), left, right):
            self.add(polynomial(low) if low == high else arb_poly(polynomial)(hull(low, high)))

    def total(self) -> Total:
        balls = [b for b in self._balls if not b < arb(self._exact)]
        if not balls:
            return Total(self._exact)
        ball = arb(self._exact)
        for other in balls:
            ball = ball.max(other)
        return Total(fmpq(0), ball)
