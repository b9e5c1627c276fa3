"""The nested cubes: polygons, cubes and certificates of the dataset against the sets they stand for."""

import re
from fractions import Fraction

import numpy as np
import pytest
import xarray as xr

from ratelab import UserError, load_plugins
from ratelab.exact._cover import cover
from ratelab.studies.experiments._nested_cubes import run
from ratelab.studies.experiments._support_parameters import NestedCubes

GIVEN = {"exponent": 3, "margins": (5, 1)}


@pytest.fixture(scope="module")
def registry():
    return load_plugins(["plugins"])


@pytest.fixture(scope="module")
def dataset(registry):
    return run(NestedCubes(**GIVEN), registry, lambda *_: None)


def test_a_thin_margin_matches_and_a_wide_one_does_not(dataset):
    assert int(dataset["target_cube"]) == 2
    assert dataset["network_cube"].values.tolist() == [2, 3]
    assert dataset["matching"].values.tolist() == [1, 0]
    assert dataset["half_side"].values.tolist() == [0.5, 1.0, 1.5]


def test_every_network_is_certified_and_its_support_is_the_polygons(dataset):
    assert (dataset["certified"].values == 1).all() and (dataset["equal"].values == 1).all()
    assert (dataset["boxes"].values > 4).all()


def _inside(polygons, points):
    """Convex polygons, counter-clockwise: to the left of every side."""
    found = np.zeros(len(points), dtype=bool)
    for polygon in polygons:
        following = np.roll(polygon, -1, axis=0)
        side, away = following - polygon, points[:, None] - polygon[None]
        found |= (side[:, 0] * away[..., 1] - side[:, 1] * away[..., 0] >= 0).all(axis=1)
    return found


def test_the_polygons_are_the_points_near_the_cubes_in_the_sum_norm(dataset, registry):
    cubes = cover(registry.targets["ellipses"].support, Fraction(1, 8)).union.cubes
    # an irrational shift keeps points off all sides
    points = np.random.default_rng(0).uniform(-1.5, 1.5, (2000, 2)) + np.sqrt(2) * 1e-9
    low, high = cubes / 8, (cubes + 1) / 8
    gaps = np.maximum(np.maximum(low[None] - points[:, None], points[:, None] - high[None]), 0)
    distance = gaps.sum(axis=2).min(axis=1)
    for margin in dataset["margin"].values:
        corners = dataset["corners"].sel(margin=margin).values
        polygons = corners[np.isfinite(corners).all(axis=(1, 2))]
        assert np.array_equal(_inside(polygons, points), distance <= margin)


def test_the_level_is_at_most_zero_where_the_target_is_not_zero(dataset, registry):
    x, y = np.meshgrid(dataset["x"].values, dataset["y"].values)
    values = registry.targets["ellipses"](np.stack([x.ravel(), y.ravel()], axis=1))[:, 0].reshape(x.shape)
    assert (dataset["level"].values[values > 0] <= 0).all()
    assert (dataset["level"].values > 0)[values == 0].mean() > 0.99


def test_distances_and_leaks_grow_with_the_margin(dataset):
    for name in ("hausdorff", "leak"):
        low, high = dataset[f"{name}_low"].values, dataset[f"{name}_high"].values
        assert (low <= high).all() and low[1] > high[0]
    assert (dataset["hausdorff_low"].values <= 1 / 8 + dataset["margin"].values + 1e-12).all()
    assert (dataset["error"].values <= dataset["error_bound"].values).all()


@pytest.mark.parametrize("target", ["compact_cone", "l_shape", "indicator"])
def test_other_targets_with_a_support_go_through_by_their_label(registry, target):
    found = run(NestedCubes(target=target, exponent=2, margins=(5, 4)), registry, lambda *_: None)
    assert int(found["target_cube"]) == 2 and (found["certified"].values == 1).all()


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("tent", "target 'tent' has 1 variables; allowed here: 2"),
        ("compact_cone(dimension=3)", "has 3 variables; allowed here: 2"),
        ("cone", "declares no compact support"),
    ],
)
def test_other_dimensions_and_targets_without_a_support_are_refused(registry, target, reason):
    with pytest.raises(UserError, match=f"experiment 'nested-cubes': .*{re.escape(reason)}"):
        run(NestedCubes(target=target), registry, lambda *_: None)


def test_the_dataset_survives_netcdf_and_names_everything(dataset, tmp_path):
    dataset.to_netcdf(tmp_path / "d.nc")
    with xr.open_dataset(tmp_path / "d.nc") as again:
        xr.testing.assert_equal(again.load(), dataset)
    assert all(dataset[name].attrs["long_name"] for name in dataset.variables)


def test_the_same_numbers_come_twice(dataset, registry):
    xr.testing.assert_identical(run(NestedCubes(**GIVEN), registry, lambda *_: None), dataset)
