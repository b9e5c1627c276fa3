"""float64: what np.sin computes stays within the tolerance, and what it cannot do is refused."""

import mpmath
import numpy as np
import pytest
from flint import fmpq

from ratelab._errors import UserError
from ratelab.networks._float_decoder import FloatDecoder
from ratelab.networks._grade_code import Decoder, GradeCode
from ratelab.networks._numbers import fraction
from ratelab.networks._sine_decoder import SineDecoder

DECODER = FloatDecoder()


def _values(cells, seed=0):
    drawn = np.random.default_rng([cells, seed]).uniform(-1, 1, cells)
    return [fmpq(*map(int, float(x).as_integer_ratio())) for x in drawn]


def _floats(code):
    u, w, v = (float(fraction(x)) for x in (code.scale, code.inner, code.outer))
    return u * np.sin(v * np.sin(w * np.arange(1, code.cells + 1)))


@pytest.mark.parametrize(
    ("cells", "reached"), [(1, 1e-15), (2, 2e-8), (3, 1e-5), (4, 4e-4), (6, 8e-3), (8, 3e-2), (10, 7e-2)]
)
def test_float64_decodes_within_the_tolerance(cells, reached):
    for seed in range(2):
        values = _values(cells, seed)
        code = DECODER.best(values)
        wanted = np.array([float(fraction(r)) for r in values])
        assert np.max(np.abs(_floats(code) - wanted)) <= code.tolerance <= reached
        with mpmath.workdps(60):
            u, v = (mpmath.mpf(x.numerator) / x.denominator for x in map(fraction, (code.scale, code.outer)))
            exact = [u * mpmath.sin(v * mpmath.sin(k)) for k in range(1, cells + 1)]
            rounding = float(u) * (abs(float(v)) + 1) * 2.0**-52
            assert max(abs(x - y) for x, y in zip(exact, _floats(code).tolist(), strict=True)) <= rounding
            assert (
                max(abs(x - y) for x, y in zip(exact, wanted.tolist(), strict=True))
                <= code.tolerance - rounding
            )
        assert code.precision == 53 and code.bits <= 53
        assert all(ball.rad() < 1e-20 for ball in code.decoded())


def test_an_accuracy_within_reach_is_met():
    values = _values(4)
    code = DECODER.encode(values, 0.01)
    assert code.tolerance <= 0.01 * max(abs(float(fraction(r))) for r in values)


@pytest.mark.parametrize("cells", [2, 4, 8, 16])
def test_what_float64_cannot_reach_is_refused(cells):
    with pytest.raises(
        UserError, match=rf"reaches accuracy .* for these {cells} cells, not 9.1e-13, .* bits"
    ):
        DECODER.encode(_values(cells), 2.0**-40)


@pytest.mark.parametrize("cells", [4, 8, 16])
def test_the_closed_form_s_numbers_are_garbage_in_float64(cells):
    values = _values(cells)
    code = SineDecoder().encode(values, 2.0**-40)
    wanted = np.array([float(fraction(r)) for r in values])
    assert np.max(np.abs(_floats(code) - wanted)) > 0.05
    assert code.tolerance <= 2.0**-40


def test_too_many_cells_are_refused():
    with pytest.raises(UserError, match="takes 1 to 16"):
        DECODER.encode([fmpq(1)] * 17, 0.5)


def test_zeros_need_nothing():
    code = DECODER.encode([fmpq(0)] * 3, 2.0**-40)
    assert code.scale == 0 and code.bits == 0 and code.tolerance == 0


def test_same_values_give_the_same_code():
    assert DECODER.best(_values(5)).outer == FloatDecoder().best(_values(5)).outer


def test_the_contract_is_kept():
    assert isinstance(DECODER, Decoder) and isinstance(DECODER.encode(_values(2), 0.1), GradeCode)
    assert DECODER.inner(3, 0.1) == 1
