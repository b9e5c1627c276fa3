"""Subset sums: exact, decided up to 40 numbers, never wrong beyond."""

from fractions import Fraction
from itertools import product
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab.exact._subset_sum import subset_sum

NUMBERS = st.fractions(min_value=-20, max_value=20, max_denominator=12)


def _all_sums(values):
    return {
        sum((v for v, taken in zip(values, bits, strict=True) if taken), Fraction(0))
        for bits in product([False, True], repeat=len(values))
    }


@settings(max_examples=150, deadline=None)
@given(st.lists(NUMBERS, max_size=9), st.data())
def test_the_answer_is_that_of_all_subsets(values, data):
    target = data.draw(st.one_of(NUMBERS, st.sampled_from(sorted(_all_sums(values)))))
    found = subset_sum(values, target)
    assert found.decided
    assert (found.subset is not None) == (target in _all_sums(values))
    if found.subset is not None:
        assert sum((values[i] for i in found.subset), Fraction(0)) == target


def test_forty_numbers_are_always_decided_even_beyond_64_bits():
    random = Random(1)
    values = [Fraction(random.choice([-1, 1]) * random.randint(10**18, 10**19)) for _ in range(40)]
    planted = sum(random.sample(values, 20))
    found = subset_sum(values, planted)
    assert found.subset is not None
    assert sum(values[i] for i in found.subset) == planted
    # all but one are even, and the odd one is needed for an odd sum only
    even = [2 * (v // 2) for v in values[:-1]] + [Fraction(10**18 + 1)]
    assert subset_sum(even, sum(even[:9]) + 1).decided


def test_numbers_too_far_apart_to_meet_are_excluded_by_size_or_divisibility():
    values = [Fraction(7**i, 11) for i in range(200)]
    assert subset_sum(values, sum(values[::3])).subset == frozenset(range(0, 200, 3))
    missing = subset_sum(values, sum(values[::3]) + Fraction(2, 11))
    assert missing.decided
    assert missing.subset is None
    primes = [2, 3, 5, 7, 11, 13]
    forced = subset_sum([Fraction(1, p) for p in primes], Fraction(1, 2) + Fraction(1, 13))
    assert forced.subset == {0, 5}


def test_many_equal_numbers_count_once_per_size():
    values = [Fraction(3)] * 500 + [Fraction(-7)] * 500 + [Fraction(10)] * 100
    found = subset_sum(values, Fraction(-1234))
    assert found.subset is not None
    assert sum(values[i] for i in found.subset) == -1234
    assert subset_sum([Fraction(6)] * 50 + [Fraction(-10)] * 50, Fraction(7)).decided


def test_every_sum_of_small_numbers_is_reached_although_most_sums_coincide():
    values = [Fraction(k * (-1) ** (k // 3), 5) for k in range(1, 24)]
    low, high = (sum(int(5 * v) for v in values if (v > 0) == up) for up in (False, True))
    for target in range(low - 2, high + 3):
        found = subset_sum(values, Fraction(target, 5))
        assert (found.subset is not None) == (low <= target <= high)
        if found.subset is not None:
            assert sum((values[i] for i in found.subset), Fraction(0)) == Fraction(target, 5)


def test_too_many_different_numbers_stay_undecided_or_are_solved():
    random = Random(2)
    hard = [Fraction(random.randint(10**30, 10**31)) for _ in range(60)]
    found = subset_sum(hard, sum(hard) // 2)
    assert found.subset is None
    assert not found.decided
    assert "60 numbers" in found.reason
    dense = [Fraction(random.randint(1, 10**8)) for _ in range(90)]
    found = subset_sum(dense, Fraction(int(sum(dense)) // 3))
    assert found.subset is not None
    assert sum(dense[i] for i in found.subset) == int(sum(dense)) // 3
