"""Parameters of the experiments on supports: what they refuse, and in which words."""

import pydantic
import pytest

from ratelab.studies.experiments._support_parameters import NestedCubes, SupportVerdicts


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"margins": [1, 1]}, "margins are 1, 1; the first must be larger"),
        ({"margins": [1, 5]}, "margins are 1, 5; the first must be larger"),
        ({"margins": [-60, -61]}, "greater than or equal to -10"),
        ({"margins": [21, 1]}, "less than or equal to 20"),
        ({"margins": [5.0, 1]}, "valid integer"),
        ({"margins": [5, -7]}, "exponent 4; allowed: from -6 on"),
        ({"scale": 1e-9}, "greater than or equal to 0.015625"),
    ],
)
def test_cubes_that_cannot_be_drawn_are_refused(given, words):
    with pytest.raises(pydantic.ValidationError, match=words):
        NestedCubes(**given)


def test_margins_at_their_limits_are_taken():
    assert NestedCubes(margins=[20, -10], exponent=0).margins == (20, -10)
    assert NestedCubes(margins=[5, -6]).margins == (5, -6)


@pytest.mark.parametrize("label", ["relu", "prelu", "prelu(slope=0.1)", "polynomial", "hats", "mask", "gate"])
def test_activations_may_not_be_classes_of_their_own(label):
    with pytest.raises(
        pydantic.ValidationError, match="is named like a class of its own; allowed: others than"
    ):
        SupportVerdicts(activations=["tanh", label])


@pytest.mark.parametrize("label", ["features", "adam(steps=10)", "slopes2", ""])
def test_slopes_are_trained_by_the_trainer_slopes(label):
    with pytest.raises(pydantic.ValidationError, match="allowed: the trainer slopes"):
        SupportVerdicts(slopes=label)


def test_the_trainer_slopes_takes_any_parameters():
    assert SupportVerdicts(slopes="slopes").slopes == "slopes"
    assert SupportVerdicts(slopes="slopes(steps=7)").slopes == "slopes(steps=7)"
