"""Classes of networks at equal connections: the largest network of each that a budget allows, for one target."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ratelab import exact
from ratelab._errors import UserError
from ratelab.exact import cover
from ratelab.networks import FitProblem, FitResult, Network, box_mask, power
from ratelab.registry import Activation, Registry, Target, Trainer
from ratelab.spaces import SupportedNetwork, supported
from ratelab.studies.experiments._leaks_networks import least_squares_polynomial, support_window, windowed
from ratelab.studies.experiments._support_parameters import SupportVerdicts
from ratelab.training import least_squares_readout

Array = NDArray[np.float64]

NODES = {1: 1000, 2: 1600, 3: 1728}
"""About how many quadrature nodes a fit sees, by number of variables."""
_FINEST = {1: 10, 2: 6, 3: 4}
"""Number of variables: the m of the finest grid spacing 2^-m."""

HATS, MASK, GATE = "hats, constructed", "mask, constructed", "gate, constructed"
MASKED, TRAINED, SLOPES, POOLED = "relu, masked", "relu", "prelu, slopes trained", "relu, pooled"
WINDOWED, POLYNOMIAL = "tanh × window", "polynomial"
_METHODS: Mapping[str, Literal["hats", "mask", "gate"]] = {HATS: "hats", MASK: "mask", GATE: "gate"}
_ATTEMPTS = 4
_DEGREE = 64
_RIDGE = 1e-10
_GLUE = 8
"""Connections that join a network and its window."""


@dataclass(frozen=True, eq=False)
class Member:
    """One network of a class.

    Parameters
    ----------
    network
        In float64.
    built
        Its accounts, where it was built to match a support.
    bare
        The network without its mask, where it has one.
    """

    network: Network
    built: SupportedNetwork | None = None
    bare: Network | None = None


def labels_of(parameters: SupportVerdicts) -> tuple[str, ...]:
    """Return the classes: constructed, ReLU and PReLU trained, analytic, windowed, polynomials."""
    return (
        HATS, MASK, GATE, MASKED, TRAINED, SLOPES, POOLED, *parameters.activations, WINDOWED, POLYNOMIAL,
    )  # fmt: skip


class Classes:
    """Builds and fits networks for one target.

    Parameters
    ----------
    target
        With a support.
    parameters, registry
        Of the experiment.
    """

    def __init__(self, target: Target, parameters: SupportVerdicts, registry: Registry) -> None:
        self.target, self.parameters, self.registry = target, parameters, registry
        nodes, weights = exact.nodes(target, NODES[min(target.dimension, 3)])
        self._data = nodes, weights, target(nodes).reshape(len(nodes), -1)
        self._relu = power(1)
        self._constructed = cache(self._of_spacing)
        self._mask = cache(self._mask_size)
        self._degree = cache(partial(least_squares_polynomial, target))

    def member(self, label: str, budget: int) -> Member | None:
        """Return the largest network of a class within a budget of connections, None if none fits."""
        if label in _METHODS:
            return self._finest(label, budget)
        if label == POLYNOMIAL:
            return self._largest_degree(budget)
        if label == MASKED:
            return self._masked(budget)
        if label == WINDOWED:
            return self._windowed(budget)
        if label == SLOPES:
            trainer = self.registry.trainers[self.parameters.slopes]
            found = self._fitted(self.registry.activations["prelu"], budget, trainer=trainer)
            if found is not None:  # as for all others, the output layer is the best one
                found = least_squares_readout(found, *self._data, _RIDGE)
        elif label == POOLED:
            found = self._fitted(self._relu, budget, architecture="pooling")
        else:
            activation = self._relu if label == TRAINED else self.registry.activations[label]
            found = self._fitted(activation, budget)
        return None if found is None else Member(found)

    def _finest(self, label: str, budget: int) -> Member | None:
        """Return the construction on the finest grid within the budget."""
        found: SupportedNetwork | None = None
        for exponent in range(_FINEST[min(self.target.dimension, 3)] + 1):
            built = self._constructed(label, exponent)
            if built is None and found is not None:
                break
            if built is None:
                continue
            if built.float_network.connections > budget:
                break
            found = built
        return None if found is None else Member(found.float_network, found)

    def _of_spacing(self, label: str, exponent: int) -> SupportedNetwork | None:
        # a node costs five connections in one variable and d + 1 in more, whatever the method
        per_node = 5 if self.target.dimension == 1 else self.target.dimension + 1
        if per_node * self._nodes(exponent) > self.parameters.budgets[-1]:
            return None
        try:
            return supported(self.target, Fraction(1, 2**exponent), method=_METHODS[label])
        except UserError:  # no point of the grid lies in the support, say
            return None

    def _nodes(self, exponent: int) -> int:
        """Return the number of grid points where the target is not 0."""
        assert self.target.support is not None
        step = 0.5**exponent
        axes = [
            np.arange(np.ceil(float(a) / step), float(b) / step + 0.5) for a, b in self.target.support.bounds
        ]
        grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, self.target.dimension)
        return int((self.target(grid * step) != 0).any(axis=1).sum()) if len(grid) else 0

    def _masked(self, budget: int) -> Member | None:
        """Return a trained ReLU network times a mask, on the finest grid whose mask takes half the budget at most."""
        chosen = None
        for exponent in range(_FINEST[min(self.target.dimension, 3)] + 1):
            size = self._mask(exponent)
            if 2 * size > budget:
                break
            chosen = exponent, size
        if chosen is None:
            return None
        rest = budget - chosen[1]
        for _ in range(_ATTEMPTS):
            bare = self._fitted(self._relu, rest)
            if bare is None:
                return None
            built = supported(self.target, Fraction(1, 2 ** chosen[0]), method="mask", network=bare)
            excess = built.float_network.connections - budget
            if excess <= 0:
                return Member(built.float_network, built, bare)
            rest -= excess
        return None

    def _windowed(self, budget: int) -> Member | None:
        """Return a trained tanh network times a window."""
        window = support_window(self.target, self.parameters.steepness, self.registry)
        rest = budget - window.connections - _GLUE
        for _ in range(_ATTEMPTS):
            found = self._fitted(self.registry.activations["tanh"], rest)
            if found is None:
                return None
            network = windowed(found, window)
            excess = network.connections - budget
            if excess <= 0:
                return Member(network)
            rest -= excess
        return None

    def _mask_size(self, exponent: int) -> int:
        """Return the connections of the mask on the grid of that spacing."""
        spacing = Fraction(1, 2**exponent)
        assert self.target.support is not None
        lower, upper = cover(self.target.support, spacing).union.boxes()
        step = float(spacing)
        return box_mask(lower * step, upper * step, step / 4).connections

    def _largest_degree(self, budget: int) -> Member | None:
        found = None
        for degree in range(1, _DEGREE + 1):
            network = self._degree(degree)
            if network is None or network.connections > budget:
                break
            found = network
        return None if found is None else Member(found)

    def _fitted(
        self, activation: Activation, budget: int, architecture: str = "mlp", trainer: Trainer | None = None
    ) -> Network | None:
        """Return the fit of least loss among the seeds, None if the budget is too small for any network."""
        nodes, weights, values = self._data
        try:
            layout = self.registry.architectures[architecture].layout(
                budget=budget, complexity="connections", depth=2, dimension=self.target.dimension,
                outputs=values.shape[1],
            )  # fmt: skip
        except UserError:
            return None
        fits = tuple((layout, seed) for seed in range(self.parameters.seeds))
        problem = FitProblem(nodes, weights, values, activation, fits, self.target.domain)
        results = (trainer or self.registry.trainers[self.parameters.trainer]).fit(problem)
        found: list[FitResult] = [result for result in results if result.network is not None]
        return min(found, key=lambda result: result.loss).network if found else None
