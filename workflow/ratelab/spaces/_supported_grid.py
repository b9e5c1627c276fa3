"""Grids of supported networks: spacings and margins that float64 resolves, active nodes, cells around them."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product
from math import ceil, floor, isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks._hat_layers import one_number
from ratelab.registry import Target

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_BATCH = 1 << 18
_MOST_GRID_POINTS = 1 << 26
_MOST_DIGITS = 53
_THINNEST = Fraction(1, 1 << 20)
_WIDEST = 1 << 10


def power_of_two(number: Fraction) -> bool:
    """Return whether this is 2^m, m any integer."""
    return all(part & (part - 1) == 0 for part in (number.numerator, number.denominator))


def checked_spacing(spacing: Any, target: Target) -> Fraction:
    """Return the spacing of a grid whose lines near the target's support are float64 numbers.

    Raises
    ------
    UserError
        If it is no power of 2, or so fine that neighbouring lines round to one number.
    """
    step = one_number("spacing", spacing)
    if not power_of_two(step):
        raise UserError(
            f"spacing is {spacing}; allowed: powers of 2 such as 1/8, with which every weight and every grid line is a "
            "float64 number, so that zeros are exact"
        )
    assert target.support is not None
    farthest = max(abs(Fraction(end)) for ends in target.support.bounds for end in ends)
    if not isfinite(float(1 / step)) or (farthest / step + 2).__ceil__().bit_length() > _MOST_DIGITS - 22:
        raise UserError(
            f"spacing is {float(step):.3g} for a support that reaches {float(farthest):.3g} from 0; allowed: at most "
            "2^30 grid lines to there, so that float64 tells lines and margins apart"
        )
    return step


def checked_margin(margin: Any, spacing: Fraction) -> Fraction:
    """Return the margin of a mask on a grid; by default a quarter of the spacing.

    Raises
    ------
    UserError
        If it is not above 0, no power of 2, thinner than 2^(−20) or wider than 2^10 spacings.
    """
    if margin is None:
        return spacing / 4
    width = one_number("margin", margin)
    if width < spacing * _THINNEST:
        raise UserError(
            f"margin is {float(width):.3g} on a grid of spacing {float(spacing):.3g}; allowed: at least 2^(-20) "
            "spacings, below which the mask is thinner than float64 resolves"
        )
    if width > spacing * _WIDEST:
        raise UserError(
            f"margin is {float(width):.3g} on a grid of spacing {float(spacing):.3g}; allowed: at most 2^10 spacings, "
            "or a coarser grid"
        )
    if not power_of_two(width):
        raise UserError(
            f"margin is {margin}; allowed: powers of 2 such as 1/32, with which the mask is exact in float64"
        )
    return width


def active_nodes(target: Target, spacing: Fraction, limit: int) -> tuple[Integers, Floats]:
    """Return the grid points k with f(hk) ≠ 0 in the bounds of the support, and the values there.

    Parameters
    ----------
    limit
        Most nodes.

    Returns
    -------
    nodes, values
        (J, d) integers in the order of the grid, (J, D) float64; J may be 0.

    Raises
    ------
    UserError
        If there are more, or the grid is too fine to be looked through.
    """
    assert target.support is not None
    sides = [
        range(ceil(Fraction(a) / spacing), floor(Fraction(b) / spacing) + 1) for a, b in target.support.bounds
    ]
    total = 1
    for side in sides:
        total *= len(side)
    if total > _MOST_GRID_POINTS:
        raise UserError(
            f"spacing {float(spacing):.3g} puts {total:,} grid points into the bounds of the support of "
            f"'{target.name}'; allowed: {_MOST_GRID_POINTS:,}"
        )
    nodes, values, count = [], [], 0
    for block in _blocks(sides):
        found = target(np.asarray(block * float(spacing), dtype=np.float64))
        active = (found != 0).any(axis=1)
        nodes.append(block[active])
        values.append(found[active])
        count += int(active.sum())
        if count > limit:
            raise UserError(
                f"spacing {float(spacing):.3g} has more than {limit:,} grid points where '{target.name}' is not 0; "
                f"allowed: {limit:,} nodes, or a larger limit"
            )
    if not nodes:
        return np.empty((0, target.dimension), np.int64), np.empty((0, 1))
    return np.concatenate(nodes), np.concatenate(values)


def _blocks(sides: Sequence[range]) -> Iterator[Integers]:
    """Yield the grid points of a box, some first coordinates at a time."""
    if not all(sides):
        return
    rest = (
        np.stack(np.meshgrid(*(np.array(side) for side in sides[1:]), indexing="ij"), axis=-1)
        if sides[1:]
        else None
    )
    flat = np.empty((1, 0), np.int64) if rest is None else rest.reshape(-1, len(sides) - 1)
    step = max(1, _BATCH // len(flat))
    for start in range(0, len(sides[0]), step):
        first = np.array(sides[0][start : start + step], dtype=np.int64)
        yield np.hstack([np.repeat(first, len(flat))[:, None], np.tile(flat, (len(first), 1))])


def cells_around(nodes: Integers) -> Integers:
    """Return the cubes that have at least one of these nodes (J, d) as a vertex, sorted."""
    shifts = np.array(list(product((-1, 0), repeat=nodes.shape[1])))
    return np.unique((nodes[:, None, :] + shifts).reshape(-1, nodes.shape[1]), axis=0)


def dilated_cells(cubes: Integers, rings: int) -> Integers:
    """Return all cubes at most so many cubes from these (J, d), in the maximum norm, sorted.

    Raises
    ------
    UserError
        If their bounding box has more than 2^26 cubes.
    """
    from scipy.ndimage import maximum_filter

    low, high = cubes.min(axis=0) - rings, cubes.max(axis=0) + rings + 1
    total = float(np.prod((high - low).astype(float)))
    if total > _MOST_GRID_POINTS:
        raise UserError(
            f"errors are measured on at most {_MOST_GRID_POINTS:,} cubes; found a box of {total:.3g}"
        )
    marked = np.zeros(tuple(high - low), dtype=bool)
    marked[tuple((cubes - low).T)] = True
    if rings:
        marked = maximum_filter(marked, size=2 * rings + 1, mode="constant")
    return np.asarray(np.argwhere(marked) + low, dtype=np.int64)
