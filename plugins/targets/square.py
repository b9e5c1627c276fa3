"""x² on [0, 1]: n linear pieces reach exactly n**-2 / sqrt(180) in L2, on equispaced knots."""

from collections.abc import Sequence
from fractions import Fraction
from math import inf

from ratelab import SelfSimilar, Smoothness, Target, hookimpl
from ratelab.registry import PiecewisePolynomial

_SQUARE = PiecewisePolynomial((), ((Fraction(0), Fraction(0), Fraction(1)),))


@hookimpl
def ratelab_targets() -> Sequence[Target]:
    return [
        Target(
            "square",
            lambda x: x[:, 0] ** 2,
            pieces=_SQUARE,
            smoothness=Smoothness(analytic=True, mean_square=inf, source="polynomial"),
            self_similar=SelfSimilar((Fraction(0), Fraction(1, 2)), Fraction(1, 2), 2.0, (False, True)),
            summary="x²",
            reference="Yarotsky 2017, Error bounds for approximations with deep ReLU networks",
        )
    ]
