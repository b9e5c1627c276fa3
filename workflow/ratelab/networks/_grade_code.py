"""What a grade's correction is made of, and what a decoder must offer.

A grade has K = N^(dg) cells, numbered k = 1 … K, and one value for each. Its code turns the number of a cell into the
value of the cell. Decoders are interchangeable: whatever offers `Decoder` may be used.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from flint import arb, fmpq

Array = NDArray[np.float64]


@runtime_checkable
class GradeCode(Protocol):
    """The values of one grade's cells, as parameters that a network can hold.

    Attributes
    ----------
    cells
        K ≥ 1.
    scale
        u ≥ 0, no value exceeds it in modulus; 0 where all values vanish, and then nothing is decoded.
    inner, outer
        w and v of u · sin(v · sin(w k)); both 0 for a code that is no sine.
    tolerance
        Proved bound of |decoded value − given value| over all cells.
    bits
        Of the longest parameter.
    precision
        Working precision, in bits, at which decoding keeps `tolerance`; 53 for codes that live in float64.
    sines
        Whether two sines decode it.
    """

    @property
    def cells(self) -> int: ...
    @property
    def scale(self) -> "fmpq": ...
    @property
    def inner(self) -> "fmpq": ...
    @property
    def outer(self) -> "fmpq": ...
    @property
    def tolerance(self) -> float: ...
    @property
    def bits(self) -> int: ...
    @property
    def precision(self) -> int: ...
    @property
    def sines(self) -> bool: ...

    def decoded(self) -> "Sequence[arb]":
        """Return the decoded values of cells 1 … K as balls of small radius (at most 2^-60 · scale)."""
        ...

    def at(self, position: "fmpq") -> "arb":
        """Return the decoded value at any position in [0, K + 1], as it comes inside ramps; cells are whole numbers."""
        ...


@runtime_checkable
class Decoder(Protocol):
    """A way to store cell values in a network.

    Attributes
    ----------
    name
        As users write it.
    most_cells
        Largest K that it takes.
    """

    @property
    def name(self) -> str: ...
    @property
    def most_cells(self) -> int: ...

    def inner(self, cells: int, accuracy: float) -> "fmpq":
        """Return w, which no cell value enters; 0 for a decoder that is no sine."""
        ...

    def encode(self, values: "Sequence[fmpq]", accuracy: float) -> GradeCode:
        """Return a code of the values whose `tolerance` is at most accuracy · max |values|.

        Raises
        ------
        UserError
            If there are too many cells, or the decoder cannot reach that accuracy.
        """
        ...
