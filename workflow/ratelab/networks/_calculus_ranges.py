"""Intervals that contain what every hidden neuron reads, over a box of inputs."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb

from ratelab._errors import UserError
from ratelab.networks import _matrix
from ratelab.networks._ball import apply_ball, ball
from ratelab.networks._layers import Layer
from ratelab.networks._network import Network
from ratelab.networks._numbers import dyadic, fraction, rational
from ratelab.networks._powers import identity, power
from ratelab.registry import Activation, PiecewisePolynomial

Range = tuple[Any, Any]
"""Lower and upper ends, two vectors in the network's arithmetic."""

_TINY = 1e-300  # more than underflow can lose


def input_box(domain: Any, inputs: int) -> list[tuple[Fraction, Fraction]]:
    """Return a domain, one pair (low, high) per input, as rationals.

    Raises
    ------
    UserError
        If it is no such list of finite, ordered pairs.
    """
    try:
        box = [(fraction(rational(low)), fraction(rational(high))) for low, high in domain]
    except (TypeError, ValueError) as error:
        raise UserError(f"a domain is one pair (low, high) per input; found {domain!r} ({error})") from None
    if len(box) != inputs or any(low > high for low, high in box):
        raise UserError(f"a domain is one pair low <= high for each of the {inputs} inputs; found {domain!r}")
    return box


def read_ranges(network: Network, domain: Sequence[tuple[Fraction, Fraction]]) -> list[Range | None]:
    """Return for each layer the ranges of its affine map's values over the box.

    Exact interval arithmetic for rational networks, outward rounding for float64 ones. None follows an activation that
    is neither piecewise polynomial nor has a ball.
    """
    ends = [np.array([rational(pair[side]) for pair in domain], dtype=object) for side in (0, 1)]
    current: Range | None = (ends[0], ends[1]) if network.exact else _outward(*ends)
    ranges: list[Range | None] = []
    for layer in network.layers:
        if current is not None:
            current = _affine(layer, *current)
        ranges.append(current)
        if current is not None:
            current = _activated(layer, *current)
        if current is not None and layer.pooled:
            current = _pooled(layer, *current)
        if current is not None and not layer.exact and not all(np.isfinite(end).all() for end in current):
            current = None
    return ranges


def _parts(values: Any) -> tuple[Any, Any]:
    """Return positive and negative part."""
    if _matrix.sparse(values):
        return values.maximum(0.0), values.minimum(0.0)
    zero = np.full(values.shape, _matrix.ZERO, dtype=object) if _matrix.rational_kind(values) else 0.0
    return np.where(values > 0, values, zero), np.where(values < 0, values, zero)


def _affine(layer: Layer, low: Any, high: Any) -> Range:
    (up, down), (low_up, low_down), (high_up, high_down) = _parts(layer.weight), _parts(low), _parts(high)
    bias_up, bias_down = _parts(layer.bias)
    product = _matrix.product
    if layer.exact:
        return product(up, low) + product(down, high) + layer.bias, (
            product(up, high) + product(down, low) + layer.bias
        )
    with np.errstate(over="ignore", invalid="ignore"):
        # sums of terms of one sign: what has no negative term stays non-negative in spite of rounding
        low_terms = (up @ low_up + down @ high_down + bias_up, up @ low_down + down @ high_up + bias_down)
        high_terms = (up @ high_up + down @ low_down + bias_up, up @ high_down + down @ low_up + bias_down)
        unit = (layer.inputs + 4) * np.finfo(np.float64).eps
        plus, minus = low_terms
        below = plus + minus - unit * (plus - minus) - _TINY
        below = np.where(minus == 0, np.maximum(below, 0.0), below)
        plus, minus = high_terms
        above = plus + minus + unit * (plus - minus) + _TINY
        above = np.where(plus == 0, np.minimum(above, 0.0), above)
    return below, above


def _activated(layer: Layer, low: Any, high: Any) -> Range | None:
    below, above = low.copy(), high.copy()
    for activation in dict.fromkeys(layer.activations):
        rows = np.array([i for i, a in enumerate(layer.activations) if a is activation])
        if activation is identity:
            continue
        if activation is power(1):
            below[rows], above[rows] = _parts(low[rows])[0], _parts(high[rows])[0]
            continue
        for row in rows:
            ends = _image(activation, rational(low[row]), rational(high[row]))
            if ends is None:
                return None
            if layer.exact:
                below[row], above[row] = ends
            else:
                (below[row],), (above[row],) = _outward(*(np.array([end], dtype=object) for end in ends))
    return below, above


def _image(activation: Activation, low: Any, high: Any) -> Range | None:
    if activation.polynomial is not None:
        ends = _polynomial_image(activation.polynomial, fraction(low), fraction(high))
        return rational(ends[0]), rational(ends[1])
    if activation.ball is None:
        return None
    value = apply_ball(activation, ball(low).union(ball(high)))
    if not (isinstance(value, arb) and value.is_finite()):
        return None
    below, above = (dyadic(int(m), int(e)) for m, e in (value.lower().man_exp(), value.upper().man_exp()))
    return below, above


def _polynomial_image(
    polynomial: PiecewisePolynomial, low: Fraction, high: Fraction
) -> tuple[Fraction, Fraction]:
    """Horner's rule in intervals on each piece that meets [low, high]: exact for lines and for ρ_r."""
    knots, ends = polynomial.knots, []
    for index, coefficients in enumerate(polynomial.coefficients):
        a = max(low, knots[index - 1]) if index else low
        b = min(high, knots[index]) if index < len(knots) else high
        if a > b:
            continue
        down = up = Fraction(0)
        for value in reversed(coefficients):
            products = [down * a, down * b, up * a, up * b]
            down, up = min(products) + value, max(products) + value
        ends += [down, up]
    return min(ends), max(ends)


def _pooled(layer: Layer, low: Any, high: Any) -> Range:
    half = layer.outputs
    one = np.array([_matrix.ZERO + 1], dtype=object) if layer.exact else np.ones(1)
    if layer.neurons % 2:
        low, high = np.concatenate([low, one]), np.concatenate([high, one])
    products = np.array([u * v for u in (low[:half], high[:half]) for v in (low[half:], high[half:])])
    below, above = products.min(axis=0), products.max(axis=0)
    if layer.exact:
        return below, above
    return np.nextafter(below, -np.inf), np.nextafter(above, np.inf)


def _outward(low: Any, high: Any) -> Range:
    """Return rational ends as float64 numbers, rounded away from each other."""
    below, above = _matrix.to_float(low), _matrix.to_float(high)
    for index in range(len(below)):
        if rational(below[index]) > low[index]:
            below[index] = np.nextafter(below[index], -np.inf)
        if rational(above[index]) < high[index]:
            above[index] = np.nextafter(above[index], np.inf)
    return below, above
