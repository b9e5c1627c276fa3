"""B-splines as shallow networks: β_r(x) = (1/r!) Σ_k (−1)^k C(r + 1, k) ρ_r(x − k), and their tensor products."""

from fractions import Fraction
from math import comb, factorial
from typing import Any

import numpy as np
from flint import fmpq

from ratelab._errors import UserError
from ratelab.networks._calculus import compose
from ratelab.networks._calculus_counts import Counts, kept
from ratelab.networks._layers import Layer
from ratelab.networks._network import Network
from ratelab.networks._numbers import rational
from ratelab.networks._polynomial_networks import as_power
from ratelab.networks._powers import identity
from ratelab.networks._products import product, product_bound
from ratelab.registry import Activation, PiecewisePolynomial


def bspline(
    activation: int | Activation,
    dimension: int = 1,
    *,
    scale: Any = 1,
    shift: Any = 0,
    merged: bool = False,
) -> Network:
    """Return the rational network x ↦ Π_i β_r(scale·x_i − shift), β_r the cardinal B-spline on [0, r + 1].

    Parameters
    ----------
    activation
        r ≥ 1 (r ≥ 2 in several variables), or an activation that is ρ_r.
    dimension
        d: one shallow network for each variable, then the tree of `product`.
    scale, shift
        Rationals, scale > 0; the support is [shift, shift + r + 1]/scale in every variable.
    merged
        As in `product`.

    Raises
    ------
    UserError
        If a number is out of range.

    Notes
    -----
    Right of the support the r + 2 powers cancel, in float64 up to rounding only. See *Approximation spaces of deep
    neural networks* (Gribonval, Kutyniok, Nielsen, Voigtlaender 2022), B-splines; recalled.
    """
    exponent, chosen = as_power("bspline", activation, least=1 if dimension == 1 else 2)
    factor, offset = rational(scale), rational(shift)
    if factor <= 0:
        raise UserError(f"bspline: scale is {scale}; allowed: above 0")
    if dimension == 1:
        network = _shallow(exponent, chosen, 1, factor, offset)
    else:
        tree = product(dimension, chosen, merged=merged)
        network = compose(tree, _shallow(exponent, chosen, dimension, factor, offset), merged)
    return kept("bspline", network, bspline_bound(exponent, dimension, merged=merged))


def bspline_bound(exponent: int, dimension: int = 1, *, merged: bool = False) -> Counts:
    """Return the promise of `bspline`: depth 2, r + 2 neurons and 2(r + 2) connections in one variable, attained.

    In d variables d times as many, and those of `product`: unmerged, which is attained as well, and d identity
    neurons between the two parts; merged with r + 2 connections for each value that the tree reads. So connections
    are at most d·(2(r + 2) + 12(r − 1) + 4) unmerged, below 14·d·(r + 2).
    """
    own = exponent + 2
    if dimension == 1:
        return Counts(2, 2 * own, own)
    tree = product_bound(dimension, exponent, merged=merged)
    if not merged:
        return Counts(
            2 + tree.depth,
            2 * own * dimension + tree.connections,
            own * dimension + dimension + tree.neurons,
        )
    pairs, bye = divmod(dimension, 2)
    first = 8 * (exponent - 1) * pairs + bye  # connections of the tree's first map
    return Counts(
        1 + tree.depth,
        own * dimension + own * first + tree.connections - first,
        own * dimension + tree.neurons,
    )


def bspline_pieces(
    degree: int, *, scale: Fraction | int = 1, shift: Fraction | int = 0
) -> PiecewisePolynomial:
    """Return x ↦ β_r(scale·x − shift) as an exact piecewise polynomial, 0 outside its support.

    Raises
    ------
    UserError
        If the degree is not from 0 to 20 or the scale not above 0.
    """
    if degree != int(degree) or not 0 <= degree <= 20:
        raise UserError(f"bspline: the degree is {degree}; allowed: whole numbers from 0 to 20")
    if scale <= 0:
        raise UserError(f"bspline: scale is {scale}; allowed: above 0")
    r, a, b = int(degree), Fraction(scale), Fraction(shift)
    row = [Fraction(0)] * (r + 1)
    rows = [tuple(row)]
    for k in range(r + 2):
        jump = Fraction((-1) ** k * comb(r + 1, k), factorial(r))
        row = [c + jump * comb(r, j) * a**j * (-b - k) ** (r - j) for j, c in enumerate(row)]
        rows.append(tuple(row))
    return PiecewisePolynomial(tuple((k + b) / a for k in range(r + 2)), tuple(rows))


def _shallow(exponent: int, chosen: Activation, dimension: int, factor: Any, offset: Any) -> Network:
    """Return (β_r(factor·x_1 − offset), …, β_r(factor·x_d − offset))."""
    own, zero = exponent + 2, fmpq(0)
    inner = np.full((own * dimension, dimension), zero, dtype=object)
    outer = np.full((dimension, own * dimension), zero, dtype=object)
    bias = np.full(own * dimension, zero, dtype=object)
    for variable in range(dimension):
        for k in range(own):
            row = variable * own + k
            inner[row, variable] = factor
            bias[row] = -offset - k
            outer[variable, row] = fmpq((-1) ** k * comb(exponent + 1, k), factorial(exponent))
    blank = np.full(dimension, zero, dtype=object)
    return Network(
        [
            Layer(inner, bias, (chosen,) * (own * dimension)),
            Layer(outer, blank, (identity,) * dimension),
        ]
    )
