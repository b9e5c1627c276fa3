"""Taylor models of a target's enclosure, and parts of an interval that are small enough for them."""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from math import inf
from typing import Any

import numpy as np
from flint import arb, arb_series, ctx

from ratelab.networks._ball import ball
from ratelab.registry import Target

ORDER = 10
_LOOKS = 66

Model = tuple[list[Any], Any]
"""Coefficients of powers of a variable in [-1, 1], and how far the last may stray from its value."""


class Unresolved(Exception):  # noqa: N818 - a signal, not a user's error
    """The certificate does not reach a useful radius; the message says where."""


def taylor_model(target: Target) -> Callable[[Any, Any], Model | None]:
    """Return left, right ↦ a Taylor model at the middle with Lagrange remainder, None where the series fails."""
    assert target.enclosure is not None
    enclosure = target.enclose
    ctx.cap = ORDER + 1

    def taylor(left: Any, right: Any) -> Model | None:
        middle, half = centre(left, right)
        try:
            inside = enclosure(arb_series([middle, arb(1)], prec=ORDER))
            around = enclosure(arb_series([left.union(right), arb(1)], prec=ORDER + 1))
        except (ValueError, ZeroDivisionError):  # a quotient whose divisor may vanish on so wide a cell
            return None
        top = _coefficient(around, ORDER)
        values = [_coefficient(inside, k) for k in range(ORDER)] + [top.mid()]
        if not (top.is_finite() and all(v.is_finite() for v in values)):
            return None
        scaled, factor = [], arb(1)
        for value in values:
            scaled.append(value * factor)
            factor = factor * half
        return scaled, top.rad() * half**ORDER

    return taylor


def divided(
    target: Target,
    taylor: Callable[[Any, Any], Model | None],
    a: Fraction,
    b: Fraction,
    singular: Sequence[Fraction],
    *,
    deepest: int,
    most: int,
) -> Iterator[tuple[Fraction, Fraction, Model]]:
    """Yield parts of [a, b] that shrink towards singular points, each with a model that is resolved to 62 bits.

    Beyond `deepest` halvings, or `most` parts, the model is a constant with the spread of the enclosure.

    Raises
    ------
    Unresolved
        If the enclosure is not finite on such a part.
    """
    cuts = [a, *sorted(p for p in singular if a < p < b), b]
    stack = [(left, right, 0) for left, right in zip(cuts, cuts[1:], strict=False)]
    size, done = _magnitude(target, float(a), float(b)), 0
    while stack:
        left, right, depth = stack.pop()
        done += 1
        low, high = ball(left), ball(right)
        model = None if left in singular or right in singular else taylor(low, high)
        if model is not None and not resolved(model, 2.0**-depth, size):
            model = None
        if model is None and (depth >= deepest or done > most):
            value = target.enclose(low.union(high))
            if not value.is_finite():
                raise Unresolved(f"the enclosure is not finite on [{float(left)!r}, {float(right)!r}]")
            model = [value.mid()], value.rad()
        if model is not None:
            size = max(size, _size(model))
            yield left, right, model
            continue
        middle = (left + right) / 2
        halves = [(left, middle, depth + 1), (middle, right, depth + 1)]
        stack.extend(reversed(halves) if right in singular else halves)


def _magnitude(target: Target, a: float, b: float) -> float:
    """Return a size that the function has on [a, b], from a few values: how far a part must be resolved, no bound."""
    found = 0.0
    for x in np.linspace(a, b, _LOOKS)[1:-1].tolist():
        value = target.enclose(arb(x))
        if value.is_finite():
            found = max(found, float(value.abs_lower()))
    return found if found < inf else 0.0


def resolved(model: Model, share: float, size: float) -> bool:
    """Return whether the model's stray part is at rounding level, for a part that is `share` of a cell."""
    stray = float(model[1].abs_upper()) * share
    return stray < inf and stray <= 2.0**-62 * max(size, _size(model))


def _size(model: Model) -> float:
    """Size of the series at the middle; the last coefficient is that of a whole ball, and may be anything."""
    return max(float(v.abs_upper()) for v in model[0][:ORDER]) + 1e-290


def _coefficient(series: Any, index: int) -> Any:
    """Coefficient of a series; a constant target may return a plain number."""
    if isinstance(series, arb_series):
        return series[index]
    return arb(series) if index == 0 else arb(0)


def centre(left: Any, right: Any) -> list[Any]:
    """Return middle and half length."""
    return [(left + right) / 2, (right - left) / 2]
