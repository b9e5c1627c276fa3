"""x^power · sin(rate·x) on [0, 1]: smooth, and of many turns."""

from collections.abc import Sequence
from fractions import Fraction
from math import inf
from typing import Any

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from ratelab import Family, Smoothness, Target, UserError, hookimpl

_SPLIT = 2.0**27 + 1


def oscillation(rate: int | float | Fraction = 100.0, power: int = 0) -> Target:
    if not 0 < rate <= 10_000:
        raise UserError(f"target 'oscillation': rate is {rate}; allowed: 0 < rate <= 10000")
    if power not in range(9):
        raise UserError(f"target 'oscillation': power is {power}; allowed: whole numbers from 0 to 8")
    exact = Fraction(rate)
    factor, ratio = float(exact), fmpq(exact.numerator, exact.denominator)
    lost = float(exact - Fraction(factor))

    def function(x: NDArray[np.float64]) -> NDArray[np.float64]:
        points = x[:, 0]
        angle, error = _product(factor, points)
        # sin(a + e), since rounding a large angle loses digits of its sine
        return np.asarray(points**power * (np.sin(angle) + np.cos(angle) * (error + lost * points)))

    def enclosure(x: Any) -> Any:
        value = (x * ratio).sin()
        for _ in range(power):
            value = value * x
        return value

    return Target(
        "oscillation",
        function,
        enclosure=enclosure,
        smoothness=Smoothness(analytic=True, mean_square=inf, source="entire function"),
        summary=f"x^{power} sin({factor:g}x)",
        reference="Xu 2023, Multi-grade deep learning: targets of the public demonstration are "
        "sin(100x) and x sin(100x)",
    )


def _product(a: float, x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the rounded product and its rounding error (Dekker)."""
    product = a * x
    large = a * _SPLIT
    high = large - (large - a)
    low = a - high
    scaled = x * _SPLIT
    upper = scaled - (scaled - x)
    lower = x - upper
    return product, ((high * upper - product) + high * lower + low * upper) + low * lower


@hookimpl
def ratelab_targets() -> Sequence[Family[Target]]:
    return [Family("oscillation", oscillation, "x^power sin(rate·x)")]
