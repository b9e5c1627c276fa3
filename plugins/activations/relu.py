"""The rectified linear unit, max(x, 0)."""

from collections.abc import Sequence

from ratelab import Activation, hookimpl
from ratelab.networks import power


@hookimpl
def ratelab_activations() -> Sequence[Activation]:
    return [power(1)]
