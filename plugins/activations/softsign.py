"""Softsign, x / (1 + |x|)."""

from collections.abc import Sequence
from typing import Any

from flint import arb

from ratelab import Activation, hookimpl


def _right(x: Any) -> Any:
    return 1 - 1 / (1 + x)


def _left(x: Any) -> Any:
    return 1 / (1 - x) - 1


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
            "softsign",
            lambda x: x / (1 + x.abs()),
            derivative=lambda x, value: (1 - value.abs()) ** 2,
            ball=_ball,
            reference="Elliott 1993, A better activation function for artificial neural networks",
            summary="x / (1 + |x|); once continuously differentiable",
        )
    ]
