"""A8: pieces of networks of one variable against their connections and neurons, and what follows for errors."""

from collections.abc import Iterator
from fractions import Fraction
from math import log2

from ratelab import best, exact, networks, spaces
from ratelab.networks import Network
from ratelab.registry import Complexity
from ratelab.studies.claims import _random
from ratelab.studies.claims._claim import Case, Scope, illustrated, judged

_RELU = networks.power(1)
_BY_CONNECTIONS: Complexity = "connections"
_BY_NEURONS: Complexity = "neurons"
_DEPTHS = (2, 3, 4, 5, 6)
_CLOSED = {2: "1 + W/2", 3: "1 + W", 4: "(1 + W/2)²"}


def closed_form(depth: int, connections: int) -> Fraction:
    """Return the most pieces that W connections allow at depth 2, 3 or 4."""
    half = 1 + Fraction(connections, 2)
    return {2: half, 3: Fraction(1 + connections), 4: half**2}[depth]


def a8(scope: Scope) -> Iterator[Case]:
    """Random sparse networks on the whole line in rationals; composed tents; errors above those of the pieces."""
    for done, depth in enumerate(_DEPTHS):
        yield from _random_networks(scope, depth)
        scope.progress(done + 1, len(_DEPTHS))
    yield from _attained_orders()
    yield from _bounds_grow()
    yield from _errors(scope)


def _random_networks(scope: Scope, depth: int) -> Iterator[Case]:
    """Largest pieces over bound; networks of at most two pieces are left out, since their ratio says nothing."""
    largest = {"connections": Fraction(0), "neurons": Fraction(0), "closed": Fraction(0), "mean": Fraction(0)}
    tried = 0
    for index in range(5 * scope.cases):
        generator = scope.generator("A8", depth, index)
        widths = (1, *(int(w) for w in generator.integers(2, 6, depth - 1)), 1)
        network = networks.prune(_random.network(generator, widths, density=0.4 + 0.6 * generator.random()))
        pieces = int(exact.count_pieces(network))
        if pieces <= 2:
            continue
        tried += 1
        ratios = {
            "connections": Fraction(pieces, _allowed(depth, "connections", network.connections)),
            "neurons": Fraction(pieces, _allowed(depth, "neurons", network.neurons)),
        }
        ratios["mean"] = pieces / (1 + Fraction(network.neurons, depth - 1)) ** (depth - 1)
        if depth in _CLOSED:
            ratios["closed"] = pieces / closed_form(depth, network.connections)
        largest = {name: max(value, ratios.get(name, value)) for name, value in largest.items()}
    note = f"largest pieces on R over the bound, {tried} random sparse networks with more than two pieces"
    texts = {
        "connections": "bound by connections",
        "neurons": "bound by neurons",
        "mean": "(1 + N/(L−1))^(L−1)",
        "closed": _CLOSED.get(depth, ""),
    }
    for name, text in texts.items():
        if text:
            yield judged(f"depth {depth}, {text}", float(largest[name]), "≤", 1, note)


def _blocks(levels: int, count: int, merged: bool) -> Network:
    """Compose tents of 2^levels pieces."""
    pieces = 2**levels
    block = networks.tents([Fraction(i, pieces) for i in range(1, pieces)], 1)
    network = block
    for _ in range(count - 1):
        network = networks.compose(block, network, merged)
    return network


def _attained_orders() -> Iterator[Case]:
    """Pieces of composed tents grow like W^⌊L/2⌋ and N^(L−1) exactly: the exponents cannot be smaller."""
    for depth in _DEPTHS:
        if depth % 2 == 0:
            small, large = (_blocks(m, depth // 2, False) for m in (1, 2))
            growth = _growth(small, large, small.connections, large.connections)
            yield judged(
                f"depth {depth}, order in connections attained", growth, "=", depth // 2,
                "log ratio of pieces over log ratio of connections, composed tents", tolerance=1e-12,
            )  # fmt: skip
        small, large = (_blocks(m, depth - 1, True) for m in (1, 2))
        growth = _growth(small, large, small.neurons, large.neurons)
        yield judged(
            f"depth {depth}, order in neurons attained", growth, "=", depth - 1,
            "log ratio of pieces over log ratio of neurons, composed tents", tolerance=1e-12,
        )  # fmt: skip


def _growth(small: Network, large: Network, first: int, second: int) -> float:
    counts = [int(exact.count_pieces(network, ((0, 1),))) for network in (small, large)]
    return log2(counts[1] / counts[0]) / log2(second / first)


def _bounds_grow() -> Iterator[Case]:
    """The explicit bounds grow with the exponents stated."""
    size = 128
    for depth in _DEPTHS:
        for complexity, exponent in (_BY_CONNECTIONS, depth // 2), (_BY_NEURONS, depth - 1):
            few, many = (_allowed(depth, complexity, n) for n in (size, 2 * size))
            yield illustrated(
                f"depth {depth}, growth of the bound by {complexity}", log2(many / few), "≤", exponent + 0.02,
                f"log2 ratio of the bounds at {2 * size} and {size}; the exponent of the statement is {exponent}",
            )  # fmt: skip


def _allowed(depth: int, complexity: Complexity, size: int) -> int:
    reach = best.pieces_bound(_RELU, depth, complexity, size)
    assert reach is not None
    return reach[0]


def _errors(scope: Scope) -> Iterator[Case]:
    """Errors of deep networks in hand for x² are above the best discontinuous error with as many pieces as allowed."""
    target = scope.registry.targets["square"]
    bound = spaces.lower_bound_all_n(target, 1)
    assert bound is not None
    for terms in range(1, 5):
        network = _square(terms)
        error = exact.certified_error(network, target)
        for complexity, count in (_BY_CONNECTIONS, network.connections), (_BY_NEURONS, network.neurons):
            pieces = _allowed(network.depth, complexity, count)
            yield judged(
                f"x², depth {network.depth}, {count} {complexity}", error.lower, "≥", bound(pieces),
                f"error of a network in hand against all piecewise linear functions of {pieces} pieces",
                proved=error.certainty == "rigorous",
            )  # fmt: skip


def _square(terms: int) -> Network:
    """Return x − Σ 4^(−j) Δ_j, j = 1 … terms, with Δ_j composed of tents."""
    parts = [networks.identity_network(1).rational()]
    for j in range(1, terms + 1):
        parts.append(networks.scale(_blocks(1, j, True), Fraction(-1, 4**j)))
    return networks.add(*parts)
