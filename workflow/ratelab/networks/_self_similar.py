"""Networks of functions that a zigzag folds onto themselves: Takagi's series T_a, x², and their kin.

If the m copies fill [0, 1] and every second one is a mirror image, the zigzag σ of m pieces maps each copy onto the
whole, and f = h·f∘σ + p with p continuous and affine on each copy. For M levels

    f = Σ_{j<M} h^j p∘σ_j + h^M f∘σ_M,   σ_j the j-fold composition, with m^j pieces.

The last f is replaced by its nearest affine function, which is a part of the last block at no cost. As σ_M preserves
the measure and is blind to affine functions on the pieces, the L2 error is exactly h^M·dist(f, affine functions).
Adding a constant to p makes the sum non-negative, so on [0, 1] ReLU carries it as well as an identity does.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import log

from flint import fmpq

from ratelab._errors import UserError
from ratelab.networks._calculus_counts import Counts, kept
from ratelab.networks._dyadic_blocks import Blocks, Costs, Reading, affordable, composed, zigzag_reading
from ratelab.networks._dyadic_function import SelfSimilarFunction
from ratelab.networks._dyadic_search import LARGEST_BUDGET, best_blocks
from ratelab.networks._network import Network
from ratelab.networks._numbers import rational
from ratelab.networks._powers import identity, power
from ratelab.registry import Complexity

_NEGLIGIBLE = 60.0
"""More levels than halve the error so often are of no interest when networks are chosen."""
_MOST_LEVELS = 128


def folded_network(
    function: SelfSimilarFunction,
    levels: int,
    blocks: int | Sequence[int] = 1,
    merged: bool | Sequence[bool] = False,
    *,
    strict: bool = False,
    keep_dead: bool = False,
) -> Network:
    """Return the partial sum of that many levels of a folded function as a ReLU network on [0, 1].

    Parameters
    ----------
    function
        Its copies are folded onto the whole.
    levels
        M ≥ 1.
    blocks
        How many blocks, as even as can be, or the levels of each; P_i = m^(m_i) neurons each.
    merged
        Whether the maps where two blocks meet are multiplied; one answer for all, or one for each place. Depth is
        2k if none is, k + 1 if all are.
    strict
        Whether ReLU carries the sum; else identity neurons do. Counts are the same.
    keep_dead
        Keep the neurons of the last block that nothing reads.

    Returns
    -------
    A rational network if the function is exact, else float64. Its counts are those of `folded_network_bound`, its L2
    error is `folded_error`; outside [0, 1] it is something else.

    Raises
    ------
    UserError
        If the copies are not folded, the split does not fit, or the network is too large to be written down.
    """
    split = _split(function, levels, blocks, merged)
    promised = folded_network_bound(function, levels, blocks, merged, keep_dead=keep_dead)
    affordable(promised)
    m, h = function.copies, function.height
    zigzags = [zigzag_reading(m, q, _start(function)) for q in split.levels]
    sums, done, factor = [], 0, rational(h) ** 0
    for q in split.levels:
        done += q
        sums.append(_reading(function, q, factor, done == split.total))
        factor *= rational(h) ** q
    constant = _lift(function) * _geometric(rational(h), split.total)
    carrier = power(1) if strict else identity
    network = composed(m, split, zigzags, sums, constant, carrier, keep_dead)
    network = network.rational() if function.exact else network.float64()
    return kept("folded_network", network, promised)


def folded_network_bound(
    function: SelfSimilarFunction,
    levels: int,
    blocks: int | Sequence[int] = 1,
    merged: bool | Sequence[bool] = False,
    *,
    keep_dead: bool = False,
) -> Counts:
    """Return the promise of `folded_network`, which is attained by rational networks.

    With k unmerged blocks of P neurons all of whose changes of slope are not zero, W = 3kP − P + 2(k − 1) and
    N = kP + 3(k − 1), L = 2k; each change that is zero saves a connection, in the last block a neuron with both of its
    own. Merged, N = kP + k − 1, L = k + 1.
    """
    split = _split(function, levels, blocks, merged)
    costs = folded_costs(function, max(split.levels))
    counts = costs.counts(split)
    if not keep_dead:
        return counts
    dead = costs.full[split.levels[-1]] - costs.last[split.levels[-1]]
    fan_in = costs.full[split.levels[-2]] if split.merged and split.merged[-1] else 1
    return Counts(counts.depth, counts.connections + dead * fan_in, counts.neurons + dead)


def folded_error(function: SelfSimilarFunction, levels: int) -> float:
    """Return the L2 error of every `folded_network` of that many levels, up to rounding of its weights."""
    return float(function.height) ** levels * function.roughness


def folded_rounding(function: SelfSimilarFunction, blocks: Blocks) -> float:
    """Return a bound of what rounding adds to the L2 error; 0 for exact functions. For copies in powers of two.

    Knots and zigzags are dyadic, so that only what is summed is rounded, each weight by 2^(−53) of itself; the values
    of a function that is not exact are rounded too.
    """
    if function.exact:
        return 0.0
    unit, h, weights, factor = 2.0**-53, float(function.height), 0.0, 1.0
    for place, q in enumerate(blocks.levels):
        first, table = _changes(function, q, place == len(blocks.levels) - 1)
        copies = function.copies
        inner = sum(copies**level * sum(abs(float(c)) for c in row) for level, row in enumerate(table))
        weights += factor * (abs(float(first)) + inner + 2 * function.largest)
        factor *= h**q
    return unit * weights + 8 * unit * function.largest / (1 - h) ** 2


def best_folded(
    function: SelfSimilarFunction, budget: int, complexity: Complexity, depth: int
) -> Blocks | None:
    """Return the blocks of the most accurate, then smallest `folded_network` within a budget and a depth.

    All splits, even or not, merged or not, of all depths up to `depth` are compared, by their counts alone. Levels end
    where the error is 2^(−60) of the function, or at 128; of budgets above 2^20 only so much is used.

    Returns
    -------
    The blocks; None if not even one level fits.
    """
    _check_folded(function)
    if depth < 2 or budget < 2:
        return None
    rate = -log(function.ratio, function.copies)
    most = max(1, int(_NEGLIGIBLE / (rate * log(function.copies, 2))) + 1)
    largest = int(log(4 * min(budget, LARGEST_BUDGET), function.copies)) + 1
    levels = min(most, budget, _MOST_LEVELS)
    return best_blocks(folded_costs(function, min(largest, levels)), levels, depth, complexity, budget)


def folded_costs(function: SelfSimilarFunction, levels: int) -> Costs:
    """Return what blocks of up to that many levels cost: a change of slope that is zero needs no connection."""
    _check_folded(function)
    sizes = range(1, levels + 1)
    return Costs(
        tuple(function.copies**q for q in range(levels + 1)),
        (0, *(_nonzero(function, q, True) for q in sizes)),
        (0, *(_nonzero(function, q, False) for q in sizes)),
        summed=True,
    )


def _split(
    function: SelfSimilarFunction, levels: int, blocks: int | Sequence[int], merged: bool | Sequence[bool]
) -> Blocks:
    _check_folded(function)
    return Blocks.split(levels, blocks, merged)


def _check_folded(function: SelfSimilarFunction) -> None:
    ends = [end for pair in function.ends for end in pair]
    joined = all(a == b for a, b in zip(ends[1:-1:2], ends[2::2], strict=True))
    if not (function.folded and joined):
        raise UserError(
            "the copies of the function are not folded; allowed: continuous functions whose copies fill [0, 1], every "
            "second one a mirror image"
        )


def _start(function: SelfSimilarFunction) -> int:
    """The zigzag at 0."""
    return int(function.reflected[0])


def _next(function: SelfSimilarFunction, end: int) -> int:
    """The zigzag at 0 or at 1."""
    return _start(function) ^ (end & function.copies & 1)


def _part(function: SelfSimilarFunction) -> tuple[list[fmpq], list[fmpq]]:
    """Values of p at the ends of the copies and its slopes on them."""
    lines = [(rational(a), rational(b)) for a, b in function.lines]
    values = [lines[0][0], *(a + b for a, b in lines)]
    return values, [b * function.copies for _, b in lines]


def _lift(function: SelfSimilarFunction) -> fmpq:
    """The negative constant that makes p ≥ 0 when it is taken away, or 0."""
    return min(fmpq(0), *_part(function)[0])


def _geometric(ratio: fmpq, count: int) -> fmpq:
    return (1 - ratio**count) / (1 - ratio)


@lru_cache(maxsize=256)
def _changes(
    function: SelfSimilarFunction, levels: int, final: bool
) -> tuple[fmpq, tuple[tuple[fmpq, ...], ...]]:
    """Return the first slope of a block of q levels, and its changes of slope by level i − 1 and kink t − 1 of p.

    A point of level i is a multiple of m^(−i) and of no coarser one; σ_{i−1} maps it to a kink t/m. There are m^(i−1)
    points of each level and kink. A last block also holds the slope of the affine function in place of f.
    """
    m = function.copies
    slopes = _part(function)[1]
    scale = rational(function.height) * m
    at_zero, at_one = slopes[0], -slopes[-1]
    ending = rational(function.line[1]) * scale**levels if final else fmpq(0)
    first, end = fmpq(0), 0
    for j in range(levels):
        first += scale**j * (at_one if end else at_zero)
        end = _next(function, end)
    first += ending * (1 - 2 * end)
    table = []
    for i in range(1, levels + 1):
        row = []
        for t in range(1, m):
            change = scale ** (i - 1) * (slopes[t] - slopes[t - 1])
            end = _start(function) ^ (t & 1)
            for j in range(i, levels):
                change += 2 * scale**j * (at_one if end else at_zero)
                end = _next(function, end)
            row.append(change + 2 * ending * (1 - 2 * end))
        table.append(tuple(row))
    return first, tuple(table)


def _nonzero(function: SelfSimilarFunction, levels: int, final: bool) -> int:
    """Count the neurons of a block that the sum reads."""
    first, table = _changes(function, levels, final)
    found = [int(bool(first))]
    found += [function.copies**level * sum(map(bool, row)) for level, row in enumerate(table)]
    return sum(found)


def _reading(function: SelfSimilarFunction, levels: int, factor: fmpq, final: bool) -> Reading:
    """Return what a block adds to the sum, times a factor."""
    m, h = function.copies, rational(function.height)
    first, table = _changes(function, levels, final)
    values, lift = _part(function)[0], _lift(function)
    constant, end = fmpq(0), 0
    ends = [0]
    for j in range(levels):
        constant += h**j * (values[-1 if end else 0] - lift)
        end = _next(function, end)
        ends.append(end)
    if final:
        middle, slope = (rational(v) for v in function.line)
        constant += h**levels * (middle - slope / 2 + slope * end)
    coefficients = [fmpq(0)] * m**levels
    coefficients[0] = factor * first
    for level, row in enumerate(table):
        scaled, step = [factor * change for change in row], m ** (levels - level - 1)
        for branch in range(m**level):
            falling = ends[level] ^ (branch & 1)
            for t in range(1, m):
                coefficients[(branch * m + t) * step] = scaled[(m - t if falling else t) - 1]
    return Reading(factor * constant, coefficients)
