"""Exact numbers: rationals (dyadic ones among them) as python-flint's fmpq, and how others become one."""

from fractions import Fraction
from typing import Any

import numpy as np
from flint import arf, fmpq, fmpz
from numpy.typing import NDArray

from ratelab._errors import UserError

Exact = NDArray[np.object_]
"""Arrays of fmpq."""


_WHOLE = 2**53
"""Integers up to here are float64 numbers."""


def rational(value: Any) -> fmpq:
    """Return a number as an exact rational; floats and arf are dyadic, so nothing is rounded.

    Parameters
    ----------
    value
        int, float (NumPy's too), Fraction, fmpz, fmpq, arf, or a text such as ``1/3``.

    Raises
    ------
    UserError
        If it is no finite number of these types.
    """
    if isinstance(value, fmpq):
        return value
    if isinstance(value, float | np.floating):
        if not np.isfinite(value):
            raise UserError(f"{value} is no finite number")
        numerator, denominator = float(value).as_integer_ratio()
        return fmpq(numerator, denominator)
    if isinstance(value, int | np.integer):
        return fmpq(int(value))
    if isinstance(value, fmpz):
        return fmpq(value)
    if isinstance(value, Fraction):
        return fmpq(value.numerator, value.denominator)
    if isinstance(value, str):
        try:
            return rational(Fraction(value))
        except (ValueError, ZeroDivisionError):
            raise UserError(f"'{value}' is no exact number; write a ratio such as 1/3") from None
    if isinstance(value, arf):
        if not value.is_finite():
            raise UserError(f"{value} is no finite number")
        mantissa, exponent = value.man_exp()
        return dyadic(int(mantissa), int(exponent))
    raise UserError(
        f"{value!r} is no exact number; allowed: int, float, Fraction, and python-flint's fmpz, fmpq, arf"
    )


def dyadic(mantissa: int | fmpz, exponent: int) -> fmpq:
    """Return mantissa · 2**exponent, exactly, for integers of any size."""
    if exponent >= 0:
        return fmpq(fmpz(mantissa) << exponent)
    return fmpq(fmpz(mantissa), fmpz(1) << -exponent)


def fraction(value: fmpq) -> Fraction:
    """Return a rational as Python's Fraction."""
    return Fraction(int(value.p), int(value.q))


def exact_array(values: Any) -> Exact:
    """Return an array of numbers as an array of fmpq of the same shape."""
    given = np.asarray(values, dtype=object)
    result = np.empty(given.shape, dtype=object)
    for index, value in np.ndenumerate(given):
        result[index] = rational(value)
    return result


def float_array(values: Exact) -> NDArray[np.float64]:
    """Return rationals as the nearest float64 numbers.

    Raises
    ------
    UserError
        If one of them is larger than float64 holds.
    """
    result = np.empty(values.shape)
    for index, value in np.ndenumerate(values):
        try:
            result[index] = int(value.p) / int(value.q)
        except OverflowError:
            raise UserError("a weight is larger than float64 holds; evaluate exactly or in balls") from None
    return result


def is_exact(values: Any) -> bool:
    """Return whether a nested list or array holds rationals: any entry that is neither a float nor a small int."""
    if isinstance(values, np.ndarray) and values.dtype != object:
        return False
    given = np.asarray(values, dtype=object)
    return any(
        isinstance(value, Fraction | fmpq | fmpz | arf) or (isinstance(value, int) and abs(value) > _WHOLE)
        for value in given.flat
    )


def text(value: fmpq) -> str:
    """Return a rational as text: ``mantissa*2^exponent`` if it is dyadic and no integer, else ``p/q`` or ``p``."""
    denominator = value.q
    bits = denominator.bit_length() - 1
    if bits and denominator == fmpz(1) << bits:
        return f"{value.p}*2^-{bits}"
    return str(value)


def parse(number: str) -> fmpq:
    """Return the rational that `text` wrote.

    Raises
    ------
    UserError
        If it is no such text.
    """
    try:
        mantissa, power, exponent = number.partition("*2^")
        if power:
            return dyadic(fmpz(mantissa), int(exponent))
        numerator, slash, denominator = number.partition("/")
        return fmpq(fmpz(numerator), fmpz(denominator) if slash else 1)
    except (ValueError, ZeroDivisionError):
        raise UserError(f"'{number[:40]}' is no rational number") from None
