"""The distance in L_p of a target from a function that is constant on the cells of a grid."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.exact._cell_averages import Certainty, one_value, sums_on_cells, unsettled
from ratelab.exact._grid_boxes import Indices
from ratelab.exact._grid_integrals import grid_integrals
from ratelab.exact._grid_mesh import check_grid, grid_mesh
from ratelab.registry import Target

Array = NDArray[np.float64]

_ROUNDING = 8 * float(np.finfo(np.float64).eps)
_OPEN = 0.05
_ROOM = {1: 1e-11, 2: 1e-8, 3: 1e-6}


@dataclass(frozen=True)
class StepError:
    """An error in L_p.

    Parameters
    ----------
    value, radius
        The error, and a bound or an estimate of how far it may be off.
    certainty
        ``rigorous``: the radius is proved; ``numerical``: it is an estimate.
    """

    value: float
    radius: float
    certainty: Certainty


def step_error(target: Target, values: NDArray[np.float64], p: float) -> StepError:
    """Return ‖f − Σ values·1_cell‖ in L_p of the unit cube.

    The residual itself is integrated: split where the target crosses a cell's value, at singular points and at the
    target's grid. In one variable and for p = 2 this is done in balls where the target supplies what makes errors
    rigorous. For the indicator of a box, or of a disc in the plane, the error follows from volumes.

    Parameters
    ----------
    target
        On [0, 1]^d, d = 1, 2 or 3, with one value.
    values
        (n,)*d, indexed [i_1, …, i_d] for the cell Π [i_j / n, (i_j + 1) / n].
    p
        At least 1 and finite.

    Raises
    ------
    UserError
        If p or the shape is out of range, or the target's p-th power is not integrable.
    """
    return step_errors(target, [values], p)[0]


def step_errors(target: Target, values: Sequence[NDArray[np.float64]], p: float) -> tuple[StepError, ...]:
    """Return `step_error` for each of several arrays."""
    p = check_exponent(p)
    arrays = [_checked(target, array) for array in values]
    return tuple(_one(target, array, p) for array in arrays)


def check_exponent(p: float) -> float:
    """Return p as a float.

    Raises
    ------
    UserError
        Unless 1 ≤ p < ∞.
    """
    if not 1 <= p < np.inf:
        raise UserError(f"p is {p}; allowed: numbers from 1 on, inf excluded")
    return float(p)


def _checked(target: Target, values: NDArray[np.float64]) -> Array:
    array = np.asarray(values)
    if array.dtype == object:
        array = np.vectorize(float, otypes=[np.float64])(array)
    array = np.asarray(array, dtype=np.float64)
    if array.ndim != target.dimension or len(set(array.shape)) != 1:
        raise UserError(
            f"target '{target.name}': values of cells have shape {array.shape}; allowed: as many cells in each of "
            f"{target.dimension} directions"
        )
    check_grid(target, array.shape[0])
    if not np.isfinite(array).all():
        raise UserError(
            f"target '{target.name}': values of cells hold infinities or NaN; allowed: finite numbers"
        )
    return array


def _one(target: Target, values: Array, p: float) -> StepError:
    if target.indicator_of is not None:
        from ratelab.exact._grid_indicators import covered_share

        covered = covered_share(target.indicator_of, values.shape[0])
        if covered is not None:
            return _of_indicator(*covered, values, p)
    if p == 2 and target.certifiable:
        from ratelab.exact._cell_integrals import Unresolved
        from ratelab.exact._grid_squares import certified_square

        try:
            return _of_ball(certified_square(target, values))
        except Unresolved:
            pass
    flat = values.ravel()
    mesh = grid_mesh(target, values.shape[0])
    cell = mesh.cell

    def residual(x: Array, box: Indices) -> Array:
        return one_value(target, x) - flat[cell[box]]

    found = grid_integrals(residual, mesh.lower, mesh.size, p, _ROOM[target.dimension] * mesh.share)
    total, error = sums_on_cells(target, mesh, values.shape[0], found.values, found.errors, p)
    whole, doubt = float(total.sum()), float(error.sum())
    if doubt > _OPEN * whole and found.stuck:
        raise unsettled(target)
    return _root(whole, doubt, float(np.abs(flat).max(initial=0.0)), p)


def _of_indicator(share: Array, error: Array, values: Array, p: float) -> StepError:
    inside, outside = np.abs(1 - values) ** p, np.abs(values) ** p
    whole = float((share * inside + (1 - share) * outside).mean())
    doubt = float((error * np.abs(inside - outside)).mean())
    doubt += (p + 8) * _ROUNDING * whole
    value = whole ** (1 / p)
    low = max(whole - doubt, 0.0) ** (1 / p)
    high = (whole + doubt) ** (1 / p)
    return StepError(value, float(max(high - value, value - low) * (1 + _ROUNDING)), "rigorous")


def _of_ball(square: Any) -> StepError:
    """Return the root of a ball that holds a square."""
    low, high = (float(end.mid()) for end in (square.lower(), square.upper()))
    value = max(float(square.mid()), 0.0) ** 0.5
    reach = (max(low, 0.0) * (1 - _ROUNDING)) ** 0.5, (max(high, 0.0) * (1 + _ROUNDING)) ** 0.5
    return StepError(value, max(value - reach[0], reach[1] - value) * (1 + _ROUNDING), "rigorous")


def _root(whole: float, doubt: float, scale: float, p: float) -> StepError:
    whole = max(whole, 0.0)
    value = whole ** (1 / p)
    wide = max((whole + doubt) ** (1 / p) - value, value - max(whole - doubt, 0.0) ** (1 / p))
    return StepError(float(value), float(wide + _ROUNDING * (value + scale)), "numerical")
