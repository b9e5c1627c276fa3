# mypy: allow-untyped-decorators
"""Least squares by free knots against a piecewise linear interpolant: loss, derivatives, Newton's method.

Everything is integrated exactly between neighbouring points of the data and the knots, so a kink between two nodes
counts where it lies. A *tilt* β asks for Σ β_k · (slope of piece k) = 0: what a sum of neurons without an affine part
of its own must satisfy.
"""

import numpy as np
from numpy.typing import NDArray

from ratelab._compiled import kernel

Array = NDArray[np.float64]


@kernel
def normal_equations(points: Array, values: Array, density: Array, knots: Array) -> tuple[Array, Array]:
    """Return the hat functions' products per piece, (pieces, 3), and right sides per piece, (pieces, 2).

    Parameters
    ----------
    points, values
        (m,) increasing, and the interpolant there; first and last are the ends of the domain.
    density
        (m − 1,) weight per length between neighbouring points.
    knots
        (pieces + 1,) increasing, the ends of the domain included.
    """
    pieces = len(knots) - 1
    products, sides = np.zeros((pieces, 3)), np.zeros((pieces, 2))
    gap = 0
    for k in range(pieces):
        low, high = knots[k], knots[k + 1]
        width = high - low
        while gap < len(density) - 1 and points[gap + 1] <= low:
            gap += 1
        left = low
        while left < high:
            right = min(high, points[gap + 1]) if gap < len(density) - 1 else high
            slope = (values[gap + 1] - values[gap]) / (points[gap + 1] - points[gap])
            p, q = values[gap] + slope * (left - points[gap]), values[gap] + slope * (right - points[gap])
            a, b = (left - low) / width, (right - low) / width
            mass = density[gap] * (right - left) / 6.0
            products[k, 0] += mass * 2.0 * ((1 - a) ** 2 + (1 - a) * (1 - b) + (1 - b) ** 2)
            products[k, 1] += mass * (2 * a * (1 - a) + a * (1 - b) + b * (1 - a) + 2 * b * (1 - b))
            products[k, 2] += mass * 2.0 * (a * a + a * b + b * b)
            sides[k, 0] += mass * (2 * (1 - a) * p + (1 - a) * q + (1 - b) * p + 2 * (1 - b) * q)
            sides[k, 1] += mass * (2 * a * p + a * q + b * p + 2 * b * q)
            left = right
            if gap < len(density) - 1 and points[gap + 1] <= left:
                gap += 1
    return products, sides


@kernel
def residuals(
    points: Array, values: Array, density: Array, knots: Array, heights: Array
) -> tuple[float, Array, Array]:
    """Return the loss, the residual's products with the hats per piece (pieces, 2), and density · residual at knots.

    Parameters
    ----------
    points, values, density, knots
        See `normal_equations`.
    heights
        (pieces + 1,) values of the spline at the knots.
    """
    pieces = len(knots) - 1
    loss, products, at_knots = 0.0, np.zeros((pieces, 2)), np.zeros(pieces + 1)
    gap = 0
    for k in range(pieces):
        low, high = knots[k], knots[k + 1]
        width = high - low
        while gap < len(density) - 1 and points[gap + 1] <= low:
            gap += 1
        left, first = low, True
        while left < high:
            right = min(high, points[gap + 1]) if gap < len(density) - 1 else high
            slope = (values[gap + 1] - values[gap]) / (points[gap + 1] - points[gap])
            a, b = (left - low) / width, (right - low) / width
            p = heights[k] * (1 - a) + heights[k + 1] * a - (values[gap] + slope * (left - points[gap]))
            q = heights[k] * (1 - b) + heights[k + 1] * b - (values[gap] + slope * (right - points[gap]))
            if first:
                at_knots[k], first = p * density[gap], False
            mass = density[gap] * (right - left) / 6.0
            loss += mass * 2.0 * (p * p + p * q + q * q)
            products[k, 0] += mass * (2 * (1 - a) * p + (1 - a) * q + (1 - b) * p + 2 * (1 - b) * q)
            products[k, 1] += mass * (2 * a * p + a * q + b * p + 2 * b * q)
            left = right
            if gap < len(density) - 1 and points[gap + 1] <= left:
                gap += 1
    return loss, products, at_knots


@kernel
def _factor(products: Array) -> tuple[Array, Array]:
    """Return pivots and lower multipliers of the hats' tridiagonal matrix."""
    pieces = len(products)
    pivot, lower = np.zeros(pieces + 1), np.zeros(pieces)
    for k in range(pieces):
        pivot[k] += products[k, 0]
        pivot[k + 1] += products[k, 2]
    for k in range(pieces):
        lower[k] = products[k, 1] / pivot[k]
        pivot[k + 1] -= lower[k] * products[k, 1]
    return pivot, lower


@kernel
def _solve(pivot: Array, lower: Array, side: Array) -> Array:
    """Return the solution (pieces + 1,) of the factored system."""
    result = side.copy()
    last = len(lower)
    for k in range(last):
        result[k + 1] -= lower[k] * result[k]
    result[last] /= pivot[last]
    for k in range(last - 1, -1, -1):
        result[k] = result[k] / pivot[k] - lower[k] * result[k + 1]
    return result


@kernel
def fit_heights(
    points: Array, values: Array, density: Array, knots: Array, tilt: Array
) -> tuple[float, Array, float]:
    """Return the least loss for given knots, the spline's values at them, and the tilt's multiplier.

    Parameters
    ----------
    points, values, density, knots
        See `normal_equations`.
    tilt
        (pieces,), or (0,) for none.
    """
    pieces = len(knots) - 1
    products, sides = normal_equations(points, values, density, knots)
    side = np.zeros(pieces + 1)
    for k in range(pieces):
        side[k] += sides[k, 0]
        side[k + 1] += sides[k, 1]
    pivot, lower = _factor(products)
    heights, multiplier = _solve(pivot, lower, side), 0.0
    if len(tilt):
        row = _tilt_row(knots, tilt)
        answer = _solve(pivot, lower, row)
        length = np.sum(row * answer)
        if length > 0.0:
            multiplier = np.sum(row * heights) / length
            heights = heights - multiplier * answer
    return residuals(points, values, density, knots, heights)[0], heights, multiplier


@kernel
def _tilt_row(knots: Array, tilt: Array) -> Array:
    row = np.zeros(len(knots))
    for k in range(len(tilt)):
        slope = tilt[k] / (knots[k + 1] - knots[k])
        row[k] -= slope
        row[k + 1] += slope
    return row


@kernel
def derivatives(
    points: Array, values: Array, density: Array, knots: Array, tilt: Array, heights: Array, multiplier: float
) -> tuple[Array, Array]:
    """Return gradient (K,) and Hessian (K, K) of half the least loss by the K inner knots.

    Parameters
    ----------
    points, values, density, knots, tilt
        See `fit_heights`.
    heights, multiplier
        Its results.
    """
    pieces = len(knots) - 1
    count = pieces - 1
    products, _ = normal_equations(points, values, density, knots)
    _, rest, at_knots = residuals(points, values, density, knots, heights)
    gradient, second = np.zeros(pieces + 1), np.zeros((pieces + 1, pieces + 1))
    mixed, sight = np.zeros((pieces + 1, pieces + 1)), np.zeros(pieces + 1)
    slopes = np.zeros(pieces)
    for k in range(pieces):
        width = knots[k + 1] - knots[k]
        m = (heights[k + 1] - heights[k]) / width
        slopes[k] = m
        left, right = rest[k, 0], rest[k, 1]
        one, two, three = products[k, 0], products[k, 1], products[k, 2]
        gradient[k] -= m * left
        gradient[k + 1] -= m * right
        second[k, k] += m * m * one - 2.0 * m / width * left
        cross = m * m * two + m / width * (left - right)
        second[k, k + 1] += cross
        second[k + 1, k] += cross
        second[k + 1, k + 1] += m * m * three + 2.0 * m / width * right
        mixed[k, k] += -m * one + left / width
        mixed[k + 1, k] += -m * two - left / width
        mixed[k, k + 1] += -m * two + right / width
        mixed[k + 1, k + 1] += -m * three - right / width
        if len(tilt):
            share = tilt[k] * m / width
            sight[k] += share
            sight[k + 1] -= share
            bend = multiplier * 2.0 * share / width
            second[k, k] += bend
            second[k + 1, k + 1] += bend
            second[k, k + 1] -= bend
            second[k + 1, k] -= bend
            turn = multiplier * tilt[k] / (width * width)
            mixed[k + 1, k] += turn
            mixed[k, k] -= turn
            mixed[k + 1, k + 1] -= turn
            mixed[k, k + 1] += turn
    if len(tilt):
        gradient += multiplier * sight
    for j in range(1, pieces):
        second[j, j] += at_knots[j] * (slopes[j] - slopes[j - 1])
    pivot, lower = _factor(products)
    reduced = second[1:pieces, 1:pieces].copy()
    answers = np.zeros((count, pieces + 1))
    for j in range(count):
        answers[j] = _solve(pivot, lower, mixed[:, j + 1])
    if len(tilt):
        row = _tilt_row(knots, tilt)
        answer = _solve(pivot, lower, row)
        length = np.sum(row * answer)
        if length > 0.0:
            shares = np.zeros(count)
            for j in range(count):
                shares[j] = (np.sum(row * answers[j]) - sight[j + 1]) / length
                answers[j] -= shares[j] * answer
            for i in range(count):
                for j in range(count):
                    reduced[i, j] -= sight[i + 1] * shares[j]
    for i in range(count):
        for j in range(count):
            total = 0.0
            for k in range(max(i, 0), min(i + 3, pieces + 1)):
                total += mixed[k, i + 1] * answers[j, k]
            reduced[i, j] -= total
    return gradient[1:pieces].copy(), 0.5 * (reduced + reduced.T)


@kernel
def descend(
    points: Array, values: Array, density: Array, knots: Array, tilt: Array, steps: int, floor: float
) -> tuple[Array, Array, float, int, int, bool]:
    """Return knots, heights, loss, losses and derivatives computed, and whether Newton's method has converged.

    Every step lowers the loss; each knot moves by at most 0.4 of its smaller neighbouring gap, and negative
    curvature is turned round.

    Parameters
    ----------
    points, values, density, knots, tilt
        See `fit_heights`.
    steps
        At most so many.
    floor
        A loss at or below this counts as zero.
    """
    pieces = len(knots) - 1
    knots = knots.copy()
    loss, heights, multiplier = fit_heights(points, values, density, knots, tilt)
    losses, slopes = 1, 0
    count = pieces - 1
    if count == 0:
        return knots, heights, loss, losses, slopes, True
    radius, mark = 0.4, loss
    least = 1e-9 * (knots[-1] - knots[0])
    fresh = True
    gradient, hessian = np.zeros(count), np.zeros((count, count))
    scale, turned, sizes, directions = np.zeros(count), np.zeros(count), np.ones(count), np.eye(count)
    for step in range(1, steps + 1):
        if loss <= floor or not np.isfinite(loss):
            return knots, heights, loss, losses, slopes, True
        if step % 10 == 0:
            if loss > 0.9999 * mark:
                return knots, heights, loss, losses, slopes, True
            mark = loss
        if fresh:
            gradient, hessian = derivatives(points, values, density, knots, tilt, heights, multiplier)
            slopes += 1
            for j in range(count):
                scale[j] = min(knots[j + 1] - knots[j], knots[j + 2] - knots[j + 1])
            for i in range(count):
                for j in range(count):
                    hessian[i, j] *= scale[i] * scale[j]
            if not np.isfinite(hessian).all() or not np.isfinite(gradient).all():
                return knots, heights, loss, losses, slopes, False
            curvature, directions = np.linalg.eigh(hessian)
            largest = np.max(np.abs(curvature))
            sizes = np.maximum(np.abs(curvature), 1e-12 * largest + 1e-300)
            turned = directions.T @ (gradient * scale)
            fresh = False
        move = -directions @ (turned / sizes)
        longest = np.max(np.abs(move))
        reach = min(longest, radius)
        if longest > radius:
            move *= radius / longest
        expected = -2.0 * np.sum(gradient * scale * move)
        if not expected >= 1e-9 * loss:
            return knots, heights, loss, losses, slopes, True
        trial = knots.copy()
        for j in range(count):
            trial[j + 1] += move[j] * scale[j]
        close = False
        for k in range(pieces):
            close = close or trial[k + 1] - trial[k] < least
        losses += 1
        lower, found, factor = np.inf, heights, multiplier
        if not close:
            lower, found, factor = fit_heights(points, values, density, trial, tilt)
        if lower < loss:
            knots, heights, loss, multiplier, fresh = trial, found, lower, factor, True
            radius = min(0.4, 2.0 * max(radius, reach)) if reach >= 0.99 * radius else radius
        else:
            radius = 0.25 * reach
            if radius < 1e-6:
                return knots, heights, loss, losses, slopes, True
    return knots, heights, loss, losses, slopes, False
