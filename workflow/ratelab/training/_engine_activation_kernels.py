# mypy: allow-untyped-decorators
"""Activations and their derivatives along a row of nodes, compiled.

Exponentials split x = k ln 2 + r with |r| ≤ ½ ln 2 and sum a series in r; 2^k is put together from its bits. Sines
split off multiples of π in three parts. There are no branches, so that whole vector registers work at once; NaN stays.
"""

from math import factorial, log
from typing import Any

import numpy as np

from ratelab._compiled import fast_kernel, kernel

RELU, BENT, POWER, PIECES, TANH, SIGMOID, SILU, GAUSSIAN, SOFTPLUS, SINE = range(10)
"""max(x, 0); two slopes; max(x, 0)^r; polynomials between knots; the analytic ones."""

IDENTITY = -1
"""The kind of neurons that have no activation."""

TILE = 128
"""Nodes of a tile, and the distance of rows."""

_T, _1 = np.uint64(TILE), np.uint64(1)
_LOG2E, _INVERSE_PI = 1.0 / log(2.0), 1.0 / np.pi
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_PI_HIGH, _PI_MIDDLE, _PI_LOW = 3.14159250259399414062, 1.50995788317231926e-7, 1.07806057163162381e-14
_ROUNDER = 6755399441055744.0  # 1.5 · 2^52: adding it leaves the nearest whole number in the last bits
_FARTHEST = 700.0
_E2, _E3, _E4, _E5, _E6, _E7, _E8, _E9, _E10, _E11, _E12, _E13 = (1.0 / factorial(k) for k in range(2, 14))
_S3, _S5, _S7, _S9, _S11, _S13, _S15, _S17, _S19, _S21 = (
    (-1.0) ** (k // 2) / factorial(k) for k in range(3, 22, 2)
)
_C2, _C4, _C6, _C8, _C10, _C12, _C14, _C16, _C18, _C20, _C22 = (
    (-1.0) ** (k // 2) / factorial(k) for k in range(2, 23, 2)
)
_SHIFT, _OFFSET = np.int64(52), np.int64(1023)


@fast_kernel
def _tail(r: Any) -> Any:
    """(e^r − 1 − r) / r²."""
    tail = _E13
    tail = tail * r + _E12
    tail = tail * r + _E11
    tail = tail * r + _E10
    tail = tail * r + _E9
    tail = tail * r + _E8
    tail = tail * r + _E7
    tail = tail * r + _E6
    tail = tail * r + _E5
    tail = tail * r + _E4
    tail = tail * r + _E3
    return tail * r + _E2


@kernel
def exponential_less_one(x: Any) -> Any:
    """Return 2^k and e^x − 2^k for |x| ≤ 700, each to a few units in its last place."""
    shifted = x * _LOG2E + _ROUNDER
    k = shifted - _ROUNDER
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    power = np.int64((np.float64(shifted).view(np.int64) + _OFFSET) << _SHIFT).view(np.float64)
    return power, power * (r + r * r * _tail(r))


@kernel
def _clipped(x: Any, most: float) -> Any:
    lower = -most if x < -most else x
    return most if lower > most else lower


@kernel
def _tanh(x: Any) -> Any:
    power, rest = exponential_less_one(_clipped(2.0 * x, 60.0))
    less_one = (power - 1.0) + rest
    value = less_one / (less_one + 2.0)
    return value, 1.0 - value * value


@kernel
def _shares(x: Any) -> Any:
    """1 / (1 + e^{−x}) and 1 / (1 + e^x), both without cancellation."""
    power, rest = exponential_less_one(_clipped(-x, _FARTHEST))
    below = power + rest
    share = 1.0 / (1.0 + below)
    return share, share * below


@kernel
def _sigmoid(x: Any) -> Any:
    share, other = _shares(x)
    return share, share * other


@kernel
def _silu(x: Any) -> Any:
    share, other = _shares(x)
    return x * share, share * (1.0 + x * other)


@kernel
def _gaussian(x: Any) -> Any:
    power, rest = exponential_less_one(_clipped(-x * x, _FARTHEST))
    value = power + rest
    return value, -2.0 * x * value


@kernel
def _decay(x: Any) -> Any:
    power, rest = exponential_less_one(_clipped(-abs(x), _FARTHEST))
    return power + rest


@fast_kernel
def _artanh_tail(s: Any) -> Any:
    """(artanh z − z) / z³, where s = z² ≤ 1/9."""
    series = 1.0 / 33.0
    series = series * s + 1.0 / 31.0
    series = series * s + 1.0 / 29.0
    series = series * s + 1.0 / 27.0
    series = series * s + 1.0 / 25.0
    series = series * s + 1.0 / 23.0
    series = series * s + 1.0 / 21.0
    series = series * s + 1.0 / 19.0
    series = series * s + 1.0 / 17.0
    series = series * s + 1.0 / 15.0
    series = series * s + 1.0 / 13.0
    series = series * s + 1.0 / 11.0
    series = series * s + 1.0 / 9.0
    series = series * s + 1.0 / 7.0
    series = series * s + 1.0 / 5.0
    return series * s + 1.0 / 3.0


@kernel
def _softplus(x: Any, small: Any) -> Any:
    """log(1 + e^x) = max(x, 0) + 2 artanh(t / (2 + t)) where t = e^{−|x|} ≤ 1 is given."""
    z = small / (2.0 + small)
    s = z * z
    positive = 0.0 if x < 0.0 else x
    share = 1.0 / (1.0 + small)
    below = share * small
    return positive + 2.0 * (z + z * s * _artanh_tail(s)), below if x < 0.0 else share


@fast_kernel
def _sine_tail(s: Any) -> Any:
    """(sin r − r) / r³, where s = r²."""
    sine = _S21
    sine = sine * s + _S19
    sine = sine * s + _S17
    sine = sine * s + _S15
    sine = sine * s + _S13
    sine = sine * s + _S11
    sine = sine * s + _S9
    sine = sine * s + _S7
    sine = sine * s + _S5
    return sine * s + _S3


@fast_kernel
def _cosine_tail(s: Any) -> Any:
    """(cos r − 1) / r², where s = r²."""
    cosine = _C22
    cosine = cosine * s + _C20
    cosine = cosine * s + _C18
    cosine = cosine * s + _C16
    cosine = cosine * s + _C14
    cosine = cosine * s + _C12
    cosine = cosine * s + _C10
    cosine = cosine * s + _C8
    cosine = cosine * s + _C6
    cosine = cosine * s + _C4
    return cosine * s + _C2


@kernel
def _sine(x: Any) -> Any:
    """Accurate for |x| up to about 10^8, far beyond what a fit reaches."""
    shifted = x * _INVERSE_PI + _ROUNDER
    k = shifted - _ROUNDER
    r = ((x - k * _PI_HIGH) - k * _PI_MIDDLE) - k * _PI_LOW
    odd = (np.float64(shifted).view(np.int64) & np.int64(1)) == np.int64(1)
    sign = -1.0 if odd else 1.0
    s = r * r
    return sign * (r + r * s * _sine_tail(s)), sign * (1.0 + s * _cosine_tail(s))


@kernel
def _between_knots(x: Any, knots: Any, table: Any) -> Any:
    piece = 0
    for knot in knots:
        piece += x >= knot
    value, slope = 0.0, 0.0
    for k in range(table.shape[1] - 1, -1, -1):
        slope = slope * x + value
        value = value * x + table[piece, k]
    return (value, slope) if x == x else (x, x)


@fast_kernel
def _along(kind: Any, knots: Any, table: Any, point: Any, value: Any, begin: Any, count: Any) -> None:
    """Activate `count` numbers from `begin` on."""
    if kind == RELU:
        for j in range(count):
            x = point[begin + j]
            value[begin + j] = 0.0 if x < 0.0 else x
            point[begin + j] = 1.0 if x >= 0.0 else 0.0
    elif kind == BENT:
        left, right = table[0, 1], table[1, 1]
        for j in range(count):
            x = point[begin + j]
            slope = left if x < 0.0 else right
            value[begin + j] = slope * x
            point[begin + j] = slope
    elif kind == POWER:
        degree = table.shape[1] - 1
        for j in range(count):
            x = point[begin + j]
            positive = 0.0 if x < 0.0 else x
            value[begin + j] = positive
            point[begin + j] = positive
        for _ in range(degree - 2):
            for j in range(count):
                value[begin + j] *= point[begin + j]
        for j in range(count):
            power, x = value[begin + j], point[begin + j]
            value[begin + j] = power * x
            point[begin + j] = degree * power
    elif kind == PIECES:
        for j in range(count):
            value[begin + j], point[begin + j] = _between_knots(point[begin + j], knots, table)
    elif kind == TANH:
        for j in range(count):
            value[begin + j], point[begin + j] = _tanh(point[begin + j])
    elif kind == SIGMOID:
        for j in range(count):
            value[begin + j], point[begin + j] = _sigmoid(point[begin + j])
    elif kind == SILU:
        for j in range(count):
            value[begin + j], point[begin + j] = _silu(point[begin + j])
    elif kind == GAUSSIAN:
        for j in range(count):
            value[begin + j], point[begin + j] = _gaussian(point[begin + j])
    elif kind == SOFTPLUS:
        for j in range(count):  # two loops: as one function it is too long to become part of the loop
            value[begin + j] = _decay(point[begin + j])
        for j in range(count):
            value[begin + j], point[begin + j] = _softplus(point[begin + j], value[begin + j])
    else:
        for j in range(count):
            value[begin + j], point[begin + j] = _sine(point[begin + j])


@fast_kernel
def activate(
    kinds: Any, knots: Any, table: Any, first: Any, point: Any, value: Any, outs: Any, nodes: Any
) -> None:
    """Write values to `value`, and derivatives (from the right at knots) over the pre-activations in `point`.

    Parameters
    ----------
    kinds
        One of the names above per neuron.
    knots, table
        (K,) and (K + 1, degree + 1) of `PIECES`; the other piecewise polynomials need their coefficients only.
    first, outs
        The layer's first neuron and how many it has, unsigned.
    point, value
        Rooms of one row per neuron, `TILE` numbers apart, the first `nodes` of which count.
    """
    o = first
    while o < first + outs:
        end = o + _1
        if nodes == _T:  # rows without gaps are one long row
            while end < first + outs and kinds[end] == kinds[o]:
                end += _1
        begin, count = o * _T, (end - o - _1) * _T + nodes
        if kinds[o] == IDENTITY:
            for j in range(count):
                value[begin + j] = point[begin + j]
                point[begin + j] = 1.0
        else:
            _along(kinds[o], knots, table, point, value, begin, count)
        o = end
