"""The inverse square root linear unit: x for x ≥ 0, x / √(1 + x²) for x < 0."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ratelab import Activation, hookimpl
from ratelab.networks import increasing_ball

if TYPE_CHECKING:
    import torch


def _function(x: "torch.Tensor") -> "torch.Tensor":
    negative = x.clamp(max=0)
    return x.where(x > 0, negative / negative.hypot(x.new_ones(())))


def _derivative(x: "torch.Tensor", value: "torch.Tensor") -> "torch.Tensor":
    return x.clamp(max=0).hypot(x.new_ones(())) ** -3


def _right(x: Any) -> Any:
    return x


def _left(x: Any) -> Any:
    return x / (1 + x * x).sqrt()


@hookimpl
def ratelab_activations() -> Sequence[Activation]:
    return [
        Activation(
            "isrlu",
            _function,
            derivative=_derivative,
            ball=increasing_ball(_left, _right),
            reference="Carlile, Delamarter, Kinney, Marti and Whitney 2017, Improving deep learning by inverse "
            "square root linear units",
            summary="x for x ≥ 0, x / √(1 + x²) for x < 0; twice continuously differentiable",
        )
    ]
