"""Variable projection with Levenberg-Marquardt steps and neuron exchange."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks import FitProblem, FitResult, Layout, Network, Status
from ratelab.registry import Activation, Progress
from ratelab.training._between import Between
from ratelab.training._elementwise import homogeneity, one_thread, reach
from ratelab.training._exchange import CANDIDATES, exchange
from ratelab.training._generator import generator
from ratelab.training._greedy import grow
from ratelab.training._initial import Initial, initial_weights
from ratelab.training._minimum_norm import minimum_norm
from ratelab.training._projection import SHORTEST, Model, Projected, differentiate, project, solve_outputs
from ratelab.training._stack import Data, Shape, check_accepted, one_activation, stacks
from ratelab.training._work import Ledger, check_work, work_units

Start = Literal[Initial, "greedy", "mixed"]

Array = NDArray[np.float64]

_STARTS: tuple[str, ...] = (*get_args(Initial), "greedy", "mixed")
_LOOSE, _TIGHT = 3e-3, 1e-9
_FIRST_DAMPING, _LARGEST_DAMPING = 1e-2, 1e8
_LARGEST_SLOPE = 1e4
_DICTIONARY = 256
_PER_STEP = 3.0
_SPIKE = 4.0
"""How often the loss with what is between the nodes may grow in the final descent."""


@dataclass(eq=False)
class VariableProjection:
    """Levenberg-Marquardt on the inner parameters, the output layer solved by least squares at every step.

    Whenever the descent stalls, a neuron of the last hidden layer is exchanged (`exchange`) and the descent
    starts again; the best network found is polished in the remaining steps. Positively homogeneous
    activations (ρ_r) have their rows normalised; in one variable only their knots move, and with one hidden
    layer what happens between the nodes is part of the loss (`Between`), except in the final descent, which
    is undone if it makes spikes. Other activations are kept where they are curved on the domain (`reach`).
    The last output layer has the smallest weights that the loss allows (`minimum_norm`). A fit has
    *converged* when, in the final descent, a step lowers the loss by less than a relative 1e-9, no step
    lowers it, or it is zero up to roundoff. A step counts three evaluations (loss, gradient, Jacobian), an exchange
    one and what its candidates cost. Source: Golub and Pereyra 1973, variable projection; Kaufman
    1975, its approximate Jacobian; Nielsen 1999, the damping rule.

    Parameters
    ----------
    steps
        Levenberg-Marquardt steps in all, a quarter of them (at most 40) kept for the final descent.
    exchanges
        Exchanges in a row that bring no improvement before the final descent begins (0: no exchange).
    initial
        ``domain`` or ``standard``, see `initial_weights`; ``greedy`` grows the last hidden layer neuron by neuron
        from there, see `grow`; ``mixed`` is ``domain`` for even and ``greedy`` for odd seeds: the first is better
        on smooth data, the second on data with steep places.
    work
        Work units after which a fit ends; the last quarter (at most 40 steps) is kept for the final descent.
    """

    steps: int = 200
    exchanges: int = 8
    initial: Start = "mixed"
    work: float = np.inf
    name: str = field(default="varpro", init=False)

    def __post_init__(self) -> None:
        """Check the parameters."""
        if self.steps < 1:
            raise UserError(f"trainer 'varpro': steps is {self.steps}; allowed: 1 or more")
        if self.exchanges < 0:
            raise UserError(f"trainer 'varpro': exchanges is {self.exchanges}; allowed: 0 or more")
        if self.initial not in _STARTS:
            raise UserError(f"trainer 'varpro': initial is '{self.initial}'; allowed: {', '.join(_STARTS)}")
        check_work("varpro", self.work)

    def accepts(self, layout: Layout) -> str | None:
        """Return None if all neurons have the network's activation or none, else why the layout is not served."""
        return one_activation(layout)

    def fit(self, problem: FitProblem, progress: Progress | None = None) -> Sequence[FitResult]:
        """Fit every (layout, seed) of the problem; results in that order."""
        check_accepted(self.name, self.accepts, problem)
        results: dict[int, FitResult] = {}
        data, done = Data.of(problem), 0
        with one_thread(problem.activation), np.errstate(all="ignore"):
            for shape, positions in stacks(problem):
                seeds = [problem.fits[i][1] for i in positions]
                found = _Descent(self, shape, seeds, data, problem).run()
                results |= dict(zip(positions, found, strict=True))
                done += len(positions)
                if progress is not None:
                    progress(done, len(problem.fits))
        return [results[i] for i in range(len(problem.fits))]


class _Descent:
    """All seeds of one shape; each fit follows its own course, whatever the others do."""

    def __init__(
        self, options: VariableProjection, shape: Shape, seeds: Sequence[int], data: Data, problem: FitProblem
    ) -> None:
        self.options, self.shape, self.data, self.problem = options, shape, data, problem
        self.activation: Activation = problem.activation
        self.degree = homogeneity(self.activation)
        self.reach = reach(self.activation)
        self.steepest = 2.0 * _LARGEST_SLOPE / max(b - a for a, b in problem.domain)
        if len(problem.domain) == 1:
            gaps = np.diff(np.unique(problem.nodes))
            self.steepest = min(self.steepest, 1.0 / float(gaps.min(initial=np.inf)) if len(gaps) else np.inf)
        self.inner = self._inner()
        between = Between.of(shape, data, self.activation, problem.domain)
        shortest = SHORTEST * float(np.sqrt(np.sum(data.weights))) if self.degree is None else 0.0
        self.model = Model(shape, data, self.activation, between, shortest)
        key = shape.layout.key
        self.random = [generator("exchange", key, seed) for seed in seeds]
        count = len(seeds)
        unit = work_units(problem, shape.layout)
        self.ledger = Ledger(np.full(count, unit), options.work, problem.milestones)
        self.reserve = 3.0 * min(40, options.steps // 4, options.work / unit / 12.0)
        self.limited = np.zeros(count, bool)
        everything = np.arange(count)
        start = [self._start(i, seed) for i, seed in enumerate(seeds)]
        self.guard = np.ones(count)
        self.ledger.spend(everything, 3.0, lambda i: start[i])
        self.state = self._project(self._normalise(np.array(start)), everything)
        self.best, self.best_loss = self.state.parameters.copy(), self.state.loss.copy()
        self.damping, self.growth = np.full(count, _FIRST_DAMPING), np.full(count, 2.0)
        self.failures = np.zeros(count, dtype=np.int64)
        exchangeable = shape.hidden > 0 and not shape.layout.layers[shape.hidden - 1].linear.all()
        self.exchanges = options.exchanges if exchangeable else 0
        self.final = np.zeros(count, bool)
        self.guarded = self.best.copy()
        self.floor = 1e-30 * data.energy
        self.done = (self.state.loss <= self.floor) | (len(self.inner) == 0)
        self.taken = np.zeros(count, dtype=np.int64)

    def run(self) -> list[FitResult]:
        """Descend and return the fits."""
        reserve = min(40, self.options.steps // 4)
        for step in range(self.options.steps):
            active = self._affording()
            late = ~self.ledger.affords(active, 2 * _PER_STEP + self.reserve)
            self.limited[active[late & ~self.final[active]]] = True
            late |= step == self.options.steps - reserve
            self._finish(active[late & ~self.final[active]])
            active = self._affording()
            if not len(active):
                break
            stalled = self._descend(active)
            self.taken[active] += 1
            self.done[stalled & self.final] = True
            self._react(np.flatnonzero(stalled & ~self.final))
        self._keep(np.arange(len(self.best)))
        self._choose()
        return [self._result(i) for i in range(len(self.best))]

    def _affording(self) -> NDArray[np.intp]:
        """Return the fits that go on; those that cannot afford a step are done."""
        active = np.flatnonzero(~self.done)
        able = self.ledger.affords(active, _PER_STEP)
        self.limited[active[~able]] = self.done[active[~able]] = True
        return active[able]

    def _descend(self, active: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Take one step with the active fits and return which of all have stalled."""
        self.ledger.spend(active, 1.0, self._present)
        state = self.state.rows(active)
        move, predicted = _step(state, self.damping[active])
        trial = state.parameters.copy()
        trial[:, self.inner] += move
        after = solve_outputs(self.model, self._normalise(trial), self.guard[active])
        lower = after.loss < state.loss
        if lower.any():
            self.ledger.spend(active[lower], 2.0, self._present)
            kept = differentiate(self.model, after, self.inner, np.flatnonzero(lower))
            finite = np.isfinite(kept.loss)
            after.loss[lower] = kept.loss
            lower[lower] = finite
            self.state.put(active[lower], kept.rows(np.flatnonzero(finite)))
        decrease = state.loss - after.loss
        gain = np.where(predicted > 0, decrease / predicted, 0.0)
        shrink = np.maximum(1.0 / 3.0, 1.0 - (2.0 * np.clip(gain, 0.0, 1.0) - 1.0) ** 3)
        growth = self.growth[active]
        self.damping[active] = np.maximum(self.damping[active] * np.where(lower, shrink, growth), 1e-12)
        self.growth[active] = np.where(lower, 2.0, 2.0 * growth)
        small = np.where(self.final[active], _TIGHT, _LOOSE) * state.loss
        stalled = np.zeros(len(self.done), bool)
        stalled[active] = (lower & (decrease <= small)) | (self.damping[active] > _LARGEST_DAMPING)
        exact = self.state.loss <= self.floor
        self.final |= exact
        return stalled | (exact & ~self.done)

    def _react(self, stalled: NDArray[np.intp]) -> None:
        """Keep what improved; then exchange a neuron, or begin the final descent."""
        if not len(stalled):
            return
        better = self._keep(stalled)
        self.failures[stalled] = np.where(better, 0, self.failures[stalled] + 1)
        columns = (
            self.shape.sizes[self.shape.hidden - 1][1] / self.shape.layout.connections
            if self.exchanges
            else 0
        )
        price = 1.0 + np.where(self.failures[stalled] == 0, *CANDIDATES) * columns
        over = (self.failures[stalled] > self.exchanges) | (self.exchanges == 0)
        short = ~over & ~self.ledger.affords(stalled, price + 3 * _PER_STEP + self.reserve)
        self.limited[stalled[short]] = True
        over |= short
        self._finish(stalled[over])
        again = stalled[~over]
        if not len(again):
            return
        self.ledger.spend(again, price[~over], self._present)
        fresh = np.array(
            [
                exchange(
                    self.shape,
                    self.best[i],
                    self.data,
                    self.activation,
                    self.problem.domain,
                    self.random[i],
                    int(self.failures[i]),
                )
                for i in again
            ]
        )
        self._restart(again, self._normalise(fresh))

    def _finish(self, chosen: NDArray[np.intp]) -> None:
        """Begin the final descent, on the loss at the nodes alone."""
        self._keep(chosen)
        able = self.ledger.affords(chosen, _PER_STEP)
        self.limited[chosen[~able]] = self.done[chosen[~able]] = True
        chosen = chosen[able]
        self.guarded[chosen] = self.best[chosen]
        self.final[chosen] = True
        if self.model.between is not None:
            self.guard[chosen], self.best_loss[chosen] = 0.0, np.inf
        self._restart(chosen, self.best[chosen])

    def _start(self, fit: int, seed: int) -> Array:
        """Return the initial parameters (P,)."""
        method: Initial = "standard" if self.options.initial == "standard" else "domain"
        layout, domain = self.shape.layout, self.problem.domain
        start = self.shape.flat(initial_weights(layout, seed, self.activation, domain, method))
        greedy = self.options.initial == "greedy" or (self.options.initial == "mixed" and seed % 2 == 1)
        if not greedy or not self.shape.hidden or layout.layers[self.shape.hidden - 1].linear.all():
            return start
        random = generator("insertion", layout.key, seed)
        only = np.array([fit])
        self.ledger.spend(only, 1.0, lambda _: start)
        start = solve_outputs(self.model, start[None], np.ones(1)).parameters[0]
        left = (self.options.work / float(self.ledger.units[fit]) - 4.0) / 2.0
        growth = grow(self.shape, start, self.data, self.activation, domain, random, _DICTIONARY, left)
        self.ledger.spend(only, growth.evaluations, lambda _: start)
        return growth.parameters

    def _present(self, fit: int) -> Array:
        """Return the best parameters (P,) so far."""
        here = self.state.loss[fit] < self.best_loss[fit]
        result: Array = self.state.parameters[fit] if here else self.best[fit]
        return result

    def _restart(self, chosen: NDArray[np.intp], parameters: Array) -> None:
        if len(chosen):
            self.ledger.spend(chosen, _PER_STEP, self._present)
            self.state.put(chosen, self._project(parameters, chosen))
            self.damping[chosen], self.growth[chosen] = _FIRST_DAMPING, 2.0

    def _keep(self, chosen: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Store the present networks that beat the best ones; return which did, by more than roundoff."""
        before = self.best_loss[chosen]
        now = self.state.loss[chosen]
        lower = now < before
        self.best[chosen[lower]] = self.state.parameters[chosen[lower]]
        self.best_loss[chosen[lower]] = now[lower]
        result: NDArray[np.bool_] = now < before * (1.0 - 1e-4)
        return result

    def _choose(self) -> None:
        """Solve the output layers for the last time; go back where the final descent made spikes."""
        self.best, self.best_loss, between = minimum_norm(self.model, self.best, 0.0)
        if self.model.between is None:
            return
        safe, loss, hidden = minimum_norm(self.model, self.guarded, 1.0)
        worse = ~(self.best_loss + between <= _SPIKE * (loss + hidden)) & np.isfinite(loss)
        self.best[worse], self.best_loss[worse] = safe[worse], loss[worse]

    def _project(self, parameters: Array, which: NDArray[np.intp]) -> Projected:
        return project(self.model, parameters, self.inner, self.guard[which])

    def _inner(self) -> NDArray[np.intp]:
        free = self.shape.free.copy()
        free[self.shape.spans[-1]] = False
        if self.degree is not None and self.shape.hidden and self.shape.sizes[0][1] == 2:
            first = free[self.shape.spans[0]].reshape(self.shape.sizes[0])
            first[~self.shape.layout.layers[0].linear, 0] = False
        return np.flatnonzero(free)

    def _normalise(self, parameters: Array) -> Array:
        """Scale rows to norm 1 (homogeneous activations: the same function), or bound them (others).

        The bounds: slopes at most 1e4 over half the domain, and in one variable at most 1 over the smallest
        gap between nodes; in the first layer biases such that the activation is curved somewhere on the domain
        (`reach`).
        """
        blocks = self.shape.blocks(parameters)
        lower, upper = np.array(self.problem.domain, dtype=np.float64).T
        for level, layer in enumerate(self.shape.layout.layers[:-1]):
            rows = np.flatnonzero(~layer.linear)
            length = np.sqrt(np.sum(blocks[level][:, rows, :-1] ** 2, axis=2))
            length = np.where(length > 0, length, 1.0)
            if self.degree is None:
                length = np.maximum(length / (self.steepest if level == 0 else _LARGEST_SLOPE), 1.0)
            blocks[level][:, rows] /= length[:, :, None]
            if self.degree is None and level == 0:
                free = rows[layer.free_bias[rows]]
                weight, bias = blocks[0][:, free, :-1], blocks[0][:, free, -1]
                highest = bias + np.sum(np.maximum(weight * lower, weight * upper), axis=2)
                lowest = bias + np.sum(np.minimum(weight * lower, weight * upper), axis=2)
                shift = np.maximum(self.reach[0] - highest, 0.0) - np.maximum(lowest - self.reach[1], 0.0)
                blocks[0][:, free, -1] += shift
            if self.degree is not None:
                blocks[level + 1][:, :, rows] *= length[:, None, :] ** self.degree
        return parameters

    def _result(self, i: int) -> FitResult:
        loss, work = float(self.best_loss[i]), float(self.ledger.work[i])
        network = self._network(self.best[i]) if np.isfinite(loss) else None
        kept = self.ledger.snapshots(i, network, self._network)
        if network is None:
            return FitResult(None, float("nan"), "diverged", int(self.taken[i]), work, kept)
        status: Status = "converged" if self.done[i] else "step limit"
        if self.limited[i]:
            status = "work limit"
        return FitResult(network, loss, status, int(self.taken[i]), work, kept)

    def _network(self, parameters: Array) -> Network:
        return self.shape.network(parameters, self.activation)


def _step(state: Projected, damping: Array) -> tuple[Array, Array]:
    """Return the Levenberg-Marquardt step (S, p) and the decrease of the loss that its model predicts."""
    matrix = state.matrix.copy()
    diagonal = np.arange(matrix.shape[1])
    matrix[:, diagonal, diagonal] += damping[:, None]
    move = -np.linalg.solve(matrix, state.gradient[:, :, None])[:, :, 0]
    predicted = np.sum(move * (damping[:, None] * move - state.gradient), axis=1)
    return move / state.scale, predicted
