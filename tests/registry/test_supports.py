"""Supports of targets: what is refused, and what a support says of itself."""

import numpy as np
import pytest

from ratelab import Target, UserError
from ratelab.registry import Ball, Box, Boxes, LevelSet

BOX = Box((-1, -1), (1, 1))


def disc(x):
    return np.sqrt((x**2).sum(axis=1)) - 0.5


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Boxes(BOX), "a tuple of one or more Box"),
        (lambda: Boxes(()), "a tuple of one or more Box"),
        (lambda: Boxes((BOX, Box((0,), (1,)))), "one dimension"),
        (lambda: Ball((0.0,), "a"), "radius is 'a'"),
        (lambda: Ball(0, 1), "centre is 0"),
        (lambda: Ball((0.0, float("nan")), 1), "centre is"),
        (lambda: Box((None,), (1,)), r"lower is \(None,\)"),
        (lambda: Box((float("-inf"),), (0.0,)), "finite"),
        (lambda: LevelSet(disc, 0.0, BOX), "lipschitz is 0.0"),
        (lambda: LevelSet(disc, "1", BOX), "lipschitz is '1'"),
        (lambda: LevelSet(disc, 1.0, Ball((0, 0), 1)), "a Box that holds the set"),
        (lambda: LevelSet("disc", 1.0, BOX), "callable"),
    ],
    ids=[
        "one box without a tuple", "no boxes", "two dimensions", "radius of letters", "centre of one number",
        "centre nan", "corner none", "unbounded", "lipschitz 0", "lipschitz of letters", "no box", "no function",
    ],
)  # fmt: skip
def test_what_is_no_compact_set_is_refused(make, says):
    with pytest.raises(UserError, match=says):
        make()


@pytest.mark.parametrize("support", ["all", BOX.bounds, Boxes], ids=["text", "pairs", "class"])
def test_a_target_takes_supports_only(support):
    with pytest.raises(UserError, match="support is"):
        Target("t", disc, ((-1.0, 1.0),) * 2, support=support)


def test_support_and_domain_have_as_many_variables():
    with pytest.raises(UserError, match="support has 1 variables, the domain 2"):
        Target("t", disc, ((-1.0, 1.0),) * 2, support=Box((0,), (1,)))


@pytest.mark.parametrize("constant", [-1.0, float("nan"), float("inf")])
def test_lipschitz_constants_are_finite_and_not_negative(constant):
    with pytest.raises(UserError, match="lipschitz is"):
        Target("t", disc, ((-1.0, 1.0),) * 2, lipschitz=constant)


def test_bounds_of_several_boxes_hold_all():
    both = Boxes((Box((0, 1), (1, 2)), Box((-1, 0), (0, 3))))
    assert both.bounds == ((-1, 1), (0, 3)) and both.dimension == 2


def test_a_level_function_gives_one_finite_number_a_point():
    with pytest.raises(UserError, match="returned shape"):
        LevelSet(lambda x: x, 1.0, BOX)(np.zeros((3, 2)))
    with pytest.raises(UserError, match="not finite at x"):
        LevelSet(lambda x: np.full(len(x), np.nan), 1.0, BOX)(np.zeros((3, 2)))
