"""Between smoothness and rates, both ways: what one implies about the other, with the ranges of the theorems."""

from math import inf, isfinite, nan
from typing import NamedTuple

from ratelab._errors import UserError
from ratelab.registry import Complexity
from ratelab.spaces._depth_growth import DepthGrowth
from ratelab.spaces._families import check_norm
from ratelab.spaces._network_class import check_class
from ratelab.spaces._prediction_line import direct
from ratelab.spaces._prediction_unbounded import NO_INVERSE, _besov


class ImpliedSmoothness(NamedTuple):
    """Smoothness that a rate implies: f ∈ B^s_q(L_q), 1/q = s + 1/p; NaN where no theorem says so."""

    s: float
    q: float
    source: str


class ImpliedRate(NamedTuple):
    """Rate that smoothness implies, as the supremum of the exponents; NaN where no theorem says so."""

    rate: float
    source: str


def implied_smoothness(
    rate: float,
    depth: int | DepthGrowth,
    complexity: Complexity,
    r: int = 1,
    p: float = 2,
    order: int | None = None,
) -> ImpliedSmoothness:
    """Return the Besov smoothness of functions with that rate: the inverse estimate, in one variable.

    s = rate/⌊L/2⌋ by connections and rate/(L − 1) by neurons, for networks of at most L layers of ρ_r.

    Parameters
    ----------
    rate
        α > 0 with f in the approximation space A^α_q; of a whole class or of one function.
    depth, complexity, r, p
        Of the class; p is that of the errors.
    order
        Of the moduli of smoothness that define the Besov space: s must be below it. None means 1 + r^(L−1), one above
        the degree of the networks, which is the range of the theorem; higher orders widen it, since pieces of low
        degree are pieces of a higher one.

    Raises
    ------
    UserError
        If the rate is not positive, the order is below 1 + r^(L−1), or the class is none.
    """
    _checked(rate, "rate")
    growth = _class(depth, complexity, r, p)
    if growth.supremum == inf:
        return ImpliedSmoothness(nan, nan, NO_INVERSE)
    if p == inf:
        return ImpliedSmoothness(nan, nan, "outside the inverse estimate: p is ∞; allowed: finite p")
    layers = int(growth.supremum)
    natural = 1 + r ** (layers - 1)
    if order is not None and order < natural:
        raise UserError(
            f"order of the moduli is {order}; allowed: at least {natural} for networks of this degree"
        )
    limit = natural if order is None else order
    s = rate / pieces_exponent(layers, complexity)
    if not s < limit:
        what = f"outside the inverse estimate: s = {s:g}; allowed: s < {limit}, the order of the moduli"
        return ImpliedSmoothness(nan, nan, what)
    return ImpliedSmoothness(s, 1 / (s + 1 / p), "A8: a rate is Besov smoothness (recalled, derived)")


def implied_rate(
    s: float,
    depth: int | DepthGrowth,
    complexity: Complexity,
    r: int = 1,
    p: float = 2,
    dimension: int = 1,
) -> ImpliedRate:
    """Return the rate of functions of Besov smoothness s on the line 1/τ = s/d + 1/p: the direct estimate.

    Parameters
    ----------
    s
        Above 0. Functions that are smoother than the range of the theorem lie in all spaces inside it, so the rate is
        then the end of the range.
    depth, complexity, r, p
        The class: networks of ρ_r, errors in L_p.
    dimension
        d.

    Raises
    ------
    UserError
        If s is not positive or the class is none.
    """
    _checked(s, "smoothness")
    growth = _class(depth, complexity, r, p)
    if isinstance(dimension, bool) or not isinstance(dimension, int) or dimension < 1:
        raise UserError(f"dimension is {dimension!r}; allowed: whole numbers from 1 on")
    if dimension > 1:
        found, reason = _besov(s, r, growth, dimension, p)
        return ImpliedRate(found.low, found.source or reason)
    layers = growth.supremum
    degree = inf if layers == inf and r > 1 else float(r ** (int(min(layers, 64)) - 1))
    low, statements, note = direct(s, degree, 2 if layers == 2 else 3, p)
    return ImpliedRate(low, statements[0].text if statements else note)


def pieces_exponent(depth: int, complexity: Complexity) -> int:
    """Return e with at most C·n^e pieces: ⌊L/2⌋ by connections, L − 1 by neurons."""
    return depth - 1 if complexity == "neurons" else depth // 2


def _class(depth: int | DepthGrowth, complexity: Complexity, r: int, p: float) -> DepthGrowth:
    growth = DepthGrowth.parse(depth)
    check_class(int(growth.supremum) if growth.supremum < inf else 2, complexity)
    check_norm(p)
    if isinstance(r, bool) or not isinstance(r, int) or r < 1:
        raise UserError(f"the power of ReLU is {r!r}; allowed: whole numbers from 1 on")
    return growth


def _checked(value: float, name: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not (value > 0 and isfinite(value)):
        raise UserError(f"the {name} is {value!r}; allowed: finite numbers above 0")
