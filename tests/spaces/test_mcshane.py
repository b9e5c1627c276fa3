"""Lipschitz functions from samples."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from ratelab._errors import UserError
from ratelab.registry import Ball, Box, Boxes
from ratelab.spaces._mcshane import diameter, lipschitz_estimate, mcshane


def _samples(seed, d, n, k=2):
    generator = np.random.default_rng(seed)
    points = generator.uniform(-1, 1, (n, d))
    return generator, points, generator.normal(size=(n, k))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 3), st.integers(2, 30), st.sampled_from(["greatest", "least"]))
def test_extensions_take_the_values_and_are_lipschitz(seed, d, n, end):
    generator, points, values = _samples(seed, d, n)
    constant = lipschitz_estimate(points, values)
    extension = mcshane(points, values, constant, end=end)
    assert np.allclose(extension(points), values, atol=1e-12 * (1 + constant))
    x = generator.uniform(-3, 3, (60, d))
    found = extension(x)
    slopes = np.abs(found[:, None] - found[None]).max(axis=2) / (cdist(x, x) + np.eye(60))
    assert slopes.max() <= constant * (1 + 1e-9)


def test_every_lipschitz_function_lies_between_the_two():
    generator = np.random.default_rng(3)
    points = generator.uniform(-1, 1, (25, 2))

    def f(x):
        return np.maximum(0, 1 - np.hypot(x[:, 0], x[:, 1]) / 0.8)

    x = generator.uniform(-2, 2, (500, 2))
    high, low = (mcshane(points, f(points), 1.25, end=end)(x)[:, 0] for end in ("greatest", "least"))
    assert (low <= f(x) + 1e-12).all() and (f(x) <= high + 1e-12).all()


def test_blocks_do_not_change_the_values(monkeypatch):
    generator, points, values = _samples(5, 2, 40)
    x = generator.uniform(-2, 2, (200, 2))
    whole = mcshane(points, values, 1e3)(x), lipschitz_estimate(points, values)
    monkeypatch.setattr("ratelab.spaces._mcshane._BLOCK", 100)
    assert np.array_equal(mcshane(points, values, 1e3)(x), whole[0])
    assert lipschitz_estimate(points, values) == whole[1]


def test_the_estimate_is_the_largest_slope_and_a_lower_bound():
    assert lipschitz_estimate([[0.0], [1.0], [3.0]], [0.0, 2.0, 1.0]) == 2.0
    x = np.linspace(-1, 1, 50)[:, None]
    assert lipschitz_estimate(x, np.sin(3 * x[:, 0])) <= 3.0


def test_a_constant_below_that_of_the_samples_is_refused():
    with pytest.raises(UserError, match="samples need at least 2"):
        mcshane([[0.0], [1.0]], [0.0, 2.0], 1.5)


def test_diameters_are_the_longest_sides():
    assert diameter(Box((-1, 0), (Fraction(1, 3), 1))) == Fraction(4, 3)
    assert diameter(Ball((0.0, 5.0), Fraction(4, 5))) == Fraction(8, 5)
    assert diameter(Boxes((Box((0,), (1,)), Box((3,), (4,))))) == 4


def test_bad_input_is_refused():
    for call, words in (
        (lambda: lipschitz_estimate([[0.0], [0.0]], [1.0, 2.0]), "differ"),
        (lambda: lipschitz_estimate([[0.0], [1.0]], [1.0]), "values have shape"),
        (lambda: lipschitz_estimate([[np.nan], [1.0]], [1.0, 1.0]), "points have shape"),
        (lambda: mcshane([[0.0]], [1.0], np.inf), "finite numbers"),
        (lambda: mcshane([[0.0]], [1.0], 1.0, end="middle"), "greatest, least"),
        (lambda: mcshane([[0.0]], [1.0], 1.0)([[0.0, 1.0]]), "2 variables"),
    ):
        with pytest.raises(UserError, match=words):
            call()
