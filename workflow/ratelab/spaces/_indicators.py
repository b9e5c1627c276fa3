"""Errors of networks for indicators of boxes and for the cone, in closed form.

*Boxes.* The network of a box with sides l_i and a collar of width w inside it (`networks.cube_indicator`) is
1 − min(1, Σ s_i), where s_i is 0 on a share of the i-th side and uniform on [0, 1] on two collars of width w each.
Hence

    ∫ |1 − g|^p = Σ over non-empty S of Π_{i ∈ S} 2w · Π_{i ∉ S} (l_i − 2w) · M_|S|,   M_k = E min(1, U_1 + … + U_k)^p,

with independent uniform U_i. As P(U_1 + … + U_k ≤ t) = t^k/k! for t ≤ 1, M_k = 1 − p/((p + k)·k!).

*Cones.* See `networks.cone_ridges`: the residual of c·Σ|⟨x, u_k⟩| at x is |x|·((c/sin δ)·cos θ − 1).
"""

from collections.abc import Sequence
from fractions import Fraction
from math import factorial, inf, pi, sin, tan
from typing import Any

from ratelab._errors import UserError


def cube_power(sides: Sequence[Any], width: Any, p: Any = 2) -> Any:
    """Return ∫ |1_Q − g|^p for the network g of a box Q, see `cube_error`; a Fraction if all arguments are rational.

    Raises
    ------
    UserError
        As `cube_error`.
    """
    if not len(sides) or not all(side > 0 for side in sides):
        raise UserError(f"cube_error: sides are {list(sides)}; allowed: one or more numbers above 0")
    if not 0 < 2 * width <= min(sides):
        raise UserError(
            f"cube_error: width is {width}, sides {list(sides)}; allowed: above 0, at most half of the shortest side"
        )
    if not 0 < p < inf:
        raise UserError(
            f"cube_error: p is {p}; allowed: above 0, finite (in the uniform norm a jump keeps error 1)"
        )
    exact = all(isinstance(v, int | Fraction) for v in (*sides, width, p))
    values = [Fraction(v) if exact else float(v) for v in (*sides, width, p)]
    *lengths, collar, power = values
    # coefficients by the number of coordinates in the collar
    measure: list[Any] = [values[0] / values[0]]
    for length in lengths:
        inner = [m * (length - 2 * collar) for m in measure]
        outer = [m * 2 * collar for m in measure]
        measure = [a + b for a, b in zip([*inner, 0], [0, *outer], strict=True)]
    return sum(m * (1 - power / ((power + k) * factorial(k))) for k, m in enumerate(measure) if k)


def cube_error(sides: Sequence[Any], width: Any, p: Any = 2) -> float:
    """Return the exact L_p error of `networks.cube_indicator` for the indicator of its box.

    Parameters
    ----------
    sides
        Lengths of the box, one for each variable.
    width
        Of the collar, at most half of the shortest side. The error behaves like (2w·Σ_i Π_{j≠i} l_j/(p + 1))^(1/p).
    p
        Above 0, finite.

    Raises
    ------
    UserError
        If they are not like this.
    """
    return float(float(cube_power(sides, width, p)) ** (1 / float(p)))


def cone_relative_error(directions: int) -> float:
    """Return tan²(π/4n), the least relative error of c·Σ|⟨x, u_k⟩| for |x|, n directions; ~ (π/2n)²/4.

    Raises
    ------
    UserError
        If there is no direction.
    """
    if directions < 1:
        raise UserError(f"cone_relative_error: directions is {directions}; allowed: from 1 on")
    return tan(pi / (4 * directions)) ** 2


def cone_best_scale(directions: int) -> float:
    """Return the factor c for which c·Σ|⟨x, u_k⟩| is the best L2 approximation of |x| on [−½, ½]², n directions.

    Raises
    ------
    UserError
        If there is no direction.
    """
    if directions < 1:
        raise UserError(f"cone_best_scale: directions is {directions}; allowed: from 1 on")
    mixed, square = _cone_integrals(directions)
    return float(mixed / square)


def cone_error(directions: int, scale: float | None = None) -> float:
    """Return the L2 error of `networks.cone_ridges` for |x| on the square [−½, ½]², rounded upwards.

    On a square with sides of length l about the same point it is l² times as large. The integral has a closed form,
    which is evaluated in balls.

    Parameters
    ----------
    directions
        n ≥ 1, the first of them along an axis.
    scale
        c > 0; None means `cone_best_scale`.

    Raises
    ------
    UserError
        If there is no direction.
    """
    from flint import arb, ctx

    factor = cone_best_scale(directions) if scale is None else scale
    before = ctx.prec
    ctx.prec = 256
    try:
        mixed, square = _cone_integrals(directions)
        c = arb(factor)
        found = (arb(1) / 6 - 2 * c * mixed + c * c * square).sqrt()
        return float((found.mid() + found.rad()).upper()) * (1 + 2**-50)
    finally:
        ctx.prec = before


def _cone_integrals(directions: int) -> tuple[Any, Any]:
    """Return ∫ |x| h and ∫ h² over [−½, ½]² as balls, h = Σ |⟨x, u_k⟩|.

    In the triangle |x_2| ≤ x_1 ≤ ½ let x = x_1·(1, t): h = x_1·(a + b t) between the kinks of t ↦ Σ |⟨(1, t), u_k⟩|,
    and ∫ x_1³ dx_1 = 1/64. The triangle beside it is the same one for directions turned by a right angle, and the
    opposite ones are mirror images.
    """
    from flint import arb, ctx

    before = ctx.prec
    ctx.prec = max(ctx.prec, 256)
    try:
        total = [arb(0), arb(0)]
        for turned in (0, 1):
            for value, index in zip(_triangle(directions, turned), (0, 1), strict=True):
                total[index] += 2 * value
        return total[0] / 64, total[1] / 64
    finally:
        ctx.prec = before


def _triangle(directions: int, turned: int) -> tuple[Any, Any]:
    from flint import arb, fmpq

    vectors = []
    for k in range(directions):
        angle = fmpq(2 * k + turned * directions, 2 * directions)
        vectors.append((arb.cos_pi_fmpq(angle), arb.sin_pi_fmpq(angle)))
    # the kink of |⟨(1, t), u⟩| is where (1, t) is orthogonal to u: at an angle of ±π/4 at most from the first axis
    kinks = []
    for k in range(directions):
        place = Fraction(2 * k + turned * directions, 2 * directions) - Fraction(1, 2)
        place -= round(place)
        if abs(place) < Fraction(1, 4):
            kinks.append(place)
    places = [Fraction(-1, 4), *sorted(kinks), Fraction(1, 4)]
    mixed, square = arb(0), arb(0)
    for left, right in zip(places, places[1:], strict=False):
        if left == right:
            continue
        middle = (left + right) / 2
        x, y = _unit(middle)
        a, b = arb(0), arb(0)
        for u, v in vectors:
            sign = 1 if float(u.mid()) * x + float(v.mid()) * y > 0 else -1
            a, b = a + sign * u, b + sign * v
        low, high = (
            arb.sin_pi_fmpq(fmpq(q.numerator, q.denominator))
            / arb.cos_pi_fmpq(fmpq(q.numerator, q.denominator))
            for q in (left, right)
        )
        mixed += _root_integral(a, b, high) - _root_integral(a, b, low)
        square += _square_integral(a, b, high) - _square_integral(a, b, low)
    return mixed, square


def _unit(turns: Fraction) -> tuple[float, float]:
    """Return the unit vector at an angle of that many half turns."""
    angle = float(turns) * pi
    return sin(pi / 2 - angle), sin(angle)


def _root_integral(a: Any, b: Any, t: Any) -> Any:
    """Antiderivative of (a + b t)·√(1 + t²)."""
    root = (1 + t * t).sqrt()
    return a * (t * root + t.asinh()) / 2 + b * root * root * root / 3


def _square_integral(a: Any, b: Any, t: Any) -> Any:
    """Antiderivative of (a + b t)²."""
    return a * a * t + a * b * t * t + b * b * t * t * t / 3
