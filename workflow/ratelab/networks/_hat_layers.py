"""Layers of constructed networks from lists of entries: sparse float64 if that rounds nothing, else rational.

A weight is never rounded: if every number that a network needs is a float64 number (all of dyadic data are, and the
integers 1/h of a spacing 1/n), its matrices are sparse; otherwise all are dense and rational.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks import _matrix
from ratelab.networks._layers import Layer
from ratelab.networks._network import Network
from ratelab.networks._numbers import exact_array, fraction, rational
from ratelab.networks._powers import identity, power

Indices = NDArray[np.int64]
Floats = NDArray[np.float64]

MOST_ENTRIES = 2_000_000
"""Dense rational matrices of a network may have so many entries together."""
_WHOLE = 2**53


def grid_nodes(operation: str, nodes: Any) -> Indices:
    """Return grid indices (J, d) as int64, or raise UserError if they are no distinct integers."""
    given = np.asarray(nodes)
    if given.ndim != 2 or not given.shape[1]:
        raise UserError(f"{operation}: nodes have shape {given.shape}; allowed: (J, d), d from 1 on")
    try:
        found = given.astype(np.int64)
        whole = bool((found == given).all())
    except (TypeError, ValueError, OverflowError):
        whole = False
    if not whole or (np.abs(found) > _WHOLE).any():
        raise UserError(f"{operation}: nodes are indices of grid points; allowed: integers up to 2^53")
    if len(np.unique(found, axis=0)) < len(found):
        raise UserError(f"{operation}: a node is given twice; allowed: each grid point once")
    return found


def finite_numbers(operation: str, name: str, values: Any) -> Any:
    """Return finite numbers as float64 if that rounds none of them, else as an object array of fmpq."""
    given = np.asarray(values)
    if given.dtype.kind == "f" and given.dtype.itemsize <= 8:
        if not np.isfinite(given).all():
            raise UserError(f"{operation}: {name} must be finite numbers; found an infinite or undefined one")
        return given.astype(np.float64)
    try:
        exact = exact_array(values)
    except (TypeError, ValueError, UserError) as error:
        raise UserError(f"{operation}: {name} must be finite numbers ({error})") from None
    return as_floats(exact)


def one_number(name: str, value: Any, positive: bool = True) -> Fraction:
    """Return one finite number exactly, above 0 if so asked: floats digit for digit, texts such as 1/8.

    Raises
    ------
    UserError
        If it is none; `name` says of what.
    """
    try:
        result = None if isinstance(value, bool | np.bool_) else fraction(rational(value))
    except (TypeError, UserError):
        result = None
    if result is None or (positive and result <= 0):
        shown = repr(value) if isinstance(value, str) else str(value)
        raise UserError(f"{name} is {shown}; allowed: finite numbers{' above 0' if positive else ''}")
    return result


def as_floats(values: Any) -> Any:
    """Return rationals as float64 if that rounds none of them, else as they are (fmpq); float64 as it is."""
    if not _matrix.rational_kind(values):
        return values
    result = np.empty(values.shape)
    for index, value in np.ndenumerate(values):
        if not held(fraction(value)):
            return values
        result[index] = float(fraction(value))
    return result


def held(value: Fraction) -> bool:
    """Return whether a number is a float64 number."""
    try:
        return float(value) == value
    except OverflowError:
        return False


def entry_matrix(rows: Any, columns: Any, entries: Any, shape: tuple[int, int], exact: bool) -> Any:
    """Return the matrix with these entries: sparse float64, or dense fmpq if `exact`."""
    places = (np.asarray(rows, dtype=np.int64), np.asarray(columns, dtype=np.int64))
    if exact:
        result = np.full(shape, _matrix.ZERO, dtype=object)
        result[places] = exact_array(np.broadcast_to(np.asarray(entries, dtype=object), places[0].shape))
        return result
    from scipy.sparse import csr_array

    values = np.broadcast_to(np.asarray(entries, dtype=np.float64), places[0].shape)
    return csr_array((values, places), shape=shape)


def entry_vector(entries: Any, exact: bool) -> Any:
    """Return biases: float64, or fmpq if `exact`."""
    return exact_array(entries) if exact else np.asarray(entries, dtype=np.float64)


def relu_layer(weight: Any, bias: Any, pooled: bool = False) -> Layer:
    """Return an affine map with ReLU, perhaps pooled."""
    return Layer(weight, bias, (power(1),) * weight.shape[0], pooled)


def last_layer(weight: Any) -> Layer:
    """Return a last affine map without bias: values that are exactly 0 stay so."""
    return Layer(weight, np.zeros(weight.shape[0]), (identity,) * weight.shape[0])


def zero_network(inputs: int, outputs: int) -> Network:
    """Return x ↦ 0 as one affine map without connections."""
    return Network([last_layer(entry_matrix([], [], [], (outputs, inputs), False))])


def refuse_large(operation: str, shapes: Sequence[tuple[int, int]], hint: str) -> None:
    """Raise UserError if dense rational matrices of these shapes would be too large."""
    entries = sum(rows * columns for rows, columns in shapes)
    if entries > MOST_ENTRIES:
        raise UserError(
            f"{operation}: float64 does not hold these weights exactly, and rational matrices of {entries} entries are "
            f"too large; allowed: {MOST_ENTRIES}, or {hint}"
        )


def product_shapes(count: int, dimension: int, given: int) -> list[tuple[int, int]]:
    """Return the shapes of the matrices of `product_layers`."""
    shapes = []
    while dimension > 1:
        half = (dimension + 1) // 2
        shapes.append((2 * half * count, given))
        dimension, given = half, half * count
    return shapes


def product_layers(factors: Indices, given: int, exact: bool) -> tuple[list[Layer], Indices]:
    """Return pooled layers that multiply values by a tree, and where the J products are afterwards.

    Parameters
    ----------
    factors
        (J, d): which of the `given` values, all ≥ 0, are the factors of each product. A 0/1 matrix selects them; an
        odd one is multiplied by a constant 1. ⌈log₂ d⌉ layers, the first and widest with 2⌈d/2⌉J neurons.
    given
        Number of values that the first of the layers reads.
    exact
        Whether matrices are rational.
    """
    layers = []
    count = len(factors)
    while (dimension := factors.shape[1]) > 1:
        half = (dimension + 1) // 2
        pairs = [factors[:, 0::2].T.ravel(), factors[:, 1::2].T.ravel()]
        rows = np.concatenate([np.arange(half * count), half * count + np.arange(len(pairs[1]))])
        size = 2 * half * count
        bias = np.zeros(size)
        bias[half * count + len(pairs[1]) :] = 1.0
        weight = entry_matrix(rows, np.concatenate(pairs), 1, (size, given), exact)
        layers.append(relu_layer(weight, entry_vector(bias, exact), pooled=True))
        given = half * count
        factors = np.arange(given, dtype=np.int64).reshape(half, count).T
    return layers, factors[:, 0]
