"""Averages over the cells of a grid against closed forms, rational arithmetic and chords of a disc."""

from fractions import Fraction
from math import cos, pi, sqrt

import mpmath
import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import Target, UserError, load_plugins
from ratelab.exact._cell_averages import CellAverages, cell_averages
from ratelab.exact._grid_certified import to_floats
from ratelab.registry import Ball, PiecewisePolynomial

TARGETS = load_plugins().targets
SINGLE = [n for n in TARGETS if TARGETS[n].dimension == 1 and TARGETS[n].domain == ((0.0, 1.0),)]
SEVERAL = [
    "cone",
    "cone(dimension=3)",
    "constant(value=0.3,dimension=2)",
    "cube",
    "cube(dimension=3,lower=0.1)",
    "disc",
    "gaussian(dimension=2)",
    "gaussian(dimension=3,width=0.2)",
    "lipschitz_wave(dimension=2)",
    "lipschitz_wave(dimension=3)",
    "product(dimension=3)",
    "random_cells(dimension=2)",
    "random_cells(dimension=3,per_side=5)",
]


def named(function, dimension=1, **known) -> Target:
    return Target("given", function, domain=((0.0, 1.0),) * dimension, **known)


@pytest.mark.parametrize("n", [1, 2, 7, 64, 1000])
def test_averages_of_a_wave_are_differences_of_cosines(n):
    found = cell_averages(TARGETS["lipschitz_wave"], n)
    ends = [cos(2 * pi * k / n) for k in range(n + 1)]
    expected = [(a - b) * n / (2 * pi) ** 2 for a, b in zip(ends, ends[1:], strict=False)]
    np.testing.assert_allclose(found.values, expected, rtol=0, atol=1e-16 * n)
    assert found.certainty == "rigorous"
    assert found.radius.max() < 1e-16


@pytest.mark.parametrize("dimension", [2, 3])
def test_averages_of_a_sum_of_waves_are_sums_of_averages(dimension):
    found = cell_averages(TARGETS[f"lipschitz_wave(dimension={dimension})"], 5)
    one = cell_averages(TARGETS["lipschitz_wave"], 5).values / sqrt(dimension)
    expected = sum(one.reshape([-1 if i == j else 1 for j in range(dimension)]) for i in range(dimension))
    assert np.abs(found.values - expected).max() <= found.radius.max() + 1e-15
    assert found.radius.max() < 1e-8
    assert found.certainty == "numerical"


@pytest.mark.parametrize("name", SINGLE)
def test_every_built_in_target_of_one_variable_has_proved_averages(name):
    found = cell_averages(TARGETS[name], 12)
    assert found.certainty == "rigorous"
    assert found.radius.max() <= 1e-15 * max(1.0, np.abs(found.values).max())


@pytest.mark.parametrize("name", ["sqrt", "cusp", "exp", "step", "truncated_power", "runge"])
def test_proved_averages_agree_with_those_of_the_bare_function(name):
    target = TARGETS[name]
    bare = named(target.function, singular_points=target.singular_points)
    for n in (1, 3, 10):
        proved, estimated = cell_averages(target, n), cell_averages(bare, n)
        assert (proved.certainty, estimated.certainty) == ("rigorous", "numerical")
        gap = np.abs(proved.values - estimated.values)
        assert (gap <= proved.radius + estimated.radius + 1e-16).all()
        assert gap.max() < 1e-12


@pytest.mark.parametrize("name", [*SINGLE, *SEVERAL])
def test_averages_of_finer_averages_are_the_coarser_ones(name):
    target = TARGETS[name]
    fine, coarse = cell_averages(target, 12), cell_averages(target, 4)
    joined = fine.coarser(3)
    assert joined.values.shape == coarse.values.shape
    assert (np.abs(joined.values - coarse.values) <= joined.radius + coarse.radius + 1e-16).all()
    if fine.rationals is not None:
        assert joined.rationals == coarse.rationals


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.fractions(0, 1, max_denominator=30), max_size=4, unique=True),
    st.lists(
        st.lists(st.fractions(-3, 3, max_denominator=8), min_size=1, max_size=4), min_size=5, max_size=5
    ),
    st.integers(1, 12),
)
def test_averages_of_a_piecewise_polynomial_are_exact_rationals(knots, rows, n):
    knots = sorted(k for k in knots if 0 < k < 1)
    pieces = PiecewisePolynomial(tuple(knots), tuple(tuple(row) for row in rows[: len(knots) + 1]))
    target = named(lambda x: pieces.evaluate(x[:, 0]), pieces=pieces, singular_points=tuple(knots))
    found = cell_averages(target, n)
    ends = [Fraction(0), *knots, Fraction(1)]
    for k in range(n):
        total = Fraction(0)
        for row, a, b in zip(rows, ends, ends[1:], strict=False):
            low, high = max(a, Fraction(k, n)), min(b, Fraction(k + 1, n))
            if low < high:
                total += sum(c * (high ** (j + 1) - low ** (j + 1)) / (j + 1) for j, c in enumerate(row))
        assert found.exact[k] == total * n
        assert abs(Fraction(float(found.values[k])) - total * n) <= Fraction(float(found.radius[k]))


def test_averages_are_indexed_by_the_first_variable_first():
    found = cell_averages(named(lambda x: x[:, 0] + 10 * x[:, 1], 2), 2)
    np.testing.assert_allclose(found.values, [[2.75, 7.75], [3.25, 8.25]], rtol=1e-14)


def test_products_and_boxes_have_rational_averages():
    third = cell_averages(TARGETS["product(dimension=3)"], 3)
    assert third.exact[2, 0, 1] == Fraction(5, 6) * Fraction(1, 6) * Fraction(1, 2)
    cube = cell_averages(TARGETS["cube"], 3)
    assert cube.exact.tolist() == [[Fraction(x * y, 16) for y in (1, 4, 1)] for x in (1, 4, 1)]
    assert np.abs(cube.values * 16 - [[1, 4, 1], [4, 16, 4], [1, 4, 1]]).max() == 0


@pytest.mark.parametrize("n", [1, 2, 5, 10, 33])
def test_covered_parts_of_cells_are_chords_of_the_disc_integrated(n):
    found = cell_averages(TARGETS["disc"], n)
    assert found.certainty == "rigorous"
    assert found.values.mean() == pytest.approx(pi * 0.09, rel=1e-14)
    np.testing.assert_allclose(found.values, found.values.T, rtol=0, atol=1e-20)
    assert found.radius.max() < 1e-15
    generator = np.random.default_rng(n)
    crossed = np.argwhere((found.values > 0) & (found.values < 1))
    for i, j in crossed[generator.permutation(len(crossed))[:6]]:
        low, high, bottom, top = (mpmath.mpf(int(k)) / n - 0.5 for k in (i, i + 1, j, j + 1))

        def chord(x, bottom=bottom, top=top):
            half = mpmath.sqrt(max(mpmath.mpf("0.09") - x * x, 0))
            return max(min(top, half) - max(bottom, -half), 0)

        corners = [mpmath.sqrt(mpmath.mpf("0.09") - y * y) for y in (bottom, top) if abs(y) < 0.3]
        places = [s * c for s in (1, -1) for c in [*corners, mpmath.mpf("0.3")]]
        cuts = sorted({low, high, *(c for c in places if low < c < high)})
        area = mpmath.quad(chord, cuts) * n * n
        assert abs(float(area) - found.values[i, j]) < 1e-12


def test_a_disc_that_touches_the_lines_of_the_grid_is_measured():
    """Centre and radius put tangent points on lines and corners."""
    shape = Ball((Fraction(1, 2), Fraction(1, 2)), Fraction(1, 4))
    target = named(lambda x: (shape.depth(x) >= 0) * 1.0, 2, indicator_of=shape)
    found = cell_averages(target, 4)
    quarter = pi / 4
    expected = np.zeros((4, 4))
    expected[1:3, 1:3] = quarter
    np.testing.assert_allclose(found.values, expected, rtol=0, atol=1e-15)
    assert found.radius.max() < 1e-15


@pytest.mark.parametrize("per_side", [3, 8, 20])
def test_averages_of_random_cells_are_found_on_any_grid(per_side):
    """Weights: overlaps of intervals, in one variable, multiplied."""
    target = TARGETS[f"random_cells(per_side={per_side},dimension=2)"]
    centre = (np.arange(per_side) + 0.5) / per_side
    table = target(np.stack(np.meshgrid(centre, centre, indexing="ij"), axis=-1).reshape(-1, 2))
    n = 6
    overlap = np.array(
        [
            [
                float(
                    max(
                        min(Fraction(k + 1, n), Fraction(j + 1, per_side))
                        - max(Fraction(k, n), Fraction(j, per_side)),
                        Fraction(0),
                    )
                    * n
                )
                for j in range(per_side)
            ]
            for k in range(n)
        ]
    )
    expected = overlap @ table.reshape(per_side, per_side) @ overlap.T
    found = cell_averages(target, n)
    np.testing.assert_allclose(found.values, expected, rtol=0, atol=4e-15)


@pytest.mark.parametrize(
    ("power", "point"), [(0.5, 0.0), (0.9, 0.0), (0.4, Fraction(1, 3)), (0.6, 1.0), (0.3, 0.7)]
)
@pytest.mark.parametrize("n", [1, 3, 10])
def test_an_integrable_singularity_is_averaged(power, point, n):
    """∫ |x − c|^(−a) = sign(x − c) |x − c|^(1 − a) / (1 − a)."""
    target = named(lambda x: np.abs(x[:, 0] - float(point)) ** -power, singular_points=(point,))
    found = cell_averages(target, n)
    places = np.arange(n + 1) / n - float(point)
    places[np.abs(places) < 1e-15] = 0.0
    primitive = np.sign(places) * np.abs(places) ** (1 - power) / (1 - power)
    expected = np.diff(primitive) * n
    assert (np.abs(found.values - expected) <= found.radius + 1e-13).all()
    np.testing.assert_allclose(found.values, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("function", "points"),
    [
        (lambda x: 1 / x[:, 0], (0,)),
        (lambda x: np.abs(x[:, 0] - 1 / 3) ** -1.2, (Fraction(1, 3),)),
        (lambda x: 1 / (x[:, 0] - 1 / 3), (Fraction(1, 3),)),
        (lambda x: (1 - x[:, 0]) ** -2.0, (1.0,)),
    ],
)
@pytest.mark.parametrize("n", [1, 3, 100])
def test_what_is_not_integrable_is_refused(function, points, n):
    with pytest.raises(UserError, match="not integrable on the unit cube"):
        cell_averages(named(function, singular_points=points), n)


def test_an_undeclared_pole_does_not_settle():
    with pytest.raises(UserError, match=r"do not settle|not integrable|must be finite"):
        cell_averages(named(lambda x: 1 / np.abs(x[:, 0] - 0.3) ** 1.5), 3)


def test_values_that_are_not_finite_are_refused():
    with pytest.raises(UserError, match="must be finite"):
        cell_averages(named(lambda x: np.where(x[:, 0] > 0.5, np.nan, 1.0)), 4)


@pytest.mark.parametrize(
    ("target", "n", "words"),
    [
        ("sqrt", 0, "allowed for dimension 1"),
        ("cone", 265, "whole numbers from 1 to 264"),
        ("cone", 2.5, "whole numbers"),
        ("nested_absolute", 4, r"lives on \[-1, 1\]; allowed: the unit cube"),
        ("product(dimension=4)", 2, "allowed: the unit cube"),
    ],
)
def test_what_has_no_cells_is_refused(target, n, words):
    with pytest.raises(UserError, match=words):
        cell_averages(TARGETS[target], n)


def test_several_values_are_refused():
    with pytest.raises(UserError, match="2 values"):
        cell_averages(named(lambda x: np.repeat(x, 2, axis=1)), 3)


def test_cells_are_joined_only_by_divisors():
    with pytest.raises(UserError, match="12 cells per side are to be joined by 5"):
        cell_averages(TARGETS["sqrt"], 12).coarser(5)


def test_the_working_precision_is_left_as_it_was():
    before = ctx.prec, ctx.cap
    cell_averages(TARGETS["sqrt"], 5)
    cell_averages(TARGETS["runge"], 5)
    cell_averages(TARGETS["disc"], 5)
    assert (ctx.prec, ctx.cap) == before


def test_the_result_knows_its_grid():
    found = cell_averages(TARGETS["cone"], 6)
    assert isinstance(found, CellAverages)
    assert (found.per_side, found.dimension, found.exact) == (6, 2, None)


@pytest.mark.parametrize("number", ["2", None, True, 2.5, float("nan"), float("inf"), 1j])
def test_numbers_of_cells_that_are_no_whole_numbers_are_refused(number):
    with pytest.raises(UserError, match="the number of cells per side is") as refused:
        cell_averages(TARGETS["sqrt"], number)
    assert f"is {number!r}; allowed" in str(refused.value)
    with pytest.raises(UserError, match="to be joined by"):
        cell_averages(TARGETS["sqrt"], 4).coarser(number)


def test_numbers_of_cells_too_long_to_write_are_refused():
    with pytest.raises(UserError, match="is more than 300000; allowed"):
        cell_averages(TARGETS["sqrt"], 10**5000)


def test_what_is_no_target_is_refused():
    with pytest.raises(UserError, match="the target is 'sqrt'; allowed: a Target"):
        cell_averages("sqrt", 2)


def test_averages_that_float64_does_not_hold_are_refused():
    huge = PiecewisePolynomial((), ((Fraction(10**400),),))
    with pytest.raises(UserError, match="averages are too small or too large for float64"):
        cell_averages(named(lambda x: 0 * x[:, 0], pieces=huge), 2)


@pytest.mark.parametrize("unit", [1e-320, 1e-300, 1e250, 1e307])
def test_averages_of_any_size_are_within_their_radius(unit):
    found = cell_averages(named(lambda x: unit * (1 + x[:, 0])), 2)
    for value, radius, true in zip(found.values.tolist(), found.radius.tolist(), (1.25, 1.75), strict=True):
        assert abs(Fraction(value) - Fraction(unit) * Fraction(true)) <= Fraction(radius)
        assert radius <= 1e-13 * unit + 1e-322


def test_bounds_of_proved_averages_are_not_lost_below_the_floats():
    low, high = to_floats([arb(1) / 3 * arb(2) ** -1080, arb(5)])
    assert low[0] == 0 < high[0] and low[1] == 5 and high[1] == 0


@pytest.mark.parametrize("n", [1, 2, 3, 5, 7, 9])
def test_radii_for_a_jump_that_is_not_declared_are_of_its_order(n):
    """Boxes of another grid tell what rules overlook; areas under the circle are the truth."""
    known = cell_averages(named(lambda x: x[:, 0], 2, indicator_of=Ball((0.5, 0.5), 0.1)), n).values
    bare = cell_averages(named(lambda x: (((x - 0.5) ** 2).sum(axis=1) < 0.01) * 1.0, 2), n)
    assert np.abs(bare.values - known).mean() <= bare.radius.mean() + 1e-15
