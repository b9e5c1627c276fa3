"""Integrals over many boxes, split on demand: two Gauss rules per box, and halves where they disagree."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ratelab.exact._grid_boxes import Indices, Residual, box_integrals

Array = NDArray[np.float64]

# one even, one odd: two even rules agree on a jump near the middle, and are both wrong
_ORDERS = {1: (11, 14), 2: (5, 6), 3: (3, 4)}
_FEWER = 20_000
_LEVELS = {1: 40, 2: 24, 3: 16}
_EVALUATIONS = {1: 2_000_000, 2: 12_000_000, 3: 12_000_000}
# difference of the rules in a box, per volume and relative to the mean of |g|^p
_JUMP = 0.02
_MOST_OPEN = {1: 16_384, 2: 4_096, 3: 1_024}


@dataclass(frozen=True, eq=False)
class GridIntegrals:
    """Integrals over boxes (M,), estimates of their errors (M,), and whether work ran out before all were settled.

    `jumps` says whether boxes were left where the rules differ by as much as at a jump.
    """

    values: Array
    errors: Array
    stuck: bool
    jumps: bool


def grid_integrals(
    residual: Residual, lower: Array, size: Array, p: float | None, room: Array, owner: Indices | None = None
) -> GridIntegrals:
    """Return ∫ |g|^p over every box (∫ g for p = None).

    Parameters
    ----------
    residual
        Points (m, d) and the owner of each (m,) → values (m,) of g.
    lower, size
        (M, d) lower corners and sides of the boxes.
    p
        At least 1; None for the plain integral.
    room
        (M,) error allowed to every box, relative to the integral of |g|^p over all of them (at p = None: of |g|).
    owner
        (M,) what `residual` is told; the boxes' own numbers by default.
    """
    count, dimension = lower.shape
    coarse, fine = _ORDERS[dimension]
    if dimension == 3 and count > _FEWER and p is not None and p % 2:
        coarse, fine = coarse - 1, fine - 1
    owner = np.arange(count) if owner is None else owner
    values, errors = np.zeros(count), np.zeros(count)
    parent = np.arange(count)
    room = room.copy()
    scale = 0.0
    used, stuck, jumps = 0, False, False
    whole = float(size.prod(axis=1).sum())
    for level in range(_LEVELS[dimension] + 1):
        first = box_integrals(residual, lower, size, owner[parent], coarse, p)
        second = box_integrals(residual, lower, size, owner[parent], fine, p)
        if level == 0:
            scale = float(np.abs(second).sum())
            if p is None and scale > 0:
                scale = max(scale, float(box_integrals(residual, lower, size, owner, coarse, 2).sum()) ** 0.5)
        gap = np.abs(first - second)
        rough = gap > np.maximum(room * scale, 4e-16 * np.abs(second))
        used += len(lower) * (2 * fine) ** dimension * (level > 0)
        if level == _LEVELS[dimension] or used > _EVALUATIONS[dimension]:
            stuck = stuck or bool(rough.any())
            left = rough.copy()
            rough[:] = False
        elif np.count_nonzero(rough) > _MOST_OPEN[dimension]:
            stuck = True
            worst = np.argsort(-np.where(rough, gap, 0.0), kind="stable")[_MOST_OPEN[dimension] :]
            left = np.zeros_like(rough)
            left[worst] = rough[worst]
            rough[worst] = False
        else:
            left = np.zeros_like(rough)
        jumps = jumps or bool((gap[left] > _JUMP * scale / whole * size[left].prod(axis=1)).any())
        calm = ~rough
        values += np.bincount(parent[calm], weights=second[calm], minlength=count)
        errors += np.bincount(parent[calm], weights=gap[calm], minlength=count)
        if not rough.any():
            break
        lower, size, parent, room = _halved(lower[rough], size[rough], parent[rough], room[rough])
    return GridIntegrals(values, errors, stuck, jumps)


def _halved(lower: Array, size: Array, parent: Indices, room: Array) -> tuple[Array, Array, Indices, Array]:
    dimension = lower.shape[1]
    half = size / 2
    steps = np.stack(np.meshgrid(*[np.array([0.0, 1.0])] * dimension, indexing="ij"), axis=-1)
    corners = [lower + half * step for step in steps.reshape(-1, dimension)]
    many = len(corners)
    return (
        np.concatenate(corners),
        np.tile(half, (many, 1)),
        np.tile(parent, many),
        np.tile(room / many**0.5, many),
    )
