"""The hyperbolic tangent."""

from collections.abc import Sequence
from typing import Any

from flint import arb

from ratelab import Activation, hookimpl


def _ball(x: Any) -> Any:
    """Increasing, so a ball's image is spanned by the images of its ends; also for power series."""
    if isinstance(x, arb):
        return x.lower().tanh().union(x.upper().tanh())
    decay = (-2 * x).exp()
    return (1 - decay) / (1 + decay)


@hookimpl
def ratelab_activations() -> Sequence[Activation]:
    return [
        Activation(
            "tanh",
            lambda x: x.tanh(),
            regularity="analytic",
            derivative=lambda x, value: 1 - value * value,
            ball=_ball,
            reference="LeCun, Bottou, Orr and Müller 1998, Efficient backprop",
            summary="hyperbolic tangent",
        )
    ]
