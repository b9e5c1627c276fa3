"""Proofs that a piecewise polynomial network with one hidden layer has an unbounded support."""

from fractions import Fraction
from math import ceil
from typing import Any

from ratelab.networks import Network, fraction


def unbounded_along(network: Network) -> tuple[int, ...] | None:
    """Return a point that proves an unbounded support, or None if none is found.

    On a ray from the origin along a positive or negative axis a network with one hidden layer of piecewise polynomial
    activations, pooled or not, is one polynomial beyond the last breakpoint of its neurons. If it is not 0 at one point
    there, in rational arithmetic, the polynomial is not the zero polynomial, so the network is non-zero at all but
    finitely many points of an unbounded ray. Hence no cube holds its support.

    Parameters
    ----------
    network
        Any; None for those with other activations or more hidden layers.
    """
    if network.depth != 2 or any(a.polynomial is None for a in network.layers[0].activations):
        return None
    exact = network.rational()
    hidden = exact.layers[0]
    for axis in range(network.inputs):
        slopes = [fraction(value) for value in hidden.weight[:, axis]]
        for sign in (1, -1):
            beyond = Fraction(0)
            for slope, bias, activation in zip(slopes, hidden.bias, hidden.activations, strict=True):
                if slope:
                    assert activation.polynomial is not None
                    places = [
                        (knot - fraction(bias)) / (sign * slope) for knot in activation.polynomial.knots
                    ]
                    beyond = max([beyond, *places])
            point = [0] * network.inputs
            point[axis] = sign * (ceil(beyond) + 1)
            values: Any = exact([[Fraction(x) for x in point]])
            if any(bool(value) for value in values[0]):
                return tuple(point)
    return None
