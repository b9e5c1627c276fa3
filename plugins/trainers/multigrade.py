"""Multigrade learning on graded shapes."""

from collections.abc import Sequence

from ratelab import Family, hookimpl
from ratelab.registry import Trainer
from ratelab.training import Multigrade


@hookimpl
def ratelab_trainers() -> Sequence[Family[Trainer]]:
    return [Family("multigrade", Multigrade, summary="grade by grade on the residual, earlier grades frozen")]
