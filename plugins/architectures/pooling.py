"""Fully connected layers, the last ones pooled: their values are multiplied in pairs."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from ratelab import Family, UserError, hookimpl
from ratelab.networks import LayerShape, Layout, widest
from ratelab.registry import Complexity

Widths = tuple[int, ...]
FORMS = ("pairs", "outer")


class Pooling:
    """Fully connected hidden layers, the last `layers` of which are followed by a bilinear pooling.

    With form ``pairs`` a pooled layer has 2n neurons (u, v) and gives the n products u ⊙ v. With form ``outer`` it has
    n + 1 neurons u ∈ R^a, v ∈ R^b, a = ⌈(n + 1)/2⌉, and gives all a · b products: a layer of 2ab identity neurons
    copies the values (fixed weights 1) and is pooled. Copies and their connections count, and each of these poolings
    takes one more layer of the depth. The numbers n, in the other layers those of neurons, grow in turn, from the first
    layer, and differ by at most one.

    Parameters
    ----------
    layers
        Poolings; no hidden layer comes after them but those of form ``outer``.
    form
        ``pairs`` or ``outer``.

    Raises
    ------
    UserError
        If a parameter is out of range.
    """

    pools = True

    def __init__(self, layers: int = 1, form: str = "pairs") -> None:
        """Check the parameters."""
        if layers < 1:
            raise UserError(f"architecture 'pooling': layers is {layers}; allowed: 1 or more")
        if form not in FORMS:
            raise UserError(f"architecture 'pooling': form is '{form}'; allowed: {', '.join(FORMS)}")
        self.name = "pooling"
        self.layers, self.form = layers, form

    def layout(
        self, *, budget: int, complexity: Complexity, depth: int, dimension: int, outputs: int
    ) -> Layout:
        """Return the widest shape of that depth whose complexity is at most the budget.

        Raises
        ------
        UserError
            If the depth has no room for the poolings, and as `ratelab.networks.widest`.
        """
        copies = self.layers if self.form == "outer" else 0
        least = 1 + self.layers + copies
        if depth < least:
            raise UserError(
                f"architecture 'pooling': depth is {depth}; allowed for layers={self.layers},form={self.form}: "
                f"{least} or more"
            )
        own = widest(
            self.name,
            budget=budget,
            complexity=complexity,
            depth=depth - copies,
            dimension=dimension,
            outputs=outputs,
            cost=lambda own: self._cost(own, dimension, outputs, complexity),
            entries=lambda own: max(a * b for a, b in pairwise(self._matrices(own, dimension, outputs))),
        )
        return self._layout(own, dimension, outputs)

    def _sizes(self, own: Widths) -> list[tuple[int, int, int]]:
        """Return the neurons, the copies and the values given of each layer that is not one of copies."""
        plain = len(own) - self.layers
        sizes = [(n, 0, n) for n in own[:plain]]
        if self.form == "pairs":
            return sizes + [(2 * n, 0, n) for n in own[plain:]]
        products = [((n + 2) // 2) * ((n + 1) // 2) for n in own[plain:]]
        return sizes + [(n + 1, 2 * ab, ab) for n, ab in zip(own[plain:], products, strict=True)]

    def _cost(self, own: Widths, dimension: int, outputs: int, complexity: Complexity) -> int:
        sizes = self._sizes(own)
        copies = sum(copied for _, copied, _ in sizes)
        if complexity == "neurons":
            return sum(neurons for neurons, _, _ in sizes) + copies
        reads = [dimension, *(values for *_, values in sizes)]
        rows = [*(neurons for neurons, *_ in sizes), outputs]
        return copies + sum(a * b for a, b in zip(reads, rows, strict=True))

    def _matrices(self, own: Widths, dimension: int, outputs: int) -> list[int]:
        """Return numbers of which every two that follow one another bound a weight matrix."""
        result = [dimension]
        for neurons, copies, _ in self._sizes(own):
            result += [neurons, copies] if copies else [neurons]
        return [*result, outputs]

    def _layout(self, own: Widths, dimension: int, outputs: int) -> Layout:
        layers: list[LayerShape] = []
        reads = dimension
        plain = len(own) - self.layers
        for index, (neurons, copies, values) in enumerate(self._sizes(own)):
            layers.append(_full(neurons, reads, pooled=index >= plain and not copies))
            if copies:
                layers.append(_copies(neurons))
            reads = values
        return Layout((*layers, _full(outputs, reads, linear=True)))


def _full(neurons: int, reads: int, *, linear: bool = False, pooled: bool = False) -> LayerShape:
    shape = (neurons, reads)
    free, fixed = np.ones(shape, bool), np.zeros(shape)
    return LayerShape(free, fixed, np.ones(neurons, bool), np.full(neurons, linear), pooled=pooled)


def _copies(neurons: int) -> LayerShape:
    """Copy u ∈ R^a and v ∈ R^b so that the products of the two halves are all u_i v_j."""
    a, b = (neurons + 1) // 2, neurons // 2
    source = np.concatenate([np.repeat(np.arange(a), b), np.tile(a + np.arange(b), a)])
    fixed = (source[:, None] == np.arange(neurons)).astype(np.float64)
    none = np.zeros(fixed.shape, bool)
    return LayerShape(none, fixed, none[:, 0], ~none[:, 0], pooled=True)


@hookimpl
def ratelab_architectures() -> Sequence[Family[Pooling]]:
    return [Family("pooling", Pooling, "fully connected, the values of the last hidden layers multiplied")]
