"""Weighted sums over annuli, and weights that separate sequences with growing supports from 0."""

from fractions import Fraction
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab._errors import UserError
from ratelab.spaces._annuli import (
    growth,
    growth_weights,
    separating_weight,
    weighted_mass,
    weighted_mass_bound,
)

MASSES = st.floats(1e-250, 1e3)


def test_a_seminorm_is_the_weighted_sum_of_its_masses():
    found = weighted_mass([1.0, 0.5, 0.25], [1.0, 4.0, 16.0], complete=True)
    assert found.partial_sums.tolist() == [1.0, 3.0, 7.0]
    assert found.low == found.high == 7.0


def test_missing_annuli_leave_the_upper_end_infinite():
    found = weighted_mass([1.0, 1.0], [1.0, 1.0])
    assert (found.low, found.high) == (2.0, inf)


def test_partial_sums_of_a_fast_weight_exceed_any_bound_on_masses_of_every_order():
    masses = np.exp(-np.arange(1.0, 60.0))
    assert weighted_mass(masses, growth_weights(59, "factorial")).low > 1e50
    assert weighted_mass(masses, growth_weights(59, "constant")).low < 1.0


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_the_separating_weight_makes_every_seminorm_at_least_one(data):
    size = data.draw(st.integers(1, 8))
    masses = np.zeros((size, size + 2))
    for k in range(size):
        masses[k, k] = data.draw(MASSES)
        if data.draw(st.booleans()) and k:
            masses[k, data.draw(st.integers(0, k - 1))] = data.draw(MASSES)
    found = separating_weight(masses)
    exact = [
        sum(Fraction(float(a)) * Fraction(float(w)) for a, w in zip(r, found.weights, strict=True))
        for r in masses
    ]
    assert all(value >= 1 for value in exact)
    assert (found.weights > 0).all() and found.uses == 1
    assert found.annulus.tolist() == list(range(1, size + 1))
    assert np.allclose(found.seminorms, [float(v) for v in exact], rtol=1e-12)


def test_weights_are_no_larger_than_needed_but_for_a_factor_two():
    found = separating_weight([[0.5, 0.0, 0.0], [0.0, 0.3, 0.0], [0.0, 0.0, 0.001]])
    assert found.weights.tolist() == [2.0, 4.0, 1024.0]


def test_supports_in_one_cube_use_one_annulus_for_all_and_no_weight_helps_in_the_end():
    masses = [[2.0**-k, 0.0] for k in range(1, 9)]
    found = separating_weight(masses)
    assert found.uses == 8
    longer = separating_weight([[2.0**-k, 0.0] for k in range(1, 17)])
    assert longer.weights[0] > found.weights[0]  # it has no limit as the prefix grows
    for k in range(1, 17):
        bound = weighted_mass_bound(found.weights, 1, 2.0**-k)
        assert (
            weighted_mass(masses[0][:1], found.weights[:1]).low >= 1 and bound == found.weights[0] * 2.0**-k
        )
    assert weighted_mass_bound(found.weights, 1, 2.0**-16) < 0.01


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 10), min_size=1, max_size=6), st.integers(1, 6))
def test_the_bound_in_a_cube_holds(masses, cube):
    cube = min(cube, len(masses))
    inside = np.array(masses)
    inside[cube:] = 0
    weights = growth_weights(len(masses))
    assert weighted_mass(inside, weights).low <= weighted_mass_bound(weights, cube, inside.sum()) * (
        1 + 1e-12
    )


def test_growth_gives_the_norms_on_cubes():
    assert growth([1.0, 0.5, 0.0]).tolist() == [1.0, 1.5, 1.5]


def test_usual_growths():
    assert growth_weights(4, "factorial").tolist() == [1, 2, 6, 24]
    assert growth_weights(4).tolist() == [2, 4, 8, 16]
    assert growth_weights(3, "linear").tolist() == [1, 2, 3]


def test_bad_input_is_refused():
    for call, words in (
        (lambda: weighted_mass([1.0], [1.0, 2.0]), "weights of shape"),
        (lambda: weighted_mass([1.0], [0.0]), "above 0"),
        (lambda: weighted_mass([-1.0], [1.0]), "from 0 on"),
        (lambda: weighted_mass([[1.0]], [1.0]), "1 axes"),
        (lambda: separating_weight([[0.0, 0.0]]), "no positive mass"),
        (lambda: separating_weight([[5e-324]]), "too small"),
        (lambda: weighted_mass_bound([1.0], 2, 1.0), "K_1 to K_1"),
        (lambda: growth_weights(3, "cubic"), "allowed: constant"),
        (lambda: growth_weights(400, "factorial"), "float64 ends"),
    ):
        with pytest.raises(UserError, match=words):
            call()
