"""Adam on all networks of a job at once, for activations that compiled loops do not know."""

from collections.abc import Sequence
from math import cos, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from ratelab.networks import FitProblem
from ratelab.training._adam_recipe import CONVERGED, DIVERGED, RUNNING, Group, zero_loss
from ratelab.training._stack import Data, Pass

Array = NDArray[np.float64]


class Stacked:
    """Run groups of networks in arrays: their parameters lie one after the other in a single vector.

    The recipes may differ in their number of steps only.
    """

    def __init__(self, problem: FitProblem, groups: Sequence[Group]) -> None:
        self._groups, self._recipe = groups, groups[0].recipe
        self._data = Data.of(problem)
        self._parameters = np.concatenate([group.parameters.ravel() for group in groups])
        lengths = np.concatenate([np.full(len(g.parameters), g.shape.count) for g in groups])
        self._steps = np.concatenate([np.full(len(g.parameters), g.recipe.steps) for g in groups])
        self._owner = np.repeat(np.arange(len(lengths)), lengths)
        self._begins = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        self._free = np.concatenate([np.tile(g.shape.free, len(g.parameters)) for g in groups])
        self._slope, self._first, self._second = np.zeros((3, len(self._parameters)))
        views = self._views(self._parameters)
        shapes = [group.shape for group in groups]
        self._networks = Pass(list(zip(shapes, views, strict=True)), self._data, problem.activation)
        self._slopes = self._views(self._slope)
        self._best = self._parameters.copy()
        self._best_loss = np.full(len(lengths), np.inf)
        self._evaluations = np.zeros(len(lengths), np.int64)
        self._outcome = np.zeros(len(lengths), np.int8)
        self._zero = zero_loss(self._data)
        self._twice = 2.0 * self._data.weights

    def advance(self, first: int, last: int) -> None:
        """See `Descent`."""
        with np.errstate(all="ignore"):
            for step in range(first, last):
                due = (self._outcome == RUNNING) & (step <= self._steps)
                if not due.any():
                    break
                self._evaluate(due)
                self._move(step)
        ends = np.cumsum([0] + [len(group.parameters) for group in self._groups])
        for group, a, b, row, best in zip(
            self._groups,
            ends,
            ends[1:],
            self._views(self._parameters),
            self._views(self._best),
            strict=False,
        ):
            group.parameters[:], group.best[:] = row, best
            group.best_loss[:], group.evaluations[:] = self._best_loss[a:b], self._evaluations[a:b]
            group.outcome[:] = self._outcome[a:b]

    def _evaluate(self, due: NDArray[np.bool_]) -> None:
        """Compute losses and gradients; keep the best iterates; find out which fits have come to an end."""
        data = self._data
        run = self._networks.forward()
        residual = run.outputs - data.values
        cotangent = residual * self._twice
        residual *= cotangent
        loss = 0.5 * residual.reshape(len(residual), -1).sum(axis=1)
        run.gradients(run.per_part(cotangent), self._slopes)
        self._slope *= self._free
        largest = np.maximum.reduceat(np.abs(self._slope), self._begins)
        self._evaluations += due
        bad = due & ~(np.isfinite(loss) & np.isfinite(largest))
        better = due & ~bad & (loss < self._best_loss)
        self._best_loss = np.where(better, loss, self._best_loss)
        np.copyto(self._best, self._parameters, where=better[self._owner])
        bound = self._recipe.tolerance * 2.0 * np.sqrt(loss * np.sum(data.weights))
        flat = (largest <= bound) | (loss <= self._zero)
        self._outcome[bad] = DIVERGED
        self._outcome[due & ~bad & flat] = CONVERGED
        np.copyto(self._parameters, 0.0, where=bad[self._owner] & self._free)

    def _move(self, step: int) -> None:
        """Take one step with the fits that go on."""
        recipe = self._recipe
        goes_on = (self._outcome == RUNNING) & (step < self._steps)
        rest = ~goes_on[self._owner]
        self._slope[rest] = 0.0
        self._first *= recipe.first
        self._first += (1.0 - recipe.first) * self._slope
        self._second *= recipe.second
        self._second += (1.0 - recipe.second) * self._slope * self._slope
        change = self._first / (
            np.sqrt(self._second) / sqrt(1.0 - recipe.second ** (step + 1)) + recipe.epsilon
        )
        change[rest] = 0.0
        rates = {
            s: _rate(float(recipe.rate), step, s, recipe.cosine) for s in np.unique(self._steps).tolist()
        }
        rate = np.array([rates[s] for s in self._steps.tolist()])
        self._parameters -= (rate / (1.0 - recipe.first ** (step + 1)))[self._owner] * change

    def _views(self, vector: Array) -> list[Array]:
        """Return the vector as one (S, P) view per group."""
        views, begin = [], 0
        for group in self._groups:
            end = begin + group.parameters.size
            views.append(vector[begin:end].reshape(group.parameters.shape))
            begin = end
        return views


def _rate(rate: float, step: int, steps: int, cosine: bool) -> float:
    return 0.5 * rate * (1.0 + cos(pi * step / steps)) if cosine and step < steps else rate
