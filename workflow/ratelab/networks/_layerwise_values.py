"""A layer-wise network's full weight matrices in balls: rationals as far as ReLU goes, balls from the sines on.

Before the first sine all values are rational, so the steps are exact, on ramps too. Each sine works at the precision
that its own grade needs: sines of early grades are cheap, however long the last parameter is.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from flint import arb, fmpq
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks._ball import apply_ball
from ratelab.networks._decoder_code import working_precision
from ratelab.networks._layers import Layer, Readout
from ratelab.networks._layerwise_layers import outer
from ratelab.networks._sine import sine

if TYPE_CHECKING:
    from ratelab.networks._grade_code import GradeCode

_GUARD = 128
"""Bits beyond those of the outer factor, and of everything that is no sine."""
_TARGET = fmpq(1, 2**64)
"""Largest radius that is handed back, relative to the value's bound."""


class Row(NamedTuple):
    """One neuron's affine map by its non-zero weights."""

    weights: tuple[tuple[int, fmpq], ...]
    bias: fmpq

    @classmethod
    def all_of(cls, part: Layer | Readout) -> "list[Row]":
        """Return the rows of a rational layer or head."""
        return [
            cls(tuple((j, w) for j, w in enumerate(row) if w), b)
            for row, b in zip(part.weight, part.bias, strict=True)
        ]

    def __call__(self, values: Sequence[Any]) -> Any:
        """Return the pre-activation: a rational if all that is read is rational."""
        total: Any = self.bias
        for column, weight in self.weights:
            value = values[column]
            total = total + (weight * value if isinstance(value, fmpq) else arb(weight) * value)
        return total


def code_precision(code: "GradeCode") -> int:
    """Return the bits at which both sines of a grade leave an absolute error near 2^-100."""
    v = abs(outer(code))
    return max(int(v.p).bit_length() - int(v.q).bit_length(), 0) + _GUARD


class BallEvaluator:
    """Evaluates prefixes of a network of hidden layers and heads at rational points.

    Parameters
    ----------
    layers
        Hidden layers 1 … L + 2.
    heads
        Φ_0 … Φ_L.
    codes
        Of the grades 1 … L.
    bound
        No readout exceeds it in modulus.
    """

    def __init__(
        self, layers: Sequence[Layer], heads: Sequence[Readout], codes: "Sequence[GradeCode]", bound: fmpq
    ) -> None:
        self._layers = [(Row.all_of(layer), layer.activations) for layer in layers]
        self._heads = [Row.all_of(head)[0] for head in heads]
        self._precision = [code_precision(code) for code in codes]
        self._limit = arb(max(bound, fmpq(1)) * _TARGET)

    def __call__(self, points: Sequence[Sequence[fmpq]], levels: Sequence[int]) -> NDArray[np.object_]:
        """Return readouts (m, levels) as balls.

        Raises
        ------
        UserError
            If a ball is not small.
        """
        with working_precision(2 * _GUARD):
            result = np.empty((len(points), len(levels)), dtype=object)
            for index, point in enumerate(points):
                result[index] = self._at(point, levels)
            return result

    def _bits(self, grade: int) -> int:
        """Return the working precision of a grade's sines; there may be sines of grades that are not coded yet."""
        return self._precision[grade - 1] if 1 <= grade <= len(self._precision) else _GUARD

    def _at(self, point: Sequence[fmpq], levels: Sequence[int]) -> list[arb]:
        found = {}
        values: list[Any] = list(point)
        for t in range(1, max(levels) + 3):
            rows, activations = self._layers[t - 1]
            following: list[Any] = []
            for place, (row, activation) in enumerate(zip(rows, activations, strict=True)):
                if activation is sine:
                    grade = t - 1 if place == len(rows) - 2 else t - 2
                    with working_precision(self._bits(grade)):
                        following.append(arb(row(values)).sin())
                    continue
                value = row(values)
                if isinstance(value, fmpq):
                    following.append(max(value, fmpq(0)))
                else:
                    following.append(apply_ball(activation, value))
            values = following
            if t - 2 in levels:
                value = arb(self._heads[t - 2](values))
                if not value.rad() <= self._limit:
                    raise UserError(
                        f"readout {t - 2} came with a ball of radius {float(value.rad()):.3g}, more than its decoder "
                        "promises: its working precision does not suffice"
                    )
                found[t - 2] = value
        return [found[level] for level in levels]
