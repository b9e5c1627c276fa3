"""Multigrade learning: a trainer that trains the grades of a layout one after the other."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError, suggestion
from ratelab.networks import FitProblem, FitResult, Layout, Network, Status, grades_of
from ratelab.registry import Progress, Trainer
from ratelab.training._multigrade_checks import checked_tolerance, is_number, trains_from_data
from ratelab.training._multigrade_layout import assembled, grade_layout, one_grade
from ratelab.training._multigrade_stages import (
    Heads,
    Options,
    Outcome,
    Residual,
    Stage,
    check_choices,
    train_stages,
)
from ratelab.training._multigrade_stair import TrainedGrade, check_frozen
from ratelab.training._stack import check_accepted
from ratelab.training._work import check_work

Array = NDArray[np.float64]

_INNER = {
    "minibatch": ("ratelab.training._minibatch", "MiniBatchAdam"),
    "adam": ("ratelab.training._adam", "Adam"),
    "lbfgs": ("ratelab.training._lbfgs", "LBFGS"),
    "varpro": ("ratelab.training._varpro", "VariableProjection"),
    "greedy": ("ratelab.training._greedy_trainer", "Greedy"),
    "knots": ("ratelab.training._knots", "FreeKnots"),
}
_PER_GRADE = ("epochs", "steps", "rate", "last")
_SEPARATOR = re.compile(r"(?<![eE])-")
_ZERO = 1e-30


@dataclass(eq=False)
class Multigrade:
    """Grade after grade on the residual, each reading the last hidden layer of the frozen one before.

    The layout says which hidden layers make a grade (architecture ``graded``); its neurons keep their activations.
    The first grade starts from the seed's numbers, later ones from their own. A grade that does not lower the
    training loss gets a head of zeros, and one that diverges ends the fit with those before it. The network has a
    readout for the sum of heads up to each grade. Work counts the training of each grade's own network and one
    evaluation of its hidden layers. A fit has *converged* when the residual's norm is at most `tolerance` times that
    of the data (or zero up to roundoff), or every grade has. Source: Xu 2023, multi-grade deep learning.

    Parameters
    ----------
    inner
        Trainer of a grade: an object, or the name of one that sees only data (``minibatch``, ``adam``, ``lbfgs``,
        ``varpro``, ``greedy``, ``knots``).
    epochs, steps, rate, last
        Its parameters of these names, as one number for all grades or one for each: ``20-20-40``. Empty: its own.
    residual
        ``plain``, or ``scaled``: each grade sees its residual divided by its root mean square.
    heads
        ``trained``, or ``solved``: each head is solved by least squares once its grade is trained, which costs one
        evaluation.
    tolerance
        Share of the data's norm at which the fit ends.
    work
        Budget in work units, shared evenly among the grades that are left.

    Raises
    ------
    UserError
        If the inner trainer is unknown, polishes or lacks a parameter, or a number is out of range.
    """

    inner: "str | Trainer" = "minibatch"
    epochs: str | int = ""
    steps: str | int = ""
    rate: str | float = ""
    last: str | float = ""
    residual: Residual = "plain"
    heads: Heads = "trained"
    tolerance: float = 0.0
    work: float = float("inf")
    name: str = field(default="multigrade", init=False)

    def __post_init__(self) -> None:
        """Check the parameters."""
        checked_tolerance("trainer 'multigrade'", self.tolerance)
        check_choices("trainer 'multigrade'", self.residual, self.heads)
        if not is_number(self.work):
            raise UserError(
                f"trainer 'multigrade': work is {self.work!r}; allowed: positive numbers of work units"
            )
        check_work("multigrade", self.work)
        self._trainer = _inner(self.inner)
        self._given = {
            key: _numbers(key, getattr(self, key)) for key in _PER_GRADE if getattr(self, key) != ""
        }
        for grade in range(max(map(len, self._given.values()), default=1)):
            self._of_grade(grade)

    def accepts(self, layout: Layout) -> str | None:
        """Return None if the layout has two grades or more, as many as parameters are given for, else why not."""
        reason = one_grade(layout)
        if reason is not None:
            return reason
        count = len(grades_of(layout))
        for key, numbers in self._given.items():
            if len(numbers) not in (1, count):
                return (
                    f"{key} has {len(numbers)} numbers, layout {layout.key} has {count} grades; "
                    f"allowed: 1 or {count}"
                )
        return None

    def fit(self, problem: FitProblem, progress: Progress | None = None) -> Sequence[FitResult]:
        """Fit every (layout, seed) of the problem; results in that order.

        Raises
        ------
        UserError
            If a layout has no two grades, or another number of them than parameters were given for.
        """
        check_accepted(self.name, self.accepts, problem)
        results = []
        for layout, seed in problem.fits:
            results.append(self._fit(problem, layout, seed))
            if progress is not None:
                progress(len(results), len(problem.fits))
        return results

    def _of_grade(self, grade: int) -> Trainer:
        """Return the inner trainer with a grade's own parameters."""
        own: Mapping[str, Any] = {
            key: numbers[min(grade, len(numbers) - 1)] for key, numbers in self._given.items()
        }
        if not own:
            return self._trainer
        trainer: Any = self._trainer
        known = {f.name for f in fields(trainer) if f.init} if is_dataclass(trainer) else set()
        for key in own:
            if key not in known:
                raise UserError(
                    f"trainer 'multigrade': inner trainer '{self._trainer.name}' has no parameter '{key}'; "
                    f"allowed: {', '.join(sorted(known & set(_PER_GRADE))) or 'none of these'}"
                )
        made: Trainer = replace(trainer, **own)
        return made

    def _fit(self, problem: FitProblem, layout: Layout, seed: int) -> FitResult:
        spans = grades_of(layout)
        stages = [
            Stage(*grade_layout(layout, span, problem.activation), self._of_grade(number))
            for number, span in enumerate(spans)
        ]
        energy = float(np.sum(problem.weights[:, None] * problem.values**2)) or 1.0
        enough = max(self.tolerance**2, _ZERO) * energy
        options = Options(self.residual, self.heads, self.work, problem.milestones)
        grades: list[TrainedGrade] = []
        hashes: list[str] = []
        outcomes: list[Outcome] = []
        kept: dict[int, Network | None] = {}
        built: dict[int, Network] = {}
        data = (problem.nodes, problem.weights, problem.values)

        def network(*more: TrainedGrade) -> Network:
            return assembled(layout, spans, [*grades, *more], problem.activation)

        present: Network | None = None
        for outcome in train_stages(data, stages, seed, problem.domain, options):
            check_frozen(grades, hashes)
            for index, then in outcome.snapshots.items():
                if then is not None and id(then) not in built:
                    built[id(then)] = network(then)
                kept[index] = present if then is None else built[id(then)]
            outcomes.append(outcome)
            if outcome.status == "diverged":
                break
            grades.append(outcome.grade)
            hashes.append(outcome.grade.fingerprint)
            present = network()
            if outcome.loss <= enough:
                break
        steps, work = sum(o.steps for o in outcomes), sum(o.work for o in outcomes)
        snapshots = tuple(kept.get(index, present) for index in range(len(problem.milestones)))
        if present is None:
            return FitResult(None, float("nan"), "diverged", steps, work, snapshots)
        loss = outcomes[-1].loss
        return FitResult(present, loss, _status(outcomes, loss <= enough), steps, work, snapshots)


def _status(outcomes: Sequence[Outcome], enough: bool) -> Status:
    """Return what a fit of these grades is called."""
    found = {outcome.status for outcome in outcomes}
    if enough or found == {"converged"}:
        return "converged"
    return "work limit" if "work limit" in found else "step limit"


def _inner(given: "str | Trainer") -> Trainer:
    """Return the trainer of a grade."""
    if isinstance(given, str):
        if given not in _INNER:
            raise UserError(f"trainer 'multigrade': inner is '{given}'; {suggestion(given, list(_INNER))}")
        from importlib import import_module

        module, name = _INNER[given]
        made: Trainer = getattr(import_module(module), name)()
        return made
    if not isinstance(given, Trainer):
        raise UserError(
            f"trainer 'multigrade': inner is {type(given).__name__}; allowed: a trainer or the name of one"
        )
    if not trains_from_data(given):
        raise UserError(
            f"trainer 'multigrade': inner is '{given.name}', which does not train a shape from data alone; "
            f"allowed: {', '.join(_INNER)}, or another trainer that does"
        )
    return given


def _numbers(key: str, given: object) -> tuple[float, ...]:
    """Return the numbers of ``20-20-40``; epochs and steps are whole."""
    kind = int if key in ("epochs", "steps") else float
    try:
        return tuple(kind(text) for text in _SEPARATOR.split(str(given)))
    except ValueError:
        noun = "whole numbers" if kind is int else "numbers"
        raise UserError(
            f"trainer 'multigrade': {key} is '{given}'; allowed: {noun}, one for all grades or one for each, such as "
            f"{'20-20-40' if kind is int else '0.1-0.01-0.01'}"
        ) from None
