"""Sums and compositions of networks, neuron by neuron, and what they cost against what is promised.

A sum of networks of different depth pads the shallower one with identity neurons; a composition keeps the values
between the two networks as identity neurons, or multiplies the two matrices that meet. Compositions of k tents with
2^m pieces show both on one function of 2^(mk) pieces.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from ratelab import exact
from ratelab.networks import (
    Counts,
    Network,
    add,
    add_bound,
    compose,
    compose_bound,
    deepen,
    fraction,
    identity,
    tents,
)
from ratelab.registry import Progress, Registry
from ratelab.studies.experiments._space_parameters import Calculus

if TYPE_CHECKING:
    import xarray as xr

UNIT = ((Fraction(0), Fraction(1)),)
KIND = {"input": 1, "activation": 2, "identity": 3, "output": 4}
ORIGIN = {"shared": 0, "first": 1, "second": 2, "added": 3, "product": 4}

FIRST = (
    [[(1, 1), (-2, 1), (1, -1)], [(1, -1, 2)]],
    [(0, 1, -1), (0,)],
)
SECOND = (
    [[(1, 0), (-1, 2)], [(1, -1), (0, 1), (-1, 1)], [(1, 0, 1), (0, -2, 1)], [(1, -1)]],
    [(0, 1), (0, 0, 1), (0, 0), (1,)],
)
INNER = (
    [[(1, 1), (-1, 1), (0, -1)], [(1, 1, 0), (0, -1, 2)]],
    [(0, 1, 1), (0, -1)],
)
OUTER = (
    [[(1, 0), (1, -1), (0, 2)], [(1, -2, 1)]],
    [(0, 0, -1), (0,)],
)

_LONG_NAMES = {
    "graph": "network that is drawn",
    "node": "number of the input, hidden neuron or output in its network",
    "edge": "number of the connection in its network",
    "node_layer": "affine map whose value the node is, 0 for inputs; -1 where there is no node",
    "node_place": "place of the node in its column, the middle at 0, from top to bottom",
    "node_kind": "input, neuron with activation (ReLU), identity neuron or output",
    "node_origin": "network that the node belongs to; added: an identity neuron that padding or composition adds",
    "edge_from": "node that the connection leaves; -1 where there is none",
    "edge_to": "node that the connection enters; -1 where there is none",
    "edge_weight": "weight of the connection",
    "edge_origin": "network that the connection belongs to; product: of the two matrices that meet",
    "graph_depth": "number of affine maps L",
    "graph_connections": "non-zero weights W",
    "graph_neurons": "hidden neurons N",
    "bound_depth": "promised depth",
    "bound_connections": "promised connections",
    "bound_neurons": "promised neurons",
    "largest_difference": "largest difference between the network and the operation on functions, in rationals, at "
    "random points",
    "blocks": "number k of composed tents",
    "levels": "m: each tent has 2^m pieces and neurons",
    "form": "how the tents are composed: identity neurons between them, or matrices multiplied",
    "tent_depth": "number of affine maps L",
    "tent_connections": "non-zero weights W",
    "tent_neurons": "hidden neurons N",
    "tent_bound": "connections promised by repeated composition",
    "tent_formula": "closed form of the connections: k 2^(m+1), or 2^(m+1) + (k-1) 4^m",
    "tent_pieces": "affine pieces on [0, 1], counted exactly",
}


@dataclass(frozen=True, eq=False)
class Graph:
    """A network with the origin of every neuron and of every matrix entry.

    Parameters
    ----------
    network
        It.
    bound
        Its promised counts; its own counts if nothing was promised.
    neurons
        For each hidden layer the origins of its neurons.
    matrices
        For each layer the origins of its entries, of the shape of the matrix.
    difference
        Largest difference to the operation on functions.
    """

    network: Network
    bound: Counts
    neurons: list[list[str]]
    matrices: list[np.ndarray]
    difference: Fraction = Fraction(0)


def run(parameters: Calculus, registry: Registry, progress: Progress) -> "xr.Dataset":
    """Build the networks, compare them with the operations, and count."""
    import xarray as xr

    del registry
    graphs = _graphs(parameters)
    progress(1, 2)
    drawn, tent = _drawn(graphs), _tents(parameters)
    progress(2, 2)
    dataset = xr.Dataset(
        {**drawn, **tent},
        coords={
            "graph": np.array(list(graphs), dtype=object),
            "node": np.arange(drawn["node_layer"][1].shape[1]),
            "edge": np.arange(drawn["edge_from"][1].shape[1]),
            "blocks": np.array(parameters.blocks),
            "levels": np.arange(1, parameters.levels + 1),
            "form": np.array(["unmerged", "merged"], dtype=object),
        },
    )
    for name, text in _LONG_NAMES.items():
        dataset[name].attrs["long_name"] = text
    for name, table in (
        ("node_kind", KIND),
        ("node_origin", ORIGIN),
        ("edge_origin", ORIGIN),
    ):
        dataset[name].attrs["flag_values"] = np.array(list(table.values()), dtype=np.int8)
        dataset[name].attrs["flag_meanings"] = " ".join(table)
    return dataset


def _graphs(parameters: Calculus) -> dict[str, Graph]:
    first, second, inner, outer = (
        Network.dense(*given).rational() for given in (FIRST, SECOND, INNER, OUTER)
    )
    total = add(first, second)
    points = np.random.default_rng(parameters.seed).integers(-40, 41, (parameters.points, 2))
    where = [[Fraction(int(v), 8) for v in row] for row in points]
    found = {
        "first": _alone(first, "first"),
        "second": _alone(second, "second"),
        "sum": _sum(first, second, total, _gap(total(where), first(where) + second(where))),
        "inner": _alone(inner, "first"),
        "outer": _alone(outer, "second"),
    }
    for merged in (False, True):
        network = compose(outer, inner, merged)
        difference = _gap(network(where), outer(inner(where)))
        found["merged" if merged else "unmerged"] = _composed(inner, outer, network, merged, difference)
    return found


def _gap(values: np.ndarray, expected: np.ndarray) -> Fraction:
    return max(abs(Fraction(a) - Fraction(b)) for a, b in zip(values.ravel(), expected.ravel(), strict=True))


def _filled(network: Network, origins: list[str]) -> list[np.ndarray]:
    """Return one matrix of origins for each layer, all entries of a layer alike."""
    return [
        np.full(layer.matrix.shape, origin, dtype=object)
        for layer, origin in zip(network.layers, origins, strict=True)
    ]


def _alone(network: Network, name: str) -> Graph:
    return Graph(
        network,
        Counts.of(network),
        [[name] * width for width in network.widths],
        _filled(network, [name] * network.depth),
    )


def _padded(network: Network, depth: int, name: str) -> tuple[Network, list[str]]:
    """Return the deepened network and for each of its layers whether it is the network's own or padding."""
    deeper = deepen(network, depth)
    extra = depth - network.depth
    at_output = deeper.widths[: network.depth - 1] == network.widths
    own, padding = [name] * network.depth, ["added"] * extra
    return deeper, own + padding if at_output else padding + own


def _sum(first: Network, second: Network, total: Network, difference: Fraction) -> Graph:
    """Blocks stand side by side; the inputs, and the rows of the last layer, are shared."""
    depth = total.depth
    parts = [_padded(first, depth, "first"), _padded(second, depth, "second")]
    neurons: list[list[str]] = []
    matrices: list[np.ndarray] = []
    for index, layer in enumerate(total.layers):
        origins = np.full(layer.matrix.shape, "shared", dtype=object)
        row = column = 0
        names: list[str] = []
        for deeper, layers in parts:
            block = deeper.layers[index].matrix.shape
            rows = slice(0, block[0]) if index == depth - 1 else slice(row, row + block[0])
            columns = slice(0, block[1]) if index == 0 else slice(column, column + block[1])
            origins[rows, columns] = layers[index]
            row, column = row + block[0], column + block[1]
            if index < depth - 1:
                own = [a is not identity for a in deeper.layers[index].activations]
                names += [layers[0] if mine else "added" for mine in own]
        matrices.append(origins)
        neurons += [names] if index < depth - 1 else []
    return Graph(total, add_bound(first, second), neurons, matrices, difference)


def _composed(inner: Network, outer: Network, network: Network, merged: bool, difference: Fraction) -> Graph:
    neurons = [["first"] * width for width in inner.widths]
    if not merged:
        neurons.append(["added"] * inner.outputs)
    neurons += [["second"] * width for width in outer.widths]
    if merged:
        origins = ["first"] * (inner.depth - 1) + ["product"] + ["second"] * (outer.depth - 1)
    else:
        origins = ["first"] * inner.depth + ["second"] * outer.depth
    bound = compose_bound(outer, inner, merged)
    return Graph(network, bound, neurons, _filled(network, origins), difference)


def _nodes(graph: Graph) -> list[tuple[int, float, int, int]]:
    """Return (layer, place, kind, origin) of inputs, hidden neurons and outputs, column by column."""
    network = graph.network
    rows = [(0, place, KIND["input"], ORIGIN["shared"]) for place in _places(network.inputs)]
    for index, layer in enumerate(network.layers[:-1]):
        for place, unit, origin in zip(
            _places(layer.neurons), layer.activations, graph.neurons[index], strict=True
        ):
            kind = KIND["identity" if unit is identity else "activation"]
            rows.append((index + 1, place, kind, ORIGIN[origin]))
    rows += [(network.depth, place, KIND["output"], ORIGIN["shared"]) for place in _places(network.outputs)]
    return rows


def _places(count: int) -> list[float]:
    return [index - (count - 1) / 2 for index in range(count)]


def _edges(graph: Graph) -> list[tuple[int, int, float, int]]:
    """Return (from, to, weight, origin) of the non-zero weights."""
    rows = []
    start = 0
    for index, layer in enumerate(graph.network.layers):
        matrix, end = layer.matrix, start + layer.inputs
        for i, j in zip(*np.nonzero(matrix), strict=True):
            weight = float(fraction(matrix[i, j]))
            rows.append((start + int(j), end + int(i), weight, ORIGIN[str(graph.matrices[index][i, j])]))
        start = end
    return rows


def _drawn(graphs: dict[str, Graph]) -> dict[str, tuple[tuple[str, ...] | str, np.ndarray]]:
    nodes, edges = [_nodes(g) for g in graphs.values()], [_edges(g) for g in graphs.values()]
    node, edge = ("graph", "node"), ("graph", "edge")
    tables: dict[str, tuple[tuple[str, ...] | str, np.ndarray]] = {
        "node_layer": (node, _table(nodes, 0, -1, np.int16)),
        "node_place": (node, _table(nodes, 1, 0, np.float64)),
        "node_kind": (node, _table(nodes, 2, 0, np.int8)),
        "node_origin": (node, _table(nodes, 3, 0, np.int8)),
        "edge_from": (edge, _table(edges, 0, -1, np.int16)),
        "edge_to": (edge, _table(edges, 1, -1, np.int16)),
        "edge_weight": (edge, _table(edges, 2, 0, np.float64)),
        "edge_origin": (edge, _table(edges, 3, 0, np.int8)),
        "largest_difference": ("graph", np.array([float(g.difference) for g in graphs.values()])),
    }
    for prefix, counts in (
        ("graph", [Counts.of(g.network) for g in graphs.values()]),
        ("bound", [g.bound for g in graphs.values()]),
    ):
        for name in ("depth", "connections", "neurons"):
            tables[f"{prefix}_{name}"] = ("graph", np.array([getattr(c, name) for c in counts]))
    return tables


def _table(rows: Sequence[Sequence[tuple[float, ...]]], column: int, empty: int, kind: type) -> np.ndarray:
    """Return one row a graph, filled up to the longest."""
    longest = max(map(len, rows))
    return np.array([[r[column] for r in row] + [empty] * (longest - len(row)) for row in rows], dtype=kind)


def _tents(parameters: Calculus) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    shape = (len(parameters.blocks), parameters.levels, 2)
    names = ("depth", "connections", "neurons", "bound", "formula", "pieces")
    tables = {name: np.zeros(shape, np.int64) for name in names}
    for i, blocks in enumerate(parameters.blocks):
        for levels in range(1, parameters.levels + 1):
            pieces = 2**levels
            block = tents([Fraction(j, pieces) for j in range(1, pieces)], 1)
            for form, merged in enumerate((False, True)):
                network, bound = block, Counts.of(block)
                for _ in range(blocks - 1):
                    bound = compose_bound(block, network, merged)
                    network = compose(block, network, merged)
                place = (i, levels - 1, form)
                tables["depth"][place], tables["connections"][place] = network.depth, network.connections
                tables["neurons"][place], tables["bound"][place] = network.neurons, bound.connections
                tables["formula"][place] = (
                    2 * pieces + (blocks - 1) * pieces**2 if merged else 2 * blocks * pieces
                )
                tables["pieces"][place] = int(exact.count_pieces(network, UNIT))
    return {f"tent_{name}": (("blocks", "levels", "form"), table) for name, table in tables.items()}
