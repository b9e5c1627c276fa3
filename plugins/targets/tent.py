"""The tent max(0, 1 − |x|/r) on R: the simplest function with compact support that is not 0."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from ratelab import Family, Smoothness, Target, UserError, hookimpl
from ratelab.registry import Box, PiecewisePolynomial

Number = int | float | Fraction


def tent(radius: Number = Fraction(7, 10)) -> Target:
    if not 0 < radius <= Fraction(3, 2):
        raise UserError(f"target 'tent': radius is {radius}; allowed: 0 < radius <= 3/2")
    r = Fraction(radius)
    zero, one = (Fraction(0),), Fraction(1)
    return Target(
        "tent",
        lambda x: np.maximum(0.0, 1.0 - np.abs(x[:, 0]) / float(r)),
        domain=((-1.5, 1.5),),
        singular_points=(-r, Fraction(0), r),
        pieces=PiecewisePolynomial((-r, Fraction(0), r), (zero, (one, 1 / r), (one, -1 / r), zero)),
        smoothness=Smoothness(mean_square=1.5, source="piecewise affine with three kinks"),
        support=Box((-r,), (r,)),
        lipschitz=float(1 / r),
        summary=f"max(0, 1 − |x|/{radius}), d = 1",
        reference="Kratsios and Zamanlooy 2022, Do ReLU networks have an edge when approximating "
        "compactly-supported functions?",
    )


@hookimpl
def ratelab_targets() -> Sequence[Family[Target]]:
    return [Family("tent", tent, "max(0, 1 − |x|/radius), 0 outside an interval")]
