"""Constructions for boxes, discs and cones: which targets they take, and that every network keeps its promise."""

from fractions import Fraction
from math import pi, sqrt

import numpy as np
import pytest

import ratelab as rl
from ratelab.registry._shapes import Ball, Box, Distance
from ratelab.spaces._polygons import SOFT_SHARE

REGISTRY = rl.load_plugins(["plugins"])
RELU = REGISTRY.activations["relu"]
CASES = {"cube": ("cube", 3), "polygon": ("disc", 3), "cone_ridges": ("cone", 2)}


def asked(name, budget=100, complexity="connections", **changes):
    target, depth = CASES[name]
    given = {"budget": budget, "complexity": complexity, "depth": depth, "activation": RELU}
    return given | {"target": REGISTRY.targets[target]} | changes


def polar_error(network, radius, rays=700, steps=9001):
    """The L2 error for a disc about (½, ½) on the unit square, for a network that is 0 near the square's corners."""
    angle = (np.arange(rays) + 0.5) / rays * 2 * pi
    r = (np.arange(steps) + 0.5) / steps * 0.5
    total = 0.0
    for t in angle:
        points = 0.5 + np.stack([r * np.cos(t), r * np.sin(t)], axis=1)
        total += (((network(points)[:, 0] - (r <= radius)) ** 2) * r).sum()
    return sqrt(total * 0.5 / steps * 2 * pi / rays)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("complexity", ["neurons", "connections"])
def test_networks_fit_the_budget_and_the_promised_counts(name, complexity):
    construction = REGISTRY.constructions[name]
    for budget in (13, 24, 31, 64, 129):
        given = asked(name, budget, complexity)
        assert construction.accepts(**{k: given[k] for k in ("target", "activation", "depth")}) is None
        network, promise = construction.build(**given), construction.promise(**given)
        assert getattr(network, complexity) <= budget
        assert network.depth == promise.depth == given["depth"]
        assert network.connections <= promise.connections
        assert network.neurons <= promise.neurons
        assert network.strict and 0 < promise.error < 0.3


@pytest.mark.parametrize("label", ["cube", "cube(dimension=1,lower=1/3)", "cube(lower=0.1,upper=0.35)"])
def test_a_cube_has_the_promised_error(label):
    given = asked("cube", target=REGISTRY.targets[label])
    construction = REGISTRY.constructions["cube"]
    network, promise = construction.build(**given), construction.promise(**given)
    found = rl.exact.error(network, given["target"])
    assert found <= promise.error * (1 + 1e-6)
    assert found == pytest.approx(promise.error, rel=2e-6)
    assert promise.error < 1e-4


@pytest.mark.parametrize("budget", [10, 13, 25, 49, 100])
def test_a_polygon_has_at_most_the_promised_error(budget):
    given = asked("polygon", budget)
    construction = REGISTRY.constructions["polygon"]
    promise = construction.promise(**given).error
    found = polar_error(construction.build(**given), 0.3)
    assert promise * 0.985 < found <= promise * (1 + 1e-4)


def test_polygons_have_the_rate_one():
    errors = [
        REGISTRY.constructions["polygon"].promise(**asked("polygon", 3 * n + 1)).error for n in (32, 64, 128)
    ]
    assert errors[0] / errors[2] == pytest.approx(4, rel=2e-3)
    assert errors[2] * 128 == pytest.approx(sqrt(SOFT_SHARE * pi**3 / 4) * 0.3, rel=4e-3)


@pytest.mark.parametrize("budget", [6, 9, 12, 47, 96])
def test_ridges_have_the_promised_error(budget):
    given = asked("cone_ridges", budget)
    construction = REGISTRY.constructions["cone_ridges"]
    found = rl.exact.error(construction.build(**given), given["target"])
    assert found == pytest.approx(construction.promise(**given).error, rel=2e-6)


@pytest.mark.parametrize(
    ("name", "changes", "reason"),
    [
        ("cube", {"target": "disc"}, "indicator of a box"),
        ("cube", {"target": "step"}, "indicator of a box"),
        ("cube", {"depth": 2}, "depth 3 or more, not 2"),
        ("cube", {"activation": "tanh"}, "tanh"),
        ("polygon", {"target": "cube"}, "indicator of a disc"),
        ("polygon", {"depth": 2}, "depth 3 or more, not 2"),
        ("polygon", {"activation": "relu2"}, "relu2"),
        ("cone_ridges", {"target": "disc"}, "distance to a point"),
        ("cone_ridges", {"depth": 1}, "depth 2 or more, not 1"),
        ("cone_ridges", {"activation": "sigmoid"}, "sigmoid"),
    ],
)
def test_a_construction_says_why_it_does_not_apply(name, changes, reason):
    kinds = {"target": REGISTRY.targets, "activation": REGISTRY.activations}
    changes = {key: kinds[key][value] if key in kinds else value for key, value in changes.items()}
    given = asked(name, **changes)
    construction = REGISTRY.constructions[name]
    assert reason in construction.accepts(**{k: given[k] for k in ("target", "activation", "depth")})
    with pytest.raises(rl.UserError, match=reason):
        construction.build(**given)


@pytest.mark.parametrize(
    ("name", "complexity", "smallest"),
    [
        ("cube", "neurons", 5), ("cube", "connections", 9), ("polygon", "neurons", 4), ("polygon", "connections", 10),
        ("cone_ridges", "neurons", 2), ("cone_ridges", "connections", 6),
    ],
)  # fmt: skip
def test_a_budget_below_the_smallest_network_is_an_error(name, complexity, smallest):
    construction = REGISTRY.constructions[name]
    assert getattr(construction.build(**asked(name, smallest, complexity)), complexity) <= smallest
    with pytest.raises(rl.UserError, match=f"from {smallest} on"):
        construction.build(**asked(name, smallest - 1, complexity))


@pytest.mark.parametrize("label", ["disc", "cube", "cube(dimension=1)", "cube(dimension=3,lower=1/3)"])
def test_indicators_are_one_on_the_declared_set_and_zero_elsewhere(label):
    target = REGISTRY.targets[label]
    shape = target.indicator_of
    points = np.random.default_rng(0).random((4000, target.dimension))
    if isinstance(shape, Ball):
        inside = np.linalg.norm(points - np.array(shape.centre, float), axis=1) <= float(shape.radius)
    else:
        assert isinstance(shape, Box)
        lower, upper = np.array(shape.lower, float), np.array(shape.upper, float)
        inside = ((points >= lower) & (points <= upper)).all(axis=1)
    np.testing.assert_array_equal(target(points)[:, 0], inside)
    assert 0 < inside.mean() < 1


def test_a_target_refuses_a_set_of_another_dimension():
    with pytest.raises(rl.UserError, match="indicator_of has 2 variables, the domain 1"):
        rl.Target("odd", lambda x: x[:, 0], indicator_of=Ball((Fraction(1, 2),) * 2, 1))


@pytest.mark.parametrize(
    "parameters", [{"dimension": 4}, {"lower": 0}, {"lower": 0.5, "upper": 0.4}, {"upper": 1}]
)
def test_a_cube_outside_its_range_is_refused(parameters):
    label = f"cube({','.join(f'{k}={v}' for k, v in parameters.items())})"
    with pytest.raises(rl.UserError, match="target 'cube'"):
        REGISTRY.targets[label]


def test_the_cone_is_a_declared_distance():
    cone = REGISTRY.targets["cone"]
    assert isinstance(cone.function, Distance)
    x = np.random.default_rng(0).random((100, 2))
    np.testing.assert_allclose(cone(x)[:, 0], np.linalg.norm(x - 0.5, axis=1), rtol=1e-15)
