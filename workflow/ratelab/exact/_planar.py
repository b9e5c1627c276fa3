"""Exact cells of networks of two variables: a planar subdivision, refined neuron by neuron."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.exact._cells_of import (
    DIFFERENT,
    LIMIT,
    UNDECIDED,
    Arithmetic,
    Cells,
    Domain,
    check_arithmetic,
    check_domain,
    check_limit,
    same_maps,
)
from ratelab.exact._planar_maps import equal_maps, float_maps, rational_maps
from ratelab.exact._planar_mesh import OUTSIDE, UNMARKED, Indices
from ratelab.exact._planar_subdivision import Subdivision, merge, subdivide
from ratelab.exact._planar_values import UndecidedError
from ratelab.networks import Network

_SAFE = 1 + 2.0**-20


def planar_cells(
    network: Network,
    domain: Domain | None = None,
    *,
    arithmetic: Arithmetic = "auto",
    limit: int = LIMIT,
) -> Cells:
    """Return the activation cells of a piecewise linear network of two variables.

    Every neuron with a kink splits the cells so far. A vertex is known by the neurons' values there, so that a
    split needs only their signs.

    Parameters
    ----------
    network
        Two inputs; activations continuous and piecewise linear.
    domain
        Two pairs (lower, upper), or None for R².
    arithmetic
        ``float`` (proved error bounds; what lies below its bound counts as zero, and the result is not certain),
        ``rational``, or ``auto``: floats, and rationals if floats leave anything undecided.
    limit
        Most cells to make.

    Raises
    ------
    UserError
        If the network or the domain does not fit.
    LimitReached
        If there are more cells.
    """
    check_arithmetic(arithmetic)
    check_limit(limit)
    if network.inputs != 2:
        raise UserError(f"planar cells are those of networks with 2 inputs; found {network.inputs}")
    domain = check_domain(domain, 2)
    if arithmetic == "rational":
        return _rational_cells(network, domain, limit)
    try:
        found = subdivide(network, domain, False, arithmetic == "auto", limit)
    except UndecidedError:
        return _rational_cells(network, domain, limit)
    return _float_cells(network, domain, found, arithmetic == "auto")


class _Faces:
    """Cells as groups of faces, and which of them share a facet."""

    def __init__(self, found: Subdivision, whole: bool) -> None:
        mesh = found.mesh
        self.loops, self.starts = mesh.loops()
        inner = np.flatnonzero(
            (mesh.face != OUTSIDE)
            & (mesh.face[mesh.twin] != OUTSIDE)
            & (np.arange(mesh.face.size) < mesh.twin)
        )
        bare = inner[mesh.mark[inner] == UNMARKED]
        cell = np.arange(mesh.faces)
        if whole:
            cell = merge(mesh.faces, mesh.face[bare], mesh.face[mesh.twin[bare]])
        self.faces = np.unique(cell, return_index=True)[1]
        self.patterns = np.ascontiguousarray(mesh.patterns[:, self.faces].T)
        facets = inner[mesh.mark[inner] != UNMARKED]
        pairs = np.sort(cell[np.stack([mesh.face[facets], mesh.face[mesh.twin[facets]]], axis=1)], axis=1)
        # an axis can cut one facet in two
        self.pairs, chosen = np.unique(pairs.reshape(-1, 2), axis=0, return_index=True)
        self.marks = mesh.mark[facets[chosen]]

    def wanted(self, found: Subdivision) -> Indices:
        """Return (pairs, 3): a cell, a layer and the neuron that has a kink on the pair's facet."""
        kinks = [(found.kinks[m].layer, found.kinks[m].neuron) for m in self.marks.tolist()]
        return np.column_stack([self.pairs[:, 0], np.array(kinks, dtype=np.int64).reshape(-1, 2)])

    def corners(self, found: Subdivision) -> list[Indices]:
        """Return the vertices of each cell's (first) face, counterclockwise."""
        vertices = found.mesh.origin[self.loops]
        return [vertices[self.starts[f] : self.starts[f + 1]] for f in self.faces.tolist()]


def _points(found: Subdivision, faces: _Faces) -> NDArray[Any]:
    """Return a point inside each cell: the mean of its corners, moved along its unbounded edges."""
    vertices = found.mesh.origin[faces.loops]
    sums = np.add.reduceat(found.values.coordinates[:, vertices], faces.starts[:-1], axis=1)[:, faces.faces]
    numbers = np.add.reduceat(found.values.finite[vertices].astype(np.int64), faces.starts[:-1])[faces.faces]
    return np.asarray((sums / numbers.astype(sums.dtype)).T)


def _polygons(found: Subdivision, faces: _Faces, domain: Domain | None) -> list[NDArray[Any]] | None:
    if domain is None:
        return None
    return [found.values.coordinates[:, loop].T for loop in faces.corners(found)]


def _walls(found: Subdivision, faces: _Faces, walls: NDArray[Any], exact: bool) -> NDArray[Any]:
    """Return lines on which a pre-activation meets its knot."""
    knots = [found.kinks[m].knot for m in faces.marks.tolist()]
    walls = walls.copy()
    walls[:, -1] -= (
        np.array(knots, dtype=object) if exact else np.array([float(k.p) / float(k.q) for k in knots])
    )
    return walls


def _rational_cells(network: Network, domain: Domain | None, limit: int) -> Cells:
    found = subdivide(network, domain, True, True, limit)
    faces = _Faces(found, domain is None)
    maps = rational_maps(network, faces.patterns, faces.wanted(found))
    gradients, offsets = maps.values[:, :, :2], maps.values[:, :, 2]
    return Cells(
        dimension=2,
        domain=domain,
        patterns=faces.patterns,
        gradients=gradients,
        offsets=offsets,
        points=_points(found, faces),
        neighbours=faces.pairs,
        equal=same_maps(gradients, offsets, faces.pairs),
        exact=True,
        certain=True,
        walls=_walls(found, faces, maps.walls, True),
        polygons=_polygons(found, faces, domain),
    )


def _float_cells(network: Network, domain: Domain | None, found: Subdivision, resolve: bool) -> Cells:
    faces = _Faces(found, domain is None)
    with np.errstate(all="ignore"):
        maps = float_maps(network, faces.patterns, faces.wanted(found))
        equal = equal_maps(network, faces.patterns, faces.pairs)
    assert maps.errors is not None
    unsure = np.flatnonzero(equal == UNDECIDED)
    first, second = faces.pairs[unsure].T
    apart = np.abs(maps.values[first] - maps.values[second]) > _SAFE * (
        maps.errors[first] + maps.errors[second]
    )
    equal[unsure[apart.any(axis=(1, 2))]] = DIFFERENT
    unsure = np.flatnonzero(equal == UNDECIDED)
    if resolve and unsure.size:
        # patterns are proved: whether their maps are equal is a question of rational arithmetic alone
        cells, places = np.unique(faces.pairs[unsure], return_inverse=True)
        exact = rational_maps(network, faces.patterns[cells]).values
        equal[unsure] = same_maps(exact[:, :, :2], exact[:, :, 2], places.reshape(-1, 2))
    return Cells(
        dimension=2,
        domain=domain,
        patterns=faces.patterns,
        gradients=maps.values[:, :, :2],
        offsets=maps.values[:, :, 2],
        points=_points(found, faces),
        neighbours=faces.pairs,
        equal=equal,
        exact=False,
        certain=found.certain,
        walls=_walls(found, faces, maps.walls, False),
        polygons=_polygons(found, faces, domain),
        errors=(maps.errors[:, :, :2], maps.errors[:, :, 2]),
    )
