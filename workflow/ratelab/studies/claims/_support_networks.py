"""D6, D7, D8: networks that match function and support, over built-in targets and random ones."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from ratelab.registry import Ball, Box, Boxes, LevelSet, Support, Target
from ratelab.spaces import reconstructed_sizes
from ratelab.spaces._supported import SupportedNetwork, assembled
from ratelab.spaces._supported_build import Method
from ratelab.spaces._supported_within import assembled_within
from ratelab.studies.claims._claim import Case, Scope, counted, judged

if TYPE_CHECKING:
    from numpy.typing import NDArray

_EXPONENTS = {
    "tent": (2, 4, 6),
    "compact_cone": (2, 4),
    "compact_cone(dimension=3)": (2,),
    "annulus": (3,),
    "l_shape": (4,),
    "two_components": (3,),
    "needle": (6,),
}
"""Every m of the spacings 2^-m."""
_RANDOM = {1: 5, 2: 3, 3: 2}
_ROUNDING = 2.0**-38
_SEEN = "largest error seen on a grid finer than h, with room for rounding"


@dataclass
class _Tally:
    """The worst of several networks."""

    error: float = -inf
    widest: str = ""
    excess: float = -inf
    miss: float = 0.0
    open_boxes: int = 0
    boxes: int = 0
    broken: int = 0
    networks: int = 0
    euclidean: float = -inf
    notes: list[str] = field(default_factory=list)

    def add(self, found: SupportedNetwork, name: str, accuracy: float | None = None) -> None:
        """Take a network into account; with an accuracy, its errors and its excess are shares of that."""
        assert found.certificate is not None
        bound = found.error_bound if accuracy is None else accuracy
        ratio = max(0.0, found.sup_sampled - _ROUNDING) / bound
        if ratio > self.error:
            self.error, self.widest = ratio, name
        self.excess = max(self.excess, found.distance.excess[0] / float(found.excess_bound))
        if accuracy is not None:
            self.euclidean = max(self.euclidean, found.distance.excess_euclidean[0] / accuracy)
        self.miss = max(self.miss, found.distance.miss[0])
        self.boxes += len(found.certificate.zero)
        self.open_boxes += int((~found.certificate.zero).sum())
        self.broken += not found.counts.within(found.promised)
        self.networks += 1

    def certificates(self) -> Case:
        """Return whether every box outside every network's neighbourhood is certified."""
        return judged(
            "boxes outside the supports that are not certified zero", self.open_boxes, "=", 0,
            f"{self.boxes} boxes of {counted(self.networks, 'network')}, unbounded ones among them, outward intervals",
        )  # fmt: skip

    def counts(self, formula: str) -> Case:
        """Return whether all counts are as promised."""
        return judged(
            "networks with more depth, width or poolings than stated", self.broken, "=", 0,
            f"{counted(self.networks, 'network')}; {formula}",
        )  # fmt: skip


def d6(scope: Scope) -> Iterator[Case]:
    """Random accuracies: uniform error, support between S and its neighbourhood, counts beside the recalled shape."""
    labels = ("tent", "compact_cone", "annulus", "l_shape")
    tally, sizes = _Tally(), ""
    for index in range(scope.cases):
        generator = scope.generator("D6", index)
        target = (
            random_target(generator, 1 + index % 3)
            if index % 2
            else scope.registry.targets[labels[index // 2 % 4]]
        )
        accuracy = float({1: 0.5, 2: 1.0, 3: 2.0}[target.dimension] * 4 ** -generator.uniform(0, 1))
        found = assembled_within(target, accuracy)
        tally.add(found, f"{target.name}, ε = {accuracy:.3g}", accuracy)
        sizes = _sizes(found, accuracy) or sizes
        scope.progress(index + 1, scope.cases)
    networks = counted(tally.networks, "network")
    yield judged(f"uniform error/ε, {networks}", tally.error, "≤", 1, f"{_SEEN}; widest: {tally.widest}")
    yield judged(
        f"Euclidean excess of supp f̂ over supp f/ε, {networks}", tally.euclidean, "≤", 1,
        "lower end of the largest distance; proved: √d·h + δ ≤ ε",
    )  # fmt: skip
    yield judged(
        f"distance by which supp f̂ misses supp f, {networks}", tally.miss, "=", 0, "supp f̂ = supp Ψ, exactly"
    )
    yield tally.certificates()
    yield tally.counts(f"those of D7 and D8, not the paper's; {sizes}")


def _sizes(found: SupportedNetwork, accuracy: float) -> str:
    """Return the counts of a network in two or more variables beside the recalled shape."""
    target = found.target
    assert target.support is not None and target.lipschitz is not None
    if target.dimension == 1:
        return ""
    diameter = max(float(b) - float(a) for a, b in target.support.bounds)
    shape = reconstructed_sizes(
        target.dimension, found.network.outputs, target.lipschitz, diameter, accuracy, unverified=True
    )
    counts = found.counts
    return (
        f"for {target.name} and ε = {accuracy:.3g} depth {counts.depth}, width {counts.width}, poolings "
        f"{counts.poolings}, {found.cubes} cubes; {shape.status}: depth {shape.depth}, width {shape.width:.1e}, "
        f"poolings {shape.poolings}"
    )


def d7(scope: Scope) -> Iterator[Case]:
    """Built-in targets on their grids, then random ones; a needle beside a tent is missed."""
    yield from _against_bounds(scope, "D7", "hats", "3 + ⌈log₂ d⌉, max(2M, 2⌈d/2⌉J), ⌈log₂ d⌉")
    found = assembled(_beside(scope.registry.targets["needle"]), Fraction(1, 8), "hats")
    peak = np.full((1, 2), 1 / 3)
    error = abs(float(found.network(peak)[0, 0] - found.target(peak)[0, 0]))
    yield judged(
        "distance by which hats miss a needle, h = 1/8", found.distance.miss[0], ">", 0,
        f"beside a pyramid; width 1/50, lower end; error {error:.3g} on its ridge, bound {found.error_bound:.3g}",
    )  # fmt: skip


def d8(scope: Scope) -> Iterator[Case]:
    """Built-in targets on their grids, then random ones; supports hold the targets', needles among them."""
    yield from _against_bounds(scope, "D8", "mask", "max(4, that of g), 2dJ + that of g, 1 + that of g")
    found = assembled(_beside(scope.registry.targets["needle"]), Fraction(1, 8), "mask")
    yield judged(
        "distance by which a mask misses the needle, h = 1/8", found.distance.miss[1], "=", 0,
        "beside a pyramid; width 1/50, upper end",
    )  # fmt: skip


def _against_bounds(scope: Scope, claim: str, method: Method, formula: str) -> Iterator[Case]:
    everything, total = _Tally(), len(_EXPONENTS) + scope.cases
    equal = 0
    for done, (label, exponents) in enumerate(_EXPONENTS.items()):
        target, own = scope.registry.targets[label], _Tally()
        for exponent in exponents:
            found = assembled(target, Fraction(1, 2**exponent), method)
            for tally in (own, everything):
                tally.add(found, f"{label}, h = 1/{2**exponent}")
            equal += found.support_equal
        yield judged(f"{label}: error/bound", own.error, "≤", 1, f"{own.widest}; {_SEEN}")
        scope.progress(done + 1, total)
    random = _Tally()
    for index in range(scope.cases):
        target = random_target(scope.generator(claim, index), 1 + index % 3)
        found = assembled(target, Fraction(1, 2 ** _RANDOM[target.dimension]), method)
        for tally in (random, everything):
            tally.add(found, target.name)
        equal += found.support_equal
        scope.progress(len(_EXPONENTS) + index + 1, total)
    yield judged(
        f"random targets: error/bound, {counted(random.networks, 'network')}", random.error, "≤", 1, _SEEN
    )
    reach = "h" if method == "hats" else "h + δ"
    yield judged(
        f"excess of supp f̂ over supp f/({reach})", everything.excess, "≤", 1,
        "lower end, maximum norm; supp f̂ is known exactly", tolerance=_ROUNDING,
    )  # fmt: skip
    if method == "mask":
        yield judged("distance by which supp f̂ misses supp f", everything.miss, "=", 0, "lower end")
    yield judged(
        "networks whose support is proved exactly", equal, "=", everything.networks, "in real arithmetic"
    )
    yield everything.certificates()
    yield everything.counts(f"depth, width, poolings: {formula}")


def _beside(needle: Target) -> Target:
    """Return the sum of a needle and a pyramid beside it."""
    assert isinstance(needle.support, Box) and needle.lipschitz is not None
    pyramid = Box((-1.0, -1.0), (-0.5, 0.25))
    return Target(
        "needle_and_pyramid",
        lambda x: needle(x)[:, 0] + _pyramid(pyramid, x),
        domain=needle.domain,
        support=Boxes((needle.support, pyramid)),
        lipschitz=needle.lipschitz,
    )


def _pyramid(box: Box, x: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return the distance to the faces of a box, maximum norm, 0 outside: Lipschitz constant 1."""
    low, high = (np.array([float(v) for v in ends]) for ends in (box.lower, box.upper))
    return np.asarray(np.maximum(0.0, np.minimum(x - low, high - x).min(axis=1)))


def random_target(generator: np.random.Generator, dimension: int) -> Target:
    """Return a sum of pyramids on random boxes, or of cones on random balls, with one or two outputs.

    All coefficients are positive, so that the support is the union of boxes or balls.
    """
    parts, outputs = int(generator.integers(1, 4)), int(generator.integers(1, 3))
    heights = generator.uniform(0.25, 2, (parts, outputs))
    centres = generator.uniform(-0.75, 0.75, (parts, dimension))
    halves = generator.uniform(0.2, 0.6, (parts, dimension))
    support: Support
    if generator.random() < 0.5:
        boxes = tuple(
            Box(tuple(map(float, c - r)), tuple(map(float, c + r)))
            for c, r in zip(centres, halves, strict=True)
        )
        support = Boxes(boxes)

        def each(x: "NDArray[np.float64]") -> "NDArray[np.float64]":
            return np.stack([_pyramid(box, x) for box in boxes], axis=1)
    else:
        radii = halves[:, 0]

        def depths(x: "NDArray[np.float64]") -> "NDArray[np.float64]":
            return np.asarray(radii - np.sqrt(((x[:, None, :] - centres) ** 2).sum(axis=2)))

        def each(x: "NDArray[np.float64]") -> "NDArray[np.float64]":
            return np.maximum(0.0, depths(x))

        if parts == 1:
            support = Ball(tuple(map(float, centres[0])), float(radii[0]))
        else:
            room = 2.0**-10
            low, high = centres - radii[:, None] - room, centres + radii[:, None] + room
            hold = Box(tuple(map(float, low.min(axis=0))), tuple(map(float, high.max(axis=0))))
            support = LevelSet(lambda x: -depths(x).max(axis=1), 1.0 + 2.0**-40, hold)
    return Target(
        f"random_{type(support).__name__.lower()}_{dimension}d",
        lambda x: each(x) @ heights,
        domain=((-1.5, 1.5),) * dimension,
        support=support,
        lipschitz=float(heights.sum(axis=0).max()) * (1 + 2.0**-40),
    )
