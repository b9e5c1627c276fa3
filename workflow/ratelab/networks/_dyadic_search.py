"""The best way to split the levels of a composed zigzag over a depth, within a budget."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ratelab.networks._dyadic_blocks import Blocks, Costs
from ratelab.registry import Complexity

LARGEST_BUDGET = 1 << 20
"""A larger budget is used up to here only."""

_INFINITE = np.int64(1 << 61)
_SHIFT = 40
_OTHER = (1 << 34) - 1
Keys = NDArray[np.int64]


def best_blocks(costs: Costs, levels: int, depth: int, complexity: Complexity, budget: int) -> Blocks | None:
    """Return the split with most levels, among these the smallest, within a depth and a budget.

    Every split and every choice of merged maps is taken into account, by dynamic programming over the blocks. Of
    splits with the same complexity the one with less of the other count is chosen, then the shallower one.

    Parameters
    ----------
    costs
        What blocks of q levels cost.
    levels
        Largest number of levels of interest.
    depth
        Largest depth, at least 2.
    complexity, budget
        What is counted, and how much of it is allowed; at most `LARGEST_BUDGET` is used.

    Returns
    -------
    The split; None if not even one level fits.
    """
    return _chosen(costs, levels, depth, complexity, lambda key: key <= min(budget, LARGEST_BUDGET))


def smallest_blocks(costs: Costs, levels: int, depth: int, complexity: Complexity) -> Blocks | None:
    """Return the smallest split of exactly that many levels within a depth; None if it exceeds `LARGEST_BUDGET`."""
    table = _table(costs, levels, min(depth, 2 * levels), complexity)
    return table.blocks(levels)


def _chosen(costs: Costs, levels: int, depth: int, complexity: Complexity, fits: Any) -> Blocks | None:
    table = _table(costs, levels, min(depth, 2 * levels), complexity)
    for total in range(levels, 0, -1):
        if table.best[total] < _INFINITE and fits(int(table.best[total]) >> _SHIFT):
            return table.blocks(total)
    return None


class _Table:
    """Least keys (complexity, other count) of chains by depth, levels so far and levels of the last block."""

    def __init__(self, costs: Costs, levels: int, depth: int, complexity: Complexity) -> None:
        self.levels, self.depth = levels, depth
        most = min(len(costs.full) - 1, levels)
        sizes = range(1, most + 1)

        def key(counts: tuple[int, int]) -> int:
            first, other = counts if complexity == "connections" else counts[::-1]
            return int(_INFINITE) if first > LARGEST_BUDGET else (first << _SHIFT) | min(other, _OTHER)

        def starts(final: bool) -> Keys:
            return np.array([_INFINITE, *(key(costs.start(q, final)) for q in sizes)], dtype=np.int64)

        def joins(merged: bool, final: bool) -> Keys:
            found = np.full((most + 1, most + 1), _INFINITE)
            for before in sizes:
                for q in sizes:
                    found[before, q] = key(costs.join(before, q, merged, final))
            return found

        self.starts = {final: starts(final) for final in (False, True)}
        self.joins = {(step, final): joins(step == 1, final) for step in (1, 2) for final in (False, True)}
        shape = (depth + 1, levels + 1, most + 1)
        self.open, self.final = np.full(shape, _INFINITE), np.full(shape, _INFINITE)
        for q in sizes:
            self.open[2, q, q], self.final[2, q, q] = self.starts[False][q], self.starts[True][q]
        for at in range(3, depth + 1):
            for step in (1, 2):
                if at - step < 2:
                    continue
                before = self.open[at - step]
                for final, table in ((False, self.open), (True, self.final)):
                    joined = np.minimum(before[:, :, None] + self.joins[step, final][None], _INFINITE)
                    least = joined.min(axis=1)
                    for q in sizes:
                        np.minimum(table[at, q:, q], least[: levels + 1 - q, q], out=table[at, q:, q])
        self.best = self.final.min(axis=(0, 2))

    def blocks(self, total: int) -> Blocks | None:
        """Return the split of the least key with that many levels."""
        if self.best[total] >= _INFINITE:
            return None
        at, q = (int(i) for i in np.argwhere(self.final[:, total, :] == self.best[total])[0])
        sizes, merged, wanted, final = [q], [], self.best[total], True
        while not (at == 2 and total == q and self.starts[final][q] == wanted):
            at, total, before, step = self._step_back(at, total, q, wanted, final)
            wanted, q, final = self.open[at, total, before], before, False
            sizes.append(before)
            merged.append(step == 1)
        return Blocks(tuple(sizes[::-1]), tuple(merged[::-1]))

    def _step_back(self, at: int, total: int, q: int, wanted: Any, final: bool) -> tuple[int, int, int, int]:
        for step in (1, 2):
            if at - step >= 2 and total > q:
                found = np.flatnonzero(
                    self.open[at - step, total - q] + self.joins[step, final][:, q] == wanted
                )
                if len(found):
                    return at - step, total - q, int(found[0]), step
        raise AssertionError("a chain of blocks has no beginning")


@lru_cache(maxsize=64)
def _table(costs: Costs, levels: int, depth: int, complexity: Complexity) -> _Table:
    return _Table(costs, levels, max(depth, 2), complexity)
