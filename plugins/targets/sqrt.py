"""The square root on [0, 1]: rate 2 on free knots, 1 on uniform ones."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ratelab import Smoothness, Target, hookimpl
from ratelab.registry import integrals


def _antiderivatives(x: Any, degree: int) -> list[Any]:
    """∫_0^x t^k √t dt = x^(k+1) √x / (k + 3/2), and ∫_0^x t dt."""
    power = x * x.sqrt()
    values = []
    for k in range(degree + 1):
        values.append(2 * power / (2 * k + 3))
        power = power * x
    return [*values, x * x / 2]


@hookimpl
def ratelab_targets() -> Sequence[Target]:
    moments, energy = integrals(_antiderivatives, bound=1.0)
    return [
        Target(
            "sqrt",
            lambda x: np.sqrt(x[:, 0]),
            singular_points=(0.0,),
            enclosure=lambda x: x.sqrt(),
            moments=moments,
            energy=energy,
            smoothness=Smoothness(hoelder=0.5, mean_square=1.0, source="algebraic singularity at 0"),
            summary="√x",
            reference="DeVore 1998, Nonlinear approximation",
        )
    ]
