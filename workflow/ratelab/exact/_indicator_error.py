"""The L2 error of a piecewise linear network for the indicator of a disc or a rectangle, without quadrature.

On a triangle T of one of the network's cells g is affine, and ∫_T (g − 1_S)² = ∫_T g² + ∫_{T∩S} (1 − 2g) takes the
area and the first moments of T∩S. For a disc they follow from Green's formula: the boundary of T∩S consists of parts
of T's edges and of arcs, and both have closed forms. For a rectangle the domain is cut along its sides beforehand. An
adaptive rule can miss what a steep network does near a jump; this cannot.
"""

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.exact._linear_activation import linear_layers
from ratelab.exact._planar_subdivision import subdivide
from ratelab.networks import Network
from ratelab.registry import Target
from ratelab.registry._shapes import Ball, Box

Array = NDArray[np.float64]
Rectangle = tuple[tuple[float, float], tuple[float, float]]

_MOST_CELLS = 40_000


def indicator_error(network: Network, target: Target) -> float | None:
    """Return ‖network − target‖ in L2 for a target that declares a disc or a rectangle of which it is the indicator.

    Parameters
    ----------
    network
        Two inputs, one output.
    target
        Two variables.

    Returns
    -------
    float or None
        The error; its square is exact to about 1e-15 of the domain's area. None where this does not apply: another
        target, an activation that is not piecewise linear, or too many cells.
    """
    shape = target.indicator_of
    if shape is None or target.dimension != 2 or network.outputs != 1:
        return None
    (a, b), (c, d) = target.domain
    try:
        linear_layers(network)
        if isinstance(shape, Box):
            total = sum(
                _squares(network, part, float(_within(shape, part)))
                for part in _parts(shape, ((a, b), (c, d)))
            )
        else:
            total = _disc(network, ((a, b), (c, d)), shape)
    except UserError:
        return None
    return float(np.sqrt(max(total, 0.0)))


def _parts(box: Box, domain: Rectangle) -> list[Rectangle]:
    """Cut the domain along the lines of a rectangle's sides."""
    cuts = []
    for (low, high), sides in zip(domain, box.bounds, strict=True):
        inner = sorted({float(v) for v in sides if low < v < high})
        places = [low, *inner, high]
        cuts.append(list(zip(places, places[1:], strict=False)))
    return [(x, y) for x in cuts[0] for y in cuts[1]]


def _within(box: Box, part: Rectangle) -> bool:
    return all(low < (a + b) / 2 < high for (a, b), (low, high) in zip(part, box.bounds, strict=True))


def _triangles(network: Network, domain: Rectangle) -> tuple[Array, Array]:
    """Return triangles (m, 3, 2) on which the network is affine, and its values (m, 3) at their corners."""
    found = subdivide(network, domain, False, False, _MOST_CELLS)
    order, starts = found.mesh.loops()
    corners = found.values.coordinates.T[found.mesh.origin[order]]
    sizes = np.diff(starts)
    # fans: the first corner of a face with each edge that does not touch it
    edge = np.arange(len(corners)) - np.repeat(starts[:-1], sizes)
    inner = np.flatnonzero((edge >= 1) & (edge < np.repeat(sizes, sizes) - 1))
    first = np.repeat(starts[:-1], sizes)[inner]
    values = np.asarray(network(corners))[:, 0]
    index = np.stack([first, inner, inner + 1], axis=1)
    triangles, heights = corners[index], values[index]
    one, other = triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    turned = one[:, 0] * other[:, 1] < one[:, 1] * other[:, 0]
    triangles[turned], heights[turned] = triangles[turned][:, ::-1], heights[turned][:, ::-1]
    return triangles, heights


def _areas(triangles: Array) -> Array:
    one, other = triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    return np.asarray((one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]) / 2)


def _square_means(heights: Array) -> Array:
    """Mean of the square of an affine function on a triangle, from its values at the corners."""
    return np.asarray(((heights**2).sum(axis=1) + heights.sum(axis=1) ** 2) / 12)


def _squares(network: Network, domain: Rectangle, value: float) -> float:
    """Return ∫ (g − value)² over a rectangle."""
    triangles, heights = _triangles(network, domain)
    return float((_areas(triangles) * _square_means(heights - value)).sum())


def _disc(network: Network, domain: Rectangle, ball: Ball) -> float:
    triangles, heights = _triangles(network, domain)
    triangles = triangles - np.array(ball.centre, dtype=float)
    radius, areas = float(ball.radius), _areas(triangles)
    reach = np.linalg.norm(triangles, axis=2)
    inside = (reach <= radius).all(axis=1)
    middle = triangles.mean(axis=1)
    size = np.linalg.norm(triangles - middle[:, None], axis=2).max(axis=1)
    outside = np.linalg.norm(middle, axis=1) - size >= radius
    plain = inside | outside
    total = float((areas * _square_means(heights - inside[:, None]))[plain].sum())
    crossed = np.flatnonzero(~plain & (areas > 0))
    part, g = triangles[crossed], heights[crossed]
    moments = _common(part, radius)
    # the affine function 1 − 2g, through its values at the corners, in barycentric coordinates of the centroid
    area = areas[crossed]
    share = np.clip(moments[:, 0], 0.0, area)
    at_middle = 1 - 2 * g.mean(axis=1)
    one, other = part[:, 1] - part[:, 0], part[:, 2] - part[:, 0]
    rise, climb = g[:, 1] - g[:, 0], g[:, 2] - g[:, 0]
    slope_x = (rise * other[:, 1] - climb * one[:, 1]) / (2 * area)
    slope_y = (climb * one[:, 0] - rise * other[:, 0]) / (2 * area)
    linear = -2 * (slope_x * moments[:, 1] + slope_y * moments[:, 2])
    return total + float((area * _square_means(g) + share * at_middle + linear).sum())


def _common(triangles: Array, radius: float) -> Array:
    """Return area and first moments about the triangle's centroid, (m, 3), of what triangles share with a disc at 0."""
    middle = triangles.mean(axis=1)
    start, step = triangles, np.roll(triangles, -1, axis=1) - triangles
    # the part of each edge that lies in the disc
    a, b = (step**2).sum(axis=2), (start * step).sum(axis=2)
    c = (start**2).sum(axis=2) - radius**2
    root = b * b - a * c
    meets = root > 0
    root = np.sqrt(np.where(meets, root, 0.0))
    scale = np.where(a > 0, a, 1.0)
    first, last = (np.clip((-b + sign * root) / scale, 0.0, 1.0) for sign in (-1, 1))
    last = np.where(meets & (a > 0), last, first)
    begin, end = (start + step * t[:, :, None] for t in (first, last))
    result = _along(begin - middle[:, None], end - middle[:, None]).sum(axis=1)
    # arcs between all places where the circle can leave or enter, each judged by its middle; more of them do no harm
    places = np.concatenate([begin, end, triangles], axis=1)
    angles = np.sort(np.arctan2(places[:, :, 1], places[:, :, 0]), axis=1)
    following = np.concatenate([angles[:, 1:], angles[:, :1] + 2 * np.pi], axis=1)
    half = (angles + following) / 2
    points = radius * np.stack([np.cos(half), np.sin(half)], axis=2)
    within = np.ones(half.shape, dtype=bool)
    for side in range(3):
        p, q = triangles[:, None, side], triangles[:, None, (side + 1) % 3]
        u, v = q - p, points - p
        within &= u[:, :, 0] * v[:, :, 1] - u[:, :, 1] * v[:, :, 0] >= 0
    arcs = _arcs(angles, following, radius, middle)
    return np.asarray(result + np.where(within[:, :, None], arcs, 0.0).sum(axis=1))


def _along(begin: Array, end: Array) -> Array:
    """Area and first moments of the triangles between 0 and directed edges."""
    cross = begin[..., 0] * end[..., 1] - begin[..., 1] * end[..., 0]
    return np.stack([cross / 2, *(cross * (begin[..., i] + end[..., i]) / 6 for i in (0, 1))], axis=-1)


def _arcs(start: Array, stop: Array, radius: float, middle: Array) -> Array:
    """Area and first moments about `middle` of what lies between `middle` and arcs of the circle about 0."""
    span = stop - start
    ends = [radius * np.stack([np.cos(t), np.sin(t)], axis=2) for t in (start, stop)]
    # the triangle to the chord, and the segment between chord and arc
    begin, end = (e - middle[:, None] for e in ends)
    chord = _along(begin, end)
    small = span < 0.05
    series = span**3 / 6 * (1 - span**2 / 20 * (1 - span**2 / 42))
    bulge = radius**2 / 2 * np.where(small, series, span - np.sin(span))
    # the segment's centroid lies on the middle radius, at a distance of 2/3·R³·sin³(span/2)/area from 0
    half = (start + stop) / 2
    moment = 2 / 3 * radius**3 * np.sin(span / 2) ** 3
    directions = np.stack([np.cos(half), np.sin(half)], axis=2)
    first = moment[:, :, None] * directions - bulge[:, :, None] * middle[:, None]
    return np.asarray(chord + np.concatenate([bulge[:, :, None], first], axis=2))
