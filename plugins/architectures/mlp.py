"""Multilayer perceptron: fully connected, strict (no skip connections)."""

from collections.abc import Sequence

from ratelab import hookimpl
from ratelab.networks import Layout, dense_size, widest
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
            As `ratelab.networks.widest`.
        """
        hidden = widest(
            self.name,
            budget=budget,
            complexity=complexity,
            depth=depth,
            dimension=dimension,
            outputs=outputs,
            cost=lambda widths: dense_size((dimension, *widths, outputs), complexity),
        )
        return Layout.dense((dimension, *hidden, outputs))


@hookimpl
def ratelab_architectures() -> Sequence[MLP]:
    return [MLP()]
