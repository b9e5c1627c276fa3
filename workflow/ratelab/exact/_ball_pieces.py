"""A piecewise polynomial network of one variable as polynomials with ball coefficients, proved interval by interval.

Breakpoints are found in floats and fenced in by slivers a few units in the last place wide. Between two slivers ball
arithmetic proves that no pre-activation meets a knot; there the network is one polynomial. On a sliver only a range
is known.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from flint import arb, arb_poly

from ratelab.exact._breakpoints import breakpoints
from ratelab.networks import Layer, Network
from ratelab.networks._ball import ball
from ratelab.registry import Activation

_WIDENINGS = 5
_DEPTH = 64


@dataclass(frozen=True)
class BallPiece:
    """The network on [left, right]: a polynomial in x, or (polynomial None) only a range.

    Parameters
    ----------
    left, right
        Floats, taken as exact.
    polynomial
        ``arb_poly`` in x, or None on a sliver.
    sliver
        Whether it surrounds a breakpoint.
    """

    left: float
    right: float
    polynomial: Any
    sliver: bool = False


def ball_pieces(network: Network, lower: float, upper: float) -> list[BallPiece] | None:
    """Return the network on consecutive intervals that cover [lower, upper], or None where the proof fails."""
    points = breakpoints(network, ((lower, upper),))
    widths = np.full(len(points), 2.0**-50)
    layers = _layers(network)
    proved: dict[tuple[float, float], Any] = {}
    for _ in range(_WIDENINGS):
        pieces = _pieces(layers, points, (lower, upper), widths, proved)
        failed = [p for p in pieces if p.left < p.right and p.polynomial is None and not p.sliver]
        if not failed:
            return pieces
        for piece in failed:
            # a breakpoint at either end is less exact than its sliver: only there, as slivers cost accuracy
            first = int(np.searchsorted(points, piece.left, side="left")) - 1
            last = int(np.searchsorted(points, piece.right, side="right"))
            near = [k for k in (first, last) if 0 <= k < len(points)]
            widths[near] *= 64
    return None


def ball_range(network: Network, left: float, right: float) -> Any:
    """Return a ball that contains the network's values on [left, right]."""
    values = [arb(left).union(arb(right))]
    for layer in _layers(network):
        values = [
            _range(activation, sum((weight * values[index] for index, weight in terms), bias))
            for terms, bias, activation in layer.rows
        ]
        values = layer.pool(values)
    return values[0]


@dataclass(frozen=True)
class _Pieces:
    """An activation in balls, converted once."""

    knots: list[Any]
    coefficients: list[list[Any]]

    @classmethod
    def of(cls, activation: Activation) -> "_Pieces":
        polynomial = activation.polynomial
        assert polynomial is not None
        return cls(
            [ball(t) for t in polynomial.knots], [[ball(c) for c in row] for row in polynomial.coefficients]
        )


@dataclass(frozen=True)
class _Rows:
    """A layer in balls: for each neuron its non-zero weights, its bias and its activation."""

    rows: list[tuple[list[tuple[int, Any]], Any, _Pieces]]
    pooled: bool

    def pool(self, values: list[Any]) -> list[Any]:
        if not self.pooled:
            return values
        half = (len(values) + 1) // 2
        return [u * v for u, v in zip(values, values[half:], strict=False)] + (
            values[half - 1 : half] if len(values) % 2 else []
        )


@lru_cache(maxsize=2)
def _layers(network: Network) -> list[_Rows]:
    """Return the layers in balls; slivers ask for those of the same network again and again."""
    return [_exact(layer) for layer in network.layers]


def _exact(layer: Layer) -> _Rows:
    matrix = layer.matrix
    known = {activation: _Pieces.of(activation) for activation in dict.fromkeys(layer.activations)}
    rows = [
        ([(i, ball(w)) for i, w in enumerate(weights) if w], ball(bias), known[activation])
        for weights, bias, activation in zip(matrix, layer.bias, layer.activations, strict=True)
    ]
    return _Rows(rows, layer.pooled)


def _pieces(
    layers: list[_Rows],
    points: Any,
    domain: tuple[float, float],
    widths: Any,
    proved: dict[tuple[float, float], Any],
) -> list[BallPiece]:
    """Return slivers and the intervals between them, without polynomial where the proof fails."""
    lower, upper = domain
    reach = np.abs(points) * widths + widths * 2.0**-10 * (upper - lower)
    slivers: list[list[float]] = []
    for left, right in zip(np.maximum(points - reach, lower), np.minimum(points + reach, upper), strict=True):
        if slivers and left <= slivers[-1][1]:
            slivers[-1][1] = max(float(right), slivers[-1][1])
        else:
            slivers.append([float(left), float(right)])
    pieces = []
    start = lower
    for left, right in [*slivers, [upper, upper]]:
        if left > start:
            if proved.get((start, left)) is None:
                proved[start, left] = _on(layers, start, left)
            pieces.append(BallPiece(start, left, proved[start, left]))
        if right > left:
            pieces.append(BallPiece(left, right, None, True))
        start = max(start, right)
    return pieces


def _on(layers: list[_Rows], left: float, right: float) -> Any:
    """Return the network's polynomial on [left, right], or None unless it is proved to be one."""
    ends = arb(left), arb(right)
    values: list[Any] = [arb_poly([0, 1])]
    for layer in layers:
        following = []
        for terms, bias, activation in layer.rows:
            before = arb_poly([bias])
            for index, weight in terms:
                before += values[index] * weight
            piece = _piece(before, activation, ends)
            if piece is None:
                return None
            following.append(_compose(activation.coefficients[piece], before))
        values = layer.pool(following)
    return values[0]


def _compose(coefficients: list[Any], inner: Any) -> Any:
    if not coefficients:
        return arb_poly([])
    result = arb_poly([coefficients[-1]])
    for c in reversed(coefficients[:-1]):
        result = result * inner + c
    return result


def _piece(before: Any, activation: _Pieces, ends: tuple[Any, Any]) -> int | None:
    """Return the index of the activation's piece that holds on the whole interval, or None if none is proved."""
    index = 0
    for knot in activation.knots:
        side = _side(before - knot, *ends, 0)
        if side is None:
            return None
        if side < 0:
            break
        index += 1
    return index


def _side(polynomial: Any, left: Any, right: Any, depth: int) -> int | None:
    """Return −1 or 1, the proved sign of a polynomial on an interval (1 if it vanishes), or None."""
    if polynomial.degree() <= 1:
        first, second = polynomial(left), polynomial(right)
        if first >= 0 and second >= 0:
            return 1
        return -1 if first <= 0 and second <= 0 else None
    value = polynomial(left.union(right))
    if value >= 0 or value <= 0:
        return 1 if value >= 0 else -1
    if depth == _DEPTH:
        return None
    middle = (left + right) / 2
    first_half = _side(polynomial, left, middle, depth + 1)
    if first_half is None or _side(polynomial, middle, right, depth + 1) != first_half:
        return None
    return first_half


def _range(activation: _Pieces, value: Any) -> Any:
    result = None
    knots = [None, *activation.knots, None]
    for below, above, coefficients in zip(knots, knots[1:], activation.coefficients, strict=False):
        part = value
        if below is not None:
            if value < below:
                continue
            part = part.max(below)
        if above is not None:
            if value > above:
                continue
            part = part.min(above)
        found = arb(0)
        for c in reversed(coefficients):
            found = found * part + c
        result = found if result is None else result.union(found)
    assert result is not None
    return result
