"""The cone |x| of the plane as a mean of ridges: shallow ReLU networks without biases.

The absolute value of ⟨x, u⟩, averaged over all directions u, is a multiple of |x|. With n directions u_k at the
angles πk/n,

    Σ |⟨x, u_k⟩| = |x|·cos θ / sin δ,   δ = π/2n,

θ ∈ [−δ, δ] the angle between x and the nearest corner of a regular 2n-gon: its support function. With the factor
2 sin δ / (1 + cos δ) the relative error lies between ±tan²(δ/2), and no other factor does better. Pairs |t| = ρ(t) +
ρ(−t) take 2n neurons. If n is odd, the vectors (−1)^k u_k are the n-th roots of unity and add up to zero, so that Σ
|⟨x, u_k⟩| = 2 Σ ρ(⟨x, (−1)^k u_k⟩): n neurons do.
"""

from collections.abc import Sequence
from math import cos, pi, sin
from typing import Literal

import numpy as np

from ratelab._errors import UserError
from ratelab.networks._calculus_counts import Counts, kept
from ratelab.networks._network import Network

RidgeForm = Literal["pairs", "single"]


def cone_ridges(
    directions: int,
    scale: float | None = None,
    centre: Sequence[float] = (0.0, 0.0),
    form: RidgeForm = "pairs",
) -> Network:
    """Return c·Σ |⟨x − centre, u_k⟩| over n directions at the angles πk/n, an approximation of |x − centre| in R².

    Depth 2. ``pairs`` takes 2n neurons and 6n connections (A sum over both sides of every ridge), ``single`` n neurons
    and 3n connections, for odd n.

    Parameters
    ----------
    directions
        n ≥ 1.
    scale
        c > 0; None means 2 sin δ/(1 + cos δ), δ = π/2n, of least relative error tan²(δ/2).
    centre
        Two numbers.
    form
        See the module.

    Raises
    ------
    UserError
        If they are not like this, or n is even and the form ``single``.
    """
    if directions != int(directions) or directions < 1:
        raise UserError(f"cone_ridges: directions is {directions}; allowed: whole numbers from 1 on")
    if form not in ("pairs", "single"):
        raise UserError(f"cone_ridges: form is '{form}'; allowed: 'pairs', 'single'")
    if form == "single" and directions % 2 == 0:
        raise UserError(f"cone_ridges: directions is {directions}; allowed with form 'single': odd numbers")
    if len(centre) != 2:
        raise UserError(f"cone_ridges: centre has {len(centre)} coordinates; allowed: 2")
    count = int(directions)
    half = pi / (2 * count)
    factor = 2 * sin(half) / (1 + cos(half)) if scale is None else float(scale)
    if not factor > 0:
        raise UserError(f"cone_ridges: scale is {scale}; allowed: above 0")
    # the roots of unity for odd n are the same lines with alternating signs
    angles = np.pi * np.arange(count) / count * (2 if form == "single" else 1)
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    vectors[np.abs(vectors) < 1e-15] = 0.0
    if form == "pairs":
        vectors, outer = np.concatenate([vectors, -vectors]), np.full((1, 2 * count), factor)
    else:
        outer = np.full((1, count), 2 * factor)
    network = Network.dense([vectors, outer], [-(vectors @ np.asarray(centre, dtype=float)), [0.0]])
    return kept("cone_ridges", network, cone_ridges_bound(count, form))


def cone_ridges_bound(directions: int, form: RidgeForm = "pairs") -> Counts:
    """Return the promise of `cone_ridges`: 2n neurons and 6n connections, or n and 3n."""
    neurons = 2 * directions if form == "pairs" else directions
    return Counts(2, 3 * neurons, neurons)
