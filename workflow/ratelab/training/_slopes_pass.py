"""Loss and derivatives of networks in which every neuron has a slope of its own, and such neurons as activations."""

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ratelab.networks import identity, power
from ratelab.registry import Activation, PiecewisePolynomial
from ratelab.training._pooling import Pooling
from ratelab.training._stack import Data, Shape

if TYPE_CHECKING:
    import torch

Array = NDArray[np.float64]

_ZERO, _ONE = Fraction(0), Fraction(1)


def bent(slope: float) -> Activation:
    """Return x ↦ max(x, 0) + slope · min(x, 0): ReLU for slope 0, the identity for 1, else ``prelu(slope=…)``.

    The label has the shortest decimal that is this float64 number, so that storage keeps every bit.
    """
    slope = float(slope) + 0.0  # one zero
    if slope in (0.0, 1.0):
        return power(1) if slope == 0.0 else identity
    exact = Fraction(slope)

    def function(x: "torch.Tensor") -> "torch.Tensor":
        return x.where(x >= 0, slope * x)

    def ball(x: Any) -> Any:
        negative = (-x).nonnegative_part() * exact.numerator / exact.denominator
        return x.nonnegative_part() - negative

    return Activation(
        f"prelu(slope={slope!r})",
        function,
        regularity="piecewise polynomial",
        degree=1,
        knots=(_ZERO,),
        pieces=PiecewisePolynomial((_ZERO,), ((_ZERO, exact), (_ZERO, _ONE))),
        ball=ball,
        reference="He, Zhang, Ren and Sun 2015, Delving deep into rectifiers",
        summary=f"max(x, 0) + {slope} · min(x, 0)",
    )


def slope_of(activation: Activation) -> float | None:
    """Return α if the activation is max(x, 0) + α · min(x, 0), the identity among them, else None."""
    pieces = activation.polynomial
    if pieces is None or pieces.degree > 1 or len(pieces.coefficients) > 2 or any(pieces.knots):
        return None
    padded = [(*map(Fraction, piece), _ZERO, _ZERO)[:2] for piece in pieces.coefficients]
    if any(constant for constant, _ in padded) or padded[-1][1] != 1:
        return None
    return float(padded[0][1])


class SlopesPass:
    """Forward and backward pass of networks of one shape, products network by network.

    Parameters
    ----------
    shape
        Of all of them.
    state, slope
        (S, P + N): parameters as in `Shape`, then a slope per hidden neuron, layer by layer; read at every call, and
        where the derivatives are written.
    """

    def __init__(self, shape: Shape, state: Array, slope: Array, data: Data) -> None:
        self._data, self._hidden = data, shape.hidden
        self._blocks, self._targets = shape.blocks(state), shape.blocks(slope)
        ends = np.cumsum([0] + [rows for rows, _ in shape.sizes[:-1]]) + shape.count
        spans = [slice(int(a), int(b)) for a, b in zip(ends, ends[1:], strict=False)]
        self._slopes = [state[:, span, None] for span in spans]
        self._bends = [slope[:, span] for span in spans]
        nodes = data.points.shape[1]
        self._poolings = [
            Pooling(len(state), rows, nodes) if pooled else None
            for (rows, _), pooled in zip(shape.sizes[:-1], shape.pooled, strict=False)
        ]

    def loss_and_slope(self) -> Array:
        """Return the losses (S,), and write their derivatives by parameters and slopes."""
        data = self._data
        reads: list[Array] = []
        negative: list[Array] = []
        value = np.matmul(self._blocks[0], data.points)
        for level in range(self._hidden):
            below = np.minimum(value, 0.0)
            negative.append(below)
            activated = np.maximum(value, 0.0) + self._slopes[level] * below
            pooling = self._poolings[level]
            reads.append(activated if pooling is None else pooling.forward(activated))
            block = self._blocks[level + 1]
            value = np.matmul(block[:, :, :-1], reads[-1]) + block[:, :, -1:]
        rest = value - data.values
        delta = rest * (2.0 * data.weights)
        loss = 0.5 * (delta * rest).reshape(len(delta), -1).sum(axis=1)
        for level in range(self._hidden, -1, -1):
            target = self._targets[level]
            if level == 0:
                np.matmul(delta, data.points.T, out=target)
                break
            np.matmul(delta, reads[level - 1].swapaxes(1, 2), out=target[:, :, :-1])
            np.sum(delta, axis=2, out=target[:, :, -1])
            above = np.matmul(self._blocks[level][:, :, :-1].swapaxes(1, 2), delta)
            pooling, below = self._poolings[level - 1], negative[level - 1]
            if pooling is not None:
                pooling.above[:] = above
                above = np.empty_like(below)
                pooling.backward(above)
            np.sum(above * below, axis=2, out=self._bends[level - 1])
            delta = above * np.where(below < 0.0, self._slopes[level - 1], 1.0)
        return np.asarray(loss)
