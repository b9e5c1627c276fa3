"""Adam on weights and slopes: networks of parametric rectified linear units whose slopes are trained."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import cos, isfinite, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks import FitProblem, FitResult, Layout, Network, Status
from ratelab.registry import Activation, Progress
from ratelab.training._adam_recipe import Recipe, zero_loss
from ratelab.training._initial import Initial, initial_weights
from ratelab.training._slopes_pass import SlopesPass, bent, slope_of
from ratelab.training._stack import Data, Shape, check_accepted, stacks
from ratelab.training._work import check_work, work_units

Array = NDArray[np.float64]


@dataclass(eq=False)
class Slopes:
    """Full-batch Adam on weights and on one slope α per neuron, x ↦ max(x, 0) + α · min(x, 0).

    All slopes start at that of the network's activation, 0 for ReLU; the rate of all parameters falls to 0 along half a
    cosine, and the best iterate is kept. In the fitted network each neuron has activation ``prelu(slope=α)``: a member
    of the class with trainable slopes, which is larger than that of the network's own activation. Neurons that are
    identities stay so. Source: He, Zhang, Ren and Sun 2015, Delving deep into rectifiers.

    Parameters
    ----------
    steps
        Gradient steps.
    rate
        First learning rate.
    initial
        ``domain`` or ``standard``, see `initial_weights`.
    work
        Budget in work units. If it does not pay for all steps, the cosine spans those that it pays for.

    Raises
    ------
    UserError
        If a parameter is out of range.
    """

    steps: int = 2000
    rate: float = 0.02
    initial: Initial = "domain"
    work: float = float("inf")
    name: str = field(default="slopes", init=False)

    def __post_init__(self) -> None:
        """Check the parameters."""
        if self.steps < 1:
            raise UserError(f"trainer 'slopes': steps is {self.steps}; allowed: 1 or more")
        if not (self.rate > 0 and isfinite(self.rate)):
            raise UserError(f"trainer 'slopes': rate is {self.rate}; allowed: positive finite numbers")
        if self.initial not in ("domain", "standard"):
            raise UserError(f"trainer 'slopes': initial is '{self.initial}'; allowed: domain, standard")
        check_work("slopes", self.work)

    def accepts(self, layout: Layout) -> str | None:
        """Return None if no neuron has an activation of its own, else why the layout is not served."""
        if not layout.others:
            return None
        return (
            f"layout {layout.key} has neurons with an activation of their own ({', '.join(sorted(layout.others))}); "
            "allowed: layouts of one activation"
        )

    def serves(self, activation: Activation) -> str | None:
        """Return None for ReLU and its relatives with a slope, else why the activation is not served."""
        if slope_of(activation) is not None:
            return None
        return f"the activation is '{activation.name}'; allowed: relu, or prelu with any slope"

    def fit(self, problem: FitProblem, progress: Progress | None = None) -> Sequence[FitResult]:
        """Fit every (layout, seed) of the problem; results in that order.

        Raises
        ------
        UserError
            If the problem's activation is no ReLU with a slope, or a layout is not served.
        """
        check_accepted(self.name, self.accepts, problem)
        reason, slope = self.serves(problem.activation), slope_of(problem.activation)
        if slope is None:
            raise UserError(f"trainer 'slopes': {reason}")
        data, done = Data.of(problem), 0
        results: dict[int, FitResult] = {}
        with np.errstate(all="ignore"):
            for shape, positions in stacks(problem):
                course = _Course(self, problem, data, shape, [problem.fits[i][1] for i in positions], slope)
                results |= dict(zip(positions, course.run(), strict=True))
                done += len(positions)
                if progress is not None:
                    progress(done, len(problem.fits))
        return [results[i] for i in range(len(problem.fits))]


def trained_slopes(network: Network) -> list[Array]:
    """Return the slope α of each neuron, layer by layer: max(x, 0) + α · min(x, 0); NaN for other activations."""
    found = []
    for layer in network.layers[:-1]:
        slopes = [slope_of(activation) for activation in layer.activations]
        found.append(np.array([np.nan if slope is None else slope for slope in slopes]))
    return found


class _Course:
    """All fits of one shape: parameters (S, P) and slopes (S, N), moved together."""

    def __init__(
        self,
        options: Slopes,
        problem: FitProblem,
        data: Data,
        shape: Shape,
        seeds: Sequence[int],
        slope: float,
    ) -> None:
        self.problem, self.data, self.shape = problem, data, shape
        starts = [
            shape.flat(initial_weights(shape.layout, s, problem.activation, problem.domain, options.initial))
            for s in seeds
        ]
        linear = np.concatenate([layer.linear for layer in shape.layout.layers[:-1]] + [np.zeros(0, bool)])
        start = np.append(np.array(starts), np.where(linear, 1.0, np.full((len(seeds), 1), slope)), axis=1)
        self.free = np.append(shape.free, ~linear)
        self.state, self.slope = start, np.zeros_like(start)
        self.units = 2.0 * work_units(problem, shape.layout)
        paid = options.steps if options.work == float("inf") else max(int(options.work // self.units) - 1, 0)
        self.curtailed = paid < options.steps
        self.recipe = Recipe(min(options.steps, paid), options.rate)
        self.marks = [int(milestone // self.units) for milestone in problem.milestones]
        self.kept: dict[int, Array] = {}
        self.best, self.best_loss = start.copy(), np.full(len(seeds), np.inf)
        self.made = np.zeros(len(seeds), np.int64)
        self.running, self.wild = np.ones(len(seeds), bool), np.zeros(len(seeds), bool)

    def run(self) -> list[FitResult]:
        """Take the steps and return the fits."""
        run = SlopesPass(self.shape, self.state, self.slope, self.data)
        first, second = np.zeros((2, *self.state.shape))
        zero, recipe = zero_loss(self.data), self.recipe
        for step in range(recipe.steps + 1):
            loss = run.loss_and_slope()
            self.slope *= self.free
            self.made += self.running
            wild = self.running & ~(np.isfinite(loss) & np.isfinite(self.slope).all(axis=1))
            better = self.running & ~wild & (loss < self.best_loss)
            self.best_loss[better], self.best[better] = loss[better], self.state[better]
            self.wild |= wild
            self.running &= ~wild & (loss > zero)
            if step + 1 in self.marks:
                self.kept[step + 1] = self.best.copy()
            if step == recipe.steps or not self.running.any():
                break
            first = recipe.first * first + (1.0 - recipe.first) * self.slope
            second = recipe.second * second + (1.0 - recipe.second) * self.slope**2
            rate = 0.5 * recipe.rate * (1.0 + cos(pi * step / recipe.steps))
            root = np.sqrt(second) / sqrt(1.0 - recipe.second ** (step + 1)) + recipe.epsilon
            change = (rate / (1.0 - recipe.first ** (step + 1))) * first / root
            self.state[self.running] -= change[self.running]
        return [self._result(j, zero) for j in range(len(self.state))]

    def _result(self, j: int, zero: float) -> FitResult:
        steps, work = int(self.made[j]) - 1, float(self.made[j]) * self.units
        network = None if self.wild[j] else self._network(self.best[j])
        snapshots: list[Network | None] = []
        for mark in self.marks:
            if mark >= self.made[j]:
                snapshots.append(network)
            else:
                snapshots.append(self._network(self.kept[mark][j]) if mark else None)
        if network is None:
            return FitResult(None, float("nan"), "diverged", steps, work, tuple(snapshots))
        status: Status = "work limit" if self.curtailed else "step limit"
        if self.best_loss[j] <= zero:
            status = "converged"
        return FitResult(network, float(self.best_loss[j]), status, steps, work, tuple(snapshots))

    def _network(self, state: Array) -> Network:
        parameters, slopes = state[: self.shape.count], state[self.shape.count :]
        kinds: list[list[Activation]] = []
        for layer in self.shape.layout.layers[:-1]:
            count = len(layer.linear)
            kinds.append([bent(float(slope)) for slope in slopes[:count]])
            slopes = slopes[count:]
        return self.shape.network_of(parameters, kinds)
