"""Dynamic programming for knots on a grid: all arrangements at once, as starts for Newton's method."""

import numpy as np
from numpy.typing import NDArray

from ratelab.exact._quadrature import Cells

Array = NDArray[np.float64]


class StepProgramme:
    """Best step functions with knots on a grid, exactly."""

    def __init__(self, cells: Cells, grid: Array) -> None:
        self.grid = grid
        zeroth, second = _sums(cells, grid)
        length = grid[None, :] - grid[:, None]
        valid = length > 0
        self._cost = np.where(valid, second - zeroth**2 / np.where(valid, length, 1.0), np.inf)

    def knots(self, most: int) -> dict[int, Array]:
        """Return for n = 1 … most pieces the best knots on the grid."""
        return _paths(self._cost, self.grid, most)


def _sums(cells: Cells, grid: Array) -> tuple[Array, Array]:
    """Return the integrals of f and f² between all pairs of grid points."""
    parts = cells.split(grid)
    starts = np.searchsorted(parts.edges[:-1], grid[:-1])
    weight, value = parts.weights, parts.values[:, :, 0]
    sums = [np.add.reduceat((weight * f).sum(axis=1), starts) for f in (value, value * value)]
    totals = [np.concatenate([[0.0], np.cumsum(s)]) for s in sums]
    zeroth, second = (s[None, :] - s[:, None] for s in totals)
    return zeroth, second


def _paths(cost: Array, grid: Array, most: int) -> dict[int, Array]:
    """Return the knots of the cheapest paths from the first to the last grid point in 1 … most steps."""
    value = np.full(len(cost), np.inf)
    value[0] = 0.0
    cost = np.ascontiguousarray(cost.T)
    every = np.arange(len(cost))
    choices: list[NDArray[np.intp]] = []
    result = {}
    for pieces in range(1, most + 1):
        total = cost + value
        choice = total.argmin(axis=1)
        value = total[every, choice]
        choices.append(choice)
        if np.isfinite(value[-1]):
            state = len(cost) - 1
            path = []
            for back in choices[:0:-1]:
                state = int(back[state])
                path.append(state)
            result[pieces] = grid[np.array(path[::-1], dtype=np.intp)]
    return result
