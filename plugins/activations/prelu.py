"""The parametric rectified linear unit: x for x ≥ 0, slope · x for x < 0."""

from collections.abc import Sequence
from fractions import Fraction
from math import isfinite
from typing import TYPE_CHECKING, Any

from ratelab import Activation, Family, UserError, hookimpl
from ratelab.registry import PiecewisePolynomial

if TYPE_CHECKING:
    import torch


def prelu(slope: int | float | Fraction = 0.25) -> Activation:
    if not isfinite(slope) or slope == 1:
        raise UserError(f"activation 'prelu': slope is {slope}; allowed: a finite number other than 1")
    exact, rounded = Fraction(slope), float(slope)

    def function(x: "torch.Tensor") -> "torch.Tensor":
        return x.where(x >= 0, rounded * x)

    def ball(x: Any) -> Any:
        negative = (-x).nonnegative_part() * exact.numerator / exact.denominator
        return x.nonnegative_part() - negative

    return Activation(
        "prelu",
        function,
        regularity="piecewise polynomial",
        degree=1,
        knots=(Fraction(0),),
        pieces=PiecewisePolynomial((Fraction(0),), ((Fraction(0), exact), (Fraction(0), Fraction(1)))),
        ball=ball,
        reference="He, Zhang, Ren and Sun 2015, Delving deep into rectifiers",
        summary=f"max(x, 0) + {slope} · min(x, 0)",
    )


@hookimpl
def ratelab_activations() -> Sequence[Family[Activation]]:
    return [Family("prelu", prelu, "max(x, 0) + slope · min(x, 0)")]
