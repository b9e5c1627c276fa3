"""Cells of a grid as few boxes: runs along one axis, then equal runs along the next."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


def merged(lower: Integers, upper: Integers) -> tuple[Integers, Integers]:
    """Merge boxes (m, d) of indices, upper ends exclusive, that agree but for one axis and touch along it.

    The axes are tried from the last to the first; the union stays the same, and boxes without common interior stay so.
    """
    for axis in reversed(range(lower.shape[1])):
        others = [c for i in range(lower.shape[1]) if i != axis for c in (lower[:, i], upper[:, i])]
        order = np.lexsort([lower[:, axis], *others])
        lower, upper = lower[order], upper[order]
        same = np.ones(len(lower) - 1, dtype=bool)
        for i in range(lower.shape[1]):
            if i == axis:
                same &= upper[:-1, i] == lower[1:, i]
            else:
                same &= (lower[:-1, i] == lower[1:, i]) & (upper[:-1, i] == upper[1:, i])
        starts = np.concatenate([[True], ~same])
        ends = np.concatenate([~same, [True]])
        top = upper[ends, axis]
        lower, upper = lower[starts].copy(), upper[starts].copy()
        upper[:, axis] = top
    order = np.lexsort(lower.T[::-1])
    return lower[order], upper[order]


def boxes_of_cells(cells: NDArray[np.bool_]) -> tuple[Integers, Integers]:
    """Return merged boxes of the cells of a grid that are set, lower and upper (exclusive) indices (m, d)."""
    padded = np.zeros((*cells.shape[:-1], cells.shape[-1] + 2), dtype=np.int8)
    padded[..., 1:-1] = cells
    change = np.diff(padded, axis=-1)
    lower = np.argwhere(change == 1).astype(np.int64)
    upper = lower + 1
    upper[:, -1] = np.argwhere(change == -1)[:, -1]
    return merged(lower, upper) if len(lower) else (lower, upper)


def corners(lines: Any, lower: Integers, upper: Integers, dtype: Any) -> tuple[Any, Any]:
    """Return the corners of boxes of indices on a grid whose lines are given for each axis."""
    tables = [np.array(axis, dtype=dtype) for axis in lines]
    low = np.stack([table[lower[:, i]] for i, table in enumerate(tables)], axis=1)
    return low, np.stack([table[upper[:, i]] for i, table in enumerate(tables)], axis=1)
