"""Powers of 2 by which residuals are divided, so that their p-th powers neither overflow nor vanish."""

from itertools import product
from math import frexp, inf, isfinite, nextafter

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.exact._grid_boxes import Indices, Residual
from ratelab.registry import Target

Array = NDArray[np.float64]

# odd places, at which the residual of an average has no reason to vanish
_SHARES = {1: (0.07, 0.41, 0.86), 2: (0.07, 0.41, 0.86), 3: (0.17, 0.76)}
_CHUNK = 400_000
LEAST = 2.0**-900
"""Below this, an integral of powers of numbers up to 1 may have lost digits."""


def unit_of(largest: float) -> float:
    """Return the power of 2 that is larger than a number, and at most twice as large; 1 for 0, inf and NaN."""
    if not isfinite(largest) or largest <= 0:
        return 1.0
    return float(2.0 ** min(frexp(largest)[1], 1023))


def sampled(residual: Residual, lower: Array, size: Array) -> float:
    """Return the largest finite absolute value at a few places of every box, 0 if there is none."""
    count, dimension = lower.shape
    shares = np.array(list(product(_SHARES[dimension], repeat=dimension)))
    largest, step = 0.0, max(_CHUNK // len(shares), 1)
    for start in range(0, count, step):
        part = slice(start, start + step)
        points = (lower[part, None] + size[part, None] * shares).reshape(-1, dimension)
        boxes: Indices = np.repeat(np.arange(count)[part], len(shares))
        found = np.abs(residual(points, boxes))
        largest = max(largest, float(found.max(initial=0.0, where=np.isfinite(found))))
    return largest


def scaled_up(value: float, unit: float) -> float:
    """Return a float not below the product of two, 0 only if one of them is 0."""
    found = value * unit
    # normal products with a power of 2 are exact
    return found if not value or found >= 2.0**-1021 else nextafter(found, inf)


def float_above(number: "object") -> float:
    """Return a float not below the absolute value of a ball (``arb``), 0 only for the number 0."""
    end = number.abs_upper()  # type: ignore[attr-defined]
    return nextafter(float(end), inf) if end > 0 else 0.0


def out_of_range(target: Target, what: str) -> UserError:
    """Return the error for numbers that float64 does not hold."""
    return UserError(f"target '{target.name}': {what} too small or too large for float64; scale the target")
