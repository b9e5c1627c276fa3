"""Activations on large arrays, so that each element's bits depend on that element alone.

Vectorised transcendental functions may treat the last elements of an array (those that do not fill a vector
register) by other code. Every array here holds a multiple of `BLOCK` elements per network, so no remainder
exists and the result is the same wherever a network lies in a stack.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ratelab.registry import Activation, PiecewisePolynomial

Array = NDArray[np.float64]
Backward = Callable[[Array], Array]
"""Maps the derivative with respect to the values to that with respect to the pre-activations."""

BLOCK = 64
Own = tuple[Activation, NDArray[np.intp]]
"""An activation, and the rows of a layer that have it instead of the network's."""

_PART = 256 * BLOCK
_FARTHEST, _CURVED = 40.0, 1e-8


def forward(activation: Activation, x: Array, out: Array | None = None) -> tuple[Array, Backward]:
    """Return the values at contiguous `x` and the product with the derivative (right limits at knots).

    `out` may be used for the values; the product may overwrite what it is given.
    """
    if activation.polynomial is not None:
        value, slope = _polynomial(activation.polynomial, x, out)
        return value, lambda cotangent: np.multiply(cotangent, slope, out=cotangent)
    import torch

    if activation.derivative is not None:
        return _declared(activation, activation.derivative, x, out)

    point = torch.from_numpy(x).requires_grad_(True)
    with torch.enable_grad():
        output = activation.function(point)

    def backward(cotangent: Array) -> Array:
        if not output.requires_grad:
            return np.zeros_like(cotangent)
        (gradient,) = torch.autograd.grad(output, point, torch.from_numpy(cotangent), retain_graph=True)
        result: Array = gradient.numpy()
        return result

    return output.detach().numpy(), backward


def forward_rows(
    activation: Activation, x: Array, linear: NDArray[np.intp], others: Sequence[Own]
) -> tuple[Array, Backward]:
    """Return what `forward` does, for a layer (rows, m) with identities and activations of its own."""
    value, product = forward(activation, x)
    own = [(rows, *forward(other, x[rows])) for other, rows in others]
    if len(linear) or own:
        value = np.array(value)
        value[linear] = x[linear]
    for rows, mine, _ in own:
        value[rows] = mine

    def backward(cotangent: Array) -> Array:
        kept = cotangent[linear]
        products = [(rows, of(cotangent[rows])) for rows, _, of in own]
        result = product(cotangent)
        if len(linear):
            result[linear] = kept
        for rows, mine in products:
            result[rows] = mine
        return result

    return value, backward


def _declared(
    activation: Activation, derivative: Callable[[Any, Any], Any], x: Array, out: Array | None
) -> tuple[Array, Backward]:
    """Values, and the product with the derivative that the plugin declares, in parts that stay in the cache."""
    import torch

    value = np.empty_like(x) if out is None else out
    parts = [
        (torch.from_numpy(a), torch.from_numpy(b)) for a, b in zip(_parts(x), _parts(value), strict=True)
    ]
    with torch.no_grad():
        for points, values in parts:
            values.copy_(activation.function(points))

    def backward(cotangent: Array) -> Array:
        product = np.ascontiguousarray(cotangent)
        with torch.no_grad():
            for (points, values), part in zip(parts, _parts(product), strict=True):
                torch.from_numpy(part).mul_(derivative(points, values))
        return product

    return value, backward


def _parts(x: Array) -> list[Array]:
    """Views of a contiguous array, `_PART` elements each: a multiple of `BLOCK`, so no element changes its code."""
    flat = x.reshape(-1)
    return [flat[start : start + _PART] for start in range(0, len(flat), _PART)]


def values(activation: Activation, x: Array) -> Array:
    """Return the values at contiguous `x`."""
    if activation.polynomial is not None:
        return _polynomial(activation.polynomial, x)[0]
    return np.asarray(activation(x))


def homogeneity(activation: Activation) -> int | None:
    """Return r if φ(s x) = s^r φ(x) for all s > 0 (such as ρ_r), else None."""
    polynomial = activation.polynomial
    if polynomial is None or polynomial.degree == 0 or any(polynomial.knots):
        return None
    r = polynomial.degree
    pure = all(not value or k == r for c in polynomial.coefficients for k, value in enumerate(c))
    return r if pure else None


def reach(activation: Activation) -> tuple[float, float]:
    """Return between which pre-activations (at most ±40) the activation is visibly curved.

    Further out its derivative changes by less than 1e-10 of its largest change: a neuron that stays there on
    the whole domain is affine but for a tail that only huge output weights bring to light.
    """
    x = np.linspace(-_FARTHEST, _FARTHEST, 5 * BLOCK + 1)
    padded = np.append(x, np.repeat(x[-1:], -len(x) % BLOCK))
    with one_thread(activation):
        slope = forward(activation, padded)[1](np.ones_like(padded))[: len(x)]
    bend = np.abs(np.diff(slope))
    bend[~np.isfinite(bend)] = 0.0
    curved = np.flatnonzero(bend > _CURVED * bend.max(initial=0.0))
    if not len(curved):
        return -_FARTHEST, _FARTHEST
    return float(x[curved[0]]), float(x[curved[-1] + 1])


@contextmanager
def one_thread(*activations: Activation) -> Iterator[None]:
    """Keep torch, if an activation needs it, on one thread: chunk borders would depend on the count."""
    if all(activation.polynomial is not None for activation in activations):
        yield
        return
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _polynomial(
    polynomial: PiecewisePolynomial, x: Array, out: Array | None = None
) -> tuple[Array, NDArray[Any]]:
    """Values and derivative; the derivative of a power ρ_1 comes as booleans, which multiply as 0 and 1."""
    pieces = [[float(value) for value in c] for c in polynomial.coefficients]
    if len(pieces) == 2 and not any(pieces[0]) and not any(pieces[1][:-1]) and not any(polynomial.knots):
        r, factor = len(pieces[1]) - 1, pieces[1][-1]
        if r == 1 and factor == 1.0:
            return np.maximum(x, 0.0, out=out), x >= 0.0
        if r >= 2 and factor == 1.0:
            positive = np.maximum(x, 0.0)
            power = positive.copy()
            for _ in range(r - 2):
                power *= positive
            return power * positive, r * power
    if len(pieces) == 2 and not any(polynomial.knots) and all(len(c) == 2 and not c[0] for c in pieces):
        slopes = np.where(x >= 0.0, pieces[1][1], pieces[0][1])
        return np.multiply(slopes, x, out=out), slopes
    value, slope = _horner(pieces[0], x)
    for knot, c in zip(polynomial.knots, pieces[1:], strict=True):
        right = x >= float(knot)
        next_value, next_slope = _horner(c, x)
        value, slope = np.where(right, next_value, value), np.where(right, next_slope, slope)
    return value, slope


def _horner(coefficients: list[float], x: Array) -> tuple[Array, Array]:
    value, slope = np.full_like(x, coefficients[-1] if coefficients else 0.0), np.zeros_like(x)
    for coefficient in coefficients[-2::-1]:
        slope = slope * x + value
        value = value * x + coefficient
    return value, slope
