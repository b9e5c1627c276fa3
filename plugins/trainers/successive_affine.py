"""Successive affine learning on graded shapes."""

from collections.abc import Sequence

from ratelab import Family, hookimpl
from ratelab.registry import Trainer
from ratelab.training import SuccessiveAffine


@hookimpl
def ratelab_trainers() -> Sequence[Family[Trainer]]:
    return [
        Family(
            "successive_affine",
            SuccessiveAffine,
            summary="affine maps by least squares on the residual, activations afterwards",
        )
    ]
