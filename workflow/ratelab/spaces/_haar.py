"""Best n-term Haar approximation of indicators in the plane, exactly.

The Haar system of [0, 1]²: the constant, and on every dyadic square Q of side 2^(−j) three functions ±2^j that are
constant on its quarters. The coefficients of an indicator are signed sums of the areas that its set has in common
with the quarters, and vanish unless the boundary crosses Q. Since the system is orthonormal, the best approximation
with n terms keeps the n largest coefficients. Levels from J on are left out: their coefficients are at most 2^(−J−1),
and what they have together, the squared distance to piecewise constants on the squares of level J, is Σ
|Q∩S|·|Q∖S|/|Q|, a sum of positive terms. So the error with n terms is exact as long as the n-th largest coefficient
is at least 2^(−J−1).

*Flat boundaries.* Near a smooth boundary of length l squares of level j see a line in a random place, at a direction
that changes slowly. With X_k(θ, p) the three coefficients of the unit square for the half-plane at the angle θ and
the offset p, coefficients above t number K/t on average over octaves of t, K = (l/ln 2)·mean_θ ∫ Σ|X_k| dp, and the
squared error with n terms is about K²/n: rate ½.
"""

from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.registry._shapes import Ball, Box, Shape

Array = NDArray[np.float64]

_SIGNS = np.array([[1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]], dtype=float)


@dataclass(frozen=True, eq=False)
class HaarTerms:
    """The Haar coefficients of an indicator on [0, 1]² up to a level.

    Parameters
    ----------
    levels
        J: squares with sides 1, ½, …, 2^(1−J) have their coefficients here.
    coefficients
        Their moduli that are not zero, the constant's among them, decreasing.
    tail
        Sum of the squares of all coefficients from level J on.
    """

    levels: int
    coefficients: Array
    tail: float

    @property
    def certain(self) -> int:
        """Up to so many terms nothing that was left out can be among the largest."""
        return int(np.searchsorted(-self.coefficients, -(2.0 ** -(self.levels + 1)), side="right"))

    def errors(self, terms: "NDArray[np.int64] | list[int]") -> Array:
        """Return the L2 errors of best approximations with so many terms.

        Raises
        ------
        UserError
            If there are more terms than `certain` ones.
        """
        asked = np.asarray(terms, dtype=np.int64)
        if asked.size and (asked.min() < 0 or asked.max() > self.certain):
            raise UserError(
                f"Haar terms: {asked.min()} to {asked.max()} asked for; with {self.levels} levels "
                f"allowed: 0 to {self.certain}"
            )
        squares = self.coefficients[::-1] ** 2
        # small ones first, so that nothing is lost
        rest = self.tail + np.concatenate([[0.0], np.cumsum(squares)])
        return np.sqrt(rest[len(squares) - asked])


def haar_terms(shape: Shape, terms: int) -> HaarTerms:
    """Return as many levels of Haar coefficients of an indicator as its best approximations up to `terms` need.

    Parameters
    ----------
    shape
        A disc or a box inside [0, 1]².
    terms
        At least 1, at most 2^16; fewer are found if the indicator has no more coefficients.

    Raises
    ------
    UserError
        If the shape is not like this.
    """
    if not isinstance(shape, Ball | Box):
        raise UserError(
            f"Haar terms: found {shape!r}; allowed: a Ball or a Box, such as a target's indicator_of"
        )
    _check(shape)
    if terms != int(terms) or not 1 <= terms <= 2**16:
        raise UserError(f"Haar terms: {terms} asked for; allowed: whole numbers from 1 to {2**16}")
    whole = measures(shape, np.zeros((1, 2)), 1.0)
    corners, area = np.zeros((1, 2)), whole
    found = [np.sqrt(whole**2)]
    for level in range(24):
        side = 2.0**-level
        half = side / 2
        quarters = corners[:, None] + half * np.array([[0, 0], [1, 0], [0, 1], [1, 1]])
        parts = measures(shape, quarters.reshape(-1, 2), half).reshape(-1, 4)
        found.append((np.abs(parts @ _SIGNS.T) / side).ravel())
        crossed = (parts > 0) & (parts < half**2)
        corners, area = quarters[crossed], parts[crossed]
        tail = float((area * (half**2 - area)).sum() / half**2)
        done = HaarTerms(level + 1, _decreasing(found), tail)
        if done.certain >= terms or not len(corners):
            break
    return done


def measures(shape: Shape, corners: Array, side: float) -> Array:
    """Return the areas that a disc or box has in common with squares.

    Parameters
    ----------
    shape
        In two variables.
    corners
        (m, 2), the lower left corners of the squares.
    side
        Of all squares.

    Returns
    -------
    Array
        (m,), exactly 0 or side² where a square lies outside or inside, else to rounding of the differences.
    """
    low, high = corners, corners + side
    if isinstance(shape, Box):
        common = np.minimum(high, np.array(shape.upper, dtype=float)) - np.maximum(
            low, np.array(shape.lower, dtype=float)
        )
        return np.asarray(np.prod(np.maximum(common, 0.0), axis=1))
    centre, radius = np.array(shape.centre, dtype=float), float(shape.radius)
    a, b = low - centre, high - centre
    nearest = np.hypot(*np.maximum(np.maximum(a, -b), 0.0).T)
    farthest = np.hypot(*np.maximum(np.abs(a), np.abs(b)).T)
    result = np.where(farthest <= radius, side * side, 0.0)
    crossed = (nearest < radius) & (farthest > radius)
    if crossed.any():
        inside = _disc_rectangle(a[crossed], b[crossed], radius)
        result[crossed] = np.clip(inside, 0.0, side * side)
    return np.asarray(result)


def flat_boundary_constant(angles: int = 64, offsets: int = 4096) -> float:
    """Return C such that the n-term Haar error of an indicator is about C·l·n^(−1/2), l the length of its boundary.

    An average over octaves, see the module; computed by the midpoint rule, to about five digits with the defaults.
    """
    total = 0.0
    for index in range(angles):
        theta = (index + 0.5) / angles * np.pi / 4  # the rest by symmetry
        u, v = np.cos(theta), np.sin(theta)
        step = (u + v) / offsets
        p = (np.arange(offsets) + 0.5) * step
        areas = np.stack(
            [_half_plane(u, v, p - u * x - v * y) for x, y in ((0, 0), (0.5, 0), (0, 0.5), (0.5, 0.5))],
            axis=1,
        )
        total += float(np.abs(areas @ _SIGNS.T).sum()) * step
    return total / angles / log(2)


def _half_plane(u: float, v: float, p: Array) -> Array:
    """Area of {u x + v y ≤ p} in the square of side ½ at 0, u, v > 0."""

    def corner(q: Array) -> Array:
        return np.asarray(np.maximum(q, 0.0) ** 2 / (2 * u * v))

    return corner(p) - corner(p - u / 2) - corner(p - v / 2) + corner(p - (u + v) / 2)


def _decreasing(found: list[Array]) -> Array:
    values = np.concatenate(found)
    return np.sort(values[values > 0])[::-1]


def _disc_rectangle(low: Array, high: Array, radius: float) -> Array:
    """Areas of rectangles inside the disc of that radius about 0.

    Between the abscissae where the circle crosses a horizontal side, the slice is bounded by a side or the circle
    above, and likewise below. The area below an arc is that below its chord and a segment, which loses nothing when
    both are small.
    """

    def arc(x: Array) -> Array:
        return np.sqrt(np.maximum((radius - x) * (radius + x), 0.0))

    crossings = [arc(y) for y in (low[:, 1], high[:, 1])]
    places = np.stack(
        [
            low[:, 0],
            high[:, 0],
            *crossings,
            *(-c for c in crossings),
            *(np.full(len(low), s * radius) for s in (-1, 1)),
        ],
        axis=1,
    )
    left_end, right_end = np.maximum(low[:, :1], -radius), np.minimum(high[:, :1], radius)
    places = np.sort(np.clip(places, left_end, np.maximum(right_end, left_end)), axis=1)
    left, right = places[:, :-1], places[:, 1:]
    middle = arc((left + right) / 2)
    width, chord = right - left, (arc(left) + arc(right)) / 2
    length = np.hypot(width, arc(right) - arc(left))
    bulge = radius**2 / 2 * _segment(2 * np.arcsin(np.clip(length / (2 * radius), 0.0, 1.0)))
    bottom, top = low[:, 1:], high[:, 1:]
    curved_above, curved_below = middle < top, -middle > bottom
    above = np.where(curved_above, chord, top)
    below = np.where(curved_below, -chord, bottom)
    area = width * (above - below) + np.where(curved_above, bulge, 0.0) + np.where(curved_below, bulge, 0.0)
    open_ = (np.minimum(middle, top) > np.maximum(-middle, bottom)) & (width > 0)
    return np.asarray(np.where(open_, area, 0.0).sum(axis=1))


def _segment(angle: Array) -> Array:
    """φ − sin φ without cancellation."""
    square = angle * angle
    series = np.zeros_like(angle)
    for k in (17, 15, 13, 11, 9, 7, 5, 3):
        series = square / (k * (k - 1)) * (1 - series)
    return np.where(angle < 0.5, angle * series, angle - np.sin(angle))


def _check(shape: Shape) -> None:
    bounds = shape.bounds
    if len(bounds) != 2 or any(a < 0 or b > 1 for a, b in bounds):
        kind = "disc" if isinstance(shape, Ball) else "box"
        raise UserError(f"Haar terms: a {kind} with bounds {bounds}; allowed: sets inside the square [0, 1]²")
