"""Where a piecewise linear network is strictly monotone along an axis: on boxes, by intervals of its derivatives.

There its zero set meets every line along that axis at most once, so it is a null set.
"""

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.exact._linear_activation import LinearPieces, linear_layers
from ratelab.networks import Network
from ratelab.networks import _matrix as matrices

Array = NDArray[np.float64]
Interval = tuple[Array, Array]
"""Middle and radius."""

_UNIT = 2.0**-52
_TINY = 1e-290
_BLOCK = 2_000_000


def slope_signs(network: Network, low: Array, high: Array) -> NDArray[np.bool_]:
    """Return on which boxes (m, d) some derivative of some output is proved to have one sign and not to be 0.

    Nowhere for networks with poolings or with activations that are not continuous and piecewise linear.
    """
    result = np.zeros(len(low), dtype=bool)
    try:
        pieces = linear_layers(network)
        near = network.float64()
    except UserError:
        return result
    widest = max(network.width, network.outputs, network.inputs)
    step = max(_BLOCK // (widest * (network.inputs + 1)), 16)
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, len(low), step):
            part = slice(start, start + step)
            result[part] = _signs(near, pieces, low[part], high[part])
    return result


def _signs(
    network: Network, pieces: list[tuple[LinearPieces, ...]], low: Array, high: Array
) -> NDArray[np.bool_]:
    middle = 0.5 * (low + high)
    radius = np.maximum(high - middle, middle - low) * (1 + 4 * _UNIT)
    value: Interval = middle.T.copy(), radius.T.copy()  # (neurons, boxes)
    count, boxes = network.inputs, len(low)
    slope: Interval = (
        np.repeat(np.eye(count)[:, :, None], boxes, axis=2),
        np.zeros((count, count, boxes)),
    )  # (neurons, d, boxes)
    for index, layer in enumerate(network.layers):
        weight = matrices.dense(layer.weight)
        value = _affine(weight, value, layer.bias)
        slope = _affine(weight, slope, None)
        if index < len(pieces):
            factor = _slopes(pieces[index], value)
            value = _activated(pieces[index], value)
            slope = _times(slope, (factor[0][:, None], factor[1][:, None]))
    found = np.abs(slope[0]) > slope[1] * (1 + 8 * _UNIT)
    return np.asarray(found.any(axis=(0, 1)))


def _affine(weight: Array, inner: Interval, bias: Array | None) -> Interval:
    """Return weight · interval + bias; weights may be rounded rationals."""
    shape = inner[0].shape[1:]
    middle, radius = (part.reshape(weight.shape[1], -1) for part in inner)
    size = np.abs(weight)
    share = (weight.shape[1] + 16) * _UNIT
    centre = weight @ middle
    spread = size @ (radius + share * (np.abs(middle) + radius)) + _TINY
    if bias is not None:
        centre = centre + bias[:, None]
        spread = spread + share * (np.abs(bias)[:, None] + np.abs(centre))
    spread = spread * (1 + 4 * share)
    return centre.reshape(-1, *shape), spread.reshape(-1, *shape)


def _ends(value: Interval) -> tuple[Array, Array]:
    pad = 4 * _UNIT * (np.abs(value[0]) + value[1]) + _TINY
    return value[0] - value[1] - pad, value[0] + value[1] + pad


def _between(low: Array, high: Array) -> Interval:
    middle = 0.5 * (low + high)
    return middle, np.maximum(high - middle, middle - low) + 4 * _UNIT * (np.abs(low) + np.abs(high)) + _TINY


def _slopes(pieces: tuple[LinearPieces, ...], value: Interval) -> Interval:
    """Return the range of each neuron's slope (n, boxes)."""
    low, high = _ends(value)
    least, most = np.empty_like(low), np.empty_like(high)
    for kind in dict.fromkeys(pieces):
        rows = [i for i, p in enumerate(pieces) if p is kind]
        a, b = np.full_like(low[rows], np.inf), np.full_like(low[rows], -np.inf)
        knots = [-np.inf, *(float(k.p) / float(k.q) for k in kind.knots), np.inf]
        for slope, start, end in zip(kind.slopes, knots, knots[1:], strict=False):
            near = float(slope.p) / float(slope.q)
            wide = 2 * _UNIT * abs(near)
            touched = (high[rows] >= start - _pad(start)) & (low[rows] <= end + _pad(end))
            touched |= np.isnan(low[rows]) | np.isnan(high[rows])
            a = np.where(touched, np.minimum(a, near - wide), a)
            b = np.where(touched, np.maximum(b, near + wide), b)
        least[rows], most[rows] = a, b
    return _between(least, most)


def _pad(knot: float) -> float:
    return 2 * _UNIT * abs(knot) if np.isfinite(knot) else 0.0


def _activated(pieces: tuple[LinearPieces, ...], value: Interval) -> Interval:
    """Return the range of each neuron's activated value: that at both ends and at the knots between them."""
    low, high = _ends(value)
    least, most = np.empty_like(low), np.empty_like(high)
    for kind in dict.fromkeys(pieces):
        rows = [i for i, p in enumerate(pieces) if p is kind]
        knots = [float(k.p) / float(k.q) for k in kind.knots]
        slopes = [float(s.p) / float(s.q) for s in kind.slopes]
        offsets = [float(c.p) / float(c.q) for c in kind.intercepts]
        places = [low[rows], high[rows], *(np.clip(knot, low[rows], high[rows]) for knot in knots)]
        values = []
        for x in places:
            index = np.searchsorted(knots, x, side="right")
            s, c = np.array(slopes)[index], np.array(offsets)[index]
            y = s * x + c
            pad = 8 * _UNIT * (np.abs(s * x) + np.abs(c)) + _TINY
            # a rounded knot may put x on the neighbouring piece; the pieces meet there, so little changes
            pad = pad + 8 * _UNIT * max(map(abs, slopes)) * (np.abs(x) + 1)
            values += [y - pad, y + pad]
        least[rows], most[rows] = np.min(values, axis=0), np.max(values, axis=0)
    return _between(least, most)


def _times(first: Interval, second: Interval) -> Interval:
    middle = first[0] * second[0]
    size = np.abs(first[0]) * second[1] + first[1] * (np.abs(second[0]) + second[1])
    return middle, (size + 4 * _UNIT * np.abs(middle)) * (1 + 8 * _UNIT) + _TINY
