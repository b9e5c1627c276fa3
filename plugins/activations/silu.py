"""The sigmoid linear unit x / (1 + exp(−x)), also called swish."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flint import arb

from ratelab import Activation, hookimpl

if TYPE_CHECKING:
    import torch


def _logistic(x: Any) -> Any:
    return 1 / (1 + (-x).exp())


def _derivative(x: "torch.Tensor", value: "torch.Tensor") -> "torch.Tensor":
    logistic = x.sigmoid()
    return logistic + value * (1 - logistic)


def _ball(x: Any) -> Any:
    """Enclose the logistic factor by its ends, since it increases; also for power series."""
    if isinstance(x, arb):
        return x * _logistic(x.lower()).union(_logistic(x.upper()))
    return x * _logistic(x)


@hookimpl
def ratelab_activations() -> Sequence[Activation]:
    return [
        Activation(
            "silu",
            lambda x: x * x.sigmoid(),
            regularity="analytic",
            derivative=_derivative,
            ball=_ball,
            reference="Elfwing, Uchibe and Doya 2018, Sigmoid-weighted linear units for neural network "
            "function approximation in reinforcement learning",
            summary="x / (1 + exp(−x))",
        )
    ]
