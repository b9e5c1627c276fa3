"""Samples of a function, checked, and errors on them grade after grade."""

from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks import Network
from ratelab.training._multigrade_stair import TrainedGrade

Array = NDArray[np.float64]
Sample = tuple[Any, Any]

_SMALLEST, _LARGEST = 1e-130, 1e130


class Watch:
    """Relative squared errors on a sample, grade after grade; NaN without a sample."""

    def __init__(self, sample: tuple[Array, Array] | None) -> None:
        self.sample = sample
        if sample is not None:
            self.points = np.append(sample[0], np.ones((len(sample[0]), 1)), axis=1)
            self.residual, self.energy = sample[1], float(np.sum(sample[1] ** 2)) or 1.0

    def error(self, what: TrainedGrade | Network | None) -> float:
        """Return the error with one more grade, or of a network; 1 without one, as of the zero function."""
        if self.sample is None:
            return nan
        if what is None:
            return 1.0
        if isinstance(what, Network):
            return float(np.sum((self.sample[1] - what(self.sample[0])) ** 2)) / self.energy
        return float(np.sum((self.residual - what.features(self.points) @ what.head.T) ** 2)) / self.energy

    def take(self, grade: TrainedGrade) -> float:
        """Add a grade for good and return the error with it."""
        if self.sample is None:
            return nan
        self.points = grade.features(self.points)
        self.residual = self.residual - self.points @ grade.head.T
        return float(np.sum(self.residual**2)) / self.energy


def checked_sample(x: Any, y: Any, what: str, like: tuple[Array, Array] | None = None) -> tuple[Array, Array]:
    """Return points (m, d) and values (m, k)."""
    try:
        arrays = [np.asarray(a, dtype=np.float64) for a in (x, y)]
    except (TypeError, ValueError):
        raise UserError(f"the {what} are no numbers; allowed: arrays of real numbers") from None
    points, values = (a[:, None] if a.ndim == 1 else a for a in arrays)
    if (
        points.ndim != 2
        or values.ndim != 2
        or len(points) != len(values)
        or not points.size
        or not values.size
    ):
        raise UserError(
            f"the {what} have shapes {arrays[0].shape} and {arrays[1].shape}; allowed: "
            "(m, d) and (m, k), or (m,) each, with m at least 1"
        )
    if not (np.isfinite(points).all() and np.isfinite(values).all()):
        raise UserError(f"the {what} hold infinite numbers or NaN; allowed: finite numbers")
    size = float(np.abs(values).max())
    if max(size, float(np.abs(points).max())) > _LARGEST or 0 < size < _SMALLEST:
        raise UserError(
            f"the {what} have points up to {np.abs(points).max():.3g} and values up to {size:.3g} in size; allowed: up "
            f"to {_LARGEST:g}, and values all 0 or up to at least {_SMALLEST:g}, so that float64 can sum squares"
        )
    if like is not None and (points.shape[1], values.shape[1]) != (like[0].shape[1], like[1].shape[1]):
        raise UserError(
            f"the {what} have {points.shape[1]} variables and {values.shape[1]} outputs; allowed: "
            f"{like[0].shape[1]} and {like[1].shape[1]}, as the data"
        )
    return points, values


def domain_of(points: Array) -> tuple[tuple[float, float], ...]:
    """Return the ranges of the points; one that is a point is widened."""
    lower, upper = points.min(axis=0), points.max(axis=0)
    flat = upper <= lower
    return tuple(zip((lower - 0.5 * flat).tolist(), (upper + 0.5 * flat).tolist(), strict=True))
