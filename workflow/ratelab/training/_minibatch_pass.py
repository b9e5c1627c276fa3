"""Forward and backward passes of one network over small batches.

All arrays are made once for each size of batch. What a layer reads is stored with a row of ones below it, so that a
layer with its biases is one product.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ratelab.networks import Layout, identity
from ratelab.registry import Activation
from ratelab.training._elementwise import Backward, forward
from ratelab.training._pooling import Pooling

Array = NDArray[np.float64]
Indices = NDArray[np.intp]
Kinds = tuple[tuple[Activation, Indices | None], ...]
"""Activations of a layer, each with the rows it acts on (None: all of them)."""

_CHUNK = 512


def layer_kinds(layout: Layout, activation: Activation) -> list[Kinds]:
    """Return the activations of each hidden layer, identities left out."""
    result: list[Kinds] = []
    for layer in layout.layers[:-1]:
        masks = [(activation, layer.plain), *layer.others]
        result.append(
            tuple(
                (kind, None if mask.all() else np.flatnonzero(mask))
                for kind, mask in masks
                if kind is not identity and mask.any()
            )
        )
    return result


@dataclass(eq=False)
class _Room:
    """Arrays for batches of one size."""

    reads: list[Array]
    before: list[Array]
    slopes: list[Array]
    values: list[Array]
    poolings: list[Pooling | None]


class BatchPass:
    """Loss and derivatives of one network on parts of the data.

    Parameters
    ----------
    sizes
        (out, in + 1) of each layer.
    kinds
        Activations of each hidden layer, see `layer_kinds`.
    parameters
        (P,), layer by layer, row by row, the bias last in its row; read at every call.
    pooled
        Whether the values of each layer are pooled; by default none is.
    """

    def __init__(
        self,
        sizes: Sequence[tuple[int, int]],
        kinds: Sequence[Kinds],
        parameters: Array,
        pooled: Sequence[bool] | None = None,
    ) -> None:
        self.sizes, self.kinds = list(sizes), list(kinds)
        self.pooled = [False] * len(self.sizes) if pooled is None else list(pooled)
        self.blocks = self._views(parameters)
        self._rooms: dict[int, _Room] = {}

    def values(self, points: Array) -> Array:
        """Return the outputs (m, k) at points (m, d + 1), whose last column is 1."""
        return np.concatenate(
            [self._forward(points[i : i + _CHUNK])[0].T for i in range(0, len(points), _CHUNK)]
        )

    def features(self, points: Array, layers: int) -> Array:
        """Return what the first `layers` hidden layers give at points (m, d + 1), with a last column of ones."""
        found = []
        for start in range(0, len(points), _CHUNK):
            part = points[start : start + _CHUNK]
            self._forward(part, layers)
            found.append(self._room(len(part)).reads[layers - 1].T.copy())
        return np.concatenate(found)

    def gradient(self, points: Array, values: Array, weights: Array, out: Array) -> None:
        """Write the derivatives of ½ Σ weights · |network − values|² by all parameters to `out` (P,).

        Parameters
        ----------
        points, values, weights
            (b, d + 1), (b, k) and (b,).
        """
        output, backwards = self._forward(points)
        room = self._room(len(points))
        delta = output - values.T
        delta *= weights
        targets = self._views(out)
        for level in reversed(range(len(self.sizes))):
            read = points if level == 0 else room.reads[level - 1].T
            np.matmul(delta, read, out=targets[level])
            if level:
                slope, pooling = room.slopes[level - 1], room.poolings[level - 1]
                above = slope if pooling is None else pooling.above[0]
                np.matmul(self.blocks[level][:, :-1].T, delta, out=above)
                if pooling is not None:
                    pooling.backward(slope[None])
                delta = _pulled(slope, self.kinds[level - 1], backwards[level - 1])

    def _forward(self, points: Array, layers: int | None = None) -> tuple[Array, list[list[Backward]]]:
        room, read = self._room(len(points)), points.T
        backwards: list[list[Backward]] = []
        for level, block in enumerate(self.blocks[:-1] if layers is None else self.blocks[:layers]):
            before = room.before[level]
            np.matmul(block, read, out=before)
            read, values, pooling = room.reads[level], room.values[level], room.poolings[level]
            backwards.append(_activated(before, self.kinds[level], values))
            if pooling is not None:
                read[:-1] = pooling.forward(values[None])[0]
        return (self.blocks[-1] @ read if layers is None else read), backwards

    def _room(self, count: int) -> _Room:
        if count not in self._rooms:
            rows = [out for out, _ in self.sizes[:-1]]
            reads = [np.ones((read, count)) for _, read in self.sizes[1:]]
            before, slopes = ([np.empty((out, count)) for out in rows] for _ in range(2))
            poolings = [
                Pooling(1, out, count) if p else None for out, p in zip(rows, self.pooled, strict=False)
            ]
            values = [
                read[:-1] if pooling is None else np.empty((out, count))
                for out, read, pooling in zip(rows, reads, poolings, strict=True)
            ]
            self._rooms[count] = _Room(reads, before, slopes, values, poolings)
        return self._rooms[count]

    def _views(self, flat: Array) -> list[Array]:
        ends = np.cumsum([out * read for out, read in self.sizes])
        return [
            flat[int(end) - out * read : int(end)].reshape(out, read)
            for end, (out, read) in zip(ends, self.sizes, strict=True)
        ]


def _activated(before: Array, kinds: Kinds, out: Array) -> list[Backward]:
    """Write the values of a layer to `out`, and return the products with the derivatives, kind by kind."""
    if len(kinds) == 1 and kinds[0][1] is None:
        value, backward = forward(kinds[0][0], before, out)
        if value is not out:
            out[:] = value
        return [backward]
    out[:] = before
    backwards = []
    for kind, rows in kinds:
        value, backward = forward(kind, before[rows] if rows is not None else before.copy())
        out[slice(None) if rows is None else rows] = value
        backwards.append(backward)
    return backwards


def _pulled(slope: Array, kinds: Kinds, backwards: Sequence[Backward]) -> Array:
    """Return the derivatives by what a layer's neurons compute before their activation."""
    if len(kinds) == 1 and kinds[0][1] is None:
        return backwards[0](slope)
    for (_, rows), backward in zip(kinds, backwards, strict=True):
        which: slice | Indices = slice(None) if rows is None else rows
        slope[which] = backward(np.ascontiguousarray(slope[which]))
    return slope
