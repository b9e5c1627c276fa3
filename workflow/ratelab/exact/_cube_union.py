"""Unions of grid cubes with a margin: supports of networks, exact in rational arithmetic."""

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.exact._cube_union_boxes import boxes_of_cells, corners, merged
from ratelab.exact._cube_union_grid import RefinedGrid, refined_grid
from ratelab.exact._cube_union_index import CubeIndex, Integers, MarginNorm, contains

_LARGEST_INDEX = 2**40


@dataclass(frozen=True, eq=False)
class CubeUnion:
    """The closed set {x : the distance of x to a cube Π [h·k_i, h·(k_i + 1)] is at most the margin}, k among `cubes`.

    Parameters
    ----------
    spacing
        h > 0, the side of the cubes; stored as a Fraction.
    cubes
        Integers (J, d), J ≥ 1; stored sorted and without repetition, not writeable.
    margin
        At least 0; stored as a Fraction.
    norm
        In which the distance is measured: ``max`` or ``sum`` (of the absolute values).

    Raises
    ------
    UserError
        If they are not like this.
    """

    spacing: Fraction
    cubes: Integers
    margin: Fraction = field(default=Fraction(0))
    norm: MarginNorm = "max"

    def __post_init__(self) -> None:
        """Bring the parameters into their stored form."""
        spacing, margin = _fraction("spacing", self.spacing), _fraction("margin", self.margin)
        if not spacing > 0:
            raise UserError(f"cube union: spacing is {self.spacing}; allowed: above 0")
        if not margin >= 0:
            raise UserError(f"cube union: margin is {self.margin}; allowed: 0 or above")
        if self.norm not in ("max", "sum"):
            raise UserError(f"cube union: norm is {self.norm!r}; allowed: 'max', 'sum'")
        cubes = np.asarray(self.cubes)
        if cubes.ndim != 2 or cubes.shape[0] < 1 or cubes.shape[1] < 1 or cubes.dtype.kind not in "iu":
            raise UserError(
                f"cube union: cubes are {cubes.dtype} of shape {cubes.shape}; allowed: integers of shape (J, d), "
                "J ≥ 1, d ≥ 1"
            )
        if cubes.max() > _LARGEST_INDEX or cubes.min() < -_LARGEST_INDEX:
            raise UserError(
                f"cube union: indices reach from {cubes.min()} to {cubes.max()}; allowed: up to 2^40 in absolute value"
            )
        rows = cubes.astype(np.int64)
        rows = rows[np.lexsort(rows.T[::-1])]
        rows = rows[np.concatenate([[True], (rows[1:] != rows[:-1]).any(axis=1)])]
        rows.setflags(write=False)
        for name, value in (("spacing", spacing), ("cubes", rows), ("margin", margin)):
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        """Return the number J of cubes."""
        return len(self.cubes)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CubeUnion):
            return NotImplemented
        same = (self.spacing, self.margin) == (other.spacing, other.margin)
        return (
            same and (self.norm == other.norm or not self.margin) and np.array_equal(self.cubes, other.cubes)
        )

    def __hash__(self) -> int:
        return hash((self.spacing, self.margin, self.cubes.tobytes()))

    def __repr__(self) -> str:
        margin = f", margin={self.margin}, norm={self.norm!r}" if self.margin else ""
        return f"CubeUnion({len(self)} cubes, d={self.dimension}, spacing={self.spacing}{margin})"

    @property
    def dimension(self) -> int:
        """Number of variables d."""
        return int(self.cubes.shape[1])

    @property
    def bounds(self) -> tuple[tuple[Fraction, Fraction], ...]:
        """The smallest box that holds the set, d pairs (lower, upper)."""
        low, high = self.cubes.min(axis=0).tolist(), self.cubes.max(axis=0).tolist()
        return tuple(
            (a * self.spacing - self.margin, (b + 1) * self.spacing + self.margin)
            for a, b in zip(low, high, strict=True)
        )

    @cached_property
    def index(self) -> CubeIndex:
        """The cubes, for quick look-up."""
        return CubeIndex(self.cubes)

    @cached_property
    def grid(self) -> RefinedGrid:
        """The set on a grid of whose cells every one lies inside or outside.

        Raises
        ------
        UserError
            If the norm is the sum norm, with a margin and d > 1, or the grid has too many cells.
        """
        if not self._box_like:
            raise UserError(
                "cube union: with a margin in the sum norm it is no union of boxes; norm 'max' gives one that holds it"
            )
        return refined_grid(self.cubes, self.spacing, self.margin)

    @property
    def _box_like(self) -> bool:
        return self.norm == "max" or not self.margin or self.dimension == 1

    @cached_property
    def measure(self) -> Fraction:
        """The Lebesgue measure, exact.

        Raises
        ------
        UserError
            In the sum norm, if d > 3 or the margin is above half the spacing (see `measure_bounds`); if the refined
            grid has too many cells.
        """
        if not self.margin:
            return len(self) * self.spacing**self.dimension
        if self._box_like:
            return self.grid.measure()
        if self.dimension > 3 or 2 * self.margin > self.spacing:
            raise UserError(
                f"cube union: the measure in the sum norm takes at most 3 variables and a margin of at most half the "
                f"spacing; found {self.dimension} variables, margin {self.margin}, spacing {self.spacing}"
            )
        from ratelab.exact._cube_union_sum import sum_measure

        return sum_measure(self.cubes, self.spacing, self.margin)

    @cached_property
    def measure_bounds(self) -> tuple[Fraction, Fraction]:
        """Bounds (low, high) of the measure: equal where it is known, else those of margins in the maximum norm.

        A cube of half side δ/d lies in the ball of radius δ of the sum norm, which lies in a cube of half side δ.
        """
        if self._box_like or (self.dimension <= 3 and 2 * self.margin <= self.spacing):
            return self.measure, self.measure
        low = CubeUnion(self.spacing, self.cubes, self.margin / self.dimension)
        return low.measure, CubeUnion(self.spacing, self.cubes, self.margin).measure

    def contains(self, points: Any) -> NDArray[np.bool_]:
        """Return which points lie in the set, exactly.

        Parameters
        ----------
        points
            (m, d): float64 (each is a dyadic number) or, as an object array or nested sequence, Fractions.

        Returns
        -------
        numpy.ndarray
            Truth values (m,); False for points that are not finite.

        Raises
        ------
        UserError
            If the points have another shape.
        """
        array = np.asarray(points)
        if array.ndim == 1 and self.dimension == 1 and array.dtype != object:
            array = array[:, None]
        if array.ndim != 2 or array.shape[1] != self.dimension:
            raise UserError(f"cube union: points have shape {array.shape}; allowed: (m, {self.dimension})")
        return contains(self.index, self.spacing, self.margin, self.norm, array)

    @cached_property
    def _boxes(self) -> tuple[Integers, Integers]:
        lower, upper = merged(self.cubes, self.cubes + 1)
        lower.setflags(write=False)
        upper.setflags(write=False)
        return lower, upper

    def boxes(self) -> tuple[Integers, Integers]:
        """Return the cubes merged into boxes: lower and upper (exclusive) indices (J', d), of the same union.

        Runs along the last axis, then equal runs along the one before, and so on; the boxes have no common interior.
        The margin is not part of them.
        """
        return self._boxes

    def complement(self, *, exact: bool = False) -> tuple[Any, Any]:
        """Return boxes whose union is the closure of the complement of the set.

        First the 2d half-spaces {x_i ≤ a_i} and {x_i ≥ b_i} beside the set's bounding box, axis by axis, then boxes
        inside it, without common interior, whose ends are lines of the refined grid.

        Parameters
        ----------
        exact
            Give Fractions, and None for infinite ends, as object arrays; without it float64 and ±inf.

        Returns
        -------
        low, high : numpy.ndarray
            (m, d) each.

        Raises
        ------
        UserError
            If a line is no float64 number and `exact` is not set; in the sum norm (with a margin and d > 1).
        """
        grid = self.grid
        if not exact:
            for axis, lines in enumerate(grid.edges):
                for line in lines:
                    if Fraction(float(line)) != line:
                        raise UserError(
                            f"cube union: the grid line {line} of variable {axis + 1} is no float64 number; take a "
                            "dyadic spacing and margin, or exact=True"
                        )
        lower, upper = boxes_of_cells(self._hull(~grid.inside))
        offset = np.array([np.flatnonzero(_seen(grid.inside, axis))[0] for axis in range(self.dimension)])
        dtype: Any = object if exact else np.float64
        low, high = corners(grid.edges, lower + offset, upper + offset, dtype)
        d = self.dimension
        nothing = (None, None) if exact else (-np.inf, np.inf)
        first, second = (
            np.full((2 * d, d), nothing[0], dtype=dtype),
            np.full((2 * d, d), nothing[1], dtype=dtype),
        )
        for axis, (a, b) in enumerate(self.bounds):
            second[2 * axis, axis] = a if exact else float(a)
            first[2 * axis + 1, axis] = b if exact else float(b)
        return np.concatenate([first, low]), np.concatenate([second, high])

    def _hull(self, cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return the part of the refined grid in the set's bounding box."""
        inside = self.grid.inside
        for axis in range(self.dimension):
            seen = np.flatnonzero(_seen(inside, axis))
            cells = cells.take(range(int(seen[0]), int(seen[-1]) + 1), axis=axis)
        return cells

    def dilated(self, margin: Fraction | float, norm: MarginNorm | None = None) -> "CubeUnion":
        """Return all points within a further margin of the set.

        Parameters
        ----------
        margin
            At least 0.
        norm
            That of the set unless given; another one only for a set without margin.

        Raises
        ------
        UserError
            If the margin is negative, or the set has a margin in the other norm.
        """
        norm = norm or self.norm
        if self.margin and norm != self.norm:
            raise UserError(
                f"cube union: it has a margin in the norm {self.norm!r} and cannot be dilated in {norm!r}"
            )
        return CubeUnion(self.spacing, self.cubes, self.margin + _fraction("margin", margin), norm)


def _seen(inside: NDArray[np.bool_], axis: int) -> NDArray[np.bool_]:
    return np.asarray(inside.any(axis=tuple(i for i in range(inside.ndim) if i != axis)))


def _fraction(name: str, value: Any) -> Fraction:
    try:
        return Fraction(value)
    except (TypeError, ValueError, OverflowError):
        raise UserError(f"cube union: {name} is {value!r}; allowed: a finite rational number") from None
