"""Norms of approximation spaces: against brute force, closed forms and what quasi-norms obey."""

from fractions import Fraction
from math import inf, isinf, log10, nan, nextafter, sqrt
from sys import float_info

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import UserError
from ratelab.spaces._norm_tables import step_table
from ratelab.spaces._norm_tails import GeometricTail, PowerTail, ZeroTail
from ratelab.spaces._norms import approximation_norm, dyadic_norm
from ratelab.spaces._power_sums import log_shifted_power_sum, power_sums

INDICES = st.tuples(st.floats(0.02, 6), st.one_of(st.floats(0.05, 20), st.just(inf)))


@st.composite
def tables(draw: st.DrawFn, largest: int = 60) -> tuple[list[int], list[float]]:
    sizes = sorted({0, *draw(st.lists(st.integers(1, largest), max_size=8))})
    ratios = draw(
        st.lists(
            st.one_of(st.just(1.0), st.floats(0.01, 1)), min_size=len(sizes) - 1, max_size=len(sizes) - 1
        )
    )
    errors = [draw(st.floats(0.1, 10))]
    for ratio in ratios:
        errors.append(errors[-1] * ratio)
    if draw(st.booleans()):
        errors[-1] = 0.0
    return sizes, errors if errors[0] > 0 else [1.0] * len(sizes)


def brute(sizes: list[int], errors: list[float], alpha: float, q: float) -> mpmath.mpf:
    """All terms, one by one, in 30 digits."""
    with mpmath.workdps(30):
        values = []
        for n in range(1, sizes[-1] + 2):
            error = next(e for s, e in zip(reversed(sizes), reversed(errors), strict=True) if s <= n - 1)
            values.append((mpmath.mpf(n) ** mpmath.mpf(alpha) * mpmath.mpf(error), n))
        if q == inf:
            return max(v for v, _ in values)
        return mpmath.fsum(v ** mpmath.mpf(q) / n for v, n in values) ** (1 / mpmath.mpf(q))


def close(found: float, expected: mpmath.mpf, tolerance: float = 1e-11) -> bool:
    return abs(mpmath.mpf(found) - expected) <= tolerance * abs(expected)


@settings(max_examples=1000, deadline=None)
@given(tables(), INDICES)
def test_the_sum_over_runs_is_the_sum_over_terms(
    table: tuple[list[int], list[float]], index: tuple[float, float]
) -> None:
    found = approximation_norm(*table, *index)
    assert found.truncated[0] == found.truncated[1] and found.terms == table[0][-1] + 1
    assert close(found.truncated[0], brute(*table, *index))


@settings(max_examples=120, deadline=None)
@given(tables(), INDICES, st.floats(0, 1))
def test_a_bracket_holds_the_norm_of_every_table_between_its_ends(
    table: tuple[list[int], list[float]], index: tuple[float, float], share: float
) -> None:
    sizes, errors = table
    whole = list(range(sizes[-1] + 1))
    low = [next(e for s, e in zip(sizes, errors, strict=True) if s >= m) for m in whole]
    high = [next(e for s, e in zip(reversed(sizes), reversed(errors), strict=True) if s <= m) for m in whole]
    between = [(1 - share) * a + share * b for a, b in zip(low, high, strict=True)]
    found = approximation_norm(sizes, errors, *index, upper=errors)
    assert found.truncated[0] <= brute(whole, between, *index) <= found.truncated[1]
    assert close(found.truncated[0], brute(whole, low, *index))
    assert close(found.truncated[1], brute(whole, high, *index))
    assert found.full[0] == found.truncated[0]
    assert isinf(found.full[1]) == (errors[-1] > 0) and found.status == (
        "truncated" if errors[-1] else "zero"
    )


@settings(max_examples=120, deadline=None)
@given(tables(), INDICES)
def test_the_dyadic_sums_hold_the_truncated_norm_between_them(
    table: tuple[list[int], list[float]], index: tuple[float, float]
) -> None:
    sizes, errors = table
    (alpha, q), value = index, brute(sizes, errors, *index)
    found = dyadic_norm(sizes, errors, alpha, q)
    assert found.truncated[0] <= value <= found.truncated[1]
    steps = step_table(sizes, errors, None, False)
    octaves = [(2.0**j) ** alpha * steps.upper_at(2**j) for j in range(found.terms)]
    assert 2**found.terms > sizes[-1] >= 2**found.terms // 2
    terms = [mpmath.mpf(v) for v in (errors[0], *octaves)]
    dyadic = max(terms) if q == inf else mpmath.fsum(t**q for t in terms) ** (1 / mpmath.mpf(q))
    assert close(found.dyadic[0], dyadic) and close(found.dyadic[1], dyadic)


@settings(max_examples=80, deadline=None)
@given(tables(), INDICES, st.integers(-30, 30), st.floats(0.01, 100))
def test_norms_are_homogeneous(
    table: tuple[list[int], list[float]], index: tuple[float, float], power: int, factor: float
) -> None:
    sizes, errors = table
    one = approximation_norm(sizes, errors, *index).truncated[0]
    doubled = approximation_norm(sizes, [e * 2.0**power for e in errors], *index).truncated[0]
    assert doubled == one * 2.0**power
    scaled = approximation_norm(sizes, [e * factor for e in errors], *index).truncated[0]
    assert scaled == pytest.approx(factor * one, rel=1e-12)


@settings(max_examples=80, deadline=None)
@given(tables(), tables(), INDICES, st.integers(1, 4))
def test_sums_obey_the_quasi_triangle_inequality_of_sigma_n_plus_sigma_n_in_sigma_cn(
    first: tuple[list[int], list[float]],
    second: tuple[list[int], list[float]],
    index: tuple[float, float],
    c: int,
) -> None:
    """E(f + g, cn) ≤ E(f, n) + E(g, n) costs c^max(α, 1/q), and the sum of two tables 2^(1/q − 1) for q < 1."""
    alpha, q = index
    one, two = step_table(*first, None, False), step_table(*second, None, False)
    last = max(one.last, two.last)
    sizes = [*range(0, c * last + 1), c * (last + 1) - 1] if c > 1 else list(range(last + 1))
    sizes = sorted(set(sizes))
    total = [one.upper_at(m // c) + two.upper_at(m // c) for m in sizes]
    whole = list(range(last + 1))
    norms = [
        approximation_norm(whole, [t.upper_at(m) for m in whole], alpha, q).truncated[0] for t in (one, two)
    ]
    constant = c ** (alpha if q == inf else max(alpha, 1 / q)) * (2 ** (1 / q - 1) if q < 1 else 1)
    assert approximation_norm(sizes, total, alpha, q).truncated[0] <= constant * sum(norms) * (1 + 1e-11)


@settings(max_examples=80, deadline=None)
@given(tables(), st.floats(0.02, 6), st.floats(0.1, 10), st.floats(1, 5))
def test_a_larger_q_gives_a_smaller_norm_up_to_a_constant(
    table: tuple[list[int], list[float]], alpha: float, q: float, factor: float
) -> None:
    """Σ_{n ≤ N} n^(αq−1) ≥ N^(αq)·min(1, 1/(αq)), so sup n^α·E ≤ C·norm, C = max(1, αq)^(1/q)."""
    norm = approximation_norm(*table, alpha, q).truncated[0]
    constant = max(1.0, alpha * q) ** (1 / q)
    assert approximation_norm(*table, alpha, inf).truncated[0] <= constant * norm * (1 + 1e-11)
    larger = approximation_norm(*table, alpha, factor * q).truncated[0]
    assert larger <= constant ** (1 - 1 / factor) * norm * (1 + 1e-11)


@settings(max_examples=60, deadline=None)
@given(tables(), INDICES, st.floats(1, 3))
def test_norms_increase_with_alpha(
    table: tuple[list[int], list[float]], index: tuple[float, float], factor: float
) -> None:
    (alpha, q) = index
    larger = approximation_norm(*table, factor * alpha, q).truncated[0]
    assert larger >= approximation_norm(*table, alpha, q).truncated[0] * (1 - 1e-11)


@pytest.mark.parametrize("power", [1, 2, 3, 5])
def test_long_sums_of_whole_powers_are_faulhabers_numbers(power: int) -> None:
    a, b = np.array([0, 10**3, 10**11, 5]), np.array([10**12, 10**9, 10**12, 7])

    def faulhaber(n: int) -> Fraction:
        """Σ k^power by Newton's forward differences."""
        values = [sum(k**power for k in range(m + 1)) for m in range(power + 2)]
        total, binomial, row = Fraction(0), Fraction(1), values
        for j in range(power + 2):
            total += binomial * row[0]
            row = [y - x for x, y in zip(row, row[1:], strict=False)]
            binomial = binomial * (n - j) / (j + 1)
        return total

    for found, low, high in zip(power_sums(a, b, power + 1.0), a.tolist(), b.tolist(), strict=True):
        exact = (faulhaber(high) - faulhaber(low)) / Fraction(high) ** power
        assert abs(Fraction(float(found)) / exact - 1) < 1e-14


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2000), st.integers(1, 3000), st.floats(1e-6, 60))
def test_sums_of_real_powers_are_exact(a: int, length: int, exponent: float) -> None:
    with mpmath.workdps(30):
        power = mpmath.mpf(exponent) - 1
        exact = mpmath.fsum((mpmath.mpf(n) / (a + length)) ** power for n in range(a + 1, a + length + 1))
    assert close(float(power_sums(a, a + length, exponent)), exact, 1e-14)


def test_a_sum_over_a_very_long_run_is_that_of_its_parts() -> None:
    for exponent in (1e-9, 0.3, 1.0, 1.7, 30.0):
        cuts = [0, 7, 10**4, 10**8, 10**12]
        parts = power_sums(cuts[:-1], cuts[1:], exponent)
        total = sum(p * (b / 10**12) ** (exponent - 1) for p, b in zip(parts, cuts[1:], strict=True))
        assert float(power_sums(0, 10**12, exponent)) == pytest.approx(total, rel=1e-14)
    assert float(power_sums(0, 10**12, 0.0)) / 10**12 == pytest.approx(
        float(mpmath.digamma(mpmath.mpf(10**12) + 1) + mpmath.euler), rel=1e-14
    )


@pytest.mark.parametrize("q", [0.5, 1, 2, 7.3])
@pytest.mark.parametrize(("beta", "alpha"), [(2, 1), (2, 1.999), (1, 0.99999), (0.5, 0.1), (4, 3.7)])
@pytest.mark.parametrize("last", [0, 1, 50])
def test_powers_have_the_norm_of_zeta(beta: float, alpha: float, q: float, last: int) -> None:
    sizes = np.arange(last + 1)
    tail = PowerTail(1, 1, beta, 0, lower_shift=1, upper_shift=1)
    found = approximation_norm(sizes, (sizes + 1.0) ** -beta, alpha, q, tail=tail)
    with mpmath.workdps(30):
        exponent = 1 + (mpmath.mpf(beta) - mpmath.mpf(alpha)) * mpmath.mpf(q)
        exact = mpmath.zeta(exponent) ** (1 / mpmath.mpf(q))
    assert found.full[0] <= exact <= found.full[1] and found.status == "certificate"
    assert close(found.full[0], exact, 1e-11) and close(found.full[1], exact, 1e-11)


def test_at_the_critical_alpha_only_the_supremum_is_finite() -> None:
    tail = PowerTail(1, 1, 2, 0, lower_shift=1, upper_shift=1)
    for q in (0.5, 1, 100):
        assert approximation_norm([0], [1.0], 2, q, tail=tail).full == (inf, inf)
        assert approximation_norm([0], [1.0], nextafter(2, 3), q, tail=tail).full == (inf, inf)
    low, high = approximation_norm([0], [1.0], 2, inf, tail=tail).full
    assert low == pytest.approx(1, rel=1e-12) == high and low <= 1 <= high
    assert approximation_norm([0], [1.0], 2.001, inf, tail=tail).full == (inf, inf)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3000), st.integers(0, 2), st.floats(1e-7, 20), st.floats(-0.9, 60), st.floats(0.1, 8))
def test_shifted_tails_are_those_of_hurwitz(
    first: int, power: int, excess: float, shift: float, q: float
) -> None:
    """(m + 1)^k·(m + shift)^(−u) is a sum of powers of m + shift for k = 0, 1, 2."""
    alpha = (power + 1) / q
    beta = alpha + excess / q
    # the library's ζ is right to so many digits after the point
    digits = 30 + int(beta * q * log10(first + shift + 1))
    with mpmath.workdps(digits):
        power_q, decay = alpha * mpmath.mpf(q) - 1, beta * mpmath.mpf(q)
        start, gap = mpmath.mpf(first) + mpmath.mpf(shift), 1 - mpmath.mpf(shift)
        exact = mpmath.fsum(
            mpmath.binomial(power, j) * gap ** (power - j) * mpmath.zeta(decay - j, start)
            for j in range(power + 1)
        )
        exact *= start**decay / mpmath.mpf(first + 1) ** power
        assert abs(power_q - power) < 1e-14 * (1 + power)
    found = mpmath.mpf(log_shifted_power_sum(first, alpha, beta, shift, q))
    excess_found = (beta - alpha) * q
    tolerance = 1e-12 + 1e-15 * (1 + alpha * q + beta * q) / excess_found
    assert abs(mpmath.exp(found) / exact - 1) < tolerance


@pytest.mark.parametrize("q", [0.5, 2, inf])
@pytest.mark.parametrize("alpha", [0.3, 1, 4])
def test_a_geometric_tail_is_summed_to_the_end(alpha: float, q: float) -> None:
    tail = GeometricTail(3, 3, 0.9, 5)
    table = [0, 5], [3.0, 3 * 0.9**5]
    found = approximation_norm(*table, alpha, q, tail=tail)
    sizes = list(range(2000))
    errors = [3.0] * 5 + [3 * 0.9**m for m in sizes[5:]]
    exact = brute(sizes, errors, alpha, q)
    assert close(found.full[0], exact) and close(found.full[1], exact)


def test_between_table_and_tail_the_error_is_constant_at_most_and_that_of_the_tail_at_least() -> None:
    tail = PowerTail(1, 1, 2, 8)
    found = approximation_norm([0, 2], [5.0, 0.4], 1, 1, tail=tail)
    beyond = [m**-2.0 for m in range(8, 200_000)]
    rest = sum((m + 1) ** 0 * e for m, e in zip(range(8, 200_000), beyond, strict=True)) + 1 / 200_000
    start = 5 + 5 + 0.4
    assert found.full[0] == pytest.approx(start + 5 / 64 + rest, rel=1e-9)
    assert found.full[1] == pytest.approx(start + 5 * 0.4 + rest, rel=1e-9)


def test_a_tail_that_starts_high_takes_over_where_it_falls_below_the_table() -> None:
    tail = PowerTail(0, 100, 2, 1)
    found = approximation_norm([0, 1], [1.0, 1.0], 1, 1, tail=tail)
    rest = float(mpmath.zeta(2, 10)) * 100  # m ≥ 10: 100/m² ≤ 1
    assert found.full[1] == pytest.approx(10 + rest, rel=1e-12)
    assert found.full[0] == pytest.approx(2, rel=1e-12)


def test_zero_beyond_the_table_and_several_tails_are_used_together() -> None:
    assert approximation_norm([0, 3], [2.0, 1.0], 1, 1, tail=ZeroTail(4)).full[1] == pytest.approx(7)
    wide, narrow = PowerTail(0.1, inf, 2, 1), PowerTail(0.0, 2, 2, 1)
    both = approximation_norm([0, 1], [1.0, 1.0], 1, 2, tail=[wide, narrow]).full
    assert both[0] == approximation_norm([0, 1], [1.0, 1.0], 1, 2, tail=wide).full[0]
    assert both[1] == approximation_norm([0, 1], [1.0, 1.0], 1, 2, tail=narrow).full[1] < inf
    model = PowerTail(0.1, 0.1, 2, 5, certainty="model")
    assert approximation_norm([0, 1], [1.0, 1.0], 1, 2, tail=[wide, model]).status == "model"


def test_the_norm_of_zero_is_zero_and_a_single_size_is_enough() -> None:
    found = approximation_norm([0, 4], [0.0, 0.0], 1, 2)
    assert found.truncated == found.full == (0, 0) and found.status == "zero"
    assert approximation_norm([0], [sqrt(2)], 1, 0.5).truncated[0] == pytest.approx(sqrt(2), rel=1e-15)


def test_extreme_spaces_neither_overflow_nor_lose_their_order() -> None:
    table = [0, 3, 10**9], [1.0, 1e-3, 1e-9]
    assert approximation_norm(*table, 1, 1e-3).truncated[1] > 1e300
    large, supremum = (approximation_norm(*table, 1, q).truncated[0] for q in (1e4, inf))
    assert large == pytest.approx(supremum, rel=0.02)
    found = approximation_norm(*table, 200, 2, upper=table[1])
    assert found.truncated[0] < inf == found.truncated[1]


def test_increasing_errors_are_refused_or_replaced_by_their_envelope() -> None:
    with pytest.raises(UserError, match=r"the error rises from 0\.3 at size 2 to 0\.4 at size 5"):
        approximation_norm([0, 2, 5], [1, 0.3, 0.4], 1, 2)
    found = approximation_norm([0, 2, 5], [1, 0.3, 0.4], 1, 2, envelope=True)
    assert found.enveloped and found.truncated == approximation_norm([0, 2, 5], [1, 0.3, 0.3], 1, 2).truncated
    assert not approximation_norm([0, 2], [1, 0.3], 1, 2, envelope=True).enveloped
    found = approximation_norm([0, 2, 5], [1, 0.0, 0.2], 1, 2, upper=[1, 0.3, 0.4], envelope=True)
    same = approximation_norm([0, 2, 5], [1, 0.2, 0.2], 1, 2, upper=[1, 0.3, 0.3])
    assert found.truncated == same.truncated


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"alpha": 0}, "alpha is 0; allowed: above 0"),
        ({"alpha": nan}, "alpha is nan"),
        ({"alpha": inf}, "alpha is inf"),
        ({"q": 0}, "q is 0; allowed: above 0"),
        ({"q": nan}, "q is nan"),
        ({"n": [1, 2]}, "the first size is 1; allowed: 0"),
        ({"n": [0, 0]}, "size 0 comes after 0; allowed: sizes that increase"),
        ({"n": [0, 1.5]}, "allowed: whole numbers"),
        ({"n": []}, "allowed: one row of them"),
        ({"errors": [1.0, -0.5]}, r"errors hold -0\.5; allowed: numbers from 0 on"),
        ({"errors": [1.0, nan]}, "errors hold nan"),
        ({"errors": [1.0]}, r"2 sizes, errors \(1,\)"),
        ({"errors": [inf, 1.0]}, "the error at size 0, which is the target's norm, must be finite"),
        ({"upper": [1.0, 0.25]}, r"at size 3 the lower end is 0\.5 and the upper end 0\.25"),
        (
            {"tail": PowerTail(10, 20, 1, 1)},
            "at size 3 the tail's lower end is 3.33333, but the table's upper",
        ),
        ({"tail": ZeroTail(2)}, "at size 3 the tail's upper end is 0, but the table's lower end is 0.5"),
    ],
)
def test_mistakes_are_named(change: dict, message: str) -> None:
    given = {"n": [0, 3], "errors": [1.0, 0.5], "alpha": 1.0, "q": 2.0} | change
    with pytest.raises(UserError, match=message):
        approximation_norm(**given)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PowerTail(-1, 1, 1, 1), "constants are -1 and 1"),
        (lambda: PowerTail(1, 0, 1, 1), "upper constant is 0"),
        (lambda: PowerTail(1, 2, 0, 1), "exponent is 0"),
        (lambda: PowerTail(1, 2, 1, 0), "add up to 0"),
        (lambda: PowerTail(1, 2, 1, 1, lower_exponent=0.5), "that decay at least as fast"),
        (lambda: PowerTail(3, 2, 1, 1), "the lower end is above the upper one"),
        (lambda: GeometricTail(1, 2, 1, 1), "ratio is 1"),
        (lambda: ZeroTail(-1), "first size is -1"),
    ],
)
def test_impossible_tails_are_refused(make: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        make()  # type: ignore[operator]


def test_sums_beyond_the_range_of_floats_keep_a_finite_lower_end() -> None:
    norm = approximation_norm([0, 1, 2, 4, 8], [1.0, 0.5, 0.25, 0.1, 0.05], 1, 1e-3)
    assert norm.truncated == (float_info.max, inf)


def test_what_is_no_tail_is_named() -> None:
    with pytest.raises(UserError, match="a tail is 'x'"):
        approximation_norm([0, 1], [1.0, 0.5], 1, 2, tail="x")  # type: ignore[arg-type]


def test_tails_that_contradict_each_other_are_refused() -> None:
    slow, fast = PowerTail(1, inf, 0.5, 100), PowerTail(0, 1, 2, 100)
    with pytest.raises(UserError, match="tails contradict each other"):
        approximation_norm([0, 1], [1.0, 0.5], 1, 2, tail=[slow, fast])
