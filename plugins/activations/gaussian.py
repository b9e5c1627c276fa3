"""The Gaussian exp(−x²)."""

from collections.abc import Sequence
from typing import Any

from flint import arb

from ratelab import Activation, hookimpl


def _ball(x: Any) -> Any:
    """Enclose on a ball, with the square kept non-negative; also for power series."""
    square = x * x
    return (-(square.nonnegative_part() if isinstance(x, arb) else square)).exp()


@hookimpl
def ratelab_activations() -> Sequence[Activation]:
    return [
        Activation(
            "gaussian",
            lambda x: (-x * x).exp(),
            regularity="analytic",
            derivative=lambda x, value: -2 * x * value,
            ball=_ball,
            reference="Broomhead and Lowe 1988, Multivariable functional interpolation and adaptive networks",
            summary="exp(−x²)",
        )
    ]
