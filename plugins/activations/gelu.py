"""The Gaussian error linear unit x Φ(x), Φ the normal distribution function (erf form)."""

from collections.abc import Sequence
from math import pi, sqrt
from typing import TYPE_CHECKING, Any

from flint import arb

from ratelab import Activation, hookimpl

if TYPE_CHECKING:
    import torch


def _function(x: "torch.Tensor") -> "torch.Tensor":
    return x * (1 + (x * sqrt(0.5)).erf()) / 2


def _derivative(x: "torch.Tensor", value: "torch.Tensor") -> "torch.Tensor":
    """Φ(x) + x Φ′(x), with Φ(x) = value / x."""
    return (value / x).masked_fill_(x == 0, 0.5).addcmul_(x, (-0.5 * x * x).exp_(), value=1 / sqrt(2 * pi))


def _ball(x: Any) -> Any:
    """Enclose on a ball; also for power series."""
    return x * (-x * arb(0.5).sqrt()).erfc() / 2


@hookimpl
def ratelab_activations() -> Sequence[Activation]:
    return [
        Activation(
            "gelu",
            _function,
            regularity="analytic",
            derivative=_derivative,
            ball=_ball,
            reference="Hendrycks and Gimpel 2016, Gaussian error linear units",
            summary="x (1 + erf(x / √2)) / 2",
        )
    ]
