"""A Gaussian bump exp(−|x − ½|² / (2 width²)) on [0, 1]^d, d = 1, 2 or 3."""

from collections.abc import Sequence
from fractions import Fraction
from math import inf
from typing import Any

import numpy as np
from flint import fmpq

from ratelab import Family, Smoothness, Target, UserError, hookimpl


def gaussian(width: int | float | Fraction = 0.1, dimension: int = 1) -> Target:
    if not 1e-3 <= width <= 1e3:
        raise UserError(f"target 'gaussian': width is {width}; allowed: 0.001 to 1000")
    if dimension not in (1, 2, 3):
        raise UserError(f"target 'gaussian': dimension is {dimension}; allowed: 1, 2, 3")
    factor = -1 / (2 * Fraction(width) ** 2)
    exact, rounded = fmpq(factor.numerator, factor.denominator), float(factor)

    def enclosure(x: Any) -> Any:
        t = x - fmpq(1, 2)
        return (t * t * exact).exp()

    return Target(
        "gaussian",
        lambda x: np.exp(rounded * np.sum((x - 0.5) ** 2, axis=1)),
        domain=((0.0, 1.0),) * dimension,
        enclosure=enclosure if dimension == 1 else None,
        smoothness=Smoothness(analytic=True, mean_square=inf, source="entire function"),
        summary=f"exp(−|x − ½|² / (2·{width}²)), d = {dimension}",
        reference="a smooth bump, narrow against the domain",
    )


@hookimpl
def ratelab_targets() -> Sequence[Family[Target]]:
    return [Family("gaussian", gaussian, "exp(−|x − ½|² / (2 width²)), d = 1, 2 or 3")]
