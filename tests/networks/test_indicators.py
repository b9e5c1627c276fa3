"""Networks of steps, boxes, polytopes and cones: what they compute, and what they cost."""

from fractions import Fraction
from itertools import product
from math import cos, pi, sin, tan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import UserError
from ratelab.networks._indicators import (
    cube_indicator,
    cube_indicator_bound,
    polygon_indicator,
    polytope_indicator,
    regular_polygon_indicator,
    step,
)
from ratelab.networks._ridges import cone_ridges, cone_ridges_bound

FORMS = ("hinges", "steps")
quarters = st.integers(-12, 12).map(lambda v: Fraction(v, 4))


def trapezoid(x, low, high, width):
    """0 outside [low, high], 1 on [low + width, high − width], affine between."""
    return max(Fraction(0), min(Fraction(1), (x - low) / width, (high - x) / width))


@given(quarters, st.integers(1, 9), quarters)
def test_a_step_is_a_clipped_ramp_with_four_connections(at, eighths, x):
    width = Fraction(eighths, 8)
    network = step(at, width)
    assert (network.depth, network.connections, network.neurons) == (2, 4, 2)
    assert network.strict and network.exact
    assert network([[x]])[0, 0] == max(Fraction(0), min(Fraction(1), (x - at) / width))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dimension", [1, 2, 3])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_cube_is_the_positive_part_of_a_sum_of_trapezoids(dimension, form, data):
    lower = [data.draw(quarters) for _ in range(dimension)]
    upper = [a + Fraction(data.draw(st.integers(1, 8)), 3) for a in lower]
    width = min(b - a for a, b in zip(lower, upper, strict=True)) * Fraction(data.draw(st.integers(1, 5)), 10)
    network = cube_indicator(lower, upper, width, form)
    points = [
        [
            a + (b - a) * Fraction(data.draw(st.integers(-3, 15)), 12)
            for a, b in zip(lower, upper, strict=True)
        ]
        for _ in range(4)
    ]
    for point, value in zip(points, network(points)[:, 0], strict=True):
        total = sum(trapezoid(x, a, b, width) for x, a, b in zip(point, lower, upper, strict=True))
        assert value == max(Fraction(0), total - (dimension - 1))


@pytest.mark.parametrize("dimension", [1, 2, 3, 7])
def test_cubes_have_exactly_the_promised_counts(dimension):
    for form, per_face in zip(FORMS, (1, 2), strict=True):
        network = cube_indicator([0.0] * dimension, [1.0] * dimension, 0.1, form)
        assert network.neurons == 2 * dimension * per_face + 1
        assert network.connections == 4 * dimension * per_face + 1
        assert network.depth == 3 and network.strict
        bound = cube_indicator_bound(dimension, form)
        assert (bound.depth, bound.connections, bound.neurons) == (3, network.connections, network.neurons)


def test_hinges_are_exactly_zero_outside_and_steps_are_not():
    box = [-0.7, -0.7], [0.7, 0.7], 0.1
    points = np.random.default_rng(3).uniform(0.81, 50, (4000, 2))
    points[:, 1] = np.random.default_rng(4).uniform(-0.5, 0.5, 4000)
    assert (cube_indicator(*box)(points) == 0).all()
    noise = cube_indicator(*box, form="steps")(points)
    assert 0 < noise.max() < 1e-12
    inside = np.random.default_rng(5).uniform(-0.59, 0.59, (2000, 2))
    assert (cube_indicator(*box)(inside) == 1).all()


def test_a_simplex_in_three_variables_is_a_polytope():
    normals = [[-1, 0, 0], [0, -1, 0], [0, 0, -1], [1, 1, 1]]
    offsets = [Fraction(0)] * 3 + [Fraction(1)]
    width = Fraction(1, 20)
    for form, per_face in zip(FORMS, (1, 2), strict=True):
        network = polytope_indicator(normals, offsets, width, form)
        assert network.neurons == 4 * per_face + 1
        assert network.connections == (6 + 4) * per_face + 1  # zeros of the normals are no connections
        for point in product([Fraction(k, 8) for k in range(-1, 9)], repeat=3):
            sides = [*point, 1 - sum(point)]
            lack = sum(max(Fraction(0), width - side) for side in sides) / width
            assert network([list(point)])[0, 0] == max(Fraction(0), 1 - lack)


def test_a_polygon_is_one_inside_and_zero_outside_in_either_order():
    corners = [(0, 0), (4, 0), (5, 2), (2, 4)]
    points = np.random.default_rng(1).uniform(-1, 6, (5000, 2))
    edges = list(zip(corners, corners[1:] + corners[:1], strict=True))
    away = np.stack(
        [
            ((q[0] - p[0]) * (points[:, 1] - p[1]) - (q[1] - p[1]) * (points[:, 0] - p[0]))
            / np.hypot(q[0] - p[0], q[1] - p[1])
            for p, q in edges
        ]
    ).min(axis=0)
    for order in (corners, corners[::-1]):
        for form, connections in zip(FORMS, (13, 25), strict=True):
            network = polygon_indicator([(float(x), float(y)) for x, y in order], 0.2, form)
            assert network.connections <= connections
            values = network(points)[:, 0]
            assert np.abs(values[away <= 0]).max() < 1e-12
            assert np.abs(values[away >= 0.2] - 1).max() < 1e-12
            assert (values[(away > 1e-9) & (away < 0.1)] < 1).all()


def test_a_rational_polygon_stays_rational_with_a_collar_at_most_as_wide():
    corners = [(Fraction(0), Fraction(0)), (Fraction(3), Fraction(0)), (Fraction(0), Fraction(4))]
    width = Fraction(1, 10)
    network = polygon_indicator(corners, width)
    assert network.exact
    for x, y in product([Fraction(k, 7) for k in range(-2, 30)], repeat=2):
        # distances to the sides of the right triangle
        inside = min(x, y, (12 - 4 * x - 3 * y) / 5)
        value = network([[x, y]])[0, 0]
        assert value == 0 if inside <= 0 else 0 <= value <= 1
        if inside >= width:
            assert value == 1


@pytest.mark.parametrize(
    "corners",
    [
        [(0, 0), (1, 0)],
        [(0, 0), (1, 0), (2, 0)],
        [(0, 0), (2, 0), (1, 0.5), (0, 2), (-1, 1)],
        [(cos(4 * pi * k / 5), sin(4 * pi * k / 5)) for k in range(5)],
    ],
    ids=["two points", "a line", "not convex", "a star"],
)
def test_what_is_no_convex_polygon_is_refused(corners):
    with pytest.raises(UserError, match="polygon_indicator"):
        polygon_indicator(corners, 0.1)


@pytest.mark.parametrize("sides", [3, 4, 7, 12])
def test_a_regular_polygon_has_its_inradius_and_its_corners(sides):
    network = regular_polygon_indicator(sides, 1.0, 1e-6, (2.0, -1.0))
    angle = 2 * pi / sides * np.arange(sides)
    for shift, reach in ((0.0, 1.0), (pi / sides, 1 / cos(pi / sides))):
        ray = np.stack([np.cos(angle + shift), np.sin(angle + shift)], axis=1)
        centre = np.array([2.0, -1.0])
        assert (network(centre + ray * reach * (1 - 1e-5)) == 1).all()
        assert (network(centre + ray * reach * (1 + 1e-9)) == 0).all()
    assert network.connections <= 3 * sides + 1


@pytest.mark.parametrize("directions", [1, 2, 3, 7, 16])
def test_ridges_have_the_least_relative_error_and_attain_it_with_both_signs(directions):
    angle = np.linspace(0, 2 * pi, 720 * directions + 1)
    unit = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    network = cone_ridges(directions)
    assert (network.connections, network.neurons) == (
        6 * directions - 4 * (1 if directions % 2 else 2) // 2, 2 * directions
    )  # fmt: skip
    residual = network(5 * unit)[:, 0] / 5 - 1
    bound = tan(pi / (4 * directions)) ** 2
    assert residual.max() == pytest.approx(bound, rel=1e-9)
    assert residual.min() == pytest.approx(-bound, rel=1e-9)


@pytest.mark.parametrize("directions", [3, 5, 9, 31])
def test_an_odd_number_of_directions_takes_one_neuron_each(directions):
    x = np.random.default_rng(2).normal(size=(500, 2))
    one, two = (cone_ridges(directions, 0.3, (0.5, -2.0), form) for form in ("single", "pairs"))
    np.testing.assert_allclose(one(x), two(x), rtol=1e-13)
    assert one.neurons == directions and two.neurons == 2 * directions
    assert one.connections <= cone_ridges_bound(directions, "single").connections == 3 * directions


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: step(0, 0), "width is 0"),
        (lambda: step(float("nan"), 1), "finite"),
        (lambda: cube_indicator([0], [1], 0.6), "half of the shortest side"),
        (lambda: cube_indicator([0, 0], [1], 0.1), "coordinates"),
        (lambda: cube_indicator([0], [1], 0.1, "other"), "'hinges', 'steps'"),
        (lambda: polytope_indicator([[0, 0]], [1], 0.1), "normal 0 is zero"),
        (lambda: polytope_indicator([[1, 0]], [1, 2], 0.1), "2 offsets"),
        (lambda: regular_polygon_indicator(2, 1, 0.1), "sides is 2"),
        (lambda: regular_polygon_indicator(5, 1, 2), "width is 2"),
        (lambda: cone_ridges(0), "directions is 0"),
        (lambda: cone_ridges(4, form="single"), "odd"),
        (lambda: cone_ridges(3, scale=-1), "scale is -1"),
    ],
)
def test_bad_parameters_are_named(call, message):
    with pytest.raises(UserError, match=message):
        call()
