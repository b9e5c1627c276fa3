"""On which side of each hinge the parts of a subdivided line lie: signs decide, coordinates never do.

A *hinge* is a zero of an affine function on an edge: where a neuron's pre-activation meets a knot of its activation.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ratelab.exact._linear_activation import LinearPieces

Signs = NDArray[np.int8]
Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Split:
    """How new vertices split the edges of a line.

    Parameters
    ----------
    old, new
        Places of the old and of the new vertices among all.
    parent
        (edges after,): the edge before that each lies on.
    part
        (edges after,): which part of its parent it is, from the left.
    """

    old: Indices
    new: Indices
    parent: Indices
    part: Indices


def split(edges: int, places: Indices) -> Split:
    """Return how edges split at new vertices; `places` gives the edge of each, in order."""
    count = np.bincount(places, minlength=edges)
    before = np.concatenate([[0], np.cumsum(count)])
    parent = np.repeat(np.arange(edges), count + 1)
    return Split(
        np.arange(edges + 1) + before,
        places + 1 + np.arange(len(places)),
        parent,
        np.arange(len(parent)) - (np.arange(edges) + before[:-1])[parent],
    )


def sides(signs: Signs, edge: Indices, hinge: Indices, rank: Indices, after: Split) -> Signs:
    """Return the sign of each hinge on each edge after the split; 0 where it is zero throughout.

    Parameters
    ----------
    signs
        (vertices before, hinges).
    edge, hinge, rank
        For each crossing: the edge before, the hinge that is zero there, and which of that edge's new vertices it is.
    after
        The split.
    """
    left, right = signs[:-1], signs[1:]
    start, end = np.where(left != 0, left, right), np.where(right != 0, right, left)
    turn = np.full(start.shape, np.iinfo(np.int64).max)
    turn[edge, hinge] = rank
    return np.where(after.part[:, None] <= turn[after.parent], start[after.parent], end[after.parent])


@dataclass(frozen=True, eq=False)
class Knots:
    """The pairs (neuron, knot) of a layer, by neurons.

    Parameters
    ----------
    neuron, index
        (pairs,): the neuron, and the number of its knot from the left.
    bent
        The neurons that have knots.
    first
        Where the pairs of each of them begin.
    """

    neuron: Indices
    index: Indices
    bent: Indices
    first: Indices

    @staticmethod
    def of(pieces: Sequence[LinearPieces]) -> "Knots":
        """Collect the knots of a layer's activations."""
        pairs = [(i, k) for i, p in enumerate(pieces) for k in range(len(p.knots))]
        neuron, index = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
        bent, first = np.unique(neuron, return_index=True)
        return Knots(neuron, index, bent, first)

    def segments(self, sign: Signs) -> NDArray[np.int16]:
        """Return (edges, bent neurons) segments from the signs (edges, pairs) of value minus knot."""
        if not len(self.bent):
            return np.zeros((len(sign), 0), dtype=np.int16)
        if len(self.bent) == len(self.neuron):
            return (sign >= 0).astype(np.int16)
        return np.add.reduceat(sign >= 0, self.first, axis=1, dtype=np.int16)
