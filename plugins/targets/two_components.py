"""Two cones of different radius, apart: a support that is not connected."""

from collections.abc import Sequence
from fractions import Fraction
from math import inf

import numpy as np
from numpy.typing import NDArray

from ratelab import Family, Smoothness, Target, UserError, hookimpl
from ratelab.registry import Box, LevelSet, PiecewisePolynomial

_CENTRES, _RADII = (Fraction(-1, 2), Fraction(3, 5)), (Fraction(2, 5), Fraction(1, 4))


def _pieces() -> PiecewisePolynomial:
    knots: list[Fraction] = []
    lines: list[tuple[Fraction, ...]] = [(Fraction(0),)]
    for c, r in zip(_CENTRES, _RADII, strict=True):
        knots += [c - r, c, c + r]
        lines += [(1 - c / r, 1 / r), (1 + c / r, -1 / r), (Fraction(0),)]
    return PiecewisePolynomial(tuple(knots), tuple(lines))


def two_components(dimension: int = 2) -> Target:
    if dimension not in (1, 2, 3):
        raise UserError(f"target 'two_components': dimension is {dimension}; allowed: 1, 2, 3")
    single = dimension == 1
    centres = np.zeros((2, dimension))
    centres[:, 0] = [float(c) for c in _CENTRES]
    radii = np.array([float(r) for r in _RADII])

    def distances(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.sqrt(((x[:, None, :] - centres) ** 2).sum(axis=2))

    def level(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return (distances(x) - radii).min(axis=1)

    pieces = _pieces()
    ends = (_CENTRES[0] - _RADII[0], _CENTRES[1] + _RADII[1])
    across = (_RADII[0],) * (dimension - 1)
    return Target(
        "two_components",
        lambda x: np.maximum(0.0, 1.0 - distances(x) / radii).sum(axis=1),
        domain=((-1.5, 1.5),) * dimension,
        singular_points=pieces.knots if single else (),
        pieces=pieces if single else None,
        smoothness=Smoothness(
            besov=inf if single else 3 * dimension / (2 * dimension - 2),
            besov_uniform=None if single else dimension / (dimension - 1),
            mean_square=1.5 if single else None,
            source="kinks along two spheres: 1 + 1/q on the lines 1/q = s/d + 1/p, infinite in one variable",
        ),
        # the smaller of two 1-Lipschitz functions is 1-Lipschitz
        support=LevelSet(level, 1.0, Box((ends[0], *(-r for r in across)), (ends[1], *across))),
        # on one component 4 at most; between two, |f(x) − f(y)| ≤ max(f(x), f(y)) ≤ 4·(way out of a component)
        lipschitz=4.0,
        summary=f"cones of radius 2/5 and 1/4, apart, d = {dimension}",
        reference="a compact support with two components",
    )


@hookimpl
def ratelab_targets() -> Sequence[Family[Target]]:
    return [Family("two_components", two_components, "two cones apart, d = 1, 2 or 3")]
