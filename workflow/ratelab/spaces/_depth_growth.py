"""Depth growth: how many layers networks of size n may have, and which growth functions are comparable."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, exp, floor, inf, isfinite, log
from numbers import Integral
from typing import Literal

from ratelab._errors import UserError
from ratelab.registry import Parameter, label, parse_label

Kind = Literal["constant", "logarithmic", "power", "unbounded"]
Number = int | float | Fraction

_RANK: Mapping[str, int] = {"constant": 0, "logarithmic": 1, "power": 2, "unbounded": 3}
_KEYS: Mapping[str, tuple[str, ...]] = {
    "constant": ("depth",), "log": ("factor", "base"), "linear": ("factor",), "power": ("exponent", "factor"),
    "unbounded": (),
}  # fmt: skip
_LARGEST = 100


@dataclass(frozen=True)
class DepthGrowth:
    """A non-decreasing function ℒ from sizes n ≥ 1 to numbers of affine layers, 1 … ∞.

    Make one with `constant`, `logarithmic`, `linear`, `power`, `unbounded` or `parse`.

    Parameters
    ----------
    kind
        ``constant`` ℒ(n) = factor; ``logarithmic`` ⌊factor · log_base n⌋; ``power`` ⌊factor · n^exponent⌋ (linear for
        exponent 1); ``unbounded`` ∞. The two in the middle are at least 1.
    factor, base, exponent
        Rationals; those that the kind does not use stay 1, 2 and 1.

    Raises
    ------
    UserError
        For an unknown kind or a number outside its range.
    """

    kind: Kind
    factor: Fraction = Fraction(1)
    base: Fraction = Fraction(2)
    exponent: Fraction = Fraction(1)

    def __post_init__(self) -> None:
        """Make every number a Fraction and check its range."""
        if self.kind not in _RANK:
            raise UserError(f"depth growth is of kind '{self.kind}'; allowed: {', '.join(_RANK)}")
        for name in ("factor", "base", "exponent"):
            object.__setattr__(self, name, _rational(name, getattr(self, name)))
        if self.kind == "constant" and (self.factor.denominator != 1 or self.factor < 1):
            raise UserError(
                f"depth growth: a constant depth is {self.factor}; allowed: whole numbers from 1 on"
            )
        for name, low in (("factor", 0), ("base", 1), ("exponent", 0)):
            if getattr(self, name) <= low:
                raise UserError(f"depth growth: {name} is {getattr(self, name)}; allowed: above {low}")
        if self.kind != "constant":
            for name in ("factor", "base", "exponent"):
                value = getattr(self, name)
                if max(value.numerator, value.denominator) > _LARGEST:
                    raise UserError(
                        f"depth growth: {name} is {value}; allowed: fractions of numbers up to {_LARGEST}"
                    )

    @classmethod
    def constant(cls, depth: int) -> "DepthGrowth":
        """Return ℒ(n) = depth."""
        if isinstance(depth, bool) or not isinstance(depth, int):
            raise UserError(f"depth growth: a constant depth is {depth!r}; allowed: whole numbers from 1 on")
        return cls("constant", Fraction(depth))

    @classmethod
    def logarithmic(cls, factor: Number = 1, base: Number = 2) -> "DepthGrowth":
        """Return ℒ(n) = max(1, ⌊factor · log_base n⌋)."""
        return cls("logarithmic", _rational("factor", factor), _rational("base", base))

    @classmethod
    def linear(cls, factor: Number = 1) -> "DepthGrowth":
        """Return ℒ(n) = max(1, ⌊factor · n⌋)."""
        return cls("power", _rational("factor", factor))

    @classmethod
    def power(cls, exponent: Number, factor: Number = 1) -> "DepthGrowth":
        """Return ℒ(n) = max(1, ⌊factor · n^exponent⌋)."""
        return cls("power", _rational("factor", factor), exponent=_rational("exponent", exponent))

    @classmethod
    def unbounded(cls) -> "DepthGrowth":
        """Return ℒ(n) = ∞."""
        return cls("unbounded")

    @classmethod
    def parse(cls, text: "str | int | DepthGrowth") -> "DepthGrowth":
        """Return the growth of a label: ``4``, ``log(base=3)``, ``linear``, ``power(exponent=1/2)``, ``unbounded``.

        Raises
        ------
        UserError
            If the text is no such label.
        """
        if isinstance(text, DepthGrowth):
            return text
        if not isinstance(text, str):
            if isinstance(text, bool) or not isinstance(text, Integral):
                raise UserError(
                    f"depth growth is {text!r}; allowed: a whole number from 1 on, or a label such as log"
                )
            return cls.constant(int(text))
        if text.strip().isdecimal():
            return cls.constant(int(text))
        name, given = parse_label(text)
        if name not in _KEYS or name == "constant" or not set(given) <= set(_KEYS[name]):
            raise UserError(
                f"'{text}' is no depth growth; allowed: a whole number from 1 on, log(factor=1,base=2), "
                "linear(factor=1), power(exponent=1/2,factor=1), unbounded"
            )
        numbers = {key: _rational(key, value) for key, value in given.items()}
        if name == "unbounded":
            return cls.unbounded()
        if name == "power" and "exponent" not in numbers:
            raise UserError(f"'{text}': a power needs its exponent, as in power(exponent=1/2)")
        return cls("logarithmic" if name == "log" else "power", **numbers)

    @property
    def label(self) -> str:
        """The text that `parse` reads."""
        if self.kind == "constant":
            return str(self.factor)
        if self.kind == "unbounded":
            return "unbounded"
        name = "log" if self.kind == "logarithmic" else "linear" if self.exponent == 1 else "power"
        usual = {"factor": Fraction(1), "base": Fraction(2), "exponent": Fraction(1)}
        return label(
            name, {key: _short(getattr(self, key)) for key in _KEYS[name] if getattr(self, key) != usual[key]}
        )

    def __call__(self, n: int) -> float:
        """Return ℒ(n), exactly: a whole number, or ∞ as a float.

        Raises
        ------
        UserError
            If n is not at least 1.
        """
        if isinstance(n, bool) or n != int(n) or n < 1:
            raise UserError(f"depth growth: size is {n}; allowed: whole numbers from 1 on")
        n = int(n)
        if self.kind == "unbounded":
            return inf
        if self.kind == "constant":
            return int(self.factor)
        if self.kind == "logarithmic":
            estimate = float(self.factor) * log(n) / log(float(self.base))
        else:
            estimate = exp(log(self.factor) + float(self.exponent) * log(n))
        value = floor(estimate)
        while not self._reaches(n, value):
            value -= 1
        while self._reaches(n, value + 1):
            value += 1
        return max(1, value)

    def _reaches(self, n: int, depth: int) -> bool:
        """Whether factor·log_base n, or factor·n^exponent, is at least `depth`, in integers."""
        if depth <= 0:
            return True
        factor = self.factor
        if self.kind == "logarithmic":  # base^(depth·q) ≤ n^p for factor p/q
            whole = depth * factor.denominator
            return bool(self.base.numerator**whole <= n**factor.numerator * self.base.denominator**whole)
        order = self.exponent.denominator
        return bool(Fraction(depth) ** order <= factor**order * n**self.exponent.numerator)

    @property
    def supremum(self) -> float:
        """The largest depth over all sizes: a whole number, or ∞."""
        return int(self.factor) if self.kind == "constant" else inf

    @property
    def linear_at_least(self) -> bool:
        """Whether ℒ(n) ≥ c·n for some c > 0: then the depth is no restriction (see `restricts`)."""
        return self.kind == "unbounded" or (self.kind == "power" and self.exponent >= 1)

    def first(self, depth: int) -> float:
        """Return the least n ≥ 1 with ℒ(n) ≥ depth; ∞ if there is none."""
        if depth > self.supremum:
            return inf
        high = 1
        while self(high) < depth:
            high *= 2
        low = high // 2
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self(middle) >= depth else (middle, high)
        return high

    def dilation(self, other: "DepthGrowth") -> int | None:
        """Return a whole number c ≥ 1 with ℒ(n) ≤ ℒ'(c·n) for all n ≥ 1, ℒ' the `other`; None if there is none.

        That is ℒ ≼ ℒ'. c·n adds a constant to a logarithm and a factor to a power, so logarithms compare by
        factor / log base, powers by their exponents.
        """
        if other.kind == "unbounded":
            return 1
        if _RANK[self.kind] > _RANK[other.kind]:
            return None
        if self.kind == "constant":
            found = other.first(int(self.factor))
            return int(found) if isfinite(found) else None
        if self.kind == "logarithmic" and other.kind == "logarithmic":
            return 1 if _slower(self, other) else None
        if self.kind == "power" and self.exponent > other.exponent:
            return None
        return _factor(self, other)

    def precedes(self, other: "DepthGrowth") -> bool:
        """Return whether ℒ ≼ ℒ': ℒ(n) ≤ ℒ'(c·n) for some c and all large n."""
        return self.dilation(other) is not None

    def equivalent(self, other: "DepthGrowth") -> bool:
        """Return whether ℒ ~ ℒ': each precedes the other; then they give the same spaces."""
        return self.precedes(other) and other.precedes(self)

    def no_deeper(self, other: "DepthGrowth") -> bool:
        """Return whether every space of depth ℒ lies in that of depth ℒ', as far as depth decides.

        That is ℒ ≼ ℒ', or ℒ'(n) ≥ c·n: a network of n connections, or of n neurons, never needs more than n + 1 layers.
        """
        return other.linear_at_least or self.precedes(other)


def _slower(first: DepthGrowth, second: DepthGrowth) -> bool:
    """Whether factor/log base of the first is at most that of the second, in integers."""
    left, right = first.factor, second.factor
    return second.base ** (left.numerator * right.denominator) <= first.base ** (
        right.numerator * left.denominator
    )


def _factor(first: DepthGrowth, second: DepthGrowth) -> int:
    """Return c for a logarithm or a power in front of a power of at least that exponent."""
    order = float(second.exponent)
    if first.kind == "logarithmic":  # log n ≤ n^e / (e·exp 1)
        ratio = float(first.factor) / log(float(first.base)) / (order * exp(1))
    else:
        ratio = float(first.factor)
    needed = (ratio / float(second.factor)) ** (1 / order)
    if not needed < 2.0**62:
        raise UserError(f"depth growth: {first.label} and {second.label} compare by a factor above 2^62")
    return int(max(1, ceil(needed * (1 + 1e-9))))


def _rational(name: str, value: object) -> Fraction:
    """Return a number as a Fraction; a float stands for its shortest decimal."""
    if isinstance(value, bool) or not isinstance(value, int | float | Fraction):
        raise UserError(f"depth growth: {name} is {value!r}; allowed: a number")
    if not isfinite(value):
        raise UserError(f"depth growth: {name} is {value!r}; allowed: finite numbers")
    return Fraction(repr(value)) if isinstance(value, float) else Fraction(value)


def _short(value: Fraction) -> Parameter:
    return int(value) if value.denominator == 1 else value
