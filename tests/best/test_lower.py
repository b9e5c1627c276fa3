"""Lower bounds lie below every piecewise polynomial, and close below the best."""

from fractions import Fraction
from math import sqrt

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ratelab import Target, UserError, load_plugins
from ratelab.best import lower_bounds
from ratelab.best._cells import UNIT, Cells, from_moments, merge, merge_groups, rounding_constant
from ratelab.best._segments import backtrack, forward, segments
from ratelab.exact import cell_edges, cell_moments
from ratelab.registry import PiecewisePolynomial

Array = NDArray[np.float64]

EXP = Target("exp", lambda x: np.exp(x[:, 0]), enclosure=lambda x: x.exp())
WAVE = Target(
    "wave",
    lambda x: np.sin(2 * np.pi * x[:, 0]),
    enclosure=lambda x: (2 * arb.pi() * x).sin(),
)
SQUARE = Target(
    "square",
    lambda x: x[:, 0] ** 2,
    pieces=PiecewisePolynomial((), ((Fraction(0), Fraction(0), Fraction(1)),)),
)
SQRT = Target(
    "sqrt",
    lambda x: np.sqrt(x[:, 0]),
    singular_points=(0.0,),
    moments=lambda a, b, n: [
        (b.sqrt() * b ** (k + 1) - a.sqrt() * a ** (k + 1)) * 2 / (2 * k + 3) for k in range(n + 1)
    ],
    energy=lambda a, b: (b * b - a * a) / 2,
)
EXP_ERRORS = {2: 1.56376168e-2, 4: 3.90589371e-3, 8: 9.76252970e-4, 16: 2.44049447e-4, 32: 6.10114993e-5}
SQRT_ERRORS = {1: 4.71404521e-2, 2: 1.57134840e-2, 4: 4.68063774e-3, 8: 1.29145224e-3, 16: 3.40327756e-4}


def exact_projection(ends: list[float], parts: list[list[Fraction]]) -> tuple[list[Fraction], Fraction]:
    """Legendre coefficients over all cells of the function with these on each, and its squared distance; rational."""
    degree = len(parts[0]) - 1
    edges = [Fraction(e) for e in ends]
    middle, half = (edges[0] + edges[-1]) / 2, (edges[-1] - edges[0]) / 2
    rows = [np.polynomial.legendre.leg2poly([0] * k + [1]) for k in range(degree + 1)]
    legendre = [[Fraction(float(c)).limit_denominator(64) for c in row] for row in rows]

    def value(polynomial: list[Fraction], x: Fraction) -> Fraction:
        return sum((c * x**i for i, c in enumerate(polynomial)), Fraction(0))

    def multiply(p: list[Fraction], q: list[Fraction]) -> list[Fraction]:
        out = [Fraction(0)] * (len(p) + len(q) - 1)
        for i, a in enumerate(p):
            for j, b in enumerate(q):
                out[i + j] += a * b
        return out

    def compose(p: list[Fraction], shift: Fraction, scale: Fraction) -> list[Fraction]:
        out = [Fraction(0)]
        for c in reversed(p):
            out = multiply(out, [shift, scale])
            out[0] += c
        return out

    def integral(p: list[Fraction]) -> Fraction:
        return value([Fraction(0), *(c / (i + 1) for i, c in enumerate(p))], Fraction(1)) - value(
            [Fraction(0), *(c / (i + 1) for i, c in enumerate(p))], Fraction(-1)
        )

    functions = []
    for part in parts:
        total = [Fraction(0)] * (degree + 1)
        for c, row in zip(part, legendre, strict=True):
            for i, r in enumerate(row):
                total[i] += c * r
        functions.append(total)
    coefficients = [Fraction(0)] * (degree + 1)
    energy = Fraction(0)
    for a, b, f in zip(edges, edges[1:], functions, strict=False):
        shift, scale = ((a + b) / 2 - middle) / half, (b - a) / 2 / half
        for k, row in enumerate(legendre):
            weight = (2 * k + 1) * Fraction(1, 2) * scale
            coefficients[k] += weight * integral(multiply(f, compose(row, shift, scale)))
    union = [Fraction(0)] * (degree + 1)
    for c, row in zip(coefficients, legendre, strict=True):
        for i, r in enumerate(row):
            union[i] += c * r
    for a, b, f in zip(edges, edges[1:], functions, strict=False):
        shift, scale = ((a + b) / 2 - middle) / half, (b - a) / 2 / half
        restricted = compose(union, shift, scale)
        padded = [*f, *[Fraction(0)] * (len(restricted) - len(f))]
        rest = [x - (restricted[i] if i < len(restricted) else 0) for i, x in enumerate(padded)]
        energy += integral(multiply(rest, rest)) * (b - a) / 2
    return coefficients, energy


def root(value: Fraction) -> float:
    return float(arb(fmpq(value.numerator, value.denominator)).sqrt())


def random_cells(
    seed: int, degree: int, count: int, spread: float
) -> tuple[Cells, list[float], list[list[Fraction]]]:
    generator = np.random.default_rng(seed)
    edges = np.cumsum(np.append(generator.random(), generator.random(count) ** spread + 1e-9))
    legendre = generator.standard_normal((count, degree + 1)) * 1e-3
    legendre[:, 0] += 1.0  # a large common part: what rounding is relative to
    widths = np.diff(edges)
    scaled = (legendre * np.sqrt(widths[:, None] / (2 * np.arange(degree + 1) + 1))).T
    return (
        Cells(edges, np.ascontiguousarray(scaled), np.zeros(count)),
        edges.tolist(),
        [[Fraction(float(c)) for c in row] for row in legendre],
    )


@given(st.integers(0, 10**6), st.integers(0, 3), st.sampled_from([1.0, 8.0]))
@settings(max_examples=40, deadline=None)
def test_one_merge_stays_within_its_rounding_constant(seed: int, degree: int, spread: float) -> None:
    cells, edges, parts = random_cells(seed, degree, 2, spread)
    widths = np.diff(cells.edges)
    sides = [list(cells.coefficients[:, :1]), list(cells.coefficients[:, 1:])]
    union, energy = merge(*sides, widths[:1], widths[1:], cells.edges[2:] - cells.edges[:1])
    exact, rest = exact_projection(edges, parts)
    width = Fraction(edges[2]) - Fraction(edges[0])
    gap = sum(
        (
            float(
                arb(float(u[0]))
                - arb(fmpq(c.numerator, c.denominator))
                * (arb(fmpq(width.numerator, width.denominator)) / (2 * k + 1)).sqrt()
            )
            ** 2
        )
        for k, (u, c) in enumerate(zip(union, exact, strict=True))
    )
    constant = rounding_constant(degree)
    # 8 more for the rounding of the given coefficients themselves
    assert np.sqrt(gap) <= (constant + 8) * UNIT * cells.norm
    assert abs(np.sqrt(energy[0]) - root(rest)) <= (2 * constant + 2 + 8) * UNIT * cells.norm


@given(st.integers(0, 10**6), st.integers(0, 2), st.integers(3, 12))
@settings(max_examples=15, deadline=None)
def test_every_segment_cost_is_the_exact_least_squares_error_up_to_the_proved_rounding(
    seed: int, degree: int, count: int
) -> None:
    cells, edges, parts = random_cells(seed, degree, count, 4.0)
    costs = segments(cells, count)
    constant = rounding_constant(degree)
    for start in range(0, count, 3):
        for stop in range(start + 1, count + 1, 2):
            _, exact = exact_projection(edges[start : stop + 1], parts[start:stop])
            depth = stop - start
            allowed = UNIT * (depth * constant + np.sqrt(depth) * (2 * constant + 2) + 8) * cells.norm
            assert abs(np.sqrt(costs.near[stop - start, start]) - root(exact)) <= allowed * 1.001


def fit_error(target: Target, knots: Array, degree: int) -> float:
    """L2 error of the best discontinuous fit with these knots, by Gauss rules and least squares."""
    nodes, weights = np.polynomial.legendre.leggauss(20)
    ends = np.concatenate([[0.0], np.sort(knots), [1.0]])
    total = 0.0
    for a, b in zip(ends, ends[1:], strict=False):
        values = target((a + (b - a) * (nodes + 1) / 2)[:, None])[:, 0]
        scaled = np.polynomial.legendre.legvander(nodes, degree) * np.sqrt(weights)[:, None]
        rest = (
            values * np.sqrt(weights)
            - scaled @ np.linalg.lstsq(scaled, values * np.sqrt(weights), rcond=None)[0]
        )
        total += float((rest**2).sum()) * (b - a) / 2
    return float(np.sqrt(total))


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
@pytest.mark.parametrize("target", [EXP, WAVE], ids=lambda t: t.name)
def test_no_choice_of_knots_is_below_the_bound(target: Target, degree: int) -> None:
    moments = cell_moments(target, cell_edges(target, 1024), 3)
    bounds = lower_bounds(moments, [2, 3, 5], degree)
    generator = np.random.default_rng(0)
    for n, bound in bounds.items():
        tries = [np.sort(generator.random(n - 1)) for _ in range(40)]
        near = [np.clip(bound.knots + generator.normal(0, 2e-3, n - 1), 0, 1) for _ in range(40)]
        best = min(fit_error(target, knots, degree) for knots in [*tries, *near])
        assert bound.certainty == "rigorous" and bound.status == "bound"
        assert 0.95 * best <= bound.value <= best


def test_a_line_has_one_best_fit_and_its_error_is_the_bound() -> None:
    bound = lower_bounds(cell_moments(EXP, cell_edges(EXP, 256), 1), [1], 1)[1]
    assert bound.value <= 6.27711950e-2 * (1 + 1e-8) and bound.value > 6.2771194e-2 and len(bound.knots) == 0


def test_the_bound_is_within_two_percent_of_the_best_continuous_fit_of_exp() -> None:
    bounds = lower_bounds(cell_moments(EXP, cell_edges(EXP, 16384), 1), list(EXP_ERRORS), 1)
    for n, error in EXP_ERRORS.items():
        assert error / 1.02 <= bounds[n].value <= error


def test_the_bound_is_within_two_percent_of_the_best_continuous_fit_of_the_square_root() -> None:
    bounds = lower_bounds(cell_moments(SQRT, cell_edges(SQRT, 8192), 1), list(SQRT_ERRORS), 1)
    for n, error in SQRT_ERRORS.items():
        assert error / 1.02 <= bounds[n].value <= error


@pytest.mark.parametrize("highest", [1, 3])
def test_moments_of_a_higher_degree_serve_lower_ones(highest: int) -> None:
    bounds = lower_bounds(cell_moments(SQUARE, cell_edges(SQUARE, 2048), highest), [1, 3, 6], 1)
    for n, bound in bounds.items():
        error = n**-2 / np.sqrt(180)
        assert 0.98 * error <= bound.value <= error * (1 + 1e-12)


def test_a_target_of_the_class_has_the_trivial_bound() -> None:
    step = Target(
        "step",
        lambda x: (x[:, 0] > 1 / 3).astype(float),
        singular_points=(Fraction(1, 3),),
        pieces=PiecewisePolynomial((Fraction(1, 3),), ((Fraction(0),), (Fraction(1),))),
    )
    bounds = lower_bounds(cell_moments(step, cell_edges(step, 512), 1), [1, 2, 3], 1)
    assert bounds[1].status == "bound" and bounds[1].value > 0.1
    assert [(bounds[n].value, bounds[n].status) for n in (2, 3)] == [(0.0, "trivial")] * 2
    square = lower_bounds(cell_moments(SQUARE, cell_edges(SQUARE, 2048), 2), [1, 2, 9], 2)
    assert {b.value for b in square.values()} == {0.0}


@given(st.integers(0, 10**6), st.integers(2, 12), st.integers(2, 40))
@settings(max_examples=20, deadline=None)
def test_merging_cells_and_bounding_long_pieces_by_blocks_never_raises_the_cost(
    seed: int, blocks: int, longest: int
) -> None:
    cells = from_moments(cell_moments(WAVE, cell_edges(WAVE, 64), 1), 1)
    full = segments(cells, len(cells))
    reference = forward(full, 5)[:, -1]
    limited = forward(segments(cells, longest, blocks), 5)[:, -1]
    starts = np.unique(np.append(0, np.random.default_rng(seed).integers(0, len(cells), 20)))
    merged = merge_groups(cells, starts)
    for cost in (limited, forward(segments(merged, len(merged)), 5)[:, -1]):
        assert (cost <= reference * (1 + 1e-12) + 1e-18).all()


def test_the_programme_finds_the_least_cost_of_all_paths() -> None:
    cells = from_moments(cell_moments(WAVE, cell_edges(WAVE, 16), 1), 1)
    costs = segments(cells, len(cells))
    table = forward(costs, 3)

    def piece(a: int, b: int) -> float:
        return 0.0 if b <= a + 1 else float(costs.near[b - a - 1, a])

    paths = {(a, b): piece(0, a) + piece(a, b) + piece(b, 17) for a in range(18) for b in range(a, 18)}
    assert table[3, -1] == pytest.approx(min(paths.values()), rel=1e-12)
    assert paths[tuple(backtrack(costs, table, 3).tolist())] == pytest.approx(table[3, -1], rel=1e-12)  # type: ignore[index]


def test_bounds_decrease_with_the_pieces_and_repeat_to_the_last_bit() -> None:
    moments = cell_moments(WAVE, cell_edges(WAVE, 1500), 1)
    first = lower_bounds(moments, [2, 3, 5, 9], 1)
    again = lower_bounds(moments, [2, 3, 5, 9], 1)
    values = [first[n].value for n in (2, 3, 5, 9)]
    assert all(a >= b for a, b in zip(values, values[1:], strict=False))
    assert values == [again[n].value for n in (2, 3, 5, 9)]
    assert all((first[n].knots == again[n].knots).all() for n in first)


def test_an_incumbent_saves_work_and_never_lifts_a_bound() -> None:
    moments = cell_moments(EXP, cell_edges(EXP, 4096), 1)
    free = lower_bounds(moments, [4], 1)[4].value
    assert lower_bounds(moments, [4], 1, {4: 1e-9})[4].value <= free
    assert lower_bounds(moments, [4], 1, {4: 3.90589371e-3})[4].value <= 3.90589371e-3


def test_estimated_moments_give_a_numerical_bound() -> None:
    plain = Target("plain", lambda x: np.exp(x[:, 0]))
    bound = lower_bounds(cell_moments(plain, cell_edges(plain, 512), 1), [2], 1)[2]
    assert bound.certainty == "numerical" and bound.value == pytest.approx(1.56376168e-2, rel=0.02)


def test_impossible_requests_are_refused() -> None:
    moments = cell_moments(EXP, cell_edges(EXP, 16), 1)
    with pytest.raises(UserError, match="degree is 2"):
        lower_bounds(moments, [2], 2)
    with pytest.raises(UserError, match="0 pieces"):
        lower_bounds(moments, [0], 1)


@pytest.mark.parametrize("scale", [1e-155, 1e-120, 1.0, 1e140])
def test_bounds_hold_and_stay_tight_at_any_amplitude(scale: float) -> None:
    base = load_plugins().targets["square"]
    assert base.pieces is not None
    coefficient = Fraction(scale)
    target = Target(
        "scaled",
        lambda x: scale * x[:, 0] ** 2,
        pieces=PiecewisePolynomial((), ((Fraction(0), Fraction(0), coefficient),)),
    )
    moments = cell_moments(target, cell_edges(target, 1024), 1)
    bound = lower_bounds(moments, [2], 1)[2].value
    exact = scale / (sqrt(180) * 4)
    assert 0.98 * exact <= bound <= exact
