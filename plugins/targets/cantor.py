"""Cantor's function on [0, 1]: constant on the middle thirds, and yet it climbs from 0 to 1.

C(x) = C(3x)/2 on the left third, 1/2 on the middle one, 1/2 + C(3x − 2)/2 on the right one: integrals are
summed along the ternary digits of an endpoint until it falls into a middle third, or until nothing is left.
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from math import comb, log, log2
from typing import Any

import numpy as np
from flint import arb, ctx, fmpq
from numpy.typing import NDArray

from ratelab import SelfSimilar, Smoothness, Target, hookimpl
from ratelab.registry import integrals

State = list[Any]
_BITS = 61  # 3 · 2^61 fits into 64 bits


def _function(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ternary digits in exact fixed point; floats too fine for it are done in integers of any size."""
    scaled = np.ldexp(x[:, 0], _BITS)
    coarse = scaled == np.floor(scaled)
    point = np.where(coarse, scaled, 0.0).astype(np.int64)
    one, value, weight = np.int64(1 << _BITS), np.zeros(len(point)), 0.5
    active = point > 0
    while weight > 1e-18 and active.any():
        point = 3 * point
        digit = np.where(point >= 2 * one, 2, np.where(point >= one, 1, 0))
        value += np.where(active & (digit > 0), weight, 0.0)
        active &= digit != 1
        point = np.where(active, point - digit * one, 0)
        weight /= 2
    for i in np.flatnonzero(~coarse):
        value[i] = _scalar(float(x[i, 0]))
    return value


def _scalar(x: float) -> float:
    p, q = x.as_integer_ratio()
    value, weight = 0.0, 0.5
    while weight > 1e-18 * value and p:
        digit, p = min(3 * p // q, 2), 3 * p
        value += weight if digit else 0.0
        if digit == 1:
            break
        p -= digit * q
        weight /= 2
        if weight == 0.0:
            break
    return value


@lru_cache(maxsize=16)
def _exact(degree: int) -> tuple[list[Fraction], list[Fraction], list[Fraction]]:
    """Integrals of t^k C over [0, 1/3], [0, 2/3] and [0, 1], and of C² as the last entry."""
    whole: list[Fraction] = []
    for k in range(degree + 1):
        third = Fraction(1, 3 ** (k + 1))
        known = (2 ** (k + 1) - 1) * third / (2 * (k + 1))
        for i in range(k + 1):
            inner = Fraction(1, i + 1) + (whole[i] if i < k else 0)
            known += third * comb(k, i) * 2 ** (k - i) * inner / 2
        whole.append(known / (1 - third))
    first = [value / (2 * 3 ** (k + 1)) for k, value in enumerate(whole)]
    second = [value + Fraction(2 ** (k + 1) - 1, 2 * (k + 1) * 3 ** (k + 1)) for k, value in enumerate(first)]
    energy = Fraction(3, 10)
    return [*first, energy / 12], [*second, energy / 12 + Fraction(1, 12)], [*whole, energy]


@lru_cache(maxsize=16)
def _constants(degree: int, precision: int) -> tuple[State, State, State, list[list[Any]]]:
    first, second, whole = (
        [arb(fmpq(v.numerator, v.denominator)) for v in values] for values in _exact(degree)
    )
    mixed = [
        [arb(fmpq(comb(k, i) * 2 ** (k - i), 2 * 3 ** (k + 1))) for i in range(k + 1)]
        for k in range(degree + 1)
    ]
    return first, second, whole, mixed


def _antiderivatives(x: Any, degree: int) -> State:
    """∫_0^x t^k C(t) dt and ∫_0^x C(t)² dt at an exact x."""
    first, second, whole, mixed = _constants(degree, ctx.prec)
    mantissa, exponent = (int(part) for part in x.man_exp())
    m = max(0, -exponent)
    p, q = mantissa << max(0, exponent), 1 << m
    steps: list[tuple[int, Any]] = []
    deepest = 2 * ctx.prec // 5 + 4  # every digit shrinks the integrals by 6 at least, and 6^(2/5) > 2
    state: State
    while True:
        if p == 0 or p == q:
            state = list(whole) if p else [arb(0)] * (degree + 2)
            break
        if len(steps) == deepest:
            state = [*(arb(0.5, 0.5) for _ in range(degree + 1)), arb(0.5, 0.5)]  # between 0 and 1
            break
        if q <= 3 * p <= 2 * q:
            t = arb(p) / q
            state, power = [], t
            for k in range(degree + 1):
                constant = arb(fmpq(1, 2 * (k + 1) * 3 ** (k + 1)))
                state.append(first[k] + power / (2 * (k + 1)) - constant)
                power = power * t
            state.append(first[-1] + t / 4 - arb(fmpq(1, 12)))
            break
        digit = 2 if 3 * p > q else 0
        p = 3 * p - digit * q
        steps.append((digit, p))
    for digit, rest in reversed(steps):
        if digit == 0:
            state = [*(mixed[k][k] * state[k] for k in range(degree + 1)), state[-1] / 12]
            continue
        s = arb(rest) / q
        inner, power = [], s
        for i in range(degree + 1):
            inner.append(power / (i + 1) + state[i])
            power = power * s
        energy = second[-1] + (s + 2 * state[0] + state[-1]) / 12
        state = [sum((mixed[k][i] * inner[i] for i in range(k + 1)), second[k]) for k in range(degree + 1)]
        state.append(energy)
    return state


@hookimpl
def ratelab_targets() -> Sequence[Target]:
    moments, energy = integrals(_antiderivatives, bound=1.0)
    return [
        Target(
            "cantor",
            _function,
            moments=moments,
            energy=energy,
            self_similar=SelfSimilar(
                (Fraction(0), Fraction(2, 3)), Fraction(1, 3), log2(6) / 2, (False, False)
            ),
            smoothness=Smoothness(
                besov=log2(6) / 2,
                hoelder=log(2) / log(3),
                besov_uniform=1.0,
                mean_square=log(6) / log(3) / 2,
                source="2^j copies of width 3^(−j) and height 2^(−j)",
            ),
            summary="Cantor's function",
            reference="Cantor 1884, De la puissance des ensembles parfaits de points",
        )
    ]
