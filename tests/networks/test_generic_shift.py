"""Shifts that a network cannot cancel on an open set."""

from fractions import Fraction
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import UserError
from ratelab.networks import Layer, Network
from ratelab.networks._generic_shift import generic_shift
from ratelab.networks._tensor_hats import tensor_hats


def odd_part(value):
    while value % 2 == 0:
        value //= 2
    return value


def float_network(generator, widths=(2, 3, 1), scale=1.0):
    weights = [generator.normal(size=(b, a)) * scale for a, b in zip(widths, widths[1:], strict=False)]
    return Network.dense(weights, [generator.normal(size=b) for b in widths[1:]])


@given(st.fractions(min_value=Fraction(1, 10**6), max_value=10**6))
def test_float64_networks_get_the_largest_third_of_a_power_of_two(size):
    shift = generic_shift(float_network(np.random.default_rng(0)), size)
    assert shift <= size < 2 * shift
    assert odd_part(shift.denominator) == 3 and odd_part(shift.numerator) == 1


@settings(max_examples=30)
@given(st.lists(st.sampled_from([2, 3, 4, 5, 7, 9, 11, 15, 49]), min_size=1, max_size=6))
def test_the_prime_divides_no_denominator(denominators):
    weights = [[Fraction(1, q)] for q in denominators]
    network = Network.dense([weights, [[1] * len(weights)]], [[0] * len(weights), [0]])
    prime = odd_part(generic_shift(network, Fraction(1, 10)).denominator)
    assert prod(denominators) % prime and prime > 1
    assert all(prod(denominators) % q == 0 for q in (3, 5, 7, 11) if q < prime)


def test_coefficients_of_activations_count():
    leaky = Network.dense([[[1.0]], [[1.0]]], [[0.0], [0.0]], "prelu(slope=1/3)")
    assert odd_part(generic_shift(leaky, 1).denominator) == 5
    with pytest.raises(UserError, match="denominator 3"):
        generic_shift(leaky, 1, "dyadic")


def test_numbers_of_the_ring_can_be_cancelled_and_the_shift_cannot():
    """ρ(2x) − ρ(2x − 1) − 3/8 is −3/8 and 5/8 on half-lines: multiples of 1/8, like all such values."""
    network = Network.dense([[[2], [2]], [[1, -1]]], [[0, -1], [Fraction(-3, 8)]])
    half_lines = {v for (v,) in network([[Fraction(-5)], [Fraction(-6)], [Fraction(7)]])}
    assert half_lines == {Fraction(-3, 8), Fraction(5, 8)}
    shift = generic_shift(network, Fraction(1, 2), "dyadic")
    assert shift == Fraction(1, 16)
    assert all((v / (2 * shift)).denominator == 1 and v + shift for v in half_lines)
    assert generic_shift(network, Fraction(1, 2)) == Fraction(1, 3)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), pooled=st.booleans())
def test_values_at_the_origin_are_coarser_than_the_dyadic_shift(seed, pooled):
    """g(0) is the constant coefficient of the polynomial of a piece that holds 0."""
    generator = np.random.default_rng(seed)
    weights = [
        generator.integers(-31, 32, shape) / 2.0 ** generator.integers(0, 6)
        for shape in ((4, 2), (3, 2), (1, 3))
    ]
    if not pooled:
        weights[1] = generator.integers(-31, 32, (3, 4)) / 16
    biases = [generator.integers(-31, 32, len(w)) / 32 for w in weights]
    network = Network(
        [
            Layer(weights[0], biases[0], "relu2", pooled),
            Layer(weights[1], biases[1], "relu"),
            Layer(weights[2], biases[2], "identity"),
        ]
    )
    shift = generic_shift(network, 1, "dyadic")
    assert shift.numerator == 1 and odd_part(shift.denominator) == 1
    assert (network([[Fraction(0)] * 2])[0, 0] / (2 * shift)).denominator == 1


def test_the_dyadic_shift_is_a_float64_number_for_full_mantissas():
    network = float_network(np.random.default_rng(1), (3, 40, 1))
    shift = generic_shift(network, Fraction(1, 100), "dyadic")
    assert float(shift) == shift and Fraction(1, 2**200) < shift < Fraction(1, 2**60)
    hats = tensor_hats([[0, 0], [0, 1]], [0.5, 0.25], Fraction(1, 8))
    assert generic_shift(hats, 1, "dyadic") == Fraction(1, 8)


def test_what_is_no_piecewise_polynomial_or_too_deep_is_refused():
    with pytest.raises(UserError, match="tanh"):
        generic_shift(Network.dense([[[1.0]], [[1.0]]], [[0.0], [0.0]], "tanh"), 1)
    deep = float_network(np.random.default_rng(2), (1,) * 40, 2.0**-30)
    with pytest.raises(UserError, match="ratio"):
        generic_shift(deep, 1, "dyadic")
    with pytest.raises(UserError, match="size"):
        generic_shift(deep, 0)
    with pytest.raises(UserError, match="form"):
        generic_shift(deep, 1, "best")
