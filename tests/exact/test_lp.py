"""Linear programmes: exact ones end at proved optima, proposals in floats agree with them."""

from fractions import Fraction
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import UserError
from ratelab.exact._integers import integers
from ratelab.exact._lp import beyond, homogeneous, interior_point, minimise, nearest, proves, sign
from ratelab.exact._simplex import OPTIMAL, UNBOUNDED, minimise_many

SQUARE = [[1, 0, 1], [-1, 0, 1], [0, 1, 1], [0, -1, 1]]


def value(row: Any, point: Any) -> Fraction:
    return sum((Fraction(a) * Fraction(x) for a, x in zip(row, point, strict=False)), Fraction(row[-1]))


def as_fraction(number: fmpq) -> Fraction:
    return Fraction(int(number.p), int(number.q))


def corners(rows: list[list[int]]) -> list[tuple[Fraction, Fraction]]:
    """All corners of a polygon, by Cramer's rule on every pair of its rows."""
    found = []
    for (a, b, c), (p, q, r) in combinations(rows, 2):
        determinant = a * q - b * p
        if determinant:
            point = (Fraction(b * r - c * q, determinant), Fraction(c * p - a * r, determinant))
            if all(value(row, point) >= 0 for row in rows):
                found.append(point)
    return found


small = st.integers(-5, 5)
polygons = st.lists(st.tuples(small, small, st.integers(1, 6)).map(list), max_size=6).map(
    lambda rows: SQUARE + rows
)


@settings(max_examples=150, deadline=None)
@given(polygons, st.tuples(small, small, small))
def test_the_exact_minimum_is_the_least_value_at_a_corner(
    rows: list[list[int]], goal: tuple[int, ...]
) -> None:
    best = minimise(rows, goal, [0, 0])
    assert best.value is not None and best.direction is None
    assert as_fraction(best.value) == min(value(goal, corner) for corner in corners(rows))
    point = [as_fraction(x) for x in best.point]
    assert value(goal, point) == as_fraction(best.value) and all(value(row, point) >= 0 for row in rows)


@settings(max_examples=100, deadline=None)
@given(polygons, st.tuples(small, small, small))
def test_multipliers_prove_the_minimum(rows: list[list[int]], goal: tuple[int, ...]) -> None:
    best = minimise(rows, goal, [0, 0])
    weights = {k: as_fraction(v) for k, v in best.multipliers.items()}
    assert all(v > 0 for v in weights.values())
    for j in range(2):
        assert sum(v * rows[k][j] for k, v in weights.items()) == goal[j]
    assert best.value is not None
    assert goal[2] - sum(v * rows[k][2] for k, v in weights.items()) == as_fraction(best.value)
    basis = [tuple(rows[k]) for k in best.multipliers]
    lowered = (*(v * int(best.value.q) for v in goal[:2]), goal[2] * int(best.value.q) - int(best.value.p))
    assert proves(basis, lowered)
    assert not proves(basis, (*lowered[:2], lowered[2] - 1))


def test_an_unbounded_programme_gives_a_ray() -> None:
    best = minimise([[1, 0, 0], [0, 1, 0]], [1, -2, 0], [Fraction(1, 3), 1])
    assert best.value is None and best.direction is not None
    assert all(v >= 0 for v in best.direction) and best.direction[0] - 2 * best.direction[1] < 0


def test_a_strip_without_corners_has_its_minimum() -> None:
    best = minimise([[1, 1, 0], [-1, -1, 3]], [-2, -2, 1], [1, 1])
    assert best.value == fmpq(-5)


def test_a_degenerate_corner_ends() -> None:
    rows = [[a, b, 0] for a, b in product(range(-3, 4), repeat=2) if a + b >= 1 and a >= 0]
    assert minimise(rows, [3, 1, 0], [2, 2]).value == fmpq(0)


def test_a_start_outside_is_refused() -> None:
    with pytest.raises(UserError, match="start at a point"):
        minimise(SQUARE, [1, 0, 0], [2, 0])


def test_interior_points_exist_exactly_for_open_sets() -> None:
    thin = [[1, 0, 0], [-1, 0, Fraction(1, 10**30)], [0, 1, 1], [0, -1, 1]]
    point = interior_point(thin, 2)
    assert point is not None
    assert all(value(row, [as_fraction(x) for x in point]) > 0 for row in thin)
    assert interior_point([[1, 0, 0], [-1, 0, 0]], 2) is None
    assert interior_point([], 3) is not None


def test_a_wrong_certificate_is_refused() -> None:
    assert proves([(1, 0, 1), (0, 1, 1)], (1, 1, 2))
    assert not proves([(1, 0, 1), (0, 1, 1)], (1, 1, 1))
    assert not proves([(1, 0, 1), (0, 1, 1)], (1, -1, 9))
    assert not proves([(1, 0, 1)], (1, 1, 9))
    assert proves([(2, 2, 1)], (1, 1, 1))
    assert not proves([(1, 1, 0), (2, 2, 0)], (1, 0, 5))


@settings(max_examples=100, deadline=None)
@given(polygons, st.tuples(small, small, small))
def test_a_point_beyond_a_line_is_inside_the_polygon_and_beyond(
    rows: list[list[int]], goal: tuple[int, ...]
) -> None:
    found = beyond([tuple(row) for row in rows], goal, (0, 0, 1))
    least = min(value(goal, corner) for corner in corners(rows))
    assert (found is not None) == (least < 0)
    if found is not None:
        assert sign(goal, found) < 0 and all(sign(tuple(row), found) > 0 for row in rows)


def test_integers_keep_signs_and_points_keep_values() -> None:
    row = integers([fmpq(1, 6), fmpq(-3, 4), fmpq(0)])
    assert row == (2, -9, 0)
    assert homogeneous([0.75, fmpq(1, 3)]) == (9, 4, 12)
    assert nearest((9, 4, 12)) == [0.75, 1 / 3]
    assert nearest((10**400, 1, 1))[0] == np.finfo(np.float64).max


def test_proposals_find_the_exact_optimum() -> None:
    generator = np.random.default_rng(3)
    for d in (1, 2, 3, 5, 8):
        rows = generator.integers(-9, 10, (40, 3 * d + 4, d + 1)).astype(float)
        rows[:, :, d] = np.abs(rows[:, :, d]) + 1
        rows[:20, : 2 * d] = np.concatenate([np.eye(d, d + 1), -np.eye(d, d + 1)])
        rows[:20, : 2 * d, d] = 5.0
        goals = generator.integers(-9, 10, (40, d + 1)).astype(float)
        found = minimise_many(rows, goals, np.zeros((40, d)))
        for t in range(40):
            best = minimise(rows[t].tolist(), goals[t].tolist(), [0] * d)
            if best.value is None:
                assert found.status[t] == UNBOUNDED
                direction = found.directions[t]
                assert goals[t, :d] @ direction < 0 and (rows[t, :, :d] @ direction >= -1e-9).all()
            else:
                assert found.status[t] == OPTIMAL
                assert goals[t, :d] @ found.points[t] + goals[t, d] == pytest.approx(
                    float(as_fraction(best.value))
                )
                combined = (rows[t, found.basis[t], :d] * found.multipliers[t][:, None]).sum(axis=0)
                assert combined == pytest.approx(goals[t, :d], abs=1e-8)
                assert (found.multipliers[t] >= 0).all()


def test_out_of_range_proposals_do_no_harm() -> None:
    with np.errstate(all="ignore"):
        found = minimise_many(np.full((2, 3, 3), 1e300), np.full((2, 3), np.nan), np.zeros((2, 2)))
    assert found.points.shape == (2, 2)
