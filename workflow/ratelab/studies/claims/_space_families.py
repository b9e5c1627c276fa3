"""A4: depth enters through its growth."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from ratelab import networks
from ratelab.networks import Network, power
from ratelab.registry import Complexity
from ratelab.spaces import ApproximationFamily, DepthGrowth
from ratelab.studies.claims import _random
from ratelab.studies.claims._claim import Case, Scope, counted, illustrated, judged, not_measurable

_PAIRS = (
    ("2", "4"),
    ("6", "log"),
    ("log", "log(base=3,factor=2)"),
    ("log(factor=3)", "power(exponent=1/2)"),
    ("power(exponent=1/2,factor=3)", "power(exponent=1/2)"),
    ("linear(factor=2)", "linear(factor=1/3)"),
    ("linear", "unbounded"),
)
_INCOMPARABLE = (
    ("4", "2"),
    ("log(factor=2)", "log"),
    ("power(exponent=1/2)", "log(factor=9)"),
    ("unbounded", "linear"),
)
_SIZES = 2000


def a4(scope: Scope) -> Iterator[Case]:
    """ℒ₁ ≼ ℒ₂: ℒ₁(n) ≤ ℒ₂(cn) for all n up to a bound, and random networks of Σ_n(ℒ₁) lie in Σ_cn(ℒ₂)."""
    for first, second in ((DepthGrowth.parse(a), DepthGrowth.parse(b)) for a, b in _PAIRS):
        yield from _comparable(scope, first, second)
    for first, second in ((DepthGrowth.parse(a), DepthGrowth.parse(b)) for a, b in _INCOMPARABLE):
        yield _not_comparable(first, second)
    yield _pigeonhole(scope)
    yield not_measurable(
        "equality and inclusion of the spaces",
        "Gribonval, Kutyniok, Nielsen and Voigtlaender 2022 (recalled): from Σ_n(ℒ₁) ⊂ Σ_cn(ℒ₂) follows "
        "E(f, Σ_cn(ℒ₂)) ≤ E(f, Σ_n(ℒ₁)) for every f, and the norms compare with a factor c^α",
    )


def _comparable(scope: Scope, first: DepthGrowth, second: DepthGrowth) -> Iterator[Case]:
    factor = first.dilation(second)
    name = f"{first.label} ≼ {second.label}"
    if factor is None:
        yield judged(f"{name}: found comparable", 0, "=", 1)
        return
    excess = max(
        (first(n) - second(factor * n) for n in range(1, _SIZES + 1) if first(n) < float("inf")), default=0
    )
    yield judged(
        f"{name}: layers",
        max(excess, -1000),
        "≤",
        0,
        f"ℒ₁(n) − ℒ₂({factor}n), the largest for n up to {_SIZES}",
    )
    outside, tried = 0, 0
    for index in range(scope.cases):
        generator = scope.generator("A4", name, index)
        complexity: Complexity = "connections" if index % 2 else "neurons"
        small, large = (ApproximationFamily(power(1), complexity, depth) for depth in (first, second))
        network = _network(generator, int(min(first.supremum, 5)))
        n = small.least_budget(network)
        if 0 < n < float("inf"):
            tried += 1
            outside += not large.contains(network, factor * int(n))
    yield judged(
        f"{name}: networks of Σ_n outside Σ_cn",
        outside,
        "=",
        0,
        f"{counted(tried, 'random network')}, c = {factor}",
    )


def _not_comparable(first: DepthGrowth, second: DepthGrowth) -> Case:
    """ℒ₁(n) − ℒ₂(cn) becomes positive for c = 64 at some size."""
    n = 1
    while n < 2**400 and not first(n) > second(64 * n):
        n *= 2
    found = float(first(n) > second(64 * n))
    return illustrated(
        f"not {first.label} ≼ {second.label}",
        found if first.dilation(second) is None else 0.0,
        "=",
        1,
        f"decided by the kinds of growth; witness: ℒ₁(n) exceeds ℒ₂(64n) at n = 2^{n.bit_length() - 1}",
    )


def _pigeonhole(scope: Scope) -> Case:
    """Networks with more layers than connections are constant: one affine map without connections."""
    wrong = 0
    for index in range(scope.cases):
        generator = scope.generator("A4", "pigeonhole", index)
        depth = int(generator.integers(2, 7))
        widths = (2, *(int(w) for w in generator.integers(1, 4, depth - 1)), 1)
        weights = [_random.numbers(generator, b, a) for a, b in zip(widths, widths[1:], strict=False)]
        kept = generator.permutation(sum(w.size for w in weights))[: int(generator.integers(0, depth))]
        flat = np.concatenate([w.ravel() for w in weights])
        flat[np.setdiff1d(np.arange(flat.size), kept)] = Fraction(0)
        ends = np.cumsum([w.size for w in weights])[:-1]
        sparse = [part.reshape(w.shape) for part, w in zip(np.split(flat, ends), weights, strict=True)]
        network = Network.dense(sparse, [_random.numbers(generator, len(w)) for w in weights]).rational()
        small = networks.prune(network)
        points = _random.numbers(generator, 5, 2).tolist()
        same = np.array_equal(network(points), small(points))
        wrong += network.connections >= depth or (small.depth, small.connections) != (1, 0) or not same
    return judged(
        "more layers than connections: not an affine map without connections",
        wrong,
        "=",
        0,
        f"{counted(scope.cases, 'random network')}: some matrix is zero, so ℒ(n) ≥ n is no restriction",
    )


def _network(generator: np.random.Generator, deepest: int) -> Network:
    """Random ReLU network of one variable in which every layer is used."""
    depth = int(generator.integers(1, deepest + 1))
    widths = (1, *(int(w) for w in generator.integers(1, 4, depth - 1)), 1)
    network = _random.network(generator, widths, density=0.8)
    while network.connections < depth or any(not layer.matrix.any() for layer in network.layers):
        network = _random.network(generator, widths)
    return network
