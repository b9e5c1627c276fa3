"""The table: exact on float64 values, linear in between, honest about rounding."""

from fractions import Fraction

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab._errors import UserError
from ratelab.networks._grade_code import Decoder, GradeCode
from ratelab.networks._numbers import fraction, rational
from ratelab.networks._table_decoder import TableDecoder

DECODER = TableDecoder()
SIZES = st.fractions(min_value=-1000, max_value=1000, max_denominator=10**12)


@settings(max_examples=80, deadline=None)
@given(st.lists(SIZES, min_size=1, max_size=20))
def test_the_tolerance_is_the_largest_rounding(values):
    code = DECODER.encode([fmpq(x.numerator, x.denominator) for x in values], 2.0**-50)
    stray = max(abs(Fraction(float(ball)) - x) for ball, x in zip(code.decoded(), values, strict=True))
    assert stray <= Fraction(code.tolerance) <= stray * (1 + Fraction(2) ** -50)
    assert fraction(code.scale) == max(abs(Fraction(float(ball))) for ball in code.decoded())
    assert all(ball.is_exact() for ball in code.decoded())


def test_positions_between_cells_are_joined_by_lines():
    code = DECODER.encode([fmpq(1), fmpq(3), fmpq(-2)], 0.5)
    expected = {"0": 1, "1/2": 1, "1": 1, "3/2": 2, "2": 3, "9/4": "7/4", "3": -2, "7/2": -2, "4": -2}
    for position, value in expected.items():
        assert code.at(rational(position)) == arb(rational(value))
    assert float(DECODER.encode([fmpq(5)], 0.5).at(fmpq(3, 2))) == 5.0


def test_an_array_is_kept_as_it_is():
    values = np.random.default_rng(0).standard_normal(10_000)
    code = DECODER.encode(values, 2.0**-40)
    assert np.array_equal(code.values, values) and code.tolerance == 0.0 and code.cells == 10_000
    assert not code.values.flags.writeable and values.flags.writeable
    assert float(code.at(fmpq(77))) == values[76]


def test_a_finer_accuracy_than_float64_s_is_refused():
    with pytest.raises(UserError, match=r"rounding costs .* out of its reach"):
        DECODER.encode([fmpq(1, 3), fmpq(1, 7)], 2.0**-60)
    assert DECODER.encode([fmpq(1, 4)], 2.0**-60).tolerance == 0.0


def test_what_is_no_table_is_refused():
    with pytest.raises(UserError, match="not finite"):
        DECODER.encode(np.array([1.0, np.nan]), 0.5)
    with pytest.raises(UserError, match="larger than float64"):
        DECODER.encode([fmpq(10**400)], 0.5)
    with pytest.raises(UserError, match="takes 1 to 1,000,000"):
        DECODER.encode(np.zeros(1_000_001), 0.5)
    with pytest.raises(UserError, match="takes 1 to"):
        DECODER.encode([], 0.5)
    with pytest.raises(UserError, match="outside"):
        DECODER.encode([fmpq(1)], 0.5).at(fmpq(3))


def test_it_is_no_sine():
    code = DECODER.encode([fmpq(1)], 0.5)
    assert (code.inner, code.outer, code.sines, code.precision, code.bits) == (0, 0, False, 53, 53)
    assert DECODER.inner(3, 0.5) == 0 and DECODER.encode([fmpq(0)], 0.5).bits == 0
    assert isinstance(DECODER, Decoder) and isinstance(code, GradeCode)
