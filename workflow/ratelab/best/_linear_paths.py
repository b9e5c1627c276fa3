"""Dynamic programmes over knots and heights on a grid: all arrangements of the knots at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ratelab.best._linear_fit import LinearTarget

Array = NDArray[np.float64]

_OFFSETS: Array = 0.6 * np.arange(-6.0, 7.0)
_PASSES = 12
_SMALLEST_SHARE, _LARGEST_SHARE = 0.4, 10.0


@dataclass(frozen=True, eq=False)
class Programme:
    """Continuous piecewise linear functions with knots on a grid and heights near the target.

    Heights lie within a few multiples of the expected local error of the target, which is where best approximations
    have their kinks; Newton's method then only has to polish.

    Parameters
    ----------
    grid
        (g + 1,) with both ends.
    lines
        (3, g): mean, slope and remaining energy of the target between grid points.
    values
        (g + 1,) of the target.
    spread
        (g + 1,): expected local error where the error in L2 is 1.
    """

    grid: Array
    lines: Array
    values: Array
    spread: Array

    def paths(self, error: float, most: int) -> dict[int, Array]:
        """Return inner knots for n = 1 … most pieces, for those n whose error is about `error`."""
        from ratelab.best._linear_moves_kernels import grid_paths

        tables = self.grid, self.lines, self.values, error * self.spread, _OFFSETS
        found = grid_paths(*tables, most, 16 * error * error)
        return {n: self.grid[found[n - 1, 1:n]] for n in range(1, most + 1) if found[n - 1, 0] >= 0}

    def path(self, error: float, pieces: int) -> Array:
        """Return inner knots for about that many pieces: a price for a piece is sought that asks for so many."""
        from ratelab.best._linear_moves_kernels import priced_path

        low, high = 0.0, np.inf
        price = 4 * error * error / pieces
        best: Array | None = None
        for _ in range(_PASSES):
            scales = np.asarray(0.5 * np.sqrt(price * pieces) * self.spread, dtype=np.float64)
            indices = priced_path(self.grid, self.lines, self.values, scales, _OFFSETS, price, 8 * price)
            knots = self.grid[indices[1:-1]]
            count = len(indices) - 1
            if best is None or abs(count - pieces) < abs(len(best) + 1 - pieces):
                best = knots
            if count == pieces:
                break
            if count > pieces:
                low = price
            else:
                high = price
            guess = price * (count / pieces) ** 5
            middle = np.sqrt(low * high) if low > 0 and high < np.inf else guess
            price = guess if low < guess < high and abs(np.log(count / pieces)) > 0.02 else middle
            if not low < price < high or high < low * (1 + 1e-6):
                break
        assert best is not None
        return best


def programme(target: LinearTarget, density: tuple[Array, Array], points: Array, size: int) -> Programme:
    """Return the programme on about `size` grid points that follow a knot density, and on given points."""
    from ratelab.best._linear_kernels import measure

    lower, upper = target.ends
    edges, cumulative = density
    even = (edges - lower) / (upper - lower)
    mixed = 0.7 * cumulative + 0.3 * even
    inner = np.interp(np.arange(1, size) / size, mixed, edges)
    grid = np.unique(np.concatenate([[lower, upper], inner, points]))
    kept = np.concatenate([np.diff(grid) > 1e-9 * (upper - lower), [True]])
    kept[0] = True
    grid = grid[kept]
    lines, values = np.empty((3, len(grid) - 1)), np.empty(len(grid))
    measure(grid, *target.tables, lines, values)
    share = np.gradient(np.interp(grid, edges, cumulative), grid) * (upper - lower)
    share = np.clip(share, _SMALLEST_SHARE, _LARGEST_SHARE)
    return Programme(grid, lines, values, np.sqrt(share / (upper - lower)))
