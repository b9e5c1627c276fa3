"""What the readouts are on cells: sums of decoded corrections, as dyadic numbers with a bound of their distance.

Cells are numbered from 0 in Fortran order: the first coordinate runs fastest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import arb, fmpq
from numpy.typing import NDArray

from ratelab.networks._decoder_code import working_precision
from ratelab.networks._numbers import Exact, dyadic

if TYPE_CHECKING:
    from ratelab.networks._grade_code import GradeCode

_KEPT = 100
"""Bits kept of a decoded value that is longer, relative to its grade's scale."""


@dataclass(frozen=True, eq=False)
class CellValues:
    """Values of one readout on the cells of its level.

    Attributes
    ----------
    values
        (K,) rationals in Fortran order.
    radius
        Bound of |readout − value| on every cell.
    """

    values: Exact
    radius: fmpq

    @cached_property
    def floats(self) -> NDArray[np.float64]:
        """The nearest float64 numbers, (K,)."""
        found = np.fromiter((int(v.p) / int(v.q) for v in self.values), np.float64, len(self.values))
        found.flags.writeable = False
        return found

    def balls(self) -> list[arb]:
        """Return balls that contain the readout on each cell."""
        with working_precision(256):
            radius = arb(self.radius).upper()
            return [arb(v) + arb(0, radius) for v in self.values]

    def refined(self, base: int, dimension: int, level: int) -> Exact:
        """Return the values on the cells of the next level, `level` + 1, in Fortran order."""
        grid = self.values.reshape((base**level,) * dimension, order="F")
        for axis in range(dimension):
            grid = np.repeat(grid, base, axis=axis)
        return grid.ravel(order="F")


def corrected(coarse: Exact, radius: fmpq, code: "GradeCode") -> CellValues:
    """Return coarse values, known up to `radius`, plus what the code decodes."""
    if not code.scale:
        return CellValues(coarse, radius)
    quantum = _KEPT - (int(code.scale.p).bit_length() - int(code.scale.q).bit_length())
    numbers, distance = _dyadics(code.decoded(), quantum)
    return CellValues(coarse + numbers, radius + distance)


def _dyadics(balls: Sequence[arb], quantum: int) -> tuple[Exact, fmpq]:
    """Return midpoints rounded to multiples of 2^-quantum, and a bound of the distance of all balls from them."""
    numbers = np.empty(len(balls), dtype=object)
    widest: Any = arb(0)
    cut = False
    for index, ball in enumerate(balls):
        mantissa, exponent = (int(part) for part in ball.mid().man_exp())
        excess = -quantum - exponent
        if excess > 0 and mantissa.bit_length() > _KEPT:
            mantissa, exponent, cut = (mantissa + (1 << (excess - 1))) >> excess, -quantum, True
        numbers[index] = dyadic(mantissa, exponent)
        if not ball.is_exact() and ball.rad() > widest:
            widest = ball.rad()
    mantissa, exponent = (int(part) for part in widest.man_exp())
    return numbers, dyadic(mantissa, exponent) + (dyadic(1, -quantum - 1) if cut else 0)
