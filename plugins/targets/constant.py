"""A constant on [0, 1]^d: its modulus of continuity vanishes, and any error is an error of the method."""

from collections.abc import Sequence
from fractions import Fraction
from math import inf

from ratelab import Family, Smoothness, Target, UserError, hookimpl
from ratelab.networks import TensorProduct
from ratelab.registry import PiecewisePolynomial

_LARGEST = 1_000_000


def constant(value: int | float | Fraction = Fraction(1, 2), dimension: int = 1) -> Target:
    if dimension not in (1, 2, 3):
        raise UserError(f"target 'constant': dimension is {dimension}; allowed: 1, 2, 3")
    if not abs(value) <= _LARGEST:
        raise UserError(f"target 'constant': value is {value}; allowed: -{_LARGEST} to {_LARGEST}")
    own, one = (PiecewisePolynomial((), ((v,),)) for v in (Fraction(value), Fraction(1)))
    return Target(
        "constant",
        TensorProduct((own,) + (one,) * (dimension - 1)),
        domain=((0.0, 1.0),) * dimension,
        pieces=own if dimension == 1 else None,
        smoothness=Smoothness(analytic=True, mean_square=inf, source="constant"),
        summary=f"{value}, d = {dimension}",
        reference="the trivial case",
    )


@hookimpl
def ratelab_targets() -> Sequence[Family[Target]]:
    return [Family("constant", constant, "a constant on [0, 1]^d, d = 1, 2 or 3")]
