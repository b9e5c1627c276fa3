"""Polynomials as networks of identity neurons and poolings."""

from fractions import Fraction
from itertools import product
from math import ceil, comb, log2

import numpy as np
import pytest
from flint import arb
from numpy.polynomial import chebyshev

from ratelab import UserError
from ratelab.networks import Layer, Network, identity
from ratelab.training._polynomial_regressor import chebyshev_layers, polynomial_regressor


def _design(x, degree, domain):
    """Chebyshev products of total degree at most `degree`, by numpy."""
    t = [(2 * x[:, i] - a - b) / (b - a) for i, (a, b) in enumerate(domain)]
    columns = [chebyshev.chebvander(v, degree) for v in t]
    powers = [p for p in product(range(degree + 1), repeat=len(domain)) if sum(p) <= degree]
    return np.stack(
        [np.prod([c[:, k] for c, k in zip(columns, p, strict=True)], axis=0) for p in powers], axis=1
    )


CASES = [(1, n) for n in (0, 1, 2, 3, 6, 17, 64)] + [(2, n) for n in (0, 1, 2, 5, 12)]
CASES += [(3, n) for n in (1, 2, 3, 6)]


@pytest.mark.parametrize(("d", "degree"), CASES)
def test_the_network_is_the_polynomial_of_least_squares(d, degree):
    random = np.random.default_rng(degree)
    domain = ((-1.5, 1.5), (0.0, 2.0), (-1.0, 0.5))[:d]
    lower, upper = np.array(domain).T
    x = random.uniform(lower, upper, (900, d))
    weights = random.uniform(0.1, 1, 900)
    y = np.stack([np.abs(x).sum(axis=1), np.exp(-x[:, 0])], axis=1)
    network = polynomial_regressor(degree, x, weights, y, domain)
    design, root = _design(x, degree, domain), np.sqrt(weights)[:, None]
    expected = design @ np.linalg.lstsq(design * root, y * root, rcond=None)[0]
    np.testing.assert_allclose(network(x), expected, atol=1e-11)
    assert all(a is identity for layer in network.layers for a in layer.activations)
    if degree > 1:
        assert network.depth == ceil(log2(degree)) + d
        assert network.poolings == network.depth - 1


@pytest.mark.parametrize(("d", "degree"), [(1, 1), (1, 7), (2, 1), (2, 6), (3, 4)])
def test_what_the_layers_give_spans_all_polynomials_of_that_degree_and_no_more(d, degree):
    layers = chebyshev_layers(degree, ((-1.0, 1.0),) * d)
    x = np.random.default_rng(0).uniform(-1, 1, (600, d))
    size = layers[-1].outputs if layers else d
    values = Network([*layers, Layer(np.eye(size), np.zeros(size), "identity")])(x)
    together = np.column_stack([np.ones(600), values])
    assert np.linalg.matrix_rank(together) == comb(degree + d, d) == size + 1
    both = np.column_stack([together, _design(x, degree, ((-1.0, 1.0),) * d)])
    assert np.linalg.matrix_rank(both, tol=1e-8) == size + 1


def test_far_outside_and_in_rationals_and_balls_it_is_one_polynomial():
    """Differences of order degree + 1 vanish, the degree is reached, and one ball shows that it is not 0."""
    x = np.linspace(-1, 1, 50)[:, None]
    network = polynomial_regressor(5, x, np.ones(50), np.abs(x), ((-1.0, 1.0),))
    values = [network.rational()([[Fraction(1000 + i)]])[0, 0] for i in range(7)]
    for _ in range(5):
        values = [b - a for a, b in zip(values, values[1:], strict=False)]
    assert values[0] == values[1] != 0
    assert not network(np.array([[arb(100)]], dtype=object))[0, 0].contains(0)


def test_a_penalty_shrinks_the_coefficients():
    x = np.linspace(-1, 1, 50)[:, None]
    free, penalised = (
        polynomial_regressor(9, x, np.ones(50), np.sign(x), ((-1.0, 1.0),), r) for r in (0.0, 1.0)
    )
    assert np.abs(penalised.layers[-1].weight).sum() < np.abs(free.layers[-1].weight).sum() / 2


@pytest.mark.parametrize(
    ("degree", "d", "words"),
    [
        (65, 1, "from 0 to 64"),
        (-1, 1, "from 0 to 64"),
        (1.5, 1, "whole"),
        (62, 2, "from 0 to 61"),
        (2, 4, "1, 2 or 3"),
    ],
)
def test_what_is_out_of_range_is_refused(degree, d, words):
    x = np.zeros((5, d))
    with pytest.raises(UserError, match=words):
        polynomial_regressor(degree, x, np.ones(5), np.ones(5), ((-1.0, 1.0),) * d)
