"""Metric capacity: how many disjoint small balls a large ball of a metric space holds.

κ_X(ε) = sup{n : there are x_0 … x_n ∈ X and r > 0 with disjoint balls B(x_i, εr), i = 1 … n, inside B(x_0, r)}, balls
open, and cap(X) = κ_X(1/5). It measures how much a Lipschitz constant grows when a function is extended from X.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, inf
from typing import TYPE_CHECKING

import numpy as np

from ratelab._errors import UserError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

FIFTH = Fraction(1, 5)
_MESHES = 25
_MOST_POINTS = 2500
_MOST_EXACT = 16


@dataclass(frozen=True, eq=False)
class MetricCapacity:
    """A packing found in a finite sample.

    Parameters
    ----------
    count
        n, the number of small balls: at most the metric capacity of the sample at this radius (the packing is greedy).
        It is no bound for the set that was sampled, neither from below nor from above.
    centre
        Index of x_0.
    members
        Indices of x_1 … x_n.
    radius
        r of the large ball.
    mesh
        Largest distance of a sample point from its nearest neighbour.
    """

    count: int
    centre: int
    members: tuple[int, ...]
    radius: float
    mesh: float


def metric_capacity(points: "ArrayLike", radius: float, *, check_mesh: bool = True) -> MetricCapacity:
    """Return a large packing of balls of radius r/5 in a ball of radius r of a finite sample in R^d, greedily.

    Balls are sets of sample points, as the definition wants of a metric space. Near the mesh width they hold a point or
    two, and too many are disjoint: with r = 5 mesh widths a sample of an interval packs 9, the interval itself 5. On
    equidistant points of an interval the count is at most 5 once r is 17.5 mesh widths; 25 are asked for.

    Parameters
    ----------
    points
        (m, d), 2 ≤ m ≤ 2500, different from each other; distances are Euclidean.
    radius
        r > 0.
    check_mesh
        Whether r < 25 mesh widths is refused. Without it the count is that of the sample and says nothing of a set.

    Returns
    -------
    MetricCapacity
        The best over all centres x_0 and two orders of choosing: a lower estimate of κ for the sample at this radius.

    Raises
    ------
    UserError
        If the radius is too small for the mesh, or shapes are not like this.
    """
    x = np.asarray(points, dtype=np.float64)
    if x.ndim != 2 or not 2 <= len(x) <= _MOST_POINTS or not np.isfinite(x).all():
        raise UserError(
            f"points have shape {x.shape}; allowed: (m, d) with m from 2 to {_MOST_POINTS}, finite"
        )
    if not 0 < radius < inf:
        raise UserError(f"radius is {radius}; allowed: finite numbers above 0")
    squares = np.zeros((len(x), len(x)))
    for column in x.T:
        squares += (column[:, None] - column[None, :]) ** 2
    np.fill_diagonal(squares, inf)
    if not squares.min() > 0:
        raise UserError("points must differ from each other")
    mesh = float(np.sqrt(squares.min(axis=1).max()))
    np.fill_diagonal(squares, 0.0)
    if check_mesh and radius < _MESHES * mesh:
        raise UserError(
            f"radius is {radius:.6g} and the sample's mesh width {mesh:.6g}; allowed: at least {_MESHES} mesh widths, "
            f"{_MESHES * mesh:.6g}, below which disjoint balls of single points are counted"
        )
    # float32 holds counts of points exactly, and its matrix product is the fastest way to compare sets
    small = (25.0 * squares < radius**2).astype(np.float32)
    outside = (squares >= radius**2).astype(np.float32)
    disjoint = small @ small == 0
    inside = small @ outside == 0
    orders = (np.lexsort(x.T[::-1]), None)
    best: tuple[int, ...] = ()
    centre = 0
    for index in range(len(x)):
        candidates = inside[:, index]
        if candidates.sum() <= len(best):
            continue
        for order in orders:
            place = np.argsort(-squares[index], kind="stable") if order is None else order
            chosen = _greedy(place[candidates[place]], disjoint)
            if len(chosen) > len(best):
                best, centre = chosen, index
    return MetricCapacity(len(best), centre, best, float(radius), mesh)


def metric_capacity_bound(dimension: int) -> int:
    """Return 11^d, at least the metric capacity of every subset of R^d.

    Centres of disjoint balls B(x_i, r/5) are r/5 apart at least, since no centre lies in another ball, and lie in a
    ball of radius r. So Euclidean balls of radius r/10 about them are disjoint inside one of radius 11r/10, and volumes
    give n ≤ 11^d.
    """
    if isinstance(dimension, bool) or not isinstance(dimension, int) or dimension < 1:
        raise UserError(f"dimension is {dimension!r}; allowed: positive integers")
    bound: int = 11**dimension
    return bound


def interval_capacity(fraction: Fraction = FIFTH) -> int:
    """Return κ_X(ε) of an interval X, exactly: ⌈1/ε⌉, so 5 for ε = 1/5.

    At most: of two disjoint balls with centres x < y in an interval, both are cut at (x + y)/2 ∈ X, so y − x ≥ 2εr. All
    n centres lie in B(x_0, r) ∩ X, in an interval shorter than 2r: (n − 1)·2εr < 2r, that is n − 1 < 1/ε. At least: see
    `interval_packing`, which fills every interval.

    Raises
    ------
    UserError
        If ε is not in (0, 1).
    """
    value = Fraction(fraction)
    if not 0 < value < 1:
        raise UserError(f"fraction is {fraction}; allowed: between 0 and 1")
    return ceil(1 / value)


def interval_packing(fraction: Fraction = FIFTH) -> tuple[Fraction, tuple[Fraction, ...]]:
    """Return (r, centres) of ⌈1/ε⌉ disjoint balls B(x_i, εr) inside B(0, r) of the metric space X = [−1, 1].

    The n centres −1 + 2i/(n − 1) are 2/(n − 1) = 2εr apart for r = 1/((n − 1)ε) > 1, so that B(0, r) is X.
    """
    count = interval_capacity(fraction)
    radius = 1 / ((count - 1) * Fraction(fraction))
    return radius, tuple(Fraction(2 * i, count - 1) - 1 for i in range(count))


def finite_metric_capacity(points: Sequence[Sequence[Fraction | int]], fraction: Fraction = FIFTH) -> int:
    """Return κ_X(ε) of a finite set X in R^d, exactly, by trying all centres, radii and packings.

    The sets B(x_i, εr) and B(x_0, r) change only at distances between points, and those over ε; one radius in each gap
    is enough.

    Parameters
    ----------
    points
        At most 16, with rational coordinates; squares of Euclidean distances are compared.

    Raises
    ------
    UserError
        If there are more, or none.
    """
    if not 1 <= len(points) <= _MOST_EXACT:
        raise UserError(f"there are {len(points)} points; allowed: 1 to {_MOST_EXACT}")
    square = Fraction(fraction) ** 2
    exact = [[Fraction(value) for value in point] for point in points]
    away = [[sum((a - b) ** 2 for a, b in zip(p, q, strict=True)) for q in exact] for p in exact]
    critical = sorted({d for row in away for d in row if d} | {d / square for row in away for d in row if d})
    best = 1
    # balls are open: at a critical radius they are what they are just below it
    for radius in [*critical, critical[-1] + 1] if critical else [Fraction(1)]:
        small = [_bits(row, square * radius) for row in away]
        for row in away:
            large = _bits(row, radius)
            inside = [ball for ball in small if not ball & ~large]
            best = max(best, _largest_packing(inside, best))
    return best


def _greedy(order: "NDArray[np.int64]", disjoint: "NDArray[np.bool_]") -> tuple[int, ...]:
    chosen = []
    left = order
    while len(left):
        first = int(left[0])
        chosen.append(first)
        left = left[disjoint[first, left]]
    return tuple(chosen)


def _bits(squares: Sequence[Fraction | int], radius: Fraction) -> int:
    return sum(1 << index for index, value in enumerate(squares) if value < radius)


def _largest_packing(balls: Sequence[int], known: int) -> int:
    """Return the largest number of disjoint balls if it exceeds `known`, else `known`; by branching."""
    different = sorted(set(balls), key=int.bit_count)
    best = known
    stack = [(different, 0)]
    while stack:
        left, count = stack.pop()
        if count + len(left) <= best:
            continue
        if not left:
            best = count
            continue
        first, rest = left[0], left[1:]
        stack.append((rest, count))
        stack.append(([ball for ball in rest if not ball & first], count + 1))
    return best
