"""Tails proved for every size hold for splines, networks and pieces in hand."""

from fractions import Fraction
from math import inf, log, sqrt

import numpy as np
import pytest

import ratelab as rl
from ratelab import Smoothness, Target, UserError, best, exact, spaces
from ratelab.best import pieces_bound
from ratelab.networks import Network, power, resolve
from ratelab.registry import PiecewisePolynomial
from ratelab.spaces._norm_proofs import (
    _derivative_bounds,
    _interpolation_constant,
    most_pieces_of_class,
    tail_of,
)
from ratelab.spaces._norm_tails import PowerTail, ZeroTail, critical_alpha
from ratelab.spaces._norms import approximation_norm

RELU, SQUARED = power(1), power(2)
REGISTRY = rl.load_plugins()
F = Fraction
CLASSES = [
    (2, "neurons"), (2, "connections"), (3, "neurons"), (4, "neurons"), (4, "connections"), (6, "connections")
]  # fmt: skip


def ends(target: Target, activation: object, depth: int, complexity: str, size: int) -> tuple[float, float]:
    """The best of all tails at one size."""
    tails = tail_of(target, activation, depth, complexity) or ()
    low = [e[0].log_at(size) for t in tails if (e := t.ends)[0] and size >= t.first]
    high = [e[1].log_at(size) for t in tails if (e := t.ends)[1] and size >= t.first]
    return float(np.exp(max(low, default=-inf))), float(np.exp(min(high, default=inf)))


@pytest.mark.parametrize("label", ["relu", "prelu(slope=-1)", "relu2", "relu3"])
@pytest.mark.parametrize("complexity", ["neurons", "connections"])
@pytest.mark.parametrize("depth", [2, 3, 4, 5, 6, 7])
def test_the_closed_form_bounds_no_fewer_pieces_than_the_exact_count(
    label: str, complexity: str, depth: int
) -> None:
    activation = resolve(label, REGISTRY)
    factor, exponent, degree = most_pieces_of_class(activation.polynomial, depth, complexity)
    assert exponent == (depth - 1 if complexity == "neurons" else depth // 2)
    for size in (0, 1, 2, 3, 5, 8, 13, 40, 150):
        known = pieces_bound(activation, depth, complexity, size)
        assert known is not None and known[1] <= degree
        if complexity == "neurons" or (activation.degree == 1 and depth <= 4):  # else ours is the sharper one
            assert (factor * size + 1) ** exponent >= known[0] * (1 - 1e-9)


@pytest.mark.parametrize("depth", [3, 4, 5])
def test_random_sparse_networks_stay_below_the_pieces_by_connections(depth: int) -> None:
    generator = np.random.default_rng(depth)
    factor, exponent, _ = most_pieces_of_class(RELU.polynomial, depth, "connections")
    for _ in range(40):
        widths = [1, *generator.integers(1, 7, depth - 1), 1]
        weights = [
            (generator.normal(size=(b, a)) * (generator.random((b, a)) < 0.7)).tolist()
            for a, b in zip(widths, widths[1:], strict=False)
        ]
        network = Network.dense(weights, [generator.normal(size=b).tolist() for b in widths[1:]])
        pieces = int(exact.count_pieces(network))
        assert pieces <= (factor * network.connections + 1) ** exponent * (1 + 1e-9)


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_the_constant_of_interpolation_is_that_of_the_next_power(degree: int) -> None:
    points = np.linspace(0, 1, degree + 1) if degree else np.array([0.5])
    nodes, weights = np.polynomial.legendre.leggauss(20)
    x = (nodes + 1) / 2
    square = (weights / 2 * np.prod(x[:, None] - points, axis=1) ** 2).sum()
    factorial = float(np.prod(np.arange(1, degree + 2)))
    assert _interpolation_constant(degree) == pytest.approx(sqrt(square) / factorial, rel=1e-12)
    assert _interpolation_constant(1) == pytest.approx(1 / sqrt(120))


@pytest.mark.parametrize("name", ["exp", "sine", "square"])
def test_shallow_tails_hold_the_best_splines_between_them(name: str) -> None:
    """Networks of N neurons lie between splines of N + 1 and of N pieces."""
    target = REGISTRY.targets[name]
    for pieces in (2, 8):
        found = best.bracket(target, pieces)
        low, high = ends(target, RELU, 2, "neurons", pieces)
        assert low <= found.upper and high >= found.lower
        assert ends(target, RELU, 2, "neurons", pieces - 1)[0] <= found.upper
        assert ends(target, RELU, 2, "connections", 2 * pieces)[1] >= found.lower


@pytest.mark.parametrize("size", [3, 8, 31, 100])
def test_the_upper_tail_of_a_smooth_target_is_that_of_a_spline_in_hand(size: int) -> None:
    """Interpolation of exp at equal knots, integrated numerically, is below the tail of the undivided domain."""
    target = REGISTRY.targets["exp"]
    x = np.linspace(0, 1, 200_001)
    knots = np.linspace(0, 1, size + 1)
    error = sqrt(np.mean((np.interp(x, knots, np.exp(knots)) - np.exp(x)) ** 2))
    tail = next(t for t in tail_of(target, RELU, 2, "neurons") if t.ends[1] is not None)
    assert error <= np.exp(tail.ends[1].log_at(size)) <= 2 * error
    assert tail.upper == pytest.approx(np.e / sqrt(120), rel=1e-6)


def test_jumps_and_kinks_take_knots_away() -> None:
    """x² on either side of ½ with a jump, or |x − ½| + x²: no more than the knots left over are used."""
    square = (F(0), F(0), F(1))
    jump = Target(
        "jump",
        lambda x: x[:, 0] ** 2 + (x[:, 0] >= 0.5),
        pieces=PiecewisePolynomial((F(1, 2),), (square, (F(1), F(0), F(1)))),
    )
    kink = Target(
        "kink",
        lambda x: np.abs(x[:, 0] - 0.5) + x[:, 0] ** 2,
        pieces=PiecewisePolynomial((F(1, 2),), ((F(1, 2), F(-1), F(1)), (F(-1, 2), F(1), F(1)))),
        smoothness=Smoothness(hoelder=1.0),
    )
    for target, cost in ((jump, 2), (kink, 1)):
        tail = next(t for t in tail_of(target, RELU, 2, "neurons") if t.ends[1] is not None)
        assert (tail.first, tail.upper_shift) == (cost + 1, -cost)
        assert tail.upper == pytest.approx(2 / sqrt(120))
        # 2k equal cells and the knots at ½: an exact interpolant
        for k in (1, 2, 5):
            neurons = 2 * k - 2 + cost + 1
            interpolated = 2 * (1 / (2 * k)) ** 2 / sqrt(120)
            assert np.exp(tail.ends[1].log_at(neurons)) >= interpolated * (1 - 1e-9)


def test_piecewise_polynomials_in_the_closure_have_no_error_from_some_size_on() -> None:
    for name, activation in (("step", RELU), ("square", SQUARED)):
        for complexity in ("neurons", "connections"):
            (tail,) = tail_of(REGISTRY.targets[name], activation, 2, complexity)
            assert isinstance(tail, ZeroTail)
            zero = (
                best.exact_zero(REGISTRY.targets[name], activation) if hasattr(best, "exact_zero") else None
            )
            assert tail.first <= 8 and (zero is None or tail.first >= zero.neurons)


@pytest.mark.parametrize("exponent", ["1/2", "1", "3/2"])
@pytest.mark.parametrize(("depth", "complexity"), CLASSES)
def test_takagi_tails_meet_in_the_rate_and_hold_the_closed_form(
    exponent: str, depth: int, complexity: str
) -> None:
    """K blocks of P hinges have error P^(−aK)/√(12(4^a − 1)): 3KP − P + 2(K − 1) connections, K(P + 1) neurons."""
    target = REGISTRY.targets[f"takagi(exponent={exponent})"]
    a = float(F(exponent))
    blocks = depth - 1 if complexity == "neurons" else depth // 2
    assert critical_alpha(tail_of(target, RELU, depth, complexity)) == (a * blocks, a * blocks)
    for k in range(1, 6):
        p = 2**k
        size = blocks * (p + 1) if complexity == "neurons" else 3 * blocks * p + 2 * blocks
        if depth == 2:
            size = p if complexity == "neurons" else 2 * p
        error = p ** (-a * blocks) / sqrt(12 * (4**a - 1))
        low, high = ends(target, RELU, depth, complexity, size)
        assert low <= error <= high
        if depth == 2:
            assert high == pytest.approx(error * 2**a, rel=1e-6)


def test_cantor_has_one_rate_at_depth_two_and_a_spline_below_its_upper_tail() -> None:
    target = REGISTRY.targets["cantor"]
    rate = log(6) / log(2) / 2
    assert critical_alpha(tail_of(target, RELU, 2, "neurons")) == (rate, rate)
    for j in range(1, 9):  # 2^(j+1) − 1 segments, continuous
        low, high = ends(target, RELU, 2, "neurons", 2 ** (j + 1) - 1)
        assert low <= 6 ** (-j / 2) / sqrt(120) <= high


def test_the_norm_of_takagi_is_bracketed_below_its_rate_and_infinite_from_it_on() -> None:
    target = REGISTRY.targets["takagi(exponent=1)"]
    tail = tail_of(target, RELU, 4, "connections")
    norm = exact.certified_error(Network.dense([[[0.0]]], [[0.0]]), target)
    table = [0, 1], [norm.lower, 0.0]
    for q in (0.5, 1, 2, inf):
        low, high = approximation_norm(*table, 1.9, q, upper=[norm.upper, norm.upper], tail=tail).full
        assert norm.lower * (1 - 1e-11) <= low < high < inf
    assert approximation_norm(*table, 2, 2, upper=[norm.upper, norm.upper], tail=tail).full == (inf, inf)


def test_rough_stand_ins_and_unknown_activations_have_no_tails() -> None:
    assert all(t.ends[1] is None for t in tail_of(REGISTRY.targets["weierstrass"], RELU, 2, "neurons") or ())
    assert tail_of(REGISTRY.targets["exp"], resolve("tanh", REGISTRY), 2, "neurons") is None
    assert tail_of(REGISTRY.targets["cone"], RELU, 2, "neurons") is None
    assert all(t.ends[1] is None for t in tail_of(REGISTRY.targets["sqrt"], RELU, 2, "neurons"))
    with pytest.raises(UserError, match="depth is 1"):
        tail_of(REGISTRY.targets["exp"], RELU, 1, "neurons")


@pytest.mark.parametrize("name", ["exp", "sine", "square", "sqrt", "cantor", "takagi(exponent=1/2)"])
@pytest.mark.parametrize("depth", [2, 3, 4])
@pytest.mark.parametrize("complexity", ["neurons", "connections"])
def test_tails_have_the_rates_that_are_proved(name: str, depth: int, complexity: str) -> None:
    target = REGISTRY.targets[name]
    for activation in (RELU, SQUARED):
        low, high = spaces.proved_rate(target, activation, depth, complexity)
        found = critical_alpha(tail_of(target, activation, depth, complexity))
        if low == inf:
            assert found == (inf, inf)
            continue
        assert found[1] == pytest.approx(high)
        assert found[0] <= (low if low == low else 0) * (1 + 1e-12)


def test_bounds_of_derivatives_hold_on_their_cells() -> None:
    cells, bounds = _derivative_bounds(REGISTRY.targets["exp"], 2)
    for (_, b), bound in zip(cells, bounds, strict=True):
        assert np.exp(float(b)) <= bound <= np.exp(float(b)) * (1 + 1e-6)


def test_a_tail_is_a_power_or_zero() -> None:
    for tail in tail_of(REGISTRY.targets["exp"], RELU, 2, "neurons"):
        assert isinstance(tail, PowerTail) and tail.certainty == "certificate"


def test_parts_of_the_domain_take_one_knot_between_two_of_them() -> None:
    tails = [t for t in tail_of(REGISTRY.targets["exp"], RELU, 2, "neurons") if t.ends[1] is not None]
    assert [tail.first for tail in tails] == [1, 8, 128]
    assert [tail.upper_shift for tail in tails] == [0, -7, -127]
    squared = [t for t in tail_of(REGISTRY.targets["exp"], SQUARED, 2, "neurons") if t.ends[1] is not None]
    assert [tail.first for tail in squared] == [
        2,
        2 * 7 + 2,
        2 * 127 + 2,
    ]  # double knots, and r − 1 more neurons


def test_knots_of_deep_networks_follow_the_recursion() -> None:
    """ReLU by hand: (C, c) = (1, 1), (3, 3), (7, 7), (15, 15), (31, 31); three knots of degree 1 at depth 4."""
    for depth, total in ((5, 15), (6, 31)):
        factor, exponent, degree = most_pieces_of_class(RELU.polynomial, depth, "connections")
        assert (exponent, degree) == (depth // 2, 1) and factor**exponent == pytest.approx(total)
    ramps = PiecewisePolynomial(
        (F(0), F(1), F(2)), ((F(0),), (F(0), F(1)), (F(2), F(-1)), (F(-4), F(2)))
    )  # slopes 0, 1, −1, 2: (3, 3), (4·3 + 3, 4·3 + 3), (4·15 + 3, …)
    factor, exponent, _ = most_pieces_of_class(ramps, 4, "connections")
    assert exponent == 2 and factor**2 == pytest.approx(63)
