"""sin 2πfx on [0, 1]: f full periods."""

from collections.abc import Sequence
from fractions import Fraction
from math import inf

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from ratelab import Family, Smoothness, Target, UserError, hookimpl


def sine(frequency: int | float | Fraction = 1.0) -> Target:
    if not 0 < frequency <= 10_000:
        raise UserError(f"target 'sine': frequency is {frequency}; allowed: 0 < frequency <= 10000")
    periods = float(frequency)
    exact = Fraction(frequency)
    angle = fmpq(2 * exact.numerator, exact.denominator)

    def function(x: NDArray[np.float64]) -> NDArray[np.float64]:
        turns = periods * x[:, 0]
        return np.sin(2 * np.pi * (turns - np.rint(turns)))

    return Target(
        "sine",
        function,
        enclosure=lambda x: (x * angle).sin_pi(),
        smoothness=Smoothness(analytic=True, mean_square=inf, source="entire function"),
        summary=f"sin 2πfx, f = {frequency}",
        reference="Barrow and Smith 1978, Asymptotic properties of best L2[0,1] approximation by "
        "splines with variable knots",
    )


@hookimpl
def ratelab_targets() -> Sequence[Family[Target]]:
    return [Family("sine", sine, "sin 2πfx")]
