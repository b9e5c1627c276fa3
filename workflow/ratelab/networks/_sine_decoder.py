"""The closed form: cell values as one long number v, read by sin(v · sin(w k)).

*Identity.* Let Q = 2^c and w₀ = 2 arcsin(1/(2√Q)). Then cos w₀ = 1 − 1/(2Q), and

    sin(w₀ k) / sin(w₀) = p_k / Q^(k−1),    p_1 = 1,  p_2 = 2Q − 1,  p_(k+1) = (2Q − 1) p_k − Q² p_(k−1),

with integers p_k: Chebyshev polynomials of the second kind. Modulo Q, p_k = (−1)^(k−1), a unit.

*Digits.* Let v₀ = 2πn / (Q sin w₀) = 4πn / √(4Q − 1) with an integer n. Then v₀ sin(w₀ k) / 2π = n p_k / Q^k,
and modulo 1 this depends on n modulo Q^k only: on its k lowest digits in base Q. The k-th digit moves it
through all multiples of 1/Q. So the digits are chosen one after the other, and every phase θ_k is met up to
1/(2Q). n is taken in [−Q^K/2, Q^K/2).

*Rounding.* Write b for the bits of the accuracy, c = b + 2. Phases are first rounded to multiples of 2^(−c−8).
w is w₀ rounded to a multiple of 2^−(Kc − ⌊c/2⌋ + ℓ(K) + b + 6), with ℓ(K) = ⌊log₂ K⌋ + 1; as |v₀|/2π ≤ 0.53
Q^(K−1/2), this costs at most |v₀|/2π · K |w − w₀| ≤ 2^(−b−7) turns. v is v₀ rounded to a multiple of 2^−(b + 4
+ ℓ(K) − ⌊c/2⌋), which costs at most K w |v − v₀|/2π ≤ 2^(−b−7) turns. So the phase is off by at most 2^(−b−3) +
2^(−b−11) + 2^(−b−6) turns, and the value by 2π u times that, at most 0.89 · 2^(−b) · max|r|, since u ≤ (1 +
2^−22) max|r|.

*Bits.* v has at most (K − 1)c + b + ℓ(K) + 8 bits and w as many: about K · log₂(1/accuracy), as few as K phases
of that accuracy can be stored in. With w = 2^−s instead, a sine's Taylor polynomials in place of Chebyshev's
and no feedback of rounding, one needs about 2K² log₂ K bits.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import frexp
from typing import ClassVar

from flint import arb, fmpq, fmpz

from ratelab._errors import UserError
from ratelab.networks._decoder_code import (
    SineCode,
    checked_cells,
    checked_values,
    nearest_dyadic,
    phases,
    scale_above,
    verified,
    working_precision,
)
from ratelab.networks._numbers import rational

_SPARE = 8
"""Bits of a phase beyond those of a digit."""


class SineDecoder:
    """Two sines in closed form: w and v of about K · log₂(1/accuracy) bits each, found without a search.

    w = 2 arcsin(2^(−c/2−1)) and v = 4πn / √(2^(c+2) − 1), rounded, where the digits of the integer n in base 2^c are
    the phases; the proof is in ``docs/decoders.md``.
    """

    name: ClassVar[str] = "closed-form"
    most_cells: ClassVar[int] = 4096

    def inner(self, cells: int, accuracy: float) -> fmpq:
        """Return w, a dyadic number that depends on the number of cells and the accuracy only."""
        checked_cells(cells, accuracy, self.name, self.most_cells)
        return _inner(cells, accuracy_bits(accuracy))

    def encode(self, values: Sequence[fmpq], accuracy: float) -> SineCode:
        """Return u, w and v with |u · sin(v · sin(w k)) − r_k| ≤ accuracy · max |r| for all cells k.

        The bound is proved, and measured besides: `tolerance` is the farthest of all decoded balls.

        Raises
        ------
        UserError
            If there is no cell or too many, or the accuracy lies outside (0, 1).
        """
        given = checked_values(values, accuracy, self.name, self.most_cells)
        inner, scale = self.inner(len(given), accuracy), scale_above(given)
        if not scale:
            return SineCode(len(given), fmpq(0), inner, fmpq(0), 0.0, 53)
        outer = _outer(given, scale, accuracy_bits(accuracy))
        code = verified(given, scale, inner, outer)
        if not code.within(rational(accuracy) * max(abs(value) for value in given)):
            raise UserError(
                f"the bound of the decoded values, {accuracy:.3g} of the largest of {len(given)} values, is no float64 "
                "number; give values and an accuracy nearer to 1"
            )
        return code


def accuracy_bits(accuracy: float) -> int:
    """Return the smallest b with 2^-b ≤ accuracy."""
    return 1 - frexp(accuracy)[1]


@lru_cache(maxsize=64)
def _inner(cells: int, bits: int) -> fmpq:
    c = bits + 2
    places = cells * c - c // 2 + cells.bit_length() + bits + 6
    with working_precision(places + 64):
        half = arb(fmpq(1, 2)) / (arb(2) ** c).sqrt()
        return nearest_dyadic(2 * half.asin(), places)


def _outer(values: Sequence[fmpq], scale: fmpq, bits: int) -> fmpq:
    c, cells = bits + 2, len(values)
    number = _digits(phases(values, scale, c + _SPARE), c)
    places = bits + 4 + cells.bit_length() - c // 2
    with working_precision(cells * c + max(places, 0) + 64):
        root = (4 * arb(2) ** c - 1).sqrt()
        return nearest_dyadic(4 * arb.pi() * arb(number) / root, places)


def _digits(targets: Sequence[fmpz], c: int) -> fmpz:
    """Return n with n p_k / Q^k ≡ θ_k modulo 1 up to 1/(2Q), for phases in units of 2^(−c−8) turns."""
    number, factor, former = fmpz(0), fmpz(1), fmpz(0)
    for index, target in enumerate(targets):
        below = c * index  # the place of digit number index + 1
        rest = (number * factor) & ((fmpz(1) << (below + c)) - 1)
        gap = (target << below) - (rest << _SPARE)
        digit = (gap + (fmpz(1) << (below + _SPARE - 1))) >> (below + _SPARE)
        digit = (-digit if index % 2 else digit) & ((fmpz(1) << c) - 1)
        number += digit << below
        factor, former = (factor << (c + 1)) - factor - (former << (2 * c)), factor
    modulus = fmpz(1) << (c * len(targets))
    return number - modulus if 2 * number >= modulus else number
