"""Greedy paths with the fewest pieces in a tube, in floats: compiled."""

# mypy: allow-untyped-decorators
import numpy as np
from numpy.typing import NDArray

from ratelab._compiled import kernel

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


@kernel
def fewest_links(x: Array, low: Array, high: Array, most: int, lines: Array, reach: Array) -> int:
    """Count the links of a continuous broken line in a tube, as few as possible, greedily.

    Parameters
    ----------
    x
        (M + 1,) edges.
    low, high
        (M, 2): ends of the tube's lower and upper border on each cell.
    most
        Stop after that many links.
    lines
        (most, 4): receives two points (x1, y1, x2, y2) of each link's line.
    reach
        (most, 2): receives between which two places a link's line meets the next one.

    Returns
    -------
    The number of links; most + 1 if they are not enough or the tube is closed somewhere.
    """
    cells = len(x) - 1
    border = np.empty((2, cells + 1))
    border[0, 0], border[1, 0] = high[0, 0], low[0, 0]
    border[0, cells], border[1, cells] = high[cells - 1, 1], low[cells - 1, 1]
    for v in range(1, cells):
        border[0, v] = min(high[v - 1, 1], high[v, 0])
        border[1, v] = max(low[v - 1, 1], low[v, 0])
    for v in range(cells + 1):
        if border[1, v] > border[0, v]:
            return most + 1
    # chain 0 is the upper border, chain 1 the lower one; hull[c] is what lines must pass below or above
    hull = np.empty((2, cells + 3, 2))
    count = np.zeros(2, dtype=np.int64)
    first = np.zeros(2, dtype=np.int64)
    start = np.array([[x[0], border[0, 0]], [x[0], border[1, 0]]])
    # line 0 is the steepest one, up from the lower to the upper border; line 1 falls from the upper to the lower one
    extreme = np.empty((2, 4))
    known = np.zeros(2, dtype=np.bool_)
    for link in range(most):
        count[:] = 0
        first[:] = 0
        known[:] = False
        later = 0 if start[0, 0] >= start[1, 0] else 1
        earlier = 1 - later
        place = start[later, 0]
        _push(hull, count, first, earlier, start[earlier, 0], start[earlier, 1])
        v = np.searchsorted(x, start[earlier, 0], side="right")
        while v <= cells and x[v] < place:
            _push(hull, count, first, earlier, x[v], border[earlier, v])
            v += 1
        if start[earlier, 0] < place:
            _tighten(hull, count, first, extreme, known, later, place, start[later, 1])
        _push(hull, count, first, later, place, start[later, 1])
        if v <= cells and x[v] == place:
            _push(hull, count, first, earlier, place, border[earlier, v])
            v += 1
        failed = -1
        while v <= cells:
            if known[1] and _at(extreme[1], x[v]) > border[0, v]:
                failed = 0
                break
            if known[0] and _at(extreme[0], x[v]) < border[1, v]:
                failed = 1
                break
            _tighten(hull, count, first, extreme, known, 0, x[v], border[0, v])
            _tighten(hull, count, first, extreme, known, 1, x[v], border[1, v])
            _push(hull, count, first, 0, x[v], border[0, v])
            _push(hull, count, first, 1, x[v], border[1, v])
            v += 1
        if failed < 0:
            lines[link, 0], lines[link, 2] = place, x[cells]
            for end in range(2):
                at = lines[link, 2 * end]
                lines[link, 2 * end + 1] = 0.5 * (_at(extreme[0], at) + _at(extreme[1], at))
            reach[link] = x[cells]
            return link + 1
        line = extreme[1 - failed].copy()
        lines[link] = line
        ends = high[v - 1] if failed == 0 else low[v - 1]
        begin, end = _at(line, x[v - 1]) - ends[0], _at(line, x[v]) - ends[1]
        if failed == 1:
            begin, end = -begin, -end
        crossing, value = x[v], border[failed, v]
        if end > 0:
            share = min(max(-begin / (end - begin), 0.0), 1.0)
            inside = max(x[v - 1] + share * (x[v] - x[v - 1]), place)
            if inside < x[v]:
                share = (inside - x[v - 1]) / (x[v] - x[v - 1])
                crossing, value = inside, ends[0] + share * (ends[1] - ends[0])
        start[failed, 0], start[failed, 1] = crossing, value
        # the other border binds from where this line last touched it
        start[1 - failed] = line[2:]
        reach[link, 0], reach[link, 1] = line[2], crossing
    return most + 1


@kernel
def _at(line: Array, x: float) -> float:
    share = (x - line[0]) / (line[2] - line[0])
    return float(line[1] + share * (line[3] - line[1]))


@kernel
def _push(hull: Array, count: Integers, first: Integers, chain: int, x: float, y: float) -> None:
    """Add a point on the right to the hull of a chain: convex from below for chain 0, from above for chain 1."""
    sign = 1.0 if chain == 0 else -1.0
    points = hull[chain]
    n = count[chain]
    while n >= 2:
        turn = (points[n - 1, 0] - points[n - 2, 0]) * (y - points[n - 2, 1])
        turn -= (points[n - 1, 1] - points[n - 2, 1]) * (x - points[n - 2, 0])
        if sign * turn > 0:
            break
        n -= 1
    points[n, 0], points[n, 1] = x, y
    count[chain] = n + 1
    first[chain] = min(first[chain], n)


@kernel
def _tighten(
    hull: Array,
    count: Integers,
    first: Integers,
    extreme: Array,
    known: NDArray[np.bool_],
    chain: int,
    x: float,
    y: float,
) -> None:
    """Let a new point of a chain turn the extreme line that ends on this chain, about the other chain's hull."""
    sign = 1.0 if chain == 0 else -1.0
    if known[chain] and sign * (y - _at(extreme[chain], x)) >= 0:
        return
    points = hull[1 - chain]
    j = first[1 - chain]
    slope = sign * (y - points[j, 1]) / (x - points[j, 0])
    while j + 1 < count[1 - chain]:
        following = sign * (y - points[j + 1, 1]) / (x - points[j + 1, 0])
        if following > slope:
            break
        slope = following
        j += 1
    first[1 - chain] = j
    extreme[chain, 0], extreme[chain, 1], extreme[chain, 2], extreme[chain, 3] = (
        points[j, 0],
        points[j, 1],
        x,
        y,
    )
    known[chain] = True


@kernel
def fewest_steps(x: Array, low: Array, high: Array, most: int, levels: Array, ends: Array) -> int:
    """Count the constants that cover a tube, as few as possible; (most,) levels and right ends are received.

    Other parameters and the result are as in `fewest_links`.
    """
    cells = len(x) - 1
    used = 0
    bottom, top, begin, cell, fresh = -np.inf, np.inf, x[0], 0, True
    while cell < cells:
        width = x[cell + 1] - x[cell]
        share = (begin - x[cell]) / width
        below = max(bottom, low[cell, 0] + share * (low[cell, 1] - low[cell, 0]))
        above = min(top, high[cell, 0] + share * (high[cell, 1] - high[cell, 0]))
        if below > above and fresh:
            return most + 1
        if max(below, low[cell, 1]) <= min(above, high[cell, 1]):
            bottom, top = max(below, low[cell, 1]), min(above, high[cell, 1])
            cell += 1
            begin = x[cell]
            fresh = False
            continue
        if used == most:
            return most + 1
        good, bad = share, 1.0
        if below <= above:
            bottom, top = below, above
            for _ in range(60):
                middle = 0.5 * (good + bad)
                under = max(below, low[cell, 0] + middle * (low[cell, 1] - low[cell, 0]))
                over = min(above, high[cell, 0] + middle * (high[cell, 1] - high[cell, 0]))
                if under <= over:
                    good, bottom, top = middle, under, over
                else:
                    bad = middle
        where = x[cell] + good * width
        levels[used], ends[used] = 0.5 * (bottom + top), where
        used += 1
        if where <= begin and fresh:
            return most + 1
        bottom, top, begin, fresh = -np.inf, np.inf, where, True
    if used == most:
        return most + 1
    levels[used], ends[used] = 0.5 * (bottom + top), x[cells]
    return used + 1
