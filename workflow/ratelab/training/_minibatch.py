"""Adam on small batches, an epoch being one pass over all nodes in a new order."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from math import exp, isfinite, log
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks import FitProblem, FitResult, Layout, Network, Status
from ratelab.registry import Progress
from ratelab.training._elementwise import one_thread
from ratelab.training._generator import generator
from ratelab.training._initial import Initial, initial_weights
from ratelab.training._minibatch_pass import BatchPass, Kinds, layer_kinds
from ratelab.training._multigrade_checks import is_number, is_whole
from ratelab.training._stack import Shape
from ratelab.training._work import Ledger, check_work, work_units

Array = NDArray[np.float64]
Keep = Literal["best", "last"]

_FIRST, _SECOND, _EPSILON = 0.9, 0.999, 1e-8
_ZERO = 1e-30


@dataclass(eq=False)
class MiniBatchAdam:
    """Adam (0.9, 0.999, 1e-8) on batches in a random order, with a rate that falls exponentially.

    Epoch k has the rate `rate` · (`last` / `rate`)^(k / epochs). A batch B moves the parameters along the derivative
    of ½ · m / (|B| · Σ weights) · Σ_B weights · |network − values|², which on average is that of half the weighted
    mean over all m nodes; for equal weights it is half the batch's mean. Orders come from the seed, so they are the
    same for all shapes. A fit *converges* only if its loss is zero up to roundoff. Source: Kingma and Ba 2015; the
    defaults are the settings of the published demonstration of multigrade learning (Xu 2023).

    Parameters
    ----------
    epochs
        Passes over the nodes.
    rate, last
        Learning rate of the first epoch, and where it would be after the last.
    batch
        Nodes in a batch; the last one of an epoch may be smaller.
    keep
        ``best`` keeps the network of least loss over all nodes, which costs one more evaluation an epoch; ``last``,
        as published, keeps the one after the last epoch.
    initial
        ``standard``, as published: weights and biases uniform in ±1/√fan-in; or ``domain``, see `initial_weights`.
    work
        Budget in work units. If it does not pay for all epochs, the rate falls within those that it pays for.

    Raises
    ------
    UserError
        If a parameter is out of range.
    """

    epochs: int = 20
    rate: float = 1e-2
    last: float = 1e-4
    batch: int = 32
    keep: Keep = "best"
    initial: Initial = "standard"
    work: float = float("inf")
    name: str = field(default="minibatch", init=False)

    def __post_init__(self) -> None:
        """Check the parameters."""
        for what in ("epochs", "batch"):
            given = getattr(self, what)
            if not (is_whole(given) and given >= 1):
                raise UserError(
                    f"trainer 'minibatch': {what} is {given!r}; allowed: whole numbers, 1 or more"
                )
        if not (is_number(self.rate) and isfinite(self.rate) and self.rate > 0):
            raise UserError(f"trainer 'minibatch': rate is {self.rate!r}; allowed: positive numbers")
        if not (is_number(self.last) and 0 < self.last <= self.rate):
            raise UserError(
                f"trainer 'minibatch': last is {self.last!r}; allowed: positive numbers up to the rate {self.rate:g}"
            )
        if self.keep not in get_args(Keep):
            raise UserError(f"trainer 'minibatch': keep is '{self.keep}'; allowed: best, last")
        if self.initial not in get_args(Initial):
            raise UserError(f"trainer 'minibatch': initial is '{self.initial}'; allowed: domain, standard")
        if not is_number(self.work):
            raise UserError(
                f"trainer 'minibatch': work is {self.work!r}; allowed: positive numbers of work units"
            )
        check_work("minibatch", self.work)

    def fit(self, problem: FitProblem, progress: Progress | None = None) -> Sequence[FitResult]:
        """Fit every (layout, seed) of the problem; results in that order."""
        results: list[FitResult] = []
        for layout, seed in problem.fits:
            kinds = layer_kinds(layout, problem.activation)
            with single_thread(kinds), np.errstate(all="ignore"):
                results.append(_Course(self, problem, layout, seed, kinds).run())
            if progress is not None:
                progress(len(results), len(problem.fits))
        return results


class _Course:
    """One fit on its way."""

    def __init__(
        self, options: MiniBatchAdam, problem: FitProblem, layout: Layout, seed: int, kinds: Sequence[Kinds]
    ) -> None:
        self.options, self.problem, self.layout, self.seed = options, problem, layout, seed
        self.shape = Shape(layout)
        blocks = initial_weights(layout, seed, problem.activation, problem.domain, options.initial)
        self.parameters = self.shape.flat(blocks)
        self.network = BatchPass(self.shape.sizes, kinds, self.parameters, self.shape.pooled)
        self.points = np.append(problem.nodes, np.ones((len(problem.nodes), 1)), axis=1)
        unit = work_units(problem, layout)
        self.ledger = Ledger([unit], options.work, problem.milestones)
        judged = options.keep == "best"
        self.per_epoch = 3.0 if judged else 2.0
        self.epochs = options.epochs
        if isfinite(options.work):
            paid = (options.work / unit - 1.0) // self.per_epoch
            self.epochs = int(min(max(paid, 0.0), options.epochs))

    def run(self) -> FitResult:
        """Take the epochs."""
        options, best = self.options, self.parameters
        judged = options.keep == "best"
        if judged:
            best = self.parameters.copy()
        self._spend(1.0, best)
        loss = self._loss()
        status: Status = "step limit" if self.epochs == options.epochs else "work limit"
        least, epoch, zero = loss, 0, _ZERO * self._energy()
        descent = _Descent(self.network, self.shape, self.parameters, options, self.epochs)
        random = generator("minibatch", self.seed)
        while epoch < self.epochs and isfinite(loss) and least > zero:
            order = random.permutation(len(self.points))
            self._spend(self.per_epoch, best)
            descent.epoch(epoch, self.points[order], self.problem.values[order], self._scaled(order))
            epoch += 1
            if judged or epoch == self.epochs:
                loss = self._loss()
            elif not np.isfinite(self.parameters).all():
                loss = float("nan")
            if judged and loss < least:
                least = loss
                best[:] = self.parameters
        if not judged:
            least = loss
        return self._result(best, least if isfinite(loss) else loss, zero, status, descent.steps)

    def _result(self, best: Array, loss: float, zero: float, status: Status, steps: int) -> FitResult:
        def build(row: Array) -> Network:
            return self.shape.network(row, self.problem.activation)

        work = float(self.ledger.work[0])
        if not isfinite(loss):
            kept = self.ledger.snapshots(0, None, build)
            return FitResult(None, float("nan"), "diverged", steps, work, kept)
        final = build(best.copy())
        outcome: Status = "converged" if loss <= zero else status
        return FitResult(final, loss, outcome, steps, work, self.ledger.snapshots(0, final, build))

    def _spend(self, evaluations: float, best: Array) -> None:
        self.ledger.spend(np.zeros(1, np.intp), evaluations, lambda _: best)

    def _scaled(self, order: NDArray[np.intp]) -> Array:
        weights = self.problem.weights
        return np.asarray(weights[order] * (len(weights) / float(np.sum(weights))))

    def _loss(self) -> float:
        error = self.network.values(self.points) - self.problem.values
        return float(np.sum(self.problem.weights[:, None] * error * error))

    def _energy(self) -> float:
        return float(np.sum(self.problem.weights[:, None] * self.problem.values**2)) or 1.0


class _Descent:
    """The rule of Adam on the batches of one epoch after the other."""

    def __init__(
        self, network: BatchPass, shape: Shape, parameters: Array, options: MiniBatchAdam, epochs: int
    ) -> None:
        self.network, self.parameters, self.free, self.options = network, parameters, shape.free, options
        self.decay = log(options.rate / options.last) / max(epochs, 1)
        self.first, self.second, self.slope = np.zeros((3, shape.count))
        self.steps = 0

    def epoch(self, number: int, points: Array, values: Array, weights: Array) -> None:
        """Take one step for each batch of the data, in the order given; weights are 1 on average."""
        from ratelab.training._minibatch_kernels import adam_step

        rate, batch = self.options.rate * exp(-self.decay * number), self.options.batch
        for start in range(0, len(points), batch):
            part = slice(start, start + batch)
            weight = weights[part]
            self.network.gradient(points[part], values[part], weight / len(weight), self.slope)
            self.steps += 1
            length = rate / (1.0 - _FIRST**self.steps)
            root = 1.0 / np.sqrt(1.0 - _SECOND**self.steps)
            options = (length, root, _EPSILON, _FIRST, _SECOND)
            adam_step(self.parameters, self.first, self.second, self.slope, self.free, options)


@contextmanager
def single_thread(kinds: Sequence[Kinds]) -> Iterator[None]:
    """Keep torch on one thread if one of the activations needs it."""
    with ExitStack() as stack:
        for layer in kinds:
            for activation, _ in layer:
                stack.enter_context(one_thread(activation))
        yield
