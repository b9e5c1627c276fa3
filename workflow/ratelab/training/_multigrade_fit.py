"""Multigrade and single-grade fits of plain data, as in the published demonstration."""

from collections.abc import Sequence
from math import inf, isnan, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import PrecisionError, UserError
from ratelab.networks import FitProblem, Network
from ratelab.registry import Activation, Progress, Trainer
from ratelab.training._minibatch import MiniBatchAdam
from ratelab.training._multigrade_checks import (
    check_trainer,
    checked_list,
    checked_milestones,
    checked_pair,
    checked_seed,
    checked_tolerance,
    is_number,
)
from ratelab.training._multigrade_grades import Grade, GradedFit, joined, published_grades, stages_of
from ratelab.training._multigrade_sample import Sample, Watch, checked_sample, domain_of
from ratelab.training._multigrade_stages import Heads, Options, Outcome, Residual, check_choices, train_stages
from ratelab.training._multigrade_stair import TrainedGrade, check_frozen, stair

Array = NDArray[np.float64]

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
    who = "multigrade_fit"
    train = checked_sample(x, y, "data")
    grades = checked_list(who, published_grades() if grades is None else grades, Grade)
    seed, tolerance = checked_seed(who, seed), checked_tolerance(who, tolerance)
    milestones = checked_milestones(who, milestones)
    check_choices(who, residual, heads)
    watched = Watch(train)
    tested = Watch(_sample(test, "test data", train))
    checked = Watch(_sample(validation, "validation data", train))
    options = Options(residual, heads, milestones=milestones)
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
        check_frozen([before.grade for before in seen], hashes)
        if outcome.status == "diverged":
            break
        error = checked.take(outcome.grade)
        if error >= least:
            break
        least = error
        for index in sorted(outcome.snapshots):
            then = outcome.snapshots[index]
            kept.append(errors[-1] if then is None else (watched.error(then), tested.error(then)))
        seen.append(outcome)
        hashes.append(outcome.grade.fingerprint)
        errors.append((watched.take(outcome.grade), tested.take(outcome.grade)))
        if progress is not None and len(seen) < len(grades):
            progress(len(seen), len(grades))
        if errors[-1][0] <= max(tolerance**2, 1e-30):
            break
    if progress is not None:
        progress(len(grades), len(grades))
    check_frozen([before.grade for before in seen], hashes)
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
    who = "single_grade_fit"
    train = checked_sample(x, y, "data")
    tested = _sample(test, "test data", train)
    grades = checked_list(who, published_grades() if grades is None else grades, Grade)
    seed, milestones = checked_seed(who, seed), checked_milestones(who, milestones)
    if not (activation is None or isinstance(activation, str | Activation)):
        raise UserError(f"{who}: activation is {activation!r}; allowed: a name, an Activation or None")
    layout, base = joined(grades, activation, train)
    if trainer is None:
        planned = sum(grade.epochs for grade in grades) if epochs is None else epochs
        unit = 2.0 * len(train[0]) * layout.connections
        if work is not None:
            if not (is_number(work) and 0 < work < inf):
                raise UserError(f"{who}: work is {work!r}; allowed: positive numbers of work units")
            planned = max(int((work - unit / 2.0) // unit), 1)
        trainer = MiniBatchAdam(planned, rate, last_rate, batch, keep="last")
    else:
        check_trainer(who, trainer)
    weights = np.full(len(train[0]), 1.0 / len(train[0]))
    problem = FitProblem(
        train[0],
        weights,
        train[1],
        base,
        ((layout, seed),),
        domain_of(train[0]),
        milestones,
    )
    (result,) = trainer.fit(problem)
    samples = (train, tested)
    errors = [_error_of(result.network, sample) for sample in samples]
    kept = [[_error_of(network, sample) for sample in samples] for network in result.snapshots]
    network = None if isnan(errors[0]) else result.network
    return GradedFit(
        network,
        np.array([errors]) if network is not None else np.zeros((0, 2)),
        np.array([result.work]),
        () if network is None else (TrainedGrade.of(network).fingerprint,),
        () if network is None else (True,),
        np.array(kept).reshape(-1, 2),
        layout.connections + sum(layout.widths[1:]),
    )


def _error_of(network: Network | None, sample: tuple[Array, Array] | None) -> float:
    """Return the error on a sample, NaN where floats cannot evaluate the network so far out."""
    try:
        return Watch(sample).error(network)
    except PrecisionError:
        return nan


def _sample(given: Sample | None, what: str, like: tuple[Array, Array]) -> tuple[Array, Array] | None:
    return None if given is None else checked_sample(*checked_pair(given, what), what, like)
