"""Covers of supports by grid cubes against brute force in rational arithmetic and dense sampling."""

from fractions import Fraction
from itertools import product
from math import ceil, floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import UserError, load_plugins
from ratelab.exact._cover import cover
from ratelab.registry import Ball, Box, Boxes, LevelSet

TARGETS = load_plugins().targets
LEVEL_SETS = [
    *(f"annulus(dimension={d})" for d in (1, 3)),
    *(f"two_components(dimension={d})" for d in (1, 3)),
    "annulus",
    "two_components",
    "ellipses",
]

numbers = st.fractions(-2, 2, max_denominator=12)
sizes = st.fractions(Fraction(1, 20), 2, max_denominator=20)


@st.composite
def box(draw, d):
    low = draw(st.tuples(*[numbers] * d))
    return Box(low, tuple(a + draw(sizes) for a in low))


def brute(low, high, h, meets):
    ranges = [range(floor(a / h) - 1, ceil(b / h) + 1) for a, b in zip(low, high, strict=True)]
    return sorted(cube for cube in product(*ranges) if meets(cube))


@given(st.integers(1, 3), st.data(), st.sampled_from([Fraction(1, 2), Fraction(1, 3), Fraction(3, 4)]))
@settings(max_examples=40, deadline=None)
def test_boxes_are_covered_by_exactly_the_cubes_whose_interior_they_meet(d, data, h):
    boxes = [data.draw(box(d)) for _ in range(data.draw(st.integers(1, 3)))]

    def meets(cube):
        return any(
            all(max(a, k * h) < min(b, (k + 1) * h) for k, (a, b) in zip(cube, one.bounds, strict=True))
            for one in boxes
        )

    whole = Boxes(tuple(boxes))
    found = cover(whole, h)
    low, high = zip(*whole.bounds, strict=True)
    assert list(map(tuple, found.union.cubes.tolist())) == brute(low, high, h, meets)
    assert found.certainty == "rigorous" and found.undecided == 0
    for cube, point in zip(found.union.cubes.tolist(), found.witnesses.tolist(), strict=True):
        exact = [Fraction(v) for v in point]
        assert all(k * h <= x <= (k + 1) * h for k, x in zip(cube, exact, strict=True))
        assert any(all(a <= x <= b for x, (a, b) in zip(exact, one.bounds, strict=True)) for one in boxes)


@given(st.integers(1, 3), st.data(), st.sampled_from([Fraction(1, 2), Fraction(1, 3), Fraction(3, 4)]))
@settings(max_examples=40, deadline=None)
def test_balls_are_covered_by_exactly_the_cubes_whose_interior_they_meet(d, data, h):
    ball = Ball(data.draw(st.tuples(*[numbers] * d)), data.draw(sizes))

    def meets(cube):
        gaps = [max(k * h - c, c - (k + 1) * h, 0) for k, c in zip(cube, ball.centre, strict=True)]
        return sum(gap**2 for gap in gaps) < ball.radius**2

    found = cover(ball, h)
    low, high = zip(*ball.bounds, strict=True)
    assert list(map(tuple, found.union.cubes.tolist())) == brute(low, high, h, meets)
    for cube, point in zip(found.union.cubes.tolist(), found.witnesses.tolist(), strict=True):
        exact = [Fraction(v) for v in point]
        assert all(k * h <= x <= (k + 1) * h for k, x in zip(cube, exact, strict=True))
        assert sum((x - c) ** 2 for x, c in zip(exact, ball.centre, strict=True)) <= ball.radius**2


def test_a_ball_that_touches_grid_lines_does_not_meet_the_cubes_behind_them():
    assert len(cover(Ball((0, 0), 1), Fraction(1, 2)).union) == 16
    # 3-4-5: the corner (3/4, 1) lies on the circle of radius 5/4
    cubes = cover(Ball((0, 0), Fraction(5, 4)), Fraction(1, 4)).union
    assert not cubes.contains(np.array([[0.76, 1.01]]))[0]
    assert cubes.contains(np.array([[0.74, 0.99]]))[0]


@pytest.mark.parametrize("label", LEVEL_SETS)
def test_no_point_of_a_level_set_is_left_uncovered(label):
    support = TARGETS[label].support
    low, high = (np.array([float(v) for v in ends]) for ends in zip(*support.bounds, strict=True))
    x = np.random.default_rng(0).uniform(low, high, (200_000, len(low)))
    inside = x[support(x) < 0]
    assert len(inside) > 1000
    for h in (Fraction(1, 4), Fraction(1, 10), Fraction(1, 16)):
        found = cover(support, h)
        assert found.union.contains(inside).all()
        assert found.certainty == "numerical"
        assert found.undecided == np.isnan(found.witnesses[:, 0]).sum() <= 0.2 * len(found.union)
        known = ~np.isnan(found.witnesses[:, 0])
        points, cubes = found.witnesses[known], found.union.cubes[known]
        assert (support(points) <= 0).all()
        assert ((points >= cubes * float(h) - 1e-15) & (points <= (cubes + 1) * float(h) + 1e-15)).all()


@pytest.mark.parametrize("d", [1, 2, 3])
def test_a_ball_as_a_level_set_has_the_cover_of_the_ball_and_few_cubes_more(d):
    ball = Ball((Fraction(1, 7),) * d, Fraction(4, 5))
    centre, box = 1 / 7, Box((-1,) * d, (1,) * d)
    level = LevelSet(lambda x: np.sqrt(((x - centre) ** 2).sum(axis=1)) - 0.8, 1.0, box)
    for h in (Fraction(1, 8), Fraction(1, 5)):
        exact = set(map(tuple, cover(ball, h).union.cubes.tolist()))
        found = cover(level, h)
        assert exact <= set(map(tuple, found.union.cubes.tolist()))
        assert len(found.union) - len(exact) <= found.undecided


def test_a_finer_lipschitz_constant_is_not_needed():
    """A constant ten times too large costs work and undecided cubes, not soundness."""
    level = TARGETS["annulus"].support
    loose = LevelSet(level.function, 10.0, level.box)
    fine, coarse = cover(level, Fraction(1, 8)), cover(loose, Fraction(1, 8))
    assert set(map(tuple, fine.union.cubes.tolist())) <= set(map(tuple, coarse.union.cubes.tolist()))
    assert len(coarse.union) <= 1.1 * len(fine.union)


def test_the_part_of_a_level_set_outside_its_box_is_not_covered():
    half = LevelSet(lambda x: np.abs(x).max(axis=1) - 0.9, 1.0, Box((-2, -2), (0, 2)))
    cubes = cover(half, Fraction(1, 4)).union
    assert cubes.bounds == ((-1, 0), (-1, 1))


def test_the_needle_between_grid_points_is_covered():
    found = cover(TARGETS["needle"].support, Fraction(1, 8)).union
    assert found.bounds[1] == (Fraction(1, 4), Fraction(3, 8))


@pytest.mark.parametrize("spacing", [0, -1, float("nan"), float("inf"), "x"])
def test_spacings_that_are_not_positive_are_refused(spacing):
    with pytest.raises(UserError, match="cover: spacing is"):
        cover(Box((0,), (1,)), spacing)


@pytest.mark.parametrize(
    "support",
    [Box((0, 0), (1, 1)), Ball((0, 0), 1), TARGETS["annulus"].support],
    ids=["box", "ball", "level set"],
)
@pytest.mark.parametrize("spacing", [Fraction(1, 2000), Fraction(1, 10**12)], ids=str)
def test_a_cover_of_millions_is_refused_before_memory_is(support, spacing):
    with pytest.raises(UserError, match="allowed: up to 1e"):
        cover(support, spacing)


def test_an_empty_level_set_is_refused():
    with pytest.raises(UserError, match="no point in its box"):
        cover(LevelSet(lambda x: 1 + x[:, 0] ** 2, 4.0, Box((-1, -1), (1, 1))), Fraction(1, 4))


def test_what_is_no_support_is_refused():
    with pytest.raises(UserError, match="support is str; allowed: Box, Ball, Boxes or LevelSet"):
        cover("everything", 1)


def test_a_level_set_that_is_not_finite_is_refused():
    level = LevelSet(lambda x: np.where(x[:, 0] > 0.3, np.nan, -1.0), 1.0, Box((-1,), (1,)))
    with pytest.raises(UserError, match="not finite"):
        cover(level, Fraction(1, 8))
