"""Free knots on data by dynamic programming and Newton's method."""

from collections.abc import Sequence

from ratelab import Family, hookimpl
from ratelab.registry import Trainer
from ratelab.training import FreeKnots


@hookimpl
def ratelab_trainers() -> Sequence[Family[Trainer]]:
    return [
        Family(
            "knots",
            FreeKnots,
            summary="dynamic programmes over knots and Newton's method (one variable, one bend)",
        )
    ]
