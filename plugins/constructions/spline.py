"""The best free-knot spline in hand, written as a shallow network.

A spline of degree r with n pieces and simple knots is a shallow network of n − 1 + r neurons ρ_r (n for piecewise
linear functions and any activation with one bend); see Petrushev 1988 and DeVore and Popov 1988 for what it reaches.
"""

from collections.abc import Sequence

from ratelab import Activation, Network, Target, UserError, hookimpl
from ratelab.best import best_spline, spline_pieces, writes_splines
from ratelab.registry import Complexity, require_accepted


class SplineConstruction:
    """Shallow networks in one variable whose activation has one knot."""

    name = "spline"

    def accepts(self, *, target: Target, activation: Activation, depth: int) -> str | None:
        """Return None if the construction applies, else why not."""
        if depth != 2:
            return f"splines are shallow networks: depth 2, not {depth}"
        if target.dimension != 1:
            return f"splines are for one variable; target '{target.name}' has {target.dimension}"
        pieces = activation.polynomial
        if pieces is None or not writes_splines(activation, pieces.degree):
            return f"networks of activation '{activation.name}' are no free-knot splines"
        return None

    def build(
        self, *, budget: int, complexity: Complexity, depth: int, target: Target, activation: Activation
    ) -> Network:
        """Return the network of the best spline that fits into the budget.

        Raises
        ------
        UserError
            If the construction does not apply or the budget is too small.
        """
        require_accepted(self, target=target, activation=activation, depth=depth)
        assert activation.polynomial is not None
        degree = activation.polynomial.degree
        pieces = spline_pieces(activation, budget, complexity)
        if pieces is None or pieces < 1:
            smallest = degree if complexity == "neurons" else 2 * degree
            raise UserError(
                f"construction 'spline': budget is {budget} {complexity}; allowed with '{activation.name}': "
                f"from {smallest} on"
            )
        return best_spline(target, pieces, degree).network(activation)


@hookimpl
def ratelab_constructions() -> Sequence[SplineConstruction]:
    return [SplineConstruction()]
