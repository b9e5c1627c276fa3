"""What supported networks refuse, and that a build stops where something proved does not hold."""

from fractions import Fraction

import numpy as np
import pytest

from ratelab import Activation, Target, UserError, load_plugins
from ratelab.networks import Network, PooledCounts
from ratelab.registry import Box, LevelSet
from ratelab.spaces import _supported_build
from ratelab.spaces._supported import supported
from ratelab.spaces._supported_within import supported_within

TARGETS = load_plugins(["plugins"]).targets


def with_support(target, **changes):
    given = {
        "function": target.function,
        "domain": target.domain,
        "support": target.support,
        "lipschitz": target.lipschitz,
    }
    return Target("other", **(given | changes))


REFUSED = {
    "no support": (lambda t: with_support(t, support=None), {}, "declares no support"),
    "spacing 0": (lambda t: t, {"spacing": 0}, "spacing is 0"),
    "spacing text": (lambda t: t, {"spacing": "x"}, "spacing is 'x'"),
    "spacing nan": (lambda t: t, {"spacing": float("nan")}, "spacing is nan"),
    "no power of two": (lambda t: t, {"spacing": Fraction(1, 10)}, "powers of 2"),
    "decimal float": (lambda t: t, {"spacing": 0.1}, "powers of 2"),
    "too fine": (lambda t: t, {"spacing": 2.0**-40}, "grid lines"),
    "too many": (lambda t: t, {"spacing": 2.0**-15}, "allowed: 20,000"),
    "margin 0": (lambda t: t, {"margin": 0}, "margin is 0"),
    "margin negative": (lambda t: t, {"margin": -0.25}, "margin is -0.25"),
    "margin infinite": (lambda t: t, {"margin": float("inf")}, "margin is inf"),
    "margin thin": (lambda t: t, {"margin": 2.0**-30}, "thinner than float64"),
    "margin odd": (lambda t: t, {"margin": 0.3}, "powers of 2"),
    "method": (lambda t: t, {"method": "hat"}, "allowed: hats, mask, gate, kuhn"),
    "margin of hats": (lambda t: t, {"method": "hats", "margin": 0.25}, "takes no margin"),
    "shift of gate": (lambda t: t, {"method": "gate", "shift": 0.25}, "takes no shift"),
    "shift infinite": (lambda t: t, {"shift": float("inf")}, "shift is inf"),
    "shift of no number": (lambda t: t, {"shift": True}, "shift is True"),
    "limit nan": (lambda t: t, {"limit": float("nan")}, "limit is nan"),
    "limit negative": (lambda t: t, {"limit": -3}, "limit is -3; allowed: whole numbers from 1 on"),
    "target's name": (lambda t: "tent", {}, "target is 'tent'; allowed: a Target"),
    "shift text": (lambda t: t, {"shift": "x"}, "shift is 'x'"),
    "network of two inputs": (
        lambda t: t,
        {"network": Network.dense([[[1.0, 1.0]]], [[0.0]])},
        "both must agree",
    ),
    "network of two outputs": (
        lambda t: t,
        {"network": Network.dense([[[1.0], [1.0]]], [[0.0, 0.0]])},
        "both must agree",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_built_is_refused_in_one_sentence(case):
    change, given, words = REFUSED[case]
    arguments = {"spacing": Fraction(1, 8)} | given
    with pytest.raises(UserError, match=words):
        supported(change(TARGETS["tent"]), arguments.pop("spacing"), **arguments)


def test_networks_with_weights_that_are_not_finite_do_not_exist():
    with pytest.raises(UserError, match="finite"):
        Network.dense([[[float("nan")]], [[1.0]]], [[0.0], [0.0]])


def test_supports_too_small_are_refused():
    small = with_support(TARGETS["tent"], support=Box((-0.25,), (0.25,)))
    with pytest.raises(UserError, match="support"):
        supported(small, Fraction(1, 8))


def test_a_broken_bound_stops_the_build(monkeypatch):
    monkeypatch.setattr(_supported_build, "lipschitz_bound", lambda target, spacing: 1e-3)
    with pytest.raises(AssertionError, match="more than the bound"):
        supported(TARGETS["tent"], Fraction(1, 8), method="hats")


def test_a_broken_count_stops_the_build(monkeypatch):
    monkeypatch.setattr(_supported_build, "tensor_hats_bound", lambda *_: PooledCounts(3, 1, 0))
    with pytest.raises(AssertionError, match="promised"):
        supported(TARGETS["tent"], Fraction(1, 8), method="hats")


def test_a_mask_that_is_too_small_stops_the_build(monkeypatch):
    original = _supported_build.box_mask
    monkeypatch.setattr(
        _supported_build, "box_mask", lambda low, high, margin: original(low / 2, high / 2, margin)
    )
    with pytest.raises(AssertionError, match="does not hold"):
        supported(TARGETS["compact_cone"], Fraction(1, 8))


def test_a_network_that_is_not_zero_outside_stops_the_build(monkeypatch):
    original = _supported_build.box_mask
    monkeypatch.setattr(
        _supported_build, "box_mask", lambda low, high, margin: original(low, high, 2 * margin)
    )
    with pytest.raises(AssertionError, match="not certified zero"):
        supported(TARGETS["compact_cone"], Fraction(1, 8))


def test_accuracies_need_a_lipschitz_constant_and_must_be_positive():
    with pytest.raises(UserError, match="declares no Lipschitz constant"):
        supported_within(TARGETS["indicator"], 0.1)
    with pytest.raises(UserError, match="accuracy is -1"):
        supported_within(TARGETS["tent"], -1)
    with pytest.raises(UserError, match="limit is nan"):
        supported_within(TARGETS["tent"], 0.1, limit=float("nan"))


@pytest.mark.parametrize("method", ["mask", "hats"])
@pytest.mark.parametrize("accuracy", [1e-9, 1e-4])
def test_accuracies_that_take_too_fine_a_grid_are_refused_as_such(accuracy, method):
    with pytest.raises(
        UserError, match=f"^accuracy {accuracy:.3g} takes a grid of spacing .*larger accuracies"
    ):
        supported_within(TARGETS["compact_cone"], accuracy, method)


@pytest.mark.parametrize("method", ["mask", "gate"])
def test_a_jump_between_the_lines_of_the_grid_is_masked(method):
    """No node is active and there is no Lipschitz constant: neither gives the shift a scale."""
    thin = Target(
        "thin",
        lambda x: ((x[:, 0] >= 0.05) & (x[:, 0] <= 0.1)) * 1.0,
        domain=((-1.0, 1.0),),
        support=Box((0.05,), (0.1,)),
    )
    found = supported(thin, Fraction(1, 4), method=method)
    assert found.certificate and found.distance.miss == (0, 0) and found.sup_sampled == pytest.approx(1)


def disc_by(slack):
    """Return a disc whose level function is `slack` times flatter than its Lipschitz constant 1 says."""
    box = Box((-1.0, -1.0), (1.0, 1.0))
    return Target(
        "slow",
        lambda x: np.maximum(0, 0.5 - np.hypot(x[:, 0], x[:, 1])),
        domain=((-1.5, 1.5),) * 2,
        support=LevelSet(lambda x: (np.hypot(x[:, 0], x[:, 1]) - 0.5) / slack, 1.0, box),
        lipschitz=1.0,
    )


def test_a_loosely_described_level_set_proves_no_accuracy_of_the_support():
    """Nearly all cubes of its box stay undecided: the mask would reach far beyond the disc."""
    with pytest.raises(UserError, match="hold no known point of its level set"):
        supported_within(disc_by(1000.0), 0.4)
    close = supported_within(disc_by(1.0), 0.4)
    assert close.distance.excess_euclidean[1] <= 0.4


def test_networks_that_are_not_finite_in_floats_are_refused():
    huge = Network.dense([np.full((3, 2), 1e308), np.full((1, 3), 1e308)], [np.zeros(3), np.zeros(1)])
    with pytest.raises(UserError, match="not finite in float64 near the support"):
        supported(TARGETS["compact_cone"], Fraction(1, 8), network=huge)


def test_a_network_of_an_unknown_activation_is_masked_all_the_same():
    unknown = Activation("unknown", lambda x: x / (1 + x * x).sqrt(), regularity="analytic")
    network = Network.dense([np.ones((3, 2)), np.ones((1, 3))], [np.zeros(3), np.zeros(1)], unknown)
    found = supported(TARGETS["compact_cone"], Fraction(1, 8), network=network)
    assert found.certificate and not found.support_equal


@pytest.mark.parametrize("parts", [0, -2, 1.5])
def test_errors_are_measured_on_whole_parts(parts):
    with pytest.raises(UserError, match="parts is"):
        supported(TARGETS["tent"], Fraction(1, 4)).errors(parts=parts)


def test_boxes_of_errors_are_numbers():
    with pytest.raises(UserError, match="box is 'a'"):
        supported(TARGETS["tent"], Fraction(1, 4)).errors("a")
