# mypy: allow-untyped-decorators
"""Dynamic programming over all arrangements of knots on a grid, with values near the data at the knots."""

import numpy as np
from numpy.typing import NDArray

from ratelab._compiled import fast_kernel

Array = NDArray[np.float64]


@fast_kernel
def programme(
    grid: Array, heights: Array, sums: Array, offsets: Array, most: int, bound: float
) -> tuple[NDArray[np.int64], int]:
    """Return the knots of the best splines with knots on a grid, (most, most + 1), and the transitions weighed.

    Their values at the knots are near the interpolant. Row n − 1 has the indices of the n + 1 knots of the best spline
    of n pieces, ends included (−1: none).

    Parameters
    ----------
    grid, heights
        (g,) and the interpolant there.
    sums
        (g, 6): integrals from the left end of weight · (1, x, x², f, x f, f²).
    offsets
        (b,) what is added to the interpolant at a knot.
    most
        Pieces.
    bound
        Pieces whose own loss exceeds this are left out.
    """
    size, bins = len(grid), len(offsets)
    value = np.full((most, size, bins), np.inf)
    choice = np.full((most, size, bins), -1, np.int32)
    result = np.full((most, most + 1), -1, np.int64)
    cost, weighed = np.zeros((bins, bins)), 0
    for t in range(1, size):
        for s in range(t - 1, -1, -1):
            width, low = grid[t] - grid[s], grid[s]
            one, x1, x2, f0, f1, f2 = sums[t] - sums[s]
            # moments about the left knot, in units of the piece
            xf = (f1 - low * f0) / width
            xx = (x2 - 2.0 * low * x1 + low * low * one) / (width * width)
            x = (x1 - low * one) / width
            least = f2 - f0 * f0 / one if one > 0.0 else 0.0
            spread = xx - x * x / one if one > 0.0 else 0.0
            if spread > 0.0:
                least -= (xf - x * f0 / one) ** 2 / spread
            if least > bound and t - s > 1:
                break
            for i in range(bins):
                p = heights[s] + offsets[i]
                for j in range(bins):
                    m = heights[t] + offsets[j] - p
                    cost[i, j] = f2 + p * p * one + m * m * xx - 2.0 * p * f0 - 2.0 * m * xf + 2.0 * p * m * x
            for n in range(most):
                if n == 0:
                    if s == 0:
                        weighed += bins * bins
                        for j in range(bins):
                            for i in range(bins):
                                if cost[i, j] < value[0, t, j]:
                                    value[0, t, j], choice[0, t, j] = cost[i, j], i
                elif s > 0:
                    weighed += bins * bins
                    for i in range(bins):
                        base = value[n - 1, s, i]
                        if base < np.inf:
                            for j in range(bins):
                                total = base + cost[i, j]
                                if total < value[n, t, j]:
                                    value[n, t, j], choice[n, t, j] = total, s * bins + i
    for n in range(most):
        state = np.argmin(value[n, size - 1])
        if value[n, size - 1, state] < np.inf:
            place = size - 1
            result[n, n + 1] = place
            for k in range(n, -1, -1):
                back = choice[k, place, state]
                place, state = back // bins, back % bins
                result[n, k] = place
    return result, weighed
