"""The networks whose leaks are measured: random features with a least squares readout, a window, a mask of cubes."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import comb, inf, nan

import numpy as np
from numpy.typing import NDArray

from ratelab import exact
from ratelab.exact import nonzero
from ratelab.networks import FitProblem, Layout, Network, outer_product, power, smooth_window
from ratelab.registry import Activation, Registry, Target
from ratelab.spaces import SupportedNetwork, supported
from ratelab.studies.experiments._leaks_measures import BoxMeasures, most_zeros, rounded
from ratelab.studies.experiments._support_parameters import Leaks
from ratelab.training import RandomFeatures, polynomial_regressor

Array = NDArray[np.float64]

MASKED = "relu × mask"
WINDOWED = " × window"

NODES = {1: 1000, 2: 2500, 3: 2744}
"""About how many quadrature nodes a fit sees, by number of variables."""
CELLS, BOXES = 20_000, 4000
"""Most cells, and most boxes, with which the zero set of a fitted ReLU network is measured."""
COEFFICIENTS = 450
"""Most coefficients of a polynomial."""
_SPACINGS = {1: (2, 9), 2: (1, 5), 3: (0, 3)}
"""Number of variables: the m of the coarsest and of the finest spacing 2^-m of a mask."""


@dataclass(frozen=True, eq=False)
class Found:
    """A network and what is proved of its leak.

    Parameters
    ----------
    network
        In float64.
    certificate
        ``none``, ``nonzero``, ``zero_set_measured`` or ``zero_outside``.
    share
        Ends of the share of the smallest box without the support where the network is not 0; 0 and 1 where nothing is
        proved.
    hausdorff
        Upper end of the distance of the supports, maximum norm; infinite where certified, NaN where not known.
    built
        The network's accounts, where it was built to match the support.
    """

    network: Network
    certificate: str
    share: tuple[float, float]
    hausdorff: float
    built: SupportedNetwork | None = None


class Maker:
    """Makes and certifies the networks for one target.

    Parameters
    ----------
    target
        With a support.
    parameters, registry
        Of the experiment.
    """

    def __init__(self, target: Target, parameters: Leaks, registry: Registry) -> None:
        assert target.support is not None
        self.target, self.parameters, self.registry = target, parameters, registry
        self.measures = BoxMeasures(target.support, parameters.boxes[0])
        nodes, weights = exact.nodes(target, NODES[min(target.dimension, 3)])
        self._data = nodes, weights, target(nodes).reshape(len(nodes), -1)
        self._fitted = cache(self._fit)

    def found(self, label: str, index: int, seed: int) -> Found | None:
        """Return the network of a label, at the width of that index, with what is proved of it; None if a fit fails."""
        masked = label == MASKED
        name = "relu" if masked else label.removesuffix(WINDOWED)
        network = self._fitted(name, self.parameters.widths[index], seed)
        if network is None:
            return None
        if masked:
            return self._masked(network, self.spacing(index))
        if label != name:
            network = windowed(network, support_window(self.target, self.parameters.steepness, self.registry))
        return self.judged(network)

    def judged(self, network: Network) -> Found:
        """Return a network with what is proved of it: by a ball, or by the measure of its zero set."""
        if nonzero(network):
            return Found(network, "nonzero", (1.0, 1.0), inf)
        most = most_zeros(network, self.parameters.boxes[0], CELLS, BOXES)
        if most is None:
            return Found(network, "none", (0.0, 1.0), nan)
        # (outside − most) / outside grows with outside
        least = self.measures.outside[0]
        low = self.measures.at_least(most) / least if least else Fraction(0)
        return Found(network, "zero_set_measured", rounded((low, Fraction(1))), nan)

    def polynomial(self, degree: int) -> Found | None:
        """Return the least squares polynomial of a total degree as a network, None if it has too many coefficients."""
        network = least_squares_polynomial(self.target, degree)
        return None if network is None else self.judged(network)

    def spacing(self, index: int) -> Fraction:
        """Return the side of the mask's cubes: half as long from width to width, within limits."""
        least, most = _SPACINGS[min(self.target.dimension, 3)]
        return Fraction(1, 2 ** min(least + index, most))

    def _fit(self, name: str, width: int, seed: int) -> Network | None:
        nodes, weights, values = self._data
        activation: Activation = power(1) if name == "relu" else self.registry.activations[name]
        layout = Layout.dense((self.target.dimension, width, values.shape[1]))
        problem = FitProblem(nodes, weights, values, activation, ((layout, seed),), self.target.domain)
        return RandomFeatures(scale=self.parameters.scale).fit(problem)[0].network

    def _masked(self, network: Network, spacing: Fraction) -> Found:
        built = supported(self.target, spacing, method="mask", network=network)
        share = self.measures.share(self.measures.of_built(built)[0])
        apart = float(built.distance.hausdorff[1]) if built.support_equal else nan
        return Found(built.float_network, "zero_outside", share, apart, built)


@cache
def _gauss(size: int) -> tuple[Array, Array]:
    nodes, weights = np.polynomial.legendre.leggauss(size)
    return nodes, weights


def support_window(target: Target, steepness: float, registry: Registry) -> Network:
    """Return the smooth window on the bounds of a target's support, a product of logistic functions."""
    assert target.support is not None
    box = [(float(a), float(b)) for a, b in target.support.bounds]
    return smooth_window(box, steepness, registry.activations["sigmoid"])


def windowed(network: Network, window: Network) -> Network:
    """Return the product of a network, of any number of outputs, and a window of one output, by one pooling."""
    return outer_product(network, window)


def least_squares_polynomial(target: Target, degree: int) -> Network | None:
    """Return the polynomial of that total degree that is nearest a target in L2, as a network.

    By a Gauss rule of more than twice as many points along each axis, which integrates all products of two of them
    exactly. None if it has more than `COEFFICIENTS` coefficients.
    """
    if comb(degree + target.dimension, target.dimension) > COEFFICIENTS:
        return None
    unit, share = _gauss(2 * degree + 8)
    sides = [((a + b) / 2 + (b - a) / 2 * unit, (b - a) / 2 * share) for a, b in target.domain]
    grids = np.meshgrid(*(side[0] for side in sides), indexing="ij")
    nodes = np.stack(grids, axis=-1).reshape(-1, target.dimension)
    weights = np.prod(np.meshgrid(*(side[1] for side in sides), indexing="ij"), axis=0).ravel()
    values = target(nodes).reshape(len(nodes), -1)
    return polynomial_regressor(degree, nodes, weights, values, target.domain)
