"""The sine as a primitive: two of them in each layer read cell values from a cell's number."""

from math import pi
from typing import TYPE_CHECKING

from ratelab.registry import Activation

if TYPE_CHECKING:
    import torch


def _function(x: "torch.Tensor") -> "torch.Tensor":
    return x.sin()


def _derivative(x: "torch.Tensor", value: "torch.Tensor") -> "torch.Tensor":
    return x.cos()


sine = Activation(
    "sine",
    _function,
    regularity="analytic",
    derivative=_derivative,
    ball=lambda x: x.sin(),
    reference="Sitzmann, Martel, Bergman, Lindell and Wetzstein 2020, Implicit neural "
    "representations with periodic activation functions",
    summary="sin x",
    period=2 * pi,
)
