"""The figures of leaks show what their dataset holds."""

import numpy as np
import pytest

from ratelab import load_plugins
from ratelab.figures import _leaks
from ratelab.figures._style import save
from ratelab.studies.experiments._leaks import run
from ratelab.studies.experiments._support_parameters import Leaks

GIVEN = {
    "targets": ["tent", "compact_cone"],
    "activations": ["relu", "tanh", "gelu"],
    "widths": [8, 16],
    "degrees": [2, 4],
    "boxes": [1.5, 3.0],
    "thresholds": [1, 6, 300],
    "seeds": 2,
}


@pytest.fixture(scope="module")
def dataset():
    return run(Leaks(**GIVEN), load_plugins(["plugins"]), lambda *_: None)


def drawn(axes, values):
    return any(np.array_equal(line.get_ydata(), values, equal_nan=True) for line in axes.lines)


def test_errors_are_above_and_certified_leaks_below_one_column_a_target(dataset):
    panels = _leaks.by_width(dataset).axes
    assert len(panels) == 4
    assert [panels[i].get_title(loc="left") for i in (0, 2)] == ["tent, d = 1", "compact_cone, d = 2"]
    for column, target in enumerate(GIVEN["targets"]):
        upper, lower = panels[2 * column : 2 * column + 2]
        for label in dataset["network"].values:
            one = dataset.sel(target=target, network=label)
            assert drawn(upper, one["l1_error_median"].values)
            assert drawn(lower, 100 * one["leak_high_median"].values)
        ends = [collection.get_segments() for collection in lower.collections]
        lows = [segment[0][1] for segments in ends for segment in segments]
        np.testing.assert_allclose(lows, 100 * dataset["leak_low_median"].sel(target=target).values.ravel())


def test_floats_are_dashed_lines_and_balls_markers(dataset):
    figure = _leaks.by_threshold(dataset)
    for axes, target in zip(figure.axes, GIVEN["targets"], strict=True):
        for label in dataset["network"].values:
            one = dataset.sel(target=target, network=label)
            floats = [line for line in axes.lines if line.get_linestyle() == "--"]
            balls = [line for line in axes.lines if line.get_linestyle() == "None"]
            assert any(
                np.array_equal(line.get_ydata(), 100 * one["effective_float"].values) for line in floats
            )
            assert any(
                np.array_equal(line.get_ydata(), 100 * one["effective_ball_low"].values) for line in balls
            )


def test_leaks_on_boxes_and_of_polynomials_are_drawn(dataset):
    panels = _leaks.by_box(dataset).axes
    for column, target in enumerate(GIVEN["targets"]):
        upper, lower = panels[2 * column : 2 * column + 2]
        one = dataset.sel(target=target)
        for label in dataset["network"].values:
            assert drawn(upper, one["leak_l1_median"].sel(network=label).isel(width=-1).values)
        assert drawn(lower, one["polynomial_l1_error"].values)
        for radius in GIVEN["boxes"]:
            assert drawn(lower, one["polynomial_leak_l1"].sel(box=radius).values)


def test_no_two_networks_look_alike(dataset):
    many = dataset.reindex(network=["relu", *(f"a{i}" for i in range(10)), "relu × mask"])
    found = [tuple(sorted(mark.items())) for mark in _leaks.marks(many).values()]
    assert len(set(found)) == len(found)


def test_the_same_dataset_gives_the_same_bytes(dataset, tmp_path):
    for draw in (_leaks.by_width, _leaks.by_threshold, _leaks.by_box):
        files = [save(draw(dataset), tmp_path / copy) for copy in "ab"]
        assert all(a.read_bytes() == b.read_bytes() for a, b in zip(*files, strict=True))
