"""Truncated powers of degree r − 1 by differences of max(x, 0)^r: the limit is reached by no network of two neurons.

The centred difference (ρ_r(x + h/2) − ρ_r(x − h/2))/(rh) has weights 1/(rh), which is why the step is chosen where
its error and the rounding of float64 values together are least; see Gribonval, Kutyniok, Nielsen and Voigtlaender
2022, who put no bound on weights.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import comb
from typing import NamedTuple

from ratelab import Activation, Network, Target, hookimpl
from ratelab.networks import (
    LowerPowerErrors,
    lower_power,
    lower_power_bound,
    mean_square_rounding,
    power_exponent,
)
from ratelab.registry import Complexity, Promise, require_accepted, too_small

_FINEST = 60


class _Chosen(NamedTuple):
    network: Network
    step: Fraction
    error: float


class LowerPowerConstruction:
    """Two neurons of max(x, 0)^r near c·(x − t)_+^(r−1)."""

    name = "lower_power"

    def accepts(self, *, target: Target, activation: Activation, depth: int) -> str | None:
        """Return None if the construction applies, else why not."""
        exponent = power_exponent(activation)
        if not exponent:
            return f"differences are taken of powers max(x, 0)^r, r >= 1, not of '{activation.name}'"
        if depth < 2:
            return f"differences are shallow networks: depth 2 or more, not {depth}"
        if _truncated(target, exponent - 1) is None:
            return f"target '{target.name}' is no truncated power of degree {exponent - 1}"
        return None

    def build(
        self, *, budget: int, complexity: Complexity, depth: int, target: Target, activation: Activation
    ) -> Network:
        """Return the difference with the best step for float64; it does not depend on the budget.

        Raises
        ------
        UserError
            If the construction does not apply or the budget is too small.
        """
        chosen = self._chosen(depth, target, activation)
        smallest = getattr(lower_power_bound(), complexity)
        if budget < smallest:
            raise too_small("lower_power", budget, complexity, smallest)
        return chosen.network

    def promise(
        self, *, budget: int, complexity: Complexity, depth: int, target: Target, activation: Activation
    ) -> Promise:
        """Return its counts, and its exact error with a bound of the rounding added."""
        chosen, counts = self._chosen(depth, target, activation), lower_power_bound()
        return Promise(
            depth=counts.depth,
            connections=counts.connections,
            neurons=counts.neurons,
            error=chosen.error,
            source=f"centred differences (derived), step {chosen.step}, largest weight "
            f"{chosen.network.largest_weight:.3g}; the limit is not attained",
        )

    def _chosen(self, depth: int, target: Target, activation: Activation) -> _Chosen:
        require_accepted(self, target=target, activation=activation, depth=depth)
        exponent = power_exponent(activation) or 0
        found = _truncated(target, exponent - 1)
        assert found is not None
        knot, factor = found
        lower, upper = (Fraction(end) for end in target.domain[0])
        # a step whose two knots lie inside the domain
        first = next(k for k in range(_FINEST) if Fraction(1, 2**k) <= 2 * min(knot - lower, upper - knot))
        best: _Chosen | None = None
        for k in range(first, _FINEST):
            step = Fraction(1, 2**k)
            network = lower_power(activation, step, at=knot, scale=factor, centred=True)
            errors = LowerPowerErrors(exponent, step, lower - knot, upper - knot, centred=True)
            rounding = mean_square_rounding(network, target.domain)
            error = float(abs(factor)) * errors.mean_square * (1 + 1e-15) + rounding
            if best is not None and error > best.error:
                break
            best = _Chosen(network, step, error)
        assert best is not None
        return best


def _truncated(target: Target, degree: int) -> tuple[Fraction, Fraction] | None:
    """Return (t, c) if the target is c·(x − t)_+^degree on its interval, t inside, else None."""
    if target.dimension != 1 or target.pieces is None:
        return None
    lower, upper = (Fraction(end) for end in target.domain[0])
    knots = [t for t in target.pieces.knots if lower < t < upper]
    if len(knots) != 1:
        return None
    (knot,) = knots
    left, right = (
        target.pieces.coefficients[sum(t <= start for t in target.pieces.knots)] for start in (lower, knot)
    )
    if any(left) or len(right) <= degree or not right[degree] or any(right[degree + 1 :]):
        return None
    factor = right[degree]
    expected = [factor * comb(degree, k) * (-knot) ** (degree - k) for k in range(degree + 1)]
    return (knot, factor) if list(right[: degree + 1]) == expected else None


@hookimpl
def ratelab_constructions() -> Sequence[LowerPowerConstruction]:
    return [LowerPowerConstruction()]
