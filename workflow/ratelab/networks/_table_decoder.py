"""The table: one float64 number for each cell, for as many cells as memory holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf, isfinite, nextafter
from typing import Any, ClassVar

import numpy as np
from flint import arb, fmpq
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks._decoder_code import checked_cells, checked_position, working_precision
from ratelab.networks._numbers import rational


@dataclass(frozen=True, eq=False)
class TableCode:
    """Cell values in float64, joined by straight lines between neighbouring cells; see `GradeCode`.

    A ReLU layer of K neurons computes it from the code of a cell; no network of fixed width does.

    Parameters
    ----------
    values
        float64, shape (K,).
    scale
        Largest modulus.
    tolerance
        Largest distance from the given values, rounded up.
    """

    values: NDArray[np.float64]
    scale: fmpq
    tolerance: float

    @property
    def cells(self) -> int:
        """K."""
        return len(self.values)

    @property
    def inner(self) -> fmpq:
        """0: no sine."""
        return fmpq(0)

    @property
    def outer(self) -> fmpq:
        """0: no sine."""
        return fmpq(0)

    @property
    def bits(self) -> int:
        """53, those of a float64 number; 0 if all vanish."""
        return 53 if self.scale else 0

    @property
    def precision(self) -> int:
        """53: float64."""
        return 53

    @property
    def sines(self) -> bool:
        """False."""
        return False

    @cached_property
    def _balls(self) -> tuple[arb, ...]:
        return tuple(map(arb, self.values.tolist()))

    def decoded(self) -> Sequence[arb]:
        """Return the values of cells 1 … K as balls of radius 0."""
        return self._balls

    def at(self, position: fmpq) -> arb:
        """Return the value at any position in [0, K + 1]: linear between cells, constant before 1 and after K.

        Raises
        ------
        UserError
            If the position lies outside.
        """
        where = min(max(checked_position(position, self.cells), fmpq(1)), fmpq(self.cells))
        left = min(int(where.floor()), max(self.cells - 1, 1))
        right = min(left + 1, self.cells)
        start, end = rational(self.values[left - 1]), rational(self.values[right - 1])
        with working_precision(256):
            return arb(start + (where - left) * (end - start))


class TableDecoder:
    """Cell values in a table of float64 numbers, up to a million; accuracies from 2^-53 on."""

    name: ClassVar[str] = "table"
    most_cells: ClassVar[int] = 1_000_000

    def inner(self, cells: int, accuracy: float) -> fmpq:
        """Return 0: there is no sine."""
        checked_cells(cells, accuracy, self.name, self.most_cells)
        return fmpq(0)

    def encode(self, values: "Sequence[fmpq] | NDArray[np.float64]", accuracy: float) -> TableCode:
        """Return the values, rounded to float64; float64 arrays are kept as they are.

        Raises
        ------
        UserError
            If there is no cell or too many, a value is not finite or leaves float64's range, or rounding costs more
            than the accuracy.
        """
        checked_cells(len(values), accuracy, self.name, self.most_cells)
        if isinstance(values, np.ndarray) and values.dtype == np.float64:
            kept, tolerance = np.array(values).ravel(), 0.0
            if not np.all(np.isfinite(kept)):
                raise UserError("a cell's value is not finite")
            return TableCode(_frozen(kept), rational(np.max(np.abs(kept))), tolerance)
        exact = [rational(value) for value in values]
        kept = np.array([_rounded(value) for value in exact])
        stray = max(abs(rational(near) - value) for near, value in zip(kept.tolist(), exact, strict=True))
        largest = max(abs(value) for value in exact)
        if stray > rational(accuracy) * largest:
            raise UserError(
                f"the decoder 'table' keeps float64 numbers, whose rounding costs {_rounded(stray / largest):.1e} of "
                f"the largest value; accuracy {accuracy} is out of its reach, the decoder 'closed-form' has it"
            )
        return TableCode(_frozen(kept), rational(np.max(np.abs(kept))), _above(stray))


def _rounded(value: fmpq) -> float:
    try:
        return int(value.p) / int(value.q)
    except OverflowError:
        raise UserError("a cell's value is larger than float64 holds") from None


def _above(value: fmpq) -> float:
    """Return a float64 number that is no smaller."""
    near: Any = _rounded(value)
    return near if rational(near) >= value else nextafter(near, inf) if isfinite(near) else inf


def _frozen(values: NDArray[np.float64]) -> NDArray[np.float64]:
    values.setflags(write=False)
    return values
