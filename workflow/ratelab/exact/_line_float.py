"""Walls of a network of one variable in float64, with a running bound for every error.

Four quantities run through the layers: values at the vertices, slopes on the edges, jumps of the slope at the
vertices, and positions. Each carries a bound of its distance from the exact network. A bound of 0 means exact, and
products keep it: a jump all of whose paths are dead is exactly 0, and a neuron is exactly on its knot at the vertices
that it makes. Whatever lies within its bound without being exact counts as 0, and the result is no longer certain.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from ratelab.exact._cells_of import DIFFERENT, EQUAL, UNDECIDED, LimitReached
from ratelab.exact._line import Line
from ratelab.exact._line_bounds import LARGEST, SMALLEST, UNIT, Array, Bounded
from ratelab.exact._line_hinges import FloatLayer, float_layer, spread
from ratelab.exact._line_step import State, affine, exact_start, levels, step
from ratelab.exact._linear_activation import LinearPieces
from ratelab.exact._rounding import rounded_all
from ratelab.networks import Layer, Network, rational

BLOCK = 1 << 19
"""Edges times neurons that are worked on at once."""


@dataclass(eq=False)
class _Run:
    """A pass through a network: what is known of its layers, and what came out so far."""

    network: Network
    ends: Sequence[fmpq]
    layers: list[FloatLayer]
    spreads: list[NDArray[np.float64]]
    limit: int
    patterns: bool
    block: int
    certain: bool = True
    counted: int = 0
    results: list["_Stretch"] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class _Stretch:
    """The edges of a finished stretch and the vertex to the left of each."""

    x: Bounded
    value: Bounded
    wall: NDArray[np.bool_]
    equal: NDArray[np.int8]
    slope: Bounded
    offset: Bounded
    codes: NDArray[np.int16]


def float_line(
    network: Network,
    pieces: Sequence[Sequence[LinearPieces]],
    ends: tuple[Fraction | float, Fraction | float] | None,
    limit: int,
    patterns: bool,
    block: int = BLOCK,
) -> Line:
    """Return the walls and maps of a network of one variable, in float64.

    Parameters
    ----------
    network, pieces
        A network without poolings, and its activations.
    ends
        Of an interval, or None.
    limit
        Most cells that are allowed.
    patterns
        Whether segments are wanted.
    block
        Edges times neurons that are worked on at once; memory grows with it.

    Raises
    ------
    FloatingPointError, OverflowError
        If numbers leave the range of float64.
    """
    try:
        rounded = network.float64()
    except Exception as error:
        raise OverflowError from error
    if any(_vanishes(a, b) for a, b in zip(network.layers, rounded.layers, strict=True)):
        raise OverflowError
    activations = [*pieces, [LinearPieces((), (fmpq(1),), (fmpq(0),))] * network.outputs]
    layers = [
        float_layer(a, b, p) for a, b, p in zip(network.layers, rounded.layers, activations, strict=True)
    ]
    spreads = [np.zeros((network.layers[0].neurons, 0))]
    spreads += [spread(layer, after) for layer, after in zip(layers, network.layers[1:], strict=False)]
    start = [fmpq(0)] if ends is None else [rational(v) for v in ends]
    run = _Run(network, start, layers, spreads, limit, patterns, block)
    run.certain = all(_safe(layer.matrix, layer.bias, *spreads) for layer in rounded.layers)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        _advance(run, _start(ends), 0)
    return _line(run)


def _vanishes(layer: Layer, near: Layer) -> bool:
    """Return whether a number of a rational layer is too small for float64 and became zero."""
    pairs = ((layer.weight, near.weight), (layer.bias, near.bias))
    return layer.exact and any((exact != 0)[number == 0].any() for exact, number in pairs)


def _safe(*parts: Array) -> bool:
    """Return whether products of these numbers stay in the range in which float64 has its relative precision."""
    size = np.abs(np.concatenate([np.ravel(part) for part in parts]))
    size = size[size > 0]
    return bool((size > np.sqrt(SMALLEST)).all() and (size < np.sqrt(LARGEST)).all())


def _start(ends: tuple[Fraction | float, Fraction | float] | None) -> State:
    if ends is None:
        x = Bounded(np.array([-1.0, 0.0, 1.0]), np.zeros(3))
        slope, infinite = np.ones((2, 1)), np.array([True, False, True])
    else:
        x = Bounded(*rounded_all([rational(v) for v in ends]))
        if x.value[0] == x.value[1]:
            raise OverflowError
        slope, infinite = np.ones((1, 1)), np.zeros(2, dtype=bool)
    return State(
        x,
        x[:, None],
        Bounded(slope, np.zeros_like(slope)),
        Bounded.zeros(len(infinite), 1),
        infinite,
        np.zeros(len(infinite), dtype=bool),
        (False, False),
        [],
    )


def _advance(run: _Run, state: State, index: int) -> None:
    """Take a stretch through the layers from `index` on, in smaller stretches where it is too long."""
    layer = run.layers[index]
    for part in _stretches(state, run.block // max(layer.weight.shape)):
        values = affine(part, layer, run.spreads[index])
        if index == 0:
            exact_start(run.network.layers[0], run.ends, part.infinite, values[0])
        if not all(v.safe() for v in values):
            run.certain = False
        if index == len(run.layers) - 1:
            _finish(run, part, *values)
            continue
        after, proved = step(part, layer, values, levels(part, layer, values[0]), run.patterns)
        run.certain &= proved
        edges = len(after.slope.value) - sum(after.ghosts)
        if run.counted + edges - after.infinite.any() > run.limit:
            raise LimitReached(run.limit, run.counted + edges - int(after.infinite.any()))
        _advance(run, after, index + 1)


def _stretches(state: State, longest: int) -> Iterator[State]:
    """Cut a stretch into shorter ones; each takes a neighbour's edge along at either end."""
    before, after = state.ghosts
    first, last = int(before), len(state.slope.value) - int(after)
    size = max(longest, 64)
    if last - first <= 2 * size:
        yield state
        return
    for start in range(first, last, size):
        stop = min(start + size, last)
        ghosts = (start > 0, stop < len(state.slope.value))
        yield state.part(start - ghosts[0], stop + ghosts[1], ghosts)


def _finish(run: _Run, state: State, value: Bounded, slope: Bounded, jump: Bounded) -> None:
    """Decide the kinks and keep the edges that are this stretch's own."""
    start, stop = int(state.ghosts[0]), len(slope.value) - int(state.ghosts[1])
    edges = slice(start, stop)
    size = np.abs(jump.value[edges])
    same, other = (size == 0) & (jump.error[edges] == 0), size > jump.error[edges]
    equal = np.where(other.any(axis=1), DIFFERENT, np.where(same.all(axis=1), EQUAL, UNDECIDED))
    near = np.arange(start, stop)
    near = near + state.infinite[near]
    own, y, x = slope[edges], value[near], state.x[near][:, None]
    offset = y.value - own.value * x.value
    error = y.error + np.abs(own.value) * x.error + own.error * (np.abs(x.value) + x.error)
    error += np.where(own.value != 0, 4 * UNIT * (np.abs(y.value) + np.abs(own.value * x.value)), 0.0)
    codes = [c[edges] for c in state.codes]
    run.results.append(
        _Stretch(
            state.x[edges],
            value[edges],
            state.wall[edges],
            equal.astype(np.int8),
            own,
            Bounded(offset, np.where(error > y.error, error * (1 + 16 * UNIT), error)),
            np.concatenate([np.zeros((stop - start, 0), dtype=np.int16), *codes], axis=1, dtype=np.int16),
        )
    )
    run.counted += stop - start


def _line(run: _Run) -> Line:
    """Put the stretches together; the arbitrary vertex of the whole line goes if it is no wall."""

    def joined(read: Any) -> Any:
        return np.concatenate([read(part) for part in run.results])

    keep = joined(lambda part: part.wall)
    keep[0] = True
    inner = keep[1:]
    return Line(
        joined(lambda part: part.x.value)[1:][inner],
        joined(lambda part: part.value.value)[1:][inner],
        joined(lambda part: part.slope.value)[keep],
        joined(lambda part: part.offset.value)[keep],
        joined(lambda part: part.codes)[keep],
        joined(lambda part: part.equal)[1:][inner],
        run.certain,
        joined(lambda part: part.slope.error)[keep],
        joined(lambda part: part.offset.error)[keep],
    )
