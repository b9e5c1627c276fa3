"""Differences of samples on a uniform grid: their means, shift by shift, in memory linear in the samples."""

from collections.abc import Sequence
from math import comb, inf, isnan, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ratelab._errors import UserError

Array = NDArray[np.float64]

ROUNDING = 100 * 2.0**-52
"""Relative error that is allowed for in every sample: differences below it are rounding."""


def checked_samples(values: ArrayLike) -> Array:
    """Return samples of one variable as float64.

    Raises
    ------
    UserError
        If they are not finite real numbers in one dimension.
    """
    samples = np.asarray(values)
    if samples.ndim == 2 and samples.shape[1] == 1:
        samples = samples[:, 0]
    if samples.ndim != 1 or samples.dtype.kind not in "fiub":
        raise UserError(
            f"samples have shape {samples.shape} and type {samples.dtype}; allowed: real numbers on a uniform grid, "
            "shape (m,)"
        )
    samples = np.ascontiguousarray(samples, dtype=np.float64)
    bad = ~np.isfinite(samples)
    if bad.any():
        raise UserError(f"sample {int(bad.argmax())} is {samples[bad.argmax()]}; samples must be finite")
    return samples


def checked_norm(p: float, name: str = "p") -> float:
    """Return the exponent of a norm.

    Raises
    ------
    UserError
        Unless 0 < p ≤ ∞.
    """
    if isnan(p) or not p > 0:
        raise UserError(f"{name} is {p}; allowed: positive numbers and infinity (float('inf'))")
    return float(p)


def checked_order(order: int) -> int:
    """Return the order of a difference.

    Raises
    ------
    UserError
        Unless it is a whole number from 1 to 16.
    """
    if isinstance(order, bool) or not isinstance(order, int | np.integer) or not 1 <= order <= 16:
        raise UserError(f"the order of a difference is {order!r}; allowed: whole numbers from 1 to 16")
    return int(order)


def differences(values: Array, shift: int, order: int) -> Array:
    """Return Δ_h^r f at all grid points x with x + rh on the grid, h being `shift` cells."""
    result = values
    for _ in range(order):
        result = result[shift:] - result[:-shift]
    return result


def power_mean(values: Array, p: float) -> float:
    """Return (mean |v|^p)^(1/p) by the trapezium rule, the largest |v| for p = ∞; no power over- or underflows."""
    if values.size == 0:
        return 0.0
    largest = float(max(values.max(), -values.min()))
    if p == inf or largest == 0.0:
        return largest
    if p == 2 and 1e-120 < largest < 1e120:
        return sqrt(max(0.0, float(np.dot(values, values)) - _ends(values, p)) / max(len(values) - 1, 1))
    powers = (np.abs(values) / largest) ** p
    total = float(powers.sum()) - (float(powers[0] + powers[-1]) / 2 if len(values) > 1 else 0.0)
    return float(largest * (total / max(len(values) - 1, 1)) ** (1 / p))


def _ends(values: Array, p: float) -> float:
    """Half of the outer powers, which a trapezium rule leaves out."""
    if len(values) < 2:
        return 0.0
    return float(abs(float(values[0])) ** p + abs(float(values[-1])) ** p) / 2


def difference_means(values: Array, shifts: Sequence[int], p: float, order: int) -> Array:
    """Return the power mean of Δ_h^r f for each shift; 0 where the grid is too short for it."""
    return np.array([power_mean(differences(values, k, order), p) for k in shifts])


def rounding_floor(values: Array, order: int) -> float:
    """Return below what a difference of that order is rounding: `ROUNDING` times the largest sample, amplified."""
    largest = float(np.abs(values).max(initial=0.0))
    return ROUNDING * largest * sqrt(comb(2 * order, order))


def shifts_up_to(largest: int, per_octave: int = 8) -> list[int]:
    """Return all shifts up to 2·`per_octave`, then so many to the octave, and the largest one."""
    if largest < 1:
        return []
    every = min(largest, 2 * per_octave)
    chosen = set(range(1, every + 1)) | {largest}
    step = 0
    while True:
        shift = round(2 * per_octave * 2 ** (step / per_octave))
        if shift > largest:
            return sorted(chosen)
        chosen.add(shift)
        step += 1
