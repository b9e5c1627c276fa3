"""Constructions keep their promises: the budget, the class, the error."""

import numpy as np
import pytest

import ratelab as rl
from ratelab.best import best_spline

registry = rl.load_plugins(["plugins"])
ONE_BEND = ["relu", "relu2", "relu3", "prelu", "power(exponent=1)", "power(exponent=0)"]


@pytest.mark.parametrize("activation", ONE_BEND)
@pytest.mark.parametrize("complexity", ["neurons", "connections"])
@pytest.mark.parametrize("budget", [6, 7, 16])
def test_a_spline_network_keeps_the_budget_and_uses_it(activation, complexity, budget):
    chosen = registry.activations[activation]
    network = registry.constructions["spline"].build(
        budget=budget, complexity=complexity, depth=2, target=registry.targets["exp"], activation=chosen
    )
    neurons = budget if complexity == "neurons" else budget // 2
    assert network.neurons == neurons
    assert network.connections <= 2 * neurons
    assert network.depth == 2
    assert all(a is chosen for a in network.layers[0].activations)


@pytest.mark.parametrize("activation", ["relu", "prelu"])
def test_piecewise_linear_networks_have_the_error_of_the_spline(activation):
    target = registry.targets["sqrt"]
    network = registry.constructions["spline"].build(
        budget=4, complexity="neurons", depth=2, target=target, activation=registry.activations[activation]
    )
    assert rl.exact.error(network, target) == pytest.approx(4.68063774e-3, rel=1e-8)
    x = np.linspace(0, 1, 1001)
    np.testing.assert_allclose(network(x[:, None])[:, 0], best_spline(target, 4, 1)(x), atol=1e-12)


@pytest.mark.parametrize(
    ("name", "target", "activation", "depth", "reason"),
    [
        ("spline", "exp", "tanh", 2, "tanh"),
        ("spline", "exp", "identity", 2, "identity"),
        ("spline", "exp", "relu", 3, "depth 2, not 3"),
        ("spline", "cone", "relu", 2, "one variable"),
        ("sawtooth", "exp", "tanh", 3, "tanh"),
        ("sawtooth", "exp", "relu2", 3, "relu2"),
        ("sawtooth", "exp", "relu", 2, "depth 3, not 2"),
        ("sawtooth", "cone", "relu", 3, "one variable"),
    ],
)
def test_a_construction_says_why_it_does_not_apply(name, target, activation, depth, reason):
    construction = registry.constructions[name]
    chosen = {
        "target": registry.targets[target],
        "activation": registry.activations[activation],
        "depth": depth,
    }
    assert reason in construction.accepts(**chosen)
    with pytest.raises(rl.UserError, match=reason):
        construction.build(budget=8, complexity="neurons", **chosen)


@pytest.mark.parametrize(
    ("name", "complexity", "depth", "activation"),
    [("spline", "neurons", 2, "relu3"), ("sawtooth", "connections", 3, "relu")],
)
def test_a_budget_below_the_smallest_network_is_an_error(name, complexity, depth, activation):
    with pytest.raises(rl.UserError, match="from 3 on"):
        registry.constructions[name].build(
            budget=2,
            complexity=complexity,
            depth=depth,
            target=registry.targets["exp"],
            activation=registry.activations[activation],
        )


@pytest.mark.parametrize(
    ("complexity", "budget"), [("neurons", 2), ("neurons", 9), ("connections", 3), ("connections", 40)]
)
def test_a_sawtooth_network_keeps_the_budget_and_the_shape_of_an_mlp(complexity, budget):
    relu, target = registry.activations["relu"], registry.targets["sqrt"]
    network = registry.constructions["sawtooth"].build(
        budget=budget, complexity=complexity, depth=3, target=target, activation=relu
    )
    layout = registry.architectures["mlp"].layout(
        budget=budget, complexity=complexity, depth=3, dimension=1, outputs=1
    )
    assert getattr(network, complexity) <= budget
    assert network.depth == 3
    assert network.widths == layout.widths[1:-1]
    assert all(a is relu for a in network.layers[0].activations)
