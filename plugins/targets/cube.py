"""The indicator of a box inside [0, 1]^d: a limit of networks of depth 3, and reached by none of them."""

from collections.abc import Sequence
from fractions import Fraction
from math import inf

import numpy as np
from numpy.typing import NDArray

from ratelab import Family, Smoothness, Target, UserError, hookimpl
from ratelab.registry import Box, PiecewisePolynomial


def cube(
    dimension: int = 2,
    lower: int | float | Fraction = Fraction(1, 4),
    upper: int | float | Fraction = Fraction(3, 4),
) -> Target:
    if dimension not in (1, 2, 3):
        raise UserError(f"target 'cube': dimension is {dimension}; allowed: 1, 2, 3")
    if not 0 < lower < upper < 1:
        raise UserError(f"target 'cube': lower is {lower}, upper {upper}; allowed: 0 < lower < upper < 1")
    low, high = Fraction(lower), Fraction(upper)
    # the floats that lie in the closed interval, so that floats and rationals agree everywhere
    first, last = float(low), float(high)
    first = first if Fraction(first) >= low else float(np.nextafter(first, inf))
    last = last if Fraction(last) < high else float(np.nextafter(last, -inf))

    def function(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(((x >= first) & (x <= last)).all(axis=1), 1.0, 0.0)

    zero, one = (Fraction(0),), (Fraction(1),)
    return Target(
        "cube",
        function,
        domain=((0.0, 1.0),) * dimension,
        singular_points=(low, high) if dimension == 1 else (),
        pieces=PiecewisePolynomial((low, high), (zero, one, zero)) if dimension == 1 else None,
        smoothness=Smoothness(
            besov=inf if dimension == 1 else dimension / (2 * dimension - 2),
            hoelder=0.0,
            source="indicator of a box: index on the line 1/q = s/d + 1/2, infinite in one variable",
        ),
        indicator_of=Box((low,) * dimension, (high,) * dimension),
        summary=f"1 on [{lower}, {upper}]^{dimension}, 0 elsewhere",
        reference="Gribonval, Kutyniok, Nielsen and Voigtlaender 2022, Approximation spaces "
        "of deep neural networks",
    )


@hookimpl
def ratelab_targets() -> Sequence[Family[Target]]:
    return [Family("cube", cube, "1 on a box [lower, upper]^d, d = 1, 2 or 3")]
