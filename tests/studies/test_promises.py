"""Constructed networks are compared with what was proved of them beforehand."""

import numpy as np
import pytest

from ratelab import Network, UserError, load_plugins
from ratelab.registry import Promise
from ratelab.studies import _construct
from ratelab.studies._jobs import ConstructJob
from ratelab.studies._promises import built, check_promise

NETWORK = Network.dense([[[1.0]], [[1.0]]], [[0.0], [0.0]], activation="relu")
WIDE = Network.dense([[[1.0]] * 5, [[1.0] * 5]], [[0.0] * 5, [0.0]], activation="relu")


@pytest.mark.parametrize(
    "promise",
    [
        Promise(),
        Promise(2, 2, 1, 0.5),
        Promise(3, 4, 2, 0.6, source="somewhere"),
        Promise(2, 2, 1, 0.5, attained=True),
    ],
)
def test_a_kept_promise_passes(promise):
    check_promise("this", NETWORK, (0.5, 0.5), promise)


@pytest.mark.parametrize(
    ("promise", "message"),
    [
        (Promise(depth=1), "2 depth, promised at most 1"),
        (Promise(connections=1), "2 connections, promised at most 1"),
        (Promise(neurons=0, source="a lemma"), r"1 neurons, promised at most 0 \(a lemma\)"),
        (Promise(error=0.4), "error 0.5, promised at most 0.4"),
        (Promise(neurons=2, attained=True), "1 neurons, promised 2"),
        (Promise(error=0.6, attained=True), "error 0.5, promised 0.6"),
    ],
)
def test_a_broken_promise_names_both_numbers(promise, message):
    with pytest.raises(UserError, match="this: " + message):
        check_promise("this", NETWORK, (0.5, 0.5), promise)


@pytest.mark.parametrize("error", [-1.0, float("nan")])
def test_a_promised_error_is_a_number_from_zero_on(error):
    with pytest.raises(UserError, match="allowed: 0 or more"):
        Promise(error=error)


def test_promised_counts_are_whole():
    with pytest.raises(UserError, match=r"promised neurons are 1\.5"):
        Promise(neurons=1.5)
    check_promise("this", NETWORK, (0.5, 0.5), Promise(2, 2, 1, attained=True))


def job(target, constructions, depth, budgets=(12, 24)):
    return ConstructJob(
        target=target, architecture="mlp", activation="relu", depth=depth, complexity=("connections",),
        budgets=budgets, constructions=constructions,
    )  # fmt: skip


def test_the_promised_error_is_stored_beside_the_measured_one():
    found = _construct.run(job("takagi", ("takagi",), 4), load_plugins(["plugins"]), [], lambda *_: None)
    np.testing.assert_allclose(found["error_promised"], found["error_constructed"], rtol=1e-12)
    assert (found["construction"] == "takagi").all()


def test_a_construction_that_breaks_its_promise_is_named_with_file_and_budget(monkeypatch):
    registry = load_plugins(["plugins"])
    construction = registry.constructions["takagi"]
    monkeypatch.setattr(type(construction), "promise", lambda self, **_: Promise(error=1e-9))
    with pytest.raises(UserError, match=r"takagi\.py\), mlp/relu/depth=4 for takagi, 12 connections: error"):
        _construct.run(job("takagi", ("takagi",), 4), registry, [], lambda *_: None)


class Plugin:
    """A construction that returns what it is told to."""

    def __init__(self, network, promise=None):
        self.network, self.stated = network, promise or Promise()

    def build(self, **asked):
        if isinstance(self.network, Exception):
            raise self.network
        return self.network

    def promise(self, **asked):
        return self.stated


@pytest.mark.parametrize(
    ("plugin", "message"),
    [
        (Plugin(None), "build returned NoneType; allowed: a Network"),
        (Plugin(NETWORK, "x"), "promise returned str; allowed: a Promise"),
        (Plugin(ZeroDivisionError("oh")), "failed: ZeroDivisionError: oh"),
        (
            Plugin(Network.dense([[[1.0]] * 5, [[1.0] * 5]], [[0.0] * 5, [0.0]], activation="relu")),
            "5 neurons and 2 layers",
        ),
        (Plugin(Network.dense([[[1.0, 1.0]]], [[0.0]])), "2 inputs and 1 outputs; allowed: 1 and 1"),
    ],
)
def test_what_a_construction_does_wrong_is_one_sentence(plugin, message):
    target = load_plugins(["plugins"]).targets["exp"]
    with pytest.raises(UserError, match="^place: .*" + message):
        built(plugin, "place", target, {"budget": 4, "complexity": "neurons", "depth": 2})


def test_a_budget_below_the_smallest_network_gives_none():
    target = load_plugins(["plugins"]).targets["exp"]
    asked = {"budget": 4, "complexity": "neurons", "depth": 2}
    assert built(Plugin(UserError("too small")), "place", target, asked) is None
