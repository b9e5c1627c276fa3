"""Fully connected layers in which a few neurons are sines."""

from collections.abc import Sequence

import numpy as np

from ratelab import Family, UserError, hookimpl
from ratelab.networks import LayerShape, Layout, dense_size, sine, widest
from ratelab.registry import Complexity


class Mixed:
    """Fully connected hidden layers whose last neurons are sines; all others have the network's activation.

    Widths grow in turn, from the first hidden layer, and differ by at most one; the smallest layer has `sines` + 1
    neurons. The form with a readout at every depth is architecture `graded`.

    Parameters
    ----------
    sines
        In every hidden layer.

    Raises
    ------
    UserError
        If there are fewer than one.
    """

    others = (sine.name,)

    def __init__(self, sines: int = 2) -> None:
        """Check the parameter."""
        if sines < 1:
            raise UserError(f"architecture 'mixed': sines is {sines}; allowed: 1 or more")
        self.name = "mixed"
        self.sines = sines

    def layout(
        self, *, budget: int, complexity: Complexity, depth: int, dimension: int, outputs: int
    ) -> Layout:
        """Return the widest shape of that depth whose complexity is at most the budget.

        Raises
        ------
        UserError
            As `ratelab.networks.widest`.
        """

        def whole(own: tuple[int, ...]) -> tuple[int, ...]:
            return (dimension, *(width + self.sines for width in own), outputs)

        own = widest(
            self.name,
            budget=budget,
            complexity=complexity,
            depth=depth,
            dimension=dimension,
            outputs=outputs,
            cost=lambda own: dense_size(whole(own), complexity),
        )
        dense = Layout.dense(whole(own))
        hidden = [
            LayerShape(a.free, a.fixed, a.free_bias, a.linear, ((sine, np.arange(len(a.linear)) >= width),))
            for a, width in zip(dense.layers, own, strict=False)
        ]
        return Layout((*hidden, dense.layers[-1]))


@hookimpl
def ratelab_architectures() -> Sequence[Family[Mixed]]:
    return [Family("mixed", Mixed, "fully connected, a few sines in every hidden layer")]
