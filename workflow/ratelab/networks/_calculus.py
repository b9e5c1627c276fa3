"""The algebra of networks: scale, add, parallel, compose, deepen, each with its promised counts.

Every operation returns a network that computes the operation on the functions, exactly in rationals, and asserts the
bound that its ``…_bound`` promises. Rational networks give rational ones, sparse ones stay sparse. Readouts take no
part: apply the operation to ``network.readout(i)``. A network that ends in a pooling is given an identity map after
it where an affine last map is needed.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ratelab._errors import UserError
from ratelab.networks import _matrix
from ratelab.networks._calculus_blocks import (
    Layers,
    affine_end,
    checked,
    identity_layer,
    rows_of,
    side_by_side,
)
from ratelab.networks._calculus_counts import Counts, kept
from ratelab.networks._layers import Layer
from ratelab.networks._matrix import nonzeros
from ratelab.networks._network import Network


def scale(network: Network, factor: Any) -> Network:
    """Return factor · f.

    Parameters
    ----------
    network
        f, with any number of outputs.
    factor
        A finite number; a rational one (Fraction, fmpq, arf) makes the network rational.

    Raises
    ------
    UserError
        If the factor is no number, or a weight leaves the range of float64.
    """
    checked("scale", [network])
    last = network.layers[-1]
    count = last.outputs
    try:
        factors = _matrix.vector([factor] * count)
    except (TypeError, ValueError) as error:
        raise UserError(f"scale: the factor must be one number ({error})") from None
    if factors.shape != (count,) or not _matrix.finite(factors):
        raise UserError(f"scale: the factor must be one finite number; found {factor!r}")
    if last.pooled:  # only the first of the two multiplied values
        factors = _matrix.join(factors, np.ones(last.neurons - count))
    index = np.arange(last.neurons)
    with np.errstate(over="ignore"):  # the network says which layer is not finite
        weight, bias = rows_of(last.weight, index, factors), rows_of(last.bias, index, factors)
    result = Network([*network.layers[:-1], Layer(weight, bias, last.activations, last.pooled)])
    return kept("scale", result, scale_bound(network))


def scale_bound(network: Network) -> Counts:
    """Return the promise of `scale`: no count grows."""
    return Counts.of(network)


def add(*networks: Network) -> Network:
    """Return the sum of networks with the same numbers of inputs and outputs.

    Shallower ones are padded with identity neurons, at their input or output, whichever is narrower.

    Raises
    ------
    UserError
        If there is no network or the numbers of inputs or outputs differ.
    """
    checked("add", networks, same_outputs=True)
    if len(networks) == 1:
        return networks[0]
    *hidden, last = zip(*_aligned(networks), strict=True)
    layers = [side_by_side(parts, shared=not index) for index, parts in enumerate(hidden)]
    weights, biases = [p.weight for p in last], _matrix.alike(*(p.bias for p in last))
    weight = (
        _matrix.block([weights]) if hidden else sum(_matrix.alike(*weights)[1:], _matrix.alike(*weights)[0])
    )
    layers.append(Layer(weight, sum(biases[1:], biases[0]), last[0].activations))
    return kept("add", Network(layers), add_bound(*networks))


def add_bound(*networks: Network) -> Counts:
    """Return the promise of `add`: depth L = max L_i, W ≤ ΣW_i + δ and N ≤ ΣN_i + δ, δ = Σ c_i (L − L_i).

    c_i = min(inputs, outputs of network i), since a padded layer is an identity of that size. A pooled last layer of n
    neurons and k values first becomes hidden (L_i + 1, W_i + k, N_i + n). A value that is not pooled beside one that is
    needs one more neuron, a constant 1.
    """
    return _padded_bound(networks) if len(networks) > 1 else Counts.of(networks[0])


def parallel(*networks: Network) -> Network:
    """Return x ↦ (f(x), g(x), …) for networks of the same inputs; the outputs follow one another.

    Raises
    ------
    UserError
        If there is no network or the numbers of inputs differ.
    """
    checked("parallel", networks)
    if len(networks) == 1:
        return networks[0]
    layers = [
        side_by_side(parts, shared=not index)
        for index, parts in enumerate(zip(*_aligned(networks), strict=True))
    ]
    return kept("parallel", Network(layers), parallel_bound(*networks))


def parallel_bound(*networks: Network) -> Counts:
    """Return the promise of `parallel`, the same as that of `add`."""
    return add_bound(*networks)


def compose(outer: Network, inner: Network, merged: bool = True) -> Network:
    """Return outer ∘ inner.

    Parameters
    ----------
    outer, inner
        outer reads as many values as inner gives.
    merged
        Multiply the two matrices that meet, which saves a layer; otherwise the values between the two become identity
        neurons. Values that end in a pooling are never merged.

    Raises
    ------
    UserError
        If the sizes do not fit.
    """
    checked("compose", [inner])
    checked("compose", [outer])
    if outer.inputs != inner.outputs:
        raise UserError(
            f"compose: the outer network reads {outer.inputs} values, the inner one gives {inner.outputs}"
        )
    layers = joined(outer.layers, inner.layers) if merged else [*inner.layers, *outer.layers]
    return kept("compose", Network(layers), compose_bound(outer, inner, merged))


def compose_bound(outer: Network, inner: Network, merged: bool = True) -> Counts:
    """Return the promise of `compose`.

    Unmerged: L1 + L2, W1 + W2, N1 + N2 + d_mid, with d_mid the neurons of the inner network's last map. Merged:
    L1 + L2 − 1, W1 + max(N1, d)·W2, N1 + N2, since a row of the inner network's last matrix has at most max(N1, d)
    non-zeros and each non-zero of the outer network's first matrix adds at most one such row.
    """
    first, second, last = Counts.of(inner), Counts.of(outer), inner.layers[-1]
    if merged and not last.pooled:
        spread = max(first.neurons, inner.inputs)
        return Counts(
            first.depth + second.depth - 1,
            first.connections + spread * second.connections,
            first.neurons + second.neurons,
        )
    return Counts(
        first.depth + second.depth,
        first.connections + second.connections,
        first.neurons + second.neurons + last.neurons,
    )


def joined(outer: Sequence[Layer], inner: Sequence[Layer]) -> Layers:
    """Return the layers of outer ∘ inner, with the two affine maps that meet multiplied unless a pooling is between."""
    last, first = inner[-1], outer[0]
    if last.pooled:
        return [*inner, *outer]
    shift, bias = _matrix.alike(_matrix.product(first.weight, last.bias), first.bias)
    middle = Layer(_matrix.product(first.weight, last.weight), shift + bias, first.activations, first.pooled)
    return [*inner[:-1], middle, *outer[1:]]


def deepen(network: Network, depth: int) -> Network:
    """Return the same function at a larger depth, through identity neurons at the input or the output side.

    Parameters
    ----------
    network
        Returned as it is if it has that depth.
    depth
        Number of affine layers, at least those of the network.

    Raises
    ------
    UserError
        If the network is deeper already.
    """
    checked("deepen", [network])
    if depth < network.depth or depth != int(depth):
        raise UserError(f"deepen: depth is {depth}; allowed: whole numbers from {network.depth} on")
    if depth == network.depth:
        return network
    return kept("deepen", Network(_deepened(network.layers, int(depth))), deepen_bound(network, depth))


def deepen_bound(network: Network, depth: int) -> Counts:
    """Return the promise of `deepen`: each extra layer costs c = min(inputs, outputs) neurons and connections.

    Behind a pooled last layer of n neurons the first extra layer costs n neurons.
    """
    extra = int(depth) - network.depth
    neurons, connections = min(_padding(network.layers, extra))
    counts = Counts.of(network)
    return Counts(counts.depth + extra, counts.connections + connections, counts.neurons + neurons)


def identity_network(dimension: int, depth: int = 1) -> Network:
    """Return x ↦ x on R^dimension at that depth: W = depth · dimension, N = (depth − 1) · dimension.

    Raises
    ------
    UserError
        If one of the two is not at least 1.
    """
    for name, value in (("dimension", dimension), ("depth", depth)):
        if value != int(value) or value < 1:
            raise UserError(f"identity_network: {name} is {value}; allowed: whole numbers from 1 on")
    return Network([identity_layer(int(dimension), np.zeros(0))] * int(depth))


def _deepened(layers: Sequence[Layer], depth: int) -> Layers:
    extra = depth - len(layers)
    if not extra:
        return list(layers)
    first, last = layers[0], layers[-1]
    at_input, at_output = _padding(layers, extra)
    if at_input <= at_output:
        return [identity_layer(first.inputs, first.weight)] * extra + list(layers)
    return list(layers) + [identity_layer(last.outputs, last.weight)] * extra


def _padding(layers: Sequence[Layer], extra: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the (neurons, connections) that extra identity layers cost at the input and at the output."""
    first, last = layers[0], layers[-1]
    hidden = last.neurons - last.outputs if extra else 0
    return (extra * first.inputs, extra * first.inputs), (extra * last.outputs + hidden, extra * last.outputs)


def _aligned(networks: Sequence[Network]) -> list[Layers]:
    """Return the layers of networks, each with an affine end, padded to one depth."""
    parts = [affine_end(network.layers) for network in networks]
    depth = max(map(len, parts))
    return [_deepened(layers, depth) for layers in parts]


def _padded_bound(networks: Sequence[Network]) -> Counts:
    parts = [affine_end(network.layers) for network in networks]
    depth = max(map(len, parts))
    padding = sum(
        min(f.inputs, f.outputs) * (depth - len(layers)) for f, layers in zip(networks, parts, strict=True)
    )
    ones = 0
    for beside in zip(*(_deepened(layers, depth) for layers in parts), strict=True):
        if any(layer.pooled for layer in beside):
            ones += sum(2 * layer.outputs - layer.neurons for layer in beside)
    return Counts(
        depth,
        sum(nonzeros(layer.weight) for layers in parts for layer in layers) + padding,
        sum(layer.neurons for layers in parts for layer in layers[:-1]) + padding + ones,
    )
