"""Limits of n^(r+1) times the error of best splines with n pieces: a constant times a norm of a derivative.

With k = r + 1 the error of splines of degree r with n free knots is asymptotically C_p·n^(−k)·‖f^(k)‖ in L^σ,
1/σ = k + 1/p; on equispaced knots the norm is that of L_p. In L2, C = √(|B_2k| / (2k)!), B the Bernoulli numbers;
for r = 1 also C_1 = 1/32 and C_∞ = 1/16, half the distance of t² from the constants on [−½, ½].
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import pairwise
from math import exp, factorial, fsum, inf, isinf, log2, sinh, sqrt
from typing import Any, Literal

from ratelab._errors import UserError
from ratelab.registry import Target
from ratelab.spaces._derivatives import _breaks, _exact, _has_enclosure, _piece, derivative

Knots = Literal["free", "uniform"]
Point = Callable[[Any], Any]

_BITS = 512
_CELLS = 64
_DEPTH = 48
_SIGN_STEPS = 300
_REACH = 5.0
"""The rule reaches 10⁻¹⁰¹ of the interval near to its ends."""
_HALVINGS = 7
_ACCURATE, _ENOUGH = 1e-14, 1e-9
_LARGEST_DEGREE = 5


def free_knot_limit(target: Target, p: float = 2, degree: int = 1, knots: Knots = "free") -> float:
    """Return lim n^(degree + 1)·E_n, E_n the L_p error of best splines of that degree with n pieces.

    The integral of a power of |f^(degree + 1)| is split at the singular points of f and at the zeros of that
    derivative, and summed by a double exponential rule, accurate to at least nine digits.

    Parameters
    ----------
    target
        One variable, with `pieces` or an `enclosure`.
    p
        2; for degree 1 also 1 and infinity.
    degree
        r from 0 to 5; knots are simple.
    knots
        ``free`` or ``uniform`` (equispaced).

    Returns
    -------
    float
        Infinite if the error decays more slowly, as on uniform knots with a kink inside; 0 for piecewise polynomials of
        that degree.

    Raises
    ------
    UserError
        If the target has no derivatives, an argument is not allowed, or the integral is not resolved.

    Notes
    -----
    Free knots in L2: Barrow and Smith 1978. Degree 1 in other norms and uniform knots: derived, from x² on every
    piece. Jumps and kinks of f cost finitely many free knots, which the limit does not see.
    """
    constant = limit_constant(p, degree)
    if knots not in ("free", "uniform"):
        raise UserError(f"free_knot_limit: knots are '{knots}'; allowed: free, uniform")
    if not _has_enclosure(target):
        raise UserError(
            f"free_knot_limit: target '{target.name}' declares neither pieces nor an enclosure, from which "
            "derivatives follow"
        )
    order = degree + 1
    exponent = p if knots == "uniform" else 1 / (order + 1 / p)
    with _balls(order + 1):
        if knots == "uniform" and (rate := _kink_rate(target, order, p)) <= order:
            if rate == order:
                raise UserError(
                    f"free_knot_limit: n^{order} times the L_1 error of '{target.name}' on uniform knots has no limit: "
                    "a jump in a derivative inside the domain costs as much as the rest; use free knots or another p"
                )
            return inf
        cuts = _cuts(target, order)
        if isinf(exponent):
            return constant * max(_largest(target, order, a, b) for a, b in pairwise(cuts))
        total = fsum(_integral(target, order, exponent, a, b) for a, b in pairwise(cuts))
    return float(constant * total ** (1 / exponent))


def limit_constant(p: float = 2, degree: int = 1) -> float:
    """Return C_p of splines of that degree: n^(degree + 1)·E_n tends to C_p·‖f^(degree + 1)‖.

    Raises
    ------
    UserError
        If the degree is outside 0 … 5, or p is not 2 and no constant is known here.
    """
    if degree != int(degree) or not 0 <= degree <= _LARGEST_DEGREE:
        raise UserError(f"limit constant: degree is {degree}; allowed: 0 to {_LARGEST_DEGREE}")
    if p == 2:
        # B_2, B_4, … B_12
        bernoulli = (1 / 6, 1 / 30, 1 / 42, 1 / 30, 5 / 66, 691 / 2730)[int(degree)]
        return sqrt(bernoulli / factorial(2 * int(degree) + 2))
    if degree == 1 and p in (1, inf):
        return 1 / 32 if p == 1 else 1 / 16
    raise UserError(
        f"limit constant: p is {p!r}, degree {degree}; allowed: p = 2, or p = 1, inf with degree 1"
    )


@contextmanager
def _balls(terms: int) -> Iterator[None]:
    from flint import ctx

    bits, cap = ctx.prec, ctx.cap
    ctx.prec, ctx.cap = _BITS, max(cap, terms)
    try:
        yield
    finally:
        ctx.prec, ctx.cap = bits, cap


def _kink_rate(target: Target, order: int, p: float) -> float:
    """Return the slowest rate j + 1/p that a jump of f^(j), j < order, inside the domain allows on uniform knots."""
    from flint import arb

    lower, upper = (Fraction(end) for end in target.domain[0])
    near, rate = arb(2) ** (-_BITS // 2), inf
    for point in sorted(t for t in _breaks(target) if lower < t < upper):
        for j in range(order):
            left = _at(target, j, point - Fraction(1, 2**60))(_exact(point) - near)
            jump = left - _at(target, j, point)(_exact(point) + near)
            if not jump.is_finite() or jump.abs_upper() > 1e-9:
                rate = min(rate, j + 1 / p)
                break
    return rate


def _at(target: Target, order: int, piece: Fraction) -> Point:
    """Return x ↦ f^(order)(x) on the smooth piece to the right of a point, in balls."""
    from flint import arb, arb_series

    def value(x: Any) -> Any:
        series = arb_series([x, 1], prec=order + 1)
        result = _piece(target.pieces, piece, series) if target.pieces is not None else target.enclose(series)
        return arb.nan() if result.prec <= order else result[order] * factorial(order)

    return value


def _cuts(target: Target, order: int) -> list[Any]:
    """Return the ends, the singular points and the zeros of the derivative between them, as balls, in order."""
    lower, upper = (Fraction(end) for end in target.domain[0])
    ends = sorted({lower, upper} | {t for t in _breaks(target) if lower < t < upper})
    cuts: list[Any] = []
    for a, b in pairwise(ends):
        grid = [a + (b - a) * Fraction(i, _CELLS) for i in range(_CELLS + 1)]
        zeros = [z for c, d in pairwise(grid) for z in _zeros(target, order, c, d, _DEPTH)]
        width = (b - a) / 2 ** (_DEPTH - 8)
        inner: list[Fraction] = []
        for zero in sorted(zeros):
            if a + width < zero < b - width and (not inner or zero - inner[-1] > width):
                inner.append(zero)
        cuts += [_exact(a), *(_exact(z) for z in inner)]
    return [*cuts, _exact(ends[-1])]


def _zeros(target: Target, order: int, a: Fraction, b: Fraction, depth: int) -> list[Fraction]:
    """Return points near all zeros of the derivative on [a, b] that cells of balls cannot exclude."""
    value = derivative(target, order, a, b)
    if not value.is_finite() and depth > _DEPTH - 12:
        middle = (a + b) / 2
        return _zeros(target, order, a, middle, depth - 1) + _zeros(target, order, middle, b, depth - 1)
    if not value.is_finite() or not value.contains(0) or value.is_zero():
        return []
    function = _at(target, order, a)
    first, last = function(_exact(a)), function(_exact(b))
    opposite = (first > 0 and last < 0) or (first < 0 and last > 0)
    if opposite and not derivative(target, order + 1, a, b).contains(0):
        return [_bisected(function, a, b, first > 0)]
    if depth == 0:
        return [(a + b) / 2]
    middle = (a + b) / 2
    return _zeros(target, order, a, middle, depth - 1) + _zeros(target, order, middle, b, depth - 1)


def _bisected(function: Point, a: Fraction, b: Fraction, falling: bool) -> Fraction:
    """Return the one zero of a monotone function between a and b, as exactly as balls tell signs."""
    for _ in range(_SIGN_STEPS):
        middle = (a + b) / 2
        value = function(_exact(middle))
        if value.contains(0):
            return middle
        if (value > 0) == falling:
            a = middle
        else:
            b = middle
    return (a + b) / 2


def _integral(target: Target, order: int, exponent: float, a: Any, b: Any) -> float:
    """Return ∫_a^b |f^(order)|^exponent, with algebraic ends allowed; infinite if one of them is not integrable."""
    integrand = _integrand(target, order, exponent, a, b)
    if any(_slope(integrand, left) <= -1 + 1e-9 for left in (True, False)):
        return inf
    former = step = 1.0
    sums = fsum(integrand(k * step) for k in range(-int(_REACH), int(_REACH) + 1))
    for _ in range(_HALVINGS):
        step /= 2
        count = int(_REACH / step)
        sums += fsum(integrand(k * step) for k in range(-count + (1 - count % 2), count + 1, 2))
        value = sums * step
        if abs(value - former) <= _ACCURATE * abs(value):
            return value
        former, last = value, former
    if abs(former - last) > _ENOUGH * abs(former):
        raise UserError(
            f"free_knot_limit: the integral of a power of the derivative of order {order} of '{target.name}' "
            f"is not resolved: {last:.12g}, then {former:.12g} with twice the points"
        )
    return former


def _integrand(target: Target, order: int, exponent: float, a: Any, b: Any) -> Callable[[float], float]:
    """Return t ↦ |f^(order)(x(t))|^exponent·x′(t), x(t) = a + (b − a)/(1 + exp(−π sinh t))."""
    from flint import arb

    middle = (a + b) / 2
    piece = Fraction(int((middle * 2**60).floor().unique_fmpz()), 2**60)
    function, power, pi = _at(target, order, piece), arb(exponent), arb.pi()

    def value(t: float) -> float:
        share = 1 / (1 + (pi * arb(abs(t)).sinh()).exp())
        x = a + (b - a) * share if t <= 0 else b - (b - a) * share
        found = function(x)
        if not found.is_finite():
            return 0.0
        height = arb(found.abs_upper())
        slope = (b - a) * pi * arb(t).cosh() * share * (1 - share)
        product = height**power * slope if height > 0 else arb(0)
        return float(product.mid())

    return value


def _slope(integrand: Callable[[float], float], left: bool) -> float:
    """Return the exponent s of |f^(order)|^exponent ~ |x − end|^s, from two points near an end."""
    ends = []
    for t in (3.5, 4.0):
        value = integrand(-t if left else t)
        # x′(t) ~ π cosh t · distance, and distance ~ exp(−π sinh t)
        ends.append((value, 3.141592653589793 * sinh(t), exp(t) + exp(-t)))
    (first, near, wide), (second, nearer, wider) = ends
    if not first or not second:
        return 0.0
    return log2((second / wider) / (first / wide)) / ((near - nearer) / 0.6931471805599453) - 1


def _largest(target: Target, order: int, a: Any, b: Any) -> float:
    """Return the largest |f^(order)| between two cuts: equispaced points, then golden sections; infinite at poles."""
    from flint import arb
    from scipy.optimize import minimize_scalar

    piece = Fraction(int((((a + b) / 2) * 2**60).floor().unique_fmpz()), 2**60)
    function = _at(target, order, piece)

    def height(share: float) -> float:
        value = function(a + (b - a) * arb(share))
        return float(value.abs_upper()) if value.is_finite() else inf

    count = 64
    values = [height(i / count) for i in range(count + 1)]
    top = max(values)
    if isinf(top) or max(values[0], values[-1]) > 1e6 * sorted(values)[count // 2]:
        return inf
    place = values.index(top)
    low, high = max(place - 1, 0) / count, min(place + 1, count) / count
    found = minimize_scalar(
        lambda s: -height(float(s)), bounds=(low, high), method="bounded", options={"xatol": 1e-10}
    )
    return max(top, -float(found.fun))
