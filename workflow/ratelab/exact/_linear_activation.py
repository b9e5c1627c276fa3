"""Activations as continuous piecewise linear functions with rational knots, slopes and intercepts."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from flint import fmpq

from ratelab._errors import UserError
from ratelab.exact._rounding import rounded
from ratelab.networks import Network, rational
from ratelab.registry import Activation

_EXPONENTS = 900.0
"""Binary exponents of float64 up to which products are trusted."""


@dataclass(frozen=True)
class LinearPieces:
    """A continuous piecewise linear function: slopes[i]·x + intercepts[i] from knots[i-1] to knots[i].

    Parameters
    ----------
    knots
        Strictly increasing, length K; each is a true kink.
    slopes, intercepts
        K + 1 rationals.
    """

    knots: tuple[fmpq, ...]
    slopes: tuple[fmpq, ...]
    intercepts: tuple[fmpq, ...]

    def segment(self, x: fmpq) -> int:
        """Return the index of the segment that holds x; a knot belongs to the segment on its right."""
        return sum(t <= x for t in self.knots)

    def __call__(self, x: fmpq) -> fmpq:
        """Return the value at x."""
        index = self.segment(x)
        return self.slopes[index] * x + self.intercepts[index]


@lru_cache(maxsize=256)
def linear_pieces(activation: Activation) -> LinearPieces:
    """Return an activation's linear segments; knots without a kink are dropped.

    Raises
    ------
    UserError
        If the activation is not piecewise linear, or jumps.
    """
    polynomial = activation.polynomial
    if polynomial is None or polynomial.degree > 1:
        raise UserError(
            f"activation '{activation.name}' is not piecewise linear; affine pieces exist for continuous piecewise "
            "linear activations only, such as relu, prelu, identity"
        )
    # a constant piece may be given without its zero slope
    parts = [(*map(rational, c[:2]), *[fmpq(0)] * (2 - len(c[:2]))) for c in polynomial.coefficients]
    knots, kept = [], [parts[0]]
    for knot, (intercept, slope) in zip(map(rational, polynomial.knots), parts[1:], strict=True):
        before = kept[-1]
        if (intercept, slope) == before:
            continue
        if before[0] + before[1] * knot != intercept + slope * knot:
            raise UserError(
                f"activation '{activation.name}' jumps at {knot}; affine pieces exist for continuous piecewise "
                "linear activations only, such as relu, prelu, identity"
            )
        knots.append(knot)
        kept.append((intercept, slope))
    return LinearPieces(tuple(knots), tuple(s for _, s in kept), tuple(c for c, _ in kept))


def linear_layers(network: Network) -> list[tuple[LinearPieces, ...]]:
    """Return, for every hidden layer, each neuron's activation as linear segments.

    A neuron counts in the patterns of cells if its activation has a knot.

    Raises
    ------
    UserError
        If an activation is not continuous and piecewise linear, or a layer is pooled.
    """
    if not isinstance(network, Network):
        raise UserError(f"pieces and cells are those of a Network; found {type(network).__name__}")
    if network.poolings:
        raise UserError(
            "affine pieces exist for networks without poolings: poolings multiply, and this network has "
            f"{network.poolings} pooled layer{'s' * (network.poolings > 1)}"
        )
    return [tuple(map(linear_pieces, layer.activations)) for layer in network.layers[:-1]]


def moderate(network: Network) -> bool:
    """Return whether no product along a path through the network can leave float64's normal range.

    Every product has at most two factors a layer, a weight and a slope of an activation, times a coordinate that is a
    quotient of such products.
    """
    try:
        near = network.float64()
    except UserError:
        return False
    sizes = [np.abs(part.ravel()) for layer in near.layers for part in (layer.matrix, layer.bias)]
    exact = [part for layer in network.layers for part in (layer.weight, layer.bias) if network.exact]
    if sum(np.count_nonzero(part) for part in sizes) < sum(int((part != 0).sum()) for part in exact):
        return False
    for pieces in {p for layer in linear_layers(network) for p in layer}:
        numbers = (*pieces.knots, *pieces.slopes, *pieces.intercepts)
        sizes.append(np.array([abs(rounded(v)[0]) for v in numbers]))
    found = np.concatenate(sizes)
    found = found[found > 0]
    reach = _EXPONENTS / (4 * network.depth)
    return bool((np.abs(np.log2(found)) < reach).all())
