"""The figures of depth show the networks and lower ends of the dataset, and nothing else."""

import numpy as np
import pytest

from ratelab import load_plugins
from ratelab.figures import _self_similar
from ratelab.figures._style import save
from ratelab.studies.experiments._catalogue import EXPERIMENTS, parameters_of


@pytest.fixture(scope="module")
def dataset():
    given = {"exponents": [1.0], "levels": 12, "width": 6, "measured": 500}
    return EXPERIMENTS["self-similar"].run(
        parameters_of("self-similar", given), load_plugins(["plugins"]), lambda *_: None
    )


def test_there_is_a_figure_for_each_complexity_with_a_panel_for_each_exponent(dataset):
    drawn = _self_similar.figures(dataset)
    assert list(drawn) == ["depth-connections", "depth-neurons", "skip-connections"]
    assert [len(figure.axes) for figure in drawn.values()] == [1, 1, 2]


def test_strict_networks_stand_beside_those_with_skip_connections(dataset):
    left, right = _self_similar.figures(dataset)["skip-connections"].axes
    one = dataset.isel(exponent=0)
    counted = [
        *one["strict_connections"].values.tolist(),
        *one["strict_connections_anywhere"].values.tolist(),
    ]
    drawn = [line.get_ydata().tolist() for line in left.lines]
    assert sorted(drawn) == sorted(counted)
    ratios = [line.get_ydata().tolist() for line in right.lines if len(line.get_xdata()) > 2]
    assert ratios == one["strict_ratio"].values.tolist()
    assert max(max(row) for row in ratios) <= 4


@pytest.mark.parametrize("complexity", ["connections", "neurons"])
def test_every_network_and_every_lower_end_is_drawn(dataset, complexity):
    (axes,) = _self_similar.depths(dataset, complexity).axes
    drawn = {(float(x), float(y)) for line in axes.lines for x, y in zip(*line.get_data(), strict=True)}
    one = dataset.sel(exponent=1.0, complexity=complexity)
    for name in ("error", "error_lower"):
        for depth in one["depth"].values:
            row = one.sel(depth=depth)
            for x, y in zip(row[complexity].values, row[name].values, strict=True):
                assert not np.isfinite(y) or (x, y) in drawn
    known = {
        float(v) for name in ("error", "error_lower", "error_measured") for v in one[name].values.ravel()
    }
    assert all(np.isnan(y) or y in known for _, y in drawn)


def test_the_legend_tells_the_rates(dataset):
    figure = _self_similar.depths(dataset, "neurons")
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "L = 2, rate a" in texts and "L = 4, rate 3a" in texts and "depth unbounded" in texts


def test_the_same_dataset_gives_the_same_bytes(dataset, tmp_path):
    files = [save(_self_similar.depths(dataset, "neurons"), tmp_path / name) for name in "ab"]
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(*files, strict=True))
