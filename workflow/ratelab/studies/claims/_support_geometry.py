"""D14: how far the mask of a box is from the box's indicator."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, product
from math import factorial, prod
from typing import Any

import numpy as np

from ratelab import exact
from ratelab.networks import Network, box_mask
from ratelab.studies.claims._claim import Case, Scope, illustrated, judged

_POINTS = 4
"""Gauss points per axis: exact up to degree 7, and three affine factors of the substitution have degree 3."""
_REMAINDER = 4 / 6 * 6 + 8 / 24 / 4
"""Of three sides of length at most 2 and δ ≤ 1/4, see `collar_integral`: the terms k = 2, 3 over δ²."""


def collar_integral(sides: list[Fraction], margin: Fraction) -> Fraction:
    """Return ∫Ψ outside a box, Ψ = ρ(1 − Σ_i dist_i/δ).

    Where k coordinates leave the box, there are 2^k sides to leave by, and ∫_{v ≥ 0, Σv ≤ δ} (1 − Σv/δ) dv = δ^k/(k+1)!
    for each; the other coordinates run through the box. For k = 1 the sum is half the margin times the perimeter.
    """
    d = len(sides)
    return sum(
        (
            Fraction(2**k, factorial(k + 1)) * margin**k * prod(rest, start=Fraction(1))
            for k in range(1, d + 1)
            for rest in combinations(sides, d - k)
        ),
        Fraction(0),
    )


def d14(scope: Scope) -> Iterator[Case]:
    """Networks of random boxes against the integral over the collar; the first order; distance 1 near the boundary."""
    for label in ("indicator(dimension=1)", "indicator"):
        target = scope.registry.targets[label]
        d = target.dimension
        for margin in (Fraction(1, 10), Fraction(1, 4)):
            network = box_mask(np.full((1, d), -1), np.full((1, d), 1), margin)
            known = float(collar_integral([Fraction(2)] * d, margin))
            yield judged(
                f"{target.summary}, δ = {margin}", exact.error(network, target, 1, tolerance=1e-6), "=", known,
                "L1 distance of the network, integrated on its cells, against ½δ·perimeter and the corners",
                proved=False, tolerance=1e-4 * known,
            )  # fmt: skip
    worst = first = uniform = 0.0
    outside = 0
    for index in range(scope.cases):
        generator = scope.generator("D14", index)
        d = 1 + index % 3
        low = [Fraction(int(v), 64) for v in generator.integers(-128, 64, d)]
        sides = [Fraction(int(v), 64) for v in generator.integers(16, 128, d)]
        margin = Fraction(1, 2 ** int(generator.integers(2, 12)))
        high = [a + s for a, s in zip(low, sides, strict=True)]
        network = box_mask([low], [high], margin)
        expected = collar_integral(sides, margin)
        measured = _collar(network, low, high, margin)
        worst = max(worst, abs(measured / float(expected) - 1))
        first = max(first, (measured / float(margin) - float(_half_perimeter(sides))) / float(margin))
        outside += _nonzeros(network, low, high, margin, generator)
        uniform = max(uniform, _far_from_jump(network, low, high, margin))
        scope.progress(index + 1, scope.cases)
    what = "1 random box" if scope.cases == 1 else f"{scope.cases} random boxes"
    yield judged(
        f"integral over the collar, {what}", worst, "≤", 1e-11,
        "largest relative difference between the network's integral, by Gauss points on every prism of the collar, and "
        "Σ_k 2^k e_(d−k)(sides) δ^k/(k+1)!; d = 1, 2, 3", proved=False,
    )  # fmt: skip
    yield judged(f"values beyond the margin, {what}", outside, "=", 0, "random points whose value is not 0")
    yield illustrated(
        f"what is left after the first order, over δ², {what}", first, "≤", _REMAINDER,
        "(distance − ½δ·perimeter)/δ² stays bounded as δ falls from 1/4 to 1/2048",
    )  # fmt: skip
    yield judged(
        f"uniform distance, {what}", uniform, "≤", 2.0**-30,
        "1 − |mask − indicator| at points outside, next to a face: as close to 1 as they are close", proved=False,
    )  # fmt: skip


def _half_perimeter(sides: list[Fraction]) -> Fraction:
    """Return half the surface of a box."""
    return sum((prod(rest, start=Fraction(1)) for rest in combinations(sides, len(sides) - 1)), Fraction(0))


def _collar(network: Network, low: list[Fraction], high: list[Fraction], margin: Fraction) -> float:
    """Return the integral of a network over the prisms {k coordinates outside, their distances adding up to ≤ δ}."""
    d, delta = len(low), float(margin)
    nodes, weights = np.polynomial.legendre.leggauss(_POINTS)
    nodes, weights = (nodes + 1) / 2, weights / 2
    grid = np.array(list(product(nodes, repeat=d)))
    weight = np.array([prod(row) for row in product(weights, repeat=d)])
    total = 0.0
    for signs in product((-1, 0, 1), repeat=d):
        if not any(signs):
            continue
        x = np.empty_like(grid)
        factor = weight.copy()
        left: Any = np.full(len(grid), delta)
        for axis, sign in enumerate(signs):
            a, b = float(low[axis]), float(high[axis])
            if sign:
                # what is left of the margin, shared out axis by axis
                step = left * grid[:, axis]
                factor = factor * left
                x[:, axis] = b + step if sign > 0 else a - step
                left = left - step
            else:
                x[:, axis] = a + (b - a) * grid[:, axis]
                factor = factor * (b - a)
        total += float(np.asarray(network(x))[:, 0] @ factor)
    return total


def _nonzeros(
    network: Network,
    low: list[Fraction],
    high: list[Fraction],
    margin: Fraction,
    generator: np.random.Generator,
) -> int:
    """Return at how many random points whose distances add up to more than the margin the network is not 0."""
    a, b, delta = np.array(low, dtype=float), np.array(high, dtype=float), float(margin)
    x = np.concatenate(
        [
            generator.uniform(a - 1.5 * delta, b + 1.5 * delta, (500, len(low))),
            generator.uniform(-9, 9, (100, len(low))),
        ]
    )
    away = np.maximum(np.maximum(a - x, x - b), 0.0).sum(axis=1)
    return int(np.count_nonzero(np.asarray(network(x[away > delta * (1 + 1e-9)]))))


def _far_from_jump(network: Network, low: list[Fraction], high: list[Fraction], margin: Fraction) -> float:
    """Return 1 − Ψ at a point just outside a face, where the indicator is 0."""
    x = np.array([[float((a + b) / 2) for a, b in zip(low, high, strict=True)]])
    x[0, 0] = float(high[0]) + float(margin) * 2.0**-31
    return 1.0 - float(np.asarray(network(x))[0, 0])
