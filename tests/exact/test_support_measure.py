"""Measures of differences against closed forms and random points; boxes outside a support."""

from fractions import Fraction
from math import pi

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import UserError, load_plugins
from ratelab.exact._cover import cover
from ratelab.exact._cube_union import CubeUnion
from ratelab.exact._support_measure import leak_measure, outside_boxes, support_measure, symmetric_difference
from ratelab.registry import Ball, Box, Boxes

TARGETS = load_plugins().targets
SUPPORTED = [
    "tent", "compact_cone", "compact_cone(dimension=3)", "indicator", "annulus", "annulus(dimension=1)",
    "annulus(dimension=3)", "l_shape", "l_shape(dimension=3)", "two_components", "needle", "needle(dimension=3)",
    "ellipses",
]  # fmt: skip
KNOWN = {
    "tent": 1.4, "compact_cone": pi * 0.64, "compact_cone(dimension=3)": 4 / 3 * pi * 0.512, "indicator": 4.0,
    "annulus": pi * (0.95**2 - 0.45**2), "annulus(dimension=1)": 1.0,
    "annulus(dimension=3)": 4 / 3 * pi * (0.95**3 - 0.45**3), "l_shape": 1.92, "l_shape(dimension=3)": 1.92 * 1.6,
    "two_components": pi * (0.16 + 0.0625), "needle": 0.02, "needle(dimension=3)": 0.02,
}  # fmt: skip


@pytest.mark.parametrize("label", KNOWN)
def test_the_measure_of_a_support_is_the_known_one(label):
    low, high = support_measure(TARGETS[label].support)
    assert float(low) - 1e-12 <= KNOWN[label] <= float(high) + 1e-12
    assert high - low <= 0.4 if "dimension=3" in label else high - low < 2e-3


@pytest.mark.parametrize("norm", ["max", "sum"])
@pytest.mark.parametrize("label", SUPPORTED)
def test_the_leak_of_a_dilated_cover_is_its_measure_less_that_of_the_support(label, norm):
    support = TARGETS[label].support
    union = cover(support, Fraction(1, 8)).union.dilated(Fraction(1, 32), norm)
    low, high = leak_measure(union, support)
    assert low <= high
    if label in KNOWN:
        assert low - 1e-12 <= float(union.measure) - KNOWN[label] <= high + 1e-12
    assert symmetric_difference(union, support) == (low, high)


def sampled(union, support, count=200_000):
    """Shares of random points in U∖S and in UΔS, times the volume of the box, and a bound of the scatter."""
    d = union.dimension
    x = np.random.default_rng(0).uniform(-3, 3, (count, d))
    if isinstance(support, Ball):
        inside = ((x - np.array(support.centre, dtype=float)) ** 2).sum(axis=1) <= float(support.radius) ** 2
    elif isinstance(support, Boxes):
        inside = np.any([((x >= b.lower) & (x <= b.upper)).all(axis=1) for b in support.boxes], axis=0)
    else:
        inside = support(x) <= 0
    of_union = union.contains(x)
    return (of_union & ~inside).mean() * 6**d, (of_union ^ inside).mean() * 6**d, 6**d * 2.5 / np.sqrt(count)


@pytest.mark.parametrize("norm", ["max", "sum"])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["ball", "boxes", "level set"])
def test_differences_to_any_union_agree_with_random_points(kind, seed, norm):
    generator = np.random.default_rng(seed)
    corner = generator.integers(-4, 4, (3, 2)) / 4
    support = {
        "ball": Ball((0.3, -0.2), 1.1),
        "boxes": Boxes(tuple(Box(tuple(c), tuple(c + 0.8)) for c in corner)),
        "level set": TARGETS["annulus"].support,
    }[kind]
    union = CubeUnion(Fraction(1, 2), generator.integers(-3, 3, (8, 2)), Fraction(1, 8), norm)
    outside, apart, room = sampled(union, support)
    low, high = leak_measure(union, support)
    assert low - room <= outside <= high + room
    first, last = symmetric_difference(union, support)
    assert first - room <= apart <= last + room
    if norm == "max":
        assert high - low <= (1e-9 if kind == "boxes" else 2e-3)
        assert last - first <= (1e-9 if kind == "boxes" else 4e-3)


def test_the_leak_over_boxes_is_exact():
    """A cube [0, 1]² with margin ¼ and a box that cuts it."""
    union = CubeUnion(Fraction(1), np.array([[0, 0]]), Fraction(1, 4))
    assert leak_measure(union, Box((0.5, -3), (7, 7))) == (0.75 * 1.5, 0.75 * 1.5)
    overlapping = Boxes((Box((0, 0), (1, 1)), Box((0.5, 0.5), (1, 1))))
    assert leak_measure(union, overlapping) == (1.25, 1.25)


@given(st.data(), st.integers(1, 2))
@settings(max_examples=30, deadline=None)
def test_the_difference_of_two_unions_is_counted_on_a_common_grid(data, d):
    cubes = st.lists(st.tuples(*[st.integers(-3, 3)] * d), min_size=1, max_size=6)
    first = CubeUnion(
        Fraction(1, 2), np.array(data.draw(cubes)), data.draw(st.sampled_from([0, Fraction(1, 4)]))
    )
    second = CubeUnion(Fraction(3, 4), np.array(data.draw(cubes)), data.draw(st.sampled_from([0, 1])))
    low, high = symmetric_difference(first, second)
    # every line of either grid is a multiple of ¼
    axis = np.arange(-20, 20) / 4 + 0.125
    x = np.stack(np.meshgrid(*[axis] * d), axis=-1).reshape(-1, d)
    assert low == high == np.count_nonzero(first.contains(x) ^ second.contains(x)) / 4**d
    assert symmetric_difference(first, first) == (0, 0)


@pytest.mark.parametrize("label", SUPPORTED)
def test_boxes_outside_hold_no_inner_point_and_fill_what_is_not_undecided(label):
    support = TARGETS[label].support
    d = support.dimension
    found = outside_boxes(support, 2.0, 15)
    low, high = found
    x = low + (high - low) * np.random.default_rng(1).uniform(0.001, 0.999, low.shape)
    assert not (TARGETS[label](x) != 0).any()
    assert (low >= -2).all() and (high <= 2).all() and (low < high).all()
    filled = (high - low).prod(axis=1).sum()
    inner = support_measure(support)
    assert filled <= 4**d - float(inner[0]) + 1e-9
    assert filled + found.undecided + float(inner[1]) >= 4**d - 1e-9
    if isinstance(support, Box | Boxes):
        assert found.undecided == 0
        assert filled == pytest.approx(4**d - float(inner[0]), abs=1e-12)


def test_a_support_that_holds_the_whole_box_leaves_nothing_outside():
    found = outside_boxes(Box((-5, -5), (5, 5)), 1.0, 4)
    assert found.low.shape == (0, 2) and found.undecided == 0
    assert len(outside_boxes(Ball((0, 0), 9), 1.0, 4).low) == 0


@pytest.mark.parametrize(
    ("radius", "cells", "message"),
    [
        (0, 4, "radius is 0"),
        (float("inf"), 4, "radius is inf"),
        (1, 0, "cells are 0"),
        (1, 2.5, "cells are 2.5"),
    ],
)
def test_what_is_no_grid_is_refused(radius, cells, message):
    with pytest.raises(UserError, match=message):
        outside_boxes(Ball((0, 0), 1), radius, cells)


def test_a_grid_of_too_many_cells_is_refused():
    with pytest.raises(UserError, match="too many"):
        outside_boxes(Ball((0, 0, 0), 1), 1, 1000)


def test_unions_in_the_sum_norm_are_not_compared_with_each_other():
    union = CubeUnion(1, np.array([[0, 0]]), Fraction(1, 4), "sum")
    with pytest.raises(UserError, match="sum norm"):
        symmetric_difference(union, union)
