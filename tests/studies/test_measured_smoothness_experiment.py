"""The experiment `measured-smoothness`: what its dataset says, against closed forms and the targets' own words."""

from math import inf, log

import numpy as np
import pytest

from ratelab import UserError, datasets, load_plugins
from ratelab.studies.experiments import _measured_smoothness
from ratelab.studies.experiments._catalogue import parameters_of

GIVEN = {
    "targets": ["takagi(exponent=0.5)", "step", "sqrt", "cantor", "brownian", "exp", "square"],
    "samples": 16381,
}


@pytest.fixture(scope="module")
def registry():
    return load_plugins(["plugins"])


def run(registry, **changes):
    parameters = parameters_of("measured-smoothness", GIVEN | changes)
    return _measured_smoothness.run(parameters, registry, lambda *_: None)


@pytest.fixture(scope="module")
def dataset(registry):
    return run(registry)


def test_every_variable_says_what_it_is_and_survives_netcdf(dataset, tmp_path):
    assert [name for name in dataset.variables if not dataset[name].attrs.get("long_name")] == []
    datasets.write(datasets.described(dataset, experiment="measured-smoothness"), tmp_path / "e.nc")
    again = datasets.read(tmp_path / "e.nc")
    np.testing.assert_array_equal(again["modulus"].values, dataset["modulus"].values)


def test_the_numbers_are_the_same_twice(dataset, registry):
    again = run(registry)
    for name in dataset.variables:
        np.testing.assert_array_equal(again[name].values, dataset[name].values)


@pytest.mark.parametrize(
    ("label", "uniform", "adaptive"),
    [
        ("takagi(exponent=0.5)", 0.5, 0.5),
        ("step", 0.5, inf),
        ("sqrt", 1.0, inf),
        ("cantor", log(6) / log(3) / 2, log(6) / log(2) / 2),
        ("brownian", 0.5, 0.5),
        ("exp", inf, inf),
    ],
)
def test_measured_and_declared_smoothness_agree(dataset, label, uniform, adaptive):
    one = dataset.sel(target=label)
    for kind, expected in (("uniform", uniform), ("adaptive", adaptive)):
        assert float(one[f"{kind}_declared"]) == pytest.approx(expected)
        assert float(one[f"{kind}_low"]) <= expected <= float(one[f"{kind}_high"])
        status = _measured_smoothness.STATUS["at_least" if expected == inf else "estimated"]
        assert int(one[f"{kind}_status"]) == status


def test_a_polynomial_is_inconclusive(dataset):
    one = dataset.sel(target="square")
    assert int(one["uniform_status"]) == _measured_smoothness.STATUS["inconclusive"]
    assert np.isnan(one["uniform"]) and np.isnan(one["rate_uniform"])


def test_the_moduli_of_a_jump_are_roots_of_the_scale(dataset):
    """Order 1: √t for t below the distance of the jump from the nearer end."""
    one = dataset.sel(target="step", order=1).dropna("scale")
    small = one["scale"].values <= 0.25
    np.testing.assert_allclose(one["modulus"].values[small], np.sqrt(one["scale"].values[small]), rtol=0.15)
    steps = one["local_slope"].values[small][1:-1]
    assert np.median(steps) == pytest.approx(0.5, abs=0.05)


def test_local_slopes_are_those_of_neighbouring_moduli(dataset):
    values = dataset["modulus"].values
    with np.errstate(invalid="ignore"):
        slopes = np.log2(values[..., 1:] / values[..., :-1])
    np.testing.assert_allclose(dataset["local_slope"].values[..., :-1], slopes, rtol=1e-12, equal_nan=True)


def test_free_knots_are_never_slower_than_uniform_ones_beyond_the_intervals(dataset):
    uniform, free = dataset["uniform_low"].values, dataset["adaptive_high"].values
    known = np.isfinite(uniform) & ~np.isnan(free)
    assert (free[known] >= uniform[known]).all()
    cantor = dataset.sel(target="cantor")
    assert float(cantor["rate_free"]) > float(cantor["rate_uniform"]) + 0.2


def test_proved_rates_are_two_sided_for_functions_that_repeat_themselves(dataset):
    for label, rate in (("takagi(exponent=0.5)", 0.5), ("cantor", log(6) / log(2) / 2), ("exp", 2.0)):
        one = dataset.sel(target=label)
        assert float(one["rate_proved_low"]) == pytest.approx(rate)
        assert float(one["rate_proved_high"]) == pytest.approx(rate)
    assert float(dataset.sel(target="step")["rate_proved_low"]) == inf


def test_several_variables_are_named(registry):
    with pytest.raises(UserError, match="'cone' has 2 variables"):
        run(registry, targets=["cone"])


@pytest.mark.parametrize("changes", [{"samples": 10}, {"order": 1}, {"targets": []}, {"tragets": ["exp"]}])
def test_parameters_out_of_range_are_named(registry, changes):
    with pytest.raises(UserError, match=r"samples|order|targets"):
        run(registry, **changes)
