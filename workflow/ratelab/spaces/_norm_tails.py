"""What is known about the errors of all sizes beyond a table: powers, geometric decay, zero."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, exp, floor, fsum, inf, isfinite, isnan, log, log1p
from typing import Literal

import numpy as np

from ratelab._errors import UserError
from ratelab.spaces._power_sums import log_shifted_power_sum

Certainty = Literal["certificate", "model"]

_FARTHEST = 1e18
"""Where a tail takes over from the table at the latest; both hold wherever this is."""


@dataclass(frozen=True)
class PowerTail:
    """Powers between which the error lies: lower·(m + shift)^(−exponent) ≤ E(m) ≤ upper·(m + shift)^(−exponent).

    Parameters
    ----------
    lower, upper
        Constants c and C, 0 ≤ c; c = 0 and C = ∞ say nothing.
    exponent
        β > 0, at both ends unless one of the next two is given.
    first
        Both inequalities hold for all sizes m ≥ first.
    lower_exponent, upper_exponent
        β of one end alone.
    lower_shift, upper_shift
        Added to the size m; first + shift is positive.
    certainty
        ``certificate`` if both inequalities are proved, ``model`` if they are fitted.
    """

    lower: float
    upper: float
    exponent: float
    first: int
    lower_exponent: float | None = None
    upper_exponent: float | None = None
    lower_shift: float = 0.0
    upper_shift: float = 0.0
    certainty: Certainty = "certificate"

    def __post_init__(self) -> None:
        """Check ranges."""
        _check_ends("power", self.lower, self.upper, self.first)
        for end in self.ends:
            if end is None:
                continue
            if not 0 < end.exponent < inf:
                raise UserError(f"power tail: exponent is {end.exponent}; allowed: above 0, finite")
            if not 0 < self.first + end.shift < inf:
                raise UserError(
                    f"power tail: first size {self.first} and shift {end.shift} add up to {self.first + end.shift}; "
                    "allowed: above 0"
                )
        _check_order("power", self.ends, self.first)

    @property
    def ends(self) -> "tuple[_Power | None, _Power | None]":
        """Lower and upper end; None for one that says nothing."""
        low, high = (
            self.exponent if own is None else own for own in (self.lower_exponent, self.upper_exponent)
        )
        return (
            _Power(self.lower, low, self.lower_shift) if self.lower > 0 else None,
            _Power(self.upper, high, self.upper_shift) if self.upper < inf else None,
        )


@dataclass(frozen=True)
class GeometricTail:
    """Geometric sequences between which the error lies: lower·ratio^m ≤ E(m) ≤ upper·ratio^m for all m ≥ first.

    Parameters
    ----------
    lower, upper
        Constants, 0 ≤ lower; 0 and ∞ say nothing.
    ratio
        Above 0 and below 1.
    first
        Size from which on the inequalities hold.
    certainty
        ``certificate`` if both are proved, ``model`` if they are fitted.
    """

    lower: float
    upper: float
    ratio: float
    first: int
    certainty: Certainty = "certificate"

    def __post_init__(self) -> None:
        """Check ranges."""
        _check_ends("geometric", self.lower, self.upper, self.first)
        if not 0 < self.ratio < 1:
            raise UserError(f"geometric tail: ratio is {self.ratio}; allowed: above 0 and below 1")
        _check_order("geometric", self.ends, self.first)

    @property
    def ends(self) -> "tuple[_Geometric | None, _Geometric | None]":
        """Lower and upper end; None for one that says nothing."""
        return (
            _Geometric(self.lower, self.ratio) if self.lower > 0 else None,
            _Geometric(self.upper, self.ratio) if self.upper < inf else None,
        )


@dataclass(frozen=True)
class ZeroTail:
    """The error is 0 from a size on.

    Parameters
    ----------
    first
        That size.
    certainty
        ``certificate`` if that is proved.
    """

    first: int
    certainty: Certainty = "certificate"

    def __post_init__(self) -> None:
        """Check the range."""
        _check_ends("zero", 0.0, 0.0, self.first)

    @property
    def ends(self) -> "tuple[None, _Zero]":
        """No lower end, and 0 above."""
        return None, _Zero()


OneTail = PowerTail | GeometricTail | ZeroTail
Tail = OneTail | Sequence[OneTail]
"""One tail, or several of which each holds."""


def all_tails(tail: "Tail | None") -> tuple[OneTail, ...]:
    """Return the tails one by one."""
    if tail is None:
        return ()
    every = (tail,) if isinstance(tail, OneTail) else tuple(tail)
    for one in every:
        if not isinstance(one, OneTail):
            raise UserError(
                f"a tail is {one!r}; allowed: PowerTail, GeometricTail, ZeroTail, several of them, or None"
            )
    low = max((end.rate for one in every if (end := one.ends[1]) is not None), default=0.0)
    high = min((end.rate for one in every if (end := one.ends[0]) is not None), default=inf)
    if low > high * (1 + _ROUNDING):
        raise UserError(
            f"tails contradict each other: by one the error decays like n^(−{low:g}), by another not faster than "
            f"n^(−{high:g})"
        )
    return every


_ROUNDING = 1e-9


def critical_alpha(tail: "Tail | None") -> tuple[float, float]:
    """Return (low, high), between which tails put α*, the supremum of the α for which A^α_q holds the function.

    An upper end C·m^(−β) puts it at β or above, a lower end at β or below; geometric decay and zero at ∞. (0, ∞) if
    nothing is known.

    Parameters
    ----------
    tail
        Certificates or models; the answer is of the same kind.
    """
    ends = [one.ends for one in all_tails(tail)]
    low = max((end.rate for _, end in ends if end is not None), default=0.0)
    return low, min((end.rate for end, _ in ends if end is not None), default=inf)


@dataclass(frozen=True)
class _Power:
    constant: float
    exponent: float
    shift: float

    @property
    def rate(self) -> float:
        return self.exponent

    def log_at(self, m: float) -> float:
        return log(self.constant) - self.exponent * log(m + self.shift)

    def log_norm(self, first: int, alpha: float, q: float, upper: bool) -> float:
        """Logarithm of the norm of all sizes m ≥ first; ∞ if that is infinite."""
        if q == inf:
            return self._log_supremum(first, alpha)
        if (self.exponent - alpha) * q <= 0:
            return inf
        total = log_shifted_power_sum(first, alpha, self.exponent, self.shift, q)
        return self.log_at(first) + alpha * log(first + 1) + (total - log(first + 1)) / q

    def _log_supremum(self, first: int, alpha: float) -> float:
        if alpha > self.exponent:
            return inf
        best = self.log_at(first) + alpha * log(first + 1)
        if alpha == self.exponent:  # (m + 1)/(m + shift) is monotone and tends to 1
            return max(best, log(self.constant))
        peak = (alpha * self.shift - self.exponent) / (self.exponent - alpha)
        near = [m for m in (floor(peak), ceil(peak)) if m > first]
        return max([best, *(self.log_at(m) + alpha * log(m + 1) for m in near)])

    def crossing(self, log_level: float) -> float:
        """A size near which the bound falls below a level."""
        exponent = (log(self.constant) - log_level) / self.exponent
        return _FARTHEST if exponent > log(_FARTHEST) else exp(exponent) - self.shift


@dataclass(frozen=True)
class _Geometric:
    constant: float
    ratio: float
    rate: float = inf

    def log_at(self, m: float) -> float:
        return log(self.constant) + m * log(self.ratio)

    def log_norm(self, first: int, alpha: float, q: float, upper: bool) -> float:
        start = self.log_at(first) + alpha * log(first + 1)
        if q == inf:  # (m + 1)^α·ratio^m rises up to m + 1 = −α/log ratio
            peak = -alpha / log(self.ratio) - 1
            near = [m for m in (floor(peak), ceil(peak)) if m > first]
            return max([start, *(self.log_at(m) + alpha * log(m + 1) for m in near)])
        total = self._sum(first, alpha * q - 1, -q * log(self.ratio), upper)
        return start + (log(total) - log(first + 1)) / q

    def _sum(self, first: int, power: float, decay: float, upper: bool) -> float:
        """Σ_{k≥0} ((first + 1 + k)/(first + 1))^power·e^(−decay·k), until the rest is negligible or bounded."""
        total, begin, block = 0.0, 0, 4096
        while True:
            k = np.arange(begin, begin + block, dtype=np.float64)
            terms = np.exp(power * np.log1p(k / (first + 1)) - decay * k)
            total = fsum([total, *terms.tolist()])
            begin += block
            growth = decay - max(power, 0.0) * log1p(1 / (first + begin))  # of all later terms at least
            if growth > 0:
                rest = float(terms[-1]) / growth
                if rest <= 1e-17 * total:
                    return total
            if begin > _MOST_TERMS:
                bound = total + rest if growth > 0 else inf
                return bound if upper else total
            block = min(2 * block, 1 << 18)

    def crossing(self, log_level: float) -> float:
        return min((log_level - log(self.constant)) / log(self.ratio), _FARTHEST)


_MOST_TERMS = 1 << 22


@dataclass(frozen=True)
class _Zero:
    rate: float = inf

    def log_at(self, m: float) -> float:
        return -inf

    def log_norm(self, first: int, alpha: float, q: float, upper: bool) -> float:
        return -inf

    def crossing(self, log_level: float) -> float:
        return 0.0


_NEAR = 1e-9
"""Logarithms that differ by less are equal but for rounding."""


End = _Power | _Geometric | _Zero


def _check_ends(kind: str, lower: float, upper: float, first: int) -> None:
    if isnan(lower) or isnan(upper) or lower < 0 or not lower <= inf or not isfinite(lower):
        raise UserError(f"{kind} tail: constants are {lower} and {upper}; allowed: 0 ≤ lower, both numbers")
    if upper < 0 or (kind != "zero" and upper == 0):
        raise UserError(f"{kind} tail: upper constant is {upper}; allowed: above 0, and ZeroTail for 0")
    if first != int(first) or first < 0:
        raise UserError(f"{kind} tail: first size is {first}; allowed: whole numbers from 0 on")


def _check_order(kind: str, ends: tuple[End | None, End | None], first: int) -> None:
    low, high = ends
    if low is None or high is None:
        return
    if low.rate < high.rate or low.log_at(first) > high.log_at(first) + _NEAR:
        raise UserError(
            f"{kind} tail: the lower end is above the upper one at size {first} or at large sizes; allowed: lower "
            "ends below the upper ones, that decay at least as fast"
        )
