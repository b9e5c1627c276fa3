"""A network written into a larger shape, its idle neurons woken, all of it pushed a little."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from ratelab.networks import Network
from ratelab.registry import Activation
from ratelab.training._elementwise import forward_rows
from ratelab.training._polish_descent import Samples, coordinates
from ratelab.training._stack import Shape

Array = NDArray[np.float64]


def embed(start: Network, shape: Shape, activation: Activation) -> Array | None:
    """Return the parameters (P,) of the same function in the shape, or None if it does not fit.

    Neurons keep their order and go to the first places of their activation in each layer; the rows and
    columns of places that stay empty are zero, but for what the layout fixes.
    """
    layers = shape.layout.layers
    widths = shape.layout.widths
    if start.depth != len(layers) or start.inputs != widths[0] or start.outputs != widths[-1]:
        return None
    blocks: list[Array] = []
    before = np.arange(start.inputs)
    for index, (layer, given) in enumerate(zip(layers, start.float64().layers, strict=True)):
        places: NDArray[np.intp] | None = np.arange(given.neurons)
        if index < len(layers) - 1:
            places = _places(layer.activations(activation), given.activations)
        if places is None or given.pooled:
            return None
        rows = np.zeros((given.neurons, layer.free.shape[1]))
        rows[:, before] = given.matrix
        fits = layer.free[places] | (rows == layer.fixed[places])
        if not fits.all() or not (layer.free_bias[places] | (given.bias == 0)).all():
            return None
        block = np.concatenate([layer.fixed, np.zeros((len(layer.linear), 1))], axis=1)
        block[places, :-1], block[places, -1] = rows, given.bias
        blocks.append(block)
        before = places
    return shape.flat(blocks)


def woken(
    shape: Shape, parameters: Array, samples: Samples, activation: Activation, random: np.random.Generator
) -> Array:
    """Return the same function with a kink inside the domain for every hidden neuron whose weights are all zero.

    Nothing reads these neurons yet: their rows are random directions, zero at the value of a random node.
    """
    result = parameters[None].copy()
    reads = samples.points
    for level, block in enumerate(shape.blocks(result)):
        if level == shape.hidden:
            break
        layer, rows = shape.layout.layers[level], block[0]
        idle = ~layer.linear & ~rows[:, :-1].any(axis=1) & layer.free.any(axis=1) & layer.free_bias
        readers = shape.blocks(result)[level + 1][0][:, :-1]
        directions = random.standard_normal(rows.shape)
        nodes = random.integers(0, reads.shape[1], len(rows))
        triangle = coordinates(np.concatenate([reads, np.ones((1, reads.shape[1]))]))
        drawn = solve_triangular(triangle, directions.T).T[:, :-1]
        for i in np.flatnonzero(idle & ~readers.any(axis=0)):
            rows[i, :-1] = np.where(layer.free[i], drawn[i], 0.0)
            rows[i, :-1] /= np.linalg.norm(rows[i, :-1]) or 1.0
            rows[i, -1] = -(rows[i, :-1] @ reads[:, nodes[i]])
        reads = _values(shape, level, rows, reads, activation)
    return np.asarray(result[0])


def pushed(
    shape: Shape,
    parameters: Array,
    samples: Samples,
    activation: Activation,
    size: float,
    random: np.random.Generator,
) -> Array:
    """Return a nearby network: the pre-activation of each hidden neuron changed by that share of its own size.

    Of several hidden layers the first keeps its weights: its kinks may crowd, and a share of the whole domain is then
    a long way.
    """
    result = parameters[None].copy()
    reads = samples.points
    for level, block in enumerate(shape.blocks(result)):
        if level == shape.hidden:
            break
        layer, rows = shape.layout.layers[level], block[0]
        triangle = coordinates(np.concatenate([reads, np.ones((1, reads.shape[1]))]))
        own = np.linalg.norm(rows @ triangle.T, axis=1, keepdims=True)
        noise = random.standard_normal(rows.shape) / np.sqrt(rows.shape[1])
        own[:] *= size if level > 0 or shape.hidden == 1 else 0.0
        change = own * solve_triangular(triangle, noise.T).T
        rows[:, :-1] += np.where(layer.free, change[:, :-1], 0.0)
        rows[:, -1] += np.where(layer.free_bias, change[:, -1], 0.0)
        reads = _values(shape, level, rows, reads, activation)
    return np.asarray(result[0])


def _places(there: Sequence[Activation], given: Sequence[Activation]) -> NDArray[np.intp] | None:
    """Return where the given neurons go among the places of a layer, or None if they are too many or of other kinds."""
    kinds, names = (np.array([a.name for a in activations]) for activations in (given, there))
    places = np.empty(len(kinds), dtype=np.intp)
    for kind in np.unique(kinds):
        room, wanted = np.flatnonzero(names == kind), np.flatnonzero(kinds == kind)
        if len(wanted) > len(room):
            return None
        places[wanted] = room[: len(wanted)]
    return places


def _values(shape: Shape, level: int, rows: Array, reads: Array, activation: Activation) -> Array:
    before = np.ascontiguousarray(rows[:, :-1] @ reads + rows[:, -1:])
    return forward_rows(activation, before, shape.linear[level], shape.others[level])[0]
