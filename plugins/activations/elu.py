"""The exponential linear unit: x for x ≥ 0, exp(x) − 1 for x < 0."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flint import arb

from ratelab import Activation, hookimpl
from ratelab.networks import increasing_ball

if TYPE_CHECKING:
    import torch


def _function(x: "torch.Tensor") -> "torch.Tensor":
    return x.where(x > 0, x.clamp(max=0).expm1())


def _right(x: Any) -> Any:
    return x


def _left(x: Any) -> Any:
    return x.expm1() if isinstance(x, arb) else x.exp() - 1


@hookimpl
def ratelab_activations() -> Sequence[Activation]:
    return [
        Activation(
            "elu",
            _function,
            derivative=lambda x, value: value.clamp(max=0).add_(1),
            ball=increasing_ball(_left, _right),
            reference="Clevert, Unterthiner and Hochreiter 2016, Fast and accurate deep network learning by "
            "exponential linear units",
            summary="x for x ≥ 0, exp(x) − 1 for x < 0; once continuously differentiable",
        )
    ]
