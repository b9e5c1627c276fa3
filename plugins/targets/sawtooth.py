"""The sawtooth Δ_j on [0, 1]: 2^(j−1) teeth between 0 and 1, the j-fold composition of a tent."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ratelab import Family, Smoothness, Target, UserError, hookimpl
from ratelab.registry import PiecewisePolynomial


def sawtooth(levels: int = 6) -> Target:
    if not 1 <= levels <= 16:
        raise UserError(f"target 'sawtooth': levels is {levels}; allowed: 1 to 16")
    pieces = 2**levels

    def function(x: NDArray[np.float64]) -> NDArray[np.float64]:
        place = np.mod(x[:, 0] * (pieces // 2), 1.0)  # by a power of two, so nothing is rounded
        return 1.0 - np.abs(2.0 * place - 1.0)

    rows = tuple(
        (Fraction(-i), Fraction(pieces)) if i % 2 == 0 else (Fraction(i + 1), Fraction(-pieces))
        for i in range(pieces)
    )
    return Target(
        "sawtooth",
        function,
        pieces=PiecewisePolynomial(tuple(Fraction(i, pieces) for i in range(1, pieces)), rows),
        singular_points=tuple(Fraction(i, pieces) for i in range(1, pieces)),
        smoothness=Smoothness(source=f"{pieces} linear pieces", mean_square=1.5),
        summary=f"Δ_{levels}: {pieces} pieces of slope ±{pieces}",
        reference="Telgarsky 2015, Representation benefits of deep feedforward networks",
    )


@hookimpl
def ratelab_targets() -> Sequence[Family[Target]]:
    return [Family("sawtooth", sawtooth, "Δ_j: 2^j linear pieces between 0 and 1")]
