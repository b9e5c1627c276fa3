# mypy: allow-untyped-decorators
"""Adam, compiled: one network after the other through many steps, so that its numbers stay in the cache."""

from math import cos, pi, sqrt
from typing import Any

from ratelab._compiled import fast_kernel
from ratelab.training._adam_recipe import CONVERGED, DIVERGED, RUNNING
from ratelab.training._engine_kernels import loss_and_slope


@fast_kernel
def _masked(slope: Any, free: Any, bound: Any) -> Any:
    """Set derivatives by parameters that are not free to 0; return Σ |derivative|, how many exceed the bound."""
    total, steep = 0.0, 0
    for i in range(len(slope)):
        g = slope[i] * free[i]
        slope[i] = g
        total += abs(g)
        steep += abs(g) > bound
    return total, steep


@fast_kernel
def _move(parameters: Any, first: Any, second: Any, slope: Any, options: Any) -> None:
    length, root, epsilon, keep_first, keep_second = options
    for i in range(len(parameters)):
        g = slope[i]
        m = keep_first * first[i] + (1.0 - keep_first) * g
        v = keep_second * second[i] + (1.0 - keep_second) * g * g
        first[i], second[i] = m, v
        parameters[i] -= length * m / (sqrt(v) * root + epsilon)


@fast_kernel
def descend(
    first_step: int,
    last_step: int,
    options: Any,
    state: Any,
    fits: Any,
    free: Any,
    shape: Any,
    data: Any,
    formula: Any,
    rooms: Any,
) -> None:
    """Take steps with all networks of one shape that are still running.

    Parameters
    ----------
    first_step, last_step
        Evaluations to make, each followed by a step except the last of all, which is number `steps`.
    options
        (steps, rate, first decay, second decay, epsilon, cosine, tolerance, total weight, loss that counts as zero).
    state
        Parameters, first and second moments, best parameters, each (S, P).
    fits
        (best losses, evaluations, outcomes), each (S,).
    free
        (P,) 1 where a parameter is trained, else 0.
    shape, data, formula, rooms
        See `loss_and_slope`.
    """
    steps, rate, keep_first, keep_second, epsilon, cosine, tolerance, weight, zero = options
    parameters, first, second, best = state
    best_loss, evaluations, outcome = fits
    read, delta, spare, slope = rooms
    for s in range(len(parameters)):
        p, m, v, b = parameters[s], first[s], second[s], best[s]
        for step in range(first_step, min(last_step, steps + 1)):
            if outcome[s] != RUNNING:
                break
            loss = loss_and_slope(p, slope, shape, data, formula, (read, delta, spare))
            evaluations[s] += 1
            bound = tolerance * 2.0 * sqrt(loss * weight)
            total, steep = _masked(slope, free, bound)
            if not (loss < float("inf") and total < float("inf")):
                outcome[s] = DIVERGED
                break
            if loss < best_loss[s]:
                best_loss[s] = loss
                b[:] = p
            if steep == 0 or loss <= zero:
                outcome[s] = CONVERGED
                break
            if step == steps:
                break
            here = 0.5 * rate * (1.0 + cos(pi * step / steps)) if cosine else rate
            length = here / (1.0 - keep_first ** (step + 1))
            root = 1.0 / sqrt(1.0 - keep_second ** (step + 1))
            _move(p, m, v, slope, (length, root, epsilon, keep_first, keep_second))
