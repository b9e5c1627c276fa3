"""The tensor product of B-splines with equispaced knots whose supports fill [0, 1]^d."""

from collections.abc import Sequence
from fractions import Fraction
from math import inf

from ratelab import Family, Smoothness, Target, UserError, hookimpl
from ratelab.networks import TensorProduct, bspline_pieces
from ratelab.registry import PiecewisePolynomial

_LARGEST_DEGREE, _LARGEST_DIMENSION = 10, 16


def bspline(degree: int = 2, dimension: int = 1) -> Target:
    if not 1 <= degree <= _LARGEST_DEGREE:
        raise UserError(f"target 'bspline': degree is {degree}; allowed: 1 to {_LARGEST_DEGREE}")
    if not 1 <= dimension <= _LARGEST_DIMENSION:
        raise UserError(f"target 'bspline': dimension is {dimension}; allowed: 1 to {_LARGEST_DIMENSION}")
    whole = bspline_pieces(degree, scale=degree + 1)
    own = PiecewisePolynomial(whole.knots[1:-1], whole.coefficients[1:-1])
    single = dimension == 1
    return Target(
        "bspline",
        TensorProduct((own,) * dimension),
        domain=((0.0, 1.0),) * dimension,
        singular_points=own.knots if single else (),
        pieces=own if single else None,
        smoothness=Smoothness(
            besov=inf if single else dimension * (degree + 0.5) / (dimension - 1),
            besov_uniform=None if single else dimension * degree / (dimension - 1),
            mean_square=float(Fraction(2 * degree + 1, 2)) if single else None,
            source="piecewise polynomial with simple knots"
            if single
            else f"derivatives of order {degree} jump across hyperplanes: index on the line 1/q = s/d + 1/2",
        ),
        summary=f"B-spline of degree {degree} in each variable, d = {dimension}",
        reference="DeVore and Popov 1988, Interpolation of Besov spaces",
    )


@hookimpl
def ratelab_targets() -> Sequence[Family[Target]]:
    return [Family("bspline", bspline, "tensor B-spline that fills [0, 1]^d")]
