"""Remove the neurons that do nothing."""

from dataclasses import replace
from typing import Any

import numpy as np
from flint import fmpq

from ratelab.networks import _matrix
from ratelab.networks._calculus_blocks import Layers, blank, checked, columns_of, nonzero_lines, rows_of
from ratelab.networks._calculus_counts import Counts, kept
from ratelab.networks._evaluate import rational_activation
from ratelab.networks._layers import Layer
from ratelab.networks._network import Network


def prune(network: Network) -> Network:
    """Return the same function without dead neurons.

    A neuron is dead if its value is not used (zero outgoing weights, or only dead neurons read it) or does not depend
    on the input (zero incoming weights, or only constant neurons feed it): the constant moves into the next bias. Of
    a pooled layer, products are removed with both their factors. Rational networks keep their function exactly, others
    to rounding; a constant that is no rational number (tanh of a rational) stays in a rational network.

    Layers without neurons disappear, so the depth may shrink; a constant function becomes one affine map. Readouts are
    dropped, since they would use other neurons.
    """
    checked("prune", [network])
    layers = list(network.layers)
    while True:
        smaller = _without_unused(_without_constants(layers))
        if [layer.neurons for layer in smaller] == [layer.neurons for layer in layers]:
            break
        layers = smaller
    return kept("prune", Network(smaller), prune_bound(network))


def prune_bound(network: Network) -> Counts:
    """Return the promise of `prune`: no count grows."""
    return Counts.of(network)


def _without_constants(layers: Layers) -> Layers:
    """Fold constant values into the next bias, from the input on."""
    index = 0
    while index < len(layers) - 1:
        layer, following = layers[index], layers[index + 1]
        values = _constants(layer)
        constant = np.array([value is not None for value in values])
        if constant.any():
            known = np.array([value for value in values if value is not None], dtype=layer.bias.dtype)
            moved = _matrix.product(columns_of(following.weight, np.flatnonzero(constant)), known)
            moved, bias = _matrix.alike(moved, following.bias)
            layers = layers.copy()
            layers[index + 1] = replace(following, bias=bias + moved)
            layers = _keep(layers, index, ~constant)
            if constant.all():
                index = -1
        index += 1
    return layers


def _without_unused(layers: Layers) -> Layers:
    """Drop values that the next layer does not read, from the output back."""
    for index in range(len(layers) - 2, -1, -1):
        used = nonzero_lines(layers[index + 1].weight, axis=0)
        if not used.any():
            return _keep(layers, index, used)
        if not used.all():
            layers = _keep(layers, index, used)
    return layers


def _keep(layers: Layers, index: int, kept: Any) -> Layers:
    """Keep only these outputs of a layer; if none is left, the network starts with the next one."""
    layer, following = layers[index], layers[index + 1]
    if not kept.any():
        start = replace(following, weight=blank(following.neurons, layers[0].inputs, following.weight))
        return [start, *layers[index + 2 :]]
    outputs = np.flatnonzero(kept)
    rows = outputs
    if layer.pooled:
        second = outputs + layer.outputs
        rows = np.concatenate([outputs, second[second < layer.neurons]])
    smaller = Layer(
        rows_of(layer.weight, rows),
        layer.bias[rows],
        tuple(layer.activations[i] for i in rows),
        layer.pooled,
    )
    shorter = replace(following, weight=columns_of(following.weight, outputs))
    return [*layers[:index], smaller, shorter, *layers[index + 2 :]]


def _constants(layer: Layer) -> list[Any]:
    """Return for each output of a layer its constant value, or None."""
    values: list[Any] = [None] * layer.neurons
    for row in np.flatnonzero(~nonzero_lines(layer.weight, axis=1)):
        values[row] = _value(layer, row)
    if not layer.pooled:
        return values
    one = fmpq(1) if layer.exact else 1.0
    first, second = values[: layer.outputs], [*values[layer.outputs :], one][: layer.outputs]
    return [
        u * v if u is not None and v is not None else 0 * one if u == 0 or v == 0 else None
        for u, v in zip(first, second, strict=True)
    ]


def _value(layer: Layer, row: Any) -> Any:
    activation, bias = layer.activations[row], layer.bias[row : row + 1]
    if not layer.exact:
        value = activation(np.array(bias))[0]
        return value if np.isfinite(value) else None
    return rational_activation(activation, bias)[0] if activation.polynomial is not None else None
