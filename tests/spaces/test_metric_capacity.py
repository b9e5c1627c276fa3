"""Packings of small balls: exact ones in intervals and small sets, greedy ones in samples."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab._errors import UserError
from ratelab.spaces._metric_capacity import (
    finite_metric_capacity,
    interval_capacity,
    interval_packing,
    metric_capacity,
    metric_capacity_bound,
)

LINE = np.arange(101.0)[:, None]


def _brute(points, fraction):
    """Every centre, every radius between and at critical ones, every subset of balls."""
    size = len(points)
    away = [[sum((Fraction(a) - b) ** 2 for a, b in zip(p, q, strict=True)) for q in points] for p in points]
    marks = sorted({d for row in away for d in row} | {d / fraction**2 for row in away for d in row})
    radii = (
        {m for m in marks if m}
        | {(a + b) / 2 for a, b in zip(marks, marks[1:], strict=False)}
        | {marks[-1] + 1}
    )
    best = 0
    for radius in radii:
        small = [{j for j in range(size) if away[i][j] < fraction**2 * radius} for i in range(size)]
        for centre in range(size):
            large = {j for j in range(size) if away[centre][j] < radius}
            inside = [ball for ball in small if ball <= large]
            while best < len(inside) and any(
                all(not a & b for a, b in combinations(some, 2)) for some in combinations(inside, best + 1)
            ):
                best += 1
    return best


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-4, 4), st.integers(-4, 4)), min_size=1, max_size=6, unique=True),
    st.sampled_from([Fraction(1, 5), Fraction(1, 2), Fraction(1, 3)]),
)
def test_exact_capacities_of_small_sets_agree_with_brute_force(points, fraction):
    assert finite_metric_capacity(points, fraction) == _brute(points, fraction)


def test_a_finite_set_has_the_capacity_of_its_points_and_never_more_than_eleven_to_the_d():
    assert finite_metric_capacity([[k] for k in range(16)]) == 9 <= metric_capacity_bound(1)
    assert finite_metric_capacity([[0]]) == 1
    assert finite_metric_capacity([[0, 0], [1, 0], [0, 1]]) == 3


@pytest.mark.parametrize(
    "fraction", [Fraction(1, 5), Fraction(1, 2), Fraction(2, 5), Fraction(3, 10), Fraction(1, 7)]
)
def test_the_packing_of_an_interval_is_one_in_rationals(fraction):
    radius, centres = interval_packing(fraction)
    small = fraction * radius
    assert len(centres) == interval_capacity(fraction) and radius > 1
    assert all(-1 <= c <= 1 for c in centres)
    assert all(b - a >= 2 * small for a, b in zip(centres, centres[1:], strict=False))


def test_an_interval_has_capacity_five():
    assert interval_capacity() == 5
    # six centres, 2r/5 apart, span 2r, and B(x_0, r) is shorter
    assert (6 - 1) * 2 * Fraction(1, 5) >= 2


def test_a_coarse_radius_counts_too_many_and_is_refused():
    assert metric_capacity(LINE, 5, check_mesh=False).count == 9
    circle = 2 * np.pi * np.arange(120) / 120
    assert (
        metric_capacity(
            np.c_[np.cos(circle), np.sin(circle)], 10 * np.sin(np.pi / 120), check_mesh=False
        ).count
        == 9
    )
    square = np.stack(np.meshgrid(np.arange(13.0), np.arange(13.0)), -1).reshape(-1, 2)
    assert metric_capacity(square, 5, check_mesh=False).count == 69
    with pytest.raises(
        UserError, match=r"radius is 5 and the sample's mesh width 1; allowed: at least 25 mesh"
    ):
        metric_capacity(LINE, 5)


@pytest.mark.parametrize("radius", [25, 26.5, 30, 33, 40, 50])
def test_a_fine_sample_of_an_interval_gives_five(radius):
    found = metric_capacity(LINE, radius)
    assert found.count == 5 and found.mesh == 1


@settings(max_examples=20, deadline=None)
@given(st.floats(17.5, 60), st.integers(80, 160))
def test_from_seventeen_and_a_half_mesh_widths_on_an_interval_never_counts_more(radius, count):
    assert metric_capacity(np.arange(float(count))[:, None], radius, check_mesh=False).count <= 5


def test_a_fine_sample_of_a_square_stays_far_below_the_bound():
    side = np.arange(45.0)
    square = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
    found = metric_capacity(square, 25)
    assert 19 <= found.count <= metric_capacity_bound(2)


def test_the_reported_packing_is_a_packing():
    generator = np.random.default_rng(0)
    points = generator.uniform(0, 1, (400, 2))
    radius = 0.4
    found = metric_capacity(points, radius, check_mesh=False)
    away = np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))
    small, large = away < radius / 5, away < radius
    balls = [set(np.flatnonzero(small[i])) for i in found.members]
    assert all(not a & b for a, b in combinations(balls, 2))
    assert all(ball <= set(np.flatnonzero(large[found.centre])) for ball in balls)


def test_the_greedy_count_never_exceeds_the_exact_capacity():
    generator = np.random.default_rng(1)
    for _ in range(20):
        points = np.unique(generator.integers(-9, 9, (9, 2)), axis=0)
        exact = finite_metric_capacity(points.tolist())
        assert all(metric_capacity(points, r, check_mesh=False).count <= exact for r in (2, 5, 9, 14, 30))


def test_bad_input_is_refused():
    for call, words in (
        (lambda: metric_capacity([[0.0]], 1.0), "points have shape"),
        (lambda: metric_capacity([[0.0], [0.0]], 1.0), "differ"),
        (lambda: metric_capacity([[0.0], [1.0]], -1.0), "radius is -1"),
        (lambda: metric_capacity(np.zeros((3000, 1)), 1.0), "2500"),
        (lambda: metric_capacity_bound(0), "dimension"),
        (lambda: interval_capacity(Fraction(1)), "between 0 and 1"),
        (lambda: finite_metric_capacity([[k] for k in range(17)]), "17 points"),
    ):
        with pytest.raises(UserError, match=words):
            call()
