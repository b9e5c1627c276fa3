"""Best-first branch and bound over patterns, with a bracket at any time."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ratelab.best._global_patterns import Index, Objective, Signs, Solved, children, signed

Array = NDArray[np.float64]

_BLOCK = 4096
_BATCH = 512
_OPEN = 5_000_000
"""Choices kept open before the search turns to the deepest ones, for the memory they take."""
_CHILDREN = 400_000


@dataclass(eq=False)
class Incumbent:
    """The best network so far, as coefficients of rays (w, k)."""

    value: float
    rays: Index
    coefficients: Array
    signs: Signs

    def offer(self, solved: Solved, signs: Signs) -> bool:
        """Take the best of some solutions if it is better."""
        if not len(solved.values):
            return False
        best = int(np.argmin(solved.values))
        if not solved.values[best] < self.value:
            return False
        self.value = float(solved.values[best])
        self.rays, self.coefficients = solved.rays[best], solved.coefficients[best]
        self.signs = signs[best]
        return True


@dataclass(eq=False)
class Search:
    """The state of a search; `run` may be interrupted at any point and leaves a valid bracket.

    Parameters
    ----------
    objective, width, incumbent
        The loss, the number of neurons, and the network to beat.
    tolerance, size
        The search ends when the gap is at most tolerance · value + accuracy · size: the accuracy of
        the programmes and the loss of zero outputs.
    limit
        Most programmes and relaxations in all, or None.
    progress
        Called after each batch with the programmes and relaxations so far and that number plus what is open.
    """

    objective: Objective
    width: int
    incumbent: Incumbent
    tolerance: float
    size: float
    limit: int | None = None
    progress: Callable[[int, int], None] | None = None
    programmes: int = 0
    relaxations: int = 0
    complete: bool = False
    rows: list[tuple[int, int, float, float]] = field(default_factory=list)
    _settled: float = np.inf
    _current: float = 0.0
    _open: int = 0

    @property
    def lower_bound(self) -> float:
        """The least loss that any network can have, as far as the search knows."""
        return max(min(self._settled, self._current, self.incumbent.value), 0.0)

    @property
    def floor(self) -> float:
        """A gap that the programmes can leave however small the loss is."""
        return self.objective.accuracy * self.size

    @property
    def _enough(self) -> float:
        """Bounds from here on need no further work."""
        return self.incumbent.value * (1.0 - self.tolerance) - self.floor

    def record(self, quiet: bool = False) -> None:
        """Add a row to the log, and report progress unless `quiet`."""
        self.rows.append((self.programmes, self.relaxations, self.lower_bound, self.incumbent.value))
        if self.progress is not None and not quiet:
            done = self.programmes + self.relaxations
            self.progress(done, done + self._open)

    def run(self) -> None:
        """Search until the bracket is tight, the limit is reached or the user interrupts."""
        levels = self.objective.data.levels
        heap: list[tuple[float, int, int, Array, Index]] = []
        ticket = 0
        root = self._root()
        pending = [(0, np.zeros(len(root)), root)]
        while True:
            for level, bounds, choice in pending:
                order = np.argsort(bounds, kind="stable")
                size = _BLOCK if level < len(levels) - 1 else _BATCH
                for begin in range(0, len(order), size):
                    rows = order[begin : begin + size]
                    ticket += 1
                    heapq.heappush(heap, (float(bounds[rows[0]]), ticket, level, bounds[rows], choice[rows]))
                    self._open += len(rows)
            if not heap:
                self._current = np.inf
                self.complete = True
                break
            self._current = heap[0][0]
            self.record()
            if self._current >= self._enough:
                self.complete = True
                break
            if self._spent():
                break
            if self._open <= _OPEN:
                _, _, level, bounds, choice = heapq.heappop(heap)
            else:  # the deepest block first, to close more than is opened
                _, _, level, bounds, choice = heap.pop(max(range(len(heap)), key=lambda i: heap[i][2]))
                heapq.heapify(heap)
            self._open -= len(choice)
            keep = self._keep(bounds)
            bounds, choice, pending = bounds[keep], choice[keep], []
            if level == len(levels) - 1:
                self._solve(bounds, choice)
            elif len(choice):
                following = np.cumsum(np.prod(levels[level].count[choice].astype(np.float64), axis=1))
                now = max(1, int(np.searchsorted(following, _CHILDREN)))
                pending = [
                    (level, bounds[now:], choice[now:]),
                    self._expand(level, bounds[:now], choice[:now]),
                ]
        self.record()

    def _root(self) -> Index:
        first = self.objective.data.levels[0]
        count = len(first.cells)
        choice = np.arange(count)[:, None]
        for _ in range(self.width - 1):
            last = choice[:, -1]
            choice = np.concatenate(
                [np.repeat(choice, count - last, axis=0), _ranges(last, count)[:, None]], axis=1
            )
        return choice

    def _expand(self, level: int, bounds: Array, choice: Index) -> tuple[int, Array, Index]:
        levels = self.objective.data.levels
        following = children(levels[level], choice)
        self.relaxations += len(following)
        # a parent's bound holds for its children too, and every open choice has at least the current one
        found = np.maximum(self.objective.bounds(levels[level + 1], following), self._current)
        keep = self._keep(found)
        return level + 1, found[keep], following[keep]

    def _solve(self, bounds: Array, choice: Index) -> None:
        row, signs = signed(choice)
        solved = self.objective.programmes(choice[row], signs, self._enough)
        self.programmes += solved.count
        self.incumbent.offer(solved, signs)
        self._settled = min(self._settled, float(np.maximum(solved.lower, bounds[row]).min(initial=np.inf)))

    def _keep(self, bounds: Array) -> NDArray[np.bool_]:
        keep = bounds < self._enough
        self._settled = min(self._settled, float(bounds[~keep].min(initial=np.inf)))
        return keep

    def _spent(self) -> bool:
        return self.limit is not None and self.programmes + self.relaxations >= self.limit


def _ranges(begin: Index, end: int) -> Index:
    """Return begin_0 … end − 1, begin_1 … end − 1, and so on."""
    lengths = end - begin
    offset = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return np.repeat(begin, lengths) + offset
