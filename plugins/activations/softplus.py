"""Softplus, log(1 + exp(x)): a smooth rectifier."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flint import arb

from ratelab import Activation, hookimpl

if TYPE_CHECKING:
    import torch


def _function(x: "torch.Tensor") -> "torch.Tensor":
    return x.logaddexp(x.new_zeros(()))


def _ball(x: Any) -> Any:
    """Increasing, so a ball's image is spanned by the images of its ends; also for power series."""
    if isinstance(x, arb):
        return x.lower().exp().log1p().union(x.upper().exp().log1p())
    return (1 + x.exp()).log()


@hookimpl
def ratelab_activations() -> Sequence[Activation]:
    return [
        Activation(
            "softplus",
            _function,
            regularity="analytic",
            derivative=lambda x, value: x.sigmoid(),
            ball=_ball,
            reference="Dugas, Bengio, Bélisle, Nadeau and Garcia 2001, Incorporating second-order functional "
            "knowledge for better option pricing",
            summary="log(1 + exp(x))",
        )
    ]
