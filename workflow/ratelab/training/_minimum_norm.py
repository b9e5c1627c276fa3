"""The final output layer: the smallest weights that the loss allows."""

import numpy as np
from numpy.typing import NDArray

from ratelab.training._projection import Model, times
from ratelab.training._stack import Pass

Array = NDArray[np.float64]

_CUTOFFS = tuple(10.0**-k for k in range(4, 16))
_SLACK = 1e-3
_LARGEST, _DEAR = 1e12, 1.5**2


def minimum_norm(model: Model, parameters: Array, guard: float) -> tuple[Array, Array, Array]:
    """Return the networks with a truncated minimum-norm output layer, their losses at the nodes and between.

    Singular values of the columns, scaled to length 1, are dropped from the smallest on, as long as the loss
    (rows in between included) grows by less than a relative 1e-3; further, up to 1.5 in the error, while an
    output weight is above 1e12.

    Parameters
    ----------
    parameters
        (S, P), with solved output layers.
    guard
        Factor of the rows in between in the solve; they are returned in full.
    """
    shape = model.shape
    result = parameters.copy()
    loss, between = np.full((2, len(result)), np.inf)
    free = shape.free[shape.spans[-1]].reshape(shape.sizes[-1])
    nodes = len(model.data.weights)
    for i in np.flatnonzero(np.isfinite(parameters).all(axis=1)):
        passed = Pass([(shape, result[i : i + 1])], model.data, model.activation).forward()
        design = model.columns(passed, np.ones(1))
        if not np.isfinite(design).all():
            continue
        targets = model.targets(design)
        full = design[0].copy()
        design[:, :, nodes:] *= guard
        block = shape.blocks(result[i : i + 1])[-1][0]
        for k, target in enumerate(targets):
            constant = np.where(free[k], 0.0, block[k])
            rest = target - times(design.swapaxes(1, 2), constant[None])[0]
            block[k, free[k]] = _coefficients(design[0, free[k]], rest, block[k, free[k]], model.shortest)
        residual = block @ full - targets
        loss[i] = np.sum(residual[:, :nodes] ** 2)
        between[i] = np.sum(residual[:, nodes:] ** 2)
    return result, loss, between


def _coefficients(design: Array, target: Array, present: Array, shortest: float) -> Array:
    """Return the coefficients (c,) of one output."""
    length = np.sqrt(np.sum(design * design, axis=1))
    scale = np.where(length > shortest, 1.0 / np.where(length > shortest, length, 1.0), 0.0)
    left, values, right = np.linalg.svd(design * scale[:, None], full_matrices=False)
    parts = (right @ target) / np.where(values > 0.0, values, 1.0)
    candidates = [
        scale * (left @ np.where(values > cutoff * values[0], parts, 0.0)) for cutoff in _CUTOFFS
    ] + [present]
    losses = np.array([np.sum((c @ design - target) ** 2) for c in candidates])
    losses = np.where(np.isfinite(losses), losses, np.inf)
    least = float(losses.min()) + 1e-30 * float(np.sum(target * target))
    cheap = np.flatnonzero(losses <= (1.0 + _SLACK) * least)[0]
    if np.abs(candidates[cheap]).max(initial=0.0) > _LARGEST:
        modest = [
            i
            for i, c in enumerate(candidates)
            if losses[i] <= _DEAR * least and np.abs(c).max(initial=0.0) <= _LARGEST
        ]
        if modest:
            cheap = min(modest, key=lambda i: float(losses[i]))
    best: Array = candidates[cheap]
    return best
