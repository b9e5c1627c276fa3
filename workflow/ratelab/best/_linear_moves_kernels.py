# mypy: allow-untyped-decorators
"""Compiled loops that say what a knot is worth, and a dynamic programme over knots and heights on a grid."""

import numpy as np
from numpy.typing import NDArray

from ratelab._compiled import kernel
from ratelab.best._linear_kernels import part

Array = NDArray[np.float64]


@kernel
def removal_losses(knots: Array, heights: Array) -> Array:
    """Return by how much the squared error rises if one inner knot is taken away and the heights are fitted again.

    A knot is away when its jump of slope is zero: one linear condition c on heights with Gram matrix G costs
    jump² / (cᵀ G⁻¹ c).
    """
    count = len(knots) - 1
    losses = np.empty(max(count - 1, 0))
    lower, upper = np.empty(count + 1), np.empty(count + 1)
    # pivots of the Gram matrix eliminated from the left and from the right
    for j in range(count + 1):
        left = knots[j] - knots[j - 1] if j else 0.0
        right = knots[j + 1] - knots[j] if j < count else 0.0
        lower[j] = (left + right) / 3 - ((left / 6) ** 2 / lower[j - 1] if j else 0.0)
    for j in range(count, -1, -1):
        left = knots[j] - knots[j - 1] if j else 0.0
        right = knots[j + 1] - knots[j] if j < count else 0.0
        upper[j] = (left + right) / 3 - ((right / 6) ** 2 / upper[j + 1] if j < count else 0.0)
    for j in range(1, count):
        a, b = knots[j] - knots[j - 1], knots[j + 1] - knots[j]
        jump = (heights[j + 1] - heights[j]) / b - (heights[j] - heights[j - 1]) / a
        # the three unknowns that the condition holds, with all others eliminated
        p, q, r = lower[j - 1], (a + b) / 3, upper[j + 1]
        x, y, z = 1 / a, -1 / a - 1 / b, 1 / b
        pivot = q - (a / 6) ** 2 / p - (b / 6) ** 2 / r
        inner = y - x * (a / 6) / p - z * (b / 6) / r
        losses[j - 1] = jump * jump / (x * x / p + z * z / r + inner * inner / pivot)
    return losses


@kernel
def insertion_gains(
    knots: Array,
    heights: Array,
    places: Array,
    edges: Array,
    series: Array,
    known: Array,
    nodes: Array,
    weights: Array,
    ratios: Array,
) -> tuple[Array, Array]:
    """Return for each piece the largest gain of squared error by one more knot in it, and where.

    `places` are shares of a piece; the gain is that of the new hat alone, the other heights standing still.
    """
    count = len(knots) - 1
    gains, best = np.zeros(count), 0.5 * (knots[1:] + knots[:-1])
    scratch = np.empty((3, len(nodes)))
    for i in range(count):
        left, right = knots[i], knots[i + 1]
        first = max(np.searchsorted(edges, left, side="right") - 1, 0)
        slope = (heights[i + 1] - heights[i]) / (right - left)
        for k in range(len(places)):
            peak = left + places[k] * (right - left)
            product = 0.0
            cell = first
            while cell < len(edges) - 1 and edges[cell] < right:
                low, high = max(edges[cell], left), min(edges[cell + 1], right)
                for side in range(2):
                    a = low if side == 0 else max(low, peak)
                    b = min(high, peak) if side == 0 else high
                    if b <= a:
                        continue
                    if a == edges[cell] and b == edges[cell + 1]:
                        mean, tilt = known[0, cell], known[1, cell]
                    else:
                        mean, tilt, _ = part(
                            series[cell], edges[cell], edges[cell + 1], a, b, nodes, weights, ratios, scratch
                        )
                    middle, width = 0.5 * (a + b), b - a
                    hat = (middle - left) / (peak - left) if side == 0 else (right - middle) / (right - peak)
                    turn = 1 / (peak - left) if side == 0 else -1 / (right - peak)
                    gap = mean - heights[i] - slope * (middle - left)
                    product += width * gap * hat + (tilt - slope) * turn * width**3 / 12
                cell += 1
            gain = 3 * product * product / (right - left)
            if gain > gains[i]:
                gains[i], best[i] = gain, peak
    return gains, best


@kernel
def grid_paths(
    grid: Array,
    lines: Array,
    values: Array,
    scales: Array,
    offsets: Array,
    most: int,
    bound: float,
) -> NDArray[np.int32]:
    """Return (most, most + 1) grid indices of the cheapest continuous functions with 1 … most pieces, −1 if none.

    Knots lie on the grid and heights a multiple `offsets` of `scales` off the target; pieces whose own least squares
    error exceeds `bound` are left out.
    """
    size, bins = len(grid) - 1, len(offsets)
    reach = np.empty(size, np.int64)
    for i in range(size):
        reach[i] = i
        width, mean, slope, rest = 0.0, 0.0, 0.0, 0.0
        for j in range(i, size):
            own = grid[j + 1] - grid[j]
            width, mean, slope, rest = _joined(
                width, mean, slope, rest, own, lines[0, j], lines[1, j], lines[2, j]
            )
            if rest > bound:
                break
            reach[i] = j + 1
        reach[i] = max(reach[i], i + 1)
    longest = 0
    for i in range(size):
        longest = max(longest, reach[i] - i)
    table = np.empty((size, longest, 3))
    for i in range(size):
        width, mean, slope, rest = 0.0, 0.0, 0.0, 0.0
        for j in range(i, reach[i]):
            own = grid[j + 1] - grid[j]
            width, mean, slope, rest = _joined(
                width, mean, slope, rest, own, lines[0, j], lines[1, j], lines[2, j]
            )
            table[i, j - i, 0] = mean
            table[i, j - i, 1] = slope
            table[i, j - i, 2] = rest
    cost = np.full((size + 1, bins), np.inf)
    following = np.empty((size + 1, bins))
    cost[0] = 0.0
    choice = np.full((most, size + 1, bins), -1, np.int32)
    least = np.empty(size + 1)
    result = np.full((most, most + 1), -1, np.int32)
    for layer in range(most):
        following[:] = np.inf
        for i in range(size + 1):
            least[i] = np.inf
            for k in range(bins):
                least[i] = min(least[i], cost[i, k])
        for i in range(size):
            if not least[i] <= bound:
                continue
            for j in range(i + 1, reach[i] + 1):
                mean, slope, rest = table[i, j - i - 1, 0], table[i, j - i - 1, 1], table[i, j - i - 1, 2]
                if least[i] + rest > bound:
                    break
                h = grid[j] - grid[i]
                gap = mean - 0.5 * (values[i] + values[j])
                turn = slope * h - (values[j] - values[i])
                for k in range(bins):
                    if not cost[i, k] + rest <= bound:
                        continue
                    p = offsets[k] * scales[i]
                    base, near, far = cost[i, k] + rest, gap - 0.5 * p, turn + p
                    for q in range(bins):
                        o = offsets[q] * scales[j]
                        one, two = near - 0.5 * o, far - o
                        total = base + h * (one * one + two * two / 12)
                        if total < following[j, q]:
                            following[j, q] = total
                            choice[layer, j, q] = i * bins + k
        cost, following = following, cost
        state = 0
        for q in range(bins):
            if cost[size, q] < cost[size, state]:
                state = q
        if cost[size, state] < np.inf:
            result[layer, layer + 1] = size
            back = choice[layer, size, state]
            for step in range(layer, -1, -1):
                result[layer, step] = back // bins
                if step:
                    back = choice[step - 1, back // bins, back % bins]
    return result


@kernel
def _joined(
    width: float, mean: float, slope: float, rest: float, own: float, level: float, tilt: float, energy: float
) -> tuple[float, float, float, float]:
    """Return width, mean, slope and remaining energy of two neighbours together."""
    if width == 0.0:
        return own, level, tilt, energy
    total = width + own
    common = (width * mean + own * level) / total
    left, right = -0.5 * own, 0.5 * width  # middles of both about the middle of the whole
    turn = 12 * (width * left * (mean - common) + own * right * (level - common))
    turn = (turn + slope * width**3 + tilt * own**3) / total**3
    a, b = mean - common - turn * left, level - common - turn * right
    energy += width * a * a + own * b * b
    energy += ((slope - turn) ** 2 * width**3 + (tilt - turn) ** 2 * own**3) / 12
    return total, common, turn, rest + energy


@kernel
def priced_path(
    grid: Array,
    lines: Array,
    values: Array,
    scales: Array,
    offsets: Array,
    price: float,
    bound: float,
) -> NDArray[np.int64]:
    """Return grid indices, ends included, of the function whose squared error plus `price` per piece is least.

    As `grid_paths`, in one pass for every number of pieces.
    """
    size, bins = len(grid) - 1, len(offsets)
    cost = np.full((size + 1, bins), np.inf)
    choice = np.full((size + 1, bins), -1, np.int64)
    cost[0] = 0.0
    for i in range(size):
        width, mean, slope, rest = 0.0, 0.0, 0.0, 0.0
        for j in range(i + 1, size + 1):
            own = grid[j] - grid[j - 1]
            width, mean, slope, rest = _joined(
                width, mean, slope, rest, own, lines[0, j - 1], lines[1, j - 1], lines[2, j - 1]
            )
            if rest > bound and j > i + 1:
                break
            gap = mean - 0.5 * (values[i] + values[j])
            turn = slope * width - (values[j] - values[i])
            for k in range(bins):
                p = offsets[k] * scales[i]
                base, near, far = cost[i, k] + rest + price, gap - 0.5 * p, turn + p
                for q in range(bins):
                    o = offsets[q] * scales[j]
                    one, two = near - 0.5 * o, far - o
                    total = base + width * (one * one + two * two / 12)
                    if total < cost[j, q]:
                        cost[j, q] = total
                        choice[j, q] = i * bins + k
    state = 0
    for q in range(bins):
        if cost[size, q] < cost[size, state]:
            state = q
    found = np.empty(size + 1, np.int64)
    found[0] = size
    length = 1
    back = choice[size, state]
    while back >= 0:
        found[length] = back // bins
        length += 1
        back = choice[back // bins, back % bins] if back >= bins else -1
    return found[:length][::-1].copy()
