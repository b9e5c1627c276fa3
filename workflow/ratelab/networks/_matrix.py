"""Matrices of three kinds under one roof: dense float64, sparse float64 (CSR), dense rational.

Products and blocks of mixed kinds are rational if one is, else sparse if one is, else dense.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from flint import fmpq, fmpq_mat
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks._numbers import exact_array, float_array
from ratelab.networks._numbers import is_exact as is_exact

Matrix: TypeAlias = Any
"""(n, m): float64 ndarray, scipy ``csr_array`` of float64, or object ndarray of fmpq."""
Vector: TypeAlias = Any
"""(n,): float64 ndarray, or object ndarray of fmpq."""

ZERO = fmpq(0)


def matrix(values: Any) -> Matrix:
    """Return a copy as one of the three kinds."""
    if sparse(values):
        from scipy.sparse import csr_array

        result = csr_array(values, dtype=np.float64, copy=True)
        result.sum_duplicates()
        result.eliminate_zeros()
        return result
    if is_exact(values):
        return np.array(exact_array(values), ndmin=2)
    return np.array(values, dtype=np.float64, ndmin=2)


def vector(values: Any) -> Vector:
    """Return a copy as float64 or rationals."""
    if is_exact(values):
        return np.array(exact_array(values), ndmin=1)
    return np.array(values, dtype=np.float64, ndmin=1)


def sparse(values: Any) -> bool:
    """Return whether this is one of scipy's sparse arrays or matrices."""
    return hasattr(values, "tocsr")


def rational_kind(values: Any) -> bool:
    """Return whether the entries are rationals."""
    return not sparse(values) and values.dtype == object


def freeze(values: Any) -> None:
    """Make the entries read-only."""
    for array in (values.data, values.indices, values.indptr) if sparse(values) else (values,):
        array.flags.writeable = False


def finite(values: Any) -> bool:
    """Return whether all entries are finite."""
    if sparse(values):
        return bool(np.isfinite(values.data).all())
    return rational_kind(values) or bool(np.isfinite(values).all())


def nonzeros(values: Matrix) -> int:
    """Return the number of entries that are not zero."""
    if sparse(values):
        return int(np.count_nonzero(values.data))
    if rational_kind(values):
        return sum(bool(v) for v in values.flat)
    return int(np.count_nonzero(values))


def largest(values: Any) -> float:
    """Return the largest modulus, 0 for no entries; infinite if a rational exceeds float64."""
    if sparse(values):
        return float(np.abs(values.data).max(initial=0.0))
    if rational_kind(values):
        top = max((abs(v) for v in values.flat), default=ZERO)
        try:
            return float(int(top.p) / int(top.q))
        except OverflowError:
            return float("inf")
    return float(np.abs(values).max(initial=0.0))


def dense(values: Any) -> Any:
    """Return sparse as dense float64; the other kinds as they are."""
    return values.toarray() if sparse(values) else values


def to_float(values: Any) -> Any:
    """Return rationals as the nearest float64 numbers; the other kinds as they are."""
    return float_array(values) if rational_kind(values) else values


def to_rational(values: Any) -> Any:
    """Return the entries as rationals; float64 numbers are dyadic, so nothing is rounded."""
    return values if rational_kind(values) else exact_array(dense(values))


def alike(*values: Any) -> list[Any]:
    """Return arrays in the one kind that holds them all (vectors are rational or float64)."""
    if any(rational_kind(v) for v in values):
        return [to_rational(v) for v in values]
    if any(sparse(v) for v in values):
        from scipy.sparse import csr_array

        return [csr_array(v) if v.ndim == 2 else v for v in values]
    return list(values)


def product(left: Matrix, right: Any) -> Any:
    """Return a matrix times a matrix or vector.

    Raises
    ------
    UserError
        If the shapes do not fit.
    """
    if left.shape[1] != right.shape[0]:
        raise UserError(f"matrices of shapes {left.shape} and {right.shape} have no product")
    left, right = alike(left, right)
    if not rational_kind(left):
        return left @ right
    columns = 1 if right.ndim == 1 else right.shape[1]
    flat = (fmpq_of(left) * fmpq_mat(right.shape[0], columns, list(right.flat))).entries()
    result = np.empty(len(flat), dtype=object)
    result[:] = flat
    return result if right.ndim == 1 else result.reshape(left.shape[0], columns)


def fmpq_of(values: Matrix) -> fmpq_mat:
    """Return a rational matrix as python-flint's."""
    return fmpq_mat(values.shape[0], values.shape[1], list(values.flat))


def zeros(rows: int, columns: int) -> NDArray[np.float64]:
    """Return a zero matrix, which takes on any kind."""
    return np.zeros((rows, columns))


def block(rows: Sequence[Sequence[Matrix]]) -> Matrix:
    """Return the matrix made of blocks; all in one kind."""
    flat = alike(*(m for row in rows for m in row))
    width = len(rows[0])
    parts = [flat[i : i + width] for i in range(0, len(flat), width)]
    if any(sparse(m) for m in flat):
        from scipy.sparse import block_array

        return block_array(parts, format="csr")
    return np.block(parts)


def join(*vectors: Vector) -> Vector:
    """Return vectors one after another, in one kind."""
    return np.concatenate(alike(*vectors))
