"""One fixed path that looks like Brownian motion on [0, 1]: a random walk of 4096 steps, joined by lines.

A step is the number of ones among 64 random bits, less its mean 32, over 256: variance 2^(−12), so the path
has variance 1 at x = 1. Bits and steps are whole numbers, so the path is the same on every machine and its
integrals are rational.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from flint import arb, fmpq
from numpy.typing import NDArray

from ratelab import Family, Smoothness, Target, UserError, hookimpl
from ratelab.registry import integrals

_STEPS = 4096
_UNIT = 256


def brownian(seed: int = 0) -> Target:
    if not 0 <= seed < 2**63:
        raise UserError(f"target 'brownian': seed is {seed}; allowed: 0 to 2^63 - 1")
    bits = np.random.PCG64(seed).random_raw(_STEPS)
    heights = np.concatenate([[0], np.cumsum(np.bitwise_count(bits).astype(np.int64) - 32)])
    values = heights / _UNIT
    moments, energy = integrals(_antiderivatives(heights.tolist()), bound=float(np.abs(values).max()))

    def function(x: NDArray[np.float64]) -> NDArray[np.float64]:
        steps = x[:, 0] * _STEPS
        index = np.clip(steps.astype(np.int64), 0, _STEPS - 1)
        return values[index] + (steps - index) * (values[index + 1] - values[index])

    return Target(
        "brownian",
        function,
        moments=moments,
        energy=energy,
        grid=_STEPS,
        smoothness=Smoothness(
            besov=0.5,
            hoelder=0.5,
            mean_square=0.5,
            source="index of Brownian motion, almost surely, which the walk shares "
            f"up to about {_STEPS} pieces",
        ),
        summary=f"random walk of {_STEPS} steps, seed {seed}",
        reference="Ciesielski, Kerkyacharian and Roynette 1993, Quelques espaces fonctionnels associés à des "
        "processus gaussiens",
    )


def _antiderivatives(heights: list[int]) -> Callable[[Any, int], Sequence[Any]]:
    """∫_0^x t^k f and ∫_0^x f², exact: with X = 4096 t, 256 f is offset_i + slope_i X on [i, i + 1]."""
    slopes = [b - a for a, b in pairwise(heights)]
    offsets = [height - i * slope for i, (height, slope) in enumerate(zip(heights, slopes, strict=False))]

    @lru_cache(maxsize=8)
    def starts(degree: int) -> list[list[int]]:
        """Return constants that join the pieces' antiderivatives; times (k + 1)(k + 2), 3 for the square."""
        powers = [[i**e for i in range(_STEPS + 1)] for e in range(degree + 3)]
        tables = []
        for k in range(degree + 1):
            low, high = powers[k + 1], powers[k + 2]
            table = [0]
            for i in range(1, _STEPS):
                jump = (k + 2) * (offsets[i - 1] - offsets[i]) * low[i]
                jump += (k + 1) * (slopes[i - 1] - slopes[i]) * high[i]
                table.append(table[-1] + jump)
            tables.append(table)
        square = [0]
        for i in range(1, _STEPS):
            before, after = (
                i * (3 * offsets[j] * (offsets[j] + slopes[j] * i) + slopes[j] ** 2 * i * i)
                for j in (i - 1, i)
            )
            square.append(square[-1] + before - after)
        return [*tables, square]

    def antiderivatives(x: Any, degree: int) -> list[Any]:
        tables = starts(degree)
        mantissa, exponent = x.man_exp()
        shift = int(exponent) + 12
        X = fmpq(mantissa << shift) if shift >= 0 else fmpq(mantissa, 1 << -shift)
        i = min(int(X.p // X.q), _STEPS - 1)
        offset, slope = offsets[i], slopes[i]
        values, power, scale = [], X, _UNIT * _STEPS
        for k in range(degree + 1):
            value = tables[k][i] + power * ((k + 2) * offset + (k + 1) * slope * X)
            values.append(arb(value / ((k + 1) * (k + 2) * scale)))
            power, scale = power * X, scale * _STEPS
        value = tables[-1][i] + X * (3 * offset * (offset + slope * X) + slope * slope * X * X)
        return [*values, arb(value / (3 * _UNIT * _UNIT * _STEPS))]

    return antiderivatives


@hookimpl
def ratelab_targets() -> Sequence[Family[Target]]:
    return [Family("brownian", brownian, "a random walk of 4096 steps: one fixed rough path")]
