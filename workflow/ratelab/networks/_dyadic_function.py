"""A function on [0, 1] that is made of affine images of itself, in rational numbers.

On the copy that starts at s the function is f(s + wu) = h·f(u) + A + Bu (h·f(1 − u) + A + Bu on a mirror image), and
between the copies it is affine. So mean, first moment and energy solve linear equations, and are rational if the data
are. Floats are taken as the rationals that they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import inf, sqrt
from typing import NamedTuple

import numpy as np

from ratelab._errors import UserError
from ratelab.registry import Target

_SIMPLE = 4096
"""Numbers within rounding of a fraction with at most this denominator are taken to be that fraction."""
_ROUNDING = Fraction(4, 10**16)

Ends = tuple[Fraction, Fraction]


class Moments(NamedTuple):
    """∫f, ∫(x − ½)f and ∫f² over [0, 1]."""

    mean: Fraction
    tilt: Fraction
    energy: Fraction


@dataclass(frozen=True)
class SelfSimilarFunction:
    """A function on [0, 1] made of copies of itself, given by its values where copies begin and end.

    Parameters
    ----------
    starts, width, reflected
        Left ends, common length and orientation of the copies, as in `registry.SelfSimilar`.
    height
        h, the factor of f on every copy, 0 < h, with m·h²·w < 1 for m copies.
    ends
        f at the two ends of every copy (limits from inside where f jumps).
    outer
        f(0) and f(1).
    exact
        Whether the numbers are those of the function; otherwise they are rounded ones.
    """

    starts: tuple[Fraction, ...]
    width: Fraction
    reflected: tuple[bool, ...]
    height: Fraction
    ends: tuple[Ends, ...]
    outer: Ends
    exact: bool = True

    def __post_init__(self) -> None:
        """Check the numbers."""
        copies = len(self.starts)
        if copies < 2 or len(self.reflected) != copies or len(self.ends) != copies:
            raise UserError(
                f"self-similar function: {copies} starts, {len(self.reflected)} orientations and {len(self.ends)} "
                "pairs of values; allowed: one of each for two copies or more"
            )
        if not (self.height > 0 and copies * self.width * self.height**2 < 1):
            raise UserError(
                f"self-similar function: height is {float(self.height)}; allowed: above 0, and so small that the "
                "copies together have less energy than the whole"
            )

    @classmethod
    def of(cls, target: Target) -> "SelfSimilarFunction | None":
        """Return the function of a continuous self-similar target on [0, 1], or None if it is not one.

        Values at points that are no floats are found where the target is affine beside them; None if it is not.
        """
        similar = target.self_similar
        continuous = target.smoothness is not None and target.smoothness.hoelder > 0
        if similar is None or not continuous or target.domain != ((0.0, 1.0),):
            return None
        edges = [(start, start + similar.width) for start in similar.starts]
        marks = [(-_ONE, _ZERO), *edges, (_ONE, 1 + _ONE)]
        gaps = [(a[1], b[0]) for a, b in zip(marks, marks[1:], strict=False) if a[1] < b[0]]
        points = sorted({_ZERO, _ONE, *(end for edge in edges for end in edge)})
        values = {point: _value(target, point, gaps) for point in points}
        if any(value is None for value in values.values()):
            return None
        known = {point: value for point, value in values.items() if value is not None}
        height = _simple(similar.height)
        simple = [_simple(value) for value in known.values()]
        exact = height is not None and all(value is not None for value in simple)
        if exact:
            known = {p: v for p, v in zip(known, simple, strict=True) if v is not None}
        return cls(
            similar.starts,
            similar.width,
            similar.reflected,
            Fraction(similar.height) if height is None else height,
            tuple((known[a], known[b]) for a, b in edges),
            (known[_ZERO], known[_ONE]),
            exact,
        )

    @classmethod
    def takagi(cls, exponent: float | Fraction = 1) -> "SelfSimilarFunction":
        """Return T_a = Σ_{j≥1} 2^(−aj) Δ_j, a = `exponent` > 0; exact if a is a whole number."""
        if not 0 < exponent < inf:
            raise UserError(f"Takagi series: exponent is {exponent}; allowed: finite numbers above 0")
        whole = exponent == int(exponent)
        height = Fraction(1, 2 ** int(exponent)) if whole else Fraction(2.0 ** -float(exponent))
        half = Fraction(1, 2)
        return cls(
            (_ZERO, half),
            half,
            (False, True),
            height,
            ((_ZERO, height), (height, _ZERO)),
            (_ZERO, _ZERO),
            whole,
        )

    @property
    def copies(self) -> int:
        """Number m of copies."""
        return len(self.starts)

    @property
    def folded(self) -> bool:
        """Whether the copies fill [0, 1] and every second one is a mirror image, so that a zigzag maps them."""
        alternate = all(p != q for p, q in zip(self.reflected, self.reflected[1:], strict=False))
        return len(self.starts) * self.width == 1 and alternate

    @property
    def ratio(self) -> float:
        """Factor of the L2 norm of f when all copies shrink once: (m·w)^½·h, which is m^(−e) for the exponent e."""
        return sqrt(self.copies * self.width) * float(self.height)

    @cached_property
    def lines(self) -> tuple[Ends, ...]:
        """A and B of every copy."""
        found = []
        for (left, right), mirrored in zip(self.ends, self.reflected, strict=True):
            at_left, at_right = self.outer[::-1] if mirrored else self.outer
            first = left - self.height * at_left
            found.append((first, right - self.height * at_right - first))
        return tuple(found)

    @cached_property
    def gaps(self) -> tuple[tuple[Fraction, Fraction, Fraction, Fraction], ...]:
        """The intervals between copies, where f is affine: their ends, and the values there."""
        points: list[tuple[Fraction, Fraction]] = [(_ZERO, self.outer[0])]
        for start, (left, right) in zip(self.starts, self.ends, strict=True):
            points += [(start, left), (start + self.width, right)]
        points.append((_ONE, self.outer[1]))
        pairs = zip(points[::2], points[1::2], strict=True)
        return tuple((a, b, f, g) for (a, f), (b, g) in pairs if a < b)

    @cached_property
    def moments(self) -> Moments:
        """∫f, ∫(x − ½)f and ∫f², from the equations that the copies make of them."""
        w, h, half = self.width, self.height, Fraction(1, 2)
        means = [a + b / 2 for a, b in self.lines]
        signs = [-1 if mirrored else 1 for mirrored in self.reflected]
        fixed = sum(((b - a) * (f + g) / 2 for a, b, f, g in self.gaps), _ZERO)
        mean = (w * sum(means, _ZERO) + fixed) / (1 - self.copies * w * h)
        tilt = _ZERO
        for start, average, (_, slope) in zip(self.starts, means, self.lines, strict=True):
            centre = start + w / 2 - half
            tilt += w * (centre * (h * mean + average) + w * slope / 12)
        for a, b, f, g in self.gaps:
            tilt += (b - a) * (((a + b) / 2 - half) * (f + g) / 2 + (b - a) * (g - f) / 12)
        tilt /= 1 - sum(signs) * w * w * h
        energy = _ZERO
        for sign, average, (_, slope) in zip(signs, means, self.lines, strict=True):
            mixed = average * mean + sign * slope * tilt
            energy += w * (2 * h * mixed + average**2 + slope**2 / 12)
        energy += sum(((b - a) * (f * f + f * g + g * g) / 3 for a, b, f, g in self.gaps), _ZERO)
        return Moments(mean, tilt, energy / (1 - self.copies * w * h * h))

    @property
    def line(self) -> Ends:
        """Value at ½ and slope of the affine function that is nearest in L2."""
        return self.moments.mean, 12 * self.moments.tilt

    @property
    def roughness(self) -> float:
        """L2 distance to the nearest affine function."""
        mean, tilt, energy = self.moments
        return sqrt(energy - mean**2 - 12 * tilt**2)

    @property
    def bow(self) -> float:
        """L2 distance to the chord, the affine function with the same values at 0 and 1."""
        mean, tilt, energy = self.moments
        centre, slope = (self.outer[0] + self.outer[1]) / 2, self.outer[1] - self.outer[0]
        return sqrt(energy - 2 * (mean * centre + tilt * slope) + centre**2 + slope**2 / 12)

    @cached_property
    def largest(self) -> float:
        """A bound of |f|: values at copies' ends, and what the copies add to them."""
        values = [*self.outer, *(v for pair in self.ends for v in pair)]
        span = max(map(abs, (*values, *(v for a, b in self.lines for v in (a, a + b)))))
        return float(span / (1 - self.height)) if self.height < 1 else inf


_ZERO, _ONE = Fraction(0), Fraction(1)


def _simple(value: float | Fraction) -> Fraction | None:
    """Return the fraction with a small denominator that a number is within rounding, or None."""
    given = Fraction(value)
    near = given.limit_denominator(_SIMPLE)
    return near if abs(near - given) <= abs(given) * _ROUNDING else None


def _value(target: Target, point: Fraction, gaps: Sequence[Ends]) -> Fraction | None:
    """Return f at a rational point: exactly, as a float, or along the affine piece beside it."""
    if target.pieces is not None:
        return target.pieces(point)
    if Fraction(float(point)) == point:
        return Fraction(float(target(np.array([[float(point)]]))[0, 0]))
    for a, b in gaps:
        if point in (a, b):
            places = [float(a + (b - a) * Fraction(k, 8)) for k in (2, 6)]
            low, high = (Fraction(float(v)) for v in target(np.array(places)[:, None])[:, 0])
            first, second = map(Fraction, places)
            return low + (high - low) * (point - first) / (second - first)
    return None
