"""D12: networks with one hidden layer and their creases, in rational arithmetic."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ratelab.exact import HalfSpace, vanishes
from ratelab.networks import Network, cube_indicator
from ratelab.studies.claims._claim import Case, Scope, counted, judged

_CUBE = 10**6
"""Half the side of the cube outside which no network may vanish."""
_KINDS = ("random", "parallel creases", "opposite neurons", "cancelling creases", "zero")

Vector = tuple[Fraction, ...]


@dataclass(frozen=True)
class Creases:
    """The function slope·x + offset + Σ jump_H ρ(u_H·x + β_H), H distinct hyperplanes, jumps not 0.

    Parameters
    ----------
    slope, offset
        The affine part.
    jumps
        (u_H, β_H) → jump_H; the first entry of u_H that is not 0 is 1.
    """

    slope: Vector
    offset: Fraction
    jumps: dict[tuple[Vector, Fraction], Fraction]

    @property
    def is_zero(self) -> bool:
        """Whether the function is 0 everywhere: there is no crease, and the affine part is 0."""
        return not self.jumps and not any(self.slope) and not self.offset


def merged(network: Network) -> Creases:
    """Return a network with one hidden ReLU layer and one output by its creases.

    c ρ(λ(u·x + β)) is c|λ| ρ(u·x + β) for λ > 0, and less c|λ|(u·x + β) for λ < 0, since ρ(−t) = ρ(t) − t.
    """
    first, last = network.rational().layers
    slope = [Fraction(0)] * network.inputs
    offset = _fraction(last.bias[0])
    jumps: dict[tuple[Vector, Fraction], Fraction] = {}
    for row, bias, weight in zip(first.weight, first.bias, last.weight[0], strict=True):
        normal, shift, factor = [_fraction(v) for v in row], _fraction(bias), _fraction(weight)
        lead = next((v for v in normal if v), None)
        if lead is None:
            offset += factor * max(shift, Fraction(0))
            continue
        plane = tuple(v / lead for v in normal), shift / lead
        jump = factor * abs(lead)
        jumps[plane] = jumps.get(plane, Fraction(0)) + jump
        if lead < 0:
            slope = [s - jump * u for s, u in zip(slope, plane[0], strict=True)]
            offset -= jump * plane[1]
    return Creases(tuple(slope), offset, {plane: jump for plane, jump in jumps.items() if jump})


def far_points(creases: Creases, cube: int) -> list[Vector]:
    """Return points outside [−cube, cube]^d, d ≥ 2, at one of which a function that is not 0 has another value.

    Beside a crease H, at x_0 ∈ H far out and on no other crease, three points x_0 − εu, x_0, x_0 + εu that meet no
    other crease: their second difference is jump_H·ε|u|², so not all three values are 0. Without creases the function
    is affine, and d + 1 points in general position do.
    """
    dimension = len(creases.slope)
    if not creases.jumps:
        axes = [tuple(Fraction((cube + 1) * (i == j)) for j in range(dimension)) for i in range(dimension)]
        return [*axes, tuple(-v for v in axes[0])]
    (normal, shift) = next(iter(creases.jumps))
    others = [plane for plane in creases.jumps if plane != (normal, shift)]
    square = _dot(normal, normal)
    foot = [-shift * v / square for v in normal]
    # directions (1, t, t², …) made orthogonal to u, and distances: of each all but finitely many will do
    for attempt in range(1, 1000):
        direction = [Fraction(attempt) ** i for i in range(dimension)]
        along = _dot(direction, normal) / square
        tangent = [v - along * u for v, u in zip(direction, normal, strict=True)]
        if not any(tangent):
            continue
        size = max(map(abs, tangent))
        length = (cube + 2 + attempt + max(map(abs, foot))) / size
        point = [p + length * v for p, v in zip(foot, tangent, strict=True)]
        distances = [(_dot(u, point) + b, _dot(u, normal)) for u, b in others]
        if all(value for value, _ in distances):
            room = [abs(value) / (2 * abs(rise)) for value, rise in distances if rise]
            step = min([Fraction(1) / max(map(abs, normal)), *room])
            return [
                tuple(p + side * step * u for p, u in zip(point, normal, strict=True)) for side in (-1, 0, 1)
            ]
    raise AssertionError(f"no point of the crease {normal} is free of {len(others)} others")


def d12(scope: Scope) -> Iterator[Case]:
    """Random networks with one hidden layer, creases that cancel among them, have values far out; masks have none."""
    vanishing = wrong = zeros = moved = 0
    number = 0
    for index in range(scope.cases):
        for dimension in (2, 3):
            network = _network(
                scope.generator("D12", index, dimension), dimension, _KINDS[index % len(_KINDS)]
            )
            creases = merged(network)
            number += 1
            moved += not _same(network, creases, scope.generator("D12", index, dimension, "points"))
            if creases.is_zero:
                zeros += 1
                continue
            points = far_points(creases, _CUBE)
            values = network([list(p) for p in points])[:, 0]
            wrong += any(max(map(abs, p)) <= _CUBE for p in points)
            vanishing += not any(values)
        scope.progress(index + 1, scope.cases)
    what = f"{counted(number, 'network')}, d = 2 and 3"
    yield judged(
        f"one hidden layer, not 0, but 0 at all points found outside [−10^6, 10^6]^d: {what}", vanishing, "=", 0,
        f"three points beside a crease, d + 1 of an affine function, in rationals; {zeros} networks are 0 everywhere",
    )  # fmt: skip
    yield judged(f"points inside the cube: {what}", wrong, "=", 0, "exact coordinates")
    yield judged(
        f"networks that differ from their merged creases: {what}",
        moved,
        "=",
        0,
        "exact values at random points",
    )
    yield from _two_layers(scope)
    yield from _one_variable()


def _two_layers(scope: Scope) -> Iterator[Case]:
    """Boxes' indicators of depth 3 are certified 0 on all half-spaces beside the box, and are 1 inside."""
    certified = sides = inside = 0
    for index in range(scope.cases):
        generator = scope.generator("D12", index, "mask")
        dimension = 2 + index % 2
        low = [Fraction(int(v), 8) for v in generator.integers(-16, 0, dimension)]
        high = [Fraction(int(v), 8) for v in generator.integers(4, 20, dimension)]
        network = cube_indicator(low, high, Fraction(1, 8))
        centre = [(a + b) / 2 for a, b in zip(low, high, strict=True)]
        inside += network([centre])[0, 0] == 1
        for axis in range(dimension):
            unit = [int(i == axis) for i in range(dimension)]
            for normal, offset in ((unit, high[axis]), ([-v for v in unit], -low[axis])):
                sides += 1
                certified += bool(vanishes(network, HalfSpace(normal, offset), arithmetic="rational"))
    yield judged(
        f"two hidden layers: half-spaces beside a box on which its mask is certified 0: "
        f"{counted(scope.cases, 'network')}",
        certified, "=", sides, "rational intervals, one propagation a half-space",
    )  # fmt: skip
    yield judged(
        f"masks that are 1 at the centre of their box: {counted(scope.cases, 'network')}",
        inside,
        "=",
        scope.cases,
    )


def trapezoid() -> Network:
    """Return ([ρ(x + 4/5) − ρ(x + 7/10)] − [ρ(x − 7/10) − ρ(x − 4/5)])·10: one hidden layer, support [−4/5, 4/5]."""
    ends = [Fraction(4, 5), Fraction(7, 10), Fraction(-7, 10), Fraction(-4, 5)]
    return Network.dense([[[1]] * 4, [[10, -10, -10, 10]]], [ends, [0]])


def _one_variable() -> Iterator[Case]:
    """In one variable four neurons do it in exact arithmetic; floats leave noise behind the support."""
    network = trapezoid()
    creases = merged(network)
    last = max(-shift for _, shift in creases.jumps)
    beyond = network([[last], [last + 1]])[:, 0]  # affine from the last crease on
    yield judged(
        "d = 1, one hidden layer: values from the last crease on",
        float(max(map(abs, beyond)) + abs(creases.slope[0]) + abs(creases.offset)), "=", 0,
        "rational; a trapezoid of four neurons, affine before its first and from its last crease on",
    )  # fmt: skip
    x = np.linspace(0.81, 50, 20_000)
    noise = np.abs(network.float64()(x[:, None])[:, 0])
    yield judged(
        "the same in float64: largest value right of the support", float(noise.max()), ">", 0,
        f"not 0 at {np.count_nonzero(noise) / len(x):.1%} of 20,000 points: a float is no evidence for zeros",
        proved=False,
    )  # fmt: skip


def _network(generator: np.random.Generator, dimension: int, kind: str) -> Network:
    """Return a network with one hidden layer; creases coincide, are parallel or cancel, as the kind says."""

    def number(nonzero: bool = False) -> Fraction:
        value = int(generator.integers(1, 13)) * int(generator.choice([-1, 1]))
        return Fraction(value if nonzero or generator.random() < 0.85 else 0, int(generator.integers(1, 8)))

    def neuron() -> list[Fraction]:
        return [number(nonzero=True), *[number() for _ in range(dimension)]]

    rows, heads = [neuron() for _ in range(int(generator.integers(2, 6)))], []
    if kind == "parallel creases":
        rows = [[*rows[0][:-1], number()] for _ in rows]
    heads = [number(nonzero=True) for _ in rows]
    bias = number() if kind == "random" else Fraction(0)
    pairs = list(zip(rows, heads, strict=True))
    if kind in ("opposite neurons", "zero"):
        # c ρ(t) − (c/λ) ρ(−λt) = c t: no crease is left
        for row, head in pairs:
            factor = abs(number(nonzero=True))
            rows.append([-factor * v for v in row])
            heads.append(-head / factor)
    if kind == "zero":
        # take c t away again by two neurons on another hyperplane parallel to it
        for row, head in pairs:
            shift = number(nonzero=True)
            moved = [*row[:-1], row[-1] + shift]
            rows += [moved, [-v for v in moved]]
            heads += [-head, head]
            bias += head * shift
    if kind == "cancelling creases":
        # all but the first crease vanish, by the same neuron at another scale
        for row, head in pairs[1:]:
            factor = abs(number(nonzero=True))
            rows.append([factor * v for v in row])
            heads.append(-head / factor)
    order = generator.permutation(len(rows))
    weights = [[rows[i][:-1] for i in order], [[heads[i] for i in order]]]
    return Network.dense(weights, [[rows[i][-1] for i in order], [bias]])


def _same(network: Network, creases: Creases, generator: np.random.Generator) -> bool:
    points = [[Fraction(int(v), 7) for v in generator.integers(-100, 101, network.inputs)] for _ in range(5)]
    values = network(points)[:, 0]
    return all(value == _value(creases, point) for value, point in zip(values, points, strict=True))


def _value(creases: Creases, point: list[Fraction]) -> Fraction:
    total = _dot(creases.slope, point) + creases.offset
    for (normal, shift), jump in creases.jumps.items():
        total += jump * max(_dot(normal, point) + shift, Fraction(0))
    return total


def _dot(left: Any, right: Any) -> Fraction:
    return sum((u * v for u, v in zip(left, right, strict=True)), Fraction(0))


def _fraction(value: Any) -> Fraction:
    return Fraction(int(value.p), int(value.q))
