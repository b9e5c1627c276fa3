"""The cusp |x − at|^exponent on [0, 1]: singular at an inner point."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import comb, inf
from typing import Any

import numpy as np
from flint import arb, fmpq

from ratelab import Family, Smoothness, Target, UserError, hookimpl
from ratelab.registry import PiecewisePolynomial, integrals

Number = int | float | Fraction


def cusp(exponent: Number = 0.5, at: Number = Fraction(1, 3)) -> Target:
    if not 0 < exponent <= 20:
        raise UserError(f"target 'cusp': exponent is {exponent}; allowed: 0 < exponent <= 20")
    if not 0 <= at <= 1:
        raise UserError(f"target 'cusp': at is {at}; allowed: 0 <= at <= 1")
    power, centre = Fraction(exponent), Fraction(at)
    # the correction is what rounding `at` to a float lost
    nearest, correction = float(centre), float(centre - Fraction(float(centre)))
    polynomial = power.denominator == 1
    smooth = polynomial and power % 2 == 0
    moments, energy = (None, None) if polynomial else integrals(_antiderivatives(power, centre), bound=1.0)
    return Target(
        "cusp",
        lambda x: np.abs((x[:, 0] - nearest) - correction) ** float(power),
        singular_points=() if smooth else (at if isinstance(at, float) else centre,),
        enclosure=None if polynomial else _enclosure(power, centre),
        moments=moments,
        energy=energy,
        pieces=_pieces(int(power), centre) if polynomial else None,
        smoothness=Smoothness(
            hoelder=min(1.0, float(power)),
            analytic=smooth,
            mean_square=inf if smooth or (polynomial and centre in (0, 1)) else float(power) + 0.5,
            source="polynomial" if smooth else "algebraic singularity at one point",
        ),
        summary=f"|x − {at}|^{exponent}",
        reference="DeVore 1998, Nonlinear approximation",
    )


def _pieces(power: int, centre: Fraction) -> PiecewisePolynomial:
    right = tuple(comb(power, k) * (-centre) ** (power - k) for k in range(power + 1))
    left = tuple((-1) ** power * value for value in right)
    if power % 2 == 0:
        return PiecewisePolynomial((), (right,))
    return PiecewisePolynomial((centre,), (left, right))


def _rational(value: Fraction) -> Any:
    return fmpq(value.numerator, value.denominator)


def _enclosure(power: Fraction, centre: Fraction) -> Callable[[Any], Any]:
    exponent, point = _rational(power), _rational(centre)

    def enclosure(x: Any) -> Any:
        t = x - point
        value = t if isinstance(t, arb) else t[0]
        if value > 0:
            return (t.log() * exponent).exp()
        if value < 0:
            return ((-t).log() * exponent).exp()
        if isinstance(t, arb):
            return arb(0).union(t.abs_upper() ** arb(exponent))
        return t.log()  # not a number: a series across the singular point has no enclosure

    return enclosure


def _antiderivatives(power: Fraction, centre: Fraction) -> Callable[[Any, int], Sequence[Any]]:
    """∫ t^k |t − c|^a dt by the binomial expansion of t = c + (t − c)."""
    point, first, second = _rational(centre), _rational(power + 1), _rational(2 * power + 1)

    def antiderivatives(x: Any, degree: int) -> list[Any]:
        t, c = x - point, arb(point)
        signed = _signed_power(t, arb(first))
        shifted = []
        for j in range(degree + 1):
            shifted.append(signed / arb(first + j))
            signed = signed * t
        powers = [arb(1)]
        for _ in range(degree):
            powers.append(powers[-1] * c)
        values = [
            sum((comb(k, j) * powers[k - j] * shifted[j] for j in range(k + 1)), arb(0))
            for k in range(degree + 1)
        ]
        return [*values, _signed_power(t, arb(second)) / arb(second)]

    return antiderivatives


def _signed_power(t: Any, exponent: Any) -> Any:
    """Return sign(t) |t|^exponent."""
    if t > 0:
        return t**exponent
    if t < 0:
        return -((-t) ** exponent)
    largest = t.abs_upper() ** exponent
    return largest.union(-largest)


@hookimpl
def ratelab_targets() -> Sequence[Family[Target]]:
    return [Family("cusp", cusp, "|x − at|^exponent, singular at one point")]
