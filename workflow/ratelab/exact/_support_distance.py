"""How far a union of cubes and a support are apart: excess, miss and Hausdorff distance, between two bounds each."""

from dataclasses import dataclass
from itertools import product
from math import prod, sqrt

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.exact._cover import Cover, cover
from ratelab.exact._cube_union import CubeUnion
from ratelab.exact._support_cells import belongs, check_support_kind, classify, float_sides, parts
from ratelab.exact._support_gaps import (
    BallGap,
    BoxesGap,
    CoveredGap,
    DistanceNorm,
    Gap,
    boxes_gap,
    length,
    union_boxes,
    union_gap,
)
from ratelab.registry import Ball, Box, Boxes, LevelSet, Support

Array = NDArray[np.float64]
Bounds = tuple[float, float]

_FINE = 50_000
_FINEST = 6
_MOST_CELLS = 80_000
_MOST_PIECES = 60_000
_ROUNDS = 60


@dataclass(frozen=True)
class SupportDistance:
    """Distances between a union U of cubes and a support S, each as bounds (low, high).

    Parameters
    ----------
    excess
        sup over x ∈ U of dist(x, S) in the maximum norm.
    miss
        sup over x ∈ S of dist(x, U) in the maximum norm.
    excess_euclidean, miss_euclidean
        The same in the Euclidean norm.
    """

    excess: Bounds
    miss: Bounds
    excess_euclidean: Bounds
    miss_euclidean: Bounds

    @property
    def hausdorff(self) -> Bounds:
        """The Hausdorff distance in the maximum norm."""
        return max(self.excess[0], self.miss[0]), max(self.excess[1], self.miss[1])

    @property
    def hausdorff_euclidean(self) -> Bounds:
        """The Hausdorff distance in the Euclidean norm."""
        a, b = self.excess_euclidean, self.miss_euclidean
        return max(a[0], b[0]), max(a[1], b[1])


def support_distance(union: CubeUnion, support: Support, *, accuracy: float | None = None) -> SupportDistance:
    """Return how far a union of cubes reaches beyond a support, and how much of the support it misses.

    For a box or a ball the excess is attained at a corner, and both bounds agree up to rounding. Otherwise pieces are
    halved until the bounds are `accuracy` apart: upper ones from the farthest corner to a part of the support or from
    a known point of it, lower ones from points that certainly belong to one set and their distance to a superset of the
    other. A level set is known up to cells that hold its boundary, and twice their side may stay in the bracket of the
    excess; so may the margin, for a union in the sum norm and several boxes, as its tips are not told apart.

    Parameters
    ----------
    union
        In either norm.
    support
        Taken as the closure of its interior.
    accuracy
        1/64 of the spacing unless given.

    Raises
    ------
    UserError
        If the dimensions differ.
    """
    check_pair(union, support)
    tolerance = float(union.spacing) / 64 if accuracy is None else accuracy
    if not tolerance > 0:
        raise UserError(f"support distance: accuracy is {accuracy}; allowed: above 0")
    covered = cover(support, union.spacing)
    found = {
        norm: (
            _excess(union, _gap(support, covered, norm), tolerance, _reach(union, covered, norm)),
            _miss(union, support, covered, norm, tolerance),
        )
        for norm in ("max", "euclidean")
    }
    return SupportDistance(found["max"][0], found["max"][1], found["euclidean"][0], found["euclidean"][1])


def check_pair(union: CubeUnion, support: Support) -> None:
    """Raise a `UserError` unless both are of one dimension."""
    check_support_kind(support)
    if union.dimension != support.dimension:
        raise UserError(
            f"support has {support.dimension} variables, the cube union {union.dimension}; both must agree"
        )


def misses_nothing(union: CubeUnion, covered: Cover) -> bool:
    """Whether the cover of a support, on the same grid, lies in the union's cubes."""
    return bool((union.index.rows(covered.union.cubes) >= 0).all())


def _gap(support: Support, covered: Cover, norm: DistanceNorm) -> Gap:
    if isinstance(support, Box | Boxes):
        return boxes_gap(support, norm)
    if isinstance(support, Ball):
        return BallGap(support, norm)
    d, side = support.dimension, float(covered.union.spacing)
    steps = np.array(list(product((0.0, 0.5), repeat=d)))
    low = np.asarray(covered.union.cubes * side, dtype=np.float64)
    low = low[classify(support, low, low + side) == 0]
    for _ in range(_FINEST):
        if len(low) << d > _MOST_CELLS:
            break
        low, side = (low[:, None, :] + side * steps).reshape(-1, d), side / 2
        low = low[classify(support, low, low + side) == 0]
    points = [covered.witnesses[~np.isnan(covered.witnesses[:, 0])]]
    for step in ([0.5] * d, *(2 * steps)):
        corner = low + side * np.array(step)
        points.append(corner[belongs(support, corner)])
    return CoveredGap(support, low + side / 2, side, np.concatenate(points), norm)


def _reach(union: CubeUnion, covered: Cover, norm: DistanceNorm) -> float:
    """Return how far points of dilated cubes can lie from the support, if every cube holds a point of it."""
    rows = covered.union.index.rows(union.cubes)
    witnessed = covered.certainty == "rigorous" or not np.isnan(covered.witnesses[rows][:, 0]).any()
    if (rows < 0).any() or not witnessed:
        return float("inf")
    if norm == "max":
        return float(union.spacing + union.margin)
    spread = sqrt(union.dimension)
    return float(union.spacing) * spread + float(union.margin) * (1 if union.norm == "sum" else spread)


def _excess(union: CubeUnion, gap: Gap, tolerance: float, reach: float) -> Bounds:
    low, high, margin = union_boxes(union)
    if isinstance(gap, CoveredGap):
        tolerance = max(tolerance, 2 * gap.side)
    steps = np.array(list(product((0.0, 1.0), repeat=union.dimension)))
    best, closed = 0.0, 0.0
    for turn in range(_ROUNDS):
        bound = gap.most(low, high, margin)
        if turn < 4 and len(low) <= _MOST_PIECES // len(steps):
            for step in steps:
                corner = np.where(step > 0, high, low)
                for axis in range(union.dimension) if margin else (0,):
                    point = corner.copy()
                    point[:, axis] += np.where(step[axis] > 0, margin, -margin)
                    best = max(best, float(gap.at(point)[0].max()))
        best = max(best, float(gap.at((low + high) / 2)[0].max()))
        open_ = bound > best + tolerance
        closed = max(closed, float(bound[~open_].max(initial=0.0)))
        if not open_.any() or _settled(gap, low[open_], high[open_], tolerance):
            closed = max(closed, float(bound[open_].max(initial=0.0)))
            break
        low, high = _halves(low[open_], high[open_])
        if len(low) > _MOST_PIECES:
            closed = max(closed, float(bound[open_].max()))
            break
    else:
        closed = max(closed, float(gap.most(low, high, margin).max()))
    closed = min(closed, reach)
    return min(best, closed), closed


def _settled(gap: Gap, low: Array, high: Array, tolerance: float) -> bool:
    """Whether pieces are so small that only the support's own cells keep the bounds apart."""
    return isinstance(gap, CoveredGap) and float((high - low).max()) < tolerance / 4


def _halves(low: Array, high: Array) -> tuple[Array, Array]:
    """Halve boxes across their longest side."""
    axis = (high - low).argmax(axis=1)[:, None]
    middle = np.take_along_axis((low + high) / 2, axis, 1)
    left, right = high.copy(), low.copy()
    np.put_along_axis(left, axis, middle, 1)
    np.put_along_axis(right, axis, middle, 1)
    return np.concatenate([low, right]), np.concatenate([left, high])


def _missed_pieces(union: CubeUnion, support: Support, covered: Cover) -> tuple[Array, Array]:
    """Return boxes that hold what of the support lies outside the union's cubes."""
    cubes = covered.union.cubes[union.index.rows(covered.union.cubes) < 0]
    h = float(union.spacing)
    low, high = np.asarray(cubes * h, dtype=np.float64), np.asarray((cubes + 1) * h, dtype=np.float64)
    if not isinstance(support, Box | Boxes):
        return low, high
    clipped = []
    for box in parts(support):
        a, b = float_sides(box)
        p, q = np.maximum(low, a), np.minimum(high, b)
        inside = (p < q).all(axis=1)
        clipped.append((p[inside], q[inside]))
    return np.concatenate([p for p, _ in clipped]), np.concatenate([q for _, q in clipped])


def _miss(union: CubeUnion, support: Support, covered: Cover, norm: DistanceNorm, tolerance: float) -> Bounds:
    if misses_nothing(union, covered):
        return 0.0, 0.0
    gap: BoxesGap = union_gap(union, norm)
    rows = union.index.rows(covered.union.cubes) < 0
    known = covered.witnesses[rows]
    known = known[~np.isnan(known[:, 0])]
    best = float(gap.at(known)[0].max()) if len(known) else 0.0
    low, high = _missed_pieces(union, support, covered)
    whole = isinstance(support, Box | Boxes)
    closed = 0.0
    for _ in range(_ROUNDS):
        if not len(low):
            break
        bound = gap.most(low, high, 0.0)
        points = [(low + high) / 2]
        if len(low) <= _MOST_PIECES // 16:
            points += [np.where(np.array(s) > 0, high, low) for s in product((0, 1), repeat=union.dimension)]
        for x in points:
            inside = x if whole else x[belongs(support, x)]
            if len(inside):
                best = max(best, float(gap.at(inside)[0].max()))
        open_ = bound > best + tolerance
        closed = max(closed, float(bound[~open_].max(initial=0.0)))
        if not open_.any():
            break
        half = length((high - low) / 2, norm)
        if 2 * len(low[open_]) > _MOST_PIECES or float(half[open_].max()) < tolerance / 8:
            closed = max(closed, float(bound[open_].max()))
            break
        low, high = _halves(low[open_], high[open_])
        if not whole:
            inside_too = classify(support, low, high) >= 0
            low, high = low[inside_too], high[inside_too]
    else:
        closed = max(closed, float(gap.most(low, high, 0.0).max()))
    closed = max(closed, best)
    return best, closed


def smallest_cube(subject: Support | CubeUnion, scale: float = 1) -> int:
    """Return n(f): the smallest n ≥ 1 such that a set lies in [−scale·n, scale·n]^d.

    A level set is bounded by finer and finer covers until its witnesses need the same cube; where they touch its
    boundary the larger n is returned.

    Parameters
    ----------
    subject
        A union of cubes or a support.
    scale
        Half the side of the first cube.

    Raises
    ------
    UserError
        If the scale is not positive.
    """
    from fractions import Fraction

    try:
        unit = Fraction(scale)
    except (TypeError, ValueError, OverflowError):
        raise UserError(f"cube scale is {scale!r}; allowed: above 0, finite") from None
    if not unit > 0:
        raise UserError(f"cube scale is {scale}; allowed: above 0, finite")

    def needed(bounds: object) -> int:
        reach = max(abs(Fraction(v)) for side in bounds for v in side)  # type: ignore[attr-defined]
        return max(1, -int(-reach // unit))

    if not isinstance(subject, CubeUnion):
        check_support_kind(subject)
    result = needed(subject.bounds)
    if not isinstance(subject, LevelSet) or result == 1:
        return result
    spacing = unit / 4
    while prod(float(Fraction(b) - Fraction(a)) / float(spacing) + 2 for a, b in subject.bounds) > _FINE:
        spacing *= 2
    for _ in range(12):
        try:
            covered = cover(subject, spacing)
        except UserError:
            break
        result = min(result, needed(covered.union.bounds))
        known = np.abs(covered.witnesses[~np.isnan(covered.witnesses[:, 0])])
        if len(known) and Fraction(float(known.max())) > (result - 1) * unit:
            return result
        if len(covered.union) > _FINE:
            break
        spacing /= 2
    return result
