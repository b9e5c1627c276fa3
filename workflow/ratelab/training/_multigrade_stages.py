"""One grade after the other, each on what the earlier ones leave."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import inf, isfinite
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks import FitProblem, FitResult, Layout, Network, Status
from ratelab.registry import Activation, Trainer
from ratelab.training._multigrade_sample import domain_of
from ratelab.training._multigrade_stair import TrainedGrade
from ratelab.training._successive_affine_basis import least_squares

Array = NDArray[np.float64]
Residual = Literal["plain", "scaled"]
Heads = Literal["trained", "solved"]
Domain = tuple[tuple[float, float], ...]

_APART = 2_000_006
"""Between the seeds of one grade and the next; even, as some trainers treat odd seeds in another way."""


@dataclass(frozen=True, eq=False)
class Stage:
    """A grade before its training.

    Parameters
    ----------
    layout
        From what the grade before hands on (or the inputs) to the outputs.
    activation
        Of its neurons that have none of their own.
    trainer
        What fits it.
    """

    layout: Layout
    activation: Activation
    trainer: Trainer


@dataclass(frozen=True, eq=False)
class Options:
    """How grades are trained.

    Parameters
    ----------
    residual
        ``plain``, or ``scaled``: each grade sees its residual divided by its root mean square, and the head is
        multiplied again.
    heads
        ``trained``, or ``solved``: by least squares after the grade's training, which costs one evaluation.
    work
        Budget in work units, shared evenly among the grades that are left.
    milestones
        See `FitProblem`.
    """

    residual: Residual = "plain"
    heads: Heads = "trained"
    work: float = inf
    milestones: tuple[float, ...] = ()


@dataclass(eq=False)
class Outcome:
    """A grade after its training.

    Parameters
    ----------
    grade
        The grade; its head is zero where no head was found that lowers the training loss.
    accepted
        Whether the grade lowers the training loss.
    status, steps
        Of the trainer.
    work
        Work units of the grade: its training and one evaluation of its hidden layers at all nodes.
    loss
        Training loss with the grade.
    residual
        (m, k) what is left.
    snapshots
        Index of each milestone that the work passed during the grade, with the grade as it was then; None is the
        state before the grade.
    """

    grade: TrainedGrade
    accepted: bool
    status: Status
    steps: int
    work: float
    loss: float
    residual: Array
    snapshots: dict[int, TrainedGrade | None] = field(default_factory=dict)


def check_choices(who: str, residual: str, heads: str) -> None:
    """Refuse choices that do not exist.

    Raises
    ------
    UserError
        Naming who was asked, what was found and what is allowed.
    """
    for name, given, allowed in (("residual", residual, Residual), ("heads", heads, Heads)):
        if given not in get_args(allowed):
            raise UserError(f"{who}: {name} is '{given}'; allowed: {', '.join(get_args(allowed))}")


def train_stages(
    data: tuple[Array, Array, Array], stages: Sequence[Stage], seed: int, domain: Domain, options: Options
) -> Iterator[Outcome]:
    """Train one grade after the other and yield what comes of each; ends early at a grade that diverges.

    A grade that does not lower the training loss gets a head of zeros, so that no grade ever raises it.

    Parameters
    ----------
    data
        Nodes (m, d), weights (m,) and values (m, k).
    """
    nodes, weights, residual = data
    features, bounds, spent = _bordered(nodes), domain, 0.0
    loss = _loss(weights, residual)
    for number, stage in enumerate(stages):
        unit = len(nodes) * stage.layout.connections
        trainer, share = stage.trainer, inf
        if isfinite(options.work):
            share = (options.work - spent) / (len(stages) - number) - 2.0 * unit
            trainer = _limited(trainer, max(share, 1.0))
        scale = float(np.sqrt(loss / np.sum(weights))) if options.residual == "scaled" and loss > 0 else 1.0
        problem = FitProblem(
            features[:, :-1],
            weights,
            residual / scale,
            stage.activation,
            ((stage.layout, seed + _APART * number),),
            bounds,
            tuple(m - spent for m in options.milestones if m >= spent),
        )
        (result,) = trainer.fit(problem)
        if result.network is None:
            yield Outcome(_idle(stage), False, result.status, result.steps, result.work, loss, residual)
            return
        grade = _scaled(_of(result.network, stage.layout), scale)
        reads = grade.features(features)
        work = result.work + len(nodes) * grade.connections
        if options.heads == "solved":
            grade, work = grade.with_head(_solved(stage.layout, grade, reads, weights, residual)), work + unit
        left = residual - reads @ grade.head.T
        after = _loss(weights, left)
        accepted = after < loss
        if not accepted:
            grade, left, after = grade.without_effect(), residual, loss
        snapshots = _snapshots(
            result, grade, accepted, scale, stage, features, weights, residual, (spent, work), options
        )
        spent, features, residual, loss = spent + work, reads, left, after
        bounds = domain_of(features[:, :-1])
        yield Outcome(grade, accepted, result.status, result.steps, work, loss, residual, snapshots)


def _snapshots(
    result: FitResult,
    grade: TrainedGrade,
    accepted: bool,
    scale: float,
    stage: Stage,
    features: Array,
    weights: Array,
    residual: Array,
    times: tuple[float, float],
    options: Options,
) -> dict[int, TrainedGrade | None]:
    """Return what was in hand at the milestones that were passed during the grade."""
    spent, work = times
    first = sum(m < spent for m in options.milestones)
    before = _loss(weights, residual)
    known: dict[int, TrainedGrade | None] = {}
    found: dict[int, TrainedGrade | None] = {}
    for index, milestone in enumerate(options.milestones[first:], first):
        if milestone >= spent + work:
            break
        if milestone >= spent + result.work:
            found[index] = grade if accepted else None
            continue
        network = result.snapshots[index - first] if result.snapshots else None
        if network is None:
            found[index] = None
            continue
        if id(network) not in known:
            then = _scaled(_of(network, stage.layout), scale)
            left = residual - then.features(features) @ then.head.T
            known[id(network)] = then if _loss(weights, left) < before else None
        found[index] = known[id(network)]
    return found


def _of(network: Network, layout: Layout) -> TrainedGrade:
    """Return a network as a grade of the layout; neurons that a trainer left out are there, without effect."""
    grade = TrainedGrade.of(network)
    if network.widths == layout.widths[1:-1]:
        return grade
    if len(network.widths) != layout.depth - 1:
        raise UserError(
            f"trainer 'multigrade': the inner trainer returned {len(network.widths)} hidden layers for {layout.key}; "
            f"allowed: {layout.depth - 1}"
        )
    blocks, before = [], layout.widths[0]
    for block, width in zip(grade.blocks, layout.widths[1:-1], strict=True):
        blocks.append(_padded(block, width, before))
        before = width
    kinds = tuple(
        (*layer, *[layer[0]] * (width - len(layer)))
        for layer, width in zip(grade.activations, layout.widths[1:-1], strict=True)
    )
    return TrainedGrade(tuple(blocks), kinds, _padded(grade.head, len(grade.head), before))


def _padded(block: Array, rows: int, columns: int) -> Array:
    wide = np.zeros((rows, columns + 1))
    wide[: len(block), : block.shape[1] - 1] = block[:, :-1]
    wide[: len(block), -1] = block[:, -1]
    return wide


def _scaled(grade: TrainedGrade, scale: float) -> TrainedGrade:
    return grade if scale == 1.0 else grade.with_head(grade.head * scale)


def _idle(stage: Stage) -> TrainedGrade:
    """Return a grade of zeros."""
    widths = stage.layout.widths
    blocks = [np.zeros((out, read + 1)) for read, out in zip(widths, widths[1:], strict=False)]
    kinds = tuple(layer.activations(stage.activation) for layer in stage.layout.layers[:-1])
    return TrainedGrade(tuple(blocks[:-1]), kinds, blocks[-1])


def _solved(layout: Layout, grade: TrainedGrade, reads: Array, weights: Array, residual: Array) -> Array:
    """Return the head of least weighted squares, where its entries are free."""
    shape, root = layout.layers[-1], np.sqrt(weights)[:, None]
    free = np.column_stack([shape.free, shape.free_bias])
    head = grade.head.copy()
    for k, own in enumerate(free):
        kept = np.where(own, 0.0, head[k])
        target = residual[:, k] - reads @ kept
        head[k, own] = least_squares(root * reads[:, own], root * target[:, None]).coefficients[:, 0]
    return head


def _limited(trainer: Trainer, work: float) -> Trainer:
    """Return the trainer with a budget of work."""
    own: Any = trainer
    if not hasattr(own, "work"):
        raise UserError(
            f"trainer 'multigrade': inner trainer '{trainer.name}' has no budget of work; allowed: trainers with a "
            "parameter 'work', or no 'work' for multigrade"
        )
    limited: Trainer = replace(own, work=min(own.work, work))
    return limited


def _bordered(points: Array) -> Array:
    return np.append(points, np.ones((len(points), 1)), axis=1)


def _loss(weights: Array, residual: Array) -> float:
    return float(np.sum(weights[:, None] * residual * residual))
