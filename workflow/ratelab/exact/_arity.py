"""Maxima of many affine functions as integer combinations of maxima of at most d + 1 (claim C15)."""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations, count
from math import isqrt, lcm
from typing import Any

import numpy as np
from flint import fmpq

from ratelab._errors import UserError
from ratelab.exact._integers import Integers
from ratelab.exact._represent_cones import Cone
from ratelab.networks import rational

SPREAD = 2**16


def reduce_arity(maps: Sequence[Sequence[Any]] | Any) -> dict[frozenset[int], int]:
    """Write max_i (a_i·x + b_i) on R^d as a sum of integers times maxima of at most d + 1 of the functions.

    The heights b_i over the points a_i have an upper hull; a triangulation T of the points into which its faces fall
    (regular, made unique by a perturbation of the heights where more than d + 1 functions meet) gives

        max_i l_i = Σ_σ (−1)^{d − dim σ} max_{i∈σ} l_i,

    over the simplices σ of T that do not lie in the boundary of the convex hull of the a_i. The number of terms is
    linear in the number of functions for d ≤ 2. (If the a_i span e < d dimensions, e takes the place of d.)

    Proof. Fix x, let v_i = l_i(x) and h the interpolation of v on T: h is concave, since that of b is. For t < max v
    let J be the points with v_i > t. The set {h > t} inside the open convex hull is convex, open, not empty: its Euler
    characteristic with compact support is (−1)^d. It is the disjoint union of its parts in the open simplices σ; these
    are empty if σ has no corner in J, else open convex sets of dimension dim σ. So Σ_{σ meets J} (−1)^{dim σ} =
    (−1)^d, which is also the sum over all σ. Hence Σ_σ (−1)^{d − dim σ} [max_σ v > t] = 1 for every t < max v, and
    integration over t gives the formula. Points under the hull belong to no σ and to no maximum.

    Parameters
    ----------
    maps
        (N, d + 1) numbers, rows (a_1, …, a_d, b); floats are taken as the dyadic rationals that they are.

    Returns
    -------
    dict
        Sets of row indices, each with at most d + 1 members, and their non-zero integers; of equal rows the first.

    Raises
    ------
    UserError
        If there is no row, or the rows have no common length of at least 2.
    """
    try:
        rows = [[rational(v) for v in row] for row in maps]
    except TypeError:
        rows = []
    if not rows or len(rows[0]) < 2 or len({len(row) for row in rows}) != 1:
        raise UserError(
            "affine functions are rows (a_1, …, a_d, b) of one length of at least 2, at least one row; "
            f"found {len(rows)} rows of lengths {sorted({len(row) for row in rows})}"
        )
    highest: dict[tuple[fmpq, ...], int] = {}
    for index, row in enumerate(rows):
        gradient = tuple(row[:-1])
        if gradient not in highest or row[-1] > rows[highest[gradient]][-1]:
            highest[gradient] = index
    chosen = list(highest.values())
    points = _coordinates([rows[i][:-1] for i in chosen])
    scale = lcm(*(int(rows[i][-1].q) for i in chosen))
    heights = [int(rows[i][-1].p) * (scale // int(rows[i][-1].q)) for i in chosen]
    terms = _inner_faces(_upper_simplices(points, heights), len(points[0]))
    return {frozenset(chosen[i] for i in face): sign for face, sign in terms.items()}


def _coordinates(gradients: list[list[fmpq]]) -> list[Integers]:
    """Return the points in integer coordinates of the affine subspace that they span: an affine bijection."""
    origin = gradients[0]
    shifted = [[v - o for v, o in zip(row, origin, strict=True)] for row in gradients]
    basis: list[tuple[int, list[fmpq]]] = []
    for vector in shifted:
        for pivot, other in basis:
            if vector[pivot]:
                factor = vector[pivot] / other[pivot]
                vector = [v - factor * w for v, w in zip(vector, other, strict=True)]
        if any(vector):
            basis.append((next(i for i, v in enumerate(vector) if v), vector))
    # the pivots of an echelon form are coordinates that determine all others
    columns = []
    for pivot, _ in basis:
        scale = lcm(*(int(row[pivot].q) for row in shifted))
        columns.append([int(row[pivot].p) * (scale // int(row[pivot].q)) for row in shifted])
    return [tuple(column[i] for column in columns) for i in range(len(gradients))]


def _upper_simplices(points: list[Integers], heights: list[int]) -> list[frozenset[int]]:
    """Return the simplices of a triangulation onto which the upper hull of the lifted points projects.

    The vertices of {z ≥ a_i·x + b_i for all i} name them: the functions that are equal there. If there are more than
    dimension + 1, the heights are multiplied by a number beyond every determinant of the perturbation and perturbed:
    then no sign of a determinant that was not 0 changes, and what is 0 gets a sign.
    """
    dimension = len(points[0])
    if not dimension:
        return [frozenset([0])]
    longest = max(isqrt(1 + sum(v * v for v in point)) + 1 for point in points)
    factor = (dimension + 2) * SPREAD * longest ** (dimension + 1) + 1
    generator = np.random.default_rng(0)
    for attempt in count():
        lifted = heights
        if attempt:
            noise = generator.integers(0, SPREAD, len(points))
            lifted = [factor * height + int(v) for height, v in zip(heights, noise, strict=True)]
        cone = Cone.whole(dimension + 2).cut((*[0] * dimension, 1, 0))
        for point, height in zip(points, lifted, strict=True):
            cone = cone.cut((*(-v for v in point), -height, 1))
        met = [bits >> 1 for ray, bits in cone.rays if ray[dimension]]
        if all(bits.bit_count() == dimension + 1 for bits in met):
            return [frozenset(i for i in range(len(points)) if bits >> i & 1) for bits in met]
    raise AssertionError("unreachable")


def _inner_faces(simplices: list[frozenset[int]], dimension: int) -> dict[frozenset[int], int]:
    """Return the faces that do not lie in the boundary, with the sign (−1)^(dimension − their dimension)."""
    facets = Counter(
        frozenset(facet) for simplex in simplices for facet in combinations(sorted(simplex), dimension)
    )
    outside = {
        frozenset(face)
        for facet, times in facets.items()
        if times == 1
        for size in range(1, dimension + 1)
        for face in combinations(sorted(facet), size)
    }
    faces = {
        frozenset(face)
        for simplex in simplices
        for size in range(1, dimension + 2)
        for face in combinations(sorted(simplex), size)
    }
    return {face: (-1) ** (dimension + 1 - len(face)) for face in faces - outside}
