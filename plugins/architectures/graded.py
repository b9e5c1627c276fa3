"""Graded networks: a head on every grade of hidden layers, and the output is the sum of all heads."""

from collections.abc import Sequence

import numpy as np

from ratelab import Family, UserError, hookimpl
from ratelab.networks import LayerShape, Layout, identity, resolve, sine, widest
from ratelab.registry import Activation, Complexity, Registry

Widths = tuple[int, ...]


class Graded:
    """Hidden layers in grades; every grade has an affine head, and the output is the sum of all heads.

    A grade has `layers` hidden layers, the last one what remains of the depth. Its first layer reads the neurons of the
    layer before. A hidden layer holds, in this order, neurons with the network's activation, sines, and from the
    second grade on k identity neurons that carry the sum of all earlier heads (free weights from a grade's last layer,
    free biases). Neither the input nor the sum is read by later neurons. Identity neurons and their connections count.
    Widths without identity neurons grow in turn, from the first layer, and differ by at most one.

    Parameters
    ----------
    layers
        Hidden layers of a grade.
    first
        Activation of the first grade's neurons, except its sines: a primitive (sine, relu, relu2, …) or the name of a
        plugin; ``none`` is the network's.
    sines
        Sines in every hidden layer; the smallest layer has one more neuron. With two it is a block of sines and ReLUs
        with readouts at all depths.

    Raises
    ------
    UserError
        If a parameter is out of range.
    """

    def __init__(self, layers: int = 1, first: str = "none", sines: int = 0) -> None:
        """Check the parameters."""
        if layers < 1:
            raise UserError(f"architecture 'graded': layers is {layers}; allowed: 1 or more")
        if sines < 0:
            raise UserError(f"architecture 'graded': sines is {sines}; allowed: 0 or more")
        self.name = "graded"
        self.layers, self.sines = layers, sines
        self.first: Activation | None = None
        self._name = str(first)
        if self._name == identity.name:
            raise UserError(
                "architecture 'graded': first is 'identity'; allowed: none, or any other activation"
            )
        names = {self._name} - {"none"} | ({sine.name} if sines else set())
        self.others = tuple(sorted(names))

    def use(self, registry: Registry) -> None:
        """Look up the activation of the first grade.

        Raises
        ------
        UserError
            If there is none of that name.
        """
        if self._name != "none":
            self.first = resolve(self._name, registry)

    def layout(
        self, *, budget: int, complexity: Complexity, depth: int, dimension: int, outputs: int
    ) -> Layout:
        """Return the widest shape of that depth whose complexity is at most the budget.

        Raises
        ------
        UserError
            As `ratelab.networks.widest`.
        """
        if self.first is None and self._name != "none":
            self.first = resolve(self._name)
        own = widest(
            self.name,
            budget=budget,
            complexity=complexity,
            depth=depth,
            dimension=dimension,
            outputs=outputs,
            cost=lambda widths: self._cost(widths, dimension, outputs, complexity),
        )
        return self._layout(own, dimension, outputs)

    def _cost(self, own: Widths, d: int, k: int, complexity: Complexity) -> int:
        """Neurons or connections of the layout with these widths, sines and identities not among them."""
        widths = [width + self.sines for width in own]
        later = max(len(widths) - self.layers, 0)
        if complexity == "neurons":
            return sum(widths) + k * later
        count = sum(a * b for a, b in zip((d, *widths), widths, strict=False)) + k * widths[-1]
        heads = sum(widths[index - 1] for index in range(self.layers, len(widths), self.layers))
        return count + k * (heads + later)  # every sum is carried once, the first of them enters by its head

    def _layout(self, own: Widths, d: int, k: int) -> Layout:
        layers, neurons, sums = [], d, 0
        for index, plain in enumerate((*own, 0)):
            last = index == len(own)
            width = 0 if last else plain + self.sines
            carriers = k if last or index >= self.layers else 0
            free = np.zeros((width + carriers, neurons + sums), bool)
            fixed = np.zeros(free.shape)
            free[:width, :neurons] = True
            free[width:, :neurons] = last or index % self.layers == 0
            if sums:
                fixed[width:, neurons:] = np.eye(k)
            row = np.arange(len(free))
            layers.append(
                LayerShape(
                    free, fixed, free.any(axis=1), row >= width, self._others(row, index, plain, width)
                )
            )
            neurons, sums = width, carriers
        return Layout(tuple(layers))

    def _others(
        self, row: np.ndarray, index: int, plain: int, width: int
    ) -> tuple[tuple[Activation, np.ndarray], ...]:
        """Neurons of a layer whose activation is not the network's."""
        masks: dict[str, tuple[Activation, np.ndarray]] = {}
        places = [(self.first if index < self.layers else None, row < plain)]
        places.append((sine if self.sines else None, (row >= plain) & (row < width)))
        for activation, mask in places:
            if activation is not None and mask.any():
                before = masks.get(activation.name, (activation, np.zeros(len(row), bool)))[1]
                masks[activation.name] = activation, before | mask
        return tuple(masks.values())


@hookimpl
def ratelab_architectures() -> Sequence[Family[Graded]]:
    return [Family("graded", Graded, "the output is the sum of heads on grades of hidden layers")]
