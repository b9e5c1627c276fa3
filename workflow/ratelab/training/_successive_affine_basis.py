"""Least squares by an orthonormal basis, for columns that may depend on each other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_CUTOFFS = tuple(10.0**-k for k in range(13, 3, -1))
_ORTHOGONAL = 2e-11
_REFINEMENTS = 2
_ROUNDING = 2.0**-53


@dataclass(frozen=True, eq=False)
class LeastSquares:
    """The best combination of columns.

    Parameters
    ----------
    coefficients
        (c, k).
    projection
        (m, k): the columns times these coefficients, as floats give it.
    rank
        How many directions of the columns' span were used.
    """

    coefficients: Array
    projection: Array
    rank: int


def least_squares(columns: Array, targets: Array) -> LeastSquares:
    """Return the combination of columns (m, c) that is nearest to each of the targets (m, k).

    Columns are scaled to length 1, reduced by Householder reflections and split by singular values; the small ones
    are dropped, as many as it takes for the projection, computed from the coefficients, to be orthogonal to what is
    left up to 2e-11 of the targets' energy, rounding of its terms included (at most those below 1e-4 of the largest).
    Normal equations are not formed, and dependent columns get the smallest coefficients. Columns that are not finite
    give NaN.
    """
    if not np.isfinite(columns).all():
        nothing = np.full((columns.shape[1], targets.shape[1]), np.nan)
        return LeastSquares(nothing, np.full_like(targets, np.nan), 0)
    length = np.sqrt(np.sum(columns * columns, axis=0))
    scale = np.where(length > 0.0, 1.0 / np.where(length > 0.0, length, 1.0), 0.0)
    orthogonal, triangle = np.linalg.qr(columns * scale)
    left, values, right = np.linalg.svd(triangle)
    solution = LeastSquares(np.zeros((columns.shape[1], targets.shape[1])), np.zeros_like(targets), 0)
    energy = np.sum(targets * targets)
    for cutoff in _CUTOFFS:
        rank = int(np.count_nonzero(values > cutoff * values.max(initial=0.0)))
        basis = orthogonal @ left[:, :rank]
        inverse = scale[:, None] * (right[:rank].T / values[:rank])
        coefficients = np.zeros_like(solution.coefficients)
        for _ in range(1 + _REFINEMENTS):
            coefficients += inverse @ (basis.T @ (targets - columns @ coefficients))
        projection = columns @ coefficients
        solution = LeastSquares(coefficients, projection, rank)
        left_over = targets - projection
        # another order of the same sums, as the network's, is off by a few roundings of its terms
        terms = np.abs(columns) @ np.abs(coefficients)
        noise = _ROUNDING * np.linalg.norm(terms) * np.linalg.norm(left_over)
        if abs(np.sum(projection * left_over)) + noise <= _ORTHOGONAL * energy:
            break
    return solution
