"""What a piece costs between two knot cells, and the dynamic programmes over knot cells."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ratelab.best._cells import Cells, merge, merge_groups

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Segments:
    """Costs of pieces between knot cells of m cells.

    Knot cells are numbered 0 … m + 1; 0 and m + 1 stand for the two ends of the domain. A piece from knot cell a
    to knot cell a + s + 1 costs at least ``near[s, a]``, the least squares error on the s cells between. Pieces
    longer than `near` reaches are bounded by those of blocks of `size` knot cells: `far`, from distance `apart`
    (in blocks) on.

    Parameters
    ----------
    near
        (longest + 1, m + 1).
    far
        The same for blocks; None if `near` holds all pieces.
    size, apart
        Knot cells per block, and the first distance at which `far` is used.
    depth
        Merges on top of each other behind the deepest cost.
    """

    near: Array
    far: "Segments | None"
    size: int
    apart: int
    depth: int

    @property
    def knot_cells(self) -> int:
        """Number of knot cells, the two ends included."""
        return int(self.near.shape[1]) + 1


def segments(cells: Cells, longest: int, blocks: int = 512) -> Segments:
    """Costs of all pieces over at most `longest` cells, and of longer ones over whole blocks of cells."""
    count = len(cells)
    longest = min(longest, count)
    near = _costs(cells, longest)
    depth = cells.depth + longest
    if longest == count:
        return Segments(near, None, 1, 1, depth)
    size = max(2, -(-(count + 2) // blocks))
    # block q holds the knot cells q·size … (q + 1)·size − 1; knot cell i is cell i − 1
    starts = np.arange(0, count + 2, size) - 1
    starts[0] = 0
    merged = merge_groups(cells, starts)
    # the last block holds the right end, perhaps nothing else
    inner = slice(1, len(starts) - 1)
    if starts[-1] == count:
        merged = merge_groups(cells, starts[:-1])
    inside = Cells(
        merged.edges[1 : len(starts)], merged.coefficients[:, inner], merged.energy[inner], merged.depth
    )
    far = Segments(_costs(inside, len(inside)), None, 1, 1, merged.depth + len(inside))
    apart = max(1, (longest + 2) // size)
    return Segments(near, far, size, apart, max(depth, far.depth))


def _costs(cells: Cells, longest: int) -> Array:
    count = len(cells)
    found = np.full((longest + 1, count + 1), np.inf)
    found[0] = 0.0
    if not longest:
        return found
    edges = cells.edges
    widths = np.diff(edges)
    equal = bool((widths == widths[0]).all()) if count else False
    state = [cells.coefficients[k] for k in range(cells.degree + 1)]
    cost = cells.energy
    found[1, :count] = cost
    for length in range(1, longest):
        lanes = count - length
        stop = 1 if equal else lanes
        left_width = edges[length : length + stop] - edges[:stop]
        width = edges[length + 1 : length + 1 + stop] - edges[:stop]
        right = [row[length:] for row in cells.coefficients]
        state, added = merge(
            [row[:lanes] for row in state], right, left_width, widths[length : length + stop], width
        )
        cost = cost[:lanes] + cells.energy[length:]
        cost += added
        found[length + 1, :lanes] = cost
    return found


def forward(costs: Segments, pieces: int) -> Array:
    """Least cost of k pieces that end in each knot cell: (pieces + 1, knot cells), k = 0 … pieces."""
    table = np.full((pieces + 1, costs.knot_cells), np.inf)
    table[0, 0] = 0.0
    scratch = np.empty(costs.knot_cells)
    for k in range(pieces):
        best = table[k + 1]
        best[:] = table[k]
        _extend(table[k], best, costs.near, 0, scratch)
        if costs.far is not None:
            starts = np.arange(0, len(best), costs.size)
            blocks = np.full(len(starts), np.inf)
            _extend(np.minimum.reduceat(table[k], starts), blocks, costs.far.near, costs.apart - 1, scratch)
            np.minimum(best, np.repeat(blocks, costs.size)[: len(best)], out=best)
    return table


def _extend(values: Array, best: Array, near: Array, shortest: int, scratch: Array) -> None:
    """Lower ``best[a + s + 1]`` to ``values[a] + near[s, a]`` for all a and s ≥ shortest."""
    count = len(values)
    for s in range(shortest, len(near)):
        reach = count - s - 1
        total = np.add(values[:reach], near[s, :reach], out=scratch[:reach])
        np.minimum(best[s + 1 :], total, out=best[s + 1 :])


def backtrack(costs: Segments, table: Array, pieces: int) -> NDArray[np.int64]:
    """Knot cells of a cheapest path with that many pieces: (pieces − 1,), non-decreasing."""
    found: list[int] = []
    j = costs.knot_cells - 1
    for k in range(pieces, 1, -1):
        previous = table[k - 1]
        longest = min(j, len(costs.near))
        starts = np.arange(j - 1, j - 1 - longest, -1)
        options = previous[starts] + costs.near[np.arange(longest), starts]
        choice, value = j, previous[j]
        if longest and options.min() <= value:
            choice, value = int(starts[options.argmin()]), float(options.min())
        if costs.far is not None:
            block = j // costs.size
            begin = np.arange(0, block - costs.apart + 1)
            if len(begin):
                least = np.minimum.reduceat(previous, np.arange(0, len(previous), costs.size))[begin]
                jumps = least + costs.far.near[block - begin - 1, begin]
                if jumps.min() < value:
                    first = int(begin[jumps.argmin()]) * costs.size
                    choice = first + int(previous[first : first + costs.size].argmin())
        j = choice
        found.append(j)
    return np.array(found[::-1], dtype=np.int64)
