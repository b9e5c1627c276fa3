"""The cone max(0, 1 − |x|/r) on R^d: Lipschitz, with a ball as support."""

from collections.abc import Sequence
from fractions import Fraction
from math import inf

import numpy as np
from numpy.typing import NDArray

from ratelab import Family, Smoothness, Target, UserError, hookimpl
from ratelab.registry import Ball, PiecewisePolynomial

Number = int | float | Fraction


def compact_cone(dimension: int = 2, radius: Number = Fraction(4, 5)) -> Target:
    if dimension not in (1, 2, 3):
        raise UserError(f"target 'compact_cone': dimension is {dimension}; allowed: 1, 2, 3")
    if not 0 < radius <= Fraction(3, 2):
        raise UserError(f"target 'compact_cone': radius is {radius}; allowed: 0 < radius <= 3/2")
    r = Fraction(radius)
    single = dimension == 1
    zero, one = (Fraction(0),), Fraction(1)
    knots = (-r, Fraction(0), r)

    def function(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.maximum(0.0, 1.0 - np.sqrt((x**2).sum(axis=1)) / float(r))

    return Target(
        "compact_cone",
        function,
        domain=((-1.5, 1.5),) * dimension,
        singular_points=knots if single else (),
        pieces=PiecewisePolynomial(knots, (zero, (one, 1 / r), (one, -1 / r), zero)) if single else None,
        smoothness=Smoothness(
            besov=inf if single else 3 * dimension / (2 * dimension - 2),
            besov_uniform=None if single else dimension / (dimension - 1),
            mean_square=1.5 if single else None,
            source="a kink along the boundary of the support: 1 + 1/q on the lines 1/q = s/d + 1/p, infinite in one "
            "variable",
        ),
        support=Ball((0,) * dimension, r),
        lipschitz=float(1 / r),  # the distance has the constant 1, the maximum with 0 does not increase it
        summary=f"max(0, 1 − |x|/{radius}), d = {dimension}",
        reference="Kratsios and Zamanlooy 2022, Do ReLU networks have an edge when approximating "
        "compactly-supported functions?",
    )


@hookimpl
def ratelab_targets() -> Sequence[Family[Target]]:
    return [Family("compact_cone", compact_cone, "max(0, 1 − |x|/radius), 0 outside a ball, d = 1, 2 or 3")]
