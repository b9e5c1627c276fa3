"""Enclosures of a network's values on boxes, bounded or not: intervals with outward rounding, layer by layer."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any

import flint
import numpy as np
from flint import arb, fmpq
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.exact._interval_pieces import FloatSegments, exact_end, float_segments, outward
from ratelab.networks import Layer, Network, identity, rational
from ratelab.networks._ball import apply_ball
from ratelab.registry import Activation

Array = NDArray[np.float64]

_PRECISION = 128
_BLOCK = 2**20
"""Numbers in the widest layer of one block of boxes: 8 MiB for each end."""


def interval_values(
    network: Network,
    low: Any,
    high: Any,
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Array, Array]:
    """Enclose the values of a network on boxes.

    The enclosed function is that of real arithmetic. Every end is rounded outward, and not at all where float64 holds
    it. Weights 0 skip their argument, infinite ones too; in products 0 · ∞ = 0, since ∞ is an end and no value.

    Parameters
    ----------
    network
        float64 weights are taken as exact, rational ones are enclosed. Activations that are no piecewise polynomials
        are evaluated in balls, argument by argument; on unbounded arguments, and without `ball`, R encloses them.
    low, high
        (m, d) opposite corners of closed boxes; −∞ and ∞, or None, for sides without end. Fractions are
        rounded outward.
    progress
        Called with (done, total) boxes.

    Returns
    -------
    (m, k) each: ends, −∞ and ∞ among them.

    Raises
    ------
    UserError
        If the boxes are none.
    """
    lower, upper = float_boxes(low, high, network.inputs)
    layers = [_float_layer(layer) for layer in network.layers]
    widest = max([network.inputs, *(layer.neurons for layer in network.layers)])
    block = max(16, _BLOCK // widest)
    found = np.empty((2, len(lower), network.outputs))
    for begin in range(0, len(lower), block):
        part = slice(begin, begin + block)
        ends = np.ascontiguousarray(lower[part].T), np.ascontiguousarray(upper[part].T)
        for layer in layers:
            ends = layer.values(*ends)
        found[0, part], found[1, part] = ends[0].T + 0.0, ends[1].T + 0.0  # 0, not −0
        progress(min(begin + block, len(lower)), len(lower))
    return found[0], found[1]


def float_boxes(low: Any, high: Any, dimension: int) -> tuple[Array, Array]:
    """Return boxes as float64 arrays (m, d), rationals rounded outward.

    Raises
    ------
    UserError
        If shapes do not fit, an end is no number, or a lower end is above the upper one.
    """
    lower, upper = _ends(low, 0), _ends(high, 1)
    check_boxes(lower, upper, dimension)
    return lower, upper


def check_boxes(lower: Any, upper: Any, dimension: int) -> None:
    """Raise UserError unless these are ends (m, d) of boxes, m ≥ 1."""
    if lower.ndim != 2 or lower.shape != upper.shape or lower.shape[1] != dimension or not len(lower):
        raise UserError(
            f"boxes have lower ends of shape {lower.shape} and upper ends of shape {upper.shape}; allowed: (m, "
            f"{dimension}) each, m from 1 on"
        )
    with np.errstate(invalid="ignore"):
        wrong = ~(np.asarray(lower <= upper, dtype=bool)).all(axis=1)
    wrong |= (lower == inf).any(axis=1) | (upper == -inf).any(axis=1)
    if wrong.any():
        index = int(np.argmax(wrong))
        ends = [list(map(str, end[index])) for end in (lower, upper)]
        raise UserError(
            f"box {index} reaches from {ends[0]} to {ends[1]}; allowed: numbers with lower ≤ upper, lower −inf or "
            "finite, upper inf or finite"
        )


def _ends(values: Any, side: int) -> Array:
    given = np.asarray(values)
    if given.dtype.kind in "fiu" and given.dtype.itemsize <= 8:
        if given.dtype.kind == "f" or not given.size or abs(given.astype(float)).max() < 2**53:
            return np.asarray(given, dtype=np.float64)
        given = given.astype(object)
    result = np.empty(given.shape)
    for index, value in np.ndenumerate(given):
        result[index] = endless(value, side) or outward(rational(value))[side]
    return result


def endless(value: Any, side: int) -> float:
    """Return −inf, inf or NaN for an end that is no number (None: without end at side 0 or 1), else 0."""
    if value is None:
        return inf if side else -inf
    return float(value) if isinstance(value, float | np.floating) and not np.isfinite(value) else 0.0


@dataclass(frozen=True, eq=False)
class _FloatLayer:
    """A layer as the arrays that the kernels read."""

    starts: NDArray[np.int64]
    columns: NDArray[np.int64]
    weights: tuple[Array, Array]
    biases: tuple[Array, Array]
    activations: list[tuple[Activation, NDArray[np.int64], FloatSegments | None]]
    pooled: bool

    def values(self, low: Array, high: Array) -> tuple[Array, Array]:
        """Return enclosures (outputs, m) from enclosures (inputs, m)."""
        from ratelab.exact import _interval_kernels as kernels

        low, high = kernels.affine(self.starts, self.columns, *self.weights, *self.biases, low, high)
        for activation, rows, segments in self.activations:
            if segments is None:
                _in_balls(activation, rows, low, high)
            elif _is_relu(activation):
                for ends in (low, high):
                    if len(rows) == len(ends):
                        np.maximum(ends, 0.0, out=ends)
                    else:
                        ends[rows] = np.maximum(ends[rows], 0.0)
            else:
                for row in rows:
                    kernels.pieces(
                        low[row], high[row], segments.start, segments.end, segments.degree, segments.monotone,
                        segments.coefficient_low, segments.coefficient_high,
                    )  # fmt: skip
        return kernels.pool(low, high) if self.pooled else (low, high)


def _float_layer(layer: Layer) -> _FloatLayer:
    starts, columns, entries = stored_entries(layer)
    weights, biases = _enclosed(entries), _enclosed(layer.bias)
    places: dict[Activation, list[int]] = {}
    for row, activation in enumerate(layer.activations):
        places.setdefault(activation, []).append(row)
    places.pop(identity, None)
    activations = [
        (a, np.array(rows), None if a.polynomial is None else float_segments(a.polynomial))
        for a, rows in places.items()
    ]
    return _FloatLayer(starts, columns, weights, biases, activations, layer.pooled)


def stored_entries(layer: Layer) -> tuple[NDArray[np.int64], NDArray[np.int64], Any]:
    """Return a weight matrix as CSR: starts of rows, columns, and the entries that are not 0 (dense) or are stored."""
    weight = layer.weight
    if hasattr(weight, "indptr"):
        return weight.indptr.astype(np.int64), weight.indices.astype(np.int64), weight.data
    rows, columns = np.nonzero(weight)
    starts = np.searchsorted(rows, np.arange(weight.shape[0] + 1))
    return starts.astype(np.int64), columns.astype(np.int64), weight[rows, columns]


def _enclosed(values: Any) -> tuple[Array, Array]:
    if values.dtype != object:
        exact = np.ascontiguousarray(values, dtype=np.float64)
        return exact, exact
    known: dict[fmpq, tuple[float, float]] = {}
    pairs = np.empty((2, len(values)))
    for index, value in enumerate(values):
        if value not in known:
            known[value] = outward(value)
        pairs[:, index] = known[value]
    return pairs[0], pairs[1]


def _is_relu(activation: Activation) -> bool:
    polynomial = activation.polynomial
    assert polynomial is not None
    left, right = polynomial.coefficients[0], list(polynomial.coefficients[-1])
    return list(polynomial.knots) == [0] and not any(left) and right[:2] == [0, 1] and not any(right[2:])


def _in_balls(activation: Activation, rows: NDArray[np.int64], low: Array, high: Array) -> None:
    """Replace enclosures of arguments by those of an activation's values, through its `ball`; without one, by R."""
    if activation.ball is None:
        low[rows], high[rows] = -inf, inf
        return
    former = flint.ctx.prec
    flint.ctx.prec = _PRECISION
    try:
        for row in rows:
            for t in range(low.shape[1]):
                a, b = float(low[row, t]), float(high[row, t])
                low[row, t], high[row, t] = _ball_ends(activation, a, b)
    finally:
        flint.ctx.prec = former


def _ball_ends(activation: Activation, a: float, b: float) -> tuple[float, float]:
    if not (-inf < a and b < inf):
        return -inf, inf
    image = apply_ball(activation, arb(a) if a == b else arb(a).union(arb(b)))
    if not image.is_finite():
        return -inf, inf
    return outward(exact_end(image.lower()))[0], outward(exact_end(image.upper()))[1]
