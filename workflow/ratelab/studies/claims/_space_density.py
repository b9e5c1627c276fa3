"""A6: density, and indicators of boxes as limits of networks of depth 3."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from ratelab import exact
from ratelab.networks import Network, cube_indicator, cube_indicator_bound, step
from ratelab.spaces import cone_error, cube_error, cube_power
from ratelab.studies.claims import _random
from ratelab.studies.claims._claim import Case, Scope, illustrated, judged, not_measurable

_ONE = Fraction(1)


def a6(scope: Scope) -> Iterator[Case]:
    """Boxes with random rational corners, compared exactly; sums of ridges on growing squares; references."""
    wrong = {(d, p): 0 for d in (1, 2) for p in (1, 2)}
    different, steps = 0, 0
    for index in range(scope.cases):
        generator = scope.generator("A6", index)
        for dimension in (1, 2):
            lower, upper, width = _box(generator, dimension)
            network = cube_indicator(lower, upper, width)
            box = tuple(zip(lower, upper, strict=True))
            for p in (1, 2):
                power = exact.distance(network, _constant(dimension), p=p, domain=box).power
                sides = [b - a for a, b in box]
                wrong[dimension, p] += power != cube_power(sides, width, p)
        different += _differ(generator)
        steps += _step_differs(generator)
        scope.progress(index + 1, scope.cases + 1)
    for (dimension, p), count in wrong.items():
        yield judged(
            f"box in {dimension} variable{'s' * (dimension > 1)}, p={p}: wrong errors", count, "=", 0,
            f"{scope.cases} random boxes, ∫|1 − g|^p in rationals against the closed form",
        )  # fmt: skip
    yield judged(
        "one or two neurons a face: wrong values", different, "=", 0, "compared exactly, d = 1, 2, 3"
    )
    yield judged("step with 4 connections: wrong errors", steps, "=", 0, "∫|jump − ramp|^p = width/(p + 1)")
    for dimension in (1, 2, 3, 6):
        most = cube_indicator_bound(dimension, "steps").connections
        found = cube_indicator([0.0] * dimension, [1.0] * dimension, 0.01).connections
        yield judged(
            f"connections for a cube, d={dimension}", found, "≤", most, f"8d + 1 = {most} with steps"
        )
    for dimension, p, collar in ((2, 2, 0.1), (2, 2, 2.0**-20), (3, 1, 2.0**-20), (3, 4, 2.0**-40)):
        yield judged(
            f"unit cube, d={dimension}, p={p}, width={collar:g}: error", cube_error([1.0] * dimension, collar, p), "≤",
            (2 * dimension * collar) ** (1 / p), "measure of the collar to the power 1/p; it tends to 0 with the width",
            tolerance=1e-15,
        )  # fmt: skip
    yield from _ridges(scope)
    scope.progress(scope.cases + 1, scope.cases + 1)
    ratio = cone_error(63) / cone_error(31)
    yield illustrated(
        "cone in the plane by shallow ReLU networks: error with 63 neurons / with 31", ratio, "≤", 0.3,
        "closed form; 1/4 in the limit, so that the error tends to 0",
    )  # fmt: skip
    yield not_measurable(
        "shallow networks are dense on bounded domains",
        "Leshno, Lin, Pinkus and Schocken 1993; witness: the cone above",
    )
    yield not_measurable(
        "no networks of depth 2 and of one size have the indicator of a square as a limit",
        "recalled; no finite computation decides it",
    )
    yield not_measurable(
        "one size is dense for an analytic sigmoidal activation",
        "Maiorov and Pinkus 1999; depth 3, no formula to evaluate",
    )


def _box(generator: np.random.Generator, dimension: int) -> tuple[list[Fraction], list[Fraction], Fraction]:
    lower = list(_random.numbers(generator, dimension))
    sides = [Fraction(int(v), 6) for v in generator.integers(1, 12, dimension)]
    width = min(sides) * Fraction(int(generator.integers(1, 9)), 16)
    return lower, [a + s for a, s in zip(lower, sides, strict=True)], width


def _constant(dimension: int) -> Network:
    return Network.dense([[[Fraction(0)] * dimension]], [[_ONE]])


def _differ(generator: np.random.Generator) -> int:
    """Count points at which the two forms of a random cube differ, or take a wrong value."""
    count = 0
    for dimension in (1, 2, 3):
        lower, upper, width = _box(generator, dimension)
        one, other = (cube_indicator(lower, upper, width, form) for form in ("hinges", "steps"))
        points = [
            [a + (b - a) * Fraction(int(v), 16) for a, b, v in zip(lower, upper, row, strict=True)]
            for row in generator.integers(-4, 21, (12, dimension))
        ]
        count += int((one(points) != other(points)).sum())
        outside = [p for p in points if any(not a < x < b for x, a, b in zip(p, lower, upper, strict=True))]
        count += sum(value != 0 for value in one(outside).ravel()) if outside else 0
    return count


def _step_differs(generator: np.random.Generator) -> int:
    """Count wrong distances between a ramp and the jump at its left end, which is 1 right of it."""
    at, width = _random.numbers(generator, 1)[0], Fraction(int(generator.integers(1, 9)), 8)
    ramp = step(at, width)
    if ramp.connections != 4:
        return 1
    count = 0
    for p in (1, 2):
        # left of the jump both are 0, right of the ramp both are 1
        right = exact.distance(ramp, _constant(1), p=p, domain=((at, at + 2 * width),)).power
        left = exact.distance(ramp, _constant(1), p=p, domain=((at - width, at),)).power
        count += right != width / (p + 1) or left != width
    return count


def _ridges(scope: Scope) -> Iterator[Case]:
    """Sums of ridges that vanish outside strips: what is left of the plane holds ever more of them."""
    ratios = []
    for index in range(min(scope.cases, 5)):
        generator = scope.generator("A6", "ridges", index)
        directions = _random.numbers(generator, 3, 2, reach=8)
        directions[:, 0] += Fraction(1, 3)  # none is zero
        heights = [Fraction(int(v)) for v in generator.choice([-2, -1, 1, 2], 3)]
        rows = [row for row in directions for _ in range(3)]
        weights = [rows, [[h * s for h in heights for s in (1, -2, 1)]]]
        network = Network.dense(weights, [[Fraction(b) for _ in range(3) for b in (1, 0, -1)], [0]])
        zero = Network.dense([[[Fraction(0), Fraction(0)]]], [[0]])
        inner, outer = (
            exact.distance(network, zero, p=1, domain=((-reach, reach),) * 2).upper for reach in (16, 32)
        )
        ratios.append(float(outer / inner))
    yield illustrated(
        "three ridges in the plane: ∫|f| on [−32, 32]² / on [−16, 16]²", min(ratios), "≥", 1.5,
        f"smallest of {len(ratios)} ratios of exact integrals; a strip crosses larger squares along a longer way",
    )  # fmt: skip
    yield not_measurable(
        "shallow networks in L_p(R^d), d ≥ 2, are 0",
        "recalled; witness: the integral over growing squares",
        min(ratios),
    )
