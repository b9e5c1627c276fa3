"""The logistic sigmoid 1 / (1 + exp(−x))."""

from collections.abc import Sequence
from typing import Any

from flint import arb

from ratelab import Activation, hookimpl


def _logistic(x: Any) -> Any:
    return 1 / (1 + (-x).exp())


def _ball(x: Any) -> Any:
    """Increasing, so a ball's image is spanned by the images of its ends; also for power series."""
    return _logistic(x.lower()).union(_logistic(x.upper())) if isinstance(x, arb) else _logistic(x)


@hookimpl
def ratelab_activations() -> Sequence[Activation]:
    return [
        Activation(
            "sigmoid",
            lambda x: x.sigmoid(),
            regularity="analytic",
            derivative=lambda x, value: value * (1 - value),
            ball=_ball,
            reference="Cybenko 1989, Approximation by superpositions of a sigmoidal function",
            summary="1 / (1 + exp(−x))",
        )
    ]
