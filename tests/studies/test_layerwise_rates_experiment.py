"""The experiment on layer-wise rates: brackets within bounds, one network behind all readouts, numbers that agree."""

from fractions import Fraction
from math import sqrt

import numpy as np
import pytest
import xarray as xr

from ratelab import UserError, load_plugins
from ratelab.studies.experiments._layer_parameters import LayerwiseRates
from ratelab.studies.experiments._layerwise_rates import DECODERS, run

GIVEN = {
    "targets": ["lipschitz_wave", "step(at=0.3)", "constant", "disc", "lipschitz_wave(dimension=3)"],
    "bases": [2, 5],
    "grades": 4,
    "decoded_cells": 8,
    "cells": 700,
    "cells_in_space": 200,
}


@pytest.fixture(scope="module")
def registry():
    return load_plugins(["plugins"])


@pytest.fixture(scope="module")
def dataset(registry):
    return run(LayerwiseRates(**GIVEN), registry, lambda *_: None)


def test_errors_are_brackets_within_the_bound(dataset):
    uneven = dataset.drop_sel(target="constant")
    built = uneven["decoder"] > 0
    assert bool((uneven["error_low"] <= uneven["error_high"]).where(built, True).all())
    assert bool((uneven["error_high"] <= uneven["bound"]).where(built, True).all())
    assert bool((uneven["averages_high"] <= uneven["averages_bound"]).where(built, True).all())
    assert float(dataset["error_high"].sel(target="constant").max()) < 1e-14


def test_errors_of_the_wave_are_those_of_closed_forms(dataset):
    """Averages over halves are ±1/π², over fifths those of differences of cosines."""
    one = dataset.sel(target="lipschitz_wave", norm=2.0)
    assert one["averages_high"].sel(base=2, level=1) == pytest.approx(sqrt(1 / (8 * np.pi**2) - np.pi**-4))
    ends = np.cos(2 * np.pi * np.arange(6) / 5) / (4 * np.pi**2)
    means = -5 * np.diff(ends)
    expected = sqrt(1 / (8 * np.pi**2) - (means**2).mean())
    assert one["averages_high"].sel(base=5, level=1) == pytest.approx(expected)


def test_errors_of_the_jump_come_from_the_one_cell_that_it_cuts(dataset):
    for base in (2, 5):
        for level in (1, 2, 3):
            share = float(Fraction("0.3") * base**level % 1)
            for p in (1.0, 2.0):
                expected = ((share * (1 - share) ** p + (1 - share) * share**p) * base**-level) ** (1 / p)
                found = float(
                    dataset["averages_high"].sel(target="step(at=0.3)", base=base, level=level, norm=p)
                )
                assert found == pytest.approx(expected, rel=1e-9)


def test_two_sines_decode_few_cells_and_a_table_the_others(dataset):
    graded = dataset.isel(level=slice(1, None))
    decoder, cells = graded["decoder"], graded["cells"]
    assert bool((decoder.where((cells >= 0) & (cells <= 8), 1) == DECODERS["closed_form"]).all())
    assert bool((decoder.where(cells > 8, 2) == DECODERS["table"]).all())
    limit = xr.where(dataset["variables"] == 3, 200, 700)
    assert bool((cells <= limit).all())
    assert int(cells.sel(target="disc", base=5).max()) == 625


def test_widths_and_parameters_are_those_of_the_formula(dataset):
    for target in dataset["target"].values:
        one = dataset.sel(target=target)
        d = int(one["variables"])
        for base in (2, 5):
            w = 2 * d * base + d + 2
            assert int(one["width"].sel(base=base)) == w
            for level in range(5):
                count = int(one["parameters"].sel(base=base, level=level))
                assert count in (-1, (d + 1) * w + (level + 1) * w * (w + 1) + w + 1)


def test_slopes_are_secants_of_the_errors(dataset):
    one = dataset.sel(target="step(at=0.3)", base=5, norm=1.0)
    errors = one["error_high"].values
    assert float(one["slope"][2]) == pytest.approx(np.log(errors[1] / errors[2]) / np.log(5))
    assert np.isnan(one["slope"][0])


def test_the_dataset_survives_netcdf_and_names_everything(dataset, tmp_path):
    dataset.to_netcdf(tmp_path / "d.nc")
    with xr.open_dataset(tmp_path / "d.nc") as again:
        xr.testing.assert_equal(again.load(), dataset)
    assert all(dataset[name].attrs["long_name"] for name in dataset.variables)


def test_too_few_cells_for_one_grade_are_refused(registry):
    with pytest.raises(UserError, match="base 5 in 3 variables has 125 cells"):
        run(
            LayerwiseRates(**GIVEN | {"targets": GIVEN["targets"][-1:], "bases": [5], "cells_in_space": 100}),
            registry,
            lambda *_: None,
        )


def test_parameters_refuse_other_norms_and_bases():
    for given in ({"norms": [0.5]}, {"norms": [float("inf")]}, {"bases": [1]}, {"bases": [3, 2]}):
        with pytest.raises(ValueError):
            LayerwiseRates(**given)
