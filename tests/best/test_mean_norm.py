"""L1 errors: brackets agree with closed forms, brute force and rational arithmetic."""

from fractions import Fraction

import numpy as np
import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linprog

from ratelab import Target, UserError
from ratelab.best._mean_norm import mean_brackets
from ratelab.best._mean_norm_error import mean_error
from ratelab.best._mean_norm_kernels import constant_costs, line_costs
from ratelab.best._mean_norm_lower import mean_lower_bound
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


def broken_line(heights: list[Fraction]) -> Target:
    """The function that joins equally spaced values on [0, 1]."""
    count = len(heights) - 1
    rows = []
    for i in range(count):
        slope = (heights[i + 1] - heights[i]) * count
        rows.append((heights[i] - slope * Fraction(i, count), slope))
    pieces = PiecewisePolynomial(tuple(Fraction(i, count) for i in range(1, count)), tuple(rows))
    return Target("line", lambda x: pieces.evaluate(x[:, 0]), pieces=pieces)


def distance(heights: list[Fraction], knots: list[Fraction], values: list[Fraction]) -> Fraction:
    """Exact L1 distance of the broken line through equally spaced heights and the one through (knots, values)."""
    ends = [Fraction(i, len(heights) - 1) for i in range(len(heights))]

    def at(xs: list[Fraction], ys: list[Fraction], x: Fraction) -> Fraction:
        i = min(max(sum(t <= x for t in xs) - 1, 0), len(xs) - 2)
        return ys[i] + (ys[i + 1] - ys[i]) * (x - xs[i]) / (xs[i + 1] - xs[i])

    total = Fraction(0)
    cuts = sorted({*ends, *knots})
    for a, b in zip(cuts, cuts[1:], strict=False):
        u, v = (at(ends, heights, x) - at(knots, values, x) for x in (a, b))
        if u * v >= 0:
            total += (b - a) * (abs(u) + abs(v)) / 2
        else:
            total += (b - a) * (u * u + v * v) / (2 * (abs(u) + abs(v)))
    return total


def least_line(widths: Array, middles: Array, means: Array) -> float:
    """Least Σ w |mean − line(middle)|: a linear programme."""
    n = len(means)
    basis = np.stack([np.ones(n), middles], axis=1)
    found = linprog(
        np.concatenate([[0.0, 0.0], widths]),
        A_ub=np.block([[basis, -np.eye(n)], [-basis, -np.eye(n)]]),
        b_ub=np.concatenate([means, -means]),
        bounds=[(None, None)] * 2 + [(0, None)] * n,
    )
    return float(found.fun)


def test_the_square_has_error_one_over_16_n_squared() -> None:
    """A line misses x² on an interval of length h by h³/16 in L1: Chebyshev's U₂."""
    for n, found in mean_brackets(SQUARE, [1, 2, 3, 7]).items():
        exact = 1 / (16 * n * n)
        assert found.lower <= exact <= found.upper
        assert found.lower >= 0.985 * exact
        assert found.upper <= 1.001 * exact
        assert (found.certainty, found.upper_certainty) == ("rigorous", "rigorous")


def test_steps_of_a_line_have_error_one_over_4_n() -> None:
    ramp = Target("ramp", lambda x: x[:, 0], enclosure=lambda x: x)
    for n, found in mean_brackets(ramp, [1, 2, 5], degree=0).items():
        assert found.lower <= 1 / (4 * n) <= found.upper
        assert found.upper <= 1.02 * found.lower


def test_one_line_under_exp_meets_it_at_the_quarter_points() -> None:
    """For a convex function the best line is the one through the quarter points; signs +, −, + give its distance."""

    def primitive(a: float, b: float) -> float:
        return float(np.exp(b) - np.exp(a))

    exact = primitive(0, 0.25) - primitive(0.25, 0.75) + primitive(0.75, 1)
    found = mean_brackets(EXP, [1])[1]
    assert found.lower <= exact <= found.upper <= found.lower * 1.001


@pytest.mark.parametrize("target", [EXP, WAVE])
def test_two_lines_are_not_beaten_by_brute_force(target: Target) -> None:
    edges = np.linspace(0.0, 1.0, 301)
    middles, widths = 0.5 * (edges[1:] + edges[:-1]), np.diff(edges)
    means = target(middles[:, None])[:, 0]
    best = min(
        least_line(widths[:k], middles[:k], means[:k]) + least_line(widths[k:], middles[k:], means[k:])
        for k in range(20, 281, 20)
    )
    found = mean_brackets(target, [2])[2]
    assert found.lower <= best * 1.001
    assert best <= found.upper * 1.1


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.integers(-9, 9), min_size=12, max_size=12),
    st.lists(st.integers(1, 5), min_size=12, max_size=12),
)
def test_costs_of_intervals_are_regressions_on_means(values: list[int], sizes: list[int]) -> None:
    edges = np.concatenate([[0.0], np.cumsum(sizes)]) / 7
    widths, middles = np.diff(edges), 0.5 * (edges[1:] + edges[:-1])
    means = np.array(values, dtype=np.float64) + 1e-3 * np.sin(np.arange(12.0))
    integrals = means * widths
    sums = np.concatenate([[0.0], np.cumsum(integrals)])
    lines = line_costs(edges, integrals, sums, 12)
    constants = constant_costs(edges, integrals, 12)
    for a, b in ((0, 12), (2, 9), (5, 12)):
        part = slice(a, b)
        exact = least_line(widths[part], middles[part], means[part])
        assert lines[b - a, a] <= exact * (1 + 1e-9) + 1e-12
        assert lines[b - a, a] >= exact * (1 - 1e-6) - 1e-9
        median = min(float((widths[part] * np.abs(means[part] - m)).sum()) for m in means[part])
        assert constants[b - a, a] == pytest.approx(median, rel=1e-9, abs=1e-12)


@settings(max_examples=6, deadline=None)
@given(
    st.lists(st.integers(-12, 12), min_size=6, max_size=6),
    st.lists(st.integers(-15, 15), min_size=4, max_size=4),
    st.lists(st.integers(1, 29), min_size=2, max_size=2, unique=True),
)
def test_no_broken_line_beats_the_lower_end(heights: list[int], values: list[int], knots: list[int]) -> None:
    exact = [Fraction(h, 5) for h in heights]
    target = broken_line(exact)
    places = [Fraction(0), *(Fraction(k, 30) for k in sorted(knots)), Fraction(1)]
    other = distance(exact, places, [Fraction(v, 5) for v in values])
    near = [Fraction(float(target(np.array([[float(t)]]))[0, 0])) for t in places]
    bound = mean_lower_bound(target, np.array([1 / 3, 2 / 3]), 3, 1)
    assert bound.certainty == "rigorous"
    assert Fraction(bound.value) <= min(other, distance(exact, places, near))


def test_the_upper_end_is_the_error_of_the_network() -> None:
    for target in (EXP, WAVE):
        for found in mean_brackets(target, [2, 5]).values():
            measured = error(found.network, target, 1)
            assert measured * (1 - 1e-9) <= found.upper <= measured * 1.001


def test_a_certified_mean_error_is_above_the_integral_and_close_to_it() -> None:
    strips = StripMaker(WAVE).refine(1e-6, 9000)
    network = mean_brackets(EXP, [3])[3].network
    bound = mean_error(network, strips)
    exact = error(network, WAVE, 1)
    assert bound is not None
    assert exact <= bound <= exact + 1e-6


def test_a_kink_is_reached_and_a_jump_only_in_the_limit() -> None:
    corner = broken_line([Fraction(1), Fraction(0), Fraction(1)])
    found = mean_brackets(corner, [1, 2])
    # the best constant misses |2x − 1| by 1/4
    assert found[1].lower <= 0.25 <= found[1].upper <= 0.2501
    assert (found[2].status, found[2].lower, found[2].upper) == ("exact", 0.0, 0.0)
    jump = PiecewisePolynomial((Fraction(1, 2),), ((Fraction(0),), (Fraction(1),)))
    step = Target("step", lambda x: np.where(x[:, 0] >= 0.5, 1.0, 0.0), pieces=jump)
    limit = mean_brackets(step, [3])[3]
    assert (limit.status, limit.lower) == ("exact", 0.0)
    assert 0 < limit.upper < 0.01


def test_samples_are_called_numerical() -> None:
    plain = Target("plain", lambda x: np.sin(3 * x[:, 0]))
    found = mean_brackets(plain, [2])[2]
    assert (found.certainty, found.upper_certainty) == ("numerical", "numerical")
    assert found.lower <= found.upper <= 1.03 * found.lower


def test_errors_do_not_grow_with_pieces_and_progress_ends() -> None:
    calls: list[tuple[int, int]] = []
    found = mean_brackets(EXP, [3, 1, 2], progress=lambda done, total: calls.append((done, total)))
    assert list(found) == [1, 2, 3]
    uppers = [b.upper for b in found.values()]
    assert uppers == sorted(uppers, reverse=True)
    assert calls[0][0] == 0
    assert calls[-1][0] == calls[-1][1]


def test_what_is_not_supported_is_said() -> None:
    with pytest.raises(UserError, match="degree is 3; what is supported is 0 and 1"):
        mean_brackets(EXP, [2], degree=3)
    with pytest.raises(UserError, match="whole numbers from 1 on"):
        mean_brackets(EXP, [0])
    with pytest.raises(UserError, match="2 variables"):
        mean_brackets(Target("plane", lambda x: x[:, 0], domain=((0.0, 1.0),) * 2), [2])
