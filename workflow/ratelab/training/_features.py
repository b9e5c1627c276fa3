"""Random features: hidden layers are drawn, the output layer is fitted by least squares."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks import FitProblem, FitResult, Layer, LayerShape, Layout, Network, identity
from ratelab.networks._evaluate import forward
from ratelab.registry import Progress
from ratelab.training._elementwise import BLOCK, one_thread
from ratelab.training._generator import generator
from ratelab.training._least_squares import check_ridge, ridge_solution
from ratelab.training._stack import activations
from ratelab.training._work import work_units

Array = NDArray[np.float64]

_FLAT = 1e-3


@dataclass(eq=False)
class RandomFeatures:
    """Random hidden layers and the output layer of least squares with a constant.

    In the first hidden layer weights are normal with deviation `scale`, and biases uniform in ±scale · R about the
    domain's centre, R its largest half length. Further hidden layers are drawn alike for what they read, shifted and
    scaled to mean 0 and deviation 1/√fan-in on the domain, with R = 1. Identity neurons have no random weights; those
    that are fixed, in the output layer as well, stay. The random numbers depend on the layout's key
    and the seed alone. A fit is one least squares problem, so its status is ``converged``. Source: Rahimi and Recht
    2008, weighted sums of random features.

    Parameters
    ----------
    scale
        Deviation of the weights.
    ridge
        Penalty on the squared output weights, relative to Σ weights, see `least_squares_readout`.

    Raises
    ------
    UserError
        If a parameter is out of range.
    """

    scale: float = 6.0
    ridge: float = 1e-10
    name: str = field(default="features", init=False)

    def __post_init__(self) -> None:
        """Check the parameters."""
        if not (self.scale > 0 and isfinite(self.scale)):
            raise UserError(f"trainer 'features': scale is {self.scale}; allowed: positive finite numbers")
        check_ridge("trainer 'features'", self.ridge)

    def fit(self, problem: FitProblem, progress: Progress | None = None) -> Sequence[FitResult]:
        """Fit every (layout, seed) of the problem; results in that order.

        The work is one evaluation of the network, and nodes × columns² for the least squares problem.
        """
        results: list[FitResult] = []
        with one_thread(*activations(problem)), np.errstate(all="ignore"):
            for layout, seed in problem.fits:
                results.append(self._fit(problem, layout, seed))
                if progress is not None:
                    progress(len(results), len(problem.fits))
        return results

    def _fit(self, problem: FitProblem, layout: Layout, seed: int) -> FitResult:
        hidden = random_layers(layout, seed, problem, self.scale)
        value = problem.nodes.T
        for layer in hidden:
            value = forward(layer, value)
        work = work_units(problem, layout) + float(len(problem.nodes) * (len(value) + 1) ** 2)
        if not np.isfinite(value).all():
            nothing = (None,) * len(problem.milestones)
            return FitResult(None, float("nan"), "diverged", 1, work, nothing)
        weight, bias = _output(layout.layers[-1], value, problem, self.ridge)
        network = Network([*hidden, Layer(weight, bias, (identity,) * len(bias))])
        rest = weight @ value + bias[:, None] - problem.values.T
        loss = float(np.sum(problem.weights * rest**2))
        kept = tuple(network if work <= mark else None for mark in problem.milestones)
        return FitResult(network, loss, "converged", 1, work, kept)


def _output(layer: LayerShape, value: Array, problem: FitProblem, ridge: float) -> tuple[Array, Array]:
    """Return weights and biases of the output layer that reads values (in, m); those that are not free stay."""
    if layer.free.all() and layer.free_bias.all():
        weight, bias = ridge_solution(value.T, problem.weights, problem.values, ridge)
        return weight.T, bias
    weight, bias = layer.fixed.copy(), np.zeros(len(layer.linear))
    for row, free in enumerate(layer.free):
        rest = problem.values[:, row : row + 1] - (layer.fixed[row] @ value)[:, None]
        found = ridge_solution(value[free].T, problem.weights, rest, ridge, constant=layer.free_bias[row])
        weight[row, free], bias[row] = found[0][:, 0], found[1][0]
    return weight, bias


def random_layers(layout: Layout, seed: int, problem: FitProblem, scale: float) -> list[Layer]:
    """Return random hidden layers of a layout.

    Parameters
    ----------
    problem
        Its activation and domain are used, its data are not.
    scale
        See `RandomFeatures`.
    """
    random = generator("features", layout.key, seed)
    lower, upper = np.array(problem.domain, dtype=np.float64).T
    centre, spread = (lower + upper) / 2, np.ones(len(lower))
    radius = float(np.max(upper - lower)) / 2
    corner = generator("spread", len(lower)).uniform(0.0, 1.0, (16 * BLOCK, len(lower)))
    value = (lower + corner * (upper - lower)).T
    layers: list[Layer] = []
    for index, layer in enumerate(layout.layers[:-1]):
        out, fan_in = layer.free.shape
        if index:
            centre, spread = value.mean(axis=1), value.std(axis=1) * np.sqrt(fan_in)
            # values that hardly vary are not blown up
            spread = np.maximum(spread, _FLAT * spread.max(initial=0.0))
            spread, radius = np.where(spread > 0, spread, 1.0), 1.0
        weight = scale * random.standard_normal((out, fan_in)) / spread
        weight = np.where(layer.free & ~layer.linear[:, None], weight, layer.fixed)
        bias = scale * radius * random.uniform(-1.0, 1.0, out) - weight @ centre
        bias = np.where(layer.free_bias & ~layer.linear, bias, 0.0)
        layers.append(Layer(weight, bias, layer.activations(problem.activation), layer.pooled))
        value = forward(layers[-1], value)
    return layers
