"""The sine: the only built-in activation with infinitely many zeros."""

from collections.abc import Sequence

from ratelab import Activation, hookimpl


@hookimpl
def ratelab_activations() -> Sequence[Activation]:
    return [
        Activation(
            "sine",
            lambda x: x.sin(),
            regularity="analytic",
            derivative=lambda x, value: x.cos(),
            ball=lambda x: x.sin(),
            reference="Sitzmann, Martel, Bergman, Lindell and Wetzstein 2020, Implicit neural "
            "representations with periodic activation functions",
            summary="sin x",
        )
    ]
