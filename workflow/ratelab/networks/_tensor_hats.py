"""Tensor-product hats on a grid: multilinear interpolation with exact support, by ReLU and a tree of poolings.

A one-dimensional hat is ρ(1 − ρ(t) − ρ(−t)), t = x/h − k: far from its node a large number is subtracted from 1, so
floating point gives exactly 0 there, which a sum of four ramps does not. The hats of one variable are shared among all
nodes; their products are taken by pooling.
"""

from typing import Any

import numpy as np

from ratelab._errors import UserError
from ratelab.networks._calculus_counts import kept
from ratelab.networks._hat_counts import PooledCounts
from ratelab.networks._hat_layers import (
    Indices,
    entry_matrix,
    entry_vector,
    finite_numbers,
    grid_nodes,
    held,
    last_layer,
    one_number,
    product_layers,
    product_shapes,
    refuse_large,
    relu_layer,
    zero_network,
)
from ratelab.networks._matrix import rational_kind
from ratelab.networks._network import Network


def tensor_hats(nodes: Any, values: Any, spacing: Any) -> Network:
    """Return x ↦ Σ_k v_k Π_i hat(x_i/h − k_i), which interpolates v_k at hk and is 0 beyond the cells around the nodes.

    If v_k = f(hk) at all nodes where f is not 0, and f has the Lipschitz constant L in the Euclidean norm, then the
    error is at most L·h·√d/2 everywhere (multilinear weights are a law with mean x and variance at most h²/4 per
    axis), and the support lies in supp f + h[−1, 1]^d. One-sided: what passes between the nodes is missed.

    Parameters
    ----------
    nodes
        (J, d) distinct integers k. No nodes: the zero network, one affine map.
    values
        (J,) or (J, D), finite. A node of value 0 costs as much as any other: leave it out.
    spacing
        h > 0. With h = 1/n or 2^m and float64 values the network is sparse float64, and exact; if any weight is no
        float64 number, such as 1/h of the float 0.1, all are rational.

    Raises
    ------
    UserError
        If sizes do not fit, a number is not finite, h ≤ 0, a node comes twice, or rational matrices get too large.
    """
    grid = grid_nodes("tensor_hats", nodes)
    heights = node_values("tensor_hats", values, grid)
    inverse = 1 / one_number("tensor_hats: spacing", spacing)
    (count, dimension), outputs = grid.shape, heights.shape[1]
    if not count:
        return zero_network(dimension, outputs)
    axes, lines, places = numbered_lines(grid)
    total = len(lines)
    exact = rational_kind(heights) or not held(inverse)
    if exact:
        shapes = [(2 * total, dimension), (total, 2 * total), *product_shapes(count, dimension, total)]
        refuse_large(
            "tensor_hats", [*shapes, (outputs, shapes[-1][0] // 2)], "a spacing 1/n with float64 values"
        )
    signs = np.tile([1, -1], total)
    scale = [sign * inverse for sign in signs] if exact else signs * float(inverse)
    first = entry_matrix(np.arange(2 * total), np.repeat(axes, 2), scale, (2 * total, dimension), exact)
    halves = entry_matrix(np.repeat(np.arange(total), 2), np.arange(2 * total), -1, (total, 2 * total), exact)
    ramps = relu_layer(first, entry_vector(-signs * np.repeat(lines, 2), exact))
    hats = relu_layer(halves, entry_vector(np.ones(total), exact))
    products, where = product_layers(places, total, exact)
    given = products[-1].outputs if products else total
    rows = np.repeat(np.arange(outputs), count)
    last = entry_matrix(rows, np.tile(where, outputs), heights.T.ravel(), (outputs, given), exact)
    network = Network([ramps, hats, *products, last_layer(last)])
    return kept("tensor_hats", network, tensor_hats_bound(dimension, count, total, outputs))


def tensor_hats_bound(dimension: int, nodes: int, lines: int | None = None, outputs: int = 1) -> PooledCounts:
    """Return the promise of `tensor_hats`: 3 + ⌈log₂ d⌉ affine maps, ⌈log₂ d⌉ poolings, width max(2M, 2⌈d/2⌉J).

    Parameters
    ----------
    dimension, nodes, outputs
        d, J and D; J = 0 gives the zero network.
    lines
        M, the number of pairs (axis i, k_i) among the nodes; None: at most d·J.

    Notes
    -----
    On d = 1 no layer selects, so that the width is 2M. Neurons are 3M plus 2⌈c/2⌉J for each pooling that reads c
    factors a node; connections are 4M + cJ for each such pooling, and DJ.
    """
    if not nodes:
        return PooledCounts(1, 0, 0, 0, 0)
    lines = dimension * nodes if lines is None else lines
    width, neurons, connections, poolings = 2 * lines, 3 * lines, 4 * lines + outputs * nodes, 0
    factors = dimension
    while factors > 1:
        size = 2 * ((factors + 1) // 2) * nodes
        width, neurons = max(width, size), neurons + size
        connections += factors * nodes
        poolings += 1
        factors = (factors + 1) // 2
    return PooledCounts(3 + poolings, width, poolings, connections, neurons)


def node_values(operation: str, values: Any, grid: Indices) -> Any:
    """Return values at nodes as (J, D): float64, or fmpq if float64 does not hold them."""
    heights = finite_numbers(operation, "values", values)
    if heights.ndim == 1:
        heights = heights[:, None]
    if heights.ndim != 2 or len(heights) != len(grid) or not heights.shape[1]:
        raise UserError(
            f"{operation}: {len(grid)} nodes and values of shape {np.shape(values)}; allowed: (J,) or (J, D)"
        )
    return heights


def numbered_lines(grid: Indices) -> tuple[Indices, Indices, Indices]:
    """Return the axes and positions of the M distinct grid lines of nodes, and (J, d) the line of each coordinate."""
    axes, lines, places = [], [], []
    start = 0
    for axis, column in enumerate(grid.T):
        found, inverse = np.unique(column, return_inverse=True)
        axes.append(np.full(len(found), axis))
        lines.append(found)
        places.append(start + inverse)
        start += len(found)
    return np.concatenate(axes), np.concatenate(lines), np.stack(places, axis=1)
