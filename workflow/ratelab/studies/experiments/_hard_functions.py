"""Functions with many pieces: composed tents, tents behind a zonotope's gauge, a ReLU on top of a function.

All of it in rational arithmetic: the corners of every graph and of every cell are exact, and so are the counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from ratelab import exact, spaces
from ratelab.networks import (
    Network,
    compose,
    fraction,
    positive_part,
    tents,
    zonotope,
    zonotope_family,
)
from ratelab.registry import Progress, Registry
from ratelab.studies.experiments._catalogue import HardFunctions

if TYPE_CHECKING:
    import xarray as xr

FIRST: tuple[Fraction, ...] = (Fraction(1, 4), Fraction(5, 8))
SECOND: tuple[Fraction, ...] = (Fraction(1, 2),)
UNIT = ((Fraction(0), Fraction(1)),)
BOX = ((Fraction(-3, 2), Fraction(3, 2)),) * 2
"""It contains {γ ≤ 1} of all gauges below."""

SQUARE = ((Fraction(0), Fraction(1)), (Fraction(1), Fraction(0)))
OCTAGON = (
    (Fraction(1, 4), Fraction(1, 2)),
    (Fraction(-1, 2), Fraction(0)),
    (Fraction(0), Fraction(-1, 4)),
    (Fraction(-1, 4), Fraction(-1, 4)),
)
SURFACES = ((SQUARE, 2), (OCTAGON, 2), (OCTAGON, 3))
"""Generators and number of tents with the breakpoint 1/2."""

SHIFT = Fraction(-3, 10)
_NONE = -1

_LONG_NAMES = {
    "function": "functions of one variable on [0, 1]",
    "graph_x": "breakpoint of the function, or an end of its domain",
    "graph_y": "value of the function there",
    "graph_x_exact": "graph_x as a rational number",
    "graph_y_exact": "graph_y as a rational number",
    "function_pieces": "maximal affine pieces on the domain, counted exactly",
    "function_pieces_theory": "pieces that theory gives (-1: none): product of the widths of composed tents",
    "function_pieces_most": "most pieces possible (-1: not asked): at most one kink is added on each piece",
    "surface": "k tents of two pieces behind the gauge of a zonotope of m generators in the plane",
    "corner_x": "first coordinate of a corner of a cell, in order around the cell",
    "corner_y": "second coordinate of a corner of a cell",
    "corner_value": "value of the function at a corner of a cell",
    "cell_piece": "number of the piece that a cell belongs to (-1: no cell)",
    "cell_inside": "whether the cell meets the set where the gauge is below 1 (-1: no cell)",
    "surface_cells": "activation cells on the plane, counted exactly",
    "surface_pieces": "maximal affine pieces on the plane, counted exactly",
    "surface_pieces_theory": "pieces on the plane that theory gives for generic generators",
    "surface_pieces_inside": "maximal affine pieces that meet the set where the gauge is below 1, counted exactly",
    "surface_pieces_inside_theory": "the same that theory gives for generic generators",
    "surface_size": "hidden neurons of the network",
    "surface_depth": "affine layers of the network",
}


@dataclass(frozen=True, eq=False)
class _Graph:
    """A function of one variable on [0, 1], as the corners of its graph."""

    name: str
    x: list[Fraction]
    y: list[Fraction]
    pieces: int
    theory: int = _NONE
    most: int = _NONE


@dataclass(frozen=True, eq=False)
class _Surface:
    """A function of two variables as the corners of its cells on the box, with its counts on the plane."""

    name: str
    network: Network
    corners: list[list[tuple[Fraction, Fraction, Fraction]]]
    piece: list[int]
    inside: list[bool]
    cells: int
    pieces: int
    theory: tuple[int, int]

    @property
    def pieces_inside(self) -> int:
        """Pieces that meet {γ < 1}."""
        return len({piece for piece, inside in zip(self.piece, self.inside, strict=True) if inside})


def run(parameters: HardFunctions, registry: Registry, progress: Progress) -> "xr.Dataset":
    """Return corners and counts of all functions."""
    import xarray as xr

    del parameters, registry
    graphs = [*_tents(), *_rectified()]
    progress(1, 1 + len(SURFACES))
    surfaces = []
    for index, (generators, count) in enumerate(SURFACES):
        surfaces.append(_surface(generators, count))
        progress(2 + index, 1 + len(SURFACES))
    dataset = xr.Dataset(_graph_tables(graphs) | _surface_tables(surfaces))
    dataset = dataset.assign_coords(
        function=np.array([graph.name for graph in graphs], dtype=object),
        surface=np.array([surface.name for surface in surfaces], dtype=object),
    )
    for name, text in _LONG_NAMES.items():
        dataset[name].attrs["long_name"] = text
    return dataset


def before_activation() -> Network:
    """Return a function of five pieces on [0, 1] that the shift by b makes negative here and there."""
    knots = [Fraction(n, 20) for n in (3, 7, 11, 16)]
    values = [Fraction(n, 10) for n in (1, 8, 2, 7, 0, 6)]
    ends = [Fraction(0), *knots, Fraction(1)]
    slopes = [(values[i + 1] - values[i]) / (ends[i + 1] - ends[i]) for i in range(len(ends) - 1)]
    jumps = [b - a for a, b in zip([Fraction(0), *slopes], slopes, strict=False)]
    return Network.dense([[[1]] * len(jumps), [jumps]], [[-t for t in ends[:-1]], [values[0]]])


def _tents() -> list[_Graph]:
    first, second = tents(FIRST), tents(SECOND)
    widths = [len(FIRST) + 1, len(SECOND) + 1]
    found = [
        _graph("first", first, theory=spaces.tents_pieces(widths[:1])),
        _graph("second", second, theory=spaces.tents_pieces(widths[1:])),
        _graph("composed", compose(second, first), theory=spaces.tents_pieces(widths)),
    ]
    for graph in found:
        _agree(f"pieces of the {graph.name} tents", graph.pieces, graph.theory)
    return found


def _rectified() -> list[_Graph]:
    function = before_activation()
    shift = Network.dense([[[1]]], [[SHIFT]])
    before = _graph("before", function)
    shifted = compose(shift, function)
    after = _graph("after", positive_part(shifted), most=2 * before.pieces)
    if after.pieces > after.most:
        raise RuntimeError(f"{after.pieces} pieces from {before.pieces}; this is a bug in ratelab")
    return [before, _graph("shifted", shifted), after]


def _graph(name: str, network: Network, **numbers: int) -> _Graph:
    function = exact.piecewise_linear(network, UNIT, arithmetic="rational")
    pieces = exact.count_pieces(network, UNIT, arithmetic="rational")
    _agree(f"pieces of '{name}', counted twice", int(pieces), function.pieces)
    x = [UNIT[0][0], *function.knots, UNIT[0][1]]
    return _Graph(name, x, [function(v) for v in x], int(pieces), **numbers)


def _surface(generators: Sequence[tuple[Fraction, Fraction]], count: int) -> _Surface:
    network, gauge = zonotope_family(generators, [SECOND] * count), zonotope(generators)
    plane = exact.cells(network, arithmetic="rational")
    box = exact.cells(network, BOX, arithmetic="rational")
    assert box.polygons is not None
    corners = [_corners(network, polygon) for polygon in box.polygons]
    # γ is affine on every cell, so that a cell meets {γ < 1} if and only if one of its corners lies there
    inside = [bool((_values(gauge, polygon) < 1).any()) for polygon in box.polygons]
    widths = [len(SECOND) + 1] * count
    surface = _Surface(
        f"m = {len(generators)}, k = {count}",
        network,
        corners,
        box.pieces().tolist(),
        inside,
        int(plane.count("cells")),
        int(plane.count("pieces")),
        (
            spaces.zonotope_family_pieces(2, len(generators), widths, "everywhere"),
            spaces.zonotope_family_pieces(2, len(generators), widths, "inside"),
        ),
    )
    _agree(f"pieces of '{surface.name}'", surface.pieces, surface.theory[0])
    _agree(f"pieces of '{surface.name}' where the gauge is below 1", surface.pieces_inside, surface.theory[1])
    return surface


def _corners(network: Network, polygon: Any) -> list[tuple[Fraction, Fraction, Fraction]]:
    values = _values(network, polygon)
    return [(fraction(x), fraction(y), value) for (x, y), value in zip(polygon, values, strict=True)]


def _values(network: Network, points: Any) -> Any:
    """Return exact values (m,) at rational points (m, 2)."""
    return np.asarray(network(np.asarray(points, dtype=object)), dtype=object)[:, 0]


def _agree(what: str, measured: int, theory: int) -> None:
    if measured != theory:
        raise RuntimeError(f"{what}: {measured} and {theory} must be equal; this is a bug in ratelab")


def _graph_tables(graphs: Sequence[_Graph]) -> dict[str, Any]:
    longest = max(len(graph.x) for graph in graphs)
    tables: dict[str, Any] = {}
    for axis in ("x", "y"):
        numbers = np.full((len(graphs), longest), np.nan)
        texts = np.full((len(graphs), longest), "", dtype=object)
        for row, graph in enumerate(graphs):
            column = graph.x if axis == "x" else graph.y
            numbers[row, : len(column)] = [float(v) for v in column]
            texts[row, : len(column)] = [str(v) for v in column]
        tables[f"graph_{axis}"] = (("function", "graph_point"), numbers)
        tables[f"graph_{axis}_exact"] = (("function", "graph_point"), texts)
    for name, counted in {
        "function_pieces": [graph.pieces for graph in graphs],
        "function_pieces_theory": [graph.theory for graph in graphs],
        "function_pieces_most": [graph.most for graph in graphs],
    }.items():
        tables[name] = ("function", np.array(counted, np.int32))
    return tables


def _surface_tables(surfaces: Sequence[_Surface]) -> dict[str, Any]:
    cells = max(len(s.corners) for s in surfaces)
    longest = max(len(polygon) for s in surfaces for polygon in s.corners)
    numbers = np.full((3, len(surfaces), cells, longest), np.nan)
    piece, inside = (
        np.full((len(surfaces), cells), _NONE, np.int32),
        np.full((len(surfaces), cells), _NONE, np.int8),
    )
    for i, surface in enumerate(surfaces):
        for j, polygon in enumerate(surface.corners):
            numbers[:, i, j, : len(polygon)] = np.array(polygon, dtype=np.float64).T
        piece[i, : len(surface.piece)] = surface.piece
        inside[i, : len(surface.inside)] = surface.inside
    tables: dict[str, Any] = {
        name: (("surface", "cell", "corner"), table)
        for name, table in zip(("corner_x", "corner_y", "corner_value"), numbers, strict=True)
    }
    tables |= {"cell_piece": (("surface", "cell"), piece), "cell_inside": (("surface", "cell"), inside)}
    for name, column in {
        "surface_cells": [s.cells for s in surfaces],
        "surface_pieces": [s.pieces for s in surfaces],
        "surface_pieces_theory": [s.theory[0] for s in surfaces],
        "surface_pieces_inside": [s.pieces_inside for s in surfaces],
        "surface_pieces_inside_theory": [s.theory[1] for s in surfaces],
        "surface_size": [s.network.neurons for s in surfaces],
        "surface_depth": [s.network.depth for s in surfaces],
    }.items():
        tables[name] = ("surface", np.array(column, np.int32))
    return tables
