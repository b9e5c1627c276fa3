"""Codes of two sines: cell k holds u · sin(v · sin(w k)), evaluated in balls at a precision of the code's own."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf, nextafter

from flint import arb, ctx, fmpq, fmpz

from ratelab._errors import UserError
from ratelab.networks._numbers import dyadic, rational

GUARD = 128
"""Good bits of v · sin(w k) after the point; those of a decoded value are twice as many, less what balls grow."""
FINEST = 2.0**-200
"""No decoder is asked for a finer accuracy: balls of decoded values resolve it."""


@contextmanager
def working_precision(bits: int) -> Iterator[None]:
    """Set python-flint's working precision, one number for the whole process, inside a ``with``."""
    former = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = former


@dataclass(frozen=True)
class SineCode:
    """Cell values as u · sin(v · sin(w k)); see `GradeCode`.

    Parameters
    ----------
    cells
        K.
    scale, inner, outer
        u, w and v.
    tolerance
        Proved bound of |decoded value − given value| over all cells.
    precision
        Bits at which an evaluation keeps `tolerance`. Balls are computed at `needed_precision`, whatever it is.
    """

    cells: int
    scale: fmpq
    inner: fmpq
    outer: fmpq
    tolerance: float
    precision: int

    @property
    def sines(self) -> bool:
        """True: two sines decode it."""
        return True

    @property
    def bits(self) -> int:
        """Bits of the longer one of w and v, without sign and exponent; 0 if nothing is decoded."""
        return max(length(self.inner), length(self.outer)) if self.outer else 0

    def within(self, most: fmpq) -> bool:
        """Return whether `tolerance` is at most a number."""
        return self.tolerance < inf and bool(rational(self.tolerance) <= most)

    @cached_property
    def _balls(self) -> tuple[arb, ...]:
        if not self.scale:
            return (arb(0),) * self.cells
        return tuple(self._value(sine) for sine in inner_sines(self.inner, self.cells, self._working))

    @cached_property
    def _working(self) -> int:
        return needed_precision(self.inner, self.outer, self.cells)

    def _value(self, sine: arb) -> arb:
        with working_precision(self._working):
            phase = arb(self.outer) * sine / (2 * arb.pi())
            phase -= nearest_integer(phase)
        with working_precision(2 * GUARD):
            return arb(self.scale) * (2 * phase).sin_pi()

    def decoded(self) -> Sequence[arb]:
        """Return the decoded values of cells 1 … K as balls of radius at most 2^-100 · scale."""
        return self._balls

    def at(self, position: fmpq) -> arb:
        """Return u · sin(v · sin(w · position)) as a ball, for any position in [0, K + 1].

        Raises
        ------
        UserError
            If the position lies outside.
        """
        where = checked_position(position, self.cells)
        if not self.scale:
            return arb(0)
        with working_precision(self._working):
            sine = (arb(self.inner) * arb(where)).sin()
        return self._value(sine)


def inner_sines(inner: fmpq, cells: int, precision: int) -> Iterator[arb]:
    """Yield sin(w k) for k = 1 … K by the recurrence s_(k+1) = 2 cos(w) s_k − s_(k−1), in balls.

    The radius grows by at most 1 + √2 a step, that is 4/3 bits, which are added to the precision.
    """
    precision += 4 * cells // 3 + 16
    with working_precision(precision):
        current, cosine = arb(inner).sin_cos()
        double, former = 2 * cosine, arb(0)
    yield current
    for _ in range(cells - 1):
        with working_precision(precision):
            current, former = double * current - former, current
        yield current


def length(number: fmpq) -> int:
    """Return the bits of a dyadic number's odd mantissa; of a ratio, those of the longer of its two integers."""
    if not number:
        return 0
    denominator = number.q
    if denominator & (denominator - 1) != 0:
        return max(number.p.bit_length(), denominator.bit_length())
    numerator = abs(number.p)
    return int(numerator.bit_length() - (numerator & -numerator).bit_length() + 1)


def needed_precision(inner: fmpq, outer: fmpq, cells: int) -> int:
    """Return the bits at which v · sin(w k), |w k| < 1 or not, is known to 2^-128 and all of v is kept."""
    reach = min(abs(inner) * (cells + 1), fmpq(1))
    size = abs(outer) * reach
    whole = max((size.p // size.q).bit_length(), 0)
    return max(int(whole) + 64, outer.p.bit_length(), inner.p.bit_length()) + GUARD


def verified(
    values: Sequence[fmpq], scale: fmpq, inner: fmpq, outer: fmpq, precision: int | None = None
) -> SineCode:
    """Return the code of u, w, v with its tolerance measured: all cells decoded in balls, the farthest distance.

    Parameters
    ----------
    precision
        Of the code; by default the one of its balls.
    """
    enough = needed_precision(inner, outer, len(values))
    code = SineCode(len(values), scale, inner, outer, inf, precision or enough)
    final = replace(code, tolerance=farthest(code.decoded(), values))
    final.__dict__["_balls"] = code._balls
    return final


def farthest(balls: Sequence[arb], values: Sequence[fmpq]) -> float:
    """Return a float64 upper bound of the largest distance between balls and numbers."""
    worst = arb(0)
    with working_precision(2 * GUARD):
        for found, value in zip(balls, values, strict=True):
            distance = arb((found - arb(value)).abs_upper())
            if not distance.is_finite():
                return inf
            worst = worst.max(distance)
        bound = float(worst.upper())
    return nextafter(bound, inf) if worst else 0.0  # a ball that float64 rounds to 0 is none


def checked_values(values: Sequence[fmpq], accuracy: float, name: str, most_cells: int) -> tuple[fmpq, ...]:
    """Return cell values as rationals, after a look at their number and at the accuracy."""
    found = tuple(rational(value) for value in values)
    checked_cells(len(found), accuracy, name, most_cells)
    return found


def checked_cells(cells: int, accuracy: float, name: str, most_cells: int) -> None:
    """Stop unless 1 ≤ K ≤ most_cells and 2^-200 ≤ accuracy < 1.

    Raises
    ------
    UserError
        Otherwise.
    """
    if not 1 <= cells <= most_cells:
        more = "" if name == "table" or not cells else "; the decoder 'table' takes up to 1,000,000"
        raise UserError(
            f"the decoder '{name}' was given {cells:,} cells, and takes 1 to {most_cells:,}{more}"
        )
    if not FINEST <= accuracy < 1:
        raise UserError(f"a decoder's accuracy is {accuracy:.3g}; allowed: from 2^-200 on, below 1")


def checked_position(position: fmpq, cells: int) -> fmpq:
    """Return a position in [0, K + 1] as a rational.

    Raises
    ------
    UserError
        If it lies outside.
    """
    where = rational(position)
    if not 0 <= where <= cells + 1:
        raise UserError(
            f"position {where} lies outside [0, {cells + 1}], where the code of {cells} cells lives"
        )
    return where


def scale_above(values: Sequence[fmpq]) -> fmpq:
    """Return a dyadic u of at most 25 bits with max |r| (1 + 2^-25) ≤ u ≤ max |r| (1 + 2^-22), or 0 if all vanish.

    u exceeds every value, so that the arcsine's argument stays below 1.
    """
    largest = max(abs(value) for value in values)
    if not largest:
        return fmpq(0)
    shift = largest.p.bit_length() - largest.q.bit_length() - 24
    mantissa = (largest / dyadic(1, shift)).floor()
    return dyadic(fmpz(mantissa) + 2, shift)


def phases(values: Sequence[fmpq], scale: fmpq, bits: int) -> list[fmpz]:
    """Return arcsin(r_k / u) / 2π in units of 2^-bits turns, rounded to nearest up to 2^-60 of a unit."""
    with working_precision(bits + 96):
        turn = arb(dyadic(1, bits)) / (2 * arb.pi())
        return [nearest_integer(arb(value / scale).asin() * turn) for value in values]


def nearest_dyadic(number: arb, places: int) -> fmpq:
    """Return a ball's middle, rounded to a multiple of 2^-places."""
    return dyadic(nearest_integer(number, places), -places)


def nearest_integer(number: arb, places: int = 0) -> fmpz:
    """Return the integer nearest to a ball's middle times 2^places, by shifts alone: nothing is rounded before."""
    mantissa, exponent = number.mid().man_exp()
    shift = -(int(exponent) + places)
    if shift <= 0:
        return fmpz(mantissa) << -shift
    return (fmpz(mantissa) + (fmpz(1) << (shift - 1))) >> shift
