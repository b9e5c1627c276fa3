"""Subset sums of rationals: deductions that hold for any size, then a meeting of two halves."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm

import numpy as np
from numpy.typing import NDArray

from ratelab.networks import fraction, rational

ENTRIES = 2**20
WORK = 2**23
FEW = 36
TRIALS = 8


@dataclass(frozen=True)
class SubsetSum:
    """Whether some of the given numbers add up to the target.

    Parameters
    ----------
    subset
        Indices of numbers that do, or None.
    decided
        Whether a missing subset is proved to be missing.
    reason
        How it was found or excluded, or why neither was possible.
    """

    subset: frozenset[int] | None
    decided: bool
    reason: str


def subset_sum(values: Sequence[Fraction], target: Fraction) -> SubsetSum:
    """Look for a subset of numbers whose sum is the target, exactly.

    A solution takes, of each modulus |v|, a number of copies between 0 and its multiplicity (a negative number that is
    left out counts as its modulus that is taken). With g the greatest common divisor of all other moduli, that number
    solves a congruence modulo g, and it is confined by what the others can reach at most; whatever is forced so is
    taken out, until nothing is. The rest is decided by meeting in the middle: the distinct sums of two halves, at most
    2**20 in each, so that 40 numbers are always decided. Beyond that a subset may still be found, not excluded.

    Parameters
    ----------
    values
        Any number of rationals, zeros and equal ones included; floats are the dyadic rationals that they are.
    target
        The sum that is sought.
    """
    values, target = [fraction(rational(v)) for v in values], fraction(rational(target))
    if not target:
        return SubsetSum(frozenset(), True, "the empty sum")
    if target == sum(values):
        return SubsetSum(frozenset(range(len(values))), True, "the sum of all numbers")
    scale = lcm(target.denominator, *(v.denominator for v in values))
    numbers = [int(v * scale) for v in values]
    places: dict[int, list[int]] = {}
    for index, number in enumerate(numbers):
        if number:
            places.setdefault(abs(number), []).append(index)
    goal = int(target * scale) - sum(n for n in numbers if n < 0)
    copies, decided, reason = _copies({size: len(p) for size, p in places.items()}, goal)
    if copies is None:
        return SubsetSum(None, decided, reason)
    taken = {index for size, p in places.items() for index in p[: copies[size]]}
    subset = frozenset(i for i, n in enumerate(numbers) if n and (i in taken) == (n > 0))
    if sum(numbers[i] for i in subset) != int(target * scale):
        raise AssertionError("the subset found does not have the sum sought")
    return SubsetSum(subset, True, reason)


def _copies(available: dict[int, int], goal: int) -> tuple[dict[int, int] | None, bool, str]:
    """Solve Σ size·x = goal for 0 ≤ x ≤ available[size], all sizes positive."""
    chosen = dict.fromkeys(available, 0)
    rest = dict(available)
    while rest:
        forced = _forced(rest, goal)
        if forced is None:
            return None, True, "no subset has that sum: excluded by its size or by divisibility"
        if not forced:
            break
        for size, count in forced.items():
            chosen[size] = count
            goal -= size * count
            del rest[size]
    if not rest:
        if goal:
            return None, True, "no subset has that sum: every number was forced"
        return chosen, True, "every number was forced"
    found, decided = _meet(rest, goal)
    if found is not None:
        return chosen | found, True, "found by meeting in the middle"
    if decided:
        return None, True, "no subset has that sum: all sums of two halves were compared"
    found = _search(rest, goal)
    if found is not None:
        return chosen | found, True, "found by meeting in the middle, most numbers chosen first"
    return None, False, f"more than {ENTRIES} sums in one half of {sum(rest.values())} numbers"


def _forced(available: dict[int, int], goal: int) -> dict[int, int] | None:
    """Return the sizes whose number of copies is the same in every solution; None if there is no solution."""
    sizes = list(available)
    total = sum(size * count for size, count in available.items())
    if not 0 <= goal <= total:
        return None
    before, after = [0], [0]
    for size in sizes:
        before.append(gcd(before[-1], size))
    for size in reversed(sizes):
        after.append(gcd(after[-1], size))
    forced = {}
    for place, size in enumerate(sizes):
        count = available[size]
        lowest = max(0, -((total - size * count - goal) // size))
        highest = min(count, goal // size)
        if others := gcd(before[place], after[len(sizes) - 1 - place]):
            common = gcd(size, others)
            if goal % common:
                return None
            period = others // common
            residue = goal // common * pow(size // common, -1, period) % period
            lowest += (residue - lowest) % period
            highest -= (highest - residue) % period
        elif goal % size:
            return None
        if lowest > highest:
            return None
        if lowest == highest:
            forced[size] = lowest
    return forced


@dataclass
class _Half:
    """Distinct sums in increasing order; `added` is the item that first reached each, -1 for the empty sum."""

    sums: NDArray[np.int64] | NDArray[np.object_]
    added: NDArray[np.int32]

    def grow(self, item: int, weight: int, highest: int) -> None:
        """Add an item of that weight; sums above the highest are dropped."""
        shifted = self.sums + weight
        both = np.concatenate([self.sums, shifted])
        origin = np.concatenate([self.added, np.full(len(shifted), item, dtype=np.int32)])
        # stable: of equal sums the older one comes first
        order = np.argsort(both, kind="stable")
        both, origin = both[order], origin[order]
        keep = np.ones(len(both), dtype=bool)
        keep[1:] = (both[1:] != both[:-1]).astype(bool)
        keep &= (both <= highest).astype(bool)
        self.sums, self.added = both[keep], origin[keep]


def _meet(available: dict[int, int], goal: int) -> tuple[dict[int, int] | None, bool]:
    """Solve by two halves; (None, False) if a half grows too large."""
    total = sum(size * count for size, count in available.items())
    if 2 * goal > total:  # the numbers left out have the smaller sum, which cuts off more
        left_out, decided = _meet(available, total - goal)
        if left_out is None:
            return None, decided
        return {size: count - left_out[size] for size, count in available.items()}, True
    items = _packets(available)
    weights = [size * count for size, count in items]
    kind = np.int64 if total < 2**62 else object
    halves = [_Half(np.zeros(1, dtype=kind), np.full(1, -1, dtype=np.int32)) for _ in range(2)]
    work = 0
    for item, weight in enumerate(weights):
        half = min(halves, key=lambda h: len(h.sums))
        half.grow(item, weight, goal)
        work += len(half.sums)
        if len(half.sums) > ENTRIES or work > WORK:
            return None, False
    first, second = halves
    wanted = goal - first.sums
    place = np.minimum(np.searchsorted(second.sums, wanted), len(second.sums) - 1)
    hits = np.flatnonzero(second.sums[place] == wanted)
    if not len(hits):
        return None, True
    result = dict.fromkeys(available, 0)
    for half, reached in ((first, int(first.sums[hits[0]])), (second, int(wanted[hits[0]]))):
        for item in _trace(half, weights, reached):
            size, count = items[item]
            result[size] += count
    return result, True


def _search(available: dict[int, int], goal: int) -> dict[int, int] | None:
    """Try for a solution where proof is out of reach: most numbers greedily, a few at random by meeting in the middle.

    The greedy choice, largest first, aims at half of what the few can reach, where most of their sums are.
    """
    numbers = [size for size, count in available.items() for _ in range(count)]
    generator = np.random.default_rng(0)
    for _ in range(TRIALS):
        order = generator.permutation(len(numbers))
        few = [numbers[i] for i in order[:FEW]]
        others = sorted((numbers[i] for i in order[FEW:]), reverse=True)
        result = dict.fromkeys(available, 0)
        left, reach = goal, sum(others)
        for number in others:
            reach -= number
            if 2 * left > 2 * reach + sum(few) or 2 * (left - number) > sum(few):
                left -= number
                result[number] += 1
        found, _ = _meet(dict(Counter(few)), left) if 0 <= left <= sum(few) else (None, False)
        if found is not None:
            for number, count in found.items():
                result[number] += count
            return result
    return None


def _packets(available: dict[int, int]) -> list[tuple[int, int]]:
    """Split μ copies into packets of 1, 2, 4, … and a rest, which together make every number up to μ."""
    result = []
    for size, count in sorted(available.items(), reverse=True):
        packet = 1
        while count:
            take = min(packet, count)
            result.append((size, take))
            count -= take
            packet *= 2
    return result


def _trace(half: _Half, weights: list[int], reached: int) -> list[int]:
    """Return the items of one way to a sum: without the item that first reached it, older items reach the rest."""
    path: list[int] = []
    while reached:
        item = int(half.added[np.searchsorted(half.sums, reached)])
        path.append(item)
        reached -= weights[item]
    return path
