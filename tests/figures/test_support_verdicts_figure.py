"""The figures of verdicts on supports show what their dataset holds."""

import numpy as np
import pytest

from ratelab import load_plugins
from ratelab.figures import _support_verdicts
from ratelab.figures._style import save
from ratelab.studies.experiments._support_parameters import SupportVerdicts
from ratelab.studies.experiments._support_verdicts import run

GIVEN = {
    "targets": ["tent", "compact_cone", "two_components(dimension=1)"],
    "activations": ["tanh"],
    "budgets": [60, 120, 240],
    "slopes": "slopes(steps=5)",
}


@pytest.fixture(scope="module")
def dataset():
    return run(SupportVerdicts(**GIVEN), load_plugins(["plugins"]), lambda *_: None)


def test_every_class_that_was_built_has_its_mark_at_error_and_mismatch(dataset):
    figure = _support_verdicts.mismatch(dataset)
    styles = _support_verdicts.marks(dataset)
    for axes, target in zip(figure.axes, GIVEN["targets"], strict=True):
        marks = [line for line in axes.lines if line.get_marker() not in ("None", "", None)]
        shown = {(line.get_color(), line.get_marker()): line for line in marks}
        one = dataset.sel(target=target, budget=240)
        built = one["certificate"].values > 0
        assert len(shown) == built.sum()
        for label in dataset["class"].values[built]:
            row, line = one.sel({"class": label}), shown[styles[label]]
            proved = int(row["certificate"]) in (1, 2)
            assert line.get_xdata() == [float(row["l1_error"])]
            assert line.get_ydata() == [float(row["mismatch_high" if proved else "mismatch_float"])]
            assert (line.get_markerfacecolor() == "white") != proved


def test_no_two_classes_look_alike(dataset):
    marks = list(_support_verdicts.marks(dataset).values())
    assert len(set(marks)) == len(marks)


def test_the_table_says_what_the_dataset_says(dataset):
    figure = _support_verdicts.table(dataset)
    texts = [text.get_text() for text in figure.texts]
    for label in dataset["class"].values:
        assert texts.count(label) == 2  # two rows of blocks
    for target in ("tent, d = 1, n = 1", "compact_cone, d = 2, n = 1", "two_components, d = 1, n = 1"):
        assert target in texts
    meanings = {1: "converges", 2: "L₁ loc only", 3: "does not", 4: "undecided"}
    for code, word in meanings.items():
        header = word == "converges"
        assert texts.count(word) == int((dataset["convergence"] == code).sum()) + 3 * header
    assert texts.count("≠ 0 a.e.") == int((dataset["certificate"].isel(budget=-1) == 2).sum())
    assert texts.count("∞") == int(np.isinf(dataset["cube"].isel(budget=-1)).sum())


def test_entries_of_what_was_not_built_are_dashes(dataset):
    empty = dataset.sel({"target": "tent", "class": "tanh"}).copy(deep=True)
    for name in ("certificate", "convergence", "matching"):
        empty[name] = empty[name] * 0
    for name in ("l1_error", "cube"):
        empty[name] = empty[name] * np.nan
    assert [text for text, _ in _support_verdicts.entries(empty)] == ["—"] * 5


def test_the_same_dataset_gives_the_same_bytes(dataset, tmp_path):
    for draw in (_support_verdicts.mismatch, _support_verdicts.table):
        files = [save(draw(dataset), tmp_path / copy) for copy in "ab"]
        assert all(a.read_bytes() == b.read_bytes() for a, b in zip(*files, strict=True))
