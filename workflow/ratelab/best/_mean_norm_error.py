"""The L1 error of a piecewise affine network against strips: an upper bound, proved if the strips are."""

from math import fsum, inf, nextafter

import numpy as np
from flint import arb
from numpy.typing import NDArray

from ratelab.best._strip_pieces import bounds_by_piece
from ratelab.best._sup_norm_strips import Strips
from ratelab.exact._ball_pieces import BallPiece, ball_range
from ratelab.networks import Network

Array = NDArray[np.float64]


def mean_error(network: Network, strips: Strips) -> float | None:
    """Bound the L1 distance of a network to the function between the strips from above.

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
    return None if parts is None else nextafter(fsum(parts), inf)


def _on(network: Network, piece: BallPiece, strips: Strips) -> float:
    edges = strips.edges
    first = int(np.searchsorted(edges, piece.left, side="right"))
    last = int(np.searchsorted(edges, piece.right, side="left"))
    points = np.concatenate([[piece.left], edges[first:last], [piece.right]])
    cells = np.clip(np.arange(first - 1, first - 2 + len(points)), 0, len(edges) - 2)
    widths = np.diff(points)
    share = (np.stack([points[:-1], points[1:]]) - edges[cells]) / np.diff(edges)[cells]
    low, high = (e[cells, 0] + share * (e[cells, 1] - e[cells, 0]) for e in (strips.low, strips.high))
    size = float(np.maximum(np.abs(low), np.abs(high)).max())
    if piece.polynomial is None:
        value = ball_range(network, piece.left, piece.right)
        most = float((arb(size) + abs(value)).upper())
        return nextafter(most * (piece.right - piece.left) * (1 + 2.0**-40), inf)
    slope, start = piece.polynomial[1], piece.polynomial(arb(piece.left))
    line = float(start) + float(slope) * (points - piece.left)
    stray = float((start - float(start)).abs_upper())
    stray += float((slope - float(slope)).abs_upper()) * (piece.right - piece.left)
    rest = 0.5 * (low + high) - np.stack([line[:-1], line[1:]])
    # the function is within half the strip of its middle line, whose distance to the network is integrated exactly
    whole = absolute_integrals(rest[0], rest[1], widths) + 0.25 * (high - low).sum(axis=0) * widths
    size += abs(float(start)) + abs(float(slope)) * (piece.right - piece.left)
    length = piece.right - piece.left
    total = fsum(whole.tolist()) * (1 + 2.0**-45) + (stray + 2.0**-47 * size) * length
    return nextafter(total, inf)


def absolute_integrals(first: Array, last: Array, widths: Array) -> Array:
    """Integrals of |line| over intervals, from the values of the lines at their ends."""
    total = np.abs(first) + np.abs(last)
    safe = np.where(total > 0, total, 1.0)
    crossing = 0.5 * (first / safe * first + last / safe * last)
    return np.asarray(np.where(first * last >= 0, 0.5 * total, crossing) * widths)
