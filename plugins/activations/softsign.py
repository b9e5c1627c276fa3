"""Softsign, x / (1 + |x|)."""

from collections.abc import Sequence
from typing import Any

from ratelab import Activation, hookimpl
from ratelab.networks import increasing_ball


def _right(x: Any) -> Any:
    return 1 - 1 / (1 + x)


def _left(x: Any) -> Any:
    return 1 / (1 - x) - 1


@hookimpl
def ratelab_activations() -> Sequence[Activation]:
    return [
        Activation(
            "softsign",
            lambda x: x / (1 + x.abs()),
            derivative=lambda x, value: (1 - value.abs()) ** 2,
            ball=increasing_ball(_left, _right),
            reference="Elliott 1993, A better activation function for artificial neural networks",
            summary="x / (1 + |x|); once continuously differentiable",
        )
    ]
