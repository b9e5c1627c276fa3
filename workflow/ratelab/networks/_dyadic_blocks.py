"""Zigzags composed block by block: how the levels are split, what it costs, and the layers themselves.

A block of q levels is a layer of m^q ReLU neurons that bend at the multiples of m^(−q); from them the zigzag σ_q of
m^q pieces is read, and what the block adds to a sum that one more neuron carries. Between two blocks stand neurons
that hold the two values, or the maps that meet are multiplied (merged), which saves a layer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq, fmpz

from ratelab._errors import UserError
from ratelab.networks._calculus_counts import Counts
from ratelab.networks._network import Network
from ratelab.networks._powers import power
from ratelab.registry import Activation

LARGEST = 1 << 24
"""Connections of the largest network that is written down."""


@dataclass(frozen=True)
class Blocks:
    """How the levels of a composed zigzag are split.

    Parameters
    ----------
    levels
        m_1, …, m_k ≥ 1: levels of each block, the innermost first.
    merged
        For each of the k − 1 places where blocks meet, whether their maps are multiplied.
    """

    levels: tuple[int, ...]
    merged: tuple[bool, ...]

    def __post_init__(self) -> None:
        """Check that there is a block, and a choice for every place where two meet."""
        if not self.levels or any(q != int(q) or q < 1 for q in self.levels):
            raise UserError(
                f"blocks have {list(self.levels)} levels; allowed: one block or more of 1 or more levels"
            )
        if len(self.merged) != len(self.levels) - 1:
            raise UserError(
                f"{len(self.levels)} blocks meet at {len(self.levels) - 1} places, of which {len(self.merged)} say "
                "whether they are merged; allowed: one answer for each"
            )

    @classmethod
    def split(
        cls, levels: int, blocks: int | Sequence[int] = 1, merged: bool | Sequence[bool] = False
    ) -> "Blocks":
        """Return that many blocks as even as can be (the larger ones first), or blocks of the levels given.

        Raises
        ------
        UserError
            If there are fewer levels than blocks, or the given ones have another sum.
        """
        if isinstance(blocks, int | np.integer):
            if not 1 <= blocks <= levels:
                raise UserError(
                    f"{levels} levels in {blocks} blocks; allowed: from 1 block to one for every level"
                )
            narrow, wider = divmod(int(levels), int(blocks))
            blocks = [narrow + 1] * wider + [narrow] * (int(blocks) - wider)
        if sum(blocks) != levels:
            raise UserError(f"blocks of {list(blocks)} levels have {sum(blocks)} together; allowed: {levels}")
        joins = [merged] * (len(blocks) - 1) if isinstance(merged, bool) else list(merged)
        return cls(tuple(int(q) for q in blocks), tuple(bool(join) for join in joins))

    @property
    def total(self) -> int:
        """Levels of all blocks together."""
        return sum(self.levels)

    @property
    def depth(self) -> int:
        """Affine layers: 2, and 1 or 2 more for each further block, merged or not."""
        return 2 + sum(1 if join else 2 for join in self.merged)


@dataclass(frozen=True)
class Costs:
    """What blocks cost, by their number of levels q = 0, 1, … (the entry at 0 is not used).

    Parameters
    ----------
    full
        Neurons m^q of a block that is followed by another.
    last
        Neurons of a last block, those without use left out.
    read
        Connections from a block to the sum; 0 if nothing is summed.
    summed
        Whether a sum is carried.
    """

    full: tuple[int, ...]
    last: tuple[int, ...]
    read: tuple[int, ...]
    summed: bool

    def start(self, q: int, final: bool) -> tuple[int, int]:
        """Connections and neurons of a first block; of a last one with those to the output."""
        size = self.last[q] if final else self.full[q]
        return size * (1 + final), size

    def join(self, before: int, q: int, merged: bool, final: bool) -> tuple[int, int]:
        """Connections and neurons that a further block of q levels adds behind one of `before` levels."""
        size, given = self.last[q] if final else self.full[q], self.full[before]
        carried = int(self.summed)
        connections = given * size if merged else given + size + carried
        connections += (self.read[before] + 1) * carried + size * final
        return connections, size + carried + (0 if merged else 1 + carried)

    def counts(self, blocks: Blocks) -> Counts:
        """Counts of a network of these blocks, neurons without use left out."""
        final = len(blocks.levels) == 1
        connections, neurons = self.start(blocks.levels[0], final)
        pairs = zip(blocks.levels, blocks.levels[1:], blocks.merged, strict=False)
        for place, (before, q, merged) in enumerate(pairs):
            more, further = self.join(before, q, merged, place == len(blocks.merged) - 1)
            connections, neurons = connections + more, neurons + further
        return Counts(blocks.depth, connections, neurons)


@dataclass(frozen=True)
class Reading:
    """What is read from the neurons of a block: constant + Σ_l coefficients[l]·ρ(y − l/m^q)."""

    constant: fmpq
    coefficients: list[fmpq]


def composed(
    copies: int,
    blocks: Blocks,
    zigzags: Sequence[Reading],
    sums: Sequence[Reading] | None,
    constant: fmpq,
    carrier: Activation,
    keep_dead: bool,
) -> Network:
    """Return the rational network of composed blocks.

    Parameters
    ----------
    copies
        m.
    blocks
        How the levels are split.
    zigzags
        σ_q of every block but the last; of the last one too if nothing is summed.
    sums
        What every block adds to the sum; None if the last zigzag itself is the output.
    constant
        Added at the output.
    carrier
        Activation of the neurons that carry the sum.
    keep_dead
        Whether neurons of the last block that nothing reads stay.
    """
    relu, zero, one = power(1), fmpq(0), fmpq(1)
    weights: list[Any] = []
    biases: list[Any] = []
    activations: list[list[Activation]] = []
    value: list[fmpq] = [one]  # how the zigzag so far is read from the layer in hand, and its constant
    shift = zero
    total: list[fmpq] | None = None
    ground = zero
    for place, q in enumerate(blocks.levels):
        final = place == len(blocks.levels) - 1
        reading = zigzags[place] if sums is None else sums[place]
        if place and not blocks.merged[place - 1]:
            weights.append([value] if total is None else [value, total])
            biases.append([shift] if total is None else [shift, ground])
            activations.append([relu] if total is None else [relu, carrier])
            value, shift = [one] if total is None else [one, zero], zero
            total, ground = (None if total is None else [zero, one]), zero
        used = [not final or keep_dead or bool(c) for c in reading.coefficients]
        kept = [index for index, use in enumerate(used) if use]
        size = fmpz(copies) ** q
        rows = np.empty((len(kept) + (total is not None), len(value)), dtype=object)
        rows[: len(kept)] = np.array(value, dtype=object)
        below = [shift - fmpq(index, size) for index in kept]
        if total is not None:
            rows[-1] = total
            below.append(ground)
        weights.append(rows)
        biases.append(below)
        activations.append([relu] * len(kept) + [carrier] * (total is not None))
        if sums is not None:
            carried = [] if total is None else [one]
            total, ground = [reading.coefficients[index] for index in kept] + carried, reading.constant
        if sums is None or not final:
            value = zigzags[place].coefficients + ([zero] if len(rows) > len(kept) else [])
            shift = zigzags[place].constant
    weights.append([value if total is None else total])
    biases.append([constant + (shift if total is None else ground)])
    return Network.dense(weights, biases, activations)


def affordable(counts: Counts) -> None:
    """Raise UserError if a network is too large to be written down."""
    if counts.connections > LARGEST:
        raise UserError(
            f"a network of {counts.connections} connections is too large to be written down; allowed: {LARGEST}"
        )


def zigzag_reading(copies: int, levels: int, first: int) -> Reading:
    """Return σ_q, the zigzag of m^q pieces that is 0 or 1 (`first`) at 0, from the neurons of its block."""
    slope = copies**levels * (1 - 2 * first)
    jumps = [fmpq(2 * slope * (-1) ** index) for index in range(1, copies**levels)]
    return Reading(fmpq(first), [fmpq(slope), *jumps])
