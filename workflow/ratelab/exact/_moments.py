"""Cell moments: what a target looks like to polynomials on each cell, with a proved error."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from flint import arb, arb_poly, ctx
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.exact._cell_integrals import cell_projector
from ratelab.exact._legendre import apply, power_table
from ratelab.exact._taylor_models import Unresolved
from ratelab.registry import Target

Array = NDArray[np.float64]
Certainty = Literal["rigorous", "numerical"]

_SLACK = 1 + 1e-12
_TINY = 1e-300


@dataclass(frozen=True, eq=False)
class CellMoments:
    """L2 projections of a target f on cells.

    Legendre coefficient k on a cell belongs to P_k of the cell's own variable in [-1, 1].

    Parameters
    ----------
    edges
        (M + 1,) strictly increasing.
    coefficients, radius
        (M, degree + 1) of the projection of f, and (M,) bounds on the L2 norm, over the cell, of the true
        projection minus this one.
    reference
        (degree + 1,) Legendre coefficients over the whole domain, in [-1, 1], of one polynomial q close to f.
    remainder, remainder_radius
        The same as `coefficients` and `radius` for f − q. Fits by pieces of that degree cost the same for f and
        f − q, and rounding is relative to what is left.
    certainty
        ``rigorous``: the radii are proved; ``numerical``: they are estimates.
    reason
        Why a certainty is only numerical; empty otherwise.
    """

    edges: Array
    coefficients: Array
    radius: Array
    reference: Array
    remainder: Array
    remainder_radius: Array
    certainty: Certainty
    reason: str = ""

    @property
    def degree(self) -> int:
        """Largest degree the coefficients reach."""
        return int(self.coefficients.shape[1]) - 1


def cell_moments(target: Target, edges: NDArray[np.float64], degree: int) -> CellMoments:
    """Project a target of one variable on polynomials of that degree, cell by cell.

    The target's `pieces` give exact values, its `moments` balls, its `enclosure` balls through Taylor models with
    a Lagrange remainder; without any of them two Gauss rules give an estimate.

    Parameters
    ----------
    target
        One variable, one output.
    edges
        (M + 1,) strictly increasing points of the domain.
    degree
        From 0 to 12.

    Raises
    ------
    UserError
        If the target has several variables, the degree or the edges are outside the allowed range.
    """
    edges = np.array(edges, dtype=np.float64)
    if target.dimension != 1:
        raise UserError(
            f"target '{target.name}': cell moments are for one variable; it has {target.dimension}"
        )
    if not 0 <= degree <= 12:
        raise UserError(f"target '{target.name}': degree is {degree}; allowed: 0 to 12")
    start, end = target.domain[0]
    if (
        edges.ndim != 1
        or len(edges) < 2
        or not (np.diff(edges) > 0).all()
        or edges[0] < start
        or edges[-1] > end
    ):
        raise UserError(f"target '{target.name}': cell edges must increase strictly inside [{start}, {end}]")
    reference = _reference(target, edges, degree)
    if not target.certifiable:
        return _numerical(
            target, edges, degree, reference, "the target declares no enclosure, moments or pieces"
        )
    precision = ctx.prec
    cap = ctx.cap
    try:
        return _rigorous(target, edges, degree, reference)
    except Unresolved as failure:
        return _numerical(target, edges, degree, reference, str(failure))
    finally:
        ctx.prec = precision
        ctx.cap = cap


def _reference(target: Target, edges: Array, degree: int) -> Array:
    """Legendre coefficients of a polynomial near the projection on the whole domain (quality is not essential)."""
    nodes, weights = np.polynomial.legendre.leggauss(64)
    start, end = edges[0], edges[-1]
    values = _values(target, start + (end - start) * (nodes + 1) / 2)
    basis = np.polynomial.legendre.legvander(nodes, degree)
    scale = (2 * np.arange(degree + 1) + 1) / 2
    return np.asarray((basis * (weights * values)[:, None]).sum(axis=0) * scale)


def _rigorous(target: Target, edges: Array, degree: int, reference: Array) -> CellMoments:
    project = cell_projector(target, edges, degree)
    subtract = _reference_projector(edges, degree, reference)
    count = len(edges) - 1
    found = np.empty((2, count, degree + 1))
    errors = np.empty((2, count, degree + 1))
    points = edges.tolist()
    for index in range(count):
        a, b = points[index], points[index + 1]
        whole = project(a, b)
        for kind, balls in enumerate((whole, subtract(a, b, whole))):
            for k, value in enumerate(balls):
                middle = float(value)
                found[kind, index, k] = middle
                errors[kind, index, k] = float((value - middle).abs_upper())
    if not (np.isfinite(found).all() and np.isfinite(errors).all()):
        raise Unresolved("the enclosure is not finite on some cell")
    norms = _norms(errors * _SLACK + _TINY, edges) * _SLACK
    return CellMoments(edges, found[0], norms[0], reference, found[1], norms[1], "rigorous")


def _reference_projector(
    edges: Array, degree: int, reference: Array
) -> Callable[[float, float, list[Any]], list[Any]]:
    """Subtract the reference polynomial's exact coefficients on a cell [a, b] from balls."""
    precision = ctx.prec
    start, end = arb(float(edges[0])), arb(float(edges[-1]))
    variable = arb_poly([-(start + end) / (end - start), arb(2) / (end - start)])
    # the float monomial coefficients define the polynomial; that they round the Legendre ones is harmless
    monomial = arb_poly([arb(c) for c in np.polynomial.legendre.leg2poly(reference).tolist()])
    polynomial = monomial(variable)
    table = power_table(degree, degree + 1, precision)

    def subtract(a: float, b: float, whole: list[Any]) -> list[Any]:
        left, right = arb(a), arb(b)
        local = polynomial(arb_poly([(left + right) / 2, (right - left) / 2])).coeffs()
        local += [arb(0)] * (degree + 1 - len(local))
        return [w - q for w, q in zip(whole, apply(table, local), strict=True)]

    return subtract


def _norms(errors: Array, edges: Array) -> Array:
    """L2 norms over cells of polynomials with these Legendre coefficients (…, M, degree + 1)."""
    weights = 1 / (2 * np.arange(errors.shape[-1]) + 1)
    return np.asarray(np.sqrt((errors**2 * weights).sum(axis=-1) * np.diff(edges)))


def _numerical(target: Target, edges: Array, degree: int, reference: Array, reason: str) -> CellMoments:
    """Gauss rules of 10 and 16 points on each cell; their difference estimates the error."""
    start, end = edges[0], edges[-1]
    rounded = np.polynomial.legendre.leg2poly(reference)
    estimates = []
    for points in (10, 16):
        nodes, weights = np.polynomial.legendre.leggauss(max(points, degree + 4))
        x = edges[:-1, None] + np.diff(edges)[:, None] * (nodes + 1) / 2
        x = np.clip(x, edges[:-1, None], edges[1:, None])
        values = _values(target, x.ravel()).reshape(x.shape)
        smooth = np.polynomial.polynomial.polyval((2 * x - (start + end)) / (end - start), rounded)
        basis = np.polynomial.legendre.legvander(nodes, degree) * weights[:, None]
        scale = (2 * np.arange(degree + 1) + 1) / 2
        pair = [(y[:, :, None] * basis[None]).sum(axis=1) * scale for y in (values, values - smooth)]
        estimates.append(np.stack(pair))
    rounding = 8 * np.finfo(np.float64).eps * np.abs(estimates[1]).max(axis=(1, 2), keepdims=True)
    norms = _norms(np.abs(estimates[1] - estimates[0]) + rounding, edges)
    return CellMoments(
        edges, estimates[1][0], norms[0], reference, estimates[1][1], norms[1], "numerical", reason
    )


def _values(target: Target, x: Array) -> Array:
    values = target(x[:, None])
    if values.shape[1] != 1:
        raise UserError(f"target '{target.name}': {values.shape[1]} outputs; cell moments are for one")
    return values[:, 0]
