"""How far float64 values of a network of powers ρ_r may lie from its exact values, bounded beforehand."""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks import _matrix
from ratelab.networks._network import Network
from ratelab.networks._polynomial_networks import power_exponent
from ratelab.networks._powers import identity

Array = NDArray[np.float64]
_UNIT = 2.0**-53
_SLACK = 1.01  # for products of roundings, and those of this bound


def evaluation_rounding(network: Network, domain: Sequence[tuple[Any, Any]]) -> float:
    """Bound |float64 value − exact value| of a network of powers and identities on a box, weights rounded as well.

    Ranges are propagated as intervals and errors beside them: a sum of n products loses (n + 2)·2^(−53) of the sum
    of their sizes, and ρ_r multiplies an error by at most r times the largest slope.

    Parameters
    ----------
    network
        Its hidden neurons are ρ_r, r ≥ 1, or identities; without poolings.
    domain
        One (lower, upper) for each input.

    Returns
    -------
    float
        For the largest of the outputs.

    Raises
    ------
    UserError
        If the domain does not fit, or a neuron is of another kind.
    """
    if len(domain) != network.inputs:
        raise UserError(f"rounding: the domain has {len(domain)} pairs, the network {network.inputs} inputs")
    lower = np.array([float(a) for a, _ in domain])
    upper = np.array([float(b) for _, b in domain])
    stray = np.zeros(network.inputs)
    for layer in network.float64().layers:
        if layer.pooled:
            raise UserError("rounding: a network with poolings has no bound here")
        weight, bias = _matrix.dense(layer.weight), layer.bias
        sizes = np.abs(weight) @ np.maximum(np.abs(lower), np.abs(upper)) + np.abs(bias)
        count = np.count_nonzero(weight, axis=1) + 1
        stray = np.abs(weight) @ stray + _SLACK * _UNIT * (count + 2) * (sizes + np.abs(weight) @ stray)
        positive, negative = np.maximum(weight, 0.0), np.minimum(weight, 0.0)
        lower, upper = positive @ lower + negative @ upper + bias, positive @ upper + negative @ lower + bias
        for row, activation in enumerate(layer.activations):
            if activation is identity:
                continue
            exponent = power_exponent(activation)
            if not exponent:
                raise UserError(f"rounding: activation '{activation.name}' is no power max(x, 0)^r, r >= 1")
            top, own = max(upper[row], 0.0) + stray[row], float(stray[row])
            stray[row] = exponent * top ** (exponent - 1) * own + _SLACK * exponent * _UNIT * top**exponent
            if upper[row] + own <= 0:
                stray[row] = 0.0
            lower[row], upper[row] = max(lower[row], 0.0) ** exponent, max(upper[row], 0.0) ** exponent
    return float(_SLACK * stray.max())


def mean_square_rounding(network: Network, domain: Sequence[tuple[Any, Any]]) -> float:
    """Return `evaluation_rounding` as a bound in L2 of the box: what an exact network may lose in float64."""
    return evaluation_rounding(network, domain) * prod(float(b) - float(a) for a, b in domain) ** 0.5
