"""Bounds, sizes and the planner of layer-wise networks."""

from fractions import Fraction
from math import isinf

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import UserError
from ratelab.networks._sine_decoder import SineDecoder
from ratelab.spaces._layerwise_plan import (
    averages_bound,
    closed_form_bits,
    hoelder_bound,
    layerwise_base,
    layerwise_bound,
    layerwise_plan,
    layerwise_sizes,
)


@pytest.mark.parametrize(
    ("dimension", "base", "grades", "width", "hidden", "parameters"),
    [(1, 2, 5, 7, 7, 350), (1, 3, 3, 9, 5, 378), (1, 4, 3, 11, 5, 550), (1, 8, 2, 19, 4, 1178)],
)
def test_sizes_are_those_of_the_reference_table(dimension, base, grades, width, hidden, parameters):
    sizes = layerwise_sizes(dimension, base, grades)
    assert (sizes.width, sizes.hidden_layers, sizes.parameters) == (width, hidden, parameters)


@given(st.integers(1, 4), st.integers(2, 9), st.integers(0, 7))
@settings(max_examples=60, deadline=None)
def test_parameters_are_the_entries_of_the_matrices_and_biases(dimension, base, grades):
    sizes = layerwise_sizes(dimension, base, grades)
    width = 2 * dimension * (base - 1) + dimension + dimension + 1 + (dimension - 1) + 2
    shapes = [(width, dimension)] + [(width, width)] * (sizes.hidden_layers - 1)
    assert sizes.width == width and len(shapes) == grades + 2
    assert sizes.parameters == sum(rows * columns + rows for rows, columns in shapes)
    assert sizes.parameters_with_head == sizes.parameters + width + 1
    assert sizes.neurons == width * len(shapes) and sizes.cells == (base**grades) ** dimension


@given(
    st.fractions(Fraction(1, 10**6), Fraction(10), max_denominator=10**7),
    st.sampled_from([Fraction(1), Fraction(1, 2), Fraction(1, 3), Fraction(3, 4)]),
    st.fractions(Fraction(1, 100), Fraction(50), max_denominator=1000),
    st.integers(1, 3),
    st.integers(2, 8),
)
@settings(max_examples=80, deadline=None)
def test_the_planned_grade_is_the_first_whose_bound_is_small_enough(
    accuracy, exponent, constant, dimension, base
):
    """In rationals: (bound/ε)^q ≤ 1 with α = p/q, grade by grade."""
    found = layerwise_plan(accuracy, exponent=exponent, constant=constant, dimension=dimension, base=base)
    ratio = (2 * dimension + 1) * constant / accuracy
    for level in range(1, found.grades + 1):
        small = ratio**exponent.denominator <= base ** (exponent.numerator * level)
        assert small == (level == found.grades)


@pytest.mark.parametrize("base", [2, 3, 5, 6, 7, 10])
@pytest.mark.parametrize("exponent", [1.0, 0.5])
def test_accuracies_meant_to_lie_on_a_power_of_the_base_take_no_grade_too_many(base, exponent):
    for level in range(1, 15):
        accuracy = 3 * 0.7 * base ** (-exponent * level)
        found = layerwise_plan(accuracy, exponent=exponent, constant=0.7, dimension=1, base=base)
        assert found.grades == level
        assert layerwise_plan(accuracy * 0.999, exponent=exponent, constant=0.7, dimension=1, base=base).grades == (
            level + 1
        )  # fmt: skip


def test_rational_accuracies_are_compared_exactly():
    on_the_power = Fraction(3, 2**10)
    assert layerwise_plan(on_the_power, dimension=1, base=2, constant=1).grades == 10
    below = on_the_power - Fraction(1, 10**40)
    assert layerwise_plan(below, dimension=1, base=2, constant=1, exponent=1).grades == 11


def test_exponents_that_are_no_simple_fraction_are_planned_in_floats():
    found = layerwise_plan(1e-3, exponent=0.4142135623, dimension=2, base=3)
    assert hoelder_bound(1, 0.4142135623, 2, 3, found.grades) <= 1e-3
    assert hoelder_bound(1, 0.4142135623, 2, 3, found.grades - 1) > 1e-3


def test_grades_grow_like_the_logarithm_while_cells_and_bits_explode():
    plans = [layerwise_plan(10.0**-k, dimension=2, base=4) for k in range(1, 7)]
    parameters = [plan.parameters for plan in plans]
    assert max(b - a for a, b in zip(parameters, parameters[1:], strict=False)) <= 2 * 20 * 21
    assert plans[-1].cells >= 10**10 / 16 * plans[0].cells
    assert plans[-1].bits_per_parameter_needed == plans[-1].cells / (plans[-1].grades * 20**2)
    assert plans[-1].bits_closed_form > 42 * (plans[-1].cells - 1)
    huge = layerwise_plan(1e-150, dimension=3, base=8)
    assert huge.grades < 200 and isinf(huge.bits_per_parameter_needed)


def test_the_best_base_has_fewest_parameters_or_fewest_cells():
    plans = [layerwise_plan(1e-3, dimension=2, base=n) for n in range(2, 30)]
    fewest = layerwise_base(1e-3, dimension=2, largest=29)
    assert fewest.parameters == min(plan.parameters for plan in plans)
    short = layerwise_base(1e-3, dimension=2, largest=29, fewest="bits")
    assert short.cells == min(plan.cells for plan in plans)


@pytest.mark.parametrize("accuracy", [2.0**-40, 2.0**-20, 1e-3])
@pytest.mark.parametrize("cells", [1, 2, 7, 16])
def test_the_closed_form_has_at_most_the_planned_bits(cells, accuracy):
    values = [fmpq(int(v), 10**9) for v in np.random.default_rng(cells).integers(-(10**9), 10**9, cells)]
    code = SineDecoder().encode(values, accuracy)
    assert code.bits <= closed_form_bits(cells, accuracy) + 2
    assert code.bits >= 0.8 * closed_form_bits(cells, accuracy) - 20


def test_bounds_are_the_factors_times_the_modulus():
    assert layerwise_bound(0.25, 2) == 1.25
    assert averages_bound(0.25, 2, 1) == 1.0 and averages_bound(0.25, 2, 2) == pytest.approx(0.5**0.5)
    assert hoelder_bound(2, 0.5, 1, 4, 3) == pytest.approx(3 * 2 / 8)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: layerwise_plan(0, dimension=1, base=2), "accuracy is 0"),
        (lambda: layerwise_plan(float("nan"), dimension=1, base=2), "accuracy is nan"),
        (lambda: layerwise_plan(0.1, dimension=1, base=1), "base N is 1"),
        (lambda: layerwise_plan(0.1, dimension=0, base=2), "dimension d is 0"),
        (lambda: layerwise_plan(0.1, exponent=1.5, dimension=1, base=2), "Hölder exponent is 1.5"),
        (lambda: layerwise_plan(0.1, constant=-1, dimension=1, base=2), "Hölder constant is -1"),
        (lambda: layerwise_plan(1e-300, exponent=1e-3, dimension=1, base=2), "grades; allowed"),
        (lambda: layerwise_base(0.1, dimension=1, fewest="neurons"), "fewest is 'neurons'"),
        (lambda: layerwise_sizes(1, 2, -1), "number of grades is -1"),
        (lambda: layerwise_bound(float("inf"), 1), "modulus of continuity is inf"),
        (lambda: averages_bound(-1, 1, 2), "modulus of continuity is -1"),
        (lambda: averages_bound(1, 1, "2"), "p is '2'"),
        (lambda: hoelder_bound("x", 1, 1, 2, 1), "Hölder constant is 'x'"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(call, text):
    with pytest.raises(UserError, match=text):
        call()


def test_bounds_on_powers_of_the_base_are_met_without_rounding():
    for base in range(2, 12):
        for level in range(1, 13):
            for exponent, steps in ((1, level), (Fraction(1, 2), 2 * level), (0.25, 4 * level)):
                accuracy = Fraction(3, base**level)
                plan = layerwise_plan(accuracy, exponent=exponent, dimension=1, base=base)
                assert (plan.grades, plan.bound) == (steps, float(accuracy))


@given(st.floats(1e-6, 2.9), st.floats(0.05, 1), st.integers(2, 9), st.floats(0.1, 10))
@settings(max_examples=100, deadline=None)
def test_planned_bounds_are_at_most_the_accuracy(accuracy, exponent, base, constant):
    assert (
        layerwise_plan(accuracy, exponent=exponent, constant=constant, dimension=1, base=base).bound
        <= accuracy
    )
