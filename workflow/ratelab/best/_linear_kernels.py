# mypy: allow-untyped-decorators
"""Compiled loops for continuous piecewise linear fits: everything is banded, so a Newton step costs O(knots).

A fit has the knots t_0 < … < t_n, ends included, and values v_j there. The target is a Legendre series on each cell.
"""

import numpy as np
from numpy.typing import NDArray

from ratelab._compiled import kernel

Array = NDArray[np.float64]

_LARGEST_STEP = 0.4
_NEGLIGIBLE = 1e-12
_PATIENCE = 10
_LEAST_GAIN = 1e-4


@kernel
def series_value(row: Array, u: float) -> float:
    """Return the sum of a Legendre series at u in [−1, 1], by Clenshaw's recursion."""
    former, current = 0.0, 0.0
    for k in range(len(row) - 1, 0, -1):
        former, current = current, row[k] + (2 * k + 1) / (k + 1) * u * current - (k + 1) / (k + 2) * former
    value: float = row[0] + u * current - 0.5 * former
    return value


@kernel
def part(
    row: Array,
    low: float,
    high: float,
    left: float,
    right: float,
    nodes: Array,
    weights: Array,
    ratios: Array,
    scratch: Array,
) -> tuple[float, float, float]:
    """Return mean, slope and remaining energy of a cell's series on a part of the cell."""
    count = len(nodes)
    centre = (left + right - low - high) / (high - low)
    reach = (right - left) / (high - low)
    u, former, current = scratch[0], scratch[1], scratch[2]
    for g in range(count):
        u[g] = centre + reach * nodes[g]
        former[g] = 0.0
        current[g] = 0.0
    for k in range(len(row) - 1, 0, -1):
        for g in range(count):
            following = row[k] + ratios[0, k] * u[g] * current[g] - ratios[1, k] * former[g]
            former[g] = current[g]
            current[g] = following
    mean, tilt = 0.0, 0.0
    for g in range(count):
        current[g] = row[0] + u[g] * current[g] - 0.5 * former[g]
        mean += 0.5 * weights[g] * current[g]
    for g in range(count):
        current[g] -= mean
        tilt += 1.5 * weights[g] * current[g] * nodes[g]
    rest = 0.0
    for g in range(count):
        gap = current[g] - tilt * nodes[g]
        rest += weights[g] * gap * gap
    return mean, 2 * tilt / (right - left), 0.5 * rest * (right - left)


@kernel
def measure(
    knots: Array,
    edges: Array,
    series: Array,
    known: Array,
    nodes: Array,
    weights: Array,
    ratios: Array,
    lines: Array,
    values: Array,
) -> None:
    """Write mean, slope and remaining energy of the target on each piece to `lines`, its values to `values`.

    `known` holds mean, slope, remaining energy and dropped energy of each whole cell.
    """
    count = len(knots) - 1
    scratch = np.empty((3, len(nodes)))
    parts = np.empty((5, len(edges) + 1))
    cell = 0
    for i in range(count):
        left, right = knots[i], knots[i + 1]
        while cell < len(edges) - 2 and edges[cell + 1] <= left:
            cell += 1
        width = edges[cell + 1] - edges[cell]
        values[i] = series_value(series[cell], (2 * left - edges[cell] - edges[cell + 1]) / width)
        middle, length = 0.5 * (left + right), right - left
        found, last, total = 0, cell, 0.0
        while True:
            low, high = edges[last], edges[last + 1]
            a, b = max(low, left), min(high, right)
            if b > a:
                if a == low and b == high:
                    mean, slope, rest = known[0, last], known[1, last], known[2, last]
                else:
                    mean, slope, rest = part(series[last], low, high, a, b, nodes, weights, ratios, scratch)
                    rest += known[3, last] * (b - a) / (high - low)
                parts[0, found] = mean
                parts[1, found] = slope
                parts[2, found] = rest
                parts[3, found] = b - a
                parts[4, found] = 0.5 * (a + b) - middle
                total += (b - a) * mean
                found += 1
            if high >= right or last >= len(edges) - 2:
                break
            last += 1
        if found == 1:
            for k in range(3):
                lines[k, i] = parts[k, 0]
            continue
        mean, slope = total / length, 0.0
        for k in range(found):
            wide = parts[3, k]
            slope += 12 * wide * parts[4, k] * (parts[0, k] - mean) + parts[1, k] * wide**3
        slope /= length**3
        rest = 0.0
        for k in range(found):
            wide = parts[3, k]
            gap = parts[0, k] - mean - slope * parts[4, k]
            turn = parts[1, k] - slope
            rest += parts[2, k] + wide * gap * gap + turn * turn * wide**3 / 12
        lines[0, i] = mean
        lines[1, i] = slope
        lines[2, i] = rest
    final = len(edges) - 2
    values[count] = series_value(series[final], 1.0)


@kernel
def solve_heights(knots: Array, lines: Array, heights: Array, shares: Array) -> float:
    """Write the best values at the knots to `heights` and each piece's squared error to `shares`; return the sum.

    The unknowns are corrections of a first guess from the pieces' own lines, so that nothing large cancels.
    """
    count = len(knots) - 1
    for j in range(count + 1):
        heights[j] = 0.0
    for i in range(count):
        half = 0.5 * lines[1, i] * (knots[i + 1] - knots[i])
        heights[i] += (1.0 if i == 0 else 0.5) * (lines[0, i] - half)
        heights[i + 1] += (1.0 if i == count - 1 else 0.5) * (lines[0, i] + half)
    right = np.zeros(count + 1)
    diagonal = np.zeros(count + 1)
    for i in range(count):
        h = knots[i + 1] - knots[i]
        gap = lines[0, i] - 0.5 * (heights[i] + heights[i + 1])
        turn = (lines[1, i] * h - (heights[i + 1] - heights[i])) / 6
        right[i] += 0.5 * h * (gap - turn)
        right[i + 1] += 0.5 * h * (gap + turn)
        diagonal[i] += h / 3
        diagonal[i + 1] += h / 3
    for j in range(1, count + 1):
        beside = (knots[j] - knots[j - 1]) / 6
        factor = beside / diagonal[j - 1]
        diagonal[j] -= factor * beside
        right[j] -= factor * right[j - 1]
    former = right[count] / diagonal[count]
    heights[count] += former
    for j in range(count - 1, -1, -1):
        former = (right[j] - (knots[j + 1] - knots[j]) / 6 * former) / diagonal[j]
        heights[j] += former
    square = 0.0
    for i in range(count):
        h = knots[i + 1] - knots[i]
        gap = lines[0, i] - 0.5 * (heights[i] + heights[i + 1])
        turn = lines[1, i] * h - (heights[i + 1] - heights[i])
        shares[i] = lines[2, i] + h * gap * gap + h * turn * turn / 12
        square += shares[i]
    return square


@kernel
def newton_matrix(
    knots: Array, lines: Array, values: Array, heights: Array, blocks: Array, beside: Array, gradient: Array
) -> None:
    """Write the Hessian of the squared error in knots and heights, block by block, and the gradient in the knots.

    A knot moves along the mean of its two slopes: then entries hold differences of slopes only, and nothing cancels.
    `blocks` is (n + 1, 3) for the entries (t, t), (t, v), (v, v) of a knot; `beside` is (n, 4) for (t, t'), (t, v'),
    (v, t'), (v, v') of neighbours.
    """
    count = len(knots) - 1
    for j in range(count + 1):
        for k in range(3):
            blocks[j, k] = 0.0
        gradient[j] = 0.0
    slopes = np.empty(count)
    for i in range(count):
        slopes[i] = (heights[i + 1] - heights[i]) / (knots[i + 1] - knots[i])
    for i in range(count):
        h = knots[i + 1] - knots[i]
        gap = lines[0, i] - 0.5 * (heights[i] + heights[i + 1])
        turn = (lines[1, i] - slopes[i]) * h / 6
        falling, rising = 0.5 * (gap - turn), 0.5 * (gap + turn)  # ∫ r ψ / h and ∫ r φ / h
        low = 0.5 * (slopes[i] - slopes[i - 1]) if i else 0.0
        high = 0.5 * (slopes[i] - slopes[i + 1]) if i < count - 1 else 0.0
        blocks[i, 0] += 2 * h / 3 * low * low + 4 * low * falling
        blocks[i, 1] += -2 * falling - 2 * h / 3 * low
        blocks[i, 2] += 2 * h / 3
        blocks[i + 1, 0] += 2 * h / 3 * high * high - 4 * high * rising
        blocks[i + 1, 1] += 2 * rising - 2 * h / 3 * high
        blocks[i + 1, 2] += 2 * h / 3
        beside[i, 0] = h / 3 * low * high + 2 * low * rising - 2 * high * falling
        beside[i, 1] = 2 * falling - h / 3 * low
        beside[i, 2] = -2 * rising - h / 3 * high
        beside[i, 3] = h / 3
        if i < count - 1:
            gradient[i + 1] = 2 * (slopes[i] - slopes[i + 1]) * h * rising
            blocks[i + 1, 0] += 2 * (slopes[i] - slopes[i + 1]) * (values[i + 1] - heights[i + 1])


@kernel
def newton_step(
    blocks: Array, beside: Array, gradient: Array, damping: Array, amount: float, step: Array
) -> bool:
    """Solve for the step of the knots; False if the damped matrix is not positive definite."""
    count = len(blocks) - 1
    factor = np.empty((count + 1, 3))
    right = np.empty((count + 1, 2))
    for j in range(count + 1):
        a, b, c = blocks[j, 0] + amount * damping[j], blocks[j, 1], blocks[j, 2]
        p, q = -gradient[j], 0.0
        if j == 0 or j == count:
            a, b, p = 1.0, 0.0, 0.0
        if j:
            e, f, g, k = beside[j - 1, 0], beside[j - 1, 1], beside[j - 1, 2], beside[j - 1, 3]
            if j == 1:
                e, f = 0.0, 0.0
            if j == count:
                e, g = 0.0, 0.0
            x, y, z = factor[j - 1, 0], factor[j - 1, 1], factor[j - 1, 2]
            # rows of (former block)⁻¹ · (coupling), the inverse being x, y, z
            te, tf = x * e + y * g, x * f + y * k
            ve, vf = y * e + z * g, y * f + z * k
            a -= e * te + g * ve
            b -= e * tf + g * vf
            c -= f * tf + k * vf
            p -= te * right[j - 1, 0] + ve * right[j - 1, 1]
            q -= tf * right[j - 1, 0] + vf * right[j - 1, 1]
        if not c > 0:
            return False
        rest = a - b * b / c
        if not rest > 1e-14 * abs(a):
            return False
        factor[j, 0] = 1 / rest
        factor[j, 1] = -b / c / rest
        factor[j, 2] = (1 + b * b / c / rest) / c
        right[j, 0] = p
        right[j, 1] = q
    dt, dv = 0.0, 0.0
    for j in range(count, -1, -1):
        p, q = right[j, 0], right[j, 1]
        if j < count:
            e, f, g, k = beside[j, 0], beside[j, 1], beside[j, 2], beside[j, 3]
            if j == 0:
                e, f = 0.0, 0.0
            if j + 1 == count:
                e, g = 0.0, 0.0
            p -= e * dt + f * dv
            q -= g * dt + k * dv
        dt = factor[j, 0] * p + factor[j, 1] * q
        dv = factor[j, 1] * p + factor[j, 2] * q
        step[j] = dt
    step[0] = 0.0
    step[count] = 0.0
    return True


@kernel
def keep_apart(knots: Array, gap: float) -> None:
    """Move inner knots as little as keeps neighbours, and the ends, a gap apart."""
    for j in range(1, len(knots) - 1):
        knots[j] = max(knots[j], knots[j - 1] + gap)
    for j in range(len(knots) - 2, 0, -1):
        knots[j] = min(knots[j], knots[j + 1] - gap)


@kernel
def descend_linear(
    start: Array,
    iterations: int,
    least: float,
    floor: float,
    edges: Array,
    series: Array,
    known: Array,
    nodes: Array,
    weights: Array,
    ratios: Array,
) -> tuple[Array, Array, Array, float]:
    """Return knots with ends, heights, shares and squared error after damped Newton steps that lower the error.

    No knot moves by more than 0.4 of its smaller neighbouring gap.
    """
    count = len(start) - 1
    knots = start.copy()
    keep_apart(knots, least)
    lines, values = np.empty((3, count)), np.empty(count + 1)
    heights, shares = np.empty(count + 1), np.empty(count)
    measure(knots, edges, series, known, nodes, weights, ratios, lines, values)
    square = solve_heights(knots, lines, heights, shares)
    if count == 1 or iterations == 0:
        return knots, heights, shares, square
    blocks, beside, gradient = np.empty((count + 1, 3)), np.empty((count, 4)), np.empty(count + 1)
    damping, step, scale = np.empty(count + 1), np.zeros(count + 1), np.ones(count + 1)
    trial, new_heights, new_shares = knots.copy(), heights.copy(), shares.copy()
    radius, amount, milestone = _LARGEST_STEP, 0.0, square
    fresh = True
    for iteration in range(1, iterations + 1):
        if iteration % _PATIENCE == 0:
            if square > (1 - _LEAST_GAIN) * milestone:
                break
            milestone = square
        if fresh:
            newton_matrix(knots, lines, values, heights, blocks, beside, gradient)
            mean = 0.0
            for j in range(1, count):
                scale[j] = min(knots[j] - knots[j - 1], knots[j + 1] - knots[j])
                damping[j] = abs(blocks[j, 0]) + blocks[j, 1] * blocks[j, 1] / blocks[j, 2]
                mean += damping[j] * scale[j] * scale[j] / (count - 1)
            for j in range(1, count):
                damping[j] += (1e-6 * mean + 1e-300) / (scale[j] * scale[j])
            fresh = False
        solved = newton_step(blocks, beside, gradient, damping, amount, step)
        while not solved and amount < 1e6:
            amount = max(4 * amount, 1e-3)
            solved = newton_step(blocks, beside, gradient, damping, amount, step)
        if not solved:
            break
        longest, expected = 0.0, 0.0
        for j in range(1, count):
            longest = max(longest, abs(step[j]) / scale[j])
        if not longest < np.inf:
            break
        shrink = min(1.0, radius / longest) if longest > 0 else 1.0
        for j in range(1, count):
            trial[j] = knots[j] + shrink * step[j]
            expected -= shrink * step[j] * gradient[j]
        if expected < _NEGLIGIBLE * square or square < floor:
            break
        keep_apart(trial, least)
        measure(trial, edges, series, known, nodes, weights, ratios, lines, values)
        value = solve_heights(trial, lines, new_heights, new_shares)
        reach = min(longest, radius)
        if value < square:
            square = value
            knots, trial = trial, knots
            heights, new_heights = new_heights, heights
            shares, new_shares = new_shares, shares
            trial[0], trial[count] = knots[0], knots[count]
            amount = amount / 8 if amount > 1e-4 else 0.0
            if reach >= 0.99 * radius:
                radius = min(_LARGEST_STEP, 2 * radius)
            fresh = True
        else:
            radius = 0.25 * reach
            amount = 2 * amount
            if radius < 1e-7:
                break
    return knots, heights, shares, square
