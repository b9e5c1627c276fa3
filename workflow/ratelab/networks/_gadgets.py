"""Maximum, minimum, absolute value and positive part of networks, by ReLU gadgets.

max(u, v) = v + ρ(u − v) and min(u, v) = v − ρ(v − u), with v = ρ(v) − ρ(−v) carried by two neurons: 3 nodes per pair.
The form ½[ρ(u+v) − ρ(−u−v) + ρ(u−v) + ρ(v−u)] takes 4.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ratelab.networks import _matrix
from ratelab.networks._calculus import add_bound, compose, parallel
from ratelab.networks._calculus_blocks import affine_end, checked
from ratelab.networks._calculus_counts import Counts, kept
from ratelab.networks._network import Network

Array = NDArray[np.float64]


def maximum(*networks: Network) -> Network:
    """Return the maximum of networks, output by output, by a balanced tree of pairwise maxima.

    Parameters
    ----------
    networks
        With the same numbers of inputs and outputs. Shallower ones are padded with identity neurons.

    Raises
    ------
    UserError
        If there is no network or the numbers of inputs or outputs differ.
    """
    return kept("maximum", _tree_of(networks, "maximum", 1), maximum_bound(*networks))


def minimum(*networks: Network) -> Network:
    """Return the minimum of networks, output by output; otherwise as `maximum`."""
    return kept("minimum", _tree_of(networks, "minimum", -1), minimum_bound(*networks))


def maximum_bound(*networks: Network) -> Counts:
    """Return the promise of `maximum` for m networks with k outputs.

    With L, W, N promised by `add_bound`: depth L + ⌈log₂ m⌉, neurons N + k·(3(m − 1) + 2·byes) and connections
    3W + k·c(m). A bye is a value without a partner on its level of the tree, carried by two neurons, so there are at
    most ⌈log₂ m⌉ − 1 of them. A row of the networks' last maps enters at most 3 nodes of the first level (u − v, v and
    −v), and c(m) counts the connections of the tree above that level. For networks of one depth with one output this is
    less than ΣN_i + 4(2m − 1) neurons.
    """
    if len(networks) == 1:
        return Counts.of(networks[0])
    below = add_bound(*networks)
    outputs, (_, *above) = networks[0].outputs, _tree(len(networks), 1)
    nodes = sum(matrix.shape[1] for matrix in above)
    return Counts(
        below.depth + len(above),
        3 * below.connections + outputs * sum(map(_matrix.nonzeros, above)),
        below.neurons + outputs * nodes,
    )


def minimum_bound(*networks: Network) -> Counts:
    """Return the promise of `minimum`, the same as that of `maximum`."""
    return maximum_bound(*networks)


def absolute(network: Network) -> Network:
    """Return |f| = ρ(f) + ρ(−f), output by output."""
    checked("absolute", [network])
    gadget = _gadget([np.array([[1.0], [-1.0]]), np.ones((1, 2))], network)
    return kept("absolute", compose(gadget, network), absolute_bound(network))


def absolute_bound(network: Network) -> Counts:
    """Return the promise of `absolute`: depth L + 1, N + 2k neurons, 2W + 2k connections for k outputs.

    A pooled last layer of n neurons first becomes hidden: L + 1, N + n, W + k.
    """
    counts, k = _ended(network), network.outputs
    return Counts(counts.depth + 1, 2 * counts.connections + 2 * k, counts.neurons + 2 * k)


def positive_part(network: Network) -> Network:
    """Return ρ(f) = max(f, 0), output by output."""
    checked("positive_part", [network])
    gadget = _gadget([np.ones((1, 1)), np.ones((1, 1))], network)
    return kept("positive_part", compose(gadget, network), positive_part_bound(network))


def positive_part_bound(network: Network) -> Counts:
    """Return the promise of `positive_part`: depth L + 1, N + k neurons, W + k connections, as in `absolute_bound`."""
    counts, k = _ended(network), network.outputs
    return Counts(counts.depth + 1, counts.connections + k, counts.neurons + k)


def _ended(network: Network) -> Counts:
    layers = affine_end(network.layers)
    return Counts(
        len(layers),
        sum(_matrix.nonzeros(layer.weight) for layer in layers),
        sum(layer.neurons for layer in layers[:-1]),
    )


def _tree_of(networks: tuple[Network, ...], operation: str, sign: int) -> Network:
    checked(operation, networks, same_outputs=True)
    if len(networks) == 1:
        return networks[0]
    below = parallel(*networks)
    return compose(_gadget(list(_tree(len(networks), sign)), below), below)


def _gadget(matrices: list[Array], below: Network) -> Network:
    """Return the ReLU network of these matrices without biases, once for each output that `below` gives per network.

    Its matrices are sparse where the network below is.
    """
    copies = below.outputs // matrices[0].shape[1]
    if any(_matrix.sparse(layer.weight) for layer in below.layers):
        from scipy.sparse import csr_array, eye_array, kron

        weights: list[Any] = [csr_array(kron(csr_array(m), eye_array(copies))) for m in matrices]
    else:
        weights = [np.kron(m, np.eye(copies)) for m in matrices] if copies > 1 else matrices
    return Network.dense(weights, [np.zeros(w.shape[0]) for w in weights])


@cache
def _tree(count: int, sign: int) -> tuple[Array, ...]:
    """Return the matrices of the maximum (sign 1) or minimum (−1) of `count` ≥ 1 numbers."""
    values, matrices = np.eye(count), []
    while (size := len(values)) > 1:
        reads: list[Array] = []
        gives = np.zeros(((size + 1) // 2, 3 * (size // 2) + 2 * (size % 2)))
        unit = np.eye(size)
        for pair, (u, v) in enumerate(zip(unit[:-1:2], unit[1::2], strict=False)):
            gives[pair, len(reads) : len(reads) + 3] = sign, 1, -1
            reads += [sign * (u - v), v, -v]
        if size % 2:
            gives[-1, len(reads) :] = 1, -1
            reads += [unit[-1], -unit[-1]]
        matrices.append(np.array(reads) @ values)
        values = gives
    return (*matrices, values)
