"""Patterns, a cell and a sign for each neuron, and the least-squares programmes over them."""

from dataclasses import dataclass
from itertools import product
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ratelab.best._global_cone import cone_least_squares
from ratelab.best._global_data import Data, Level
from ratelab.best._global_spans import DEPENDENT, residuals

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Signs = NDArray[np.int8]

_CHUNK = 2_000_000


@dataclass(frozen=True, eq=False)
class Solved:
    """Solutions of B cone programmes.

    Parameters
    ----------
    values, lower
        (B,): the loss of each solution, a lower bound of each minimum.
    rays, coefficients
        (B, w, k): which rays each neuron combines, and how; unused places hold the zero ray.
    count
        Programmes that were solved.
    """

    values: Array
    lower: Array
    rays: Index
    coefficients: Array
    count: int


class Objective(Protocol):
    """A convex loss on given data, as the search sees it."""

    data: Data
    accuracy: float

    def bounds(self, level: Level, choice: Index) -> Array:
        """Return lower bounds (B,) of the loss of choices (B, w) of the level's cells, whatever the signs."""
        ...

    def programmes(self, choice: Index, signs: Signs, enough: float) -> Solved:
        """Minimise the loss over patterns (B, w) of all data; where the minimum is above `enough` a bound will do."""
        ...

    def total(self, outputs: Array) -> float:
        """Return the loss of a network's outputs (D,) at the data."""
        ...

    def solution(self, rays: Index, signs: Signs, coefficients: Array) -> tuple[Array, Array]:
        """Return final coefficients of the rays (w, k) of a solved pattern, and of the free columns."""
        ...


class SquaredObjective:
    """The weighted sum of squares; all programmes of a batch are solved together."""

    accuracy = 1e-12

    def __init__(self, data: Data) -> None:
        self.data = data

    def bounds(self, level: Level, choice: Index) -> Array:
        """Return the least squares over the spans of the cells."""
        step = max(1, _CHUNK // (level.bases.shape[1] * choice.shape[1] * len(level.data)))
        found = [np.zeros(0)]
        for begin in range(0, len(choice), step):
            residual, _ = residuals(level.bases, choice[begin : begin + step], level.y)
            found.append(np.einsum("bn,bn->b", residual, residual))
        return np.concatenate(found)

    def programmes(self, choice: Index, signs: Signs, enough: float) -> Solved:
        """Solve by non-negative least squares."""
        rays, used = ray_table(self.data, choice)
        level = self.data.levels[-1]
        flat = rays.reshape(len(choice), -1)
        flags = np.repeat(signs, rays.shape[2], axis=1)
        values, lower, coefficients = np.zeros(len(choice)), np.zeros(len(choice)), np.zeros(flat.shape)
        number = used.sum(axis=(1, 2))
        front = np.argsort(~used.reshape(len(choice), -1), axis=1, kind="stable")
        columns = self._columns
        for size in np.unique(number):
            members = np.flatnonzero(number == size)
            step = max(1, _CHUNK // (max(size, 1) * (columns.shape[1] + size)))
            for begin in range(0, len(members), step):
                rows = members[begin : begin + step]
                places = front[rows, :size]
                chosen = columns[flat[rows[:, None], places]] * flags[rows[:, None], places, None]
                c, values[rows], lower[rows] = cone_least_squares(chosen, level.y)
                coefficients[rows[:, None], places] = c
        return Solved(values, lower, rays, coefficients.reshape(rays.shape), len(choice))

    @property
    def _columns(self) -> Array:
        if not hasattr(self, "_projected"):
            columns = self.data.rays * self.data.scale
            free = self.data.levels[-1].free
            before = np.sum(columns**2, axis=1)
            for _ in range(2):
                columns = columns - (columns @ free.T) @ free
            # what the free columns give already is roundoff here
            columns[np.sum(columns**2, axis=1) <= DEPENDENT**2 * before] = 0.0
            self._projected = columns
        return self._projected

    def total(self, outputs: Array) -> float:
        """Return Σ weight · residual²."""
        return float(np.sum(self.data.weights * (outputs - self.data.y) ** 2))

    def solution(self, rays: Index, signs: Signs, coefficients: Array) -> tuple[Array, Array]:
        """Polish a solution on the rays in use, by least squares together with the free columns."""
        flat, c = rays.reshape(-1), coefficients.reshape(-1)
        signed_rays = self.data.rays[flat] * np.repeat(signs, rays.shape[1])[:, None]
        scale, used = self.data.scale[:, None], c > 0
        target = self.data.y * self.data.scale
        rest = target - (c @ signed_rays) * self.data.scale
        free = np.linalg.lstsq(self.data.columns * scale, rest, rcond=None)[0]
        design = np.concatenate([signed_rays[used].T, self.data.columns], axis=1)
        x = np.linalg.lstsq(design * scale, target, rcond=None)[0]
        number = int(used.sum())
        before = self.total(c @ signed_rays + self.data.columns @ free)
        if (x[:number] >= 0).all() and self.total(design @ x) <= before:
            c = c.copy()
            c[used], free = x[:number], x[number:]
        return c.reshape(rays.shape), np.asarray(free)


def ray_table(data: Data, choice: Index) -> tuple[Index, NDArray[np.bool_]]:
    """Return the rays (B, w, k) of chosen cells, and which places are used; others hold the zero ray."""
    cells, inverse = np.unique(choice, return_inverse=True)
    rays = [data.rays_of(int(c)) for c in cells]
    table = np.full((len(cells), max(map(len, rays), default=0)), len(data.rays) - 1, dtype=np.intp)
    for row, found in zip(table, rays, strict=True):
        row[: len(found)] = found
    chosen = table[inverse.reshape(choice.shape)]
    return chosen, chosen < len(data.rays) - 1


def signed(choice: Index) -> tuple[Index, Signs]:
    """Return all signs that matter for choices (B, w): rows of `choice` (B',) in ascending order, signs (B', w).

    Equal cells of equal sign act as one neuron, so a repeated cell has the signs + and −, in that order.
    """
    width = choice.shape[1]
    signs = np.array(list(product([1, -1], repeat=width)), dtype=np.int8)
    same = choice[:, None, 1:] == choice[:, None, :-1]
    fine = ~same | ((signs[None, :, :-1] == 1) & (signs[None, :, 1:] == -1))
    row, sign = np.nonzero(fine.all(axis=2))
    return row, signs[sign]


def children(level: Level, choice: Index) -> Index:
    """Return the choices of the next level's cells that continue choices (B, w) in ascending order."""
    count = level.first[choice + 1] - level.first[choice]
    found = []
    for counts in np.unique(count, axis=0):
        rows = choice[(count == counts).all(axis=1)]
        offsets = np.array(list(product(*[range(n) for n in counts])), dtype=np.intp)
        found.append((level.first[rows][:, None, :] + offsets[None]).reshape(-1, choice.shape[1]))
    result = np.concatenate(found) if found else choice
    return np.asarray(result[(np.diff(result, axis=1) >= 0).all(axis=1)])
