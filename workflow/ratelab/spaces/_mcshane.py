"""Lipschitz functions from samples: extension by McShane's formula, the least constant, the diameter of a support."""

from dataclasses import dataclass
from fractions import Fraction
from math import inf
from numbers import Real
from typing import TYPE_CHECKING, Literal

import numpy as np

from ratelab._errors import UserError
from ratelab.registry import Ball, Support

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_BLOCK = 1 << 22
_ROOM = 1 + 1e-9


@dataclass(frozen=True, eq=False)
class LipschitzExtension:
    """x ↦ min_i (f_i + L|x − x_i|), or max_i (f_i − L|x − x_i|): L-Lipschitz on R^d, f_i at x_i; each output alone.

    Parameters
    ----------
    points, values
        (n, d) and (n, k).
    lipschitz
        L, for the Euclidean norm.
    end
        ``greatest``: McShane's, the greatest of all L-Lipschitz extensions; ``least``: the least.
    """

    points: "NDArray[np.float64]"
    values: "NDArray[np.float64]"
    lipschitz: float
    end: Literal["greatest", "least"]

    def __call__(self, x: "ArrayLike") -> "NDArray[np.float64]":
        """Return the values (m, k) at points (m, d)."""
        at = _points(x)
        if at.shape[1] != self.points.shape[1]:
            raise UserError(f"points have {at.shape[1]} variables; allowed: {self.points.shape[1]}")
        found = np.empty((len(at), self.values.shape[1]))
        step = max(1, _BLOCK // (len(self.points) * max(self.values.shape[1], 1)))
        for start in range(0, len(at), step):
            part = slice(start, start + step)
            reach = self.lipschitz * _distances(at[part], self.points)[:, :, None]
            if self.end == "greatest":
                found[part] = (self.values[None] + reach).min(axis=1)
            else:
                found[part] = (self.values[None] - reach).max(axis=1)
        return found


def mcshane(
    points: "ArrayLike",
    values: "ArrayLike",
    lipschitz: float,
    *,
    end: Literal["greatest", "least"] = "greatest",
) -> LipschitzExtension:
    """Return an L-Lipschitz function on R^d with given values (McShane 1934, Whitney 1934).

    Parameters
    ----------
    points
        (n, d), different from each other.
    values
        (n,) or (n, k).
    lipschitz
        L at least `lipschitz_estimate` of the samples, up to rounding.
    end
        Which of the extensions.

    Raises
    ------
    UserError
        If no L-Lipschitz function has these values, or shapes do not fit.
    """
    x, f = _samples(points, values)
    if end not in ("greatest", "least"):
        raise UserError(f"end is {end!r}; allowed: greatest, least")
    if not isinstance(lipschitz, Real) or not 0 <= lipschitz < inf:
        raise UserError(f"lipschitz is {lipschitz!r}; allowed: finite numbers from 0 on")
    needed = lipschitz_estimate(x, f)
    if needed > lipschitz * _ROOM:
        raise UserError(f"lipschitz is {lipschitz:.6g}; the samples need at least {needed:.6g}")
    return LipschitzExtension(x, f, float(lipschitz), end)


def lipschitz_estimate(points: "ArrayLike", values: "ArrayLike") -> float:
    """Return the largest |f_i − f_j|/|x_i − x_j| over all pairs and outputs: a lower bound of the Lipschitz constant.

    It is the constant of the samples, up to rounding; that of the function sampled is at least as large, and may be
    much larger between them.

    Parameters
    ----------
    points, values
        As for `mcshane`.

    Raises
    ------
    UserError
        If two points agree, or shapes do not fit.
    """
    x, f = _samples(points, values)
    largest = 0.0
    step = max(1, _BLOCK // (len(x) * f.shape[1]))
    for start in range(0, len(x), step):
        part = slice(start, start + step)
        away = _distances(x[part], x)
        rows = np.arange(len(away))
        away[rows, start + rows] = inf
        if not away.min() > 0:
            raise UserError("points must differ from each other")
        change = np.abs(f[part, None] - f[None]).max(axis=2)
        largest = max(largest, float((change / away).max()))
    return largest


def diameter(support: Support) -> Fraction:
    """Return an upper bound of the diameter of a support in the maximum norm: the longest side of its bounds.

    It is the diameter itself for boxes, their unions and balls.
    """
    if isinstance(support, Ball):
        return 2 * Fraction(support.radius)
    return max(Fraction(upper) - Fraction(lower) for lower, upper in support.bounds)


def _samples(points: "ArrayLike", values: "ArrayLike") -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    x = _points(points)
    f = np.asarray(values, dtype=np.float64)
    f = f[:, None] if f.ndim == 1 else f
    if f.ndim != 2 or len(f) != len(x) or not f.shape[1] or not np.isfinite(f).all():
        raise UserError(
            f"values have shape {f.shape} for {len(x)} points; allowed: finite ones, one row per point"
        )
    return x, f


def _points(points: "ArrayLike") -> "NDArray[np.float64]":
    x = np.asarray(points, dtype=np.float64)
    if x.ndim != 2 or not x.size or not np.isfinite(x).all():
        raise UserError(f"points have shape {x.shape}; allowed: (m, d), finite")
    return x


def _distances(x: "NDArray[np.float64]", y: "NDArray[np.float64]") -> "NDArray[np.float64]":
    squares = np.zeros((len(x), len(y)))
    for a, b in zip(x.T, y.T, strict=True):
        squares += (a[:, None] - b[None, :]) ** 2
    return np.asarray(np.sqrt(squares))
