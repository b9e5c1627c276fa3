"""Neuron exchange: insert a neuron where the residual is largest, delete the one that is missed least.

Gradient methods cannot carry a knot across its neighbours, and a knot that has left the domain gets no
gradient at all. The exchange does both, for any activation and dimension; it is the knot exchange of
free-knot splines, with the insertion rule of orthogonal matching pursuit and the deletion rule of backward
elimination.
"""

import numpy as np
from numpy.typing import NDArray

from ratelab.registry import Activation
from ratelab.training._elementwise import values
from ratelab.training._initial import hidden_rows
from ratelab.training._projection import RIDGE, solve
from ratelab.training._stack import Data, Pass, Shape

Array = NDArray[np.float64]

CANDIDATES = 64, 8
"""Neurons weighed in the first exchange and in those after a failure."""


def exchange(
    shape: Shape,
    parameters: Array,
    data: Data,
    activation: Activation,
    domain: tuple[tuple[float, float], ...],
    random: np.random.Generator,
    attempt: int,
) -> Array:
    """Return the network's parameters (P,) with one neuron of the last hidden layer replaced.

    Parameters
    ----------
    parameters
        (P,), with a solved output layer.
    attempt
        How many exchanges from these parameters failed before: the more, the more is left to chance.
    """
    level = shape.hidden - 1
    layer = shape.layout.layers[level]
    neurons = np.flatnonzero(~layer.linear)
    part = Pass([(shape, parameters[None])], data, activation).forward().parts[0]
    root = np.sqrt(data.weights)
    residual = root * (part.output[0] - data.values)
    candidates, columns = _candidates(
        shape, parameters, data, activation, domain, random, attempt, part.reads[level], residual
    )
    if len(columns) == 0:
        return parameters
    design = np.concatenate([part.reads[-1][0], np.ones((1, len(root)))]) * root
    basis = solve(design[None], residual[:1])[1].basis(np.zeros(1, np.intp))[0]
    rest = columns - (columns @ basis) @ basis.T
    length = np.sum(rest * rest, axis=1)
    useful = length > 1e-16 * np.sum(columns * columns, axis=1)
    gain = np.sum((rest @ residual.T) ** 2, axis=1) / np.where(useful, length, 1.0)
    chosen = int(np.argmax(np.where(useful, gain, -1.0)))
    costs = _deletion_costs(np.concatenate([design, columns[chosen : chosen + 1]]), root * data.values)
    cheapest = neurons[np.argsort(costs[neurons], kind="stable")]
    deleted = cheapest[int(random.integers(0, min(attempt + 1, len(cheapest))))]
    result = parameters.copy()
    blocks = [block[0] for block in shape.blocks(result[None])]
    mask = np.append(layer.free[deleted], layer.free_bias[deleted])
    blocks[level][deleted] = np.where(mask, candidates[chosen], blocks[level][deleted])
    return shape.flat(blocks)


def _candidates(
    shape: Shape,
    parameters: Array,
    data: Data,
    activation: Activation,
    domain: tuple[tuple[float, float], ...],
    random: np.random.Generator,
    attempt: int,
    read: Array,
    residual: Array,
) -> tuple[Array, Array]:
    """Return rows of weights and bias (c, in + 1) and √weights · activation at the nodes (c, m).

    Half of them are 0 at nodes drawn by the squared residual, half at nodes drawn evenly.
    """
    level = shape.hidden - 1
    layer = shape.layout.layers[level]
    pattern = np.flatnonzero(~layer.linear)[0]
    mask = np.append(layer.free[pattern], layer.free_bias[pattern])
    count = CANDIDATES[attempt > 0]
    share = np.sum(residual * residual, axis=0)
    real = np.flatnonzero(data.weights > 0)
    if not len(real) or not share.sum() > 0:
        return np.empty((0, len(mask))), np.empty((0, data.points.shape[1]))
    even = np.linspace(0.0, 1.0, len(real) + 1)[1:]
    tall = np.cumsum(share[real]) / share.sum()
    draws = random.uniform(0.0, 1.0, count)
    half = count // 2
    places = np.append(np.searchsorted(tall, draws[:half]), np.searchsorted(even, draws[half:]))
    nodes = real[np.minimum(places, len(real) - 1)]
    rows = hidden_rows(
        [block[0] for block in shape.blocks(parameters[None])[:level]],
        shape.layout,
        level,
        activation,
        domain,
        random.standard_normal((count, len(mask) - 1)),
        data.points[:-1, nodes].T,
        random.uniform(0.0, 1.0, count),
    )
    rows = rows * mask
    reads = read if read.ndim == 2 else np.concatenate([read[0], np.ones((1, read.shape[2]))])
    return rows, values(activation, rows @ reads) * np.sqrt(data.weights)


def _deletion_costs(design: Array, targets: Array) -> Array:
    """Return how much the sum of squares grows when a row of `design` is deleted and the rest refitted."""
    length = np.sqrt(np.sum(design * design, axis=1))
    scaled = design / np.where(length > 0, length, 1.0)[:, None]
    columns = len(scaled)
    matrix = np.concatenate([scaled.T, RIDGE * np.eye(columns)])
    q, r = np.linalg.qr(matrix)
    inverse = np.linalg.solve(r, np.eye(columns))
    coefficients = inverse @ (q[: scaled.shape[1]].T @ targets.T)
    cost: Array = np.sum(coefficients**2, axis=1) / np.sum(inverse**2, axis=1)
    return cost
