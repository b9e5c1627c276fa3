"""The claims A1, A2 and A4 hold on random networks, and notice what does not."""

import pytest

from ratelab import load_plugins, networks
from ratelab.networks import Layer, Network
from ratelab.spaces._depth_growth import DepthGrowth
from ratelab.studies.claims import _space_calculus, _space_families
from ratelab.studies.claims._claim import Scope

CHECKS = {"A1": _space_calculus.a1, "A2": _space_calculus.a2, "A4": _space_families.a4}


@pytest.fixture(scope="module")
def registry():
    return load_plugins(["plugins"])


def cases(name, registry, count=4):
    return list(CHECKS[name](Scope(count, registry)))


def verdicts(found):
    return {case.verdict for case in found}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("A1", {"consistent"}),
        ("A2", {"consistent", "illustrated", "not measurable"}),
        ("A4", {"consistent", "illustrated", "not measurable"}),
    ],
)
def test_no_case_is_violated_or_left_open(name, expected, registry):
    for count in (1, 8):
        found = cases(name, registry, count)
        assert verdicts(found) == expected
        assert len({case.name for case in found}) == len(found)


@pytest.mark.parametrize("name", CHECKS)
def test_the_same_cases_twice(name, registry):
    assert repr(cases(name, registry)) == repr(cases(name, registry))


def test_every_activation_of_the_plugins_with_a_slope_carries_a_value_in_the_limit(registry):
    found = {
        case.name.partition(":")[0]: case for case in cases("A2", registry) if case.verdict == "illustrated"
    }
    assert {"tanh", "sigmoid", "softplus"} <= set(found)
    assert all(case.measured <= 1.1 * 2**-8 for case in found.values())


def moved(network):
    """The same network with an output bias changed by one."""
    last = network.layers[-1]
    return Network([*network.layers[:-1], Layer(last.weight, last.bias + 1, last.activations)])


@pytest.mark.parametrize("operation", ["add", "parallel", "deepen", "scale", "compose"])
def test_a_wrong_value_is_a_violation(operation, registry, monkeypatch):
    right = getattr(networks, operation)
    monkeypatch.setattr(networks, operation, lambda *a, **k: moved(right(*a, **k)).rational())
    assert "violated" in verdicts(cases("A1", registry))


def test_a_layer_too_many_is_a_violation(registry, monkeypatch):
    right = networks.add
    monkeypatch.setattr(networks, "add", lambda *parts: networks.deepen(right(*parts), 9))
    broken = {case.name for case in cases("A1", registry) if case.verdict == "violated"}
    assert {"sum: depth", "sum: neurons"} <= broken


def test_identity_neurons_that_stay_are_a_violation(registry, monkeypatch):
    monkeypatch.setattr(networks, "strict", lambda network, *a, **k: network)
    broken = [case for case in cases("A2", registry) if case.verdict == "violated"]
    assert broken and all("identity neurons left" in case.name for case in broken)


def test_a_wrong_dilation_is_a_violation(registry, monkeypatch):
    right = DepthGrowth.dilation
    monkeypatch.setattr(DepthGrowth, "dilation", lambda self, other: right(self, other) and 1)
    assert "violated" in verdicts(cases("A4", registry))
