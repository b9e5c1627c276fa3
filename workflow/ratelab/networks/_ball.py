"""Balls (python-flint's arb): numbers as balls, and activations on balls."""

from collections.abc import Callable
from typing import Any

from flint import arb

from ratelab._errors import UserError
from ratelab.networks._numbers import rational
from ratelab.networks._powers import identity
from ratelab.registry import Activation, PiecewisePolynomial


def ball(value: Any) -> arb:
    """Return a number as a ball that contains it: exact, or rounded outward to the working precision."""
    return value if isinstance(value, arb) else arb(rational(value))


def apply_ball(activation: Activation, value: arb) -> arb:
    """Return a ball that contains the activation's values on a ball.

    Raises
    ------
    UserError
        If the activation has neither `ball` nor exact pieces.
    """
    if activation is identity:
        return value
    if activation.ball is not None:
        return arb(activation.ball(value))
    if activation.polynomial is None:
        raise UserError(
            f"activation '{activation.name}' declares no 'ball', so it has no evaluation in balls; "
            "give the plugin one"
        )
    return on_pieces(activation.polynomial, value)


def increasing_ball(left: Callable[[Any], Any], right: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return the `ball` of an increasing activation that is `left` below 0 and `right` from 0 on.

    A ball's image is spanned by the images of its ends. Power series (``arb_series``) are mapped too where they begin
    on one side of 0; across it the result is not a number.

    Parameters
    ----------
    left, right
        Map ``arb`` and ``arb_series``.
    """

    def image(x: Any) -> Any:
        if isinstance(x, arb):
            low, high = (right(end) if end >= 0 else left(end) for end in (arb(x.lower()), arb(x.upper())))
            return low.union(high)
        if x[0] >= 0:
            return right(x)
        return left(x) if x[0] <= 0 else x.log()  # not a number

    return image


def on_pieces(polynomial: PiecewisePolynomial, value: arb) -> arb:
    """Return a ball that contains a piecewise polynomial's values on a ball: the union over the pieces it touches."""
    knots = [ball(t) for t in polynomial.knots]
    if not value.is_finite():
        return arb("nan")
    result: arb | None = None
    for index, coefficients in enumerate(polynomial.coefficients):
        if index and value < knots[index - 1]:
            break
        if index < len(knots) and value >= knots[index]:
            continue
        total = arb(0)
        for coefficient in reversed(coefficients):
            total = total * value + ball(coefficient)
        result = total if result is None else result.union(total)
    assert result is not None
    return result
