"""The indicator of the disc |x − (½, ½)| ≤ 3/10 on [0, 1]²: a jump along a smooth curve."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ratelab import Smoothness, Target, hookimpl
from ratelab.registry import Ball

_DISC = Ball((Fraction(1, 2), Fraction(1, 2)), Fraction(3, 10))
_RADIUS = float(_DISC.radius)


def _function(x: NDArray[np.float64]) -> NDArray[np.float64]:
    inside = (x[:, 0] - 0.5) ** 2 + (x[:, 1] - 0.5) ** 2 <= _RADIUS**2
    return np.where(inside, 1.0, 0.0)


@hookimpl
def ratelab_targets() -> Sequence[Target]:
    return [
        Target(
            "disc",
            _function,
            domain=((0.0, 1.0), (0.0, 1.0)),
            smoothness=Smoothness(
                besov=1.0,
                hoelder=0.0,
                besov_uniform=0.0,
                source="indicator of a smooth domain in the plane: index on the line 1/q = s/2 + 1/2",
            ),
            indicator_of=_DISC,
            summary="1 on the disc of radius 3/10 about (½, ½), d = 2",
            reference="DeVore 1998, Nonlinear approximation",
        )
    ]
