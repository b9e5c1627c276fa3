"""Least squares over spans, many at once: the bound of a pattern whose inequalities are dropped."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

DEPENDENT = 1e-11
"""A column is dependent when orthogonalisation leaves less than this of it."""


def orthonormal(columns: Array, fixed: Array | None = None) -> Array:
    """Orthonormalise the rows of many matrices, (B, m, n), also against orthonormal rows (B, k, n).

    Dependent rows become zero. Every projection is done twice, so that what remains is orthogonal to working
    precision.
    """
    known = np.zeros((len(columns), 0, columns.shape[2])) if fixed is None else fixed
    size = known.shape[1]
    basis = np.concatenate([known, columns], axis=1)
    for row in range(size, basis.shape[1]):
        vector = basis[:, row]
        before = np.sqrt(np.einsum("bn,bn->b", vector, vector))
        previous = basis[:, :row]
        for _ in range(2):
            part = np.einsum("bkn,bn->bk", previous, vector)
            vector = vector - np.einsum("bkn,bk->bn", previous, part)
        after = np.sqrt(np.einsum("bn,bn->b", vector, vector))
        good = after > DEPENDENT * before
        basis[:, row] = np.where(good, 1.0 / np.where(good, after, 1.0), 0.0)[:, None] * vector
    return basis[:, size:]


def residuals(bases: Array, choice: NDArray[np.integer], y: Array) -> tuple[Array, Array]:
    """Return the residual (B, n) of y against the span of chosen bases, and that span's orthonormal basis.

    Parameters
    ----------
    bases
        (N, m, n), orthonormal or zero rows.
    choice
        (B, w): which bases span together.
    y
        (n,).
    """
    span = bases[choice[:, 0]]
    for neuron in range(1, choice.shape[1]):
        span = np.concatenate([span, orthonormal(bases[choice[:, neuron]], span)], axis=1)
    residual = np.broadcast_to(y, (len(choice), len(y)))
    for _ in range(2):
        part = np.einsum("bkn,bn->bk", span, residual)
        residual = residual - np.einsum("bkn,bk->bn", span, part)
    return residual, span
