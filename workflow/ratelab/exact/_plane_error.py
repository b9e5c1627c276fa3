"""Errors in two variables: adaptive rules on triangles inside a network's cells, or on squares."""

from collections.abc import Callable
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.exact._error import check_outputs
from ratelab.exact._indicator_error import indicator_error
from ratelab.exact._linear_activation import linear_layers
from ratelab.exact._planar_subdivision import subdivide
from ratelab.exact._quadrature import gauss
from ratelab.networks import Network
from ratelab.registry import Target

Array = NDArray[np.float64]
Integrate = Callable[[Array], Array]

_CELLS = 16
_ORDER = 4
_POINTS = 250_000
_MOST_CELLS = 10_000
_COARSE = 8
_ZOOMED = 64
_ZOOMS = 14

# Radon's rule of degree 5 on a triangle: barycentric coordinates and weights (of the unit area)
_A, _B = (6 - np.sqrt(15)) / 21, (6 + np.sqrt(15)) / 21
_NODES = np.array(
    [[1 / 3] * 3] + [[a if j != i else 1 - 2 * a for j in range(3)] for a in (_A, _B) for i in range(3)]
)
_WEIGHTS = np.array([9 / 40] + [(155 - np.sqrt(15)) / 1200] * 3 + [(155 + np.sqrt(15)) / 1200] * 3)
_QUARTERS = np.array(
    [
        [[1, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5]],
        [[0.5, 0.5, 0], [0, 1, 0], [0, 0.5, 0.5]],
        [[0.5, 0, 0.5], [0, 0.5, 0.5], [0, 0, 1]],
        [[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]],
    ]
)


def plane_error(network: Network, target: Target, p: float, tolerance: float) -> float:
    """Return ‖network − target‖ in L_p of a rectangle, see `exact.error`."""
    if p == 2 and (known := indicator_error(network, target)) is not None:
        return known
    try:
        linear_layers(network)
        triangles = _triangles(network, target)
    except UserError:
        # curved cells, or so many that squares do as well
        return _on_squares(network, target, p, tolerance)
    return _on_triangles(network, target, triangles, p, tolerance)


def _triangles(network: Network, target: Target) -> Array:
    """Return triangles (m, 3, 2) that make up the cells, none larger than an eighth of the rectangle."""
    (a, b), (c, d) = target.domain
    found = subdivide(network, ((a, b), (c, d)), False, False, _MOST_CELLS)
    order, starts = found.mesh.loops()
    corners = found.values.coordinates.T[found.mesh.origin[order]]
    sizes = np.diff(starts)
    # fans: the first corner of a face with each edge that does not touch it
    edge = np.arange(len(corners)) - np.repeat(starts[:-1], sizes)
    inner = np.flatnonzero((edge >= 1) & (edge < np.repeat(sizes, sizes) - 1))
    first = np.repeat(starts[:-1], sizes)[inner]
    triangles = np.stack([corners[first], corners[inner], corners[inner + 1]], axis=1)
    triangles = triangles[_areas(triangles) > 0]
    reach = np.array([b - a, d - c]) / _COARSE
    done = []
    while len(triangles):
        large = (np.ptp(triangles, axis=1) > reach).any(axis=1)
        done.append(triangles[~large])
        triangles = _bisected(triangles[large])
    return np.concatenate(done)


def _areas(triangles: Array) -> Array:
    first, second = triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    return np.asarray(0.5 * np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]))


def _bisected(triangles: Array) -> Array:
    """Cut triangles in two through the middles of their longest edges."""
    following = np.roll(triangles, -1, axis=1)
    start = ((triangles - following) ** 2).sum(axis=2).argmax(axis=1)
    a, b, c = (triangles[np.arange(len(triangles)), (start + k) % 3] for k in range(3))
    middle = 0.5 * (a + b)
    return np.concatenate([np.stack([a, middle, c], axis=1), np.stack([middle, b, c], axis=1)])


def _on_triangles(network: Network, target: Target, triangles: Array, p: float, tolerance: float) -> float:
    # between corners the network is the interpolation of its values there
    data = np.concatenate([triangles, _values(network, triangles)], axis=2)
    check_outputs(network, target(triangles[:1, 0]).shape[1], target)

    def distance(part: Array, weights: Array) -> Array:
        nodes = weights @ part
        residual = nodes[:, :, 2:] - target(nodes[:, :, :2].reshape(-1, 2)).reshape(
            len(nodes), len(weights), -1
        )
        return np.asarray(np.sqrt((residual**2).sum(axis=2)))

    if np.isinf(p):
        return _largest(distance, data)

    def integrate(part: Array) -> Array:
        return np.asarray((distance(part, _NODES) ** p) @ _WEIGHTS * _areas(part[:, :, :2]))

    def quarter(part: Array) -> Array:
        return np.asarray((_QUARTERS @ part[:, None]).reshape(-1, *part.shape[1:]))

    return _adaptive(integrate, quarter, data, integrate(data), p, tolerance, len(_WEIGHTS))


def _values(network: Network, triangles: Array) -> Array:
    points, place = np.unique(triangles.reshape(-1, 2), axis=0, return_inverse=True)
    return np.asarray(network(points))[place.ravel()].reshape(*triangles.shape[:2], -1)


def _largest(distance: Callable[[Array, Array], Array], data: Array) -> float:
    """Return the largest distance, zooming in on the triangles where it is nearly attained."""
    weights = np.concatenate([np.eye(3), _NODES])
    best = 0.0
    for _ in range(_ZOOMS):
        values = distance(data, weights).max(axis=1)
        best = max(best, float(values.max()))
        kept = np.argsort(-values, kind="stable")[:_ZOOMED]
        data = (_QUARTERS @ data[kept][:, None]).reshape(-1, *data.shape[1:])
    return best


def _adaptive(
    integrate: Integrate,
    quarter: Integrate,
    cells: Array,
    coarse: Array,
    p: float,
    tolerance: float,
    nodes: int,
) -> float:
    """Split the cells that disagree most with their quarters, until the sum of the others' gaps is small."""
    done, used = 0.0, nodes * len(cells)
    while True:
        parts = quarter(cells)
        used += nodes * len(parts)
        fine = integrate(parts).reshape(-1, 4)
        gap = np.abs(fine.sum(axis=1) - coarse)
        order = np.argsort(-gap, kind="stable")
        total = done + float(fine.sum())
        room = max((_POINTS - used) // (16 * nodes), 0)
        tail = np.cumsum(gap[order][::-1])[::-1]
        needed = int((tail > tolerance * p * total).sum())
        if needed == 0 or room == 0:
            return float(total ** (1 / p))
        split, kept = order[: min(needed, room)], order[min(needed, room) :]
        done += float(fine[kept].sum())
        cells = parts.reshape(-1, 4, *parts.shape[1:])[split].reshape(-1, *parts.shape[1:])
        coarse = fine[split].ravel()


_GRIDS: "WeakKeyDictionary[Target, tuple[Array, Array]]" = WeakKeyDictionary()


def _on_squares(network: Network, target: Target, p: float, tolerance: float) -> float:
    """Integrate over squares by tensor Gauss rules."""
    (a, b), (c, d) = target.domain
    size = np.array([(b - a) / _CELLS, (d - c) / _CELLS])
    if target not in _GRIDS:
        x, y = np.linspace(a, b, _CELLS + 1), np.linspace(c, d, _CELLS + 1)
        low = np.stack(np.meshgrid(x[:-1], y[:-1], indexing="ij"), axis=-1).reshape(-1, 2)
        squares = np.concatenate([low, np.broadcast_to(size, low.shape)], axis=1)
        _GRIDS[target] = squares, target(_square_nodes(squares))
    squares, values = _GRIDS[target]
    check_outputs(network, values.shape[1], target)
    weights = np.outer(gauss(_ORDER)[1], gauss(_ORDER)[1]).ravel() / 4

    def apart(nodes: Array, values: Array) -> Array:
        return np.asarray(np.sqrt(((np.asarray(network(nodes)) - values) ** 2).sum(axis=1)))

    def integral(part: Array, residual: Array) -> Array:
        return np.asarray((residual**p).reshape(len(part), -1) @ weights * part[:, 2] * part[:, 3])

    def integrate(part: Array) -> Array:
        nodes = _square_nodes(part)
        return integral(part, apart(nodes, target(nodes)))

    def quarter(part: Array) -> Array:
        half = part[:, 2:] / 2
        corners = [part[:, :2] + half * np.array(step) for step in ((0, 0), (0, 1), (1, 0), (1, 1))]
        return np.stack([np.concatenate([low, half], axis=1) for low in corners], axis=1).reshape(-1, 4)

    residual = apart(_square_nodes(squares), values)
    if np.isinf(p):
        return float(residual.max())
    return _adaptive(integrate, quarter, squares, integral(squares, residual), p, tolerance, _ORDER**2)


def _square_nodes(squares: Array) -> Array:
    """Return the nodes (cells · q², 2) of cells given as lower corner and size."""
    nodes = (gauss(_ORDER)[0] + 1) / 2
    unit = np.stack(np.meshgrid(nodes, nodes, indexing="ij"), axis=-1).reshape(-1, 2)
    return np.asarray((squares[:, None, :2] + unit * squares[:, None, 2:]).reshape(-1, 2))
