"""Signs of affine functions and proofs by multipliers in float64, with rigorous bounds of all rounding errors.

Every function takes rows (g, h) with bounds of the errors that they come with. A sum of n products is off by at most
n·u·Σ|terms| to first order, in any order of summation; twice that, and a factor 1 + 1e-6 on the whole, hold the rest.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

UNIT = 2.0**-52
INFLATE = 1 + 1e-6
TINY = 2.0**-1000
"""Above what underflow can lose."""


def evaluate(points: Array, values: Array, errors: Array) -> tuple[Array, Array]:
    """Return one row per cell at points (n, q, d), with bounds."""
    d = points.shape[2]
    with np.errstate(over="ignore", invalid="ignore"):
        value = (points @ values[:, :d, None])[:, :, 0] + values[:, d, None]
        absolute = np.abs(points)
        size = (absolute @ np.abs(values[:, :d, None]))[:, :, 0] + np.abs(values[:, d, None])
        bound = (absolute @ errors[:, :d, None])[:, :, 0] + errors[:, d, None]
        return value, (bound + ((d + 3) * UNIT) * size + TINY) * INFLATE


def evaluate_rows(points: Array, rows: Array, errors: Array) -> tuple[Array, Array]:
    """Return rows (n, m, d + 1) at one point (n, d) each, with bounds."""
    d = points.shape[1]
    with np.errstate(over="ignore", invalid="ignore"):
        value = (rows[:, :, :d] @ points[:, :, None])[:, :, 0] + rows[:, :, d]
        absolute = np.abs(points)[:, :, None]
        size = (np.abs(rows[:, :, :d]) @ absolute)[:, :, 0] + np.abs(rows[:, :, d])
        bound = (errors[:, :, :d] @ absolute)[:, :, 0] + errors[:, :, d]
        return value, (bound + ((d + 3) * UNIT) * size + TINY) * INFLATE


def proves_in_box(
    rows: Array, row_errors: Array, values: Array, errors: Array, multipliers: Array, reach: Array
) -> NDArray[np.bool_]:
    """Return where any λ ≥ 0 proves it: g = Σ λ a + r has g·x + h ≥ h - Σ λ b - |r|·reach in the box."""
    d = values.shape[1] - 1
    factor = np.maximum(multipliers, 0.0)
    with np.errstate(over="ignore", invalid="ignore"):
        total = (factor[:, :, None] * rows).sum(axis=1)
        size = (factor[:, :, None] * np.abs(rows)).sum(axis=1) + np.abs(values)
        slack = (factor[:, :, None] * row_errors).sum(axis=1) + errors + (d + 4) * UNIT * size + TINY
        rest = np.abs(values[:, :d] - total[:, :d]) + slack[:, :d]
        room = values[:, d] - total[:, d] - slack[:, d]
        return np.asarray(room >= (rest * reach).sum(axis=1) * (1 + (d + 4) * UNIT) * INFLATE)


def proves_everywhere(rows: Array, row_errors: Array, values: Array, errors: Array) -> NDArray[np.bool_]:
    """Return where the unique λ with g = Σ λ a proves it.

    With an approximate inverse C of the basis A and a guess λ', |λ - λ'| ≤ max |C|·|g - A λ'| / (1 - |1 - C A|).
    """
    d = values.shape[1] - 1
    matrix = rows[:, :, :d].transpose(0, 2, 1)
    matrix_errors = row_errors[:, :, :d].transpose(0, 2, 1)
    try:
        inverse = np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        return np.zeros(len(rows), dtype=bool)
    with np.errstate(over="ignore", invalid="ignore"):
        size = np.abs(inverse)
        rounding = (d + 4) * UNIT
        defect = (
            np.abs(np.eye(d) - inverse @ matrix)
            + size @ matrix_errors
            + rounding * (size @ np.abs(matrix) + 1)
        )
        q = defect.sum(axis=2).max(axis=1) * INFLATE
        guess = (inverse @ values[:, :d, None])[:, :, 0]
        rest = np.abs(values[:, :d] - (matrix @ guess[:, :, None])[:, :, 0]) + errors[:, :d] + TINY
        rest += (matrix_errors @ np.abs(guess[:, :, None]))[:, :, 0]
        rest += rounding * ((np.abs(matrix) @ np.abs(guess[:, :, None]))[:, :, 0] + np.abs(values[:, :d]))
        off = (size @ rest[:, :, None])[:, :, 0].max(axis=1) / (1 - q) * INFLATE
        used = (guess * rows[:, :, d]).sum(axis=1)
        slack = (np.abs(guess) * row_errors[:, :, d]).sum(axis=1) + errors[:, d] + TINY
        slack += off * (np.abs(rows[:, :, d]) + row_errors[:, :, d]).sum(axis=1)
        slack += rounding * ((np.abs(guess) * np.abs(rows[:, :, d])).sum(axis=1) + np.abs(values[:, d]))
        good = (q < 0.5) & (guess.min(axis=1) >= off)
        return np.asarray(good & (values[:, d] - used >= slack * INFLATE))
