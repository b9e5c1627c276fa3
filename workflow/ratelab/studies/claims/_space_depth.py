"""A3, A9, A14: what depth is worth by connections and by neurons, on sawtooth functions and self-similar series."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from math import inf, log, log2, sqrt

import numpy as np
from numpy.typing import NDArray

from ratelab import best, exact, networks, spaces
from ratelab.networks import (
    Counts,
    SelfSimilarFunction,
    folded_error,
    folded_network,
    folded_network_bound,
    sawtooth,
    sawtooth_blocks,
    sawtooth_bound,
)
from ratelab.registry import Complexity
from ratelab.studies.claims import _random
from ratelab.studies.claims._claim import Case, Scope, counted, illustrated, judged, not_measurable

RELU = networks.power(1)
UNIT = ((Fraction(0), Fraction(1)),)
COMPLEXITIES: tuple[Complexity, ...] = ("connections", "neurons")
SLOPE_ROOM = 0.05
"""How far a slope of closed forms over the last octaves may be from the rate."""
_LATTICE = range(8, 13)


def a3(scope: Scope) -> Iterator[Case]:
    """Sizes of networks in both counts, and Takagi's function at depth 3."""
    worst, unused = -inf, 0
    for index in range(scope.cases):
        widths = (1, *(int(n) for n in scope.generator("A3", index).integers(1, 7, 1 + index % 3)), 1)
        network = networks.prune(_random.network(scope.generator("A3", index, "weights"), widths))
        N, W = network.neurons, network.connections
        worst, unused = max(worst, W - (N * N + 2 * N + 1)), max(unused, N - W)
        scope.progress(index + 1, scope.cases)
    yield judged("random networks: connections over N² + 2N + 1", worst, "≤", 0, "largest excess")
    yield judged("random networks without dead neurons: neurons over connections", unused, "≤", 0)
    takagi = scope.registry.targets["takagi"]
    for depth in (2, 3):
        for complexity in COMPLEXITIES:
            rate = 1 if complexity == "connections" else depth - 1
            low, high = spaces.proved_rate(takagi, RELU, depth, complexity)
            for end, value in (("at least", low), ("at most", high)):
                yield judged(f"Takagi, depth {depth}, {complexity}: rate {end}", value, "=", rate)
    function = SelfSimilarFunction.takagi(1)
    sizes = [(2 * q, folded_network_bound(function, 2 * q, 2, True)) for q in _LATTICE]
    for complexity, rate in (("connections", 1), ("neurons", 2)):
        slope = _slope(function, sizes, complexity)
        yield illustrated(
            f"Takagi, depth 3, {complexity}: slope of the composed networks", slope, "=", rate,
            "closed forms over the last octaves", SLOPE_ROOM,
        )  # fmt: skip
    yield not_measurable(
        "the chain of spaces",
        "W ≤ N² + 2N + 1 and N ≤ W carry budgets over, which gives the embeddings; that 2 is the least factor at "
        "depth 3 is shown by the two rates of Takagi's function above",
    )


def a9(scope: Scope) -> Iterator[Case]:
    """Sawtooth functions: exact counts, exact pieces, exact moduli; and what follows for embeddings."""
    for depth in (2, 3, 4, 5, 6):
        half, hidden = depth // 2, depth - 1
        ratios = {
            "connections": [_size(j, depth, "connections") / 2 ** (j / half) for j in range(half, 15)],
            "neurons": [_size(j, depth, "neurons") / 2 ** (j / hidden) for j in range(hidden, 15)],
        }
        yield judged(
            f"depth {depth}: connections of Δ_j over 2^(j/{half})", max(ratios["connections"]), "≤", 4 * half,
            "largest for j ≤ 14",
        )  # fmt: skip
        yield judged(
            f"depth {depth}: neurons of Δ_j over 2^(j/{hidden})", max(ratios["neurons"]), "≤", 2 * hidden,
            "largest for j ≤ 14",
        )  # fmt: skip
    wrong = 0
    for index in range(scope.cases):
        generator = scope.generator("A9", index)
        blocks = [int(q) for q in generator.integers(1, 4, 1 + index % 3)]
        merged = [bool(v) for v in generator.integers(0, 2, len(blocks) - 1)]
        network = sawtooth(sum(blocks), blocks, merged)
        pieces = int(exact.count_pieces(network, UNIT, arithmetic="rational"))
        same = Counts.of(network) == sawtooth_bound(sum(blocks), blocks, merged)
        wrong += pieces != 2 ** sum(blocks) or not same
        scope.progress(index + 1, scope.cases)
    yield judged("Δ_j in random blocks: wrong pieces or counts", wrong, "=", 0, "pieces counted in rationals")
    target = scope.registry.targets["sawtooth"]
    levels = len(target.singular_points).bit_length()
    network = networks.prune(sawtooth(levels, 2))
    error = exact.certified_error(network, target).upper
    yield judged(
        f"Δ_{levels} as a target: error of its network at depth 4", error, "≤", 1e-15, "upper end, from balls"
    )
    s = 0.5
    for j in (4, 8, 12):
        size = besov_size(j, s) / 2 ** (j * s)
        yield judged(
            f"Besov size of Δ_{j} over 2^(j/2)", size, "≥", sqrt((1 - 2.0**-j) / 3) * (1 - 1e-12),
            "s = 1/2: sup of t^(−s)ω(t) in L2, exact on eighths of a tooth; below: the shift by half a tooth",
        )  # fmt: skip
        yield judged(
            f"Besov size of Δ_{j} over 2^(j/2), above", size, "≤", 3 ** ((s - 1) / 2) * (1 + 1e-12),
            "above: ω(t) ≤ min(2^j t, 1/√3)",
        )  # fmt: skip
    cells: tuple[tuple[int, Complexity], ...] = ((2, "connections"), (4, "connections"), (4, "neurons"))
    for depth, complexity in cells:
        growth = depth // 2 if complexity == "connections" else depth - 1
        grown = [_size(j, depth, complexity) for j in (12 * growth // 2, 12 * growth)]
        rate = 6 * growth / log2(grown[1] / grown[0])
        yield illustrated(
            f"depth {depth}, {complexity}: levels gained by doubling the size", rate, "=", growth,
            f"so smoothness s ≤ α/{growth} for every embedding", SLOPE_ROOM * growth,
        )  # fmt: skip
    for j in (10, 40):
        counts = sawtooth_bound(j, j)
        yield judged(f"any depth: connections of Δ_{j}", counts.connections, "=", 4 * j, "linear in j")
    rough = SelfSimilarFunction.takagi(0.5)
    small, large = (folded_network_bound(rough, levels, levels).connections for levels in (20, 40))
    gain = log2(folded_error(rough, 20) / folded_error(rough, 40)) / (large - small)
    yield illustrated(
        "T_{1/2}, any depth: halvings of the error per connection", gain, "≥", 0.05,
        "Besov index 1/2, and yet the error falls exponentially in the connections",
    )  # fmt: skip
    yield not_measurable(
        "no Besov space of positive smoothness without a bound on depth",
        "Gribonval, Kutyniok, Nielsen and Voigtlaender 2022; the witnesses are the functions above",
    )


def a14(scope: Scope) -> Iterator[Case]:
    """T_a and x²: rates proved from both sides, exact errors and counts, certified brackets of Takagi's function."""
    targets = {a: scope.registry.targets[f"takagi(exponent={a})"] for a in (0.5, 1, 1.5, 3)}
    square = scope.registry.targets["square"]
    for name, target, a in [*((f"T_{a:g}", t, a) for a, t in targets.items()), ("x²", square, 2)]:
        for depth in (2, 3, 4, 6):
            for complexity in COMPLEXITIES:
                rate = a * (depth // 2 if complexity == "connections" else depth - 1)
                low, high = spaces.proved_rate(target, RELU, depth, complexity)
                yield judged(f"{name}, depth {depth}, {complexity}: proved rate, low", low, "=", rate)
                yield judged(f"{name}, depth {depth}, {complexity}: proved rate, high", high, "=", rate)
    exponents = list(targets)
    worst, excess = 0.0, 0
    for index in range(scope.cases):
        generator = scope.generator("A14", index)
        a = exponents[index % len(exponents)]
        blocks = [int(q) for q in generator.integers(1, 4, 1 + index % 2)]
        merged = bool(generator.integers(0, 2))
        function = SelfSimilarFunction.of(targets[a])
        assert function is not None
        network = folded_network(function, sum(blocks), blocks, merged, strict=True)
        error = exact.certified_error(network, targets[a])
        known = 2 ** (-a * sum(blocks)) / sqrt(12 * (4**a - 1))
        worst = max(worst, abs(error.upper / known - 1), abs(error.lower / known - 1))
        bound = folded_network_bound(function, sum(blocks), blocks, merged)
        excess += Counts.of(network) != bound
        scope.progress(index + 1, scope.cases)
    yield judged(
        "error over P^(−ak)/√(12(4^a − 1)), largest deviation",
        worst,
        "≤",
        1e-9,
        "rounding, in ball arithmetic",
    )
    yield judged("networks whose counts are not the closed forms", excess, "=", 0)
    parabola = SelfSimilarFunction.of(square)
    assert parabola is not None
    for blocks in ([3], [2, 2], [2, 1, 2]):
        network = folded_network(parabola, sum(blocks), blocks)
        ratio = exact.certified_error(network, square).upper * 4.0 ** sum(blocks) * sqrt(180)
        yield judged(
            f"x² in {counted(len(blocks), 'block')}: error over P^(−2k)/√180",
            ratio,
            "=",
            1,
            tolerance=1e-12,
        )
    yield from _lattice_slopes()
    yield from _takagi_bracket(scope)


def besov_size(levels: int, smoothness: float) -> float:
    """Return sup t^(−s)·‖Δ_j(· + t) − Δ_j‖ in L2(0, 1 − t), exactly but for rounding.

    Over t = 2^(−i) and the multiples of an eighth of a tooth up to one tooth, the period beyond which nothing grows;
    for s = ½ three eighths are best.
    """
    cells = 2 ** (levels + 2)
    place = np.arange(cells + 1) * 2.0**-3 % 1.0
    values: NDArray[np.float64] = 1.0 - np.abs(2.0 * place - 1.0)
    found: list[float] = []
    for shift in sorted({*range(1, min(8, cells) + 1), *(cells >> i for i in range(1, levels + 3))}):
        if shift >= cells:
            continue
        difference = values[shift:] - values[: cells + 1 - shift]
        a, b = difference[:-1], difference[1:]
        found.append(
            float((cells / shift) ** smoothness) * sqrt(float((a * a + a * b + b * b).sum()) / (3 * cells))
        )
    return max(found)


def _lattice_slopes() -> Iterator[Case]:
    for a in (0.5, 1, 1.5, 3):
        function = SelfSimilarFunction.takagi(a)
        for depth in (2, 4, 6):
            k = depth // 2
            sizes = [(k * q, folded_network_bound(function, k * q, k)) for q in _LATTICE]
            yield illustrated(
                f"T_{a:g}, depth {depth}: slope by connections", _slope(function, sizes, "connections"), "=", a * k,
                "closed forms over the last octaves", SLOPE_ROOM * a * k,
            )  # fmt: skip
        for depth in (2, 3, 4):
            k = depth - 1
            sizes = [(k * q, folded_network_bound(function, k * q, k, True)) for q in _LATTICE]
            yield illustrated(
                f"T_{a:g}, depth {depth}: slope by neurons", _slope(function, sizes, "neurons"), "=", a * k,
                "closed forms over the last octaves", SLOPE_ROOM * a * k,
            )  # fmt: skip
    function = SelfSimilarFunction.takagi(1)
    for levels in (8, 16, 32):
        connections = folded_network_bound(function, levels, levels).connections
        yield judged(
            f"T_1, any depth: connections for error 2^(−{levels})/6", connections, "=", 8 * levels - 4,
            "one level in each block",
        )  # fmt: skip


def _takagi_bracket(scope: Scope) -> Iterator[Case]:
    """Certified lower ends of T_1 for all sizes, against the networks in hand."""
    target = scope.registry.targets["takagi"]
    function = SelfSimilarFunction.takagi(1)
    bound = spaces.self_similar_bound(target, 1)
    assert bound is not None
    window = {n: found.lower for n, found in best.brackets(target, (4, 6, 8, 12), 1).items()}
    bound = bound.sharpened(window)
    for depth, levels in ((2, (2, 4, 6, 8)), (4, (4, 8, 12))):
        k = depth // 2
        for total in levels:
            W = folded_network_bound(function, total, k).connections
            most = best.pieces_bound(RELU, depth, "connections", W)
            assert most is not None
            yield judged(
                f"T_1, depth {depth}, W = {W}: lower end below the network", bound(most[0]), "≤",
                folded_error(function, total), f"at most {most[0]} pieces",
            )  # fmt: skip
            size = W if depth == 2 else W - 2
            constant = 0.25 if depth == 2 else 4.25**2 / 6
            yield judged(
                f"T_1, depth {depth}, W = {W}: error of the network", folded_error(function, total), "≤",
                constant * float(size) ** -k * (1 + 1e-12), "0.250/W at depth 2, 3.0104/(W − 2)² at depth 4",
            )  # fmt: skip
    least = min(n * lower for n, lower in window.items())
    yield illustrated(
        "T_1: least certified n·E of n pieces", least, "≥", 0.1136, "continuous pieces, n = 4, 6, 8, 12; so at depth 2 "
        "E ≥ 0.227/(W + 2), at depth 4 E ≥ 0.454/(W + 2)², in these windows",
    )  # fmt: skip


def _size(levels: int, depth: int, complexity: Complexity) -> int:
    blocks = sawtooth_blocks(levels, depth, complexity)
    counts = sawtooth_bound(levels, blocks.levels, blocks.merged)
    return counts.connections if complexity == "connections" else counts.neurons


def _slope(function: SelfSimilarFunction, sizes: list[tuple[int, Counts]], complexity: Complexity) -> float:
    """Return the secant slope of the error against the size over the last pair."""
    count = [getattr(counts, complexity) for _, counts in sizes]
    errors = [folded_error(function, levels) for levels, _ in sizes]
    (*_, (e0, e1)), (*_, (n0, n1)) = list(pairwise(errors)), list(pairwise(count))
    return log(e0 / e1) / log(n1 / n0)
