"""The float64 image of a layer, with what is known of it exactly: which neurons have their kinks at the same place."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from ratelab.exact._line_sides import Indices, Knots
from ratelab.exact._linear_activation import LinearPieces
from ratelab.exact._rounding import rounded_all
from ratelab.networks import Layer, rational

Array = NDArray[np.float64]
UNIT = 2.0**-53


@dataclass(frozen=True, eq=False)
class FloatLayer:
    """A hidden or last layer in float64.

    Two pairs (neuron, knot) belong to one *hinge* if value minus knot of one is a multiple of that of the other, as
    affine functions of the layer's input; this is decided exactly. The neurons of a hinge bend together: where it is
    crossed with slope g, their slopes change by |g| times a fixed vector, and the slopes of the next pre-activations
    by |g| times a column of `spread`, which is computed exactly. So ρ(v) - ρ(-v) is seen to have no kink.

    Parameters
    ----------
    weight, absolute
        (n, inputs) dense or sparse, and its moduli.
    bias, bias_error
        (n,), and bounds of their rounding errors.
    slopes, intercepts
        (n, segments) of the activations.
    rough
        (n,): whether applying the activation rounds.
    knots
        The pairs (neuron, knot).
    hinge, orientation
        (pairs,): which hinge, and the sign of the multiple of its first pair.
    lead
        (hinges,): first pair of each.
    level, level_error
        (pairs,): the knot in float64 and its rounding error.
    members
        The pairs of each hinge that several pairs share.
    multiples
        What |g| is multiplied with for each of them.
    """

    weight: Any
    absolute: Any
    bias: Array
    bias_error: Array
    slopes: Array
    intercepts: Array
    rough: NDArray[np.bool_]
    knots: Knots
    hinge: Indices
    orientation: NDArray[np.int8]
    lead: Indices
    level: Array
    level_error: Array
    members: tuple[Indices, ...]
    multiples: tuple[tuple[fmpq, ...], ...]


def float_layer(layer: Layer, rounded: Layer, pieces: Sequence[LinearPieces]) -> FloatLayer:
    """Return the float64 image of a layer; `rounded` is the layer in float64 already."""
    knots = Knots.of(pieces)
    levels = [pieces[i].knots[k] for i, k in zip(knots.neuron.tolist(), knots.index.tolist(), strict=True)]
    level, level_error = rounded_all(levels)
    bias_error = rounded_all(list(layer.bias))[1] if layer.exact else np.zeros(layer.neurons)
    hinge, lead, scale = _hinges(layer, knots, levels)
    shared = [np.flatnonzero(hinge == h) for h in np.flatnonzero(np.bincount(hinge, minlength=1) > 1)]
    multiples = []
    for group in shared:
        ratios = [abs(scale[c] / scale[group[0]]) for c in group]
        steps = [_step(pieces[knots.neuron[c]], int(knots.index[c])) for c in group]
        multiples.append(tuple(r * s for r, s in zip(ratios, steps, strict=True)))
    positive = np.array([s > 0 for s in scale], dtype=bool)
    segments = max((len(p.slopes) for p in pieces), default=1)
    slopes, slope_error = rounded_all([_padded(p.slopes, k) for p in pieces for k in range(segments)])
    intercepts, intercept_error = rounded_all(
        [_padded(p.intercepts, k) for p in pieces for k in range(segments)]
    )
    shape = (len(pieces), segments)
    plain = (np.abs(slopes) <= 1) & (slopes == np.round(slopes)) & (intercepts == 0)
    plain &= (slope_error == 0) & (intercept_error == 0)
    return FloatLayer(
        rounded.weight,
        abs(rounded.weight),
        rounded.bias,
        bias_error,
        slopes.reshape(shape),
        intercepts.reshape(shape),
        ~plain.reshape(shape).all(axis=1),
        knots,
        hinge,
        np.where(positive == positive[lead][hinge], 1, -1).astype(np.int8)
        if len(hinge)
        else np.ones(0, np.int8),
        lead,
        level,
        level_error,
        tuple(shared),
        tuple(multiples),
    )


def spread(layer: FloatLayer, following: Layer) -> Array:
    """Return (neurons of the next layer, shared hinges): how the next pre-activations bend, per unit of |slope|."""
    columns = []
    for group, multiples in zip(layer.members, layer.multiples, strict=True):
        weight = following.weight[:, layer.knots.neuron[group]]
        weight = weight.toarray() if hasattr(weight, "toarray") else weight
        if len(group) == 2 and multiples[0] == multiples[1] == 1 and weight.dtype != object:
            # a sum of two floats is zero only if it is exactly zero
            columns.append(weight[:, 0] + weight[:, 1])
            continue
        exact = [
            sum((rational(w) * m for w, m in zip(row, multiples, strict=True) if w), fmpq(0))
            for row in weight
        ]
        columns.append(rounded_all(exact)[0])
    return np.stack(columns, axis=1) if columns else np.zeros((following.neurons, 0))


def _padded(values: Sequence[fmpq], index: int) -> fmpq:
    return values[min(index, len(values) - 1)]


def _step(pieces: LinearPieces, knot: int) -> fmpq:
    return pieces.slopes[knot + 1] - pieces.slopes[knot]


def _hinges(layer: Layer, knots: Knots, levels: Sequence[fmpq]) -> tuple[Indices, Indices, list[fmpq]]:
    """Hinge of each pair, first pair of each hinge, and each pair's first non-zero weight (1 if it has none)."""
    seen: dict[Any, int] = {}
    hinge: list[int] = []
    lead: list[int] = []
    scale: list[fmpq] = []
    rows: dict[int, tuple[Any, Any]] = {}
    for pair, (neuron, level) in enumerate(zip(knots.neuron.tolist(), levels, strict=True)):
        if neuron not in rows:
            rows[neuron] = _row(layer, neuron)
        places, weights = rows[neuron]
        if not len(places):
            key: Any = ("constant", pair)
            scale.append(fmpq(1))
        else:
            first = rational(weights[0])
            scale.append(first)
            offset = (rational(layer.bias[neuron]) - level) / first
            # quotients of proportional rows round alike, so that rows with other bits are no multiples
            with np.errstate(all="ignore"):
                ratios = tuple(weights / weights[0]) if layer.exact else (weights / weights[0]).tobytes()
            key = (places.tobytes(), ratios, offset)
            if (
                key in seen
                and not layer.exact
                and not _multiple(weights, rows[int(knots.neuron[lead[seen[key]]])][1])
            ):
                key = ("alone", pair)
        if key not in seen:
            seen[key] = len(lead)
            lead.append(pair)
        hinge.append(seen[key])
    return np.array(hinge, dtype=np.int64), np.array(lead, dtype=np.int64), scale


def _row(layer: Layer, neuron: int) -> tuple[Any, Any]:
    """Places and values of a row's non-zero weights."""
    weight = layer.weight
    row = weight[[neuron]].toarray()[0] if hasattr(weight, "toarray") else weight[neuron]
    places = np.flatnonzero(row)
    return places, row[places]


def _multiple(a: Array, b: Array) -> bool:
    """Whether two float rows are exactly proportional."""
    if np.array_equal(a, b) or np.array_equal(a, -b):
        return True
    ratio = rational(a[0]) / rational(b[0])
    return all(rational(p) == ratio * rational(q) for p, q in zip(a, b, strict=True))
