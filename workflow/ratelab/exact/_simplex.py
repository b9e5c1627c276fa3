"""Many small linear programmes at once, in float64: proposals that others prove.

Each programme minimises g·x + h over {x : A x + b ≥ 0} from a point in that set. The tableau writes the slacks, the
objective and x itself as affine functions of d non-basic variables, at first the displacements of x, which are free;
a pivot swaps one of them with the slack that blocks. So sets without corners need no special care.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

OPTIMAL, UNBOUNDED, STALLED = 0, 1, 2

_ENTER, _PIVOT, _TIE = 1e-11, 1e-9, 1e-12
_PATIENCE = 60


@dataclass(frozen=True, eq=False)
class Proposals:
    """What the simplex method found, up to rounding.

    Parameters
    ----------
    status
        (N,): OPTIMAL, UNBOUNDED or STALLED.
    points
        (N, d): the last point.
    directions
        (N, d): where unbounded, a direction in which the objective falls for ever; else 0.
    basis
        (N, d): rows that hold with equality at the point, -1 where a variable stayed free.
    multipliers
        (N, d): where optimal, λ ≥ 0 with g = Σ λ_i a_i over the basis.
    """

    status: NDArray[np.int8]
    points: Array
    directions: Array
    basis: NDArray[np.intp]
    multipliers: Array


def minimise_many(rows: Array, objectives: Array, starts: Array) -> Proposals:
    """Minimise one objective over each polyhedron.

    Parameters
    ----------
    rows
        (N, m, d + 1): (a, b) of the inequalities a·x + b ≥ 0; rows (0, b) hold always.
    objectives
        (N, d + 1).
    starts
        (N, d): points inside, up to rounding.
    """
    count, m, d = rows.shape[0], rows.shape[1], rows.shape[2] - 1
    result = Proposals(
        np.full(count, STALLED, dtype=np.int8),
        starts.copy(),
        np.zeros((count, d)),
        np.full((count, d), -1, dtype=np.intp),
        np.zeros((count, d)),
    )
    lengths = np.linalg.norm(rows[:, :, :d], axis=2)
    lengths[lengths == 0] = 1.0
    size = np.linalg.norm(objectives[:, :d], axis=1)
    size[size == 0] = 1.0
    tableau = np.zeros((count, m + 1 + d, d + 1))
    tableau[:, :m, :d] = rows[:, :, :d] / lengths[:, :, None]
    slack = ((rows[:, :, :d] @ starts[:, :, None])[:, :, 0] + rows[:, :, d]) / lengths
    tableau[:, :m, d] = np.maximum(slack, 0.0)
    tableau[:, m, :d] = objectives[:, :d] / size[:, None]
    tableau[:, m + 1 :, :d] = np.eye(d)
    tableau[:, m + 1 :, d] = starts
    left = np.arange(count)
    for step in range(_PATIENCE):
        tableau, left, lengths, size = _round(
            tableau, left, lengths, size, result, careful=step > _PATIENCE // 2
        )
        if not len(left):
            break
    result.points[left] = tableau[:, m + 1 :, d]
    return result


def _round(
    tableau: Array, left: NDArray[np.intp], lengths: Array, size: Array, result: Proposals, careful: bool
) -> tuple[Array, NDArray[np.intp], Array, Array]:
    """Pivot once in every programme; hand over and drop those that end."""
    d = tableau.shape[2] - 1
    m = tableau.shape[1] - 1 - d
    basis = result.basis[left]
    cost = tableau[:, m, :d]
    free = basis < 0
    gain = np.where(free, np.abs(cost) * 1e6, -cost)
    gain[np.where(free, np.abs(cost), -cost) <= _ENTER] = 0.0
    # the first instead of the steepest cannot cycle for ever in practice
    enter = np.argmax(gain > 0, axis=1) if careful else np.argmax(gain, axis=1)
    each = np.arange(len(left))
    optimal = gain[each, enter] == 0
    sign = np.where(free[each, enter] & (cost[each, enter] > 0), -1.0, 1.0)
    column = tableau[each, :, enter] * sign[:, None]
    falling = column[:, :m] < -_PIVOT
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = np.where(falling, tableau[:, :m, d] / -column[:, :m], np.inf)
    step = ratio.min(axis=1, initial=np.inf)
    unbounded = ~optimal & np.isinf(step)
    ended = optimal | unbounded
    if ended.any():
        _finish(tableau[ended], left[ended], basis[ended], lengths[ended], size[ended], result)
        result.status[left[optimal]] = OPTIMAL
        result.status[left[unbounded]] = UNBOUNDED
        result.directions[left[unbounded]] = column[unbounded, m + 1 :]
        keep = ~ended
        tableau, left, lengths, size = tableau[keep], left[keep], lengths[keep], size[keep]
        enter, column, ratio, step, sign = enter[keep], column[keep], ratio[keep], step[keep], sign[keep]
        each = np.arange(len(left))
        if not len(left):
            return tableau, left, lengths, size
    near = ratio <= (step * (1 + _TIE))[:, None]
    leave = np.argmax(np.where(near, -column[:, :m], -1.0), axis=1)
    column *= sign[:, None]
    column /= column[each, leave][:, None]
    pivot_row = tableau[each, leave]
    pivot_row[each, enter] = 0.0
    tableau -= column[:, :, None] * pivot_row[:, None, :]
    tableau[each, :, enter] = column
    tableau[each, leave] = 0.0
    tableau[each, leave, enter] = 1.0
    np.maximum(tableau[:, :m, d], 0.0, out=tableau[:, :m, d])
    result.basis[left, enter] = leave
    return tableau, left, lengths, size


def _finish(
    tableau: Array,
    which: NDArray[np.intp],
    basis: NDArray[np.intp],
    lengths: Array,
    size: Array,
    result: Proposals,
) -> None:
    d = tableau.shape[2] - 1
    m = tableau.shape[1] - 1 - d
    result.points[which] = tableau[:, m + 1 :, d]
    scale = np.take_along_axis(lengths, np.maximum(basis, 0), axis=1)
    result.multipliers[which] = np.where(basis >= 0, tableau[:, m, :d] * size[:, None] / scale, 0.0)
