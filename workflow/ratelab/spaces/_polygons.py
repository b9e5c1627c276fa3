"""How well networks of a regular polygon approximate the indicator of a disc.

*Sharp polygons.* Of the regular n-gons about the centre of a disc of radius R, the one of inradius R cos θ with
tan θ = ½ tan(π/n) has the smallest symmetric difference (the derivative in the inradius vanishes where tan θ is half of
tan(π/n); the polygon is neither inscribed nor circumscribed). It is n R² (2θ − π/n) = n R² arctan(T³/(4 + 3T²)),
T = tan(π/n), which tends to π³R²/(4n²).

*Soft ones.* A network with n + 1 neurons (`networks.regular_polygon_indicator`) is 1 inside, 0 outside and falls
linearly across a collar. A collar about as wide as the gap between disc and polygon gives a smaller L2 error than a
jump: with h = R(π/n)²/2, the scale of the gap, the inradius R + 0.2860 h and the width 1.2375 h are the best in the
limit of many sides, and the error tends to √(0.158987·π³)·R/n = 2.2203 R/n; sharp polygons have √(π³/4)·R/n = 2.7842
R/n.

*Two ends.* On a ray at the angle t from the first normal the ramps are linear in the distance from the centre
with slopes proportional to cos(t − 2πk/n). On an interval of angles the network lies between the two that come from
the largest and the smallest slopes, and for both the integral of the squared error along the ray is that of a
piecewise cubic.
"""

from dataclasses import dataclass
from math import atan, cos, isfinite, pi, sqrt, tan
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError

Array = NDArray[np.float64]
Collar = Literal["soft", "sharp"]

_SOFT_INRADIUS, _SOFT_WIDTH = 0.28601214, 1.23750479
SOFT_SHARE = 0.635948288886543
"""Limit of the squared error of soft polygons, as a share of that of sharp ones."""
_SHARP_WIDTH = 2e-3
"""Of the gap between disc and polygon."""
_ROUNDING = 1e-9
"""Both ends are moved apart by this share, which float64 sums of a few thousand terms stay far below."""
_RAYS = 4096


@dataclass(frozen=True)
class DiscPolygon:
    """A network of a regular polygon for a disc, with two ends of its L2 error, proved but for rounding.

    Parameters
    ----------
    sides
        n.
    inradius, width
        Of the polygon outside which the network is 0, and of the collar inside it on which it falls from 1 to 0.
    lower, upper
        The L2 error on R² lies between them.
    """

    sides: int
    inradius: float
    width: float
    lower: float
    upper: float


def disc_polygon_inradius(sides: int, radius: float = 1.0) -> float:
    """Return the inradius of the regular n-gon with the smallest symmetric difference to a disc about its centre.

    Raises
    ------
    UserError
        If there are fewer than three sides or the radius is not positive.
    """
    _check(sides, radius)
    return radius * cos(atan(tan(pi / sides) / 2))


def disc_polygon_difference(sides: int, radius: float = 1.0) -> float:
    """Return the smallest area of a symmetric difference of a disc and a regular n-gon about its centre.

    It is n R² arctan(T³/(4 + 3T²)), T = tan(π/n), and tends to π³R²/(4n²) from above. Its 1/p-th power is the L_p
    distance of the two indicators.

    Raises
    ------
    UserError
        If there are fewer than three sides or the radius is not positive.
    """
    _check(sides, radius)
    tangent = tan(pi / sides)
    return float(sides * radius**2 * atan(tangent**3 / (4 + 3 * tangent**2)))


def disc_polygon(sides: int, radius: float = 1.0, collar: Collar = "soft", rays: int = _RAYS) -> DiscPolygon:
    """Return inradius and collar of a good polygon network for a disc, and a bracket of its L2 error.

    The bracket is proved but for rounding, see the top of this module.

    Parameters
    ----------
    sides
        n ≥ 3.
    radius
        R > 0.
    collar
        ``soft``: of the best width for many sides; ``sharp``: so narrow that the error is that of the polygon, but for
        less than a thousandth.
    rays
        Intervals of angles in the bracket; its relative width is about 4/rays.

    Raises
    ------
    UserError
        If they are not like this.
    """
    _check(sides, radius)
    if collar not in ("soft", "sharp"):
        raise UserError(f"disc_polygon: collar is '{collar}'; allowed: 'soft', 'sharp'")
    gap = radius * (pi / sides) ** 2 / 2
    if collar == "sharp":
        width = _SHARP_WIDTH * gap
        inradius = disc_polygon_inradius(sides, radius) + width / 2
    else:
        width, inradius = _SOFT_WIDTH * gap, radius + _SOFT_INRADIUS * gap
        if sides < 6:  # the limit is no good guide for few sides; the collar may not reach the centre
            width = min(width, inradius / 2)
    lower, upper = disc_polygon_error(sides, radius, inradius, width, rays)
    return DiscPolygon(int(sides), inradius, width, lower, upper)


def disc_polygon_error(
    sides: int, radius: float, inradius: float, width: float, rays: int = _RAYS
) -> tuple[float, float]:
    """Return ends of the L2 error of `networks.regular_polygon_indicator` for a disc about its centre, on R².

    Parameters
    ----------
    sides, radius
        n ≥ 3 and the disc's R > 0.
    inradius, width
        Of the network: 0 outside the polygon of this inradius, 1 on that of inradius − width.
    rays
        Intervals of angles; the relative gap between the ends is inversely proportional to their number.

    Returns
    -------
    tuple
        The error lies between the two; they are rounded outwards.

    Raises
    ------
    UserError
        If the numbers are not like this.
    """
    _check(sides, radius)
    if not 0 < width < inradius < np.inf:
        raise UserError(
            f"disc_polygon_error: width is {width}, inradius {inradius}; allowed: 0 < width < inradius, finite"
        )
    if rays < 1:
        raise UserError(f"disc_polygon_error: rays is {rays}; allowed: from 1 on")
    edges = np.linspace(0.0, pi / sides, rays + 1)
    low, high = edges[:-1], edges[1:]
    # cosines of the angles between ray and normals are monotone on each interval, as it contains no normal inside
    normals = 2 * pi / sides * np.arange(-(sides // 2), (sides + 1) // 2)
    normals = normals[np.argsort(np.abs(normals), kind="stable")]
    # along a ray within half a turn/n of the first normal the farther normals meet later: keep those that can matter
    reach = inradius / cos(pi / sides)
    normals = np.array([t for t in normals if reach * cos(max(abs(t) - pi / sides, 0.0)) > inradius - width])
    one, other = np.cos(low[:, None] - normals), np.cos(high[:, None] - normals)
    steep, flat = np.maximum(one, other), np.minimum(one, other)
    squares = []
    for within, outside in ((flat, steep), (steep, flat)):
        # within the disc steep ramps err more, outside flat ones do
        lost = _along(within, inradius - width, width, 0.0, radius, 0)
        gained = _along(outside, inradius - width, width, radius, np.inf, 1)
        squares.append(float(((lost + gained) * (high - low)).sum()) * 2 * sides)
    least, most = squares
    return sqrt(max(least, 0.0)) * (1 - _ROUNDING), sqrt(most) * (1 + _ROUNDING)


def _along(cosines: Array, start: float, width: float, near: float, far: float, value: int) -> Array:
    """Return ∫ (S − value)² r dr over r in [near, far], for every row of cosines.

    S = min(Σ ρ(r·cos − start)/w, 1) is what the network lacks to 1.
    """
    ordered = -np.sort(-cosines, axis=1)
    with np.errstate(divide="ignore"):
        starts = np.where(ordered > 0, start / np.maximum(ordered, 1e-300), np.inf)
        count = np.arange(1, ordered.shape[1] + 1)
        together = np.cumsum(ordered, axis=1)
        # S is the largest of the sums of the first m ramps, so it reaches 1 where the first of them does
        full = np.where(together > 0, (width + count * start) / np.maximum(together, 1e-300), np.inf).min(
            axis=1
        )
    end = np.minimum(full, far)[:, None]
    begin = np.full_like(end, near)
    points = np.sort(
        np.clip(np.concatenate([begin, starts, end], axis=1), near, np.maximum(end, near)), axis=1
    )
    left, right = points[:, :-1], points[:, 1:]
    nodes, weights = np.polynomial.legendre.leggauss(2)  # exact for cubics
    total = np.zeros(len(cosines))
    for node, weight in zip(nodes, weights, strict=True):
        r = (left + right) / 2 + (right - left) / 2 * node
        lacking = (np.maximum(r[:, :, None] * ordered[:, None, :] - start, 0.0)).sum(axis=2) / width
        total += (weight * (right - left) / 2 * r * (np.minimum(lacking, 1.0) - value) ** 2).sum(axis=1)
    if value == 0 and isfinite(far):  # beyond the polygon, inside the disc
        beyond = np.clip(full, near, far)
        total += (far**2 - beyond**2) / 2
    return np.asarray(total)


def _check(sides: int, radius: float) -> None:
    if sides != int(sides) or sides < 3:
        raise UserError(f"disc_polygon: sides is {sides}; allowed: whole numbers from 3 on")
    if not 0 < radius < np.inf:
        raise UserError(f"disc_polygon: radius is {radius}; allowed: above 0, finite")
