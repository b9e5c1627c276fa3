"""Taylor forms of a network on a box, in balls: its integral, its size, and whether it changes its sign.

About the centre c of a box B with half sides r, f(c + x) = Σ_{|α|<K} f_α·x^α + Σ_{|α|=K} f_α(ξ)·x^α, ξ ∈ B. The
lower coefficients are those of a series at the point c, the last ones are enclosed by the series at the whole box.
Odd monomials integrate to 0, of enclosures their middles excepted; so large coefficients that cancel are summed
before anything is rounded outwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import inf
from typing import Any

from flint import arb, arb_series

from ratelab._errors import UserError
from ratelab.exact._leak_balls import BallLayer, ball_values, working_precision
from ratelab.networks import Network, identity
from ratelab.networks._ball import ball
from ratelab.registry import Activation

Jet = list[Any]
"""Coefficients of the monomials, in the order of `Monomials.exponents`."""

_ORDERS = {1: 8, 2: 4, 3: 3}
_NARROW, _PARTS = 0.0625, 32
_PROBES = (-1.75, -0.375, 0.625, 1.5)


class NoSeriesError(Exception):
    """An activation has no power series in balls here."""


@dataclass(frozen=True)
class Monomials:
    """Monomials in d variables of degree at most K, and how they multiply.

    Parameters
    ----------
    exponents
        d exponents each, by degree; the constant first, then the variables.
    products
        For each of them the pairs (i, j) of monomials whose product it is.
    """

    exponents: tuple[tuple[int, ...], ...]
    products: tuple[tuple[tuple[int, int], ...], ...]

    def multiply(self, u: Jet, v: Jet) -> Jet:
        """Return the product without the monomials of higher degree."""
        return [sum((u[i] * v[j] for i, j in pairs), arb(0)) for pairs in self.products]


@lru_cache
def monomials(dimension: int, order: int) -> Monomials:
    """Return the monomials of degree at most `order`."""
    every = [e for e in product(range(order + 1), repeat=dimension) if sum(e) <= order]
    every.sort(key=lambda e: (sum(e), tuple(-k for k in e)))
    place = {e: i for i, e in enumerate(every)}
    products: list[list[tuple[int, int]]] = [[] for _ in every]
    for i, a in enumerate(every):
        for j, b in enumerate(every):
            index = place.get(tuple(p + q for p, q in zip(a, b, strict=True)))
            if index is not None:
                products[index].append((i, j))
    return Monomials(tuple(every), tuple(map(tuple, products)))


def default_order(dimension: int) -> int:
    """Return the degree K of the remainder."""
    return _ORDERS.get(dimension, 2)


def series_obstruction(network: Network) -> str:
    """Return why a network has no Taylor form, or the empty text.

    Analytic activations need a `ball` that maps ``arb_series`` consistently with balls; piecewise polynomials are
    expanded on one piece at a time.
    """
    for activation in sorted(
        {a for layer in network.layers for a in layer.activations}, key=lambda a: a.name
    ):
        if not _has_series(activation):
            return f"activation '{activation.name}' has no power series in balls"
    return ""


@lru_cache(maxsize=256)
def _has_series(activation: Activation) -> bool:
    """Return whether values and slopes of the activation's series agree with its balls at a few places."""
    if activation is identity or activation.polynomial is not None:
        return True
    if activation.regularity != "analytic" or activation.ball is None:
        return False
    with working_precision(128, 3):
        for place in _PROBES:
            around = arb(place).union(arb(place) + arb(0.0625))
            try:
                near, wide = _series(activation, arb(place), 2), _series(activation, around, 2)
            except NoSeriesError:
                return False
            ends = [arb(activation.ball(end)) for end in (arb(place), arb(place) + arb(0.0625))]
            quotient = (ends[1] - ends[0]) * 16
            if not (near[0].overlaps(ends[0]) and wide[1].overlaps(quotient) and wide[1].overlaps(near[1])):
                return False
    return True


def _series(activation: Activation, value: Any, length: int) -> Jet:
    """Return the Taylor coefficients of an activation at a ball.

    Raises
    ------
    NoSeriesError
        If it has none there.
    """
    if activation is identity:
        return [value, arb(1), *[arb(0)] * length][:length]
    if activation.polynomial is not None:
        return _piece(activation, value, length)
    return _mapped(activation, [value, arb(1)], length)


def _mapped(activation: Activation, inner: Sequence[Any], length: int) -> Jet:
    """Return the coefficients of an activation's `ball` of a power series.

    Raises
    ------
    NoSeriesError
        If it maps balls only, as plugins may.
    """
    assert activation.ball is not None
    try:
        found = activation.ball(arb_series(list(inner), prec=length))
    except Exception:  # a plugin may fail in any way
        raise NoSeriesError(activation.name) from None
    if not isinstance(found, arb_series):
        raise NoSeriesError(activation.name)
    return [found[k] for k in range(length)]


def _wide_series(activation: Activation, value: Any, length: int) -> Jet:
    """Return the Taylor coefficients of an activation at a ball, as the union over narrow parts of a wide one."""
    width = float(value.rad())
    count = min(int(width / _NARROW) + 1, _PARTS) if width < inf else 1
    if count == 1 or activation.polynomial is not None:
        return _series(activation, value, length)
    ends = [arb(value.lower()) + arb(value.upper() - value.lower()) * k / count for k in range(count + 1)]
    result: Jet | None = None
    for a, b in zip(ends, ends[1:], strict=False):
        found = _series(activation, a.union(b), length)
        result = found if result is None else [u.union(v) for u, v in zip(result, found, strict=True)]
    assert result is not None
    return result


def _piece(activation: Activation, value: Any, length: int) -> Jet:
    """Expand a piecewise polynomial at a ball that lies on one piece; elsewhere nothing is known but its value."""
    assert activation.polynomial is not None
    if not value.is_finite():
        return [arb("nan")] * length
    index = 0
    for knot in map(ball, activation.polynomial.knots):
        if value < knot:
            break
        if not value >= knot:
            return [arb("nan")] * length
        index += 1
    result: Jet = [arb(0)] * length
    for coefficient in reversed(activation.polynomial.coefficients[index]):
        result = [
            low + high * value + (ball(coefficient) if k == 0 else arb(0))
            for k, (low, high) in enumerate(zip([arb(0), *result], result, strict=False))
        ]
    return result


def jets(layers: Sequence[BallLayer], at: Sequence[Any], order: int) -> list[Jet]:
    """Return the Taylor coefficients of every output at a ball point, up to degree `order`.

    Parameters
    ----------
    layers
        Of the network.
    at
        d balls: the point, or a box, whose coefficients are then enclosed all over it.
    order
        Degree; flint's cap on series must be larger.
    """
    table = monomials(len(at), order)
    size = len(table.exponents)
    values: list[Jet] = []
    for i, x in enumerate(at):
        values.append([x, *[arb(int(k == i)) for k in range(len(at))], *[arb(0)] * size][:size])
    for layer in layers:
        rows = layer.product(values)
        for row, bias in zip(rows, layer.bias, strict=True):
            row[0] += bias
        values = [
            _compose(activation, row, table, order)
            for activation, row in zip(layer.activations, rows, strict=True)
        ]
        values = layer.pool(values, table.multiply)
    return values


def _compose(activation: Activation, inner: Jet, table: Monomials, order: int) -> Jet:
    if activation is identity:
        return inner
    if len(inner) == order + 1 and activation.polynomial is None and activation.ball is not None:
        return _mapped(activation, inner, order + 1)  # one variable: the activation maps the series itself
    outer = _wide_series(activation, inner[0], order + 1)
    moved = [arb(0), *inner[1:]]
    result = [outer[order], *[arb(0)] * (len(inner) - 1)]
    for coefficient in reversed(outer[:order]):
        result = table.multiply(result, moved)
        result[0] += coefficient
    return result


@dataclass(frozen=True)
class BoxForm:
    """What is proved of a function on a box.

    Parameters
    ----------
    integral
        Ball around ∫_B f.
    size
        Ball whose upper end bounds |f| on B.
    definite
        Whether f has one sign on B.
    """

    integral: Any
    size: Any
    definite: bool


def box_forms(
    layers: Sequence[BallLayer], low: Sequence[Any], high: Sequence[Any], order: int | None
) -> list[BoxForm]:
    """Return the form of every output on the box [low, high]; the naive one, volume · f(B), for order None.

    Parameters
    ----------
    low, high
        d balls each.
    """
    around = [a.union(b) for a, b in zip(low, high, strict=True)]
    volume = arb(1)
    for a, b in zip(low, high, strict=True):
        volume *= b - a
    if order is None:
        values = ball_values(layers, [around])[0]
        return [BoxForm(volume * v, abs(v), bool(v > 0 or v < 0)) for v in values]
    half = [(b - a) / 2 for a, b in zip(low, high, strict=True)]
    inside = jets(layers, [(a + b) / 2 for a, b in zip(low, high, strict=True)], order - 1)
    outside = jets(layers, around, order)
    return [_form(near, wide, half, volume, order) for near, wide in zip(inside, outside, strict=True)]


def _form(near: Jet, wide: Jet, half: Sequence[Any], volume: Any, order: int) -> BoxForm:
    exponents = monomials(len(half), order).exponents
    total, stray = arb(0), arb(0)
    for index, exponent in enumerate(exponents):
        reach, mean, odd = arb(1), arb(1), any(k % 2 for k in exponent)
        for r, k in zip(half, exponent, strict=True):
            reach *= r**k if k else arb(1)
            mean /= k + 1
        if index < len(near):
            value = near[index]
            total += arb(0) if odd else value * reach * mean
        else:
            value = wide[index]
            if odd:  # |x^α| has the same mean as if it were even
                spread = arb(value.rad()) * reach * mean
                total += spread.union(-spread)
            else:
                total += value * reach * mean
        if index:
            stray += abs(value) * reach
    return BoxForm(total * volume, abs(near[0]) + stray, bool(abs(near[0]) > stray))


def finite(form: BoxForm) -> bool:
    """Return whether both numbers are finite."""
    return bool(form.integral.is_finite() and form.size.is_finite())


def check_boxes(low: Any, high: Any, dimension: int) -> list[tuple[list[Any], list[Any]]]:
    """Return pairs of corners as balls.

    Raises
    ------
    UserError
        Unless both have shape (m, d) with finite low < high.
    """
    import numpy as np

    from ratelab.networks import rational

    first, second = (np.array(ends, dtype=object, ndmin=1) for ends in (low, high))
    if first.shape != second.shape or first.ndim != 2 or first.shape[1] != dimension or not len(first):
        raise UserError(
            f"boxes have corners of shapes {first.shape} and {second.shape}; allowed: (m, {dimension}) for both, m ≥ 1"
        )
    result = []
    for a, b in zip(first, second, strict=True):
        lower, upper = ([rational(x) for x in ends] for ends in (a, b))
        if not all(x < y for x, y in zip(lower, upper, strict=True)):
            raise UserError(f"box with corners {list(a)} and {list(b)}: allowed: low < high along every axis")
        result.append(([ball(x) for x in lower], [ball(x) for x in upper]))
    return result
