"""A planar subdivision into convex faces, refined by lines: half-edges, decided by signs at vertices alone.

The mesh knows no coordinates. A function that is affine on every face and continuous is given by its signs at the
vertices; an edge whose ends have opposite signs gets a vertex, a face whose boundary has both signs is split between
its two zero vertices. Neighbours share edges and vertices, so there are no T-junctions.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]
Signs = NDArray[np.int8]
Cross = Callable[[Indices, Indices], None]
"""Makes one vertex for each edge (roots (2, m), ends (2, m)) whose ends have opposite signs."""

OUTSIDE = -1
UNMARKED = -1
_GROWTH = 1.5


class Mesh:
    """Half-edges of a subdivision of one convex region.

    Half-edge h starts at ``origin[h]``, runs along the boundary of ``face[h]`` (counterclockwise; `OUTSIDE` beyond
    the region) to ``following[h]``, and lies opposite to ``twin[h]``. ``mark[h]`` tells which split an edge belongs
    to (`UNMARKED` for those given at the start).

    Parameters
    ----------
    loops
        Vertices of each face, counterclockwise.
    """

    def __init__(self, loops: list[list[int]]) -> None:
        origin: list[int] = []
        face: list[int] = []
        following: list[int] = []
        for index, loop in enumerate(loops):
            start = len(origin)
            origin += loop
            face += [index] * len(loop)
            following += [start + (i + 1) % len(loop) for i in range(len(loop))]
        ends = {(origin[h], origin[following[h]]): h for h in range(len(origin))}
        twin = [ends.get((b, a), -1) for a, b in ends]
        # beyond the region: a half-edge opposite to each border edge, linked in the other direction
        border = [h for h, t in enumerate(twin) if t < 0]
        outer = {origin[following[h]]: len(origin) + i for i, h in enumerate(border)}
        for h in border:
            twin[h] = outer[origin[following[h]]]
        origin += list(outer)
        twin += border
        face += [OUTSIDE] * len(border)
        following += [outer[origin[h]] for h in border]
        self.vertices = max(origin) + 1
        self.faces = len(loops)
        self.origin: Indices
        self.previous: Indices
        self.following: Indices
        self.twin: Indices
        self.face: Indices
        self.mark: Indices
        self.first_root: Indices
        self.last_root: Indices
        self._data = np.full((8, len(origin)), UNMARKED, dtype=np.int64)
        self._data[:5] = origin, following, following, twin, face
        self._data[1, self._data[2]] = np.arange(len(origin))
        self._patterns = np.zeros((0, self.faces), dtype=np.int16)
        self._extend(0)
        self.regular = True
        self.begin_layer()

    @property
    def patterns(self) -> NDArray[np.int16]:
        """(neurons, faces): how many knots each neuron has passed on each face."""
        return self._patterns[:, : self.faces]

    def begin_layer(self, neurons: int = 0) -> None:
        """Begin a layer with that many neurons: present edges become the roots that new vertices interpolate."""
        self.first_root[:] = self.origin
        self.last_root[:] = self.origin[self.twin]
        self._ancestor = np.arange(self.faces)
        self._old = np.ones(self.vertices, dtype=bool)
        self._patterns = np.concatenate(
            [self._patterns, np.zeros((neurons, self._patterns.shape[1]), dtype=np.int16)]
        )

    def split(self, sign: Signs, mark: int, cross: Cross) -> Signs:
        """Refine along the zeros of a function and return its sign on each face (0: it vanishes there).

        Parameters
        ----------
        sign
            (vertices,): −1, 0, 1.
        mark
            Number of this split, kept at the edges it makes or lies on.
        cross
            Called once, if there are edges to split.
        """
        sign = self._split_edges(sign, cross)
        positive, negative = self._sides(sign)
        self._mark(sign, positive, negative, mark)
        cut = positive & negative
        zero = np.flatnonzero((sign[self.origin] == 0) & (self.face != OUTSIDE))
        zero = zero[cut[self.face[zero]]]
        zero = zero[np.argsort(self.face[zero], kind="stable")]
        number = np.bincount(self.face[zero], minlength=self.faces)
        odd = np.flatnonzero(cut & (number != 2))
        zero = zero[number[self.face[zero]] == 2]
        pairs = zero.reshape(-1, 2)
        result = (positive.astype(np.int8) - (negative & ~positive)).astype(np.int8)
        if odd.size:
            self.regular = False
            pairs = np.concatenate([pairs, self._odd_pairs(odd, sign)])
        if pairs.size:
            result = np.concatenate([result, np.full(len(pairs), -1, dtype=np.int8)])
            self._split_faces(pairs, sign, mark)
        return result

    def pass_knots(self, neuron: int, above: NDArray[np.bool_]) -> None:
        """Record on which faces a neuron of the mesh has passed one more of its knots."""
        self.patterns[neuron] += above

    def loops(self) -> tuple[Indices, Indices]:
        """Return the half-edges of all faces in order, face by face, and the faces' starts in that list."""
        start = np.empty(self.faces, dtype=np.int64)
        inner = self.face != OUTSIDE
        start[self.face[inner]] = np.flatnonzero(inner)
        size = np.bincount(self.face[inner], minlength=self.faces)
        starts = np.concatenate([[0], np.cumsum(size)])
        order = np.empty(starts[-1], dtype=np.int64)
        faces, current = np.arange(self.faces), start
        for step in range(int(size.max())):
            faces, current = faces[size[faces] > step], current[size[faces] > step]
            order[starts[faces] + step] = current
            current = self.following[current]
        return order, starts

    def _split_edges(self, sign: Signs, cross: Cross) -> Signs:
        opposite = sign[self.origin] * sign[self.origin[self.twin]] < 0
        first = np.flatnonzero(opposite & (np.arange(self.twin.size) < self.twin))
        if not first.size:
            return sign
        second, number = self.twin[first], len(first)
        cross(
            np.stack([self.first_root[first], self.last_root[first]]),
            np.stack([self.origin[first], self.origin[second]]),
        )
        new = self.vertices + np.arange(number)
        self.vertices += number
        # a vertex on an edge older than the layer is on the border of a face of the layer's start
        self._old = np.concatenate([self._old, ~self._inner[first]])
        added = self._extend(2 * number)
        after, before = added[:number], added[number:]
        self._data[4:, after], self._data[4:, before] = self._data[4:, first], self._data[4:, second]
        self.origin[after], self.origin[before] = new, new
        for half, rest in ((first, after), (second, before)):
            successor = self.following[half]
            self.following[rest], self.previous[rest] = successor, half
            self.previous[successor], self.following[half] = rest, rest
        for half, opposite_half in ((first, before), (second, after)):
            self.twin[half], self.twin[opposite_half] = opposite_half, half
        return np.concatenate([sign, np.zeros(number, dtype=np.int8)])

    @property
    def _inner(self) -> NDArray[np.bool_]:
        """Whether a half-edge was made inside a face of the layer's start."""
        other = self.face[self.twin]
        both = (self.face != OUTSIDE) & (other != OUTSIDE)
        return np.asarray(both & (self._ancestor[self.face] == self._ancestor[other]))

    def _sides(self, sign: Signs) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        value, inside = sign[self.origin], self.face != OUTSIDE
        positive, negative = np.zeros(self.faces, dtype=bool), np.zeros(self.faces, dtype=bool)
        positive[self.face[inside & (value > 0)]] = True
        negative[self.face[inside & (value < 0)]] = True
        return positive, negative

    def _mark(self, sign: Signs, positive: NDArray[np.bool_], negative: NDArray[np.bool_], mark: int) -> None:
        """Mark the edges given at the start on which the function vanishes and changes sign."""
        bare = np.flatnonzero((self.mark == UNMARKED) & (self.face != OUTSIDE))
        other = self.face[self.twin[bare]]
        bare, other = bare[other != OUTSIDE], other[other != OUTSIDE]
        flat = (sign[self.origin[bare]] == 0) & (sign[self.origin[self.twin[bare]]] == 0)
        own = self.face[bare]
        changes = (positive[own] & negative[other]) | (negative[own] & positive[other])
        self.mark[bare[flat & changes]] = mark

    def _split_faces(self, pairs: Indices, sign: Signs, mark: int) -> None:
        number = len(pairs)
        cut = self.face[pairs[:, 0]]
        new = self.faces + np.arange(number)
        renamed = np.arange(self.faces)
        renamed[cut] = new
        # each half-edge of a cut face lies on one side: that of its ends
        destination = self.origin[self.twin]
        side = np.where(sign[self.origin] != 0, sign[self.origin], sign[destination])
        moved = np.flatnonzero((self.face != OUTSIDE) & (side < 0))
        self.face[moved] = renamed[self.face[moved]]
        ancestor = self._ancestor[cut]
        roots = self._roots(pairs, ancestor)
        self._ancestor = np.concatenate([self._ancestor, ancestor])
        wide = self._patterns.shape[1]
        if self.faces + number > wide:
            more = int(_GROWTH * (self.faces + number)) - wide
            self._patterns = np.pad(self._patterns, ((0, 0), (0, more)))
        self._patterns[:, new] = self._patterns[:, cut]
        self.faces += number
        added = self._extend(2 * number)
        back, forth = added[:number], added[number:]
        first, second = pairs[:, 0], pairs[:, 1]
        before_first, before_second = self.previous[first], self.previous[second]
        # back closes first … before_second, forth closes second … before_first
        for half, start, end in ((back, first, before_second), (forth, second, before_first)):
            self.following[half], self.previous[half] = start, end
            self.previous[start], self.following[end] = half, half
            self.face[half] = self.face[start]
        self.origin[back], self.origin[forth] = self.origin[second], self.origin[first]
        self.twin[back], self.twin[forth] = forth, back
        self.mark[added] = mark
        self.first_root[added], self.last_root[added] = np.tile(roots[0], 2), np.tile(roots[1], 2)

    def _roots(self, pairs: Indices, ancestor: Indices) -> Indices:
        """Return the ends of the whole segment, across the face of the layer's start, that each new edge is part of."""
        ends = self.origin[pairs].T
        vertex, where = ends.ravel(), np.tile(ancestor, 2)
        vertex, where = vertex[self._old[vertex]], where[self._old[vertex]]
        order = np.argsort(where, kind="stable")
        number = np.bincount(where, minlength=len(self._ancestor))
        start = np.concatenate([[0], np.cumsum(number)])
        whole = number[ancestor] == 2
        roots = ends.copy()
        roots[:, whole] = vertex[order][start[ancestor[whole]] + np.array([[0], [1]])]
        return np.asarray(roots)

    def _odd_pairs(self, faces: Indices, sign: Signs) -> Indices:
        """Return between which vertices to split faces whose snapped signs are not those of an affine function."""
        inside = np.flatnonzero(self.face != OUTSIDE)
        start = dict(zip(self.face[inside].tolist(), inside.tolist(), strict=True))
        found = []
        for face in faces.tolist():
            loop = [start[face]]
            while (half := int(self.following[loop[-1]])) != loop[0]:
                loop.append(half)
            values = [int(sign[self.origin[h]]) for h in loop]
            turn = next(i for i, v in enumerate(values) if v > 0)
            loop, values = loop[turn:] + loop[:turn], values[turn:] + values[:turn]
            low = [i for i, v in enumerate(values) if v < 0]
            if all(v < 0 for v in values[low[0] : low[-1] + 1]):
                found.append([loop[low[0] - 1], loop[(low[-1] + 1) % len(loop)]])
        return np.array(found, dtype=np.int64).reshape(-1, 2)

    def _extend(self, number: int) -> Indices:
        """Append half-edges and return their numbers."""
        held = self.origin.size if number else self._data.shape[1]
        total = held + number
        if total > self._data.shape[1]:
            self._data = np.pad(self._data, ((0, 0), (0, int(_GROWTH * total) - self._data.shape[1])))
        (
            self.origin,
            self.previous,
            self.following,
            self.twin,
            self.face,
            self.mark,
            self.first_root,
            self.last_root,
        ) = self._data[:, :total]
        return np.arange(held, total)
