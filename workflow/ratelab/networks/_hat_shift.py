"""Constants added to the outputs of a network without rounding a weight."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from ratelab.networks import _matrix
from ratelab.networks._calculus import deepen
from ratelab.networks._calculus_blocks import affine_end, blank, side_by_side
from ratelab.networks._hat_layers import held
from ratelab.networks._layers import Layer
from ratelab.networks._network import Network
from ratelab.networks._numbers import exact_array, fraction, rational
from ratelab.networks._powers import power


def shifted(network: Network, amounts: Sequence[Fraction]) -> Network:
    """Return g + amounts, one number for each output; it ends in an affine map.

    Rational biases take any number. If float64 does not hold the sums, but the numbers themselves, these become weights
    of a constant neuron in the last hidden layer. Numbers that float64 does not hold make the network rational.
    """
    layers = affine_end(network.layers)
    if not any(amounts):
        return Network(layers)
    last = layers[-1]
    total = [fraction(rational(b)) + a for b, a in zip(last.bias, amounts, strict=True)]
    fits = all(map(held, total))
    if network.exact or fits or not all(map(held, amounts)):
        bias = np.array([float(t) for t in total]) if fits and not network.exact else exact_array(total)
        return Network([*layers[:-1], Layer(last.weight, bias, last.activations)])
    return with_constant(network, np.array([float(a) for a in amounts]))


def with_constant(network: Network, weights: Any) -> Network:
    """Return the network with one more neuron in the last hidden layer, of value 1, and its weights for outputs."""
    layers = affine_end(network.layers)
    if len(layers) == 1:
        layers = list(deepen(Network(layers), 2).layers)
    before, last = layers[-2:]
    one = Layer(blank(1, before.inputs, before.weight), np.ones(1), (power(1),))
    return Network(
        [
            *layers[:-2],
            side_by_side([before, one], shared=True),
            Layer(_matrix.block([[last.weight, weights[:, None]]]), last.bias, last.activations),
        ]
    )
