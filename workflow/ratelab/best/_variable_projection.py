"""Squared error of the best spline on given knots, with its exact gradient and Hessian in the knots.

For fixed knots the best coefficients solve a linear problem; as a function of the knots alone the squared error has
the gradient at fixed coefficients (envelope theorem), and a Hessian with one Schur complement (variable projection).
Everything is written in orthonormal Legendre coordinates on each knot interval, where residuals are differences of
coordinates and nothing cancels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.linalg import LinAlgError
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from ratelab.best._splines import basis_values, full_knots, local_nodes
from ratelab.exact._quadrature import Cells, to_legendre

Array = NDArray[np.float64]

SMALLEST_GAP = 1e-9


@dataclass(frozen=True, eq=False)
class Fit:
    """The best spline on its knots.

    Parameters
    ----------
    knots
        (n − 1,).
    coefficients
        (n + r,).
    square
        Squared error.
    shares
        (n,): the part of each piece in it.
    gradient, hessian
        Of the squared error in the knots; None if not asked for.
    """

    knots: Array
    coefficients: Array
    square: float
    shares: Array
    gradient: Array | None = None
    hessian: Array | None = None


def fit(cells: Cells, degree: int, knots: Array, derivatives: bool = True) -> Fit:
    """Return the best spline of that degree on these knots (strictly increasing, inside the cells' interval).

    Raises
    ------
    LinAlgError
        If knots are closer than half of `SMALLEST_GAP` of the interval, or the basis is numerically dependent.
    """
    edges = np.concatenate([cells.edges[:1], knots, cells.edges[-1:]])
    if np.diff(edges).min() < 0.5 * SMALLEST_GAP * (edges[-1] - edges[0]):
        raise LinAlgError("knots are too close")
    moments, dropped = project(cells, edges, degree)
    if degree == 0:
        return _steps(cells, edges, moments, dropped, derivatives)
    pieces = len(edges) - 1
    width = degree + 1
    basis = _basis(edges, degree)
    columns = np.arange(pieces)[:, None] + np.arange(width)
    blocks = np.zeros((pieces, width, pieces + degree))
    for k in range(width):
        blocks[np.arange(pieces)[:, None], k, columns] = basis[:, k, :]
    design = blocks.reshape(pieces * width, -1)
    scale = 1 / np.sqrt((design * design).sum(axis=0))
    design *= scale
    gram = cho_factor(design.T @ design, check_finite=False)
    solution = cho_solve(gram, design.T @ moments.ravel(), check_finite=False)
    residual = moments.ravel() - design @ solution
    # one step of refinement: the Gram matrix squares the condition number
    correction = cho_solve(gram, design.T @ residual, check_finite=False)
    solution = solution + correction
    residual = residual - design @ correction
    shares = dropped + (residual.reshape(pieces, width) ** 2).sum(axis=1)
    square = float(shares.sum())
    coefficients = solution * scale
    if not derivatives or pieces == 1:
        return Fit(knots, coefficients, square, shares, np.zeros(0), np.zeros((0, 0)))

    leading = _leading(edges, degree)
    values = np.einsum("ij,ij->i", basis[:, degree, :], coefficients[columns])
    jumps = np.diff(values * leading)
    powers = _truncated(edges, degree, degree - 1)
    projected = powers - design @ cho_solve(gram, design.T @ powers, check_finite=False)
    slope = degree * (residual @ projected)
    first = 2 * jumps * slope
    tangents = -degree * projected * jumps
    second = tangents.T @ tangents
    if degree == 1:
        bend = cells.evaluate(knots)[:, 0] - _value_at_knots(coefficients, edges)
    else:
        bend = degree * (degree - 1) * (residual @ _truncated(edges, degree, degree - 2))
    second[np.diag_indices_from(second)] -= jumps * bend
    # ∂²/∂t∂c: the knot also moves its own truncated power, whose weight is the jump functional
    functional = np.zeros((pieces - 1, pieces + degree))
    rows = np.arange(pieces - 1)[:, None]
    functional[rows, columns[1:]] += leading[1:, None] * basis[1:, degree, :]
    functional[rows, columns[:-1]] -= leading[:-1, None] * basis[:-1, degree, :]
    own = functional * scale * slope[:, None]
    second -= own @ cho_solve(gram, own.T, check_finite=False)
    # tangents are orthogonal to the splines, so the mixed terms vanish except through `own` and the raw tangents
    raw = design.T @ (-degree * powers * jumps)
    mixed = own @ cho_solve(gram, raw, check_finite=False)
    second -= mixed + mixed.T
    return Fit(knots, coefficients, square, shares, first, 2 * second)


def project(cells: Cells, edges: Array, degree: int) -> tuple[Array, Array]:
    """Return orthonormal Legendre coordinates (n, r + 1) of the target on each interval, and what they miss (n,)."""
    parts = cells.split(edges)
    starts = np.searchsorted(parts.edges[:-1], edges[:-1])
    piece = np.repeat(np.arange(len(edges) - 1), np.diff(np.append(starts, len(parts.nodes))))
    middle, length = 0.5 * (edges[1:] + edges[:-1]), np.diff(edges)
    u = (parts.nodes - middle[piece][:, None]) * (2 / length[piece])[:, None]
    value, weight = parts.values[:, :, 0], parts.weights
    moments = np.empty((len(length), degree + 1))
    rest = value
    norm = 1 / np.sqrt(length)
    former, current = np.zeros_like(u), np.ones_like(u)
    for k in range(degree + 1):
        if k:
            former, current = current, ((2 * k - 1) * u * current - (k - 1) * former) / k
        size = norm * np.sqrt(2 * k + 1)
        moments[:, k] = np.add.reduceat((weight * rest * current).sum(axis=1), starts) * size
        # modified Gram–Schmidt: what is left is projected next, so rounding does not build up
        rest = rest - current * (moments[:, k] * size)[piece][:, None]
    missed = np.add.reduceat((weight * rest * rest).sum(axis=1) + parts.dropped, starts)
    return moments, missed


def _basis(edges: Array, degree: int) -> Array:
    """Return (n, r + 1, r + 1): orthonormal Legendre coordinates of the B-splines that live on each interval."""
    pieces = len(edges) - 1
    knots = full_knots(edges[1:-1], (float(edges[0]), float(edges[-1])), degree)
    values = basis_values(knots, degree, np.arange(pieces), local_nodes(edges, degree))
    return _coordinates(values, np.diff(edges))


def _coordinates(values: Array, lengths: Array) -> Array:
    """Turn values (n, q, m) at the Gauss nodes of intervals into orthonormal coordinates (n, q, m)."""
    count = values.shape[1]
    norms = 1 / np.sqrt(2 * np.arange(count) + 1)
    return np.asarray(
        np.einsum("kq,iqm->ikm", norms[:, None] * to_legendre(count), values)
        * np.sqrt(lengths)[:, None, None]
    )


def _leading(edges: Array, degree: int) -> Array:
    """Return the factors from the last orthonormal coordinate to the coefficient of x^r."""
    from math import comb

    lengths = np.diff(edges)
    top = comb(2 * degree, degree) / 2**degree
    return np.asarray(top * np.sqrt((2 * degree + 1) / lengths) * (2 / lengths) ** degree)


def _truncated(edges: Array, degree: int, exponent: int) -> Array:
    """Return coordinates (n (r + 1), n − 1) of the truncated powers (x − t_j)_+^exponent."""
    x = local_nodes(edges, degree)
    gap = x[:, :, None] - edges[1:-1]
    values = np.where(gap > 0, np.maximum(gap, 0) ** exponent, 0.0)
    return _coordinates(values, np.diff(edges)).reshape(-1, len(edges) - 2)


def _value_at_knots(coefficients: Array, edges: Array) -> Array:
    """Return a piecewise linear spline at its inner knots, where one hat is 1."""
    return coefficients[1 : len(edges) - 1]


def _steps(cells: Cells, edges: Array, moments: Array, dropped: Array, derivatives: bool) -> Fit:
    """Return the best step function; the gradient is the jump of the squared residual."""
    lengths = np.diff(edges)
    knots = edges[1:-1]
    values = moments[:, 0] / np.sqrt(lengths)
    square = float(dropped.sum())
    if not derivatives or not len(knots):
        return Fit(knots, values, square, dropped, np.zeros(0), np.zeros((0, 0)))
    step = 1e-5 * np.minimum(lengths[:-1], lengths[1:])
    target = cells.evaluate(np.concatenate([knots - step, knots, knots + step]))[:, 0].reshape(3, -1)
    slope = (target[2] - target[0]) / (2 * step)
    left, right = target[1] - values[:-1], target[1] - values[1:]
    gradient = left**2 - right**2
    diagonal = 2 * left * (slope - left / lengths[:-1]) - 2 * right * (slope + right / lengths[1:])
    beside = 2 * left[1:] * right[:-1] / lengths[1:-1]
    hessian = np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
    return Fit(knots, values, square, dropped, gradient, hessian)
