"""Multigrade and single-grade fits of plain data, as in the published demonstration."""

from collections.abc import Sequence
from math import nan
from typing import Any

import numpy as np

from ratelab._errors import UserError
from ratelab.networks import FitProblem
from ratelab.registry import Activation, Progress, Trainer
from ratelab.training._minibatch import MiniBatchAdam
from ratelab.training._multigrade_grades import Grade, GradedFit, joined, published_grades, stages_of
from ratelab.training._multigrade_sample import Sample, Watch, checked_sample, domain_of
from ratelab.training._multigrade_stages import Heads, Options, Outcome, Residual, check_choices, train_stages
from ratelab.training._multigrade_stair import TrainedGrade, stair

__all__ = ["Grade", "GradedFit", "multigrade_fit", "published_grades", "single_grade_fit"]


def multigrade_fit(
    x: Any,
    y: Any,
    grades: Sequence[Grade] | None = None,
    *,
    batch: int = 32,
    seed: int = 0,
    test: Sample | None = None,
    validation: Sample | None = None,
    tolerance: float = 0.0,
    residual: Residual = "plain",
    heads: Heads = "trained",
    milestones: Sequence[float] = (),
    progress: Progress | None = None,
) -> GradedFit:
    """Fit data grade by grade: each trains a shallow network on the residual, and reads what the one before hands on.

    Parameters
    ----------
    x, y
        (m, d) or (m,) points, (m, k) or (m,) values; all weigh the same.
    grades
        None means `published_grades`.
    batch
        Points in a batch.
    seed
        Of initial weights and orders.
    test
        Points and values for errors only.
    validation
        Points and values; the first grade that does not lower the error on them is dropped, and the fit ends.
    tolerance
        The fit ends once the residual's norm is at most this share of the data's.
    residual
        ``plain``, or ``scaled``: each grade sees the residual divided by its root mean square.
    heads
        ``trained``, or ``solved``: by least squares, after the training of their grade.
    milestones
        Increasing amounts of work at which errors are taken.
    progress
        Called after every grade.

    Raises
    ------
    UserError
        If data do not fit together, are not finite, or a number is out of range.
    """
    train = checked_sample(x, y, "data")
    grades = published_grades() if grades is None else tuple(grades)
    if not grades:
        raise UserError("multigrade_fit: grades is empty; allowed: 1 or more grades")
    if not tolerance >= 0:
        raise UserError(f"multigrade_fit: tolerance is {tolerance}; allowed: 0 or more")
    check_choices("multigrade_fit", residual, heads)
    watched = Watch(train)
    tested = Watch(None if test is None else checked_sample(*test, "test data", train))
    checked = Watch(None if validation is None else checked_sample(*validation, "validation data", train))
    options = Options(residual, heads, milestones=tuple(float(m) for m in milestones))
    weights = np.full(len(train[0]), 1.0 / len(train[0]))
    stages = stages_of(grades, train, batch)
    seen: list[Outcome] = []
    hashes: list[str] = []
    work: list[float] = []
    kept: list[tuple[float, float]] = []
    errors = [(1.0, 1.0 if test is not None else nan)]
    least = np.inf
    for outcome in train_stages((train[0], weights, train[1]), stages, seed, domain_of(train[0]), options):
        work.append(outcome.work)
        _assert_frozen(seen, hashes)
        for index in sorted(outcome.snapshots):
            then = outcome.snapshots[index]
            kept.append(errors[-1] if then is None else (watched.error(then), tested.error(then)))
        error = checked.take(outcome.grade)
        if outcome.status == "diverged" or error >= least:
            break
        least = error
        seen.append(outcome)
        hashes.append(outcome.grade.fingerprint)
        errors.append((watched.take(outcome.grade), tested.take(outcome.grade)))
        if progress is not None and len(seen) < len(grades):
            progress(len(seen), len(grades))
        if errors[-1][0] <= max(tolerance**2, 1e-30):
            break
    if progress is not None:
        progress(len(grades), len(grades))
    _assert_frozen(seen, hashes)
    kept += [errors[-1]] * (len(milestones) - len(kept))
    return GradedFit(
        stair([outcome.grade for outcome in seen]) if seen else None,
        np.array(errors[1:]).reshape(-1, 2),
        np.array(work),
        tuple(hashes),
        tuple(outcome.accepted for outcome in seen),
        np.array(kept).reshape(-1, 2),
        sum(a.size for outcome in seen for a in (*outcome.grade.blocks, outcome.grade.head)),
    )


def single_grade_fit(
    x: Any,
    y: Any,
    grades: Sequence[Grade] | None = None,
    *,
    activation: str | Activation | None = None,
    work: float | None = None,
    epochs: int | None = None,
    rate: float = 1e-2,
    last_rate: float = 1e-4,
    batch: int = 32,
    seed: int = 0,
    test: Sample | None = None,
    milestones: Sequence[float] = (),
    trainer: Trainer | None = None,
) -> GradedFit:
    """Fit one network with the hidden layers of all grades, end to end; the result has one row.

    Parameters
    ----------
    grades
        Their widths, one after the other, are the network's; None means `published_grades`.
    activation
        Of all hidden layers; None gives each layer that of its grade.
    work
        Budget in work units, such as `GradedFit.work` of another fit: as many epochs as it pays for.
    epochs
        Epochs if no work is given; None means the sum over the grades.
    rate, last_rate, batch, seed, test, milestones
        See `multigrade_fit`.
    trainer
        What trains the network instead of `MiniBatchAdam`; then `work` and the numbers of epochs, rates and batch are
        not used.

    Raises
    ------
    UserError
        As `multigrade_fit`.
    """
    train = checked_sample(x, y, "data")
    grades = published_grades() if grades is None else tuple(grades)
    if not grades:
        raise UserError("single_grade_fit: grades is empty; allowed: 1 or more grades")
    layout, base = joined(grades, activation, train)
    if trainer is None:
        planned = sum(grade.epochs for grade in grades) if epochs is None else epochs
        unit = 2.0 * len(train[0]) * layout.connections
        if work is not None:
            planned = max(int((work - unit / 2.0) // unit), 1)
        trainer = MiniBatchAdam(planned, rate, last_rate, batch, keep="last")
    weights = np.full(len(train[0]), 1.0 / len(train[0]))
    problem = FitProblem(
        train[0],
        weights,
        train[1],
        base,
        ((layout, seed),),
        domain_of(train[0]),
        tuple(float(m) for m in milestones),
    )
    (result,) = trainer.fit(problem)
    samples = (train, None if test is None else checked_sample(*test, "test data", train))
    errors = [Watch(sample).error(result.network) for sample in samples]
    kept = [[Watch(sample).error(network) for sample in samples] for network in result.snapshots]
    network = result.network
    return GradedFit(
        network,
        np.array([errors]) if network is not None else np.zeros((0, 2)),
        np.array([result.work]),
        () if network is None else (TrainedGrade.of(network).fingerprint,),
        () if network is None else (True,),
        np.array(kept).reshape(-1, 2),
        layout.connections + sum(layout.widths[1:]),
    )


def _assert_frozen(seen: Sequence[Outcome], hashes: Sequence[str]) -> None:
    """Stop if a grade has changed since its training ended."""
    if [outcome.grade.fingerprint for outcome in seen] != list(hashes):
        raise AssertionError("a frozen grade has changed")
