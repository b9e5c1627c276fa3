"""The next lower power as a limit: (ρ_r(x + h) − ρ_r(x))/(rh) → ρ_{r−1}(x) as h → 0, with its exact errors."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import comb, nextafter, sqrt
from typing import Any

from flint import fmpq

from ratelab._errors import UserError
from ratelab.networks._calculus_counts import Counts, kept
from ratelab.networks._network import Network
from ratelab.networks._numbers import fraction, is_exact, rational
from ratelab.networks._polynomial_networks import Term, as_power, shallow
from ratelab.registry import Activation

Polynomial = tuple[Fraction, ...]


def lower_power(
    activation: int | Activation, step: Any, *, at: Any = 0, scale: Any = 1, centred: bool = False
) -> Network:
    """Return the network scale·(ρ_r(x − at + h) − ρ_r(x − at))/(rh), near scale·(x − at)_+^(r−1) for small h.

    Two neurons, four connections, largest weight |scale|/(rh); rational if one of the numbers is a Fraction.

    Parameters
    ----------
    activation
        r ≥ 1, or an activation that is ρ_r.
    step
        h > 0.
    at, scale
        Knot and factor of the power.
    centred
        Take ρ_r(x − at + h/2) − ρ_r(x − at − h/2) instead, whose error is of order h² on bounded intervals if r ≥ 3.

    Raises
    ------
    UserError
        If a number is out of range.

    Notes
    -----
    See *Approximation spaces of deep neural networks* (Gribonval, Kutyniok, Nielsen, Voigtlaender 2022), powers of
    ReLU; recalled. `lower_power_errors` has the errors.
    """
    exponent, chosen = as_power("lower_power", activation)
    width, knot, factor = rational(step), rational(at), rational(scale)
    _check_step(width)
    start = width / 2 if centred else width
    outer = factor / (exponent * width)
    terms = [
        Term(outer, fmpq(1), start - knot),
        Term(-outer, fmpq(1), start - width - knot),
    ]
    network = shallow(terms, fmpq(0), chosen)
    exact = is_exact([step, at, scale])
    return kept("lower_power", network if exact else network.float64(), lower_power_bound())


def lower_power_bound() -> Counts:
    """Return the promise of `lower_power`: depth 2, 4 connections, 2 neurons."""
    return Counts(2, 4, 2)


@dataclass(frozen=True)
class LowerPowerErrors:
    """Exact errors of (ρ_r(x + h) − ρ_r(x))/(rh), or the centred difference, against x_+^(r−1) on an interval.

    Parameters
    ----------
    exponent
        r from 1 to 20.
    step
        h > 0.
    lower, upper
        Ends of the interval; the differences start within it: lower ≤ −h (−h/2 if centred), upper ≥ 0 (h/2).
    centred
        Which difference.

    Notes
    -----
    With y = x + h the forward difference is y^r/(rh) on [−h, 0] and exceeds x^(r−1) by e(x) = Σ_{k=2..r} C(r,k)
    x^(r−k) h^(k−1)/r for x ≥ 0, which increases. So the supremum is e(upper) for r ≥ 2 (h/2 for r = 2 whatever the
    interval), and 1 for r = 1, where the functions jump apart at 0. The centred difference, a = h/2, exceeds x^(r−1)
    by (x + a)^r/(2ra) − x^(r−1) on [0, a]. With u = x/a the derivative has the sign of (u + 1)^(r−1) − 2(r − 1)u^(r−2),
    which is (u − 1)² for r = 3 and at least (r − 1)(u − u^(r−2)) ≥ 0 for r ≥ 4, from two terms of the binomial
    expansion. For x ≥ a the excess is the sum over odd k ≥ 3 of C(r,k)
    x^(r−k) a^(k−1)/r. So the supremum is its value at the upper end for r ≥ 3, h/8 at 0 for r = 2, ½ for r = 1.
    """

    exponent: int
    step: Fraction
    lower: Fraction = Fraction(-1)
    upper: Fraction = Fraction(1)
    centred: bool = False

    def __post_init__(self) -> None:
        """Make the numbers exact and check them."""
        exponent, _ = as_power("lower_power_errors", self.exponent)
        step = rational(self.step)
        _check_step(step)
        for name, value in (("step", step), ("lower", rational(self.lower)), ("upper", rational(self.upper))):
            object.__setattr__(self, name, fraction(value))
        object.__setattr__(self, "exponent", exponent)
        before, after = (self.step / 2, self.step / 2) if self.centred else (self.step, Fraction(0))
        if not (self.lower <= -before and self.upper >= after and self.upper > 0):
            raise UserError(
                f"lower_power_errors: the interval is [{self.lower}, {self.upper}]; allowed with this step: "
                f"from {-before} or below to {after} or above"
            )

    @property
    def largest_weight(self) -> Fraction:
        """1/(rh), the weight behind the two neurons."""
        return 1 / (self.exponent * self.step)

    @property
    def supremum(self) -> Fraction:
        """Supremum of the modulus of the difference on the interval; exact."""
        r, h = self.exponent, self.step
        if r == 1:
            return Fraction(1, 2) if self.centred else Fraction(1)
        if r == 2 and self.centred:
            return h / 8
        return _value(self._pieces[-1][2], self.upper)

    @cached_property
    def squared(self) -> Fraction:
        """Square of the L2 norm of the difference on the interval; exact."""
        return sum((_square_integral(row, a, b) for a, b, row in self._pieces), Fraction(0))

    @property
    def mean_square(self) -> float:
        """The L2 norm of the difference on the interval, rounded upwards."""
        return _root_up(self.squared)

    @cached_property
    def _pieces(self) -> list[tuple[Fraction, Fraction, Polynomial]]:
        """Return (a, b, network − power) on the intervals where both are polynomials and do not vanish."""
        r, h = self.exponent, self.step
        start = h / 2 if self.centred else h
        end = start - h  # the second power starts at −end
        weight = 1 / (r * h)
        rising = _shifted(r, start, weight)
        both = tuple(p - q for p, q in zip(rising, _shifted(r, end, weight), strict=True))
        target = tuple(Fraction(k == r - 1) for k in range(r + 1))

        def minus(row: Polynomial) -> Polynomial:
            return tuple(p - q for p, q in zip(row, target, strict=True))

        pieces = [
            (-start, Fraction(0), rising),
            (Fraction(0), -end, minus(rising)),
            (-end, self.upper, minus(both)),
        ]
        return [(a, b, row) for a, b, row in pieces if a < b]


def _check_step(step: Any) -> None:
    if not 0 < step <= 1:
        raise UserError(f"lower_power: step is {step}; allowed: above 0, at most 1")


def _shifted(exponent: int, shift: Fraction, factor: Fraction) -> Polynomial:
    """Return the coefficients of factor·(x + shift)^exponent."""
    return tuple(factor * comb(exponent, k) * shift ** (exponent - k) for k in range(exponent + 1))


def _value(row: Polynomial, x: Fraction) -> Fraction:
    result = Fraction(0)
    for coefficient in reversed(row):
        result = result * x + coefficient
    return result


def _square_integral(row: Polynomial, a: Fraction, b: Fraction) -> Fraction:
    square = [Fraction(0)] * (2 * len(row) - 1)
    for i, p in enumerate(row):
        for j, q in enumerate(row):
            square[i + j] += p * q
    return sum((c * (b ** (k + 1) - a ** (k + 1)) / (k + 1) for k, c in enumerate(square)), Fraction(0))


def _root_up(value: Fraction) -> float:
    """Return a float from the square root up, by three units of the last place at most."""
    if not value:
        return 0.0
    # a factor 4^bits keeps floats in range; rounding it and the root loses less than two units of the last place
    bits = (value.denominator.bit_length() - value.numerator.bit_length()) // 2
    root = sqrt(float(value * Fraction(4) ** bits))
    return float(nextafter(nextafter(root, 4.0), 4.0) * 2.0**-bits)
