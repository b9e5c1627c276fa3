"""Does a hyperplane cut a cell? Floats with error bounds propose and mostly prove, exact rationals decide the rest.

A cut is proved by two points of the cell on either side; its absence by multipliers λ ≥ 0 of the cell's rows with
g = Σ λ_i a_i and h ≥ Σ λ_i b_i, which make g·x + h ≥ 0 on the cell.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ratelab.exact._integers import Integers
from ratelab.exact._lp import beyond, homogeneous, nearest, proves, sign, times
from ratelab.exact._patterns_bounds import evaluate, evaluate_rows, proves_everywhere, proves_in_box
from ratelab.exact._patterns_table import Array, Index, Table
from ratelab.exact._simplex import OPTIMAL, UNBOUNDED, Proposals, minimise_many

CUT = 2
ExactRow = Callable[[int], Integers]

_BLOCK = 2048


class Splitter:
    """Decides on which side of hyperplanes cells lie.

    Parameters
    ----------
    table
        The cells.
    arithmetic
        ``auto``: floats decide what their error bounds allow, rationals the rest; ``rational``: rationals decide all;
        ``float``: what floats leave open counts as no cut, and `certain` becomes False.
    """

    def __init__(self, table: Table, arithmetic: str) -> None:
        self.table = table
        self.arithmetic = arithmetic
        self.certain = True
        self.exact_programmes = 0

    def sides(
        self, cells: Index, values: Array, errors: Array, exact: ExactRow, without: Index | None = None
    ) -> NDArray[np.int8]:
        """Return 1 or -1 where a row keeps its sign on a cell, CUT where it takes both.

        A row that is zero throughout gives 1. Points that prove a cut are stored in the table.

        Parameters
        ----------
        cells
            (n,) different cells.
        values, errors
            (n, d + 1): one row per cell, with bounds.
        exact
            Gives the row of that index as integers.
        without
            A column per cell whose bound is ignored.
        """
        result = np.empty(len(cells), dtype=np.int8)
        for start in range(0, len(cells), _BLOCK):
            part = np.arange(start, min(start + _BLOCK, len(cells)))
            result[part] = self._sides(
                cells[part],
                values[part],
                errors[part],
                chosen(exact, part),
                None if without is None else without[part],
            )
        return result

    def point_signs(self, cells: Index, values: Array, errors: Array, exact: ExactRow) -> NDArray[np.int8]:
        """Return the signs (n, SLOTS) of a row per cell at the cell's points; 0 for empty slots and where open."""
        points, valid = self.table.points[cells], self.table.valid[cells]
        return self._signs(points, valid, values, errors, exact)

    def exact_signs(self, cells: Index, exact: ExactRow) -> dict[int, list[int]]:
        """Return the signs of a row per cell at the cell's exact points."""
        kept = self.table.exact_points
        return {
            cell: [sign(exact(t), p) for p in kept[cell]]
            for t, cell in enumerate(cells.tolist())
            if cell in kept
        }

    def _signs(
        self, points: Array, valid: NDArray[np.bool_], values: Array, errors: Array, exact: ExactRow
    ) -> NDArray[np.int8]:
        result = np.zeros(valid.shape, dtype=np.int8)
        if self.arithmetic != "rational":
            value, bound = evaluate(points, values, errors)
            result[value > bound] = 1
            result[value < -bound] = -1
            result[~valid] = 0
        if self.arithmetic != "float":
            rows: dict[int, Integers] = {}
            for t, slot in np.argwhere(valid & (result == 0)).tolist():
                if t not in rows:
                    rows[t] = exact(t)
                result[t, slot] = sign(rows[t], homogeneous(points[t, slot].tolist()))
        return result

    def _sides(
        self, cells: Index, values: Array, errors: Array, exact: ExactRow, without: Index | None
    ) -> NDArray[np.int8]:
        known = self.point_signs(cells, values, errors, exact)
        positive, negative = np.asarray((known > 0).any(axis=1)), np.asarray((known < 0).any(axis=1))
        for t, cell in enumerate(cells.tolist()):
            if cell in self.table.exact_points:
                found = [sign(exact(t), p) for p in self.table.exact_points[cell]]
                positive[t] |= 1 in found
                negative[t] |= -1 in found
        result = np.where(positive, np.where(negative, CUT, 1), np.where(negative, -1, 0)).astype(np.int8)
        d = values.shape[1] - 1
        flat = (values[:, :d] == 0).all(axis=1) & (errors[:, :d] == 0).all(axis=1)
        if self.arithmetic == "float" and (errors[flat & (result == 0), d] > 0).any():
            self.certain = False
        # a constant that is zero has sign 0 at every point; it counts as positive
        result[flat & (result == 0)] = 1
        unfinished = np.flatnonzero((result != CUT) & ~flat)
        ready = unfinished[self.table.valid[cells[unfinished]].any(axis=1) & (result[unfinished] != 0)]
        cut, proved = self._propose(
            cells[ready],
            values[ready] * result[ready][:, None],
            errors[ready],
            lambda t: times(exact(int(ready[t])), int(result[ready[t]])),
            None if without is None else without[ready],
        )
        result[ready[cut]] = CUT
        done = np.zeros(len(cells), dtype=bool)
        done[ready[cut | proved]] = True
        for t in unfinished[~done[unfinished]].tolist():
            column = None if without is None else int(without[t])
            if self.arithmetic == "float":
                self.certain = False
                result[t] = result[t] or 1
            else:
                result[t] = self._exactly(int(cells[t]), exact(t), column)
        return result

    def _propose(
        self, cells: Index, values: Array, errors: Array, exact: ExactRow, without: Index | None
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Try to prove cuts and their absence for rows that are positive at the points known; (cut, no cut)."""
        if not len(cells):
            return np.zeros(0, dtype=bool), np.zeros(0, dtype=bool)
        rows, row_errors = self.table.rows_of(cells, without)
        valid = self.table.valid[cells]
        # proposals out of range are refused by the proofs
        with np.errstate(all="ignore"):
            starts = (self.table.points[cells] * valid[:, :, None]).sum(axis=1) / valid.sum(axis=1)[:, None]
            found = minimise_many(rows, values, starts)
            cut = self._cut(cells, rows, row_errors, values, errors, exact, without, starts, found)
        rest = np.flatnonzero(~cut & (found.status == OPTIMAL))
        proved = np.zeros(len(cells), dtype=bool)
        if self.arithmetic != "rational":
            proved[rest] = self._proves(
                rows[rest],
                row_errors[rest],
                values[rest],
                errors[rest],
                found.basis[rest],
                found.multipliers[rest],
            )
        if self.arithmetic != "float":
            for t in rest[~proved[rest]].tolist():
                basis = [
                    self.table.oriented(int(self.table.bounds[cells[t], i])) for i in found.basis[t] if i >= 0
                ]
                proved[t] = proves(basis, exact(t))
        return cut, proved

    def _cut(
        self,
        cells: Index,
        rows: Array,
        row_errors: Array,
        values: Array,
        errors: Array,
        exact: ExactRow,
        without: Index | None,
        starts: Array,
        found: Proposals,
    ) -> NDArray[np.bool_]:
        """Store and report points on the negative side; keep points near the corners reached."""
        d = starts.shape[1]
        goal, offset = values[:, :d], values[:, d]
        before = (goal * starts).sum(axis=1) + offset
        ends = found.points.copy()
        after = (goal * ends).sum(axis=1) + offset
        ray = found.status == UNBOUNDED
        if ray.any():
            fall = -(goal[ray] * found.directions[ray]).sum(axis=1)
            far = (np.maximum(after[ray], 0) + np.abs(before[ray]) + np.abs(offset[ray])) / fall
            far = np.maximum(far, 1 / np.abs(found.directions[ray]).max(axis=1))
            ends[ray] += far[:, None] * found.directions[ray]
            after[ray] = (goal[ray] * ends[ray]).sum(axis=1) + offset[ray]
        crossing = before / (before - after)
        share = np.where(after < 0, (1 + crossing) / 2, 0.9375)
        cut = np.zeros(len(cells), dtype=bool)
        hopeful = np.flatnonzero((after < 0) & np.isfinite(share))
        # 24 bits if they do: such points cost less in exact arithmetic
        for short in (True, False):
            points = starts[hopeful] + share[hopeful, None] * (ends[hopeful] - starts[hopeful])
            if short:
                points = points.astype(np.float32).astype(np.float64)
            good = self._inside(cells[hopeful], rows[hopeful], row_errors[hopeful], points, without, hopeful)
            one = np.ones((len(hopeful), 1), dtype=bool)
            signs = self._signs(
                points[:, None, :],
                one & good[:, None],
                values[hopeful],
                errors[hopeful],
                chosen(exact, hopeful),
            )[:, 0]
            good &= signs < 0
            cut[hopeful[good]] = True
            if without is None:
                self.table.add(cells[hopeful[good]], points[good])
            hopeful = hopeful[~good]
        if without is None and self.arithmetic != "rational":
            self._keep_corners(cells, rows, row_errors, starts, ends)
        return cut

    def _keep_corners(self, cells: Index, rows: Array, row_errors: Array, starts: Array, ends: Array) -> None:
        points = (starts + 0.9375 * (ends - starts)).astype(np.float32).astype(np.float64)
        value, bound = evaluate_rows(points, rows, row_errors)
        good = (value > bound).all(axis=1)
        self.table.add(cells[good], points[good])

    def _inside(
        self, cells: Index, rows: Array, row_errors: Array, points: Array, without: Index | None, which: Index
    ) -> NDArray[np.bool_]:
        """Return whether points are proved to be inside their cells."""
        value, bound = evaluate_rows(points, rows, row_errors)
        if self.arithmetic == "float":
            return np.asarray((value > bound).all(axis=1))
        sure = (
            np.asarray((value > bound).all(axis=1))
            if self.arithmetic == "auto"
            else np.zeros(len(cells), dtype=bool)
        )
        for t in np.flatnonzero(
            ~sure & (value >= -bound).all(axis=1) & np.isfinite(points).all(axis=1)
        ).tolist():
            column = None if without is None else int(without[which[t]])
            sure[t] = self.table.contains(int(cells[t]), homogeneous(points[t].tolist()), column)
        return sure

    def _proves(
        self, rows: Array, row_errors: Array, values: Array, errors: Array, basis: Index, multipliers: Array
    ) -> NDArray[np.bool_]:
        """Return where multipliers prove in floats, outwards, that a row is not negative on a cell."""
        each = np.arange(len(rows))[:, None]
        basic, basic_errors = rows[each, np.maximum(basis, 0)], row_errors[each, np.maximum(basis, 0)]
        if np.isfinite(self.table.rows.reach).all():
            return proves_in_box(
                basic, basic_errors, values, errors, multipliers * (basis >= 0), self.table.rows.reach
            )
        return (basis >= 0).all(axis=1) & proves_everywhere(basic, basic_errors, values, errors)

    def _exactly(self, cell: int, row: Integers, without: int | None) -> int:
        """Decide with exact linear programmes, and store the points that prove a cut."""
        d = len(row) - 1
        self.exact_programmes += 1
        inner = self.table.inner_point(cell)
        if not any(row[:d]):
            return 1 if row[d] >= 0 else -1
        here = sign(row, inner)
        bounds = self.table.exact_rows(cell, without)
        ends = []
        for side in (1, -1):
            end = inner if here == side else beyond(bounds, times(row, -side), inner)
            if end is None:
                return -side
            ends.append(end)
        if without is None:
            for end in ends:
                self._store(cell, row, end)
        return CUT

    def contains(self, points: Array) -> NDArray[np.bool_]:
        """Return where a point (cells, d) per cell is proved to be inside."""
        result = np.zeros(len(self.table), dtype=bool)
        for start in range(0, len(result), _BLOCK):
            part = np.arange(start, min(start + _BLOCK, len(result)))
            result[part] = self._inside(part, *self.table.rows_of(part), points[part], None, part)
        return result & self.table.valid.any(axis=1)

    def mend(self, cell: int, row: Integers) -> None:
        """Store exact points of a cell on both sides of a row that is known to cut it."""
        inner = self.table.inner_point(cell)
        bounds = self.table.exact_rows(cell)
        for side in (1, -1):
            end = inner if sign(row, inner) == side else beyond(bounds, times(row, -side), inner)
            assert end is not None
            self.table.exact_points.setdefault(cell, []).append(end)

    def _store(self, cell: int, row: Integers, point: Integers) -> None:
        near = np.array(nearest(point))
        rounded = homogeneous(near.tolist())
        if sign(row, rounded) == sign(row, point) and self.table.contains(cell, rounded):
            self.table.add(np.array([cell]), near[None, :])
        else:
            self.table.exact_points.setdefault(cell, []).append(point)


def chosen(exact: ExactRow, which: Index) -> ExactRow:
    """Return the exact rows of some of the indices."""
    return lambda t: exact(int(which[t]))
