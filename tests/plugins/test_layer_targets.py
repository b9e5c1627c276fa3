"""Waves, random cells, constants, oscillations and nested absolute values: what is special about each."""

from fractions import Fraction
from math import sqrt

import mpmath
import numpy as np
import pytest
from flint import arb, arb_series, ctx

from ratelab import UserError, load_plugins
from ratelab.exact import cell_moments, check_target

TARGETS = load_plugins().targets
DIMENSIONS = [1, 2, 3]


def label(name: str, dimension: int, default: int = 1) -> str:
    return name if dimension == default else f"{name}(dimension={dimension})"


@pytest.mark.parametrize(
    "name",
    ["lipschitz_wave", "random_cells", "constant", "oscillation", "nested_absolute", "cone", "gaussian"],
)
def test_declarations_agree_with_the_function(name):
    check_target(TARGETS[name])


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_the_gradient_of_the_wave_has_length_at_most_one_and_reaches_it(dimension):
    target = TARGETS[label("lipschitz_wave", dimension)]
    generator = np.random.default_rng(0)
    x, step = generator.random((4000, dimension)), 1e-6
    x = np.concatenate([x, np.zeros((1, dimension)) + 1e-5])
    ends = [x + step * np.eye(dimension)[i] for i in range(dimension)]
    slopes = np.stack([(target(np.minimum(e, 1.0)) - target(x))[:, 0] / step for e in ends], axis=1)
    length = np.sqrt((slopes[(x < 0.99).all(axis=1)] ** 2).sum(axis=1))
    assert length.max() <= 1 + 1e-8
    assert length.max() >= 1 - 1e-8
    assert target(np.full((1, dimension), 0.25))[0, 0] == pytest.approx(sqrt(dimension) / (2 * np.pi))


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_random_cells_are_constant_on_cells_and_independent_of_each_other(dimension):
    n = 7
    target = TARGETS[f"random_cells(per_side={n}" + (")" if dimension == 1 else f",dimension={dimension})")]
    generator = np.random.default_rng(1)
    place = generator.integers(0, n, (500, dimension))
    centre = target((place + 0.5) / n)
    other = target((place + generator.uniform(1e-9, 1 - 1e-9, place.shape)) / n)
    np.testing.assert_array_equal(centre, other)
    every = np.stack(np.meshgrid(*[(np.arange(n) + 0.5) / n] * dimension), axis=-1).reshape(-1, dimension)
    values = target(every)[:, 0]
    assert len(set(values.tolist())) == n**dimension
    assert np.abs(values).max() <= 1
    if dimension == 3:
        assert abs(values.mean()) < 4 * sqrt(1 / 3 / n**3)
        assert np.var(values) == pytest.approx(1 / 3, rel=0.2)


@pytest.mark.parametrize("n", [1, 3, 7, 10])
def test_random_cells_and_their_pieces_agree_next_to_every_line(n):
    target = TARGETS[f"random_cells(per_side={n})"]
    for k in range(1, n):
        for x in (k / n, np.nextafter(k / n, 0), np.nextafter(k / n, 1)):
            assert target(np.array([x]))[0, 0] == float(target.pieces(Fraction(float(x))))


def test_random_cells_are_fixed_by_their_seed():
    x = np.random.default_rng(2).random((50, 2))
    first = TARGETS["random_cells(seed=5,dimension=2)"](x)
    again = load_plugins().targets["random_cells(seed=5,dimension=2)"](x)
    assert first.tobytes() == again.tobytes()
    assert not np.array_equal(first, TARGETS["random_cells(seed=6,dimension=2)"](x))
    # the generator's raw bits are stable between versions; the value pins them
    assert TARGETS["random_cells"](np.array([0.0]))[0, 0] == 0.2739233746429086


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_a_constant_is_its_value_everywhere(dimension):
    target = TARGETS[f"constant(value=0.3,dimension={dimension})"]
    x = np.random.default_rng(3).random((20, dimension))
    assert set(target(x)[:, 0].tolist()) == {0.3}


@pytest.mark.parametrize(("rate", "power"), [(100, 0), (100, 1), (3, 8), (9999, 2), ("1/3", 0), (0.1, 1)])
def test_oscillations_lose_no_digits_to_the_size_of_the_angle(rate, power):
    target = TARGETS[f"oscillation(rate={rate},power={power})"]
    x = np.random.default_rng(4).random(300)
    with mpmath.workdps(40):
        factor = Fraction(rate)
        exact = mpmath.mpf(factor.numerator) / factor.denominator
        expected = [float(mpmath.mpf(v) ** power * mpmath.sin(exact * mpmath.mpf(v))) for v in x.tolist()]
    np.testing.assert_allclose(target(x)[:, 0], expected, rtol=0, atol=5e-16)


def nested(x: mpmath.mpf) -> mpmath.mpf:
    """The formula, word for word."""
    half, tenth = mpmath.mpf(1) / 2, mpmath.mpf(1) / 10
    a = abs(mpmath.cos(15 * mpmath.pi * (x - 3 * tenth)) - 7 * tenth)
    a = abs(mpmath.cos(2 * mpmath.pi * (a - half)) - half)
    a = -abs(a - 13 * tenth) + 13 * tenth
    a = -abs(a - 9 * tenth) + 9 * tenth
    return (x + 1) * a


def test_nested_absolute_values_are_those_of_the_formula():
    target = TARGETS["nested_absolute"]
    x = np.concatenate([np.random.default_rng(5).uniform(-1, 1, 400), [-1.0, 0.0, 0.3, 1.0]])
    with mpmath.workdps(40):
        expected = [float(nested(mpmath.mpf(v))) for v in x.tolist()]
    np.testing.assert_allclose(target(x)[:, 0], expected, rtol=0, atol=4e-15)


def test_nested_absolute_declares_every_kink_and_nothing_else():
    """At a kink the slopes of the two sides differ; on a grid of a million points the rest is smooth."""
    target = TARGETS["nested_absolute"]
    kinks = np.array(target.singular_points)
    assert len(kinks) == 360
    with mpmath.workdps(30):
        for kink in kinks.tolist()[::7]:
            c, h = mpmath.mpf(kink), mpmath.mpf(10) ** -9
            bend = (nested(c + h) - 2 * nested(c) + nested(c - h)) / h
            assert abs(bend) > 1
    grid = np.linspace(-1, 1, 1_000_001)
    values = target(grid)[:, 0]
    bend = np.abs(values[2:] - 2 * values[1:-1] + values[:-2]) / (grid[1] - grid[0])
    far = np.abs(
        grid[1:-1, None] - kinks[np.searchsorted(kinks, grid[1:-1]).clip(1, 359)[:, None] - [0, 1]]
    ).min(axis=1)
    # second derivatives stay below 2(300² + 2π·(15π)²), kinks turn slopes by more than 1 at distance half a step
    width = grid[1] - grid[0]
    assert bend[far > 2 * width].max() < 2 * (300**2 + 2 * np.pi * (15 * np.pi) ** 2) * width
    assert bend[far < 0.2 * width].min() > 1


def test_the_enclosure_of_nested_absolute_values_has_no_series_across_a_kink():
    target = TARGETS["nested_absolute"]
    kink = target.singular_points[100]
    before = ctx.prec
    ctx.prec = 100
    try:
        around = target.enclose(arb_series([arb(kink, 1e-9), 1], 3))
        beside = target.enclose(arb_series([arb(kink + 1e-6, 1e-9), 1], 3))
        assert not around[1].is_finite()
        assert beside[1].is_finite()
        assert target.enclose(arb(kink, 1e-9)).is_finite()
    finally:
        ctx.prec = before


def test_averages_of_nested_absolute_values_are_proved():
    target = TARGETS["nested_absolute"]
    edges = np.linspace(0.1, 0.2, 4)
    found = cell_moments(target, edges, 0)
    assert found.certainty == "rigorous"
    x = edges[0] + (edges[1] - edges[0]) * (np.arange(300_000) + 0.5) / 300_000
    assert found.coefficients[0, 0] == pytest.approx(target(x).mean(), abs=1e-9)
    assert found.radius.max() < 1e-14


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_the_cone_and_the_bump_are_radial(dimension):
    cone = TARGETS[label("cone", dimension, 2)]
    bump = TARGETS[label("gaussian", dimension)]
    x = np.random.default_rng(6).random((50, dimension))
    distance = np.sqrt(((x - 0.5) ** 2).sum(axis=1))
    np.testing.assert_allclose(cone(x)[:, 0], distance, rtol=1e-15, atol=1e-16)
    np.testing.assert_allclose(bump(x)[:, 0], np.exp(-50 * distance**2), rtol=1e-13)


@pytest.mark.parametrize(
    ("label", "word"),
    [
        ("lipschitz_wave(dimension=4)", "dimension"),
        ("random_cells(dimension=0)", "dimension"),
        ("random_cells(per_side=0)", "per_side"),
        ("random_cells(per_side=33,dimension=3)", "per_side"),
        ("random_cells(seed=-1)", "seed"),
        ("constant(dimension=4)", "dimension"),
        ("constant(value=1e7)", "value"),
        ("oscillation(rate=0)", "rate"),
        ("oscillation(power=9)", "power"),
        ("cone(dimension=4)", "dimension"),
        ("gaussian(dimension=4)", "dimension"),
    ],
)
def test_a_parameter_out_of_range_is_named_with_what_is_allowed(label, word):
    with pytest.raises(UserError, match=rf"{word} is .*; allowed"):
        TARGETS[label]
