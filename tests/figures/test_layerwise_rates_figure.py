"""The figures of layer-wise rates show what their dataset holds."""

import numpy as np
import pytest

from ratelab import load_plugins
from ratelab.figures import _layerwise_rates
from ratelab.figures._style import save
from ratelab.studies.experiments._layer_parameters import LayerwiseRates
from ratelab.studies.experiments._layerwise_rates import run


@pytest.fixture(scope="module")
def dataset():
    given = {
        "targets": ["lipschitz_wave", "random_cells", "disc", "constant"],
        "bases": [2, 4],
        "grades": 3,
        "cells": 64,
    }
    return run(LayerwiseRates(**given), load_plugins(["plugins"]), lambda *_: None)


def _drawn(axes, values):
    return any(
        len(line.get_ydata()) == len(values)
        and np.allclose(line.get_ydata(), values, rtol=0, atol=0, equal_nan=True)
        for line in axes.lines
    )


def test_errors_and_bounds_of_every_base_are_drawn(dataset):
    panels = _layerwise_rates.rates(dataset).axes
    one = dataset.sel(norm=2.0)
    for axes, target in zip(panels, dataset["target"].values, strict=True):
        for base in (2, 4):
            for name in ("error_high", "bound"):
                values = one[name].sel(target=target, base=base).values
                assert _drawn(axes, np.where(values > 0, values, np.nan))


def test_shares_are_the_largest_over_bases_and_targets(dataset):
    panels = _layerwise_rates.shares(dataset).axes
    one = dataset.sel(norm=2.0)
    assert len(panels) == 4
    for target, axes in (("lipschitz_wave", panels[0]), ("random_cells", panels[0]), ("disc", panels[1])):
        assert _drawn(axes, np.nanmax(one["ratio"].sel(target=target).values, axis=0)[1:])
    flat = one.sel(target=["lipschitz_wave", "random_cells"])  # a constant has no bound
    costs = flat["trifling"].values / flat["bound"].values
    assert _drawn(panels[2], np.nanmax(costs, axis=(0, 1))[1:])


def test_at_most_four_bases_are_drawn(dataset):
    many = dataset.reindex(base=[2, 3, 4, 5, 6, 7, 8])
    assert _layerwise_rates.drawn_bases(many) == [2, 4, 6, 8]
    assert _layerwise_rates.drawn_bases(dataset) == [2, 4]


def test_the_same_dataset_gives_the_same_bytes(dataset, tmp_path):
    for name, draw in (("rates", _layerwise_rates.rates), ("shares", _layerwise_rates.shares)):
        files = [save(draw(dataset), tmp_path / f"{name}-{copy}") for copy in "ab"]
        assert all(a.read_bytes() == b.read_bytes() for a, b in zip(*files, strict=True))
