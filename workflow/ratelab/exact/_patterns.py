"""Cells of a piecewise linear network of any number of variables, by activation patterns and linear programmes."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from ratelab.exact._cells_of import (
    DIFFERENT,
    EQUAL,
    LIMIT,
    UNDECIDED,
    Arithmetic,
    Cells,
    LimitReached,
    check_arithmetic,
    check_domain,
    check_limit,
)
from ratelab.exact._lp import nearest
from ratelab.exact._patterns_maps import Bounded, PatternMaps
from ratelab.exact._patterns_split import CUT, Splitter, chosen
from ratelab.exact._patterns_table import Index, Rows, Source, Table, box_points
from ratelab.exact._patterns_walls import facets, neighbours, wall_rows
from ratelab.exact._planar_maps import equal_maps
from ratelab.networks import Network, rational

Progress = Callable[[int, int], object]


def pattern_cells(
    network: Network,
    domain: Sequence[Sequence[float | Fraction]] | None = None,
    *,
    arithmetic: Arithmetic = "auto",
    limit: int = LIMIT,
    progress: Progress | None = None,
) -> Cells:
    """Find the activation cells of a continuous piecewise linear network of any number of variables.

    Neuron by neuron, layer by layer, every cell found so far is cut by the neuron's hyperplanes on it, if they meet
    its interior.

    Parameters
    ----------
    network
        Activations continuous and piecewise linear; no poolings.
    domain
        One pair (lower, upper) per variable, or None for all of R^d.
    arithmetic
        ``auto``: floats decide what rigorous error bounds allow, exact rationals the rest, so the result is always
        certain; its maps and points are float64. ``rational``: every decision, map and point is exact. ``float``:
        what floats cannot tell counts as no cut, and the result is then not certain.
    limit
        Largest number of cells allowed.
    progress
        Called with (hidden neurons done, cells so far).

    Raises
    ------
    UserError
        If the network or the domain is not of this kind.
    LimitReached
        If there are more cells than `limit`.
    """
    check_arithmetic(arithmetic)
    check_limit(limit)
    box = check_domain(domain, network.inputs)
    maps = PatternMaps(network)
    table = Table(Rows(maps, box), box_points(box, network.inputs, 4))
    splitter = Splitter(table, arithmetic)
    patterns = np.zeros((1, 0), dtype=np.int16)
    value = maps.first(1)
    history: list[tuple[Bounded, Index]] = []
    done = 0
    for layer in range(network.depth - 1):
        before = maps.affine(layer, value)
        search = _LayerSearch(splitter, maps, layer, before, patterns)
        for neuron in range(network.widths[layer]):
            search.step(neuron, limit)
            done += 1
            if progress is not None:
                progress(done, len(table))
        history = [(kept, parent[search.parent]) for kept, parent in history]
        history.append((before, search.parent))
        patterns = np.concatenate([patterns[search.parent], search.segments], axis=1)
        value = maps.activate(layer, (before[0][search.parent], before[1][search.parent]), search.segments)
    facet_cells, facet_rows = facets(splitter)
    exact = arithmetic == "rational"
    pairs, rows, complete = neighbours(table, maps, patterns, history, facet_cells, facet_rows, arithmetic)
    assert complete or arithmetic == "float", "a facet has no cell beyond it"
    final = maps.affine(network.depth - 1, value)
    kinked = np.array([bool(p.knots) for pieces in maps.pieces for p in pieces], dtype=bool)
    gradients, offsets = _exact_maps(maps, patterns) if exact else (final[0][..., :-1], final[0][..., -1])
    return Cells(
        dimension=network.inputs,
        domain=box,
        patterns=patterns[:, kinked],
        gradients=gradients,
        offsets=offsets,
        points=_inner_points(splitter, exact),
        neighbours=pairs,
        equal=_equal(maps, patterns, kinked, final, pairs, arithmetic),
        exact=exact,
        certain=splitter.certain and complete,
        walls=wall_rows(table, rows, exact),
        errors=None if exact else (final[1][..., :-1], final[1][..., -1]),
    )


class _LayerSearch:
    """Cuts cells by the neurons of one layer.

    What holds on a cell at the start of the layer, its parent, holds on all its parts: most neurons are settled there.
    """

    def __init__(
        self, splitter: Splitter, maps: PatternMaps, layer: int, before: Bounded, patterns: NDArray[np.int16]
    ) -> None:
        self.splitter, self.table = splitter, splitter.table
        self.maps, self.layer, self.before, self.patterns = maps, layer, before, patterns
        count = len(self.table)
        self.parent: Index = np.arange(count)
        self.segments = np.zeros((count, len(maps.pieces[layer])), dtype=np.int16)
        everywhere = np.arange(count)
        self.settled = {
            (neuron, knot): self._sides(everywhere, neuron, knot)
            for neuron, pieces in enumerate(maps.pieces[layer])
            for knot in range(len(pieces.knots))
        }

    def _rows(
        self, cells: Index, neuron: int, knot: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], Callable[[int], Any]]:
        parent = self.parent[cells]
        values, errors = self.maps.crossings(
            self.layer, neuron, knot, (self.before[0][parent], self.before[1][parent])
        )
        return (
            values,
            errors,
            lambda t: self.maps.exact_row(self.layer, self.patterns[parent[t]], neuron, knot),
        )

    def _sides(self, cells: Index, neuron: int, knot: int) -> NDArray[np.int8]:
        return self.splitter.sides(cells, *self._rows(cells, neuron, knot))

    def step(self, neuron: int, limit: int) -> None:
        """Cut all cells by the hyperplanes of a neuron."""
        for knot in range(len(self.maps.pieces[self.layer][neuron].knots)):
            sides = self.settled[neuron, knot][self.parent]
            # a cell left of a knot is left of the next one
            sides[self.segments[:, neuron] < knot] = -1
            open_cells = np.flatnonzero(sides == CUT)
            sides[open_cells] = self._sides(open_cells, neuron, knot)
            self.segments[sides == 1, neuron] += 1
            cut = np.flatnonzero(sides == CUT)
            if len(self.table) + len(cut) > limit:
                raise LimitReached(limit, len(self.table) + len(cut))
            if len(cut):
                self._cut(cut, neuron, knot)

    def _cut(self, cells: Index, neuron: int, knot: int) -> None:
        values, errors, exact = self._rows(cells, neuron, knot)
        signs = self.splitter.point_signs(cells, values, errors, exact)
        exact_signs = self.splitter.exact_signs(cells, exact)
        for t, cell in enumerate(cells.tolist()):
            if not {-1, 1} <= {*signs[t].tolist(), *exact_signs.get(cell, [])}:
                self.splitter.mend(cell, exact(t))
                exact_signs |= self.splitter.exact_signs(cells[t : t + 1], chosen(exact, np.array([t])))
        numbers = self._store(cells, neuron, knot)
        new = self.table.split(cells, numbers, signs, exact_signs)
        assert len(new) == len(cells)
        self.parent = np.concatenate([self.parent, self.parent[cells]])
        above = self.segments[cells].copy()
        above[:, neuron] = knot + 1
        self.segments = np.concatenate([self.segments, above])

    def _store(self, cells: Index, neuron: int, knot: int) -> Index:
        """Store each parent's row once and return the number of each cell's."""
        parents, which = np.unique(self.parent[cells], return_inverse=True)
        values, errors = self.maps.crossings(
            self.layer, neuron, knot, (self.before[0][parents], self.before[1][parents])
        )
        sources = [Source(self.layer, neuron, knot, self.patterns[p]) for p in parents.tolist()]
        return self.table.rows.append(values, errors, sources)[which]


def _equal(
    maps: PatternMaps,
    patterns: NDArray[np.int16],
    kinked: NDArray[np.bool_],
    final: Bounded,
    pairs: NDArray[np.int64],
    arithmetic: str,
) -> NDArray[np.int8]:
    """Return which neighbours have equal maps."""
    result = np.full(len(pairs), UNDECIDED, dtype=np.int8)
    if arithmetic != "rational":
        result = equal_maps(maps.network, patterns[:, kinked], pairs)
        value, error = final
        one, two = pairs[:, 0], pairs[:, 1]
        with np.errstate(over="ignore", invalid="ignore"):
            apart = np.abs(value[one] - value[two]) > (error[one] + error[two]) * (1 + 1e-6)
        result[(result == UNDECIDED) & apart.any(axis=(1, 2))] = DIFFERENT
    if arithmetic != "float":
        last = len(maps.layers) - 1
        for t in np.flatnonzero(result == UNDECIDED).tolist():
            left, right = (maps.exact(last, patterns[cell]) for cell in pairs[t])
            result[t] = EQUAL if left == right else DIFFERENT
    return result


def _exact_maps(maps: PatternMaps, patterns: NDArray[np.int16]) -> tuple[NDArray[Any], NDArray[Any]]:
    d, k = maps.dimension, maps.network.outputs
    result = np.empty((len(patterns), k, d + 1), dtype=object)
    for cell, pattern in enumerate(patterns):
        entries = maps.exact(len(maps.layers) - 1, pattern).entries()
        for index, entry in enumerate(entries):
            result[cell, index // (d + 1), index % (d + 1)] = entry
    return result[..., :-1], result[..., -1]


def _inner_points(splitter: Splitter, exact: bool) -> NDArray[Any]:
    """Return a point inside each cell: the middle of those known, if that is proved to be inside."""
    table = splitter.table
    weight = table.valid / np.maximum(table.valid.sum(axis=1), 1)[:, None]
    with np.errstate(over="ignore"):
        middle = (table.points * weight[:, :, None]).sum(axis=1)
    good = splitter.contains(middle)
    first = table.points[np.arange(len(table)), np.argmax(table.valid, axis=1)]
    points: NDArray[Any] = np.where(good[:, None], middle, first)
    thin = {cell: table.inner_point(cell) for cell in np.flatnonzero(~table.valid.any(axis=1)).tolist()}
    if not exact:
        for cell, point in thin.items():
            points[cell] = nearest(point)
        return points
    result = np.empty(points.shape, dtype=object)
    for index, entry in np.ndenumerate(points):
        result[index] = rational(float(entry))
    for cell, point in thin.items():
        result[cell] = [fmpq(p, point[-1]) for p in point[:-1]]
    return result
