"""The sawtooth Δ_j on [0, 1], 2^(j−1) teeth and 2^j pieces, as an exact network of every depth.

Δ_1 is the tent 2x, 2 − 2x, and Δ_j its j-fold composition, so Δ_{m+k} = Δ_k∘Δ_m; compare Telgarsky 2015.
"""

from collections.abc import Sequence

from flint import fmpq

from ratelab._errors import UserError
from ratelab.networks._calculus_counts import Counts, kept
from ratelab.networks._dyadic_blocks import Blocks, Costs, affordable, composed, zigzag_reading
from ratelab.networks._dyadic_search import smallest_blocks
from ratelab.networks._network import Network
from ratelab.networks._powers import power
from ratelab.registry import Complexity

_LARGEST = 1000


def sawtooth(levels: int, blocks: int | Sequence[int] = 1, merged: bool | Sequence[bool] = False) -> Network:
    """Return Δ_j on [0, 1] as a strict rational ReLU network.

    Parameters
    ----------
    levels
        j ≥ 1.
    blocks
        How many blocks, as even as can be, or the levels m_1, …, m_k of each; Δ_{m_i} takes 2^(m_i) neurons.
    merged
        Whether the maps where two blocks meet are multiplied (depth k + 1); otherwise one neuron, which may be ReLU
        since 0 ≤ Δ ≤ 1, holds the value between them (depth 2k). One answer for all, or one for each place.

    Raises
    ------
    UserError
        If the split does not fit, or the network is too large to be written down.
    """
    split = _split(levels, blocks, merged)
    promised = sawtooth_bound(levels, blocks, merged)
    affordable(promised)
    zigzags = [zigzag_reading(2, q, 0) for q in split.levels]
    network = composed(2, split, zigzags, None, fmpq(0), power(1), keep_dead=False).rational()
    return kept("sawtooth", network, promised)


def sawtooth_bound(
    levels: int, blocks: int | Sequence[int] = 1, merged: bool | Sequence[bool] = False
) -> Counts:
    """Return the promise of `sawtooth`, which is attained.

    Unmerged: L = 2k, W = Σ 2·2^(m_i) (k·2^(j/k + 1) for equal blocks), N = Σ 2^(m_i) + k − 1. Merged: L = k + 1,
    N = Σ 2^(m_i), W = 2^(m_1) + Σ 2^(m_i + m_{i+1}) + 2^(m_k) (2·2^m + (L − 2)·4^m for equal blocks).
    """
    split = _split(levels, blocks, merged)
    return sawtooth_costs(max(split.levels)).counts(split)


def sawtooth_of_depth(levels: int, depth: int, complexity: Complexity) -> Network:
    """Return the smallest of the `sawtooth` networks of Δ_j of depth at most L.

    All splits into blocks, even or not, merged or not, are compared by their counts. Of equally small ones the one with
    less of the other count is taken, then the shallower one.

    Raises
    ------
    UserError
        If the depth is below 2, the levels below 1, or even the smallest network is too large to be written down.
    """
    split = sawtooth_blocks(levels, depth, complexity)
    return sawtooth(levels, split.levels, split.merged)


def sawtooth_blocks(levels: int, depth: int, complexity: Complexity) -> Blocks:
    """Return the blocks of `sawtooth_of_depth`.

    Raises
    ------
    UserError
        As `sawtooth_of_depth` does.
    """
    if levels != int(levels) or not 1 <= levels <= _LARGEST:
        raise UserError(f"sawtooth: levels are {levels}; allowed: 1 to {_LARGEST}")
    if depth < 2:
        raise UserError(f"sawtooth: depth is {depth}; allowed: 2 or more")
    found = smallest_blocks(sawtooth_costs(min(int(levels), 20)), int(levels), int(depth), complexity)
    if found is None:
        raise UserError(
            f"sawtooth: {levels} levels at depth {depth} need a network that is too large to be written down"
        )
    return found


def sawtooth_costs(levels: int) -> Costs:
    """Return what blocks of up to that many levels cost."""
    sizes = tuple(2**q for q in range(levels + 1))
    return Costs(sizes, sizes, (0,) * (levels + 1), summed=False)


def _split(levels: int, blocks: int | Sequence[int], merged: bool | Sequence[bool]) -> Blocks:
    if isinstance(levels, bool) or not isinstance(levels, int) or levels < 1:
        raise UserError(f"sawtooth: levels are {levels!r}; allowed: whole numbers from 1 on")
    return Blocks.split(levels, blocks, merged)
