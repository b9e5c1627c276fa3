"""Exact proofs that a tube holds no path with few pieces: greedy paths in whole numbers."""

from math import ceil, frexp, ldexp

import numpy as np

from ratelab.best._sup_norm_strips import Strips

Point = tuple[int, int]
Line = tuple[Point, Point]

_FINE = 20
_DIGITS = 44


class WholeTube:
    """The tube f ± ε, widened to whole numbers: everything within ε of the function lies inside.

    Parameters
    ----------
    strips
        Lines below and above the function.
    distance
        ε > 0.
    """

    def __init__(self, strips: Strips, distance: float) -> None:
        # products with powers of two are exact in floats, and so are floor and ceil
        power = min(max(0, _DIGITS - frexp(distance)[1]), 900)
        self.x = [int(t) for t in np.ldexp(strips.edges, _bits(strips)).tolist()]
        add = ceil(ldexp(distance, power))
        self.low = [(int(a) - add, int(b) - add) for a, b in np.floor(np.ldexp(strips.low, power)).tolist()]
        self.high = [(int(a) + add, int(b) + add) for a, b in np.ceil(np.ldexp(strips.high, power)).tolist()]
        cells = len(self.low)
        inner = range(1, cells)
        self.top = [min(self.high[v - 1][1], self.high[v][0]) for v in inner]
        self.top = [self.high[0][0], *self.top, self.high[-1][1]]
        self.bottom = [max(self.low[v - 1][1], self.low[v][0]) for v in inner]
        self.bottom = [self.low[0][0], *self.bottom, self.low[-1][1]]

    @property
    def closed(self) -> bool:
        """Whether no continuous function passes."""
        return any(low > high for low, high in zip(self.bottom, self.top, strict=True))


def _bits(strips: Strips) -> int:
    """Return by how many binary digits edges are shifted to whole numbers that divide every cell finely."""
    denominators: list[int] = [t.as_integer_ratio()[1] for t in strips.edges.tolist()]
    return max(denominators).bit_length() - 1 + _FINE


class _Chain:
    """The points of one border that bind the present link, and the line that ends on this border.

    `sign` is 1 for the upper border, whose points lines pass below, and −1 for the lower one.
    """

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.hull: list[Point] = []
        self.first = 0
        self.line: Line | None = None

    def push(self, point: Point) -> None:
        hull, (x, y) = self.hull, point
        while len(hull) >= 2:
            (a, b), (c, d) = hull[-2], hull[-1]
            if self.sign * ((c - a) * (y - b) - (d - b) * (x - a)) > 0:
                break
            hull.pop()
        self.first = min(self.first, len(hull))
        hull.append(point)

    def tighten(self, point: Point, other: "_Chain") -> None:
        """Turn the line that ends on this border about the other border's hull, so that it meets a new point."""
        if self.line is not None and self.sign * above(point, self.line) >= 0:
            return
        (x, y), hull, j = point, other.hull, other.first
        while j + 1 < len(hull):
            (a, b), (c, d) = hull[j], hull[j + 1]
            if self.sign * ((y - d) * (x - a) - (y - b) * (x - c)) > 0:
                break
            j += 1
        other.first = j
        self.line = hull[j], point


def above(point: Point, line: Line) -> int:
    """Return a positive multiple of how far a point lies above a line (x1 < x2)."""
    (x, y), ((a, b), (c, d)) = point, line
    return (y - b) * (c - a) - (d - b) * (x - a)


def needs_more_links(strips: Strips, distance: float, links: int) -> bool:
    """Return whether it is proved that no continuous broken line with that many links is within the distance.

    All arithmetic is in whole numbers; rounding only widens the tube and postpones where a link must end
    (docs/other-norms.md).

    Parameters
    ----------
    strips
        Rigorous ones for a proof.
    distance
        ε > 0.
    links
        At least 1.
    """
    tube = WholeTube(strips, distance)
    if tube.closed:
        return True
    x, cells = tube.x, len(tube.x) - 1
    borders = tube.top, tube.bottom
    start: list[Point] = [(x[0], tube.top[0]), (x[0], tube.bottom[0])]
    left = [1, 1]  # the first vertex on the right of each start
    for _ in range(links):
        chains = _Chain(1), _Chain(-1)
        later = 0 if start[0][0] >= start[1][0] else 1
        earlier = 1 - later
        place = start[later][0]
        chains[earlier].push(start[earlier])
        v = left[earlier]
        while v <= cells and x[v] < place:
            chains[earlier].push((x[v], borders[earlier][v]))
            v += 1
        if start[earlier][0] < place:
            chains[later].tighten(start[later], chains[earlier])
        chains[later].push(start[later])
        if v <= cells and x[v] == place:
            chains[earlier].push((place, borders[earlier][v]))
            v += 1
        failed = -1
        while v <= cells:
            points = (x[v], borders[0][v]), (x[v], borders[1][v])
            falling, rising = chains[1].line, chains[0].line
            if falling is not None and above(points[0], falling) < 0:
                failed = 0
                break
            if rising is not None and above(points[1], rising) > 0:
                failed = 1
                break
            chains[0].tighten(points[0], chains[1])
            chains[1].tighten(points[1], chains[0])
            chains[0].push(points[0])
            chains[1].push(points[1])
            v += 1
        if failed < 0:
            return False
        line = chains[1 - failed].line
        assert line is not None
        start[failed] = _end(tube, v, failed, line, place)
        start[1 - failed] = line[1]
        left[failed] = v + 1 if start[failed][0] == x[v] else v
        w = v
        while x[w - 1] > line[1][0]:
            w -= 1
        left[1 - failed] = w
    return True


def _end(tube: WholeTube, v: int, failed: int, line: Line, place: int) -> Point:
    """Return a point, not before the line leaves the tube in the cell left of edge v, with a bound for the border."""
    border = tube.high[v - 1] if failed == 0 else tube.low[v - 1]
    last = tube.x[v], (tube.top if failed == 0 else tube.bottom)[v]
    sign = 1 if failed == 0 else -1
    x0, x1 = tube.x[v - 1], tube.x[v]
    begin, end = -sign * above((x0, border[0]), line), -sign * above((x1, border[1]), line)
    if end <= 0:
        return last
    where = max(x0 + -(-(x1 - x0) * max(-begin, 0) // (end - begin)), place)
    if where >= x1:
        return last
    return where, _border(border, x0, x1, where, sign)


def needs_more_steps(strips: Strips, distance: float, steps: int) -> bool:
    """Return whether it is proved that no step function with that many steps is within the distance.

    Parameters are as in `needs_more_links`.
    """
    tube = WholeTube(strips, distance)
    cells = len(tube.low)
    used, cell, begin = 0, 0, tube.x[0]
    bottom: int | None = None
    top: int | None = None
    while cell < cells:
        x0, x1 = tube.x[cell], tube.x[cell + 1]
        low, high = tube.low[cell], tube.high[cell]
        one = _border(low, x0, x1, begin, -1), low[1]
        two = _border(high, x0, x1, begin, 1), high[1]
        below = one[0] if bottom is None else max(bottom, one[0])
        over = two[0] if top is None else min(top, two[0])
        if max(below, one[1]) <= min(over, two[1]):
            bottom, top = max(below, one[1]), min(over, two[1])
            cell, begin = cell + 1, x1
            continue
        # a step that starts at or before `begin` ends before `where`
        good, where = begin, x1
        if below > over:
            where = begin
        while where - good > 1 and below <= over:
            middle = (good + where) // 2
            under = max(below, _border(low, x0, x1, middle, -1))
            upper = min(over, _border(high, x0, x1, middle, 1))
            good, where = (middle, where) if under <= upper else (good, middle)
        used += 1
        if used >= steps:
            return True
        bottom, top, begin = None, None, where
        if where >= x1:
            cell += 1
    return False


def _border(ends: tuple[int, int], x0: int, x1: int, x: int, sign: int) -> int:
    """Return a border at x, rounded outwards: up for the upper one (sign 1), down for the lower one."""
    rise = (ends[1] - ends[0]) * (x - x0)
    return ends[0] - (-rise // (x1 - x0)) if sign > 0 else ends[0] + rise // (x1 - x0)
