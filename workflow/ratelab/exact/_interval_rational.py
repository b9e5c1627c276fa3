"""Enclosures of a network's values on boxes, in rational intervals: nothing is rounded."""

from collections.abc import Callable
from math import inf
from typing import Any

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.exact._interval_pieces import Segment, segments
from ratelab.exact._interval_values import check_boxes, endless, stored_entries
from ratelab.networks import Layer, Network, fraction, identity, rational

End = fmpq | None
"""None is −∞ as a lower end and ∞ as an upper one."""
Interval = tuple[End, End]

ZERO = fmpq(0)


def rational_interval_values(
    network: Network,
    low: Any,
    high: Any,
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Enclose the values of a network on boxes in rational intervals, see `interval_values`.

    Parameters
    ----------
    network
        Piecewise polynomial activations; float64 weights are dyadic rationals.
    low, high
        (m, d): Fractions or floats, ±∞ or None for sides without end.
    progress
        Called with (done, total) boxes.

    Returns
    -------
    (m, k) each: Fractions, and −inf and inf.

    Raises
    ------
    UserError
        If the boxes are none, or an activation is not piecewise polynomial.
    """
    lower, upper = rational_boxes(low, high, network.inputs)
    layers = [_RationalLayer(layer) for layer in network.layers]
    found = np.empty((2, len(lower), network.outputs), dtype=object)
    for index in range(len(lower)):
        values = [(_end(a), _end(b)) for a, b in zip(lower[index], upper[index], strict=True)]
        for layer in layers:
            values = layer.values(values)
        found[0, index] = [-inf if a is None else fraction(a) for a, _ in values]
        found[1, index] = [inf if b is None else fraction(b) for _, b in values]
        progress(index + 1, len(lower))
    return found[0], found[1]


def rational_boxes(low: Any, high: Any, dimension: int) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Return boxes as arrays (m, d) of Fractions, −inf and inf.

    Raises
    ------
    UserError
        If shapes do not fit, an end is no number, or a lower end is above the upper one.
    """
    lower, upper = _ends(low, 0), _ends(high, 1)
    check_boxes(lower, upper, dimension)
    return lower, upper


def _ends(values: Any, side: int) -> NDArray[np.object_]:
    given = np.asarray(values)
    result = np.empty(given.shape, dtype=object)
    for index, value in np.ndenumerate(given):
        result[index] = endless(value, side) or fraction(rational(value))
    return result


def _end(value: Any) -> End:
    return None if isinstance(value, float) else rational(value)


class _RationalLayer:
    """A layer as lists of its entries."""

    def __init__(self, layer: Layer) -> None:
        starts, columns, entries = stored_entries(layer)
        numbers = [rational(v) for v in entries]
        self.rows = [
            [(int(columns[k]), numbers[k]) for k in range(starts[i], starts[i + 1]) if numbers[k]]
            for i in range(layer.neurons)
        ]
        self.biases = [rational(v) for v in layer.bias]
        known: dict[Any, list[Segment] | None] = {identity: None}
        for activation in layer.activations:
            if activation not in known:
                if activation.polynomial is None:
                    raise UserError(
                        f"activation '{activation.name}' is {activation.regularity}; rational intervals are for "
                        "piecewise polynomial activations"
                    )
                known[activation] = segments(activation.polynomial, floats=False)
        self.activations = [known[a] for a in layer.activations]
        self.pooled = layer.pooled

    def values(self, given: list[Interval]) -> list[Interval]:
        result = []
        for row, bias, pieces in zip(self.rows, self.biases, self.activations, strict=True):
            low: End = bias
            high: End = bias
            for column, weight in row:
                a, b = given[column] if weight > 0 else given[column][::-1]
                low = None if low is None or a is None else low + weight * a
                high = None if high is None or b is None else high + weight * b
            result.append((low, high) if pieces is None else _image(pieces, low, high))
        if not self.pooled:
            return result
        half = (len(result) + 1) // 2
        return [
            _product(result[i], result[half + i]) if half + i < len(result) else result[i]
            for i in range(half)
        ]


def _product(left: Interval, right: Interval) -> Interval:
    """Return the enclosure of a product, 0 · ∞ = 0."""
    below: list[End] = []
    above: list[End] = []
    for a, a_sign in ((left[0], -1), (left[1], 1)):
        for b, b_sign in ((right[0], -1), (right[1], 1)):
            if a is not None and b is not None:
                below.append(a * b)
                above.append(a * b)
                continue
            # signs of the factors, an infinite one by the side on which it stands
            sign = _sign(a, a_sign) * _sign(b, b_sign)
            (below if sign <= 0 else above).append(None if sign else ZERO)
            if not sign:
                above.append(ZERO)
    return _least(below), _most(above)


def _sign(value: End, side: int) -> int:
    return side if value is None else (value > 0) - (value < 0)


def _least(ends: list[End]) -> End:
    return None if any(e is None for e in ends) or not ends else min(e for e in ends if e is not None)


def _most(ends: list[End]) -> End:
    return None if any(e is None for e in ends) or not ends else max(e for e in ends if e is not None)


def _image(pieces: list[Segment], low: End, high: End) -> Interval:
    """Return the enclosure of an activation's values on an interval."""
    below: list[End] = []
    above: list[End] = []
    for piece in pieces:
        if high is not None and piece.start is not None and high < piece.start:
            continue
        if low is not None and piece.end is not None and low >= piece.end:
            continue
        left = piece.start if low is None else low if piece.start is None else max(low, piece.start)
        right = piece.end if high is None else high if piece.end is None else min(high, piece.end)
        if piece.monotone:
            for end, side in ((left, -1), (right, 1)):
                rising, value = _at(piece.coefficients, end, side)
                if value is not None or rising < 0:
                    below.append(value)
                if value is not None or rising > 0:
                    above.append(value)
        else:
            a, b = _horner(piece.coefficients, (left, right))
            below.append(a)
            above.append(b)
    return _least(below), _most(above)


def _at(coefficients: tuple[fmpq, ...], end: End, side: int) -> tuple[int, End]:
    """Return the value at an end, or the sign of the limit at that side and None."""
    degree = len(coefficients) - 1
    if end is None and degree:
        top = 1 if coefficients[-1] > 0 else -1
        return top * (side if degree % 2 else 1), None
    total = ZERO
    for c in reversed(coefficients):
        total = (total * end if end is not None else total) + c
    return 0, total


def _horner(coefficients: tuple[fmpq, ...], interval: Interval) -> Interval:
    total: Interval = (ZERO, ZERO)
    for c in reversed(coefficients):
        low, high = _product(total, interval)
        total = (None if low is None else low + c, None if high is None else high + c)
    return total
