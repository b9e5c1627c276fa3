"""The inverse square root unit x / √(1 + x²)."""

from collections.abc import Sequence
from typing import Any

from flint import arb

from ratelab import Activation, hookimpl


def _ball(x: Any) -> Any:
    """Increasing, so a ball's image is spanned by the images of its ends; also for power series."""
    if isinstance(x, arb):
        low, high = arb(x.lower()), arb(x.upper())
        return (low / (1 + low * low).sqrt()).union(high / (1 + high * high).sqrt())
    return x / (1 + x * x).sqrt()


@hookimpl
def ratelab_activations() -> Sequence[Activation]:
    return [
        Activation(
            "isru",
            lambda x: x / x.hypot(x.new_ones(())),
            regularity="analytic",
            derivative=lambda x, value: x.hypot(x.new_ones(())) ** -3,
            ball=_ball,
            reference="Carlile, Delamarter, Kinney, Marti and Whitney 2017, Improving deep learning by inverse "
            "square root linear units",
            summary="x / √(1 + x²)",
        )
    ]
