"""The self-similar series T_a = Σ_{j≥1} 2^(−aj) Δ_j on [0, 1], Δ_j the sawtooth of 2^(j−1) teeth.

T_1 is Takagi's function, T_2 = x − x². Everything follows from T(x) = 2^(−a) Δ_1(x) + 2^(−a) T(2x mod 1) and
the symmetry T(1 − x) = T(x): dyadic endpoints are binary words, and integrals are summed along them.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache
from math import comb, inf
from typing import Any

import numpy as np
from flint import arb, ctx, fmpq
from numpy.typing import NDArray

from ratelab import Family, SelfSimilar, Smoothness, Target, UserError, hookimpl
from ratelab.registry import PiecewisePolynomial, integrals

State = tuple[Any, ...]
_SHORT = 20  # binary words up to this length are kept: cells of a dyadic grid share them


def takagi(exponent: int | float | Fraction = 1.0) -> Target:
    if (
        not 0.25 <= exponent <= 8
    ):  # below, the 53 digits of a float leave out a part of the series that can be seen
        raise UserError(f"target 'takagi': exponent is {exponent}; allowed: 0.25 to 8")
    a = Fraction(exponent)
    polynomial = a == 2
    supremum = 1.01 / (2 ** float(a) - 1)
    moments, energy = (None, None) if polynomial else integrals(_antiderivatives(a), bound=supremum)
    parabola = PiecewisePolynomial((), ((Fraction(0), Fraction(1), Fraction(-1)),))
    return Target(
        "takagi",
        lambda x: _series(x[:, 0], float(a)),
        moments=moments,
        energy=energy,
        pieces=parabola if polynomial else None,
        smoothness=Smoothness(
            besov=inf if polynomial else float(a),
            hoelder=min(1.0, float(a)),
            analytic=polynomial,
            mean_square=inf if polynomial else min(float(a), 1.5),
            source="x − x²" if polynomial else "hat coefficients 2^(−aj) on every dyadic level j",
        ),
        self_similar=SelfSimilar((Fraction(0), Fraction(1, 2)), Fraction(1, 2), float(a), (False, True)),
        summary=f"Σ 2^(−aj) Δ_j, a = {exponent}" + (", which is x − x²" if polynomial else ""),
        reference="Takagi 1903; Yarotsky 2017, Error bounds for approximations with deep ReLU networks",
    )


def _series(x: NDArray[np.float64], a: float) -> NDArray[np.float64]:
    """Sum the series; tents are exact in floats, so an orbit ends at 0 or is cut when negligible."""
    total, orbit, weight = np.zeros_like(x), x, 1.0
    while orbit.any() and weight > 1e-18 * (2**a - 1):
        weight *= 2**-a
        orbit = np.where(orbit <= 0.5, 2 * orbit, 2 - 2 * orbit)
        total += weight * orbit
    return total


def _antiderivatives(a: Fraction) -> Callable[[Any, int], Sequence[Any]]:
    """∫_0^x t^k T(t) dt and ∫_0^x T(t)² dt at dyadic x, from the last binary digit to the first."""

    @lru_cache(maxsize=16)
    def weights(degree: int, precision: int) -> tuple[Any, list[Any], list[list[Any]]]:
        c = arb(2) ** arb(fmpq(-a.numerator, a.denominator))
        scaled = [c / 2 ** (k + 1) for k in range(degree + 1)]
        return c, scaled, [[scaled[k] * comb(k, i) for i in range(k + 1)] for k in range(degree + 1)]

    @lru_cache(maxsize=16)
    def whole(degree: int, precision: int) -> State:
        c, scaled, mixed = weights(degree, precision)
        values: list[Any] = []
        for k in range(degree + 1):
            known = 2 * scaled[k] / (2 * (k + 2))
            known += sum((mixed[k][i] / ((i + 1) * (i + 2)) for i in range(k + 1)), arb(0))
            known += sum((mixed[k][i] * values[i] for i in range(k)), arb(0))
            values.append(known / (1 - 2 * scaled[k]))
        energy = c * c * (arb(fmpq(1, 3)) + values[0]) / (1 - c * c)
        return (*values, energy)

    @lru_cache(maxsize=16)
    def half(degree: int, precision: int) -> State:
        return left(arb(1), whole(degree, precision), degree, precision)

    def left(s: Any, state: State, degree: int, precision: int) -> State:
        """From the integrals up to s those up to s/2."""
        c, scaled, _ = weights(degree, precision)
        values, power = [], s * s
        for k in range(degree + 1):
            values.append(scaled[k] * (power / (k + 2) + state[k]))
            power = power * s
        return (*values, c * c * (s * s * s / 6 + state[1] + state[-1] / 2))

    def right(s: Any, state: State, degree: int, precision: int) -> State:
        """From the integrals up to s those up to (1 + s)/2."""
        c, _, mixed = weights(degree, precision)
        middle = half(degree, precision)
        inner, power = [], s
        for i in range(degree + 1):
            following = power * s
            inner.append(power / (i + 1) - following / (i + 2) + state[i])
            power = following
        values = []
        for k in range(degree + 1):
            value = middle[k]
            for i in range(k + 1):
                value = value + mixed[k][i] * inner[i]
            values.append(value)
        square = s - s * s + s * s * s / 3 + 2 * (state[0] - state[1]) + state[-1]
        return (*values, middle[-1] + c * c * square / 2)

    @lru_cache(maxsize=1 << 16)
    def short(p: int, m: int, degree: int, precision: int) -> State:
        if m == 0:
            return whole(degree, precision) if p else (arb(0),) * (degree + 2)
        rest = p & ((1 << (m - 1)) - 1)
        state = short(rest, m - 1, degree, precision)
        extend = right if p >> (m - 1) else left
        return extend(arb(rest) / (1 << (m - 1)), state, degree, precision)

    def antiderivatives(x: Any, degree: int) -> State:
        mantissa, exponent = (int(part) for part in x.man_exp())
        m = max(0, -exponent)
        p = mantissa << max(0, exponent)
        length = min(m, _SHORT)
        state = short(p & ((1 << length) - 1) if m else p, length, degree, ctx.prec)
        for digits in range(length, m):
            s = arb(p & ((1 << digits) - 1)) / (1 << digits)
            extend = right if p >> digits & 1 else left
            state = extend(s, state, degree, ctx.prec)
        return state

    return antiderivatives


@hookimpl
def ratelab_targets() -> Sequence[Family[Target]]:
    return [Family("takagi", takagi, "Σ 2^(−aj) Δ_j: critical Besov index a")]
