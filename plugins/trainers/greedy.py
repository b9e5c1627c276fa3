"""Orthogonal greedy algorithm over a dictionary of neurons."""

from collections.abc import Sequence

from ratelab import Family, hookimpl
from ratelab.registry import Trainer
from ratelab.training import Greedy


@hookimpl
def ratelab_trainers() -> Sequence[Family[Trainer]]:
    return [Family("greedy", Greedy, summary="orthogonal greedy algorithm, neurons from a dictionary")]
