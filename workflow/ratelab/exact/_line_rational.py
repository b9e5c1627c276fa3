"""Walls of a network of one variable in rational arithmetic.

The line is a row of vertices. A vertex at infinity, of the whole line, is the direction that leads there, and its
values are directional derivatives. Layer by layer, an edge gets a vertex wherever a neuron's value meets a knot.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mat
from numpy.typing import NDArray

from ratelab.exact._cells_of import DIFFERENT, EQUAL, LimitReached
from ratelab.exact._line import Line
from ratelab.exact._line_sides import Knots, Signs, Split, sides, split
from ratelab.exact._linear_activation import LinearPieces
from ratelab.networks import Layer, Network, rational

ZERO, ONE = fmpq(0), fmpq(1)
Rows = list[list[Any]]


@dataclass(frozen=True, eq=False)
class _State:
    x: list[Any]
    rows: Rows
    open: bool
    codes: list[NDArray[np.int16]]
    wall: NDArray[np.bool_]
    """Whether a neuron changes its segment at the vertex."""


def rational_line(
    network: Network,
    pieces: Sequence[Sequence[LinearPieces]],
    ends: tuple[Fraction | float, Fraction | float] | None,
    limit: int,
    patterns: bool,
) -> Line:
    """Return the walls and maps of a rational network of one variable."""
    whole = ends is None
    x = [-ONE, ZERO, ONE] if ends is None else [rational(v) for v in ends]
    state = _State(x, [[v] for v in x], whole, [], np.zeros(len(x), dtype=bool))
    for layer, activations in zip(network.layers[:-1], pieces, strict=True):
        state = _layer(state, layer, activations, limit, patterns)
    return _result(state, _affine(state, network.layers[-1]))


def _affine(state: _State, layer: Layer) -> Rows:
    """Values of W v + b at the vertices; W v at infinity."""
    weight = fmpq_mat(layer.inputs, layer.neurons, list(layer.weight.T.flat))
    points = fmpq_mat(len(state.rows), layer.inputs, list(chain.from_iterable(state.rows)))
    flat = (points * weight).entries()
    rows = [flat[i : i + layer.neurons] for i in range(0, len(flat), layer.neurons)]
    bias = list(layer.bias)
    last = len(rows) - 1
    return [
        row if state.open and i in (0, last) else [v + b for v, b in zip(row, bias, strict=True)]
        for i, row in enumerate(rows)
    ]


def _layer(state: _State, layer: Layer, pieces: Sequence[LinearPieces], limit: int, patterns: bool) -> _State:
    rows, x = _affine(state, layer), state.x
    knots = Knots.of(pieces)
    signs = _signs(rows, state.open, pieces, knots)
    edge, hinge = np.nonzero(signs[:-1].astype(np.int16) * signs[1:] < 0)
    positions = [
        _crossing(rows, state.open, e, knots.neuron[h], pieces[knots.neuron[h]].knots[knots.index[h]])
        for e, h in zip(edge.tolist(), hinge.tolist(), strict=True)
    ]
    order = sorted(range(len(edge)), key=lambda c: (edge[c], positions[c]))
    places: list[int] = []
    rank = np.zeros(len(edge), dtype=np.int64)
    found: list[Any] = []
    part = 0
    for c in order:
        same_edge = bool(places) and places[-1] == edge[c]
        if not same_edge or found[-1] != positions[c]:
            part = part + 1 if same_edge else 0
            places.append(int(edge[c]))
            found.append(positions[c])
        rank[c] = part
    edges = len(rows) - 1 + len(places)
    if edges - state.open > limit:
        raise LimitReached(limit, edges - state.open)
    after = split(len(rows) - 1, np.array(places, dtype=np.int64))
    side = sides(signs, edge, hinge, rank, after)
    new = [
        _between([x[e], *rows[e]], [x[e + 1], *rows[e + 1]], t, state.open, e, len(rows) - 2)
        for e, t in zip(places, found, strict=True)
    ]
    return _activated(state, rows, new, after, knots.segments(side), pieces, patterns)


def _signs(rows: Rows, whole: bool, pieces: Sequence[LinearPieces], knots: Knots) -> Signs:
    """Signs (vertices, pairs) of value minus knot; of the value at infinity."""
    columns = [
        (i, pieces[i].knots[k]) for i, k in zip(knots.neuron.tolist(), knots.index.tolist(), strict=True)
    ]
    signs = np.empty((len(rows), len(columns)), dtype=np.int8)
    for place, row in enumerate(rows):
        at_infinity = whole and place in (0, len(rows) - 1)
        for column, (i, knot) in enumerate(columns):
            value, level = row[i], ZERO if at_infinity else knot
            signs[place, column] = (value > level) - (value < level)
    return signs


def _crossing(rows: Rows, whole: bool, edge: int, neuron: int, knot: Any) -> Any:
    """Where on an edge a value meets a knot: fraction of the edge, or signed distance along a ray."""
    left, right = rows[edge][neuron], rows[edge + 1][neuron]
    if whole and edge == 0:
        return (right - knot) / left
    if whole and edge == len(rows) - 2:
        return (knot - left) / right
    return (knot - left) / (right - left)


def _between(left: list[Any], right: list[Any], t: Any, whole: bool, edge: int, last: int) -> list[Any]:
    """Position and values at a crossing."""
    if whole and edge == 0:
        return [b - t * a for a, b in zip(left, right, strict=True)]
    if whole and edge == last:
        return [a + t * b for a, b in zip(left, right, strict=True)]
    return [a + t * (b - a) for a, b in zip(left, right, strict=True)]


def _activated(
    state: _State,
    rows: Rows,
    new: Rows,
    after: Split,
    codes: NDArray[np.int16],
    pieces: Sequence[LinearPieces],
    patterns: bool,
) -> _State:
    """Put old and new vertices in order and apply the activations."""
    count = len(rows) + len(new)
    x: list[Any] = [None] * count
    values: Rows = [[]] * count
    for place, position, row in zip(after.old.tolist(), state.x, rows, strict=True):
        x[place], values[place] = position, row
    for place, row in zip(after.new.tolist(), new, strict=True):
        x[place], values[place] = row[0], row[1:]
    wall = np.zeros(count, dtype=bool)
    wall[after.old] = state.wall
    wall[1:-1] |= (codes[1:] != codes[:-1]).any(axis=1)
    far = (0, count - 1) if state.open else ()
    result = [
        [_derivative(p, v) for p, v in zip(pieces, row, strict=True)]
        if place in far
        else [_apply(p, v) for p, v in zip(pieces, row, strict=True)]
        for place, row in enumerate(values)
    ]
    kept = [c[after.parent] for c in state.codes] + [codes] if patterns else []
    return _State(x, result, state.open, kept, wall)


def _apply(pieces: LinearPieces, value: Any) -> Any:
    if not pieces.knots:
        return pieces(value)
    if len(pieces.knots) == 1 and not pieces.slopes[0] and not pieces.intercepts[0]:
        if value <= pieces.knots[0]:
            return ZERO
        if pieces.slopes[1] == 1 and not pieces.intercepts[1]:
            return value
    return pieces(value)


def _derivative(pieces: LinearPieces, direction: Any) -> Any:
    """Directional derivative at infinity; the far segment lies where the direction leads."""
    return (pieces.slopes[-1] if direction > 0 else pieces.slopes[0]) * direction


def _result(state: _State, rows: Rows) -> Line:
    outputs = len(rows[0])
    x, y = state.x, rows
    inner = [i for i in range(1, len(x) - 1) if state.wall[i]]
    corners = [0, *inner, len(x) - 1]
    slopes = np.empty((len(corners) - 1, outputs), dtype=object)
    offsets = np.empty_like(slopes)
    for edge, (i, j) in enumerate(zip(corners, corners[1:], strict=False)):
        if state.open and (i == 0 or j == len(x) - 1):
            far, near = (i, i + 1) if i == 0 else (j, j - 1)
            slope = [v / x[far] for v in y[far]]
        else:
            near = i
            slope = [(b - a) / (x[j] - x[i]) for a, b in zip(y[i], y[j], strict=True)]
        slopes[edge] = slope
        offsets[edge] = [v - s * x[near] for s, v in zip(slope, y[near], strict=True)]
    walls = np.empty(len(inner), dtype=object)
    walls[:] = [x[i] for i in inner]
    values = np.empty((len(inner), outputs), dtype=object)
    for place, i in enumerate(inner):
        values[place] = y[i]
    keep = np.concatenate([[0], inner]).astype(np.int64)
    codes = np.concatenate(
        [np.zeros((len(keep), 0), dtype=np.int16), *(c[keep] for c in state.codes)], axis=1, dtype=np.int16
    )
    equal = np.where((slopes[1:] != slopes[:-1]).any(axis=1), DIFFERENT, EQUAL).astype(np.int8)
    return Line(walls, values, slopes, offsets, codes, equal, True)
