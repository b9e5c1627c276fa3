"""What piecewise polynomials a class of networks holds, and what it can imitate (one variable)."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np

from ratelab._errors import UserError
from ratelab.registry import Activation, Complexity, PiecewisePolynomial


@dataclass(frozen=True)
class PolynomialClass:
    """Generalized networks of bounded depth with a piecewise polynomial activation.

    Parameters
    ----------
    degree
        Every such network is piecewise polynomial of at most this degree.
    pieces_exponent
        It has at most C·n^pieces_exponent pieces in the budget n; 0 for an activation without knots.
    spline_degree
        Splines of this degree with n pieces lie in the closure of the networks of budget C·n; None if that is
        not known.
    """

    degree: int
    pieces_exponent: int
    spline_degree: int | None


def check_class(depth: float, complexity: Complexity) -> None:
    """Raise UserError unless depth and complexity name a class of networks."""
    if isinstance(depth, bool) or depth != int(depth) or depth < 2:
        raise UserError(f"depth is {depth}; allowed: whole numbers, 2 (shallow) or more")
    if complexity not in ("neurons", "connections"):
        raise UserError(f"complexity is '{complexity}'; allowed: neurons, connections")


def polynomial_class(activation: Activation, depth: int, complexity: Complexity) -> PolynomialClass | None:
    """Return the piecewise polynomials behind the networks; None if the activation is not one itself."""
    pieces = activation.polynomial
    if pieces is None:
        return None
    degree = pieces.degree ** (depth - 1)
    if not pieces.knots:
        return PolynomialClass(degree, 0, None)
    exponent = depth - 1 if complexity == "neurons" else depth // 2
    if _is_power(pieces):
        return PolynomialClass(degree, exponent, degree)
    return PolynomialClass(degree, exponent, pieces.degree if _reaches_splines(pieces) else None)


def knots_by_connections(knots: int, degree: int, depth: int) -> tuple[int, int]:
    """Return (C, x): networks R → R of that depth with m ≥ 1 connections have at most C·m^x knots, x = ⌊depth/2⌋.

    The knots of all neurons of hidden layer l together are at most total·m^⌊(l+1)/2⌋, those of one at most
    single·m^⌊l/2⌋; `docs/norms.md` has the proof.

    Parameters
    ----------
    knots, degree
        Of the activation, whose pieces are polynomials of degree at least 1.
    depth
        Affine layers, at least 2.
    """
    total = single = knots
    for layer in range(2, depth):
        zeros = knots * degree ** (layer - 1)
        total, single = (1 + zeros) * single + zeros, (1 + zeros) * total + zeros
    return total, depth // 2


def truncated_power_degree(polynomial: PiecewisePolynomial) -> int | None:
    """Return the degree r of c·(x − t)₊^r plus a polynomial of degree at most r, else None."""
    if len(polynomial.knots) != 1:
        return None
    degree = polynomial.degree
    jumps = [*polynomial.jumps(0), *[Fraction(0)] * (degree + 1)][: degree + 1]
    return degree if jumps[degree] and not any(jumps[:degree]) else None


def _is_power(pieces: PiecewisePolynomial) -> bool:
    """Whether the function is c·(±(x − t))_+^r: compositions are then powers again."""
    if len(pieces.knots) != 1:
        return False
    zero = [not any(c) for c in pieces.coefficients]
    return zero.count(True) == 1 and not any(pieces.jumps(0)[: pieces.degree])


def _reaches_splines(pieces: PiecewisePolynomial) -> bool:
    """Whether shallow networks reach every spline of the activation's own degree (docs/rates.md)."""
    degree = pieces.degree
    for index in range(len(pieces.knots)):
        jumps = pieces.jumps(index)
        if len(jumps) > degree and jumps[degree] and not any(jumps[:degree]):
            return True
    left, right = (_leading(c, degree) for c in (pieces.coefficients[0], pieces.coefficients[-1]))
    return left != right


def _leading(coefficients: tuple[Fraction, ...], degree: int) -> Fraction:
    return coefficients[degree] if len(coefficients) > degree else Fraction(0)


def tails(activation: Activation) -> Literal["ramp", "step"] | None:
    """Return what ρ(λx), scaled, tends to as λ → ∞, seen at |x| = 2^30 … 2^40.

    ``ramp``: ρ(λx)/λ tends to a function with two different slopes, so rescaled networks imitate ReLU
    networks of the same size. ``step``: ρ(λx) tends to two different constants. None: neither is seen.
    """
    points = np.array([2.0**30, 2.0**35, 2.0**40])
    right, left = _values(activation, points), _values(activation, -points)
    slopes = right / points, left / -points
    if not all(_settled(s) for s in slopes):
        return None
    if abs(slopes[0][-1] - slopes[1][-1]) > 1e-6:
        return "ramp"
    flat = abs(slopes[0][-1]) < 1e-6 and _settled(right) and _settled(left)
    return "step" if flat and abs(right[-1] - left[-1]) > 1e-6 else None


def _values(activation: Activation, points: np.ndarray) -> np.ndarray:
    if activation.ball is None:
        return np.asarray(activation(points), dtype=np.float64)
    from flint import arb

    return np.array([float(activation.ball(arb(float(x)))) for x in points])


def _settled(values: np.ndarray) -> bool:
    return bool(np.isfinite(values).all() and np.ptp(values) < 1e-7)
