"""Sums of powers of consecutive whole numbers, finite and infinite, to the last few bits at any length.

A few first terms are added one by one; the others follow from Euler and Maclaurin's formula, whose remainder lies below
rounding because the first of its terms is large compared with the exponent. Sums are scaled by a term of their own,
so that nothing overflows.
"""

from fractions import Fraction
from math import ceil, exp, factorial, floor, fsum, log

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

_BERNOULLI = tuple(
    float(Fraction(p, q) / factorial(2 * k))
    for k, (p, q) in enumerate(
        ((1, 6), (-1, 30), (1, 42), (-1, 30), (5, 66), (-691, 2730), (7, 6), (-3617, 510)), start=1
    )
)
"""B_2k / (2k)!, k = 1 … 8."""

_NEGLIGIBLE = 100.0
"""e^−100 times a number of terms below 10^18 is nothing beside 1."""


def power_sums(a: ArrayLike, b: ArrayLike, exponent: float) -> Array:
    """Return Σ_{n=a+1}^{b} (n/b)^(exponent−1), elementwise; 0 where b ≤ a.

    The relative error is about 1e-15·max(1, exponent), for whole numbers up to 10^18.

    Parameters
    ----------
    a, b
        Whole numbers 0 ≤ a, of one shape.
    exponent
        At least 0; given instead of exponent − 1, from which small ones would be lost to rounding.
    """
    low, high = np.broadcast_arrays(np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64))
    power = exponent - 1
    direct = _first_term(power)
    start = np.floor(low)
    if power > 0:  # terms that are negligible beside the last one
        start = np.maximum(start, np.floor(high * exp(-_NEGLIGIBLE / power)))
    total = np.zeros(low.shape)
    for index in np.ndindex(low.shape):
        first, last = float(start[index]) + 1, min(float(high[index]), direct)
        if first <= last:
            terms = (np.arange(first, last + 1) / high[index]) ** power
            total[index] = fsum(terms.tolist())
    begin = np.maximum(start + 1, direct + 1)
    rest = begin <= high
    if rest.any():
        total[rest] += _euler_maclaurin(begin[rest], high[rest], exponent)
    return total


def _first_term(power: float) -> float:
    return 16.0 + ceil(3 * abs(power))


def _euler_maclaurin(a: Array, b: Array, exponent: float) -> Array:
    """Σ_{n=a}^{b} (n/b)^(exponent−1) for large a."""
    power, share = exponent - 1, a / b
    logarithm = np.where(share > 0.5, np.log1p((a - b) / b), np.log(share))
    integral = b * (-np.expm1(exponent * logarithm) / exponent if exponent > 0 else -logarithm)
    first = np.exp(power * logarithm)
    total = (first + 1) / 2
    falling = power
    for k, factor in enumerate(_BERNOULLI, start=1):
        order = 2 * k - 1
        total += factor * falling * (b**-order - first * a**-order)
        falling *= (power - order) * (power - order - 1)
    return np.asarray(integral + total)


def infinite_power_sum(first: float, excess: float) -> float:
    """Return Σ_{n≥first} (n/first)^(−1−excess), for a first term that is large compared with the exponent.

    Parameters
    ----------
    first
        At least 16 + 3·(1 + excess).
    excess
        Above 0; given instead of 1 + excess, from which small ones would be lost to rounding.
    """
    power = 1 + excess
    total, rising = 0.5, power
    for k, factor in enumerate(_BERNOULLI, start=1):
        order = 2 * k - 1
        total += factor * rising * first**-order
        rising *= (power + order) * (power + order + 1)
    return first / excess + total


_TERMS = 16
"""Of the binomial series in the shift."""


def log_shifted_power_sum(first: int, alpha: float, beta: float, shift: float, q: float) -> float:
    """Return log Σ_{m≥first} ((m+1)/(first+1))^(αq−1)·((m+shift)/(first+shift))^(−βq), for β > α.

    Beyond some first terms (m + shift)^(−βq) is a binomial series in x = (shift − 1)/(m + 1), |βq·x| ≤ 1/8, cut at 16
    terms; each leaves a sum of powers of m + 1.

    Parameters
    ----------
    first
        Whole, at least 0, with first + shift > 0.
    """
    power, decay, excess = alpha * q - 1, beta * q, (beta - alpha) * q
    reach = 8 * abs(shift - 1) * max(1.0, decay)
    begin = max(first, floor(max(_first_term(1 + excess) + 3 * _TERMS, reach)))
    steps = np.arange(begin - first + 1, dtype=np.float64)
    logarithms = power * np.log1p(steps / (first + 1)) - decay * np.log1p(steps / (first + shift))
    largest = float(logarithms.max())
    terms = np.exp(logarithms - largest)
    x = (shift - 1) / (begin + 1)
    series, coefficient = [], 1.0
    for j in range(_TERMS if x else 1):
        series.append(coefficient * infinite_power_sum(begin + 1.0, excess + j))
        coefficient *= -(decay + j) / (j + 1) * x
    rest = float(terms[-1]) * (1 + x) ** decay * fsum(series)
    return largest + log(fsum([*terms[:-1].tolist(), rest]))
