"""Bands, marks and limits of the free-knot figure are the dataset's numbers."""

from math import inf, nan

import numpy as np
import pytest
import xarray as xr

from ratelab.figures import _free_knots
from ratelab.figures._style import BLUE, VERMILLION


@pytest.fixture
def dataset():
    lower = np.array([[0.07, 0.072, 0.074], [0.05, 0.08, 0.09]])
    return xr.Dataset(
        {
            "free_lower": (("target", "pieces"), lower),
            "free_upper": (("target", "pieces"), lower * 1.01),
            "uniform": (("target", "pieces"), np.array([[0.08, 0.08, 0.08], [0.1, 0.4, 1.6]])),
            "free_limit": ("target", np.array([0.0745, 0.092])),
            "uniform_limit": ("target", np.array([0.0745, inf])),
        },
        coords={"target": np.array(["square", "sqrt"], dtype=object), "pieces": [2, 8, 32]},
    )


def test_each_target_has_a_band_two_lines_and_its_finite_limits(dataset):
    figure = _free_knots.figures(dataset)["free-knots"]
    for axes, label, limits in zip(figure.axes, ("square", "sqrt"), (2, 1), strict=True):
        one = dataset.sel(target=label)
        assert axes.get_title(loc="left") == label
        (band,) = axes.collections
        corners = band.get_paths()[0].vertices[:, 1]
        assert corners.min() == one["free_lower"].min() and corners.max() == one["free_upper"].max()
        free, uniform, *rest = axes.lines
        np.testing.assert_array_equal(free.get_ydata(), one["free_upper"].values)
        np.testing.assert_array_equal(uniform.get_ydata(), one["uniform"].values)
        assert (free.get_color(), uniform.get_color()) == (BLUE, VERMILLION)
        assert len(rest) == limits
        assert rest[0].get_ydata()[0] == float(one["free_limit"])
        low, high = axes.get_ylim()
        assert low < one["free_lower"].min() and high > one["uniform"].max()


def test_targets_without_limits_are_drawn_without_them(dataset):
    dataset["free_limit"][1] = nan
    dataset["uniform_limit"][1] = nan
    figure = _free_knots.free_knots(dataset)
    assert len(figure.axes[1].lines) == 2
