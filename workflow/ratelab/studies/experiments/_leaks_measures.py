"""Certified measures of a box without a support, and of what networks with a known support have there.

Fractions throughout, rounded outward at the end: what comes from here may be called an end.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import inf, nextafter

import numpy as np

from ratelab._errors import UserError
from ratelab.exact import CubeUnion, leak_measure, support_measure, symmetric_difference, zero_measure
from ratelab.networks import Network
from ratelab.registry import Support, Target
from ratelab.spaces import SupportedNetwork

Bracket = tuple[Fraction, Fraction]


@dataclass(frozen=True)
class BoxMeasures:
    """Measures around a support S in a box [−R, R]^d that holds it, as brackets.

    Parameters
    ----------
    support
        S, inside the box.
    radius
        R.
    """

    support: Support
    radius: float

    @cached_property
    def volume(self) -> Fraction:
        """(2R)^d."""
        return (2 * Fraction(self.radius)) ** self.support.dimension

    @cached_property
    def size(self) -> Bracket:
        """Of S."""
        return support_measure(self.support)

    @cached_property
    def outside(self) -> Bracket:
        """Of the box without S."""
        low, high = self.size
        return max(self.volume - high, Fraction(0)), self.volume - low

    def at_least(self, zeros: Fraction) -> Fraction:
        """Return the least measure of the set outside S where a function is not 0.

        Parameters
        ----------
        zeros
            At least the measure of its zeros in the box.
        """
        return max(self.outside[0] - zeros, Fraction(0))

    def share(self, leak: Bracket) -> tuple[float, float]:
        """Return a part of the box without S over all of it."""
        low, high = self.outside
        return rounded((_ratio(leak[0], high), min(_ratio(leak[1], low), Fraction(1))))

    def over_size(self, bracket: Bracket) -> tuple[float, float]:
        """Return a measure over that of S; infinite where S may be a null set."""
        low, high = self.size
        least, most = rounded((_ratio(bracket[0], high), _ratio(bracket[1], low)))
        return least, most if low else inf

    def leak(self, union: CubeUnion) -> Bracket:
        """Return the measure of what a union of cubes has in the box outside S."""
        low, high = map(Fraction, leak_measure(union, self.support))
        least, most = self._beyond(union)
        return max(low - most, Fraction(0)), min(high - least, self.outside[1])

    def difference(self, union: CubeUnion) -> Bracket:
        """Return the measure of the symmetric difference of a union of cubes and S in the box."""
        low, high = map(Fraction, symmetric_difference(union, self.support))
        least, most = self._beyond(union)
        return max(low - most, Fraction(0)), min(high - least, self.volume)

    def of_built(self, built: SupportedNetwork) -> tuple[Bracket, Bracket]:
        """Return the leak and the symmetric difference of the supports, both in the box.

        Where the support of a network is not known, it lies between two sets: `support` and `certain_support`.
        """
        outer = built.support
        leak = self.leak(outer)
        if built.support_equal:
            return leak, self.difference(outer)
        inner = certain_support(built)
        if inner is None:
            return (Fraction(0), leak[1]), (Fraction(0), min(leak[1] + self.size[1], self.volume))
        whole = leak_measure(inner, self.support)
        known = max(Fraction(whole[0]) - self._beyond(inner)[1], Fraction(0))
        # |S without V| = |S| − |V| + |V without S|
        lost = min(max(self.size[1] - inner.measure + Fraction(whole[1]), Fraction(0)), self.size[1])
        return (known, leak[1]), (known, min(leak[1] + lost, self.volume))

    def _beyond(self, union: CubeUnion) -> Bracket:
        """Return the measure of a union of cubes outside the box."""
        radius = Fraction(self.radius)
        if all(-radius <= a and b <= radius for a, b in union.bounds):
            return Fraction(0), Fraction(0)
        base = union if union.norm == "max" else CubeUnion(union.spacing, union.cubes)
        low = (-radius,) * union.dimension
        held = base.grid.measure(low, tuple(-a for a in low))
        return base.measure - held, union.measure_bounds[1] - held


def certain_support(built: SupportedNetwork) -> CubeUnion | None:
    """Return cubes in the essential support of a gate of Kuhn's hats, None if there are none or for other networks.

    Where the mask is 1, on all its cubes, the network is the interpolant on Kuhn's triangulation. All simplices of a
    cube have its least and its greatest corner, and an affine function is 0 on none where it is not 0 at a corner.
    """
    if built.method != "gate" or built.base is None or len(built.nodes) == 0:
        return None
    points = np.asarray(built.nodes * float(built.spacing), dtype=np.float64)
    values = built.target(points).reshape(len(built.nodes), -1)
    nodes = built.nodes[(values != 0).any(axis=1)]
    corners = {tuple(node) for node in nodes.tolist()}
    kept = [
        cube
        for cube in built.support.cubes.tolist()
        if tuple(cube) in corners or tuple(k + 1 for k in cube) in corners
    ]
    return CubeUnion(built.spacing, np.array(kept, dtype=np.int64)) if kept else None


def enclosed(network: Network) -> bool:
    """Return whether values of a network on boxes can be enclosed: all activations have pieces or balls."""
    return all(
        a.ball is not None or a.polynomial is not None for layer in network.layers for a in layer.activations
    )


def most_zeros(network: Network, radius: float, cells: int, boxes: int) -> Fraction | None:
    """Return at least the measure of a network's zeros in [−R, R]^d; None where no value can be enclosed."""
    if not enclosed(network):
        return None
    return zero_measure(network, [(-radius, radius)] * network.inputs, limit=cells, boxes=boxes)[1]


def check_boxes(target: Target, label: str, radii: list[float]) -> None:
    """Raise a `UserError` unless every [−R, R]^d reaches beyond the bounds of the target's support on all sides."""
    assert target.support is not None
    reach = max(abs(float(end)) for side in target.support.bounds for end in side)
    if radii[0] <= reach:
        raise UserError(
            f"experiment 'leaks': boxes are {radii}, the support of target '{label}' reaches to {reach:g}; "
            "allowed: boxes that reach beyond it"
        )


def rounded(bracket: Bracket) -> tuple[float, float]:
    """Return a bracket of numbers from 0 on in float64, rounded outward."""
    low, high = map(float, bracket)
    low = low if Fraction(low) <= bracket[0] else nextafter(low, -inf)
    high = high if Fraction(high) >= bracket[1] else nextafter(high, inf)
    return max(low, 0.0), high


def _ratio(part: Fraction, whole: Fraction) -> Fraction:
    return part / whole if whole else Fraction(1)
