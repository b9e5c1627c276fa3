"""Decoders by name."""

import pytest
from flint import fmpq

from ratelab._errors import UserError
from ratelab.networks import DECODERS, FloatDecoder, SineDecoder, decoder, rational


@pytest.mark.parametrize("name", DECODERS)
def test_every_name_gives_its_decoder_and_one_value_is_stored(name):
    found = decoder(name)
    assert found.name == name and found.most_cells >= 16
    code = found.encode([fmpq(-3, 4)], 2.0**-40)
    assert abs(float(code.decoded()[0]) + 0.75) <= 2.0**-40 and code.tolerance <= 0.75 * 2.0**-40
    assert abs(float(code.at(fmpq(1))) + 0.75) <= 2.0**-40


def test_an_object_is_its_own_decoder():
    mine = SineDecoder()
    assert decoder(mine) is mine


def test_a_misspelt_name_is_corrected():
    with pytest.raises(UserError, match="did you mean 'closed-form'"):
        decoder("closed_form")


@pytest.mark.parametrize("wrong", [3, None, SineDecoder, object()])
def test_what_is_no_decoder_is_refused(wrong):
    with pytest.raises(UserError, match="is no decoder"):
        decoder(wrong)


def test_a_tolerance_below_the_range_of_float64_is_refused_and_never_zero() -> None:
    with pytest.raises(UserError, match="no float64 number"):
        SineDecoder().encode([fmpq(5, 10**324)] * 3, 2.0**-20)


def test_large_values_keep_a_finite_tolerance_in_float64() -> None:
    values = [rational(v) for v in (1e300, 1e-300, -3e299, 2e299, 7e299)]
    assert FloatDecoder().best(values).tolerance < 1e299


def test_the_finest_accuracy_is_reached() -> None:
    code = SineDecoder().encode([fmpq(1, 3), fmpq(-1, 7), fmpq(2)], 2.0**-200)
    assert 0 < code.tolerance <= 2 * 2.0**-200
