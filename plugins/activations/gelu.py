"""The Gaussian error linear unit x Φ(x), Φ the normal distribution function (erf form)."""

from collections.abc import Sequence
from math import pi, sqrt
from typing import TYPE_CHECKING, Any

from flint import arb

from ratelab import Activation, hookimpl

if TYPE_CHECKING:
    import torch


def _function(x: "torch.Tensor") -> "torch.Tensor":
    return x * (-x * sqrt(0.5)).erfc() / 2


def _derivative(x: "torch.Tensor", value: "torch.Tensor") -> "torch.Tensor":
    """Φ(x) + x Φ′(x)."""
    return (-x * sqrt(0.5)).erfc() / 2 + x * (-x * x / 2).exp() / sqrt(2 * pi)


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
