"""The figures of decoders show what their dataset holds, and nothing else."""

import numpy as np
import pytest

from ratelab import load_plugins
from ratelab.figures import _decoders
from ratelab.studies.experiments._catalogue import EXPERIMENTS, parameters_of


def lines(axes, y):
    return [line for line in axes.lines if np.array_equal(line.get_ydata(), y, equal_nan=True)]


@pytest.fixture(scope="module")
def dataset():
    given = {
        "cells": [2, 4, 8],
        "accuracy_bits": [10, 40],
        "lattice_cells": 4,
        "float_cells": 2,
        "bases": [2, 3, 5],
        "levels": 3,
        "ramp_bits": [10, 30, 44],
        "points": 20,
    }
    return EXPERIMENTS["decoders"].run(
        parameters_of("decoders", given), load_plugins(["plugins"]), lambda *_: None
    )


def test_digits_and_errors_of_every_accuracy_are_drawn_against_the_cells(dataset):
    left, right = _decoders.codes(dataset).axes
    for m in (10, 40):
        one = dataset.sel(accuracy_bits=m)
        for name in ("closed_outer_bits", "counting_bits"):
            assert lines(left, one[name].values)
        assert lines(left, np.where(dataset["cells"] <= 4, one["lattice_bits"], np.nan))
        for name in ("closed_error", "lattice_error", "rounded_error"):
            assert lines(right, one[name].values)
    assert lines(left, dataset["taylor_bits"].values)
    assert lines(left, [53, 53]) and lines(right, [1, 1])
    assert lines(right, dataset["float_error"].values)
    for axes in (left, right):
        assert axes.get_xscale() == axes.get_yscale() == "log"


def test_the_legend_names_every_accuracy(dataset):
    words = [text.get_text() for text in _decoders.codes(dataset).legends[0].get_texts()]
    assert words[:2] == ["closed form, η = 2⁻¹⁰", "closed form, η = 2⁻⁴⁰"]


def test_deviation_and_lost_cells_are_drawn_for_bases_that_lose_any(dataset):
    deviation, levels, lost = _decoders.localisation(dataset).axes
    deepest = dataset.sel(level=3)
    for n in (3, 5):
        y = deepest["located_deviation"].sel(base=n).values
        assert lines(deviation, np.where(y > 0, y, np.nan))
        assert lines(lost, deepest["located_wrong"].sel(base=n).values)
    assert not lines(deviation, deepest["located_deviation"].sel(base=2).values)
    assert lines(deviation, deepest["ramps_length"].sel(base=5).values)
    for level in dataset["level"].values:
        y = dataset["located_deviation"].sel(base=5, level=level).values
        assert bool((y > 0).any()) == bool(lines(levels, np.where(y > 0, y, np.nan)))


def test_bases_without_deviation_are_named_in_the_text(dataset):
    words = " ".join(text.get_text() for text in _decoders.localisation(dataset).texts).replace("\n", " ")
    assert "N = 2: no deviation on these points" in words


def test_a_dataset_in_which_nothing_is_lost_is_drawn(dataset):
    whole = dataset.copy()
    whole["located_deviation"] = dataset["located_deviation"] * 0
    figure = _decoders.localisation(whole)
    words = " ".join(text.get_text() for text in figure.texts).replace("\n", " ")
    assert "N = 2, 3, 5: no deviation" in words


def test_a_single_deviation_of_a_level_is_seen_and_zeros_are_said_to_be_left_out(dataset):
    """A line through one point shows nothing without a marker."""
    few = dataset.copy(deep=True)
    few["located_deviation"].loc[{"ramp_bits": [10, 30]}] = 0.0
    figure = _decoders.localisation(few)
    y = few["located_deviation"].sel(base=5, level=3).values
    assert (y > 0).sum() == 1
    for axes in figure.axes[:2]:
        (line,) = lines(axes, np.where(y > 0, y, np.nan))
        assert line.get_marker() not in ("None", "", None)
    words = " ".join(text.get_text() for text in figure.texts).replace("\n", " ")
    assert "Deviations that are exactly 0 are not drawn" in words
