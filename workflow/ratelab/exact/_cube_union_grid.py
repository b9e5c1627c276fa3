"""A union of dilated cubes on a refined grid, of whose cells every one is inside or outside.

With margin δ = q·h + r, 0 ≤ r < h, the cubes grow by q cells, and what is left is the margin r. Along one axis the
lines kh ± r cut the line into cells of two kinds, *around* a grid line and *between* two of them:

* r < h/2: [kh − r, kh + r] belongs to the set if the cube before or behind the line does, [kh + r, (k+1)h − r] if its
  own cube does;
* r > h/2: [(k−1)h + r, (k+1)h − r] as before, [(k+1)h − r, kh + r] if its own cube or a neighbour does.

In the maximum norm axes are independent, so they are refined one after the other.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import prod

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError

Integers = NDArray[np.int64]

_MOST_CELLS = 60_000_000


@dataclass(frozen=True)
class RefinedGrid:
    """A set of closed cells of a grid with rational lines.

    Parameters
    ----------
    inside
        For every cell whether it belongs to the set; the outermost layers do not.
    edges
        For every axis the grid's lines, one more than cells.
    """

    inside: NDArray[np.bool_]
    edges: tuple[tuple[Fraction, ...], ...]

    def measure(
        self, low: tuple[Fraction, ...] | None = None, high: tuple[Fraction, ...] | None = None
    ) -> Fraction:
        """Return the measure of the set, or of its part in a box."""
        counts = self.inside.astype(np.int64)
        sizes: list[list[Fraction]] = []
        for axis, lines in enumerate(self.edges):
            if low is None or high is None:
                lengths = [b - a for a, b in zip(lines, lines[1:], strict=False)]
            else:
                lengths = [
                    max(min(b, high[axis]) - max(a, low[axis]), Fraction(0))
                    for a, b in zip(lines, lines[1:], strict=False)
                ]
            kinds = sorted(set(lengths) - {Fraction(0)})
            kind = {length: i for i, length in enumerate(kinds)}
            which = np.array([kind.get(length, -1) for length in lengths])
            counts = np.stack(
                [counts.compress(which == i, axis=axis).sum(axis=axis) for i in range(len(kinds))]
                or [np.zeros_like(counts.take(0, axis=axis))],
                axis=axis,
            )
            sizes.append(kinds or [Fraction(0)])
        return sum(
            (
                int(counts[place])
                * prod((side[i] for side, i in zip(sizes, place, strict=True)), start=Fraction(1))
                for place in zip(*(where.tolist() for where in np.nonzero(counts)), strict=True)
            ),
            Fraction(0),
        )


def refined_grid(cubes: Integers, spacing: Fraction, margin: Fraction) -> RefinedGrid:
    """Return the set of all points within `margin` of a cube, in the maximum norm, on its refined grid.

    Raises
    ------
    UserError
        If the grid has too many cells.
    """
    grown, rest = int(margin // spacing), margin % spacing
    places = []
    for axis in range(cubes.shape[1]):
        used = np.unique(cubes[:, axis])
        near = (used[:, None] + np.arange(-grown - 2, grown + 3)).ravel()
        places.append(np.unique(near))
    kinds = 2 if rest and 2 * rest != spacing else 1
    total = prod(kinds * len(place) + 1 for place in places)
    if total > _MOST_CELLS:
        raise UserError(
            f"cube union: its refined grid has about {total:.1e} cells; allowed: up to {_MOST_CELLS:.0e}, so take a "
            "larger spacing or fewer variables"
        )
    inside = np.zeros(tuple(map(len, places)), dtype=bool)
    inside[tuple(np.searchsorted(place, cubes[:, axis]) for axis, place in enumerate(places))] = True
    edges = []
    for axis, place in enumerate(places):
        inside = np.moveaxis(inside, axis, 0)
        if grown:
            inside = _grow(inside, grown)
        inside, lines = _refine(inside, place.tolist(), spacing, rest)
        inside = np.moveaxis(inside, 0, axis)
        edges.append(lines)
    return RefinedGrid(inside, tuple(edges))


def _grow(inside: NDArray[np.bool_], steps: int) -> NDArray[np.bool_]:
    """Dilate along the first axis; what is compressed away lies farther off than `steps` cells."""
    total = np.zeros((len(inside) + 2 * steps + 1, *inside.shape[1:]), dtype=np.int64)
    np.cumsum(inside, axis=0, out=total[steps + 1 : steps + 1 + len(inside)])
    total[steps + 1 + len(inside) :] = total[steps + len(inside)]
    return np.asarray(total[2 * steps + 1 :] > total[: len(inside)])


def _refine(
    inside: NDArray[np.bool_], places: list[int], spacing: Fraction, rest: Fraction
) -> tuple[NDArray[np.bool_], tuple[Fraction, ...]]:
    """Split the first axis along the lines kh ± rest; the outermost cells on both sides are empty."""
    if not rest:
        return inside, (*(k * spacing for k in places), (places[-1] + 1) * spacing)
    before = np.zeros_like(inside)
    before[1:] = inside[:-1]
    around = inside | before
    if 2 * rest == spacing:
        return around, (*(k * spacing - rest for k in places), places[-1] * spacing + rest)
    between = inside
    if 2 * rest > spacing:
        behind = np.zeros_like(inside)
        behind[:-1] = inside[1:]
        between = around | behind
    result = np.empty((2 * len(inside), *inside.shape[1:]), dtype=bool)
    result[0::2], result[1::2] = around, between
    lines: list[Fraction] = []
    for k in places:
        if 2 * rest < spacing:
            lines += [k * spacing - rest, k * spacing + rest]
        else:
            lines += [(k - 1) * spacing + rest, (k + 1) * spacing - rest]
    last = places[-1]
    return result, (*lines, (last + 1) * spacing - rest if 2 * rest < spacing else last * spacing + rest)
