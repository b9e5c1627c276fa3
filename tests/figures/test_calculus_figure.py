"""Drawings of networks show every neuron and every weight of the dataset, and the counts."""

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba

from ratelab.figures import _calculus
from ratelab.figures._network_drawing import MARKERS
from ratelab.studies.experiments._calculus import KIND, run
from ratelab.studies.experiments._space_parameters import Calculus


@pytest.fixture(scope="module")
def dataset():
    return run(Calculus(levels=2), None, lambda *_: None)


@pytest.fixture(scope="module")
def figures(dataset):
    return _calculus.figures(dataset)


DRAWN = {
    "calculus-sum": ("first", "second", "sum"),
    "calculus-composition": ("inner", "outer", "unmerged", "merged"),
}


def test_there_is_a_figure_for_sums_compositions_and_merging(figures):
    assert list(figures) == ["calculus-sum", "calculus-composition", "calculus-merging"]


@pytest.mark.parametrize("name", DRAWN)
def test_marks_are_the_neurons_by_kind_and_lines_the_weights(figures, dataset, name):
    for axes, graph in zip(figures[name].axes, DRAWN[name], strict=True):
        one = dataset.sel(graph=graph)
        kinds = one["node_kind"].values
        for kind, flag in KIND.items():
            marks = [line for line in axes.lines if line.get_marker() == MARKERS[kind]]
            assert len(marks) == int((kinds == flag).sum())
        lines = [c for c in axes.collections if isinstance(c, LineCollection)]
        assert sum(len(c.get_segments()) for c in lines) == int(one["graph_connections"])
        positive, negative = lines
        assert len(negative.get_segments()) == int((one["edge_weight"] < 0).sum())
        width = positive.get_linewidths()
        weights = one["edge_weight"].values[one["edge_weight"].values > 0]
        assert (np.diff(np.asarray(width)[np.argsort(weights)]) >= 0).all()


@pytest.mark.parametrize("name", DRAWN)
def test_counts_stand_under_each_drawing_and_nothing_leaves_the_figure(figures, dataset, name):
    figure = figures[name]
    words = [text.get_text() for text in figure.texts]
    for graph in DRAWN[name]:
        assert _calculus.counts_text(dataset.sel(graph=graph)) in words
    width, height = figure.get_size_inches() * figure.dpi
    renderer = figure.canvas.get_renderer()
    for text in [*figure.texts, *figure.axes]:
        box = text.get_window_extent(renderer)
        assert min(box.x0, box.y0) >= 0 and box.x1 <= width and box.y1 <= height


def test_padding_has_a_colour_of_its_own(figures):
    green = [
        line
        for line in figures["calculus-sum"].axes[2].lines
        if line.get_markeredgecolor() == _calculus.GREEN
    ]
    assert [line.get_marker() for line in green] == ["s", "s"]
    for lines in figures["calculus-composition"].axes[3].collections:
        assert to_rgba(_calculus.PURPLE) in [tuple(c) for c in lines.get_colors()]


def test_counted_connections_lie_on_the_closed_forms_and_below_the_promise(figures, dataset):
    for axes, blocks in zip(figures["calculus-merging"].axes, dataset["blocks"].values, strict=True):
        for index, form in enumerate(("unmerged", "merged")):
            promised, counted, formula = axes.lines[3 * index : 3 * index + 3]
            one = dataset.sel(blocks=blocks, form=form)
            np.testing.assert_array_equal(counted.get_ydata(), one["tent_connections"].values)
            np.testing.assert_array_equal(formula.get_ydata(), counted.get_ydata())
            assert (promised.get_ydata() >= counted.get_ydata()).all()
