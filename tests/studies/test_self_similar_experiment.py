"""The experiment on depth: counts, errors, lower ends and slopes agree with one another."""

import numpy as np
import pytest
import xarray as xr

from ratelab import load_plugins
from ratelab.studies.experiments._catalogue import EXPERIMENTS, parameters_of

GIVEN = {"exponents": [0.5, 1.0], "levels": 24, "width": 8, "measured": 2000}


@pytest.fixture(scope="module")
def dataset():
    return EXPERIMENTS["self-similar"].run(
        parameters_of("self-similar", GIVEN), load_plugins(["plugins"]), lambda *_: None
    )


def test_lower_ends_lie_below_every_network(dataset):
    both = np.isfinite(dataset["error_lower"])
    assert int(both.sum()) > 50
    assert bool((dataset["error_lower"] < dataset["error"]).where(both, True).all())
    assert bool((dataset["error_lower"] > 0).where(both, True).all())


def test_integrated_errors_are_the_closed_form(dataset):
    known = np.isfinite(dataset["error_measured"])
    assert int(known.sum()) > 20
    ratio = (dataset["error_measured"] / dataset["error"]).where(known, 1.0)
    np.testing.assert_allclose(ratio, 1.0, rtol=1e-9)
    levels, a = dataset["levels"], dataset["exponent"]
    form = 2.0 ** (-a * levels) / np.sqrt(12 * (4.0**a - 1))
    shown = np.isfinite(dataset["error"]).values
    np.testing.assert_allclose(
        dataset["error"].values[shown], form.transpose(*dataset["error"].dims).values[shown]
    )


def test_slopes_on_the_lattice_end_at_the_rates(dataset):
    for a in GIVEN["exponents"]:
        for complexity, depth, rate in (
            ("connections", "2", a), ("connections", "4", 2 * a), ("connections", "6", 3 * a),
            ("neurons", "2", a), ("neurons", "3", 2 * a), ("neurons", "4", 3 * a),
        ):  # fmt: skip
            one = dataset.sel(exponent=a, complexity=complexity, depth=depth)
            slopes = one["slope"].values
            assert slopes[np.isfinite(slopes)][-1] == pytest.approx(rate, abs=0.05)
            assert float(one["rate"]) == rate


def test_at_depth_three_takagi_has_rate_one_by_connections_and_two_by_neurons(dataset):
    rates = dataset["rate"].sel(exponent=1.0, depth="3")
    assert rates.sel(complexity="connections") == 1
    assert rates.sel(complexity="neurons") == 2


def test_without_a_bound_on_depth_size_is_linear_in_the_levels(dataset):
    one = dataset.sel(exponent=1.0, complexity="neurons", depth="unbounded")
    steps = np.diff(one["neurons"].values)
    assert set(steps[np.isfinite(steps)]) == {3.0}


def test_strictness_costs_at_most_four_times_the_connections(dataset):
    assert float(dataset["strict_ratio"].min()) >= 1
    assert float(dataset["strict_ratio"].max()) <= 4
    one = dataset.sel(exponent=1.0, strict_blocks=2, strict_width=3)
    # two of the identity neurons' eight connections become four, and dead neurons are gone
    assert int(one["strict_connections"]) == 36
    assert int(one["strict_connections_anywhere"]) == 46


def test_the_dataset_survives_netcdf_and_names_everything(dataset, tmp_path):
    dataset.to_netcdf(tmp_path / "d.nc")
    with xr.open_dataset(tmp_path / "d.nc") as again:
        xr.testing.assert_equal(again.load(), dataset)
    assert all(dataset[name].attrs["long_name"] for name in dataset.variables)
