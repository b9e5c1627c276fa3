"""One neuron that nearly carries a value: x ≈ (ρ(x₀ + hx) − ρ(x₀)) / (h ρ′(x₀)).

Any activation with a derivative at x₀ that is not zero does so as h → 0, uniformly on bounded sets: the error is of
order h, or h² where ρ″(x₀) = 0; it is zero where ρ is affine, as ReLU is to the right of 0.
"""

from dataclasses import dataclass
from math import inf, isfinite
from typing import Any

import numpy as np

from ratelab._errors import UserError
from ratelab.networks._ball import apply_ball, ball
from ratelab.networks._layers import resolve
from ratelab.networks._network import Network
from ratelab.registry import Activation

_BITS = 256
_CELLS = 64


@dataclass(frozen=True, eq=False)
class Carry:
    """A network of one hidden neuron that is close to the identity on an interval.

    Parameters
    ----------
    network
        x ↦ c·ρ(x₀ + hx) + b in float64 weights.
    step, point, reach
        h, x₀, and the B of the interval [−B, B].
    error_bound
        Proved: the network, evaluated exactly, is nowhere on the interval further from x. Rounding of its weights is
        included, rounding in an evaluation is not: that is about the unit of rounding times `largest_weight`.
    largest_weight
        Largest modulus of a weight or bias; it grows like 1/h.
    """

    network: Network
    step: float
    point: float
    reach: float
    error_bound: float

    @property
    def largest_weight(self) -> float:
        """Largest modulus of a weight or bias."""
        return self.network.largest_weight


def carry(activation: str | Activation, step: float, point: float = 1.0, reach: float = 1.0) -> Carry:
    """Return the neuron that carries a value by a difference quotient, and a proved bound of its error.

    Parameters
    ----------
    activation
        ρ, by name or as object; with exact pieces or a `ball` for a finite bound.
    step
        h > 0.
    point
        x₀, where ρ has a derivative that is not zero.
    reach
        B > 0: the interval is [−B, B].

    Raises
    ------
    UserError
        If a number is out of range, or the derivative at the point is zero or not finite.

    Notes
    -----
    The bound is the smaller of two in ball arithmetic. By Taylor's formula |network − x| ≤ |value at 0| +
    B·|slope at 0 − 1| + B²/2·|c|·h²·max|ρ″| between x₀ − hB and x₀ + hB, if ρ is twice differentiable there; and the
    range of network − x on 64 cells.
    """
    unit = resolve(activation)
    for name, value in (("step", step), ("reach", reach)):
        if not (isfinite(value) and value > 0):
            raise UserError(f"carry: {name} is {value}; allowed: positive numbers")
    if not isfinite(point):
        raise UserError(f"carry: point is {point}; allowed: finite numbers")
    level, slope = (float(part[0]) for part in unit.with_derivative(np.array([float(point)])))
    if not isfinite(slope) or not isfinite(level) or abs(slope) < 1e-12:
        raise UserError(
            f"carry: activation '{unit.name}' has the derivative {slope} at {point}; allowed: points where it is "
            "finite and not zero"
        )
    factor = 1 / (step * slope) if step * slope else inf
    if not isfinite(factor) or not isfinite(level * factor):
        raise UserError(f"carry: step {step} is too small for float64 weights")
    network = Network.dense([[[step]], [[factor]]], [[point], [-level * factor]], unit)
    return Carry(network, float(step), float(point), float(reach), _bound(network, unit, reach))


def second_derivative(activation: Activation, low: float, high: float) -> float:
    """Return a proved upper bound of |ρ″| on [low, high]; infinite where ρ is not known to be twice differentiable."""
    from flint import arb, arb_series, ctx

    bits, cap = ctx.prec, ctx.cap
    ctx.prec, ctx.cap = _BITS, max(cap, 3)
    try:
        edges = [arb(low) + (arb(high) - arb(low)) * k / _CELLS for k in range(_CELLS + 1)]
        bounds = []
        for a, b in zip(edges, edges[1:], strict=False):
            series = arb_series([a.union(b), 1], prec=3)
            value = 2 * _second(activation, series)
            bounds.append(float(arb(value.abs_upper()).upper()) if value.is_finite() else inf)
        return float(np.nextafter(max(bounds), inf))
    finally:
        ctx.prec, ctx.cap = bits, cap


def _second(activation: Activation, series: Any) -> Any:
    """Return half the second derivative on the ball at which the series stands; not a number where unknown."""
    from flint import arb, arb_series

    if activation.polynomial is not None:
        knots, place = [ball(t) for t in activation.polynomial.knots], series[0]
        index = sum(1 for t in knots if place >= t)
        if any(not (place >= t or place <= t) for t in knots):
            return arb.nan()
        total = arb_series([arb(0)], prec=3)
        for coefficient in reversed(activation.polynomial.coefficients[index]):
            total = total * series + ball(coefficient)
        return total[2]
    if activation.ball is None:
        return arb.nan()
    try:
        value = activation.ball(series)
    except (AttributeError, TypeError, ValueError):  # a ball for numbers only
        return arb.nan()
    return value[2] if isinstance(value, arb_series) and value.prec > 2 else arb.nan()


def _bound(network: Network, unit: Activation, reach: float) -> float:
    from flint import arb, ctx

    if unit.polynomial is None and unit.ball is None:
        return inf
    bits = ctx.prec
    ctx.prec = _BITS
    try:
        hidden, output = network.layers
        step, point = arb(float(hidden.matrix[0, 0])), arb(float(hidden.bias[0]))
        factor, shift = arb(float(output.matrix[0, 0])), arb(float(output.bias[0]))
        ranges = _ranges(unit, step, point, factor, shift, reach)
        ends = point - step * reach, point + step * reach
        second = second_derivative(unit, float(ends[0].lower()), float(ends[1].upper()))
        if not isfinite(second):
            return ranges
        slope = _slope(unit, point)
        offset = abs(factor * apply_ball(unit, point) + shift)
        tilt = abs(factor * step * slope - 1)
        taylor = offset + reach * tilt + abs(factor) * step**2 * arb(second) * arb(reach) ** 2 / 2
        if not taylor.is_finite():
            return ranges
        return min(ranges, float(np.nextafter(float(taylor.abs_upper().upper()), inf)))
    finally:
        ctx.prec = bits


def _slope(unit: Activation, point: Any) -> Any:
    from flint import arb_series

    series = arb_series([point, 1], prec=2)
    if unit.polynomial is None:
        assert unit.ball is not None
        return unit.ball(series)[1]
    knots = [ball(t) for t in unit.polynomial.knots]
    total = arb_series([0], prec=2)
    for coefficient in reversed(unit.polynomial.coefficients[sum(1 for t in knots if point >= t)]):
        total = total * series + ball(coefficient)
    return total[1]


def _ranges(unit: Activation, step: Any, point: Any, factor: Any, shift: Any, reach: float) -> float:
    from flint import arb

    worst = 0.0
    for k in range(_CELLS):
        x = (arb(reach) * (2 * k - _CELLS) / _CELLS).union(arb(reach) * (2 * k + 2 - _CELLS) / _CELLS)
        apart = factor * apply_ball(unit, point + step * x) + shift - x
        worst = max(worst, float(apart.abs_upper().upper()) if apart.is_finite() else inf)
    return float(np.nextafter(worst, inf))
