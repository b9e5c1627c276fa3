"""Compiled piecewise linear fits against dense algebra, brute force, refitting and random starts."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ratelab as rl
from ratelab.best import _descent
from ratelab.best._free_knots import _search
from ratelab.best._linear_fit import descend, linear_target
from ratelab.best._linear_kernels import keep_apart, measure, newton_matrix, newton_step, series_value
from ratelab.best._linear_moves import exchanged, polished, with_fewer, with_more
from ratelab.best._linear_moves_kernels import grid_paths, insertion_gains, priced_path, removal_losses
from ratelab.best._variable_projection import fit
from ratelab.exact._quadrature import resolved_cells
from ratelab.training._generator import generator

registry = rl.load_plugins(["plugins"])
NAMES = ["exp", "two_scales", "sqrt", "takagi"]


def both(name):
    cells = resolved_cells(registry.targets[name])
    return cells, linear_target(cells)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(0, 40))
def test_a_banded_fit_equals_the_dense_one(name, seed, count):
    cells, target = both(name)
    knots = np.sort(np.random.default_rng(seed).choice(np.arange(1, 500), count, replace=False)) / 500
    dense, banded = fit(cells, 1, knots), descend(target, knots, 0)
    assert banded.square == pytest.approx(dense.square, rel=1e-9)
    np.testing.assert_array_equal(banded.knots, knots)
    np.testing.assert_allclose(banded.coefficients, dense.coefficients, atol=1e-12)
    np.testing.assert_allclose(banded.shares, dense.shares, atol=1e-9 * dense.square)


@pytest.mark.parametrize("name", ["exp", "two_scales"])
def test_a_banded_newton_step_equals_that_of_the_dense_reduced_hessian(name):
    cells, target = both(name)
    knots = descend(target, np.arange(1, 12) / 12, 200).knots
    knots = knots + 1e-3 * np.sin(5 * np.arange(11)) / 12
    dense, start = fit(cells, 1, knots), np.concatenate([[0.0], knots, [1.0]])
    expected = -np.linalg.solve(dense.hessian, dense.gradient)
    lines, values = np.empty((3, 12)), np.empty(13)
    measure(start, *target.tables, lines, values)
    blocks, beside, gradient = np.empty((13, 3)), np.empty((12, 4)), np.empty(13)
    newton_matrix(start, lines, values, dense.coefficients, blocks, beside, gradient)
    np.testing.assert_allclose(gradient[1:-1], dense.gradient, atol=1e-10 * np.abs(dense.gradient).max())
    step = np.empty(13)
    assert newton_step(blocks, beside, gradient, np.zeros(13), 0.0, step)
    np.testing.assert_allclose(step[1:-1], expected, atol=1e-6 * np.abs(expected).max())
    assert step[0] == step[-1] == 0


def test_a_step_is_refused_where_the_matrix_is_not_positive_definite():
    cells, target = both("two_scales")
    knots = np.arange(1, 8) / 8
    dense = fit(cells, 1, knots)
    assert np.linalg.eigvalsh(dense.hessian)[0] < 0
    lines, values, start = np.empty((3, 8)), np.empty(9), np.arange(9) / 8
    measure(start, *target.tables, lines, values)
    blocks, beside, gradient = np.empty((9, 3)), np.empty((8, 4)), np.empty(9)
    newton_matrix(start, lines, values, dense.coefficients, blocks, beside, gradient)
    assert not newton_step(blocks, beside, gradient, np.ones(9), 0.0, np.empty(9))
    assert newton_step(blocks, beside, gradient, np.ones(9), 1e6, np.empty(9))


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=16), st.floats(-1, 1))
def test_a_series_is_evaluated_as_by_numpy(coefficients, u):
    row = np.array(coefficients)
    assert series_value(row, u) == pytest.approx(np.polynomial.legendre.legval(u, row), abs=1e-11)


@given(st.lists(st.floats(-0.2, 1.2), max_size=12))
def test_knots_are_kept_apart_and_move_only_if_they_must(values):
    inner = np.sort(np.array(values))
    knots = np.concatenate([[0.0], inner, [1.0]])
    keep_apart(knots, 0.01)
    assert np.diff(knots).min() >= 0.01 - 1e-12
    wide = np.concatenate([[0.0], inner, [1.0]])
    if np.diff(wide).min() >= 0.01:
        np.testing.assert_array_equal(knots, wide)


@pytest.mark.parametrize("name", NAMES)
def test_a_descent_never_ends_above_its_start_nor_above_dense_newton(name):
    cells, target = both(name)
    for seed in range(4):
        knots = np.sort(generator("descent", seed).random(9))
        found = descend(target, knots, 200)
        assert found.square <= descend(target, knots, 0).square
        assert fit(cells, 1, found.knots).square == pytest.approx(found.square, rel=1e-9)
        again = _descent.descend(cells, 1, found.knots, 200)
        assert again.square > found.square * (1 - 1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_the_loss_of_a_removal_is_that_of_a_new_fit(name):
    cells, _ = both(name)
    knots = np.sort(generator("removal", name).random(9))
    whole = fit(cells, 1, knots)
    losses = removal_losses(np.concatenate([[0.0], knots, [1.0]]), whole.coefficients)
    for j, loss in enumerate(losses):
        assert fit(cells, 1, np.delete(knots, j)).square - whole.square == pytest.approx(loss, rel=1e-6)


def test_the_gain_of_an_insertion_is_that_of_its_hat():
    target = linear_target(resolved_cells(registry.targets["two_scales"]))
    f = registry.targets["two_scales"]
    knots, heights = np.array([0.0, 0.23, 0.61, 1.0]), np.array([0.1, 0.5, -0.2, 0.3])
    gains, places = insertion_gains(knots, heights, np.array([0.3, 0.6]), *target.tables)
    x = (np.arange(400_000) + 0.5) / 400_000
    residual = f(x[:, None])[:, 0] - np.interp(x, knots, heights)
    for i, (left, right) in enumerate(zip(knots, knots[1:], strict=False)):
        found = []
        for share in (0.3, 0.6):
            hat = np.interp(x, [left, left + share * (right - left), right], [0, 1, 0])
            found.append((residual @ hat) ** 2 / (hat @ hat) / len(x))
        assert gains[i] == pytest.approx(max(found), rel=1e-4)
        share = (0.3, 0.6)[int(np.argmax(found))]
        assert places[i] == pytest.approx(left + share * (right - left))


def brute(grid, lines, values, offsets, pieces, target):
    """Least squared error over all knots and heights on the grid."""
    size = len(grid) - 1
    best = np.inf
    for inner in combinations(range(1, size), pieces - 1):
        index = np.array([0, *inner, size])
        knots = grid[index]
        for shifts in product(offsets, repeat=pieces + 1):
            heights = values[index] + np.array(shifts)
            x = (np.arange(400) + 0.5) / 400 * (grid[-1] - grid[0]) + grid[0]
            gap = target.values(x) - np.interp(x, knots, heights)
            best = min(best, float((gap * gap).mean() * (grid[-1] - grid[0])))
    return best


def path_error(knots, heights, target):
    x = (np.arange(400) + 0.5) / 400
    return float(((target.values(x) - np.interp(x, knots, heights)) ** 2).mean())


@pytest.mark.parametrize("pieces", [1, 2, 3])
def test_the_programme_finds_the_cheapest_function_on_its_grid(pieces):
    target = linear_target(resolved_cells(rl.Target("wave", lambda x: np.sin(6 * x[:, 0]))))
    grid = np.linspace(0, 1, 7)
    lines, values = np.empty((3, 6)), np.empty(7)
    measure(grid, *target.tables, lines, values)
    offsets = np.array([-0.15, 0.0, 0.15])
    table = grid_paths(grid, lines, values, np.ones(7), offsets, 3, np.inf)
    chosen = table[pieces - 1, : pieces + 1]
    assert chosen[0] == 0 and chosen[-1] == 6
    least = brute(grid, lines, values, offsets, pieces, target)
    own = min(
        path_error(grid[chosen], values[chosen] + np.array(shifts), target)
        for shifts in product(offsets, repeat=pieces + 1)
    )
    assert own == pytest.approx(least, rel=1e-3)
    price = 1.0 if pieces == 1 else 1e-9 if pieces == 3 else None
    if price is not None:
        path = priced_path(grid, lines, values, np.ones(7), offsets, price, np.inf)
        assert len(path) == 2 if pieces == 1 else len(path) > 3


@pytest.mark.parametrize("count", [1, 3, 10])
def test_more_and_fewer_knots_are_as_many_as_asked_for(count):
    _, target = both("two_scales")
    base = descend(target, np.arange(1, 16) / 16, 20)
    more, fewer = with_more(target, base, count), with_fewer(target, base, count)
    assert (len(more), len(fewer)) == (15 + count, 15 - count)
    assert set(base.knots) <= set(more) and set(fewer) <= set(base.knots)
    assert descend(target, more, 0).square < base.square
    # a knot where the slope does not jump costs nothing
    assert base.square < descend(target, fewer, 0).square * (1 + 1e-12)


def test_an_exchange_of_knots_leaves_a_poor_arrangement():
    _, target = both("two_scales")
    poor = polished(target, [np.arange(1, 16) / 16])
    better = exchanged(target, poor)
    assert len(better.knots) == 15
    assert better.square**0.5 < 0.0752 < poor.square**0.5


@pytest.mark.parametrize(
    ("name", "pieces"),
    [("two_scales", 8), ("two_scales", 17), ("sine(frequency=4)", 16), ("takagi", 12), ("cantor", 16),
     ("brownian", 12), ("runge", 9), ("cusp", 24), ("gaussian", 6)],
)  # fmt: skip
def test_no_random_start_ends_below_the_search(name, pieces):
    search = _search(registry.targets[name], 1)
    lower, upper = search.target.ends
    found = search.best(pieces).square
    random = generator("starts", name, pieces)
    for _ in range(100):
        start = lower + (upper - lower) * np.sort(random.random(pieces - 1))
        assert found <= descend(search.target, start, 60).square * (1 + 1e-7)
