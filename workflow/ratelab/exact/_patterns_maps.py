"""Affine maps of a piecewise linear network on activation patterns: in float64 with error bounds, and exactly.

A pattern is a row of segment numbers, one per hidden neuron, layer after layer. Affine maps are written as rows (g, h)
of d + 1 numbers. A bound is that of a running error analysis.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mat
from numpy.typing import NDArray

from ratelab.exact._integers import Integers, integers
from ratelab.exact._linear_activation import LinearPieces, linear_layers
from ratelab.exact._patterns_bounds import INFLATE, TINY, UNIT
from ratelab.exact._rounding import rounded_all
from ratelab.networks import Network

Array = NDArray[np.float64]
Bounded = tuple[Array, Array]

_LARGE = 2.0**900
# exact maps remembered before all are dropped
_KEPT = 50_000


@dataclass(frozen=True, eq=False)
class _Tables:
    """Knots, slopes and intercepts of a layer's activations, padded to one length, with rounding errors."""

    knots: Bounded
    slopes: Bounded
    intercepts: Bounded


class PatternMaps:
    """The affine maps of a network by pattern.

    Parameters
    ----------
    network
        Continuous and piecewise linear, without poolings.

    Raises
    ------
    UserError
        If it is not.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.pieces: list[tuple[LinearPieces, ...]] = linear_layers(network)
        self.dimension = network.inputs
        self.layers = [_bounded_layer(layer.matrix, layer.bias) for layer in network.layers]
        self._tables = [_tables(pieces) for pieces in self.pieces]
        self.starts = [0, *np.cumsum(network.widths).tolist()]
        self._exact_layers: list[tuple[fmpq_mat, list[fmpq]]] | None = None
        self._exact_maps: dict[tuple[int, bytes], fmpq_mat] = {}
        self._rows: dict[tuple[int, bytes, int, int], Integers] = {}

    def first(self, count: int) -> Bounded:
        """Return the identity map of the inputs, (count, d, d + 1), with bounds 0."""
        one = np.eye(self.dimension, self.dimension + 1)
        return np.tile(one, (count, 1, 1)), np.zeros((count, self.dimension, self.dimension + 1))

    def affine(self, layer: int, maps: Bounded) -> Bounded:
        """Return the maps after the affine part of a layer, (cells, neurons, d + 1), with bounds."""
        (weight, weight_error), (bias, bias_error) = self.layers[layer]
        value, error = maps
        length = weight.shape[1] + 4
        with np.errstate(over="ignore", invalid="ignore"):
            size = np.abs(weight) @ np.abs(value)
            new_error = (np.abs(weight) + weight_error) @ error + weight_error @ np.abs(value)
            terms = ((weight != 0) | (weight_error > 0)).astype(float) @ ((value != 0) | (error > 0))
            value = weight @ value
            value[..., -1] += bias
            size[..., -1] += np.abs(bias)
            new_error[..., -1] += bias_error
            return value, (new_error + length * UNIT * size + TINY * terms) * INFLATE

    def activate(self, layer: int, maps: Bounded, segments: NDArray[np.int16]) -> Bounded:
        """Return the maps after the activations, given the segment (cells, neurons) of each neuron."""
        tables = self._tables[layer]
        column = np.arange(segments.shape[1])
        slope, slope_error = (t[column, segments][..., None] for t in tables.slopes)
        shift, shift_error = (t[column, segments] for t in tables.intercepts)
        value, error = maps
        with np.errstate(over="ignore", invalid="ignore"):
            new = slope * value
            rounds = ~np.isin(slope, (0.0, 1.0, -1.0)) | (slope_error > 0)
            bound = (np.abs(slope) + slope_error) * error + slope_error * np.abs(value)
            bound += rounds * (2 * UNIT * np.abs(new) + TINY * ((value != 0) | (error > 0)))
            bound[..., -1] += shift_error + np.where(
                shift != 0, 2 * UNIT * (np.abs(shift) + np.abs(new[..., -1])), 0
            )
            new[..., -1] += shift
            return new, bound * INFLATE

    def crossings(self, layer: int, neuron: int, knot: int, maps: Bounded) -> Bounded:
        """Return pre-activation minus knot, (cells, d + 1), from the maps after the affine part."""
        return self.shifted(layer, neuron, knot, (maps[0][:, neuron], maps[1][:, neuron]))

    def shifted(self, layer: int, neurons: Any, knots: Any, rows: Bounded) -> Bounded:
        """Return rows of some neurons minus one of their knots each."""
        tables = self._tables[layer]
        knot, knot_error = tables.knots[0][neurons, knots], tables.knots[1][neurons, knots]
        value, error = rows[0].copy(), rows[1].copy()
        moved = (knot != 0) | (knot_error > 0)
        error[..., -1] += np.where(moved, knot_error + 2 * UNIT * (np.abs(value[..., -1]) + np.abs(knot)), 0)
        value[..., -1] -= knot
        return value, error * INFLATE

    def exact(self, layer: int, prefix: NDArray[np.int16]) -> fmpq_mat:
        """Return the exact map after the affine part of a layer on the pattern of the hidden layers before it.

        (neurons, d + 1); `prefix` holds the segments of all neurons before the layer.
        """
        key = (layer, prefix[: self.starts[layer]].tobytes())
        found = self._exact_maps.get(key)
        if found is None:
            found = self._exact(layer, prefix)
            if len(self._exact_maps) >= _KEPT:
                self._exact_maps.clear()
            self._exact_maps[key] = found
        return found

    def exact_row(self, layer: int, prefix: NDArray[np.int16], neuron: int, knot: int) -> Integers:
        """Return pre-activation minus knot on a pattern, as integers up to a positive factor."""
        key = (layer, prefix[: self.starts[layer]].tobytes(), neuron, knot)
        found = self._rows.get(key)
        if found is None:
            values = self.exact(layer, prefix)
            row = [values[neuron, j] for j in range(self.dimension + 1)]
            row[-1] -= self.pieces[layer][neuron].knots[knot]
            found = integers(row)
            if len(self._rows) >= 4 * _KEPT:
                self._rows.clear()
            self._rows[key] = found
        return found

    def _exact(self, layer: int, prefix: NDArray[np.int16]) -> fmpq_mat:
        if self._exact_layers is None:
            self._exact_layers = [
                (fmpq_mat(a.neurons, a.inputs, list(a.matrix.flat)), list(a.bias))
                for a in self.network.rational().layers
            ]
        weight, bias = self._exact_layers[layer]
        d = self.dimension
        if layer == 0:
            entries = [fmpq(int(i == j)) for i in range(d) for j in range(d + 1)]
        else:
            entries = self.exact(layer - 1, prefix).entries()
            start = self.starts[layer - 1]
            for i, pieces in enumerate(self.pieces[layer - 1]):
                segment = prefix[start + i]
                slope = pieces.slopes[segment]
                for j in range(i * (d + 1), (i + 1) * (d + 1)):
                    entries[j] = slope * entries[j]
                entries[i * (d + 1) + d] += pieces.intercepts[segment]
        result = weight * fmpq_mat(weight.ncols(), d + 1, entries)
        for i, b in enumerate(bias):
            result[i, d] += b
        return result


def _bounded_layer(weight: Any, bias: Any) -> tuple[Bounded, Bounded]:
    if weight.dtype != object:
        return (weight, np.zeros_like(weight)), (bias, np.zeros_like(bias))
    value, error = rounded_all(list(weight.flat))
    return (value.reshape(weight.shape), error.reshape(weight.shape)), rounded_all(list(bias))


def _tables(pieces: Sequence[LinearPieces]) -> _Tables:
    most = max(len(p.knots) for p in pieces)

    def padded(rows: list[list[fmpq]], length: int) -> Bounded:
        flat = [v for row in rows for v in row + [fmpq(0)] * (length - len(row))]
        value, error = rounded_all(flat)
        return value.reshape(len(rows), length), error.reshape(len(rows), length)

    return _Tables(
        padded([list(p.knots) for p in pieces], max(most, 1)),
        padded([list(p.slopes) for p in pieces], most + 1),
        padded([list(p.intercepts) for p in pieces], most + 1),
    )
