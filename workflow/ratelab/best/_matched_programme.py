"""The matched programme on given cells: pieces, bins of values, layers of paths."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray

from ratelab.best._cells import UNIT, Cells, rounding_constant
from ratelab.best._lower import _points

Array = NDArray[np.float64]
Links = NDArray[np.int16]

_TIE = 1 + 1e-12


@dataclass(frozen=True, eq=False)
class Knots:
    """What is known about the target on each knot cell; 0 and m + 1 are the ends of the domain, of no length.

    Parameters
    ----------
    table
        (5, m + 2): width, mean, own slope, slope of the reference line, upper bound on the distance to a line.
    energy
        (m + 2,) squared distance to the reference line, as far as it is known (never more).
    wild
        (m + 2,) whether nothing is known about the target inside that cell.
    """

    table: Array
    energy: Array
    wild: NDArray[np.bool_]


def knot_cells(cells: Cells, rough: Array, window: int) -> Knots:
    """Describe knot cells; reference lines take the slope of the target over `window` cells on each side."""
    widths = np.diff(cells.edges)
    means = cells.coefficients[0] / np.sqrt(widths)
    own = cells.coefficients[1] * np.sqrt(12.0) / widths**1.5
    total = np.concatenate([[0.0], np.cumsum(means * widths)])
    index = np.arange(len(cells))
    low, high = np.maximum(index - window, 0), np.minimum(index + 1 + window, len(cells))
    edges = cells.edges
    left = (total[index + 1] - total[low]) / (edges[index + 1] - edges[low])
    right = (total[high] - total[index]) / (edges[high] - edges[index])
    distance = (edges[high] + edges[index] - edges[index + 1] - edges[low]) / 2
    slope = np.where(distance > 0, (right - left) / np.where(distance > 0, distance, 1.0), 0.0)
    table = np.zeros((5, len(cells) + 2))
    table[:, 1:-1] = widths, means, own, slope, rough
    energy = np.zeros(len(cells) + 2)
    energy[1:-1] = cells.energy + (own - slope) ** 2 * widths**3 / 12
    wild = np.zeros(len(cells) + 2, np.bool_)
    wild[1:-1] = ~np.isfinite(rough)
    table[4, wild] = 0.0
    return Knots(table, energy, wild)


@dataclass(frozen=True, eq=False)
class Programme:
    """Pieces between knot cells with their costs and the bins that their ends touch."""

    cells: Cells
    row: NDArray[np.int64]
    cost: Array
    touched: NDArray[np.int16]
    steep: NDArray[np.float32]
    norms: Array
    bins: Array
    wild: NDArray[np.bool_]
    most: float
    loss: float
    depth: int


def loss(finest: Cells, tolerance: float, depth: int) -> float:
    """What rounding and the moments' radii may take from a root of costs: see docs/lower-bounds.md."""
    constant = rounding_constant(finest.degree)
    growth = 1 + 2 * UNIT * depth * constant
    rounding = UNIT * (depth * constant + sqrt(depth) * (2 * constant + 2) + 8) * finest.norm * growth
    return (tolerance + rounding) * (1 + 1e-12)


def programme(
    cells: Cells,
    finest: Cells,
    tolerance: float,
    knots: Knots,
    most: float,
    usual: float,
    bins: int,
    limit: int,
) -> Programme | None:
    """List all pieces that cost at most `most`; None if there are more than `limit`."""
    from ratelab.best import _matched_kernels as kernels

    c0, c1 = (np.ascontiguousarray(row) for row in cells.coefficients)
    data = cells.edges, c0, c1, cells.energy, knots.table
    lengths, extent = kernels.survey(*data, most, usual, limit)
    if lengths[0] < 0:
        return None
    row = np.concatenate([[0], np.cumsum(lengths)])
    depth = cells.depth + int(lengths.max(initial=1)) + 1
    eta = loss(finest, tolerance, depth)
    span = extent[1] - extent[0]
    floor = 4 * eta / np.sqrt(cells.edges[-1] - cells.edges[0])
    step = np.maximum(span / (bins - 2), floor)
    origin = extent[0] - step
    cost = np.empty(row[-1])
    touched = np.empty((row[-1], 4), np.int16)
    steep = np.empty((row[-1], 2), np.float32)
    kernels.measure(*data, eta, row, np.stack([origin, step]), bins, cost, touched, steep)
    # a value in a bin is at least so far from the reference line; the outer bins have no outer edge
    low = origin[:, None] + step[:, None] * np.arange(bins)
    high = low + step[:, None]
    low[:, 0], high[:, -1] = -inf, inf
    slack = 1e-12 * (np.abs(origin) + step * bins)[:, None]
    gap = np.maximum(np.maximum(low, -high) - slack, 0.0)
    norms = np.sqrt(knots.table[0][:, None] * gap**2 + knots.energy[:, None])
    norms = np.minimum(norms, sqrt(most))
    return Programme(
        cells, row, cost, touched, steep, norms, np.stack([origin, step]), knots.wild, most, eta, depth
    )


def least(
    lists: Programme, members: Sequence[int], reached: Mapping[int, float]
) -> dict[int, tuple[float, Array | None]]:
    """Return a proved bound and the knots of a cheapest path for each of these numbers of pieces, ascending."""
    from ratelab.best import _matched_kernels as kernels

    most = members[-1]
    m, bins = len(lists.cells), lists.norms.shape[1]
    ahead = kernels.backward(lists.cost, lists.row, most)
    cap = np.full((most + 1, m + 2), -inf)
    ceiling = {n: min(lists.most, reached[n] ** 2 * _TIE) for n in members}
    for n in members:
        cap[: n + 1] = np.maximum(cap[: n + 1], ceiling[n] - ahead[n::-1])
    values = np.full((m + 2, bins), inf)
    plain, free = np.full(m + 2, inf), np.full(m + 2, inf)
    plain[0] = free[0] = 0.0
    history = []
    found: dict[int, tuple[float, Array | None]] = {}
    for k in range(1, most + 1):
        new = np.full((m + 2, bins), inf)
        new_plain, new_free = np.full(m + 2, inf), np.full(m + 2, inf)
        parents = np.full((m + 2, bins, 2), -9, np.int16)
        plain_parents, free_parents = np.full((m + 2, 2), -9, np.int16), np.full((m + 2, 2), -9, np.int16)
        kernels.layer(
            lists.cost, lists.touched, lists.steep, lists.row, lists.norms, lists.wild, cap[k], values, plain, free,
            new, new_plain, new_free, parents, plain_parents, free_parents,
        )  # fmt: skip
        values, plain, free = new, new_plain, new_free
        alive = np.flatnonzero(plain < inf)
        span = slice(int(alive[0]), int(alive[-1]) + 1) if len(alive) else slice(0, 0)
        history.append(
            (span.start, parents[span].copy(), plain_parents[span].copy(), free_parents[span].copy())
        )
        if k in ceiling:
            cost = min(float(plain[-1]), ceiling[k])
            found[k] = (proved(cost, lists, k), path(lists.cells, history, k) if plain[-1] < inf else None)
    return found


def proved(cost: float, lists: Programme, pieces: int) -> float:
    """Turn a computed least cost into a proved bound: see docs/lower-bounds.md for each term."""
    relative = (6 * lists.depth + 32 * pieces + 128) * UNIT
    cost = max(0.0, cost - 32 * pieces * UNIT * lists.most)
    return max(0.0, sqrt(cost) * (1 - relative) - lists.loss)


def path(cells: Cells, history: Sequence[tuple[int, Links, Links, Links]], pieces: int) -> Array:
    """Midpoints of the knot cells of a cheapest path: (pieces − 1,)."""
    from ratelab.best._matched_kernels import FREE, PLAIN

    cell, kind = len(cells) + 1, PLAIN
    found: list[int] = []
    for first, parents, plain_parents, free_parents in history[pieces - 1 :: -1]:
        local = cell - first
        chosen = (
            plain_parents[local]
            if kind == PLAIN
            else free_parents[local]
            if kind == FREE
            else parents[local, kind]
        )
        cell, kind = int(chosen[0]), int(chosen[1])
        found.append(cell)
    return _points(cells, np.array(found[-2::-1], dtype=np.int64))


def relaxed(lists: Programme, pieces: int, guess: float) -> tuple[float, Array]:
    """Return a proved bound and the knots of a path by pricing pieces: weak duality, no layers.

    With L(λ) the least cost of paths whose every piece costs λ more, every path of n pieces costs at least
    L(λ) − λ n. The price is looked for where the cheapest path has about that many pieces.
    """
    best, knots = 0.0, np.empty(0)
    low, high, price = 0.0, inf, guess
    gap = inf
    for _ in range(14):
        value, cells = _priced(lists, price)
        best = max(best, value - price * pieces)
        if abs(len(cells) + 1 - pieces) < gap:
            gap, knots = abs(len(cells) + 1 - pieces), _points(lists.cells, cells)
        if len(cells) + 1 == pieces:
            break
        low, high = (price, high) if len(cells) + 1 > pieces else (low, price)
        step = price * min(max((len(cells) + 1) / pieces, 0.25), 4.0) ** 5
        price = (
            step
            if low < step < high
            else sqrt(low * high)
            if low and high < inf
            else (low or high) * (4 if low else 0.25)
        )
        if high < low * (1 + 1e-7):
            break
    return proved(best, lists, pieces), knots


def _priced(lists: Programme, price: float) -> tuple[float, NDArray[np.int64]]:
    from ratelab.best import _matched_kernels as kernels

    m, bins = len(lists.cells), lists.norms.shape[1]
    values, parents = np.full((m + 2, bins), inf), np.full((m + 2, bins, 2), -9, np.int32)
    plain, free = np.full(m + 2, inf), np.full(m + 2, inf)
    plain_parents, free_parents = np.full((m + 2, 2), -9, np.int32), np.full((m + 2, 2), -9, np.int32)
    plain[0] = free[0] = 0.0
    kernels.priced(
        lists.cost, lists.touched, lists.steep, lists.row, lists.norms, lists.wild, price, values, plain, free,
        parents, plain_parents, free_parents,
    )  # fmt: skip
    cell, kind = m + 1, kernels.PLAIN
    found: list[int] = []
    while cell or kind >= 0:
        table = plain_parents if kind == kernels.PLAIN else free_parents
        chosen = table[cell] if kind < 0 else parents[cell, kind]
        cell, kind = int(chosen[0]), int(chosen[1])
        found.append(cell)
    return float(plain[-1]), np.array(found[-2::-1], dtype=np.int64)
