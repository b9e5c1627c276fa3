"""A ridge along the sphere |x| = radius: its support is a shell with a hole."""

from collections.abc import Sequence
from fractions import Fraction
from math import inf

import numpy as np
from numpy.typing import NDArray

from ratelab import Family, Smoothness, Target, UserError, hookimpl
from ratelab.registry import Box, LevelSet, PiecewisePolynomial

Number = int | float | Fraction


def annulus(dimension: int = 2, radius: Number = Fraction(7, 10), width: Number = Fraction(1, 4)) -> Target:
    if dimension not in (1, 2, 3):
        raise UserError(f"target 'annulus': dimension is {dimension}; allowed: 1, 2, 3")
    if not (0 < width < radius and Fraction(radius) + Fraction(width) <= Fraction(3, 2)):
        raise UserError(
            f"target 'annulus': radius is {radius}, width {width}; allowed: 0 < width < radius, radius + width <= 3/2"
        )
    r, w = Fraction(radius), Fraction(width)
    single = dimension == 1
    zero = (Fraction(0),)
    knots = (-r - w, -r, -r + w, r - w, r, r + w)

    def distance(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.abs(np.sqrt((x**2).sum(axis=1)) - float(r))

    def line(at: Fraction, sign: int) -> tuple[Fraction, Fraction]:
        return 1 - sign * at / w, sign / w

    ridges = (zero, line(-r, 1), line(-r, -1), zero, line(r, 1), line(r, -1), zero)
    return Target(
        "annulus",
        lambda x: np.maximum(0.0, 1.0 - distance(x) / float(w)),
        domain=((-1.5, 1.5),) * dimension,
        singular_points=knots if single else (),
        pieces=PiecewisePolynomial(knots, ridges) if single else None,
        smoothness=Smoothness(
            besov=inf if single else 3 * dimension / (2 * dimension - 2),
            besov_uniform=None if single else dimension / (dimension - 1),
            mean_square=1.5 if single else None,
            source="kinks along three spheres: 1 + 1/q on the lines 1/q = s/d + 1/p, infinite in one variable",
        ),
        # the distance to a sphere has the Lipschitz constant 1
        support=LevelSet(
            lambda x: distance(x) - float(w), 1.0, Box((-r - w,) * dimension, (r + w,) * dimension)
        ),
        lipschitz=float(1 / w),
        summary=f"max(0, 1 − ||x| − {radius}|/{width}), d = {dimension}",
        reference="a compact support with a hole",
    )


@hookimpl
def ratelab_targets() -> Sequence[Family[Target]]:
    return [Family("annulus", annulus, "a ridge along a sphere, 0 outside a shell, d = 1, 2 or 3")]
