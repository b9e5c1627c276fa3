"""What a network does between the nodes, where no residual sees it.

Two kinks of a shallow network in neighbouring gaps between nodes can form a spike of any height that is 0 at
all nodes, three kinks in one gap are dependent there, and nothing binds it beyond the last node. This is seen at
the kinks themselves and at the ends of the domain: there the network is compared with the polynomial, of its own
degree, through its own values at the nearest nodes. This needs the nodes only, never the target, and vanishes
where the network has no kink.
"""

import numpy as np
from numpy.typing import NDArray

from ratelab.registry import Activation
from ratelab.training._elementwise import homogeneity
from ratelab.training._stack import Data, Shape

Array = NDArray[np.float64]


class Between:
    """Extra rows for the least-squares problem of shallow networks with activation ρ_r in one variable.

    Parameters
    ----------
    nodes
        (m,) nodes of positive weight, increasing and distinct, at least r + 1.
    domain
        Lower and upper end.
    degree
        r, at least 1.
    """

    def __init__(self, nodes: Array, domain: tuple[float, float], degree: int) -> None:
        self.nodes, self.degree = nodes, degree
        self.lower, self.upper = domain
        self.gaps = np.diff(np.concatenate([[self.lower], nodes, [self.upper]]))

    @classmethod
    def of(
        cls, shape: Shape, data: Data, activation: Activation, domain: tuple[tuple[float, float], ...]
    ) -> "Between | None":
        """Return the rows of a shape, or None where they are not defined."""
        degree = homogeneity(activation)
        if degree is None or shape.hidden != 1 or shape.sizes[0][1] != 2:
            return None
        nodes = np.unique(data.points[0][data.weights > 0])
        if len(nodes) <= degree or nodes[0] < domain[0][0] or nodes[-1] > domain[0][1]:
            return None
        return cls(nodes, domain[0], degree)

    def rows(self, first: Array, linear: NDArray[np.intp]) -> Array:
        """Return a row per neuron and end of the domain, seen by the neurons and the output bias.

        Entry (s, k, j) of the (S, N + 1, N + 2) is what neuron k contributes to √gap · (network − its
        interpolant) at the kink of neuron j (0 if that lies outside the domain), at last at the two ends.

        Parameters
        ----------
        first
            (S, N, 2) weights and biases of the hidden layer.
        linear
            Neurons that are the identity.
        """
        weight, bias = first[:, :, 0], first[:, :, 1]
        places = -bias / np.where(weight == 0, np.nan, weight)
        places[:, linear] = np.nan
        ends = np.broadcast_to([self.lower, self.upper], (len(places), 2))
        places = np.concatenate([places, ends], axis=1)
        inside = (places >= self.lower) & (places <= self.upper)
        places = np.where(inside, places, self.lower)
        gap = np.searchsorted(self.nodes, places)
        root = np.where(inside, np.sqrt(self.gaps[gap]), 0.0)
        stencil = self._stencil(places, gap)
        deviation = self._power(weight, bias, places)
        for i, point in enumerate(stencil):
            coefficient = np.ones_like(places)
            for other in stencil[:i] + stencil[i + 1 :]:
                coefficient *= (places - other) / (point - other)
            deviation -= coefficient[:, None, :] * self._power(weight, bias, point)
        deviation *= root[:, None, :]
        deviation[:, linear] = 0.0
        return np.concatenate([deviation, np.zeros_like(deviation[:, :1])], axis=1)

    def _power(self, weight: Array, bias: Array, points: Array) -> Array:
        """Return ρ_r of all neurons at every neuron's point, (S, N, N + 2)."""
        value = np.maximum(weight[:, :, None] * points[:, None, :] + bias[:, :, None], 0.0)
        result = value
        for _ in range(self.degree - 1):
            result = result * value
        return result

    def _stencil(self, points: Array, gap: NDArray[np.intp]) -> list[Array]:
        """Return the r + 1 nodes around each point: those of its gap first, then outwards by distance."""
        left, right = gap - 1, gap.copy()
        last = len(self.nodes) - 1
        chosen: list[Array] = []
        for i in range(self.degree + 1):
            before = np.where(left >= 0, points - self.nodes[np.maximum(left, 0)], np.inf)
            after = np.where(right <= last, self.nodes[np.minimum(right, last)] - points, np.inf)
            if i == 1:  # both ends of the gap, however near one of them is
                took_left = chosen[0] <= points
                before = np.where(took_left & np.isfinite(after), np.inf, before)
                after = np.where(~took_left & np.isfinite(before), np.inf, after)
            use_left = before <= after
            chosen.append(self.nodes[np.where(use_left, np.maximum(left, 0), np.minimum(right, last))])
            left, right = left - use_left, right + ~use_left
        return chosen
