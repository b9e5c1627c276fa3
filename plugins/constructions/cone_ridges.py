"""The distance to a point of the plane as a mean of ridges in equispaced directions: shallow networks.

With n directions the relative error is tan²(π/4n) at most; an odd number of neurons gives as many directions. See
docs/indicators.md.
"""

from collections.abc import Sequence

from ratelab import Activation, Network, Target, hookimpl
from ratelab.networks import RidgeForm, cone_ridges, cone_ridges_bound, power_exponent
from ratelab.registry import Complexity, Distance, Promise, require_accepted, too_small
from ratelab.spaces import cone_best_scale, cone_error


class ConeRidgesConstruction:
    """Shallow ReLU networks for the distance to the centre of a square."""

    name = "cone_ridges"

    def accepts(self, *, target: Target, activation: Activation, depth: int) -> str | None:
        """Return None if the construction applies, else why not."""
        if not isinstance(target.function, Distance) or target.dimension != 2:
            return f"ridges are for the distance to a point of the plane; target '{target.name}' is none"
        (a, b), (c, d) = target.domain
        middle = (a + b) / 2, (c + d) / 2
        if b - a != d - c or tuple(map(float, target.function.point)) != middle:
            return f"ridges are for the distance to the middle of a square, not for target '{target.name}'"
        if depth < 2:
            return f"ridges take depth 2 or more, not {depth}"
        if power_exponent(activation) != 1:
            return f"ridges are made of the activation 'relu', not of '{activation.name}'"
        return None

    def build(
        self, *, budget: int, complexity: Complexity, depth: int, target: Target, activation: Activation
    ) -> Network:
        """Return the network with the most directions that fit, scaled for the least L2 error.

        Raises
        ------
        UserError
            If the construction does not apply or the budget is too small.
        """
        require_accepted(self, target=target, activation=activation, depth=depth)
        directions, form = _directions(budget, complexity)
        assert isinstance(target.function, Distance)
        centre = [float(v) for v in target.function.point]
        return cone_ridges(directions, cone_best_scale(directions), centre, form)

    def promise(
        self, *, budget: int, complexity: Complexity, depth: int, target: Target, activation: Activation
    ) -> Promise:
        """Return the counts and the L2 error in closed form."""
        directions, form = _directions(budget, complexity)
        counts = cone_ridges_bound(directions, form)
        (a, b), _ = target.domain
        error = cone_error(directions) * (b - a) ** 2 * (1 + 1e-9)
        return Promise(
            counts.depth, counts.connections, counts.neurons, error, source="closed form, docs/indicators.md"
        )


def _directions(budget: int, complexity: Complexity) -> tuple[int, RidgeForm]:
    """Return the most directions that fit, and the form of their ridges."""
    neurons = budget if complexity == "neurons" else budget // 3
    if neurons < 2:
        smallest = 2 if complexity == "neurons" else 6
        raise too_small("cone_ridges", budget, complexity, smallest)
    # one direction with one neuron would be no ridge; an even number of neurons is one too many
    return (1, "pairs") if neurons == 2 else (neurons - 1 + neurons % 2, "single")


@hookimpl
def ratelab_constructions() -> Sequence[ConeRidgesConstruction]:
    return [ConeRidgesConstruction()]
