"""Quadrature nodes that define a training loss."""

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.exact._quadrature import gauss, graded, singular_points
from ratelab.registry import Target

Array = NDArray[np.float64]

_PER_CELL = 4
_LARGEST_GAP = 1 / 100
_SHARE_GRADED = 0.4


def nodes(target: Target, count: int) -> tuple[Array, Array]:
    """Return about `count` nodes and positive weights for a training loss on the target's domain.

    One variable: four-point Gauss cells, uniform, a part of them graded towards singular points; midpoints of a
    uniform grid for a target that lives on one. Several variables: the tensor product.

    Parameters
    ----------
    target
        Any number of variables.
    count
        About this many nodes, at least 200 in one variable (no gap exceeds a hundredth of the interval).

    Returns
    -------
    x, w
        (m, d) and (m,) float64; the weights sum to the domain's volume.

    Raises
    ------
    UserError
        If the count is not positive.
    """
    if count < 1:
        raise UserError(f"target '{target.name}': {count} nodes were asked for; allowed: at least 1")
    if target.dimension == 1:
        x, w = _line(target, max(count, 2 * round(1 / _LARGEST_GAP)))
        return x[:, None], w
    per_axis = max(1, round(count ** (1 / target.dimension)))
    axes = []
    for lower, upper in target.domain:
        size = min(_PER_CELL, per_axis)
        axes.append(_gauss_cells(np.linspace(lower, upper, max(1, round(per_axis / size)) + 1), size))
    grids = np.meshgrid(*(axis[0] for axis in axes), indexing="ij")
    weights = np.meshgrid(*(axis[1] for axis in axes), indexing="ij")
    return np.stack(grids, axis=-1).reshape(-1, target.dimension), np.prod(weights, axis=0).ravel()


def _line(target: Target, count: int) -> tuple[Array, Array]:
    lower, upper = target.domain[0]
    if target.grid is not None:
        width = (upper - lower) / count
        return np.asarray(lower + width * (np.arange(count) + 0.5)), np.full(count, width, dtype=np.float64)
    points = singular_points(target)
    cells = max(1, count // _PER_CELL)
    sides = sum((c > lower) + (c < upper) for c in points)
    levels = min(24, int(_SHARE_GRADED * cells / sides)) if sides else 0
    plain = max(cells - sides * levels, round(0.4 / _LARGEST_GAP))
    ends = [lower, *(c for c in points if lower < c < upper), upper]
    edges = np.unique(
        np.concatenate(
            [
                np.linspace(a, b, max(1, round(plain * (b - a) / (upper - lower))) + 1)
                for a, b in zip(ends, ends[1:], strict=False)
            ]
        )
    )
    return _gauss_cells(graded(edges, points, levels + 1, 0.5) if levels else edges, _PER_CELL)


def _gauss_cells(edges: Array, size: int) -> tuple[Array, Array]:
    unit, weights = gauss(size)
    half = 0.5 * np.diff(edges)
    x = 0.5 * (edges[1:] + edges[:-1])[:, None] + half[:, None] * unit
    return x.ravel(), (half[:, None] * weights).ravel()
