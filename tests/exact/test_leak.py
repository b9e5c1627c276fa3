"""Leaks outside a support: closed forms, thresholds, and floats against balls."""

from fractions import Fraction
from math import erf, erfc, exp, log, pi, sqrt
from typing import Any

import numpy as np
import pytest

from ratelab import Activation, Target, UserError, load_plugins
from ratelab.exact._leak import errors_on, leak
from ratelab.exact._leak_regions import inside
from ratelab.networks import Layer, Network, identity
from ratelab.registry import Ball, Box
from ratelab.registry._supports import Boxes, LevelSet

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
    assert found.integral == pytest.approx(sqrt(pi) * (erf(2) - erf(0.7)), rel=1e-7)
    assert found.volume == pytest.approx(2.6, rel=1e-12)
    assert found.measures[0] == pytest.approx(2 * (sqrt(log(10)) - 0.7), abs=4e-4)
    assert found.measures[1] == pytest.approx(2.6, rel=1e-12)


def test_a_box_with_a_gap_is_cut_at_all_ends() -> None:
    support = Boxes((Box((-1,), (Fraction(-1, 2),)), Box((0.3,), (0.7,))))
    found = leak(gaussian_bump(1), support, 2.0, cells=500)
    one = sqrt(pi) / 2
    true = one * (2 * erf(2) - (erf(1) - erf(0.5)) - (erf(0.7) - erf(0.3)))
    assert found.integral == pytest.approx(true, rel=1e-8)
    assert found.volume == pytest.approx(4 - 0.5 - 0.4, rel=1e-12)


def test_two_variables_outside_a_disc() -> None:
    """∫_{|x| > r} exp(−|x|²) = π·exp(−r²), the box being large."""
    found = leak(gaussian_bump(2), Ball((0, 0), 0.7), 4.0)
    assert found.integral == pytest.approx(pi * exp(-0.49), rel=1e-3)
    assert found.volume == pytest.approx(64 - pi * 0.49, rel=1e-4)
    assert found.measures[0] == pytest.approx(pi * (log(1e3) - 0.49), rel=2e-3)


def test_three_variables_outside_a_box() -> None:
    found = leak(gaussian_bump(3), Box((-1,) * 3, (1,) * 3), 2.0, thresholds=(1e-3,))
    assert found.integral == pytest.approx(pi**1.5 * (erf(2) ** 3 - erf(1) ** 3), rel=2e-3)


def test_several_outputs_are_measured_in_the_euclidean_norm() -> None:
    one, many = (leak(gaussian_bump(1, o), Box((-1,), (1,)), 2.0, samples=8) for o in ((5.0,), (3.0, 4.0)))
    assert many.integral == pytest.approx(one.integral, rel=1e-12)
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
    assert found.integral == 0.0 and (found.measures == 0).all()


def test_an_activation_without_ball_leaves_the_sample_empty() -> None:
    bare = Activation("bare", lambda x: x.tanh(), regularity="analytic")
    found = leak(Network.dense([[[1.0]], [[1.0]]], [[0], [0]], bare), Box((-1,), (1,)), 2.0, cells=50)
    assert found.samples == 0 and np.isnan(found.ball_shares).all() and "'bare'" in found.reason
    assert np.isnan(found.ball_measures).all() and found.integral > 0


def test_errors_inside_and_outside_agree_with_closed_forms() -> None:
    """F = exp(−x²) against 1 on [−1, 1] and 0 elsewhere."""
    target = Target("plateau", lambda x: np.ones(len(x)), domain=((-1.0, 1.0),), support=Box((-1,), (1,)))
    found = errors_on(gaussian_bump(1), target, None, 3.0)
    assert found.supremum == pytest.approx(1 - exp(-1), abs=1e-3)
    assert found.integral == pytest.approx(2 - sqrt(pi) * erf(1), rel=1e-6)
    assert found.box_integral == pytest.approx(found.integral + sqrt(pi) * (erf(3) - erf(1)), rel=1e-6)
    inner = 2 - 2 * sqrt(pi) * erf(1) + sqrt(pi / 2) * erf(sqrt(2))
    outer = sqrt(pi / 2) * (erfc(sqrt(2)) - erfc(3 * sqrt(2)))
    assert found.box_square == pytest.approx(sqrt(inner + outer), rel=1e-6)


def test_errors_in_two_variables() -> None:
    target = REGISTRY.targets["compact_cone"]
    zero = Network.dense([[[0.0, 0.0]]], [[0.0]])
    found = errors_on(zero, target, None, 1.5, cells=200)
    assert found.supremum == pytest.approx(1, abs=0.02)
    assert found.integral == pytest.approx(pi * 0.64 / 3, rel=1e-3) and found.box_integral == found.integral
    assert found.box_square == pytest.approx(sqrt(pi * 0.64 / 6), rel=1e-3)


@pytest.mark.parametrize(
    ("support", "held"),
    [
        (Box((-1, -1), (1, 0)), [True, False, True, False]),
        (Ball((0, 0), 1), [True, False, True, False]),
        (Boxes((Box((-1, -1), (0, 0)), Box((0, 2), (1, 3)))), [True, True, False, False]),
        (LevelSet(lambda x: np.abs(x).max(axis=1) - 0.5, 1.0, Box((-1, -1), (1, 1))), [True, False, False, False]),
    ],
    ids=["box", "ball", "boxes", "level set"],
)  # fmt: skip
def test_points_are_found_inside_every_kind_of_support(support: Any, held: list[bool]) -> None:
    points = np.array([[0.0, 0.0], [0.5, 2.5], [1.0, 0.0], [-2.0, 0.0]])
    assert inside(support, points).tolist() == held


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
    ],
    ids=["dimension", "radius 0", "radius inf", "cells", "thresholds", "samples", "support"],
)
def test_numbers_that_make_no_sense_are_refused(support: Any, radius: float, keywords: Any) -> None:
    with pytest.raises(UserError):
        leak(gaussian_bump(1), support, radius, **keywords)


def test_a_target_without_support_is_refused() -> None:
    with pytest.raises(UserError, match="declares no support"):
        errors_on(gaussian_bump(1), Target("free", lambda x: x[:, 0]), None, 1.0)
