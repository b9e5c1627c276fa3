"""Uniform errors: brackets agree with closed forms, brute force and rational arithmetic."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linprog

from ratelab import Target, UserError
from ratelab.best._sup_norm import sup_brackets
from ratelab.best._sup_norm_error import largest_error
from ratelab.best._sup_norm_proof import needs_more_links, needs_more_steps
from ratelab.best._sup_norm_strips import StripMaker
from ratelab.exact import error
from ratelab.registry import PiecewisePolynomial

Array = NDArray[np.float64]

SQUARE = Target(
    "square",
    lambda x: x[:, 0] ** 2,
    pieces=PiecewisePolynomial((), ((Fraction(0), Fraction(0), Fraction(1)),)),
)
EXP = Target("exp", lambda x: np.exp(x[:, 0]), enclosure=lambda x: x.exp())
WAVE = Target("wave", lambda x: np.sin(2 * np.pi * x[:, 0]), enclosure=lambda x: (2 * arb.pi() * x).sin())
ROOT = Target("root", lambda x: np.sqrt(x[:, 0]), singular_points=(0.0,), enclosure=lambda x: x.sqrt())
PLAIN = Target("plain", lambda x: np.sin(3 * x[:, 0]) + np.abs(x[:, 0] - 0.4))


def broken_line(knots: list[Fraction], values: list[Fraction]) -> Target:
    """The function that joins values at increasing knots by lines; the first and last knot are 0 and 1."""
    rows = []
    for i in range(len(knots) - 1):
        slope = (values[i + 1] - values[i]) / (knots[i + 1] - knots[i])
        rows.append((values[i] - slope * knots[i], slope))
    pieces = PiecewisePolynomial(tuple(knots[1:-1]), tuple(rows))
    return Target("line", lambda x: pieces.evaluate(x[:, 0]), pieces=pieces)


def best_on(points: Array, values: Array, knots: Array) -> float:
    """Least uniform error on points of continuous piecewise linear functions with these knots: a linear programme."""
    basis = np.array([np.interp(points, knots, row) for row in np.eye(len(knots))]).T
    ones = np.ones((len(points), 1))
    found = linprog(
        [0.0] * len(knots) + [1.0],
        A_ub=np.block([[basis, -ones], [-basis, -ones]]),
        b_ub=np.concatenate([values, -values]),
        bounds=[(None, None)] * len(knots) + [(0, None)],
    )
    return float(found.fun)


def test_the_square_has_error_one_over_8_n_squared() -> None:
    for n, found in sup_brackets(SQUARE, [1, 2, 3, 7]).items():
        exact = 1 / (8 * n * n)
        assert found.lower <= exact <= found.upper <= found.lower * 1.0001
        assert (found.certainty, found.upper_certainty) == ("rigorous", "rigorous")
        assert len(found.knots) == n - 1


def test_steps_reach_half_the_range_over_n_for_a_monotone_function() -> None:
    for n, found in sup_brackets(EXP, [1, 2, 5, 20], degree=0).items():
        exact = (np.e - 1) / (2 * n)
        assert found.lower <= exact <= found.upper <= found.lower * 1.001


def test_the_square_root_has_the_error_of_its_recursion() -> None:
    """A line on [a, b] has error (√b − √a)² / (8(√a + √b)): equal shares make √knots satisfy a recursion."""

    def last(size: float, n: int) -> float:
        u = 0.0
        for _ in range(n):
            # w = √b − √a solves w² = 8 size (2u + w)
            u += 4 * size + np.sqrt(16 * size * size + 16 * size * u)
        return u

    for n, found in sup_brackets(ROOT, [1, 4, 16]).items():
        low, high = 0.0, 1.0
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (middle, high) if last(middle, n) < 1 else (low, middle)
        assert found.lower <= high * (1 + 1e-12)
        assert found.upper >= low * (1 - 1e-12)
        assert found.upper <= found.lower * 1.0001
        assert found.upper_certainty == "rigorous"


@pytest.mark.parametrize("target", [WAVE, PLAIN, EXP])
@pytest.mark.parametrize("pieces", [1, 2, 3])
def test_brute_force_over_knots_on_a_grid_is_not_below_and_close_above(target: Target, pieces: int) -> None:
    points = np.linspace(0.0, 1.0, 241)
    values = target(points[:, None])[:, 0]
    grid = np.linspace(0.0, 1.0, 21)[1:-1]
    found = sup_brackets(target, [pieces])[pieces]
    best = min(
        best_on(points, values, np.array([0.0, *inner, 1.0])) for inner in combinations(grid, pieces - 1)
    )
    slope = np.abs(np.diff(values)).max()  # what points between the samples may hide
    assert found.lower <= best + slope / 2
    assert best <= found.upper * 1.25 + slope / 2


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(-20, 20), min_size=3, max_size=8))
def test_one_line_is_bracketed_by_the_largest_alternation(heights: list[int]) -> None:
    """The best line of a broken line misses it by half the largest height of a triangle on its graph."""
    knots = [Fraction(i, len(heights) - 1) for i in range(len(heights))]
    values = [Fraction(h, 7) for h in heights]
    largest = max(
        abs(values[j] - values[i] - (values[k] - values[i]) * Fraction(j - i, k - i))
        for i, j, k in combinations(range(len(values)), 3)
    )
    found = sup_brackets(broken_line(knots, values), [1])[1]
    assert Fraction(found.lower) <= largest / 2
    assert Fraction(found.upper) >= largest / 2 or found.status == "exact"
    assert found.upper <= float(largest / 2) * (1 + 1e-6) + 1e-12


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.integers(-20, 20), min_size=6, max_size=6),
    st.lists(st.floats(-3, 3), min_size=4, max_size=4),
    st.lists(st.floats(0.05, 0.95), min_size=2, max_size=2, unique=True),
)
def test_no_broken_line_beats_the_lower_end(
    heights: list[int], values: list[float], knots: list[float]
) -> None:
    ends = [Fraction(i, 5) for i in range(6)]
    target = broken_line(ends, [Fraction(h, 7) for h in heights])
    found = sup_brackets(target, [3])[3]
    x = np.concatenate([[float(e) for e in ends], knots])
    other = np.interp(x, [0.0, *sorted(knots), 1.0], values)
    assert found.lower <= np.abs(other - target(x[:, None])[:, 0]).max() + 1e-12
    assert found.upper <= found.lower * (1 + 1e-6) + 1e-12


def test_the_upper_end_is_the_error_of_the_network() -> None:
    for target in (WAVE, ROOT, EXP):
        for found in sup_brackets(target, [2, 9]).values():
            measured = error(found.network, target, float("inf"))
            assert measured <= found.upper <= measured * 1.001


def test_a_kink_is_reached_from_two_pieces_on() -> None:
    corner = broken_line(
        [Fraction(0), Fraction(1, 3), Fraction(1)], [Fraction(1, 3), Fraction(0), Fraction(2, 3)]
    )
    found = sup_brackets(corner, [1, 2, 5])
    # the triangle on the graph has height 4/9 at 1/3
    assert found[1].lower <= 2 / 9 <= found[1].upper <= 2 / 9 + 1e-6
    for n in (2, 5):
        assert (found[n].status, found[n].lower, found[n].upper) == ("exact", 0.0, 0.0)
        assert error(found[n].network, corner, float("inf")) < 1e-15


def test_a_jump_keeps_continuous_functions_at_half_its_height() -> None:
    jump = PiecewisePolynomial((Fraction(1, 3),), ((Fraction(0),), (Fraction(1),)))
    step = Target("step", lambda x: np.where(x[:, 0] >= 1 / 3, 1.0, 0.0), pieces=jump)
    for found in sup_brackets(step, [1, 2, 30]).values():
        assert found.lower == 0.5
        assert 0.5 <= found.upper <= 0.5 + 1e-6
    assert sup_brackets(step, [2], degree=0)[2].status == "exact"


def test_proofs_in_whole_numbers_agree_with_the_compiled_search() -> None:
    maker = StripMaker(WAVE)
    strips = maker.refine(1e-6, 5000)
    for n, found in sup_brackets(WAVE, [3, 5, 8]).items():
        assert needs_more_links(strips, found.lower * 0.999, n)
        assert not needs_more_links(strips, found.upper * 1.001, n)
    for n, found in sup_brackets(WAVE, [2, 5, 8], degree=0).items():
        assert needs_more_steps(strips, found.lower * 0.999, n)
        assert not needs_more_steps(strips, found.upper * 1.001, n)


@pytest.mark.parametrize("target", [WAVE, ROOT, SQUARE, EXP])
def test_strips_hold_the_function(target: Target) -> None:
    strips = StripMaker(target).refine(1e-4, 4000)
    x = np.linspace(0.0, 1.0, 3001)
    low, high = strips.at(x)
    values = target(x[:, None])[:, 0]
    assert (low <= values + 1e-15).all()
    assert (values - 1e-15 <= high).all()
    assert strips.gaps.max() <= 1.1e-4


def test_a_worse_network_has_a_larger_certified_error() -> None:
    strips = StripMaker(SQUARE).refine(1e-6, 5000)
    found = sup_brackets(SQUARE, [4])[4].network
    other = sup_brackets(EXP, [4])[4].network
    bounds = [largest_error(network, strips) for network in (found, other)]
    assert bounds[0] is not None
    assert bounds[1] is not None
    assert bounds[0] == pytest.approx(1 / 128, rel=1e-3)
    assert bounds[1] >= error(other, SQUARE, float("inf")) * (1 - 1e-9)


def test_samples_are_called_numerical() -> None:
    found = sup_brackets(PLAIN, [2])[2]
    assert (found.certainty, found.upper_certainty) == ("numerical", "numerical")


def test_errors_do_not_grow_with_pieces_and_progress_ends() -> None:
    calls: list[tuple[int, int]] = []
    found = sup_brackets(WAVE, [6, 1, 3, 2], progress=lambda done, total: calls.append((done, total)))
    assert list(found) == [1, 2, 3, 6]
    uppers = [b.upper for b in found.values()]
    assert uppers == sorted(uppers, reverse=True)
    assert calls[0][0] == 0
    assert calls[-1][0] == calls[-1][1]


def test_what_is_not_supported_is_said() -> None:
    with pytest.raises(UserError, match="degree is 2; what is supported is 0 and 1"):
        sup_brackets(WAVE, [2], degree=2)
    with pytest.raises(UserError, match="whole numbers from 1 on"):
        sup_brackets(WAVE, [0])
    with pytest.raises(UserError, match="2 variables"):
        sup_brackets(Target("plane", lambda x: x[:, 0], domain=((0.0, 1.0),) * 2), [2])
    with pytest.raises(UserError, match="2 values"):
        sup_brackets(Target("pair", lambda x: np.stack([x[:, 0], x[:, 0]], axis=1)), [2])
