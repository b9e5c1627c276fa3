"""Random networks of every kind for the tests of the calculus."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from ratelab import Activation, Network
from ratelab.networks import Layer, identity, power
from ratelab.registry import PiecewisePolynomial

KINDS = ("dense", "sparse", "rational")


def leaky(slope: Fraction) -> Activation:
    pieces = PiecewisePolynomial((Fraction(0),), ((Fraction(0), slope), (Fraction(0), Fraction(1))))
    return Activation(
        f"leaky(slope={slope})",
        lambda x: x.where(x >= 0, float(slope) * x),
        regularity="piecewise polynomial",
        pieces=pieces,
    )


UNITS = (identity, power(1), power(2), leaky(Fraction(1, 4)))


def draw(
    seed: int,
    inputs: int = 2,
    outputs: int = 2,
    kind: str | None = None,
    units: tuple[Activation, ...] = UNITS,
    pooled: bool = True,
    depth: int | None = None,
) -> Network:
    """A network with small rational weights, about a third of them zero; kind and depth are drawn too if not given."""
    generator = np.random.default_rng(seed)
    kind = kind or KINDS[generator.integers(3)]
    depth = depth or int(generator.integers(1, 5))
    layers, reads = [], inputs
    for index in range(depth):
        last = index == depth - 1
        pool = pooled and bool(generator.random() < 0.25)
        rows = outputs if last else int(generator.integers(1, 5))
        if last and pool:
            rows = 2 * outputs - int(generator.integers(2))
        weight = generator.integers(-4, 5, (rows, reads)) * (generator.random((rows, reads)) < 0.7) / 4
        bias = generator.integers(-4, 5, rows) / 2
        if kind == "rational":
            exact = Network.dense([weight], [bias]).rational().layers[0]
            weight, bias = exact.weight, exact.bias
        elif kind == "sparse":
            weight = Network.sparse([weight], [bias]).layers[0].weight
        activations = tuple(identity if last else units[generator.integers(len(units))] for _ in range(rows))
        layers.append(Layer(weight, bias, activations, pool))
        reads = layers[-1].outputs
    return Network(layers)


@pytest.fixture(scope="session")
def random_network() -> Callable[..., Network]:
    return draw


@pytest.fixture(scope="session")
def leaky_unit() -> Activation:
    return UNITS[3]


@pytest.fixture(scope="session")
def points() -> Callable[[int], list[list[Fraction]]]:
    """A few rational points of a dimension, some of them integers, where activations have their knots."""

    def make(dimension: int) -> list[list[Fraction]]:
        generator = np.random.default_rng(7)
        numbers = generator.integers(-20, 21, (8, dimension))
        return [
            [Fraction(int(v), 4 if i % 2 else 1) / 3 ** (i > 5) for v in row] for i, row in enumerate(numbers)
        ]

    return make
