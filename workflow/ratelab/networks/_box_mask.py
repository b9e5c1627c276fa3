"""Masks of unions of boxes: 1 on the boxes, 0 outside a margin around them, by ReLU networks with exact zeros.

For a box Q = Π[a_i, b_i] and a margin δ, ψ_Q = ρ(1 − δ⁻¹ Σ_i [ρ(a_i − x_i) + ρ(x_i − b_i)]) is 1 on Q and positive
where the distance to Q in the 1-norm is below δ (form ``sum``). The form ``product`` multiplies the factors
ρ(1 − δ⁻¹[ρ(a_i − x_i) + ρ(x_i − b_i)]) by poolings: positive where the distance in the maximum norm is below δ. The
mask is Ψ = min(1, Σψ_Q) = ρ(s) − ρ(s − 1), so that supp Ψ is the closed δ-neighbourhood of the union, exactly. In the
form 1 − ρ(1 − s), the same function, outward rounding cannot prove a single 0, as it takes 1 from 1. Faces that boxes
share are computed once.
"""

from fractions import Fraction
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from ratelab._errors import UserError
from ratelab.networks import _matrix
from ratelab.networks._calculus_counts import kept
from ratelab.networks._hat_counts import PooledCounts
from ratelab.networks._hat_layers import (
    Indices,
    as_floats,
    entry_matrix,
    entry_vector,
    finite_numbers,
    held,
    last_layer,
    one_number,
    product_layers,
    product_shapes,
    refuse_large,
    relu_layer,
    zero_network,
)
from ratelab.networks._layers import Layer
from ratelab.networks._network import Network
from ratelab.networks._numbers import exact_array, fraction

MaskForm = Literal["sum", "product"]

_THINNEST = Fraction(1, 2**40)
"""Margins are at least this share of the largest coordinate: 2^12 float64 numbers lie in them."""


def box_mask(lower: Any, upper: Any, margin: Any, form: MaskForm = "sum") -> Network:
    """Return Ψ: 1 on the union of boxes, 0 from the distance `margin` on, continuous and in [0, 1].

    Parameters
    ----------
    lower, upper
        (J, d) opposite corners, lower ≤ upper. No boxes: the zero network. Boxes that are given twice count once.
    margin
        δ > 0, at least 2^-40 of the largest coordinate. The network is sparse float64 and exact if float64 holds
        corners and 1/δ, or 1/δ and the corners in units of δ (a grid of spacing 1/10, as Fractions); else rational.
    form
        The norm in which the margin is measured: ``sum`` the 1-norm, without pooling, ``product`` the maximum norm.

    Raises
    ------
    UserError
        If sizes do not fit, a box is empty, a number is not finite, the margin is not positive or too thin for
        float64, or rational matrices get too large.
    """
    if form not in ("sum", "product"):
        raise UserError(f"box_mask: form is '{form}'; allowed: 'sum', 'product'")
    low, high = _corners(lower, upper)
    delta = one_number("box_mask: margin", margin)
    if not len(low):
        return zero_network(low.shape[1], 1)
    _check_margin(low, high, delta)
    count, dimension = low.shape
    faces, sides, positions, places = _faces(low, high)
    slope, ramp, positions, exact = _weights(positions, 1 / delta)
    shapes = _shapes(len(faces), places, form) if exact else []
    refuse_large("box_mask", shapes, "corners and a margin that are dyadic or on one grid of spacing 1/n")
    total = len(faces)
    first = entry_matrix(np.arange(total), faces, sides * slope, (total, dimension), exact)
    ramps = relu_layer(first, entry_vector(-sides * positions, exact))
    if form == "sum":
        bumps = [_bumps(places.reshape(count, -1), total, ramp, exact)]
        where = np.arange(count, dtype=np.int64)
    else:
        pairs, inverse = np.unique(places.reshape(-1, 2), axis=0, return_inverse=True)
        factors = np.asarray(inverse, dtype=np.int64).reshape(count, dimension)
        products, where = product_layers(factors, len(pairs), exact)
        bumps = [_bumps(pairs, total, ramp, exact), *products]
    layers = [ramps, *bumps, *_capped(where, bumps[-1].outputs, exact)]
    return kept("box_mask", Network(layers), box_mask_bound(dimension, count, form))


def box_mask_bound(dimension: int, boxes: int, form: MaskForm = "sum") -> PooledCounts:
    """Return the promise of `box_mask` for J boxes in d variables.

    ``sum``: 4 affine maps, width 2dJ, at most (2d + 1)J + 2 neurons and (4d + 2)J + 2 connections; 3 affine maps,
    2d + 1 neurons and 4d + 1 connections for one box. ``product``: ⌈log₂ d⌉ affine maps and poolings more, width
    max(2dJ, 2⌈d/2⌉J).
    """
    if not boxes:
        return PooledCounts(1, 0, 0, 0, 0)
    single = boxes == 1
    faces, bumps, poolings = 2 * dimension * boxes, boxes, 0
    width, neurons, connections = faces, 0, 0
    if form == "product":
        bumps, factors = dimension * boxes, dimension
        while factors > 1:
            size = 2 * ((factors + 1) // 2) * boxes
            neurons, connections = neurons + size, connections + factors * boxes
            factors, poolings = (factors + 1) // 2, poolings + 1
    ends, end_weights = (0, 1) if single else (2, 2 * boxes + 2)
    return PooledCounts(
        (3 if single else 4) + poolings,
        max(width, ends),
        poolings,
        2 * faces + connections + end_weights,
        faces + bumps + neurons + ends,
    )


def _corners(lower: Any, upper: Any) -> tuple[Any, Any]:
    low, high = finite_numbers("box_mask", "lower", lower), finite_numbers("box_mask", "upper", upper)
    if low.ndim != 2 or low.shape != high.shape or not low.shape[1]:
        raise UserError(f"box_mask: corners have shapes {low.shape} and {high.shape}; allowed: (J, d) twice")
    low, high = _matrix.alike(low, high)
    empty = np.flatnonzero((low > high).any(axis=1))
    if len(empty):
        j = int(empty[0])
        raise UserError(
            f"box_mask: box {j} from {_text(low[j])} to {_text(high[j])} is empty; allowed: lower ≤ upper"
        )
    _, kept = np.unique(_ranks(np.concatenate([low, high], axis=1)), axis=0, return_index=True)
    return low[np.sort(kept)], high[np.sort(kept)]


def _ranks(values: Any) -> Indices:
    """Return integers in the order of the values, which NumPy can sort row by row."""
    return np.unique(values.ravel(), return_inverse=True)[1].reshape(values.shape)


def _text(values: Any) -> str:
    return "(" + ", ".join(str(v) for v in values) + ")"


def _check_margin(low: Any, high: Any, delta: Fraction) -> None:
    """Refuse a margin in which float64 cannot tell enough points from each other."""
    largest = max(abs(_exact(v)) for values in (low, high) for v in (values.min(), values.max()))
    if delta < _THINNEST * largest:
        raise UserError(
            f"box_mask: margin is {float(delta):.3g} for corners of size {float(largest):.3g}; float64 grids are too "
            f"coarse for such a mask; allowed: at least {float(_THINNEST * largest):.3g}"
        )


def _exact(value: Any) -> Fraction:
    return Fraction(float(value)) if isinstance(value, float) else fraction(value)


def _faces(low: Any, high: Any) -> tuple[Indices, Indices, Any, Indices]:
    """Return axis, side (−1 lower, 1 upper) and position of the distinct faces, and (J, d, 2) those of each box."""
    axes, sides, positions = [], [], []
    places = np.empty((*low.shape, 2), dtype=np.int64)
    start = 0
    for axis in range(low.shape[1]):
        for end, (side, corners) in enumerate(((-1, low), (1, high))):
            found, inverse = np.unique(corners[:, axis], return_inverse=True)
            axes.append(np.full(len(found), axis))
            sides.append(np.full(len(found), side))
            positions.append(found)
            places[:, axis, end] = start + inverse
            start += len(found)
    return np.concatenate(axes), np.concatenate(sides), np.concatenate(positions), places


def _weights(positions: Any, inverse: Fraction) -> tuple[Any, Any, Any, bool]:
    """Return slope of the faces, slope of the ramps, biases of the faces, and whether they are rational.

    1/δ belongs to the ramps; it goes to the faces only if that alone lets float64 hold all numbers.
    """
    if not _matrix.rational_kind(positions):
        if held(inverse):
            return 1.0, float(inverse), positions, False
        positions = exact_array(positions)
    scaled = as_floats(exact_array([fraction(v) * inverse for v in positions]))
    if held(inverse) and not _matrix.rational_kind(scaled):
        return float(inverse), 1.0, scaled, False
    return 1, inverse, positions, True


def _bumps(faces: Indices, total: int, ramp: Any, exact: bool) -> Layer:
    """Return ρ(1 − ramp · Σ faces), one row for each row of `faces`."""
    count, each = faces.shape
    weight = entry_matrix(np.repeat(np.arange(count), each), faces.ravel(), -ramp, (count, total), exact)
    return relu_layer(weight, entry_vector(np.ones(count), exact))


def _capped(where: Indices, given: int, exact: bool) -> list[Layer]:
    """Return min(s, 1) = ρ(s) − ρ(s − 1) of the sum s of these values, all ≥ 0; one value is at most 1 already."""
    if len(where) == 1:
        return [last_layer(entry_matrix([0], where, 1, (1, given), exact))]
    rows = np.repeat([0, 1], len(where))
    weight = entry_matrix(rows, np.tile(where, 2), 1, (2, given), exact)
    both = relu_layer(weight, entry_vector(np.array([0.0, -1.0]), exact))
    return [both, last_layer(entry_matrix([0, 0], [0, 1], np.array([1, -1]), (1, 2), exact))]


def _shapes(faces: int, places: Indices, form: MaskForm) -> list[tuple[int, int]]:
    count, dimension = places.shape[:2]
    if form == "sum":
        sizes = [dimension, faces, count, 2, 1]
        return [(b, a) for a, b in pairwise(sizes)]
    pairs = len(np.unique(places.reshape(-1, 2), axis=0))
    return [(faces, dimension), (pairs, faces), *product_shapes(count, dimension, pairs), (2, count)]
