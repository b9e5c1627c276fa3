"""The identity as a sum of a few activations: x = Σ cᵢ ρ(wᵢ x + bᵢ) + c on all of R."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import comb

import numpy as np

from ratelab._errors import UserError
from ratelab.registry import Activation, PiecewisePolynomial

Term = tuple[Fraction, Fraction, Fraction]


@dataclass(frozen=True)
class IdentityForm:
    """A representation x = Σ c·ρ(w x + b) + constant of the identity by an activation ρ.

    Parameters
    ----------
    terms
        Triples (c, w, b) of numbers; rationals are kept exact.
    constant
        Added to the sum.
    """

    terms: tuple[Term, ...]
    constant: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        """Make every number a Fraction."""
        try:
            terms = tuple((Fraction(c), Fraction(w), Fraction(b)) for c, w, b in self.terms)
            constant = Fraction(self.constant)
        except (TypeError, ValueError, OverflowError) as error:
            raise UserError(f"an identity form needs triples (c, w, b) of finite numbers ({error})") from None
        if not terms or any(not c or not w for c, w, _ in terms):
            raise UserError("an identity form needs at least one term, with c and w not zero")
        object.__setattr__(self, "terms", terms)
        object.__setattr__(self, "constant", constant)

    @classmethod
    def odd(cls, slope: Fraction | int = 1) -> "IdentityForm":
        """Return x = (ρ(x) − ρ(−x)) / slope, which holds for relu, softplus, gelu, silu with slope 1."""
        if not slope:
            raise UserError("an identity form needs a slope that is not zero")
        c = 1 / Fraction(slope)
        return cls(((c, Fraction(1), Fraction(0)), (-c, Fraction(-1), Fraction(0))))

    def holds(self, activation: Activation) -> bool:
        """Return whether the activation satisfies it: proved if it is piecewise polynomial, else seen in samples."""
        polynomial = activation.polynomial
        if polynomial is not None:
            return _proved(self, polynomial)
        x = np.concatenate([np.linspace(-8, 8, 321), 10.0 ** np.arange(-6, 7), -(10.0 ** np.arange(-6, 7))])
        value = np.full_like(x, float(self.constant))
        size = np.abs(x)
        for c, w, b in self.terms:
            part = float(c) * activation(float(w) * x + float(b))
            value, size = value + part, size + np.abs(part)
        return bool((np.abs(value - x) <= 1e-9 * (size + abs(float(self.constant)))).all())


@cache
def identity_form(activation: Activation) -> IdentityForm | None:
    """Return a proved representation of the identity by a piecewise polynomial activation, or None if none is known.

    Tried are (ρ(x) − ρ(−x)) / slope, which serves relu and most leaky ones with two terms, and for ρ_r (degree r) the
    2r terms of t^r = ρ_r(t) + (−1)^r ρ_r(−t) in x as a combination of (x + j)^r, j = 0 … r − 1, and a constant.
    """
    polynomial = activation.polynomial
    if polynomial is None:
        return None
    slope = polynomial(Fraction(1)) - polynomial(Fraction(-1))
    candidates = [IdentityForm.odd(slope)] if slope else []
    if polynomial.degree > 1:
        candidates.append(_by_powers(polynomial.degree))
    return next((form for form in candidates if form.holds(activation)), None)


def _by_powers(degree: int) -> IdentityForm:
    """The (degree − 1)-th forward difference of x^r is r!·x + constant."""
    order, factorial = degree - 1, 1
    for k in range(2, degree + 1):
        factorial *= k
    weights = [Fraction((-1) ** (order - j) * comb(order, j), factorial) for j in range(degree)]
    constant = -sum((c * Fraction(j) ** degree for j, c in enumerate(weights)), Fraction(0))
    terms: list[Term] = []
    for j, c in enumerate(weights):
        terms.append((c, Fraction(1), Fraction(j)))
        terms.append(((-1) ** degree * c, Fraction(-1), Fraction(-j)))
    return IdentityForm(tuple(terms), constant)


def _proved(form: IdentityForm, polynomial: PiecewisePolynomial) -> bool:
    """Check at every knot of the sum, and at degree + 1 points (at least 2) of every interval between knots."""
    knots = sorted({(t - b) / w for _, w, b in form.terms for t in polynomial.knots})
    ends = [knots[0] - 1, *knots, knots[-1] + 1] if knots else [Fraction(-1), Fraction(1)]
    count = max(polynomial.degree, 1) + 1
    points = [
        a + (b - a) * Fraction(i, count + 1)
        for a, b in zip(ends, ends[1:], strict=False)
        for i in range(1, count + 1)
    ]
    return all(
        sum((c * polynomial(w * x + b) for c, w, b in form.terms), form.constant) == x
        for x in [*knots, *points]
    )
