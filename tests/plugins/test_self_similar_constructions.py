"""Constructions of self-similar functions keep what they promise, and use the budget."""

from fractions import Fraction
from math import log2, sqrt

import numpy as np
import pytest

import ratelab as rl
from ratelab import exact
from ratelab.networks import Counts

registry = rl.load_plugins(["plugins"])
RELU = registry.activations["relu"]
TAKAGI = registry.constructions["takagi"]
COMPLEXITIES = ["neurons", "connections"]


def size(network, complexity):
    return network.neurons if complexity == "neurons" else network.connections


@pytest.mark.parametrize("complexity", COMPLEXITIES)
@pytest.mark.parametrize(
    ("name", "target", "depths"),
    [
        ("takagi", "takagi", (2, 3, 4, 5)),
        ("takagi", "takagi(exponent=0.5)", (2, 4)),
        ("takagi", "takagi(exponent=2.5)", (3, 6)),
        ("takagi", "square", (2, 3, 4, 6)),
        ("cantor_spline", "cantor", (2,)),
        ("brownian_spline", "brownian", (2,)),
        ("brownian_spline", "brownian(seed=3)", (2,)),
        ("sawtooth_wave", "sawtooth(levels=5)", (2, 3, 4)),
        ("sawtooth_wave", "sawtooth(levels=1)", (2,)),
    ],
)
def test_a_network_keeps_the_promise(name, target, depths, complexity):
    construction, function = registry.constructions[name], registry.targets[target]
    for depth in depths:
        for budget in (2, 4, 7, 12, 20):
            asked = {"budget": budget, "complexity": complexity, "depth": depth}
            asked |= {"target": function, "activation": RELU}
            try:
                network = construction.build(**asked)
            except rl.UserError:
                with pytest.raises(rl.UserError):
                    construction.promise(**asked)
                assert budget < 6
                continue
            promise = construction.promise(**asked)
            assert size(network, complexity) <= budget
            bound = Counts(promise.depth, promise.connections, promise.neurons)
            assert Counts.of(network).within(bound)
            found = exact.certified_error(network, function)
            assert found.lower <= promise.error * (1 + 1e-12)
            assert found.upper <= promise.error * (1 + 1e-9) + 1e-14
            assert network.strict
            if promise.attained:
                assert Counts.of(network) == bound
                assert found.upper == pytest.approx(promise.error, rel=1e-9, abs=1e-14)


def test_the_public_interface_builds_takagi_from_a_budget_alone():
    network = TAKAGI.build(budget=32, complexity="connections", depth=4, target=None)
    asked = {"budget": 32, "complexity": "connections", "depth": 4}
    promise = TAKAGI.promise(**asked)
    assert Counts.of(network) == Counts(promise.depth, promise.connections, promise.neurons)
    error = exact.error(network, registry.targets["takagi"])
    assert error == pytest.approx(promise.error, rel=1e-9)
    levels = -log2(6 * error)
    assert levels == pytest.approx(round(levels))


@pytest.mark.parametrize("complexity", COMPLEXITIES)
def test_more_depth_and_more_budget_never_hurt(complexity):
    for budget in (8, 20, 50, 1000, 100_000):
        errors = [
            TAKAGI.promise(budget=budget, complexity=complexity, depth=depth).error for depth in range(2, 8)
        ]
        assert errors == sorted(errors, reverse=True)
    errors = [TAKAGI.promise(budget=n, complexity=complexity, depth=4).error for n in range(4, 60)]
    assert errors == sorted(errors, reverse=True)


@pytest.mark.parametrize(
    ("name", "target", "activation", "depth", "reason"),
    [
        ("takagi", "exp", "relu", 2, "not known to be made of copies"),
        ("takagi", "cantor", "relu", 2, "tent folds"),
        ("takagi", "takagi", "relu2", 2, "'relu', not of 'relu2'"),
        ("takagi", "takagi", "relu", 1, "not 1"),
        ("cantor_spline", "takagi", "relu", 2, "folded"),
        ("cantor_spline", "exp", "relu", 2, "copies"),
        ("cantor_spline", "cantor", "relu", 3, "depth 2, not 3"),
        ("cantor_spline", "cantor", "tanh", 2, "tanh"),
        ("brownian_spline", "exp", "relu", 2, "no finest scale"),
        ("brownian_spline", "brownian", "relu", 4, "depth 2, not 4"),
        ("brownian_spline", "brownian", "tanh", 2, "tanh"),
        ("sawtooth_wave", "square", "relu", 2, "not a sawtooth"),
        ("sawtooth_wave", "takagi", "relu", 2, "not a sawtooth"),
        ("sawtooth_wave", "sawtooth", "tanh", 2, "tanh"),
        ("sawtooth_wave", "sawtooth", "relu", 1, "not 1"),
    ],
)
def test_a_construction_says_why_it_does_not_apply(name, target, activation, depth, reason):
    construction = registry.constructions[name]
    chosen = {
        "target": registry.targets[target], "activation": registry.activations[activation], "depth": depth,
    }  # fmt: skip
    assert reason in construction.accepts(**chosen)
    with pytest.raises(rl.UserError, match=name):
        construction.build(budget=16, complexity="neurons", **chosen)


def test_too_small_a_budget_names_the_smallest():
    with pytest.raises(rl.UserError, match="from 4 on"):
        TAKAGI.build(budget=3, complexity="connections", depth=2)


def test_a_sawtooth_is_recognised_by_its_pieces():
    pieces = rl.registry.PiecewisePolynomial(
        (Fraction(1, 2),), ((Fraction(0), Fraction(2)), (Fraction(2), Fraction(-2)))
    )
    tent = rl.Target("anything", lambda x: 1 - np.abs(2 * x[:, 0] - 1), pieces=pieces)
    construction = registry.constructions["sawtooth_wave"]
    assert construction.accepts(target=tent, activation=RELU, depth=2) is None
    lower = rl.registry.PiecewisePolynomial(
        (Fraction(1, 2),), ((Fraction(0), Fraction(1)), (Fraction(1), Fraction(-1)))
    )
    small = rl.Target("small", lambda x: 0.5 - np.abs(x[:, 0] - 0.5), pieces=lower)
    assert construction.accepts(target=small, activation=RELU, depth=2) is not None


def test_the_cliff_of_the_sawtooth_lies_where_the_counts_say():
    target, construction = registry.targets["sawtooth"], registry.constructions["sawtooth_wave"]
    for depth, cliff in ((2, 128), (4, 32)):
        asked = {"complexity": "connections", "depth": depth, "target": target, "activation": RELU}
        assert construction.promise(budget=cliff, **asked).error == 0
        assert construction.promise(budget=cliff - 1, **asked).error > 0.01
        assert exact.certified_error(construction.build(budget=cliff, **asked), target).upper < 1e-15
    assert construction.promise(budget=1, **asked).error == pytest.approx(1 / sqrt(12))


def test_the_brownian_spline_is_the_least_squares_fit_on_a_fine_grid():
    target, construction = registry.targets["brownian"], registry.constructions["brownian_spline"]
    network = construction.build(budget=9, complexity="neurons", depth=2, target=target, activation=RELU)
    x = (np.arange(8 * 4096) + 0.5) / (8 * 4096)
    hats = np.maximum(0, 1 - np.abs(8 * x[:, None] - np.arange(9)))
    values = hats @ np.linalg.lstsq(hats, target(x)[:, 0], rcond=None)[0]
    np.testing.assert_allclose(network(x[:, None])[:, 0], values, atol=1e-4)


def test_the_sawtooth_target_is_the_composed_tent():
    target = registry.targets["sawtooth(levels=5)"]
    x = np.linspace(0, 1, 4097)
    expected = x.copy()
    for _ in range(5):
        expected = np.minimum(2 * expected, 2 - 2 * expected)
    np.testing.assert_array_equal(target(x)[:, 0], expected)
    np.testing.assert_allclose(target.pieces.evaluate(x), expected, atol=1e-13)
    assert len(target.pieces.coefficients) == 32
    assert all(target.pieces.jumps(i)[0] == 0 for i in range(31))
    with pytest.raises(rl.UserError, match="levels is 0"):
        registry.targets["sawtooth(levels=0)"]


def test_the_square_repeats_itself():
    similar = registry.targets["square"].self_similar
    assert similar.folded and similar.height == 0.25
    for x in map(Fraction, ("1/3", "1/7", "5/9")):
        left, right = (x / 2) ** 2, (1 - x / 2) ** 2
        assert left == x * x / 4
        assert right == x * x / 4 + (1 - x)  # a line, on the mirror image
