"""The uniform error of a piecewise linear network against strips: an upper bound, independent of how it was found."""

from math import inf, nextafter
from typing import Any

import numpy as np
from flint import arb
from numpy.typing import NDArray

from ratelab.best._strip_pieces import bounds_by_piece
from ratelab.best._sup_norm_strips import Strips
from ratelab.exact._ball_pieces import BallPiece, ball_range
from ratelab.networks import Network

Array = NDArray[np.float64]


def largest_error(network: Network, strips: Strips) -> float | None:
    """Bound the uniform distance of a network to the function between the strips from above.

    Parameters
    ----------
    network
        One input, one output, piecewise affine.
    strips
        The bound is proved if they are.

    Returns
    -------
    The bound, or None if the network's pieces cannot be proved.
    """
    parts = bounds_by_piece(network, strips, _on)
    return None if parts is None else max(parts)


def _on(network: Network, piece: BallPiece, strips: Strips) -> float:
    edges = strips.edges
    first = int(np.searchsorted(edges, piece.left, side="right"))
    last = int(np.searchsorted(edges, piece.right, side="left"))
    points = np.concatenate([[piece.left], edges[first:last], [piece.right]])
    # on both sides of an edge the lines may differ: look at the cell to the right of a point and to the left of it
    cells = np.clip(np.arange(first - 1, first - 1 + len(points) - 1), 0, len(edges) - 2)
    below = np.stack([_line(strips, strips.low, cells, x) for x in (points[:-1], points[1:])])
    above = np.stack([_line(strips, strips.high, cells, x) for x in (points[:-1], points[1:])])
    size = float(np.maximum(np.abs(below), np.abs(above)).max())
    if piece.polynomial is None:
        value = ball_range(network, piece.left, piece.right)
        most = max(_up(value - arb(float(below.min()))), _up(arb(float(above.max())) - value))
        return nextafter(most + 2.0**-48 * size, inf)
    slope, middle = piece.polynomial[1], arb(piece.left)
    start = piece.polynomial(middle)
    line = float(start) + float(slope) * (points - piece.left)
    values = np.stack([line[:-1], line[1:]])
    stray = float((start - float(start)).abs_upper())
    stray += float((slope - float(slope)).abs_upper()) * (piece.right - piece.left)
    most = float(np.maximum(values - below, above - values).max())
    size += abs(float(start)) + abs(float(slope)) * (piece.right - piece.left)
    return nextafter((most + stray + 2.0**-48 * size) * (1 + 2.0**-50), inf)


def _line(strips: Strips, ends: Array, cells: NDArray[np.intp], x: Array) -> Array:
    left, right = strips.edges[cells], strips.edges[cells + 1]
    share = (x - left) / (right - left)
    return np.asarray(ends[cells, 0] + share * (ends[cells, 1] - ends[cells, 0]))


def _up(value: Any) -> float:
    return nextafter(float(value.upper()), inf)
