"""The closed form: what it promises is recomputed in mpmath and in integers, and every wrong use is refused."""

from fractions import Fraction
from math import comb, log2

import mpmath
import pytest
from flint import arb, ctx, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab._errors import UserError
from ratelab.networks._decoder_code import length, nearest_integer, scale_above
from ratelab.networks._grade_code import Decoder, GradeCode
from ratelab.networks._numbers import fraction, rational
from ratelab.networks._sine_decoder import SineDecoder, accuracy_bits

DECODER = SineDecoder()
UNIT = st.fractions(min_value=-1, max_value=1, max_denominator=10**6)


def _values(cells, seed=0):
    import random

    source = random.Random(f"{cells}/{seed}")
    return [fmpq(source.randint(-(10**6), 10**6), 10**6) for _ in range(cells)]


def _middle(ball):
    mantissa, exponent = ball.mid().man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def _outside(code, digits):
    """Decode with mpmath, sine by sine: an implementation that shares nothing with ours."""
    with mpmath.workdps(digits):
        scale, inner, outer = (
            mpmath.mpf(x.numerator) / x.denominator
            for x in map(fraction, (code.scale, code.inner, code.outer))
        )
        return [scale * mpmath.sin(outer * mpmath.sin(inner * k)) for k in range(1, code.cells + 1)]


@pytest.mark.parametrize("cells", [1, 2, 3, 4, 7, 8, 12, 16])
@pytest.mark.parametrize("accuracy", [2.0**-40, 1e-3, 2.0**-100])
def test_an_independent_evaluation_finds_the_values(cells, accuracy):
    values = _values(cells)
    code = DECODER.encode(values, accuracy)
    digits = int(code.precision / 3.3) + 40
    with mpmath.workdps(digits):
        found = _outside(code, digits)
        worst = max(abs(x - mpmath.mpf(int(r.p)) / int(r.q)) for x, r in zip(found, values, strict=True))
        assert worst <= code.tolerance
        assert worst >= code.tolerance * (1 - 1e-9)  # measured, not only bounded
        assert code.tolerance <= accuracy * max(abs(float(fraction(r))) for r in values)


@settings(max_examples=60, deadline=None)
@given(st.lists(UNIT, min_size=1, max_size=12), st.integers(1, 90))
def test_every_table_of_values_is_stored(values, bits):
    exact = [fmpq(x.numerator, x.denominator) for x in values]
    code = DECODER.encode(exact, 2.0**-bits)
    largest = max(abs(x) for x in values)
    assert Fraction(code.tolerance) <= largest * Fraction(2) ** -bits
    assert abs(fraction(code.scale)) >= largest
    for ball, value in zip(code.decoded(), exact, strict=True):
        assert abs(_middle(ball) - fraction(value)) <= Fraction(code.tolerance)
        assert ball.rad() <= arb(code.scale) * arb(2) ** -60


@pytest.mark.parametrize("cells", [1, 2, 5, 16, 64, 200])
def test_the_bits_are_about_those_of_the_phases(cells):
    for accuracy in (2.0**-10, 2.0**-40):
        code, b = DECODER.encode(_values(cells), accuracy), accuracy_bits(accuracy)
        most = (cells - 1) * (b + 2) + b + cells.bit_length() + 8
        assert length(code.outer) <= most and length(code.inner) <= most
        assert code.bits == max(length(code.outer), length(code.inner))
        if cells >= 16:
            assert code.bits < 2 * cells**2 * log2(cells)


def test_values_at_the_edge_and_equal_values_are_stored():
    for values in ([1, 1, 1], [-1, 1, -1, 1], [0, 0, 1], [1, fmpq(10**30 - 1, 10**30)], [fmpq(1, 3**80)] * 4):
        code = DECODER.encode([fmpq(x) for x in values], 2.0**-40)
        assert code.tolerance <= 2.0**-40 * max(abs(float(fraction(fmpq(x)))) for x in values)


def test_zeros_need_nothing():
    code = DECODER.encode([fmpq(0)] * 5, 2.0**-40)
    assert (code.scale, code.outer, code.bits, code.tolerance) == (0, 0, 0, 0.0)
    assert [float(ball) for ball in code.decoded()] == [0.0] * 5 and float(code.at(fmpq(5, 2))) == 0.0
    assert code.inner == DECODER.inner(5, 2.0**-40)


@pytest.mark.parametrize("cells", [1, 3, 8, 40])
def test_the_inner_weight_knows_no_value(cells):
    inner = DECODER.inner(cells, 2.0**-40)
    assert all(DECODER.encode(_values(cells, seed), 2.0**-40).inner == inner for seed in range(3))
    assert inner != DECODER.inner(cells, 2.0**-41) and inner != DECODER.inner(cells + 1, 2.0**-40)


@pytest.mark.parametrize("cells", [2, 5, 9])
def test_sines_of_multiples_are_ratios_of_integers(cells):
    """sin(w₀ k) / sin(w₀) = Σ_m C(k + m, 2m + 1) (−1/Q)^m, against mpmath's sine."""
    c = accuracy_bits(2.0**-20) + 2
    with mpmath.workdps(900):
        inner = fraction(DECODER.inner(cells, 2.0**-20))
        w = mpmath.mpf(inner.numerator) / inner.denominator
        for k in range(1, cells + 1):
            ratio = sum(Fraction(-1, 2**c) ** m * comb(k + m, 2 * m + 1) for m in range(k))
            expected = mpmath.mpf(ratio.numerator) / ratio.denominator
            assert abs(mpmath.sin(w * k) / mpmath.sin(w) - expected) < 2.0 ** (-c * (cells - 1))


@settings(max_examples=30, deadline=None)
@given(st.fractions(min_value=0, max_value=5, max_denominator=10**4), st.integers(0, 3))
def test_positions_between_cells_are_evaluated_too(position, seed):
    code = DECODER.encode(_values(4, seed), 2.0**-40)
    found = code.at(fmpq(position.numerator, position.denominator))
    with mpmath.workdps(150):
        scale, inner, outer = (
            mpmath.mpf(x.numerator) / x.denominator
            for x in map(fraction, (code.scale, code.inner, code.outer))
        )
        where = mpmath.mpf(position.numerator) / position.denominator
        expected = scale * mpmath.sin(outer * mpmath.sin(inner * where))
        middle = _middle(found)
        assert abs(mpmath.mpf(middle.numerator) / middle.denominator - expected) < mpmath.mpf(2) ** -90
    assert found.rad() < arb(2) ** -100
    assert abs(fraction(rational(float(found)))) <= fraction(code.scale)


def test_a_small_working_precision_outside_changes_nothing():
    values, former = _values(12), ctx.prec
    expected = DECODER.encode(values, 2.0**-40)
    try:
        ctx.prec = 20
        code = SineDecoder().encode(values, 2.0**-40)
        assert (code.outer, code.tolerance) == (expected.outer, expected.tolerance)
        assert code.at(fmpq(3)).rad() < arb(2) ** -100 and ctx.prec == 20
    finally:
        ctx.prec = former
    assert all(a.overlaps(b) for a, b in zip(code.decoded(), expected.decoded(), strict=True))


def test_large_tables_keep_the_accuracy():
    code = DECODER.encode(_values(700), 2.0**-30)
    assert code.tolerance <= 2.0**-30 and code.bits < 700 * 33


@pytest.mark.parametrize("accuracy", [0.0, 2.0**-201, 1.0, -1e-3, float("nan"), 2.0])
def test_a_bad_accuracy_is_refused(accuracy):
    with pytest.raises(UserError, match=r"accuracy is .*; allowed: from 2\^-200 on, below 1"):
        DECODER.encode(_values(3), accuracy)


def test_too_many_cells_or_none_are_refused():
    for cells in (0, DECODER.most_cells + 1):
        with pytest.raises(UserError, match=f"was given {cells:,} cells, and takes 1 to 4,096"):
            DECODER.encode([fmpq(1)] * cells, 0.5)
        with pytest.raises(UserError, match="cells"):
            DECODER.inner(cells, 0.5)


def test_a_position_off_the_code_is_refused():
    code = DECODER.encode(_values(3), 2.0**-20)
    for position in (fmpq(-1, 9), fmpq(37, 9)):
        with pytest.raises(UserError, match="outside"):
            code.at(position)


def test_a_value_that_is_no_number_is_refused():
    with pytest.raises(UserError):
        DECODER.encode([fmpq(1), float("inf")], 0.5)


def test_the_contract_is_kept():
    assert isinstance(DECODER, Decoder) and isinstance(DECODER.encode(_values(2), 0.1), GradeCode)


@settings(max_examples=100, deadline=None)
@given(st.fractions(max_denominator=10**9).filter(bool))
def test_the_scale_exceeds_every_value_by_little(value):
    scale, largest = fraction(scale_above([fmpq(value.numerator, value.denominator)])), abs(value)
    assert largest * (1 + Fraction(2) ** -25) <= scale <= largest * (1 + Fraction(2) ** -22)
    assert length(fmpq(scale.numerator, scale.denominator)) <= 25


@settings(max_examples=100, deadline=None)
@given(st.integers(-(10**40), 10**40), st.integers(-200, 60))
def test_nearest_integers_are_nearest(mantissa, exponent):
    value = Fraction(mantissa) * Fraction(2) ** exponent
    with_ball = arb(fmpq(value.numerator, value.denominator))
    assert abs(Fraction(int(nearest_integer(with_ball))) - _middle(with_ball)) <= Fraction(1, 2)


@pytest.mark.parametrize("bits", [1, 2, 40, 1000])
def test_bits_of_an_accuracy_are_the_fewest(bits):
    assert accuracy_bits(2.0**-bits) == bits
    assert accuracy_bits(2.0**-bits * 1.0001) == bits
    assert accuracy_bits(2.0**-bits * 0.9999) == bits + 1
