"""The mesh of a network of two variables: every neuron's kinks split the faces, layer by layer."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq

from ratelab.exact._cells_of import Domain, LimitReached
from ratelab.exact._linear_activation import LinearPieces, linear_layers
from ratelab.exact._planar_mesh import UNMARKED, Indices, Mesh
from ratelab.exact._planar_values import FloatValues, RationalValues, Values
from ratelab.networks import Layer, Network, rational

_LEAST = 1e-140
_SQUARE = [[0, 1, 2, 3]]
_QUADRANTS = [[0, 1, 2], [0, 2, 3], [0, 3, 4], [0, 4, 1]]
_AXES = [(0, 0), (1, 0), (0, 1), (-1, 0), (0, -1)]


@dataclass(frozen=True)
class Kink:
    """One split: the layer, the neuron in it and the knot of its activation that it meets."""

    layer: int
    neuron: int
    knot: fmpq


@dataclass(frozen=True)
class Subdivision:
    """Faces on which all neurons are affine.

    Parameters
    ----------
    mesh
        Marks of edges number the `kinks`; edges without a mark bound the region, or are the axes that cut R² into
        four pointed cones.
    values
        Coordinates of the vertices.
    kinks
        In the order of the splits.
    certain
        Whether every sign was proved.
    """

    mesh: Mesh
    values: Any
    kinks: list[Kink]
    certain: bool


def subdivide(network: Network, domain: Domain | None, exact: bool, strict: bool, limit: int) -> Subdivision:
    """Split a rectangle, or the plane, by all kinks of a network.

    Raises
    ------
    UndecidedError
        In floats, if `strict` and a sign cannot be told.
    LimitReached
        If there are more faces than `limit`.
    """
    corners, finite, loops = _start(domain)
    values: RationalValues | FloatValues = (
        RationalValues(corners, finite) if exact else FloatValues(corners, finite, strict)
    )
    mesh, kinks = Mesh(loops), list[Kink]()
    hidden = linear_layers(network)
    layers = network.rational().layers if exact else network.layers
    for number, (layer, pieces) in enumerate(zip(layers, hidden, strict=False)):
        values.enter(layer)
        _split_layer(mesh, values, kinks, number, layer, pieces, limit)
        values.activate(pieces)
    assert mesh.regular or not exact
    certain = exact or (mesh.regular and values.certain)  # type: ignore[union-attr]
    return Subdivision(mesh, values, kinks, certain)


def _start(domain: Domain | None) -> tuple[list[tuple[fmpq, fmpq]], list[bool], list[list[int]]]:
    if domain is None:
        return [(fmpq(x), fmpq(y)) for x, y in _AXES], [True] + [False] * 4, _QUADRANTS
    (a, b), (c, d) = ((rational(low), rational(high)) for low, high in domain)
    return [(a, c), (b, c), (b, d), (a, d)], [True] * 4, _SQUARE


def _split_layer(
    mesh: Mesh,
    values: Values,
    kinks: list[Kink],
    number: int,
    layer: Layer,
    pieces: tuple[LinearPieces, ...],
    limit: int,
) -> None:
    leaders = _leaders(layer)
    kinked = [i for i, piece in enumerate(pieces) if piece.knots]
    row = {neuron: len(mesh.patterns) + i for i, neuron in enumerate(kinked)}
    mesh.begin_layer(len(kinked))
    # neurons with one line, such as those of ρ(v) and ρ(−v), split by it once
    lines: dict[tuple[int, fmpq], list[tuple[int, int]]] = {}
    for neuron in kinked:
        leader, factor = leaders[neuron]
        for knot in pieces[neuron].knots:
            lines.setdefault((leader, knot / factor), []).append((neuron, 1 if factor > 0 else -1))
    for (leader, knot), members in lines.items():
        sign = values.signs(leader, knot)

        def cross(roots: Indices, ends: Indices, leader: int = leader, knot: fmpq = knot) -> None:
            values.cross(leader, knot, roots, ends)

        side = mesh.split(sign, len(kinks), cross)
        kinks.append(Kink(number, leader, knot))
        for neuron, direction in members:
            mesh.pass_knots(row[neuron], side * direction >= 0)
        if mesh.faces > limit:
            counted = _merged(mesh)
            if counted > limit:
                raise LimitReached(limit, counted)
    for neuron, (leader, factor) in enumerate(leaders):
        if neuron != leader:
            values.copy(leader, neuron, factor)


def _leaders(layer: Layer) -> list[tuple[int, fmpq]]:
    """Return for each neuron the first with the same pre-activation up to a factor, and that factor.

    In floats the factor is plus or minus a power of two, since other multiples are rounded.
    """
    seen: dict[tuple[Any, ...], tuple[int, fmpq]] = {}
    result = []
    for neuron, (weights, bias) in enumerate(zip(layer.matrix, layer.bias, strict=True)):
        numbers = [*weights.tolist(), bias] if layer.exact else [*weights.tolist(), float(bias)]
        scale = _scale(numbers)
        key = tuple(v / scale for v in numbers)
        leader, first = seen.setdefault(key, (neuron, rational(scale)))
        result.append((leader, rational(scale) / first))
    return result


def _scale(numbers: list[Any]) -> Any:
    """Return what rows with the same line are divided by to become equal, without rounding."""
    lead = next((v for v in numbers if v), 1)
    if isinstance(lead, fmpq):
        return lead
    sizes = [abs(v) for v in numbers if v]
    if not sizes or min(sizes) < _LEAST or max(sizes) > 1 / _LEAST:
        return 1
    return float(np.copysign(2.0 ** (np.frexp(lead)[1] - 1), lead))


def _merged(mesh: Mesh) -> int:
    """Return the number of faces when those that only an axis separates are one."""
    bare = (mesh.mark == UNMARKED) & (mesh.face >= 0) & (mesh.face[mesh.twin] >= 0)
    return int(merge(mesh.faces, mesh.face[bare], mesh.face[mesh.twin[bare]]).max()) + 1


def merge(count: int, first: Indices, second: Indices) -> Indices:
    """Return the number of the group of each of `count` faces when these pairs are joined."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(first), dtype=np.int8), (first, second)), (count, count))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)
