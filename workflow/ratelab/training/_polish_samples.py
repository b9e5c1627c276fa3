"""What a polisher fits: the data of one variable, read between their nodes too.

A deep network has far more kinks than a loss on a few nodes can see. Between neighbouring nodes the data are read as
the cubic through the four nodes around; where second differences say that the data are not smooth there, as the less
curved of the two parabolas, which does not overshoot. On smooth data this is off by terms of fourth order in the gaps,
far below the error of a piecewise linear network.
"""

import numpy as np
from numpy.typing import NDArray

from ratelab.exact._quadrature import gauss
from ratelab.networks import FitProblem
from ratelab.training._elementwise import BLOCK
from ratelab.training._polish_descent import Samples

Array = NDArray[np.float64]

_PER_PIECE, _PER_CELL = 14, 4
_FEWEST, _MOST = 512, 8192
_SMOOTH = 8.0
_SHARE_OF_BEND = 0.6


def samples(problem: FitProblem, pieces: float) -> Samples:
    """Return the nodes that resolve a network with about that many pieces; the problem's own if it cannot be refined.

    Refined are problems in one variable and one value whose weights are those of a quadrature rule for the domain,
    and only if their nodes are fewer than 14 per piece.
    """
    wanted = int(min(max(_PER_PIECE * pieces, _FEWEST), _MOST))
    if len(problem.nodes) < wanted and _is_quadrature(problem):
        x, weights = _places(problem, wanted)
        return padded(x[None], weights, between(problem.nodes[:, 0], problem.values[:, 0], x)[None])
    return own_samples(problem)


def own_samples(problem: FitProblem) -> Samples:
    """Return the problem's own nodes, weights and values."""
    return padded(problem.nodes.T, problem.weights, problem.values.T)


def between(nodes: Array, values: Array, x: Array) -> Array:
    """Return data read at other points: cubic between smooth data, less curved where they are not (module text).

    Parameters
    ----------
    nodes, values
        (m,) increasing, m ≥ 3.
    x
        Any points; outside the nodes the last parabola goes on.
    """
    slopes = np.diff(values) / np.diff(nodes)
    second = np.diff(slopes) / (nodes[2:] - nodes[:-2])
    gap = np.clip(np.searchsorted(nodes, x, side="right") - 1, 0, len(nodes) - 2)
    before = second[np.maximum(gap - 1, 0)]
    after = second[np.minimum(gap, len(second) - 1)]
    left, right = nodes[np.maximum(gap - 1, 0)], nodes[np.minimum(gap + 2, len(nodes) - 1)]
    blend = np.where(right > left, (x - left) / np.where(right > left, right - left, 1.0), 0.5)
    cubic = before + (after - before) * blend
    small, large = np.minimum(np.abs(before), np.abs(after)), np.maximum(np.abs(before), np.abs(after))
    flat = np.where(before * after > 0, np.sign(before) * small, 0.0)
    curved = np.where((before * after > 0) & (large <= _SMOOTH * small), cubic, flat)
    inner = (x - nodes[gap]) * (x - nodes[gap + 1])
    return np.asarray(values[gap] + slopes[gap] * (x - nodes[gap]) + curved * inner)


def _is_quadrature(problem: FitProblem) -> bool:
    """Whether the weights are those of a rule for the domain: their partial sums separate the nodes."""
    if problem.nodes.shape[1] != 1 or problem.values.shape[1] != 1 or len(problem.nodes) < 3:
        return False
    x, (lower, upper) = problem.nodes[:, 0], problem.domain[0]
    slack = 1e-9 * (upper - lower)
    sums = lower + np.append(0.0, np.cumsum(problem.weights))
    separated = (sums[:-1] <= x + slack) & (x <= sums[1:] + slack)
    return bool((np.diff(x) > 0).all() and separated.all() and abs(sums[-1] - upper) <= slack)


def _places(problem: FitProblem, count: int) -> tuple[Array, Array]:
    """Return Gauss cells, dense where the data bend and where the problem's nodes crowd."""
    x, (lower, upper) = problem.nodes[:, 0], problem.domain[0]
    slopes = np.diff(problem.values[:, 0]) / np.diff(x)
    bend = np.zeros(len(x))
    bend[1:-1] = np.abs(np.diff(slopes)) / (0.5 * (x[2:] - x[:-2]))
    mass = (0.5 * (bend[1:] + bend[:-1])) ** 0.4 * np.diff(x)
    total = float(mass.sum())
    even = np.full(len(mass), 1.0 / len(mass))
    share = _SHARE_OF_BEND * mass / total + (1 - _SHARE_OF_BEND) * even if 0 < total < np.inf else even
    points = x.copy()
    points[0], points[-1] = lower, upper
    cumulative = np.concatenate([[0.0], np.cumsum(share)])
    cells = np.linspace(0.0, cumulative[-1], count // _PER_CELL + 1)
    edges = np.unique(np.interp(cells, cumulative, points))
    unit, weights = gauss(_PER_CELL)
    half = 0.5 * np.diff(edges)
    nodes = 0.5 * (edges[1:] + edges[:-1])[:, None] + half[:, None] * unit
    return nodes.ravel(), (half[:, None] * weights).ravel()


def padded(points: Array, weights: Array, values: Array) -> Samples:
    """Return samples at points (d, m) with weights (m,) and values (k, m), filled up with nodes of weight 0."""
    more = -points.shape[1] % BLOCK
    wide = [np.concatenate([a, np.repeat(a[:, -1:], more, axis=1)], axis=1) for a in (points, values)]
    return Samples(wide[0], np.sqrt(np.append(weights, np.zeros(more))), wide[1])
