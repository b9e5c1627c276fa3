"""The activations that networks of theory need: the identity, the powers ρ_r(x) = max(x, 0)^r, and by name the sine."""

import copyreg
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

from ratelab._errors import UserError
from ratelab.registry import Activation, PiecewisePolynomial

if TYPE_CHECKING:
    import torch

_ZERO = (Fraction(0),)


def _identity(x: "torch.Tensor") -> "torch.Tensor":
    return x


identity = Activation(
    "identity",
    _identity,
    regularity="piecewise polynomial",
    degree=1,
    pieces=PiecewisePolynomial((), ((Fraction(0), Fraction(1)),)),
    ball=lambda x: x,
    summary="x: a skip connection",
)

_NAMES = {1: "relu", 2: "relu2", 3: "relu3"}


@cache
def power(exponent: int) -> Activation:
    """Return ρ_r, r = `exponent` ≥ 0; ρ_0 is the Heaviside function, 1 at 0 (as the limit from the right).

    Raises
    ------
    UserError
        If the exponent is not a whole number from 0 to 20.
    """
    if exponent != int(exponent) or not 0 <= exponent <= 20:
        raise UserError(f"activation 'power': exponent is {exponent}; allowed: whole numbers from 0 to 20")
    r = int(exponent)
    monomial = (*[Fraction(0)] * r, Fraction(1))

    def function(x: "torch.Tensor") -> "torch.Tensor":
        return (x >= 0).to(x.dtype) if r == 0 else x.clamp(min=0) ** r

    def ball(x: Any) -> Any:
        # products, since python-flint's power of a ball with midpoint 0 is not a number
        positive = x.nonnegative_part()
        result = positive
        for _ in range(r - 1):
            result = result * positive
        return result

    return Activation(
        _NAMES.get(r, f"power(exponent={r})"),
        function,
        regularity="piecewise polynomial",
        degree=r,
        knots=(Fraction(0),),
        pieces=PiecewisePolynomial((Fraction(0),), (_ZERO, monomial)),
        ball=ball if r else None,
        reference="Gribonval, Kutyniok, Nielsen, Voigtlaender 2022",
        summary=f"max(x, 0)^{r}" if r != 1 else "max(x, 0)",
    )


def primitive(name: str) -> Activation | None:
    """Return the primitive of that label (identity, sine, relu, relu2, relu3, power(exponent=r)), or None."""
    from ratelab.networks._sine import sine
    from ratelab.registry import parse_label

    head, parameters = parse_label(name)
    if head == "identity":
        return identity
    if head == "sine" and not parameters:
        return sine
    for exponent, short in _NAMES.items():
        if head == short:
            return power(exponent)
    if head == "power" and set(parameters) <= {"exponent"}:
        return power(int(parameters.get("exponent", 1)))
    return None


def _named(activation: Activation) -> tuple[Any, tuple[str]]:
    return _restored, (activation.name,)


def _restored(name: str) -> Activation:
    from ratelab.networks._layers import resolve

    return resolve(name)


copyreg.pickle(Activation, _named)  # by name, as in storage: functions made inside others cannot be pickled
