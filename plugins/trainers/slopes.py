"""Adam on the weights and on a slope per neuron, for parametric rectified linear units."""

from collections.abc import Sequence

from ratelab import Family, hookimpl
from ratelab.registry import Trainer
from ratelab.training import Slopes


@hookimpl
def ratelab_trainers() -> Sequence[Family[Trainer]]:
    return [Family("slopes", Slopes, summary="Adam on weights and one slope per neuron (PReLU)")]
