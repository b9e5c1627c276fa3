"""Indicators of intervals, boxes and convex polytopes as limits of ReLU networks of depth 3.

Let P = {x : A x ≤ b} have n faces, and let s_i = ρ(A x − b + w)_i / w be 0 up to w before the i-th face and 1 on it.
Then ρ(1 − Σ s_i) is 1 where A x ≤ b − w, 0 outside P and between 0 and 1 in the collar. One neuron a face and one on
top: the form ``hinges``. The form ``steps`` clips every ramp at 1, t_i = min(s_i, 1), as a difference of two neurons,
and computes ρ(Σ (1 − t_i) − (n − 1)): where a ramp is clipped both are 0, so that it is *the same function* with
twice as many neurons and connections (Gribonval, Kutyniok, Nielsen and Voigtlaender 2022 use such steps, as
recalled). In float64 ``hinges`` is exactly 0 outside P and exactly 1 where all neurons of its first layer rest;
``steps`` leaves rounding noise in both places, as four large numbers nearly cancel.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import cos, pi, sin
from typing import Any, Literal

import numpy as np

from ratelab._errors import UserError
from ratelab.networks._calculus_counts import Counts, kept
from ratelab.networks._network import Network
from ratelab.networks._numbers import exact_array, fraction, is_exact

Form = Literal["hinges", "steps"]


def step(at: Any, width: Any) -> Network:
    """Return the ramp from 0 at `at` to 1 at `at` + `width`: depth 2, two neurons, W = 4.

    As the width tends to 0 it tends to the jump 1_{x > at} in L_p, p < ∞, at distance (width/(p + 1))^(1/p).

    Parameters
    ----------
    at, width
        Numbers, width > 0; rational ones give a rational network.

    Raises
    ------
    UserError
        If they are not like this.
    """
    (place, size), exact = _numbers("step", [at, width])
    _positive("step", size, width)
    network = Network.dense([[[1], [1]], [[1 / size, -1 / size]]], [[-place, -place - size], [0]])
    return kept("step", network if exact else network.float64(), Counts(2, 4, 2))


def cube_indicator(lower: Sequence[Any], upper: Sequence[Any], width: Any, form: Form = "hinges") -> Network:
    """Return a network that is 1 on a box but for a collar inside it, and 0 outside.

    Depth 3. In d variables ``hinges`` takes 2d + 1 neurons and 4d + 1 connections, ``steps`` 4d + 1 and 8d + 1; both
    are ρ(1 − Σ s_i), s_i the share of the collar that x_i is beyond its inner edge.

    Parameters
    ----------
    lower, upper
        Opposite corners, d numbers each; rational ones give a rational network.
    width
        Of the collar, at most half of the shortest side.
    form
        See the module.

    Raises
    ------
    UserError
        If the sizes differ, a side is not positive, or the collar does not fit.
    """
    dimension = len(lower)
    if not dimension or len(upper) != dimension:
        raise UserError(
            f"cube_indicator: corners have {dimension} and {len(upper)} coordinates; allowed: equally many, from 1 on"
        )
    values, exact = _numbers("cube_indicator", [*lower, *upper, width])
    low, high, size = values[:dimension], values[dimension:-1], values[-1]
    shortest = min(b - a for a, b in zip(low, high, strict=True))
    if not 0 < 2 * size <= shortest:
        raise UserError(
            f"cube_indicator: width is {width} for a box from {list(lower)} to {list(upper)}; allowed: above 0, at "
            "most half of the shortest side"
        )
    unit = [[Fraction(int(i == j)) for j in range(dimension)] for i in range(dimension)]
    normals = [[sign * v for v in row] for row in unit for sign in (-1, 1)]
    offsets = [value for a, b in zip(low, high, strict=True) for value in (-a, b)]
    network = _polytope(normals, offsets, size, form)
    return kept(
        "cube_indicator", network if exact else network.float64(), cube_indicator_bound(dimension, form)
    )


def cube_indicator_bound(dimension: int, form: Form = "hinges") -> Counts:
    """Return the promise of `cube_indicator`: 2d + 1 neurons and 4d + 1 connections, or 4d + 1 and 8d + 1."""
    return polytope_indicator_bound(2 * dimension, 1, form)


def polytope_indicator(normals: Any, offsets: Any, width: Any, form: Form = "hinges") -> Network:
    """Return a network that is 1 on {x : A x ≤ b − w}, 0 outside {x : A x ≤ b}, and between 0 and 1 elsewhere.

    Depth 3. With n faces ``hinges`` takes n + 1 neurons and at most (d + 1)n + 1 connections, ``steps`` 2n + 1 and
    (2d + 2)n + 1.

    Parameters
    ----------
    normals
        A: (n, d), no zero rows; rational entries give a rational network. Collars are as wide as `width` where the
        rows are unit vectors.
    offsets
        b: (n,).
    width
        w > 0, in units of A x.
    form
        See the module.

    Raises
    ------
    UserError
        If sizes do not fit, a row is zero or the width is not positive.
    """
    rows = [list(row) for row in normals]
    bounds = list(offsets)
    if not rows or not rows[0] or any(len(row) != len(rows[0]) for row in rows) or len(bounds) != len(rows):
        raise UserError(
            f"polytope_indicator: {len(rows)} normals of sizes {sorted({len(r) for r in rows})} and {len(bounds)} "
            "offsets; allowed: n normals of one size, n offsets, n from 1 on"
        )
    values, exact = _numbers("polytope_indicator", [v for row in rows for v in row] + [*bounds, width])
    _positive("polytope_indicator", values[-1], width)
    faces, dimension = len(rows), len(rows[0])
    matrix = [values[i * dimension : (i + 1) * dimension] for i in range(faces)]
    zero = [i for i, row in enumerate(matrix) if not any(row)]
    if zero:
        raise UserError(f"polytope_indicator: normal {zero[0]} is zero; a face needs a direction")
    network = _polytope(matrix, values[faces * dimension : -1], values[-1], form)
    return kept(
        "polytope_indicator",
        network if exact else network.float64(),
        polytope_indicator_bound(faces, dimension, form),
    )


def polytope_indicator_bound(faces: int, dimension: int, form: Form = "hinges") -> Counts:
    """Return the promise of `polytope_indicator`: N = n + 1 and W = (d + 1)n + 1, with 2n in place of n for steps."""
    ramps = faces if form == "hinges" else 2 * faces
    return Counts(3, (dimension + 1) * ramps + 1, ramps + 1)


def polygon_indicator(vertices: Any, width: Any, form: Form = "hinges") -> Network:
    """Return a network that is 1 on a convex polygon but for a collar inside it, and 0 outside.

    Depth 3. With n edges ``hinges`` takes n + 1 neurons and 3n + 1 connections, ``steps`` 2n + 1 and 6n + 1.

    Parameters
    ----------
    vertices
        (n, 2), n ≥ 3, in either order around the polygon, none on the line between its neighbours. Rational ones give a
        rational network.
    width
        Of the collar; with rational vertices, where edges have no rational lengths, at least 1/√2 of that.
    form
        See the module.

    Raises
    ------
    UserError
        If the vertices are not the corners of a convex polygon, or the width is not positive.
    """
    corners = [list(v) for v in vertices]
    if len(corners) < 3 or any(len(v) != 2 for v in corners):
        raise UserError("polygon_indicator: vertices must be three or more points of the plane")
    values, exact = _numbers("polygon_indicator", [v for corner in corners for v in corner])
    points = [(values[2 * i], values[2 * i + 1]) for i in range(len(corners))]
    normals, offsets = _half_planes(points)
    if not exact and not is_exact([width]):
        lengths = [float(np.hypot(float(a), float(b))) for a, b in normals]
        normals = [[v / Fraction(s) for v in row] for row, s in zip(normals, lengths, strict=True)]
        offsets = [v / Fraction(s) for v, s in zip(offsets, lengths, strict=True)]
        network = polytope_indicator(normals, offsets, width, form).float64()
    else:
        sizes = [max(abs(a), abs(b)) for a, b in normals]
        normals = [[v / s for v in row] for row, s in zip(normals, sizes, strict=True)]
        network = polytope_indicator(
            normals, [v / s for v, s in zip(offsets, sizes, strict=True)], width, form
        )
    return kept("polygon_indicator", network, polygon_indicator_bound(len(corners), form))


def polygon_indicator_bound(sides: int, form: Form = "hinges") -> Counts:
    """Return the promise of `polygon_indicator`: n + 1 neurons and 3n + 1 connections, or 2n + 1 and 6n + 1."""
    return polytope_indicator_bound(sides, 2, form)


def regular_polygon_indicator(
    sides: int,
    inradius: float,
    width: float,
    centre: tuple[float, float] = (0.0, 0.0),
    form: Form = "hinges",
) -> Network:
    """Return `polygon_indicator` of a regular polygon: 0 outside it, 1 on the concentric one of inradius − width.

    Parameters
    ----------
    sides
        n ≥ 3; the outer normals have the angles 2πi/n.
    inradius, width
        0 < width < inradius.
    centre
        Of the polygon.
    form
        See the module.

    Raises
    ------
    UserError
        If they are not like this.
    """
    if sides != int(sides) or sides < 3:
        raise UserError(f"regular_polygon_indicator: sides is {sides}; allowed: whole numbers from 3 on")
    if not 0 < width < inradius:
        raise UserError(
            f"regular_polygon_indicator: width is {width}, inradius {inradius}; allowed: 0 < width < inradius"
        )
    x, y = centre
    angles = [2 * pi * i / sides for i in range(int(sides))]
    normals = [(cos(t), sin(t)) for t in angles]
    offsets = [inradius + x * a + y * b for a, b in normals]
    weights = np.where(np.abs(normals) < 1e-15, 0.0, normals)  # cos(π/2) is no connection
    return kept(
        "regular_polygon_indicator",
        polytope_indicator(weights.tolist(), offsets, width, form),
        polygon_indicator_bound(int(sides), form),
    )


def _polytope(normals: list[list[Any]], offsets: list[Any], width: Any, form: Form) -> Network:
    if form not in ("hinges", "steps"):
        raise UserError(f"indicator: form is '{form}'; allowed: 'hinges', 'steps'")
    faces = len(normals)
    if form == "hinges":
        weights = [normals, [[-1 / width] * faces], [[1]]]
        return Network.dense(weights, [[width - b for b in offsets], [1], [0]])
    rows = [[-v for v in row] for row in normals for _ in range(2)]
    biases = [value for b in offsets for value in (b, b - width)]
    return Network.dense([rows, [[1 / width, -1 / width] * faces], [[1]]], [biases, [1 - faces], [0]])


def _half_planes(points: list[tuple[Fraction, Fraction]]) -> tuple[list[list[Any]], list[Any]]:
    """Return outer normals and offsets of the edges, or raise a `UserError` if the corners are not convex."""
    edges = [(q[0] - p[0], q[1] - p[1]) for p, q in zip(points, [*points[1:], points[0]], strict=True)]
    turns = [e[0] * f[1] - e[1] * f[0] for e, f in zip(edges, [*edges[1:], edges[0]], strict=True)]
    sign = 1 if turns[0] > 0 else -1
    normals = [[sign * e[1], -sign * e[0]] for e in edges]
    offsets = [n[0] * p[0] + n[1] * p[1] for n, p in zip(normals, points, strict=True)]
    inside = all(
        n[0] * q[0] + n[1] * q[1] <= b for n, b in zip(normals, offsets, strict=True) for q in points
    )
    if not inside or any(sign * turn <= 0 for turn in turns):
        raise UserError(
            "polygon_indicator: the vertices are not the corners of a convex polygon in their order around it"
        )
    return normals, offsets


def _numbers(operation: str, values: Sequence[Any]) -> tuple[list[Fraction], bool]:
    """Return values as exact rationals, and whether the network is to stay rational."""
    try:
        exact = is_exact(values)
        return [fraction(v) for v in exact_array(values)], exact
    except (TypeError, ValueError, UserError) as error:
        raise UserError(f"{operation}: all parameters must be finite numbers ({error})") from None


def _positive(operation: str, size: Fraction, width: Any) -> None:
    if size <= 0:
        raise UserError(f"{operation}: width is {width}; allowed: above 0")
