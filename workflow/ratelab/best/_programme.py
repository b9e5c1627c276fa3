"""Dynamic programming for knots on a grid: all arrangements at once, as starts for Newton's method."""

import numpy as np
from numpy.typing import NDArray

from ratelab.exact._quadrature import Cells

Array = NDArray[np.float64]

_OFFSETS = 0.75 * np.arange(-4, 5)


class StepProgramme:
    """Best step functions with knots on a grid, exactly."""

    def __init__(self, cells: Cells, grid: Array) -> None:
        self.grid = grid
        zeroth, _, second = _sums(cells, grid, 0.0)
        length = grid[None, :] - grid[:, None]
        valid = length > 0
        self._cost = np.where(valid, second - zeroth**2 / np.where(valid, length, 1.0), np.inf)

    def knots(self, scale: float, most: int) -> dict[int, Array]:
        """Return for n = 1 … most pieces the best knots on the grid (the scale of the error is not needed)."""
        return _paths(self._cost, self.grid, 1, most)


class LinearProgramme:
    """Dynamic programming over continuous piecewise linear functions with knots and values on a grid.

    Values lie within a few multiples of the expected error of the target, which is where best approximations have
    their kinks; so the programme sees all arrangements of the knots, and Newton's method only has to polish.
    """

    def __init__(self, cells: Cells, grid: Array) -> None:
        self.grid = grid
        length = grid[None, :] - grid[:, None]
        values = cells.evaluate(grid)[:, 0]
        centre = 0.5 * (grid[0] + grid[-1])
        zeroth, first, second = _sums(cells, grid, centre)
        valid = np.triu(np.ones_like(length, dtype=bool), 1)
        safe = np.where(valid, length, 1.0)
        left, right = values[:, None], values[None, :]
        from_left = (first - (grid[:, None] - centre) * zeroth) / safe  # ∫ f φ_right
        weight_right, weight_left = from_left, zeroth - from_left
        squares = safe / 3 * (left**2 + left * right + right**2)
        self._plain = np.where(
            valid, second - 2 * (left * weight_left + right * weight_right) + squares, np.inf
        )
        self._left = 2 * (safe / 6 * (2 * left + right) - weight_left)
        self._right = 2 * (safe / 6 * (left + 2 * right) - weight_right)
        self._length = safe

    def knots(self, scale: float, most: int) -> dict[int, Array]:
        """Return for n = 1 … most pieces the best knots if kinks lie within multiples of `scale` of the target."""
        offsets = scale * _OFFSETS
        size, bins = len(self.grid), len(offsets)
        o, q = offsets[:, None], offsets[None, :]
        bend = (o * o + o * q + q * q) / 3
        cost = (
            self._plain[:, None, :, None]
            + self._left[:, None, :, None] * offsets[None, :, None, None]
            + self._right[:, None, :, None] * offsets
            + self._length[:, None, :, None] * bend[None, :, None, :]
        )
        return _paths(cost.reshape(size * bins, size * bins), self.grid, bins, most)


def _sums(cells: Cells, grid: Array, centre: float) -> tuple[Array, Array, Array]:
    """Return the integrals of f, (x − centre) f and f² between all pairs of grid points."""
    parts = cells.split(grid)
    starts = np.searchsorted(parts.edges[:-1], grid[:-1])
    weight, value = parts.weights, parts.values[:, :, 0]
    integrands = (value, value * (parts.nodes - centre), value * value)
    sums = [np.add.reduceat((weight * f).sum(axis=1), starts) for f in integrands]
    totals = [np.concatenate([[0.0], np.cumsum(s)]) for s in sums]
    zeroth, first, second = (s[None, :] - s[:, None] for s in totals)
    return zeroth, first, second


def _paths(cost: Array, grid: Array, bins: int, most: int) -> dict[int, Array]:
    """Return the knots of the cheapest paths from the first to the last grid point in 1 … most steps.

    `cost[s, t]` leads from state s to state t; `bins` states belong to each grid point.
    """
    value = np.full(len(cost), np.inf)
    value[:bins] = 0.0
    cost = np.ascontiguousarray(cost.T)
    every = np.arange(len(cost))
    choices: list[NDArray[np.intp]] = []
    result = {}
    for pieces in range(1, most + 1):
        total = cost + value
        choice = total.argmin(axis=1)
        value = total[every, choice]
        choices.append(choice)
        if np.isfinite(value[-bins:].min()):
            state = int(len(cost) - bins + value[-bins:].argmin())
            path = []
            for back in choices[:0:-1]:
                state = int(back[state])
                path.append(state // bins)
            result[pieces] = grid[np.array(path[::-1], dtype=np.intp)]
    return result
