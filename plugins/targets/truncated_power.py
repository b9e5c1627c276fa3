"""The truncated power (x − at)_+^k on [0, 1]: a limit of networks of max(x, 0)^(k + 1), and reached by none."""

from collections.abc import Sequence
from fractions import Fraction
from math import comb

import numpy as np
from numpy.typing import NDArray

from ratelab import Family, Smoothness, Target, UserError, hookimpl
from ratelab.registry import PiecewisePolynomial

_LARGEST = 12


def truncated_power(exponent: int = 1, at: int | float | Fraction = Fraction(1, 3)) -> Target:
    if not 0 <= exponent <= _LARGEST:
        raise UserError(f"target 'truncated_power': exponent is {exponent}; allowed: 0 to {_LARGEST}")
    if not 0 < at < 1:
        raise UserError(f"target 'truncated_power': at is {at}; allowed: 0 < at < 1")
    knot = Fraction(at)
    nearest, lost = float(knot), float(knot - Fraction(float(knot)))
    right = tuple(comb(exponent, k) * (-knot) ** (exponent - k) for k in range(exponent + 1))

    def function(x: NDArray[np.float64]) -> NDArray[np.float64]:
        # floats left of the knot, itself no float, are those up to its nearest one if that was rounded down
        distance = (x[:, 0] - nearest) - lost
        return np.where(distance >= 0, np.maximum(distance, 0.0) ** exponent, 0.0)

    return Target(
        "truncated_power",
        function,
        singular_points=(at if isinstance(at, float) else knot,),
        pieces=PiecewisePolynomial((knot,), ((Fraction(0),), right)),
        smoothness=Smoothness(
            hoelder=min(1.0, float(exponent)),
            besov_uniform=None if exponent else 0.0,
            mean_square=exponent + 0.5,
            source="piecewise polynomial with one knot",
        ),
        summary=f"(x − {at})_+^{exponent}",
        reference="DeVore and Popov 1988, Interpolation of Besov spaces",
    )


@hookimpl
def ratelab_targets() -> Sequence[Family[Target]]:
    return [Family("truncated_power", truncated_power, "(x − at)_+^exponent, one knot")]
