"""The output layer of a network by ridge least squares on what its last hidden layer gives."""

from math import isfinite, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks import Layer, Network, identity
from ratelab.networks._evaluate import forward

Array = NDArray[np.float64]


def least_squares_readout(
    features: Network, nodes: Array, weights: Array, values: Array, ridge: float = 0.0
) -> Network:
    """Return the network with its last affine map replaced by the best one in weighted least squares.

    It minimises Σ_i w_i |c φ(x_i) + b − y_i|² + ridge · (Σ_i w_i) · |c|², φ the values of the last hidden layer; the
    constant b is not penalised. Among several minimisers the smallest coefficients (c, b) are taken. Solved by an
    orthogonal factorisation of the augmented system, never by normal equations.

    Parameters
    ----------
    features
        Float64 or rational (then rounded); its last map must not be pooled, and plays no part.
    nodes, weights, values
        (m, d), (m,) and (m, k) or (m,) finite float64; weights are at least 0.
    ridge
        At least 0.

    Raises
    ------
    UserError
        If an argument is not like this, or a feature is not finite at a node.
    """
    nodes, weights, values = checked_data("least_squares_readout", nodes, weights, values)
    check_ridge("least_squares_readout", ridge)
    if nodes.shape[1] != features.inputs:
        raise UserError(
            f"least_squares_readout: nodes have {nodes.shape[1]} coordinates; allowed: the {features.inputs} inputs "
            "of the network"
        )
    *hidden, last = features.float64().layers
    if last.pooled:
        raise UserError("least_squares_readout: the last layer is pooled; allowed: an affine last map")
    value = nodes.T
    with np.errstate(all="ignore"):
        for layer in hidden:
            value = forward(layer, value)
    if not np.isfinite(value).all():
        raise UserError(
            "least_squares_readout: a feature is not finite at a node; allowed: features that float64 holds"
        )
    coefficients, constant = ridge_solution(value.T, weights, values, ridge)
    outer = Layer(coefficients.T, constant, (identity,) * values.shape[1])
    return Network([*hidden, outer])


def ridge_solution(
    features: Array, weights: Array, values: Array, ridge: float, constant: bool = True
) -> tuple[Array, Array]:
    """Return coefficients (n, k) and constants (k,) of the weighted ridge least squares fit.

    Parameters
    ----------
    features, weights, values
        (m, n), (m,) and (m, k).
    ridge
        Share of the total weight, see `least_squares_readout`.
    constant
        Whether there are constants; otherwise they are 0.
    """
    from scipy.linalg import lstsq

    root = np.sqrt(weights)[:, None]
    count = features.shape[1]
    system = np.concatenate([features * root, root * bool(constant)], axis=1)
    right = values * root
    if ridge:
        penalty = sqrt(ridge * float(np.sum(weights))) * np.eye(count, count + 1)
        system = np.concatenate([system, penalty])
        right = np.concatenate([right, np.zeros((count, values.shape[1]))])
    solution: Any = lstsq(system, right, lapack_driver="gelsy", check_finite=False)[0]
    return np.asarray(solution[:-1]), np.asarray(solution[-1])


def checked_data(who: str, nodes: Any, weights: Any, values: Any) -> tuple[Array, Array, Array]:
    """Return nodes (m, d), weights (m,) and values (m, k) as float64.

    Raises
    ------
    UserError
        If they do not fit each other, are not finite, or a weight is below 0.
    """
    nodes, weights, values = (np.asarray(a, dtype=np.float64) for a in (nodes, weights, values))
    if values.ndim == 1:
        values = values[:, None]
    if (
        nodes.ndim != 2
        or not len(nodes)
        or weights.shape != (len(nodes),)
        or values.ndim != 2
        or len(values) != len(nodes)
    ):
        raise UserError(
            f"{who}: nodes {nodes.shape}, weights {weights.shape} and values {values.shape} do not fit; allowed: "
            "(m, d), (m,) and (m, k), m at least 1"
        )
    if not (np.isfinite(nodes).all() and np.isfinite(weights).all() and np.isfinite(values).all()):
        raise UserError(f"{who}: nodes, weights and values must be finite")
    if (weights < 0).any():
        raise UserError(f"{who}: the smallest weight is {weights.min()}; allowed: 0 or more")
    return nodes, weights, values


def check_ridge(who: str, ridge: float) -> None:
    """Refuse what is no ridge parameter.

    Raises
    ------
    UserError
        If it is negative or not finite.
    """
    if not (ridge >= 0 and isfinite(ridge)):
        raise UserError(f"{who}: ridge is {ridge}; allowed: finite numbers from 0 on")
