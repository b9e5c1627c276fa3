"""A network's layers in balls: values at points, converted once for many of them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import flint
from flint import arb, arb_mat

from ratelab.networks import Layer, Network
from ratelab.networks import _matrix as matrices
from ratelab.networks._ball import apply_ball, ball
from ratelab.registry import Activation

Rows = list[list[Any]]
"""(n, k) balls."""


@dataclass(frozen=True, eq=False)
class BallLayer:
    """One layer in balls: float64 weights are exact, rational ones are rounded to the precision of the conversion.

    Parameters
    ----------
    weight
        ``arb_mat``, or for sparse weights the non-zero entries (column, value) of each row.
    bias, activations, pooled
        As in `Layer`.
    """

    weight: Any
    bias: list[Any]
    activations: tuple[Activation, ...]
    pooled: bool

    def product(self, values: Rows) -> Rows:
        """Return weight · values (inputs, k) → (neurons, k), without the bias."""
        count = len(values[0])
        if isinstance(self.weight, arb_mat):
            flat = (self.weight * arb_mat(values)).entries()
            return [flat[i * count : (i + 1) * count] for i in range(len(self.bias))]
        return [
            [sum((w * values[column][k] for column, w in row), arb(0)) for k in range(count)]
            for row in self.weight
        ]

    def pool(self, values: list[Any], multiply: Any) -> list[Any]:
        """Return products of the first half of the rows with the second, if this layer is pooled."""
        if not self.pooled:
            return values
        half = (len(values) + 1) // 2
        return [
            multiply(values[i], values[half + i]) if half + i < len(values) else values[i]
            for i in range(half)
        ]


@contextmanager
def working_precision(bits: int, length: int | None = None) -> Iterator[None]:
    """Set flint's working precision, and perhaps its cap on the length of series, and restore both."""
    former, cap = flint.ctx.prec, flint.ctx.cap
    flint.ctx.prec = bits
    if length is not None:
        flint.ctx.cap = max(length, cap)
    try:
        yield
    finally:
        flint.ctx.prec, flint.ctx.cap = former, cap


def number(value: Any) -> Any:
    """Return a number as a ball; a float is exact."""
    return arb(float(value)) if isinstance(value, float) else ball(value)


def ball_layers(network: Network) -> list[BallLayer]:
    """Return a network's layers in balls of the working precision."""
    return [_layer(layer) for layer in network.layers]


def _layer(layer: Layer) -> BallLayer:
    weight: Any = layer.weight
    rows: Any
    if matrices.sparse(weight):
        ends = weight.indptr.tolist()
        rows = [
            [
                (column, arb(value))
                for column, value in zip(weight.indices[a:b].tolist(), weight.data[a:b].tolist(), strict=True)
            ]
            for a, b in zip(ends, ends[1:], strict=False)
        ]
    else:
        entries = weight.ravel().tolist()
        rows = arb_mat(layer.neurons, layer.inputs, [number(v) for v in entries])
    return BallLayer(rows, [number(v) for v in layer.bias.tolist()], layer.activations, layer.pooled)


def ball_values(layers: Sequence[BallLayer], points: Sequence[Sequence[Any]]) -> Rows:
    """Return balls (m, k) that contain the network's values at ball points (m, d).

    Raises
    ------
    UserError
        If an activation has no evaluation in balls.
    """
    if not len(points):
        return []
    values: Rows = [list(column) for column in zip(*points, strict=True)]
    for layer in layers:
        rows = [
            [apply_ball(activation, value + bias) for value in row]
            for row, bias, activation in zip(
                layer.product(values), layer.bias, layer.activations, strict=True
            )
        ]
        values = layer.pool(rows, lambda u, v: [a * b for a, b in zip(u, v, strict=True)])
    return [list(row) for row in zip(*values, strict=True)]
