"""Networks have no more pieces than their class allows, and reach the targets they are said to reach."""

from fractions import Fraction
from itertools import product
from math import prod

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import Activation, Target, UserError
from ratelab.best import exact_zero, pieces_bound, spline_pieces
from ratelab.best._classes import (
    _breaks,
    activation_knots,
    architecture_pieces,
    class_pieces,
    joins,
    kink_ratio,
)
from ratelab.networks import identity, power
from ratelab.registry import PiecewisePolynomial

F = Fraction
RELU, LEAKY = (
    power(1),
    Activation(
        "leaky",
        lambda x: torch.where(x < 0, 0.25 * x, x),
        regularity="piecewise polynomial",
        pieces=PiecewisePolynomial((F(0),), ((F(0), F(1, 4)), (F(0), F(1)))),
    ),
)
HARD_TANH = Activation(
    "hardtanh",
    lambda x: x.clamp(-1, 1),
    regularity="piecewise polynomial",
    pieces=PiecewisePolynomial((F(-1), F(1)), ((F(-1),), (F(0), F(1)), (F(1),))),
)
TANH = Activation("tanh", torch.tanh, regularity="analytic")

Line = tuple[Fraction, Fraction]  # value and slope at the left end of a piece
Broken = list[tuple[Fraction, Fraction, Fraction]]  # (left end, value there, slope) of each piece on [0, 1]


def combine(inputs: list[Broken], weights: list[Fraction], bias: Fraction) -> Broken:
    """Σ weights·inputs + bias, exactly, on the common pieces."""
    ends = sorted({left for f in inputs for left, _, _ in f} | {F(0)})
    out = []
    for left in ends:
        value, slope = bias, F(0)
        for f, w in zip(inputs, weights, strict=True):
            start, v, s = [p for p in f if p[0] <= left][-1]
            value, slope = value + w * (v + s * (left - start)), slope + w * s
        out.append((left, value, slope))
    return out


def rectify(f: Broken) -> Broken:
    """max(f, 0), exactly."""
    out = []
    for (left, value, slope), right in zip(f, [*(p[0] for p in f[1:]), F(1)], strict=True):
        cuts = [left]
        if slope and left < left - value / slope < right:
            cuts.append(left - value / slope)
        for cut, following in zip(cuts, [*cuts[1:], right], strict=True):
            middle = value + slope * ((cut + following) / 2 - left)
            out.append((cut, value + slope * (cut - left), slope) if middle > 0 else (cut, F(0), F(0)))
    return out


def true_pieces(f: Broken) -> int:
    """Maximal intervals on which f is affine (f is continuous)."""
    return 1 + sum(1 for p, q in zip(f, f[1:], strict=False) if p[2] != q[2])


def random_network(seed: int, depth: int) -> tuple[Broken, int, int]:
    """A sparse rational ReLU network on [0, 1] with its connections and neurons."""
    generator = np.random.default_rng(seed)
    values: list[Broken] = [[(F(0), F(0), F(1))]]
    connections = neurons = 0
    for layer in range(depth):
        width = 1 if layer == depth - 1 else int(generator.integers(1, 5))
        following = []
        for _ in range(width):
            weights = [
                F(int(w), 2) * int(generator.random() < 0.8) for w in generator.integers(-7, 8, len(values))
            ]
            bias = F(int(generator.integers(-16, 17)), 8)
            connections += sum(1 for w in weights if w)
            f = combine(values, weights, bias)
            following.append(f if layer == depth - 1 or generator.random() < 0.15 else rectify(f))
        neurons += width if layer < depth - 1 else 0
        values = following
    return values[0], connections, neurons


@given(st.integers(0, 10**9), st.integers(2, 5))
@settings(max_examples=150, deadline=None)
def test_random_sparse_networks_never_exceed_the_piece_bounds(seed: int, depth: int) -> None:
    f, connections, neurons = random_network(seed, depth)
    for complexity, budget in (("connections", connections), ("neurons", neurons)):
        bound = pieces_bound(RELU, depth, complexity, budget)  # type: ignore[arg-type]
        assert bound is not None and true_pieces(f) <= bound[0]


@pytest.mark.parametrize("activation, knots", [(RELU, 1), (power(2), 1), (HARD_TANH, 2), (LEAKY, 1)])
def test_shallow_networks_have_one_piece_more_than_knots(activation: Activation, knots: int) -> None:
    degree = max(activation.polynomial.degree, 1)  # type: ignore[union-attr]
    for n in (1, 2, 7):
        assert pieces_bound(activation, 2, "neurons", n) == (1 + knots * n, degree)
        assert pieces_bound(activation, 2, "connections", 2 * n) == (1 + knots * n, degree)
        assert pieces_bound(activation, 2, "connections", 2 * n + 1) == (1 + knots * n, degree)


def test_heaviside_networks_are_charged_the_slope_of_identity_neurons() -> None:
    assert pieces_bound(power(0), 2, "neurons", 5) == (6, 1)


def test_deep_pieces_are_the_best_product_over_all_splits() -> None:
    for depth, neurons, degree in product((2, 3, 4), (0, 1, 3, 6), (1, 2, 3)):
        splits = [s for s in product(range(neurons + 1), repeat=depth - 1) if sum(s) <= neurons]
        best = max(prod(1 + degree**layer * n for layer, n in enumerate(split)) for split in splits)
        assert pieces_bound(power(degree), depth, "neurons", neurons)[0] == best  # type: ignore[index]


def test_connections_at_depth_three_gain_one_piece_each_and_depth_four_squares_half_of_them() -> None:
    assert pieces_bound(RELU, 3, "connections", 20) == (21, 1)
    assert pieces_bound(RELU, 4, "connections", 20) == (121, 1)
    assert pieces_bound(RELU, 6, "connections", 40)[0] > pieces_bound(RELU, 5, "connections", 40)[0]  # type: ignore[index]


def test_a_random_network_never_exceeds_the_pieces_of_its_widths() -> None:
    for seed in range(60):
        generator = np.random.default_rng(seed)
        widths = [int(w) for w in generator.integers(1, 4, int(generator.integers(1, 4)))]
        values: list[Broken] = [[(F(0), F(0), F(1))]]
        for width in widths:
            values = [
                rectify(combine(values, [F(int(w)) for w in row], F(int(generator.integers(-8, 9)), 8)))
                for row in generator.integers(-4, 5, (width, len(values)))
            ]
        output = combine(values, [F(int(w)) for w in generator.integers(-4, 5, len(values))], F(0))
        assert true_pieces(output) <= architecture_pieces(1, 1, widths)


def test_the_pieces_of_an_architecture_multiply_over_its_layers() -> None:
    assert architecture_pieces(1, 1, []) == 1
    assert architecture_pieces(1, 1, [3, 4]) == 20
    assert architecture_pieces(2, 1, [3, 4]) == 63
    assert architecture_pieces(1, 2, [3, 4]) == 36
    assert architecture_pieces(1, 0, [3, 4]) == 20
    with pytest.raises(UserError, match="allowed: 0 or more"):
        architecture_pieces(1, 1, [3, -1])


def test_the_class_of_a_budget_holds_every_architecture_within_it() -> None:
    for widths in product(range(5), repeat=3):
        within = pieces_bound(power(2), 4, "neurons", sum(widths))
        assert within is not None and architecture_pieces(1, 2, widths) <= within[0]


def test_activations_are_told_apart_by_their_slopes_and_jumps() -> None:
    assert kink_ratio(RELU) == 0 and kink_ratio(LEAKY) == F(1, 4)
    assert kink_ratio(HARD_TANH) is None and kink_ratio(power(2)) is None and kink_ratio(TANH) is None
    assert kink_ratio(power(0)) is None
    assert joins(RELU) and joins(HARD_TANH) and joins(power(2))
    assert not joins(power(0)) and not joins(TANH)
    assert [activation_knots(a) for a in (RELU, HARD_TANH, TANH, identity)] == [1, 2, 0, 0]


def test_bounds_grow_with_depth_and_budget() -> None:
    for complexity in ("neurons", "connections"):
        table = [
            [pieces_bound(RELU, depth, complexity, n)[0] for n in range(20)]  # type: ignore[arg-type, index]
            for depth in range(1, 7)
        ]
        assert (np.diff(table, axis=0) >= 0).all() and (np.diff(table, axis=1) >= 0).all()


def test_small_budgets_leave_constants_and_affine_maps() -> None:
    assert pieces_bound(RELU, 2, "connections", 0) == (1, 0)
    assert pieces_bound(RELU, 4, "connections", 1) == (1, 1)
    assert pieces_bound(RELU, 2, "neurons", 0) == (1, 1)
    assert pieces_bound(identity, 3, "neurons", 9) == (1, 1)


def test_analytic_activations_have_no_bound() -> None:
    assert pieces_bound(TANH, 2, "neurons", 4) is None and spline_pieces(TANH, 4, "neurons") is None


def test_spline_pieces_leave_room_for_the_polynomial_part() -> None:
    assert [spline_pieces(power(r), 6, "neurons") for r in range(4)] == [7, 6, 5, 4]
    assert spline_pieces(RELU, 13, "connections") == spline_pieces(LEAKY, 6, "neurons") == 6
    assert spline_pieces(power(3), 2, "neurons") is None
    assert spline_pieces(HARD_TANH, 6, "neurons") is None


def test_misspelt_complexities_and_negative_budgets_are_refused() -> None:
    with pytest.raises(UserError, match="allowed: neurons, connections"):
        pieces_bound(RELU, 2, "weights", 3)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="allowed: 0 or more"):
        spline_pieces(RELU, -1, "neurons")
    with pytest.raises(UserError, match="depth is 0"):
        pieces_bound(RELU, 0, "neurons", 3)


def piecewise(knots: list[Fraction], *rows: list[Fraction | int]) -> Target:
    pieces = PiecewisePolynomial(tuple(knots), tuple(tuple(F(c) for c in row) for row in rows))
    return Target("t", lambda x: pieces.evaluate(x[:, 0]), pieces=pieces)


THIRD = F(1, 3)
STEP = piecewise([THIRD], [0], [1])
CASES = [
    (STEP, RELU, 2, False),
    (STEP, power(0), 1, True),
    (STEP, power(2), 3, False),
    (piecewise([THIRD], [THIRD, -1], [-THIRD, 1]), RELU, 2, True),
    (piecewise([THIRD], [0], [-THIRD, 1]), RELU, 1, True),
    (piecewise([THIRD], [THIRD, -1], [0]), RELU, 1, True),
    (piecewise([THIRD], [0, 1], [1, 1]), RELU, 3, False),
    (piecewise([], [3]), RELU, 0, True),
    (piecewise([], [3, -2]), RELU, 1, True),
    (piecewise([], [3, -2]), power(3), 1, True),
    (piecewise([], [0, 0, 1]), power(2), 1, True),
    (piecewise([], [5, -4, 2]), power(2), 1, True),
    (piecewise([], [0, -1, 1]), power(2), 2, True),
    (piecewise([], [0, 0, 1]), power(3), 3, True),
    (piecewise([THIRD], [0], [THIRD**2, -2 * THIRD, 1]), power(2), 1, True),
    (piecewise([THIRD], [THIRD**2, -2 * THIRD, 1], [0]), power(2), 1, True),
    (piecewise([THIRD], [0], [-THIRD, 1]), power(2), 2, False),
    (piecewise([F(2)], [0, 1], [2]), RELU, 1, True),
    (piecewise([THIRD], [0, 1], [2, 1]), power(0), 2, True),
    (piecewise([THIRD], [0], [0]), RELU, 0, True),
]


@pytest.mark.parametrize("target, activation, neurons, attained", CASES)
def test_known_zeros(target: Target, activation: Activation, neurons: int, attained: bool) -> None:
    zero = exact_zero(target, activation)
    assert zero is not None
    assert (zero.neurons, zero.connections, zero.attained) == (neurons, 2 * neurons, attained)


def test_targets_beyond_the_class_have_no_proven_zero() -> None:
    assert exact_zero(piecewise([], [0, 0, 1]), RELU) is None
    assert exact_zero(STEP, TANH) is None and exact_zero(STEP, HARD_TANH) is None
    assert exact_zero(Target("plain", lambda x: x[:, 0]), RELU) is None
    assert exact_zero(piecewise([THIRD], [0, 1], [0, 2]), power(0)) is None


@given(st.integers(0, 10**9), st.integers(1, 6), st.sampled_from([RELU, LEAKY]), st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_shallow_network_needs_no_more_neurons_than_it_has(
    seed: int, count: int, activation: Activation, tilted: bool
) -> None:
    generator = np.random.default_rng(seed)
    polynomial = activation.polynomial
    assert polynomial is not None
    knots = sorted({F(int(k), 64) for k in generator.integers(1, 64, count)})
    changes = [F(int(c) or 1, 3) for c in generator.integers(-5, 6, len(knots))]
    signs = generator.integers(0, 2, len(knots)) * 2 - 1
    rows = []
    for low, high in zip([F(0), *knots], [*knots, F(1)], strict=True):
        values = [
            sum(
                (c * polynomial(int(s) * (x - t)) for c, s, t in zip(changes, signs, knots, strict=True)),
                F(0),
            )
            for x in (low + (high - low) / 4, high - (high - low) / 4)
        ]
        slope = (values[1] - values[0]) / ((high - low) / 2)
        # a slope that no choice of sides gives: the changes are multiples of 1/3, times at most 5/3
        rows.append([values[0] - slope * (low + (high - low) / 4), slope + (F(1, 1009) if tilted else 0)])
    zero = exact_zero(piecewise(knots, *rows), activation)
    assert zero is not None and zero.attained
    assert zero.neurons == len(knots) + tilted


@pytest.mark.parametrize("knots", [1, 3])
@pytest.mark.parametrize("layers", [2, 3, 5, 9])
@pytest.mark.parametrize("edges", [1, 7, 40])
def test_breaks_are_the_largest_over_all_ways_to_share_the_edges(knots, layers, edges):
    total, single = [0] * (edges + 1), [0] * (edges + 1)
    for _ in range(layers):
        following = [
            max(total[e - v] + knots * v * (single[e - v] + 1) for v in range(e + 1))
            for e in range(edges + 1)
        ]
        total, single = following, [(1 + knots) * t + knots for t in total]
    assert _breaks(knots, layers, edges) == total[edges]


@pytest.mark.parametrize("depth", [3, 4, 5, 6, 7])
@pytest.mark.parametrize("degree", [1, 2, 3])
def test_pieces_by_connections_grow_with_the_power_of_the_inverse_estimate(depth, degree):
    """Doubling a large number of connections multiplies the bound by at most 2^⌊L/2⌋, but for rounding."""
    small, large = (class_pieces(1, degree, depth, "connections", w)[0] for w in (10**5, 2 * 10**5))
    assert small < large <= small * 2 ** (depth // 2) * 1.001
