"""Multilayer perceptron: fully connected, strict (no skip connections)."""

from collections.abc import Sequence
from itertools import pairwise

from ratelab import UserError, hookimpl
from ratelab.networks import Layout
from ratelab.registry import Complexity


class MLP:
    """Fully connected layers of nearly equal widths, the widest that fit the budget.

    Hidden layers grow in turn, from the first, one neuron at a time; so widths differ by at most one.
    """

    name = "mlp"

    def layout(
        self, *, budget: int, complexity: Complexity, depth: int, dimension: int, outputs: int
    ) -> Layout:
        """Return the widest shape of that depth whose complexity is at most the budget.

        Raises
        ------
        UserError
            If the depth is below 2 or the budget below the smallest such network.
        """
        if depth < 2:
            raise UserError(f"architecture 'mlp': depth is {depth}; allowed: 2 (one hidden layer) or more")
        hidden = depth - 1

        def widths(total: int) -> tuple[int, ...]:
            return tuple(total // hidden + (index < total % hidden) for index in range(hidden))

        def cost(total: int) -> int:
            if complexity == "neurons":
                return total
            shape = (dimension, *widths(total), outputs)
            return sum(a * b for a, b in pairwise(shape))

        total = hidden
        if cost(total) > budget:
            raise UserError(
                f"architecture 'mlp': a budget of {budget} {complexity} is too small for depth {depth}, "
                "dimension "
                f"{dimension} and {outputs} outputs; the smallest that fits is {cost(total)}"
            )
        while cost(total + 1) <= budget:
            total += 1
        return Layout.dense((dimension, *widths(total), outputs))


@hookimpl
def ratelab_architectures() -> Sequence[MLP]:
    return [MLP()]
