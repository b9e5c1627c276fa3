"""C4–C7: what fewer hidden layers cost."""

from collections.abc import Iterator
from fractions import Fraction

from ratelab import exact, networks, spaces
from ratelab.networks import Network
from ratelab.studies.claims._claim import Case, Scope, judged
from ratelab.studies.claims._claim import counted as number
from ratelab.studies.claims._pieces import UNIT, tents


def equispaced(width: int, layers: int) -> Network:
    """Composed tents with parameters i/w: w^k pieces of equal length on [0, 1]."""
    parameter = [Fraction(i, width) for i in range(1, width)]
    return networks.composed_tents([parameter] * layers, Fraction(1))


def c4(scope: Scope) -> Iterator[Case]:
    """The smallest network in hand with fewer hidden layers, against the bound: blocks of tents written shallow."""
    for width, layers in ((2, 2), (2, 4), (2, 6), (3, 2), (3, 4), (4, 2), (5, 2)):
        deep = equispaced(width, layers)
        for hidden in [n for n in range(1, layers) if layers % n == 0]:
            inner = exact.piecewise_linear(equispaced(width, layers // hidden))
            block = exact.represent(inner).network
            network = block
            for _ in range(hidden - 1):
                network = networks.compose(block, network)
            name = f"w={width}, k={layers}, {number(hidden, 'hidden layer')}"
            same = exact.piecewise_linear(network) == exact.piecewise_linear(deep)
            yield judged(f"{name}: same function", same, "=", 1)
            gap = spaces.depth_gap(width, layers, hidden)
            bound, least = float(gap.recalled), gap.least
            yield judged(name, network.neurons, "≥", bound, "neurons of the smallest network in hand")
            yield judged(f"{name}, sharper", network.neurons, "≥", least, "the same against C12")
            yield judged(
                f"{name}: the two bounds", least, "≥", bound, "the least size by C12, against the bound"
            )


def c5(scope: Scope) -> Iterator[Case]:
    """Counts of pieces, and distances of functions with different parameters."""
    for index in range(scope.cases):
        width, layers = 2 + index % 4, 1 + index % 3
        first = tents(scope, f"C5/{index}/first", width, layers)
        second = tents(scope, f"C5/{index}/second", width, layers)
        pieces = exact.count_pieces(first, UNIT)
        name = f"w={width}, k={layers}, parameters {index + 1}"
        yield judged(f"{name}: pieces", pieces, "=", width**layers)
        if not _same_weights(first, second):
            distance = exact.distance(first, second, p=1, domain=UNIT)
            yield judged(f"{name}: L1 distance to others", distance.lower, ">", 0, "different functions")
        scope.progress(index + 1, scope.cases)


def c6(scope: Scope) -> Iterator[Case]:
    """k² hidden layers of width k against at most k hidden layers."""
    for k in (2, 3):
        deep = equispaced(k, k * k)
        pieces = int(exact.count_pieces(deep, UNIT))
        yield judged(f"k={k}: pieces", pieces, "=", k ** (k * k), "on [0, 1]")
        yield judged(f"k={k}: neurons of the deep network", deep.neurons, "=", k**3)
        least = min(spaces.least_size(pieces, hidden) for hidden in range(1, k + 1))
        yield judged(
            f"k={k}: neurons with at most k hidden layers",
            least,
            "≥",
            k ** (k + 1) / 2 - 1,
            "by C12, for k² layers",
        )


def c7(scope: Scope) -> Iterator[Case]:
    """Functions with t pieces that follow the sawtooth as long as they can, then stay at ½: near the best L1 fit."""
    for width, layers in ((2, 3), (2, 5), (3, 2), (3, 3), (4, 3)):
        saw = equispaced(width, layers)
        total = width**layers
        for pieces in sorted({1, 2, total // 4, total // 2, total - 1}):
            if not 1 <= pieces < total:
                continue
            follower = exact.represent(_follower(total, pieces)).network
            counted = int(exact.count_pieces(follower, UNIT))
            distance = exact.distance(saw, follower, p=1, domain=UNIT)
            bound = spaces.distance_lower_bound(width, layers, counted)
            if not bound:
                continue
            yield judged(
                f"w={width}, k={layers}, {number(counted, 'piece')}", distance.lower, "≥", float(bound),
                "L1 distance of a function with so many pieces", tolerance=1e-15,
            )  # fmt: skip


def _follower(total: int, pieces: int) -> exact.PiecewiseLinear:
    """The sawtooth with `total` pieces on its first pieces, then down or up to ½ and constant."""
    follow = max(pieces - 1, 0)
    if follow == 0:
        return exact.PiecewiseLinear([], [], 0, 0, intercept=Fraction(1, 2))
    knots = [Fraction(i, total) for i in range(1, follow)]
    values = [Fraction(i % 2) for i in range(1, follow)]
    last = Fraction(2 * follow - 1, 2 * total)
    slope = Fraction(total) if follow % 2 else Fraction(-total)
    if not knots:
        return exact.PiecewiseLinear([last], [Fraction(1, 2)], slope, 0)
    return exact.PiecewiseLinear([*knots, last], [*values, Fraction(1, 2)], Fraction(total), 0)


def _same_weights(first: Network, second: Network) -> bool:
    return all(
        (a.matrix == b.matrix).all() and (a.bias == b.bias).all()
        for a, b in zip(first.layers, second.layers, strict=True)
    )
