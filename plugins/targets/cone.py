"""The cone |x − (½, ½)| on [0, 1]²: a point singularity."""

from collections.abc import Sequence

import numpy as np

from ratelab import Smoothness, Target, hookimpl


@hookimpl
def ratelab_targets() -> Sequence[Target]:
    return [
        Target(
            "cone",
            lambda x: np.hypot(x[:, 0] - 0.5, x[:, 1] - 0.5),
            domain=((0.0, 1.0), (0.0, 1.0)),
            smoothness=Smoothness(source="algebraic singularity at one point of the plane"),
            summary="|x − (½, ½)|, d = 2",
            reference="a radial function, the mean of ridges in all directions",
        )
    ]
