"""Products of networks by one pooling: componentwise, all pairs of outputs, and general bilinear forms.

Componentwise (Hadamard) pooling is the primitive. An affine map that copies coordinates turns it into the outer product
of two vectors, and one that adds products into f ↦ fᵀ W_k g, so that the three forms of bilinear pooling give the same
functions.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ratelab._errors import UserError
from ratelab.networks import _matrix
from ratelab.networks._calculus import deepen, parallel
from ratelab.networks._calculus_blocks import affine_end, checked
from ratelab.networks._calculus_counts import kept
from ratelab.networks._hat_counts import PooledCounts
from ratelab.networks._hat_layers import Indices
from ratelab.networks._layers import Layer
from ratelab.networks._network import Network
from ratelab.networks._powers import identity


def multiply(first: Network, second: Network) -> Network:
    """Return x ↦ f(x) ⊙ g(x), output by output, as a network that ends in one pooling.

    Raises
    ------
    UserError
        If the numbers of inputs or outputs differ.
    """
    checked("multiply", [first, second], same_outputs=True)
    both = parallel(first, second).layers
    last = both[-1]
    network = Network([*both[:-1], Layer(last.weight, last.bias, last.activations, pooled=True)])
    return kept("multiply", network, multiply_bound(first, second))


def multiply_bound(first: Network, second: Network) -> PooledCounts:
    """Return the promise of `multiply`: max(L_f, L_g) affine maps, widths that add up layer by layer, one pooling more.

    The shallower network is padded with identity layers of min(inputs, outputs) neurons; one that ends in a pooling
    gets an affine map. Beside a pooled layer each value of the other network takes one neuron more, a constant 1;
    poolings of the two in one layer count once.
    """
    *hidden, last = list(zip(*deepened(first, second), strict=True))
    widths = [beside_width(beside) for beside in hidden]
    return PooledCounts(
        len(widths) + 1,
        max(widths, default=0),
        1 + sum(any(layer.pooled for layer in beside) for beside in hidden),
        sum(_matrix.nonzeros(layer.weight) for beside in [*hidden, last] for layer in beside),
        sum(widths),
    )


def beside_width(layers: Sequence[Layer]) -> int:
    """Return the number of neurons of layers side by side: with a pooling among them, pairs but for a last 1."""
    if not any(layer.pooled for layer in layers):
        return sum(layer.neurons for layer in layers)
    free = not layers[-1].pooled or layers[-1].neurons % 2
    return sum(2 * layer.outputs for layer in layers) - int(free)


def outer_product(first: Network, second: Network) -> Network:
    """Return x ↦ (f_i(x)·g_j(x)), all a·b products with i first, ending in one pooling.

    Rows of the last maps are copied b and a times, nothing else grows: the counts are those of `multiply` with these
    last maps.

    Raises
    ------
    UserError
        If the numbers of inputs differ.
    """
    checked("outer_product", [first, second])
    a, b = first.outputs, second.outputs
    return multiply(
        copied_outputs(first, np.repeat(np.arange(a), b)), copied_outputs(second, np.tile(np.arange(b), a))
    )


def outer_product_bound(first: Network, second: Network) -> PooledCounts:
    """Return the promise of `outer_product`: that of `multiply` with copied rows of the last maps."""
    a, b = first.outputs, second.outputs
    copies = np.repeat(np.arange(a), b), np.tile(np.arange(b), a)
    return multiply_bound(*map(copied_outputs, (first, second), copies))


def bilinear(first: Network, second: Network, tensor: Any) -> Network:
    """Return x ↦ (f(x)ᵀ W_k g(x))_k: one pooling of the products that some W_k uses, then one affine map.

    Parameters
    ----------
    first, second
        f with a outputs and g with b.
    tensor
        W: (m, a, b) finite numbers; rational ones give a rational network.

    Raises
    ------
    UserError
        If the sizes do not fit.
    """
    weights = _tensor(first, second, tensor)
    used = np.flatnonzero((weights != 0).any(axis=0))
    if not len(used):
        used = np.array([0])
    b = second.outputs
    products = multiply(copied_outputs(first, used // b), copied_outputs(second, used % b))
    rows = weights[:, used]
    if any(_matrix.sparse(layer.weight) for layer in products.layers) and not _matrix.rational_kind(rows):
        from scipy.sparse import csr_array

        rows = csr_array(rows)
    last = Layer(rows, np.zeros(len(weights)), (identity,) * len(weights))
    return kept("bilinear", Network([*products.layers, last]), bilinear_bound(first, second, tensor))


def bilinear_bound(first: Network, second: Network, tensor: Any) -> PooledCounts:
    """Return the promise of `bilinear`: the products become hidden, twice as many neurons as pairs (i, j) that occur.

    Depth and connections grow by 1 and by the non-zero entries of the tensor.
    """
    weights = _tensor(first, second, tensor)
    used = np.flatnonzero((weights != 0).any(axis=0))
    if not len(used):
        used = np.array([0])
    b = second.outputs
    below = multiply_bound(copied_outputs(first, used // b), copied_outputs(second, used % b))
    return PooledCounts(
        below.depth + 1,
        max(below.width, 2 * len(used)),
        below.poolings,
        below.connections + _matrix.nonzeros(weights),
        below.neurons + 2 * len(used),
    )


def deepened(first: Network, second: Network) -> list[list[Layer]]:
    """Return the layers of two networks with affine ends, padded to one depth."""
    parts = [Network(affine_end(network.layers)) for network in (first, second)]
    depth = max(part.depth for part in parts)
    return [list(deepen(part, depth).layers) for part in parts]


def copied_outputs(network: Network, index: Indices) -> Network:
    """Return the network whose i-th output is output index_i of the given one; it ends in an affine map."""
    *hidden, last = affine_end(network.layers)
    return Network([*hidden, Layer(last.weight[index], last.bias[index], (identity,) * len(index))])


def _tensor(first: Network, second: Network, tensor: Any) -> Any:
    """Return W as (m, a·b), or raise UserError."""
    checked("bilinear", [first, second])
    try:
        weights = _matrix.vector(tensor)
    except (TypeError, ValueError, UserError) as error:
        raise UserError(f"bilinear: the tensor must hold finite numbers ({error})") from None
    a, b = first.outputs, second.outputs
    if weights.ndim != 3 or weights.shape[1:] != (a, b) or not len(weights) or not _matrix.finite(weights):
        raise UserError(f"bilinear: the tensor has shape {weights.shape}; allowed: (m, {a}, {b}), finite")
    return weights.reshape(len(weights), a * b)
