"""Variable projection: Levenberg-Marquardt inside, least squares for the output layer, neuron exchange."""

from collections.abc import Sequence

from ratelab import Family, hookimpl
from ratelab.registry import Trainer
from ratelab.training import VariableProjection


@hookimpl
def ratelab_trainers() -> Sequence[Family[Trainer]]:
    return [
        Family(
            "varpro", VariableProjection, summary="variable projection, Levenberg-Marquardt, neuron exchange"
        )
    ]
