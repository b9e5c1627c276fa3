"""Two hidden layers interpolate as many samples as stated, and are linear where they should be."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import UserError
from ratelab.networks._interpolation import interpolating_network, interpolation_widths

RATIONALS = st.fractions(-3, 3, max_denominator=12)


def _samples(draw, most=18):
    gaps = draw(st.lists(st.fractions(Fraction(1, 9), 2, max_denominator=9), min_size=1, max_size=most))
    start = draw(RATIONALS)
    x = [start + sum(gaps[:i], Fraction(0)) for i in range(len(gaps) + 1)]
    return x, draw(st.lists(RATIONALS, min_size=len(x), max_size=len(x)))


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(0, 4))
def test_rational_samples_are_interpolated_exactly_within_the_stated_widths(data, kinks):
    x, y = _samples(data.draw)
    network = interpolating_network(x, y, kinks)
    first, second = interpolation_widths(len(x), kinks)
    assert network.exact
    assert network.depth == 3
    assert network.widths[0] <= first
    assert network.widths[1] <= second
    values = network([[t] for t in x])
    assert [row[0] for row in values] == y


@settings(max_examples=40, deadline=None)
@given(st.data(), st.integers(0, 3))
def test_between_neighbours_the_network_is_linear_outside_the_gaps(data, kinks):
    x, y = _samples(data.draw)
    network = interpolating_network(x, y, kinks)
    for i, (a, b) in enumerate(zip(x, x[1:], strict=False)):
        if (i + 1) % (kinks + 2) == 0:
            continue  # a gap
        for share in (Fraction(1, 7), Fraction(1, 2), Fraction(5, 6)):
            ((value,),) = network([[a + share * (b - a)]])
            assert value == y[i] + share * (y[i + 1] - y[i])


@pytest.mark.parametrize(("m", "n"), [(1, 0), (2, 1), (3, 4), (5, 3)])
def test_widths_2m_and_2n_plus_1_interpolate_m_times_n_plus_2_intervals(m, n):
    samples = m * (n + 2) + 1
    assert interpolation_widths(samples, n) == (2 * m, 2 * n + 1)
    assert interpolation_widths(samples + 1, n)[0] > 2 * m
    random = np.random.default_rng(m)
    y = [Fraction(int(v), 7) for v in random.integers(-20, 20, samples)]
    network = interpolating_network(list(range(samples)), y, n)
    assert network.widths[0] == 2 * m
    assert network.widths[1] <= 2 * n + 1


def test_a_convex_function_needs_one_neuron_per_kink_only():
    x = [Fraction(i, 16) for i in range(17)]
    network = interpolating_network(x, [t * t for t in x], 6)
    assert network.widths == (4, 7)
    assert interpolation_widths(17, 6) == (4, 13)


def test_float_samples_give_a_float_network():
    x = np.linspace(0.0, 1.0, 21)
    network = interpolating_network([float(t) for t in x], [float(np.exp(t)) for t in x], 3)
    assert not network.exact
    np.testing.assert_allclose(network(x[:, None])[:, 0], np.exp(x), atol=1e-12)


@pytest.mark.parametrize(
    ("x", "y", "kinks", "message"),
    [
        ([0], [1], 1, "samples are 1"),
        ([0, 1], [1], 1, "2 places and 1 values"),
        ([0, 0], [1, 2], 1, "do not increase"),
        ([0, 1], [1, 2], -1, "kinks is -1"),
    ],
)
def test_wrong_samples_are_refused(x, y, kinks, message):
    with pytest.raises(UserError, match=message):
        interpolating_network(x, y, kinks)
