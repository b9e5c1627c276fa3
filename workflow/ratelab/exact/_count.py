"""Cells, pieces and maps of continuous piecewise linear networks, in any number of variables."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ratelab._errors import UserError
from ratelab.exact._cells_of import (
    LIMIT,
    Arithmetic,
    Cells,
    Count,
    Definition,
    check_arithmetic,
    check_definition,
    check_domain,
    check_limit,
)
from ratelab.exact._linear_activation import linear_layers, moderate
from ratelab.networks import Layer, Network


def cells(
    network: Network,
    domain: Sequence[Sequence[Any]] | None = None,
    *,
    arithmetic: Arithmetic = "auto",
    limit: int = LIMIT,
) -> Cells:
    """Return the activation cells of a continuous piecewise linear network, each with its affine map.

    Parameters
    ----------
    network
        Continuous piecewise linear activations (relu, prelu, identity, …), no poolings; d inputs, k outputs.
    domain
        d pairs (lower, upper): cells that meet the inside of that box. None: all of R^d.
    arithmetic
        ``rational``: exact. ``float``: float64 with a running error bound; what lies within it counts as zero, and
        the result is `certain` only if that never happened. ``auto``: rational for a rational network, else floats,
        repeated in rationals where they prove nothing; always certain.
    limit
        Most cells that are allowed.

    Raises
    ------
    UserError
        If the network is not of this kind; `LimitReached` if there are too many cells.
    """
    linear_layers(network)
    return _cells(
        network, domain, "rational" if arithmetic == "auto" and network.exact else arithmetic, limit
    )


def _cells(network: Network, domain: Any, arithmetic: Arithmetic, limit: int, patterns: bool = True) -> Cells:
    check_arithmetic(arithmetic)
    check_limit(limit)
    box = check_domain(domain, network.inputs)
    arithmetic, trusted = _trusted(network, arithmetic)
    try:
        found = _enumerated(network, box, arithmetic, limit, patterns)
    except (OverflowError, FloatingPointError):
        raise UserError(
            "weights, values or the domain leave the range of float64; rational arithmetic has no such limit"
        ) from None
    return found if trusted else replace(found, certain=False)


def _enumerated(network: Network, box: Any, arithmetic: Arithmetic, limit: int, patterns: bool) -> Cells:
    if network.inputs == 1:
        from ratelab.exact._line import line_cells

        return line_cells(network, box, arithmetic=arithmetic, limit=limit, patterns=patterns)
    if network.inputs == 2:
        from ratelab.exact._planar import planar_cells

        return planar_cells(network, box, arithmetic=arithmetic, limit=limit)
    from ratelab.exact._patterns import pattern_cells

    return pattern_cells(network, box, arithmetic=arithmetic, limit=limit)


def _trusted(network: Network, arithmetic: Arithmetic) -> tuple[Arithmetic, bool]:
    """Return rationals for ``auto`` where products may leave float64's range, and whether to trust a certain result."""
    if arithmetic == "rational" or moderate(network):
        return arithmetic, True
    return ("rational", True) if arithmetic == "auto" else (arithmetic, False)


def count_pieces(
    network: Network,
    domain: Sequence[Sequence[Any]] | None = None,
    definition: Definition = "pieces",
    arithmetic: Arithmetic = "auto",
    *,
    limit: int = LIMIT,
) -> Count:
    """Count the affine pieces of a continuous piecewise linear network.

    Parameters
    ----------
    network
        Continuous piecewise linear activations (relu, prelu, identity, …), no poolings.
    domain
        One pair (lower, upper) per input: what meets the inside of that box. None: all of R^d.
    definition
        ``pieces``: maximal connected sets on which the network is affine (connected through facets). ``cells``: maximal
        regions on which every neuron stays on one linear segment. ``maps``: distinct affine maps.
    arithmetic
        ``auto``: floats with a running error bound, repeated in rationals where they prove nothing, so the number is
        proved. ``float``: what lies within its bound counts as zero, and the number is `certain` only if that never
        happened. ``rational``: exact from the start.
    limit
        Most cells that are allowed, whichever definition counts.

    Returns
    -------
    Count
        The number, with `certain` and `arithmetic`.

    Examples
    --------
    >>> from ratelab import Network, exact
    >>> tent = Network.dense([[[1], [1]], [[2, -4]]], [[0, -0.5], [0]])
    >>> exact.count_pieces(tent), exact.count_pieces(tent, ((0, 1),))
    (3 (float, proved), 2 (float, proved))

    Raises
    ------
    UserError
        If the network is not of this kind; `LimitReached` if there are more cells than `limit`.
    """
    check_definition(definition)
    check_arithmetic(arithmetic)
    check_limit(limit)
    linear_layers(network)
    if definition != "cells":
        network = relevant(network)
    result = _count(network, domain, definition, arithmetic, limit)
    if arithmetic == "auto" and not result.certain:
        result = _count(network, domain, definition, "rational", limit)
    return result


def _count(
    network: Network, domain: Any, definition: Definition, arithmetic: Arithmetic, limit: int
) -> Count:
    found = _cells(network, domain, arithmetic, limit, patterns=False)
    return found.count(definition)


def relevant(network: Network) -> Network:
    """Return the same function without the neurons from which no path of non-zero weights leads to an output.

    One neuron of each hidden layer stays in any case, so that the depth does not change.
    """
    kept = np.arange(network.outputs)
    layers: list[Layer] = []
    for layer in reversed(network.layers):
        weight, bias = layer.weight[kept], layer.bias[kept]
        activations = tuple(layer.activations[i] for i in kept)
        if layer is network.layers[0]:
            kept = np.arange(layer.inputs)
        else:
            used = np.zeros(layer.inputs, dtype=bool)
            used[weight.nonzero()[1]] = True
            kept = np.flatnonzero(used) if used.any() else np.zeros(1, dtype=np.int64)
        layers.append(Layer(weight[:, kept], bias, activations))
    return Network(layers[::-1])
