"""Errors of supported networks, measured: largest error at grid points, L1 by Gauss rules on cells."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks import Network
from ratelab.registry import Target

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Side = tuple[float, float]

_ENTRIES = 1 << 18
_FINER = {1: 64, 2: 8}
_GAUSS = (np.array([-1, 1]) / np.sqrt(3) + 1) / 2
"""Two points of a Gauss rule on [0, 1], of equal weight."""


@dataclass(frozen=True)
class SupportErrors:
    """How far a network is from its target, by float64 quadrature: numerical, not certified.

    Parameters
    ----------
    sup
        Largest error of an output at the points: a lower estimate of the uniform error.
    l1, l2
        ∫ |f̂ − f| and its square analogue, Euclidean norm of the outputs.
    points
        How many points were used.
    """

    sup: float
    l1: float
    l2: float
    points: int


def values(network: Network, points: Floats) -> Floats:
    """Evaluate in batches, so that no layer needs much memory."""
    step = max(1, _ENTRIES // max(network.width, network.inputs, 1))
    parts = [np.asarray(network(points[i : i + step])) for i in range(0, len(points), step)]
    return np.concatenate(parts) if parts else np.empty((0, network.outputs))


def box_sides(box: "float | Sequence[Side] | None", dimension: int) -> "list[Side] | None":
    """Return the sides of a box: [−R, R]^d for a number R, None for all of space.

    Raises
    ------
    UserError
        If it is no box of that dimension.
    """
    if box is None:
        return None
    if isinstance(box, int | float | Fraction):
        sides = [(-float(box), float(box))] * dimension
    else:
        sides = [(float(a), float(b)) for a, b in box]
    if len(sides) != dimension or not all(isfinite(a) and isfinite(b) and a < b for a, b in sides):
        raise UserError(
            f"box is {box!r}; allowed: a number R > 0 or {dimension} pairs (lower, upper), lower < upper"
        )
    return sides


def cell_errors(
    network: Network,
    target: Target,
    spacing: Fraction,
    cubes: Integers,
    parts: int,
    sides: "list[Side] | None" = None,
) -> SupportErrors:
    """Measure errors on grid cubes, cut off at the sides of a box; elsewhere network and target must be 0.

    Parameters
    ----------
    cubes
        (J, d) indices of cubes of that spacing.
    parts
        Into how many parts each side of a cube is divided, for the Gauss rule of two points.
    """
    size, dimension = float(spacing) / parts, target.dimension
    inner = np.array(list(product(range(parts), repeat=dimension)))
    low = ((cubes[:, None, :] * parts + inner) * size).reshape(-1, dimension)
    high = low + size
    if sides is not None:
        ends = np.array(sides)
        low, high = np.maximum(low, ends[:, 0]), np.minimum(high, ends[:, 1])
        inside = (low < high).all(axis=1)
        low, high = low[inside], high[inside]
    sup, l1, l2, count = 0.0, 0.0, 0.0, 0
    share = (high - low).prod(axis=1) / 2**dimension
    for offset in product(_GAUSS, repeat=dimension):
        points = low + (high - low) * np.array(offset)
        difference = values(network, points) - target(points)
        length = np.linalg.norm(difference, axis=1)
        sup = max(sup, float(np.abs(difference).max(initial=0.0)))
        l1, l2, count = l1 + float(share @ length), l2 + float(share @ length**2), count + len(points)
    return SupportErrors(sup, l1, float(np.sqrt(l2)), count)


def lattice(spacing: Fraction, cubes: Integers, most: int) -> Floats:
    """Return points of a grid 64, 8 or 4 times as fine (1, 2, more variables); a fixed choice of too many."""
    dimension = cubes.shape[1]
    parts = _FINER.get(dimension, 4)
    inner = np.array(list(product(range(parts), repeat=dimension)))
    total = len(cubes) * len(inner)
    every = np.arange(total) if total <= most else np.random.default_rng(0).integers(0, total, most)
    chosen = np.unique(every)
    found = cubes[chosen // len(inner)] * parts + inner[chosen % len(inner)]
    return np.asarray(found * (float(spacing) / parts))
