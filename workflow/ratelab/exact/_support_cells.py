"""What is known about a support in a box: certainly outside, certainly inside, or neither."""

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.registry import Ball, Box, Boxes, LevelSet, Support

Array = NDArray[np.float64]
Signs = NDArray[np.int8]

ROUNDING = 1e-12
"""Relative room for the rounding of values and distances in float64."""


def parts(support: Box | Boxes) -> tuple[Box, ...]:
    """Return the boxes of which a support consists."""
    return (support,) if isinstance(support, Box) else support.boxes


def sides(box: Box) -> tuple[tuple[Fraction, Fraction], ...]:
    """Return the sides of a box as fractions (a float is the dyadic number that it is)."""
    return tuple((Fraction(a), Fraction(b)) for a, b in box.bounds)


def float_sides(box: Box) -> tuple[Array, Array]:
    """Return the corners of a box in float64."""
    return np.array([float(a) for a, _ in box.bounds]), np.array([float(b) for _, b in box.bounds])


def check_support_kind(support: Any) -> None:
    """Raise a `UserError` unless it is one of the four kinds of support."""
    if not isinstance(support, Support):
        raise UserError(
            f"support is {type(support).__name__}; allowed: Box, Ball, Boxes or LevelSet, each bounded"
        )


def sizes(low: Array, high: Array) -> Array:
    """Return a bound of the coordinates of boxes, for rounding."""
    return np.asarray(np.maximum(np.abs(low), np.abs(high)).max(axis=1))


def classify(support: Support, low: Array, high: Array) -> Signs:
    """Tell where boxes (m, d) lie: −1 no interior point of the support, 1 inside the support, 0 undecided.

    Both answers are certain up to the rounding of a level set's function, for which there is relative room of 1e-12;
    boxes and balls keep such room in all cases, so that a box within it of the boundary is undecided.
    """
    if isinstance(support, Box | Boxes):
        result = np.full(len(low), -1, dtype=np.int8)
        for box in parts(support):
            a, b = float_sides(box)
            room = ROUNDING * (np.maximum(np.abs(a), np.abs(b)).max() + sizes(low, high))[:, None]
            apart = ((high <= a - room) | (low >= b + room)).any(axis=1)
            inside = ((low >= a + room) & (high <= b - room)).all(axis=1)
            result = np.maximum(result, np.where(inside, 1, np.where(apart, -1, 0)).astype(np.int8))
        return result
    if isinstance(support, Ball):
        centre, radius = np.array([float(c) for c in support.centre]), float(support.radius)
        gap = np.maximum(np.maximum(low - centre, centre - high), 0.0)
        far = np.maximum(np.abs(low - centre), np.abs(high - centre))
        room = ROUNDING * (radius + np.abs(centre).max() + sizes(low, high))
        apart = np.sqrt((gap**2).sum(axis=1)) >= radius + room
        inside = np.sqrt((far**2).sum(axis=1)) <= radius - room
        return np.where(inside, 1, np.where(apart, -1, 0)).astype(np.int8)
    return _classify_level_set(support, low, high, support((low + high) / 2))


def _classify_level_set(support: LevelSet, low: Array, high: Array, values: Array) -> Signs:
    within = classify(support.box, low, high)
    reach = support.lipschitz * np.sqrt(((high - low) ** 2).sum(axis=1)) / 2
    room = ROUNDING * (np.abs(values) + reach + support.lipschitz * sizes(low, high))
    result = np.where(values > reach + room, -1, np.where(values <= -reach - room, 1, 0)).astype(np.int8)
    return np.minimum(result, within)


def support_level(support: Support, x: Array) -> Array:
    """Return values (m,) at points (m, d), continuous, at most 0 on a support and above 0 elsewhere, in float64.

    For boxes and balls a distance that is negative inside, in the maximum and the Euclidean norm; for level sets the
    larger one of g at the nearest point of the box, beyond which it is not asked, and that of the box.
    """
    if isinstance(support, Box | Boxes):
        corners = [float_sides(box) for box in parts(support)]
        return np.asarray(np.minimum.reduce([np.maximum(a - x, x - b).max(axis=1) for a, b in corners]))
    if isinstance(support, Ball):
        away = x - np.array([float(c) for c in support.centre])
        return np.asarray(np.sqrt((away**2).sum(axis=1)) - float(support.radius))
    check_support_kind(support)
    beyond = support_level(support.box, x)
    return np.asarray(np.maximum(support(np.clip(x, *float_sides(support.box))), beyond))


def belongs(support: Any, x: Array) -> NDArray[np.bool_]:
    """Return which points (m, d) lie in a support, as float64 sees it, or in anything with `contains`, as that says.

    Raises
    ------
    UserError
        If it is neither.
    """
    if hasattr(support, "contains"):
        return np.asarray(support.contains(x), dtype=bool)
    if not isinstance(support, LevelSet):
        return np.asarray(support_level(support, x) <= 0)
    inside = belongs(support.box, x)
    if inside.any():  # the function costs, and is asked inside the box only
        inside[inside] = support(x[inside]) <= 0
    return inside
