"""Piecewise linear hats on Kuhn's triangulation of a grid: interpolation with exact support and without pooling.

The hat of a node k is φ(y) = ρ(1 + min(0, min_i y_i) − max(0, max_i y_i)), y = x/h − k. Where |y_i| ≤ 1 for all i,
max(0, max_i y_i) is max_i ρ(y_i), a tree of max(u, v) = ρ(u) + ρ(v − u); −min(0, min_i y_i) likewise with ρ(−y_i).

No enclosure sees that max(u, v) ≥ v, as u and v − u are enclosed apart. So the tree starts with
ρ(y_1) + δ⁻¹ Σ_i [ρ(y_i − 1) + ρ(−1 − y_i)] instead of ρ(y_1): it carries this number along, so that interval arithmetic
proves φ = 0 where some |y_i| ≥ 1 + δ. The function stays the same, for what is added is positive only where some
|y_i| > 1, and there φ = 0 in any case. The ramps of neighbouring grid lines are the same, so this costs connections but
hardly a neuron.
"""

from fractions import Fraction
from typing import Any

import numpy as np

from ratelab.networks._calculus_counts import kept
from ratelab.networks._hat_counts import PooledCounts
from ratelab.networks._hat_layers import (
    Indices,
    entry_matrix,
    entry_vector,
    grid_nodes,
    held,
    last_layer,
    one_number,
    refuse_large,
    relu_layer,
    zero_network,
)
from ratelab.networks._layers import Layer
from ratelab.networks._matrix import rational_kind
from ratelab.networks._network import Network
from ratelab.networks._tensor_hats import node_values

Sums = list[tuple[Indices, Any]]
"""Σ coefficient · value[index], for J nodes at once: index (J,)."""


def kuhn_hats(nodes: Any, values: Any, spacing: Any, margin: Any = Fraction(1, 8)) -> Network:
    """Return the interpolant x ↦ Σ_k v_k φ(x/h − k) on Kuhn's triangulation, 0 beyond the stars of the nodes.

    If v_k = f(hk) at all nodes where f is not 0, and f has the Lipschitz constant L in the Euclidean norm, the error is
    at most L·h·√d/2 everywhere: barycentric weights on a simplex of corners of a cube are a law with mean x and
    variance at most h²/4 per axis, and E|x − V| ≤ (E|x − V|²)^½. (The diameter √d·h of a simplex gives twice that.)
    The support lies in supp f + h[−1, 1]^d.

    Parameters
    ----------
    nodes, values, spacing
        As in `tensor_hats`; dyadic data give sparse float64 matrices that are exact.
    margin
        δ > 0: interval arithmetic proves that the network is 0 where the distance to all nodes, in the maximum norm, is
        at least (1 + δ)h. The function does not depend on it, and in one variable no margin is needed.

    Raises
    ------
    UserError
        If sizes do not fit, a number is not finite, h or δ ≤ 0, a node comes twice, or rational matrices get too large.
    """
    grid = grid_nodes("kuhn_hats", nodes)
    heights = node_values("kuhn_hats", values, grid)
    inverse = 1 / one_number("kuhn_hats: spacing", spacing)
    penalty = 1 / one_number("kuhn_hats: margin", margin)
    (count, dimension), outputs = grid.shape, heights.shape[1]
    if not count:
        return zero_network(dimension, outputs)
    exact = rational_kind(heights) or not (held(inverse) and held(penalty))
    axes, signs, lines, sides = _ramps(grid)
    total = len(axes)
    if exact:
        shapes = [(total, dimension), (count, 2 * dimension * count), (outputs, count)]
        refuse_large(
            "kuhn_hats", [*shapes, (2 * dimension * count, total)], "a spacing 1/n with float64 values"
        )
    slopes = np.array([int(s) * inverse for s in signs], dtype=object) if exact else signs * float(inverse)
    first = entry_matrix(np.arange(total), axes, slopes, (total, dimension), exact)
    layers = [relu_layer(first, entry_vector(-signs * lines, exact))]
    maxima = [[_scaled(term, penalty if exact else float(penalty)) for term in side] for side in sides]
    while len(maxima[0]) > 1:
        layer, maxima = _level(maxima, count, layers[-1].outputs, exact)
        layers.append(layer)
    (positive,), (negative,) = maxima
    layers.append(_rows([_minus([], positive + negative)], count, layers[-1].outputs, exact, 1.0))
    places = np.tile(np.arange(count), outputs)
    last = entry_matrix(
        np.repeat(np.arange(outputs), count), places, heights.T.ravel(), (outputs, count), exact
    )
    network = Network([*layers, last_layer(last)])
    return kept("kuhn_hats", network, kuhn_hats_bound(dimension, count, total, outputs))


def kuhn_hats_bound(dimension: int, nodes: int, ramps: int | None = None, outputs: int = 1) -> PooledCounts:
    """Return the promise of `kuhn_hats`: 3 + ⌈log₂ d⌉ affine maps, no pooling, width max(R, 2dJ).

    Parameters
    ----------
    dimension, nodes, outputs
        d, J and D; J = 0 gives the zero network.
    ramps
        R, the number of distinct ramps ρ(±(x_i/h − k)); None: at most 4dJ, 2J in one variable.

    Notes
    -----
    Each level of the tree has as many neurons as values that it reads, 2cJ for c values a side.
    """
    if not nodes:
        return PooledCounts(1, 0, 0, 0, 0)
    each = 4 if dimension > 1 else 2
    ramps = each * dimension * nodes if ramps is None else ramps
    depth, width, neurons = 3, max(ramps, nodes), ramps + nodes
    connections = ramps + outputs * nodes
    terms = [[1 + 2 * dimension * (dimension > 1), *[1] * (dimension - 1)], [1] * dimension]
    while len(terms[0]) > 1:
        size = 2 * len(terms[0]) * nodes
        depth, width, neurons = depth + 1, max(width, size), neurons + size
        for side, found in enumerate(terms):
            pairs = list(zip(found[0::2], found[1::2], strict=False))
            odd = found[-1:] if len(found) % 2 else []
            connections += nodes * (sum(2 * u + v for u, v in pairs) + sum(odd))
            terms[side] = [2] * len(pairs) + [1] * len(odd)
    return PooledCounts(depth, width, 0, connections + nodes * sum(map(sum, terms)), neurons)


def _ramps(grid: Indices) -> tuple[Indices, Indices, Indices, list[list[Sums]]]:
    """Return axis, sign and line of the distinct ramps, and of each axis the sums that the two trees start with.

    Coefficients None stand for 1/δ.
    """
    count, dimension = grid.shape
    columns = [(axis, sign, 0) for sign in (1, -1) for axis in range(dimension)]
    if dimension > 1:
        columns += [(axis, sign, sign) for sign in (1, -1) for axis in range(dimension)]
    table = np.concatenate(
        [
            np.stack([np.full(count, axis), np.full(count, sign), grid[:, axis] + shift], axis=1)
            for axis, sign, shift in columns
        ]
    )
    ramps, inverse = np.unique(table, axis=0, return_inverse=True)
    places = np.asarray(inverse, dtype=np.int64).reshape(len(columns), count)
    sides: list[list[Sums]] = [
        [[(places[side * dimension + axis], 1)] for axis in range(dimension)] for side in (0, 1)
    ]
    sides[0][0] += [(column, None) for column in places[2 * dimension :]]
    return ramps[:, 0], ramps[:, 1], ramps[:, 2], sides


def _scaled(terms: Sums, penalty: Any) -> Sums:
    return [(index, penalty if factor is None else factor) for index, factor in terms]


def _minus(first: Sums, second: Sums) -> Sums:
    return first + [(index, -factor) for index, factor in second]


def _level(maxima: list[list[Sums]], count: int, given: int, exact: bool) -> tuple[Layer, list[list[Sums]]]:
    """Return one level of both trees, max(u, v) = ρ(u) + ρ(v − u) for u ≥ 0, and the values as sums of its neurons."""
    rows: list[Sums] = []
    found: list[list[Sums]] = []

    def neuron(terms: Sums) -> tuple[Indices, Any]:
        rows.append(terms)
        return (len(rows) - 1) * count + np.arange(count, dtype=np.int64), 1

    for side in maxima:
        pairs = zip(side[0::2], side[1::2], strict=False)
        found.append([[neuron(u), neuron(_minus(v, u))] for u, v in pairs])
        if len(side) % 2:
            found[-1].append([neuron(side[-1])])
    return _rows(rows, count, given, exact, 0.0), found


def _rows(rows: list[Sums], count: int, given: int, exact: bool, bias: float) -> Layer:
    """Return the ReLU layer of these sums, J neurons for each."""
    numbers = np.arange(count)
    places = [row * count + numbers for row, terms in enumerate(rows) for _ in terms]
    columns = [index for terms in rows for index, _ in terms]
    kind = object if exact else np.float64
    factors = [np.full(count, factor, dtype=kind) for terms in rows for _, factor in terms]
    shape = (len(rows) * count, given)
    weight = entry_matrix(
        np.concatenate(places), np.concatenate(columns), np.concatenate(factors), shape, exact
    )
    return relu_layer(weight, entry_vector(np.full(shape[0], bias), exact))
