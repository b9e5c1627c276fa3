"""What N neurons with one knot can be, and lower ends that no such network falls below."""

from fractions import Fraction
from itertools import product
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ratelab as rl
from ratelab import Target, UserError
from ratelab.best._cells import from_moments
from ratelab.best._shallow import _charges, _pieces_over, _Search, subset_sum_bounds
from ratelab.registry import PiecewisePolynomial

F = Fraction
REGISTRY = rl.load_plugins()


def slopes_between_kinks(changes: list[F], right: list[bool], ratio: F) -> list[F]:
    """Slopes of Σ c_j σ(±(x − t_j)) left to right, each neuron scaled so that the slope grows by c_j at t_j."""
    start = F(0)
    for change, looks_right in zip(changes, right, strict=True):
        start += change * ratio / (1 - ratio) if looks_right else -change / (1 - ratio)
    slopes = [start]
    for change in changes:
        slopes.append(slopes[-1] + change)
    return slopes


@given(
    st.lists(st.tuples(st.integers(-9, 9), st.booleans()), min_size=1, max_size=7),
    st.sampled_from([F(0), F(1, 4), F(-1), F(-1, 2)]),
)
@settings(max_examples=200, deadline=None)
def test_the_slopes_of_a_network_obey_the_constraint_of_its_directions(
    neurons: list[tuple[int, bool]], ratio: F
) -> None:
    changes, right = [F(c) for c, _ in neurons], [r for _, r in neurons]
    slopes = slopes_between_kinks(changes, right, ratio)
    sums = [F(0), *(F(1) if r else -ratio for r in right), 1 - ratio]
    weights = [b - a for a, b in zip(sums, sums[1:], strict=False)]
    assert sum(w * m for w, m in zip(weights, slopes, strict=True)) == 0
    if ratio == 0:
        signs = [w for w in weights if w]
        assert signs == [(-1) ** k for k in range(len(signs))] and len(signs) % 2 == 1


@given(st.lists(st.integers(-6, 6), min_size=2, max_size=6), st.sampled_from([F(0), F(1, 4), F(-1)]))
@settings(max_examples=200, deadline=None)
def test_slopes_that_obey_some_constraint_are_those_of_a_network(slopes: list[int], ratio: F) -> None:
    """Both ways, by trying all directions."""
    changes = [F(b - a) for a, b in zip(slopes, slopes[1:], strict=False)]
    reached, allowed = False, False
    for right in product([False, True], repeat=len(changes)):
        reached |= slopes_between_kinks(changes, list(right), ratio) == slopes
        sums = [F(0), *(F(1) if r else -ratio for r in right), 1 - ratio]
        allowed |= sum((b - a) * m for a, b, m in zip(sums, sums[1:], slopes, strict=False)) == 0
    assert reached == allowed


def polynomial(coefficients: list[int]) -> Target:
    pieces = PiecewisePolynomial((), (tuple(F(c, 4) for c in coefficients),))
    return Target("polynomial", lambda x: pieces.evaluate(x[:, 0]), pieces=pieces)


def network(
    knots: list[float], right: list[bool], weights: list[float], ratio: float, bias: float
) -> rl.Network:
    activation = REGISTRY.activations["relu" if ratio == 0 else f"prelu(slope={ratio})"]
    signs = [1.0 if r else -1.0 for r in right]
    return rl.Network.dense(
        [[[s] for s in signs], [weights]],
        [[-s * t for s, t in zip(signs, knots, strict=True)], [bias]],
        activation=activation,
    )


@given(
    st.lists(st.integers(-8, 8), min_size=1, max_size=5),
    st.integers(0, 10**9),
    st.sampled_from([0.0, 0.25, -0.5]),
    st.integers(1, 4),
)
@settings(max_examples=80, deadline=None)
def test_no_path_costs_more_than_a_network_that_takes_it(
    coefficients: list[int], seed: int, ratio: float, count: int
) -> None:
    """For every multiplier, every expected residual and slope: cells may be wide, knots may share a cell."""
    from ratelab.best._shallow_kernels import path_value

    target, rng = polynomial(coefficients), np.random.default_rng(seed)
    edges = np.unique(np.r_[0, rng.random(rng.integers(1, 14)), 1])
    moments = rl.exact.cell_moments(target, edges, 1 + int(rng.integers(2)))
    cells = from_moments(moments, 1)
    tilt = 2 * moments.reference[1] if moments.degree == 1 else 0.0
    knots = np.sort(rng.random(count))
    right = [bool(b) for b in rng.integers(0, 2, count)]
    weights = rng.normal(size=count) * 10 ** rng.uniform(-1, 1)
    x = (np.arange(2000) + 0.5) / 2000
    z = (x[:, None] - knots) * np.where(right, 1, -1)
    columns = np.c_[np.where(z > 0, z, ratio * z), np.ones(2000)]
    if rng.random() < 0.7:
        fitted = np.linalg.lstsq(columns, target(x[:, None])[:, 0], rcond=None)[0]
        weights, bias = fitted[:-1], float(fitted[-1])
    else:
        bias = float(rng.normal())
    error = rl.exact.error(network(knots.tolist(), right, weights.tolist(), ratio, bias), target)
    cell = np.searchsorted(edges, knots)
    path = np.r_[0, cell, len(edges)]
    states = [1 if r else 0 for r in right]
    kinds = [states[0]]
    kinds += [0 if a == b else 1 if b > a else 2 for a, b in zip(states, states[1:], strict=False)]
    kinds += [1 - states[-1]]
    rest, zeroth, first = _pieces_over(cells)
    scale = error * 10 ** rng.uniform(-2, 1)
    charge = np.r_[0, scale * rng.normal(size=len(cells)), 0]
    slope = np.r_[0, rng.normal(size=len(cells)), 0]
    mean = np.r_[0, cells.coefficients[0] / np.sqrt(np.diff(edges)), 0]
    active_and_empty = [
        b - a < 2 and (kind > 0 or ((i == 0 or i == count) and ratio != 0))
        for i, (a, b, kind) in enumerate(zip(path, path[1:], kinds, strict=False))
    ]
    for nu in (0.0, *(error**2 * rng.normal(size=3))):
        if nu and any(active_and_empty):
            continue
        value = path_value(
            path, np.array(kinds), nu, ratio, edges, rest, zeroth, first, charge, slope, mean, tilt, np.inf
        )
        assert value <= error**2 * (1 + 1e-9) + 1e-12


@given(st.integers(0, 10**9))
@settings(max_examples=20, deadline=None)
def test_a_piece_costs_the_least_that_any_line_does_with_the_better_kind_of_charges(seed: int) -> None:
    """Against all lines on a fine grid, written as offsets from the line of least squares."""
    from ratelab.best._shallow_kernels import _MOST, piece_cost

    rng = np.random.default_rng(seed)
    edges = np.array(
        [0.0, 0.1, 0.3, 0.7, 0.85, 1.0]
    )  # the piece lies on [0.1, 0.85], its knots left and right
    rest, zeroth, first = (np.zeros((6, 6)) for _ in range(3))
    rest[3, 1], zeroth[3, 1], first[3, 1] = rng.random(), rng.normal(), rng.normal()
    charge, slope, mean = rng.normal(size=(3, 7))
    a, nu, h = 1.0, float(rng.normal()) * 0.3, 0.75
    u0, u1 = np.meshgrid(np.linspace(-3, 3, 601), np.linspace(-3, 3, 601))
    constant, steep = (zeroth[3, 1] + u0) / sqrt(h), 2 * sqrt(3) / h**1.5
    cost = rest[3, 1] + u0**2 + u1**2 + nu * a * (steep * (first[3, 1] + u1))
    free, ends = cost.min(), []
    for cell, width, centre in ((1, 0.1, 0.05), (5, 0.15, 0.925)):
        c = charge[cell]
        value = constant + steep * (first[3, 1] + u1) * (centre - 0.475)
        blunt = abs(steep * first[3, 1] - slope[cell]) + steep * np.abs(u1)
        linear = c * width * (value - mean[cell]) - c * c * width / 2 - abs(c) * width**2 / 2 * blunt
        ends.append(np.minimum(linear, _MOST * c * c * width))
        free -= _MOST * c * c * width
    expected = max(free, float((cost + ends[0] + ends[1]).min()))
    found = piece_cost(1, 5, a, nu, edges, rest, zeroth, first, charge, slope, mean, 0.0, np.inf)
    assert found <= expected + 1e-12
    assert found == pytest.approx(expected, abs=5e-4)


@given(st.integers(0, 10**9), st.integers(1, 5), st.sampled_from([0.0, 0.25, -1.0]))
@settings(max_examples=60, deadline=None)
def test_no_path_of_a_part_is_cheaper_than_the_cheapest_one(seed: int, count: int, ratio: float) -> None:
    from ratelab.best._shallow_kernels import cheapest_path, cost_tables, path_value, still_costs

    rng = np.random.default_rng(seed)
    edges = np.linspace(0, 1, 11)
    cells = from_moments(rl.exact.cell_moments(polynomial([0, 3, -7, 5]), edges, 2), 1)
    rest, zeroth, first = _pieces_over(cells)
    ends = [np.r_[0, 0.1 * rng.normal(size=10), 0] for _ in range(3)]
    data = (edges, rest, zeroth, first, *ends, 0.0, np.inf)
    shortest, longest = sorted(rng.random(2))
    nu = float(rng.normal())
    table, least, largest = cost_tables(nu, ratio, shortest, still_costs(ratio, *data), *data)
    finite = table[np.isfinite(table)]
    assert least <= finite.min() and largest == np.abs(finite).max()
    least, path, kinds = cheapest_path(table, count + 1, longest, ratio, edges, np.inf)
    if np.isfinite(least):
        assert path_value(path, kinds, nu, ratio, *data) == pytest.approx(least, rel=1e-9, abs=1e-12)
    for _ in range(40):
        path = np.r_[0, np.sort(rng.integers(1, 11, count)), 11]
        states = rng.integers(0, 2, count)
        kinds = np.r_[states[0], np.where(np.diff(states) < 0, 2, np.diff(states)), 1 - states[-1]]
        lengths = np.maximum(edges[path[1:] - 1] - edges[path[:-1]], 0)
        at_end = np.r_[True, np.zeros(count - 1, bool), True]
        weights = np.where(at_end, np.where(kinds == 0, -ratio, 1), (1 + ratio) * np.array([0, 1, -1])[kinds])
        active = lengths[weights != 0]
        # where all partial sums are the same, raising and lowering are told apart by nothing
        if len(active) and shortest <= active.min() < longest and (ratio != -1 or not kinds[1:-1].any()):
            assert path_value(path, kinds, nu, ratio, *data) >= least - 1e-9


def inputs(target: Target, most: int) -> tuple[object, dict[int, float], dict[int, np.ndarray]]:
    moments = rl.exact.cell_moments(target, np.linspace(0, 1, 2049), 1)
    splines = rl.best.free_knot_splines(target, range(1, most + 1), 1)
    errors = {n: rl.exact.error(s.network(), target) for n, s in splines.items()}
    return moments, errors, {n: np.array(s.knots) for n, s in splines.items()}


OPTIMA = {1: 0.047974463823852107, 2: 0.014443133057584623, 4: 0.0038484450874694013}
"""Best shallow ReLU networks for eˣ, by minimising over all directions and knots from 40 starts."""


def test_the_bound_comes_near_the_best_networks_for_the_exponential() -> None:
    found = subset_sum_bounds(*inputs(REGISTRY.targets["exp"], 5), [1, 2, 4], cells=400)  # type: ignore[arg-type]
    for n, optimum in OPTIMA.items():
        assert 0.95 * optimum < found[n] <= optimum


def test_one_neuron_for_the_exponential_is_a_constant_and_a_ray() -> None:
    """Written out: the best of max(±(x − t), 0) by the normal equations on a fine set of knots."""
    x, w = np.polynomial.legendre.leggauss(40)
    best = np.inf
    for t in np.linspace(0.01, 0.99, 197):
        for sign in (1, -1):
            parts = [(0, t), (t, 1)]
            nodes = np.concatenate([(a + b) / 2 + (b - a) / 2 * x for a, b in parts])
            weights = np.sqrt(np.concatenate([(b - a) / 2 * w for a, b in parts]))
            columns = np.c_[np.ones(80), np.maximum(sign * (nodes - t), 0)] * weights[:, None]
            values = np.exp(nodes) * weights
            best = min(
                best,
                np.linalg.norm(values - columns @ np.linalg.lstsq(columns, values, rcond=None)[0]),
            )
    found = subset_sum_bounds(*inputs(REGISTRY.targets["exp"], 2), [1], cells=600)  # type: ignore[arg-type]
    assert 0.98 * best < found[1] <= best


def test_the_bound_lies_between_the_ends_of_its_neighbours_in_pieces() -> None:
    for name in ("sine", "sqrt"):
        moments, errors, knots = inputs(REGISTRY.targets[name], 5)
        found = subset_sum_bounds(moments, errors, knots, cells=200)  # type: ignore[arg-type]
        assert sorted(found) == [1, 2, 3, 4]
        assert all(errors[n + 1] <= found[n] <= errors[n] for n in found)


def test_four_neurons_for_the_sine_keep_the_end_of_five_pieces() -> None:
    """They come within one percent of it, so nothing more could be true."""
    moments, errors, knots = inputs(REGISTRY.targets["sine"], 5)
    assert subset_sum_bounds(moments, errors, knots, [4], cells=300)[4] < 1.01 * errors[5]  # type: ignore[arg-type]


@pytest.mark.parametrize("power", [-300, 300])
def test_the_bound_scales_with_the_function(power: int) -> None:
    target, factor = polynomial([0, 4, 4]), 2.0**power
    assert target.pieces is not None
    scaled = PiecewisePolynomial((), (tuple(c * F(factor) for c in target.pieces.coefficients[0]),))
    large = Target("large", lambda x: factor * target.function(x), pieces=scaled)
    moments, errors, knots = inputs(target, 3)
    expected = subset_sum_bounds(moments, errors, knots, [2], cells=200)[2]  # type: ignore[arg-type]
    edges = np.linspace(0, 1, 2049)
    found = subset_sum_bounds(
        rl.exact.cell_moments(large, edges, 1),
        {n: factor * e for n, e in errors.items()},
        knots,
        [2],
        cells=200,
    )
    assert errors[3] < expected
    assert found[2] == pytest.approx(factor * expected, rel=1e-12)


def test_poor_knots_cost_quality_only() -> None:
    moments, errors, _ = inputs(REGISTRY.targets["exp"], 3)
    found = subset_sum_bounds(moments, errors, {2: np.array([0.9])}, [2], cells=300)  # type: ignore[arg-type]
    assert errors[3] <= found[2] <= OPTIMA[2]


def test_charges_vanish_without_knots_and_estimate_residuals_at_them() -> None:
    cells = from_moments(rl.exact.cell_moments(polynomial([0, 0, 4]), np.linspace(0, 1, 201), 2), 1)
    rest, zeroth, first = _pieces_over(cells)
    assert rest[200, 0] == pytest.approx(1 / 180, rel=1e-9)
    assert not _charges(cells, np.empty(0), zeroth, first)[0].any()
    charge, slope, _ = _charges(cells, np.array([0.5]), zeroth, first)
    assert charge[100] == pytest.approx(-0.25 / 6, rel=0.05)  # a line misses x² by h²/6 at the ends
    assert slope[100] == pytest.approx(1.0, rel=0.05)


def test_a_search_that_is_given_no_time_still_returns_a_bound() -> None:
    moments = rl.exact.cell_moments(REGISTRY.targets["exp"], np.linspace(0, 1, 257), 1)
    search = _Search(from_moments(moments, 1), 2, np.array([0.5]), 0.0, 1.69, 0.0, (0.0069, 0.0156), 300)
    search.evaluations = 10**6
    assert 0 < search.run() <= OPTIMA[2]


def test_ratios_and_degrees_outside_the_class_are_the_users_error() -> None:
    moments, errors, knots = inputs(polynomial([0, 1]), 2)
    for ratio, match in ((1, "from −1"), (F(1, 3), "dyadic"), (sqrt(2), "from −1")):
        with pytest.raises(UserError, match=match):
            subset_sum_bounds(moments, errors, knots, [1], ratio)  # type: ignore[arg-type]
    flat = rl.exact.cell_moments(polynomial([0, 1]), np.linspace(0, 1, 9), 0)
    with pytest.raises(UserError, match="degree 0"):
        subset_sum_bounds(flat, errors, knots, [1])
