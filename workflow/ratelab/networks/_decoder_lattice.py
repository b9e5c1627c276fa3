"""Simultaneous approximation: multiples m of given slopes that meet K phases at once, by a reduced lattice.

The rows (m λ, m s_1 − n_1, …, m s_K − n_K), with integers m and n_k, form a lattice of dimension K + 1 and
determinant λ. Where it comes near (0, θ_1, …, θ_K), m s_k is near θ_k modulo 1. The lattice is reduced
(Lenstra, Lenstra, Lovász 1982) column by column, so that no step sees numbers longer than a few times the final
accuracy, and the near point is Babai's (1986, nearest plane). Nothing here is trusted: codes are verified in
balls.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from flint import arb, fmpq, fmpz, fmpz_mat
from numpy.typing import NDArray

from ratelab.networks._decoder_code import nearest_integer, working_precision
from ratelab.networks._numbers import dyadic

_COLUMNS = 2
"""Columns that join the lattice at a time."""
_SPARE = 30
"""Bits kept beyond those that a reduction of one stage can consume."""
_ROUNDS = 12
"""Most repetitions of the nearest plane, each of which corrects what floats did to the one before."""

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Lattice:
    """A reduced basis of simultaneous approximations.

    Parameters
    ----------
    basis
        (K + 1) × (K + 1) integers; a row holds m, then m s_k − n_k in units of 2^-places.
    places
        Bits after the point.
    total
        λ = 2^-total.
    """

    basis: fmpz_mat
    places: int
    total: int

    @property
    def size(self) -> int:
        """K + 1."""
        return int(self.basis.nrows())

    @property
    def bits(self) -> int:
        """Bits of the accuracy that the lattice has: total / (K + 1)."""
        return self.total // self.size

    @cached_property
    def multipliers(self) -> list[int]:
        """Return the m of each row."""
        return [int(self.basis[row, 0]) for row in range(self.size)]

    @cached_property
    def floats(self) -> Array:
        """Return the rows in float64, in units of 2^-bits: entries are near 1."""
        return np.array(
            [self._scaled([self.basis[i, j] for j in range(self.size)]) for i in range(self.size)]
        )

    @cached_property
    def _triangle(self) -> tuple[Array, Array]:
        orthogonal, triangle = np.linalg.qr(self.floats.T)
        return np.asarray(orthogonal), np.asarray(triangle)

    def _scaled(self, row: Sequence[fmpz]) -> list[float]:
        shift = max(self.places - self.bits - 64, 0)
        unit = 2.0 ** (self.bits + shift - self.places)
        first = float(int(row[0] << (self.bits + 64)) >> self.total) * 2.0**-64
        return [first, *(int(entry >> shift) * unit for entry in row[1:])]

    def combinations(self, targets: Array) -> Array:
        """Return Babai's integer coefficients for targets of shape (…, K + 1), in units of 2^-bits, in float64."""
        orthogonal, triangle = self._triangle
        rest = targets @ orthogonal
        found = np.empty_like(rest)
        for i in range(self.size - 1, -1, -1):
            found[..., i] = np.rint(rest[..., i] / triangle[i, i])
            rest -= found[..., i, None] * triangle[:, i]
        return found

    def nearest(self, phases: Sequence[fmpz]) -> tuple[int, Array]:
        """Return m and m s_k − θ_k modulo 1, in turns, for phases in units of 2^-places."""
        rest = fmpz_mat([[fmpz(0), *phases]])
        for _ in range(_ROUNDS):
            row = [rest[0, j] for j in range(self.size)]
            found = self.combinations(np.array(self._scaled(row)))
            if not np.any(found):
                break
            rest -= fmpz_mat([[int(c) for c in found]]) * self.basis
        row = [rest[0, j] for j in range(self.size)]
        return -int(row[0]), -np.array(self._scaled(row)[1:]) * 2.0**-self.bits


@lru_cache(maxsize=16)
def reduced_lattice(cells: int, total: int, fraction: int = 0) -> Lattice:
    """Return the reduced lattice of the slopes s_k = 2^-fraction · sin(k)/2π, k = 1 … K.

    Parameters
    ----------
    cells
        K.
    total
        λ = 2^-total: multiples m have about total · K/(K + 1) bits, and phases are met up to about 2^(−total/(K + 1)).
    fraction
        Bits of v after the point, v = 2^-fraction · m.
    """
    per_column = total // (cells + 1)
    places = total + (_COLUMNS + 1) * per_column + 2 * _SPARE
    one = fmpz(1) << places
    with working_precision(places + total + 96):
        slopes = [
            nearest_integer(arb(k).sin() * dyadic(1, -fraction) / (2 * arb.pi()), places)
            for k in range(1, cells + 1)
        ]
    basis: Any = fmpz_mat([[1]])
    for start in range(0, cells, _COLUMNS):
        stop = min(start + _COLUMNS, cells)
        rows = [
            [*row, *(_centred(row[0] * slope, one) for slope in slopes[start:stop])] for row in basis.tolist()
        ]
        rows += [
            [one if column == k + 1 else fmpz(0) for column in range(stop + 1)] for k in range(start, stop)
        ]
        weight = total * (stop + 1) // (cells + 1)
        kept = min(places, (1 + stop - start) * (per_column + 1) + fraction + _SPARE)
        _, change = fmpz_mat([_truncated(row, weight, kept, places) for row in rows]).lll(True)
        basis = change * fmpz_mat(rows)
    return Lattice(basis, places, total)


def _centred(number: fmpz, one: fmpz) -> fmpz:
    half = one >> 1
    return ((number + half) & (one - 1)) - half


def _truncated(row: Sequence[fmpz], weight: int, kept: int, places: int) -> list[fmpz]:
    """Return m · 2^-weight and the phases in units of 2^-kept, rounded down."""
    return [(row[0] << kept) >> weight, *(entry >> (places - kept) for entry in row[1:])]


def unit_phases(values: Sequence[fmpq], scale: fmpq) -> Array:
    """Return r_k / u in float64."""
    return np.array([int(ratio.p) / int(ratio.q) for ratio in (value / scale for value in values)])
