"""A smooth window: near 1 inside a box, near 0 outside, a product of increasing activations."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from ratelab._errors import UserError
from ratelab.networks._layers import Layer, resolve
from ratelab.networks._network import Network
from ratelab.networks._powers import identity
from ratelab.registry import Activation, Box, Registry
from ratelab.registry._shapes import finite_number

Number = int | float | Fraction


def smooth_window(
    box: Sequence[tuple[Number, Number]] | Box,
    steepness: Number,
    activation: str | Activation = "sigmoid",
    registry: Registry | None = None,
) -> Network:
    """Return Π_i σ(κ(x_i − a_i)) · σ(κ(b_i − x_i)), by 1 + ⌈log₂ d⌉ poolings.

    2d neurons with the activation, then identity neurons: depth 2 + ⌈log₂ d⌉. With an analytic activation the window is
    analytic, so its support is all of R^d whatever its size outside the box; floats may round it to 0 there.

    Parameters
    ----------
    box
        d pairs (a_i, b_i), a_i < b_i; or a `Box`.
    steepness
        κ > 0. If it and the box are integers or Fractions, the network is rational.
    activation, registry
        As for `Network.dense`: the logistic function by default.

    Raises
    ------
    UserError
        If an argument is not like this.
    """
    try:
        sides = [tuple(side) for side in (box.bounds if isinstance(box, Box) else box)]
    except TypeError:  # no sequence of pairs
        sides = []
    if not sides or any(len(s) != 2 or not all(map(finite_number, s)) or not s[0] < s[1] for s in sides):
        raise UserError(
            f"smooth_window: box is {box!r}; allowed: one pair (lower, upper) for each variable, lower below upper, "
            "or a Box"
        )
    if not (finite_number(steepness) and steepness > 0):
        raise UserError(f"smooth_window: steepness is {steepness!r}; allowed: positive finite numbers")
    dimension = len(sides)
    exact = all(isinstance(v, int | Fraction) for v in (steepness, *(v for side in sides for v in side)))
    kind: Any = Fraction if exact else float
    factor, zero = kind(steepness), kind(0)
    eye = [[factor if i == j else zero for j in range(dimension)] for i in range(dimension)]
    weight = eye + [[-v for v in row] for row in eye]
    bias = [-factor * kind(a) for a, _ in sides] + [factor * kind(b) for _, b in sides]
    layers = [Layer(weight, bias, (resolve(activation, registry),) * (2 * dimension), pooled=True)]
    while dimension > 1:
        layers.append(Layer(np.eye(dimension), np.zeros(dimension), (identity,) * dimension, pooled=True))
        dimension = layers[-1].outputs
    layers.append(Layer(np.eye(1), np.zeros(1), (identity,)))
    return Network(layers)
