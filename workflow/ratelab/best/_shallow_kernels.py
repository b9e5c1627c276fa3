# mypy: allow-untyped-decorators
"""Compiled loops of the subset-sum bound: what a piece costs, the cheapest path, the value of a path."""

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from ratelab._compiled import kernel

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

_ROOT3 = 1.7320508075688772
_SLACK = 128 * 2.0**-53
_MOST = 0.65
"""Most that the charge at one end of a piece may come to, in units of the cell's width times the expected residual²."""


@kernel
def piece_cost(
    i: int,
    j: int,
    a: float,
    nu: float,
    edges: Array,
    rest: Array,
    zeroth: Array,
    first: Array,
    charge: Array,
    slope: Array,
    mean: Array,
    tilt: float,
    cap: float,
) -> float:
    """At most what a piece from knot cell i to knot cell j adds to the Lagrangian, weight `a` on its slope.

    Pieces that cost more than `cap` by themselves are left without charges at their ends.
    """
    count = len(edges) - 1
    left_width = edges[i] - edges[i - 1] if i > 0 else 0.0
    right_width = edges[j] - edges[j - 1] if j <= count else 0.0
    left, right = charge[i], charge[j]
    left_free, right_free = _MOST * left * left * left_width, _MOST * right * right * right_width
    if j - i < 2:
        return float(-(left_free + right_free) * (1 + _SLACK) if a * nu == 0.0 else -np.inf)
    s = j - i - 1
    h = edges[j - 1] - edges[i]
    root = sqrt(h)
    k0, k1, energy = zeroth[s, i], first[s, i], rest[s, i]
    beta = 2 * _ROOT3 / (h * root)
    w = nu * a * beta
    base = energy + nu * a * tilt + w * k1
    size = energy + abs(nu * a * tilt) + abs(w * k1)
    free = base - w * w / 4 - left_free - right_free
    free -= _SLACK * (size + w * w / 4 + left_free + right_free)
    if energy > cap:
        return float(free)
    # charges at the two ends, linear in the line: value at the line of least squares, and what they pull at
    m = k1 * beta
    lp, rp = left * left_width / root, right * right_width / root
    lt, rt = -(1 + left_width / h) * _ROOT3, (1 + right_width / h) * _ROOT3
    lk, rk = abs(left) * left_width * left_width / 2, abs(right) * right_width * right_width / 2
    lv = (
        lp * (k0 + lt * k1)
        - left * left_width * mean[i]
        - left * left * left_width / 2
        - lk * abs(m - slope[i])
    )
    rv = (
        rp * (k0 + rt * k1)
        - right * right_width * mean[j]
        - right * right * right_width / 2
        - rk * abs(m - slope[j])
    )
    ls = abs(lp) * (abs(k0) + abs(lt * k1)) + abs(left * left_width * mean[i]) + left_free
    ls += lk * (abs(m) + abs(slope[i]))
    rs = abs(rp) * (abs(k0) + abs(rt * k1)) + abs(right * right_width * mean[j]) + right_free
    rs += rk * (abs(m) + abs(slope[j]))
    least = np.inf
    for ends in range(4):
        use_left, use_right = ends & 1, ends >> 1
        value, pull0, pull1, blunt, moduli = base, 0.0, w, 0.0, abs(w)
        if use_left:
            value += lv
            pull0 += lp
            pull1 += lp * lt
            blunt += lk * beta
            moduli += abs(lp * lt)
        else:
            value += left_free
        if use_right:
            value += rv
            pull0 += rp
            pull1 += rp * rt
            blunt += rk * beta
            moduli += abs(rp * rt)
        else:
            value += right_free
        steep = abs(pull1) + blunt
        value -= pull0 * pull0 / 4 + steep * steep / 4
        moduli += blunt
        bound = size + ls + rs + (abs(lp) + abs(rp)) ** 2 / 4 + moduli * moduli / 4
        least = min(least, value - _SLACK * bound)
    return float(max(least, free))


@kernel
def still_costs(
    ratio: float,
    edges: Array,
    rest: Array,
    zeroth: Array,
    first: Array,
    charge: Array,
    slope: Array,
    mean: Array,
    tilt: float,
    cap: float,
) -> Array:
    """Costs of inner pieces that keep the partial sum, by knot cells (to, from)."""
    count = len(edges) - 1
    table = np.full((count + 2, count + 2), np.inf)
    for j in range(1, count + 2):
        for i in range(min(j, count) + 1):
            table[j, i] = piece_cost(
                i, j, 0.0, 0.0, edges, rest, zeroth, first, charge, slope, mean, tilt, cap
            )
    return table


@kernel
def cost_tables(
    nu: float,
    ratio: float,
    shortest: float,
    still: Array,
    edges: Array,
    rest: Array,
    zeroth: Array,
    first: Array,
    charge: Array,
    slope: Array,
    mean: Array,
    tilt: float,
    cap: float,
) -> tuple[Array, float, float]:
    """Costs of pieces that keep, raise and lower the partial sum: (3, to, from); active ones from a length on.

    Also the least and the largest modulus of what is finite.
    """
    count = len(edges) - 1
    table = np.full((3, count + 2, count + 2), np.inf)
    least, largest = 0.0, 0.0
    for j in range(1, count + 2):
        for i in range(min(j, count) + 1):
            at_end = i == 0 or j == count + 1
            length = edges[j - 1] - edges[i] if j - i >= 2 else 0.0
            for kind in range(3):
                outer = -ratio if kind == 0 else 1.0
                a = outer if at_end else (1 + ratio) * (kind if kind < 2 else -1)
                if (at_end and kind == 2) or (a == 0.0 and kind > 0) or (a != 0.0 and length < shortest):
                    continue
                if a == 0.0 or nu == 0.0:
                    cost = still[j, i]
                else:
                    cost = piece_cost(i, j, a, nu, edges, rest, zeroth, first, charge, slope, mean, tilt, cap)
                table[kind, j, i] = cost
                least = min(least, cost)
                largest = max(largest, abs(cost))
    return table, least, largest


@kernel
def cheapest_path(
    table: Array,
    pieces: int,
    longest: float,
    ratio: float,
    edges: Array,
    prune: float,
) -> tuple[float, Indices, Indices]:
    """Cheapest path of that many pieces: knot cells, partial sums, and the values by prefix.

    One active piece, one with a weight, is shorter than `longest`. Pieces that cost more than `prune` are not used.
    """
    count = len(edges) - 1
    value = np.full((pieces + 1, count + 2, 2, 2), np.inf)
    came = np.full((pieces + 1, count + 2, 2, 2), -1, np.int32)
    value[0, 0, 0, 0] = 0.0
    for k in range(pieces):
        for j in range(1, count + 2):
            if (j == count + 1) != (k == pieces - 1):
                continue
            low, high = (0, 0) if k == 0 else (1, min(j, count))
            best = np.full((2, 2), np.inf)
            origin = np.full((2, 2), -1)
            for i in range(low, high + 1):
                length = edges[j - 1] - edges[i] if j - i >= 2 else 0.0
                for kind in range(3):
                    cost = table[kind, j, i]
                    if not cost <= prune:
                        continue
                    at_end = i == 0 or j == count + 1
                    active = kind > 0 or (at_end and ratio != 0.0)
                    short = 1 if active and length < longest else 0
                    for before in range(2):
                        # from the start to 0 (kind 0) or 1; to the end from 1 (kind 0) or 0; else keep, raise, lower
                        if i == 0:
                            if before == 1:
                                continue
                            after = kind
                        elif j == count + 1:
                            if before != 1 - kind:
                                continue
                            after = 0
                        elif kind == 0:
                            after = before
                        else:
                            if before != kind - 1:
                                continue
                            after = 2 - kind
                        for flag in range(2):
                            total = value[k, i, before, flag] + cost
                            new = flag | short
                            if total < best[after, new]:
                                best[after, new] = total
                                origin[after, new] = (i * 3 + kind) * 4 + before * 2 + flag
            for after in range(2):
                for flag in range(2):
                    value[k + 1, j, after, flag] = best[after, flag]
                    came[k + 1, j, after, flag] = origin[after, flag]
    flag = 1 if longest < np.inf else 0
    if flag == 0 and value[pieces, count + 1, 0, 1] < value[pieces, count + 1, 0, 0]:
        flag = 1
    least = value[pieces, count + 1, 0, flag]
    cells, kinds = np.zeros(pieces + 1, np.int64), np.zeros(pieces, np.int64)
    j, state = count + 1, 0
    cells[pieces] = j
    if least < np.inf:
        for k in range(pieces, 0, -1):
            code = came[k, j, state, flag]
            flag, state, kinds[k - 1] = code % 2, code // 2 % 2, code // 4 % 3
            j = code // 12
            cells[k - 1] = j
    return least, cells, kinds


@kernel
def path_value(
    cells: Indices,
    kinds: Indices,
    nu: float,
    ratio: float,
    edges: Array,
    rest: Array,
    zeroth: Array,
    first: Array,
    charge: Array,
    slope: Array,
    mean: Array,
    tilt: float,
    cap: float,
) -> float:
    """Value of the Lagrangian of one path."""
    total = 0.0
    for k in range(len(kinds)):
        i, j, kind = cells[k], cells[k + 1], kinds[k]
        at_end = i == 0 or j == len(edges)
        outer = -ratio if kind == 0 else 1.0
        a = outer if at_end else (1 + ratio) * (kind if kind < 2 else -1)
        total += piece_cost(i, j, a, nu, edges, rest, zeroth, first, charge, slope, mean, tilt, cap)
    return total
