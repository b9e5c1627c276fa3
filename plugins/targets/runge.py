"""Runge's function 1 / (1 + 25 u²), u = 2x − 1, on [0, 1]: analytic, with poles near the domain."""

from collections.abc import Sequence
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ratelab import Smoothness, Target, hookimpl


def _function(x: NDArray[np.float64]) -> NDArray[np.float64]:
    u = 2 * x[:, 0] - 1
    return 1 / (1 + 25 * u * u)


def _enclosure(x: Any) -> Any:
    u = x * 2 - 1
    return 1 / (u * u * 25 + 1)


@hookimpl
def ratelab_targets() -> Sequence[Target]:
    return [
        Target(
            "runge",
            _function,
            enclosure=_enclosure,
            smoothness=Smoothness(
                analytic=True, mean_square=inf, source="rational function with poles at 1/2 ± i/10"
            ),
            summary="1 / (1 + 25 (2x − 1)²)",
            reference="Runge 1901, Über empirische Funktionen und die Interpolation zwischen "
            "äquidistanten Ordinaten",
        )
    ]
