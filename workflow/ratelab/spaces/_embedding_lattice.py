"""The lattice of embeddings between approximation spaces of several depths and Besov spaces."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Literal

from ratelab._errors import UserError
from ratelab.spaces._depth_growth import DepthGrowth
from ratelab.spaces._embeddings import Number, Space, embeds
from ratelab.spaces._prediction_smoothness import pieces_exponent

Relation = Literal["embedded", "equal", "not embedded"]
_FAR = 1000
"""Besov spaces of this share of the smallest order stand for every smoothness above 0."""


@dataclass(frozen=True)
class Edge:
    """One relation between two spaces of a lattice.

    Parameters
    ----------
    source, target
        Places of the two among the nodes; the source is the smaller space.
    relation
        ``embedded``, ``equal`` or ``not embedded``.
    strict
        Whether the two are known to differ.
    claims
        Ids of the statements that it rests on.
    reason
        In words.
    """

    source: int
    target: int
    relation: Relation
    strict: bool
    claims: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Lattice:
    """Spaces and the relations between neighbours; all others follow through `embeds`."""

    nodes: tuple[Space, ...]
    edges: tuple[Edge, ...]

    def factor(self, edge: Edge) -> Fraction | None:
        """Return the order of the larger space over that of the smaller one; None for X = L_p."""
        first, second = self.nodes[edge.source], self.nodes[edge.target]
        return second.order / first.order if second.order else None


def embedding_lattice(
    depths: Sequence[int | str | DepthGrowth],
    alphas: Number | Sequence[Number] = 1,
    q: Number | None = None,
    degree: int = 1,
    p: Number = 2,
) -> Lattice:
    """Return W^α_q(L), N^α_q(L), W^{α/2}_q(L) for every depth, the Besov spaces about them, X, and their relations.

    Edges are W ⊂ N ⊂ W^{α/2}, depth to the next larger depth, W ⊂ B^{α/⌊L/2⌋} and N ⊂ B^{α/(L−1)} (for unbounded
    depth: no Besov space, seen at smoothness α/1000), B^α ⊂ W(L) at the least depth, larger α in smaller α, and the
    largest spaces in X.

    Parameters
    ----------
    depths
        In any order, comparable with each other; each 2 or more.
    alphas
        One α or several.
    q
        Fine index; None means 1/q = α + 1/p, for which shallow networks give exactly B^α if α < r + 1.
    degree
        r of ρ_r.
    p
        Of the errors, 0 < p < ∞.

    Raises
    ------
    UserError
        If there is no depth or no α, two depths are the same or cannot be compared, or a number is out of range.
    """
    growths = _ordered([DepthGrowth.parse(depth) for depth in depths])
    orders = list(alphas) if isinstance(alphas, Sequence) else [alphas]
    if not orders:
        raise UserError("an embedding lattice needs at least one α; none was given")
    builder = _Builder(degree, p)
    whole = Space.whole(degree, p)
    for alpha in sorted(orders, reverse=True):
        spaces = [
            [Space.approximation(letter, alpha, q, depth, degree, p) for depth in growths]
            for letter in ("W", "N")
        ]
        least = Space.besov(alpha, degree, p)
        builder.edge(least, spaces[0][0])
        for index, depth in enumerate(growths):
            builder.row(spaces[0][index], spaces[1][index], depth)
        for column in spaces:
            for shallow, deep in pairwise(column):
                builder.edge(shallow, deep)
            builder.edge(column[-1], whole)
    for first, second in pairwise(sorted({s for s in builder.places if s.letter == "B"}, key=_order)):
        builder.edge(second, first)
    for letter in ("W", "N"):
        for depth in growths:
            same = [s for s in builder.places if s.letter == letter and s.depth == depth]
            for first, second in pairwise(sorted(same, key=_order)):
                builder.edge(second, first)
    return Lattice(tuple(builder.places), tuple(builder.edges))


def _order(space: Space) -> Fraction:
    return space.order


def _ordered(growths: list[DepthGrowth]) -> list[DepthGrowth]:
    """Return the depths, the least first."""
    if not growths:
        raise UserError("an embedding lattice needs at least one depth; none was given")
    result: list[DepthGrowth] = []
    for growth in growths:
        place = sum(other.no_deeper(growth) for other in result)
        for other in result:
            if other.no_deeper(growth) and growth.no_deeper(other):
                raise UserError(
                    f"depths {other.label} and {growth.label} give the same spaces; name one of them"
                )
        result.insert(place, growth)
    return result


class _Builder:
    """Collects nodes and relations, each once."""

    def __init__(self, degree: int, p: Number) -> None:
        self.degree, self.p = degree, p
        self.places: dict[Space, int] = {}
        self.edges: list[Edge] = []
        self._known: set[tuple[int, int]] = set()

    def place(self, space: Space) -> int:
        return self.places.setdefault(space, len(self.places))

    def edge(self, first: Space, second: Space) -> None:
        """Add what is known of first ⊂ second; nothing if nothing is."""
        source, target = self.place(first), self.place(second)
        found, back = embeds(first, second), embeds(second, first)
        if source == target or (source, target) in self._known or found.answer == "unknown":
            return
        if back.answer == "yes" and (found.answer == "no" or (target, source) in self._known):
            return  # an equality seen before, or what the edge the other way calls strict
        self._known.add((source, target))
        relation: Relation = (
            "not embedded" if found.answer == "no" else "equal" if back.answer == "yes" else "embedded"
        )
        both = {*found.claims, *(back.claims if relation == "equal" else ())}
        claims = tuple(sorted(both, key=lambda claim: int(claim[1:])))
        self.edges.append(Edge(source, target, relation, back.answer == "no", claims, found.reason))

    def row(self, by_connections: Space, by_neurons: Space, depth: DepthGrowth) -> None:
        """Add the spaces of one depth and α."""
        self.edge(by_connections, by_neurons)
        half = Space.approximation("W", by_neurons.order / 2, _index(by_neurons), depth, self.degree, self.p)
        self.edge(by_neurons, half)
        for space in (by_connections, by_neurons):
            if depth.kind == "constant":
                complexity: Literal["connections", "neurons"] = (
                    "connections" if space.letter == "W" else "neurons"
                )
                share = pieces_exponent(int(depth.supremum), complexity)
            else:
                share = _FAR
            self.edge(space, Space.besov(space.order / share, self.degree, self.p))


def _index(space: Space) -> Number:
    return float("inf") if space.inverse_q == 0 else 1 / space.inverse_q
