"""Directions in which moduli are looked for."""

from itertools import product

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_GOLDEN = (1 + 5**0.5) / 2


def directions(dimension: int, spiral: int) -> Array:
    """Return unit vectors, one of each pair ±u: 16 in the plane; axes, diagonals and a spiral of so many in space."""
    if dimension == 1:
        return np.ones((1, 1))
    if dimension == 2:
        angles = np.arange(16) * (np.pi / 16)
        return np.stack([np.cos(angles), np.sin(angles)], axis=1)
    lattice = np.array(
        [v for v in product((-1, 0, 1), repeat=dimension) if v > (0,) * dimension], dtype=float
    )
    units = lattice / np.linalg.norm(lattice, axis=1, keepdims=True)
    if dimension != 3:
        return np.array(units)
    k = np.arange(spiral) + 0.5
    z, angle = k / spiral, 2 * np.pi * k / _GOLDEN
    ring = np.sqrt(1 - z * z)
    return np.concatenate([units, np.stack([ring * np.cos(angle), ring * np.sin(angle), z], axis=1)])
