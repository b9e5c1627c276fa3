"""Successive affine learning: affine maps by least squares, activations afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

import numpy as np
from numpy.typing import NDArray

from ratelab.networks import FitProblem, FitResult, Layout, Network, Status, grades_of
from ratelab.registry import Activation, Progress
from ratelab.training._generator import generator
from ratelab.training._minibatch import single_thread
from ratelab.training._minibatch_pass import layer_kinds
from ratelab.training._multigrade_layout import assembled, grade_layout, one_grade
from ratelab.training._multigrade_stair import TrainedGrade
from ratelab.training._stack import check_accepted
from ratelab.training._successive_affine_basis import least_squares
from ratelab.training._successive_affine_layer import affine_layer
from ratelab.training._work import check_work

Array = NDArray[np.float64]

_ZERO = 1e-30


@dataclass(frozen=True, eq=False)
class Energies:
    """How a fit splits the energy of the data; all are weighted sums of squares over the nodes.

    Parameters
    ----------
    data
        ‖y‖² = ‖e_0‖².
    grades
        (G,) ‖g_g‖², of what the network's head of each grade adds.
    residuals
        (G,) ‖e_g‖², of what is left after each grade.
    """

    data: float
    grades: Array
    residuals: Array

    @property
    def pythagoras(self) -> Array:
        """(G,) | ‖e_(g−1)‖² − ‖g_g‖² − ‖e_g‖² | relative to ‖e_(g−1)‖² (0 where that is 0)."""
        before = np.concatenate([[self.data], self.residuals[:-1]])
        gap = np.abs(before - self.grades - self.residuals)
        return np.asarray(np.where(before > 0, gap / np.where(before > 0, before, 1.0), 0.0))

    @property
    def parseval(self) -> float:
        """| ‖y‖² − Σ‖g_g‖² − ‖e_G‖² | relative to ‖y‖² (0 where that is 0)."""
        last = self.residuals[-1] if len(self.residuals) else self.data
        gap = abs(self.data - float(np.sum(self.grades)) - float(last))
        return gap / self.data if self.data > 0 else 0.0


@dataclass(eq=False)
class SuccessiveAffine:
    """Grade by grade: each layer's affine maps are fitted to the residual by least squares, then comes the activation.

    The head of a grade is the least-squares solution on its last hidden layer and a constant, so what it adds is the
    orthogonal projection g_g of the residual on their span, and ‖e_(g−1)‖² = ‖g_g‖² + ‖e_g‖² in the weighted inner
    product of the data. The layout says which hidden layers make a grade (architecture ``graded``). How a layer gets
    its width is ours (`affine_layer`); that affine maps are fitted before the activation, and the identities, are
    recalled from Xu 2023, successive affine learning. The fits' energies are in `energies` after `fit`. The network
    has a readout after each grade. A fit has *converged* when all grades are placed or nothing is left. A grade
    counts two evaluations of its hidden layers and one of its head.

    Parameters
    ----------
    work
        Budget in work units: the fit ends before the grade that would pass it, but for the first.
    """

    work: float = inf
    name: str = field(default="successive_affine", init=False)
    energies: tuple[Energies, ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_work("successive_affine", self.work)

    def accepts(self, layout: Layout) -> str | None:
        """Return None if the layout has two grades or more, else why not."""
        return one_grade(layout)

    def fit(self, problem: FitProblem, progress: Progress | None = None) -> Sequence[FitResult]:
        """Fit every (layout, seed) of the problem; results in that order.

        Raises
        ------
        UserError
            If a layout has no two grades.
        """
        check_accepted(self.name, self.accepts, problem)
        results, energies = [], []
        for layout, seed in problem.fits:
            with single_thread(layer_kinds(layout, problem.activation)), np.errstate(all="ignore"):
                result, energy = self._fit(problem, layout, seed)
            results.append(result)
            energies.append(energy)
            if progress is not None:
                progress(len(results), len(problem.fits))
        self.energies = tuple(energies)
        return results

    def _fit(self, problem: FitProblem, layout: Layout, seed: int) -> tuple[FitResult, Energies]:
        spans = grades_of(layout)
        weights, residual = problem.weights, problem.values
        features = np.append(problem.nodes, np.ones((len(problem.nodes), 1)), axis=1)
        grades: list[TrainedGrade] = []
        gained: list[float] = []
        left: list[float] = []
        data, work, present = weighted_energy(weights, residual), 0.0, None
        snapshots: list[Network | None] = []
        status: Status = "converged"
        for number, span in enumerate(spans):
            shallow, activation = grade_layout(layout, span, problem.activation)
            head = shallow.layers[-1].free.size
            price = len(features) * (2.0 * (shallow.connections - head) + head)
            if number and work + price > self.work:
                status = "work limit"
                break
            work += price
            snapshots += [present] * sum(m < work for m in problem.milestones[len(snapshots) :])
            random = generator("successive affine", layout.key, seed, number)
            grade, features, added = fitted_grade(features, problem, residual, shallow, activation, random)
            residual = residual - added
            if not np.isfinite(residual).all():
                status = "diverged"
                break
            grades.append(grade)
            gained.append(weighted_energy(weights, added))
            left.append(weighted_energy(weights, residual))
            present = assembled(layout, spans, grades, problem.activation)
            if left[-1] <= _ZERO * (data or 1.0):
                break
        energies = Energies(data, np.array(gained), np.array(left))
        snapshots += [present] * (len(problem.milestones) - len(snapshots))
        if present is None:
            return FitResult(None, float("nan"), "diverged", len(grades), work, tuple(snapshots)), energies
        if status == "diverged":
            status = "step limit"
        return FitResult(present, left[-1], status, len(grades), work, tuple(snapshots)), energies


def fitted_grade(
    reads: Array,
    problem: FitProblem,
    residual: Array,
    layout: Layout,
    activation: Activation,
    random: np.random.Generator,
) -> tuple[TrainedGrade, Array, Array]:
    """Return a grade fitted to a residual, what it hands on (m, neurons + 1), and what its head adds (m, k).

    Parameters
    ----------
    reads
        (m, in + 1) what the grade reads at the problem's nodes, the last column 1.
    layout, activation
        Of the shallow network of the grade.
    """
    lower, upper = np.array(problem.domain, dtype=np.float64).T
    places = (problem.nodes - lower) / (upper - lower)
    root = np.sqrt(problem.weights)[:, None]
    blocks: list[Array] = []
    kinds = [layer.activations(activation) for layer in layout.layers[:-1]]
    features = reads
    for layer, kind in zip(layout.layers, kinds, strict=False):
        block = affine_layer(features, places, problem.weights, residual, layer, random)
        single = TrainedGrade((block,), (kind,), np.zeros((residual.shape[1], len(block) + 1)))
        features = single.features(features)
        blocks.append(block)
    last = layout.layers[-1]
    free = np.column_stack([last.free, last.free_bias])
    head = np.column_stack([last.fixed, np.zeros(len(last.fixed))])
    for k, own in enumerate(free):
        found = least_squares(root * features[:, own], root * residual[:, [k]])
        head[k, own] = found.coefficients[:, 0]
    return TrainedGrade(tuple(blocks), tuple(kinds), head), features, features @ head.T


def weighted_energy(weights: Array, values: Array) -> float:
    """Return the weighted sum of squares over all nodes and outputs."""
    return float(np.sum(weights[:, None] * values * values))
