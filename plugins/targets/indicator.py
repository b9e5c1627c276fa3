"""The indicator of [−1, 1]^d on a larger cube: compact support without continuity."""

from collections.abc import Sequence
from fractions import Fraction
from math import inf

import numpy as np
from numpy.typing import NDArray

from ratelab import Family, Smoothness, Target, UserError, hookimpl
from ratelab.registry import Box, PiecewisePolynomial


def _function(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where((np.abs(x) <= 1.0).all(axis=1), 1.0, 0.0)


def indicator(dimension: int = 2) -> Target:
    if dimension not in (1, 2, 3):
        raise UserError(f"target 'indicator': dimension is {dimension}; allowed: 1, 2, 3")
    single = dimension == 1
    zero, one = (Fraction(0),), (Fraction(1),)
    knots = (Fraction(-1), Fraction(1))
    box = Box((-1,) * dimension, (1,) * dimension)
    return Target(
        "indicator",
        _function,
        domain=((-1.5, 1.5),) * dimension,
        singular_points=knots if single else (),
        pieces=PiecewisePolynomial(knots, (zero, one, zero)) if single else None,
        smoothness=Smoothness(
            besov=inf if single else dimension / (2 * dimension - 2),
            hoelder=0.0,
            source="indicator of a box: index on the line 1/q = s/d + 1/2, infinite in one variable",
        ),
        indicator_of=box,
        support=box,
        summary=f"1 on [−1, 1]^{dimension}, 0 elsewhere",
        reference="Kratsios and Zamanlooy 2022, Do ReLU networks have an edge when approximating "
        "compactly-supported functions?",
    )


@hookimpl
def ratelab_targets() -> Sequence[Family[Target]]:
    return [Family("indicator", indicator, "1 on [−1, 1]^d, 0 elsewhere, d = 1, 2 or 3")]
