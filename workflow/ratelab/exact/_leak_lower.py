"""Certified ends of ∫|f̂| over boxes, in balls and in centred form."""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from math import inf, isfinite, nextafter
from typing import Any, Literal

from flint import arb

from ratelab._errors import UserError
from ratelab.exact._leak_balls import BallLayer, ball_layers, working_precision
from ratelab.exact._leak_taylor import (
    BoxForm,
    NoSeriesError,
    box_forms,
    check_boxes,
    default_order,
    finite,
    series_obstruction,
)
from ratelab.exact._regions import box_ends, check_dimension, check_network, disjoint_ends
from ratelab.networks import Network
from ratelab.registry import Box, Boxes

_MOST = 4000


@dataclass(frozen=True)
class LeakBound:
    """Two proved ends of ∫|f̂| over a union of boxes.

    Parameters
    ----------
    lower, upper
        Rounded outwards; `upper` is infinite where nothing is known.
    boxes
        How many boxes the union was split into.
    form
        ``centred``: Taylor forms about the boxes' centres; ``naive``: the range of f̂ on each box.
    reason
        Why the form is naive; else empty.
    """

    lower: float
    upper: float
    boxes: int
    form: Literal["centred", "naive"]
    reason: str


@dataclass(frozen=True)
class _Part:
    low: list[Any]
    high: list[Any]
    least: Any
    most: Any

    @property
    def gap(self) -> float:
        width = float((self.most - self.least).upper())
        return width if isfinite(width) else inf


def leak_lower_bound(
    network: Network,
    low: Any,
    high: Any = None,
    *,
    precision: int = 200,
    tolerance: float = 0.01,
    most: int = _MOST,
    order: int | None = None,
) -> LeakBound:
    """Bound ∫|f̂| over boxes from below, and from above, with proof.

    On each box |∫ f̂| ≤ ∫|f̂|, where ∫ f̂ comes from a Taylor form about the centre; boxes with the widest gap between
    the two ends are halved along their longest side. With several outputs |·| is the Euclidean norm.

    Parameters
    ----------
    network
        Weights are taken as exact. Analytic activations whose `ball` maps power series, and piecewise polynomial
        ones, get the centred form; other ones with a `ball` the naive one.
    low, high
        (m, d) corners of boxes whose interiors do not meet, finite numbers; or as `low` alone the pair of them, a `Box`
        or `Boxes`, which may overlap.
    precision
        Working precision.
    tolerance
        Stop once the ends agree up to this share of the lower one.
    most
        Most boxes; those of the beginning beyond it count as 0.
    order
        Degree of the remainder; None for 8, 4 and 3 in one, two and three variables.

    Raises
    ------
    UserError
        If boxes, precision or limits are not like this, or an activation has no evaluation in balls.
    """
    check_network(network)
    _check(precision, tolerance, most, order)
    if high is None:
        low, high = _region(network, low)
    reason = series_obstruction(network)
    degree = None if reason else (default_order(network.inputs) if order is None else order)
    with working_precision(precision, 2 + (degree or 0)):
        layers = ball_layers(network)
        boxes = check_boxes(low, high, network.inputs)
        return _adaptive(layers, boxes, degree, tolerance, most, reason)


def _region(network: Network, region: Any) -> tuple[Any, Any]:
    if isinstance(region, Box | Boxes):
        check_dimension(region, network)
        return disjoint_ends(region)
    return box_ends(region, others=", or two arrays")


def _adaptive(
    layers: Sequence[BallLayer],
    boxes: list[tuple[list[Any], list[Any]]],
    order: int | None,
    tolerance: float,
    most: int,
    reason: str,
) -> LeakBound:
    heap = [_entry(i, _part(layers, a, b, order)) for i, (a, b) in enumerate(boxes[:most])]
    heapify(heap)
    count = len(heap)
    while heap[0][0] < 0 and not _close(heap, tolerance):
        # halve a share of the boxes before the sums are taken anew: running sums of floats would drift
        for _ in range(max(1, len(heap) // 8)):
            if len(heap) >= most or not heap[0][0] < 0:
                break
            part = heappop(heap)[2]
            for a, b in _halves(part.low, part.high):
                count += 1
                heappush(heap, _entry(count, _part(layers, a, b, order)))
        if len(heap) >= most:
            break
    lower, upper = _ends(heap)
    above = inf if len(boxes) > most or not upper.is_finite() else nextafter(float(upper.upper()), inf)
    return LeakBound(
        max(nextafter(float(lower.lower()), -inf), 0.0),
        above,
        len(heap),
        "naive" if order is None else "centred",
        reason,
    )


def _entry(index: int, part: _Part) -> tuple[float, int, _Part]:
    return -part.gap, index, part


def _ends(heap: list[tuple[float, int, _Part]]) -> tuple[Any, Any]:
    lower = sum((part.least for _, _, part in heap), arb(0))
    return lower, sum((part.most for _, _, part in heap), arb(0))


def _close(heap: list[tuple[float, int, _Part]], tolerance: float) -> bool:
    lower, upper = _ends(heap)
    return bool(upper - lower <= tolerance * lower)


def _part(layers: Sequence[BallLayer], low: list[Any], high: list[Any], order: int | None) -> _Part:
    forms = box_forms(layers, low, high, None)
    least, most = _least(forms), _most(forms, low, high)
    if order is not None:
        try:
            forms = box_forms(layers, low, high, order)
        except NoSeriesError:  # a quotient, say, whose divisor may vanish on so wide a box
            return _Part(low, high, least, most)
        least, most = _larger(least, _least(forms)), _smaller(most, _most(forms, low, high))
    return _Part(low, high, least, most)


def _larger(first: Any, second: Any) -> Any:
    return second if second > first else first


def _smaller(first: Any, second: Any) -> Any:
    return second if second < first or not first.is_finite() else first


def _least(forms: Sequence[BoxForm]) -> Any:
    """Return |∫ f| from below, the Euclidean norm for several outputs; 0 where nothing is known."""
    ends = [form.integral.abs_lower() if form.integral.is_finite() else arb(0) for form in forms]
    if len(ends) == 1:
        return ends[0]
    return arb(sum((e * e for e in ends), arb(0)).sqrt().lower())


def _most(forms: Sequence[BoxForm], low: Sequence[Any], high: Sequence[Any]) -> Any:
    if not all(map(finite, forms)):
        return arb("inf")
    if len(forms) == 1 and forms[0].definite:
        return forms[0].integral.abs_upper()
    volume = arb(1)
    for a, b in zip(low, high, strict=True):
        volume *= b - a
    total = sum((form.size.abs_upper() ** 2 for form in forms), arb(0)).sqrt() * volume
    return arb(total.upper())


def _halves(low: list[Any], high: list[Any]) -> list[tuple[list[Any], list[Any]]]:
    """Return the two halves along the longest side, cut at one exact number."""
    sides = [float((b - a).mid()) for a, b in zip(low, high, strict=True)]
    axis = sides.index(max(sides))
    middle = arb(((low[axis] + high[axis]) / 2).mid())
    return [
        (low, [*high[:axis], middle, *high[axis + 1 :]]),
        ([*low[:axis], middle, *low[axis + 1 :]], high),
    ]


def _check(bits: int, tolerance: float, most: int, order: int | None) -> None:
    if isinstance(bits, bool) or not isinstance(bits, int) or not 53 <= bits <= 100_000:
        raise UserError(f"precision is {bits!r}; allowed: whole numbers of bits from 53 to 100000")
    if not 0 < tolerance < inf:
        raise UserError(f"tolerance is {tolerance}; allowed: above 0, finite")
    if isinstance(most, bool) or not isinstance(most, int) or most < 1:
        raise UserError(f"most is {most!r}; allowed: whole numbers of boxes from 1 on")
    if order is not None and (isinstance(order, bool) or not isinstance(order, int) or not 1 <= order <= 30):
        raise UserError(f"order is {order!r}; allowed: whole numbers from 1 to 30, or None")
