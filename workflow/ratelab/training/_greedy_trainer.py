"""The orthogonal greedy algorithm as a trainer."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks import FitProblem, FitResult, Layout, Network, Status
from ratelab.registry import Progress
from ratelab.training._elementwise import homogeneity, one_thread
from ratelab.training._generator import generator
from ratelab.training._greedy import grow
from ratelab.training._initial import initial_weights
from ratelab.training._minimum_norm import minimum_norm
from ratelab.training._projection import SHORTEST, Model, solve_outputs
from ratelab.training._stack import Data, Shape, check_accepted, one_activation
from ratelab.training._work import Ledger, check_work, work_units

Array = NDArray[np.float64]


@dataclass(eq=False)
class Greedy:
    """Neurons of the last hidden layer chosen one after the other from a dictionary, output weights solved each time.

    The seed moves the dictionary's offsets and directions and draws the layers below, which stay as they are, with
    nothing added by free identities there. A fit
    has *converged* when all its neurons are placed, or no neuron of the dictionary lowers the loss. Source: DeVore
    and Temlyakov 1996, the orthogonal greedy algorithm; Siegel and Xu 2022, its rates for shallow networks.

    Parameters
    ----------
    size
        Neurons in the dictionary.
    work
        Work units after which a fit ends; a neuron of the dictionary counts nodes × its connections each time.
    """

    size: int = 1024
    work: float = np.inf
    name: str = field(default="greedy", init=False)

    def __post_init__(self) -> None:
        """Check the parameters."""
        if self.size < 1:
            raise UserError(f"trainer 'greedy': size is {self.size}; allowed: 1 or more")
        check_work("greedy", self.work)

    def accepts(self, layout: Layout) -> str | None:
        """Return None if all neurons have the network's activation or none, else why the layout is not served."""
        return one_activation(layout)

    def fit(self, problem: FitProblem, progress: Progress | None = None) -> Sequence[FitResult]:
        """Fit every (layout, seed) of the problem; results in that order."""
        check_accepted(self.name, self.accepts, problem)
        data, results = Data.of(problem), []
        with one_thread(problem.activation), np.errstate(all="ignore"):
            for layout, seed in problem.fits:
                results.append(self._grow(problem, data, layout, seed))
                if progress is not None:
                    progress(len(results), len(problem.fits))
        return results

    def _grow(self, problem: FitProblem, data: Data, layout: Layout, seed: int) -> FitResult:
        shape, activation = Shape(layout), problem.activation
        ledger = Ledger([work_units(problem, layout)], self.work, problem.milestones)
        every = np.zeros(1, np.intp)
        pure = homogeneity(activation) is not None
        shortest = 0.0 if pure else SHORTEST * float(np.sqrt(np.sum(data.weights)))
        model = Model(shape, data, activation, None, shortest)
        start = shape.flat(initial_weights(layout, seed, activation, problem.domain))
        random = generator("greedy", layout.key, seed)
        last = shape.spans[-1]
        cleared = start.copy()
        cleared[last] = np.where(shape.free[last], 0.0, cleared[last])
        for level in range(1, shape.hidden):
            rows = shape.linear[level]
            free = shape.free[shape.spans[level]].reshape(shape.sizes[level])[rows]
            block = shape.blocks(cleared[None])[level][0]
            block[rows] = np.where(free, 0.0, block[rows])
        status: Status = "converged"
        steps, bent = 1, 0
        if shape.hidden:
            bent = int(np.count_nonzero(~layout.layers[shape.hidden - 1].linear))
        solved, best = cleared, [cleared]
        ledger.spend(every, 1.0, lambda _: best[0])
        if bent:
            left = self.work / float(ledger.units[0]) - 2.0
            growth = grow(shape, cleared, data, activation, problem.domain, random, self.size, left)
            steps = max(len(growth.order), 1)
            solved = growth.parameters
            price = growth.evaluations / steps
            for count in range(1, len(growth.order) + 1):
                if len(problem.milestones):
                    best[0] = self._with(model, shape, growth.parameters, growth.order[: count - 1], cleared)
                ledger.spend(every, price, lambda _: best[0])
            if growth.cut:
                status = "work limit"
                solved = self._with(model, shape, growth.parameters, growth.order, cleared)
        ledger.spend(every, 1.0, lambda _: best[0])
        parameters, loss, _ = minimum_norm(
            model, solve_outputs(model, solved[None], np.ones(1)).parameters, 1.0
        )
        work = float(ledger.work[0])

        def build(row: Array) -> Network:
            return shape.network(row, activation)

        if not np.isfinite(loss[0]):
            kept = ledger.snapshots(0, None, build)
            return FitResult(None, float("nan"), "diverged", steps, work, kept)
        final = build(parameters[0])
        return FitResult(final, float(loss[0]), status, steps, work, ledger.snapshots(0, final, build))

    def _with(self, model: Model, shape: Shape, grown: Array, order: Sequence[int], cleared: Array) -> Array:
        """Return the network with some of the grown neurons, the others without effect."""
        parameters = grown.copy()
        hidden = shape.blocks(parameters[None])[shape.hidden - 1][0]
        bent = np.flatnonzero(~shape.layout.layers[shape.hidden - 1].linear)
        for neuron in bent:
            if neuron not in order:
                hidden[neuron] = 0.0
        return np.asarray(solve_outputs(model, parameters[None], np.ones(1)).parameters[0])
