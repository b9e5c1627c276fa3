"""Generalized networks: identity neurons carry the input and the sum of earlier layers' readouts."""

from collections.abc import Sequence

import numpy as np

from ratelab import hookimpl
from ratelab.networks import LayerShape, Layout, widest
from ratelab.registry import Complexity


class Skip:
    """Every hidden layer reads the input, and the output reads every hidden layer.

    A hidden layer holds activation neurons, which read the carried input and the activation neurons before
    them; d identity neurons that carry the input (fixed weights 1); and from the second hidden layer on k
    identity neurons that accumulate free linear readouts of the activation neurons before them. The output
    reads the last activation neurons, the input and the sums. Identity neurons and their connections count,
    so a budget pays for the skips. Activation widths grow in turn, from the first layer, and differ by at
    most one.
    """

    name = "skip"

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
            cost=lambda widths: _cost(widths, dimension, outputs, complexity),
        )
        return _layout(hidden, dimension, outputs)


def _cost(widths: tuple[int, ...], d: int, k: int, complexity: Complexity) -> int:
    """Neurons or connections of the layout with these activation widths."""
    later = widths[1:]
    if complexity == "neurons":
        return sum(widths) + d * len(widths) + k * len(later)
    count = widths[0] * d + d
    for index, (before, width) in enumerate(zip(widths, later, strict=False)):
        count += width * (before + d) + d + k * (before + (index > 0))
    return count + k * (widths[-1] + d + bool(later))


def _layout(widths: tuple[int, ...], d: int, k: int) -> Layout:
    """Neurons of a hidden layer in the order: activations, carried input, sums."""
    layers = []
    for index, width in enumerate(widths):
        sums = k if index else 0
        before = widths[index - 1] if index else 0
        summed = k if index > 1 else 0
        free = np.zeros((width + d + sums, before + d + summed), bool)
        fixed = np.zeros(free.shape)
        free[:width, : before + d] = True
        fixed[width : width + d, before : before + d] = np.eye(d)
        free[width + d :, :before] = True
        if summed:
            fixed[width + d :, before + d :] = np.eye(k)
        linear = np.arange(len(free)) >= width
        layers.append(LayerShape(free, fixed, ~linear, linear))
    summed = k if len(widths) > 1 else 0
    free = np.ones((k, widths[-1] + d + summed), bool)
    fixed = np.zeros(free.shape)
    if summed:
        free[:, widths[-1] + d :] = False
        fixed[:, widths[-1] + d :] = np.eye(k)
    layers.append(LayerShape(free, fixed, np.ones(k, bool), np.ones(k, bool)))
    return Layout(tuple(layers))


@hookimpl
def ratelab_architectures() -> Sequence[Skip]:
    return [Skip()]
