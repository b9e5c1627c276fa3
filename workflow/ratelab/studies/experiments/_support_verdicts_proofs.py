"""What is proved of the support of a network, and how far it is from the target's."""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, inf, nan

import numpy as np

from ratelab.exact import interval_values, nonzero, smallest_cube
from ratelab.networks import Network
from ratelab.spaces import SupportedNetwork
from ratelab.studies.experiments._leaks_measures import BoxMeasures, Bracket, most_zeros
from ratelab.studies.experiments._leaks_quadrature import Quadrature
from ratelab.studies.experiments._support_classes import Member
from ratelab.studies.experiments._support_verdicts_ray import unbounded_along

CELLS, BOXES = 4_000, 50
"""Most cells, and most boxes, with which the zero set of a fitted network is measured."""


@dataclass(frozen=True)
class Proof:
    """What is proved of one network.

    Parameters
    ----------
    certificate
        ``zero_outside``, ``nonzero``, ``unbounded`` or ``open``.
    reason
        A few words.
    leak
        Ends of the measure of {network ≠ 0} in the box without the target's support.
    mismatch
        Ends of the measure of the symmetric difference of the supports in the box.
    cube
        n with the support in [−an, an]^d and in no smaller one; infinite if unbounded, NaN if not known.
    """

    certificate: str
    reason: str
    leak: Bracket
    mismatch: Bracket
    cube: float


def proved(member: Member, ruler: Quadrature, measures: BoxMeasures, scale: float) -> Proof:
    """Return what is proved of a network on a box.

    Parameters
    ----------
    member
        The network, with its accounts if it was built to match the support.
    ruler
        The quadrature on the box, for points to look at.
    measures
        Of the box and the target's support.
    scale
        Half the side of the smallest cube.
    """
    if member.built is not None:
        return _built(member, ruler, measures, scale)
    network, outside = member.network, measures.outside
    certificate = nonzero(network)
    if certificate:
        reason = f"a ball of {certificate.precision} bits without 0"
        return Proof("nonzero", reason, outside, outside, inf)
    most = None if network.poolings else most_zeros(network, measures.radius, CELLS, BOXES)
    low = Fraction(0) if most is None else measures.at_least(most)
    leak, mismatch = (low, outside[1]), (low, measures.volume)
    point = unbounded_along(network)
    if point is None:
        return Proof("open", certificate.reason, leak, mismatch, nan)
    where = ", ".join(f"{x:.3g}" for x in point)
    return Proof("unbounded", f"not 0 at ({where}), on a ray beyond all breakpoints", leak, mismatch, inf)


def _built(member: Member, ruler: Quadrature, measures: BoxMeasures, scale: float) -> Proof:
    built = member.built
    assert built is not None and built.certificate is not None
    leak, apart = measures.of_built(built)
    reason = f"0 on all {len(built.certificate.zero)} boxes that cover the complement"
    cube = float(smallest_cube(built.support, scale))
    if not built.support_equal:
        cube = min(cube, _cube_of_hats(built, scale))
        if cube > 1 and not _reaches(member.network, ruler, scale * (cube - 1)):
            cube = nan
    return Proof("zero_outside", reason, leak, apart, cube)


def _cube_of_hats(built: SupportedNetwork, scale: float) -> float:
    """Return an n such that the hats that a gate cuts off, and so the gated network, are 0 outside [−an, an]^d."""
    farthest = (int(np.abs(built.nodes).max()) + 1) * float(built.spacing)
    return float(max(1, ceil(farthest / scale)))


def _reaches(network: Network, ruler: Quadrature, half: float) -> bool:
    """Return whether intervals prove a non-zero value at a point of the quadrature outside [−half, half]^d."""
    points = ruler.points[ruler.reach > half]
    if not len(points):
        return False
    largest = points[np.argsort(-np.abs(network(points)).max(axis=1), kind="stable")[:1]]
    low, high = interval_values(network, largest, largest)
    return bool(((low > 0) | (high < 0)).any())
