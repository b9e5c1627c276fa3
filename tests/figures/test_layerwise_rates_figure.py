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
    for axes, target in zip(panels[:3], dataset["target"].values[:3], strict=True):
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


@pytest.mark.parametrize(
    ("label", "variables", "title"),
    [
        ("disc", 2, "disc, d = 2"),
        ("lipschitz_wave(dimension=2)", 2, "lipschitz_wave, d = 2"),
        ("step(at=0.3)", 1, "step(at=0.3), d = 1"),
        ("random_cells(dimension=3,per_side=5)", 3, "random_cells(per_side=5), d = 3"),
        ("constant(value=1/3, dimension=2)", 2, "constant(value=1/3), d = 2"),
    ],
)
def test_labels_say_the_number_of_variables_in_one_way(label, variables, title):
    assert _layerwise_rates.readable(label, variables) == title


def test_titles_and_legends_have_one_form(dataset):
    panels = _layerwise_rates.rates(dataset).axes
    assert [axes.get_title(loc="left") for axes in panels] == [
        "lipschitz_wave, d = 1", "random_cells, d = 1", "disc, d = 2", "constant, d = 1",
    ]  # fmt: skip
    legend = [text.get_text() for text in _layerwise_rates.shares(dataset).legends[0].get_texts()]
    assert legend[:3] == ["lipschitz_wave, d = 1", "random_cells, d = 1", "disc, d = 2"]


def _text(figure):
    return " ".join(text.get_text().replace("\n", " ") for text in figure.texts)


def test_bases_that_are_left_out_are_named_and_powers_are_set_as_powers(dataset):
    many = dataset.reindex(base=[2, 3, 4, 5, 6, 7, 8])
    assert "not drawn: N = 3, 5, 7." in _text(_layerwise_rates.rates(many))
    for draw in (_layerwise_rates.rates, _layerwise_rates.shares):
        assert "^" not in _text(draw(dataset)) and "not drawn: N" not in _text(draw(dataset))
    assert "L₁.₅ error" in _text(_layerwise_rates.rates(dataset.assign_coords(norm=[1.0, 1.5])))
    assert "most that ramps may cost" in _text(_layerwise_rates.rates(dataset))


def test_a_constant_has_words_instead_of_an_axis(dataset):
    panel = _layerwise_rates.rates(dataset).axes[3]
    assert not panel.lines and "constant: bound" in panel.texts[0].get_text()
    assert not len(panel.get_xticks()) and not len(panel.get_yticks())
    figure = _layerwise_rates.shares(dataset)
    assert "Constant, without a bound, and not drawn: constant, d = 1." in _text(figure)
    assert not any("constant" in text.get_text() for text in figure.legends[0].get_texts())
    _layerwise_rates.shares(dataset.sel(target=["constant"]))


def test_the_same_dataset_gives_the_same_bytes(dataset, tmp_path):
    for name, draw in (("rates", _layerwise_rates.rates), ("shares", _layerwise_rates.shares)):
        files = [save(draw(dataset), tmp_path / f"{name}-{copy}") for copy in "ab"]
        assert all(a.read_bytes() == b.read_bytes() for a, b in zip(*files, strict=True))
