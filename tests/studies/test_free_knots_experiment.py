"""Free and uniform knots: closed forms, the printed table, order of the ends."""

import csv
from math import inf, sqrt
from pathlib import Path

import numpy as np
import pytest

import ratelab as rl
from ratelab import datasets
from ratelab.studies.experiments import _free_knots
from ratelab.studies.experiments._space_parameters import FreeKnots

REGISTRY = rl.load_plugins()
PIECES = [1, 2, 4, 8]
SMALL = FreeKnots(targets=["square", "sqrt", "exp", "sine"], pieces=PIECES)
PRINTED = [
    row
    for row in csv.DictReader(
        (Path(__file__).parents[2] / "data" / "free_knot_l2.csv").read_text().splitlines()
    )
    if row["knots"] == "uniform" and int(row["pieces"]) in PIECES
]


@pytest.fixture(scope="module")
def dataset():
    return _free_knots.run(SMALL, REGISTRY, lambda *_: None)


def test_brackets_are_rigorous_and_below_uniform_knots(dataset):
    assert (dataset["certainty"] == datasets.CERTAINTY["rigorous"]).all()
    assert (dataset["uniform_certainty"] == datasets.CERTAINTY["rigorous"]).all()
    assert (dataset["free_lower"] <= dataset["free_upper"]).all()
    assert (dataset["free_upper"] <= dataset["uniform"] * (1 + 1e-9)).all()


def test_the_square_has_its_limit_at_every_size_on_both_kinds_of_knots(dataset):
    one = dataset.sel(target="square")
    np.testing.assert_allclose(one["uniform"].values, 1 / sqrt(180), rtol=1e-9)
    assert (one["free_lower"] <= 1 / sqrt(180)).all() and (one["free_upper"] >= 1 / sqrt(180) - 1e-12).all()
    assert float(one["free_limit"]) == pytest.approx(1 / sqrt(180))


@pytest.mark.parametrize("row", PRINTED, ids=lambda row: f"{row['target']}-{row['pieces']}")
def test_uniform_knots_have_the_printed_errors(dataset, row):
    pieces = int(row["pieces"])
    found = float(dataset["uniform"].sel(target=row["target"], pieces=pieces)) / pieces**2
    assert found == pytest.approx(float(row["error"]), rel=4e-4)


def test_limits_are_finite_where_the_norm_is(dataset):
    assert float(dataset["uniform_limit"].sel(target="sqrt")) == inf
    assert float(dataset["uniform_limit"].sel(target="sine")) == pytest.approx(1.0403, abs=1e-4)
    for rough in ("takagi", "weierstrass", "brownian"):
        assert np.isnan(_free_knots._limits(REGISTRY.targets[rough])).all()
    for name in ("exp", "sqrt"):
        one = dataset.sel(target=name)
        distance = np.abs(one["free_upper"].values / float(one["free_limit"]) - 1)
        assert (np.diff(distance) < 0).all()


def test_everything_is_described_repeats_and_survives_netcdf(dataset, tmp_path):
    assert [v for v in dataset.variables if not dataset[v].attrs.get("long_name")] == []
    datasets.write(dataset, tmp_path / "knots.nc")
    assert datasets.read(tmp_path / "knots.nc").identical(dataset)
    again = _free_knots.run(FreeKnots(targets=["sine"], pieces=[1, 2, 4, 8]), REGISTRY, lambda *_: None)
    np.testing.assert_array_equal(again["free_lower"][0], dataset["free_lower"].sel(target="sine"))
    np.testing.assert_array_equal(again["uniform"][0], dataset["uniform"].sel(target="sine"))
