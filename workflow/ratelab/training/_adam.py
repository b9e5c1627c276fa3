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


@dataclass(frozen=True)
class Adam:
    """Full-batch Adam with cosine decay of the rate; the best iterate is kept.

    A fit has *converged* when the largest derivative of the loss falls below `tolerance` times
    2 √(loss · total weight), the largest value that the derivative by an output bias can have, or when the loss is
    zero up to roundoff. Source: Kingma and Ba 2015, adaptive moments; Loshchilov and Hutter 2017, cosine decay.

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
            return self._fit(problem, progress)

    def _fit(self, problem: FitProblem, progress: Progress | None) -> list[FitResult]:
        data, groups = Data.of(problem), stacks(problem)
        order = [position for _, positions in groups for position in positions]
        start = [
            shape.flat(
                initial_weights(
                    shape.layout, problem.fits[i][1], problem.activation, problem.domain, self.initial
                )
            )
            for shape, positions in groups
            for i in positions
        ]
        parameters = np.concatenate(start)
        owner = np.repeat(np.arange(len(order)), [len(row) for row in start])
        first_of = np.concatenate([[0], np.cumsum([len(row) for row in start])[:-1]])
        free = np.concatenate([shape.free for shape, positions in groups for _ in positions])
        slope = np.zeros_like(parameters)

        def stacked(vector: Array) -> list[Array]:
            views, begin = [], 0
            for shape, positions in groups:
                end = begin + len(positions) * shape.count
                views.append(vector[begin:end].reshape(len(positions), shape.count))
                begin = end
            return views

        state = list(zip([shape for shape, _ in groups], stacked(parameters), strict=True))
        slopes = stacked(slope)
        first, second = np.zeros_like(parameters), np.zeros_like(parameters)
        best, best_loss = parameters.copy(), np.full(len(order), np.inf)
        taken = np.full(len(order), self.steps)
        done = np.zeros(len(order), bool)
        converged, diverged = done.copy(), done.copy()
        floor = 1e-30 * data.energy
        for step in range(self.steps + 1):
            run = Pass(state, data, problem.activation)
            residuals = [part.output - data.values for part in run.parts]
            cotangents = [2.0 * data.weights * residual for residual in residuals]
            loss = np.concatenate(
                [(c * r).reshape(len(r), -1).sum(axis=1) for c, r in zip(cotangents, residuals, strict=True)]
            )
            loss *= 0.5
            run.gradients(cotangents, slopes)
            slope *= free
            bound = 2.0 * np.sqrt(loss * np.sum(data.weights))
            largest = np.maximum.reduceat(np.abs(slope), first_of)
            bad = ~done & ~(np.isfinite(loss) & np.isfinite(largest))
            better = ~done & ~bad & (loss < best_loss)
            best_loss = np.where(better, loss, best_loss)
            keep = better[owner]
            np.copyto(best, parameters, where=keep)
            ready = ~done & ~bad & ((largest <= self.tolerance * bound) | (loss <= floor))
            diverged |= bad
            converged |= ready
            taken[bad | ready] = step
            done |= bad | ready
            if step == self.steps or done.all():
                break
            if bad.any():
                np.copyto(parameters, 0.0, where=bad[owner] & free)
            slope[done[owner]] = 0.0
            first *= _FIRST
            first += (1.0 - _FIRST) * slope
            second *= _SECOND
            second += (1.0 - _SECOND) * slope * slope
            size = 0.5 * float(self.rate) * (1.0 + cos(pi * step / self.steps)) / (1.0 - _FIRST ** (step + 1))
            change = first / (np.sqrt(second) / sqrt(1.0 - _SECOND ** (step + 1)) + _EPSILON)
            change[done[owner]] = 0.0
            parameters -= size * change
            if progress is not None and step % 50 == 0:
                progress(step, self.steps)
        if progress is not None:
            progress(self.steps, self.steps)
        results: dict[int, FitResult] = {}
        for (shape, positions), rows in zip(groups, stacked(best), strict=True):
            for i, row in zip(positions, rows, strict=True):
                j = order.index(i)
                status: Status = "diverged" if diverged[j] else "converged" if converged[j] else "step limit"
                results[i] = FitResult(
                    None if diverged[j] else shape.network(row, problem.activation),
                    float("nan") if diverged[j] else float(best_loss[j]),
                    status,
                    int(taken[j]),
                )
        return [results[i] for i in range(len(order))]
