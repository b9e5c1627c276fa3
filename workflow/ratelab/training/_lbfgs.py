"""Full-batch L-BFGS on all parameters."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks import FitProblem, FitResult, Layout, Network, Status
from ratelab.registry import Progress
from ratelab.training._elementwise import one_thread
from ratelab.training._initial import Initial, initial_weights
from ratelab.training._stack import Data, Pass, Shape, activations
from ratelab.training._work import Ledger, check_work, work_units

Array = NDArray[np.float64]


@dataclass(eq=False)
class LBFGS:
    """Limited-memory BFGS with SciPy's line search, one network after the other; the best iterate is kept.

    Each call of the objective counts two evaluations, a loss and a gradient. A fit has *converged* when a step lowers
    the loss by less than a relative 1e-15, when no component of the gradient of the loss relative to Σ weights ·
    |values|² exceeds `tolerance`, or when the line search finds no lower loss (at a kink of the loss, say).
    Source: Liu and Nocedal 1989; Zhu, Byrd, Lu and Nocedal 1997, the code.

    Parameters
    ----------
    steps
        Iterations.
    memory
        Pairs of steps and changes of the gradient.
    initial
        ``domain`` or ``standard``, see `initial_weights`.
    tolerance
        Of the convergence criterion.
    work
        Work units after which a fit ends.
    """

    steps: int = 4000
    memory: int = 20
    initial: Initial = "domain"
    tolerance: float = 1e-12
    work: float = np.inf
    name: str = field(default="lbfgs", init=False)

    def __post_init__(self) -> None:
        """Check the parameters."""
        if self.steps < 1:
            raise UserError(f"trainer 'lbfgs': steps is {self.steps}; allowed: 1 or more")
        if self.memory < 1:
            raise UserError(f"trainer 'lbfgs': memory is {self.memory}; allowed: 1 or more")
        if self.initial not in ("domain", "standard"):
            raise UserError(f"trainer 'lbfgs': initial is '{self.initial}'; allowed: domain, standard")
        if not self.tolerance >= 0:
            raise UserError(f"trainer 'lbfgs': tolerance is {self.tolerance}; allowed: 0 or more")
        check_work("lbfgs", self.work)

    def fit(self, problem: FitProblem, progress: Progress | None = None) -> Sequence[FitResult]:
        """Fit every (layout, seed) of the problem; results in that order."""
        data, results = Data.of(problem), []
        with one_thread(*activations(problem)), np.errstate(all="ignore"):
            for layout, seed in problem.fits:
                results.append(_Objective(self, problem, data, layout, seed).minimise())
                if progress is not None:
                    progress(len(results), len(problem.fits))
        return results


class _SpentError(Exception):
    """The budget is spent."""


class _Objective:
    """Loss and gradient of one network, and the best parameters so far."""

    def __init__(self, options: LBFGS, problem: FitProblem, data: Data, layout: Layout, seed: int) -> None:
        self.options, self.problem, self.data, self.shape = options, problem, data, Shape(layout)
        start = initial_weights(layout, seed, problem.activation, problem.domain, options.initial)
        self.parameters = self.shape.flat(start)[None]
        self.free = np.flatnonzero(self.shape.free)
        self.ledger = Ledger([work_units(problem, layout)], options.work, problem.milestones)
        self.networks = Pass([(self.shape, self.parameters)], data, problem.activation)
        self.slope = np.empty_like(self.parameters)
        self.best, self.loss, self.calls = self.parameters[0].copy(), np.inf, 0

    def minimise(self) -> FitResult:
        """Run SciPy's L-BFGS-B without bounds and return the fit."""
        from scipy.optimize import minimize

        status: Status = "step limit"
        steps = 0

        def count(_: Array) -> None:
            nonlocal steps
            steps += 1

        settings: Any = {
            "maxcor": self.options.memory,
            "maxiter": self.options.steps,
            "maxfun": 20 * self.options.steps,
            "ftol": 1e-15,
            "gtol": self.options.tolerance,
        }
        try:
            found = cast(Any, minimize)(
                self.evaluate,
                self.parameters[0, self.free],
                method="L-BFGS-B",
                jac=True,
                callback=count,
                options=settings,
            )
            status = (
                "converged" if found.status == 0 or self.loss <= 1e-30 * self.data.energy else "step limit"
            )
            if found.status == 2:  # the line search cannot lower the loss in float64
                status = "converged"
        except _SpentError:
            status = "work limit"
        work = float(self.ledger.work[0])
        if not np.isfinite(self.loss):
            return FitResult(
                None,
                float("nan"),
                "diverged",
                max(steps, 1),
                work,
                self.ledger.snapshots(0, None, self._network),
            )
        final = self._network(self.best)
        kept = self.ledger.snapshots(0, final, self._network)
        return FitResult(final, self.loss, status, max(steps, 1), work, kept)

    def evaluate(self, free: Array) -> tuple[float, Array]:
        """Return loss and gradient by the free parameters, relative to the energy of the values."""
        if self.calls and not self.ledger.affords(np.zeros(1, np.intp), 2.0)[0]:
            raise _SpentError
        self.calls += 1
        self.ledger.spend(np.zeros(1, np.intp), 2.0, lambda _: self.best)
        self.parameters[0, self.free] = free
        data = self.data
        passed = self.networks.forward()
        rest = passed.outputs - data.values
        cotangent = 2.0 * data.weights * rest
        loss = 0.5 * float(np.sum(rest * cotangent))
        passed.gradients(passed.per_part(cotangent), [self.slope])
        slope = self.slope[0, self.free] / data.energy
        if not (np.isfinite(loss) and np.isfinite(slope).all()):
            return 1e100, np.zeros_like(slope)
        if loss < self.loss:
            self.loss, self.best = loss, self.parameters[0].copy()
        return loss / data.energy, slope

    def _network(self, parameters: Array) -> Network:
        return self.shape.network(parameters, self.problem.activation)
