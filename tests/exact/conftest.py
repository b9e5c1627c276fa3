"""Random instances that several modules use."""

from fractions import Fraction

import pytest

from ratelab.networks import Network


def _random_network(random, widths, degenerate):
    """Rational weights, or integers from -2 to 2, which make walls coincide and neurons die."""

    def number():
        if degenerate:
            return Fraction(random.randint(-2, 2))
        return Fraction(random.randint(-9, 9), random.choice([1, 2, 3, 5]))

    pairs = list(zip(widths[:-1], widths[1:], strict=True))
    return Network.dense(
        [[[number() for _ in range(i)] for _ in range(o)] for i, o in pairs],
        [[number() for _ in range(o)] for _, o in pairs],
    )


@pytest.fixture(name="random_network")
def random_network_fixture():
    """Makes a network from random.Random, widths and whether it is degenerate."""
    return _random_network
