"""Two hidden layers whose second one bends once in every interval of the first.

A zigzag over m intervals gives each of n neurons m kinks, so m + n neurons make functions of up to m·n pieces; compare
Telgarsky 2015 on compositions of sawtooth functions, and Shen, Yang and Zhang 2019 on interpolation by two hidden
layers.
"""

from collections.abc import Sequence

from ratelab import Activation, Network, Target, hookimpl
from ratelab.best import deep_sawtooth
from ratelab.networks import power_exponent, widest
from ratelab.registry import Complexity, require_accepted, too_small


class SawtoothConstruction:
    """ReLU networks of depth 3 in one variable."""

    name = "sawtooth"

    def accepts(self, *, target: Target, activation: Activation, depth: int) -> str | None:
        """Return None if the construction applies, else why not."""
        if depth != 3:
            return f"zigzags over intervals need two hidden layers: depth 3, not {depth}"
        if target.dimension != 1:
            return f"zigzags are for one variable; target '{target.name}' has {target.dimension}"
        if power_exponent(activation) != 1:
            return f"zigzags are made of the activation 'relu', not of '{activation.name}'"
        return None

    def build(
        self, *, budget: int, complexity: Complexity, depth: int, target: Target, activation: Activation
    ) -> Network:
        """Return the best zigzag found with nearly equal widths, the widest that fit the budget.

        Raises
        ------
        UserError
            If the construction does not apply or the budget is too small.
        """
        require_accepted(self, target=target, activation=activation, depth=depth)

        def cost(hidden: tuple[int, ...]) -> int:
            first, second = hidden
            return first + second if complexity == "neurons" else first + first * second + second

        smallest = cost((1, 1))
        if budget < smallest:
            raise too_small("sawtooth", budget, complexity, smallest)
        first, second = widest(
            self.name, budget=budget, complexity=complexity, depth=depth, dimension=1, outputs=1, cost=cost
        )
        return deep_sawtooth(target, (first, second))


@hookimpl
def ratelab_constructions() -> Sequence[SawtoothConstruction]:
    return [SawtoothConstruction()]
