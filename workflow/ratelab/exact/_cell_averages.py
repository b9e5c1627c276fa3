"""Averages of a target over the cells of a uniform grid of the unit cube."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.exact._grid_integrals import grid_integrals
from ratelab.exact._grid_mesh import Mesh, check_grid, grid_mesh, is_whole, rest
from ratelab.exact._grid_scale import out_of_range, sampled, unit_of
from ratelab.networks import TensorProduct
from ratelab.registry import Box, Target

Array = NDArray[np.float64]
Certainty = Literal["rigorous", "numerical"]

_ROUNDING = 4 * float(np.finfo(np.float64).eps)
_OPEN = 1e-2


@dataclass(frozen=True, eq=False)
class CellAverages:
    """Averages over the n^d cubes of side 1/n that make up [0, 1]^d.

    Parameters
    ----------
    values, radius
        (n,)*d, indexed [i_1, …, i_d] for the cell Π [i_j / n, (i_j + 1) / n]: the averages, and bounds or estimates of
        their errors.
    certainty
        ``rigorous``: the radii are proved; ``numerical``: they are estimates.
    rationals
        The averages themselves (``fmpq``), flat in C order, where the target is a piecewise polynomial of one
        variable, a product of such, or the indicator of a box; else None.
    """

    values: Array
    radius: Array
    certainty: Certainty
    rationals: tuple[Any, ...] | None = None

    @property
    def per_side(self) -> int:
        """Cells per side n."""
        return int(self.values.shape[0])

    @property
    def dimension(self) -> int:
        """Number of variables d."""
        return self.values.ndim

    @cached_property
    def exact(self) -> NDArray[np.object_] | None:
        """The averages as an array of ``Fraction`` like `values`, where they are known exactly; else None."""
        if self.rationals is None:
            return None
        found = np.empty(len(self.rationals), dtype=object)
        found[:] = [Fraction(int(v.p), int(v.q)) for v in self.rationals]
        return found.reshape(self.values.shape)

    def coarser(self, factor: int) -> "CellAverages":
        """Return the averages over cubes of `factor` times the side, which are those of the averages here.

        Raises
        ------
        UserError
            If the number of cells per side is no multiple of the factor.
        """
        n = self.per_side
        if not is_whole(factor) or factor < 1 or n % factor:
            raise UserError(
                f"{n} cells per side are to be joined by {factor!r}; allowed: whole numbers that divide {n}"
            )
        factor = int(factor)
        shape = tuple(size for _ in range(self.dimension) for size in (n // factor, factor))
        axes = tuple(range(1, 2 * self.dimension, 2))
        if self.rationals is not None:
            entries = np.empty(n**self.dimension, dtype=object)
            entries[:] = self.rationals
            sums = entries.reshape(shape).sum(axis=axes).ravel() / factor**self.dimension
            return _from_rationals(sums.tolist(), self.dimension)
        values = self.values.reshape(shape).mean(axis=axes)
        slack = _ROUNDING * np.abs(self.values).reshape(shape).mean(axis=axes) * (factor > 1)
        return CellAverages(
            values, self.radius.reshape(shape).mean(axis=axes) * (1 + 1e-12) + slack, self.certainty
        )


def cell_averages(target: Target, per_side: int) -> CellAverages:
    """Return the averages of a target over the cubes of side 1/n of the unit cube, n = per_side.

    In one variable they are exact for `pieces` and balls by `moments` or `enclosure`, in several exact for a
    `TensorProduct`; for the indicator of a box, or of a disc in the plane, they are volumes. Else adaptive Gauss rules,
    graded towards singular points and cut at the target's grid, estimate their own errors. Averages over larger cubes
    follow from finer ones by `CellAverages.coarser`.

    Parameters
    ----------
    target
        On [0, 1]^d, d = 1, 2 or 3, with one value.
    per_side
        From 1 on, up to 300,000 cells in one variable, 70,000 in two, 120,000 in three.

    Raises
    ------
    UserError
        If the target lives elsewhere, has several values or is not integrable, n is out of range, or float64 does not
        hold an average.
    """
    check_grid(target, per_side)
    try:
        found = _averages(target, int(per_side))
    except OverflowError:  # a quotient of integers
        raise out_of_range(target, "averages are") from None
    if not (np.isfinite(found.values).all() and np.isfinite(found.radius).all()):
        raise out_of_range(target, "averages are")
    return found


def _averages(target: Target, per_side: int) -> CellAverages:
    if target.pieces is not None:
        from ratelab.exact._grid_certified import exact_averages

        return _from_rationals(exact_averages(target.pieces, per_side))
    if isinstance(target.function, TensorProduct):
        from ratelab.exact._grid_certified import exact_products

        return _from_rationals(exact_products(target.function.factors, per_side), target.dimension)
    if isinstance(target.indicator_of, Box):
        from ratelab.exact._grid_indicators import exact_shares

        return _from_rationals(exact_shares(target.indicator_of, per_side), target.dimension)
    if target.indicator_of is not None:
        from ratelab.exact._grid_indicators import covered_share

        covered = covered_share(target.indicator_of, per_side)
        if covered is not None:
            return CellAverages(*covered, "rigorous")
    if target.certifiable:
        from ratelab.exact._grid_certified import certified_averages, to_floats
        from ratelab.exact._taylor_models import Unresolved

        try:
            return CellAverages(*to_floats(certified_averages(target, per_side)), "rigorous")
        except Unresolved:
            pass
    return _numerical(target, per_side)


def one_value(target: Target, points: Array) -> Array:
    """Return the values (m,) of a target that has one.

    Raises
    ------
    UserError
        If it has several.
    """
    with np.errstate(all="ignore"):
        values = target(points)
    if values.shape[1] != 1:
        raise UserError(
            f"target '{target.name}' has {values.shape[1]} values; cells are averaged for targets with one"
        )
    return values[:, 0]


def unsettled(target: Target) -> UserError:
    """Return the error for an integral that halving does not settle."""
    return UserError(
        f"target '{target.name}': integrals over its cells do not settle; either it is not integrable on the unit "
        "cube, or it has singular points inside a cell that it does not declare"
    )


def sums_on_cells(
    target: Target, mesh: Mesh, per_side: int, values: Array, errors: Array, p: float | None
) -> tuple[Array, Array]:
    """Add integrals over boxes up to cells, (n^d,) each with an error, and what lies inside the last rings."""
    count = per_side**target.dimension
    total, error = (
        np.asarray(np.bincount(mesh.cell, weights=numbers, minlength=count), dtype=np.float64)
        for numbers in (values, errors)
    )
    for ring in mesh.rings:
        more, doubt = rest(values[ring], target, p)
        total[mesh.cell[ring[-1]]] += more
        error[mesh.cell[ring[-1]]] += doubt
    return total, error


def _numerical(target: Target, per_side: int) -> CellAverages:
    mesh = grid_mesh(target, per_side)
    # the largest value is about 1 then: the squares that the rule compares with keep within float64's range
    unit = unit_of(sampled(lambda x, _: one_value(target, x), mesh.lower, mesh.size))
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        found = grid_integrals(
            lambda x, _: one_value(target, x) / unit, mesh.lower, mesh.size, None, 1e-10 * mesh.share
        )
        total, error = sums_on_cells(target, mesh, per_side, found.values, found.errors, None)
        if found.jumps:
            # jumps that no rule settles may hide in boxes that look settled: other boxes tell how much
            again = grid_mesh(target, per_side, more=1)
            other = grid_integrals(
                lambda x, _: one_value(target, x) / unit, again.lower, again.size, None, 1e-10 * again.share
            )
            total2, error2 = sums_on_cells(target, again, per_side, other.values, other.errors, None)
            error = np.maximum(error, error2) + 2 * np.abs(total - total2)
        if float(error.sum()) > _OPEN * max(float(np.abs(found.values).sum()), 1e-300) and found.stuck:
            raise unsettled(target)
        cells = float(per_side**target.dimension)
        values = total * cells * unit
        radius = (error * cells + _ROUNDING * np.abs(total * cells)) * unit
    shape = (per_side,) * target.dimension
    # where products are below the normal floats, they are rounded
    lost = (total != 0) & (np.abs(values) < 2.0**-1021)
    radius = radius + np.where(lost, 2.0**-1073, 0.0)
    return CellAverages(values.reshape(shape), radius.reshape(shape), "numerical")


def _from_rationals(rationals: list[Any], dimension: int = 1) -> CellAverages:
    from flint import fmpq

    values = np.array([int(v.p) / int(v.q) for v in rationals])
    exact = [fmpq(*v.as_integer_ratio()) == r for v, r in zip(values.tolist(), rationals, strict=True)]
    # a quotient of integers is rounded once
    radius = np.where(exact, 0.0, np.spacing(np.abs(values)))
    shape = (round(len(rationals) ** (1 / dimension)),) * dimension
    return CellAverages(values.reshape(shape), radius.reshape(shape), "rigorous", tuple(rationals))
