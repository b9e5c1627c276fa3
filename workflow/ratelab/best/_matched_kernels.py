# mypy: allow-untyped-decorators
"""Compiled loops of the matched programme: what a piece costs and where its ends lie, and one layer of paths.

Knot cells are numbered 0 … m + 1; 0 and m + 1 stand for the two ends of the domain. The piece from knot cell a over
s ≥ 1 inner cells to knot cell a + s + 1 is entry ``row[a] + s − 1`` of every list of pieces.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ratelab._compiled import kernel

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Small = NDArray[np.int16]
Links = NDArray[np.integer[Any]]
Single = NDArray[np.float32]

ROOT3 = np.sqrt(3.0)
FREE, PLAIN = -1, -2
UP = 1 + 2.0**-23  # so that rounding to single precision leaves an upper bound
TINY = 1e-37


@kernel
def _bin(offset: float, origin: float, width: float, count: int) -> int:
    x = (offset - origin) / width
    if not x >= 0.0:
        return 0
    if x >= count - 1:
        return count - 1
    return int(x)


@kernel
def _ends(
    w: float, start: float, slope_start: float, a: int, b: int, cells: Array, slack: float
) -> tuple[float, float, float, float, float, float]:
    """Intervals of the values at both knots, less the reference lines, and bounds on slopes less the references'.

    `start` and `slope_start`: the mean and the slope of the line on the inner interval, of length w.
    Rows of `cells`: width, mean, own slope, reference slope, roughness. The proof is in docs/lower-bounds.md.
    """
    da, db = cells[0, a], cells[0, b]
    left, right = start - slope_start * w / 2, start + slope_start * w / 2
    middle = w + (da + db) / 2
    stray = (da + db) / 2 / (w * middle)
    # mean residual on both knot cells, and the norm of the rest of it
    ma = cells[1, a] - (left - slope_start * da / 2)
    mb = cells[1, b] - (right + slope_start * db / 2)
    na = np.sqrt(cells[4, a] ** 2 + (cells[2, a] - slope_start) ** 2 * da**3 / 12)
    nb = np.sqrt(cells[4, b] ** 2 + (cells[2, b] - slope_start) ** 2 * db**3 / 12)
    ra, rb = np.sqrt(da) * na, np.sqrt(db) * nb
    sa, sb = abs(ma) * da + ra, abs(mb) * db + rb
    # the value at the right knot
    inner = right - cells[1, b] + cells[3, b] * db / 2
    own = (slope_start - cells[3, b] + 4 * mb / middle) * db
    other = -2 * ma / middle * da
    error = (
        (4 * (abs(mb) * db + rb / 2) + 2 * (abs(ma) * da + ra / 2)) * stray
        + (2 * rb + ra) / middle
        + 6 * (db * sb + da * sa) / (w * w)
        + slack
    )
    error += 1e-12 * (abs(inner) + abs(own) + abs(other) + error)
    high_low = inner + min(own, 0.0) + min(other, 0.0) - error
    high_top = inner + max(own, 0.0) + max(other, 0.0) + error
    # the value at the left knot, mirrored
    inner = left - cells[1, a] - cells[3, a] * da / 2
    own = -(slope_start - cells[3, a] - 4 * ma / middle) * da
    other = -2 * mb / middle * db
    error = (
        (4 * (abs(ma) * da + ra / 2) + 2 * (abs(mb) * db + rb / 2)) * stray
        + (2 * ra + rb) / middle
        + 6 * (db * sb + da * sa) / (w * w)
        + slack
    )
    error += 1e-12 * (abs(inner) + abs(own) + abs(other) + error)
    low_low = inner + min(own, 0.0) + min(other, 0.0) - error
    low_top = inner + max(own, 0.0) + max(other, 0.0) + error
    turn = 6 * (sa + sb) / (w * w) + 4 * slack / w
    steep_a = (abs(slope_start - cells[3, a]) + turn) * (1 + 1e-12)
    steep_b = (abs(slope_start - cells[3, b]) + turn) * (1 + 1e-12)
    return low_low, low_top, high_low, high_top, steep_a, steep_b


@kernel
def _join(
    l0: float, l1: float, wl: float, r0: float, r1: float, wr: float, w: float
) -> tuple[float, float, float]:
    """`merge` of _cells for lines: the union's coefficients and the energy that it adds."""
    alpha, beta = wl / w, wr / w
    ra, rb = np.sqrt(alpha), np.sqrt(beta)
    a10, a11 = -beta * (ra * ROOT3), alpha * ra
    b10, b11 = -alpha * (rb * ROOT3), beta * rb
    u0 = ra * l0 + rb * r0
    u1 = a10 * l0 + a11 * l1 - b10 * r0 + b11 * r1
    x0 = l0 - ra * u0 - a10 * u1
    y0 = r0 - rb * u0 + b10 * u1
    x1 = l1 - a11 * u1
    y1 = r1 - b11 * u1
    return u0, u1, x0 * x0 + y0 * y0 + (x1 * x1 + y1 * y1)


@kernel
def survey(
    edges: Array, c0: Array, c1: Array, energy: Array, cells: Array, most: float, usual: float,
    limit: int,
) -> tuple[Indices, Array]:  # fmt: skip
    """How many inner cells each knot cell's pieces reach before they cost more than `most`, and usual end values.

    Returns lengths (m + 1,), and (2, m + 2) the least and the largest value less reference of pieces that cost at
    most `usual`. The first length is −1 if there are more than `limit` pieces.
    """
    m = len(c0)
    lengths = np.zeros(m + 1, np.int64)
    extent = np.zeros((2, m + 2))
    total = 0
    for a in range(m):
        u0, u1, cost = c0[a], c1[a], energy[a]
        for s in range(1, m - a + 1):
            w = edges[a + s] - edges[a]
            if s > 1:
                last = a + s - 1
                before = edges[last] - edges[a]
                u0, u1, added = _join(u0, u1, before, c0[last], c1[last], edges[last + 1] - edges[last], w)
                cost += energy[last] + added
            if cost > most:
                break
            lengths[a] = s
            if cost <= usual:
                b = a + s + 1
                root = np.sqrt(w)
                slope = 2 * ROOT3 * u1 / (root * w)
                found = _ends(w, u0 / root, slope, a, b, cells, 0.0)
                extent[0, a] = min(extent[0, a], (found[0] + found[1]) / 2)
                extent[1, a] = max(extent[1, a], (found[0] + found[1]) / 2)
                extent[0, b] = min(extent[0, b], (found[2] + found[3]) / 2)
                extent[1, b] = max(extent[1, b], (found[2] + found[3]) / 2)
        total += lengths[a]
        if total > limit:
            lengths[0] = -1
            break
    return lengths, extent


@kernel
def measure(
    edges: Array, c0: Array, c1: Array, energy: Array, cells: Array, eta: float, row: Indices, bins: Array,
    count: int, cost: Array, touched: Small, steep: Single,
) -> None:  # fmt: skip
    """Fill in what all pieces cost and touch.

    `cost` (total,); `touched` (total, 4) bins: left first and last, right first and last; `steep` (total, 2) what the
    slopes take from the norms on the two knot cells.
    """
    m = len(c0)
    for a in range(m):
        u0, u1, value = c0[a], c1[a], energy[a]
        for s in range(1, row[a + 1] - row[a] + 1):
            w = edges[a + s] - edges[a]
            if s > 1:
                last = a + s - 1
                before = edges[last] - edges[a]
                u0, u1, added = _join(u0, u1, before, c0[last], c1[last], edges[last + 1] - edges[last], w)
                value += energy[last] + added
            b = a + s + 1
            p = row[a] + s - 1
            root = np.sqrt(w)
            slope = 2 * ROOT3 * u1 / (root * w)
            reach = 1 + 2 * (cells[0, a] + cells[0, b]) / w
            knot = np.sqrt(cells[0, a]) + np.sqrt(cells[0, b])
            slack = eta * ((1 + ROOT3 * reach) / root + 6 * knot * reach / w)
            slack += 1e-14 * (abs(u0) + 2 * abs(u1)) * reach / root
            found = _ends(w, u0 / root, slope, a, b, cells, slack)
            cost[p] = value
            touched[p, 0] = _bin(found[0], bins[0, a], bins[1, a], count)
            touched[p, 1] = _bin(found[1], bins[0, a], bins[1, a], count)
            touched[p, 2] = _bin(found[2], bins[0, b], bins[1, b], count)
            touched[p, 3] = _bin(found[3], bins[0, b], bins[1, b], count)
            steep[p, 0] = found[4] * cells[0, a] ** 1.5 / ROOT3 * UP + TINY
            steep[p, 1] = found[5] * cells[0, b] ** 1.5 / ROOT3 * UP + TINY


@kernel
def backward(cost: Array, row: Indices, pieces: int) -> Array:
    """Least cost of j pieces from each knot cell to the end, ends not matched, knot cells free: (pieces + 1, m + 2)."""
    m = len(row) - 2
    table = np.full((pieces + 1, m + 2), np.inf)
    table[0, m + 1] = 0.0
    for j in range(pieces):
        for a in range(m, -1, -1):
            best = min(table[j, a], table[j, a + 1])
            for p in range(row[a], row[a + 1]):
                total = cost[p] + table[j, a + 2 + p - row[a]]
                if total < best:
                    best = total
            table[j + 1, a] = best
        table[j + 1, m + 1] = 0.0
    return table


@kernel
def _leave(
    a: int, p: int, touched: Small, less: float, norms: Array, values: Array, plain: float, free: float
) -> tuple[float, int]:
    """Least cost with which piece p can leave knot cell a, and from which bin (or FREE)."""
    best, origin = free, FREE
    for q in range(touched[p, 0], touched[p, 1] + 1):
        n = norms[a, q]
        change = -less * (2 * n - less) if n > less else -n * n
        leaving = max(values[a, q] + change, plain)
        if leaving < best:
            best, origin = leaving, q
    return best, origin


@kernel
def _arrive(
    a: int, b: int, p: int, total: float, origin: int, touched: Small, less: float, norms: Array, values: Array,
    parents: Links,
) -> None:  # fmt: skip
    """Lower the costs of the bins of knot cell b that piece p touches."""
    for q in range(touched[p, 2], touched[p, 3] + 1):
        rest = max(norms[b, q] - less, 0.0)
        arrival = total + rest * rest
        if arrival < values[b, q]:
            values[b, q] = arrival
            parents[b, q, 0] = a
            parents[b, q, 1] = origin


@kernel
def _lower(values: Array, parents: Links, b: int, total: float, a: int, origin: int) -> None:
    if total < values[b]:
        values[b] = total
        parents[b, 0] = a
        parents[b, 1] = origin


@kernel
def layer(
    cost: Array, touched: Small, steep: Single, row: Indices, norms: Array, wild: NDArray[np.bool_], cap: Array,
    values: Array, plain: Array, free: Array, new: Array, new_plain: Array, new_free: Array, parents: Links,
    plain_parents: Links, free_parents: Links,
) -> None:  # fmt: skip
    """Extend all paths by one piece.

    `values` (m + 2, bins): least cost with a kink of that value in that cell, the arrival's charge included;
    `plain` (m + 2,): least cost without charges; `free` the same for paths that leave with any value. The parents
    (…, 2) remember where from: knot cell and bin, FREE or PLAIN.
    """
    m = len(row) - 2
    for a in range(m + 2):
        if plain[a] == np.inf:
            continue
        for b in range(a, min(a + 2, m + 2)):
            if plain[a] <= cap[b]:
                _lower(new_free, free_parents, b, plain[a], a, PLAIN)
                _lower(new_plain, plain_parents, b, plain[a], a, PLAIN)
        if a > m:
            continue
        for p in range(row[a], row[a + 1]):
            b = a + 2 + p - row[a]
            room = cap[b] - cost[p]
            if plain[a] > room:
                continue
            if wild[a] or wild[b]:
                _lower(new_free, free_parents, b, plain[a] + cost[p], a, PLAIN)
                _lower(new_plain, plain_parents, b, plain[a] + cost[p], a, PLAIN)
                continue
            best, origin = _leave(a, p, touched, steep[p, 0], norms, values, plain[a], free[a])
            if best <= room:
                _lower(new_plain, plain_parents, b, best + cost[p], a, origin)
                if b <= m:
                    _arrive(a, b, p, best + cost[p], origin, touched, steep[p, 1], norms, new, parents)


@kernel
def priced(
    cost: Array, touched: Small, steep: Single, row: Indices, norms: Array, wild: NDArray[np.bool_], price: float,
    values: Array, plain: Array, free: Array, parents: Links, plain_parents: Links, free_parents: Links,
) -> None:  # fmt: skip
    """Find the least cost of paths of any number of pieces, each of which costs `price` more; tables as in `layer`."""
    m = len(row) - 2
    for a in range(m + 2):
        if plain[a] == np.inf:
            continue
        for b in range(a, min(a + 2, m + 2)):
            _lower(free, free_parents, b, plain[a] + price, a, PLAIN)
            if b > a:
                _lower(plain, plain_parents, b, plain[a] + price, a, PLAIN)
        if a > m:
            continue
        for p in range(row[a], row[a + 1]):
            b = a + 2 + p - row[a]
            if wild[a] or wild[b]:
                total = plain[a] + cost[p] + price
                _lower(free, free_parents, b, total, a, PLAIN)
                _lower(plain, plain_parents, b, total, a, PLAIN)
                continue
            best, origin = _leave(a, p, touched, steep[p, 0], norms, values, plain[a], free[a])
            total = best + cost[p] + price
            if total < np.inf:
                _lower(plain, plain_parents, b, total, a, origin)
                if b <= m:
                    _arrive(a, b, p, total, origin, touched, steep[p, 1], norms, values, parents)
