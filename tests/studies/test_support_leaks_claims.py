"""D5, D13: every case agrees, and broken ingredients are noticed."""

import numpy as np
import pytest
from flint import arb
from scipy.integrate import quad

from ratelab import load_plugins
from ratelab.exact._leak import leak
from ratelab.registry import Ball
from ratelab.studies.claims import _support_leaks as claims
from ratelab.studies.claims._claim import Scope

REGISTRY = load_plugins()
SCOPE = Scope(2, REGISTRY)


def test_d5_is_consistent_and_partial_sums_are_illustrated() -> None:
    cases = list(claims.d5(SCOPE))
    assert [case.verdict for case in cases] == ["consistent"] * 4 + ["illustrated"]
    assert all(case.measured < 0.2 for case in cases[:2])


def test_the_bound_of_one_weight_holds_against_quadrature() -> None:
    """p_w(f − g) for w_n = 2^n by quadrature, its tail negligible: below the proved bound, and no less than half."""
    target = REGISTRY.targets["tent"]
    network, _ = claims._gaussian_sum(target, REGISTRY.activations["gaussian"])

    def gap(x: float) -> float:
        return abs(float(target(np.array([x]))[0, 0] - network(np.array([[x]]))[0, 0]))

    inner = sum(quad(gap, a, b, limit=200)[0] for a, b in ((-1, -0.7), (-0.7, 0), (0, 0.7), (0.7, 1)))
    outer = 4 * 2 * quad(gap, 1, 2, limit=200)[0]
    bound = next(iter(claims.d5(SCOPE))).measured
    assert 0.5 * bound < 2 * inner + outer < bound


def test_tails_are_bounded_from_above() -> None:
    target = REGISTRY.targets["tent"]
    network, coefficients = claims._gaussian_sum(target, REGISTRY.activations["gaussian"])
    true = 2 * quad(lambda x: float(network(np.array([[x]]))[0, 0]), 1, 2)[0]
    assert true < float(claims._tail(coefficients, lambda n: arb(1)).upper()) < 1000 * true


def test_the_difference_of_tent_and_gaussians_is_what_it_says() -> None:
    target = REGISTRY.targets["tent"]
    network, _ = claims._gaussian_sum(target, REGISTRY.activations["gaussian"])
    x = np.linspace(-2, 2, 101)
    found = claims._difference(target, network)(x[:, None])[:, 0]
    assert found == pytest.approx(target(x)[:, 0] - network(x[:, None])[:, 0], abs=1e-14)


def test_d13_is_consistent() -> None:
    cases = list(claims.d13(SCOPE))
    assert len(cases) == 6 and {case.verdict for case in cases} == {"consistent"}
    assert "e-88" in cases[3].note and "e-348" in cases[4].note


def test_the_windowed_network_is_a_window_times_features() -> None:
    tanh, logistic = REGISTRY.activations["tanh"], REGISTRY.activations["sigmoid"]
    net = claims.windowed(tanh, logistic, np.random.default_rng(1))
    x = np.random.default_rng(2).uniform(-1.3, 1.3, (50, 2))
    first = net.layers[0]
    features = np.tanh(x @ first.weight[:16].T + first.bias[:16])
    window = np.prod(1 / (1 + np.exp(-160 * (1.2 - x))) / (1 + np.exp(-160 * (1.2 + x))), axis=1)
    outer = net.layers[1].weight[2, :16]
    assert net(x)[:, 0] == pytest.approx(window * (features @ outer), rel=1e-9, abs=1e-300)
    assert net.poolings == 3


def test_the_windowed_network_has_float_zeros_and_no_true_ones() -> None:
    """Far from the window values underflow, though the support is all of R²."""
    net = claims.windowed(
        REGISTRY.activations["tanh"], REGISTRY.activations["sigmoid"], np.random.default_rng(1)
    )
    found = leak(net, Ball((0, 0), 0.8), 4.0, cells=60, samples=12)
    assert 0.01 < found.float_zeros / found.volume < 0.2
    assert found.zeros_checked == found.zeros_refuted == 12


def test_networks_that_vanish_would_violate_d13(monkeypatch: pytest.MonkeyPatch) -> None:
    from ratelab.networks import Network

    zero = Network.dense([[[1.0]], [[0.0]]], [[0], [0]], "tanh")
    monkeypatch.setattr(claims, "random_network", lambda *_, **__: zero)
    assert next(iter(claims.d13(SCOPE))).verdict == "violated"


def test_a_wide_sum_would_violate_d5(monkeypatch: pytest.MonkeyPatch) -> None:
    from fractions import Fraction

    monkeypatch.setattr(claims, "_SPACING", Fraction(1, 2))  # no longer an average of the tent
    assert next(iter(claims.d5(SCOPE))).verdict == "violated"
