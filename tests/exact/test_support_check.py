"""A declared support or Lipschitz constant that contradicts the function is refused."""

from dataclasses import replace

import numpy as np
import pytest

from ratelab import Target, UserError, load_plugins
from ratelab.exact import check_target
from ratelab.exact._support_check import check_support
from ratelab.registry import Ball, Box, Boxes, LevelSet

TARGETS = load_plugins().targets
CONE, RING = TARGETS["compact_cone"], TARGETS["annulus"]
SQUARE = ((-1.5, 1.5), (-1.5, 1.5))


def ring(lipschitz=1.0, box=None, shift=0.0):
    level = RING.support
    return LevelSet(lambda x: level.function(x) + shift, lipschitz, box or level.box)


@pytest.mark.parametrize(
    "support",
    [
        Ball((0, 0), 0.7),
        Ball((0.1, 0), 0.8),
        Box((-0.8, -0.8), (0.8, 0.7)),
        Boxes((Box((-1, -1), (0, 1)), Box((0.1, -1), (1, 1)))),
        LevelSet(lambda x: np.sqrt((x**2).sum(axis=1)) - 0.75, 1.0, Box((-0.75, -0.75), (0.75, 0.75))),
        LevelSet(lambda x: np.sqrt((x**2).sum(axis=1)) - 0.75, 1.0, Box((-1, -1), (1, 1))),
    ],
    ids=["smaller ball", "moved ball", "box", "gap between boxes", "level set", "level set in a larger box"],
)
def test_a_support_that_does_not_hold_the_function_is_refused_with_the_point(support):
    bad = replace(CONE, support=support)
    for check in (check_support, check_target):
        with pytest.raises(
            UserError, match=r"target 'compact_cone': function is 0\.\d+ at x = \[.*outside its support"
        ):
            check(bad)


def test_a_function_that_is_not_zero_far_away_is_found_outside_its_domain():
    bad = Target(
        "bad",
        lambda x: np.where(np.abs(x[:, 0]) > 2, 1.0, 0.0),
        domain=((-1.5, 1.5),),
        support=Box((-1,), (1,)),
    )
    with pytest.raises(UserError, match=r"target 'bad': function is 1\.0 at x"):
        check_support(bad)


@pytest.mark.parametrize(
    "support", [Ball((0, 0), 0.8), Ball((0, 0), 1.4), Box((-0.8, -0.8), (0.8, 0.8))], ids=range(3)
)
def test_a_support_that_holds_the_function_passes(support):
    check_support(replace(CONE, support=support))


@pytest.mark.parametrize(
    "label", ["compact_cone", "annulus", "l_shape", "two_components", "needle", "ellipses", "tent"]
)
def test_a_lipschitz_constant_that_is_too_small_is_refused(label):
    target = TARGETS[label]
    check_support(target)
    share = 0.3 if label == "ellipses" else 0.98  # a sum of bounds is not attained
    with pytest.raises(UserError, match=r"function changes by .* apart; it declares lipschitz = "):
        check_support(replace(target, lipschitz=share * target.lipschitz))


def test_no_constant_fits_a_jump():
    with pytest.raises(UserError, match="declares lipschitz = 1000"):
        check_support(replace(TARGETS["indicator"], lipschitz=1e3))


def test_a_level_set_with_too_small_a_constant_is_refused():
    with pytest.raises(UserError, match="function of its level set changes by"):
        check_support(replace(RING, support=ring(0.95)))


def test_a_box_that_cuts_its_level_set_is_refused():
    with pytest.raises(UserError, match=r"function of its level set is -.* < 0 .* outside its box"):
        check_support(replace(RING, support=ring(box=Box((-0.9, -1), (1, 1)))))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: x[:, 7], "support: function failed: IndexError"),
        (lambda x: np.full(len(x), np.nan), "support: level set: function is not finite"),
        (lambda x: x, "support: level set: function returned shape"),
    ],
    ids=["fails", "not finite", "shape"],
)
def test_a_level_set_that_fails_is_refused(function, message):
    support = LevelSet(function, 1.0, Box((-1, -1), (1, 1)))
    with pytest.raises(UserError, match=f"target 'annulus': {message}"):
        check_support(replace(RING, support=support))


def test_a_function_that_is_defined_on_its_domain_only_is_refused():
    def function(x):
        if np.abs(x).max() > 1.5:
            raise ValueError("outside")
        return np.zeros(len(x))

    with pytest.raises(UserError, match="failed outside its domain: ValueError: outside"):
        check_support(Target("bad", function, domain=SQUARE, support=Ball((0, 0), 1)))
    with pytest.raises(UserError, match="values must be finite"):
        nan = Target(
            "bad", lambda x: np.where(x[:, 0] > 2, np.nan, 0.0), domain=SQUARE, support=Ball((0, 0), 1)
        )
        check_support(nan)


def test_targets_without_support_are_asked_for_one():
    with pytest.raises(UserError, match="target 'sine' declares no support"):
        check_support(TARGETS["sine"])


def test_vector_values_and_three_variables_are_checked():
    cone = TARGETS["compact_cone(dimension=3)"]
    check_support(cone)
    pair = Target(
        "pair",
        lambda x: np.stack([cone.function(x), -0.5 * cone.function(x)], axis=1),
        domain=cone.domain,
        support=cone.support,
        lipschitz=cone.lipschitz,
    )
    check_support(pair)
    with pytest.raises(UserError, match=r"function is \[0\.\d+, -0\.\d+\] at x"):
        check_support(replace(pair, support=Ball((0, 0, 0), 0.6)))
