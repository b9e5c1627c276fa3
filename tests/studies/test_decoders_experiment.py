"""The experiment on decoders: digits and errors recomputed, and location in float64 against rational arithmetic."""

from fractions import Fraction
from math import floor

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import UserError, load_plugins
from ratelab.networks._decoders import decoder
from ratelab.networks._numbers import fraction, rational
from ratelab.studies.experiments import _decoders
from ratelab.studies.experiments._catalogue import EXPERIMENTS, parameters_of
from ratelab.studies.experiments._decoders_localisation import breakdown, edges, exact_positions, located

GIVEN = {
    "cells": [2, 3, 4, 8, 16],
    "accuracy_bits": [10, 40],
    "lattice_cells": 4,
    "float_cells": 3,
    "bases": [2, 3, 5],
    "levels": 4,
    "ramp_bits": [10, 24, 44],
    "points": 60,
}


@pytest.fixture(scope="module")
def dataset():
    return EXPERIMENTS["decoders"].run(
        parameters_of("decoders", GIVEN), load_plugins(["plugins"]), lambda *_: None
    )


def cell_of(x, base, level, ramp):
    """(number of the cell, whether x lies outside all ramps), digit by digit in rationals."""
    corner, outside = Fraction(0), True
    for t in range(1, level + 1):
        local = base**t * (x - corner)
        digit = min(floor(local), base - 1)
        if any(k - ramp < local < k for k in range(1, base)):
            outside = False
        corner += Fraction(digit, base**t)
    return 1 + int(corner * base**level), outside


def test_errors_keep_what_was_asked_and_digits_grow_with_cells_and_accuracy(dataset):
    asked = 2.0 ** -dataset["accuracy_bits"]
    assert bool((dataset["closed_error"] <= asked).all())
    lattice = dataset["lattice_error"]
    assert bool((lattice <= asked).where(lattice.notnull(), True).all())
    assert lattice.notnull().values[:, 0].tolist() == [True, True, True, False, False]
    assert bool((dataset["closed_outer_bits"].diff("cells") > 0).all())
    assert bool((dataset["closed_outer_bits"].diff("accuracy_bits") > 0).all())
    assert bool((dataset["closed_precision"] > dataset["closed_outer_bits"]).all())


def test_no_code_has_fewer_digits_than_counting_allows(dataset):
    assert dataset["counting_bits"].sel(cells=8, accuracy_bits=10) == 80
    assert bool((dataset["closed_outer_bits"] >= dataset["counting_bits"]).all())
    # N = 2 and 16 cells: 7 neurons in layers 1 … 6, so 2·7 + 5·7·8 coefficients
    assert float(dataset["counting_bits_parameter"].sel(cells=16)) == pytest.approx(640 / 294)


def test_decoded_in_mpmath_the_errors_are_within_their_bounds(dataset):
    values = _decoders.random_values(0, 8)
    code = decoder("closed-form").encode([rational(float(v)) for v in values], 2.0**-10)
    with mpmath.workprec(2000):
        u, v, w = (
            mpmath.mpf(n.numerator) / n.denominator
            for n in (fraction(part) for part in (code.scale, code.outer, code.inner))
        )
        errors = [abs(u * mpmath.sin(v * mpmath.sin(w * k)) - values[k - 1]) for k in range(1, 9)]
    worst = float(max(errors) / np.abs(values).max())
    assert 0 < worst <= float(dataset["closed_error"].sel(cells=8, accuracy_bits=10))


def test_rounded_to_float64_the_closed_form_works_while_its_digits_fit_and_fails_after(dataset):
    rounded = dataset["rounded_error"]
    fits = dataset["closed_outer_bits"] <= 45
    lost = dataset["closed_outer_bits"] >= 90
    assert bool(fits.any()) and bool(lost.any())
    assert bool((rounded <= 2.0**-8).where(fits, True).all())
    assert bool((rounded >= 0.1).where(lost & (dataset["cells"] > 2), True).all())


def test_parameters_beyond_float64_give_no_number():
    class Huge:
        scale, inner, outer = rational(1), rational(1), rational(2**1100)

    assert np.isnan(_decoders.rounded_error(Huge(), np.ones(3)))


@settings(max_examples=40, deadline=None)
@given(
    st.integers(2, 7),
    st.integers(1, 4),
    st.integers(2, 40),
    st.lists(st.floats(0, 1, allow_subnormal=False), min_size=1, max_size=5),
)
def test_exact_location_is_that_of_digits_in_rationals(base, level, bits, points):
    ramp = Fraction(1, 2**bits)
    tried = np.concatenate([points, edges(base, level, ramp)[:6], [0.0, 1.0]])
    numbers, outside = exact_positions(tried, base, level, ramp)
    for x, number, clear in zip(tried, numbers[-1], outside[-1], strict=True):
        expected, free = cell_of(Fraction(float(x)), base, level, ramp)
        assert bool(clear) == free
        if free:
            assert number == expected


def test_edges_stand_at_the_first_and_last_number_of_a_cell():
    found = edges(3, 2, Fraction(1, 2**20))
    assert len(found) == 18
    for cell in range(9):
        first, last = found[2 * cell], found[2 * cell + 1]
        assert Fraction(float(first)) >= Fraction(cell, 9) > Fraction(float(np.nextafter(first, -1.0)))
        end = (cell + 1 - Fraction(1, 2**20)) / 9
        assert Fraction(float(last)) <= end < Fraction(float(np.nextafter(last, 2.0)))


def test_wide_ramps_lose_nothing_and_inside_a_ramp_the_position_is_broken():
    x = np.array([0.1, 0.5, 0.9, 1.0])
    np.testing.assert_array_equal(located(x, 2, 3, 2.0**-10)[-1], [1, 5, 8, 8])
    middle = located(np.array([0.5 - 2.0**-12]), 2, 1, 2.0**-10)
    assert middle[0, 0] == 1.5


def test_powers_of_two_lose_no_digit_and_others_lose_more_with_narrower_ramps(dataset):
    deviation = dataset["located_deviation"]
    assert bool((deviation.sel(base=2) == 0).all())
    deepest = deviation.sel(level=4, base=[3, 5])
    assert bool((deepest.diff("ramp_bits") > 0).all())
    assert bool((deepest.sel(ramp_bits=24) < 1e-3).all())
    wrong = dataset["located_wrong"]
    assert bool((wrong.sel(ramp_bits=[10, 24]) == 0).all())
    assert bool((wrong <= 1).all()) and bool((dataset["located_points"] > 60).all())


def test_misclassified_points_are_counted_where_the_position_is_another_cell():
    deviation, wrong, counted, _ = breakdown([5], 6, [44], np.array([0.3]))
    assert deviation[0, -1, 0] >= 0.5
    share = wrong[0, -1, 0] * counted[0, -1, 0]
    assert share == pytest.approx(round(share)) and share >= 1


def test_the_length_of_the_ramps_is_measured_on_a_grid_that_resolves_them(dataset):
    one = dataset["ramps_length"].sel(base=3, ramp_bits=10)
    x = (np.arange(3**4 * 8192) + 0.5) / (3**4 * 8192)
    share = []
    covered = np.zeros(len(x), bool)
    for t in range(1, 5):
        local = x * 3**t % 3
        covered |= ((local % 1) >= 1 - 2.0**-10) & (local < 2)
        share.append(covered.mean())
    np.testing.assert_allclose(one, share, rtol=1e-9)


def test_sizes_that_no_float_holds_are_refused():
    with pytest.raises(UserError, match="allowed: 2\\^36"):
        parameters_of("decoders", {"bases": [2, 16], "levels": 12})
