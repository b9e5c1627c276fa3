"""The shape of a network before its weights are known, and what a fit is given and gives back."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks._layers import Readout
from ratelab.networks._network import Network
from ratelab.networks._powers import identity
from ratelab.registry import Activation

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class LayerShape:
    """One affine layer of a layout.

    Parameters
    ----------
    free
        (out, in): which weights are trained; the others keep their `fixed` value.
    fixed
        (out, in): value of the weights that are not free (0 where there is no connection).
    free_bias
        (out,): which biases are trained; the others are 0.
    linear
        (out,): which neurons are identities (skip connections); all of them in the last layer.
    others
        Pairs of an activation and a mask (out,): neurons that have this activation instead of the network's. No two
        masks meet, and none meets `linear`.
    pooled
        Bilinear pooling as in `Layer`: the activated values (u, v) give u ⊙ v, an odd number filled up with 1. Hidden
        layers only.

    Raises
    ------
    UserError
        If a mask of `others` has another shape or type, meets another one, or two activations have one name.
    """

    free: Mask
    fixed: Array
    free_bias: Mask
    linear: Mask
    others: tuple[tuple[Activation, Mask], ...] = ()
    pooled: bool = False

    def __post_init__(self) -> None:
        """Check the other activations."""
        taken, names = self.linear.copy(), {identity.name}
        for activation, mask in self.others:
            name = getattr(activation, "name", activation)
            if not isinstance(activation, Activation) or name in names:
                raise UserError(
                    f"layout: 'others' has {name!r}; allowed: pairs of an Activation and a mask, each activation "
                    "once, and the identity in 'linear' only"
                )
            names.add(activation.name)
            if not isinstance(mask, np.ndarray) or mask.dtype != bool or mask.shape != self.linear.shape:
                raise UserError(
                    f"layout: the neurons with activation '{activation.name}' are given as {np.shape(mask)} values; "
                    f"allowed: a boolean array of shape {self.linear.shape}, one entry per neuron"
                )
            if (mask & taken).any():
                raise UserError(
                    f"layout: neuron {int(np.argmax(mask & taken))} has activation '{activation.name}' and another "
                    "one; allowed: one activation a neuron"
                )
            taken |= mask

    @property
    def outputs(self) -> int:
        """Number of values that the layer gives: its neurons, or ⌈n/2⌉ of n after pooling."""
        neurons = len(self.linear)
        return (neurons + 1) // 2 if self.pooled else neurons

    @property
    def plain(self) -> Mask:
        """(out,): which neurons have the network's activation."""
        result = ~self.linear
        for _, mask in self.others:
            result &= ~mask
        return result

    def activations(self, activation: Activation) -> tuple[Activation, ...]:
        """Return the activation of each neuron, where the network's is given."""
        result = [identity if linear else activation for linear in self.linear]
        for other, mask in self.others:
            for row in np.flatnonzero(mask):
                result[row] = other
        return tuple(result)


@dataclass(frozen=True, eq=False)
class Layout:
    """A network shape: its layers from input to output.

    Raises
    ------
    UserError
        If the last layer is pooled, or a layer reads another number of values than the one before gives.
    """

    layers: tuple[LayerShape, ...]

    def __post_init__(self) -> None:
        """Check that the layers fit."""
        if self.layers[-1].pooled:
            raise UserError("layout: the last layer is pooled; allowed: poolings of hidden layers")
        for index, (before, layer) in enumerate(zip(self.layers, self.layers[1:], strict=False)):
            if layer.free.shape[1] != before.outputs:
                raise UserError(
                    f"layout: layer {index + 2} reads {layer.free.shape[1]} values; allowed: the {before.outputs} that "
                    f"layer {index + 1} gives"
                )

    @classmethod
    def dense(cls, widths: tuple[int, ...], pooled: Collection[int] = ()) -> "Layout":
        """Fully connected strict layout.

        Parameters
        ----------
        widths
            (d, hidden …, k), in neurons.
        pooled
            Which hidden layers are pooled, 0 for the first.

        Raises
        ------
        UserError
            If there is no such hidden layer.
        """
        hidden = len(widths) - 2
        if any(not 0 <= index < hidden for index in pooled):
            raise UserError(
                f"layout: layers {sorted(pooled)} are to be pooled; allowed: hidden layers 0 to {hidden - 1}"
            )
        layers: list[LayerShape] = []
        for index, out in enumerate(widths[1:]):
            width = layers[-1].outputs if layers else widths[0]
            layers.append(
                LayerShape(
                    np.ones((out, width), bool),
                    np.zeros((out, width)),
                    np.ones(out, bool),
                    np.full(out, index == hidden),
                    pooled=index in pooled,
                )
            )
        return cls(tuple(layers))

    @property
    def widths(self) -> tuple[int, ...]:
        """(d, hidden …, k), in neurons: a pooled layer gives half as many values."""
        return (self.layers[0].free.shape[1], *(len(layer.linear) for layer in self.layers))

    @property
    def depth(self) -> int:
        """Number of affine layers."""
        return len(self.layers)

    @property
    def neurons(self) -> int:
        """Number of hidden neurons."""
        return sum(self.widths[1:-1])

    @property
    def connections(self) -> int:
        """Number of weights that are free or fixed to a non-zero value."""
        return sum(int(np.count_nonzero(layer.free | (layer.fixed != 0))) for layer in self.layers)

    @property
    def poolings(self) -> int:
        """Number of pooled layers."""
        return sum(layer.pooled for layer in self.layers)

    @property
    def key(self) -> str:
        """Name of the shape, the same for equal shapes: part of the seed of a fit."""
        hidden = self.layers[:-1]
        masks = _digits([layer.linear for layer in hidden])
        skip = f":{masks}" if "1" in masks else ""
        for name in sorted(self.others):
            empty = [np.zeros(len(layer.linear), bool) for layer in hidden]
            named = [{a.name: mask for a, mask in layer.others} for layer in hidden]
            skip += f":{name}={_digits([n.get(name, e) for n, e in zip(named, empty, strict=True)])}"
        if self.poolings:
            skip += ":*" + _digits([np.array([layer.pooled for layer in hidden])])
        return "-".join(str(n) for n in self.widths) + skip

    @property
    def others(self) -> frozenset[str]:
        """Names of the activations that neurons have instead of the network's, without identities."""
        return frozenset(a.name for layer in self.layers[:-1] for a, mask in layer.others if mask.any())


def _digits(masks: list[Mask]) -> str:
    return "".join("".join("01"[int(v)] for v in mask) for mask in masks)


@dataclass(frozen=True, eq=False)
class GradeSpan:
    """Where a layout holds one grade: a few hidden layers, and a head on the last of them.

    Parameters
    ----------
    layers
        Its hidden layers, as consecutive indices into `Layout.layers`.
    rows, columns
        Per layer: the rows of its neurons, and the columns that they read (all inputs, or the neurons of the layer
        before; never the sums of heads).
    head_layer
        Index of the layer that holds the head: the one after its last.
    head_rows, head_columns
        Where the head stands in that layer: k rows (identity neurons that add it to the sum of all earlier heads, or
        the outputs), and the columns of the grade's last neurons.
    """

    layers: tuple[int, ...]
    rows: tuple[Indices, ...]
    columns: tuple[Indices, ...]
    head_layer: int
    head_rows: Indices
    head_columns: Indices


def grades_of(layout: Layout) -> tuple[GradeSpan, ...]:
    """Return the grades of a layout whose output is the sum of heads on its hidden layers.

    The masks alone decide: k identity neurons carry the sum (fixed weights 1 from layer to layer), a grade ends where
    the sum takes in free weights on a hidden layer, and no other neuron reads the sum. A layout without identity
    neurons is one grade. Layouts with poolings have none.

    Raises
    ------
    UserError
        If the layout is not of that kind.
    """
    if layout.poolings:
        raise UserError(f"layout {layout.key} has pooled layers; allowed: grades without poolings")
    outputs = layout.widths[-1]
    neurons, sums = np.arange(layout.widths[0]), np.arange(0)
    spans: list[GradeSpan] = []
    layers: list[int] = []
    rows: list[Indices] = []
    columns: list[Indices] = []
    for index, layer in enumerate(layout.layers):
        carriers, own = np.flatnonzero(layer.linear), np.flatnonzero(~layer.linear)
        last = index == layout.depth - 1
        reads = layer.free | (layer.fixed != 0)
        head = bool(layer.free[np.ix_(carriers, neurons)].any())
        wrong = (
            (len(carriers) > 0 and not head and not len(sums))
            or (last and not head)
            or (len(own) == 0) != last
            or (head and not layers)
            or bool(reads[np.ix_(own, sums)].any() or layer.free[np.ix_(carriers, sums)].any())
            or bool((layer.fixed[np.ix_(carriers, neurons)] != 0).any())
            or (len(sums) > 0 and not np.array_equal(layer.fixed[np.ix_(carriers, sums)], np.eye(outputs)))
        )
        if wrong:
            raise UserError(
                f"layout {layout.key}: layer {index + 1} is no part of a grade; allowed: layouts whose identity "
                "neurons carry the sum of all earlier heads and nothing else, as architecture 'graded' makes them"
            )
        if head:
            spans.append(GradeSpan(tuple(layers), tuple(rows), tuple(columns), index, carriers, neurons))
            layers, rows, columns = [], [], []
        layers.append(index)
        rows.append(own)
        columns.append(neurons)
        neurons, sums = own, carriers
    return tuple(spans)


def graded_readouts(network: Network, layout: Layout) -> Network:
    """Return the network with a readout after each grade: the sum of all heads up to that grade's.

    Readout g of a network with outputs in R^k reads the last hidden layer of grade g, inner sums included; the last
    one is the network itself.

    Raises
    ------
    UserError
        If the layout has no grades (see `grades_of`), or the network another shape.
    """
    spans = grades_of(layout)
    widths = (network.inputs, *network.widths, network.outputs)
    if widths != layout.widths:
        raise UserError(
            f"a network of widths {widths} does not fit layout {layout.key}; allowed: widths {layout.widths}"
        )
    heads = []
    for span in spans:
        layer = network.layers[span.head_layer]
        heads.append(Readout(span.head_layer, layer.weight[span.head_rows], layer.bias[span.head_rows]))
    return Network(network.layers, heads)


@dataclass(frozen=True, eq=False)
class FitProblem:
    """What a trainer sees: weighted data, shapes and seeds. Never the target itself.

    Parameters
    ----------
    nodes, weights, values
        (m, d), (m,) and (m, k) float64; the loss is Σ_i weights_i |network(nodes_i) − values_i|².
    activation
        Of the neurons that are not linear.
    fits
        The (layout, seed index) pairs to fit.
    domain
        d pairs, for initial breakpoints inside the domain.
    milestones
        Increasing amounts of work, in work units, at which the best network so far is kept. One evaluation of
        a loss, of a gradient or of a Jacobian is nodes × connections units.
    starts
        One constructed network (or None) per fit, for trainers that polish; empty for all others.
    """

    nodes: Array
    weights: Array
    values: Array
    activation: Activation
    fits: tuple[tuple[Layout, int], ...]
    domain: tuple[tuple[float, float], ...]
    milestones: tuple[float, ...] = ()
    starts: tuple[Network | None, ...] = ()


Status = Literal["converged", "step limit", "diverged", "work limit", "no start"]


@dataclass(frozen=True, eq=False)
class FitResult:
    """One fitted network.

    Parameters
    ----------
    network
        None if the fit diverged.
    loss
        Weighted sum of squares at the end (NaN if diverged).
    status
        ``converged`` (the trainer's own criterion), ``step limit``, ``work limit``, ``diverged``, or ``no start``
        where a polisher was given none.
    steps
        Optimiser steps taken.
    work
        Work units spent (see `FitProblem.milestones`).
    snapshots
        The best network when the work passed each milestone of the problem; None before the first evaluation,
        the final network once the fit was over.
    """

    network: Network | None
    loss: float
    status: Status
    steps: int
    work: float = 0.0
    snapshots: tuple[Network | None, ...] = ()
