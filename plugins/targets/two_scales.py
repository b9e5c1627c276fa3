"""sin 2πx + 0.2 sin 20πx on [0, 1]: many local optima of the knots at every size."""

from collections.abc import Sequence
from math import inf

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from ratelab import Smoothness, Target, hookimpl


def _function(x: NDArray[np.float64]) -> NDArray[np.float64]:
    fast = 10 * x[:, 0]
    return np.sin(2 * np.pi * x[:, 0]) + 0.2 * np.sin(2 * np.pi * (fast - np.rint(fast)))


@hookimpl
def ratelab_targets() -> Sequence[Target]:
    return [
        Target(
            "two_scales",
            _function,
            enclosure=lambda x: (x * 2).sin_pi() + (x * 20).sin_pi() * fmpq(1, 5),
            smoothness=Smoothness(analytic=True, mean_square=inf, source="entire function"),
            summary="sin 2πx + 0.2 sin 20πx",
            reference="a test of knot placement on two scales",
        )
    ]
