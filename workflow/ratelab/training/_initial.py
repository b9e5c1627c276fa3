"""Initial weights: every hidden neuron's kink passes through a random point of the domain."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks import Layout
from ratelab.networks._evaluate import pool
from ratelab.networks._layout import grades_of
from ratelab.registry import Activation
from ratelab.training._elementwise import BLOCK, values
from ratelab.training._generator import generator

Array = NDArray[np.float64]
Initial = Literal["domain", "standard"]

_STEEPEST = 4.0


def initial_weights(
    layout: Layout,
    seed: int,
    activation: Activation,
    domain: tuple[tuple[float, float], ...],
    method: Initial = "domain",
) -> list[Array]:
    """Return one block (out, in + 1) per layer, the bias in the last column.

    The random numbers depend on the layout's key and the seed only, so that networks of one comparison (other
    activations, other targets) start from the same numbers.

    Parameters
    ----------
    method
        ``domain``: a hidden neuron gets a random direction and a bias such that it is 0 at a random point
        of the domain, propagated through the layers before it; its slope is 1 to 4 over the spread of what
        it reads (half the domain's length in the first layer). The last layer, and with ``standard`` all
        layers: weights and biases uniform in ±1/√fan-in, as common tools do.
    """
    random = generator("initial", layout.key, seed)
    lower, upper = np.array(domain, dtype=np.float64).T
    last = layout.depth - 1
    blocks: list[Array] = []
    for index, layer in enumerate(layout.layers):
        out, fan_in = layer.free.shape
        uniform = random.uniform(-1.0, 1.0, (out, fan_in + 1))
        direction = random.standard_normal((out, fan_in))
        places = random.uniform(0.0, 1.0, (out, len(domain)))
        steep = np.asarray(random.uniform(0.0, 1.0, out))
        block = uniform / np.sqrt(max(fan_in - len(_sums(layout, index)), 1))
        if method == "domain" and index < last:
            rows = ~layer.linear
            drawn = hidden_rows(
                blocks, layout, index, activation, domain, direction, lower + places * (upper - lower), steep
            )
            block[rows] = drawn[rows]
        blocks.append(_masked(block, layout, index))
    return blocks


def hidden_rows(
    blocks: list[Array],
    layout: Layout,
    index: int,
    activation: Activation,
    domain: tuple[tuple[float, float], ...],
    direction: Array,
    points: Array,
    steep: Array,
) -> Array:
    """Return neurons (rows of weights and bias) for layer `index` that are 0 at given points of the domain.

    In a layout of grades they do not read the sums of heads.

    Parameters
    ----------
    blocks
        Layers before `index`.
    direction
        (rows, in) normal vectors, whose length is replaced.
    points
        (rows, d) points of the domain where each neuron is 0.
    steep
        (rows,) in [0, 1]: from the gentlest to the steepest.
    """
    lower, upper = np.array(domain, dtype=np.float64).T
    read = _propagate(blocks, layout, activation, points)
    if index == 0:
        spread = (upper - lower) / 2
    else:
        corner = generator("spread", len(domain)).uniform(0.0, 1.0, (BLOCK, len(domain)))
        spread = _propagate(blocks, layout, activation, lower + corner * (upper - lower)).std(axis=0)
        spread = np.where(spread > 0, spread, 1.0)
    scaled = direction / spread
    if direction.shape[1] == 1:
        scaled = np.sign(direction) / spread
    scaled[:, _sums(layout, index)] = 0.0
    length = np.sqrt(np.sum((scaled * spread) ** 2, axis=1))
    steepness = _STEEPEST**steep
    scaled = scaled * (steepness / np.where(length > 0, length, 1.0))[:, None]
    return np.concatenate([scaled, -np.sum(scaled * read, axis=1)[:, None]], axis=1)


def _sums(layout: Layout, index: int) -> NDArray[np.intp]:
    """Return the columns of layer `index` that are sums of heads, none in a layout without grades."""
    linear = np.flatnonzero(layout.layers[index - 1].linear) if index else np.zeros(0, np.intp)
    if len(linear):
        try:
            grades_of(layout)
        except UserError:
            return linear[:0]
    return linear


def _propagate(blocks: list[Array], layout: Layout, activation: Activation, points: Array) -> Array:
    """Return what the layer after `blocks` reads at the points, (points, in)."""
    count = len(points)
    padded = np.concatenate([points, np.repeat(points[-1:], -count % BLOCK, axis=0)])
    value = padded.T
    for block, layer in zip(blocks, layout.layers, strict=False):
        pre = np.einsum("ij,jm->im", block[:, :-1], value) + block[:, -1:]
        value = np.where(layer.linear[:, None], pre, values(activation, pre))
        for other, mask in layer.others:
            value[mask] = values(other, np.ascontiguousarray(pre[mask]))
        if layer.pooled:
            value = pool(value)
    return np.ascontiguousarray(value.T[:count])


def _masked(block: Array, layout: Layout, index: int) -> Array:
    layer = layout.layers[index]
    weight = np.where(layer.free, block[:, :-1], layer.fixed)
    bias = np.where(layer.free_bias, block[:, -1], 0.0)
    return np.concatenate([weight, bias[:, None]], axis=1)
