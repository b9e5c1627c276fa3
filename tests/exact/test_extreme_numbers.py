"""Numbers beyond or at the edge of float64's range are decided exactly, not taken for zero."""

import warnings
from fractions import Fraction
from math import inf

import pytest

from ratelab.exact import count_pieces, distance, piecewise_linear
from ratelab.networks import Network, power, resolve

TINY = Fraction(1, 10**400)
EPS = 2.0**-60


@pytest.mark.parametrize(
    ("weights", "biases", "pieces"),
    [
        ([[[TINY]], [[1]]], [[-1], [0]], 2),
        ([[[1], [1]], [[1, -1 - TINY]]], [[0, 0], [0]], 2),
        ([[[1], [1]], [[1, TINY]]], [[-1, 0], [0]], 3),
        ([[[TINY], [1]], [[1, 1]]], [[-1, 0], [0]], 3),
        ([[[10**400], [1]], [[1, 1]]], [[-1, 0], [0]], 3),
    ],
)
def test_rational_weights_that_floats_cannot_hold_are_counted(weights, biases, pieces):
    found = count_pieces(Network.dense(weights, biases).rational())
    assert found == pieces and found.certain


@pytest.mark.parametrize("definition", ["pieces", "cells", "maps"])
def test_huge_and_tiny_float_weights_raise_no_warning(definition):
    network = Network.dense(
        [[[1e300, 1.0], [1e-300, 2.0], [1.0, 1e300]], [[1e300, 1e-300, 1.0]]], [[1, 1, 1], [0]]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert count_pieces(network, None, definition) == 7


@pytest.mark.parametrize(
    ("weights", "biases", "activation", "domain"),
    [
        (
            [[[-1 - 2**-52]], [[-1.0], [-1 - 2**-52], [-1 - 2**-52]], [[EPS, 1 - 2**-53, EPS]]],
            [[1.0], [EPS, -1 - 2**-52, -1.0], [1 - 2**-53]], "prelu(slope=-0.5)", ((0, 1),),
        ),
        ([[[1.0], [-1 - 2**-52]], [[1 + 2**-52, 1 - 2**-53]]], [[1 + 2**-52, 1.0], [1.0]], "relu", ((-1, 1),)),
        (
            [[[-1.0], [EPS]], [[1 + 2**-52, -1 - 2**-52], [0, 0]]], [[1, 1 - 2**-53], [1, -1 - 2**-52]], "relu", None,
        ),
    ],
)  # fmt: skip
def test_kinks_that_rounding_would_merge_are_kept_in_rationals(weights, biases, activation, domain):
    network = Network.dense(weights, biases, resolve(activation))
    assert piecewise_linear(network, domain).pieces == count_pieces(network, domain)
    assert piecewise_linear(network, domain, arithmetic="float").pieces >= 1


def test_irrational_breakpoints_leave_a_proper_enclosure():
    bent = Network.dense([[[1.0]], [[1.0]], [[1.0]]], [[0.0], [-0.5], [0.0]], [[power(2)], [power(1)]])
    zero = Network.dense([[[0]]], [[0]])
    assert distance(bent, zero, inf).power == Fraction(1, 2)
    assert 0 <= distance(bent, bent, inf).lower <= distance(bent, bent, inf).upper < 1e-90


@pytest.mark.parametrize("p", [1, 2, 3])
def test_what_happens_within_an_unresolved_interval_is_not_lost(p):
    eps = Fraction(1, 10**100)
    biases = [[0], [Fraction(-1, 2), Fraction(-1, 2) - eps, Fraction(-1, 2) - 2 * eps], [0]]
    hat = Network.dense([[[1]], [[1]] * 3, [[1, -2, 1]]], biases, [[power(2)], [power(1)] * 3])
    found = distance(hat, Network.dense([[[0]]], [[0]]), p)
    # the hat has height eps, its base a width of about 1.4 eps around the root of one half
    assert found.lower <= float(eps) * (0.5 * 1.4 * float(eps)) ** (1 / p) and found.upper > 0
    assert found.upper >= float(eps) * (0.7 * float(eps) / (p + 1)) ** (1 / p)


@pytest.mark.parametrize("p", [1.1, 2.5, 7.25])
def test_fractional_powers_of_a_residual_that_vanishes_at_an_end(p):
    network = Network.dense([[[1]], [[1]]], [[Fraction(-1, 3)], [0]], [[power(2)]])
    found = distance(network, Network.dense([[[0]]], [[0]]), p)
    closed = ((2 / 3) ** (2 * p + 1) / (2 * p + 1)) ** (1 / p)
    assert found.lower <= closed * (1 + 1e-14) and closed * (1 - 1e-14) <= found.upper
    assert found.upper - found.lower < 1e-14


@pytest.mark.parametrize("p", [1, 2, 2.5, inf])
def test_distances_beyond_float64_are_enclosed(p):
    found = distance(Network.dense([[[Fraction(10) ** 400]]], [[0]]), Network.dense([[[0]]], [[0]]), p)
    assert found.lower > 1e308 and found.upper == inf


@pytest.mark.parametrize("inputs", [1, 2, 3])
@pytest.mark.parametrize("definition", ["pieces", "cells", "maps"])
def test_products_that_underflow_are_counted_exactly(inputs, definition):
    row = [[1.0] + [0.0] * (inputs - 1)]
    small = Network.dense([[[1e-165] + [0.0] * (inputs - 1)], [[1e-165]]], [[0.0], [0.0]])
    assert count_pieces(small, None, definition) == count_pieces(small, None, definition, "rational") == 2
    leaky = Network.dense(
        [row, [[1.0]], [[1.0]], [[1.0]]], [[0.0], [-1.0], [-1.0], [0.0]], resolve("prelu(slope=1e-170)")
    )
    found = count_pieces(leaky, None, definition)
    assert found == count_pieces(leaky, None, definition, "rational") == 4 and found.certain
    floats = count_pieces(leaky, None, definition, "float")
    assert floats == 4 or not floats.certain
