"""Regions as arguments: boxes mean the same to every function, and what is none is refused in one sentence."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from ratelab import UserError, load_plugins
from ratelab.exact import HalfSpace, annular_masses, leak, leak_lower_bound, vanishes, zero_measure
from ratelab.networks import Network
from ratelab.registry import Box, Boxes

GAUSSIAN = load_plugins().activations["gaussian"]
BUMP = Network.dense([[[1.0]], [[1.0]]], [[0.0], [0.0]], GAUSSIAN)
HAT = Network.dense([[[1], [1], [1]], [[1, -2, 1]]], [[0, -Fraction(1, 2), -1], [0]])
OVERLAPPING = Boxes((Box((-1,), (1,)), Box((Fraction(1, 2),), (2,))))


def test_zero_measures_of_boxes_count_common_parts_once() -> None:
    assert zero_measure(HAT, Box((-1,), (Fraction(1, 3),))) == (1, 1)
    assert zero_measure(HAT, OVERLAPPING) == zero_measure(HAT, [(-1, 2)]) == (2, 2)
    plane = Boxes((Box((-1, 0), (1, 1)), Box((0, -1), (1, 1))))
    ramp = Network.dense([[[1, 0]], [[1]]], [[0], [0]])
    assert zero_measure(ramp, plane) == (1, 1)
    low, high = zero_measure(ramp, plane, limit=1, boxes=2000)
    assert 0.9 < low <= 1 <= high < 1.1


def test_lower_bounds_on_boxes_are_those_on_arrays() -> None:
    wanted = leak_lower_bound(BUMP, [[-1], [1]], [[1], [2]], tolerance=1e-3)
    whole = leak_lower_bound(BUMP, OVERLAPPING, tolerance=1e-3)
    assert whole.lower == pytest.approx(wanted.lower, rel=1e-3) and whole.lower <= wanted.upper
    one = leak_lower_bound(BUMP, Box((-1,), (1,)))
    assert one == leak_lower_bound(BUMP, ([[-1]], [[1]])) == leak_lower_bound(BUMP, [[-1]], [[1]])


def test_annuli_may_be_given_by_their_first_cube() -> None:
    cube = annular_masses(BUMP, Box((Fraction(-1, 2),), (Fraction(1, 2),)), 3, cells=20)
    assert np.array_equal(cube.masses, annular_masses(BUMP, 0.5, 3, cells=20).masses)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: vanishes(3, Box((0,), (1,))), "network is int; allowed: a Network"),
        (lambda: zero_measure(HAT, Box((0, 0), (1, 1))), "the region has 2 variables, the network 1 inputs"),
        (lambda: zero_measure("net", [(0, 1)]), "network is str"),
        (lambda: leak_lower_bound(BUMP, Box((0, 0), (1, 1))), "the region has 2 variables"),
        (lambda: leak_lower_bound(BUMP, 3), "region is int; allowed: a pair of arrays"),
        (lambda: annular_masses(BUMP, "a"), "scale is 'a'; allowed: a number above 0"),
        (lambda: annular_masses(BUMP, Box((0,), (1,))), "scale is .*allowed: a cube"),
        (lambda: annular_masses(3), "network is int"),
        (
            lambda: leak(BUMP, load_plugins().targets["tent"], 2),
            "support is Target; allowed: Box, Ball, Boxes",
        ),
        (lambda: leak(3, Box((0,), (1,)), 2), "network is int"),
        (lambda: leak(BUMP, Box((0,), (1,)), "2"), "radius is '2'; allowed: a number above 0"),
        (lambda: HalfSpace((1, np.nan), 1), r"half-space: normal is \(1, nan\)"),
        (lambda: HalfSpace((1, 2), "x"), "half-space: offset is 'x'"),
        (lambda: HalfSpace(3, 1), "half-space: normal is 3"),
    ],
    ids=map(str, range(14)),
)
def test_what_is_no_region_is_refused_in_one_sentence(call: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        call()
