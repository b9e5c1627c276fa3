"""Half-spaces {x : normal·x ≥ offset}, and networks in coordinates in which they are boxes."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks import Layer, Network, _matrix, fraction, rational


@dataclass(frozen=True)
class HalfSpace:
    """The closed half-space {x ∈ R^d : normal·x ≥ offset}.

    Parameters
    ----------
    normal
        d numbers, not all 0; floats are taken as the dyadic rationals that they are.
    offset
        A number.

    Raises
    ------
    UserError
        If they are not like this.
    """

    normal: Sequence[Any]
    offset: Any

    def __post_init__(self) -> None:
        """Check the numbers."""
        given = np.asarray(self.normal, dtype=object)
        entries = [_number("normal", v, self.normal) for v in given.ravel()]
        _number("offset", self.offset, self.offset)
        if given.ndim != 1 or not any(entries):
            raise UserError(
                f"half-space: normal is {self.normal!r}; allowed: one or more finite numbers that are not all 0"
            )

    @property
    def dimension(self) -> int:
        """Number of variables d."""
        return len(self.normal)

    @property
    def axis(self) -> int | None:
        """The axis that the normal is parallel to, or None."""
        places = [i for i, v in enumerate(self.normal) if rational(v)]
        return places[0] if len(places) == 1 else None

    def box(self) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
        """Return the half-space as a box with ends (1, d), if it is parallel to an axis; else see `straightened`."""
        axis = self.axis
        low = np.full((1, self.dimension), -inf, dtype=object)
        high = np.full((1, self.dimension), inf, dtype=object)
        if axis is None:
            low[0, 0] = fraction(rational(self.offset))
            return low, high
        factor = rational(self.normal[axis])
        place = fraction(rational(self.offset) / factor)
        (low if factor > 0 else high)[0, axis] = place
        return low, high

    def straightened(self, network: Network) -> Network:
        """Return y ↦ network(T y) with (T y)·normal = y_1, in rationals, so that the half-space is {y_1 ≥ offset}.

        If p is the largest entry of the normal, T leaves all coordinates but x_p as they are (in place of the first
        one comes y_1), and x_p = (y_1 − Σ_{i ≠ p} normal_i x_i) / normal_p.
        """
        normal = [rational(v) for v in self.normal]
        d = len(normal)
        pivot = max(range(d), key=lambda i: abs(normal[i]))
        change = np.full((d, d), fmpq(0), dtype=object)
        others = [i for i in range(d) if i != pivot]
        change[pivot, 0] = 1 / normal[pivot]
        for column, i in enumerate(others, start=1):
            change[i, column] = fmpq(1)
            change[pivot, column] = -normal[i] / normal[pivot]
        first, *rest = network.rational().layers
        weight = _matrix.product(first.weight, change)
        return Network([Layer(weight, first.bias, first.activations, first.pooled), *rest])


def _number(name: str, value: Any, given: Any) -> fmpq:
    try:
        return rational(value)
    except UserError as error:
        raise UserError(f"half-space: {name} is {given!r}, and {error}") from None
