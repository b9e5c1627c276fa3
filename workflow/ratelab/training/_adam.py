"""Adam on all networks of a job at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import cos, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks import FitProblem, FitResult, Status
from ratelab.registry import Progress
from ratelab.training._elementwise import one_thread
from ratelab.training._initial import Initial, initial_weights
from ratelab.training._stack import Data, Pass, stacks

Array = NDArray[np.float64]

_FIRST, _SECOND, _EPSILON = 0.9, 0.999, 1e-12


@dataclass(eq=False)
class Adam:
    """Full-batch Adam with cosine decay of the rate; the best iterate is kept.

    A fit has *converged* when the largest derivative of the loss falls below `tolerance` times 2 √(loss ·
    total weight), the largest value that the derivative by an output bias can have, or when the loss is
    zero up to roundoff. Source: Kingma and Ba 2015, adaptive moments; Loshchilov and Hutter 2017, cosine
    decay.

    Parameters
    ----------
    steps
        Gradient steps.
    rate
        First learning rate; it falls to 0 along half a cosine.
    initial
        ``domain`` or ``standard``, see `initial_weights`.
    tolerance
        Of the convergence criterion.
    """

    steps: int = 2000
    rate: float = 0.05
    initial: Initial = "domain"
    tolerance: float = 1e-6
    name: str = field(default="adam", init=False)

    def __post_init__(self) -> None:
        """Check the parameters."""
        if self.steps < 1:
            raise UserError(f"trainer 'adam': steps is {self.steps}; allowed: 1 or more")
        if not self.rate > 0:
            raise UserError(f"trainer 'adam': rate is {self.rate}; allowed: positive numbers")
        if self.initial not in ("domain", "standard"):
            raise UserError(f"trainer 'adam': initial is '{self.initial}'; allowed: domain, standard")
        if not self.tolerance >= 0:
            raise UserError(f"trainer 'adam': tolerance is {self.tolerance}; allowed: 0 or more")

    def fit(self, problem: FitProblem, progress: Progress | None = None) -> Sequence[FitResult]:
        """Fit every (layout, seed) of the problem; results in that order."""
        if not problem.fits:
            return []
        with one_thread(problem.activation), np.errstate(all="ignore"):
            run = _Run(self, problem)
            for step in range(self.steps):
                run.evaluate(step)
                if run.done.all():
                    break
                run.move(step)
                if progress is not None and step % 50 == 0:
                    progress(step, self.steps)
            else:
                run.evaluate(self.steps)
            if progress is not None:
                progress(self.steps, self.steps)
            return run.results()


class _Run:
    """All fits of a problem: their parameters one after the other in a single vector."""

    def __init__(self, options: Adam, problem: FitProblem) -> None:
        self.options, self.problem = options, problem
        self.data, self.groups = Data.of(problem), stacks(problem)
        self.order = [position for _, positions in self.groups for position in positions]
        start = [
            shape.flat(
                initial_weights(
                    shape.layout, problem.fits[i][1], problem.activation, problem.domain, options.initial
                )
            )
            for shape, positions in self.groups
            for i in positions
        ]
        lengths = [len(row) for row in start]
        self.parameters = np.concatenate(start)
        self.slope = np.zeros_like(self.parameters)
        self.first, self.second = np.zeros_like(self.parameters), np.zeros_like(self.parameters)
        self.owner = np.repeat(np.arange(len(start)), lengths)
        self.begins = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        self.free = np.concatenate([shape.free for shape, positions in self.groups for _ in positions])
        stacked = zip([shape for shape, _ in self.groups], self._views(self.parameters), strict=True)
        self.networks = Pass(list(stacked), self.data, problem.activation)
        self.slopes = self._views(self.slope)
        self.best, self.best_loss = self.parameters.copy(), np.full(len(start), np.inf)
        self.taken = np.full(len(start), options.steps)
        self.done, self.converged, self.diverged = np.zeros((3, len(start)), bool)
        self.floor = 1e-30 * self.data.energy
        self.twice = 2.0 * self.data.weights

    def evaluate(self, step: int) -> None:
        """Compute losses and gradients; keep the best iterates; find out which fits are done."""
        data = self.data
        run = self.networks.forward()
        residual = run.outputs - data.values
        cotangent = residual * self.twice
        residual *= cotangent
        loss = 0.5 * residual.reshape(len(residual), -1).sum(axis=1)
        run.gradients(run.per_part(cotangent), self.slopes)
        self.slope *= self.free
        largest = np.maximum.reduceat(np.abs(self.slope), self.begins)
        bad = ~self.done & ~(np.isfinite(loss) & np.isfinite(largest))
        better = ~self.done & ~bad & (loss < self.best_loss)
        self.best_loss = np.where(better, loss, self.best_loss)
        np.copyto(self.best, self.parameters, where=better[self.owner])
        bound = 2.0 * np.sqrt(loss * np.sum(data.weights))
        flat = (largest <= self.options.tolerance * bound) | (loss <= self.floor)
        ready = ~self.done & ~bad & flat
        self.diverged |= bad
        self.converged |= ready
        self.taken[bad | ready] = step
        self.done |= bad | ready
        np.copyto(self.parameters, 0.0, where=bad[self.owner] & self.free)

    def move(self, step: int) -> None:
        """Take one step with the fits that are not done."""
        rest = self.done[self.owner]
        self.slope[rest] = 0.0
        self.first *= _FIRST
        self.first += (1.0 - _FIRST) * self.slope
        self.second *= _SECOND
        self.second += (1.0 - _SECOND) * self.slope * self.slope
        rate = 0.5 * float(self.options.rate) * (1.0 + cos(pi * step / self.options.steps))
        change = self.first / (np.sqrt(self.second) / sqrt(1.0 - _SECOND ** (step + 1)) + _EPSILON)
        change[rest] = 0.0
        self.parameters -= rate / (1.0 - _FIRST ** (step + 1)) * change

    def results(self) -> list[FitResult]:
        """Return the best iterates in the order of the problem."""
        rows = [row for stack in self._views(self.best) for row in stack]
        shapes = [shape for shape, positions in self.groups for _ in positions]
        found: dict[int, FitResult] = {}
        for j, position in enumerate(self.order):
            steps = int(self.taken[j])
            if self.diverged[j]:
                found[position] = FitResult(None, float("nan"), "diverged", steps)
                continue
            status: Status = "converged" if self.converged[j] else "step limit"
            network = shapes[j].network(rows[j], self.problem.activation)
            found[position] = FitResult(network, float(self.best_loss[j]), status, steps)
        return [found[i] for i in range(len(found))]

    def _views(self, vector: Array) -> list[Array]:
        """Return the vector as one (S, P) view per shape."""
        views, begin = [], 0
        for shape, positions in self.groups:
            end = begin + len(positions) * shape.count
            views.append(vector[begin:end].reshape(len(positions), shape.count))
            begin = end
        return views
