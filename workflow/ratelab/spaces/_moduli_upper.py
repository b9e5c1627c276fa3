"""Certified upper ends of the modulus of continuity, from enclosures of a target on cells."""

from fractions import Fraction
from math import inf, nextafter

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.registry import PiecewisePolynomial, Target

Array = NDArray[np.float64]

_CELLS = 1024


def upper_modulus(target: Target, scales: Array, p: float, order: int) -> Array:
    """Bound ω_r(f, t)_p from above, for a target of one variable with `pieces` or an `enclosure`.

    On cells I_i of one length the values lie in [l_i, u_i]. For h between k − 1 and k cells and x in I_i, x + h lies in
    I_{i+k−1} or I_{i+k}, so |f(x + h) − f(x)| ≤ max(u_j − l_i, u_i − l_j) over these two; the norm of that step
    function is an upper end of ω_1, the maximum over k ≤ t/length + 1 is taken, and ω_r ≤ 2^(r−1) ω_1 (times
    2^((r−1)(1/p−1)) for p < 1).

    Raises
    ------
    UserError
        If the target supplies neither.
    """
    low, high = cell_ranges(target, _CELLS)
    start, end = target.domain[0]
    length = (end - start) / _CELLS
    growth = 2.0 ** (order - 1) if p >= 1 else 2.0 ** ((order - 1) / p)
    last = min(_CELLS, int(float(scales.max()) / length * (1 + 1e-9)) + 1)
    norms = np.zeros(last + 1)
    for k in range(1, last + 1):
        norms[k] = _norm_of_cells(low, high, k, length, p)
    bounds = np.maximum.accumulate(norms)
    index = np.minimum((scales / length * (1 + 1e-9)).astype(int) + 1, last)
    return np.array(bounds[index] * growth * (1 + 1e-9))


def _norm_of_cells(low: Array, high: Array, shift: int, length: float, p: float) -> float:
    count = len(low)
    size = np.zeros(count)
    for step in (shift - 1, shift):
        here, there = slice(0, count - step), slice(step, count)
        if step >= count:
            continue
        reach = np.maximum(high[there] - low[here], high[here] - low[there])
        size[here] = np.maximum(size[here], reach)
    largest = float(size.max())
    if p == inf or largest == 0:
        return largest
    return float(largest * float(((size / largest) ** p).sum() * length) ** (1 / p))


def cell_ranges(target: Target, cells: int) -> tuple[Array, Array]:
    """Return bounds of the values on each of `cells` cells of one length, rounded outwards.

    Raises
    ------
    UserError
        If the target supplies neither `pieces` nor an `enclosure`, or the enclosure is not finite.
    """
    from flint import arb, fmpq

    if target.pieces is None and target.enclosure is None:
        raise UserError(
            f"target '{target.name}' declares neither pieces nor an enclosure; a certified modulus needs one"
        )
    start, end = (Fraction(side) for side in target.domain[0])
    low, high = np.empty(cells), np.empty(cells)
    for i in range(cells):
        left, right = (start + (end - start) * Fraction(j, cells) for j in (i, i + 1))
        if target.pieces is not None:
            bounds = _range_of_pieces(target.pieces, left, right)
        else:
            ends = [arb(fmpq(side.numerator, side.denominator)) for side in (left, right)]
            ball = target.enclose(ends[0].union(ends[1]))
            bounds = [(float(ball.lower()), float(ball.upper()))]
        low[i] = min(nextafter(b[0], -inf) for b in bounds)
        high[i] = max(nextafter(b[1], inf) for b in bounds)
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        raise UserError(f"target '{target.name}': the enclosure is not finite on some cell")
    return low, high


def _range_of_pieces(
    pieces: PiecewisePolynomial, left: Fraction, right: Fraction
) -> list[tuple[float, float]]:
    from flint import arb, fmpq

    inner = [knot for knot in pieces.knots if left < knot < right]
    points = [left, *inner, right]
    found = []
    for a, b in zip(points, points[1:], strict=False):
        middle, half = (a + b) / 2, (b - a) / 2
        which = sum(knot <= a for knot in pieces.knots)
        ball = arb(fmpq(half.numerator, half.denominator))
        step = (-ball).union(ball)
        # Taylor form about the middle, whose terms beyond the first are small
        total = arb(0)
        for value in reversed(_shifted(pieces.coefficients[which], middle)):
            total = total * step + arb(fmpq(value.numerator, value.denominator))
        found.append((float(total.lower()), float(total.upper())))
    return found


def _shifted(coefficients: tuple[Fraction, ...], middle: Fraction) -> list[Fraction]:
    from math import comb

    return [
        sum((c * comb(k, j) * middle ** (k - j) for k, c in enumerate(coefficients) if k >= j), Fraction(0))
        for j in range(len(coefficients))
    ]
