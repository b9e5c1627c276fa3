"""The arcus tangens."""

from collections.abc import Sequence
from typing import Any

from ratelab import Activation, hookimpl


def _ball(x: Any) -> Any:
    """Enclose on a ball; also for power series."""
    return x.atan()


@hookimpl
def ratelab_activations() -> Sequence[Activation]:
    return [
        Activation(
            "arctan",
            lambda x: x.atan(),
            regularity="analytic",
            derivative=lambda x, value: 1 / (1 + x * x),
            ball=_ball,
            reference="Funahashi 1989, On the approximate realization of continuous mappings by neural networks",
            summary="arctan x",
        )
    ]
