"""Errors for indicators of discs and rectangles, against closed forms, certified ends and simulation."""

from fractions import Fraction
from math import pi, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import Network, Target, load_plugins
from ratelab.exact import distance
from ratelab.exact._indicator_error import _common, indicator_error
from ratelab.networks._indicators import cube_indicator, regular_polygon_indicator
from ratelab.registry._shapes import Ball, Box
from ratelab.spaces._indicators import cube_error
from ratelab.spaces._polygons import disc_polygon

SQUARE = ((0.0, 1.0), (0.0, 1.0))


def indicator(shape, domain=SQUARE):
    return Target("given", lambda x: np.zeros(len(x)), domain=domain, indicator_of=shape)


DISC = indicator(Ball((Fraction(1, 2), Fraction(1, 2)), Fraction(3, 10)))


def constant(value):
    return Network.dense([[[0.0, 0.0]]], [[value]])


@pytest.mark.parametrize("collar", ["soft", "sharp"])
@pytest.mark.parametrize("sides", [5, 8, 33, 64])
def test_polygons_lie_between_their_certified_ends_however_steep(sides, collar):
    found = disc_polygon(sides, 0.3, collar, rays=2**14)
    network = regular_polygon_indicator(sides, found.inradius, found.width, (0.5, 0.5))
    assert found.lower <= indicator_error(network, DISC) <= found.upper
    assert found.upper / found.lower < 1.001


@pytest.mark.parametrize("width", [0.1, 1e-2, 1e-4, 1e-6])
def test_boxes_have_the_error_of_the_closed_form(width):
    box = Box((0.25, 0.3), (0.75, 0.9))
    found = indicator_error(cube_indicator(box.lower, box.upper, width), indicator(box))
    assert found == pytest.approx(cube_error([0.5, 0.6], width), rel=1e-9)


def test_constants_see_the_area():
    for value in (0.0, 0.3, 1.0):
        area = pi * 0.09
        expected = sqrt(area * (1 - value) ** 2 + (1 - area) * value**2)
        assert indicator_error(constant(value), DISC) == pytest.approx(expected, rel=1e-14)


def test_a_disc_that_sticks_out_of_the_domain_is_cut():
    quarter = indicator(Ball((0.0, 0.0), 0.5))
    assert indicator_error(constant(0.0), quarter) == pytest.approx(sqrt(pi / 16), rel=1e-14)
    whole = indicator(Ball((0.5, 0.5), 2.0))
    assert indicator_error(constant(0.25), whole) == pytest.approx(0.75, rel=1e-14)
    away = indicator(Box((2.0, 2.0), (3.0, 3.0)))
    assert indicator_error(constant(0.25), away) == pytest.approx(0.25, rel=1e-14)
    corner = indicator(Box((0.5, -1.0), (3.0, 0.25)))
    assert indicator_error(constant(0.0), corner) == pytest.approx(sqrt(1 / 8), rel=1e-14)


def test_a_fine_polygon_in_place_of_the_disc_gives_the_same_error_by_exact_distances():
    # random kinks; the disc as a network of a polygon with so many sides that the difference is small
    generator = np.random.default_rng(4)
    network = Network.dense(
        [generator.normal(size=(5, 2)), generator.normal(size=(1, 5))], [generator.normal(size=5) / 3, [0.1]]
    )
    disc = regular_polygon_indicator(60, 0.3 * (1 - (pi / 60) ** 2 / 8), 1e-5, (0.5, 0.5))
    reference = distance(network, disc, p=2, domain=SQUARE).upper
    assert indicator_error(network, DISC) == pytest.approx(reference, abs=2e-4)


coordinates = st.floats(-1, 1).map(lambda v: round(v, 3))


@settings(max_examples=30, deadline=None)
@given(st.lists(coordinates, min_size=6, max_size=6), st.floats(0.1, 1.2))
def test_moments_of_triangle_and_disc_are_those_of_a_fine_mesh(numbers, radius):
    triangle = np.array(numbers).reshape(3, 2)
    u, v = triangle[1] - triangle[0], triangle[2] - triangle[0]
    cross = u[0] * v[1] - u[1] * v[0]
    if abs(cross) < 0.02:
        return
    triangle = triangle if cross > 0 else triangle[::-1]
    area = abs(cross) / 2
    count = 400
    i, j = np.meshgrid(np.arange(count), np.arange(count), indexing="ij")
    parts = [((i + s) / count, (j + s) / count, i + j < count - k) for s, k in ((1 / 3, 0), (2 / 3, 1))]
    a, b = (np.concatenate([part[n][part[2]] for part in parts]) for n in (0, 1))
    points = triangle[0] + a[:, None] * (triangle[1] - triangle[0]) + b[:, None] * (triangle[2] - triangle[0])
    inside = (points**2).sum(axis=1) <= radius**2
    middle = triangle.mean(axis=0)
    brute = area * np.array([inside.mean(), *(inside[:, None] * (points - middle)).mean(axis=0)])
    np.testing.assert_allclose(_common(triangle[None], radius)[0], brute, atol=2e-3 * area + 1e-5)


def test_it_does_not_apply_elsewhere():
    registry = load_plugins(["plugins"])
    assert indicator_error(constant(0.0), registry.targets["cone"]) is None
    smooth = Network.dense([[[1.0, 0.0]], [[1.0]]], [[0.0], [0.0]], registry.activations["tanh"])
    assert indicator_error(smooth, registry.targets["disc"]) is None
    line = Network.dense([[[1.0]]], [[0.0]])
    assert indicator_error(line, registry.targets["cube(dimension=1)"]) is None
