"""Pieces of trained networks, and how many a network of that shape can have."""

from collections.abc import Sequence
from math import nan, prod

from ratelab import exact
from ratelab.networks import Layout, Network
from ratelab.registry import Activation, Target


def countable(activations: Sequence[Activation], target: Target) -> bool:
    """Return whether pieces are counted: one variable, one activation, continuous and piecewise linear."""
    if len(activations) > 1 or target.dimension != 1 or activations[0].polynomial is None:
        return False
    polynomial = activations[0].polynomial
    jumps = [polynomial.jumps(index)[0] for index in range(len(polynomial.knots))]
    return polynomial.degree <= 1 and not any(jumps)


def measured(network: Network | None, target: Target) -> float:
    """Return the exact number of maximal affine pieces on the target's domain; NaN where there is no network."""
    if network is None:
        return nan
    return float(exact.count_pieces(network, target.domain))


def most(layout: Layout, activation: Activation) -> float:
    """Return a bound for the pieces of a network of this shape: Π (1 + knots · neurons) over its hidden layers."""
    assert activation.polynomial is not None
    knots = len(activation.polynomial.knots)
    return float(prod(1 + knots * int((~layer.linear).sum()) for layer in layout.layers[:-1]))
