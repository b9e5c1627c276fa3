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


def labels(axis):
    return [label.get_text() for label in axis.get_ticklabels() if label.get_text()]


def many(dataset, targets, boxes):
    """Return the dataset with more targets and boxes than it has."""
    found = dataset.isel(target=[i % 2 for i in range(targets)], box=[i % 2 for i in range(boxes)])
    return found.assign_coords(
        target=np.array([f"t{i}" for i in range(targets)], dtype=object), box=1.5 + np.arange(boxes) / 4
    )


def test_many_targets_stand_in_rows_of_four_and_many_boxes_have_markers(dataset):
    for figure in _leaks.figures(many(dataset, 6, 20)).values():
        figure.canvas.draw()
        spots = [axes.get_position() for axes in figure.axes]
        assert len({round(spot.x0, 6) for spot in spots}) == 4
        assert not any(a.overlaps(b) for i, a in enumerate(spots) for b in spots[:i])
        assert [axes.get_ylabel() != "" for axes in figure.axes if axes.get_title(loc="left")] == [
            True, False, False, False, True, False,
        ]  # fmt: skip


def test_labels_of_ticks_lie_apart(dataset):
    for figure in _leaks.figures(many(dataset, 4, 20)).values():
        figure.canvas.draw()
        for axes in figure.axes:
            boxes = [label.get_window_extent() for label in axes.get_xticklabels() if label.get_text()]
            assert boxes
            assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


@pytest.mark.parametrize("exponents", [[0, 4, 5], [4], [0], [4, 5, 7], [1, 6, 300]])
def test_thresholds_have_labels_whatever_they_are(dataset, exponents):
    some = dataset.isel(threshold=[0] * len(exponents)).assign_coords(threshold=exponents)
    for axes in _leaks.by_threshold(some).axes:
        assert labels(axes.xaxis)
        low, high = axes.get_xlim()
        assert all(low < m < high for m in exponents)
        assert ((axes.get_xticks() > low) & (axes.get_xticks() < high)).all()


def test_errors_have_labels_even_on_short_ranges(dataset):
    flat = dataset.copy(deep=True)
    flat["l1_error_median"] = flat["l1_error_median"] * 0 + 0.34
    for one in (dataset, flat):
        for axes in _leaks.by_width(one).axes:
            assert len(labels(axes.yaxis)) >= 2
