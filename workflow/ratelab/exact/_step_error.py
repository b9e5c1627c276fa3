"""The distance in L_p of a target from a function that is constant on the cells of a grid."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite
from numbers import Real
from typing import Any

import numpy as np
from flint import arb, ctx
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.exact._cell_averages import Certainty, one_value, sums_on_cells, unsettled
from ratelab.exact._grid_boxes import Indices, Residual
from ratelab.exact._grid_integrals import grid_integrals
from ratelab.exact._grid_mesh import Mesh, check_cube, check_grid, grid_mesh, is_whole
from ratelab.exact._grid_scale import LEAST, float_above, out_of_range, sampled, scaled_up, unit_of
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


def step_error(target: Target, values: NDArray[np.float64], p: float, parts: int = 1) -> StepError:
    """Return ‖f − Σ values·1_cell‖ in L_p of the unit cube.

    The residual itself is integrated: split where the target crosses a cell's value, at singular points and at the
    target's grid, and divided by a power of 2 near its largest value, so that p-th powers keep within float64's
    range. In one variable and for p = 2 this is done in balls where the target supplies what makes errors
    rigorous. For the indicator of a box, or of a disc in the plane, the error follows from volumes.

    Parameters
    ----------
    target
        On [0, 1]^d, d = 1, 2 or 3, with one value.
    values
        (n,)*d, indexed [i_1, …, i_d] for the cell Π [i_j / n, (i_j + 1) / n].
    p
        At least 1 and finite.
    parts
        Where Gauss rules integrate, cells are cut into at least so many parts per side before they are halved on
        demand: what is much narrower than all parts may be overlooked.

    Raises
    ------
    UserError
        If p or the shape is out of range, the target's p-th power is not integrable, or float64 does not hold the
        error or the powers.
    """
    return step_errors(target, [values], p, parts)[0]


def step_errors(
    target: Target, values: Sequence[NDArray[np.float64]], p: float, parts: int = 1
) -> tuple[StepError, ...]:
    """Return `step_error` for each of several arrays."""
    p = check_exponent(p)
    if not is_whole(parts) or parts < 1:
        raise UserError(f"cells are to be cut into {parts!r} parts; allowed: whole numbers from 1 on")
    arrays = [_checked(target, array) for array in values]
    return tuple(_one(target, array, p, int(parts)) for array in arrays)


def check_exponent(p: float) -> float:
    """Return the exponent of a norm as a float.

    Raises
    ------
    UserError
        Unless 1 ≤ p < ∞.
    """
    if isinstance(p, bool | np.bool_) or not isinstance(p, Real) or not 1 <= p < np.inf:
        raise UserError(f"p is {p!r}; allowed: numbers from 1 on, inf excluded")
    return float(p)


def _checked(target: Target, values: NDArray[np.float64]) -> Array:
    check_cube(target)
    array = _numbers(target, values)
    d = target.dimension
    if array.ndim != d or len(set(array.shape)) != 1:
        raise UserError(
            f"target '{target.name}': values of cells have shape {array.shape}; allowed: "
            f"{('(n,)', '(n, n)', '(n, n, n)')[d - 1]}"
        )
    check_grid(target, array.shape[0])
    if not np.isfinite(array).all():
        raise UserError(
            f"target '{target.name}': values of cells hold infinities or NaN; allowed: finite numbers"
        )
    return array


def _numbers(target: Target, values: NDArray[np.float64]) -> Array:
    try:
        array = np.asarray(values)
        if array.dtype == object:
            return np.asarray(np.vectorize(float, otypes=[np.float64])(array))
        if array.dtype.kind not in "iuf":
            raise TypeError(array.dtype.name)
        return np.asarray(array, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise UserError(
            f"target '{target.name}': values of cells are no array of real numbers in float64's range"
        ) from None


def _one(target: Target, values: Array, p: float, parts: int) -> StepError:
    if target.indicator_of is not None:
        from ratelab.exact._grid_indicators import covered_share

        covered = covered_share(target.indicator_of, values.shape[0])
        if covered is not None:
            return _of_indicator(target, *covered, values, p)
    if p == 2 and target.certifiable:
        from ratelab.exact._grid_squares import certified_square
        from ratelab.exact._taylor_models import Unresolved

        try:
            return _of_ball(target, certified_square(target, values))
        except Unresolved:
            pass
    return _integrated(target, values, p, parts)


def _integrated(target: Target, values: Array, p: float, parts: int) -> StepError:
    found, jumps = _on_mesh(target, values, p, grid_mesh(target, values.shape[0], parts))
    if jumps:
        # jumps that no rule settles may hide in boxes that look settled: other boxes tell how much
        other, _ = _on_mesh(target, values, p, grid_mesh(target, values.shape[0], parts, more=1))
        radius = max(found.radius, other.radius) + 2 * abs(found.value - other.value)
        found = replace(found, radius=radius)
    return found


def _on_mesh(target: Target, values: Array, p: float, mesh: Mesh) -> tuple[StepError, bool]:
    """Return the error, and whether jumps were left."""
    flat, cell = values.ravel(), mesh.cell
    largest = float(np.abs(flat).max(initial=0.0))
    common = unit_of(max(largest, sampled(lambda x, _: one_value(target, x), mesh.lower, mesh.size)))
    scaled = flat / common

    def gap(x: Array, box: Indices) -> Array:
        return one_value(target, x) / common - scaled[cell[box]]

    unit = unit_of(sampled(gap, mesh.lower, mesh.size))
    # once more, if values between the sampled places are so much larger that powers overflow
    for _ in range(2):
        whole, doubt, seen, jumps = _powers(target, mesh, gap, unit, values.shape[0], p)
        if isfinite(whole + doubt) or unit_of(seen) <= 1:
            break
        unit *= unit_of(seen)
    if not isfinite(whole + doubt) or (seen > 0 and whole + doubt < LEAST):
        raise out_of_range(target, f"powers of the residual with p = {p:g} are")
    low, value, high = (max(total, 0.0) ** (1 / p) for total in (whole - doubt, whole, whole + doubt))
    wide = max(high - value, value - low) * unit + _ROUNDING * (value * unit + largest / common)
    return _found(target, value * unit, wide, common, "numerical"), jumps


def _powers(
    target: Target, mesh: Mesh, gap: Residual, unit: float, per_side: int, p: float
) -> tuple[float, float, float, bool]:
    """Return the integral of |gap/unit|^p, what it may be off, the largest |gap/unit| met, and if jumps were left."""
    seen = 0.0

    def residual(x: Array, box: Indices) -> Array:
        nonlocal seen
        found = gap(x, box) / unit
        seen = max(seen, float(np.abs(found).max(initial=0.0)))
        return found

    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        found = grid_integrals(residual, mesh.lower, mesh.size, p, _ROOM[target.dimension] * mesh.share)
        total, error = sums_on_cells(target, mesh, per_side, found.values, found.errors, p)
    whole, doubt = max(float(total.sum()), 0.0), float(error.sum())
    if target.dimension > 1 and p % 2:
        # zero sets that close up between the lines of both rules change neither
        doubt += _ROOM[target.dimension] * whole
    if doubt > _OPEN * whole and found.stuck and isfinite(doubt):
        raise unsettled(target)
    return whole, doubt, seen, found.jumps


def _of_indicator(target: Target, share: Array, error: Array, values: Array, p: float) -> StepError:
    # a residual counts only where the set, or its complement, may have a part of the cell
    residual = [
        np.where((part > 0) | (error > 0), np.abs(level - values), 0.0)
        for part, level in ((share, 1.0), (1 - share, 0.0))
    ]
    largest = float(max(side.max() for side in residual))
    unit = unit_of(largest)
    inside, outside = ((side / unit) ** p for side in residual)
    whole = float((share * inside + (1 - share) * outside).mean())
    doubt = float((error * np.abs(inside - outside)).mean())
    if largest > 0 and whole + doubt < LEAST:
        raise out_of_range(target, f"powers of the residual with p = {p:g} are")
    doubt += (p + 8) * _ROUNDING * whole
    low, value, high = (max(total, 0.0) ** (1 / p) for total in (whole - doubt, whole, whole + doubt))
    return _found(target, value, max(high - value, value - low) * (1 + _ROUNDING), unit, "rigorous")


def _of_ball(target: Target, square: Any) -> StepError:
    """Return the root of a ball that holds a square."""
    former, ctx.prec = ctx.prec, 192
    try:
        low, middle, high = (
            end.sqrt() if end > 0 else arb(0) for end in (square.lower(), square.mid(), square.upper())
        )
        value = float(middle)
        if not isfinite(value):
            raise out_of_range(target, "the error is")
        return StepError(value, max(float_above(high - value), float_above(low - value)), "rigorous")
    finally:
        ctx.prec = former


def _found(target: Target, value: float, radius: float, unit: float, certainty: Certainty) -> StepError:
    """Return the error that value and radius are in terms of a unit."""
    error, reach = value * unit, scaled_up(radius, unit)
    if not isfinite(error + reach):
        raise out_of_range(target, "the error is")
    if value and error < 2.0**-1021:
        reach += 2.0**-1074
    return StepError(float(error), float(reach), certainty)
