"""Float64 arrays with bounds of their errors; a bound of 0 means exact."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
UNIT = 2.0**-53
SMALLEST, LARGEST = 1e-120, 1e120
"""Moduli between which a product of two numbers with a unit roundoff neither underflows nor overflows."""


@dataclass(frozen=True, eq=False)
class Bounded:
    """Numbers and bounds of their distance from the exact ones, arrays of one shape."""

    value: Array
    error: Array

    def __getitem__(self, key: Any) -> "Bounded":
        """Return a part."""
        return Bounded(self.value[key], self.error[key])

    def place(self, rows: Any, other: "Bounded") -> None:
        """Overwrite rows."""
        self.value[rows] = other.value
        self.error[rows] = other.error

    @staticmethod
    def zeros(*shape: int) -> "Bounded":
        """Return exact zeros."""
        return Bounded(np.zeros(shape), np.zeros(shape))

    @staticmethod
    def join(*parts: "Bounded") -> "Bounded":
        """Put columns side by side."""
        return Bounded(
            np.concatenate([p.value for p in parts], axis=1), np.concatenate([p.error for p in parts], axis=1)
        )

    @property
    def zero(self) -> NDArray[np.bool_]:
        """Where the number is proved to be 0."""
        return np.asarray((self.value == 0) & (self.error == 0))

    def safe(self) -> bool:
        """Return whether no number is so small or large that a product could leave float64's normal range.

        Raises
        ------
        FloatingPointError
            If a number is not finite.
        """
        size = np.abs(self.value)
        top = float(size.max(initial=0.0)) + float(self.error.max(initial=0.0))
        if not np.isfinite(top):
            raise FloatingPointError
        return top <= LARGEST and not ((size < SMALLEST) & (size > 0)).any()


def product(points: Bounded, weight: Any, absolute: Any) -> Bounded:
    """Return points · weightᵀ; the weights may be rounded, zeros among them are exact.

    A scalar product of n terms is off by at most n u / (1 - n u) times that of the moduli, in any order of summation;
    rounded weights add u. The constant n + 8 with the factor 1.1 leaves room for the rounding of the bound.
    """
    unit = 1.1 * (weight.shape[1] + 8) * UNIT
    error = (1 + 2 * unit) * points.error + unit * np.abs(points.value)
    return Bounded(points.value @ weight.T, error @ absolute.T)


def shifted(values: Bounded, bias: Array, bias_error: Array) -> Bounded:
    """Return rows plus a bias; adding to 0 rounds nothing."""
    result = values.value + bias
    error = values.error + np.where(values.value != 0, UNIT * np.abs(result), 0.0) * 2 + bias_error
    return Bounded(result, np.where(error > values.error, error * (1 + 8 * UNIT), error))


def between(base: Bounded, other: Bounded, t: Bounded, ray: NDArray[np.bool_]) -> Bounded:
    """Return base + t · (other - base), or base + t · other on rays: affine functions at the exact t."""
    position, off = t.value[:, None], t.error[:, None]
    finite = ~ray[:, None]
    step = np.where(finite, other.value - base.value, other.value)
    value = base.value + position * step
    length = np.abs(step) + other.error + np.where(finite, base.error, 0.0)
    error = np.where(finite, 1 - position, 1.0) * base.error + position * other.error + off * length
    error += 4 * UNIT * (np.abs(base.value) + position * np.abs(step))
    return Bounded(value, error * (1 + 16 * UNIT))


def crossing(base: Bounded, other: Bounded, ray: NDArray[np.bool_]) -> Bounded:
    """Return where functions of opposite signs at base and other are zero: part of the edge, or distance on a ray.

    With a = |base| ± e and c = |other| ± f the exact a/(a + c) differs from the computed one by at most
    (e c + a f) / ((a + c)(a + c - e - f)), and a/c by at most (e + f a/c) / (c - f).
    """
    a, c = np.abs(base.value), np.abs(other.value)
    e, f = base.error, other.error
    whole = np.where(ray, c, a + c)
    t = a / whole
    error = np.where(ray, (e + t * f) / (c - f), (e * c + a * f) / (whole * (whole - e - f)))
    return Bounded(t, error * (1 + 32 * UNIT) + 4 * UNIT * t)
