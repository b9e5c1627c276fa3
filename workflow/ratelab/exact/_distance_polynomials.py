"""Polynomials of two variables in rationals, and integrals of polynomials over triangles."""

from collections.abc import Mapping, Sequence
from math import factorial
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mpoly_ctx
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks import fraction, rational

_CONTEXT = fmpq_mpoly_ctx.get(("u", "v", "w"), "lex")
WEIGHTS = _CONTEXT.gens()
ONE = sum(WEIGHTS[1:], WEIGHTS[0])
"""The barycentric coordinates u, v, w of a triangle; their sum is 1."""

Corner = tuple[fmpq, fmpq]


class Polynomial2:
    """A polynomial of two variables, Σ c_ij x^i y^j, with rational coefficients.

    Parameters
    ----------
    coefficients
        {(i, j): c_ij}; floats are taken as the dyadic numbers that they are.

    Raises
    ------
    UserError
        If a key is no pair of exponents or a value no finite number.
    """

    def __init__(self, coefficients: Mapping[tuple[int, int], Any]) -> None:
        self.coefficients: dict[tuple[int, int], fmpq] = {}
        for key, value in coefficients.items():
            if not (
                isinstance(key, tuple) and len(key) == 2 and all(isinstance(e, int) and e >= 0 for e in key)
            ):
                raise UserError(f"coefficients have keys (i, j), the exponents of x and y; found {key!r}")
            try:
                number = rational(value)
            except (TypeError, ValueError, OverflowError, UserError):
                raise UserError(f"the coefficient of {key} is {value!r}; allowed: finite numbers") from None
            if number:
                self.coefficients[key] = number

    @property
    def degree(self) -> int:
        """Largest i + j with a non-zero coefficient (0 for constants)."""
        return max((i + j for i, j in self.coefficients), default=0)

    def __call__(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values (m,) at float64 points (m, 2)."""
        points = np.asarray(x, dtype=np.float64)
        result = np.zeros(len(points))
        for (i, j), c in self.coefficients.items():
            result += float(fraction(c)) * points[:, 0] ** i * points[:, 1] ** j
        return result

    def __repr__(self) -> str:
        return f"Polynomial2({ {key: str(c) for key, c in self.coefficients.items()} })"


def linear_on(values: Sequence[fmpq]) -> Any:
    """Return the affine function with these values at a triangle's corners, in barycentric coordinates."""
    return sum((w * v for w, v in zip(WEIGHTS, values, strict=True)), 0 * WEIGHTS[0])


def polynomial_on(polynomial: Polynomial2, triangle: Sequence[Corner]) -> Any:
    """Return a polynomial on a triangle in barycentric coordinates, all terms of its degree."""
    x, y = (linear_on([corner[axis] for corner in triangle]) for axis in range(2))
    degree = polynomial.degree
    result = 0 * WEIGHTS[0]
    for (i, j), c in polynomial.coefficients.items():
        result += c * x**i * y**j * ONE ** (degree - i - j)
    return result


def doubled_area(triangle: Sequence[Corner]) -> fmpq:
    """Return twice the area of a triangle."""
    (ax, ay), (bx, by), (cx, cy) = triangle
    return abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay))


def integral(barycentric: Any, triangle: Sequence[Corner]) -> fmpq:
    """Return the integral over a triangle: u^a v^b w^c gives 2·area · a! b! c! / (a + b + c + 2)!."""
    total = fmpq(0)
    for (a, b, c), value in barycentric.to_dict().items():
        a, b, c = int(a), int(b), int(c)
        total += value * fmpq(factorial(a) * factorial(b) * factorial(c), factorial(a + b + c + 2))
    return total * doubled_area(triangle)


def linear_power_integral(values: Sequence[fmpq], p: int, triangle: Sequence[Corner]) -> fmpq:
    """Return the integral of the p-th power of the affine function with these values at the corners.

    It is 2·area · p!/(p + 2)! times the complete homogeneous symmetric polynomial of degree p.
    """
    sums = [fmpq(1)] + [fmpq(0)] * p
    for value in values:
        for k in range(1, p + 1):
            sums[k] += value * sums[k - 1]
    return sums[p] * doubled_area(triangle) / ((p + 1) * (p + 2))


def bernstein(barycentric: Any, degree: int) -> list[fmpq]:
    """Return the Bernstein coefficients of a homogeneous polynomial: on the triangle it lies between them."""
    terms = barycentric.to_dict()
    result = []
    for a in range(degree + 1):
        for b in range(degree - a + 1):
            c = degree - a - b
            share = fmpq(factorial(a) * factorial(b) * factorial(c), factorial(degree))
            result.append(terms.get((a, b, c), fmpq(0)) * share)
    return result
