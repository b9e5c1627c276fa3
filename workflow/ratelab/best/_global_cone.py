"""Least squares over cones, many at once: non-negative combinations of a pattern's rays."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_GRADIENT = 1e-11
"""A ray enters while its gradient, for unit rays and unit data, is larger."""
_RIDGE = 1e-14
_ACCEPTED = 1e-9
"""Largest gradient of a solution that is not computed again by another routine."""


def cone_least_squares(rays: Array, y: Array) -> tuple[Array, Array, Array]:
    """Minimise |y − Σ_k c_k ray_k|² over c ≥ 0 by the active-set method, many problems at once.

    Parameters
    ----------
    rays
        (B, K, n); zero rays are allowed and stay out.
    y
        (n,).

    Returns
    -------
    coefficients (B, K), values (B,), and lower bounds (B,) of the minima: by convexity the minimum is at least
    the value plus ⟨gradient, c* − c⟩, with the norm of c* estimated by that of c. Source: Lawson and Hanson
    1974, non-negative least squares.
    """
    size = np.sqrt(np.einsum("bkn,bkn->bk", rays, rays))
    good = size > 0
    length = float(np.sqrt(y @ y))
    if length == 0.0 or not rays.shape[1]:
        value = np.full(len(rays), length**2)
        return np.zeros(rays.shape[:2]), value, value
    unit = rays / np.where(good, size, 1.0)[:, :, None]
    target = y / length
    c = _active_set(unit, target, good)
    residual = target - np.einsum("bkn,bk->bn", unit, c)
    gradient = np.einsum("bkn,bn->bk", unit, residual)
    worst = np.where(c > 0, np.abs(gradient), gradient).max(axis=1, initial=0.0)
    for row in np.flatnonzero(worst > _ACCEPTED):
        c[row] = nnls(unit[row].T, target)[0] * good[row]
        residual[row] = target - c[row] @ unit[row]
        gradient[row] = unit[row] @ residual[row]
    value = np.einsum("bn,bn->b", residual, residual)
    slack = gradient.max(axis=1, initial=0.0) * (1.0 + 2.0 * c.sum(axis=1)) + np.abs(gradient * c).sum(axis=1)
    lower = np.maximum(value - 2.0 * slack - 1e-15, 0.0)
    return c * length / np.where(good, size, 1.0), value * length**2, lower * length**2


def _active_set(unit: Array, target: Array, good: Mask) -> Array:
    count, rays = good.shape
    gram = unit @ unit.transpose(0, 2, 1)
    moment = unit @ target
    result = np.zeros((count, rays))
    diagonal = np.arange(rays)
    live = np.arange(count)
    c, passive, blocked = np.zeros((count, rays)), np.zeros((count, rays), bool), ~good
    entering = np.full(count, -1)
    settled = np.ones(count, bool)
    for _ in range(10 * rays + 10):
        # problems whose passive solution is settled take in a ray, or end
        gradient = moment - np.einsum("bij,bj->bi", gram, c)
        gradient[passive | blocked] = -np.inf
        best = gradient.argmax(axis=1)
        over = settled & (gradient[np.arange(len(best)), best] <= _GRADIENT)
        if over.any():
            result[live[over]] = c[over]
            keep = ~over
            live, c, passive, blocked = live[keep], c[keep], passive[keep], blocked[keep]
            entering, settled, best = entering[keep], settled[keep], best[keep]
            gram, moment = gram[keep], moment[keep]
        if not len(live):
            return result
        rows = np.flatnonzero(settled)
        passive[rows, best[rows]] = True
        entering[rows] = best[rows]
        matrix = np.where(passive[:, :, None] & passive[:, None, :], gram, 0.0)
        matrix[:, diagonal, diagonal] = np.where(passive, matrix[:, diagonal, diagonal] + _RIDGE, 1.0)
        solution = np.linalg.solve(matrix, np.where(passive, moment, 0.0)[:, :, None])[:, :, 0]
        # a ray that would enter backwards is dependent on the others up to roundoff: it stays out for now
        every = np.arange(len(live))
        backwards = (entering >= 0) & (solution[every, entering] <= 0) & settled
        rows = np.flatnonzero(backwards)
        passive[rows, entering[rows]] = False
        blocked[rows, entering[rows]] = True
        negative = passive & (solution <= 0)
        inside = ~backwards & ~negative.any(axis=1)
        c[inside] = np.where(passive[inside], solution[inside], 0.0)
        step = np.flatnonzero(~inside & ~backwards)
        if len(step):
            fall = np.where(
                negative[step], c[step] / np.where(negative[step], c[step] - solution[step], 1.0), np.inf
            )
            first = fall.argmin(axis=1)
            length = fall[np.arange(len(step)), first]
            moved = c[step] + length[:, None] * (np.where(passive[step], solution[step], 0.0) - c[step])
            moved[np.arange(len(step)), first] = 0.0
            out = passive[step] & (moved <= 1e-15)
            c[step] = np.where(out, 0.0, moved)
            passive[step] &= ~out
        settled = inside | backwards
        blocked[inside] = ~good[live[inside]]
    result[live] = c
    return result
