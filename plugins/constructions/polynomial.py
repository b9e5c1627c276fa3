"""Polynomials of degree at most r as shallow networks of max(x, 0)^r.

On a bounded interval r neurons and the output bias are enough, and one neuron for c·(x + b)^r and a constant; see
Gribonval, Kutyniok, Nielsen and Voigtlaender 2022 for the whole line.
"""

from collections.abc import Sequence
from fractions import Fraction

from ratelab import Activation, Network, Target, hookimpl
from ratelab.networks import mean_square_rounding, polynomial, power_exponent
from ratelab.registry import Complexity, Promise, require_accepted, too_small


class PolynomialConstruction:
    """Networks that equal a polynomial on the target's interval."""

    name = "polynomial"

    def accepts(self, *, target: Target, activation: Activation, depth: int) -> str | None:
        """Return None if the construction applies, else why not."""
        exponent = power_exponent(activation)
        if not exponent:
            return f"polynomials are written with powers max(x, 0)^r, r >= 1, not with '{activation.name}'"
        if depth < 2:
            return f"polynomials are shallow networks: depth 2 or more, not {depth}"
        row = _coefficients(target)
        if row is None:
            return f"target '{target.name}' is not one polynomial on an interval"
        if len(row) > exponent + 1:
            return f"target '{target.name}' has degree {len(row) - 1}, above that of '{activation.name}'"
        return None

    def build(
        self, *, budget: int, complexity: Complexity, depth: int, target: Target, activation: Activation
    ) -> Network:
        """Return the network, which does not depend on the budget.

        Raises
        ------
        UserError
            If the construction does not apply or the budget is too small.
        """
        network = self._network(depth, target, activation)
        smallest = getattr(network, complexity)
        if budget < smallest:
            raise too_small("polynomial", budget, complexity, smallest)
        return network

    def promise(
        self, *, budget: int, complexity: Complexity, depth: int, target: Target, activation: Activation
    ) -> Promise:
        """Return its counts; the error is 0, and the bound is what float64 values may lose."""
        network = self._network(depth, target, activation)
        return Promise(
            depth=2,
            connections=network.connections,
            neurons=network.neurons,
            error=mean_square_rounding(network, target.domain),
            source="polynomials as sums of powers (derived); exact but for rounding",
        )

    def _network(self, depth: int, target: Target, activation: Activation) -> Network:
        require_accepted(self, target=target, activation=activation, depth=depth)
        row = _coefficients(target)
        assert row is not None
        lower, upper = target.domain[0]
        return polynomial(row, activation, domain=(Fraction(lower), Fraction(upper)))


def _coefficients(target: Target) -> list[Fraction] | None:
    """Return the coefficients of a target that is one polynomial on its interval, the last of them not 0."""
    if target.dimension != 1 or target.pieces is None:
        return None
    lower, upper = (Fraction(end) for end in target.domain[0])
    knots = [lower, *(t for t in target.pieces.knots if lower < t < upper)]
    rows = []
    for start in knots:
        row = list(target.pieces.coefficients[sum(t <= start for t in target.pieces.knots)])
        while len(row) > 1 and not row[-1]:
            row.pop()
        rows.append(row)
    return rows[0] if all(row == rows[0] for row in rows) else None


@hookimpl
def ratelab_constructions() -> Sequence[PolynomialConstruction]:
    return [PolynomialConstruction()]
