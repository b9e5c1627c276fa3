"""The built-in targets, one list of claims over the whole registry, then closed forms of single ones."""

from fractions import Fraction
from itertools import pairwise
from math import inf, log2, sqrt

import mpmath
import numpy as np
import pytest
from flint import arb, arb_series, ctx, fmpq
from numpy.typing import NDArray

from ratelab import Target, UserError, load_plugins

TARGETS = load_plugins().targets
LABELS = [
    *TARGETS,
    "cusp(exponent=0.7,at=0.3)",
    "cusp(exponent=1)",
    "cusp(exponent=2)",
    "cusp(exponent=2.5,at=3/4)",
    "cusp(exponent=3)",
    "sine(frequency=2.5)",
    "gaussian(width=0.02)",
    "gaussian(dimension=2)",
    "step(at=0.3)",
    "takagi(exponent=0.5)",
    "takagi(exponent=2)",
    "takagi(exponent=3)",
    "weierstrass(exponent=1.5)",
    "brownian(seed=7)",
    "cone(dimension=1)",
    "lipschitz_wave(dimension=3)",
    "random_cells(dimension=2)",
    "constant(dimension=2)",
    "oscillation(rate=30,power=1)",
]
ONE_DIMENSIONAL = [name for name in LABELS if TARGETS[name].dimension == 1]
ENCLOSED = [name for name in ONE_DIMENSIONAL if TARGETS[name].enclosure]
INTEGRATED = [name for name in ONE_DIMENSIONAL if TARGETS[name].moments]
PIECEWISE = [name for name in ONE_DIMENSIONAL if TARGETS[name].pieces]


@pytest.fixture(autouse=True)
def precision():
    before = ctx.prec
    ctx.prec = 200
    yield
    ctx.prec = before


def points(target: Target, count: int = 500) -> NDArray[np.float64]:
    """Random points of the domain, after its corners and simple fractions."""
    special = np.array([0.0, 1.0, 0.5, 0.25, 1 / 3, 2 / 3, 0.3, 1e-9, 1e-300])
    values = np.concatenate([special, np.random.default_rng(5).random(count)])
    columns = [np.roll(values, 3 * i) for i in range(target.dimension)]
    lower, upper = np.array(target.domain).T
    return lower + (upper - lower) * np.stack(columns, axis=1)


def exact(value: Fraction) -> arb:
    """Smallest ball around a rational, at the precision of the test."""
    return arb(fmpq(value.numerator, value.denominator))


@pytest.mark.parametrize("name", LABELS)
def test_values_are_finite_and_there_is_one_per_point(name):
    target = TARGETS[name]
    x = points(target)
    values = target(x)
    assert values.shape == (len(x), 1)
    assert values.dtype == np.float64
    assert np.isfinite(values).all()
    assert target.function(x).shape == (len(x),)


@pytest.mark.parametrize("name", LABELS)
def test_a_value_does_not_depend_on_the_other_points(name):
    target = TARGETS[name]
    x = points(target, 40)
    together = target(x)
    alone = np.concatenate([target(row[None]) for row in x])
    assert together.tobytes() == alone.tobytes()
    assert target(x).tobytes() == together.tobytes()


@pytest.mark.parametrize("name", LABELS)
def test_every_target_says_what_is_known_and_from_where(name):
    target = TARGETS[name]
    assert target.name == name
    assert target.smoothness is not None
    assert target.smoothness.source
    assert 0 <= target.smoothness.hoelder <= 1
    assert target.smoothness.besov > 0
    assert target.summary
    low, high = target.domain[0]
    assert all(low <= point <= high for point in target.singular_points)
    assert not (target.smoothness.analytic and target.singular_points)


@pytest.mark.parametrize("name", ONE_DIMENSIONAL)
def test_every_target_of_one_variable_is_certifiable(name):
    assert TARGETS[name].certifiable


@pytest.mark.parametrize("name", ENCLOSED)
def test_the_enclosure_of_a_point_is_the_value(name):
    target = TARGETS[name]
    x = points(target)
    for point, value in zip(x[:, 0], target(x)[:, 0], strict=True):
        ball = target.enclosure(arb(float(point)))
        assert ball.is_finite()
        assert abs(float(ball.mid()) - value) <= float(ball.rad()) + 4e-15 * max(1.0, abs(value))


@pytest.mark.parametrize("name", ENCLOSED)
def test_the_enclosure_of_a_ball_contains_the_values_at_its_points(name):
    target = TARGETS[name]
    generator = np.random.default_rng(8)
    for middle, radius in zip(
        generator.uniform(0.1, 0.9, 40), 10.0 ** generator.uniform(-8, -2, 40), strict=True
    ):
        wide = target.enclosure(arb(float(middle), float(radius)))
        for part in (-1.0, -0.4, 0.0, 0.7, 1.0):
            assert wide.overlaps(target.enclosure(arb(float(middle)) + arb(float(radius)) * part))
        if wide.is_finite():
            inner = target.enclosure(arb(float(middle)) + arb(float(radius)) / 2)
            assert wide.contains(inner)


@pytest.mark.parametrize("name", ENCLOSED)
def test_the_series_of_the_enclosure_has_the_derivatives_as_coefficients(name):
    target, step = TARGETS[name], arb(2) ** -50
    for middle in (0.15, 0.4375, 0.81):
        x = arb(middle)
        series = target.enclosure(arb_series([x, 1], 4))
        left, centre, right = (target.enclosure(x + k * step) for k in (-1, 0, 1))
        slope, bend = (right - left) / (2 * step), (right - 2 * centre + left) / (2 * step * step)
        assert series[0].overlaps(centre)
        assert float(abs(series[1] - slope)) <= 1e-15 * (1 + float(abs(slope)))
        assert float(abs(series[2] - bend)) <= 1e-12 * (1 + float(abs(bend)))


@pytest.mark.parametrize("name", PIECEWISE)
def test_the_pieces_are_the_function(name):
    target = TARGETS[name]
    x = points(target)
    rational = [float(target.pieces(Fraction(float(point)))) for point in x[:, 0]]
    np.testing.assert_allclose(target(x)[:, 0], rational, rtol=0, atol=1e-15)


TOLERANCE = {"takagi(exponent=0.5)": 2e-6}  # the reference, not the integral, is that coarse


@pytest.mark.parametrize("name", INTEGRATED)
@pytest.mark.parametrize(("a", "b"), [(0.0, 1.0), (0.1875, 0.84375), (0.3, 0.35)])
def test_moments_and_energy_are_the_integrals(name, a, b):
    """Reference: the midpoint rule on 3^12 cells, whose points no dyadic structure favours."""
    target = TARGETS[name]
    cells = 3**12
    x = a + (b - a) * (np.arange(cells) + 0.5) / cells
    values = target(x)[:, 0]
    moments = target.moments(arb(a), arb(b), 7)
    assert len(moments) == 8
    for k, moment in enumerate(moments):
        assert float(moment.rad()) < 1e-50
        assert float(moment.mid()) == pytest.approx(
            np.mean(x**k * values) * (b - a), abs=TOLERANCE.get(name, 2e-9)
        )
    energy = target.energy(arb(a), arb(b))
    assert float(energy.mid()) == pytest.approx(np.mean(values**2) * (b - a), abs=TOLERANCE.get(name, 2e-9))


@pytest.mark.parametrize("name", INTEGRATED)
def test_integrals_are_additive(name):
    target = TARGETS[name]
    for a, b, c in [(0.0, 0.1, 1.0), (0.25, 1 / 3, 0.375), (0.2, 0.2 + 2**-40, 0.7)]:
        ends = [arb(a), arb(b), arb(c)]
        parts = [target.moments(p, q, 3) for p, q in pairwise(ends)]
        for whole, first, second in zip(target.moments(ends[0], ends[2], 3), *parts, strict=True):
            assert whole.overlaps(first + second)
        first, second = (target.energy(p, q) for p, q in pairwise(ends))
        assert target.energy(ends[0], ends[2]).overlaps(first + second)


@pytest.mark.parametrize("name", INTEGRATED)
def test_integrals_up_to_a_ball_contain_those_up_to_its_points(name):
    target = TARGETS[name]
    ball = arb(0.4, 1e-6)
    wide, energy = target.moments(arb(0), ball, 3), target.energy(arb(0), ball)
    for end in (arb(0.4) - arb(1e-6), arb(0.4), arb(0.4) + arb(7e-7)):
        assert all(w.contains(m) for w, m in zip(wide, target.moments(arb(0), end, 3), strict=True))
        assert energy.contains(target.energy(arb(0), end))
    assert float(wide[0].rad()) < 1e-5
    # a third has no exact ball, and is the edge of a piece of several targets
    third = exact(Fraction(1, 3))
    left, right = target.moments(arb(0.25), third, 3), target.moments(third, arb(0.5), 3)
    for whole, first, second in zip(target.moments(arb(0.25), arb(0.5), 3), left, right, strict=True):
        assert whole.overlaps(first + second)
        assert float(first.rad()) < 1e-50


@pytest.mark.parametrize("name", INTEGRATED)
def test_every_precision_gives_a_ball_around_the_same_number(name):
    target = TARGETS[name]
    generator = np.random.default_rng(3)
    for a, b in np.sort(generator.random((12, 2)), axis=1):
        results = []
        for bits in (53, 120, 333):
            ctx.prec = bits
            ends = arb(float(a)), arb(float(b))
            results.append([*target.moments(*ends, 5), target.energy(*ends)])
        ctx.prec = 400
        for rough, middle, fine in zip(*results, strict=True):
            assert rough.overlaps(fine)
            assert middle.overlaps(fine)
            assert float(fine.rad()) < 1e-90
            assert float(rough.rad()) < 1e-10


@pytest.mark.parametrize("name", sorted(set(INTEGRATED) & set(ENCLOSED)))
def test_moments_and_enclosure_describe_the_same_function(name):
    """On a tiny interval away from singular points the mean value is the midpoint value."""
    target = TARGETS[name]
    a, width = arb(0.71875), arb(2) ** -40
    mean = target.moments(a, a + width, 0)[0] / width
    assert float(abs(mean - target.enclosure(a + width / 2))) < 1e-15


@pytest.mark.parametrize(
    ("label", "exponent"),
    [("cusp(exponent=0.7,at=0.3)", "0.7"), ("cusp", "0.5"), ("cusp(exponent=2.5,at=3/4)", "2.5")],
)
def test_cusp_integrals_match_quadrature_in_many_digits(label, exponent):
    target = TARGETS[label]
    point = Fraction(target.singular_points[0])
    with mpmath.workdps(40):
        power, centre = mpmath.mpf(float(exponent)), mpmath.mpf(point.numerator) / point.denominator
        a, b = mpmath.mpf("0.125"), mpmath.mpf("0.875")
        for k, moment in enumerate(target.moments(arb(0.125), arb(0.875), 4)):
            reference = mpmath.quad(lambda x, k=k: x**k * abs(x - centre) ** power, [a, centre, b])
            assert abs(mpmath.mpf(moment.mid().str(40, radius=False)) - reference) < 1e-18
        reference = mpmath.quad(lambda x: abs(x - centre) ** (2 * power), [a, centre, b])
        energy = target.energy(arb(0.125), arb(0.875))
        assert abs(mpmath.mpf(energy.mid().str(40, radius=False)) - reference) < 1e-18


@pytest.mark.parametrize("a", [0.5, 1.0, 1.5, 3.0])
def test_takagi_has_the_known_mean_and_distance_from_affine_functions(a):
    target = TARGETS[f"takagi(exponent={a:g})"]
    zeroth, first = target.moments(arb(0), arb(1), 1)
    energy = target.energy(arb(0), arb(1))
    ratio = arb(2) ** arb(a)
    assert zeroth.overlaps(1 / (2 * (ratio - 1)))
    assert (2 * first).overlaps(zeroth)
    # the best affine fit is the mean, since the function is symmetric
    assert (energy - zeroth * zeroth).overlaps(1 / (12 * (ratio * ratio - 1)))


@pytest.mark.parametrize("a", [0.5, 1.0, 3.0])
def test_takagi_on_a_dyadic_cell_is_a_chord_plus_a_small_copy(a):
    """On [i, i + 1] / 2^m: line between the values at the ends, plus 2^(−am) times the whole function."""
    target = TARGETS[f"takagi(exponent={a:g})"]
    m = 5
    mean = 1 / (2 * (2**a - 1))
    square = mean**2 + 1 / (12 * (4**a - 1))
    for i in range(2**m):
        left, right = i / 2**m, (i + 1) / 2**m
        u, v = target(np.array([left, right]))[:, 0]
        small = 2.0 ** (-a * m)
        moment = target.moments(arb(left), arb(right), 0)[0]
        energy = target.energy(arb(left), arb(right))
        assert float(moment.mid()) == pytest.approx(((u + v) / 2 + small * mean) / 2**m, rel=1e-13)
        chord = (u * u + u * v + v * v) / 3 + small * mean * (u + v)
        assert float(energy.mid()) == pytest.approx((chord + small**2 * square) / 2**m, rel=1e-13)


def test_takagi_takes_its_known_values():
    target = TARGETS["takagi"]
    np.testing.assert_allclose(target(np.array([1 / 3, 0.2]))[:, 0], [2 / 3, 8 / 15], atol=1e-14)
    powers = 2.0 ** -np.arange(1.0, 40.0)
    np.testing.assert_allclose(target(powers)[:, 0], np.arange(1, 40) * powers, rtol=1e-14)


def test_takagi_of_exponent_two_is_a_parabola():
    target = TARGETS["takagi(exponent=2)"]
    x = np.random.default_rng(1).random(1000)
    np.testing.assert_allclose(target(x)[:, 0], x - x * x, rtol=0, atol=3e-16)
    assert target.smoothness.besov == inf


def test_cantor_takes_its_known_values():
    """Between two floats the function moves by 1e-10, so its values at rationals are met only that well."""
    target = TARGETS["cantor"]
    x = np.array([0.0, 0.25, 0.75, 1.0, 0.4, 0.5, 3 / 10, 1 / 13])
    np.testing.assert_allclose(target(x)[:4, 0], [0, 1 / 3, 2 / 3, 1], rtol=0, atol=1e-16)
    np.testing.assert_allclose(target(x)[4:, 0], [0.5, 0.5, 2 / 5, 1 / 7], rtol=0, atol=1e-9)


def test_cantor_values_are_those_of_exact_ternary_digits():
    def digits(x: Fraction) -> float:
        value, weight = Fraction(0), Fraction(1, 2)
        for _ in range(80):
            x *= 3
            if x >= 2:
                value, x = value + weight, x - 2
            elif x >= 1:
                return float(value + weight)
            weight /= 2
        return float(value)

    generator = np.random.default_rng(2)
    x = np.concatenate([generator.random(300), 10.0 ** generator.uniform(-30, 0, 100)])
    # points near the Cantor set, where digits count
    x = np.concatenate([x, (2 * generator.integers(0, 2, (200, 33)) * 3.0 ** -np.arange(1, 34)).sum(axis=1)])
    x = np.minimum(x, 1.0)
    expected = [digits(Fraction(float(value))) for value in x]
    np.testing.assert_allclose(TARGETS["cantor"](x)[:, 0], expected, rtol=0, atol=2e-16)


def test_cantor_is_120_to_the_minus_one_half_away_from_the_diagonal():
    target = TARGETS["cantor"]
    mean, first = target.moments(arb(0), arb(1), 1)
    energy = target.energy(arb(0), arb(1))
    assert mean.overlaps(exact(Fraction(1, 2)))
    assert energy.overlaps(exact(Fraction(3, 10)))
    assert (energy - 2 * first + exact(Fraction(1, 3))).overlaps(exact(Fraction(1, 120)))
    assert target.smoothness.besov == pytest.approx(log2(6) / 2)


def test_cantor_integrals_scale_on_the_left_third():
    """The third is a ball here, so this also meets endpoints whose ternary digits never end."""
    target = TARGETS["cantor"]
    whole = target.moments(arb(0), arb(1), 3)
    third = target.moments(arb(0), exact(Fraction(1, 3)), 3)
    for k in range(4):
        assert third[k].overlaps(whole[k] / (2 * 3 ** (k + 1)))
        assert float(third[k].rad()) < 1e-50
    assert target.energy(arb(0), exact(Fraction(1, 3))).overlaps(target.energy(arb(0), arb(1)) / 12)


@pytest.mark.parametrize("a", [0.5, 1.5])
def test_weierstrass_energy_is_half_the_sum_of_squares(a):
    target = TARGETS["weierstrass" if a == 0.5 else f"weierstrass(exponent={a:g})"]
    energy = target.energy(arb(0), arb(1))
    assert float(energy.mid()) == pytest.approx(sum(4.0 ** (-a * j) for j in range(11)) / 2, rel=1e-14)
    assert target.moments(arb(0), arb(1), 0)[0].overlaps(arb(0))


def test_a_brownian_path_is_fixed_by_its_seed():
    first, again, other = (
        TARGETS["brownian(seed=3)"],
        load_plugins().targets["brownian(seed=3)"],
        TARGETS["brownian"],
    )
    x = np.linspace(0, 1, 4097)
    assert first(x).tobytes() == again(x).tobytes()
    assert not np.array_equal(first(x), other(x))
    assert first(x)[0, 0] == 0.0
    # the generator's raw bits are stable between versions; the value pins them
    assert other(x)[-1, 0] == -0.6328125


def test_a_brownian_path_has_independent_steps_of_the_right_variance():
    x = np.linspace(0, 1, 4097)
    steps = np.diff(TARGETS["brownian"](x)[:, 0])
    assert np.var(steps) == pytest.approx(1 / 4096, rel=0.1)
    assert abs(np.mean(steps[1:] * steps[:-1])) * 4096 < 4 / sqrt(4096)


def test_brownian_integrals_over_a_step_are_those_of_its_chord():
    target = TARGETS["brownian"]
    for i in (0, 1, 2047, 4095):
        a, b = Fraction(i, 4096), Fraction(i + 1, 4096)
        u, v = (Fraction(float(y)) for y in target(np.array([float(a), float(b)]))[:, 0])
        moment, first = target.moments(exact(a), exact(b), 1)
        assert moment.overlaps(exact((u + v) / 2 * (b - a)))
        assert first.overlaps(exact((b - a) * (a * u * 2 + a * v + b * u + b * v * 2) / 6))
        assert target.energy(exact(a), exact(b)).overlaps(exact((b - a) * (u * u + u * v + v * v) / 3))


def test_the_step_jumps_exactly_at_a_third():
    target = TARGETS["step"]
    below = 1 / 3  # this float is less than the rational
    assert target(np.array([below, np.nextafter(below, 1)]))[:, 0].tolist() == [0.0, 1.0]
    assert TARGETS["step(at=0.5)"](np.array([np.nextafter(0.5, 0), 0.5, 0.6]))[:, 0].tolist() == [
        0.0,
        1.0,
        1.0,
    ]


def test_the_disc_has_its_area():
    side = (np.arange(2000) + 0.5) / 2000
    x = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    assert TARGETS["disc"](x).mean() == pytest.approx(np.pi * 0.09, abs=3e-5)


def test_the_cone_is_the_distance_from_the_centre():
    assert TARGETS["cone"](np.array([[0.5, 0.5], [0.8, 0.9], [0.0, 0.5]]))[:, 0] == pytest.approx(
        [0, 0.5, 0.5]
    )


@pytest.mark.parametrize(
    ("label", "word"),
    [
        ("cusp(exponent=0)", "exponent"),
        ("cusp(at=1.5)", "at"),
        ("step(at=1)", "at"),
        ("sine(frequency=0)", "frequency"),
        ("gaussian(width=0)", "width"),
        ("gaussian(dimension=4)", "dimension"),
        ("takagi(exponent=0)", "exponent"),
        ("weierstrass(exponent=-1)", "exponent"),
        ("brownian(seed=-1)", "seed"),
    ],
)
def test_a_parameter_out_of_range_is_named_with_what_is_allowed(label, word):
    with pytest.raises(UserError, match=rf"{word} is .*; allowed"):
        TARGETS[label]
