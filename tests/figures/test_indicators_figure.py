"""The figures on indicators draw what their dataset holds."""

import numpy as np
import pytest

from ratelab import figures, load_plugins
from ratelab.figures import _indicators
from ratelab.studies.experiments._indicators import run
from ratelab.studies.experiments._space_parameters import Indicators


@pytest.fixture(scope="module")
def dataset():
    found = run(Indicators(steps=6, octaves=8), load_plugins(["plugins"]), lambda *_: None)
    return found.assign_attrs(experiment="indicators")


def drawn(axes, y):
    return [line for line in axes.lines if np.array_equal(line.get_ydata(), y)]


def test_files_are_the_same_twice(dataset, tmp_path):
    first, second = (figures.draw_experiment(dataset, tmp_path / folder) for folder in "ab")
    assert [path.name for path in first] == [
        f"{stem}.{end}" for stem in ("indicator-limit", "indicator-rates") for end in ("svg", "pdf")
    ]
    for one, two in zip(first, second, strict=True):
        assert one.read_bytes() == two.read_bytes()
        assert one.stat().st_size < 300_000


def test_each_panel_has_a_line_and_marks_for_every_dimension(dataset):
    figure = _indicators.limit(dataset)
    for axes, power in zip(figure.axes, dataset["power"].values, strict=False):
        assert axes.get_title(loc="left") == f"p = {power}"
        for dimension in dataset["dimension"].values:
            one = dataset.sel(power=power, dimension=dimension)
            for name in ("cube_error", "cube_error_theory", "cube_error_leading"):
                assert drawn(axes, one[name].values)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[:3] == ["d = 1: 5 connections", "d = 2: 9 connections", "d = 3: 13 connections"]
    facets = figure.axes[2].collections
    assert len(facets) == dataset.sizes["cell"]


def test_the_disc_is_drawn_against_terms_and_connections(dataset):
    (axes,) = _indicators.rates(dataset).axes
    for name, x in (
        ("haar_error", "terms"), ("haar_theory", "terms"), ("soft_upper", "polygon_connections"),
        ("soft_theory", "polygon_connections"), ("sharp_error", "polygon_connections_steps"),
        ("sharp_theory", "polygon_connections_steps"),
    ):  # fmt: skip
        (line,) = drawn(axes, dataset[name].values)
        np.testing.assert_array_equal(line.get_xdata(), dataset[x].values)
