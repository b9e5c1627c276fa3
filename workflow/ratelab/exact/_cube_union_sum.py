"""The measure of a union of cubes with a margin in the sum norm: exact, octant by octant.

Half a cell around a grid corner, seen from that corner, is an octant [0, h/2]^d with coordinates v ≥ 0, and for
δ ≤ h/2 no cubes matter but the 2^d at the corner. The cube that is left along the axes of I is at distance Σ_{i∈I} v_i,
so the octant meets the set in the union over I of {Σ_I v ≤ δ}. Smaller I give larger sets, so the minimal ones remain,
and inclusion and exclusion needs the volumes of {v ∈ [0, 1]^s: Σ_I v ≤ 1 for I ∈ F}.
"""

from collections.abc import Iterable
from fractions import Fraction
from itertools import combinations, product

import numpy as np

from ratelab.exact._cube_union_grid import refined_grid
from ratelab.exact._cube_union_index import Integers

_VOLUMES = {
    (0, 0): Fraction(1),
    (1, 0): Fraction(1, 2),
    (2, 0): Fraction(1, 3),
    (3, 0): Fraction(1, 4),
    (0, 1): Fraction(1, 6),
}
"""Volumes in at most three variables, by the numbers of pairs and of triples in F; single variables give a factor 1.

One pair: a triangle. Two pairs: ∫ (1 − t)² dt. Three pairs: ∫ (1 − t)² dt − ∫_0^½ (1 − 2t)²/2 dt. A triple: a simplex.
"""


def sum_measure(cubes: Integers, spacing: Fraction, margin: Fraction) -> Fraction:
    """Return the measure of all points within `margin` ≤ spacing/2 of a cube in the sum norm, at most 3 variables."""
    d = cubes.shape[1]
    grid = refined_grid(cubes, spacing, Fraction(0)).inside
    subsets = [s for size in range(d + 1) for s in combinations(range(d), size)]
    padded = np.pad(grid, 1)
    counts = np.zeros(2 ** len(subsets), dtype=np.int64)
    inner = tuple(slice(1, -1) for _ in range(d))
    for sides in product((-1, 1), repeat=d):
        code = np.zeros(grid.shape, dtype=np.int64)
        for bit, subset in enumerate(subsets):
            moved = tuple(
                slice(1 + sides[i], grid.shape[i] + 1 + sides[i]) if i in subset else inner[i]
                for i in range(d)
            )
            code += padded[moved].astype(np.int64) << bit
        counts += np.bincount(code.ravel(), minlength=len(counts))
    total = Fraction(0)
    for pattern, count in enumerate(counts.tolist()):
        if pattern and count:
            chosen = [frozenset(s) for bit, s in enumerate(subsets) if pattern >> bit & 1]
            total += count * octant(chosen, d, spacing, margin)
    return total


def octant(chosen: list[frozenset[int]], d: int, spacing: Fraction, margin: Fraction) -> Fraction:
    """Return the measure of the union over I of {v ∈ [0, h/2]^d : Σ_I v ≤ δ}."""
    half = spacing / 2
    minimal = [s for s in chosen if not any(t < s for t in chosen)]
    if minimal == [frozenset()]:
        return half**d
    total = Fraction(0)
    for size in range(1, len(minimal) + 1):
        for family in combinations(minimal, size):
            bound = len(frozenset[int]().union(*family))
            volume = _volume(family) * margin**bound * half ** (d - bound)
            total += volume if size % 2 else -volume
    return total


def _volume(family: Iterable[frozenset[int]]) -> Fraction:
    sizes = [len(s) for s in family]
    return _VOLUMES[sizes.count(2), sizes.count(3)]
