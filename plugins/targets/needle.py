"""A pyramid on a thin box between the points of coarse dyadic grids, which see nothing of it."""

from collections.abc import Sequence
from fractions import Fraction
from math import inf

import numpy as np
from numpy.typing import NDArray

from ratelab import Family, Smoothness, Target, UserError, hookimpl
from ratelab.registry import Box, PiecewisePolynomial

Number = int | float | Fraction

_CENTRE = Fraction(1, 3)


def needle(dimension: int = 2, width: Number = Fraction(1, 50)) -> Target:
    if dimension not in (1, 2, 3):
        raise UserError(f"target 'needle': dimension is {dimension}; allowed: 1, 2, 3")
    if not 0 < width <= 1:
        raise UserError(f"target 'needle': width is {width}; allowed: 0 < width <= 1")
    half = (Fraction(1, 2),) * (dimension - 1) + (Fraction(width) / 2,)
    box = Box(tuple(_CENTRE - h for h in half), tuple(_CENTRE + h for h in half))
    low, high = (np.array([float(v) for v in ends]) for ends in (box.lower, box.upper))
    halves = np.array([float(h) for h in half])
    single = dimension == 1
    zero, one = (Fraction(0),), Fraction(1)
    knots = (_CENTRE - half[-1], _CENTRE, _CENTRE + half[-1])
    up, down = (one - _CENTRE / half[-1], 1 / half[-1]), (one + _CENTRE / half[-1], -1 / half[-1])

    def function(x: NDArray[np.float64]) -> NDArray[np.float64]:
        # at every point the slope is that of one variable, so 2/width bounds it; height 1 in the middle
        return np.maximum(0.0, (np.minimum(x - low, high - x) / halves).min(axis=1))

    return Target(
        "needle",
        function,
        domain=((-1.5, 1.5),) * dimension,
        singular_points=knots if single else (),
        pieces=PiecewisePolynomial(knots, (zero, up, down, zero)) if single else None,
        smoothness=Smoothness(
            besov=inf if single else 3 * dimension / (2 * dimension - 2),
            besov_uniform=None if single else dimension / (dimension - 1),
            mean_square=1.5 if single else None,
            source="piecewise affine: 1 + 1/q on the lines 1/q = s/d + 1/p, infinite in one variable",
        ),
        support=box,
        lipschitz=float(1 / half[-1]),
        summary=f"a pyramid on a box {width} thick and 1 long, d = {dimension}",
        reference="a compact support that coarse grids miss",
    )


@hookimpl
def ratelab_targets() -> Sequence[Family[Target]]:
    return [Family("needle", needle, "a pyramid on a thin box between dyadic numbers, d = 1, 2 or 3")]
