"""The experiment on leaks: certified measures against hand counts, errors against another quadrature."""

from math import inf

import numpy as np
import pytest

from ratelab import UserError, exact, load_plugins
from ratelab.registry import Ball, Box, Boxes, Target
from ratelab.studies.experiments import _leaks
from ratelab.studies.experiments._catalogue import EXPERIMENTS, parameters_of
from ratelab.studies.experiments._leaks_networks import Maker, least_squares_polynomial
from ratelab.studies.experiments._leaks_quadrature import quadrature

GIVEN = {
    "targets": ["tent"],
    "activations": ["relu", "tanh", "gaussian"],
    "widths": [8, 16, 32],
    "degrees": [2, 4, 8],
    "boxes": [1.5, 2.0, 6.0],
    "thresholds": [1, 3, 9, 30, 300],
    "seeds": 2,
}


@pytest.fixture(scope="module")
def registry():
    return load_plugins(["plugins"])


@pytest.fixture(scope="module")
def dataset(registry):
    return EXPERIMENTS["leaks"].run(parameters_of("leaks", GIVEN), registry, lambda *_: None)


def test_analytic_networks_leak_everywhere_by_certificate_whatever_their_width_or_window(dataset):
    analytic = dataset.sel(network=["tanh", "gaussian", "tanh × window"])
    assert (analytic["certificate"] == _leaks.CERTIFICATES["nonzero"]).all()
    assert (analytic["leak_low"] == 1).all() and (analytic["leak_high"] == 1).all()
    assert (analytic["hausdorff"] == inf).all()


def test_the_masked_network_leaks_into_the_collar_of_its_cubes_only(dataset):
    """Cubes of side 1/4, 1/8, 1/16 over [−0.7, 0.7], a quarter of a side more; the box without S measures 1.6."""
    masked = dataset.sel(target="tent", network="relu × mask")
    assert (masked["certificate"] == _leaks.CERTIFICATES["zero_outside"]).all()
    reach = np.array([0.75 + 1 / 16, 0.75 + 1 / 32, 0.75 + 1 / 64])
    for name in ("leak_low", "leak_high"):
        np.testing.assert_allclose(
            masked[name].values, (2 * (reach - 0.7) / 1.6)[:, None] * [1, 1], rtol=1e-9
        )
    np.testing.assert_allclose(masked["hausdorff"].values, (reach - 0.7)[:, None] * [1, 1], rtol=1e-9)
    np.testing.assert_allclose(masked["spacing"], [1 / 4, 1 / 8, 1 / 16])
    np.testing.assert_allclose(masked["leak_l1"].sel(box=6.0), masked["leak_l1"].sel(box=1.5), rtol=1e-12)


def test_errors_and_leaks_are_those_of_a_fine_midpoint_rule(dataset, registry):
    parameters = parameters_of("leaks", GIVEN)
    target = registry.targets["tent"]
    maker = Maker(target, parameters, registry, 1.6)
    x = (np.arange(120_000) + 0.5) / 30_000 - 2
    tent = np.maximum(0, 1 - np.abs(x) / 0.7)
    for label in ("relu", "tanh", "tanh × window", "relu × mask"):
        values = maker.found(label, 2, 1).network(x[:, None])[:, 0]
        one = dataset.sel(target="tent", network=label, width=32, seed=1)
        inner = np.abs(x) < 1.5
        apart = np.abs(values - tent)[inner]
        assert float(one["l1_error"]) == pytest.approx(apart.sum() / 30_000, rel=5e-3)
        assert 0.9 * apart.max() <= float(one["sup_error"]) <= apart.max() * (1 + 1e-9)
        for radius in (1.5, 2.0):
            there = (np.abs(x) > 0.7) & (np.abs(x) < radius)
            expected = np.abs(values[there]).sum() / 30_000
            assert float(one["leak_l1"].sel(box=radius)) == pytest.approx(expected, rel=1e-2)


def test_a_fitted_relu_network_leaks_no_less_than_its_exact_zeros_allow(dataset, registry):
    """Its zeros on [−3/2, 3/2] from its own breakpoints: pieces with two zero ends."""
    maker = Maker(registry.targets["tent"], parameters_of("leaks", GIVEN), registry, 1.6)
    for seed in range(2):
        network = maker.found("relu", 0, seed).network
        knots = np.array([-1.5, *sorted(exact.breakpoints(network, [(-1.5, 1.5)])), 1.5])
        ends = network(knots[:, None])[:, 0]
        flat = (ends[1:] == 0) & (ends[:-1] == 0)
        found = dataset.sel(target="tent", network="relu", width=8, seed=seed)
        assert float(found["leak_high"]) == 1
        assert float(found["leak_low"]) == pytest.approx(
            max(1 - np.diff(knots)[flat].sum() / 1.6, 0), abs=1e-9
        )
        assert int(found["certificate"]) == _leaks.CERTIFICATES["zero_set_measured"]


def test_medians_are_those_of_the_draws(dataset):
    for name in ("l1_error", "sup_error", "leak_low", "leak_l1"):
        expected = dataset[name].mean("seed")  # of two draws
        np.testing.assert_allclose(dataset[f"{name}_median"].transpose(*expected.dims), expected)


def test_thresholds_are_exceeded_more_often_the_smaller_and_balls_refute_float_zeros(dataset):
    one = dataset.sel(target="tent")
    for name in ("effective_float", "effective_ball_low", "effective_ball_high"):
        assert (np.diff(one[name].values, axis=-1) >= 0).all()
    assert (one["effective_ball_low"] <= one["effective_ball_high"]).all()
    window = one.sel(network="tanh × window")
    assert int(window["float_zeros"]) > 0
    assert int(window["float_zeros"]) == int(window["float_zeros_refuted"])
    assert 0 < float(window["effective_float"].sel(threshold=300)) < 1
    masked = one.sel(network="relu × mask")
    assert int(masked["float_zeros"]) > 0 == int(masked["float_zeros_refuted"])
    assert float(masked["effective_ball_high"].sel(threshold=300)) < 0.1
    assert float(one["effective_ball_low"].sel(network="tanh", threshold=30)) == 1


def test_polynomials_are_legendre_projections_and_leak_more_with_the_degree(dataset, registry):
    """Σ c_k P_k(x/1.5), c_k = (2k + 1)/2 ∫ f P_k by a fine rule."""
    x = (np.arange(400_000) + 0.5) / 200_000 - 1
    tent = np.maximum(0, 1 - np.abs(1.5 * x) / 0.7)
    for degree in GIVEN["degrees"]:
        legendre = np.polynomial.legendre.legvander(x, degree)
        coefficients = (2 * np.arange(degree + 1) + 1) / 2 * (tent @ legendre) / 200_000
        expected = 1.5 * np.abs(legendre @ coefficients - tent).sum() / 200_000
        found = dataset.sel(target="tent", degree=degree)
        assert float(found["polynomial_l1_error"]) == pytest.approx(
            expected, rel=0.1
        )  # the rule of the fit is coarser
        assert int(found["polynomial_certificate"]) == _leaks.CERTIFICATES["nonzero"]
    leaks = dataset["polynomial_leak_l1"].sel(target="tent", box=6.0).values
    assert (leaks[1:] > 10 * leaks[:-1]).all()


def test_the_degree_of_a_polynomial_is_the_total_one(registry):
    """In the plane (n + 1)(n + 2)/2 coefficients: 435 for n = 28, 465 for n = 29. Directions see degree n only."""
    assert least_squares_polynomial(registry.targets["compact_cone"], 28) is not None
    assert least_squares_polynomial(registry.targets["compact_cone"], 29) is None
    network = least_squares_polynomial(registry.targets["compact_cone"], 4)
    t = np.linspace(-1, 1, 101)
    along = network(t[:, None] * [0.6, 0.8])[:, 0]
    fit = np.polynomial.Chebyshev.fit(t, along, 4)
    assert np.abs(fit(t) - along).max() < 1e-12 and abs(fit.coef[4]) > 1e-3


def test_the_reach_of_a_box_is_the_distance_of_its_corners(dataset):
    np.testing.assert_allclose(dataset["reach"].sel(target="tent").values, [0.8, 1.3, 5.3])
    np.testing.assert_allclose(dataset["outside"].sel(target="tent").values, [1.6, 2.6, 10.6])


def test_quadrature_is_exact_on_boxes_and_close_on_balls():
    boxes = Boxes((Box((-0.8, -0.8), (0.8, 0)), Box((-0.8, 0), (0, 0.8))))
    target = Target("l", lambda x: np.ones(len(x)), domain=((-1.5, 1.5),) * 2, support=boxes)
    rule = quadrature(target, [1.0, 3.0], boxes)
    assert rule.weights.sum() == pytest.approx(36)
    assert rule.weights[rule.inside].sum() == pytest.approx(1.6 * 0.8 + 0.8 * 0.8)
    assert [rule.without(radius) for radius in (1.0, 3.0)] == pytest.approx([4 - 1.92, 36 - 1.92])
    squares = (rule.points[rule.inside] ** 2).prod(axis=1)
    assert rule.weights[rule.inside] @ squares == pytest.approx(3 * (0.8**3 / 3) ** 2)
    ball = Ball((0.0, 0.0, 0.0), 0.8)
    target = Target("ball", lambda x: np.ones(len(x)), domain=((-1.5, 1.5),) * 3, support=ball)
    rule = quadrature(target, [1.6], ball)
    assert rule.weights[rule.inside].sum() == pytest.approx(4 / 3 * np.pi * 0.8**3, rel=0.03)


def test_targets_without_a_support_are_refused(registry):
    given = parameters_of("leaks", {**GIVEN, "targets": ["sqrt"]})
    with pytest.raises(UserError, match="target 'sqrt' declares no compact support"):
        EXPERIMENTS["leaks"].run(given, registry, lambda *_: None)
