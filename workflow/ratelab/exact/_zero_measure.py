"""The measure of the set where a network vanishes, inside a box."""

from collections.abc import Sequence
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.exact._cells_of import Cells, Domain, LimitReached, check_domain, check_limit
from ratelab.exact._interval_values import interval_values
from ratelab.exact._line import line, number_of
from ratelab.exact._nonzero import nonzero, vanishing_class
from ratelab.exact._planar import planar_cells
from ratelab.exact._regions import check_dimension, check_network, disjoint_ends
from ratelab.exact._zero_measure_shallow import shallow_zeros
from ratelab.exact._zero_measure_slopes import slope_signs
from ratelab.networks import Network, fraction, rational
from ratelab.registry import Box, Boxes

Array = NDArray[np.float64]

_LIMIT = 20_000
_ULPS = 2.0**-48


def zero_measure(
    network: Network,
    domain: Sequence[Sequence[Any]] | Box | Boxes,
    *,
    limit: int = _LIMIT,
    boxes: int = 20_000,
) -> tuple[Fraction, Fraction]:
    """Enclose the Lebesgue measure of {x in a box : f̂(x) = 0}; with several outputs all must vanish.

    Exact, with equal ends: for analytic networks with a certificate (0), for piecewise linear ones without poolings in
    one variable, and in two where there are no more than `limit` cells. Else the box is halved again and again: a part
    counts as zero where intervals prove it, as free of zeros (up to a null set) where they exclude 0 or where f̂ is
    strictly monotone along an axis; what stays open separates the ends.

    Parameters
    ----------
    network
        Weights are taken as exact.
    domain
        One pair (lower, upper) per variable; or `Box`; or `Boxes`, which may overlap.
    limit
        Most cells of the exact method in two variables.
    boxes
        Work bound of the other one.

    Raises
    ------
    UserError
        If the domain is no bounded box, or an activation is neither piecewise polynomial nor declares `ball`.
    """
    check_network(network)
    check_limit(limit)
    check_limit(boxes)
    if not isinstance(domain, Box | Boxes):
        if domain is None:
            raise UserError("domain is None; the measure of a zero set needs a bounded box")
        return _on_box(network, check_domain(domain, network.inputs), limit, boxes)
    check_dimension(domain, network)
    if isinstance(domain, Box):
        return _on_box(network, check_domain(domain.bounds, network.inputs), limit, boxes)
    low, high = disjoint_ends(domain)
    found = [
        _on_box(network, tuple(zip(a, b, strict=True)), limit, max(boxes // len(low), 1))
        for a, b in zip(low.tolist(), high.tolist(), strict=True)
    ]
    return sum((a for a, _ in found), Fraction(0)), sum((b for _, b in found), Fraction(0))


def _on_box(network: Network, box: Domain | None, limit: int, boxes: int) -> tuple[Fraction, Fraction]:
    assert box is not None
    if nonzero(network):
        return Fraction(0), Fraction(0)
    kinds = {vanishing_class(a) for layer in network.layers[:-1] for a in layer.activations}
    if kinds <= {"analytic", "piecewise linear"} and not network.poolings and _continuous(network):
        if network.inputs == 1:
            found = (
                shallow_zeros(network, *map(rational, box[0]))
                if network.depth == 2
                else _on_line(network, box)
            )
            return fraction(found), fraction(found)
        if network.inputs == 2:
            area = _on_plane(network, box, limit)
            if area is not None:
                return area, area
    return _bracket(network, box, boxes)


def _continuous(network: Network) -> bool:
    from ratelab.exact._linear_activation import linear_layers

    try:
        linear_layers(network)
    except UserError:
        return False
    return True


def _on_line(network: Network, box: Domain) -> fmpq:
    found, _ = line(network, box, "rational", 10**9, False)
    ends = [number_of(box[0][0], True), *found.walls, number_of(box[0][1], True)]
    total = fmpq(0)
    for slope, offset, a, b in zip(found.slopes, found.offsets, ends[:-1], ends[1:], strict=True):
        if not any(slope) and not any(offset):
            total += b - a
    return total


def _on_plane(network: Network, box: Domain, limit: int) -> Fraction | None:
    """Return the measure, or None if there are too many cells; floats suffice if they prove that no map is 0."""
    try:
        try:
            near = planar_cells(network, box, arithmetic="float", limit=limit)
        except (UserError, OverflowError, FloatingPointError) as error:
            if isinstance(error, LimitReached):
                return None
            near = None
        if near is not None and near.certain and _no_zero_map(near):
            return Fraction(0)
        found = planar_cells(network, box, arithmetic="rational", limit=limit)
    except LimitReached:
        return None
    assert found.polygons is not None
    total = fmpq(0)
    for gradient, offset, polygon in zip(found.gradients, found.offsets, found.polygons, strict=True):
        if not any(gradient.flat) and not any(offset):
            total += _area(polygon)
    return fraction(total)


def _no_zero_map(cells: Cells) -> bool:
    assert cells.errors is not None
    slopes = (np.abs(cells.gradients) > cells.errors[0]).any(axis=(1, 2))
    return bool((slopes | (np.abs(cells.offsets) > cells.errors[1]).any(axis=1)).all())


def _area(polygon: Any) -> fmpq:
    x, y = polygon[:, 0], polygon[:, 1]
    twice: fmpq = sum((x[i - 1] * y[i] - x[i] * y[i - 1] for i in range(len(x))), fmpq(0))
    return (twice if twice > 0 else -twice) / 2


def _bracket(network: Network, box: Domain, most: int) -> tuple[Fraction, Fraction]:
    lower = np.array([float(a) for a, _ in box])
    side = np.array([float(b) for _, b in box]) - lower
    slack = _ULPS * (np.abs(lower) + side)
    volume = prod((Fraction(b) - Fraction(a) for a, b in box), start=Fraction(1))
    # a part is a corner in units of its level: exact integers, and its measure an exact share of the whole
    corner = np.zeros((1, len(box)), dtype=np.int64)
    halvings = np.zeros(len(box), dtype=np.int64)
    zero = free = Fraction(0)
    work = 0
    while len(corner) and work + len(corner) <= most:
        work += len(corner)
        width = side / 2.0**halvings
        low = lower + corner * width - slack
        high = lower + (corner + 1) * width + slack
        share = Fraction(1, 2 ** int(halvings.sum()))
        first, second = interval_values(network, low, high)
        vanish = np.all((first == 0) & (second == 0), axis=1)
        known = np.asarray(((first > 0) | (second < 0)).any(axis=1))
        left = np.flatnonzero(~vanish & ~known)
        if len(left):
            known[left] = slope_signs(network, low[left], high[left])
        zero += share * int(vanish.sum())
        free += share * int((known & ~vanish).sum())
        corner = corner[~vanish & ~known]
        axis = int(np.argmax(width))
        halvings[axis] += 1
        corner = np.repeat(corner, 2, axis=0)
        corner[:, axis] *= 2
        corner[1::2, axis] += 1
    return volume * zero, volume * (1 - free)
