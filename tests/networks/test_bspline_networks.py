"""B-splines as networks against SciPy's, their tensor products, and what they cost."""

from fractions import Fraction
from math import ceil, log2, prod

import numpy as np
import pytest
from scipy.interpolate import BSpline

from ratelab import UserError
from ratelab.networks import Counts, power
from ratelab.networks._bspline_networks import bspline, bspline_bound, bspline_pieces


@pytest.mark.parametrize("r", range(1, 9))
def test_the_network_is_the_bspline_of_scipy(r):
    network = bspline(r)
    assert (network.neurons, network.connections, network.depth) == (r + 2, 2 * (r + 2), 2)
    x = np.linspace(0, r + 1, 12 * (r + 1) + 1)
    reference = BSpline.basis_element(np.arange(r + 2))(x)
    exact = [float(v[0]) for v in network([[Fraction(float(t))] for t in x])]
    np.testing.assert_allclose(exact, reference, rtol=0, atol=1e-15)


@pytest.mark.parametrize("r", range(1, 9))
def test_outside_its_support_the_network_is_zero_in_rationals(r):
    points = [[Fraction(i, 3)] for i in (-40, -1, 0, 3 * (r + 1), 3 * (r + 1) + 1, 300)]
    assert not any(v[0] for v in bspline(r)(points))


@pytest.mark.parametrize("r", range(0, 7))
def test_the_pieces_are_the_bspline_and_sum_to_one(r):
    pieces = bspline_pieces(r)
    for i in range(40):
        x = Fraction(i, 40)
        assert sum(pieces(x + k) for k in range(r + 1)) == 1
    scaled = bspline_pieces(r, scale=Fraction(3, 2), shift=Fraction(-1, 4))
    assert all(
        scaled(Fraction(i, 7)) == pieces(Fraction(i, 7) * 3 / 2 + Fraction(1, 4)) for i in range(-5, 40)
    )
    assert [len(p.jumps(0)) for p in (pieces,)] == [r + 1]
    assert not any(any(pieces.jumps(k)[:r]) for k in range(r + 2))  # simple knots


def test_scale_and_shift_move_the_support():
    network = bspline(3, scale=Fraction(8), shift=Fraction(2))
    pieces = bspline_pieces(3)
    points = [Fraction(i, 64) for i in range(80)]
    assert [v[0] for v in network([[x] for x in points])] == [pieces(8 * x - 2) for x in points]


@pytest.mark.parametrize("merged", [False, True])
@pytest.mark.parametrize("r", [2, 3])
@pytest.mark.parametrize("d", [2, 3, 4, 5])
def test_tensor_bsplines_are_products_with_exactly_the_promised_counts(d, r, merged):
    network, pieces = bspline(r, d, scale=r + 1, merged=merged), bspline_pieces(r)
    generator = np.random.default_rng(d)
    points = [[Fraction(int(v), 10) for v in row] for row in generator.integers(0, 11, (5, d))]
    assert [v[0] for v in network(points)] == [prod(pieces(x * (r + 1)) for x in p) for p in points]
    assert Counts.of(network) == bspline_bound(r, d, merged=merged)
    levels = ceil(log2(d))
    assert network.depth == (2 + levels if merged else 2 + 2 * levels)


def test_the_connections_are_a_constant_times_variables_and_degree():
    """Half of the constant 28·d(r + 2) that is recalled from the literature."""
    shares = [
        bspline_bound(r, d).connections / (d * (r + 2)) for r in range(2, 21) for d in (1, 2, 3, 7, 64, 256)
    ]
    assert max(shares) <= 14


def test_the_given_activation_is_used():
    from dataclasses import replace

    chosen = replace(power(2), name="square-relu")
    network = bspline(chosen, 2)
    assert {a.name for layer in network.layers[:-1] for a in layer.activations} == {"square-relu", "identity"}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: bspline(0), "power is 0; allowed"),
        (lambda: bspline(1, 2), "power is 1; allowed: whole numbers from 2"),
        (lambda: bspline(2, scale=0), "scale is 0; allowed"),
        (lambda: bspline(2, 0), "dimension is 0; allowed"),
        (lambda: bspline_pieces(21), "degree is 21; allowed"),
        (lambda: bspline_pieces(2, scale=-1), "scale is -1; allowed"),
    ],
)
def test_bad_input_is_named_with_what_is_allowed(call, words):
    with pytest.raises(UserError, match=words):
        call()
