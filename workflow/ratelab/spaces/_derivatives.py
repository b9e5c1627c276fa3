"""Certified bounds of derivatives, and from them lower bounds of free-knot errors for every size."""

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import factorial, inf, nextafter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.registry import PiecewisePolynomial, Target

Array = NDArray[np.float64]

_PRECISION = 128
_CELLS = 128
_INTERVALS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)


@dataclass(frozen=True)
class AllSizesBound:
    """A proved lower bound of the error of free-knot piecewise polynomials, for every number of pieces.

    Parameters
    ----------
    degree
        Degree r of the pieces, which need not join.
    constants
        Pairs (J, c): the L2 error with n pieces is at least c·(n + J − 1)^(−(r+1)) for all n ≥ 1.
    """

    degree: int
    constants: tuple[tuple[int, float], ...]

    def __call__(self, n: int) -> float:
        """Return the largest of the bounds at n pieces, rounded down."""
        if n < 1:
            raise UserError(f"number of pieces is {n}; allowed: 1 or more")
        power = self.degree + 1
        values = (Fraction(c) / Fraction(n + intervals - 1) ** power for intervals, c in self.constants)
        return _down(float(max(values)))

    @property
    def constant(self) -> float:
        """The largest c: the limit inferior of n^(r+1) times the error is at least this."""
        return max(c for _, c in self.constants)


def lower_bound_all_n(target: Target, degree: int) -> AllSizesBound | None:
    """Bound from below the L2 error of piecewise polynomials with n free pieces, for all n at once.

    On each of J intervals |f^(r+1)| ≥ m_k is certified in ball arithmetic; then the error is at least
    κ_r·(Σ m_k^{2/(2r+3)} |I_k|)^{(2r+3)/2}·(n + J − 1)^{−(r+1)}, κ_r = (r+1)!/((2r+2)!·√(2r+3)). The
    intervals are runs of 128 equal cells, chosen for each J to make the constant large.

    Parameters
    ----------
    target
        One variable, with `pieces` or an `enclosure`.
    degree
        Degree r ≥ 0 of the pieces.

    Returns
    -------
    The bound; None if no interval is certified. `docs/rates.md` has the proof.
    """
    if degree < 0:
        raise UserError(f"degree is {degree}; allowed: 0 or more")
    if not _has_enclosure(target):
        return None
    from flint import arb

    with _balls(degree + 2):
        cells = _partition(target, _CELLS)
        floors = _floors([derivative(target, degree + 1, a, b) for a, b in cells])
        widths = np.array([float(b - a) for a, b in cells])
        broken = _breaks(target)  # the kernel argument needs a smooth function on the whole run
        joined = np.array([b not in broken for _, b in cells])
        exponent = arb(2) / (2 * degree + 3)
        factor = arb(factorial(degree + 1)) / factorial(2 * degree + 2) / arb(2 * degree + 3).sqrt()
        constants = []
        for count, runs in _best_runs(floors, widths, joined, 2 / (2 * degree + 3)):
            total = arb(0)
            for i, j in runs:
                least = Fraction(float(floors[i : j + 1].min()))
                total += _exact(least) ** exponent * _exact(cells[j][1] - cells[i][0])
            value = factor * total ** (arb(2 * degree + 3) / 2)
            constants.append((count, max(_down(float(value.lower())), 0.0)))
    return AllSizesBound(degree, tuple(constants)) if constants else None


def derivative_bound(target: Target, order: int) -> float:
    """Return B with |f^(order)| ≤ B between the singular points, on closed pieces; ∞ if none is certified."""
    if not _has_enclosure(target):
        return inf
    with _balls(order + 1):
        values = [derivative(target, order, a, b) for a, b in _partition(target, _CELLS)]
        if not all(value.is_finite() for value in values):
            return inf
        return max(-_down(-float(value.abs_upper())) for value in values)


def derivative(target: Target, order: int, a: Fraction, b: Fraction) -> Any:
    """Return an ``arb`` that contains f^(order)(x) for every x in [a, b], which lies in one smooth piece."""
    from flint import arb, arb_series

    x = arb_series([_exact(a).union(_exact(b)), 1], prec=order + 1)
    if target.pieces is not None:
        series = _piece(target.pieces, a, x)
    else:
        assert target.enclosure is not None
        series = target.enclose(x)
    return arb.nan() if series.prec <= order else series[order] * factorial(order)


@contextmanager
def _balls(terms: int) -> Iterator[None]:
    """Compute with 128-bit balls and power series of that many terms inside the block."""
    from flint import ctx

    bits, cap = ctx.prec, ctx.cap
    ctx.prec, ctx.cap = _PRECISION, max(cap, terms)  # series are cut at ctx.cap terms, silently
    try:
        yield
    finally:
        ctx.prec, ctx.cap = bits, cap


def _has_enclosure(target: Target) -> bool:
    return target.dimension == 1 and (target.pieces is not None or target.enclosure is not None)


def _partition(target: Target, count: int) -> list[tuple[Fraction, Fraction]]:
    """Cut the domain into `count` equal cells, and these at the singular points and knots."""
    low, high = (Fraction(end) for end in target.domain[0])
    points = {low + (high - low) * Fraction(k, count) for k in range(count + 1)}
    points |= {t for t in _breaks(target) if low < t < high}
    return list(pairwise(sorted(points)))


def _breaks(target: Target) -> set[Fraction]:
    """Singular points and, of a piecewise polynomial, knots."""
    return {Fraction(x) for x in target.singular_points} | set(target.pieces.knots if target.pieces else ())


def _piece(pieces: PiecewisePolynomial, a: Fraction, x: Any) -> Any:
    """Return the polynomial that holds to the right of `a`, at a power series."""
    from flint import arb, arb_series

    result = arb_series([arb(0)], prec=x.prec)
    for c in reversed(pieces.coefficients[bisect_right(pieces.knots, a)]):
        result = result * x + _exact(c)
    return result


def _exact(value: Fraction) -> Any:
    from flint import arb, fmpq

    return arb(fmpq(value.numerator, value.denominator))


def _floors(balls: list[Any]) -> Array:
    """Per cell a float below |f^(r+1)|, 0 if not certified. Neighbours share a point, hence the sign."""
    floors = np.zeros(len(balls))
    for k, ball in enumerate(balls):
        if ball.is_finite():
            floors[k] = max(_down(float(ball.abs_lower())), 0.0)
    return floors


def _best_runs(
    floors: Array, widths: Array, joined: NDArray[np.bool_], power: float
) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """For each J, J disjoint runs of joined cells that maximise Σ (least floor)^power·length."""
    cells = len(floors)
    gain = np.full((cells, cells), -inf)
    for i in range(cells):
        least, length = inf, 0.0
        for j in range(i, cells):
            if floors[j] == 0 or (j > i and not joined[j - 1]):
                break
            least, length = min(least, floors[j]), length + widths[j]
            gain[i, j] = least**power * length
    if not np.isfinite(gain).any():
        return

    value = np.zeros(cells + 1)  # value[j]: best of the runs so far within the first j cells
    steps: list[tuple[Array, NDArray[np.int64]]] = []
    most = min(max(_INTERVALS), int((floors > 0).sum()))
    for count in range(1, most + 1):
        candidates = value[:cells, None] + gain
        starts = candidates.argmax(axis=0)
        ending = np.concatenate([[-inf], candidates.max(axis=0)])
        value = np.maximum.accumulate(ending)
        steps.append((ending, starts))
        if count in _INTERVALS and np.isfinite(value[-1]):
            yield count, _backtrack(steps)


def _backtrack(steps: list[tuple[Array, NDArray[np.int64]]]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    limit = len(steps[0][0])
    for ending, starts in reversed(steps):
        end = int(ending[:limit].argmax())
        start = int(starts[end - 1])
        runs.append((start, end - 1))
        limit = start + 1
    return runs[::-1]


def _down(value: float) -> float:
    """Return a float below every real number that rounds to `value`."""
    return nextafter(nextafter(value, -inf), -inf)
