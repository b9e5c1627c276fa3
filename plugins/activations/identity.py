"""The identity x: a skip connection."""

from collections.abc import Sequence

from ratelab import Activation, hookimpl
from ratelab.networks import identity


@hookimpl
def ratelab_activations() -> Sequence[Activation]:
    return [identity]
