"""The product x_1 ⋯ x_d on [0, 1]^d, which networks of max(x, 0)^r, r ≥ 2, compute exactly."""

from collections.abc import Sequence
from fractions import Fraction

from ratelab import Family, Smoothness, Target, UserError, hookimpl
from ratelab.networks import TensorProduct
from ratelab.registry import PiecewisePolynomial

_LARGEST = 16


def product(dimension: int = 2) -> Target:
    if not 2 <= dimension <= _LARGEST:
        raise UserError(f"target 'product': dimension is {dimension}; allowed: 2 to {_LARGEST}")
    variable = PiecewisePolynomial((), ((Fraction(0), Fraction(1)),))
    return Target(
        "product",
        TensorProduct((variable,) * dimension),
        domain=((0.0, 1.0),) * dimension,
        smoothness=Smoothness(analytic=True, source="polynomial"),
        summary=f"x_1 ⋯ x_d, d = {dimension}",
        reference="Yarotsky 2017, Error bounds for approximations with deep ReLU networks",
    )


@hookimpl
def ratelab_targets() -> Sequence[Family[Target]]:
    return [Family("product", product, "x_1 ⋯ x_d on [0, 1]^d")]
