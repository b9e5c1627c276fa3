"""Cosines inside absolute values on [−1, 1]: continuous, with 360 kinks.

With u = cos(15π(x − 0.3)) − 0.7, a = |cos(2π(|u| − ½)) − ½|, b = 1.3 − |a − 1.3| and c = 0.9 − |b − 0.9| it is
(x + 1)c. The inner |u| makes no kink, since cos(2π(|u| − ½)) = −cos(2πu) is even; the others are where cos(2πu) is −½
(a = 0), 0.8 (a = 1.3) or 0.4 (b = 0.9).
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from flint import arb, ctx, fmpq
from numpy.typing import NDArray

from ratelab import Smoothness, Target, hookimpl

_LEVELS = (fmpq(-1, 2), fmpq(4, 5), fmpq(2, 5))
_PRECISION = 128

# 2π and −0.7 less the floats next to them
_PI_REST = 2.4492935982947064e-16
_TENTHS_REST = float(Fraction(0.7) - Fraction(7, 10))


def _cosine(turns: NDArray[np.float64], rest: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return cos(2π(turns + rest)), `rest` being small, to about one unit in the last place of 1."""
    quarter = np.rint(4 * turns)
    part = (turns - quarter / 4) + rest
    angle = 2 * np.pi * part + _PI_REST * part
    quarter = quarter.astype(np.int64) % 4
    size = np.where(quarter % 2 == 0, np.cos(angle), np.sin(angle))
    return np.where((quarter == 1) | (quarter == 2), -size, size)


def _sum(
    a: NDArray[np.float64], b: float | NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the rounded sum and its rounding error (Knuth)."""
    total = a + b
    other = total - a
    return total, (a - (total - other)) + (b - other)


def _function(x: NDArray[np.float64]) -> NDArray[np.float64]:
    points = x[:, 0]
    # 7.5x = 8x − x/2; rounding errors go along, since the cosines enlarge them 300 times
    turns, first = _sum(8 * points, -0.5 * points)
    turns, second = _sum(turns, -2.25)
    u, error = _sum(_cosine(turns, first + second), -0.7)
    a = np.abs(_cosine(u, error + _TENTHS_REST) + 0.5)
    b = 1.3 - np.abs(a - 1.3)
    c = 0.9 - np.abs(b - 0.9)
    return np.asarray((points + 1) * c)


def _absolute(x: Any) -> Any:
    if isinstance(x, arb):
        return abs(x)
    if x[0] > 0:
        return x
    # across a kink a series has no enclosure
    return -x if x[0] < 0 else x * arb("nan")


def _enclosure(x: Any) -> Any:
    u = (15 * (x - fmpq(3, 10))).cos_pi() - fmpq(7, 10)
    a = _absolute((2 * u).cos_pi() + fmpq(1, 2))
    b = fmpq(13, 10) - _absolute(a - fmpq(13, 10))
    c = fmpq(9, 10) - _absolute(b - fmpq(9, 10))
    return (x + 1) * c


@lru_cache(maxsize=1)
def _kinks() -> tuple[float, ...]:
    former, ctx.prec = ctx.prec, _PRECISION
    try:
        turn = 2 * arb.pi()
        heights = []
        for level in _LEVELS:
            angle = arb(level).acos() / turn
            heights += [fmpq(7, 10) + sign * angle + k for sign in (1, -1) for k in range(-2, 2)]
        points = []
        for height in heights:
            if abs(height) < 1:
                shift = height.acos() / (15 * arb.pi())
                centres = [fmpq(3, 10) + fmpq(2 * k, 15) for k in range(-10, 7)]
                points += [centre + sign * shift for sign in (1, -1) for centre in centres]
        return tuple(sorted(float(p) for p in points if abs(p) < 1))
    finally:
        ctx.prec = former


@hookimpl
def ratelab_targets() -> Sequence[Target]:
    return [
        Target(
            "nested_absolute",
            _function,
            domain=((-1.0, 1.0),),
            singular_points=_kinks(),
            enclosure=_enclosure,
            smoothness=Smoothness(
                mean_square=1.5, source="continuous and analytic between finitely many kinks"
            ),
            summary="(x + 1) times three absolute values around cos 15π(x − 0.3)",
            reference="Xu 2023, Multi-grade deep learning: third target of the public demonstration",
        )
    ]
