"""Segments of the line on which a piecewise polynomial is monotone, with ends that float64 holds."""

from dataclasses import dataclass
from fractions import Fraction
from math import inf, lcm, nextafter
from typing import Any

import flint
import numpy as np
from flint import fmpq, fmpz_poly
from numpy.typing import NDArray

from ratelab.networks import dyadic, rational
from ratelab.registry import PiecewisePolynomial

Array = NDArray[np.float64]

_PRECISION = 128


@dataclass(frozen=True)
class Segment:
    """A polynomial on [start, end).

    Parameters
    ----------
    start, end
        None where the segment is unbounded.
    coefficients
        Ascending; the last one is not 0, but for the constant 0.
    monotone
        Whether the polynomial is monotone on the closed segment; if not, the segment is bounded and tiny, around a
        critical point.
    """

    start: fmpq | None
    end: fmpq | None
    coefficients: tuple[fmpq, ...]
    monotone: bool


def outward(value: fmpq) -> tuple[float, float]:
    """Return the largest float64 number that is not above a rational, and the smallest that is not below."""
    numerator, denominator = int(value.p), int(value.q)
    try:
        near = numerator / denominator
    except OverflowError:
        largest = float(np.finfo(np.float64).max)
        return (largest, inf) if numerator > 0 else (-inf, -largest)
    p, q = near.as_integer_ratio()
    difference = p * denominator - numerator * q
    if difference == 0:
        return near, near
    return (nextafter(near, -inf), near) if difference > 0 else (near, nextafter(near, inf))


def exact_end(value: Any) -> fmpq:
    """Return an end of a ball (``arb.lower()``, ``arb.upper()``), which is a dyadic rational."""
    mantissa, exponent = value.mid().man_exp()
    return dyadic(int(mantissa), int(exponent))


def segments(polynomial: PiecewisePolynomial, floats: bool) -> list[Segment]:
    """Cut the pieces at their critical points.

    Parameters
    ----------
    polynomial
        The activation's pieces.
    floats
        Whether ends are to be float64 numbers: pieces then overlap by a rounding at knots that are none.
    """
    knots = [rational(t) for t in polynomial.knots]
    result = []
    for index, given in enumerate(polynomial.coefficients):
        start = knots[index - 1] if index else None
        end = knots[index] if index < len(knots) else None
        if floats:
            start = None if start is None else _finite(outward(start)[0])
            end = None if end is None else _finite(outward(end)[1])
        coefficients = [rational(c) for c in given] or [fmpq(0)]
        while len(coefficients) > 1 and not coefficients[-1]:
            coefficients.pop()
        result += _cut(start, end, tuple(coefficients))
    return result


def _finite(value: float) -> fmpq | None:
    return rational(value) if abs(value) < inf else None


def _cut(start: Any, end: Any, coefficients: tuple[fmpq, ...]) -> list[Segment]:
    result = []
    place = start
    for low, high in _critical_points(coefficients):
        if (start is not None and high <= start) or (end is not None and low >= end):
            continue
        low = low if place is None else max(low, place)
        high = high if end is None else min(high, end)
        if place is None or low > place:
            result.append(Segment(place, low, coefficients, True))
        if high > low:
            result.append(Segment(low, high, coefficients, False))
        place = high
    if end is None or place is None or place < end:
        result.append(Segment(place, end, coefficients, True))
    return result


def _critical_points(coefficients: tuple[fmpq, ...]) -> list[tuple[fmpq, fmpq]]:
    """Return disjoint intervals with float64 ends, in order, that hold all real roots of the derivative."""
    derivative = [k * c for k, c in enumerate(coefficients)][1:]
    if len(derivative) < 2:
        return []
    roots = []
    if not derivative[0]:
        roots.append((fmpq(0), fmpq(0)))
        while not derivative[0]:
            del derivative[0]
    common = lcm(*(int(c.q) for c in derivative))
    former = flint.ctx.prec
    flint.ctx.prec = _PRECISION
    try:
        found: Any = fmpz_poly([int((c * common).p) for c in derivative]).complex_roots()
    finally:
        flint.ctx.prec = former
    for root, _ in found:
        if root.imag.contains(0):
            low, high = (exact_end(end) for end in (root.real.lower(), root.real.upper()))
            roots.append((rational(max(outward(low)[0], -1e308)), rational(min(outward(high)[1], 1e308))))
    merged: list[tuple[fmpq, fmpq]] = []
    for low, high in sorted(roots, key=lambda pair: Fraction(int(pair[0].p), int(pair[0].q))):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return merged


@dataclass(frozen=True)
class FloatSegments:
    """Segments as the arrays that `_interval_kernels.pieces` reads."""

    start: Array
    end: Array
    degree: NDArray[np.int64]
    monotone: NDArray[np.bool_]
    coefficient_low: Array
    coefficient_high: Array


def float_segments(polynomial: PiecewisePolynomial) -> FloatSegments:
    """Return the segments with float64 ends and enclosures of the coefficients."""
    found = segments(polynomial, floats=True)
    longest = max(len(s.coefficients) for s in found)
    low, high = np.zeros((len(found), longest)), np.zeros((len(found), longest))
    for row, segment in enumerate(found):
        for k, c in enumerate(segment.coefficients):
            low[row, k], high[row, k] = outward(c)
    return FloatSegments(
        np.array([-inf if s.start is None else outward(s.start)[0] for s in found]),
        np.array([inf if s.end is None else outward(s.end)[1] for s in found]),
        np.array([len(s.coefficients) - 1 for s in found], dtype=np.int64),
        np.array([s.monotone for s in found]),
        low,
        high,
    )
