"""Levenberg-Marquardt from constructed networks."""

from collections.abc import Sequence

from ratelab import Family, hookimpl
from ratelab.registry import Trainer
from ratelab.training import Polish


@hookimpl
def ratelab_trainers() -> Sequence[Family[Trainer]]:
    return [
        Family(
            "polish",
            Polish,
            summary="Levenberg-Marquardt from constructed networks, never worse at the nodes",
        )
    ]
