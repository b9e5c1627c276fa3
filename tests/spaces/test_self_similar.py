"""Functions that repeat themselves: the functional equation, the induction, and both ends of the rate."""

from fractions import Fraction
from itertools import product
from math import isnan, log2, nan, sqrt

import numpy as np
import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

import ratelab as rl
from ratelab import SelfSimilar, Smoothness, Target, UserError, spaces
from ratelab.networks import identity, power
from ratelab.spaces._proofs import proof_source, proved_rate
from ratelab.spaces._self_similar import SelfSimilarBound, self_similar_bound, self_similar_exponent

RELU = power(1)
REGISTRY = rl.load_plugins()
EXPONENTS = ["1/2", "1", "3/2", "3"]
F = Fraction


def takagi(exponent: str) -> Target:
    return REGISTRY.targets[f"takagi(exponent={exponent})"]


def cantor() -> Target:
    own = REGISTRY.targets["cantor"]
    similar = SelfSimilar((F(0), F(2, 3)), F(1, 3), log2(6) / 2, (False, False))
    return Target(
        "copy",
        own.function,
        moments=own.moments,
        energy=own.energy,
        smoothness=own.smoothness,
        self_similar=similar,
    )


@pytest.mark.parametrize("target", [takagi(e) for e in [*EXPONENTS, "2"]] + [cantor()], ids=lambda t: t.name)
def test_a_declared_function_repeats_itself_up_to_lines(target: Target) -> None:
    similar = target.self_similar
    assert similar is not None
    x = np.arange(0, 730, 7) / 729
    for start, reflected in zip(similar.starts, similar.reflected, strict=True):
        inside = target((float(start) + float(similar.width) * x)[:, None])[:, 0]
        copy = inside - similar.height * target((1 - x if reflected else x)[:, None])[:, 0]
        assert np.abs(copy - np.polyval(np.polyfit(x, copy, 1), x)).max() < 2e-6
    ends = [0.0, *(float(s + similar.width) for s in similar.starts)]
    for low, high in zip(ends, [*map(float, similar.starts), 1.0], strict=True):
        between = target((low + (high - low) * np.linspace(0.01, 0.99, 9))[:, None])[:, 0]
        assert np.abs(np.diff(between, 2)).max() < 1e-9 or high - low < 1e-12


def free_pieces(target: Target, most: int, levels: int) -> list[float]:
    """Best errors with knots at the points k/2^levels, from certified moments: an upper bound of the free ones."""
    size = 2**levels
    edges = np.linspace(0, 1, size + 1)
    moments = rl.exact.cell_moments(target, edges, 1)
    width = 1 / size
    means, slopes = moments.coefficients[:, 0], 2 * moments.coefficients[:, 1] / width
    assert target.energy is not None
    energy = np.array(
        [float(target.energy(arb(a), arb(b))) for a, b in zip(edges[:-1], edges[1:], strict=True)]
    )
    cost = np.full((size + 1, size + 1), np.inf)
    for i in range(size):
        for j in range(i + 1, size + 1):
            h, middle = (j - i) * width, (edges[i] + edges[j]) / 2
            centres = (edges[i:j] + edges[i + 1 : j + 1]) / 2 - middle
            zeroth = width * means[i:j].sum()
            first = (width * means[i:j] * centres).sum() + (slopes[i:j] * width**3 / 12).sum()
            cost[i, j] = energy[i:j].sum() - zeroth**2 / h - 12 * first**2 / h**3
    best = cost[0].copy()
    errors = [sqrt(best[size])]
    for _ in range(most - 1):
        best = np.minimum(best, (best[:, None] + cost).min(axis=0))
        errors.append(sqrt(max(best[size], 0.0)))
    return errors


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_the_bound_for_all_sizes_stays_below_brute_force(exponent: str) -> None:
    target = takagi(exponent)
    bound = self_similar_bound(target, 1)
    assert bound is not None
    a = float(F(exponent))
    assert bound(1) == pytest.approx(1 / sqrt(12 * (4**a - 1)), rel=0.06)
    for n, error in enumerate(free_pieces(target, 12, 6), 1):
        assert 0 < bound(n) <= error * (1 + 1e-9)


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_the_bound_has_the_rate_of_partial_sums_at_every_size(exponent: str) -> None:
    bound, a = self_similar_bound(takagi(exponent), 1), float(F(exponent))
    assert bound is not None
    for m in (1, 5, 20):
        partial = 2.0 ** (-a * m) / sqrt(12 * (4**a - 1))
        assert 0.05 * partial < bound(2**m) <= partial * (1 + 1e-9)


@given(
    st.integers(2, 4),
    st.floats(0.2, 3),
    st.integers(1, 40),
    st.lists(st.floats(0, 1), min_size=1, max_size=8),
)
@settings(max_examples=60, deadline=None)
def test_a_window_proves_no_more_than_the_smallest_sequence_that_obeys_the_recursion(
    copies: int, exponent: float, count: int, drops: list[float]
) -> None:
    """The least errors with E²(n) ≥ m^(−1−2e) Σ E²(n_k), Σ (n_k − 1) ≤ n − 1, above a window, by brute force."""
    factor = copies ** (-1 - 2 * exponent)
    window = {n: 1.0 / n**exponent * (1 - d / 2) for n, d in enumerate(drops, 1)}
    window = {n: max(v for k, v in window.items() if k >= n) for n in window}
    least = {1: window[1]}
    for n in range(2, count + 1):
        # parts[k]: least sum of squares of the first k copies, by knots used; n itself may recur once
        known = [least[k + 1] ** 2 for k in range(n - 1)]
        parts = np.zeros(1)
        for _ in range(copies):
            wider = np.full(min(len(parts) + n - 2, n - 1) + 1, np.inf)
            for used, value in enumerate(parts):
                for more, square in enumerate(known):
                    if used + more < len(wider):
                        wider[used + more] = min(wider[used + more], value + square)
            parts = wider
        recurring = factor * (copies - 1) * window[1] ** 2 / (1 - factor)
        value = min(factor * parts[: n - 1 + 1].min(), recurring)
        least[n] = min(max(sqrt(value), window.get(n, 0.0)), least[n - 1])
    start = SelfSimilarBound(copies, exponent, 2, 0.0, ((1, window[1]),))
    sharpened = start.sharpened(window)
    assert all(sharpened(n) <= least[n] * (1 + 1e-9) for n in least)
    assert sharpened.constant > 0


@pytest.mark.parametrize(
    ("exponent", "depth", "complexity"),
    list(product(EXPONENTS, [2, 3, 4, 5, 6], ["neurons", "connections"])),
)
def test_takagis_rates_are_proved_from_both_sides_at_every_depth(
    exponent: str, depth: int, complexity: str
) -> None:
    a = float(F(exponent))
    expected = a * (depth - 1 if complexity == "neurons" else depth // 2)
    assert proved_rate(takagi(exponent), RELU, depth, complexity) == (expected, expected)  # type: ignore[arg-type]
    assert spaces.predicted_rate(takagi(exponent), RELU, depth, complexity)[:2] == (expected, expected)  # type: ignore[arg-type]


def test_copies_that_are_not_folded_prove_the_shallow_rate_and_leave_depth_an_interval() -> None:
    target, e = cantor(), log2(6) / 2
    assert proved_rate(target, RELU, 2, "neurons") == (e, e)
    assert proved_rate(target, RELU, 4, "connections") == (e, 2 * e)


def test_a_discontinuous_function_is_not_composed_with_a_zigzag() -> None:
    similar = SelfSimilar((F(0), F(1, 2)), F(1, 2), 1.0, (False, True))
    jumps = Target("jumps", lambda x: x[:, 0], smoothness=Smoothness(hoelder=0.0), self_similar=similar)
    assert self_similar_exponent(jumps, 4, True) == 1.0
    joined = Target("joined", lambda x: x[:, 0], smoothness=Smoothness(hoelder=0.5), self_similar=similar)
    assert self_similar_exponent(joined, 4, True) == 3.0


def test_a_parabola_that_repeats_itself_has_no_bound_for_parabolas() -> None:
    assert self_similar_bound(takagi("2"), 1) is not None
    assert self_similar_bound(takagi("2"), 2) is None
    assert self_similar_bound(takagi("1"), 0) is None
    assert self_similar_bound(REGISTRY.targets["exp"], 1) is None


def test_without_certified_moments_nothing_is_proved_from_below() -> None:
    own = takagi("1")
    bare = Target("bare", own.function, smoothness=own.smoothness, self_similar=own.self_similar)
    low, high = proved_rate(bare, RELU, 2, "neurons")
    assert low == 1.0 and isnan(high)


def test_every_end_says_what_it_rests_on() -> None:
    exp, weierstrass = REGISTRY.targets["exp"], REGISTRY.targets["weierstrass"]
    assert "derivative 2 is certified" in proof_source(exp, RELU, 4, "neurons")
    assert "zigzag" in proof_source(takagi("1"), RELU, 4, "neurons")
    assert "rough" in proof_source(weierstrass, RELU, 2, "neurons")
    assert "not piecewise polynomial" in proof_source(exp, REGISTRY.activations["tanh"], 2, "neurons")
    assert "closure" in proof_source(exp, identity, 2, "neurons")
    with pytest.raises(UserError, match="depth is 1"):
        proof_source(exp, RELU, 1, "neurons")


def test_copies_that_do_not_fit_are_the_users_error() -> None:
    with pytest.raises(UserError, match="two or more that lie side by side"):
        SelfSimilar((F(0), F(1, 4)), F(1, 2), 1.0, (False, False))
    with pytest.raises(UserError, match="one answer for each"):
        SelfSimilar((F(0), F(1, 2)), F(1, 2), 1.0, (False,))
    for exponent in (0.0, nan):
        with pytest.raises(UserError, match="above 0"):
            SelfSimilar((F(0), F(1, 2)), F(1, 2), exponent, (False, True))
    similar = SelfSimilar((F(0), F(1, 2)), F(1, 2), 1.0, (False, True))
    with pytest.raises(UserError, match="one variable"):
        Target("plane", lambda x: x[:, 0], domain=((0, 1), (0, 1)), self_similar=similar)
