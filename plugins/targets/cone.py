"""The cone |x − (½, …, ½)| on [0, 1]^d: a point singularity."""

from collections.abc import Sequence
from fractions import Fraction

from ratelab import Family, Smoothness, Target, UserError, hookimpl
from ratelab.registry import Distance, PiecewisePolynomial

_HALF = Fraction(1, 2)


def cone(dimension: int = 2) -> Target:
    if dimension not in (1, 2, 3):
        raise UserError(f"target 'cone': dimension is {dimension}; allowed: 1, 2, 3")
    single = dimension == 1
    down, up = (_HALF, Fraction(-1)), (-_HALF, Fraction(1))
    return Target(
        "cone",
        Distance((_HALF,) * dimension),
        domain=((0.0, 1.0),) * dimension,
        singular_points=(_HALF,) if single else (),
        pieces=PiecewisePolynomial((_HALF,), (down, up)) if single else None,
        smoothness=Smoothness(
            mean_square=1.5 if single else None,
            source="piecewise affine with one kink" if single else "algebraic singularity at one point",
        ),
        summary=f"|x − ({', '.join(['½'] * dimension)})|, d = {dimension}",
        reference="a radial function, the mean of ridges in all directions",
    )


@hookimpl
def ratelab_targets() -> Sequence[Family[Target]]:
    return [Family("cone", cone, "|x − (½, …, ½)|, d = 1, 2 or 3")]
