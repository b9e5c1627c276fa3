"""Good continuous broken lines in L1: knots and values together, by a quasi-Newton method with limited memory."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ratelab.best._mean_norm_error import absolute_integrals
from ratelab.best._splines import Spline

Array = NDArray[np.float64]

_MEMORY = 20
_STEPS = 400
_LEAST = 1e-7


@dataclass(frozen=True, eq=False)
class Samples:
    """A function on a grid, thought of as linear in between: points (m,) and values (m,)."""

    points: Array
    values: Array

    def at(self, x: Array) -> tuple[Array, Array]:
        """Values and slopes of the broken line through the samples."""
        cell = np.clip(np.searchsorted(self.points, x, side="right") - 1, 0, len(self.points) - 2)
        slope = np.diff(self.values)[cell] / np.diff(self.points)[cell]
        return self.values[cell] + slope * (x - self.points[cell]), slope


def fitted(samples: Samples, start: Spline, steps: int = _STEPS) -> tuple[Spline, float]:
    """Descend from a continuous piecewise linear spline; return the best one met and its L1 distance to the samples."""
    a, b = start.domain
    ends = np.concatenate([[a], start.knots, [b]])
    lengths = np.diff(ends)
    # moving a knot along the function and off it weigh alike in these units
    around = np.minimum(np.concatenate([lengths[:1], lengths]), np.concatenate([lengths, lengths[-1:]]))
    value, _ = _objective(samples, ends, start.coefficients)
    height = max(value, 1e-300) / len(lengths) / around
    inner = slice(1, len(ends) - 1)
    unit_t = around[inner]

    def place(x: Array) -> tuple[Array, Array]:
        nodes = ends.copy()
        nodes[inner] = x[: len(unit_t)] * unit_t
        on, _ = samples.at(nodes)
        return nodes, on + x[len(unit_t) :] * height

    def evaluate(x: Array) -> tuple[float, Array]:
        nodes, heights = place(x)
        if (np.diff(nodes) <= _LEAST * (b - a) / len(nodes)).any():
            return np.inf, np.zeros_like(x)
        found, (by_node, by_height) = _objective(samples, nodes, heights)
        _, slope = samples.at(nodes)
        moved = (by_node + by_height * slope)[inner] * unit_t
        return found, np.concatenate([moved, by_height * height])

    off = (start.coefficients - samples.at(ends)[0]) / height
    x = _descend(evaluate, np.concatenate([ends[inner] / unit_t, off]), steps)
    nodes, heights = place(x)
    return Spline(1, start.domain, nodes[inner], heights), evaluate(x)[0]


def _objective(samples: Samples, nodes: Array, heights: Array) -> tuple[float, tuple[Array, Array]]:
    """Return the distance, and its derivatives by the places and the heights of the nodes."""
    x = samples.points
    piece = np.clip(np.searchsorted(nodes, x, side="right") - 1, 0, len(nodes) - 2)
    length, rise = np.diff(nodes)[piece], np.diff(heights)[piece]
    share = (x - nodes[piece]) / length
    rest = samples.values - (heights[piece] + share * rise)
    first, last, widths = rest[:-1], rest[1:], np.diff(x)
    parts = absolute_integrals(first, last, widths)
    total = np.abs(first) + np.abs(last)
    safe = np.where(total > 0, total, 1.0)
    same = first * last >= 0
    # d/du of (u² + v²) / (2(|u| + |v|))
    half = 0.5 * (first / safe * first + last / safe * last) / safe
    by_first = np.where(same, 0.5 * np.sign(first), first / safe - half * np.sign(first)) * widths
    by_last = np.where(same, 0.5 * np.sign(last), last / safe - half * np.sign(last)) * widths
    by_value = np.zeros(len(x))
    by_value[:-1] -= by_first
    by_value[1:] -= by_last
    count = len(nodes)
    left, right = by_value * (1 - share), by_value * share
    slope = rise / length
    by_height: Array = np.bincount(piece, left, count).astype(np.float64)
    by_height += np.bincount(piece + 1, right, count)
    by_node: Array = np.bincount(piece, -left * slope, count).astype(np.float64)
    by_node += np.bincount(piece + 1, -right * slope, count)
    return float(parts.sum()), (by_node, by_height)


def _descend(evaluate: object, x: Array, steps: int) -> Array:
    """Minimise by L-BFGS with backtracking (Nocedal 1980)."""
    assert callable(evaluate)
    value, gradient = evaluate(x)
    pairs: list[tuple[Array, Array, float]] = []
    quiet = 0
    for _ in range(steps):
        direction = -_applied(pairs, gradient)
        rate = float(direction @ gradient)
        if not rate < 0:
            pairs, direction = [], -gradient
            rate = float(direction @ gradient)
            if not rate < 0:
                break
        size = 1.0 if pairs else min(1.0, 0.02 / float(np.abs(direction).max()))
        for _ in range(30):
            following, slope = evaluate(x + size * direction)
            if following <= value + 1e-4 * size * rate:
                break
            size *= 0.4
        else:
            if not pairs:
                break
            pairs = []
            continue
        step, change = size * direction, slope - gradient
        curvature = float(step @ change)
        if curvature > 1e-12 * float(np.sqrt((step @ step) * (change @ change))):
            pairs = [*pairs[-_MEMORY + 1 :], (step, change, curvature)]
        quiet = quiet + 1 if value - following < 1e-7 * value else 0
        x, value, gradient = x + step, following, slope
        if quiet >= 8:
            break
    return x


def _applied(pairs: list[tuple[Array, Array, float]], gradient: Array) -> Array:
    result = gradient.copy()
    shares = []
    for step, change, curvature in reversed(pairs):
        share = float(step @ result) / curvature
        result -= share * change
        shares.append(share)
    if pairs:
        _, change, curvature = pairs[-1]
        result *= curvature / float(change @ change)
    for (step, change, curvature), share in zip(pairs, reversed(shares), strict=True):
        result += (share - float(change @ result) / curvature) * step
    return result
