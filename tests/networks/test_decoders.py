"""Decoders by name."""

import re
from pathlib import Path

import pytest
from flint import fmpq

from ratelab._errors import UserError
from ratelab.networks._decoders import DECODERS, decoder
from ratelab.networks._sine_decoder import SineDecoder


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


def test_the_example_of_the_documentation_runs():
    page = (Path(__file__).parents[2] / "docs" / "decoders.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", page, re.S)
    assert len(blocks) == 1
    exec(blocks[0], {})
