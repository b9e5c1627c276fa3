"""The inverse square root linear unit: x for x ≥ 0, x / √(1 + x²) for x < 0."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flint import arb

from ratelab import Activation, hookimpl

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


def _ball(x: Any) -> Any:
    """Increasing, so a ball's image is spanned by the images of its ends; also for power series beside the origin."""
    if isinstance(x, arb):
        low, high = (_right(end) if end >= 0 else _left(end) for end in (arb(x.lower()), arb(x.upper())))
        return low.union(high)
    if x[0] >= 0:
        return _right(x)
    return _left(x) if x[0] <= 0 else x.log()  # not a number across the origin


@hookimpl
def ratelab_activations() -> Sequence[Activation]:
    return [
        Activation(
            "isrlu",
            _function,
            derivative=_derivative,
            ball=_ball,
            reference="Carlile, Delamarter, Kinney, Marti and Whitney 2017, Improving deep learning by inverse "
            "square root linear units",
            summary="x for x ≥ 0, x / √(1 + x²) for x < 0; twice continuously differentiable",
        )
    ]
