"""Distances from points to supports and to unions of cubes, with bounds on the rounding."""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ratelab.exact._cube_union import CubeUnion
from ratelab.exact._support_cells import ROUNDING, belongs, float_sides, parts
from ratelab.registry import Ball, Box, Boxes, LevelSet

Array = NDArray[np.float64]
DistanceNorm = Literal["max", "euclidean"]

_CHUNK = 4_000_000


class Gap(Protocol):
    """Distance to a set in one norm."""

    def at(self, x: Array) -> tuple[Array, Array]:
        """Return bounds (low, high) of the distance from points (m, d)."""
        ...

    def most(self, low: Array, high: Array, margin: float) -> Array:
        """Return upper bounds of the distance on boxes (m, d), dilated by a margin in the sum norm."""
        ...


def length(gaps: Array, norm: DistanceNorm) -> Array:
    """Return the norm of vectors along the last axis."""
    return np.asarray(gaps.max(axis=-1) if norm == "max" else np.sqrt((gaps**2).sum(axis=-1)))


def _beyond(gaps: Array, margin: float, norm: DistanceNorm) -> Array:
    """Return the norm of max(gaps, 0) where the margin goes to the largest gap, which is where it counts most."""
    if margin:
        gaps = gaps.copy()
        top = gaps.argmax(axis=-1)[..., None]
        np.put_along_axis(gaps, top, np.take_along_axis(gaps, top, -1) + margin, -1)
    return length(np.maximum(gaps, 0.0), norm)


@dataclass(frozen=True, eq=False)
class BoxesGap:
    """Distance to a union of boxes, each dilated by a margin in the sum norm.

    Parameters
    ----------
    lower, upper
        (n, d).
    margin
        Of the sum norm.
    norm
        In which the distance is measured.
    """

    lower: Array
    upper: Array
    margin: float
    norm: DistanceNorm

    def at(self, x: Array) -> tuple[Array, Array]:
        """Return the distance twice, apart by the rounding."""
        value = self._least(x, x, 0.0)
        room = ROUNDING * (1 + np.abs(x).max(axis=1) + value)
        return np.where(value > room, value - room, 0.0), np.where(value > 0, value + room, 0.0)

    def most(self, low: Array, high: Array, margin: float) -> Array:
        """Return the smallest over all boxes of the largest distance: at the corner that lies farthest."""
        value = self._least(low, high, margin)
        room = ROUNDING * (1 + np.maximum(np.abs(low), np.abs(high)).max(axis=1) + value)
        return np.where(value > 0, value + room, 0.0)

    def _least(self, low: Array, high: Array, margin: float) -> Array:
        result = np.empty(len(low))
        step = max(1, _CHUNK // max(1, self.lower.size))
        for start in range(0, len(low), step):
            rows = slice(start, start + step)
            gaps = np.maximum(self.lower - low[rows, None, :], high[rows, None, :] - self.upper)
            if self.margin:
                values = _to_sum_ball(gaps, margin, self.margin, self.norm)
            else:
                values = _beyond(gaps, margin, self.norm)
            result[rows] = values.min(axis=1)
        return result


def _to_sum_ball(gaps: Array, more: float, margin: float, norm: DistanceNorm) -> Array:
    """Return the distance of vectors of gaps to the ball {v : Σ|v_i| ≤ margin}.

    It is attained by taking the same amount t from every gap above t (both norms are symmetric; for the Euclidean one
    this is the projection, for the maximum norm all that t may take), t the smallest with Σ (gap_i − t)_+ ≤ margin.
    """
    gaps = np.maximum(gaps, 0.0)
    if more:
        top = gaps.argmax(axis=-1)[..., None]
        np.put_along_axis(gaps, top, np.take_along_axis(gaps, top, -1) + more, -1)
    ordered = -np.sort(-gaps, axis=-1)
    counts = np.arange(1, gaps.shape[-1] + 1)
    threshold = np.maximum(((np.cumsum(ordered, axis=-1) - margin) / counts).max(axis=-1), 0.0)
    return length(np.minimum(gaps, threshold[..., None]), norm)


@dataclass(frozen=True, eq=False)
class BallGap:
    """Distance to a ball."""

    ball: Ball
    norm: DistanceNorm

    def at(self, x: Array) -> tuple[Array, Array]:
        """Return the distance twice, apart by the rounding."""
        value = self._from(np.abs(x - np.array([float(c) for c in self.ball.centre])))
        room = ROUNDING * (1 + np.abs(x).max(axis=1) + float(self.ball.radius))
        return np.maximum(value - room, 0.0), np.where(value > 0, value + room, room)

    def most(self, low: Array, high: Array, margin: float) -> Array:
        """Return the distance of the farthest corner, the margin along the axis where it counts most."""
        centre = np.array([float(c) for c in self.ball.centre])
        far = np.maximum(np.abs(low - centre), np.abs(high - centre))
        steps = np.eye(far.shape[1]) * margin if margin else np.zeros((1, far.shape[1]))
        value = np.max([self._from(far + step) for step in steps], axis=0)
        return np.asarray(value + ROUNDING * (1 + far.max(axis=1) + float(self.ball.radius)))

    def _from(self, away: Array) -> Array:
        radius = float(self.ball.radius)
        if self.norm == "euclidean":
            return np.asarray(np.maximum(np.sqrt((away**2).sum(axis=1)) - radius, 0.0))
        low, high = np.zeros(len(away)), away.max(axis=1)
        for _ in range(60):
            middle = (low + high) / 2
            inside = (np.maximum(away - middle[:, None], 0.0) ** 2).sum(axis=1) <= radius**2
            low, high = np.where(inside, low, middle), np.where(inside, middle, high)
        return np.asarray(np.where((away**2).sum(axis=1) <= radius**2, 0.0, high))


class CoveredGap:
    """Distance to a level set, of which small cubes are known that hold its boundary, and points.

    From a point outside, the nearest point of the set lies on its boundary. In the maximum norm the distance to a cube
    is that to its centre less half its side; in the Euclidean norm it is at least that, and at least the distance to
    the centre less half the diagonal.

    Parameters
    ----------
    support
        The level set.
    centres
        Of the cubes (n, d).
    side
        Of every cube.
    points
        (m, d), of the set.
    norm
        In which the distance is measured.
    """

    def __init__(
        self, support: LevelSet, centres: Array, side: float, points: Array, norm: DistanceNorm
    ) -> None:
        self.support = support
        self.side = side
        self.norm = norm
        self._cells = cKDTree(centres)
        self._points = cKDTree(points)

    def at(self, x: Array) -> tuple[Array, Array]:
        """Return a distance to the cubes and that to the nearest point; 0 inside."""
        result = np.zeros(len(x)), np.zeros(len(x))
        outside = np.flatnonzero(~belongs(self.support, x))
        if not len(outside):
            return result
        y = x[outside]
        room = ROUNDING * (1 + np.abs(y).max(axis=1))
        near = self._cells.query(y, p=np.inf)[0] - self.side / 2
        if self.norm == "euclidean":
            near = np.maximum(near, self._cells.query(y)[0] - self.side / 2 * y.shape[1] ** 0.5)
        far = self._points.query(y, p=np.inf if self.norm == "max" else 2)[0]
        result[0][outside], result[1][outside] = np.maximum(near - room, 0.0), far + room
        return result

    def most(self, low: Array, high: Array, margin: float) -> Array:
        """Return the distance of the centre to the nearest point, plus half the diagonal, plus the margin."""
        half = length((high - low) / 2, self.norm)
        return np.asarray(self.at((low + high) / 2)[1] + half * (1 + ROUNDING) + margin)


def union_gap(union: CubeUnion, norm: DistanceNorm) -> BoxesGap:
    """Return the distance to a union of cubes with its margin."""
    low, high, margin = union_boxes(union)
    return BoxesGap(low, high, margin, norm)


def union_boxes(union: CubeUnion) -> tuple[Array, Array, float]:
    """Return boxes (low, high), and the margin in the sum norm that is left to add to them."""
    lower, upper = union.boxes()
    h, margin = float(union.spacing), float(union.margin)
    low, high = np.asarray(lower * h, dtype=np.float64), np.asarray(upper * h, dtype=np.float64)
    if union.norm == "sum" and union.dimension > 1:
        return low, high, margin
    return low - margin, high + margin, 0.0


def boxes_gap(support: Box | Boxes, norm: DistanceNorm) -> BoxesGap:
    """Return the distance to a support of boxes."""
    ends = [float_sides(box) for box in parts(support)]
    return BoxesGap(np.array([a for a, _ in ends]), np.array([b for _, b in ends]), 0.0, norm)
