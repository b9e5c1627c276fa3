"""Which cells share a facet, and the hyperplane through it.

Every bound of a cell that is not redundant carries a facet. Beyond it the pattern is that of the cell, but for the
neurons that sit on a knot all along the facet: usually one; where hyperplanes coincide the pattern is worked out layer
by layer in rationals. The cell with that pattern is the neighbour.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ratelab.exact._integers import Integers
from ratelab.exact._patterns_bounds import INFLATE, TINY, UNIT
from ratelab.exact._patterns_maps import Bounded, PatternMaps
from ratelab.exact._patterns_split import CUT, Splitter, chosen
from ratelab.exact._patterns_table import Array, Index, Table

_BLOCK = 4096


def facets(splitter: Splitter) -> tuple[Index, NDArray[np.int64]]:
    """Return (cell, signed row) of every facet that is not on the border of the domain."""
    table = splitter.table
    values, errors = table.rows.bounded
    cells, rows = [], []
    for column in range(table.bounds.shape[1]):
        signed = table.bounds[:, column]
        inner = np.flatnonzero(np.abs(signed) > table.rows.faces)
        turned = signed[inner]
        number = np.abs(turned)
        sides = splitter.sides(
            inner,
            values[number] * np.where(turned < 0, -1.0, 1.0)[:, None],
            errors[number],
            chosen(table.oriented, turned),
            np.full(len(inner), column),
        )
        cells.append(inner[sides == CUT])
        rows.append(turned[sides == CUT])
    return np.concatenate(cells), np.concatenate(rows)


def neighbours(
    table: Table,
    maps: PatternMaps,
    patterns: NDArray[np.int16],
    history: list[tuple[Bounded, Index]],
    cells: Index,
    rows: NDArray[np.int64],
    arithmetic: str,
) -> tuple[NDArray[np.int64], NDArray[np.int64], bool]:
    """Return pairs of cells that share a facet, the signed row of each pair, and whether every facet found its pair.

    Parameters
    ----------
    table, maps
        The cells and their network.
    patterns
        (cells, hidden neurons).
    history
        For each hidden layer the pre-activations of its parent cells, and every cell's parent.
    cells, rows
        Facets.
    arithmetic
        With ``rational`` floats decide nothing; with ``float`` a neighbour within their error bounds is accepted.
    """
    index = {pattern.tobytes(): cell for cell, pattern in enumerate(patterns)}
    pairs: dict[tuple[int, int], int] = {}
    complete = True
    for start in range(0, len(cells), _BLOCK):
        part = slice(start, start + _BLOCK)
        doubtful = np.ones((len(cells[part]), patterns.shape[1]), dtype=bool)
        if arithmetic != "rational":
            doubtful = _doubtful(table, maps, patterns, history, cells[part], rows[part])
        for cell, signed, doubts in zip(cells[part].tolist(), rows[part].tolist(), doubtful, strict=True):
            plain = _flipped(table, maps, patterns[cell], signed)
            beyond = _crossed(table, maps, patterns[cell], signed) if doubts.any() else plain
            other = index.get(beyond.tobytes())
            if other is None:
                complete = False
                alike = np.flatnonzero(((patterns == plain) | doubts).all(axis=1))
                other = int(alike[0]) if len(alike) and arithmetic == "float" else None
            if other is not None and (other, cell) not in pairs:
                pairs[cell, other] = signed
    found = np.array(list(pairs), dtype=np.int64).reshape(-1, 2)
    order = np.lexsort((found[:, 1], found[:, 0]))
    return found[order], np.array(list(pairs.values()), dtype=np.int64)[order], complete


def _flipped(table: Table, maps: PatternMaps, pattern: NDArray[np.int16], signed: int) -> NDArray[np.int16]:
    source = table.rows.sources[abs(signed)]
    assert source is not None
    beyond = pattern.copy()
    beyond[maps.starts[source.layer] + source.neuron] = source.knot + (signed < 0)
    return beyond


def _doubtful(
    table: Table,
    maps: PatternMaps,
    patterns: NDArray[np.int16],
    history: list[tuple[Bounded, Index]],
    cells: Index,
    rows: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Return (facets, neurons): which neurons may sit on a knot along a facet, as far as floats know, but its own."""
    values, errors = table.rows.bounded
    number = np.abs(rows)
    wall, wall_error = values[number], errors[number]
    sources = [table.rows.sources[r] for r in number.tolist()]
    own = np.array([maps.starts[s.layer] + s.neuron for s in sources if s is not None], dtype=np.intp)
    first = np.array([s.layer for s in sources if s is not None], dtype=np.intp)
    d = maps.dimension
    pivot = np.argmax(np.abs(wall[:, :d]), axis=1)
    each = np.arange(len(rows))
    top, top_error = wall[each, pivot], wall_error[each, pivot]
    result = np.zeros((len(rows), patterns.shape[1]), dtype=bool)
    for layer, ((value, error), parent) in enumerate(history):
        knots = np.array([len(p.knots) for p in maps.pieces[layer]])
        neurons = np.flatnonzero(knots > 0)
        if not len(neurons):
            continue
        place = maps.starts[layer] + neurons
        segments = patterns[cells][:, place]
        local = value[parent[cells]][:, neurons], error[parent[cells]][:, neurons]
        concerned = (first <= layer)[:, None] & (place[None, :] != own[:, None])
        for shift in (-1, 0):
            knot = segments + shift
            exists = (knot >= 0) & (knot < knots[neurons]) & concerned
            line, line_error = maps.shifted(
                layer, neurons[None, :], np.clip(knot, 0, None) % knots[neurons], local
            )
            result[:, place] |= exists & ~_apart(line, line_error, wall, wall_error, pivot, top, top_error)
    return result


def _apart(
    line: Array, line_error: Array, wall: Array, wall_error: Array, pivot: Index, top: Array, top_error: Array
) -> NDArray[np.bool_]:
    """Return where a 2 x 2 minor proves that a row (cells, neurons, d + 1) is no multiple of the wall's."""
    index = np.broadcast_to(pivot[:, None, None], (*line.shape[:2], 1))
    here = np.take_along_axis(line, index, axis=2)
    here_error = np.take_along_axis(line_error, index, axis=2)
    high, high_error = top[:, None, None], top_error[:, None, None]
    with np.errstate(over="ignore", invalid="ignore"):
        first, second = line * high, wall[:, None, :] * here
        bound = np.abs(line) * high_error + line_error * (np.abs(high) + high_error)
        bound += np.abs(wall[:, None, :]) * here_error + wall_error[:, None, :] * (np.abs(here) + here_error)
        bound += 4 * UNIT * (np.abs(first) + np.abs(second)) + TINY
        return np.asarray((np.abs(first - second) > bound * INFLATE).any(axis=2))


def _crossed(table: Table, maps: PatternMaps, pattern: NDArray[np.int16], signed: int) -> NDArray[np.int16]:
    """Return the pattern beyond a facet, layer by layer in rationals."""
    wall = table.oriented(signed)
    source = table.rows.sources[abs(signed)]
    assert source is not None
    beyond = pattern.copy()
    for layer in range(source.layer, len(maps.pieces)):
        for neuron, pieces in enumerate(maps.pieces[layer]):
            place = maps.starts[layer] + neuron
            for knot in {int(pattern[place]) - 1, int(pattern[place])} & set(range(len(pieces.knots))):
                if _multiple(maps.exact_row(layer, pattern, neuron, knot), wall):
                    row = maps.exact_row(layer, beyond, neuron, knot)
                    inward = sum(a * v for a, v in zip(row[:-1], wall, strict=False))
                    beyond[place] = knot + (inward <= 0)
    return beyond


def _multiple(row: Integers, wall: Integers) -> bool:
    pivot = next(i for i, v in enumerate(wall) if v)
    return all(a * wall[pivot] == b * row[pivot] for a, b in zip(row, wall, strict=True))


def wall_rows(table: Table, rows: NDArray[np.int64], exact: bool) -> Any:
    """Return the hyperplanes (a, b) of signed rows, oriented into the first cell of each pair."""
    if not exact:
        values, _ = table.rows.bounded
        return values[np.abs(rows)] * np.where(rows < 0, -1.0, 1.0)[:, None]
    from flint import fmpq

    result = np.empty((len(rows), table.points.shape[2] + 1), dtype=object)
    for index, signed in enumerate(rows.tolist()):
        result[index] = [fmpq(v) for v in table.oriented(signed)]
    return result
