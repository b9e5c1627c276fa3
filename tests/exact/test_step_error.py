"""Distances from step functions against closed forms and the reference table of the layer-wise construction."""

from fractions import Fraction
from math import pi, sqrt

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import Target, UserError, load_plugins
from ratelab.exact._cell_averages import cell_averages
from ratelab.exact._step_error import step_error, step_errors
from ratelab.registry import PiecewisePolynomial

TARGETS = load_plugins().targets


def named(function, dimension=1, **known) -> Target:
    return Target("given", function, domain=((0.0, 1.0),) * dimension, **known)


@pytest.mark.parametrize(
    ("name", "cells", "first", "second"),
    [
        ("lipschitz_wave", 2, "4.2659e-02", "4.8981e-02"),
        ("lipschitz_wave", 4, "4.2659e-02", "4.8981e-02"),
        ("lipschitz_wave", 8, "2.0305e-02", "2.5255e-02"),
        ("lipschitz_wave", 16, "1.0006e-02", "1.2725e-02"),
        ("lipschitz_wave", 32, "4.9818e-03", "6.3748e-03"),
        ("lipschitz_wave", 64, "2.4879e-03", "3.1889e-03"),
        ("sqrt", 2, "1.0621e-01", "1.3202e-01"),
        ("sqrt", 4, "5.5825e-02", "7.2489e-02"),
        ("sqrt", 8, "2.8886e-02", "3.9230e-02"),
        ("sqrt", 16, "1.4789e-02", "2.1003e-02"),
        ("sqrt", 32, "7.5167e-03", "1.1153e-02"),
        ("sqrt", 64, "3.8017e-03", "5.8840e-03"),
        ("step", 3, "0.0000e+00", "0.0000e+00"),
        ("step", 9, "0.0000e+00", "0.0000e+00"),
        ("step", 27, "0.0000e+00", "0.0000e+00"),
    ],
)
def test_errors_of_averages_are_those_of_the_reference_table(name, cells, first, second):
    target = TARGETS[name]
    values = cell_averages(target, cells).values
    for p, expected in ((1, first), (2, second)):
        found = step_error(target, values, p)
        assert f"{found.value:.4e}" == expected
        assert found.radius < 1e-12


@pytest.mark.parametrize("dimension", [1, 2, 3])
@pytest.mark.parametrize("p", [1, 1.5, 2, 3, 4])
@pytest.mark.parametrize("axis", [0, -1])
def test_one_coordinate_is_off_by_powers_of_half_a_cell(dimension, p, axis):
    """|t|^p over [−h/2, h/2] has the mean (h/2)^p / (p + 1); h/4 for p = 1, h/√12 for p = 2."""
    target = named(lambda x: x[:, axis], dimension)
    found = step_error(target, cell_averages(target, 5).values, p)
    assert found.value == pytest.approx(0.1 / (p + 1) ** (1 / p), rel=2e-5 if p == 1.5 else 1e-13)
    assert abs(found.value - 0.1 / (p + 1) ** (1 / p)) <= found.radius


@pytest.mark.parametrize(("dimension", "mean"), [(1, 1 / 4), (2, 1 / 3), (3, 13 / 32)])
def test_sums_of_coordinates_are_off_by_sums_of_uniform_variables(dimension, mean):
    """The mean of |u_1 + … + u_d| for independent uniform u_i on [−½, ½] is 1/4, 1/3, 13/32."""
    target = named(lambda x: x.sum(axis=1), dimension)
    values = cell_averages(target, 4).values
    found = step_error(target, values, 1)
    assert found.value == pytest.approx(mean / 4, rel=1e-5)
    assert abs(found.value - mean / 4) <= found.radius
    assert step_error(target, values, 2).value == pytest.approx(sqrt(dimension / 12) / 4, rel=1e-13)


@pytest.mark.parametrize("p", [1, 1.25, 2, 2.5, 3])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_zero_set_across_the_cells_is_followed(p, n):
    """∫∫ |x − y|^p = 2 / ((p + 1)(p + 2))."""
    found = step_error(named(lambda x: x[:, 0] - x[:, 1], 2), np.zeros((n, n)), p)
    expected = (2 / ((p + 1) * (p + 2))) ** (1 / p)
    assert found.value == pytest.approx(expected, rel=1e-6)
    assert abs(found.value - expected) <= found.radius


def test_products_of_coordinates_are_off_by_their_variance():
    """On the cell about (a, b) of side h the variance of xy is (a² + h²/12)(b² + h²/12) − a²b²."""
    target, n = TARGETS["product"], 6
    centres = (np.arange(n) + 0.5) / n
    squares = centres**2 + 1 / (12 * n * n)
    variance = np.outer(squares, squares) - np.outer(centres**2, centres**2)
    found = step_error(target, cell_averages(target, n).values, 2)
    assert found.value == pytest.approx(sqrt(variance.mean()), rel=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 12), st.integers(1, 12), st.sampled_from([1.0, 1.7, 2.0, 3.0]))
def test_two_step_functions_differ_by_a_sum_over_common_cells(seed, own, n, p):
    target = TARGETS[f"random_cells(seed={seed},per_side={own})"]
    values = np.random.default_rng(seed).uniform(-1, 1, n)
    ends = sorted({Fraction(k, n) for k in range(n + 1)} | {Fraction(k, own) for k in range(own + 1)})
    total = 0.0
    for a, b in zip(ends, ends[1:], strict=False):
        gap = float(target.pieces((a + b) / 2)) - values[int((a + b) / 2 * n)]
        total += float(b - a) * abs(gap) ** p
    found = step_error(target, values, p)
    assert found.value == pytest.approx(total ** (1 / p), rel=1e-12, abs=1e-15)
    assert abs(found.value - total ** (1 / p)) <= found.radius + 1e-15


@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize(("own", "n"), [(4, 4), (4, 6), (6, 2), (3, 5)])
def test_random_cells_are_integrated_on_common_cells(dimension, own, n):
    target = TARGETS[f"random_cells(per_side={own},dimension={dimension})"]
    values = np.random.default_rng(3).uniform(-1, 1, (n,) * dimension)
    fine = own * n
    centre = (np.arange(fine) + 0.5) / fine
    points = np.stack(np.meshgrid(*[centre] * dimension, indexing="ij"), axis=-1).reshape(-1, dimension)
    place = (points * n).astype(int)
    gap = np.abs(target(points)[:, 0] - values[tuple(place.T)])
    for p in (1, 2):
        expected = np.mean(gap**p) ** (1 / p)
        assert step_error(target, values, p).value == pytest.approx(expected, rel=1e-12)


def test_a_constant_is_met_exactly():
    for dimension in (1, 2, 3):
        target = TARGETS[f"constant(value=1/3,dimension={dimension})"]
        for p in (1, 2, 2.5):
            assert step_error(target, cell_averages(target, 3).values, p).value <= 1e-16


@pytest.mark.parametrize("name", ["disc", "cube", "cube(dimension=3)", "cube(dimension=1)"])
@pytest.mark.parametrize("p", [1, 2, 3.5])
def test_the_error_for_an_indicator_follows_from_covered_volumes(name, p):
    """At the averages a it is the mean of a(1 − a)^p + (1 − a)a^p; zero values leave the volume of the set."""
    target = TARGETS[name]
    share = cell_averages(target, 5).values
    expected = np.mean(share * (1 - share) ** p + (1 - share) * share**p) ** (1 / p)
    found = step_error(target, share, p)
    assert found.value == pytest.approx(expected, rel=1e-13)
    volume = pi * 0.09 if name == "disc" else 0.5**target.dimension
    empty = step_error(target, np.zeros((3,) * target.dimension), p)
    assert abs(empty.value - volume ** (1 / p)) <= empty.radius + 1e-16
    assert empty.radius < 1e-13


def test_the_indicator_of_a_ball_in_space_is_integrated():
    target = named(lambda x: (((x - 0.5) ** 2).sum(axis=1) <= 0.16) * 1.0, 3)
    found = step_error(target, np.zeros((4, 4, 4)), 1)
    assert found.value == pytest.approx(4 / 3 * pi * 0.064, rel=2e-2)
    assert abs(found.value - 4 / 3 * pi * 0.064) <= found.radius


@pytest.mark.parametrize(
    "name", ["sqrt", "cusp", "lipschitz_wave", "exp", "truncated_power", "runge", "takagi"]
)
def test_errors_in_l2_are_proved_in_one_variable(name):
    target = TARGETS[name]
    values = cell_averages(target, 6).values + np.linspace(-0.1, 0.1, 6)
    found = step_error(target, values, 2)
    assert found.certainty == "rigorous"
    assert found.radius <= 1e-14 * found.value
    # any other route: the bare function on a fine grid of midpoints
    x = (np.arange(3**12) + 0.5) / 3**12
    gap = target(x)[:, 0] - values[np.minimum((x * 6).astype(int), 5)]
    assert found.value == pytest.approx(np.sqrt(np.mean(gap**2)), rel=1e-5)


def test_the_proved_error_holds_that_of_many_digits():
    target = TARGETS["sqrt"]
    values = cell_averages(target, 3).values
    with mpmath.workdps(40):
        square = mpmath.mpf(1) / 2
        for k, v in enumerate(values.tolist()):
            a, b = (mpmath.mpf(j) / 3 for j in (k, k + 1))
            whole = (b ** mpmath.mpf("1.5") - a ** mpmath.mpf("1.5")) * 2 / 3
            square += mpmath.mpf(v) ** 2 / 3 - 2 * mpmath.mpf(v) * whole
        found = step_error(target, values, 2)
        assert abs(mpmath.sqrt(square) - mpmath.mpf(found.value)) <= found.radius


@pytest.mark.parametrize("p", [1, 1.5, 2, 3])
def test_an_unbounded_target_has_the_error_of_its_powers(p):
    """‖x^(−0.2)‖_p with zero values: (1 − 0.2p)^(−1/p)."""
    target = named(lambda x: x[:, 0] ** -0.2, singular_points=(0.0,))
    for n in (1, 7):
        found = step_error(target, np.zeros(n), p)
        assert found.value == pytest.approx((1 - 0.2 * p) ** (-1 / p), rel=1e-10)


@pytest.mark.parametrize("n", [1, 3, 40])
def test_a_power_that_is_not_integrable_is_refused(n):
    target = named(lambda x: x[:, 0] ** -0.5, singular_points=(0.0,))
    assert step_error(target, np.zeros(n), 1).value == pytest.approx(2, rel=1e-9)
    for p in (2, 3):
        with pytest.raises(UserError, match="not integrable on the unit cube"):
            step_error(target, np.ones(n), p)


def test_a_logarithm_is_integrated():
    """∫ |log x| = 1, ∫ log² x = 2."""
    target = named(lambda x: np.log(x[:, 0]), singular_points=(0.0,))
    assert step_error(target, np.zeros(4), 1).value == pytest.approx(1, rel=1e-12)
    assert step_error(target, np.zeros(4), 2).value == pytest.approx(sqrt(2), rel=1e-12)


@pytest.mark.parametrize("p", [1, 2])
def test_errors_do_not_depend_on_refining_equal_values(p):
    for name, n in (("cone", 3), ("lipschitz_wave(dimension=3)", 2), ("sqrt", 3)):
        target = TARGETS[name]
        values = cell_averages(target, n).values
        finer = values
        for axis in range(target.dimension):
            finer = np.repeat(finer, 2, axis=axis)
        first, second = step_errors(target, [values, finer], p)
        assert abs(first.value - second.value) <= first.radius + second.radius


def test_averages_are_best_in_l2():
    target = TARGETS["cone(dimension=3)"]
    values = cell_averages(target, 4).values
    best = step_error(target, values, 2).value
    moved = step_error(target, values + 0.05, 2).value
    # the residual of an average is orthogonal to constants
    assert moved**2 == pytest.approx(best**2 + 0.05**2, rel=1e-6)


def test_rational_values_are_taken():
    target = TARGETS["step"]
    exact = cell_averages(target, 2).exact
    assert step_error(target, exact, 2).value == pytest.approx(1 / 3, rel=1e-14)


@pytest.mark.parametrize("p", [0.5, 0, -1, float("inf"), float("nan"), "2", None, True, 1 + 0j])
def test_exponents_outside_one_to_infinity_are_refused(p):
    with pytest.raises(UserError, match="allowed: numbers from 1 on, inf excluded"):
        step_error(TARGETS["sqrt"], np.zeros(3), p)


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("sqrt", np.zeros((2, 2)), "shape"),
        ("cone", np.zeros((2, 3)), "shape"),
        ("sqrt", np.array([0.0, np.nan]), "finite numbers"),
        ("nested_absolute", np.zeros(3), "unit cube"),
        ("sqrt", ["a", "b"], "real numbers"),
        ("sqrt", [[0.0], [0.0, 1.0]], "real numbers"),
        ("sqrt", np.array([1j, 0]), "real numbers"),
        ("sqrt", np.array([None, "x"]), "real numbers"),
        ("cone", np.zeros(3), r"allowed: \(n, n\)$"),
    ],
)
def test_values_that_are_no_grid_are_refused(name, values, words):
    with pytest.raises(UserError, match=words):
        step_error(TARGETS[name], values, 2)


@pytest.mark.parametrize("p", [1, 1.5, 2, 3, 40])
@pytest.mark.parametrize("unit", [1e-300, 1e-200, 1e-140, 1e140, 1e200, 1e300])
def test_neither_small_nor_large_targets_leave_the_floats(p, unit):
    """|u·t|^p over [−¼, ¼] has the mean (u/4)^p / (p + 1)."""
    target = named(lambda x: unit * x[:, 0])
    values = cell_averages(target, 2).values
    assert values == pytest.approx([0.25 * unit, 0.75 * unit], rel=1e-13)
    found = step_error(target, values, p)
    assert found.value / unit == pytest.approx(0.25 * (p + 1) ** (-1 / p), rel=1e-7)
    assert 0 < found.radius <= 1e-7 * found.value
    assert abs(found.value / unit - 0.25 * (p + 1) ** (-1 / p)) <= found.radius / unit + 1e-16


@pytest.mark.parametrize("dimension", [1, 2])
@pytest.mark.parametrize("unit", [Fraction(1, 10**200), Fraction(10) ** 200])
def test_proved_errors_keep_their_digits_outside_the_range_of_squares(unit, dimension):
    pieces = PiecewisePolynomial((), ((Fraction(0), unit),))
    line = named(lambda x: float(unit) * x[:, 0], pieces=pieces)
    found = step_error(line, cell_averages(line, 2).values, 2)
    assert found.certainty == "rigorous"
    assert abs(Fraction(found.value) ** 2 / unit**2 - Fraction(1, 48)) <= Fraction(1, 10**12)
    assert 0 < found.radius <= 1e-12 * found.value
    # a set that fills its cells but for values of that size
    cube = TARGETS[f"cube(lower=1/4,upper=3/4,dimension={dimension})"]
    values = np.where(cell_averages(cube, 4).values == 1, 1.0, float(unit))
    share = 1 - 0.5**dimension
    for p in (1, 2, 3):
        assert step_error(cube, values, p).value == pytest.approx(float(unit) * share ** (1 / p), rel=1e-12)


def test_powers_that_no_float_holds_are_refused():
    """The mean of t^p over [0, 1] is 1/(p + 1), but its nodes see 0.98^p at most."""
    with pytest.raises(UserError, match="powers of the residual with p = 1e\\+09"):
        step_error(named(lambda x: x[:, 0]), np.zeros(2), 1e9)


def test_values_between_the_sampled_places_may_be_much_larger():
    """A spike that the first look misses is met by the nodes, and is 10^200 times as large as all before."""
    target = named(lambda x: 1e-200 + np.maximum(0, 1 - 4e3 * np.abs(x[:, 0] - 0.50001)))
    found = step_error(target, np.zeros(1), 3)
    assert found.value == pytest.approx((2 / (4 * 4e3)) ** (1 / 3), rel=1e-3)


@pytest.mark.parametrize(("width", "centre"), [(0.003, 0.37), (0.01, 0.5)])
def test_narrow_bumps_in_wide_cells_are_seen(width, centre):
    """∫ exp(−2s²/w²) ds = w√(π/2), ∫ exp(−s²/w²) ds = w√π."""
    target = named(lambda x: np.exp(-(((x[:, 0] - centre) / width) ** 2)))
    mean = width * sqrt(pi)
    assert cell_averages(target, 1).values == pytest.approx([mean], rel=1e-10)
    found = step_error(target, np.array([mean]), 2)
    assert found.value == pytest.approx(sqrt(width * sqrt(pi / 2) - mean**2), rel=1e-10)
    plane = named(lambda x: np.exp(-(((x - centre) / width) ** 2).sum(axis=1)), 2)
    found = step_error(plane, np.full((1, 1), mean**2), 2)
    assert found.value == pytest.approx(sqrt(width**2 * pi / 2 - mean**4), rel=1e-8)


def test_parts_say_how_finely_cells_are_looked_at():
    width = 2e-5
    target = named(lambda x: np.exp(-(((x[:, 0] - 0.37) / width) ** 2)))
    assert step_error(target, np.zeros(1), 1, 2**15).value == pytest.approx(width * sqrt(pi), rel=1e-10)
    for parts in (0, 1.5, "2", None):
        with pytest.raises(UserError, match="parts; allowed: whole numbers from 1 on"):
            step_error(target, np.zeros(1), 1, parts)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_zero_sets_that_close_up_inside_a_cell_are_seen(n):
    """Polar coordinates: ∫ |ρ² − r²| over the disc of radius r is πr⁴/2, on both sides of the sign."""
    target = named(lambda x: ((x - 0.5) ** 2).sum(axis=1) - 0.01, 2)
    found = step_error(target, np.zeros((n, n)), 1)
    true = 1 / 6 - 0.01 + pi * 1e-4
    assert abs(found.value - true) <= found.radius < 1e-7


def test_zero_sets_that_no_line_meets_are_within_the_radius():
    """A circle between the lines of all rules; ∫ |ρ² − r²| is the signed integral and πr⁴."""
    place, r = 0.5 + 0.305 / 32, 0.002
    target = named(lambda x: ((x - place) ** 2).sum(axis=1) - r * r, 2)
    found = step_error(target, np.zeros((1, 1)), 1)
    true = 2 * (1 / 3 - place + place**2) - r * r + pi * r**4
    assert abs(found.value - true) <= found.radius < 1e-8


@pytest.mark.parametrize(("place", "n"), [(0.5015, 1), (0.3334, 3), (0.2 / 1.4, 7), (0.49, 9)])
def test_jumps_near_the_middle_of_a_box_do_not_deceive_two_rules(place, n):
    target = named(lambda x: (x[:, 0] > place) * 1.0)
    assert cell_averages(target, n).values.mean() == pytest.approx(1 - place, abs=1e-9)
    plane = named(lambda x: (((x - 0.5) ** 2).sum(axis=1) < 0.01) * 1.0, 2)
    assert abs(cell_averages(plane, n).values.mean() - pi * 0.01) <= 6e-5


@pytest.mark.parametrize("power", [1.5, 2, 3])
def test_logarithms_at_the_edge_of_integrability_are_within_their_radius(power):
    """∫ 1/(x·log(3/x)^q) = log(3)^(1 − q)/(q − 1)."""
    target = named(lambda x: 1 / (x[:, 0] * np.log(3 / x[:, 0]) ** power), singular_points=(0.0,))
    true = np.log(3) ** (1 - power) / (power - 1)
    found = step_error(target, np.zeros(1), 1)
    assert abs(found.value - true) <= found.radius <= 0.06 * true


def test_what_cannot_be_told_from_a_divergent_integral_is_refused():
    for function in (lambda x: 1 / (x[:, 0] * np.log(3 / x[:, 0])), lambda x: x[:, 0] ** -0.99998):
        with pytest.raises(UserError, match="or cannot be told from one that is not"):
            cell_averages(named(function, singular_points=(0.0,)), 1)
