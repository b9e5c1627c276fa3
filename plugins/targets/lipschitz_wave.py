"""The wave Σ_i sin(2πx_i) / (2π√d) on [0, 1]^d: smooth, of Lipschitz constant 1 in every dimension."""

from collections.abc import Sequence
from math import inf, sqrt
from typing import Any

import numpy as np
from flint import arb
from numpy.typing import NDArray

from ratelab import Family, Smoothness, Target, UserError, hookimpl


def lipschitz_wave(dimension: int = 1) -> Target:
    if dimension not in (1, 2, 3):
        raise UserError(f"target 'lipschitz_wave': dimension is {dimension}; allowed: 1, 2, 3")

    def function(x: NDArray[np.float64]) -> NDArray[np.float64]:
        waves = np.sin(2 * np.pi * (x - np.rint(x)))
        total = waves[:, 0]
        for i in range(1, dimension):
            total = total + waves[:, i]
        return np.asarray(total / (2 * np.pi * sqrt(dimension)))

    def enclosure(x: Any) -> Any:
        return (2 * x).sin_pi() / (2 * arb.pi())

    return Target(
        "lipschitz_wave",
        function,
        domain=((0.0, 1.0),) * dimension,
        enclosure=enclosure if dimension == 1 else None,
        smoothness=Smoothness(analytic=True, mean_square=inf, source="entire function"),
        summary=f"Σ sin(2πx_i) / (2π√d), d = {dimension}",
        reference="every sum of d waves whose gradient has length at most 1",
    )


@hookimpl
def ratelab_targets() -> Sequence[Family[Target]]:
    return [
        Family(
            "lipschitz_wave", lipschitz_wave, "Σ sin(2πx_i) / (2π√d), of Lipschitz constant 1, d = 1, 2 or 3"
        )
    ]
