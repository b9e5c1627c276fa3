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
