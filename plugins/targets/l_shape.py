"""A roof over an L: its support is not convex."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ratelab import Family, Smoothness, Target, UserError, hookimpl
from ratelab.registry import Box, Boxes

_SIDE = Fraction(4, 5)


def _legs(dimension: int) -> tuple[Box, Box]:
    """Two boxes that overlap in a cube; their interiors together are the interior of the L."""
    rest = dimension - 2
    return (
        Box((-_SIDE, -_SIDE) + (-_SIDE,) * rest, (_SIDE, 0) + (_SIDE,) * rest),
        Box((-_SIDE, -_SIDE) + (-_SIDE,) * rest, (0, _SIDE) + (_SIDE,) * rest),
    )


def l_shape(dimension: int = 2) -> Target:
    if dimension not in (2, 3):
        raise UserError(f"target 'l_shape': dimension is {dimension}; allowed: 2, 3")
    legs = _legs(dimension)
    corners = [np.array([[float(v) for v in ends] for ends in (box.lower, box.upper)]) for box in legs]

    def function(x: NDArray[np.float64]) -> NDArray[np.float64]:
        # the distance to the nearest face of a leg, at most 2/5, is 1-Lipschitz, and so is the larger of two
        roofs = [np.minimum(x - low, high - x).min(axis=1) for low, high in corners]
        return np.maximum(0.0, np.maximum(*roofs)) / 0.4

    return Target(
        "l_shape",
        function,
        domain=((-1.5, 1.5),) * dimension,
        smoothness=Smoothness(
            besov=3 * dimension / (2 * dimension - 2),
            besov_uniform=dimension / (dimension - 1),
            source="piecewise affine: 1 + 1/q on the lines 1/q = s/d + 1/p",
        ),
        support=Boxes(legs),
        lipschitz=2.5,
        summary=f"the distance to the faces of an L of two boxes, 1 at most, d = {dimension}",
        reference="a compact support that is not convex",
    )


@hookimpl
def ratelab_targets() -> Sequence[Family[Target]]:
    return [Family("l_shape", l_shape, "a roof over an L of two boxes, 0 outside, d = 2 or 3")]
