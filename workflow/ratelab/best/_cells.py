"""Projections on cells, and the orthogonal change of basis that merges two neighbours into one."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import comb, sqrt

import numpy as np
from numpy.typing import NDArray

from ratelab.exact import CellMoments
from ratelab.exact._legendre import legendre_powers

Array = NDArray[np.float64]

UNIT = 2.0**-53


@dataclass(frozen=True, eq=False)
class Cells:
    """Neighbouring cells with the projection of one function on each.

    Parameters
    ----------
    edges
        (m + 1,).
    coefficients
        (degree + 1, m), in the orthonormal Legendre basis of each cell.
    energy
        (m,) squared distance of the function to its projection, as far as it is known (never more).
    depth
        How many merges, one on top of the other, made the deepest of these cells.
    """

    edges: Array
    coefficients: Array
    energy: Array
    depth: int = 0

    def __len__(self) -> int:
        return len(self.energy)

    @property
    def degree(self) -> int:
        """Degree of the projections."""
        return len(self.coefficients) - 1

    @property
    def norm(self) -> float:
        """L2 norm of the projections together."""
        return float(np.sqrt((self.coefficients**2).sum()))


def from_moments(moments: CellMoments, degree: int) -> Cells:
    """Cells of a target, less the reference polynomial where pieces of that degree can absorb it.

    What the moments know above that degree is energy inside the cells; the rest of it is left out, as 0 is below it.
    """
    widths = np.diff(moments.edges)
    known = moments.remainder if degree == moments.degree else moments.coefficients
    norms = np.sqrt(widths[:, None] / (2 * np.arange(moments.degree + 1) + 1))
    coefficients = np.ascontiguousarray((known * norms).T)
    return Cells(moments.edges, coefficients[: degree + 1], (coefficients[degree + 1 :] ** 2).sum(axis=0))


def merge(
    left: Sequence[Array], right: Sequence[Array], left_width: Array, right_width: Array, width: Array
) -> tuple[list[Array], Array]:
    """Projections on unions A ∪ B, and the energy ‖p_A − p‖² + ‖p_B − p‖² that each union adds.

    The union's orthonormal Legendre polynomials, restricted to A and B, are orthonormal combinations of those of A
    and B; the energy is the squared norm of what these combinations leave over, a sum of squares.

    Parameters
    ----------
    left, right
        degree + 1 arrays of orthonormal coefficients.
    left_width, right_width, width
        Of A, B and A ∪ B, each correctly rounded (a single entry if they are all equal).
    """
    alpha, beta = left_width / width, right_width / width
    up_left = _restrictions(alpha, beta, len(left) - 1)
    up_right = _restrictions(beta, alpha, len(left) - 1)
    union: list[Array] = []
    for k in range(len(left)):
        total = up_left[k][0] * left[0]
        for m in range(1, k + 1):
            total += up_left[k][m] * left[m]
        for m in range(k + 1):
            total = (
                total + up_right[k][m] * right[m] if (k + m) % 2 == 0 else total - up_right[k][m] * right[m]
            )
        union.append(total)
    energy: Array | None = None
    for m in range(len(left)):
        rest = left[m] - up_left[m][m] * union[m]
        other = right[m] - up_right[m][m] * union[m]
        for k in range(m + 1, len(left)):
            rest -= up_left[k][m] * union[k]
            other = (
                other - up_right[k][m] * union[k] if (k + m) % 2 == 0 else other + up_right[k][m] * union[k]
            )
        rest *= rest
        other *= other
        rest += other
        energy = rest if energy is None else energy + rest
    assert energy is not None
    return union, energy


def merge_groups(cells: Cells, starts: NDArray[np.int64]) -> Cells:
    """Merge cells starts[g] … starts[g+1] − 1 into one for each group g, pairwise, so that depth is logarithmic."""
    group = np.searchsorted(starts, np.arange(len(cells)), side="right")
    edges, coefficients, energy = cells.edges, cells.coefficients, cells.energy
    depth = cells.depth
    while len(energy) > len(starts):
        first = np.flatnonzero(np.diff(group, prepend=-1))
        local = np.arange(len(group)) - first[np.searchsorted(first, np.arange(len(group)), side="right") - 1]
        left = np.flatnonzero((local[:-1] % 2 == 0) & (group[1:] == group[:-1]))
        right = left + 1
        widths = edges[right] - edges[left], edges[right + 1] - edges[right], edges[right + 1] - edges[left]
        union, added = merge(list(coefficients[:, left]), list(coefficients[:, right]), *widths)
        coefficients, energy = coefficients.copy(), energy.copy()
        energy[left] += energy[right]
        energy[left] += added
        coefficients[:, left] = union
        keep = np.ones(len(group), bool)
        keep[right] = False
        coefficients, energy, group = coefficients[:, keep], energy[keep], group[keep]
        edges = np.append(edges[:-1][keep], edges[-1])
        depth += 1
    return Cells(edges, np.ascontiguousarray(coefficients), energy, depth)


def rounding_constant(degree: int) -> float:
    """K: one merge of x = (left, right) moves the union by at most K·u·‖x‖ and leaves a rest within (2K + 2)·u·‖x‖.

    u is the unit roundoff; the proof is in docs/lower-bounds.md.
    """
    size = 0.0
    for k, rows in enumerate(_table(degree)):
        for m, (_, terms) in enumerate(rows):
            largest = max(abs(c) / comb(k, i) for c, i in terms)
            size += (2 * k + 1) / (2 * m + 1) * largest**2
    return 1.05 * (7 * degree + 11) * sqrt(size)


def _restrictions(alpha: Array, beta: Array, degree: int) -> list[list[Array]]:
    """Entries (k, m ≤ k): the whole's k-th polynomial in the basis of its left part, of share alpha."""
    powers = [_powers(alpha, degree), _powers(beta, degree)]
    root = np.sqrt(alpha)
    found: list[list[Array]] = []
    for k, rows in enumerate(_table(degree)):
        found.append([])
        for factor, terms in rows:
            total: Array | None = None
            for c, i in terms:
                term = powers[0][i] * powers[1][k - i] if 0 < i < k else powers[0][i] if i else powers[1][k]
                term = c * term if c != 1 else term
                total = term if total is None else total + term
            assert total is not None
            found[-1].append(total * (root * factor))
    return found


def _powers(x: Array, degree: int) -> list[Array]:
    """Powers 0 … degree; the power 0 is a single 1."""
    powers = [np.ones(1), x]
    for _ in range(degree - 1):
        powers.append(powers[-1] * x)
    return powers


@cache
def _table(degree: int) -> list[list[tuple[float, list[tuple[int, int]]]]]:
    """For k and m ≤ k: √((2k+1)/(2m+1)) and the terms (c, i) of P_k(α s − β) = Σ_m (Σ c α^i β^(k−i)) P_m(s).

    With α + β = 1 the polynomials in (α, β) are homogeneous of degree k; their coefficients are integers.
    """
    rows = legendre_powers(degree)

    def on_legendre(m: int, j: int) -> Fraction:
        inner = sum(
            (c * Fraction(2, i + j + 1) for i, c in enumerate(rows[m]) if (i + j) % 2 == 0), Fraction(0)
        )
        return Fraction(2 * m + 1, 2) * inner

    table: list[list[tuple[float, list[tuple[int, int]]]]] = []
    for k in range(degree + 1):
        table.append([])
        for m in range(k + 1):
            sums = [Fraction(0)] * (k + 1)
            for i, c in enumerate(rows[k]):
                for j in range(i + 1 if c else 0):
                    for q in range(k - i + 1):
                        sums[j + q] += c * comb(i, j) * (-1) ** (i - j) * comb(k - i, q) * on_legendre(m, j)
            table[-1].append(
                (sqrt((2 * k + 1) / (2 * m + 1)), [(int(c), i) for i, c in enumerate(sums) if c])
            )
    return table
