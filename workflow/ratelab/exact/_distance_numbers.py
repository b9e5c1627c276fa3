"""Sums of exact and enclosed parts, polynomials' real roots in rational intervals, and outward rounding."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from math import inf, isqrt, nextafter
from sys import float_info
from typing import Any

import flint
from flint import arb, fmpq, fmpq_poly

from ratelab.networks import dyadic, fraction

PRECISION = 320


@contextmanager
def working_precision(bits: int = PRECISION) -> Iterator[None]:
    """Set flint's working precision inside a block."""
    former = flint.ctx.prec
    flint.ctx.prec = bits
    try:
        yield
    finally:
        flint.ctx.prec = former


@dataclass
class Total:
    """A sum of rationals and, where there are irrational parts, of balls."""

    exact: fmpq = field(default_factory=lambda: fmpq(0))
    ball: arb | None = None

    def add(self, value: fmpq | arb) -> None:
        """Add a part."""
        if isinstance(value, fmpq):
            self.exact += value
        else:
            self.ball = value if self.ball is None else self.ball + value

    @property
    def power(self) -> Fraction | None:
        """The sum, if it is known to be rational."""
        return fraction(self.exact) if self.ball is None else None

    def ends(self, p: float) -> tuple[float, float]:
        """Return floats around the p-th root of a non-negative sum (of the sum itself for p = 1 or infinite)."""
        if self.ball is None:
            if p == 2:
                root = _square_root(self.exact)
                if root is not None:
                    return ends(root)
            if p in (1, inf) or not self.exact:
                return ends(self.exact)
        value = arb(self.exact) if self.ball is None else (arb(self.exact) + self.ball).nonnegative_part()
        if p in (1, inf):
            return ends(value)
        return ends(value.sqrt() if p == 2 else _root(value, p))


def ends(value: fmpq | arb) -> tuple[float, float]:
    """Return the closest floats below and above a number (twice the same if it is a float), none below 0."""
    if isinstance(value, fmpq):
        exact = fraction(value)
        try:
            near = float(exact)
        except OverflowError:
            return float_info.max, inf
        if exact == near:
            return near, near
        return (near, nextafter(near, inf)) if exact > near else (nextafter(near, -inf), near)
    lower = max(nextafter(float(value.lower()), -inf), 0.0)
    return lower, max(nextafter(float(value.upper()), inf), 0.0)


def power(base: arb, exponent: fmpq) -> arb:
    """Return a non-negative ball to a positive power."""
    if not base.is_finite():
        raise AssertionError(f"no power of {base}")
    low, high = base.nonnegative_part().lower(), base.upper()
    parts = [v**exponent if v > 0 else arb(0) for v in (arb(low), arb(high))]
    return parts[0].union(parts[1])


def between(value: arb) -> arb:
    """Return a ball around the interval from 0 to a ball's upper end."""
    return arb(0).union(arb(value.upper()))


def real_roots(polynomial: fmpq_poly, lower: fmpq, upper: fmpq) -> list[tuple[fmpq, fmpq]]:
    """Return the roots inside an interval: (r, r) if r is rational, else a narrow interval that holds the root.

    Intervals may touch or overlap each other; they lie between `lower` and `upper`.
    """
    found = []
    if polynomial.degree() == 1:
        factors: list[Any] = [polynomial]
    elif polynomial.degree() > 1:
        factors = [factor for factor, _ in polynomial.factor()[1]]
    else:
        factors = []
    for factor in factors:
        if factor.degree() == 1:
            root = -factor[0] / factor[1]
            if lower < root < upper:
                found.append((root, root))
            continue
        for root, _ in factor.numer().complex_roots():
            if root.imag != 0:
                continue
            low, high = max(_dyadic(root.real.lower()), lower), min(_dyadic(root.real.upper()), upper)
            if low < high:
                found.append((low, high))
    return sorted(found)


def cut(lower: fmpq, upper: fmpq, roots: list[tuple[fmpq, fmpq]]) -> list[tuple[fmpq, fmpq, bool]]:
    """Return consecutive intervals (a, b, clear): clear between the roots, not clear on those that hold one."""
    result, start = [], lower
    for low, high in _merged(roots):
        if low > start:
            result.append((start, low, True))
        if high > low:
            result.append((low, high, False))
        start = high
    if upper > start:
        result.append((start, upper, True))
    return result


def hull(lower: fmpq, upper: fmpq) -> arb:
    """Return the ball around an interval."""
    return arb(lower).union(arb(upper))


def _merged(roots: list[tuple[fmpq, fmpq]]) -> list[tuple[fmpq, fmpq]]:
    result: list[tuple[fmpq, fmpq]] = []
    for low, high in sorted(roots):
        if result and low <= result[-1][1]:
            result[-1] = (result[-1][0], max(high, result[-1][1]))
        else:
            result.append((low, high))
    return result


def _dyadic(value: Any) -> fmpq:
    return dyadic(*value.mid().man_exp())


def _root(value: arb, p: float) -> arb:
    return power(value, 1 / fmpq(*p.as_integer_ratio()))


def _square_root(value: fmpq) -> fmpq | None:
    top, bottom = int(value.p), int(value.q)
    roots = isqrt(top), isqrt(bottom)
    return fmpq(*roots) if roots[0] ** 2 == top and roots[1] ** 2 == bottom else None
