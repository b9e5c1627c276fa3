"""Continuous piecewise linear functions of one variable, in rationals or float64."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpq, fmpz
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.exact._cells_of import check_domain
from ratelab.networks import fraction, rational


class PiecewiseLinear:
    """A continuous piecewise linear function R → R or R → R^k, on the whole line or on an interval.

    Knots at which no slope changes are dropped, so that `pieces` counts the maximal intervals on which the function
    is affine, and equal functions have equal data. Float64 data if one of the numbers is a float, Fractions otherwise.

    Parameters
    ----------
    knots
        (m,), strictly increasing, inside the domain.
    values
        (m,) values at the knots, or (m, k) for k outputs.
    slope_left, slope_right
        Slopes of the first and last piece; one number, or k.
    domain
        The pair (lower, upper), or None for the whole line.
    intercept
        Value at 0 of a function without knots (of the affine function, if 0 lies outside the domain).

    Attributes
    ----------
    exact : bool
        Whether the data are Fractions.
    slopes : ndarray
        (m + 1,) or (m + 1, k).

    Raises
    ------
    UserError
        If shapes do not fit, knots do not increase, leave the domain, or a number is not finite.
    """

    def __init__(
        self,
        knots: Sequence[Any] | NDArray[Any],
        values: Sequence[Any] | NDArray[Any],
        slope_left: Any,
        slope_right: Any,
        domain: Sequence[Any] | None = None,
        *,
        intercept: Any = None,
    ) -> None:
        given = [knots, values, slope_left, slope_right, [] if intercept is None else intercept]
        parts, self.exact = _alike(given)
        x, y, left, right, constant = parts
        pair = check_domain(None if domain is None else [domain], 1, "a function")
        self.domain = None if pair is None else pair[0]
        if x.ndim != 1 or len(y) != len(x) or left.shape != right.shape or left.ndim > 1:
            raise UserError(
                f"a piecewise linear function of {len(x)} knots needs as many values; found shapes {x.shape} of the "
                f"knots, {y.shape} of the values, {left.shape} and {right.shape} of the outer slopes"
            )
        if len(x) and y.shape[1:] != left.shape:
            raise UserError(
                f"outer slopes have shape {left.shape}, values {y.shape}; allowed: one slope per output"
            )
        if (np.diff(x) <= 0).any():
            raise UserError("the knots of a piecewise linear function must increase strictly")
        if self.domain is not None and len(x) and not (self.domain[0] < x[0] and x[-1] < self.domain[1]):
            raise UserError(f"knots from {x[0]} to {x[-1]} leave the inside of the domain {self.domain}")
        if len(x):
            if intercept is not None:
                raise UserError(
                    "an intercept is for functions without knots; the values at the knots say it all"
                )
        else:
            if intercept is None or constant.shape != left.shape or not (left == right).all():
                raise UserError("a function without knots needs one slope and its intercept, the value at 0")
            y = np.empty((0, *left.shape), dtype=x.dtype)
        across = x.reshape(-1, *[1] * left.ndim)
        slopes = np.concatenate([left[None], np.diff(y, axis=0) / np.diff(across, axis=0), right[None]])
        if not len(x):
            slopes = slopes[:1]
        change = slopes[1:] != slopes[:-1]
        kink = change.any(axis=1) if change.ndim == 2 else change
        if len(x) and not kink.any():
            constant = y[0] - left * x[0]
        self.knots: NDArray[Any] = x[kink]
        self.values: NDArray[Any] = y[kink]
        self.slopes: NDArray[Any] = slopes[np.concatenate([[True], kink])]
        self.intercept: Any = None if kink.any() else _plain(constant)
        for array in (self.knots, self.values, self.slopes):
            array.flags.writeable = False

    @property
    def slope_left(self) -> Any:
        """Slope of the first piece."""
        return _plain(self.slopes[0])

    @property
    def slope_right(self) -> Any:
        """Slope of the last piece."""
        return _plain(self.slopes[-1])

    @property
    def pieces(self) -> int:
        """Number of maximal intervals on which the function is affine."""
        return len(self.slopes)

    def __call__(self, x: Any) -> Any:
        """Evaluate at a number or an array; Fractions come back for rational points of a rational function.

        Raises
        ------
        UserError
            If a point lies outside the domain.
        """
        (points,), exact = _alike([x])
        if self.domain is not None and not ((self.domain[0] <= points) & (points <= self.domain[1])).all():
            raise UserError(f"a point lies outside the domain {self.domain}")
        data = [
            self.knots,
            self.values,
            self.slopes,
            np.asarray(0 if self.intercept is None else self.intercept),
        ]
        if not exact or not self.exact:
            data = [np.asarray(part, dtype=np.float64) for part in data]
            points = points.astype(np.float64)
        knots, values, slopes, intercept = data
        flat = points.reshape(-1)
        across = flat.reshape(-1, *[1] * (slopes.ndim - 1))
        piece = np.searchsorted(knots, flat, side="right")
        if len(knots):
            anchor = np.maximum(piece - 1, 0)
            result = values[anchor] + slopes[piece] * (across - knots[anchor].reshape(across.shape))
        else:
            result = intercept + slopes[piece] * across
        return _plain(result.reshape(points.shape + slopes.shape[1:]))

    def __eq__(self, other: object) -> bool:
        """Return whether two functions have the same domain and the same data."""
        if not isinstance(other, PiecewiseLinear):
            return NotImplemented
        return self.domain == other.domain and all(
            np.array_equal(a, b)
            for a, b in [
                (self.knots, other.knots),
                (self.values, other.values),
                (self.slopes, other.slopes),
                (np.asarray(self.intercept), np.asarray(other.intercept)),
            ]
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        where = "R" if self.domain is None else f"[{self.domain[0]}, {self.domain[1]}]"
        outputs = f" to R^{self.slopes.shape[1]}" if self.slopes.ndim == 2 else ""
        kind = "rational" if self.exact else "float64"
        return f"PiecewiseLinear({self.pieces} pieces on {where}{outputs}, {kind})"


def _plain(value: Any) -> Any:
    """Return an array without axes as the number that it holds."""
    return value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value


def _alike(given: Sequence[Any]) -> tuple[list[NDArray[Any]], bool]:
    """Return arrays of float64 if one number is a float, else of Fractions."""
    try:
        objects = [part if _float_array(part) else np.asarray(part, dtype=object) for part in given]
        if any(_float_array(p) or any(isinstance(v, float | np.floating) for v in p.flat) for p in objects):
            arrays: list[NDArray[Any]] = [_floats(part) for part in objects]
            if not all(np.isfinite(part).all() for part in arrays):
                raise UserError("the numbers of a piecewise linear function must be finite")
            return arrays, False
        return [_fractions(part) for part in objects], True
    except (TypeError, ValueError) as error:
        raise UserError(f"a piecewise linear function is made of numbers ({error})") from None


def _float_array(values: Any) -> bool:
    return isinstance(values, np.ndarray) and values.dtype == np.float64


def _floats(values: NDArray[Any]) -> NDArray[np.float64]:
    if _float_array(values):
        return np.array(values)
    result = np.empty(values.shape)
    for index, value in np.ndenumerate(values):
        result[index] = float(fraction(rational(value))) if isinstance(value, fmpq | fmpz) else float(value)
    return result


def _fractions(values: NDArray[np.object_]) -> NDArray[np.object_]:
    result = np.empty(values.shape, dtype=object)
    for index, value in np.ndenumerate(values):
        result[index] = value if isinstance(value, Fraction) else fraction(rational(value))
    return result
