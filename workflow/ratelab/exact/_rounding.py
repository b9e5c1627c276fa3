"""Rationals as float64 numbers with bounds of the rounding errors."""

from collections.abc import Sequence

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

Array = NDArray[np.float64]

_UNIT = 2.0**-53
_SMALLEST = 5e-324
_LARGEST = 1e300


def rounded(value: fmpq) -> tuple[float, float]:
    """Return a rational as a float, and a bound of its error.

    The bound is 0 if the float is exact and infinite if the number is too large for float64. A number that is not
    zero never becomes zero, so that its size is seen.
    """
    numerator, denominator = int(value.p), int(value.q)
    try:
        near = numerator / denominator
    except OverflowError:
        return (_LARGEST if numerator > 0 else -_LARGEST), np.inf
    p, q = near.as_integer_ratio()
    if p * denominator == numerator * q:
        return near, 0.0
    return near or float(np.copysign(_SMALLEST, numerator)), 2 * _UNIT * abs(near) + _SMALLEST


def rounded_all(values: Sequence[fmpq]) -> tuple[Array, Array]:
    """Return rationals as float64 numbers (n,), and bounds of their errors (n,)."""
    pairs = [rounded(v) for v in values]
    return np.array([v for v, _ in pairs], dtype=np.float64), np.array(
        [e for _, e in pairs], dtype=np.float64
    )
