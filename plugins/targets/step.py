"""The jump 1_{x > at}: its L2 error of best approximation is 0 from two ReLU neurons on, and not attained."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from ratelab import Family, Smoothness, Target, UserError, hookimpl
from ratelab.registry import PiecewisePolynomial


def step(at: int | float | Fraction = Fraction(1, 3)) -> Target:
    if not 0 < at < 1:
        raise UserError(f"target 'step': at is {at}; allowed: 0 < at < 1")
    jump = Fraction(at)
    # smallest float that is not left of the jump, so that floats and rationals agree everywhere
    first = float(jump) if Fraction(float(jump)) >= jump else float(np.nextafter(float(jump), 1.0))
    return Target(
        "step",
        lambda x: np.where(x[:, 0] >= first, 1.0, 0.0),
        singular_points=(at if isinstance(at, float) else jump,),
        pieces=PiecewisePolynomial((jump,), ((Fraction(0),), (Fraction(1),))),
        smoothness=Smoothness(
            hoelder=0.0, besov_uniform=0.0, mean_square=0.5, source="piecewise constant with one jump"
        ),
        summary=f"1 right of {at}, 0 left of it",
        reference="Gribonval, Kutyniok, Nielsen and Voigtlaender 2022, Approximation spaces "
        "of deep neural networks",
    )


@hookimpl
def ratelab_targets() -> Sequence[Family[Target]]:
    return [Family("step", step, "1_{x > at}, one jump")]
