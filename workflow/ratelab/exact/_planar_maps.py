"""The affine map of a network on each of its cells, from the cells' patterns: exactly, or with error bounds."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mat
from numpy.typing import NDArray

from ratelab.exact._cells_of import DIFFERENT, EQUAL, UNDECIDED
from ratelab.exact._linear_activation import LinearPieces, linear_layers
from ratelab.exact._planar_values import UNIT, FloatLayer, affine_bound, float_layer
from ratelab.exact._rounding import rounded_all
from ratelab.networks import Network
from ratelab.networks._matrix import fmpq_of

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Patterns = NDArray[np.int16]

_BLOCK = 2**18
_LEAST = 1e-200
_SAFE = 1 + 2.0**-20


@dataclass(frozen=True)
class Maps:
    """Affine maps x ↦ gradient · x + offset.

    Parameters
    ----------
    values
        (cells, k, d + 1): gradients, then offsets; float64 or rationals.
    errors
        Bounds of the floats' errors; None for rationals.
    walls
        (pairs, d + 1): the pre-activations asked for, on their cells.
    """

    values: NDArray[Any]
    errors: Array | None
    walls: NDArray[Any]


def rational_maps(network: Network, patterns: Patterns, wanted: Indices | None = None) -> Maps:
    """Return the exact maps of cells with these patterns, and pre-activations of neurons.

    Parameters
    ----------
    patterns
        (cells, neurons with a kink).
    wanted
        (pairs, 3): cell, layer, neuron.
    """
    layers, hidden = network.rational().layers, linear_layers(network)
    size = network.inputs + 1
    wanted = np.empty((0, 3), dtype=np.int64) if wanted is None else wanted
    walls = np.empty((len(wanted), size), dtype=object)
    group = np.zeros(len(patterns), dtype=np.int64)
    unit = [[fmpq(int(i == j)) for j in range(size)] for i in range(network.inputs)]
    maps = [unit]
    column = 0
    for number, layer in enumerate(layers):
        weight, bias = fmpq_of(layer.matrix), layer.bias
        before = [_apply(weight, bias, inner, size) for inner in maps]
        if number == len(hidden):
            break
        for row in np.flatnonzero(wanted[:, 1] == number):
            cell, _, neuron = wanted[row]
            walls[row] = before[group[cell]][neuron]
        pieces = hidden[number]
        kinked = [i for i, piece in enumerate(pieces) if piece.knots]
        keys = np.column_stack([group, patterns[:, column : column + len(kinked)]])
        column += len(kinked)
        # cells that agree so far share their maps
        distinct, group = np.unique(keys, axis=0, return_inverse=True)
        group = group.ravel()
        maps = [_activated(before[key[0]], pieces, kinked, key[1:]) for key in distinct]
    values = np.array([before[g] for g in group], dtype=object).reshape(len(group), -1, size)
    return Maps(values, None, walls)


def _apply(weight: fmpq_mat, bias: Any, inner: list[list[fmpq]], size: int) -> list[list[fmpq]]:
    result = (weight * fmpq_mat(inner)).tolist()
    for row, offset in zip(result, bias, strict=True):
        row[size - 1] += offset
    return result


def _activated(
    before: list[list[fmpq]], pieces: tuple[LinearPieces, ...], kinked: list[int], passed: Any
) -> list[list[fmpq]]:
    segment = dict(zip(kinked, passed.tolist(), strict=True))
    result = []
    for neuron, (row, piece) in enumerate(zip(before, pieces, strict=True)):
        index = segment.get(neuron, 0)
        slope, intercept = piece.slopes[index], piece.intercepts[index]
        scaled = [slope * v for v in row] if slope else [fmpq(0)] * len(row)
        scaled[-1] += intercept
        result.append(scaled)
    return result


class _Segments:
    """Slopes and intercepts of one hidden layer's neurons on the segments that patterns name, with error bounds."""

    def __init__(self, pieces: tuple[LinearPieces, ...], column: int) -> None:
        self.kinked = [i for i, piece in enumerate(pieces) if piece.knots]
        self.columns = slice(column, column + len(self.kinked))
        self._neurons = np.arange(len(pieces))[:, None]
        widest = max(len(piece.slopes) for piece in pieces)
        self._tables = np.zeros((4, len(pieces), widest))
        for i, piece in enumerate(pieces):
            rows = [*rounded_all(piece.slopes), *rounded_all(piece.intercepts)]
            for table, row in zip(self._tables, rows, strict=True):
                table[i, : len(row)] = row

    def at(self, patterns: Patterns) -> Array:
        """Return (4, neurons, cells): slopes, their errors, intercepts, their errors."""
        index = np.zeros((len(self._neurons), len(patterns)), dtype=np.int64)
        index[self.kinked] = patterns[:, self.columns].T
        return np.asarray(self._tables[:, self._neurons, index])


def _float_parts(network: Network) -> tuple[list[FloatLayer], list[_Segments]]:
    segments, column = [], 0
    for pieces in linear_layers(network):
        segments.append(_Segments(pieces, column))
        column = segments[-1].columns.stop
    return [float_layer(layer) for layer in network.layers], segments


def float_maps(network: Network, patterns: Patterns, wanted: Indices | None = None) -> Maps:
    """Return the maps of cells in float64 with bounds of their errors; see `rational_maps`."""
    layers, segments = _float_parts(network)
    size = network.inputs + 1
    wanted = np.empty((0, 3), dtype=np.int64) if wanted is None else wanted
    walls = np.empty((len(wanted), size))
    values = np.empty((len(patterns), network.outputs, size))
    errors = np.empty_like(values)
    order = np.argsort(wanted[:, 0], kind="stable")
    step = _block(layers, size)
    for start in range(0, len(patterns), step):
        block = patterns[start : start + step]
        rows = order[slice(*np.searchsorted(wanted[order, 0], [start, start + len(block)]))]
        constant = np.array([0.0] * (size - 1) + [1.0])
        ones = np.tile(constant, len(block))
        value = np.tile(np.eye(network.inputs, size), (1, len(block)))
        bound = np.zeros_like(value)
        for number, layer in enumerate(layers):
            value, bound = affine_bound(layer, value, bound, ones)
            if number == len(segments):
                break
            here = rows[wanted[rows, 1] == number]
            cells, neurons = wanted[here, 0] - start, wanted[here, 2]
            walls[here] = value.reshape(-1, len(block), size)[neurons, cells]
            value, bound = _scaled(segments[number].at(block), value, bound, constant)
        for result, part in ((values, value), (errors, bound)):
            result[start : start + len(block)] = part.reshape(-1, len(block), size).transpose(1, 0, 2)
    return Maps(values, errors, walls)


def _scaled(segment: Array, value: Array, bound: Array, constant: Array) -> tuple[Array, Array]:
    """Apply activations to affine maps (neurons, cells · size) whose constants are where `constant` is 1."""
    cells, size = segment.shape[2], len(constant)
    slope, slope_error, offset, offset_error = segment[..., None]
    value, bound = (part.reshape(len(part), cells, size) for part in (value, bound))
    term = slope * value
    bound = (np.abs(slope) + slope_error) * bound
    # multiples by 0 and ±1 are exact, and so is adding 0
    rounded = ~(np.isin(slope, (-1.0, 0.0, 1.0)) & (slope_error == 0))
    bound += np.where(rounded, UNIT, 0.0) * np.abs(term) + slope_error * np.abs(value)
    if offset.any():
        term = term + offset * constant
        bound += (offset_error + np.where(offset == 0, 0.0, UNIT) * np.abs(term)) * constant
    return term.reshape(len(value), -1), _SAFE * bound.reshape(len(value), -1)


def equal_maps(network: Network, patterns: Patterns, pairs: Indices) -> NDArray[np.int8]:
    """Decide in floats which pairs of cells, each with a common facet, have equal maps.

    If one neuron passes one knot, the maps differ by its jump of slope, sent through the layers above. A jump that
    no path carries to the outputs arrives as an exact 0. Everything else within its bound is undecided.
    """
    if not len(pairs):
        return np.zeros(0, dtype=np.int8)
    layers, segments = _float_parts(network)
    owner = np.concatenate([np.full(len(s.kinked), i) for i, s in enumerate(segments)])
    kinked = np.concatenate([s.kinked for s in segments])
    # no product of weights along a path can vanish by underflow
    least = [np.abs(layer.weight[layer.weight != 0]).min(initial=1.0) for layer in layers]
    sizeable = bool(np.prod(least) > _LEAST)
    result = np.full(len(pairs), UNDECIDED, dtype=np.int8)
    step = _block(layers, 1)
    for start in range(0, len(pairs), step):
        first, second = patterns[pairs[start : start + step, 0]], patterns[pairs[start : start + step, 1]]
        single = np.count_nonzero(first != second, axis=1) == 1
        changed = (first != second).argmax(axis=1)
        for number in range(len(segments)):
            rows = np.flatnonzero(single & (owner[changed] == number))
            neurons = kinked[changed[rows]].astype(np.int64)
            low, high = first[rows], second[rows]
            value, bound = _jumps(segments[number], low, high, neurons)
            column = layers[number + 1].weight[:, neurons]
            value, bound = value * column, _SAFE * (bound + 3 * UNIT * np.abs(value)) * np.abs(column)
            if number + 1 < len(segments):
                value, bound = _above(layers[number + 2 :], segments[number + 1 :], low, value, bound)
            differ = (np.abs(value) > bound).any(axis=0)
            same = ((value == 0) & (bound == 0)).all(axis=0) & sizeable
            result[start + rows] = np.where(differ, DIFFERENT, np.where(same, EQUAL, UNDECIDED))
    return result


def _jumps(segments: _Segments, low: Patterns, high: Patterns, neurons: Indices) -> tuple[Array, Array]:
    """Return by how much the slope of one neuron per pair differs, and error bounds."""
    pair = np.arange(len(neurons))
    (before, blur, _, _), (after, more, _, _) = (segments.at(p)[:, neurons, pair] for p in (low, high))
    value = after - before
    return value, _SAFE * (blur + more + UNIT * np.abs(value))


def _above(
    layers: list[FloatLayer], segments: list[_Segments], patterns: Patterns, value: Array, bound: Array
) -> tuple[Array, Array]:
    """Send changes of pre-activations through the rest of the network."""
    for layer, segment in zip(layers, segments, strict=True):
        value, bound = _scaled(segment.at(patterns), value, bound, np.zeros(1))
        value, bound = affine_bound(layer, value, bound, 0.0)
    return value, bound


def _block(layers: list[FloatLayer], size: int) -> int:
    return int(max(_BLOCK // (size * max(max(layer.weight.shape) for layer in layers)), 16))
