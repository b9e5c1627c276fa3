"""The table of activations against what is known about them, and difference quotients against closed forms."""

from math import inf, isnan, pi, sqrt

import numpy as np
import pytest

import ratelab as rl
from ratelab import datasets
from ratelab.studies.experiments import _activation_table
from ratelab.studies.experiments._space_parameters import ActivationTable

REGISTRY = rl.load_plugins()
NONE = float("nan")
KNOWN = {  # label: (continuous derivatives, limits, slopes, bounded, squashing, terms of an exact identity)
    "relu": (0, (0, inf), (0, 1), 0, 0, 2),
    "relu2": (1, (0, inf), (0, inf), 0, 0, 4),
    "prelu": (0, (-inf, inf), (0.25, 1), 0, 0, 2),
    "elu": (1, (-1, inf), (0, 1), 0, 0, 0),
    "isrlu": (2, (-1, inf), (0, 1), 0, 0, 0),
    "softsign": (1, (-1, 1), (0, 0), 1, 1, 0),
    "isru": (inf, (-1, 1), (0, 0), 1, 1, 0),
    "sigmoid": (inf, (0, 1), (0, 0), 1, 1, 0),
    "tanh": (inf, (-1, 1), (0, 0), 1, 1, 0),
    "arctan": (inf, (-pi / 2, pi / 2), (0, 0), 1, 1, 0),
    "softplus": (inf, (0, inf), (0, 1), 0, 0, 2),
    "gelu": (inf, (0, inf), (0, 1), 0, 0, 2),
    "silu": (inf, (0, inf), (0, 1), 0, 0, 2),
    "sine": (inf, (NONE, NONE), (0, 0), 1, 0, 0),
    "gaussian": (inf, (0, 0), (0, 0), 1, 0, 0),
}
INFLECTIONS = {
    "isru": 0, "sigmoid": 0, "tanh": 0, "arctan": 0, "sine": 0, "gelu": sqrt(2),
    "gaussian": sqrt(0.5), "silu": 2.39935728,
}  # fmt: skip


@pytest.fixture(scope="module")
def dataset():
    return _activation_table.run(ActivationTable(steps=6), REGISTRY, lambda *_: None)


def test_the_default_table_holds_the_common_activations(dataset):
    assert set(dataset["activation"].values) == set(KNOWN)


@pytest.mark.parametrize("name", KNOWN)
def test_every_row_says_what_is_known(dataset, name):
    one = dataset.sel(activation=name)
    derivatives, limits, slopes, bounded, squashing, terms = KNOWN[name]
    assert float(one["continuous_derivatives"]) == derivatives
    np.testing.assert_allclose(one["limit"].values, limits, atol=1e-8)
    np.testing.assert_allclose(one["asymptotic_slope"].values, slopes, atol=1e-8)
    assert (int(one["bounded"]), int(one["squashing"]), int(one["identity_terms"])) == (
        bounded,
        squashing,
        terms,
    )
    assert (int(one["identity_certainty"]) == 2) == (name in ("relu", "relu2", "prelu"))


@pytest.mark.parametrize("name", KNOWN)
def test_inflections_are_found_where_there_are_any(dataset, name):
    point = float(dataset["carry_point"].sel(activation=name, place="inflection"))
    if name in INFLECTIONS:
        assert point == pytest.approx(INFLECTIONS[name], abs=1e-8)
    else:
        assert isnan(point)


@pytest.mark.parametrize("name", KNOWN)
def test_errors_fall_with_their_order(dataset, name):
    one = dataset.sel(activation=name)
    expected = {"given": inf if name in ("relu", "prelu", "elu", "isrlu") else 1, "inflection": 2}
    for place in one["place"].values:
        if isnan(float(one["carry_point"].sel(place=place))):
            continue
        order = float(one["carry_order"].sel(place=place))
        assert order == expected[place] or order == pytest.approx(expected[place], abs=0.12)
        error, bound = (one[v].sel(place=place).values for v in ("carry_error", "carry_bound"))
        # rounding in an evaluation is about the unit of rounding times the largest weight
        rounding = 8 * np.finfo(float).eps * one["carry_weight"].sel(place=place).values
        assert (error <= bound + rounding).all()


def test_the_quotient_of_the_sine_at_zero_is_a_cubic_error(dataset):
    """sin(hx)/h − x on [−1, 1] is largest at the ends."""
    one = dataset.sel(activation="sine", place="inflection")
    expected = 1 - np.sin(one["step"].values) / one["step"].values
    np.testing.assert_allclose(one["carry_error"].values, expected, rtol=1e-9, atol=1e-15)


def test_everything_is_described_repeats_and_survives_netcdf(dataset, tmp_path):
    assert [v for v in dataset.variables if not dataset[v].attrs.get("long_name")] == []
    datasets.write(dataset, tmp_path / "table.nc")
    assert datasets.read(tmp_path / "table.nc").identical(dataset)
    some = ActivationTable(steps=6, activations=["tanh", "elu"])
    again = _activation_table.run(some, REGISTRY, lambda *_: None)
    for variable in again.data_vars:
        expected = dataset[variable].sel(activation=["tanh", "elu"]).values
        np.testing.assert_array_equal(again[variable].values, expected)


def test_a_plain_activation_without_balls_has_unknown_smoothness_and_no_bound():
    bent = rl.Activation("bent", lambda x: x.clamp(min=-1) + 0.5 * x.tanh())
    assert isnan(_activation_table.continuous_derivatives(bent))
    assert isnan(_activation_table.inflection(bent))
    assert _activation_table.carry(bent, 0.1).error_bound == inf
