"""The experiment on sawtooth functions: graphs, counts, cliffs and Besov sizes."""

import numpy as np
import pytest
import xarray as xr

from ratelab import load_plugins
from ratelab.studies.claims._space_depth import besov_size
from ratelab.studies.experiments._catalogue import EXPERIMENTS, parameters_of

GIVEN = {"levels": 8, "cliff": 5}


@pytest.fixture(scope="module")
def dataset():
    return EXPERIMENTS["sawtooth-waves"].run(
        parameters_of("sawtooth-waves", GIVEN), load_plugins(["plugins"]), lambda *_: None
    )


def test_waves_go_up_and_down_between_dyadic_points(dataset):
    for j in (1, 2, 3):
        one = dataset.sel(wave=j)
        np.testing.assert_array_equal(one["wave_x"].values[: 2**j + 1], np.arange(2**j + 1) / 2**j)
        np.testing.assert_array_equal(one["wave_y"].values[: 2**j + 1], np.arange(2**j + 1) % 2)


def test_networks_have_all_pieces_and_no_smaller_size_could(dataset):
    counted, pieces = dataset["pieces_counted"], dataset["pieces"]
    assert bool((counted == pieces).all())
    assert bool((dataset["size_least"] <= dataset["size"]).all())
    shallow = dataset["size"].sel(complexity="connections", depth=2)
    np.testing.assert_array_equal(shallow, 2 ** (dataset["level"] + 1))


def test_the_error_falls_off_a_cliff_where_the_network_fits(dataset):
    for depth, cliff in ((2, 64), (4, 24)):
        error = dataset["cliff_error"].sel(depth=depth)
        assert bool((error.where(dataset["budget"] >= cliff, 0) == 0).all())
        assert bool((error.where(dataset["budget"] < cliff, 1) > 0.03).all())


def test_besov_sizes_lie_between_their_bounds_and_grow_like_the_power(dataset):
    assert bool((dataset["besov_lower"] <= dataset["besov"] * (1 + 1e-12)).all())
    assert bool((dataset["besov"] <= dataset["besov_upper"]).all())
    ratio = dataset["besov"].values[1:] / dataset["besov"].values[:-1]
    assert ratio[-1] == pytest.approx(2**0.5, rel=0.01)


def test_the_besov_size_is_the_largest_scaled_modulus_on_a_fine_grid():
    """Riemann sums on a grid that knows nothing of the teeth."""
    j, s = 3, 0.4
    x = (np.arange(200_000) + 0.5) / 200_000
    values = []
    for t in np.arange(1, 64) / 64:  # eighths of a tooth and more
        inside = x[x < 1 - t]
        wave = [1 - np.abs((p * 2**j) % 2 - 1) for p in (inside + t, inside)]
        values.append(t**-s * np.sqrt(((wave[0] - wave[1]) ** 2).sum() / len(x)))
    assert besov_size(j, s) == pytest.approx(max(values), rel=1e-4)


def test_the_dataset_survives_netcdf_and_names_everything(dataset, tmp_path):
    dataset.to_netcdf(tmp_path / "d.nc")
    with xr.open_dataset(tmp_path / "d.nc") as again:
        xr.testing.assert_equal(again.load(), dataset)
    assert all(dataset[name].attrs["long_name"] for name in dataset.variables)
