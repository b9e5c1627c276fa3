"""A piecewise linear function as a maximum of minima of its own affine maps, exactly (C-K7)."""

from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpq

from ratelab.exact._cells_of import Cells
from ratelab.exact._integers import Integers, integers
from ratelab.exact._represent_cones import Cone
from ratelab.exact._represent_gadgets import Term, affine, network, neurons_bound
from ratelab.exact._walls import Map, Walls, cells_of, walls
from ratelab.networks import Network


@dataclass(frozen=True)
class LatticeForm:
    """sign·f = max over the sets of the min over each of sign·(map).

    Parameters
    ----------
    sign
        1, or −1 for f as a minimum of maxima.
    maps
        Distinct affine maps (a, b) of f.
    sets
        Of indices of maps; none contains another.
    """

    sign: int
    maps: tuple[Map, ...]
    sets: tuple[tuple[int, ...], ...]

    @property
    def sizes(self) -> list[int]:
        """Numbers of members of the sets."""
        return [len(members) for members in self.sets]


def lattice(cells: Cells | Network) -> Network:
    """Return a rational ReLU network of the lattice form of a function; on a box it agrees on the box.

    With at most k members in each of q sets its depth is ⌈log2 k⌉ + ⌈log2 q⌉ + 1. The neurons are at most those of
    `neurons_bound`. Of f = max min and f = min max it takes the one with the smaller bound.

    Parameters
    ----------
    cells
        Rational cells with one output, or a network, as for `represent_cells`.

    Raises
    ------
    UserError
        If the cells are in float64, have several outputs or no walls.
    """
    cells = cells_of(cells)
    given = walls(cells)
    form = min((_form(given, sign) for sign in (1, -1)), key=lambda f: neurons_bound([f.sizes])[0])
    term = Term(
        fmpq(form.sign),
        tuple(tuple(affine([form.sign * v for v in form.maps[i]]) for i in members) for members in form.sets),
    )
    result = network(cells.dimension, [term])
    neurons, layers = neurons_bound([form.sizes])
    depth = ceil_log2(max(form.sizes)) + ceil_log2(len(form.sets)) + 1
    if result.neurons > neurons or result.depth > depth or layers + 1 != depth:
        raise AssertionError(
            f"{result.neurons} neurons at depth {result.depth}; promised: at most {neurons} at depth {depth}"
        )
    return result


def lattice_form(cells: Cells | Network) -> LatticeForm:
    """Return the sets of `lattice` as max min; see there."""
    return _form(walls(cells_of(cells)), 1)


def max_min_size(maps: int, pieces: int) -> int:
    """Return the published number of neurons for k distinct maps and q convex pieces.

    (3·2^{c(k)} + 2c(k) − 3)·q + 3·2^{c(q)} − 2c(k) − 3 with c(x) = ⌈log2 x⌉ (Chen, Garudadri and Rao 2022, as
    implemented in their public code).
    """
    k, q = ceil_log2(maps), ceil_log2(pieces)
    return int((3 * 2**k + 2 * k - 3) * pieces + 3 * 2**q - 2 * k - 3)


def ceil_log2(number: int) -> int:
    """Return ⌈log2 number⌉ of a positive integer."""
    return (number - 1).bit_length()


@dataclass(frozen=True)
class _Region:
    """A convex region with the bit sets of maps that are ≥ and ≤ the function on all of it."""

    cone: Cone
    own: int
    above: int
    below: int
    ordered: bool

    @classmethod
    def of(cls, cone: Cone, own: int, maps: Sequence[Integers]) -> "_Region":
        above = below = 0
        for index, other in enumerate(maps):
            greater, smaller = cone.sides([a - b for a, b in zip(other, maps[own], strict=True)])
            above |= (not smaller) << index
            below |= (not greater) << index
        return cls(cone, own, above, below, above | below == (1 << len(maps)) - 1)

    def parts(self, maps: Sequence[Integers]) -> "list[_Region]":
        """Cut it until every map is ≥ or ≤ the function on each part."""
        cones = [self.cone]
        for other in maps:
            difference = [a - b for a, b in zip(other, maps[self.own], strict=True)]
            halves = []
            for cone in cones:
                if cone.sides(difference) == (True, True):
                    halves += [cone.cut(difference), cone.cut([-v for v in difference])]
                else:
                    halves.append(cone)
            cones = halves
        return [_Region.of(cone, self.own, maps) for cone in cones]


def _form(given: Walls, sign: int) -> LatticeForm:
    """Return sets S of maps with min_S ≤ sign·f everywhere, and for each region one with min_S = sign·f on it.

    A set gives a minimum ≤ f on a region if it meets the maps `below` there, and one ≥ f if it lies in `above`. The
    maps above a region R serve it if they meet the maps below every other region R′; else both are cut until each map
    is on one side of f on every part. Then they do: on the way from an inner point of R to one of R′, some map is ≥ f
    at the start and ≤ f at the end, hence ≥ f on R and ≤ f on R′. (With the chord of f subtracted: if f is positive
    somewhere on the way, the map before it returns to zero, if negative, the map with which it leaves zero.)
    Cells alone do not always do: f = min(0, y + |x|) with {y ≥ 0} as one cell has no map but 0 above that cell.
    """
    distinct = given.distinct
    number = {row: index for index, row in enumerate(distinct)}
    # one common factor keeps the order of the maps
    joint = integers([sign * v for row in distinct for v in row] + [fmpq(1)])
    width = len(distinct[0])
    maps = [joint[i : i + width] for i in range(0, width * len(distinct), width)]
    regions = [_Region.of(cone, number[row], maps) for cone, row in zip(given.cones, given.maps, strict=True)]
    while broken := _unserved(regions):
        regions = [p for i, r in enumerate(regions) for p in (r.parts(maps) if i in broken else [r])]
    above = {region.above for region in regions}
    below = _smallest({region.below for region in regions})
    candidates = {_hitting(members, below) for members in above}
    waiting, chosen = set(above), []
    while waiting:
        best = max(
            sorted(candidates), key=lambda s: (sum(s & ~members == 0 for members in waiting), -s.bit_count())
        )
        chosen.append(best)
        waiting = {members for members in waiting if best & ~members}
    sets = [tuple(i for i in range(len(maps)) if members >> i & 1) for members in chosen]
    return LatticeForm(sign, distinct, tuple(sets))


def _unserved(regions: Sequence[_Region]) -> set[int]:
    """Return the regions that have to be cut: pairs where no map is above one and below the other."""
    classes: dict[tuple[int, int], list[int]] = {}
    for index, region in enumerate(regions):
        classes.setdefault((region.above, region.below), []).append(index)
    return {
        index
        for first in classes
        for second in classes
        if not first[0] & second[1]
        for index in classes[first] + classes[second]
        if not regions[index].ordered
    }


def _smallest(masks: set[int]) -> list[int]:
    """Return the bit sets that contain no other one."""
    result: list[int] = []
    for mask in sorted(masks, key=lambda m: (m.bit_count(), m)):
        if all(other & ~mask for other in result):
            result.append(mask)
    return result


def _hitting(members: int, below: Sequence[int]) -> int:
    """Return a small subset of the members that still meets every set below: greedy, then thinned."""
    waiting, chosen = list(below), 0
    while waiting:
        bits = [1 << i for i in range(members.bit_length()) if members >> i & 1]
        chosen |= max(bits, key=lambda b: sum(bool(b & mask) for mask in waiting))
        rest = [mask for mask in waiting if not chosen & mask]
        if len(rest) == len(waiting):
            raise AssertionError("no map above one region is below another")
        waiting = rest
    for bit in [1 << i for i in range(chosen.bit_length()) if chosen >> i & 1]:
        if all((chosen & ~bit) & mask for mask in below):
            chosen &= ~bit
    return chosen
