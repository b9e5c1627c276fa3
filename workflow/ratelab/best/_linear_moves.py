"""Moves of knots that lower the error of a continuous piecewise linear fit."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ratelab.best._linear_fit import LinearTarget, descend
from ratelab.best._variable_projection import SMALLEST_GAP, Fit

Array = NDArray[np.float64]

_SHORT, _LONG = 8, 80
_KEPT = 2
_REMOVALS, _INSERTIONS = 4, 4
_ROUNDS = 12
_PLACES = np.array([0.2, 0.35, 0.5, 0.65, 0.8])
_NARROW = 16 * SMALLEST_GAP
_GAIN = 1e-6


def polished(target: LinearTarget, candidates: Sequence[Array]) -> Fit:
    """Return the best of what Newton's method makes of some knots; the more promising get the longer descents."""
    short = sorted((descend(target, knots, _SHORT) for knots in candidates), key=lambda f: f.square)
    distinct = [short[0]]
    for other in short[1:]:
        if other.square > distinct[-1].square * (1 + 1e-9):
            distinct.append(other)
    return min((descend(target, f.knots, _LONG) for f in distinct[:_KEPT]), key=lambda f: f.square)


def with_more(target: LinearTarget, best: Fit, count: int) -> Array:
    """Return the fit's knots and `count` more, each where it gains most."""
    knots = best.knots
    while count > 0:
        fitted = descend(target, knots, 0) if knots is not best.knots else best
        gains, places = _insertions(target, fitted)
        # many at once where many are missing, but no two in one piece
        chosen = np.argsort(-gains, kind="stable")[: min(count, max(1, len(gains) // 4))]
        knots = np.sort(np.concatenate([knots, places[chosen]]))
        count -= len(chosen)
    return knots


def with_fewer(target: LinearTarget, best: Fit, count: int) -> Array:
    """Return the fit's knots without `count`, each time one that costs least."""
    knots = best.knots
    while count > 0:
        fitted = descend(target, knots, 0) if knots is not best.knots else best
        order = np.argsort(_losses(target, fitted), kind="stable")
        chosen: list[int] = []
        for index in order.tolist():
            if all(abs(index - other) > 2 for other in chosen):
                chosen.append(index)
            if len(chosen) == min(count, max(1, len(order) // 8)):
                break
        knots = np.delete(knots, chosen)
        count -= len(chosen)
    return knots


def exchanged(target: LinearTarget, best: Fit, rounds: int = _ROUNDS) -> Fit:
    """Return a fit that no exchange improves: take a knot away that costs little, put one where it gains much."""
    for _ in range(rounds):
        if len(best.knots) == 0:
            return best
        losses = np.argsort(_losses(target, best), kind="stable")[:_REMOVALS]
        candidates = []
        for index in losses.tolist():
            reduced = descend(target, np.delete(best.knots, index), 2)
            gains, places = _insertions(target, reduced)
            for piece in np.argsort(-gains, kind="stable")[:_INSERTIONS].tolist():
                if gains[piece] > 0:
                    candidates.append(np.sort(np.append(reduced.knots, places[piece])))
        if not candidates:
            return best
        found = polished(target, candidates)
        if not found.square < best.square * (1 - _GAIN):
            return best
        best = found
    return best


def _full(target: LinearTarget, knots: Array) -> Array:
    return np.concatenate([target.edges[:1], knots, target.edges[-1:]])


def _losses(target: LinearTarget, fitted: Fit) -> Array:
    from ratelab.best._linear_moves_kernels import removal_losses

    found: Array = removal_losses(_full(target, fitted.knots), fitted.coefficients)
    return found


def _insertions(target: LinearTarget, fitted: Fit) -> tuple[Array, Array]:
    from ratelab.best._linear_moves_kernels import insertion_gains

    full = _full(target, fitted.knots)
    gains, places = insertion_gains(full, fitted.coefficients, _PLACES, *target.tables)
    return np.where(np.diff(full) > _NARROW * (full[-1] - full[0]), gains, -1.0), places
