"""Certificates that a network is 0 on boxes, unbounded ones among them."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.exact._half_space import HalfSpace
from ratelab.exact._interval_rational import rational_boxes, rational_interval_values
from ratelab.exact._interval_values import float_boxes, interval_values
from ratelab.exact._regions import box_ends, check_dimension, check_network
from ratelab.networks import Network
from ratelab.registry import Box, Boxes

Arithmetic = Literal["float64", "rational"]
Ends = NDArray[Any]

_DEPTH_MAX = 40


@dataclass(frozen=True, eq=False, repr=False)
class ZeroCertificate:
    """What outward intervals prove about a network on boxes; true if it is 0 on all of them.

    Parameters
    ----------
    boxes
        Lower and upper ends (m, d) as given: float64, or Fractions (and ±inf) in rational arithmetic. For a half-space
        that is not parallel to an axis, boxes in coordinates whose first one is normal·x.
    values
        Ends (m, k) of enclosures of all outputs.
    zero
        (m,): whether the enclosure of a box is [0, 0] in every output: then the network is 0 there. If not, nothing is
        said: it may be 0 still.
    nonzero
        (m,): whether an enclosure excludes 0 on the box or on a part of it: then the network is not 0 there.
    arithmetic
        ``float64`` or ``rational``.
    """

    boxes: tuple[Ends, Ends]
    values: tuple[Ends, Ends]
    zero: NDArray[np.bool_]
    nonzero: NDArray[np.bool_]
    arithmetic: Arithmetic

    def __bool__(self) -> bool:
        return bool(self.zero.all())

    @property
    def share(self) -> float:
        """Share of the boxes on which the network is certified to be 0."""
        return float(self.zero.mean())

    @property
    def witness(self) -> int | None:
        """Index of the first box on which the network is certainly not 0, or None."""
        return int(np.argmax(self.nonzero)) if self.nonzero.any() else None

    def __repr__(self) -> str:
        boxes = len(self.zero)
        number = f"{int(self.zero.sum())} of {boxes} box{'es' * (boxes != 1)}"
        against = f", certainly not 0 on {int(self.nonzero.sum())}" if self.nonzero.any() else ""
        return f"ZeroCertificate(0 on {number}{against}; {self.arithmetic} intervals)"


def vanishes(
    network: Network,
    region: Any,
    *,
    arithmetic: Arithmetic = "float64",
    subdivide: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> ZeroCertificate:
    """Try to prove that a network is 0 on a region, by intervals with outward rounding.

    A certificate is a proof, about real arithmetic; its failure says nothing. Readouts take no part: certify
    ``network.readout(i)``.

    Parameters
    ----------
    network
        float64 weights are taken as exact. Rational ones are enclosed in ``float64``, exact in ``rational``.
    region
        A pair of arrays (m, d), lower and upper ends of closed boxes, with −inf and inf (or None) where a side has no
        end, as `CubeUnion.complement` gives them; `Box`; `Boxes`; `HalfSpace`. A half-space that is not parallel to an
        axis is straightened in rationals: for small networks.
    arithmetic
        ``rational`` for weights or boxes that are not dyadic, and small networks.
    subdivide
        How often a box that is not certified is bisected before it is given up.
    progress
        Called with (done, total) boxes of each subdivision.

    Raises
    ------
    UserError
        If the region is none of these or has another dimension, or an activation has no intervals.
    """
    if arithmetic not in ("float64", "rational"):
        raise UserError(f"arithmetic is '{arithmetic}'; allowed: float64, rational")
    if subdivide != int(subdivide) or not 0 <= subdivide <= _DEPTH_MAX:
        raise UserError(f"subdivide is {subdivide}; allowed: whole numbers from 0 to {_DEPTH_MAX}")
    check_network(network)
    network, low, high = _boxes(network, region)
    if arithmetic == "rational":
        low, high = rational_boxes(low, high, network.inputs)
        enclose: Any = rational_interval_values
    else:
        low, high = float_boxes(low, high, network.inputs)
        enclose = interval_values
    count = len(low)
    zero, nonzero = np.ones(count, dtype=bool), np.zeros(count, dtype=bool)
    values: list[Ends] = []
    owner, parts = np.arange(count), (low, high)
    for level in range(subdivide + 1):
        found = enclose(network, *parts, progress=progress)
        certified = _all(found[0] == 0) & _all(found[1] == 0)
        excluded = ~_all((found[0] <= 0) & (found[1] >= 0))
        nonzero[owner[excluded]] = True
        if level == 0:
            values = [found[0], found[1]]
        # a box that is not 0 somewhere needs no further proof
        left = ~certified & ~nonzero[owner]
        if level == subdivide or not left.any():
            zero[owner[~certified]] = False
            break
        zero[nonzero] = False
        owner = np.repeat(owner[left], 2)
        parts = _halves(parts[0][left], parts[1][left], _scale(network))
    for end in values:
        end[zero] = Fraction(0) if arithmetic == "rational" else 0.0
    return ZeroCertificate((low, high), (values[0], values[1]), zero, nonzero, arithmetic)


def _all(flags: Any) -> NDArray[np.bool_]:
    return np.asarray(np.asarray(flags, dtype=bool).all(axis=1))


def _boxes(network: Network, region: Any) -> tuple[Network, Any, Any]:
    """Return the network and lower and upper ends of boxes, in coordinates in which the region is boxes."""
    if isinstance(region, Box | Boxes | HalfSpace):
        check_dimension(region, network)
    if isinstance(region, HalfSpace):
        low, high = region.box()
        return (network if region.axis is not None else region.straightened(network)), low, high
    return network, *box_ends(region, others=", HalfSpace")


def _scale(network: Network) -> float:
    """Return about twice the size of the places where the first layer bends, at least 1/1024."""
    first = network.layers[0]
    weight, bias = first.weight, first.bias
    if first.exact:
        entries = [abs(float(v)) for v in map(_as_float, weight.flat) if v]
    else:
        entries = list(np.abs(weight.data if hasattr(weight, "indptr") else weight[weight != 0]))
    largest = max((abs(_as_float(v)) for v in bias), default=0.0)
    size = largest / max(float(np.median(entries)), 1e-300) if entries else 1.0
    return min(max(2 * size, 2.0**-10), 1e300)


def _as_float(value: Any) -> float:
    try:
        return float(value) if isinstance(value, float) else int(value.p) / int(value.q)
    except OverflowError:
        return 1e300


def _halves(low: Ends, high: Ends, scale: float) -> tuple[Ends, Ends]:
    """Bisect each box; halves of a box follow one another."""
    below, above = np.repeat(low, 2, axis=0), np.repeat(high, 2, axis=0)
    for index in range(len(low)):
        axis, place = _cut(low[index], high[index], scale)
        above[2 * index, axis] = below[2 * index + 1, axis] = place
    return below, above


def _cut(low: Any, high: Any, scale: float) -> tuple[int, Any]:
    """Return an axis and where to cut it: lines first, then rays that reach over the scale, then the widest side."""
    kind: Any = Fraction if low.dtype == object else float
    axes = range(len(low))
    rays = [i for i in axes if (low[i] == -inf) != (high[i] == inf)]
    sides = [i for i in axes if low[i] > -inf and high[i] < inf and low[i] < high[i]]
    for i in axes:
        if low[i] == -inf and high[i] == inf:
            return i, kind(0)
    for i in rays:
        if low[i] < scale and high[i] == inf:
            return i, kind(scale)
        if high[i] > -scale and low[i] == -inf:
            return i, kind(-scale)
    if sides:
        axis = max(sides, key=lambda i: high[i] - low[i])
        return axis, low[axis] / 2 + high[axis] / 2
    if rays:
        ends = {i: low[i] if high[i] == inf else high[i] for i in rays}
        axis = min(rays, key=lambda i: abs(ends[i]))
        # beyond the largest float there is nothing to cut
        return axis, 2 * ends[axis] if kind is Fraction or abs(ends[axis]) < 2.0**1022 else ends[axis]
    return 0, low[0]  # a point
