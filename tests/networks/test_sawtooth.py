"""The sawtooth as a network: the same function and the promised counts, however its levels are split."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import UserError, exact
from ratelab.networks import Counts
from ratelab.networks._sawtooth import sawtooth, sawtooth_blocks, sawtooth_bound, sawtooth_of_depth

UNIT = ((Fraction(0), Fraction(1)),)


def teeth(x: Fraction, levels: int) -> Fraction:
    for _ in range(levels):
        x = min(2 * x, 2 - 2 * x)
    return x


splits = st.lists(st.integers(1, 3), min_size=1, max_size=3).flatmap(
    lambda blocks: st.tuples(
        st.just(blocks), st.lists(st.booleans(), min_size=len(blocks) - 1, max_size=len(blocks) - 1)
    )
)


@given(split=splits)
@settings(max_examples=25, deadline=None)
def test_every_split_is_the_same_function_with_exactly_the_promised_counts(split):
    blocks, merged = split
    levels = sum(blocks)
    network = sawtooth(levels, blocks, merged)
    points = [Fraction(i, 7 * 2**levels) for i in range(7 * 2**levels + 1)]
    values = network(np.array(points, dtype=object)[:, None])[:, 0]
    assert list(values) == [teeth(x, levels) for x in points]
    assert Counts.of(network) == sawtooth_bound(levels, blocks, merged)
    assert network.strict and network.exact
    assert exact.count_pieces(network, UNIT, arithmetic="rational") == 2**levels


@pytest.mark.parametrize(("levels", "k"), [(6, 1), (6, 2), (6, 3), (8, 4), (12, 3)])
def test_equal_unmerged_blocks_cost_k_times_two_to_the_levels_over_k_plus_one(levels, k):
    assert sawtooth_bound(levels, k) == Counts(
        2 * k, k * 2 ** (levels // k + 1), k * 2 ** (levels // k) + k - 1
    )


@pytest.mark.parametrize(("levels", "k"), [(6, 2), (6, 3), (8, 4)])
def test_equal_merged_blocks_cost_four_to_the_levels_of_a_block(levels, k):
    m = levels // k
    assert sawtooth_bound(levels, k, True) == Counts(k + 1, 2 * 2**m + (k - 1) * 4**m, k * 2**m)


def every_split(levels):
    if levels == 0:
        yield ()
    for first in range(1, levels + 1):
        for rest in every_split(levels - first):
            yield (first, *rest)


@pytest.mark.parametrize("complexity", ["connections", "neurons"])
@pytest.mark.parametrize("depth", [2, 3, 4, 5, 7])
def test_the_network_of_a_depth_is_the_smallest_of_all_splits(depth, complexity):
    levels = 7
    counts = [
        sawtooth_bound(levels, blocks, merged)
        for blocks in every_split(levels)
        for merged in product((False, True), repeat=len(blocks) - 1)
    ]
    least = min(getattr(c, complexity) for c in counts if c.depth <= depth)
    found = sawtooth_of_depth(levels, depth, complexity)
    assert getattr(found, complexity) == least
    assert found.depth <= depth


def test_many_levels_are_split_without_writing_them_down():
    blocks = sawtooth_blocks(200, 400, "connections")
    assert sum(blocks.levels) == 200
    assert blocks.depth <= 400
    assert sawtooth_bound(200, blocks.levels, blocks.merged).connections <= 800


@pytest.mark.parametrize(
    ("levels", "blocks", "merged", "message"),
    [
        (4, 5, False, "5 blocks"),
        (4, [2, 1], False, "allowed: 4"),
        (4, [2, 2], [True, True], "meet at 1"),
        (4, [4, 0], False, "levels"),
    ],
)
def test_a_split_that_does_not_fit_is_refused(levels, blocks, merged, message):
    with pytest.raises(UserError, match=message):
        sawtooth(levels, blocks, merged)


def test_what_cannot_be_written_down_is_refused():
    with pytest.raises(UserError, match="too large"):
        sawtooth(30)
    with pytest.raises(UserError, match="too large"):
        sawtooth_of_depth(60, 2, "neurons")
    with pytest.raises(UserError, match="depth is 1"):
        sawtooth_of_depth(3, 1, "neurons")
