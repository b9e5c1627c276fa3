"""The lattice: w = 1, and v a whole number found by lattice reduction.

sin 1, sin 2, … are linearly independent over the rationals (recalled: Lindemann and Weierstrass), so by
Kronecker's theorem multiples of (sin 1, …, sin K)/2π come near every point of the torus. The lattice of
`_decoder_lattice` finds them. Each cell may be met at the phase θ_k or at ½ − θ_k, which have the same sine:
where Babai's point misses the accuracy for one choice, another choice is tried.
"""

from collections.abc import Sequence
from math import pi
from typing import ClassVar

import numpy as np
from flint import fmpq, fmpz

from ratelab._errors import UserError
from ratelab.networks._decoder_code import (
    SineCode,
    checked_cells,
    checked_values,
    phases,
    scale_above,
    verified,
)
from ratelab.networks._decoder_lattice import Lattice, reduced_lattice, unit_phases
from ratelab.networks._numbers import rational
from ratelab.networks._sine_decoder import accuracy_bits

_GROWTH = (2, 3, 4, 6)
"""Bits of a phase beyond those of the accuracy: tried one after the other, the first one on small lattices only."""
_SMALL = 32
"""Cells up to which the fewest bits suffice."""
_CHOICES = 48
"""Choices of θ_k or ½ − θ_k that are tried on one lattice."""
_MOST_BITS = 4096
"""Largest K · bits whose reduction is a matter of seconds."""


class LatticeDecoder:
    """Two sines with w = 1 and one whole number v of about K · (log₂(1/accuracy) + 3) bits, by lattice reduction.

    The reduced basis depends on the number of cells and the accuracy only and is kept. There is no proof beforehand
    that it succeeds; each code is verified in balls.
    """

    name: ClassVar[str] = "lattice"
    most_cells: ClassVar[int] = 64

    def inner(self, cells: int, accuracy: float) -> fmpq:
        """Return 1."""
        checked_cells(cells, accuracy, self.name, self.most_cells)
        return fmpq(1)

    def encode(self, values: Sequence[fmpq], accuracy: float) -> SineCode:
        """Return u and v with |u · sin(v · sin k) − r_k| ≤ accuracy · max |r| for all cells k.

        Raises
        ------
        UserError
            If there is no cell or too many, the accuracy lies outside (0, 1) or takes too many bits, or no v was found.
        """
        given = checked_values(values, accuracy, self.name, self.most_cells)
        cells, bits = len(given), accuracy_bits(accuracy)
        if cells * (bits + _GROWTH[0]) > _MOST_BITS:
            raise UserError(
                f"the decoder 'lattice' finds at most {_MOST_BITS:,} bits; {cells} cells to accuracy {accuracy:.1e} "
                f"take {cells * (bits + _GROWTH[0]):,}, which the decoder 'closed-form' has"
            )
        scale = scale_above(given)
        if not scale:
            return SineCode(cells, fmpq(0), fmpq(1), fmpq(0), 0.0, 53)
        most = rational(accuracy) * max(abs(value) for value in given)
        for growth in _GROWTH[cells > _SMALL :]:
            lattice = reduced_lattice(cells, (cells + 1) * (bits + growth))
            for outer in _candidates(lattice, given, scale, accuracy):
                code = verified(given, scale, fmpq(1), fmpq(outer))
                if code.within(most):
                    return code
        raise UserError(
            f"the decoder 'lattice' found no v for {cells} cells to accuracy {accuracy:.1e}; "
            "the decoder 'closed-form' always has one"
        )


def _candidates(lattice: Lattice, values: Sequence[fmpq], scale: fmpq, accuracy: float) -> list[int]:
    """Return whole numbers that seem to decode the values, by float64 estimates; the first one suffices."""
    ones = fmpz(1) << lattice.places
    exact = phases(values, scale, lattice.places)
    slopes = 2 * pi * np.sqrt(np.maximum(1 - unit_phases(values, scale) ** 2, 0))
    random = np.random.default_rng(0)
    for trial in range(_CHOICES):
        flips = random.integers(0, 2, len(exact)) * (trial > 0)
        chosen = [(ones >> 1) - phase if flip else phase for phase, flip in zip(exact, flips, strict=True)]
        multiple, missed = lattice.nearest(chosen)
        error = slopes * np.abs(missed) + (2 * pi * missed) ** 2 / 2
        if np.max(error) <= accuracy * (1 - 2.0**-20):
            return [multiple]
    return []
