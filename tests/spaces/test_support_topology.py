"""Verdicts about convergence in the finer topology, read off prefixes."""

from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab._errors import UserError
from ratelab.spaces._support_topology import (
    VERDICTS,
    SupportMember,
    errors_fall,
    support_verdict,
)

HALVING = [2.0**-k for k in range(8)]


def _verdict(levels, target=2, errors=HALVING, **fields):
    members = [SupportMember(e, n, **fields) for e, n in zip(errors, levels, strict=False)]
    return support_verdict(members, target)


def test_a_fixed_cube_and_falling_errors_converge_and_match():
    found = _verdict([2] * 8)
    assert found.convergence == "converges" and found.converges and found.matching is True
    assert (found.cube, found.first) == (2, 1)


def test_a_larger_common_cube_converges_and_does_not_match():
    found = _verdict([3] * 8)
    # the first half needs K_3 already, so nothing new comes later
    assert found.convergence == "converges" and found.matching is False and found.cube == 3


def test_supports_inside_the_cube_of_the_limit_never_count_as_growing():
    found = _verdict([1, 1, 1, 1, 1, 2, 2, 2])
    assert found.convergence == "converges" and found.cube == 2
    assert found.matching is False  # one of the later half is smaller


def test_a_moving_bump_converges_locally_only():
    found = _verdict(range(1, 9), target=1)
    assert found.convergence == "L1_loc only" and found.cube is None and "growing" in found.reason


def test_unbounded_supports_converge_locally_only_and_say_why():
    found = _verdict([inf] * 8, reason="analytic")
    assert found.convergence == "L1_loc only" and found.matching is False and "(analytic)" in found.reason


def test_unbounded_supports_at_the_beginning_are_forgotten():
    found = _verdict([inf, inf, inf, 2, 2, 2, 2, 2])
    assert found.convergence == "converges" and (found.cube, found.first) == (2, 4)
    assert found.matching is True


def test_one_late_new_cube_leaves_it_open():
    found = _verdict([2, 2, 2, 2, 2, 2, 3, 3])
    assert found.convergence == "undecided" and "not settled" in found.reason


def test_a_last_member_of_unbounded_support_is_no_convergence():
    assert _verdict([2] * 7 + [inf]).convergence == "L1_loc only"


def test_unknown_supports_are_never_taken_for_bounded_or_unbounded():
    found = _verdict([None] * 8, reason="no certificate")
    assert found.convergence == "undecided" and found.matching is None and found.cube is None
    assert "no certificate" in found.reason
    assert _verdict([None] * 4 + [2] * 4).convergence == "converges"


def test_errors_that_do_not_fall_do_not_converge_whatever_the_supports():
    for levels in ([2] * 8, [inf] * 8, [None] * 8):
        assert _verdict(levels, errors=[1.0, 0.9] * 4).convergence == "does not converge"


def test_a_fall_that_is_undone_is_none():
    assert not errors_fall([1.0, 0.1, 0.01, 0.5])
    assert errors_fall([1.0, 0.1, 0.01, 0.012])
    assert not errors_fall([1.0, 0.6])
    assert errors_fall([0.0, 0.0])
    assert not errors_fall([0.0, 1.0])


def test_errors_on_a_box_do_not_prove_convergence_on_all_of_space():
    assert _verdict([2] * 8, everywhere=False).convergence == "undecided"
    assert _verdict([inf] * 8, everywhere=False).convergence == "L1_loc only"


def test_limits_without_compact_support_ask_for_errors_only():
    assert _verdict([inf] * 8, target=inf).convergence == "converges"
    assert _verdict([1] * 8, target=inf).matching is False
    assert _verdict([inf] * 8, target=inf).matching is True


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 10), st.sampled_from([1, 2, 3, 5, inf, None])), min_size=2, max_size=9),
    st.integers(1, 4),
)
def test_convergence_is_only_said_of_supports_in_one_cube(pairs, target):
    members = [SupportMember(error, level) for error, level in pairs]
    found = support_verdict(members, target)
    assert found.convergence in VERDICTS
    later = [level for _, level in pairs[(len(pairs) + 1) // 2 :]]
    if found.converges:
        earlier = [level for _, level in pairs[: (len(pairs) + 1) // 2] if level not in (None, inf)]
        assert all(level is not None and level <= max([target, *earlier]) for level in later)
        assert found.cube >= max(later) and found.falls
        tail = [level for _, level in pairs[found.first - 1 :]]
        assert all(level is not None and level <= found.cube for level in tail)
    if found.matching:
        assert set(later) == {target}
    if inf in later and found.falls:
        assert not found.converges


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 6), min_size=4, max_size=8), st.integers(1, 3))
def test_going_on_inside_the_cube_keeps_the_verdict(levels, target):
    errors = [2.0**-k for k in range(20)]
    first = _verdict(levels, target, errors)
    if first.converges:
        again = _verdict([*levels, *([first.cube] * len(levels))], target, errors)
        assert again.converges and again.cube == first.cube


def test_bad_input_is_refused():
    for error, level, words in (
        (nan, 1, "L1 error"), (-1.0, 1, "L1 error"), (inf, 1, "L1 error"), (1.0, 0, "level"), (1.0, 1.5, "level"),
        (1.0, nan, "level"), (1.0, True, "level"),
    ):  # fmt: skip
        with pytest.raises(UserError, match=words):
            SupportMember(error, level)
    with pytest.raises(UserError, match="two or more"):
        support_verdict([SupportMember(1.0, 1)], 1)
    with pytest.raises(UserError, match="target: level"):
        support_verdict([SupportMember(1.0, 1)] * 2, 0)
    with pytest.raises(UserError, match="share"):
        errors_fall([1.0, 0.5], share=1)
