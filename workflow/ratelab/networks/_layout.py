"""The shape of a network before its weights are known, and what a fit is given and gives back."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ratelab.networks._network import Network
from ratelab.registry import Activation

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


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
    """

    free: Mask
    fixed: Array
    free_bias: Mask
    linear: Mask


@dataclass(frozen=True, eq=False)
class Layout:
    """A network shape: its layers from input to output."""

    layers: tuple[LayerShape, ...]

    @classmethod
    def dense(cls, widths: tuple[int, ...]) -> "Layout":
        """Fully connected strict layout; `widths` = (d, hidden …, k)."""
        layers = []
        for index, (width, out) in enumerate(zip(widths, widths[1:], strict=False)):
            last = index == len(widths) - 2
            layers.append(
                LayerShape(
                    np.ones((out, width), bool),
                    np.zeros((out, width)),
                    np.ones(out, bool),
                    np.full(out, last),
                )
            )
        return cls(tuple(layers))

    @property
    def widths(self) -> tuple[int, ...]:
        """(d, hidden …, k)."""
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
    def key(self) -> str:
        """Name of the shape, the same for equal shapes: part of the seed of a fit."""
        masks = "".join("".join("01"[int(v)] for v in layer.linear) for layer in self.layers[:-1])
        skip = f":{masks}" if "1" in masks else ""
        return "-".join(str(n) for n in self.widths) + skip


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
