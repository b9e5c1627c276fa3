"""Where errors of supported networks are measured: boxes, and points of grids finer than the networks'."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Side = tuple[float, float]

_FINER = {1: 64, 2: 8}


def box_sides(box: "float | Sequence[Side] | None", dimension: int) -> "list[Side] | None":
    """Return the sides of a box: [−R, R]^d for a number R, None for all of space.

    Raises
    ------
    UserError
        If it is no box of that dimension.
    """
    if box is None:
        return None
    try:
        if isinstance(box, int | float | Fraction):
            sides = [(-float(box), float(box))] * dimension
        else:
            sides = [(float(a), float(b)) for a, b in box]
    except (TypeError, ValueError):
        sides = []
    if len(sides) != dimension or not all(isfinite(a) and isfinite(b) and a < b for a, b in sides):
        raise UserError(
            f"box is {box!r}; allowed: a number R > 0 or {dimension} pairs (lower, upper), lower < upper"
        )
    return sides


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
