"""The experiment on constructed and trained readouts: equal shapes, errors by integrals, readouts by least squares."""

import numpy as np
import pytest

from ratelab import UserError, load_plugins
from ratelab.networks import Layer, Network, sine
from ratelab.studies.experiments import _trained_readouts
from ratelab.studies.experiments._catalogue import EXPERIMENTS, parameters_of

GIVEN = {
    "targets": ["sqrt", "step(at=0.3)"],
    "bases": [2, 4],
    "grades": 3,
    "cells": 16,
    "seeds": 2,
    "steps": 150,
}


@pytest.fixture(scope="module")
def registry():
    return load_plugins(["plugins"])


@pytest.fixture(scope="module")
def dataset(registry):
    return EXPERIMENTS["trained-readouts"].run(
        parameters_of("trained-readouts", GIVEN), registry, lambda *_: None
    )


def test_all_networks_have_as_many_neurons_in_every_hidden_layer_two_of_them_sines(registry):
    for base, hidden in ((2, 5), (4, 4)):
        width = _trained_readouts.width_of(base)
        assert width == 2 * base + 1 + 2
        whole, graded = (
            _trained_readouts.layout_of(way, width, hidden, registry) for way in _trained_readouts.TRAININGS
        )
        assert whole.widths == (1, *[width] * hidden, 1)
        assert graded.widths == (1, width, *[width + 1] * (hidden - 1), 1)
        for layout in (whole, graded):
            for layer in layout.layers[:-1]:
                ((activation, mask),) = layer.others
                assert activation is sine and mask.sum() == 2
                assert (~layer.linear).sum() == width


def test_the_numbers_of_grades_end_where_the_cells_do(dataset):
    assert dataset["grades"].values.tolist() == [3, 2]
    assert dataset["hidden"].values.tolist() == [5, 4]
    assert dataset["width"].values.tolist() == [7, 11]
    read = dataset["constructed_high"].notnull().sel(target="sqrt")
    np.testing.assert_array_equal(read.values, [[False, *[True] * 4], [False, *[True] * 3, False]])
    trained = dataset["error"].notnull().all(("training", "target", "seed"))
    np.testing.assert_array_equal(trained.values, [[True] * 5, [True] * 4 + [False]])


def test_constructed_errors_are_those_of_averages_and_stay_below_the_bound(dataset):
    """√x, N = 2: ∫ over a cell of x and of √x by hand, level by level."""
    for level in range(4):
        ends = np.arange(2**level + 1) / 2**level
        mean = 2**level * (2 / 3) * np.diff(ends**1.5)
        error = np.sqrt(0.5 - np.sum(mean**2) / 2**level)
        one = dataset.sel(target="sqrt", base=2, layer=level + 2)
        assert float(one["constructed_low"]) <= error * (1 + 1e-6)
        assert float(one["constructed_high"]) >= error * (1 - 1e-6)
        assert float(one["constructed_high"] - one["constructed_low"]) <= 1e-4 * error
    known = dataset["bound"].where(dataset["layer"] > 2)
    assert bool((dataset["constructed_high"] <= known).where(known.notnull(), True).all())


def test_longest_parameters_grow_from_layer_to_layer(dataset):
    bits = dataset["constructed_bits"].sel(target="sqrt", base=2).values[1:]
    assert bits[0] == 0 and (np.diff(bits) > 0).all() and bits[-1] > 53


def test_median_and_range_are_those_of_the_seeds(dataset):
    two = np.sort(dataset["error"].values, axis=-1)
    np.testing.assert_array_equal(dataset["error_least"], two[..., 0])
    np.testing.assert_array_equal(dataset["error_most"], two[..., 1])
    np.testing.assert_allclose(dataset["error_median"], two.mean(axis=-1))


def test_training_goes_below_the_constant_and_costs_about_as_much_both_ways(dataset):
    """The best constant is 0.2357 from √x."""
    last = dataset["error_median"].sel(target="sqrt", base=2, layer=5)
    assert bool((last < 0.15).all())
    work = dataset["work"].sum(("target", "base", "seed"))
    ratio = float(work.sel(training="grade by grade") / work.sel(training="end to end"))
    assert 0.5 < ratio < 2


def test_a_fitted_readout_is_orthogonal_to_what_it_leaves_and_never_worse_than_the_networks_own(registry):
    generator = np.random.default_rng(3)
    network = Network.dense(
        [generator.normal(size=(4, 1)), generator.normal(size=(5, 4)), generator.normal(size=(1, 5))],
        [generator.normal(size=4), generator.normal(size=5), [0.1]],
        [["relu", "relu", "sine", "sine"], ["relu"] * 3 + ["sine"] * 2],
        registry,
    )
    x, weights = np.linspace(0, 1, 60)[:, None], generator.uniform(0.5, 1.5, 60)
    values = np.exp(x[:, 0])
    found = _trained_readouts.fitted_readouts(network, x, weights, values)
    assert [head.layer for head in found.readouts] == [1, 2]
    hidden = x.T
    for index in range(2):
        layer = network.layers[index]
        before = layer.weight @ hidden + layer.bias[:, None]
        hidden = np.where(
            np.arange(len(before))[:, None] < (2 if index == 0 else 3), np.maximum(before, 0), np.sin(before)
        )
        left = values - found.readout(index)(x)[:, 0]
        np.testing.assert_allclose((weights * left) @ hidden.T, 0, atol=1e-9)
        assert abs(weights @ left) < 1e-9
    own = weights @ (values - network(x)[:, 0]) ** 2
    assert weights @ (values - found.readout(1)(x)[:, 0]) ** 2 <= own


def test_neurons_that_are_zero_on_all_nodes_do_not_break_the_fit(registry):
    dead = Network([Layer([[1.0], [-1.0]], [0.0, -1.0], "relu"), Layer([[1.0, 1.0]], [0.0], "identity")])
    x = np.linspace(0, 1, 20)[:, None]
    found = _trained_readouts.fitted_readouts(dead, x, np.ones(20), 3 * x[:, 0] + 1)
    np.testing.assert_allclose(found.readout(0)(x)[:, 0], 3 * x[:, 0] + 1, atol=1e-12)


def test_errors_of_trained_readouts_are_integrals(registry):
    """Midpoints in t, x = t², give the same."""
    parameters = parameters_of("trained-readouts", {**GIVEN, "seeds": 1, "steps": 40})
    target = registry.targets["sqrt"]
    t = (np.arange(200_000) + 0.5) / 200_000
    for way in _trained_readouts.TRAININGS:
        ((network,), _) = _trained_readouts.trained_readouts(way, target, 2, 3, parameters, registry)
        errors, _ = _trained_readouts.trained_errors(way, target, 2, 3, parameters, registry)
        for index in range(3):
            apart = network.readout(index)((t**2)[:, None])[:, 0] - t
            assert errors[index, 0] == pytest.approx(np.mean(2 * t * apart**2) ** 0.5, rel=1e-6)


def test_bases_beyond_the_cells_are_refused():
    with pytest.raises(UserError, match="base 8 means as many cells"):
        parameters_of("trained-readouts", {"bases": [2, 8], "cells": 4})


def test_targets_that_it_cannot_serve_are_refused_before_any_fit(registry, monkeypatch):
    monkeypatch.setattr(_trained_readouts, "trained_errors", lambda *_: pytest.fail("a fit has begun"))
    for label, reason in (("disc", "has 2 variables"), ("nested_absolute", "lives on")):
        given = parameters_of("trained-readouts", {**GIVEN, "targets": ["sqrt", label]})
        with pytest.raises(UserError, match=f"experiment 'trained-readouts': target '{label}' {reason}"):
            EXPERIMENTS["trained-readouts"].run(given, registry, lambda *_: None)
