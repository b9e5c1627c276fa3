"""Where free knots start: equidistributed densities, and the knots of neighbouring fits."""

import numpy as np
from numpy.typing import NDArray

from ratelab.best._variable_projection import SMALLEST_GAP, Fit, project
from ratelab.exact._quadrature import Cells

Array = NDArray[np.float64]

_DENSITY_CELLS = 512


def density(cells: Cells, degree: int) -> tuple[Array, Array]:
    """Return edges (m + 1,) and the cumulative knot density (m + 1,), from 0 to 1.

    Knots of best approximation follow |f^(r+1)|^(2/(2r+3)); here the local projection error of a cell stands in
    for the derivative (a part of the density is uniform, so that no region is left empty).
    """
    edges = np.unique(np.concatenate([cells.edges, np.linspace(cells.edges[0], cells.edges[-1], 257)]))
    if len(cells.edges) > 2 * _DENSITY_CELLS:
        edges = np.linspace(cells.edges[0], cells.edges[-1], _DENSITY_CELLS + 1)
    _, missed = project(cells, edges, degree)
    # a cell of length h misses c |f^(r+1)| h^(r+3/2): the power 2/(2r+3) of that is density times length
    mass = np.maximum(missed, 0.0) ** (1 / (2 * degree + 3))
    total = mass.sum()
    uniform = np.diff(edges) / (edges[-1] - edges[0])
    mass = 0.97 * mass / total + 0.03 * uniform if total > 0 else uniform
    cumulative = np.concatenate([[0.0], np.cumsum(mass)])
    return edges, cumulative / cumulative[-1]


def quantiles(edges: Array, cumulative: Array, count: int) -> Array:
    """Return `count` knots that share the density equally."""
    return np.interp(np.arange(1, count + 1) / (count + 1), cumulative, edges)


def inserted(cells: Cells, best: Fit, count: int) -> Array:
    """Return the fit's knots and `count` more, each halving the piece with the largest part of the error."""
    edges = np.concatenate([cells.edges[:1], best.knots, cells.edges[-1:]])
    shares = best.shares.copy()
    narrow = 16 * SMALLEST_GAP * (edges[-1] - edges[0])
    for _ in range(count):
        index = int(np.where(np.diff(edges) > narrow, shares, -1.0).argmax())
        edges = np.insert(edges, index + 1, 0.5 * (edges[index] + edges[index + 1]))
        shares[index] /= 8
        shares = np.insert(shares, index + 1, shares[index])
    return edges[1:-1]


def removed(cells: Cells, best: Fit, count: int) -> Array:
    """Return the fit's knots without `count` of them, each time one between the pieces of least error."""
    knots, shares = best.knots, best.shares.copy()
    for _ in range(count):
        index = int((shares[:-1] + shares[1:]).argmin())
        knots = np.delete(knots, index)
        shares[index] = 4 * (shares[index] + shares[index + 1])
        shares = np.delete(shares, index + 1)
    return knots


def jump_points(cells: Cells, points: list[float]) -> list[float]:
    """Return those of the points where the target jumps, seen on a distance of 1e-7."""
    inside = [c for c in points if cells.edges[0] < c < cells.edges[-1]]
    reach = 1e-7 * (cells.edges[-1] - cells.edges[0])
    spread = float(np.ptp(cells.values))
    found = []
    for c in inside:
        left, right = cells.evaluate(np.array([c - reach, c + reach]))[:, 0]
        if abs(right - left) > 1e-2 * spread:
            found.append(c)
    return found
