"""Least squares splines on equal dyadic pieces, for paths: what uniform knots reach on a function rough everywhere.

A path of Hölder index below ½ has no better places for knots than others, so uniform ones have the rate n^(−1/2) of
free ones; interpolation there misses 1/√(6n) of a Brownian path in the mean square.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log2, nextafter
from typing import Any

import numpy as np
from flint import arb, ctx
from numpy.typing import NDArray

from ratelab import Activation, Network, Target, UserError, hookimpl
from ratelab.networks import power, power_exponent
from ratelab.registry import Complexity, Promise, require_accepted

_PRECISION = 320


class BrownianSpline:
    """Shallow ReLU networks for targets with a finest scale and exact integrals."""

    name = "brownian_spline"

    def accepts(self, *, target: Target, activation: Activation, depth: int) -> str | None:
        """Return None if the construction applies, else why not."""
        if depth != 2:
            return f"splines are shallow networks: depth 2, not {depth}"
        if power_exponent(activation) != 1:
            return f"the splines are written with the activation 'relu', not '{activation.name}'"
        if target.dimension != 1 or target.grid is None:
            return f"target '{target.name}' has no finest scale: free knots serve it better"
        if target.moments is None or target.energy is None:
            return f"target '{target.name}' has no exact integrals"
        if target.smoothness is None or not target.smoothness.hoelder > 0:
            return f"target '{target.name}' has no Hölder index above 0"
        return None

    def build(
        self, *, budget: int, complexity: Complexity, depth: int, target: Target, activation: Activation
    ) -> Network:
        """Return the best continuous spline on the most equal pieces, a power of two, that fit the budget.

        Raises
        ------
        UserError
            If the construction does not apply or the budget is too small.
        """
        fit = self._fit(budget, complexity, depth, target, activation)
        slopes = np.diff(fit.values) / np.diff(fit.knots)
        changes = np.diff(slopes, prepend=0.0)
        used = np.flatnonzero(changes)
        if not len(used):
            return Network.dense([[[0.0]]], [[fit.values[0]]])
        return Network.dense(
            [np.ones((len(used), 1)), changes[None, used]], [-fit.knots[:-1][used], fit.values[:1]], power(1)
        )

    def promise(
        self, *, budget: int, complexity: Complexity, depth: int, target: Target, activation: Activation
    ) -> Promise:
        """Return bounds of the counts and the error of the exact projection, which `build` has up to rounding.

        Raises
        ------
        UserError
            If the construction does not apply or the budget is too small.
        """
        fit = self._fit(budget, complexity, depth, target, activation)
        pieces = len(fit.values) - 1
        return Promise(
            2,
            2 * pieces,
            pieces,
            fit.error,
            attained=False,
            source="derived: distance to the projection, from exact integrals on the pieces",
        )

    def _fit(
        self, budget: int, complexity: Complexity, depth: int, target: Target, activation: Activation
    ) -> "_Fit":
        require_accepted(self, target=target, activation=activation, depth=depth)
        pieces = budget if complexity == "neurons" else budget // 2
        if pieces < 1:
            raise UserError(
                f"construction 'brownian_spline': budget is {budget} {complexity}; allowed: from "
                f"{1 if complexity == 'neurons' else 2} on"
            )
        assert target.grid is not None
        return _projection(target, 2 ** min(int(log2(pieces)), int(log2(target.grid))))


@dataclass(frozen=True, eq=False)
class _Fit:
    """Knots, values there, and the L2 error rounded up."""

    knots: NDArray[np.float64]
    values: NDArray[np.float64]
    error: float


@lru_cache(maxsize=64)
def _projection(target: Target, pieces: int) -> _Fit:
    """Solve the normal equations of the hat functions in ball arithmetic; the matrix has three diagonals."""
    assert target.moments is not None and target.energy is not None
    lower, upper = target.domain[0]
    knots = lower + (upper - lower) * np.arange(pieces + 1) / pieces
    former = ctx.prec
    ctx.prec = _PRECISION
    try:
        width = (arb(upper) - arb(lower)) / pieces
        right: list[Any] = [arb(0)] * (pieces + 1)
        energy = arb(0)
        for i in range(pieces):
            a, b = arb(lower) + i * width, arb(lower) + (i + 1) * width
            mean, first = target.moments(a, b, 1)
            rising = (first - a * mean) / width
            right[i], right[i + 1] = right[i] + mean - rising, right[i + 1] + rising
            energy += target.energy(a, b)
        # Gram matrix width/6·(2 or 4 on the diagonal, 1 beside it), by elimination
        pivots, load = [], []
        for i in range(pieces + 1):
            diagonal = width * (2 if i in (0, pieces) else 4) / 6
            value = right[i]
            if i:
                factor = width / 6 / pivots[-1]
                diagonal, value = diagonal - factor * width / 6, value - factor * load[-1]
            pivots.append(diagonal)
            load.append(value)
        values: list[Any] = [load[-1] / pivots[-1]]
        for i in range(pieces - 1, -1, -1):
            values.append((load[i] - width / 6 * values[-1]) / pivots[i])
        values.reverse()
        square = energy - sum((v * r for v, r in zip(values, right, strict=True)), arb(0))
        error = float(square.max(arb(0)).sqrt().upper())
        found = np.array([float(v.mid()) for v in values])
        largest = float(np.abs(np.diff(found)).max()) * pieces if pieces else 0.0
        rounding = 2.0**-50 * (pieces * largest + float(np.abs(found).max()))
    finally:
        ctx.prec = former
    # rounding moves the spline away from the projection, across the residual
    return _Fit(knots, found, nextafter(float(np.hypot(error, rounding)), np.inf))


@hookimpl
def ratelab_constructions() -> Sequence[BrownianSpline]:
    return [BrownianSpline()]
