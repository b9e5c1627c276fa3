"""Smooth windows: analytic, near 1 inside a box."""

from fractions import Fraction
from math import ceil, log2

import mpmath
import numpy as np
import pytest
from flint import arb

from ratelab import UserError, load_plugins
from ratelab.networks._smooth_window import smooth_window
from ratelab.registry import Box


@pytest.mark.parametrize("d", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("name", ["sigmoid", "tanh"])
def test_a_window_is_the_product_of_both_sides_over_all_variables(d, name):
    box = [(-0.5 - i / 10, 0.3 + i / 7) for i in range(d)]
    window = smooth_window(box, 7.5, name, load_plugins())
    x = np.random.default_rng(d).uniform(-1.5, 1.5, (200, d))

    def rise(t):
        return np.tanh(t) if name == "tanh" else 1 / (1 + np.exp(-t))

    sides = [rise(7.5 * (x[:, i] - a)) * rise(7.5 * (b - x[:, i])) for i, (a, b) in enumerate(box)]
    np.testing.assert_allclose(window(x)[:, 0], np.prod(sides, axis=0), rtol=1e-12, atol=1e-15)
    assert window.poolings == 1 + ceil(log2(d))
    assert (window.depth, window.widths[0]) == (2 + ceil(log2(d)), 2 * d)


def test_far_outside_floats_round_to_zero_and_balls_do_not():
    """σ(κ(x − a)) σ(κ(b − x)) at x = 20, κ = 160, [a, b] = [−1, 1], against mpmath."""
    window = smooth_window([(-1, 1)], 160)
    assert window([[20.0]])[0, 0] == 0.0
    value = window(np.array([[arb(20)]], dtype=object))[0, 0]
    with mpmath.workdps(40):
        expected = 1 / (1 + mpmath.exp(160 * 19))
    assert value > 0 and abs(float(value.log()) - float(mpmath.log(expected))) < 1e-6


def test_rational_sides_stay_rational():
    window = smooth_window([(Fraction(-1, 3), 1)], Fraction(7, 2))
    assert window.exact and not smooth_window([(-1.0, 1)], 2).exact
    assert [Fraction(int(v.p), int(v.q)) for v in window.layers[0].bias] == [Fraction(7, 6), Fraction(7, 2)]


@pytest.mark.parametrize(
    ("box", "steepness", "words"),
    [([], 1, "box"), ([(1, 1)], 1, "lower below upper"), ([(0, np.inf)], 1, "box"), ([(0, 1)], 0, "steepness"),
     ([(0, 1)], np.nan, "steepness"), ([(0, 1, 2)], 1, "box"), ((0, 1), 1, "allowed: one pair"), (1, 1, "or a Box")],
    ids=["empty", "flat", "infinite", "zero", "nan", "three", "one bare pair", "number"],
)  # fmt: skip
def test_what_is_no_box_or_steepness_is_refused(box, steepness, words):
    with pytest.raises(UserError, match=words):
        smooth_window(box, steepness)


def test_a_box_is_as_good_as_its_sides():
    window = smooth_window(Box((-1, 0), (1, 2)), 4)
    x = np.random.default_rng(0).uniform(-2, 3, (20, 2))
    assert np.array_equal(window(x), smooth_window([(-1, 1), (0, 2)], 4)(x))
