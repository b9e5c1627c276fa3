"""The cone |x − (½, ½)| on [0, 1]²: a point singularity."""

from collections.abc import Sequence
from fractions import Fraction

from ratelab import Smoothness, Target, hookimpl
from ratelab.registry import Distance


@hookimpl
def ratelab_targets() -> Sequence[Target]:
    return [
        Target(
            "cone",
            Distance((Fraction(1, 2), Fraction(1, 2))),
            domain=((0.0, 1.0), (0.0, 1.0)),
            smoothness=Smoothness(source="algebraic singularity at one point of the plane"),
            summary="|x − (½, ½)|, d = 2",
            reference="a radial function, the mean of ridges in all directions",
        )
    ]
