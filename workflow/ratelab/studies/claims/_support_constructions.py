"""D9: gates and hats without pooling; D10: the forms of pooling, and ReLU from leaky units. In rational arithmetic."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from math import sqrt
from typing import Any

import numpy as np

from ratelab.networks import (
    Layer,
    Network,
    bilinear,
    box_mask,
    gated,
    identity,
    kuhn_hats,
    multiply,
    outer_product,
)
from ratelab.registry import Activation, Target
from ratelab.studies.claims import _random
from ratelab.studies.claims._claim import Case, Scope, counted, judged

_SLOPES = ("prelu(slope=1/4)", "prelu(slope=-1/2)", "prelu(slope=3)")
_TARGETS = ("tent", "compact_cone")
_STEPS = (4, 16)
_FAR = 200
_PROBES = 3000


def d9(scope: Scope) -> Iterator[Case]:
    """Random networks g, unions of boxes and bounds in one to three variables; then hats of the targets."""
    wrong = dict.fromkeys(("Ψ = 1, |g| ≤ M: not g", "Ψ = 0: not 0", "|f̂| > |g|", "poolings"), 0)
    asked = dict.fromkeys(wrong, 0)
    far = 0
    for index in range(scope.cases):
        generator = scope.generator("D9", index)
        dimension, outputs = 1 + index % 3, 1 + index % 2
        g = _random.network(generator, (dimension, 3, 3, outputs), 0.8)
        mask, low, high = _random_mask(generator, dimension)
        points = _points(generator, low, high)
        values, factors = g(points), mask(points)[:, 0]
        bound = sorted(abs(v) for v in values.flat)[values.size // 2] + Fraction(1, 8)
        network = gated(g, mask, bound)
        for psi, given, found in zip(factors, values, network(points), strict=True):
            for v, w in zip(given, found, strict=True):
                on, off = psi == 1 and abs(v) <= bound, psi == 0
                for name, tried, fails in (
                    ("Ψ = 1, |g| ≤ M: not g", on, w != v),
                    ("Ψ = 0: not 0", off, w != 0),
                    ("|f̂| > |g|", True, abs(w) > abs(v)),
                ):
                    asked[name] += tried
                    wrong[name] += tried and fails
        asked["poolings"] += 1
        wrong["poolings"] += network.poolings
        distant = generator.uniform(-1, 1, (_FAR, dimension)) * 10.0 ** generator.uniform(1, 6, (_FAR, 1))
        distant = distant[np.abs(distant).max(axis=1) > 10]
        far += int(np.count_nonzero(network.float64()(distant)))
        scope.progress(index + 1, scope.cases)
    for name, count in wrong.items():
        noun = "network" if name == "poolings" else "value"
        yield judged(name, count, "=", 0, f"{counted(asked[name], noun)}, in rational arithmetic")
    yield judged("float64 values other than 0 far away", far, "=", 0, "10 < |x| ≤ 10^6, random points")
    for name in _TARGETS:
        yield from _hats(scope, scope.registry.targets[name])


def d10(scope: Scope) -> Iterator[Case]:
    """Random pairs of networks, the three poolings made of each other; leaky units of the declared slopes."""
    wrong = dict.fromkeys(
        ("outer pooling by componentwise pooling", "general pooling by componentwise pooling",
         "componentwise pooling by general pooling", "poolings other than one"), 0
    )  # fmt: skip
    for index in range(scope.cases):
        generator = scope.generator("D10", index)
        dimension, a, b, m = (int(v) for v in generator.integers(1, 4, 4))
        f = _random.network(generator, (dimension, 3, a))
        g = _random.network(generator, (dimension, 2, 2, b))
        twin = _random.network(generator, (dimension, 2, a))
        tensor = _random.numbers(generator, m, a, b)
        points = _random.numbers(generator, 5, dimension).tolist()
        u, v = f(points), g(points)
        pairs = np.array([[x * y for x in p for y in q] for p, q in zip(u, v, strict=True)], dtype=object)
        outer, general = outer_product(f, g), bilinear(f, g, tensor)
        diagonal = np.array([np.diag(row) for row in np.eye(a)])
        results = (
            np.array_equal(outer(points), pairs),
            np.array_equal(general(points), pairs.dot(tensor.reshape(m, a * b).T)),
            np.array_equal(bilinear(f, twin, diagonal)(points), multiply(f, twin)(points)),
            outer.poolings == general.poolings == multiply(f, twin).poolings == 1,
        )
        for name, holds in zip(wrong, results, strict=True):
            wrong[name] += not holds
        scope.progress(index + 1, scope.cases)
    for name, count in wrong.items():
        yield judged(name, count, "=", 0, f"{counted(scope.cases, 'pair')} of networks, values in rationals")
    for label in _SLOPES:
        yield _leaky(scope, label, scope.registry.activations[label])


def _random_mask(generator: np.random.Generator, dimension: int) -> tuple[Network, Any, Any]:
    """Return the mask of two or three boxes on the grid of spacing 1/2, and their corners."""
    count = int(generator.integers(2, 4))
    low = generator.integers(-4, 3, (count, dimension)) / 2
    high = low + generator.integers(1, 4, (count, dimension)) / 2
    return box_mask(low, high, Fraction(1, 8)), low, high


def _points(generator: np.random.Generator, low: Any, high: Any) -> list[list[Fraction]]:
    """Return points in the boxes, in their collars, and around."""
    unit = Fraction(1, 32)
    inside = [
        [
            Fraction(a) + (Fraction(b) - Fraction(a)) * int(generator.integers(0, 9)) / 8
            for a, b in zip(*box, strict=True)
        ]
        for box in zip(low, high, strict=True)
        for _ in range(3)
    ]
    shifted = [[x + int(generator.integers(-6, 7)) * unit for x in point] for point in inside]
    around = [[int(v) * unit for v in row] for row in generator.integers(-160, 161, (6, low.shape[1]))]
    return inside + shifted + around


def _hats(scope: Scope, target: Target) -> Iterator[Case]:
    """Yield the errors of piecewise linear interpolants of a target, networks without pooling."""
    assert target.lipschitz is not None and target.support is not None
    dimension = target.dimension
    for steps in _STEPS:
        reach = 2 * steps
        nodes = np.array(list(product(range(-reach, reach + 1), repeat=dimension)))
        values = target(nodes / steps)
        active = (values != 0).any(axis=1)
        network = kuhn_hats(nodes[active], values[active], Fraction(1, steps))
        points = scope.generator("D9", target.name, steps).uniform(-2, 2, (_PROBES, dimension))
        error = float(np.abs(network(points) - target(points)).max())
        yield judged(
            f"{target.name}, hats on simplices, h=1/{steps}",
            error,
            "≤",
            target.lipschitz * sqrt(dimension) / (2 * steps),
            f"largest error at {_PROBES} points, bound L·h·√d/2; poolings: {network.poolings}",
            tolerance=1e-12,
        )


def _leaky(scope: Scope, label: str, activation: Activation) -> Case:
    """Compare (P(x) + αP(−x))/(1 − α²) with max(x, 0) at random rationals, α taken from the activation."""
    assert activation.polynomial is not None
    slope = activation.polynomial.coefficients[0][1]
    factor = 1 / (1 - slope**2)
    relu = Network(
        [
            Layer([[1.0], [-1.0]], [0.0, 0.0], activation),
            Layer([[factor, slope * factor]], [0], (identity,)),
        ]
    )
    points = _random.numbers(scope.generator("D10", label), 10 * scope.cases, 1, reach=400, unit=60)
    wrong = sum(v != max(x, Fraction(0)) for v, x in zip(relu(points)[:, 0], points[:, 0], strict=True))
    return judged(f"ReLU from {label}", wrong, "=", 0, f"{len(points)} points that differ, in rationals")
