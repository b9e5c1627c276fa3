"""Random features with an output layer by least squares."""

from collections.abc import Sequence

from ratelab import Family, hookimpl
from ratelab.registry import Trainer
from ratelab.training import RandomFeatures


@hookimpl
def ratelab_trainers() -> Sequence[Family[Trainer]]:
    return [
        Family("features", RandomFeatures, summary="random hidden layers, least squares for the output layer")
    ]
