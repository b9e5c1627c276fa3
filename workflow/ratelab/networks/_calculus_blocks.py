"""Layers as building blocks: identity layers, rows and columns of any kind of matrix, layers side by side."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ratelab._errors import UserError
from ratelab.networks import _matrix
from ratelab.networks._layers import Layer
from ratelab.networks._matrix import Matrix, Vector
from ratelab.networks._network import Network
from ratelab.networks._powers import identity

Layers = list[Layer]


def checked(operation: str, networks: Sequence[Network], same_outputs: bool = False) -> None:
    """Raise unless there is a network, all read the same number of values and, if asked, give the same number."""
    if not networks:
        raise UserError(f"{operation} needs at least one network; none was given")
    for network in networks:
        if not isinstance(network, Network):
            raise UserError(f"{operation} works on networks; found {type(network).__name__}")
    for what, numbers in (
        ("inputs", [f.inputs for f in networks]),
        ("outputs", [f.outputs for f in networks if same_outputs]),
    ):
        if len(set(numbers)) > 1:
            raise UserError(f"{operation}: all networks must have the same number of {what}; found {numbers}")


def unit(size: int, like: Matrix) -> Matrix:
    """Return the identity matrix, sparse if `like` is (a float one takes on rationals)."""
    if _matrix.sparse(like):
        from scipy.sparse import eye_array

        return eye_array(size, format="csr")
    return np.eye(size)


def blank(rows: int, columns: int, like: Matrix) -> Matrix:
    """Return a zero matrix of the kind of `like`."""
    if _matrix.sparse(like):
        from scipy.sparse import csr_array

        return csr_array((rows, columns))
    if _matrix.rational_kind(like):
        return np.full((rows, columns), _matrix.ZERO, dtype=object)
    return np.zeros((rows, columns))


def rows_of(weight: Any, index: Any, factors: Vector | None = None) -> Any:
    """Return these rows of a matrix or entries of a vector, each times its factor."""
    if factors is None:
        return weight[index]
    weight, factors = _matrix.alike(weight, factors)
    if weight.ndim == 1:
        return weight[index] * factors
    if _matrix.sparse(weight):
        return weight[index].multiply(factors[:, None]).tocsr()
    return weight[index] * factors[:, None]


def columns_of(weight: Matrix, index: Any, factors: Vector | None = None) -> Matrix:
    """Return these columns of a matrix, each times its factor."""
    if factors is None:
        return weight[:, index]
    weight, factors = _matrix.alike(weight, factors)
    if _matrix.sparse(weight):
        return weight[:, index].multiply(factors[None, :]).tocsr()
    return weight[:, index] * factors[None, :]


def block_diagonal(matrices: Sequence[Matrix]) -> Matrix:
    """Return the block-diagonal matrix, all in one kind."""
    alike = _matrix.alike(*matrices)
    if any(map(_matrix.sparse, alike)):
        from scipy.sparse import block_diag

        return block_diag(alike, format="csr")
    result = blank(sum(m.shape[0] for m in alike), sum(m.shape[1] for m in alike), alike[0])
    row = column = 0
    for part in alike:
        result[row : row + part.shape[0], column : column + part.shape[1]] = part
        row, column = row + part.shape[0], column + part.shape[1]
    return result


def nonzero_lines(weight: Matrix, axis: int) -> Any:
    """Return which columns (axis 0) or rows (axis 1) of a matrix hold an entry that is not zero."""
    if _matrix.sparse(weight):
        entries = weight.tocoo()
        found = np.zeros(weight.shape[1 - axis], dtype=bool)
        found[entries.coords[1 - axis][entries.data != 0]] = True
        return found
    return (weight != 0).any(axis=axis)


def identity_layer(size: int, like: Matrix) -> Layer:
    """Return the layer x ↦ x with identity neurons."""
    return Layer(unit(size, like), np.zeros(size), (identity,) * size)


def affine_end(layers: Sequence[Layer]) -> Layers:
    """Return layers whose last one is an affine map: a pooled last layer gets an identity map after it."""
    last = layers[-1]
    return [*layers, identity_layer(last.outputs, last.weight)] if last.pooled else list(layers)


def side_by_side(layers: Sequence[Layer], shared: bool) -> Layer:
    """Return one layer that does what several do next to each other.

    Parameters
    ----------
    layers
        If some are pooled, the values of the others are multiplied by the constant 1, one neuron each.
    shared
        Whether all read the same values; otherwise each its own, one block after another.
    """
    if not any(layer.pooled for layer in layers):
        return _stacked(layers, shared)
    pairs = [_as_pairs(layer) for layer in layers]
    everything = _stacked(pairs, shared)
    halves = np.cumsum([0, *(layer.neurons for layer in pairs)])
    first = [i for a, n in zip(halves, pairs, strict=False) for i in range(a, a + n.neurons // 2)]
    second = [
        i + n.neurons // 2 for a, n in zip(halves, pairs, strict=False) for i in range(a, a + n.neurons // 2)
    ]
    if not layers[-1].pooled or layers[-1].neurons % 2:
        second.pop()  # an odd number is filled up with the constant 1 for free
    order = np.array([*first, *second])
    return Layer(
        rows_of(everything.weight, order),
        everything.bias[order],
        tuple(everything.activations[i] for i in order),
        pooled=True,
    )


def _stacked(layers: Sequence[Layer], shared: bool) -> Layer:
    weights = [layer.weight for layer in layers]
    return Layer(
        _matrix.block([[w] for w in weights]) if shared else block_diagonal(weights),
        _matrix.join(*(layer.bias for layer in layers)),
        tuple(a for layer in layers for a in layer.activations),
    )


def _as_pairs(layer: Layer) -> Layer:
    """Return the layer with an even number of neurons, (values, constants 1) if it is not pooled."""
    missing = 2 * layer.outputs - layer.neurons
    if not missing:
        return layer
    return Layer(
        _matrix.block([[layer.weight], [blank(missing, layer.inputs, layer.weight)]]),
        _matrix.join(layer.bias, np.ones(missing)),
        (*layer.activations, *[identity] * missing),
        layer.pooled,
    )
