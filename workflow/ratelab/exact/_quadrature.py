"""Cells on which a target is resolved: Gauss–Legendre rules that are exact up to roundoff, split on demand.

A target is sampled once, on cells refined until its Legendre series has decayed to roundoff; whoever integrates a
residual afterwards only splits the cells at the points it adds. Targets that no refinement resolves (Takagi sums,
paths) are replaced cell by cell by their exact projections, and keep the energy that the projection drops.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from weakref import WeakKeyDictionary

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from ratelab.registry import Target

Array = NDArray[np.float64]

_ORDER = 16
_GRID_ORDER = 4
_TAIL = 1e-12
_RATIO = 0.25
_LEVELS = 24
_MOST_CELLS = 1024
_ROUGH_CELLS = 4096
_ROUGH_DEGREE = 3


@cache
def gauss(count: int) -> tuple[Array, Array]:
    """Return the Gauss–Legendre nodes and weights on [−1, 1]."""
    nodes, weights = legendre.leggauss(count)
    nodes.flags.writeable = weights.flags.writeable = False
    return nodes, weights


@cache
def to_legendre(count: int) -> Array:
    """Return the matrix that maps values at the Gauss nodes to the Legendre coefficients of the interpolant."""
    nodes, weights = gauss(count)
    basis = legendre.legvander(nodes, count - 1)
    return (basis * weights[:, None]).T * (np.arange(count)[:, None] + 0.5)


@dataclass(frozen=True, eq=False)
class Cells:
    """A target sampled at Gauss nodes of consecutive cells.

    Parameters
    ----------
    edges
        (M + 1,) increasing.
    nodes, weights
        (M, q).
    values
        (M, q, k): the target, or on a rough target its projection.
    evaluate
        Points (m,) → (m, k), the function that `values` samples.
    dropped
        (M,): energy of target − projection on each cell; zero where the target itself is sampled.
    resolved
        Whether the target is a polynomial of degree < q on each cell, up to roundoff.
    """

    edges: Array
    nodes: Array
    weights: Array
    values: Array
    evaluate: Callable[[Array], Array]
    dropped: Array
    resolved: bool

    @property
    def order(self) -> int:
        """Nodes per cell q."""
        return int(self.nodes.shape[1])

    def split(self, points: Array) -> "Cells":
        """Return the cells split at the points; only cells that are cut are sampled again.

        The dropped energy of a cut cell is shared by length: exact in sum, not cell by cell.
        """
        inside = points[(points > self.edges[0]) & (points < self.edges[-1])]
        edges = np.unique(np.concatenate([self.edges, inside]))
        if len(edges) == len(self.edges):
            return self
        parent = np.searchsorted(self.edges, edges[:-1], side="right") - 1
        cut = np.bincount(parent, minlength=len(self.edges) - 1)[parent] > 1
        nodes, weights, values = self.nodes[parent], self.weights[parent], self.values[parent]
        nodes[cut], weights[cut] = _place(edges[:-1][cut], edges[1:][cut], self.order)
        values[cut] = self.evaluate(nodes[cut].ravel()).reshape(-1, self.order, values.shape[2])
        share = np.diff(edges) / np.diff(self.edges)[parent]
        return Cells(
            edges, nodes, weights, values, self.evaluate, self.dropped[parent] * share, self.resolved
        )


def resolved_cells(target: Target) -> Cells:
    """Return the target's cells (d = 1), made once per target.

    Between singular points the cells are refined until the target is resolved to roundoff; towards a singular
    point they shrink geometrically.
    """
    if target not in _CACHE:
        _CACHE[target] = _make(target)
    return _CACHE[target]


_CACHE: "WeakKeyDictionary[Target, Cells]" = WeakKeyDictionary()


def singular_points(target: Target) -> list[float]:
    """Return the declared singular points and the knots of exact pieces, sorted, inside the domain."""
    lower, upper = target.domain[0]
    declared = {float(c) for c in target.singular_points}
    knots = {float(c) for c in target.pieces.knots} if target.pieces is not None else set()
    return sorted(c for c in declared | knots if lower <= c <= upper)


def graded(edges: Array, points: list[float], levels: int = _LEVELS, ratio: float = _RATIO) -> Array:
    """Return the edges with geometric ones added towards each of the points (which are edges themselves)."""
    extra = [edges]
    for point in points:
        for end in (edges[edges < point].max(initial=-np.inf), edges[edges > point].min(initial=np.inf)):
            if np.isfinite(end):
                extra.append(point + (end - point) * ratio ** np.arange(1, levels))
    return np.unique(np.concatenate(extra))


def _make(target: Target) -> Cells:
    lower, upper = target.domain[0]
    points = singular_points(target)

    def evaluate(x: Array) -> Array:
        return target(x)

    if target.grid is not None:
        count = max(1, round(target.grid * (upper - lower)))
        edges = np.unique(np.concatenate([np.linspace(lower, upper, count + 1), points]))
        cells = _sample(edges, _GRID_ORDER, evaluate, resolved=True)
        if not _unresolved(cells).any():
            return cells
    else:
        edges = graded(np.unique(np.array([lower, upper, *points])), points)
        while len(edges) <= _MOST_CELLS:
            cells = _sample(edges, _ORDER, evaluate, resolved=True)
            ends = np.isin(edges, points)
            coarse = _unresolved(cells) & ~(ends[:-1] | ends[1:]) & (np.diff(edges) > 1e-13 * (upper - lower))
            if not coarse.any():
                return cells
            middles = 0.5 * (edges[:-1] + edges[1:])[coarse]
            edges = np.unique(np.concatenate([edges, middles]))
    if target.moments is not None and target.energy is not None:
        return _projected(target, points)
    uniform = np.linspace(lower, upper, 2 * _ROUGH_CELLS + 1)
    return _sample(np.unique(np.concatenate([uniform, edges])), _GRID_ORDER, evaluate, resolved=False)


def _unresolved(cells: Cells) -> NDArray[np.bool_]:
    """Return the cells whose Legendre series has not decayed, beyond what rounding of the nodes explains."""
    coefficients = np.einsum("ij,mjk->mik", to_legendre(cells.order), cells.values)
    tail = np.abs(coefficients[:, -2:]).max(axis=(1, 2))
    spread = np.ptp(cells.values, axis=1).max(axis=1)
    noise = 2e-15 * np.abs(cells.edges).max() * spread / np.diff(cells.edges)
    return np.asarray(tail > _TAIL * np.abs(cells.values).max(initial=1e-300) + noise)


def _sample(edges: Array, order: int, evaluate: Callable[[Array], Array], resolved: bool) -> Cells:
    nodes, weights = _place(edges[:-1], edges[1:], order)
    values = evaluate(nodes.ravel()).reshape(*nodes.shape, -1)
    return Cells(edges, nodes, weights, values, evaluate, np.zeros(len(nodes)), resolved)


def _place(left: Array, right: Array, order: int) -> tuple[Array, Array]:
    nodes, weights = gauss(order)
    half = 0.5 * (right - left)
    return (0.5 * (left + right))[:, None] + half[:, None] * nodes, half[:, None] * weights


_TWICE_LEGENDRE = ((2,), (0, 2), (-1, 0, 3), (0, -3, 0, 5))


def _projected(target: Target, points: list[float]) -> Cells:
    """Replace a rough target by its cubic projections on dyadic cells, from its exact moments and energy."""
    import flint

    assert target.moments is not None and target.energy is not None
    lower, upper = target.domain[0]
    edges = np.unique(np.concatenate([np.linspace(lower, upper, _ROUGH_CELLS + 1), points]))
    coefficients = np.zeros((len(edges) - 1, len(_TWICE_LEGENDRE)))
    dropped = np.zeros(len(edges) - 1)
    former = flint.ctx.prec
    flint.ctx.prec = 300
    try:
        ends = [flint.arb(float(t)) for t in edges]
        for index, (a, b) in enumerate(zip(ends, ends[1:], strict=False)):
            middle, width = (a + b) / 2, b - a
            rest = target.energy(a, b)
            raw = target.moments(a, b, len(_TWICE_LEGENDRE) - 1)
            for k, row in enumerate(_TWICE_LEGENDRE):
                polynomial = flint.arb_poly([c / 2 for c in row])(
                    flint.arb_poly([-2 * middle / width, 2 / width])
                )
                moment = sum((c * m for c, m in zip(polynomial.coeffs(), raw, strict=False)), flint.arb(0))
                coefficients[index, k] = float((2 * k + 1) * moment / width)
                rest -= (2 * k + 1) * moment * moment / width
            dropped[index] = max(float(rest), 0.0)
    finally:
        flint.ctx.prec = former

    def evaluate(x: Array) -> Array:
        index = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, len(edges) - 2)
        u = (2 * x - edges[index] - edges[index + 1]) / (edges[index + 1] - edges[index])
        return np.asarray(legendre.legval(u, coefficients[index].T, tensor=False))[:, None]

    cells = _sample(edges, _GRID_ORDER, evaluate, resolved=False)
    return Cells(cells.edges, cells.nodes, cells.weights, cells.values, evaluate, dropped, False)
