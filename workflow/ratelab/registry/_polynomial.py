"""Piecewise polynomials with rational data: the exact side of activations and targets."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class PiecewisePolynomial:
    """Polynomials between knots, in exact rationals.

    Parameters
    ----------
    knots
        Strictly increasing, length K; piece i holds on [knots[i-1], knots[i]), the outer pieces reach to
        the ends of the domain (or of the line).
    coefficients
        K + 1 tuples; ``coefficients[i][k]`` belongs to x**k.
    """

    knots: tuple[Fraction, ...]
    coefficients: tuple[tuple[Fraction, ...], ...]

    def __post_init__(self) -> None:
        """Check shapes and order."""
        if len(self.coefficients) != len(self.knots) + 1:
            raise ValueError(f"{len(self.knots)} knots need {len(self.knots) + 1} polynomials")
        if any(b <= a for a, b in zip(self.knots, self.knots[1:], strict=False)):
            raise ValueError("knots must increase strictly")

    @property
    def degree(self) -> int:
        """Largest exponent with a non-zero coefficient, over all pieces (0 for constants)."""
        return max((k for c in self.coefficients for k, value in enumerate(c) if value), default=0)

    def __call__(self, x: Fraction) -> Fraction:
        """Value at a rational point (from the right at a knot)."""
        result = Fraction(0)
        for value in reversed(self.coefficients[bisect_right(self.knots, x)]):
            result = result * x + value
        return result

    def evaluate(self, x: "NDArray[np.float64]", derivative: int = 0) -> "NDArray[np.float64]":
        """Values (or those of a derivative, taken from the right at knots) at float64 points of any shape."""
        import numpy as np

        pieces = [[float(value) for value in _differentiate(c, derivative)] for c in self.coefficients]
        if len(self.knots) == 1 and not self.knots[0] and not any(pieces[0]) and pieces[1] == [0.0, 1.0]:
            return np.maximum(x, 0.0)  # most neurons
        result = _horner(pieces[0], x)
        for knot, coefficients in zip(self.knots, pieces[1:], strict=True):
            result = np.where(x >= float(knot), _horner(coefficients, x), result)
        if np.isnan(x).any():
            result = np.where(np.isnan(x), np.nan, result)
        return result.copy() if result is x else result

    def jumps(self, index: int) -> tuple[Fraction, ...]:
        """Jumps of value, first, second … derivative at ``knots[index]``, up to the degree."""
        t = self.knots[index]
        left, right = self.coefficients[index], self.coefficients[index + 1]
        count = max(len(left), len(right))
        difference = [
            (right[k] if k < len(right) else Fraction(0)) - (left[k] if k < len(left) else Fraction(0))
            for k in range(count)
        ]
        result = []
        factorial = 1
        for order in range(count):
            factorial *= max(order, 1)
            shifted = sum(
                (difference[k] * comb(k, order) * t ** (k - order) for k in range(order, count)), Fraction(0)
            )
            result.append(factorial * shifted)
        return tuple(result)


def _horner(coefficients: Sequence[float], x: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Value of a polynomial, skipping what multiplies by 1 or adds 0."""
    import numpy as np

    while len(coefficients) > 1 and coefficients[-1] == 0:
        coefficients = coefficients[:-1]
    if len(coefficients) == 1:
        return np.full_like(x, coefficients[0])
    value = x if coefficients[-1] == 1 else coefficients[-1] * x
    for coefficient in coefficients[-2:0:-1]:
        value = (value + coefficient if coefficient else value) * x
    return value + coefficients[0] if coefficients[0] else value


def _differentiate(coefficients: Sequence[Fraction], times: int) -> list[Fraction]:
    result = list(coefficients) or [Fraction(0)]
    for _ in range(times):
        result = [k * value for k, value in enumerate(result)][1:] or [Fraction(0)]
    return result
