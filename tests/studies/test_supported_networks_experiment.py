"""The experiment on networks of known support: bounds, certificates, and numbers that closed forms give."""

import numpy as np
import pytest

from ratelab import UserError, load_plugins
from ratelab.exact import vanishes
from ratelab.spaces import supported
from ratelab.studies.experiments._support_parameters import SupportedNetworks
from ratelab.studies.experiments._supported_networks import run

GIVEN = {
    "targets": ["tent", "indicator(dimension=1)", "compact_cone", "needle", "compact_cone(dimension=3)"],
    "exponents": [2, 3, 4],
    "cubes": 600,
}


@pytest.fixture(scope="module")
def registry():
    return load_plugins(["plugins"])


@pytest.fixture(scope="module")
def dataset(registry):
    return run(SupportedNetworks(**GIVEN), registry, lambda *_: None)


def test_errors_and_supports_keep_their_bounds(dataset):
    built = dataset["connections"] > 0
    assert int(built.sum()) > 30
    assert bool((dataset["sup_error"] <= dataset["sup_bound"] * (1 + 1e-9)).where(built, True).all())
    assert bool((dataset["excess_low"] <= dataset["excess_bound"]).where(built, True).all())
    assert bool((dataset["width"] <= dataset["width_bound"]).where(built, True).all())
    for kind in ("excess", "miss", "leak"):
        assert bool((dataset[f"{kind}_low"] <= dataset[f"{kind}_high"]).where(built, True).all())


def test_every_network_is_certified_zero_on_all_boxes_of_the_complement(dataset, registry):
    built = dataset["boxes"] > 0
    assert bool((dataset["boxes"] == dataset["boxes_zero"]).where(built, True).all())
    one = dataset.sel(target="compact_cone", construction="mask", exponent=3)
    found = supported(registry.targets["compact_cone"], 1 / 8, method="mask")
    again = vanishes(found.float_network, found.neighbourhood.complement())
    assert again and len(again.zero) == int(one["boxes"])


def test_masks_miss_nothing_and_hats_miss_the_needle(dataset):
    masks = dataset.sel(construction="mask")
    assert bool((masks["miss_high"] == 0).where(masks["connections"] > 0, True).all())
    needle = dataset.sel(target="needle")
    assert (needle["connections"].sel(construction="hats") == -1).any()
    assert (needle["connections"].sel(construction="mask") > 0).all()
    # what a grid between whose lines the needle lies does not see is an error of 1 all the same
    assert float(needle["sup_error"].sel(construction="mask", exponent=2)) > 0.9


def test_the_excess_of_the_tent_is_that_of_its_outermost_cubes(dataset):
    for exponent in GIVEN["exponents"]:
        h = 0.5**exponent
        outer = np.ceil(0.7 / h) * h  # the support ends at 7/10
        one = dataset.sel(target="tent", exponent=exponent)
        assert float(one["excess_high"].sel(construction="hats")) == pytest.approx(outer - 0.7, abs=1e-10)
        assert float(one["excess_high"].sel(construction="mask")) == pytest.approx(
            outer + h / 4 - 0.7, abs=1e-10
        )
        assert float(one["leak_high"].sel(construction="mask")) == pytest.approx(
            2 * (outer + h / 4 - 0.7), abs=1e-10
        )


def test_a_pooling_less_costs_connections_in_several_variables(dataset):
    for target in ("compact_cone", "compact_cone(dimension=3)"):
        one = dataset.sel(target=target, exponent=2)
        assert (
            int(one["poolings"].sel(construction="kuhn")) == 0 < int(one["poolings"].sel(construction="hats"))
        )
        assert int(one["connections"].sel(construction="kuhn")) > 2 * int(
            one["connections"].sel(construction="hats")
        )


def test_grids_with_more_cubes_than_allowed_are_left_out(dataset):
    assert int(dataset["connections"].sel(target="compact_cone(dimension=3)", exponent=4).max()) == -1
    assert int(dataset["cubes"].max()) <= 8 * 600


def test_targets_without_support_are_refused(registry):
    with pytest.raises(UserError, match="'sqrt' declares no compact support"):
        run(SupportedNetworks(targets=["sqrt"]), registry, lambda *_: None)


def test_a_bound_of_the_excess_is_given_only_where_it_is_proved(registry):
    given = {"targets": ["ellipses", "compact_cone"], "exponents": [2, 3], "methods": ["mask"]}
    found = run(SupportedNetworks(**given), registry, lambda *_: None).sel(construction="mask")
    unknown = found["undecided"].sel(target="ellipses")
    assert (unknown > 0).any() and (found["undecided"].sel(target="compact_cone") == 0).all()
    assert (np.isnan(found["excess_bound"]) == (found["undecided"] > 0)).all()
    bounds = found["excess_bound"].sel(target="compact_cone")
    np.testing.assert_array_equal(bounds, 1.25 * found["spacing"])  # h and a margin of h/4
    target = registry.targets["ellipses"]
    line = (np.arange(64) + 0.5) / 64
    inside = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    for exponent in given["exponents"]:
        # by brute force: a cube with a point of the level set among 64 by 64 is none of the undecided ones
        cubes = supported(target, 0.5**exponent, method="mask").support.cubes
        points = (cubes[:, None, :] + inside) * 0.5**exponent
        empty = (target.support(points.reshape(-1, 2)).reshape(len(cubes), -1) > 0).all(axis=1)
        assert int(unknown.sel(exponent=exponent)) <= int(empty.sum())


def test_an_experiment_that_builds_nothing_is_refused(registry):
    with pytest.raises(
        UserError, match=r"no network has at most 1500 cubes at spacings 2\^-20.*larger parameter cubes"
    ):
        run(SupportedNetworks(targets=["tent"], exponents=[20]), registry, lambda *_: None)
    with pytest.raises(UserError, match="hats a grid point"):
        run(SupportedNetworks(targets=["needle"], exponents=[2], methods=["hats"]), registry, lambda *_: None)
