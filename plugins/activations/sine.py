"""The sine: the only built-in activation with infinitely many zeros."""

from collections.abc import Sequence

from ratelab import Activation, hookimpl
from ratelab.networks import sine


@hookimpl
def ratelab_activations() -> Sequence[Activation]:
    return [sine]
