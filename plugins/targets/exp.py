"""e^x on [0, 1]: strictly convex, so the best free-knot line fits are continuous and unique."""

from collections.abc import Sequence
from math import inf

import numpy as np

from ratelab import Smoothness, Target, hookimpl


@hookimpl
def ratelab_targets() -> Sequence[Target]:
    return [
        Target(
            "exp",
            lambda x: np.exp(x[:, 0]),
            enclosure=lambda x: x.exp(),
            smoothness=Smoothness(analytic=True, mean_square=inf, source="entire function"),
            summary="exp x",
            reference="Barrow, Chui, Smith and Ward 1978, Unicity of best mean approximation by second order "
            "splines with variable knots",
        )
    ]
