"""The table says what the dataset holds, and error lines are its numbers."""

import numpy as np
import pytest

import ratelab as rl
from ratelab.figures import _activation_table as drawing
from ratelab.studies.experiments._activation_table import run
from ratelab.studies.experiments._space_parameters import ActivationTable

LABELS = ["relu", "relu2", "prelu", "tanh", "arctan", "softplus", "sine"]


@pytest.fixture(scope="module")
def dataset():
    return run(ActivationTable(activations=LABELS, steps=6), rl.load_plugins(), lambda *_: None)


@pytest.fixture(scope="module")
def figures(dataset):
    return drawing.figures(dataset)


def test_there_is_a_table_and_a_figure_of_identities(figures):
    assert list(figures) == ["activation-table", "activation-identities"]


def test_rows_are_written_in_words(dataset, figures):
    rows = {label: drawing.row_texts(dataset.sel(activation=label)) for label in LABELS}
    assert rows["relu"] == ("relu", "C⁰, piecewise", "0", "x", "no", "2 terms, proved", "exact")
    assert rows["relu2"][:6] == ("relu2", "C¹, piecewise", "0", "faster", "no", "4 terms, proved")
    assert rows["prelu"][2] == "0.25 x"
    assert rows["tanh"][1:6] == ("analytic", "−1", "1", "squashing", "none known")
    assert rows["tanh"][6].endswith(", h²") and rows["softplus"][6].endswith(", h")
    assert rows["arctan"][2:4] == ("−π/2", "π/2")
    assert rows["softplus"][5] == "2 terms, seen in samples"
    assert rows["sine"][2:5] == ("no limit", "no limit", "yes")
    words = [text.get_text() for text in figures["activation-table"].texts]
    for row in rows.values():
        assert all(entry in words for entry in row)


def test_columns_do_not_overlap(figures):
    figure = figures["activation-table"]
    renderer = figure.canvas.get_renderer()
    boxes = [text.get_window_extent(renderer) for text in figure.texts[2:]]
    assert max(box.x1 for box in boxes) <= figure.get_size_inches()[0] * figure.dpi
    for i, first in enumerate(boxes):
        assert not any(first.overlaps(second) for second in boxes[i + 1 :])


def test_panels_hold_exact_first_and_second_order_lines(dataset, figures):
    exact, first, second = figures["activation-identities"].axes
    assert len(exact.lines) == 2 * 2 and len(first.lines) == 2 * 5 and len(second.lines) == 2 * 3
    one = dataset.sel(activation="tanh", place="inflection")
    bound = one["carry_bound"].values
    assert any(np.array_equal(line.get_ydata(), bound) for line in second.lines)
    shown = [line for line in second.lines if line.get_marker() not in ("", "None", None)]
    for line in shown:
        assert set(line.get_ydata()) <= set(dataset["carry_error"].values.ravel())
    for axes in (exact, first, second):
        assert axes.get_xscale() == axes.get_yscale() == "log"
