"""Local search over patterns: the network to beat before the search begins."""

import numpy as np
from numpy.typing import NDArray

from ratelab.best._global_patterns import Index, Objective, Signs, Solved

Array = NDArray[np.float64]

_ROUNDS = 100
_EXCHANGED = 2
"""Local optima whose neurons are exchanged."""
_CANDIDATES = 20_000


def local_optima(
    objective: Objective, width: int, starts: int, seed: int, budget: float
) -> tuple[Index, Signs, int]:
    """Return the best patterns (B, w) of a local search, best first, and the programmes solved.

    From random patterns and one grown neuron by neuron, neurons move to the neighbouring cells across the data
    that their hyperplanes touch as long as that lowers the loss; in the best ones every neuron is then exchanged
    for the best of all. The search ends early after `budget` programmes.
    """
    data = objective.data
    generator = np.random.default_rng(seed)
    cells = len(data.masks)
    choice = generator.integers(cells, size=(starts, width))
    signs = generator.choice(np.array([-1, 1], dtype=np.int8), size=(starts, width))
    walk = _Walk(objective, budget)
    grown = np.zeros((1, 0), dtype=np.intp), np.zeros((1, 0), dtype=np.int8)
    for neuron in range(width):
        wider = np.pad(grown[0], ((0, 0), (0, 1)))
        grown = walk.exchange(wider, np.pad(grown[1], ((0, 0), (0, 1)), constant_values=1), neuron)
    choice, signs = np.concatenate([choice, grown[0]]), np.concatenate([signs, grown[1]])
    choice, signs, values = walk.descend(choice, signs)
    for _ in range(_ROUNDS):
        before = values[:_EXCHANGED].copy()
        for neuron in range(width):
            for row in range(min(_EXCHANGED, len(choice))):
                fresh = walk.exchange(choice[row : row + 1], signs[row : row + 1], neuron)
                choice[row], signs[row] = fresh[0][0], fresh[1][0]
        choice, signs, values = walk.descend(choice, signs)
        if walk.count >= budget or (values[:_EXCHANGED] >= before[: len(values)] * (1 - 1e-9)).all():
            break
    return choice, signs, walk.count


def descend(objective: Objective, choice: Index, signs: Signs) -> tuple[Index, Signs, Solved, int]:
    """Move patterns to better neighbours; return distinct ones, best first, their solutions, the programmes solved."""
    walk = _Walk(objective, np.inf)
    choice, signs, _ = walk.descend(choice, signs)
    return choice, signs, walk.solve(choice, signs), walk.count


class _Walk:
    def __init__(self, objective: Objective, budget: float) -> None:
        self.objective, self.data, self.budget = objective, objective.data, budget
        self.count = 0

    def solve(self, choice: Index, signs: Signs) -> Solved:
        solved = self.objective.programmes(choice, signs, np.inf)
        self.count += solved.count
        return solved

    def descend(self, choice: Index, signs: Signs) -> tuple[Index, Signs, Array]:
        """Move to better neighbours until there is none; return distinct patterns, the best first."""
        choice, signs = choice.copy(), signs.copy()
        solved = self.solve(choice, signs)
        values = solved.values.copy()
        active = np.arange(len(choice))
        for _ in range(_ROUNDS):
            owner, near = self._neighbours(choice[active], solved)
            if not len(owner) or self.count >= self.budget:
                break
            tried = self.solve(near, signs[active[owner]])
            order = np.lexsort((tried.values, owner))
            first = order[np.unique(owner[order], return_index=True)[1]]
            rows = active[owner[first]]
            better = tried.values[first] < values[rows] * (1.0 - 1e-9)
            active, first = rows[better], first[better]
            if not len(active):
                break
            choice[active], values[active] = near[first], tried.values[first]
            solved = Solved(
                tried.values[first], tried.lower[first], tried.rays[first], tried.coefficients[first], 0
            )
        order = np.argsort(values, kind="stable")
        distinct = np.concatenate([[True], np.diff(values[order]) > 1e-9 * values[order][1:]])
        order = order[distinct]
        return choice[order], signs[order], values[order]

    def exchange(self, choice: Index, signs: Signs, neuron: int) -> tuple[Index, Signs]:
        """Try every cell and sign for one neuron of one pattern (1, w)."""
        if self.count >= self.budget:
            return choice, signs
        cells = len(self.data.masks)
        step = max(1, cells // _CANDIDATES)
        candidates = np.append(np.arange(0, cells, step), choice[0, neuron])
        tried, sign = (
            np.repeat(choice, 2 * len(candidates), axis=0),
            np.repeat(signs, 2 * len(candidates), axis=0),
        )
        tried[:, neuron] = np.tile(candidates, 2)
        sign[:, neuron] = np.repeat(np.array([1, -1], dtype=np.int8), len(candidates))
        best = int(np.argmin(self.solve(tried, sign).values))
        return tried[best : best + 1], sign[best : best + 1]

    def _neighbours(self, choice: Index, solved: Solved) -> tuple[Index, Index]:
        """Return the patterns across the data that each solution touches, and whose neighbours they are."""
        table = self.data.arrangement.signs
        owner: list[int] = []
        found: list[Index] = []
        for row, pattern in enumerate(choice):
            for neuron, cell in enumerate(pattern):
                used = solved.rays[row, neuron][solved.coefficients[row, neuron] > 0]
                if not len(used):
                    continue
                touched = np.flatnonzero((table[used] == 0).all(axis=0))
                mask = self.data.masks[cell]
                groups = [touched[i : i + 1] for i in range(len(touched))]
                for group in [*groups, touched] if len(groups) > 1 else groups:
                    flipped = mask.copy()
                    flipped[group] = ~flipped[group]
                    other = self.data.cell(flipped)
                    if other >= 0:
                        fresh = pattern.copy()
                        fresh[neuron] = other
                        owner.append(row)
                        found.append(fresh)
        width = choice.shape[1]
        return np.array(owner, dtype=np.intp), np.array(found, dtype=np.intp).reshape(-1, width)
