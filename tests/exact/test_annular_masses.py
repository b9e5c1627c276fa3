"""Masses on annuli between nested cubes, and weights that separate sequences of analytic networks."""

from fractions import Fraction
from math import erf, erfc, pi, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import UserError, load_plugins
from ratelab.exact._annular_masses import annular_masses, annulus_boxes, partial_sums, witness_weights
from ratelab.networks import Layer, Network, identity

REGISTRY = load_plugins()
GAUSSIAN = REGISTRY.activations["gaussian"]


def test_one_variable_agrees_with_the_error_function() -> None:
    net = Network.dense([[[1.0]], [[2.0]]], [[0.0], [0.0]], GAUSSIAN)
    found = annular_masses(net, 0.5, 6, certified=True, tolerance=1e-6)
    n = np.arange(7) / 2
    true = 2 * sqrt(pi) * np.array([erfc(a) - erfc(b) for a, b in zip(n, n[1:], strict=False)])
    assert found.masses == pytest.approx(true, rel=1e-10)
    assert (found.lower <= true).all() and (true <= found.upper).all()
    assert found.lower == pytest.approx(true, rel=1e-5)


@pytest.mark.parametrize("d", [2, 3])
def test_products_of_gaussians_agree_with_closed_forms(d: int) -> None:
    layers = [Layer(np.eye(d), np.zeros(d), (GAUSSIAN,) * d, True)]
    if d == 3:
        layers.append(Layer(np.eye(2), np.zeros(2), (identity,) * 2, True))
    net = Network([*layers, Layer(np.eye(1), np.zeros(1), (identity,))])
    cubes = [(sqrt(pi) * erf(0.5 * n)) ** d for n in range(4)]
    found = annular_masses(net, 0.5, 3, certified=d == 2, most=24, tolerance=0.2)
    assert found.masses == pytest.approx(np.diff(cubes), rel=1e-2)
    if d == 2:
        assert (found.lower <= np.diff(cubes)).all() and (np.diff(cubes) <= found.upper).all()
        assert (found.lower > 0.5 * np.diff(cubes)).all()


def test_the_constant_term_of_fitted_gaussians_dominates_far_out() -> None:
    """100 random Gaussian features fitted to the tent: the masses settle at 2·|constant|·scale."""
    generator = np.random.default_rng(0)
    weight, bias = generator.normal(size=(100, 1)) * 6, generator.uniform(-9, 9, 100)
    weight = np.sign(weight) * np.maximum(np.abs(weight), 2)  # the features live in [−10, 10]
    points = generator.uniform(-1.5, 1.5, (4000, 1))
    features = np.hstack([GAUSSIAN(points @ weight.T + bias), np.ones((4000, 1))])
    values = np.maximum(0, 1 - np.abs(points[:, 0]) / 0.7)
    gram = features.T @ features + 1e-10 * np.eye(101)
    solution = np.linalg.solve(gram, features.T @ values)
    net = Network.dense([weight, solution[None, :-1]], [bias, solution[-1:]], GAUSSIAN)
    found = annular_masses(net, 1.0, 12, certified=True)
    assert found.masses[0] == pytest.approx(0.7, abs=0.01)  # ∫ of the tent
    assert found.masses[10:] == pytest.approx(2 * abs(solution[-1]), rel=1e-6)
    assert (found.lower > 0.9 * found.masses / 1.05).all() and (
        found.upper >= found.masses * (1 - 1e-9)
    ).all()
    free = Network.dense([weight, solution[None, :-1]], [bias, [0.0]], GAUSSIAN)
    rest = annular_masses(free, 1.0, 12, certified=True)
    assert (rest.lower > 0).all() and (rest.masses[6:] < 1e-2 * found.masses[6:]).all()


@pytest.mark.parametrize(("d", "boxes"), [(1, 2), (2, 8), (3, 26)])
def test_the_boxes_of_an_annulus_fill_it(d: int, boxes: int) -> None:
    low, high = annulus_boxes(d, 1.0, 2.0)
    assert len(low) == boxes and np.prod(high - low, axis=1).sum() == 4**d - 2**d
    low, high = annulus_boxes(d, 0.0, 2.0)
    assert len(low) == 2**d and np.prod(high - low, axis=1).sum() == 4**d


@given(st.integers(1, 5), st.integers(1, 8), st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_witness_weights_make_every_late_term_at_least_one(functions: int, annuli: int, seed: int) -> None:
    masses = np.exp(np.random.default_rng(seed).normal(size=(functions, annuli)) * 20)
    weights = witness_weights(masses)
    for n in range(1, annuli + 1):
        least = min(Fraction(masses[k - 1, n - 1]) for k in range(1, min(n, functions) + 1))
        assert 1 <= Fraction(weights[n - 1]) * least <= 1 + Fraction(1, 2**51)
    for k in range(1, functions + 1):
        sums = partial_sums(weights, masses[k - 1])
        assert all(sums[n - 1] >= n - k + 1 for n in range(k, annuli + 1))


@pytest.mark.parametrize("masses", [[[1.0, 0.0]], [1.0], [[np.inf]], np.zeros((0, 2))])
def test_weights_need_positive_masses(masses: Any) -> None:
    with pytest.raises(UserError):
        witness_weights(masses)


@pytest.mark.parametrize("keywords", [{"scale": 0}, {"count": 0}, {"cells": 0}])
def test_numbers_that_make_no_sense_are_refused(keywords: Any) -> None:
    with pytest.raises(UserError):
        annular_masses(Network.dense([[[1.0]], [[1.0]]], [[0.0], [0.0]], GAUSSIAN), **keywords)
