"""L1 distances from cell means to lines and constants, for all intervals of cells, and the cheapest paths: compiled."""

# mypy: allow-untyped-decorators
import numpy as np
from numpy.typing import NDArray

from ratelab._compiled import kernel

Array = NDArray[np.float64]

_UNIT = 2.0**-53
_PIVOTS = 12
_TIE = 1e-11


@kernel
def line_costs(edges: Array, integrals: Array, sums: Array, longest: int) -> Array:
    """Bound from below the L1 distance to lines on every interval of at most `longest` cells.

    Parameters
    ----------
    edges
        (M + 1,).
    integrals
        (M,) of the function over each cell.
    sums
        (M + 1,) of the integrals up to each edge, correctly rounded.
    longest
        At least 2.

    Returns
    -------
    (longest + 1, M + 1): entry (s, a) for the s cells from cell a on, up to rounding of sums of integrals; infinite
    where there are not so many cells.
    """
    cells = len(edges) - 1
    found = np.full((longest + 1, cells + 1), np.inf)
    found[0] = 0.0
    middle = np.empty(cells)
    width = np.empty(cells)
    mean = np.empty(cells)
    for c in range(cells):
        width[c] = edges[c + 1] - edges[c]
        middle[c] = 0.5 * (edges[c + 1] + edges[c])
        mean[c] = integrals[c] / width[c]
    up, down = bends(middle, mean)
    for a in range(cells):
        p, q = a, a + 1
        left, right = a, a
        found[1, a] = 0.0
        if a + 2 <= cells and longest >= 2:
            found[2, a] = 0.0
        for s in range(3, min(longest, cells - a) + 1):
            b = a + s
            value = -1.0
            if s >= 8 and (up[b - 1] == up[a + 1] or down[b - 1] == down[a + 1]):
                # convex or concave: the best signs change at the quarter points
                length = edges[b] - edges[a]
                while edges[left + 1] < edges[a] + 0.25 * length:
                    left += 1
                while edges[right + 1] < edges[a] + 0.75 * length:
                    right += 1
                value = _quarters(a, b, edges, middle, width, mean, integrals, sums, left, right)
            if value < 0.0:
                p, q = _best_line(a, b, middle, width, mean, p, q)
                value = _duality(a, b, edges, middle, width, mean, integrals, p, q)
            found[s, a] = max(found[s - 1, a], value)
    return found


@kernel
def bends(middle: Array, mean: Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count the cells before each one at which the broken line through the means turns up, and down: (M + 1,) each."""
    cells = len(mean)
    up = np.zeros(cells + 1, dtype=np.int64)
    down = np.zeros(cells + 1, dtype=np.int64)
    for c in range(cells):
        up[c + 1], down[c + 1] = up[c], down[c]
        if 0 < c < cells - 1:
            turn = (mean[c + 1] - mean[c]) * (middle[c] - middle[c - 1])
            turn -= (mean[c] - mean[c - 1]) * (middle[c + 1] - middle[c])
            if turn > 0:
                up[c + 1] += 1
            elif turn < 0:
                down[c + 1] += 1
    return up, down


@kernel
def _quarters(
    a: int,
    b: int,
    edges: Array,
    middle: Array,
    width: Array,
    mean: Array,
    integrals: Array,
    sums: Array,
    p: int,
    q: int,
) -> float:
    """Like `_duality`, with signs +, −, + that change in cells p < q or next to them; negative if that fails."""
    for _ in range(5):
        if not a < p < q - 1 < b - 2:
            return -1.0
        centre = middle[p]
        one, two, three = edges[p] - edges[a], edges[q] - edges[p + 1], edges[b] - edges[q + 1]
        zeroth = one - two + three
        first = one * (0.5 * (edges[p] + edges[a]) - centre) - two * (
            0.5 * (edges[q] + edges[p + 1]) - centre
        )
        first += three * (0.5 * (edges[b] + edges[q + 1]) - centre)
        apart = middle[q] - centre
        at_q = -first / (width[q] * apart)
        at_p = -(zeroth + at_q * width[q]) / width[p]
        if abs(at_p) > 1.0 and abs(at_p) >= abs(at_q):
            p += 1 if at_p > 0 else -1
        elif abs(at_q) > 1.0:
            q += -1 if at_q > 0 else 1
        else:
            total = (sums[p] - sums[a]) - (sums[q] - sums[p + 1]) + (sums[b] - sums[q + 1])
            total += at_p * integrals[p] + at_q * integrals[q]
            length = edges[b] - edges[a]
            slack = 96 * _UNIT * length
            defect = abs(zeroth + at_p * width[p] + at_q * width[q]) + slack
            defect += 2 * (abs(first + at_q * width[q] * apart) + slack * length) / apart
            largest = max(abs(mean[p]), abs(mean[q]))
            return float((abs(total) - defect * largest) / (1 + 1.001 * defect / min(width[p], width[q])))
    return -1.0


@kernel
def _sums(a: int, b: int, middle: Array, width: Array, mean: Array, p: int, q: int) -> tuple[float, float]:
    """Return the zeroth and the first moment (about cell p) of the signs of what a line through two cells leaves."""
    slope = (mean[q] - mean[p]) / (middle[q] - middle[p])
    height, centre = mean[p], middle[p]
    zeroth = 0.0
    first = 0.0
    for c in range(a, b):
        t = middle[c] - centre
        signed = width[c] if mean[c] >= height + slope * t else -width[c]
        if c != p and c != q:
            zeroth += signed
            first += signed * t
    return zeroth, first


@kernel
def _best_line(a: int, b: int, middle: Array, width: Array, mean: Array, p: int, q: int) -> tuple[int, int]:
    """Return two cells whose means the best line meets: exchange one of them while that lowers the distance."""
    for _ in range(_PIVOTS):
        zeroth, first = _sums(a, b, middle, width, mean, p, q)
        at_q = -first / (width[q] * (middle[q] - middle[p]))
        at_p = -(zeroth + at_q * width[q]) / width[p]
        if abs(at_p) <= 1.0 and abs(at_q) <= 1.0:
            return p, q
        if abs(at_q) <= 1.0 or (abs(at_p) > 1.0 and abs(at_p) * width[p] > abs(at_q) * width[q]):
            p, q = q, p
            first -= zeroth * (middle[p] - middle[q])
        # the line turns about the mean of cell p until the distance is least
        rate = -first
        sign = -1.0 if rate > 0 else 1.0
        rate = -abs(rate) + width[q] * abs(middle[q] - middle[p])
        slope = (mean[q] - mean[p]) / (middle[q] - middle[p])
        best = q
        # means in line with cell p, up to rounding, are not worth an exchange each
        tie = _TIE * (abs(slope) + abs(mean[p]) / (middle[b - 1] - middle[a]))
        while rate < 0:
            nearest = np.inf
            for c in range(a, b):
                if c != p:
                    step = sign * ((mean[c] - mean[p]) / (middle[c] - middle[p]) - slope)
                    if tie < step < nearest:
                        nearest = step
                        best = c
            if np.isinf(nearest):
                break
            slope = (mean[best] - mean[p]) / (middle[best] - middle[p])
            rate += 2 * width[best] * abs(middle[best] - middle[p])
        if best == q:
            return p, q
        q = best
    return p, q


@kernel
def _duality(
    a: int,
    b: int,
    edges: Array,
    middle: Array,
    width: Array,
    mean: Array,
    integrals: Array,
    p: int,
    q: int,
) -> float:
    """Integrate the function against signs that are orthogonal to lines, up to defects that are accounted for."""
    slope = (mean[q] - mean[p]) / (middle[q] - middle[p])
    zeroth, first = _sums(a, b, middle, width, mean, p, q)
    at_q = min(max(-first / (width[q] * (middle[q] - middle[p])), -1.0), 1.0)
    at_p = min(max(-(zeroth + at_q * width[q]) / width[p], -1.0), 1.0)
    total = at_p * integrals[p] + at_q * integrals[q]
    for c in range(a, b):
        if c != p and c != q:
            above = mean[c] >= mean[p] + slope * (middle[c] - middle[p])
            total += integrals[c] if above else -integrals[c]
    length = edges[b] - edges[a]
    apart = abs(middle[q] - middle[p])
    slack = 4 * (b - a + 16) * _UNIT * length
    zeroth = abs(zeroth + at_p * width[p] + at_q * width[q]) + slack
    first = abs(first + at_q * width[q] * (middle[q] - middle[p])) + slack * length
    defect = zeroth + 2 * first / apart
    largest = max(abs(mean[p]), abs(mean[q]))
    return float((abs(total) - defect * largest) / (1 + 1.001 * defect / min(width[p], width[q])))


@kernel
def constant_costs(edges: Array, integrals: Array, longest: int) -> Array:
    """Bound from below the L1 distance to constants; parameters and result as in `line_costs`."""
    cells = len(edges) - 1
    found = np.full((longest + 1, cells + 1), np.inf)
    found[0] = 0.0
    width = edges[1:] - edges[:-1]
    mean = integrals / width
    for a in range(cells):
        found[1, a] = 0.0
        p = a
        for s in range(2, min(longest, cells - a) + 1):
            b = a + s
            level, turn = 0.0, 0.0
            for _ in range(s + 2):
                # cells with the same mean share the sign of the median
                balance, level = 0.0, 0.0
                for c in range(a, b):
                    if mean[c] > mean[p]:
                        balance += width[c]
                    elif mean[c] < mean[p]:
                        balance -= width[c]
                    else:
                        level += width[c]
                if abs(balance) <= level:
                    break
                sign = 1.0 if balance > 0 else -1.0
                if sign == -turn:
                    break
                turn = sign
                nearest = np.inf
                best = p
                for c in range(a, b):
                    step = sign * (mean[c] - mean[p])
                    if 0 < step < nearest:
                        nearest = step
                        best = c
                if best == p:
                    break
                p = best
            at_p = min(max(-balance / level, -1.0), 1.0)
            total = 0.0
            for c in range(a, b):
                if mean[c] > mean[p]:
                    total += integrals[c]
                elif mean[c] < mean[p]:
                    total -= integrals[c]
                else:
                    total += at_p * integrals[c]
            defect = abs(balance + at_p * level) + 4 * (s + 16) * _UNIT * (edges[b] - edges[a])
            value = (abs(total) - defect * abs(mean[p])) / (1 + 1.001 * defect / width[p])
            found[s, a] = max(found[s - 1, a], value)
    return found


@kernel
def cheapest(costs: Array, pieces: int, choices: NDArray[np.int64]) -> Array:
    """Return the least cost of 1 … pieces pieces from the left to the right end: (pieces + 1,), entry 0 unused.

    Knot cells are numbered 0 … M + 1, the ends of the domain being 0 and M + 1; a piece from knot cell i to knot
    cell i + s + 1 costs ``costs[s, i]``. One that is longer than `costs` reaches costs at least what its parts do
    together. `choices` (pieces + 1, M + 2) receives where pieces start.
    """
    longest = costs.shape[0] - 1
    count = costs.shape[1] + 1
    value = np.full(count, np.inf)
    value[0] = 0.0
    least = np.full(pieces + 1, np.inf)
    running = np.empty(count)
    origin = np.empty(count, dtype=np.int64)
    for k in range(1, pieces + 1):
        # least cost up to a cell, at the start of a piece or inside one that began whole parts earlier
        for i in range(count):
            running[i], origin[i] = value[i], i
            if i >= longest and running[i - longest] + costs[longest, i - longest] < running[i]:
                running[i], origin[i] = (
                    running[i - longest] + costs[longest, i - longest],
                    origin[i - longest],
                )
        following = value.copy()
        for j in range(count):
            choice, low = j, value[j]
            for s in range(min(longest, j - 1) + 1):
                total = running[j - s - 1] + costs[s, j - s - 1]
                if total < low:
                    choice, low = origin[j - s - 1], total
            following[j] = low
            choices[k, j] = choice
        value = following
        least[k] = value[count - 1]
    return least


@kernel
def cheapest_on_edges(costs: Array, pieces: int) -> NDArray[np.int64]:
    """Return the edges (pieces + 1,) between which pieces cost least, all cells being counted."""
    longest = costs.shape[0] - 1
    cells = costs.shape[1] - 1
    value = np.full(cells + 1, np.inf)
    value[0] = 0.0
    choices = np.zeros((pieces + 1, cells + 1), dtype=np.int64)
    for k in range(1, pieces + 1):
        following = value.copy()
        for j in range(cells + 1):
            choice, low = j, value[j]
            for s in range(1, min(longest, j) + 1):
                total = value[j - s] + costs[s, j - s]
                if total < low:
                    choice, low = j - s, total
            following[j] = low
            choices[k, j] = choice
        value = following
    path = np.empty(pieces + 1, dtype=np.int64)
    path[pieces] = cells
    for k in range(pieces, 0, -1):
        path[k - 1] = choices[k, path[k]]
    return path
