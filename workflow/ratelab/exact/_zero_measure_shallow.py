"""The measure of the zero set of a network with one hidden layer of one variable, by sorted sums of slopes.

Such a network is S·x + T between neighbouring knots of its neurons, and a knot changes S and T by what one neuron
contributes: with n neurons that takes O(n log n) rational operations, and the sums keep the denominators of the
weights, while values at the knots would gather those of all knots.
"""

from typing import Any

import numpy as np
from flint import fmpq

from ratelab.exact._linear_activation import linear_layers
from ratelab.networks import Network


def shallow_zeros(network: Network, low: fmpq, high: fmpq) -> fmpq:
    """Return the measure of {x ∈ [low, high] : f̂(x) = 0} of a network of depth 2, exactly.

    Parameters
    ----------
    network
        One input; one hidden layer, continuous and piecewise linear, without pooling.
    low, high
        low < high.
    """
    (pieces,) = linear_layers(network)
    hidden, last = network.rational().layers
    slope = np.full(last.neurons, fmpq(0), dtype=object)
    offset = np.array(list(last.bias), dtype=object)
    steps: list[tuple[fmpq, int, fmpq, fmpq]] = []
    for neuron, kind in enumerate(pieces):
        weight, bias = hidden.weight[neuron, 0], hidden.bias[neuron]
        start, end = weight * low + bias, weight * high + bias
        # right of `low`, at a knot, an increasing neuron is past it and a decreasing one is not yet
        index = sum((knot <= start) if weight > 0 else (knot < start) for knot in kind.knots)
        rate, constant = kind.slopes[index], kind.intercepts[index]
        slope = slope + last.weight[:, neuron] * (rate * weight)
        offset = offset + last.weight[:, neuron] * (rate * bias + constant)
        for place, knot in enumerate(kind.knots):
            if not min(start, end) < knot < max(start, end):
                continue
            sign = 1 if weight > 0 else -1
            more = sign * (kind.slopes[place + 1] - kind.slopes[place])
            jump = sign * (kind.intercepts[place + 1] - kind.intercepts[place])
            steps.append(((knot - bias) / weight, neuron, more * weight, more * bias + jump))
    total, before = fmpq(0), low
    for x, neuron, change, rise in sorted(steps, key=_place):
        if x > before:
            if not (slope.any() or offset.any()):
                total += x - before
            before = x
        column = last.weight[:, neuron]
        slope, offset = slope + column * change, offset + column * rise
    return total if slope.any() or offset.any() else total + (high - before)


def _place(step: tuple[Any, ...]) -> Any:
    return step[0]
