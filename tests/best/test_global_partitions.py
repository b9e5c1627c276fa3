"""Hyperplane partitions: counts of general position, ties and collinear points, agreement with brute force."""

from fractions import Fraction
from itertools import combinations, product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from ratelab._errors import UserError
from ratelab.best import partitions
from ratelab.best._global_partitions import arrange


def separable(points: np.ndarray, mask: tuple[int, ...]) -> bool:
    """Whether a hyperplane has exactly these points on its positive side, by linear programming."""
    sign = 2 * np.array(mask) - 1
    rows = -sign[:, None] * np.concatenate([np.ones((len(points), 1)), points], axis=1)
    found = linprog(np.zeros(rows.shape[1]), A_ub=rows, b_ub=-np.ones(len(rows)), bounds=(None, None))
    return found.status == 0


@pytest.mark.parametrize(
    ("dimension", "points"),
    [(1, 1), (1, 2), (1, 10), (2, 2), (2, 3), (2, 8), (2, 20), (3, 3), (3, 8)],
)
def test_general_position_has_the_count_of_c18(dimension: int, points: int) -> None:
    x = np.random.default_rng(dimension + points).uniform(-1, 1, (points, dimension))
    expected = 2 * sum(comb(points - 1, i) for i in range(dimension + 1))
    assert partitions(x).shape == (expected, points)


def test_the_counts_of_the_plane_are_those_known() -> None:
    x = np.random.default_rng(3).uniform(-1, 1, (20, 2))
    assert [len(partitions(x[:n])) for n in (8, 12, 14, 20)] == [58, 134, 184, 382]


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 3), st.lists(st.tuples(*[st.integers(-2, 2)] * 3), min_size=1, max_size=6))
def test_integer_points_have_the_partitions_of_linear_programming(
    dimension: int, rows: list[tuple[int, ...]]
) -> None:
    """Small integers are full of ties, collinear and coplanar points."""
    x = np.array(rows, dtype=float)[:, :dimension]
    found = {tuple(row) for row in partitions(x).astype(int)}
    assert found == {mask for mask in product([0, 1], repeat=len(x)) if separable(x, mask)}


def test_one_ulp_off_a_line_is_general_position() -> None:
    line = np.array([[0.1, 0.1], [0.2, 0.2], [0.4, 0.4], [0.8, 0.8]])  # exactly collinear in float64
    bent = line.copy()
    bent[2, 1] = np.nextafter(0.4, 1.0)
    assert len(partitions(line)) == 8
    exact = [[Fraction(1), *map(Fraction, row)] for row in bent.tolist()]
    triples = [
        sum(
            a[0] * (b[1] * c[2] - b[2] * c[1]) * s
            for a, b, c, s in ((p, q, r, 1), (q, p, r, -1), (r, p, q, 1))
        )
        for p, q, r in combinations(exact, 3)
    ]
    assert sum(t == 0 for t in triples) == 1  # the three points of the diagonal
    assert len(partitions(bent)) == 14 - 2


def test_equal_points_stay_together_and_complements_are_listed() -> None:
    x = np.array([0.0, 1.0, 0.0, 2.0])
    found = partitions(x)
    assert len(found) == 6
    assert (found[:, 0] == found[:, 2]).all()
    rows = {tuple(row) for row in found}
    assert rows == {tuple(~np.array(row)) for row in rows}


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_rays_vanish_on_points_that_span_a_hyperplane_and_generate_the_cells(dimension: int) -> None:
    x = np.unique(np.random.default_rng(dimension).integers(-3, 4, (7, dimension)), axis=0).astype(float)
    found = arrange(x)
    homogeneous = np.concatenate([np.ones((len(x), 1)), (x - found.centre) / found.unit], axis=1)
    np.testing.assert_allclose(found.directions @ homogeneous.T, found.values, atol=1e-12)
    assert (np.sign(found.values) == found.signs).all()
    rank = np.linalg.matrix_rank(homogeneous)
    assert all(np.linalg.matrix_rank(homogeneous[row == 0]) == rank - 1 for row in found.signs)
    for cell in found.cells:
        agreeing = ~((found.signs > 0) & ~cell | (found.signs < 0) & cell).any(axis=1)
        total = found.values[agreeing].sum(axis=0)
        assert (np.sign(total) == np.where(cell, 1, -1)).all()  # the sum of a cell's rays lies inside it


@pytest.mark.parametrize(
    ("x", "message"),
    [([], "shape"), ([[[1.0]]], "shape"), ([1.0, np.nan], "not finite"), (["a"], "not a number")],
)
def test_bad_points_are_refused(x: list[object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        partitions(x)  # type: ignore[arg-type]
