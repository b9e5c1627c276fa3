"""The figures of networks of known support show what their dataset holds."""

import numpy as np
import pytest

from ratelab import load_plugins
from ratelab.figures import _supported_networks
from ratelab.figures._style import save
from ratelab.studies.experiments._support_parameters import SupportedNetworks
from ratelab.studies.experiments._supported_networks import run


@pytest.fixture(scope="module")
def dataset():
    given = {"targets": ["tent", "annulus", "indicator"], "exponents": [2, 3], "cubes": 300}
    return run(SupportedNetworks(**given), load_plugins(["plugins"]), lambda *_: None)


def drawn(axes, values):
    return any(np.array_equal(line.get_ydata(), values, equal_nan=True) for line in axes.lines)


def test_errors_over_lipschitz_constants_and_excesses_are_drawn_by_dimension(dataset):
    panels = _supported_networks.rates(dataset).axes
    assert len(panels) == 4
    for target, column in (("tent", 0), ("annulus", 1)):
        one = dataset.sel(target=target)
        for method in dataset["construction"].values:
            assert drawn(
                panels[column], (one["sup_error"].sel(construction=method) / one["lipschitz"]).values
            )
            assert drawn(panels[2 + column], one["excess_high"].sel(construction=method).values)


def test_the_heading_counts_the_certified_boxes(dataset):
    text = " ".join(t.get_text() for t in _supported_networks.rates(dataset).texts)
    built = dataset["boxes"].where(dataset["boxes"] > 0)
    assert f"{int(built.sum()):,} of {int(built.sum()):,} boxes" in text.replace("\n", " ")


def test_counts_are_those_of_the_first_target_with_a_lipschitz_constant(dataset):
    panels = _supported_networks.counts(dataset).axes
    for axes, target in zip(panels, ("tent", "annulus"), strict=True):
        for method in dataset["construction"].values:
            assert drawn(axes, dataset["connections"].sel(target=target, construction=method).values)


def test_figures_are_written_with_stable_bytes(dataset, tmp_path):
    for name, figure in _supported_networks.figures(dataset).items():
        first = save(figure, tmp_path / "a" / name, ("svg",))[0].read_bytes()
        again = save(_supported_networks.figures(dataset)[name], tmp_path / "b" / name, ("svg",))[
            0
        ].read_bytes()
        assert first == again


def words(figure):
    return " ".join(text.get_text().replace("\n", " ") for text in figure.texts)


def labels(axis):
    return [label.get_text() for label in axis.get_ticklabels() if label.get_text()]


def test_both_axes_have_labels_even_on_short_ranges(dataset):
    short = dataset.isel(target=[1], exponent=[0, 1])
    for figure in _supported_networks.figures(short).values():
        for axes in figure.axes:
            assert len(labels(axes.xaxis)) >= 2 and len(labels(axes.yaxis)) >= 2
            for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
                places = axis.get_majorticklocs()
                assert ((places >= min(limits)) & (places <= max(limits))).all()


def test_texts_stand_below_everything_drawn(dataset):
    for one in (dataset, dataset.sel(target=["indicator"])):
        figure = _supported_networks.counts(one)
        for axes in figure.axes:
            lowest = min(
                axes.transData.transform(line.get_xydata())[:, 1].min()
                for line in axes.lines
                if len(line.get_xydata())
            )
            assert len(axes.texts) == len(axes.lines) > 0
            assert max(text.get_window_extent().y1 for text in axes.texts) < lowest


def test_what_was_not_built_leaves_an_empty_panel(dataset):
    empty = dataset.copy(deep=True)
    for name in ("connections", "cubes", "boxes", "boxes_zero", "undecided", "depth", "poolings"):
        empty[name].values[1:] = -1
    for name in ("sup_error", "sup_bound", "excess_high", "excess_bound"):
        empty[name].values[1:] = np.nan
    figures = _supported_networks.figures(empty)
    for name, places in (("support-rates", (1, 3)), ("support-counts", (1,))):
        axes = figures[name].axes
        for place in places:
            assert [text.get_text() for text in axes[place].texts] == ["no network built"]
            assert not labels(axes[place].yaxis)
        figures[name].canvas.draw()
    nothing = empty.isel(target=[1, 2])
    for figure in _supported_networks.figures(nothing).values():
        figure.canvas.draw()


def test_a_method_that_built_nothing_is_left_out_of_the_panel(dataset):
    some = dataset.copy(deep=True)
    some["connections"].loc[{"construction": "hats"}] = -1
    for axes in _supported_networks.counts(some).axes:
        assert len(axes.lines) == some.sizes["construction"] - 1


def test_targets_whose_bound_is_not_proved_are_named(dataset):
    assert "unknown in some cube" not in words(_supported_networks.rates(dataset))
    other = dataset.copy(deep=True)
    other["undecided"].loc[{"target": "annulus"}] = 3
    other["excess_bound"].loc[{"target": "annulus"}] = np.nan
    figure = _supported_networks.rates(other.sel(target=["tent", "annulus"]))
    assert "in some cube (grids of annulus, d = 2)" in words(figure)
    dashed = [line for line in figure.axes[3].lines if line.get_linestyle() == "--"]
    assert dashed and all(np.isnan(line.get_ydata()).all() for line in dashed)


def test_only_supports_of_hats_and_masks_are_called_exact(dataset):
    both = words(_supported_networks.rates(dataset))
    assert (
        "exact support of tensor hats and masked networks, or of a set that holds the support of gated"
        in both
    )
    gate = words(_supported_networks.rates(dataset.sel(construction=["gate"])))
    assert "exact" not in gate and "a set that holds the support of gated networks" in gate


def test_a_single_network_has_axes(dataset):
    for figure in _supported_networks.figures(
        dataset.isel(target=[0], exponent=[0], construction=[0])
    ).values():
        figure.canvas.draw()
        assert all(labels(axes.yaxis) for axes in figure.axes)
