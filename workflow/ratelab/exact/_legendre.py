"""Projection tables: from powers or raw moments on a cell to its Legendre coefficients, in balls."""

from fractions import Fraction
from functools import cache
from typing import Any

from flint import arb

from ratelab.networks._ball import ball


@cache
def legendre_powers(degree: int) -> tuple[tuple[Fraction, ...], ...]:
    """Coefficients of P_0 … P_degree in powers of their variable, ascending, by the three-term recursion."""
    rows = [(Fraction(1),), (Fraction(0), Fraction(1))]
    for k in range(1, degree):
        shifted = (Fraction(0), *rows[k])
        below = (*rows[k - 1], Fraction(0), Fraction(0))
        rows.append(
            tuple((Fraction(2 * k + 1) * a - k * b) / (k + 1) for a, b in zip(shifted, below, strict=True))
        )
    return tuple(rows[: degree + 1])


@cache
def power_table(degree: int, length: int, precision: int) -> tuple[tuple[tuple[int, Any], ...], ...]:
    """Non-zero (j, (2k+1)/2 ∫ P_k(s) s^j ds) for k = 0 … degree and j < length, as balls of that precision."""
    return tuple(
        tuple(
            (j, ball(value))
            for j in range(length)
            if (
                value := Fraction(2 * k + 1, 2)
                * sum((_monomial(i + j) * c for i, c in enumerate(row)), Fraction(0))
            )
        )
        for k, row in enumerate(legendre_powers(degree))
    )


@cache
def moment_table(degree: int, precision: int) -> tuple[tuple[tuple[int, Any], ...], ...]:
    """Non-zero (j, coefficient of s^j in (2k+1)/2 P_k), as balls of that precision."""
    return tuple(
        tuple((j, ball(Fraction(2 * k + 1, 2) * c)) for j, c in enumerate(row) if c)
        for k, row in enumerate(legendre_powers(degree))
    )


def apply(table: tuple[tuple[tuple[int, Any], ...], ...], values: list[Any]) -> list[Any]:
    """Each row of the table times the values."""
    return [sum((c * values[j] for j, c in row), arb(0)) for row in table]


def _monomial(power: int) -> Fraction:
    """∫_{-1}^1 s^power ds."""
    return Fraction(2, power + 1) if power % 2 == 0 else Fraction(0)
