"""Orthogonal greedy growth: one neuron of the last hidden layer after the other, each the best of a dictionary."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ratelab.registry import Activation
from ratelab.training._elementwise import homogeneity, values
from ratelab.training._initial import hidden_rows
from ratelab.training._stack import Data, Pass, Shape

Array = NDArray[np.float64]

_STEEPEST = 5
_ROUNDS, _NEAR = 4, 16
_DEPENDENT = 1e-14


@dataclass(frozen=True, eq=False)
class Growth:
    """Neurons of the last hidden layer, chosen one by one.

    Parameters
    ----------
    parameters
        (P,), its output layer not solved.
    order
        The neurons in the order in which they were placed.
    evaluations
        Work in units of nodes × connections of the whole network.
    cut
        Whether neurons are missing because the work did not suffice.
    """

    parameters: Array
    order: tuple[int, ...]
    evaluations: float
    cut: bool


class Dictionary:
    """Neurons that read the layers below the last hidden one, spread over the domain.

    In a first layer: unit directions (both signs in one variable, random ones otherwise), offsets at half of which
    the domain and at half of which the nodes are spread evenly, and steepness 1, 2, 4 … 16 over half the domain
    unless the activation is positively homogeneous. In later layers: random directions that bend at random nodes.

    Parameters
    ----------
    shape, parameters
        Of the network, (P,); its layers below the last hidden one are used.
    size
        Neurons in the dictionary.
    random
        Moves offsets and directions.
    """

    def __init__(
        self,
        shape: Shape,
        parameters: Array,
        data: Data,
        activation: Activation,
        domain: tuple[tuple[float, float], ...],
        size: int,
        random: np.random.Generator,
    ) -> None:
        self.shape, self.activation, self.random = shape, activation, random
        self.level = shape.hidden - 1
        layer = shape.layout.layers[self.level]
        pattern = np.flatnonzero(~layer.linear)[0]
        self.mask = np.append(layer.free[pattern], layer.free_bias[pattern])
        passed = Pass([(shape, parameters[None])], data, activation).forward().parts[0]
        read = passed.reads[self.level]
        self.reads = read if read.ndim == 2 else np.concatenate([read[0], np.ones((1, read.shape[2]))])
        self.root = np.sqrt(data.weights)
        self.straight = passed.reads[-1][0][shape.linear[self.level]]
        block, last = shape.blocks(parameters[None])[-1][0], shape.spans[-1]
        block = np.where(shape.free[last].reshape(block.shape), 0.0, block)
        everything = np.concatenate([passed.reads[-1][0], np.ones((1, len(self.root)))])
        self.fixed = block @ everything
        self.pure = homogeneity(activation) is not None
        self.spread = self._spread()
        self.rows = self._first(size) if self.level == 0 else self._later(size, parameters, data, domain)
        self.rows *= self.mask

    def columns(self, rows: Array) -> Array:
        """Return √weights · activation at the nodes, (c, m)."""
        return np.asarray(values(self.activation, rows @ self.reads) * self.root)

    def near(self, row: Array, radius: float) -> Array:
        """Return random neurons near one, (c, in + 1)."""
        width = len(row) - 1
        noise = self.random.standard_normal((_NEAR, width + 1)) * radius
        size = float(np.sqrt(np.sum((row[:-1] * self.spread) ** 2)))
        rows = np.repeat(row[None], _NEAR, axis=0)
        if width > 1:
            rows[:, :-1] += noise[:, :-1] * size / self.spread
        elif not self.pure:
            rows *= np.exp(noise[:, :1])
        rows[:, -1] += noise[:, -1] * size
        return np.asarray(rows * self.mask)

    def _spread(self) -> Array:
        real = self.reads[:-1, self.root > 0]
        half = 0.5 * (real.max(axis=1) - real.min(axis=1))
        return np.asarray(np.where(half > 0, half, 1.0))

    def _first(self, size: int) -> Array:
        real = self.reads[:-1, self.root > 0]
        dimension = len(real)
        steep = [1.0] if self.pure else [2.0**k for k in range(_STEEPEST)]
        both = 2 if dimension == 1 else 1
        count = max(size // (both * len(steep)), 8)
        places = (np.arange(count) + self.random.uniform(0.0, 1.0)) / count
        rows = []
        if dimension == 1:
            order = np.sort(real[0])
            even = order[0] + (order[-1] - order[0]) * places[::2]
            crowded = np.interp(places[1::2], np.linspace(0.0, 1.0, len(order)), order)
            offsets = np.concatenate([even, crowded])
            for sign in (1.0, -1.0):
                for s in steep:
                    w = sign * s / self.spread[0]
                    rows.append(np.stack([np.full(count, w), -w * offsets], axis=1))
            return np.concatenate(rows)
        for s in steep:
            direction = self.random.standard_normal((count, dimension))
            direction /= np.sqrt(np.sum(direction**2, axis=1))[:, None]
            scaled = direction * s / self.spread
            nodes = real[:, self.random.integers(0, real.shape[1], count)].T
            rows.append(np.concatenate([scaled, -np.sum(scaled * nodes, axis=1)[:, None]], axis=1))
        return np.concatenate(rows)

    def _later(
        self, size: int, parameters: Array, data: Data, domain: tuple[tuple[float, float], ...]
    ) -> Array:
        real = np.flatnonzero(data.weights > 0)
        nodes = real[self.random.integers(0, len(real), size)]
        return hidden_rows(
            [block[0] for block in self.shape.blocks(parameters[None])[: self.level]],
            self.shape.layout,
            self.level,
            self.activation,
            domain,
            self.random.standard_normal((size, len(self.mask) - 1)),
            data.points[:-1, nodes].T,
            self.random.uniform(0.0, 1.0, size),
        )


def grow(
    shape: Shape,
    parameters: Array,
    data: Data,
    activation: Activation,
    domain: tuple[tuple[float, float], ...],
    random: np.random.Generator,
    size: int,
    left: float = np.inf,
) -> Growth:
    """Return a network whose last hidden layer was grown neuron by neuron.

    Each new neuron is the one, of a dictionary and then of finer and finer draws near it, that lowers the loss most
    once all output weights are solved again. Identities of the layer are there from the beginning.

    Parameters
    ----------
    parameters
        (P,): the layers below are kept, and neurons that nothing is gained by.
    size
        Of the dictionary.
    left
        Evaluations that may be spent; no neuron is placed beyond.

    Notes
    -----
    Source: DeVore and Temlyakov 1996, the orthogonal greedy algorithm; Rebollo-Neira and Lowe 2002, its optimised
    choice; Siegel and Xu 2022, its rates for shallow networks.
    """
    dictionary = Dictionary(shape, parameters, data, activation, domain, size, random)
    result = parameters.copy()
    row_view = shape.blocks(result[None])[shape.hidden - 1][0]
    neurons = np.flatnonzero(~shape.layout.layers[shape.hidden - 1].linear)
    width = dictionary.rows.shape[1] - 1 + len(data.values)
    share = width / max(shape.layout.connections, 1)
    rest = dictionary.root * (data.values - dictionary.fixed)
    if not np.isfinite(rest).all():
        return Growth(result, (), 0.0, False)
    energy = float(np.sum(rest * rest))
    columns = dictionary.columns(dictionary.rows)
    columns[~np.isfinite(columns).all(axis=1)] = 0.0
    before = np.sum(columns * columns, axis=1)
    basis = np.empty((0, len(dictionary.root)))
    placed: list[int] = []
    spent, cut = 0.0, False
    for start in (dictionary.root, *(dictionary.straight * dictionary.root)):
        basis, columns, rest = _extend(basis, columns, rest, start)
    for neuron in neurons:
        price = share * (len(columns) + _ROUNDS * _NEAR)
        if float(np.sum(rest * rest)) <= 1e-28 * energy:
            break
        cut = spent + price > left
        if cut:
            break
        spent += price
        gain = _gain(columns, before, rest)
        chosen = int(np.argmax(gain))
        if not gain[chosen] > 0.0:
            break
        row, best = dictionary.rows[chosen], float(gain[chosen])
        radius = 4.0 / len(columns) if len(row) == 2 else 0.1
        for _ in range(_ROUNDS):
            rows = dictionary.near(row, radius)
            fresh = dictionary.columns(rows)
            fresh[~np.isfinite(fresh).all(axis=1)] = 0.0
            length = np.sum(fresh * fresh, axis=1)
            gains = _gain(_off(fresh, basis), length, rest)
            if gains.max() > best:
                best, row = float(gains.max()), rows[int(np.argmax(gains))]
            radius *= 0.4
        row_view[neuron] = np.where(dictionary.mask, row, row_view[neuron])
        placed.append(int(neuron))
        basis, columns, rest = _extend(basis, columns, rest, dictionary.columns(row[None])[0])
    return Growth(result, tuple(placed), spent, cut)


def _gain(columns: Array, before: Array, rest: Array) -> Array:
    """Return how much the sum of squares falls with each column, given without its part in the basis."""
    length = np.sum(columns * columns, axis=1)
    useful = length > _DEPENDENT * before
    return np.asarray(
        np.where(useful, np.sum((columns @ rest.T) ** 2, axis=1) / np.where(useful, length, 1.0), 0.0)
    )


def _off(columns: Array, basis: Array) -> Array:
    """Return the columns without their part in the basis."""
    for _ in range(2):
        columns = columns - (columns @ basis.T) @ basis
    return columns


def _extend(basis: Array, columns: Array, rest: Array, new: Array) -> tuple[Array, Array, Array]:
    """Add a direction to the basis and take it out of columns and residual."""
    direction = _off(new[None], basis)[0]
    length = float(np.sqrt(np.sum(direction * direction)))
    if not length > 1e-12 * float(np.sqrt(np.sum(new * new))):
        return basis, columns, rest
    direction = direction / length
    columns -= (columns @ direction)[:, None] * direction
    rest = rest - (rest @ direction)[:, None] * direction
    return np.concatenate([basis, direction[None]]), columns, rest
