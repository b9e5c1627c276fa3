"""The lacunary cosine sum Σ_{j=0}^{10} 2^(−aj) cos(2π 2^j x) on [0, 1].

The sum is finite and fixed: eleven frequencies up to 1024, so it behaves like Weierstrass' nowhere smooth
series for sizes well below a thousand pieces, and all its integrals are closed trigonometric expressions.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache
from math import perm
from typing import Any

import numpy as np
from flint import arb, arb_mat, ctx, fmpq
from numpy.typing import NDArray

from ratelab import Family, Smoothness, Target, UserError, hookimpl
from ratelab.registry import integrals

_LAST = 10
_SHORT = 24  # angles p / 2^m up to this m are kept: cells of a dyadic grid share them


def weierstrass(exponent: int | float | Fraction = 0.5) -> Target:
    if not 0 < exponent <= 8:
        raise UserError(f"target 'weierstrass': exponent is {exponent}; allowed: 0 < exponent <= 8")
    a = Fraction(exponent)
    supremum = 1.01 * sum(2.0 ** (-float(a) * j) for j in range(_LAST + 1))
    moments, energy = integrals(_antiderivatives(a), bound=supremum)
    return Target(
        "weierstrass",
        lambda x: _sum(x[:, 0], float(a)),
        enclosure=_enclosure(a),
        moments=moments,
        energy=energy,
        grid=4 << _LAST,
        smoothness=Smoothness(
            besov=float(a),
            hoelder=min(1.0, float(a)),
            mean_square=float(a),
            source="one frequency 2^j of size 2^(−aj) per octave; index of the infinite series, "
            f"which the finite sum shares up to about {1 << _LAST} pieces",
        ),
        summary=f"Σ_(j=0…{_LAST}) 2^(−aj) cos(2π 2^j x), a = {exponent}",
        reference="Hardy 1916, Weierstrass's non-differentiable function",
    )


def _sum(x: NDArray[np.float64], a: float) -> NDArray[np.float64]:
    total = np.zeros_like(x)
    for j in range(_LAST, -1, -1):
        turns = x * 2.0**j
        total += 2.0 ** (-a * j) * np.cos(2 * np.pi * (turns - np.rint(turns)))
    return total


def _weights(a: Fraction) -> list[Any]:
    ratio = arb(2) ** arb(fmpq(-a.numerator, a.denominator))
    return [ratio**j for j in range(_LAST + 1)]


def _enclosure(a: Fraction) -> Callable[[Any], Any]:
    def enclosure(x: Any) -> Any:
        terms = [(x * (2 << j)).cos_pi() * weight for j, weight in enumerate(_weights(a))]
        total = terms[-1]
        for term in terms[-2::-1]:
            total = total + term
        return total

    return enclosure


def _antiderivatives(a: Fraction) -> Callable[[Any, int], Sequence[Any]]:
    """∫ t^k W by repeated parts; ∫ W² as half the sum of squares times x plus a form in sines and cosines."""

    @lru_cache(maxsize=16)
    def tables(degree: int, precision: int) -> tuple[Any, Any, Any, Any]:
        weight = _weights(a)
        omega = [arb.pi() * (2 << j) for j in range(_LAST + 1)]
        rows = range(_LAST + 1)
        sines = [[weight[j] / omega[j] ** (m + 1) for m in range(0, degree + 1, 2)] for j in rows]
        cosines = [[weight[j] / omega[j] ** (m + 1) for m in range(1, degree + 1, 2)] for j in rows]
        form = [[arb(0) for _ in rows] for _ in rows]
        for j in rows:
            form[j][j] = weight[j] ** 2 / (2 * omega[j])
            for i in range(j):
                product = weight[i] * weight[j]
                low, high = product / (omega[j] - omega[i]), product / (omega[j] + omega[i])
                form[j][i], form[i][j] = high + low, high - low
        half = sum((w * w for w in weight), arb(0)) / 2
        return arb_mat(sines), arb_mat(cosines), arb_mat(form), half

    @lru_cache(maxsize=1 << 17)
    def turn(p: int, m: int, precision: int) -> tuple[Any, Any]:
        return (arb(2 * p) / (1 << m)).sin_cos_pi()

    def antiderivatives(x: Any, degree: int) -> list[Any]:
        sines, cosines, form, half = tables(degree, ctx.prec)
        mantissa, exponent = (int(part) for part in x.man_exp())
        m, p = max(0, -exponent), mantissa << max(0, exponent)
        angles = []
        for _ in range(_LAST + 1):
            p &= (1 << m) - 1
            angles.append(turn(p, m, ctx.prec) if m <= _SHORT else (arb(2 * p) / (1 << m)).sin_cos_pi())
            m = max(0, m - 1)
        sine = arb_mat([[s for s, _ in angles]])
        cosine = arb_mat(_LAST + 1, 1, [c for _, c in angles])
        even, odd = sine * sines, (cosine.transpose()) * cosines
        # signs of sin, cos, −sin, −cos, sin, … in ∫ t^k cos ωt
        parts = [
            (even[0, m // 2] if m % 2 == 0 else odd[0, m // 2]) * (-1 if m % 4 >= 2 else 1)
            for m in range(degree + 1)
        ]
        powers = [arb(1)]
        for _ in range(degree):
            powers.append(powers[-1] * x)
        values = [
            sum((perm(k, m) * powers[k - m] * parts[m] for m in range(k + 1)), arb(0))
            for k in range(degree + 1)
        ]
        return [*values, half * x + (sine * form * cosine)[0, 0]]

    return antiderivatives


@hookimpl
def ratelab_targets() -> Sequence[Family[Target]]:
    return [Family("weierstrass", weierstrass, "Σ 2^(−aj) cos(2π 2^j x), a finite sum")]
