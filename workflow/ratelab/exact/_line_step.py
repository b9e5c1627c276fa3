"""One hidden layer over a stretch of the line, in float64 with error bounds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from ratelab.exact._line_bounds import UNIT, Array, Bounded, between, crossing, product, shifted
from ratelab.exact._line_hinges import FloatLayer
from ratelab.exact._line_sides import Indices, Split, sides, split
from ratelab.exact._rounding import rounded_all
from ratelab.networks import Layer, rational

Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class State:
    """A stretch of the line after some layers: m vertices, m - 1 edges between them, n values.

    Parameters
    ----------
    x
        (m,) positions; -1 and 1 for the vertices at infinity.
    value
        (m, n); directional derivatives at infinity.
    slope
        (m - 1, n).
    jump
        (m, n + shared hinges): how slopes jump at a vertex; the jumps of neurons that share the hinge that bends there
        are told by one number, the modulus of the hinge's slope, at the end.
    infinite
        (m,): which vertices lie at infinity (the first and the last of the whole line).
    wall
        (m,): whether a neuron changes its segment there.
    ghosts
        Whether the first and the last edge belong to neighbouring stretches.
    codes
        Segments (m - 1, bent neurons) of each layer so far, if wanted.
    """

    x: Bounded
    value: Bounded
    slope: Bounded
    jump: Bounded
    infinite: Flags
    wall: Flags
    ghosts: tuple[bool, bool]
    codes: list[NDArray[np.int16]]

    def part(self, start: int, stop: int, ghosts: tuple[bool, bool]) -> "State":
        """Return the stretch of the edges from start to stop."""
        points, edges = slice(start, stop + 1), slice(start, stop)
        return State(
            self.x[points],
            self.value[points],
            self.slope[edges],
            self.jump[points],
            self.infinite[points],
            self.wall[points],
            ghosts,
            [c[edges] for c in self.codes],
        )


@dataclass(frozen=True, eq=False)
class _Vertices:
    """New vertices: their edges, positions on them, and which hinges cross where."""

    edge: Indices
    t: Bounded
    crossing_edge: Indices
    crossing_hinge: Indices
    crossing_vertex: Indices
    proved: bool


def affine(state: State, layer: FloatLayer, spread: Array) -> tuple[Bounded, Bounded, Bounded]:
    """Return pre-activations at the vertices, their slopes on the edges and the jumps of these."""
    linear = product(state.value, layer.weight, layer.absolute)
    value = shifted(linear, layer.bias, layer.bias_error)
    value.place(state.infinite, linear[state.infinite])
    slope = product(state.slope, layer.weight, layer.absolute)
    own = state.jump.value.shape[1] - spread.shape[1]
    jump = product(state.jump[:, :own], layer.weight, layer.absolute)
    if spread.shape[1]:
        shared = product(state.jump[:, own:], spread, np.abs(spread))
        total = jump.value + shared.value
        rounding = np.where((jump.value != 0) & (shared.value != 0), 2 * UNIT * np.abs(total), 0.0)
        jump = Bounded(total, (jump.error + shared.error + rounding) * (1 + 8 * UNIT))
    return value, slope, jump


def exact_start(layer: Layer, ends: Sequence[fmpq], infinite: Flags, value: Bounded) -> None:
    """Put the first layer's values at the given vertices in place, each rounded once, so that zeros are exact."""
    rows = np.flatnonzero(~infinite)
    weight = layer.matrix[:, 0]
    for row, x in zip(rows, ends, strict=True):
        exact = [rational(w) * x + rational(b) for w, b in zip(weight, layer.bias, strict=True)]
        value.place(row, Bounded(*rounded_all(exact)))


def levels(state: State, layer: FloatLayer, value: Bounded) -> Bounded:
    """Return each hinge's value minus knot at the vertices; the value itself at infinity."""
    lead = layer.lead
    read = value[:, layer.knots.neuron[lead]]
    level, error = layer.level[lead], layer.level_error[lead]
    if not level.any():
        return read
    less = read.value - level
    rounding = np.where((level != 0) & (read.value != 0), 2 * UNIT * np.abs(less), 0.0)
    result = Bounded(less, read.error + error + rounding)
    result.place(state.infinite, read[state.infinite])
    return result


def step(
    state: State,
    layer: FloatLayer,
    affine_values: tuple[Bounded, Bounded, Bounded],
    hinges: Bounded,
    patterns: bool,
) -> tuple[State, bool]:
    """Return the stretch after a hidden layer, and whether all decisions are proved.

    Parameters
    ----------
    state, layer
        The stretch before, and the layer.
    affine_values, hinges
        What `affine` and `levels` gave.
    patterns
        Whether to keep the segments.
    """
    value, slope, jump = affine_values
    size = np.abs(hinges.value)
    zero = size <= hinges.error
    signs = np.where(zero, 0.0, np.sign(hinges.value)).astype(np.int8)
    found = _cross(state, signs, hinges)
    proved = found.proved and not (zero & (hinges.error > 0)).any()
    edges = len(signs) - 1
    after = split(edges, found.edge)
    first = np.searchsorted(found.edge, found.crossing_edge)
    side = sides(signs, found.crossing_edge, found.crossing_hinge, found.crossing_vertex - first, after)
    codes = layer.knots.segments(side[:, layer.hinge] * layer.orientation)
    new_x, new_value = _insert(state, layer, value, found)

    count = len(after.parent) + 1
    x, values = Bounded.zeros(count), Bounded.zeros(count, value.value.shape[1])
    jumps = Bounded.zeros(count, value.value.shape[1])
    x.place(after.old, state.x)
    x.place(after.new, new_x)
    values.place(after.old, value)
    values.place(after.new, new_value)
    jumps.place(after.old, jump)
    infinite, wall = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    infinite[after.old], wall[after.old] = state.infinite, state.wall
    turned = np.zeros((count, codes.shape[1]), dtype=bool)
    turned[1:-1] = codes[1:] != codes[:-1]
    wall |= turned.any(axis=1)
    kept = [c[after.parent] for c in state.codes] + [codes] if patterns else []
    slopes = slope[after.parent]
    result = State(
        x,
        _activated(layer, values, codes, infinite),
        _scaled(layer, codes, slopes),
        _jumps(layer, codes, turned, slopes, jumps),
        infinite,
        wall,
        state.ghosts,
        kept,
    )
    return _trimmed(result, after, edges), proved


def _cross(state: State, signs: NDArray[np.int8], hinges: Bounded) -> _Vertices:
    """Find the crossings on all edges, in order; those whose order floats cannot tell become one vertex."""
    edge, hinge = np.nonzero(signs[:-1] * signs[1:] < 0)
    leftward = state.infinite[edge]
    ray = leftward | state.infinite[edge + 1]
    base, other = edge + leftward, edge + ~leftward
    t = crossing(hinges[base, hinge], hinges[other, hinge], ray)
    key = np.where(leftward, -t.value, t.value)
    order = np.lexsort((key, edge))
    edge, hinge, key, t = edge[order], hinge[order], key[order], t[order]
    fresh = np.ones(len(edge), dtype=bool)
    same = edge[1:] == edge[:-1]
    # if neighbours in this order are disjoint intervals, all are
    reach = (t.error[1:] + t.error[:-1]) * (1 + 8 * UNIT) + 2 * UNIT * np.abs(np.diff(key))
    close = same & (np.diff(key) <= reach)
    fresh[1:] = ~close
    vertex = np.cumsum(fresh) - 1
    return _Vertices(edge[fresh], t[fresh], edge, hinge, vertex, not close.any())


def _insert(state: State, layer: FloatLayer, value: Bounded, found: _Vertices) -> tuple[Bounded, Bounded]:
    """Return positions and pre-activations at new vertices; a hinge's own neurons are exactly on their knots there."""
    leftward = state.infinite[found.edge]
    ray = leftward | state.infinite[found.edge + 1]
    base, other = found.edge + leftward, found.edge + ~leftward
    new = between(value[base], value[other], found.t, ray)
    x = between(state.x[base][:, None], state.x[other][:, None], found.t, ray)[:, 0]
    pairs = np.argsort(layer.hinge, kind="stable")
    size = np.bincount(layer.hinge, minlength=len(layer.lead))
    start = np.cumsum(size) - size
    repeats = size[found.crossing_hinge]
    vertex = np.repeat(found.crossing_vertex, repeats)
    within = np.arange(len(vertex)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    pair = pairs[np.repeat(start[found.crossing_hinge], repeats) + within]
    neuron = layer.knots.neuron[pair]
    new.value[vertex, neuron] = layer.level[pair]
    new.error[vertex, neuron] = layer.level_error[pair]
    return x, new


def _table(table: Array, layer: FloatLayer, codes: NDArray[np.int16]) -> Array:
    """Look up (edges, neurons) slopes or intercepts of the segments."""
    bent = layer.knots.bent
    result = np.empty((len(codes), len(table)))
    result[:] = table[:, 0]
    result[:, bent] = table[bent[None, :], codes]
    return result


def _activated(layer: FloatLayer, values: Bounded, codes: NDArray[np.int16], infinite: Flags) -> Bounded:
    """Apply the activations at the vertices, on the segment of the edge to the right (at the end, to the left)."""
    slopes = _table(layer.slopes, layer, codes)
    right, left = np.concatenate([slopes, slopes[-1:]]), np.concatenate([slopes[:1], slopes])
    # on a knot both segments give the value; one that is only nearly there may have either slope
    size = np.where(values.error > 0, np.maximum(np.abs(left), np.abs(right)), np.abs(right))
    result, error = right * values.value, size * values.error
    rounding = np.abs(result)
    if layer.intercepts.any():
        table = _table(layer.intercepts, layer, codes)
        constant = np.where(infinite[:, None], 0.0, np.concatenate([table, table[-1:]]))
        result = result + constant
        rounding = rounding + np.abs(constant)
    if layer.rough.any():
        error = (error + np.where(layer.rough, 4 * UNIT * rounding, 0.0)) * (1 + 8 * UNIT)
    return Bounded(result, error)


def _scaled(layer: FloatLayer, codes: NDArray[np.int16], slopes: Bounded) -> Bounded:
    factor = _table(layer.slopes, layer, codes)
    value = factor * slopes.value
    error = np.abs(factor) * slopes.error
    if layer.rough.any():
        error = (error + np.where(layer.rough, 4 * UNIT * np.abs(value), 0.0)) * (1 + 8 * UNIT)
    return Bounded(value, error)


def _jumps(
    layer: FloatLayer, codes: NDArray[np.int16], turned: Flags, slopes: Bounded, jumps: Bounded
) -> Bounded:
    """Return how the slopes of activated values jump at the vertices, and the columns of the shared hinges."""
    factor = _table(layer.slopes, layer, codes)
    value, error = np.zeros_like(jumps.value), np.zeros_like(jumps.error)
    left = factor[:-1]
    value[1:-1] = left * jumps.value[1:-1]
    error[1:-1] = np.abs(left) * jumps.error[1:-1]
    bent = layer.knots.bent
    place, column = np.nonzero(turned)
    neuron = bent[column]
    before, after = (place - 1, neuron), (place, neuron)
    low, high = factor[before] * slopes.value[before], factor[after] * slopes.value[after]
    value[place, neuron] = high - low
    turn = np.abs(factor[before]) * slopes.error[before] + np.abs(factor[after]) * slopes.error[after]
    turn += np.where((low != 0) & (high != 0), 4 * UNIT * (np.abs(low) + np.abs(high)), 0.0)
    error[place, neuron] = turn * (1 + 8 * UNIT)
    if layer.rough.any():
        size = np.abs(value)
        size[place, neuron] += np.abs(low) + np.abs(high)
        error += np.where(layer.rough, 4 * UNIT * size, 0.0)
    shared = Bounded.zeros(len(value), len(layer.members))
    where = np.full(len(layer.slopes), -1)
    where[bent] = np.arange(len(bent))
    for number, group in enumerate(layer.members):
        neurons = layer.knots.neuron[group]
        lead = neurons[0]
        clean = (
            turned[:, where[lead]] & jumps[:, lead].zero & _bends_here(layer, codes, group[0], where[lead])
        )
        rows = np.flatnonzero(clean)
        shared.value[rows, number] = np.abs(slopes.value[rows, lead])
        shared.error[rows, number] = slopes.error[rows, lead]
        value[np.ix_(rows, neurons)] = 0.0
        error[np.ix_(rows, neurons)] = 0.0
    return Bounded.join(Bounded(value, error), shared)


def _bends_here(layer: FloatLayer, codes: NDArray[np.int16], pair: Any, column: int) -> Flags:
    """Whether at a vertex a neuron crosses the knot of that pair and no other."""
    knot = layer.knots.index[pair]
    left, right = codes[:-1, column], codes[1:, column]
    result = np.zeros(len(codes) + 1, dtype=bool)
    result[1:-1] = (np.minimum(left, right) == knot) & (np.maximum(left, right) == knot + 1)
    return result


def _trimmed(state: State, after: Split, edges: int) -> State:
    """Cut a neighbouring stretch's edge down to its part next to this one."""
    start = int(np.searchsorted(after.parent, 0, side="right")) - 1 if state.ghosts[0] else 0
    stop = int(np.searchsorted(after.parent, edges - 1)) + 1 if state.ghosts[1] else len(after.parent)
    return state.part(start, stop, state.ghosts) if (start, stop) != (0, len(after.parent)) else state
