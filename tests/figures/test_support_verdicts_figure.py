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
        assert len(shown) == built.sum() == len(marks)
        for label in dataset["class"].values[built]:
            row, line = one.sel({"class": label}), shown[styles[label]]
            proved = int(row["certificate"]) in (1, 2)
            assert line.get_xdata() == [float(row["l1_error"])]
            assert line.get_ydata() == [float(row["mismatch_high" if proved else "mismatch_float"])]
            close = float(row["mismatch_high"]) <= 1.01 * float(row["mismatch_low"])
            assert (line.get_markerfacecolor() == "white") != (proved and close)


def words(figure):
    return " ".join(text.get_text().replace("\n", " ") for text in figure.texts)


@pytest.mark.parametrize("lowest", [None, 0.0])
def test_bars_lead_from_end_to_end_and_down_to_the_axis_from_zero(dataset, lowest):
    given = dataset.copy(deep=True)
    if lowest is not None:
        given["mismatch_low"].loc[{"class": "gate, constructed"}] = lowest
    figure, styles = _support_verdicts.mismatch(given), _support_verdicts.marks(given)
    assert "Open, on top of a bar: constructed" in words(figure)
    for axes, target in zip(figure.axes, GIVEN["targets"], strict=True):
        one = given.sel(target=target, budget=240)
        for label in given["class"].values[one["certificate"].values > 0]:
            row = one.sel({"class": label})
            low, high = float(row["mismatch_low"]), float(row["mismatch_high"])
            bars = [
                line.get_ydata()
                for line in axes.lines
                if line.get_linestyle() == "-" and line.get_color() == styles[label][0]
            ]
            expected = [low if low > 0 else axes.get_ylim()[0], high]
            assert any(np.allclose(bar, expected) for bar in bars) == (low < high)
        gate = one.sel({"class": "gate, constructed"})
        assert float(gate["mismatch_high"]) > 1.01 * float(gate["mismatch_low"])
    close = given.sel({"class": ["hats, constructed", "tanh"]})
    assert "on top of a bar" not in words(_support_verdicts.mismatch(close))


def test_an_error_and_a_mismatch_of_zero_stand_on_the_axes(dataset):
    zero = dataset.copy(deep=True)
    at = {"target": "tent", "class": "hats, constructed", "budget": 240}
    for name in ("l1_error", "mismatch_low", "mismatch_high"):
        zero[name].loc[at] = 0.0
    figure = _support_verdicts.mismatch(zero)
    assert "On the left or lower axis: 0." in words(figure)
    assert "axis: 0." not in words(_support_verdicts.mismatch(dataset))
    colour, marker = _support_verdicts.marks(zero)["hats, constructed"]
    axes = figure.axes[0]
    (line,) = [line for line in axes.lines if (line.get_color(), line.get_marker()) == (colour, marker)]
    assert line.get_xdata() == [axes.get_xlim()[0]] and line.get_ydata() == [axes.get_ylim()[0]]
    assert line.get_markerfacecolor() == colour and not line.get_clip_on()


def test_both_axes_have_labels_even_on_short_ranges(dataset):
    for one in (
        dataset,
        dataset.sel({"class": ["tanh"]}),
        dataset.sel({"class": ["hats, constructed", "relu"]}),
    ):
        for axes in _support_verdicts.mismatch(one).axes:
            for axis in (axes.xaxis, axes.yaxis):
                assert sum(bool(label.get_text()) for label in axis.get_ticklabels()) >= 2


def test_a_target_without_any_network_has_an_empty_panel(dataset):
    none = dataset.copy(deep=True)
    none["certificate"].loc[{"target": "tent"}] = 0
    axes = _support_verdicts.mismatch(none).axes[0]
    assert not axes.lines and [text.get_text() for text in axes.texts] == ["no network fits"]


def test_open_entries_are_explained_where_they_occur(dataset):
    clear, murky = dataset.copy(deep=True), dataset.copy(deep=True)
    clear["certificate"] = clear["certificate"].where(clear["certificate"] != 4, 3)
    clear["cube"] = clear["cube"].fillna(1.0)
    for name, code, other in (("matching", 3, 2), ("convergence", 4, 3)):
        clear[name] = clear[name].where(clear[name] != code, other)
        murky[name].loc[{"target": "tent", "class": "relu"}] = code
    murky["certificate"].loc[{"target": "tent", "class": "relu"}] = 4
    murky["cube"].loc[{"target": "tent", "class": "relu"}] = np.nan
    sentences = (
        "as certificate: nothing is proved",
        "?: n is not known",
        "as same n: not decided",
        "undecided: not ",
    )
    assert not any(sentence in words(_support_verdicts.table(clear)) for sentence in sentences)
    assert all(sentence in words(_support_verdicts.table(murky)) for sentence in sentences)


def test_slopes_are_only_called_trained_where_they_were(dataset):
    other = dataset.assign_attrs(slopes="features")
    table = _support_verdicts.table(other)
    texts = [text.get_text() for text in table.texts]
    assert "prelu" in texts and "prelu, slopes trained" not in texts and "Trained PReLU" not in words(table)
    legend = [text.get_text() for text in _support_verdicts.mismatch(other).legends[0].get_texts()]
    assert "prelu" in legend and "prelu, slopes trained" not in legend
    assert "Trained PReLU slopes lie" in words(_support_verdicts.table(dataset))


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
