"""What a target may do inside its cells: bounds from above on the distance to a line."""

from bisect import bisect_left, bisect_right
from fractions import Fraction
from math import inf, sqrt

import numpy as np
from flint import arb, arb_poly, arb_series, ctx
from numpy.typing import NDArray

from ratelab.exact import CellMoments
from ratelab.networks._ball import ball
from ratelab.registry import PiecewisePolynomial, Target

Array = NDArray[np.float64]

_SLACK = 1 + 1e-12
_PRECISION = 192


def roughness(target: Target, moments: CellMoments) -> Array:
    """Bound from above the L2 distance of a target to the nearest line on each cell.

    Proved if the moments are rigorous, an estimate if they are numerical.

    Parameters
    ----------
    target
        One variable, one value.
    moments
        Of the same target, of degree 1 at least.

    Returns
    -------
    NDArray
        (M,), ``inf`` where nothing is known.
    """
    if moments.certainty == "numerical":
        return _estimated(target, moments)
    precision, cap = ctx.prec, ctx.cap
    ctx.prec, ctx.cap = _PRECISION, 3
    try:
        if target.pieces is not None:
            return _by_pieces(target.pieces, moments)
        return _by_balls(target, moments)
    finally:
        ctx.prec, ctx.cap = precision, cap


def _by_balls(target: Target, moments: CellMoments) -> Array:
    edges = moments.edges.tolist()
    found = np.empty(len(edges) - 1)
    points = [Fraction(point) for point in target.singular_points]
    for index, (a, b) in enumerate(zip(edges, edges[1:], strict=False)):
        # a series at a ball that holds a singular point need not describe the function on both sides
        smooth = target.enclosure is not None and not any(a <= point <= b for point in points)
        value = _curvature(target, a, b) if smooth else inf
        if value == inf and target.energy is not None:
            value = _by_energy(target, moments, index)
        if value == inf and target.enclosure is not None:
            value = _by_range(target, a, b)
        found[index] = value
    return found


def _curvature(target: Target, a: float, b: float) -> float:
    """|f″| ≤ m on a cell of length w: the distance to a line is at most m w^(5/2) / √720."""
    series = target.enclose(arb_series([arb(a).union(arb(b)), arb(1)], prec=3))
    second = series[2]
    if not second.is_finite():
        return inf
    bound = 2 * float(second.abs_upper()) / sqrt(720) * _SLACK
    return float(bound * (b - a) ** 2.5) + 1e-300


def _by_energy(target: Target, moments: CellMoments, index: int) -> float:
    """∫ f² less the energy of the projection, which is known up to its radius."""
    assert target.energy is not None
    a, b = arb(float(moments.edges[index])), arb(float(moments.edges[index + 1]))
    first, second = (arb(float(c)) for c in moments.coefficients[index, :2])
    norm = ((first * first + second * second / 3) * (b - a)).sqrt() - arb(float(moments.radius[index]))
    known = norm * norm if norm > 0 else arb(0)
    rest = target.energy(a, b) - known
    return sqrt(max(float(rest.upper()), 0.0)) * _SLACK + 1e-300 if rest.is_finite() else inf


def _by_range(target: Target, a: float, b: float) -> float:
    value = target.enclose(arb(a).union(arb(b)))
    return float(value.rad()) * sqrt(b - a) * _SLACK + 1e-300 if value.is_finite() else inf


def _by_pieces(pieces: PiecewisePolynomial, moments: CellMoments) -> Array:
    polynomials = [arb_poly([ball(c) for c in row]) for row in pieces.coefficients]
    edges = moments.edges.tolist()
    found = np.empty(len(edges) - 1)
    for index, (a, b) in enumerate(zip(edges, edges[1:], strict=False)):
        first, last = bisect_right(pieces.knots, a), bisect_left(pieces.knots, b)
        middle, half = (arb(a) + arb(b)) / 2, (arb(b) - arb(a)) / 2
        local = [polynomials[i](arb_poly([middle, half])) for i in range(first, max(first, last) + 1)]
        if first >= last:
            size = sum((abs(c) for c in local[0].coeffs()[2:]), arb(0))
        else:
            line = arb_poly([arb(float(c)) for c in moments.coefficients[index, :2]])
            cuts = [Fraction(a), *pieces.knots[first:last], Fraction(b)]
            ends = [(ball(c) - middle) / half for c in cuts]
            gaps = [
                (p - line)(low.union(high)).abs_upper()
                for p, low, high in zip(local, ends, ends[1:], strict=False)
            ]
            size = max(gaps, key=float)
        found[index] = float(size.abs_upper()) * sqrt(b - a) * _SLACK + 1e-300
    return found


def _estimated(target: Target, moments: CellMoments) -> Array:
    nodes, weights = np.polynomial.legendre.leggauss(16)
    edges = moments.edges
    widths = np.diff(edges)[:, None]
    x = np.clip(edges[:-1, None] + widths * (nodes + 1) / 2, edges[:-1, None], edges[1:, None])
    line = moments.coefficients[:, :1] + moments.coefficients[:, 1:2] * nodes
    rest = target(x.ravel()[:, None])[:, 0].reshape(x.shape) - line
    rounding = 1e-15 * np.abs(moments.coefficients).max() * np.sqrt(widths[:, 0])
    return np.asarray(np.sqrt((rest**2 * weights).sum(axis=1) * widths[:, 0] / 2) * 1.01 + rounding)
