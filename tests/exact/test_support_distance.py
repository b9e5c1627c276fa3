"""Excess, miss and Hausdorff distance against closed forms, rational arithmetic and dense samples."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.spatial import cKDTree

from ratelab import UserError, load_plugins
from ratelab.exact._cover import cover
from ratelab.exact._cube_union import CubeUnion
from ratelab.exact._support_distance import smallest_cube, support_distance
from ratelab.exact._support_gaps import BallGap, union_gap
from ratelab.registry import Ball, Box, Boxes, LevelSet

TARGETS = load_plugins().targets
SUPPORTED = [
    "tent", "compact_cone", "compact_cone(dimension=3)", "indicator", "annulus", "annulus(dimension=1)", "l_shape",
    "l_shape(dimension=3)",
    "two_components", "two_components(dimension=1)", "needle", "needle(dimension=3)", "ellipses",
]  # fmt: skip


@pytest.mark.parametrize("norm", ["max", "sum"])
@pytest.mark.parametrize("label", SUPPORTED)
def test_a_dilated_cover_misses_nothing_and_exceeds_by_at_most_spacing_and_margin(label, norm):
    support, h = TARGETS[label].support, Fraction(1, 8)
    margin = h / 4
    covered = cover(support, h)
    found = support_distance(covered.union.dilated(margin, norm), support)
    assert found.miss == found.miss_euclidean == (0.0, 0.0)
    assert margin * Fraction(999, 1000) <= found.excess[0] <= found.excess[1]
    assert found.excess[0] <= h + margin + 1e-12
    if not covered.undecided:
        assert found.excess[1] <= h + margin + 1e-12
    assert found.excess[0] <= found.excess_euclidean[1]
    assert found.excess_euclidean[0] <= np.sqrt(support.dimension) * found.excess[1]
    assert found.hausdorff == found.excess and found.hausdorff_euclidean == found.excess_euclidean
    exact = not isinstance(support, LevelSet)
    width = found.excess[1] - found.excess[0], found.excess_euclidean[1] - found.excess_euclidean[0]
    assert max(width) <= (float(h) / 60 if exact else float(h) / 4)


@given(st.data(), st.integers(1, 3), st.sampled_from(["max", "sum"]))
@settings(max_examples=40, deadline=None)
def test_the_excess_over_a_box_is_that_of_the_farthest_corner(data, d, norm):
    """In the maximum norm a margin in either norm adds itself to the axis that lies farthest out."""
    cubes = np.array(data.draw(st.lists(st.tuples(*[st.integers(-3, 3)] * d), min_size=1, max_size=5)))
    h, margin = Fraction(1, 2), data.draw(st.sampled_from([Fraction(0), Fraction(1, 8)]))
    low = data.draw(st.tuples(*[st.fractions(-1, 1, max_denominator=8)] * d))
    box = Box(low, tuple(a + Fraction(3, 4) for a in low))
    expected = max(
        max(
            0, *(max(a - k * h, (k + 1) * h - b) + margin for k, (a, b) in zip(cube, box.bounds, strict=True))
        )
        for cube in cubes.tolist()
    )
    found = support_distance(CubeUnion(h, cubes, margin, norm), box).excess
    assert found[0] <= float(expected) <= found[1] or abs(found[0] - float(expected)) < 1e-11
    assert found[1] - found[0] < 1e-10


@pytest.mark.parametrize("norm", ["max", "sum"])
@pytest.mark.parametrize("seed", range(4))
def test_distances_to_unions_of_boxes_agree_with_dense_samples(seed, norm):
    """Points of one set and their distance to samples of the other, in both norms."""
    generator = np.random.default_rng(seed)
    h, step = Fraction(1, 2), 0.025
    boxes = Boxes(tuple(Box(tuple(c), tuple(c + s)) for c, s in zip(
        generator.integers(-4, 4, (3, 2)) / 4, generator.integers(1, 6, (3, 2)) / 4, strict=True)))  # fmt: skip
    union = CubeUnion(h, generator.integers(-3, 3, (6, 2)), Fraction(1, 8), norm)
    axis = np.arange(-3, 3 + step / 2, step)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    of_union = grid[union.contains(grid)]
    of_support = grid[
        np.any([((grid >= b.lower) & (grid <= b.upper)).all(axis=1) for b in boxes.boxes], axis=0)
    ]
    found = support_distance(union, boxes)
    for power, excess, miss in (
        (np.inf, found.excess, found.miss),
        (2, found.excess_euclidean, found.miss_euclidean),
    ):
        room = step * (1 if power == np.inf else 2**0.5)
        sampled = cKDTree(of_support).query(of_union, p=power)[0].max()
        assert excess[0] - room <= sampled <= excess[1] + room
        sampled = cKDTree(of_union).query(of_support, p=power)[0].max()
        assert miss[0] - room <= sampled <= miss[1] + room
        assert excess[1] - excess[0] <= h / 60 + (union.margin if norm == "sum" else 0)
        assert miss[1] - miss[0] <= h / 60


def test_what_a_union_misses_is_measured():
    """The needle lies on one side of one cube; the middle of a cone is left out."""
    needle = TARGETS["needle"].support
    union = CubeUnion(Fraction(1), np.array([[5, 5]]))
    found = support_distance(union, needle)
    assert found.miss[0] <= 5 + 1 / 6 <= found.miss[1] and found.miss[1] - found.miss[0] < 1 / 32
    ball = Ball((0, 0), 1)
    ring = cover(ball, Fraction(1, 8)).union
    hole = CubeUnion(ring.spacing, ring.cubes[~((ring.cubes >= -2) & (ring.cubes < 2)).all(axis=1)])
    found = support_distance(hole, ball)
    assert found.miss[0] == pytest.approx(0.25, abs=1e-9) and found.miss[1] <= 0.25 + 1 / 500
    level = LevelSet(lambda x: np.sqrt((x**2).sum(axis=1)) - 1, 1.0, Box((-1, -1), (1, 1)))
    same = support_distance(hole, level)
    assert same.miss[0] <= 0.25 + 1e-9 and 0.25 <= same.miss[1] <= 0.26


def test_a_union_inside_a_support_has_no_excess():
    inner = CubeUnion(Fraction(1, 8), np.array([[0, 0], [-1, -1]]))
    for support in (Ball((0, 0), 1), Box((-1, -1), (1, 1)), TARGETS["l_shape"].support):
        if isinstance(support, Boxes):
            inner = CubeUnion(Fraction(1, 8), np.array([[-1, -1], [-2, -1]]))
        assert support_distance(inner, support).excess[1] <= 1e-11


def test_the_distance_to_a_dilated_cube_in_the_sum_norm_solves_its_linear_programme():
    """min t subject to x = y + z, |x − y|_∞ ≤ t, y = q + v, q in the cube, Σ|v_i| ≤ δ."""
    generator = np.random.default_rng(2)
    union = CubeUnion(Fraction(1), np.zeros((1, 3), dtype=int), Fraction(1, 2), "sum")
    x = generator.uniform(-2, 3, (20, 3))
    found = union_gap(union, "max").at(x)
    eye = np.eye(3)
    for point, low, high in zip(x, *found, strict=True):
        # variables: t, q, v⁺, v⁻
        rows = np.block([[-np.ones((3, 1)), eye, eye, -eye], [-np.ones((3, 1)), -eye, -eye, eye]])
        rows = np.vstack([rows, [0, 0, 0, 0, 1, 1, 1, 1, 1, 1]])
        right = np.concatenate([point, -point, [0.5]])
        bounds = [(0, None)] + [(0, 1)] * 3 + [(0, None)] * 6
        solved = linprog([1] + [0] * 9, A_ub=rows, b_ub=right, bounds=bounds)
        assert low - 1e-9 <= solved.fun <= high + 1e-9


@pytest.mark.parametrize("norm", ["max", "euclidean"])
def test_the_distance_to_a_ball_is_that_to_its_points(norm):
    generator = np.random.default_rng(3)
    ball = Ball((Fraction(1, 3), 0.25), 0.5)
    x = generator.uniform(-1, 2, (50, 2))
    angle = np.linspace(0, 2 * np.pi, 200_001)
    circle = np.stack([1 / 3 + 0.5 * np.cos(angle), 0.25 + 0.5 * np.sin(angle)], axis=1)
    sampled = cKDTree(circle).query(x, p=np.inf if norm == "max" else 2)[0]
    inside = ((x - [1 / 3, 0.25]) ** 2).sum(axis=1) <= 0.25
    low, high = BallGap(ball, norm).at(x)
    np.testing.assert_allclose(low, np.where(inside, 0, sampled), atol=2e-5)
    np.testing.assert_allclose(high, low, atol=1e-11)


@pytest.mark.parametrize(
    ("subject", "scale", "expected"),
    [
        (Box((-1, -1), (1, 1)), 1, 1),
        (Box((-1, -1), (1, Fraction(101, 100))), 1, 2),
        (Box((-1, -1), (1, 1)), 0.5, 2),
        (Ball((0.25, 0), Fraction(3, 4)), Fraction(1, 2), 2),
        (Ball((0.25, 0), 0.76), Fraction(1, 2), 3),
        (Boxes((Box((0,), (1,)), Box((-7,), (-6,)))), 1, 7),
        (Box((0,), (0.25,)), 10, 1),
        (CubeUnion(Fraction(1, 8), np.array([[7, 0]])), 1, 1),
        (CubeUnion(Fraction(1, 8), np.array([[7, 0]]), Fraction(1, 64)), 1, 2),
    ],
    ids=range(9),
)
def test_the_smallest_cube_holds_the_set_and_the_next_smaller_one_does_not(subject, scale, expected):
    assert smallest_cube(subject, scale) == expected


def test_a_level_set_in_a_generous_box_has_the_smallest_cube_of_the_set():
    support = TARGETS["ellipses"].support
    assert smallest_cube(support) == 1 and smallest_cube(support, 0.5) == 2
    wide = LevelSet(support.function, support.lipschitz, Box((-4, -4), (4, 4)))
    assert smallest_cube(wide) == 1 and smallest_cube(wide, 0.5) == 2
    assert smallest_cube(LevelSet(lambda x: np.abs(x[:, 0]) - 0.6, 1.0, Box((-9,), (9,)))) == 1


@pytest.mark.parametrize("scale", [0, -1, float("nan"), "x"])
def test_a_scale_that_is_not_positive_is_refused(scale):
    with pytest.raises(UserError, match="cube scale is"):
        smallest_cube(Box((0,), (1,)), scale)


def test_dimensions_must_agree():
    with pytest.raises(UserError, match="support has 1 variables, the cube union 2"):
        support_distance(CubeUnion(1, np.array([[0, 0]])), Box((0,), (1,)))
