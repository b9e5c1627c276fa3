"""Leaks outside a support: closed forms, thresholds, and floats against balls."""

from fractions import Fraction
from math import erf, exp, log, pi, sqrt
from typing import Any

import numpy as np
import pytest

from ratelab import Activation, UserError, load_plugins
from ratelab.exact._leak import leak
from ratelab.networks import Layer, Network, identity
from ratelab.registry import Ball, Box
from ratelab.registry._supports import Boxes

REGISTRY = load_plugins()
GAUSSIAN = REGISTRY.activations["gaussian"]


def gaussian_bump(d: int, outputs: tuple[float, ...] = (1.0,)) -> Network:
    """Return exp(−|x|²) as a network: a product of one-dimensional ones by poolings."""
    layers = [Layer(np.eye(d), np.zeros(d), (GAUSSIAN,) * d, d > 1)]
    while layers[-1].outputs > 1:
        n = layers[-1].outputs
        layers.append(Layer(np.eye(n), np.zeros(n), (identity,) * n, True))
    layers.append(Layer(np.array(outputs)[:, None], np.zeros(len(outputs)), (identity,) * len(outputs)))
    return Network(layers)


def test_one_variable_agrees_with_the_error_function() -> None:
    found = leak(gaussian_bump(1), Box((-0.7,), (0.7,)), 2.0, thresholds=(0.1, 1e-3))
    assert found.errors.l1 == pytest.approx(sqrt(pi) * (erf(2) - erf(0.7)), rel=1e-7)
    assert found.volume == pytest.approx(2.6, rel=1e-12)
    assert found.measures[0] == pytest.approx(2 * (sqrt(log(10)) - 0.7), abs=4e-4)
    assert found.measures[1] == pytest.approx(2.6, rel=1e-12)


def test_a_box_with_a_gap_is_cut_at_all_ends() -> None:
    support = Boxes((Box((-1,), (Fraction(-1, 2),)), Box((0.3,), (0.7,))))
    found = leak(gaussian_bump(1), support, 2.0, cells=500)
    one = sqrt(pi) / 2
    true = one * (2 * erf(2) - (erf(1) - erf(0.5)) - (erf(0.7) - erf(0.3)))
    assert found.errors.l1 == pytest.approx(true, rel=1e-8)
    assert found.volume == pytest.approx(4 - 0.5 - 0.4, rel=1e-12)


def test_two_variables_outside_a_disc() -> None:
    """∫_{|x| > r} exp(−|x|²) = π·exp(−r²), the box being large."""
    found = leak(gaussian_bump(2), Ball((0, 0), 0.7), 4.0)
    assert found.errors.l1 == pytest.approx(pi * exp(-0.49), rel=1e-3)
    assert found.volume == pytest.approx(64 - pi * 0.49, rel=1e-4)
    assert found.measures[0] == pytest.approx(pi * (log(1e3) - 0.49), rel=2e-3)


def test_three_variables_outside_a_box() -> None:
    found = leak(gaussian_bump(3), Box((-1,) * 3, (1,) * 3), 2.0, thresholds=(1e-3,))
    assert found.errors.l1 == pytest.approx(pi**1.5 * (erf(2) ** 3 - erf(1) ** 3), rel=2e-3)


def test_several_outputs_are_measured_in_the_euclidean_norm() -> None:
    one, many = (leak(gaussian_bump(1, o), Box((-1,), (1,)), 2.0, samples=8) for o in ((5.0,), (3.0, 4.0)))
    assert many.errors.l1 == pytest.approx(one.errors.l1, rel=1e-12)
    assert (many.ball_shares == one.ball_shares).all()


def test_thresholds_far_below_float_noise_are_decided_in_balls() -> None:
    """tanh(x + 1) − tanh(x) − (tanh(x + 1) − tanh(x)): exactly 0, and floats give noise or 0."""
    weights = np.ones((6, 1))
    net = Network.dense(
        [weights, [[1.0, -3.0, 2.0, 1 / 3, 1 / 3, -2 / 3]]], [[1e-9, 0.0, -5e-10, 2.0, 2.0, 2.0], [0.0]],
        REGISTRY.activations["tanh"],
    )  # fmt: skip
    found = leak(net, Box((-1,), (1,)), 12.0, thresholds=(1e-8, 1e-30), cells=400, samples=16)
    assert found.measures[1] > 0  # noise is above 1e-30 at many points
    assert found.samples == 16 and (found.ball_undecided == 0).all()
    assert found.ball_shares[0] == 0.0 and found.ball_shares[1] == 1.0


def test_float_zeros_of_a_gaussian_are_refuted() -> None:
    """exp(−x²) is 0 in float64 beyond |x| = 27.3, and above 1e-700 there: up to |x| = 40."""
    found = leak(
        gaussian_bump(1), Box((-1,), (1,)), 40.0, thresholds=(1e-300, 1e-320), cells=2000, samples=40
    )
    assert 2 * (40 - 27.4) < found.float_zeros < 2 * (40 - 27.1)
    assert found.zeros_checked == found.zeros_refuted == 40
    assert found.measures[0] == pytest.approx(2 * (sqrt(300 * log(10)) - 1), abs=0.05)


def test_zeros_of_a_zero_network_are_refuted_by_no_ball() -> None:
    net = Network.dense([[[1.0], [1.0]], [[1.0, -1.0]]], [[0, 0], [0]], "relu")
    found = leak(net, Box((-1,), (1,)), 2.0, cells=50)
    assert found.float_zeros == pytest.approx(2) and found.zeros_checked > 0 == found.zeros_refuted
    assert found.errors.l1 == 0.0 and (found.measures == 0).all()


def test_an_activation_without_ball_leaves_the_sample_empty() -> None:
    bare = Activation("bare", lambda x: x.tanh(), regularity="analytic")
    found = leak(Network.dense([[[1.0]], [[1.0]]], [[0], [0]], bare), Box((-1,), (1,)), 2.0, cells=50)
    assert found.samples == 0 and np.isnan(found.ball_shares).all() and "'bare'" in found.reason
    assert np.isnan(found.ball_measures).all() and found.errors.l1 > 0


def test_a_box_that_is_no_cube_is_measured_as_it_is() -> None:
    support = Box((-0.7,), (0.7,))
    found = leak(gaussian_bump(1), support, Box((-1,), (Fraction(5, 2),)), cells=2000)
    assert found.sides == ((-1.0, 2.5),) and found.volume == pytest.approx(3.5 - 1.4, rel=1e-12)
    true = sqrt(pi) / 2 * (erf(1) - erf(0.7) + erf(2.5) - erf(0.7))
    assert found.errors.l1 == pytest.approx(true, rel=1e-7)
    assert found.errors.sup == pytest.approx(exp(-0.49), rel=1e-2)


@pytest.mark.parametrize(
    ("support", "radius", "keywords"),
    [
        (Box((-1, -1), (1, 1)), 2.0, {}),
        (Box((-1,), (1,)), 0.0, {}),
        (Box((-1,), (1,)), np.inf, {}),
        (Box((-1,), (1,)), 2.0, {"cells": 0}),
        (Box((-1,), (1,)), 2.0, {"thresholds": (0.0,)}),
        (Box((-1,), (1,)), 2.0, {"samples": -1}),
        ("a box", 2.0, {}),
        (REGISTRY.targets["tent"], 2.0, {}),
        (Box((-1,), (1,)), "2", {}),
        (Box((-1,), (1,)), Box((-2, -2), (2, 2)), {}),
    ],
    ids=[
        "dimension",
        "radius 0",
        "radius inf",
        "cells",
        "thresholds",
        "samples",
        "support",
        "target",
        "radius text",
        "box of two variables",
    ],
)
def test_numbers_that_make_no_sense_are_refused(support: Any, radius: float, keywords: Any) -> None:
    with pytest.raises(UserError):
        leak(gaussian_bump(1), support, radius, **keywords)
