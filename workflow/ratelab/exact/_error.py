"""The error of a network: an integral of the residual, split where the network or the target changes."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.exact._breakpoints import (
    breakpoints,
    piecewise_polynomial,
    polynomial_degree,
    transition_points,
)
from ratelab.exact._quadrature import Cells, gauss, resolved_cells, to_legendre
from ratelab.networks import Network
from ratelab.networks._evaluate import forward, pool
from ratelab.registry import Target

Array = NDArray[np.float64]
Residual = Callable[[Array], Array]

_TOLERANCE = 1e-9
_PLANE_TOLERANCE = 1e-6
_LEVELS = 50
_FAR = 30.0
_MOST_OPEN = 512


def error(network: Network, target: Target, p: float = 2, *, tolerance: float | None = None) -> float:
    """Return ‖network − target‖ in L_p of the target's domain (vector values: Euclidean norm).

    In one variable the integral is split at the network's breakpoints and the target's singular points; in two
    variables it is split along the cells of a piecewise linear network, else it is an adaptive tensor rule.

    Parameters
    ----------
    network
        Inputs and outputs as the target's.
    target
        One or two variables.
    p
        At least 1, ``float("inf")`` included.
    tolerance
        Relative, on the estimated error of the result: 1e-9 in one variable, 1e-6 in two unless given. In two variables
        work is bounded, so that a target that jumps along a curve is integrated to about 1e-4.

    Raises
    ------
    UserError
        If the dimensions differ, p < 1, the tolerance is not positive, or the target has more than two variables.
    """
    if network.inputs != target.dimension:
        raise UserError(
            f"target '{target.name}' has {target.dimension} variables, the network {network.inputs} inputs; "
            "both must agree"
        )
    if not p >= 1:
        raise UserError(f"p is {p}; allowed: numbers from 1 on, inf included")
    if tolerance is not None and not tolerance > 0:
        raise UserError(f"tolerance is {tolerance}; allowed: positive numbers")
    if target.dimension == 1:
        return _line(network, target, p, _TOLERANCE if tolerance is None else tolerance)
    if target.dimension == 2:
        from ratelab.exact._plane_error import plane_error

        return plane_error(network, target, p, _PLANE_TOLERANCE if tolerance is None else tolerance)
    raise UserError(
        f"target '{target.name}' has {target.dimension} variables; errors are integrated in one or two"
    )


def _line(network: Network, target: Target, p: float, tolerance: float) -> float:
    cells = resolved_cells(target)
    check_outputs(network, cells.values.shape[2], target)
    polynomial = piecewise_polynomial(network)
    if (
        polynomial
        and p == 2
        and (
            (not cells.resolved and target.moments is not None and target.energy is not None) or _far(target)
        )
    ):
        from ratelab.exact._certified_error import squared_error

        square = squared_error(network, target)
        if square is not None and square.is_finite():
            return float(np.sqrt(max(float(square.mid()), 0.0)))
    points = breakpoints(network, target.domain) if polynomial else transition_points(network, target.domain)
    cells = cells.split(points)
    fast = polynomial and polynomial_degree(network) < cells.order
    values = _between(network, points, cells) if fast else _values(network, cells.nodes)
    residual = np.sqrt(((values - cells.values) ** 2).sum(axis=2))
    if p == 2 and (fast or not cells.resolved):
        return float(np.sqrt((cells.weights * residual**2).sum() + cells.dropped.sum()))

    def distance(x: Array) -> Array:
        return _apart(_values(network, x), cells.evaluate(x.ravel()))

    if np.isinf(p):
        # a projection says nothing about single values: ask the target itself
        return _largest(lambda x: _apart(_values(network, x), target(x.ravel())), cells)
    noise = _rounding(network, cells)

    def noise_of(integral: Array, width: Array) -> Array:
        return np.asarray(2 * p * noise * integral ** (1 - 1 / p) * width ** (1 / p) + noise**p * width)

    return float(_adaptive(lambda x: distance(x) ** p, cells, residual**p, noise_of, tolerance) ** (1 / p))


def _far(target: Target) -> bool:
    """Whether exact pieces stand so far from 0 that floats lose their values: balls do not."""
    low, high = target.domain[0]
    return target.pieces is not None and max(abs(low), abs(high)) > _FAR * (high - low)


def _rounding(network: Network, cells: Cells) -> float:
    """Return the size of rounding errors in the network's values: large where output weights nearly cancel."""
    value = cells.nodes.reshape(1, -1)
    network = network.float64()
    for layer in network.layers[:-1]:
        value = forward(layer, value)
    last = network.layers[-1]
    terms = np.abs(last.matrix) @ np.abs(value) + np.abs(last.bias)[:, None]
    if last.pooled:
        terms = pool(terms)
    return float(8 * np.finfo(np.float64).eps * terms.max())


def check_outputs(network: Network, outputs: int, target: Target) -> None:
    """Raise a `UserError` unless network and target have as many outputs."""
    if network.outputs != outputs:
        raise UserError(
            f"target '{target.name}' has {outputs} values, the network {network.outputs} outputs; both must agree"
        )


def _values(network: Network, nodes: Array) -> Array:
    return np.asarray(network(nodes.reshape(-1, 1))).reshape(*nodes.shape, -1)


def _between(network: Network, points: Array, cells: Cells) -> Array:
    """Evaluate a piecewise polynomial network at the cells' nodes from few values on each of its pieces."""
    edges = np.concatenate([cells.edges[:1], points, cells.edges[-1:]])
    degree = polynomial_degree(network)
    middle, half = 0.5 * (edges[1:] + edges[:-1]), 0.5 * np.diff(edges)
    samples = _values(network, middle[:, None] + half[:, None] * gauss(degree + 1)[0])
    series = np.einsum("kj,ijo->iko", to_legendre(degree + 1), samples)
    piece = np.searchsorted(edges, cells.edges[:-1], side="right") - 1
    u = (cells.nodes - middle[piece][:, None]) / half[piece][:, None]
    former, current = np.zeros_like(u), np.ones_like(u)
    result = current[:, :, None] * series[piece][:, None, 0, :]
    for k in range(1, degree + 1):
        former, current = current, ((2 * k - 1) * u * current - (k - 1) * former) / k
        result += current[:, :, None] * series[piece][:, None, k, :]
    return np.asarray(result)


def _adaptive(
    integrand: Residual,
    cells: Cells,
    known: Array,
    noise: Callable[[Array, Array], Array],
    tolerance: float,
) -> float:
    """Integrate by bisection until a cell agrees with the sum over its halves, up to tolerance and rounding.

    At most `_MOST_OPEN` cells, those that disagree most, are split again at each level, so that work and memory stay
    bounded whatever the integrand.
    """
    left, right = cells.edges[:-1], cells.edges[1:]
    coarse = (cells.weights * known).sum(axis=1)
    done = 0.0
    scale = max(float(coarse.sum()), 1e-300)
    nodes, weights = gauss(cells.order)
    for _ in range(_LEVELS):
        middle = 0.5 * (left + right)
        ends = np.concatenate([left, middle]), np.concatenate([middle, right])
        half = 0.5 * (ends[1] - ends[0])
        fine = integrand((0.5 * (ends[0] + ends[1]))[:, None] + half[:, None] * nodes) @ weights * half
        first, second = np.split(fine, 2)
        gap = np.abs(first + second - coarse)
        scale = max(scale, done + float(fine.sum()))
        share = np.maximum((right - left) / (cells.edges[-1] - cells.edges[0]), 1e-3)
        settled = gap <= tolerance * scale / 80 * share + noise(np.abs(coarse), right - left)
        if np.count_nonzero(~settled) > _MOST_OPEN:
            settled[np.argsort(-np.where(settled, 0.0, gap), kind="stable")[_MOST_OPEN:]] = True
        done += float((first + second)[settled].sum())
        if settled.all():
            return done
        open_ = ~settled
        coarse = np.concatenate([first[open_], second[open_]])
        left, right = (
            np.concatenate([left[open_], middle[open_]]),
            np.concatenate([middle[open_], right[open_]]),
        )
    return done + float(coarse.sum())


def _apart(values: Array, others: Array) -> Array:
    return np.asarray(np.sqrt(((values - others.reshape(values.shape)) ** 2).sum(axis=2)))


def _largest(distance: Residual, cells: Cells) -> float:
    """Return the largest distance, zooming in on the cells where it is nearly attained."""
    best = 0.0
    left, right = cells.edges[:-1], cells.edges[1:]
    inset = 1e-12 * (right - left)
    left, right = left + inset, right - inset
    fractions = np.linspace(0.0, 1.0, 17)
    for _ in range(14):
        x = left[:, None] + (right - left)[:, None] * fractions
        values = distance(x)
        best = max(best, float(values.max()))
        rows = np.argsort(-values.max(axis=1), kind="stable")[:16]
        top = values[rows].argmax(axis=1)
        left, right = x[rows, np.maximum(top - 1, 0)], x[rows, np.minimum(top + 1, 16)]
    return best
