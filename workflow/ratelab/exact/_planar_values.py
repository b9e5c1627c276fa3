"""Values of a layer's neurons at the vertices of a mesh: rationals, or floats with proved error bounds.

Vertices are homogeneous: (x, y, 1), or (x, y, 0) for the end at infinity of a ray in direction (x, y). An affine
function takes at the latter the slope in that direction, so that all of R² needs no number larger than others. What
a vertex *is* is exact, an intersection of lines; bounds say how far the computed value of a neuron can be from
the value there.
"""

from typing import Any, NamedTuple, Protocol

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from ratelab.exact._linear_activation import LinearPieces
from ratelab.exact._rounding import rounded, rounded_all
from ratelab.networks import Layer
from ratelab.networks._matrix import product

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Signs = NDArray[np.int8]

UNIT = 2.0**-53
_SAFE = 1 + 2.0**-20
_SMALL = 1e-280


class UndecidedError(Exception):
    """Floats cannot tell a sign."""


class Values(Protocol):
    """Neurons' values at all vertices, and new vertices where a neuron meets a knot."""

    finite: NDArray[np.bool_]

    def signs(self, neuron: int, knot: fmpq) -> Signs:
        """Return the signs of a neuron's value minus its knot; a value that cannot be told from it is set to it."""

    def cross(self, neuron: int, knot: fmpq, roots: Indices, ends: Indices) -> None:
        """Append the vertices in which the neuron meets the knot between the ends of the roots, else of the edges."""

    def enter(self, layer: Layer) -> None:
        """Replace the values by a layer's pre-activations."""

    def copy(self, source: int, target: int, factor: fmpq) -> None:
        """Set a neuron's values to a multiple of another's."""

    def activate(self, pieces: tuple[LinearPieces, ...]) -> None:
        """Replace pre-activations by activated values."""


class RationalValues:
    """Values in rationals: nothing is ever undecided.

    Parameters
    ----------
    corners
        (n, 2) rationals.
    finite
        (n,): whether a corner is a point or a direction.
    """

    def __init__(self, corners: list[tuple[fmpq, fmpq]], finite: list[bool]) -> None:
        self.finite = np.array(finite)
        self._table = np.array(corners, dtype=object).T
        self._width = 2

    @property
    def coordinates(self) -> Any:
        """(2, n): points and directions."""
        return self._table[-2:]

    def signs(self, neuron: int, knot: fmpq) -> Signs:
        """See `Values`."""
        value = self._above(neuron, knot, np.arange(len(self.finite)))
        return np.array([(v > 0) - (v < 0) for v in value], dtype=np.int8)

    def cross(self, neuron: int, knot: fmpq, roots: Indices, ends: Indices) -> None:
        """See `Values`."""
        first, last = _finite_first(roots, self.finite)
        high, low = self._above(neuron, knot, first), -self._above(neuron, knot, last)
        same = self.finite[first] == self.finite[last]
        share = np.array(
            [a / (a + b) if s else a / b for a, b, s in zip(high, low, same, strict=True)], dtype=object
        )
        start, stop = self._table[:, first], self._table[:, last]
        stop[:, same] -= start[:, same]
        self._table = np.concatenate([self._table, start + share * stop], axis=1)
        self.finite = np.concatenate([self.finite, self.finite[first]])

    def enter(self, layer: Layer) -> None:
        """See `Values`."""
        values = product(layer.weight, self._table[: self._width])
        values[:, self.finite] += layer.bias[:, None]
        self._table, self._width = np.concatenate([values, self.coordinates]), layer.neurons

    def copy(self, source: int, target: int, factor: fmpq) -> None:
        """See `Values`."""

    def activate(self, pieces: tuple[LinearPieces, ...]) -> None:
        """See `Values`."""
        for row, piece in enumerate(pieces):
            outer = [fmpq(0)] * len(piece.knots)
            for column, value in enumerate(self._table[row]):
                finite = bool(self.finite[column])
                index = sum(t <= value for t in (piece.knots if finite else outer))
                result = piece.slopes[index] * value
                self._table[row, column] = result + piece.intercepts[index] if finite else result

    def _above(self, neuron: int, knot: fmpq, vertices: Indices) -> Any:
        value = self._table[neuron, vertices]
        value[self.finite[vertices]] -= knot
        return value


class FloatValues:
    """Values in float64, each with a bound of its error.

    Parameters
    ----------
    corners, finite
        As for `RationalValues`.
    strict
        Raise `UndecidedError` instead of setting undecided values to their knot.
    """

    def __init__(self, corners: list[tuple[fmpq, fmpq]], finite: list[bool], strict: bool) -> None:
        self.finite = np.array(finite)
        numbers = [[rounded(v) for v in corner] for corner in corners]
        self._table = np.array([[v for v, _ in row] for row in numbers]).T.copy()
        self._bound = np.array([[e for _, e in row] for row in numbers]).T.copy()
        self._width = 2
        self.strict = strict
        self.certain = True

    @property
    def coordinates(self) -> Array:
        """(2, n): points and directions."""
        return self._table[-2:, : len(self.finite)]

    def signs(self, neuron: int, knot: fmpq) -> Signs:
        """See `Values`."""
        vertices = slice(0, len(self.finite))
        with np.errstate(all="ignore"):
            value, bound = self._above(neuron, knot, vertices)
            clear = np.abs(value) > bound
        near = ~clear & ~((value == 0) & (bound == 0))
        if near.any():
            self._doubt()
            self._table[neuron, vertices][near] = np.where(self.finite[near], rounded(knot)[0], 0.0)
        return np.where(clear, np.sign(value), 0).astype(np.int8)

    def cross(self, neuron: int, knot: fmpq, roots: Indices, ends: Indices) -> None:
        """Interpolate; the bound covers the errors of both ends, of the parameter and of rounding.

        With A, B the distances to the knot at the ends and errors a, b, the parameter A/(A + B) is off by at most
        (A b + B a)/((A + B)(A + B − a − b)); from a point along a direction it is A/B, off by
        (A b + B a)/(B (B − b)).
        """
        with np.errstate(all="ignore"):
            (high, high_bound), (low, low_bound) = (self._above(neuron, knot, end) for end in roots)
            apart = (np.sign(high) * np.sign(low) < 0) & (abs(high) > high_bound) & (abs(low) > low_bound)
            first, last = _finite_first(np.where(apart, roots, ends), self.finite)
            (high, high_bound), (low, low_bound) = (self._above(neuron, knot, end) for end in (first, last))
            high, low = np.abs(high), np.abs(low)
            same = self.finite[first] == self.finite[last]
            whole = np.where(same, high + low, low)
            share = high / whole
            room = whole - np.where(same, high_bound + low_bound, low_bound)
            stray = share * (low_bound / room) + (low / whole) * (high_bound / room) + 4 * UNIT * share
            start, stop = self._table[:, first], self._table[:, last]
            change = np.where(same, stop - start, stop)
            value = start + share * change
            bound = np.where(same, np.maximum(1 - share + stray, 0), 1) * self._bound[:, first]
            bound += (share + stray) * self._bound[:, last] + stray * np.abs(change)
            bound += 4 * UNIT * (np.abs(start) + (1 + share) * np.abs(stop))
        count = len(self.finite)
        self.finite = np.concatenate([self.finite, self.finite[first]])
        self._reserve(len(self.finite))
        new = slice(count, len(self.finite))
        self._table[:, new], self._bound[:, new] = value, _SAFE * bound
        knot_value, knot_bound = rounded(knot)
        self._table[neuron, new] = np.where(self.finite[new], knot_value, 0.0)
        self._bound[neuron, new] = np.where(self.finite[new], knot_bound, 0.0)

    def enter(self, layer: Layer) -> None:
        """Multiply; the bound is that of a sum of products in any order."""
        count = len(self.finite)
        before, bound = self._table[: self._width, :count], self._bound[: self._width, :count]
        with np.errstate(all="ignore"):
            near = float_layer(layer)
            values, bounds = affine_bound(near, before, bound, self.finite)
            if not near.within or not np.isfinite(bounds).all() or _may_underflow(near, before):
                self._doubt()
        self._table = np.concatenate([values, self._table[-2:, :count]])
        self._bound = np.concatenate([bounds, self._bound[-2:, :count]])
        self._width = layer.neurons

    def copy(self, source: int, target: int, factor: fmpq) -> None:
        """See `Values`; the factor is plus or minus a power of two, so nothing is rounded."""
        number = rounded(factor)[0]
        self._table[target], self._bound[target] = (
            self._table[source] * number,
            self._bound[source] * abs(number),
        )

    def activate(self, pieces: tuple[LinearPieces, ...]) -> None:
        """See `Values`."""
        count = len(self.finite)
        for row, piece in enumerate(pieces):
            value, bound = self._table[row, :count], self._bound[row, :count]
            index = np.zeros(count, dtype=np.int64)
            for knot in piece.knots:
                index += value >= np.where(self.finite, rounded(knot)[0], 0.0)
            slope, slope_bound = (v[index] for v in rounded_all(piece.slopes))
            offset, offset_bound = (v[index] * self.finite for v in rounded_all(piece.intercepts))
            term = slope * value
            result = term + offset
            # multiples by 0 and ±1 are exact, and so is adding 0
            plain = np.isin(slope, (-1.0, 0.0, 1.0)) & (slope_bound == 0)
            rounding = UNIT * (np.where(plain, 0, np.abs(term)) + np.where(offset == 0, 0, np.abs(result)))
            bound = (np.abs(slope) + slope_bound) * bound + slope_bound * np.abs(value) + offset_bound
            self._table[row, :count], self._bound[row, :count] = result, _SAFE * (bound + _SAFE * rounding)

    def _above(self, neuron: int, knot: fmpq, vertices: Any) -> tuple[Array, Array]:
        number, blur = rounded(knot)
        value, bound = self._table[neuron, vertices], self._bound[neuron, vertices]
        if not knot:
            return value, bound
        value = value - number * self.finite[vertices]
        return value, _SAFE * (bound + blur * self.finite[vertices] + UNIT * np.abs(value))

    def _doubt(self) -> None:
        if self.strict:
            raise UndecidedError
        self.certain = False

    def _reserve(self, count: int) -> None:
        more = count - self._table.shape[1]
        if more > 0:
            pad = ((0, 0), (0, more + count // 2))
            self._table, self._bound = np.pad(self._table, pad), np.pad(self._bound, pad)


class FloatLayer(NamedTuple):
    """Weights and bias in float64, whether they were rounded, and whether all lie within float64's range."""

    weight: Array
    bias: Array
    inexact: bool
    within: bool = True


def affine_bound(layer: FloatLayer, values: Array, bounds: Array, ones: Any) -> tuple[Array, Array]:
    """Return weight · values + bias · ones and error bounds, from values (inputs, …, n) and their bounds.

    A sum of m products, in any order, fused or not, is off by at most m·u/(1 − m·u) times the sum of the moduli.
    """
    size = np.abs(layer.weight)
    terms = size @ np.abs(values) + np.abs(layer.bias)[:, None] * ones
    share = (size.shape[1] + 4 + layer.inexact) * UNIT
    result = layer.weight @ values + layer.bias[:, None] * ones
    return np.asarray(result), np.asarray(_SAFE * (size @ bounds * (1 + share) + share * terms))


def float_layer(layer: Layer) -> FloatLayer:
    """Return a layer in float64: its weights, or the nearest numbers to rational ones."""
    if not layer.exact:
        return FloatLayer(layer.matrix, layer.bias, False)
    (weight, blur), (bias, other) = (rounded_all(list(part.flat)) for part in (layer.weight, layer.bias))
    within = bool(np.isfinite(blur).all() and np.isfinite(other).all())
    return FloatLayer(weight.reshape(layer.weight.shape), bias, True, within)


def _may_underflow(layer: FloatLayer, values: Array) -> bool:
    """Return whether a product or a weight can be too small for float64's relative precision."""
    weight, bias, value = np.abs(layer.weight), np.abs(layer.bias), np.abs(values)
    least = weight[weight > 0].min(initial=1.0) * value[value > 0].min(initial=1.0)
    return bool(min(least, bias[bias > 0].min(initial=1.0)) < _SMALL)


def _finite_first(pairs: Indices, finite: NDArray[np.bool_]) -> Indices:
    """Swap pairs (2, m) of a direction and a point."""
    swap = ~finite[pairs[0]] & finite[pairs[1]]
    return np.where(swap, pairs[::-1], pairs)
