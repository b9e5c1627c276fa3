"""Polishing of constructed networks: Levenberg-Marquardt on all their parameters."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf, prod

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks import FitProblem, FitResult, Layout, Network, Status
from ratelab.registry import Activation, Progress
from ratelab.training._elementwise import one_thread
from ratelab.training._generator import generator
from ratelab.training._polish_descent import Descent, Samples, loss
from ratelab.training._polish_embed import embed, pushed, woken
from ratelab.training._polish_samples import own_samples, samples
from ratelab.training._stack import Shape, activations, check_accepted, unpooled
from ratelab.training._work import Ledger, check_work

Array = NDArray[np.float64]

_FIT = np.zeros(1, dtype=np.intp)
_WINDOW, _GAIN, _WIDER = 25, 2e-3, 3.0


@dataclass(eq=False)
class Polish:
    """Levenberg-Marquardt from a constructed network, all parameters at once.

    The start is written into the layout, and neurons that it leaves idle get a random kink that nothing reads yet.
    Seed 0 descends from the start itself, every other one from a network near it. When 25 steps lower the loss by
    less than 0.2 % in all, or no step lowers it, the best network so far is pushed and descends again, pushed further
    after every failure. In one variable the loss is that of
    the data read between their nodes as well, so that every kink is seen (`samples`). A result is never
    worse than its start at the nodes of the problem. A fit has *converged* when `pushes` of these in a row bring
    less than 0.2 %. Source: Levenberg 1944, Marquardt 1963, the method; Nielsen 1999, the
    damping rule; the damping itself is that of `Descent`.

    Parameters
    ----------
    steps
        Levenberg-Marquardt steps at most.
    push
        How far from the start the seeds other than 0 begin, and the first push goes: the share by which the
        neurons' functions change.
    pushes
        In a row, without gain, before the fit ends (0: one descent).
    work
        Work units at most, see `FitProblem.milestones`; nodes are those of `samples`.
    """

    steps: int = 200
    push: float = 0.002
    pushes: int = 3
    work: float = inf
    polishes: bool = field(default=True, init=False)
    name: str = field(default="polish", init=False)

    def __post_init__(self) -> None:
        """Check the parameters."""
        if self.steps < 1:
            raise UserError(f"trainer 'polish': steps is {self.steps}; allowed: 1 or more")
        if not 0 <= self.push < inf:
            raise UserError(f"trainer 'polish': push is {self.push}; allowed: finite numbers from 0 on")
        if self.pushes < 0:
            raise UserError(f"trainer 'polish': pushes is {self.pushes}; allowed: 0 or more")
        check_work("polish", self.work)

    def accepts(self, layout: Layout) -> str | None:
        """Return None if no layer is pooled, else why the layout is not served."""
        return unpooled(layout)

    def fit(self, problem: FitProblem, progress: Progress | None = None) -> Sequence[FitResult]:
        """Polish every start of the problem; results in the order of the fits.

        Raises
        ------
        UserError
            If the problem has starts, but not one (or None) per fit, or a layout with poolings.
        """
        check_accepted(self.name, self.accepts, problem)
        starts = problem.starts or (None,) * len(problem.fits)
        if len(starts) != len(problem.fits):
            raise UserError(
                f"trainer 'polish': {len(starts)} starts were given for {len(problem.fits)} fits; allowed: one each"
            )
        results = []
        with one_thread(*activations(problem)), np.errstate(all="ignore"):
            for (layout, seed), start in zip(problem.fits, starts, strict=True):
                results.append(self._fit(problem, layout, seed, start))
                if progress is not None:
                    progress(len(results), len(problem.fits))
        return results

    def _fit(self, problem: FitProblem, layout: Layout, seed: int, start: Network | None) -> FitResult:
        shape, activation = Shape(layout), problem.activation
        nothing = FitResult(None, float("nan"), "no start", 0, 0.0, (None,) * len(problem.milestones))
        given = None if start is None else embed(start, shape, activation)
        if given is None:
            return nothing
        seen, own = samples(problem, _pieces(layout)), own_samples(problem)
        random = generator("polish", layout.key, seed)
        given = woken(shape, given, seen, activation, random)
        first = given if seed == 0 else pushed(shape, given, seen, activation, self.push, random)
        nodes = seen.points.shape[1]
        ledger = Ledger([layout.connections], self.work, problem.milestones)

        def spend(evaluations: float) -> None:
            ledger.spend(_FIT, evaluations, lambda _: keeper.best)

        keeper = _Keeper(shape, activation, own, given)
        spend(len(problem.nodes))
        keeper.seen = loss(shape, given, seen, activation)
        spend(nodes)
        descent = Descent(shape, first, seen, activation)
        losses, steps, failures = [descent.loss], 0, 0
        before = inf
        status: Status = "step limit"
        while steps < self.steps:
            if descent.converged or _stalled(losses):
                failures = 0 if keeper.seen < (1.0 - _GAIN) * before else failures + 1
                before = keeper.seen
                if failures > self.pushes or keeper.exact:
                    status = "converged"
                    break
                spend(nodes)
                size = self.push * _WIDER**failures
                again = pushed(shape, keeper.best, seen, activation, size, random)
                descent = Descent(shape, again, seen, activation)
                losses = [descent.loss]
            if not ledger.affords(_FIT, 2 * nodes + len(problem.nodes))[0]:
                status = "work limit"
                break
            descent.step(lambda count: spend(count * nodes))
            if descent.loss < losses[-1]:
                spend(len(problem.nodes))
                keeper.offer(descent.parameters, descent.loss)
            losses.append(descent.loss)
            steps += 1
        if not np.isfinite(keeper.loss):
            return FitResult(None, float("nan"), "diverged", steps, float(ledger.work[0]), nothing.snapshots)
        final = shape.network(keeper.best, activation)
        snapshots = ledger.snapshots(0, final, lambda p: shape.network(p, activation))
        return FitResult(final, keeper.loss, status, steps, float(ledger.work[0]), snapshots)


class _Keeper:
    """The best network so far: of least loss where it is seen, and at the nodes no worse than the start."""

    def __init__(self, shape: Shape, activation: Activation, own: Samples, start: Array) -> None:
        self._shape, self._activation, self._own = shape, activation, own
        self.best, self.seen = start, inf
        self.loss = self._most = loss(shape, start, own, activation)
        self._floor = 1e-28 * float(np.sum((own.values * own.roots) ** 2))

    @property
    def exact(self) -> bool:
        """Whether nothing is left to gain but roundoff."""
        return self.loss <= self._floor

    def offer(self, parameters: Array, seen: float) -> None:
        """Keep the parameters if they are better."""
        if seen < self.seen:
            own = loss(self._shape, parameters, self._own, self._activation)
            if own <= self._most:
                self.best, self.seen, self.loss = parameters, seen, own


def _pieces(layout: Layout) -> float:
    """Return how many pieces a network of the layout can have, or its parameters if these are fewer."""
    parameters = sum(int(layer.free.sum()) + int(layer.free_bias.sum()) for layer in layout.layers)
    return float(min(prod(width + 1 for width in layout.widths[1:-1]), parameters))


def _stalled(losses: list[float]) -> bool:
    return len(losses) > _WINDOW and losses[-1] >= (1.0 - _GAIN) * losses[-1 - _WINDOW]
