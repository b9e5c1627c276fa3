"""The figure of the sawtooth shows what its dataset holds."""

import numpy as np
import pytest

from ratelab import load_plugins
from ratelab.figures import _sawtooth_waves
from ratelab.figures._style import save
from ratelab.studies.experiments._catalogue import EXPERIMENTS, parameters_of


@pytest.fixture(scope="module")
def dataset():
    given = {"levels": 5, "depths": [2, 4], "cliff": 4}
    return EXPERIMENTS["sawtooth-waves"].run(
        parameters_of("sawtooth-waves", given), load_plugins(["plugins"]), lambda *_: None
    )


def test_waves_counts_cliff_and_besov_size_are_drawn(dataset):
    waves, connections, neurons, cliff, besov = _sawtooth_waves.figures(dataset)["sawtooth"].axes
    for j, line in zip(dataset["wave"].values, waves.lines, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), dataset["wave_y"].sel(wave=j).values)
    for axes, complexity in ((connections, "connections"), (neurons, "neurons")):
        expected = [
            dataset[name].sel(complexity=complexity, depth=depth).values
            for depth in dataset["depth"].values
            for name in ("size", "size_least")
        ]
        for line, sizes in zip(axes.lines, expected, strict=True):
            np.testing.assert_array_equal(line.get_xdata(), sizes)
            np.testing.assert_array_equal(line.get_ydata(), dataset["pieces"].values)
    steps = [line for line in cliff.lines if len(line.get_xdata()) > 1]
    for line, depth in zip(steps, dataset["depth"].values, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), dataset["cliff_error"].sel(depth=depth).values)
    assert any(np.array_equal(line.get_ydata(), dataset["besov"].values) for line in besov.lines)


def test_the_same_dataset_gives_the_same_bytes(dataset, tmp_path):
    files = [save(_sawtooth_waves.sawtooth(dataset), tmp_path / name) for name in "ab"]
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(*files, strict=True))
