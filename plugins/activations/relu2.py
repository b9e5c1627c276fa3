"""The rectified power ρ_2(x) = max(x, 0)^2."""

from collections.abc import Sequence

from ratelab import Activation, hookimpl
from ratelab.networks import power


@hookimpl
def ratelab_activations() -> Sequence[Activation]:
    return [power(2)]
