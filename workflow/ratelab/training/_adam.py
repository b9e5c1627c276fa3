"""Adam on all networks of a job."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks import FitProblem, FitResult, Network, Status
from ratelab.registry import Progress
from ratelab.training._adam_compiled import Compiled
from ratelab.training._adam_recipe import CONVERGED, DIVERGED, Descent, Group, Recipe
from ratelab.training._adam_stacked import Stacked
from ratelab.training._elementwise import one_thread
from ratelab.training._engine import formula, formulas
from ratelab.training._initial import Initial, initial_weights
from ratelab.training._stack import Shape, activations, stacks
from ratelab.training._work import check_work, work_units

Array = NDArray[np.float64]
Device = Literal["cpu", "cuda"]

_STRIDE = 100


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
    work
        Budget in work units. If it does not pay for all steps, the cosine spans those that it pays for.
    device
        ``cpu`` or ``cuda``: networks of one shape move together on a graphics processor. Its last digits differ.

    Raises
    ------
    UserError
        If a parameter is out of range, or torch sees no graphics processor where one is asked for.
    """

    steps: int = 2000
    rate: float = 0.05
    initial: Initial = "domain"
    tolerance: float = 1e-6
    work: float = float("inf")
    device: Device = "cpu"
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
        check_work("adam", self.work)
        if self.device not in get_args(Device):
            raise UserError(f"trainer 'adam': device is '{self.device}'; allowed: cpu, cuda")
        if self.device == "cuda":
            _check_cuda()

    def fit(self, problem: FitProblem, progress: Progress | None = None) -> Sequence[FitResult]:
        """Fit every (layout, seed) of the problem; results in that order."""
        if not problem.fits:
            return []
        with one_thread(*activations(problem)):
            courses = [_Course(self, problem, shape, positions) for shape, positions in stacks(problem)]
            descent = self._descent(problem, [course.group for course in courses])
            last = max(course.group.recipe.steps for course in courses) + 1
            marks = {mark for course in courses for mark in course.marks if 0 < mark < last}
            first = 0
            for stop in sorted({*range(_STRIDE, last, _STRIDE), *marks, last}):
                descent.advance(first, stop)
                for course in courses:
                    course.keep(stop)
                first = stop
                if all(course.group.over for course in courses):
                    break
                if progress is not None and stop < self.steps:
                    progress(stop, self.steps)
            if progress is not None:
                progress(self.steps, self.steps)
            found = {position: result for course in courses for position, result in course.results()}
            return [found[i] for i in range(len(found))]

    def _descent(self, problem: FitProblem, groups: Sequence[Group]) -> Descent:
        if self.device != "cpu":
            from ratelab.training._adam_torch import Batched

            return Batched(problem, groups, self.device)
        known = formula(problem.activation)
        if known is None:
            return Stacked(problem, groups)
        fast = [group for group in groups if formulas(group.shape, known) is not None]
        slow = [group for group in groups if group not in fast]
        ways: list[Descent] = []
        if fast:
            ways.append(Compiled(problem, fast, known))
        if slow:
            ways.append(Stacked(problem, slow))
        return ways[0] if len(ways) == 1 else _Several(ways)


class _Several:
    """Groups that are run in several ways: compiled loops know all activations of some, not of others."""

    def __init__(self, ways: Sequence[Descent]) -> None:
        self._ways = ways

    def advance(self, first: int, last: int) -> None:
        """See `Descent`."""
        for way in self._ways:
            way.advance(first, last)


class _Course:
    """The fits of one shape: where they start, what they had at the milestones, what comes of them."""

    def __init__(self, options: Adam, problem: FitProblem, shape: Shape, positions: Sequence[int]) -> None:
        self.problem, self.positions = problem, positions
        domain, activation = problem.domain, problem.activation
        start = [
            shape.flat(initial_weights(shape.layout, problem.fits[i][1], activation, domain, options.initial))
            for i in positions
        ]
        # a loss and a gradient
        self.units = 2.0 * work_units(problem, shape.layout)
        paid = options.steps if options.work == float("inf") else max(int(options.work // self.units) - 1, 0)
        self.curtailed = paid < options.steps
        recipe = Recipe(min(options.steps, paid), options.rate, tolerance=options.tolerance)
        self.group = Group(shape, recipe, np.array(start))
        self.marks = [int(milestone // self.units) for milestone in problem.milestones]
        self.kept: dict[int, Array] = {}

    def keep(self, evaluations: int) -> None:
        """Keep the best networks if some milestone allows just as many evaluations."""
        if evaluations in self.marks:
            self.kept[evaluations] = self.group.best.copy()

    def results(self) -> list[tuple[int, FitResult]]:
        """Return positions and results."""
        return [(position, self._result(j)) for j, position in enumerate(self.positions)]

    def _result(self, j: int) -> FitResult:
        group, made = self.group, int(self.group.evaluations[j])
        outcome, work = group.outcome[j], made * self.units
        if outcome == DIVERGED:
            return FitResult(None, float("nan"), "diverged", made - 1, work, self._snapshots(j, None))
        status: Status = "work limit" if self.curtailed else "step limit"
        if outcome == CONVERGED:
            status = "converged"
        network = self._network(group.best[j])
        loss, snapshots = float(group.best_loss[j]), self._snapshots(j, network)
        return FitResult(network, loss, status, made - 1, work, snapshots)

    def _snapshots(self, j: int, final: Network | None) -> tuple[Network | None, ...]:
        built = {self.group.best[j].tobytes(): final}
        snapshots: list[Network | None] = []
        for mark in self.marks:
            if mark >= self.group.evaluations[j]:
                snapshots.append(final)
            elif mark == 0:
                snapshots.append(None)
            else:
                row = self.kept[mark][j]
                if built.get(row.tobytes()) is None:
                    built[row.tobytes()] = self._network(row)
                snapshots.append(built[row.tobytes()])
        return tuple(snapshots)

    def _network(self, parameters: Array) -> Network:
        return self.group.shape.network(parameters, self.problem.activation)


def _check_cuda() -> None:
    """Refuse to compute where there is no graphics processor."""
    import torch

    if not torch.cuda.is_available():
        raise UserError(
            "trainer 'adam': device is 'cuda', but torch sees no such processor; allowed here: cpu"
        )
