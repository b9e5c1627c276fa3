"""Evaluate a network in four arithmetics: NumPy float64, torch, exact rationals, balls."""

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import arb, arb_mat, fmpq
from numpy.typing import NDArray

from ratelab._errors import PrecisionError, UserError
from ratelab.networks import _matrix
from ratelab.networks._ball import apply_ball, ball
from ratelab.networks._layers import Layer
from ratelab.networks._network import Network
from ratelab.networks._numbers import exact_array, fraction, rational
from ratelab.networks._powers import identity
from ratelab.registry import Activation

if TYPE_CHECKING:
    import torch

Array = NDArray[np.float64]


def evaluate(network: Network, x: Any) -> Any:
    """Evaluate at points (m, d), see `Network.__call__`."""
    if not isinstance(x, np.ndarray | list | tuple | float | int):
        if isinstance(x, Fraction | fmpq | arb):
            raise UserError(f"points must have shape (m, {network.inputs}); found a single number")
        return _torch(network, x)
    given = np.asarray(x, dtype=None if isinstance(x, np.ndarray) else object)
    if given.dtype.kind in "fiub":
        return _numpy(network, given.astype(np.float64, copy=False))
    if any(isinstance(v, arb) for v in given.flat):
        return _balls(network, given)
    if any(isinstance(v, Fraction | fmpq) for v in given.flat):
        return _rational(network, given)
    try:
        return _numpy(network, np.asarray(x, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise UserError(f"points must be numbers of shape (m, {network.inputs}): {error}") from None


def activate(layer: Layer, value: Array) -> Array:
    """Apply each neuron's activation to (neurons, m), one call per distinct activation; no pooling.

    Raises
    ------
    UserError
        If a periodic activation's argument is too large for float64 to say where in the period it lies.
    """
    for activation in dict.fromkeys(layer.activations):
        if activation.period is not None and value.size:
            rows = [i for i, a in enumerate(layer.activations) if a is activation]
            _check_period(activation, float(np.abs(value[rows]).max()), 2.0**-52)
    if all(a is layer.activations[0] for a in layer.activations):
        return value if layer.activations[0] is identity else np.asarray(layer.activations[0](value))
    result = value.copy()
    for activation in dict.fromkeys(layer.activations):
        if activation is not identity:
            rows = [i for i, a in enumerate(layer.activations) if a is activation]
            result[rows] = activation(np.ascontiguousarray(value[rows]))
    return result


def _check_period(activation: Activation, largest: float, epsilon: float) -> None:
    """Refuse arguments beyond 2^-12/epsilon periods: 2^40 in float64."""
    assert activation.period is not None
    most = activation.period * 2.0**-12 / epsilon
    if largest > most:
        raise PrecisionError(
            f"an argument of '{activation.name}' is {largest:.3g}; floating point with relative rounding {epsilon:.1g} "
            f"knows its place in the period up to {most:.3g} only: evaluate in balls"
        )


def pool(values: Any) -> Any:
    """Multiply the first half of the rows by the second; an odd number is filled up with ones."""
    half = (len(values) + 1) // 2
    if len(values) % 2:
        return _concatenate(values[: half - 1] * values[half:], values[half - 1 : half])
    return values[:half] * values[half:]


def _concatenate(first: Any, second: Any) -> Any:
    if isinstance(first, np.ndarray):
        return np.concatenate([first, second])
    import torch

    return torch.cat([first, second])


def forward(layer: Layer, value: Array) -> Array:
    """Values (outputs, m) of one float64 layer from its inputs (inputs, m)."""
    sums = layer.weight @ value
    sums += layer.bias[:, None]
    value = activate(layer, sums)
    return np.asarray(pool(value)) if layer.pooled else value


def _check_points(network: Network, shape: tuple[int, ...]) -> None:
    if len(shape) != 2 or shape[1] != network.inputs:
        raise UserError(f"points must have shape (m, {network.inputs}); found {shape}")


def _numpy(network: Network, x: Array) -> Array:
    _check_points(network, x.shape)
    value = x.T
    for layer in network.float64().layers:
        value = forward(layer, value)
    return np.ascontiguousarray(value.T)


def _torch(network: Network, x: "torch.Tensor") -> "torch.Tensor":
    import torch

    if not isinstance(x, torch.Tensor):
        raise UserError(
            f"points are {type(x).__name__}; allowed: arrays and lists of numbers, and torch tensors"
        )
    if not x.is_floating_point():
        raise UserError(
            f"points are {x.dtype}; a torch tensor of points must be floating point, float64 best"
        )
    _check_points(network, tuple(x.shape))
    value = x.T
    for layer in network.float64().layers:
        weight = _torch_matrix(layer.weight, x)
        bias = torch.tensor(layer.bias, dtype=x.dtype, device=x.device)
        value = weight @ value + bias[:, None]
        for activation in dict.fromkeys(layer.activations):
            if activation.period is not None and value.numel():
                rows = [i for i, a in enumerate(layer.activations) if a is activation]
                largest = float(value.detach()[rows].abs().max())
                _check_period(activation, largest, torch.finfo(value.dtype).eps)
        if all(a is layer.activations[0] for a in layer.activations):
            value = layer.activations[0].function(value)
        else:
            value = torch.stack([a.function(value[i]) for i, a in enumerate(layer.activations)])
        if layer.pooled:
            value = pool(value)
    return value.T


def _torch_matrix(weight: Any, x: "torch.Tensor") -> "torch.Tensor":
    import torch

    if not _matrix.sparse(weight):
        return torch.tensor(weight, dtype=x.dtype, device=x.device)
    entries = weight.tocoo()
    places = torch.tensor(np.stack([entries.row, entries.col]), dtype=torch.int64)
    return torch.sparse_coo_tensor(
        places, torch.tensor(entries.data, dtype=x.dtype), weight.shape, check_invariants=False
    ).to(x.device)


def _rational(network: Network, x: Any) -> Any:
    _check_points(network, x.shape)
    value = exact_array(x.T)
    for layer in network.rational().layers:
        value = rational_forward(layer, value)
    result = np.empty(value.T.shape, dtype=object)
    for index, entry in np.ndenumerate(value.T):
        result[index] = fraction(entry)
    return result


def rational_forward(layer: Layer, value: Any) -> Any:
    """Values (outputs, m) of one rational layer from its inputs (inputs, m), all fmpq."""
    value = _matrix.product(layer.weight, value) + layer.bias[:, None]
    for row, activation in enumerate(layer.activations):
        if activation is not identity:
            value[row] = rational_activation(activation, value[row])
    return pool(value) if layer.pooled else value


def rational_activation(activation: Activation, values: Any) -> Any:
    """Apply a piecewise polynomial activation to a vector of fmpq, exactly.

    Raises
    ------
    UserError
        If the activation is not piecewise polynomial.
    """
    polynomial = activation.polynomial
    if polynomial is None:
        raise UserError(
            f"activation '{activation.name}' is {activation.regularity}; exact evaluation is for piecewise "
            "polynomial activations"
        )
    knots = [rational(t) for t in polynomial.knots]
    pieces = [[rational(c) for c in reversed(piece)] for piece in polynomial.coefficients]
    result = np.empty(len(values), dtype=object)
    for index, value in enumerate(values):
        total = _matrix.ZERO
        for coefficient in pieces[sum(t <= value for t in knots)]:
            total = total * value + coefficient
        result[index] = total
    return result


def _balls(network: Network, x: Any) -> Any:
    _check_points(network, x.shape)
    points, count = x.shape[0], x.shape[1]
    value = arb_mat(count, points, [ball(v) for v in x.T.flat])
    for layer in network.layers:
        matrix = layer.matrix
        weight = arb_mat(layer.neurons, layer.inputs, [ball(v) for v in matrix.flat])
        flat = (weight * value).entries()
        rows = [
            [apply_ball(activation, entry + offset) for entry in flat[row * points : (row + 1) * points]]
            for row, (activation, offset) in enumerate(
                zip(layer.activations, map(ball, layer.bias), strict=True)
            )
        ]
        if layer.pooled:
            half = (len(rows) + 1) // 2
            rows = [
                [u * v for u, v in zip(rows[i], rows[half + i], strict=True)]
                if half + i < len(rows)
                else rows[i]
                for i in range(half)
            ]
        value = arb_mat(rows)
    result = np.empty((points, network.outputs), dtype=object)
    for i in range(points):
        for j in range(network.outputs):
            result[i, j] = value[j, i]
    return result
