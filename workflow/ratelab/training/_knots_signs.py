"""Splines as sums of neurons: which way each neuron faces, and what the slopes must satisfy.

A neuron with slopes l and r on the two sides of its bend contributes one kink. N neurons with N kinks have no affine
part of their own: with a_j the output weights, the first slope must be Σ a_j θ_j, θ_j = l for neurons that face right
and −r for those that face left. This is the subset-sum condition that decides which splines of N + 1 pieces are
networks of N neurons.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Faces = NDArray[np.bool_]

_ALL, _DRAWN = 12, 4096


def tilt(right: Faces, slopes: tuple[float, float]) -> Array:
    """Return β with Σ β_k · (slope of piece k) = 0 for sums of neurons, (…, K + 1).

    Parameters
    ----------
    right
        (…, K) which neurons face right.
    slopes
        l and r.
    """
    low, high = slopes
    share = np.where(right, low, -high) / (high - low)
    beta = np.zeros((*share.shape[:-1], share.shape[-1] + 1))
    beta[..., 0] = 1.0
    beta[..., :-1] += share
    beta[..., 1:] -= share
    return beta


def likely_faces(
    knots: Array, heights: Array, slopes: tuple[float, float], count: int, random: np.random.Generator
) -> Faces:
    """Return the choices of faces, (c, K), that a spline needs to change least for.

    All 2^K choices are weighed up to K = 12, 4,096 random ones with the right mean beyond.

    Parameters
    ----------
    knots, heights
        (K + 2,) of the spline, ends included.
    slopes
        l and r.
    count
        At most so many choices.
    random
        For K > 12.
    """
    kinks = len(knots) - 2
    low, high = slopes
    pieces = np.diff(heights) / np.diff(knots)
    if low + high == 0.0:
        return np.ones((1, kinks), bool)
    if kinks <= _ALL:
        faces = (np.arange(2**kinks)[:, None] >> np.arange(kinks)) & 1 == 1
    else:
        weight = np.diff(pieces) / (high - low)
        both = np.stack([weight * low, -weight * high])
        least, most = both.min(axis=0).sum(), both.max(axis=0).sum()
        share = np.clip((pieces[0] - least) / (most - least), 0.0, 1.0) if most > least else 0.5
        upper = random.uniform(0.0, 1.0, (_DRAWN, kinks)) < share
        faces = upper == (both[0] >= both[1])
    beta = tilt(faces, slopes)
    widths = np.diff(knots)
    row = np.zeros((len(beta), kinks + 2))
    row[:, 1:] += beta / widths
    row[:, :-1] -= beta / widths
    diagonal = np.zeros(kinks + 2)
    diagonal[1:] += widths / 3
    diagonal[:-1] += widths / 3
    gram = np.diag(diagonal) + np.diag(widths / 6, 1) + np.diag(widths / 6, -1)
    stiffness = np.sum(row * np.linalg.solve(gram, row.T).T, axis=1)
    miss = (row @ heights) ** 2 / np.maximum(stiffness, 1e-300)
    order = np.argsort(miss, kind="stable")
    _, first = np.unique(faces[order[: 8 * count]], axis=0, return_index=True)
    result: Faces = faces[order[np.sort(first)[:count]]]
    return result
