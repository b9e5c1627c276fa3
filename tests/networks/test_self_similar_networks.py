"""Self-similar functions as networks: counts and errors are the closed forms."""

from fractions import Fraction
from itertools import product
from math import log2, sqrt

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import UserError, exact, load_plugins
from ratelab.networks import Counts, strict
from ratelab.networks._dyadic_blocks import Blocks
from ratelab.networks._dyadic_function import SelfSimilarFunction
from ratelab.networks._dyadic_splines import (
    self_similar_points,
    self_similar_spline,
    self_similar_spline_bound,
    self_similar_spline_error,
)
from ratelab.networks._self_similar import (
    best_folded,
    folded_costs,
    folded_error,
    folded_network,
    folded_network_bound,
    folded_rounding,
)

registry = load_plugins(["plugins"])
EXPONENTS = [0.5, 1, 1.5, 2, 3]


def target_of(a):
    return registry.targets[f"takagi(exponent={a})"]


def tent(x):
    return min(2 * x, 2 - 2 * x)


def partial_sum(x, levels):
    total = Fraction(0)
    for j in range(1, levels + 1):
        x = tent(x)
        total += x / 2**j
    return total


@pytest.mark.parametrize(
    ("m", "k", "counts"),
    [
        (3, 2, (4, 38, 19)),
        (1, 2, (4, 12, 7)),
        (2, 2, (4, 20, 11)),
        (4, 2, (4, 74, 35)),
        (2, 3, (6, 33, 18)),
        (3, 3, (6, 62, 30)),
    ],
)
def test_takagi_in_equal_blocks_has_the_known_counts_before_dead_neurons_go(m, k, counts):
    function = SelfSimilarFunction.takagi(1)
    network = folded_network(function, m * k, k, keep_dead=True)
    assert (network.depth, network.connections, network.neurons) == counts
    assert folded_network_bound(function, m * k, k, keep_dead=True) == Counts(*counts)
    fewer = folded_network(function, m * k, k)
    dead = 2 ** (m - 2) if m > 1 else 0
    assert network.neurons - fewer.neurons == network.connections - fewer.connections == dead


def test_merging_and_strictness_have_the_known_counts():
    function = SelfSimilarFunction.takagi(1)
    merged = folded_network(function, 6, 2, True, keep_dead=True)
    assert (merged.depth, merged.connections, merged.neurons) == (3, 85, 17)
    everywhere = strict(folded_network(function, 6, 2, keep_dead=True))
    assert (everywhere.connections, everywhere.neurons) == (48, 21)
    free = folded_network(function, 6, 2, strict=True, keep_dead=True)
    assert free.strict
    assert (free.connections, free.neurons) == (38, 19)


@pytest.mark.parametrize("a", [0.5, 1.5, 2, 3])
@pytest.mark.parametrize(("m", "k"), [(1, 1), (3, 1), (2, 2), (3, 3)])
def test_without_vanishing_kinks_counts_are_those_of_all_neurons(a, m, k):
    P = 2**m
    counts = folded_network_bound(SelfSimilarFunction.takagi(a), m * k, k)
    assert counts == Counts(2 * k, 3 * k * P - P + 2 * (k - 1), k * P + 3 * (k - 1))


@pytest.mark.parametrize("a", EXPONENTS)
@pytest.mark.parametrize(
    ("blocks", "merged"), [([4], []), ([2, 3], [False]), ([1, 2, 2], [True, False]), ([3, 2], [True])]
)
def test_the_error_is_the_closed_form(a, blocks, merged):
    function = SelfSimilarFunction.of(target_of(a))
    M = sum(blocks)
    known = 2 ** (-a * M) / sqrt(12 * (4**a - 1))
    assert folded_error(function, M) == pytest.approx(known, rel=1e-14)
    network = folded_network(function, M, blocks, merged, strict=True)
    found = exact.certified_error(network, target_of(a))
    assert found.lower == pytest.approx(known, rel=1e-12)
    assert found.upper == pytest.approx(known, rel=1e-12)
    assert Counts.of(network) == folded_network_bound(function, M, blocks, merged)
    assert network.exact == (a == int(a))


def test_the_error_of_a_partial_sum_is_that_of_a_long_one_on_a_fine_grid():
    """Both are piecewise linear on the grid, so Simpson's rule is exact."""
    network = folded_network(SelfSimilarFunction.takagi(1), 4, 2)
    grid = [Fraction(i, 2**11) for i in range(2**11 + 1)]
    values = np.array(
        [
            float(partial_sum(x, 11) - y)
            for x, y in zip(grid, network(np.array(grid, dtype=object)[:, None])[:, 0], strict=True)
        ]
    )
    # the eleven levels miss 2^-11 of the function, their mean 2^-12 included
    a, b = values[:-1], values[1:]
    square = float(((a * a + a * b + b * b) / 3).sum()) / 2**11
    mean = float(((a + b) / 2).sum()) / 2**11
    assert square - mean**2 == pytest.approx((4.0**-4 - 4.0**-11) / 36, rel=1e-10)


def test_a_rational_network_is_the_partial_sum_and_a_constant():
    for blocks, merged in (
        ((2, 1, 2), (True, False)),
        ((5,), ()),
        ((1, 1, 1, 1, 1), (False, True, False, True)),
    ):
        network = folded_network(SelfSimilarFunction.takagi(1), 5, blocks, merged)
        points = [Fraction(i, 96) for i in range(97)]
        values = network(np.array(points, dtype=object)[:, None])[:, 0]
        assert list(values) == [partial_sum(x, 5) + Fraction(1, 64) for x in points]


@pytest.mark.parametrize(
    ("blocks", "merged"), [((1,), False), ((3,), False), ((2, 2), False), ((2, 2), True), ((3, 1, 2), False)]
)
def test_the_square_is_interpolated_up_to_its_best_constant(blocks, merged):
    target = registry.targets["square"]
    function = SelfSimilarFunction.of(target)
    M = sum(blocks)
    network = folded_network(function, M, blocks, merged)
    assert exact.certified_error(network, target).upper == pytest.approx(4.0**-M / sqrt(180), rel=1e-12)
    knots = [Fraction(i, 2**M) for i in range(2**M + 1)]
    values = network(np.array(knots, dtype=object)[:, None])[:, 0]
    assert {v - x * x for x, v in zip(knots, values, strict=True)} == {Fraction(-1, 6 * 4**M)}


def test_three_copies_fold_too():
    """f(x) = h·f(σ(x)) + p with the zigzag of three pieces: iterate the equation at triadic points."""
    h, third = Fraction(1, 5), Fraction(1, 3)
    outer, ends = (Fraction(0), Fraction(2)), [Fraction(0), Fraction(3, 2), Fraction(-1, 2), Fraction(2)]
    function = SelfSimilarFunction(
        (Fraction(0), third, 2 * third),
        third,
        (False, True, False),
        h,
        tuple(zip(ends, ends[1:], strict=False)),
        outer,
    )
    assert function.folded

    def value(x, depth):
        if x in (0, 1) or depth == 0:
            return outer[0] + (outer[1] - outer[0]) * x
        k = min(int(3 * x), 2)
        u = 3 * x - k
        v = 1 - u if k == 1 else u
        at = [outer[0] + (outer[1] - outer[0]) * end for end in ((1, 0) if k == 1 else (0, 1))]
        line = (ends[k] - h * at[0]) * (1 - u) + (ends[k + 1] - h * at[1]) * u
        return h * value(v, depth - 1) + line

    for blocks, merged in (((2, 1), (False,)), ((1, 2), (True,)), ((3,), ())):
        network = folded_network(function, 3, blocks, merged, strict=True)
        assert Counts.of(network) == folded_network_bound(function, 3, blocks, merged)
        middle, slope = function.line
        points = [Fraction(i, 54) for i in range(55)]
        for x, y in zip(points, network(np.array(points, dtype=object)[:, None])[:, 0], strict=True):
            inner = x
            for _ in range(3):
                k = min(int(3 * inner), 2)
                u = 3 * inner - k
                inner = 1 - u if k == 1 else u
            chord = outer[0] + (outer[1] - outer[0]) * inner
            assert y == value(x, 3) - h**3 * chord + h**3 * (middle + slope * (inner - Fraction(1, 2)))
    fine = np.array([float(value(Fraction(i, 3**7), 7)) for i in range(3**7 + 1)])
    a, b = fine[:-1], fine[1:]
    mean, energy = ((a + b) / 2).mean(), ((a * a + a * b + b * b) / 3).mean()
    assert mean == pytest.approx(float(function.moments.mean), abs=1e-4)
    assert energy == pytest.approx(float(function.moments.energy), rel=1e-4)


def test_moments_are_those_of_closed_forms():
    cantor = SelfSimilarFunction.of(registry.targets["cantor"])
    assert cantor.exact
    assert cantor.moments == (Fraction(1, 2), Fraction(1, 16), Fraction(3, 10))
    assert cantor.bow == pytest.approx(1 / sqrt(120), rel=1e-15)
    square = SelfSimilarFunction.of(registry.targets["square"])
    assert square.moments == (Fraction(1, 3), Fraction(1, 12), Fraction(1, 5))
    assert SelfSimilarFunction.takagi(1).moments.energy == Fraction(1, 4) + Fraction(1, 36)


def test_a_target_without_copies_or_with_jumps_is_none():
    assert SelfSimilarFunction.of(registry.targets["exp"]) is None
    assert SelfSimilarFunction.of(registry.targets["step"]) is None


@given(
    a=st.sampled_from(EXPONENTS), budget=st.integers(2, 40), depth=st.integers(2, 6), neurons=st.booleans()
)
@settings(max_examples=20, deadline=None)
def test_the_chosen_blocks_are_the_best_of_all(a, budget, depth, neurons):
    function = SelfSimilarFunction.takagi(a)
    complexity = "neurons" if neurons else "connections"
    found = best_folded(function, budget, complexity, depth)
    best = (0, 0)
    for levels in range(1, 8):
        for blocks in _splits(levels):
            for merged in product((False, True), repeat=len(blocks) - 1):
                counts = folded_costs(function, max(blocks)).counts(Blocks(blocks, merged))
                size = getattr(counts, complexity)
                if counts.depth <= depth and size <= budget and (levels, -size) > best:
                    best = levels, -size
    if found is None:
        assert best == (0, 0)
        return
    counts = folded_network_bound(function, found.total, found.levels, found.merged)
    if found.total <= 7:
        assert (found.total, -getattr(counts, complexity)) == best
    assert counts.depth <= depth
    assert getattr(counts, complexity) <= budget


def _splits(levels):
    if levels == 0:
        yield ()
    for first in range(1, levels + 1):
        for rest in _splits(levels - first):
            yield (first, *rest)


def test_large_budgets_are_split_by_counts_alone():
    function = SelfSimilarFunction.takagi(1)
    for complexity in ("connections", "neurons"):
        found = best_folded(function, 100_000, complexity, 6)
        counts = folded_network_bound(function, found.total, found.levels, found.merged)
        assert getattr(counts, complexity) <= 100_000


def test_rounded_weights_stay_within_the_bound_of_rounding():
    function, target = SelfSimilarFunction.takagi(2.5), target_of(2.5)
    for blocks in ((4, 4), (3, 3, 3)):
        network = folded_network(function, sum(blocks), blocks)
        error = exact.certified_error(network, target).upper
        bound = folded_rounding(function, Blocks(blocks, (False,) * (len(blocks) - 1)))
        assert abs(error - folded_error(function, sum(blocks))) <= bound < 1e-12


@pytest.mark.parametrize("refinements", [0, 1, 2, 3, 5, 7])
def test_refined_copies_of_cantor_have_the_closed_error(refinements):
    target = registry.targets["cantor"]
    function = SelfSimilarFunction.of(target)
    network = self_similar_spline(function, refinements)
    assert Counts.of(network) == self_similar_spline_bound(function, refinements)
    assert network.neurons == 2 * refinements + 1
    found = exact.certified_error(network, target).upper
    assert found == pytest.approx(self_similar_spline_error(function, refinements), rel=1e-12)
    if refinements in (0, 1, 3, 7):
        assert found == pytest.approx(6 ** (-log2(refinements + 1) / 2) / sqrt(120), rel=1e-12)


def test_splines_meet_the_function_at_their_corners():
    function = SelfSimilarFunction.of(registry.targets["cantor"])
    corners = self_similar_points(function, 3)
    ninths = [
        (Fraction(i, 9), Fraction(v, 4))
        for i, v in ((0, 0), (1, 1), (2, 1), (3, 2), (6, 2), (7, 3), (8, 3), (9, 4))
    ]
    assert corners == ninths
    mirrored = SelfSimilarFunction.of(registry.targets["square"])
    assert self_similar_points(mirrored, 7) == [(Fraction(i, 8), Fraction(i * i, 64)) for i in range(9)]


def test_what_cannot_be_folded_or_split_is_refused():
    cantor = SelfSimilarFunction.of(registry.targets["cantor"])
    with pytest.raises(UserError, match="not folded"):
        folded_network(cantor, 2)
    takagi = SelfSimilarFunction.takagi(1)
    with pytest.raises(UserError, match="3 blocks"):
        folded_network(takagi, 2, 3)
    with pytest.raises(UserError, match="too large"):
        folded_network(takagi, 30)
    with pytest.raises(UserError, match="constant"):
        self_similar_spline(takagi, 0)
    with pytest.raises(UserError, match="exponent is 0"):
        SelfSimilarFunction.takagi(0)
    with pytest.raises(UserError, match="height"):
        SelfSimilarFunction(
            takagi.starts, takagi.width, takagi.reflected, Fraction(1), takagi.ends, takagi.outer
        )


def test_weights_of_exact_functions_are_rational():
    network = folded_network(SelfSimilarFunction.takagi(3), 3)
    assert isinstance(network.layers[0].weight[0, 0], fmpq)
