"""Quadratures around supports: closed forms of errors inside, outside and on thin margins; membership and levels."""

from fractions import Fraction
from math import erf, erfc, exp, pi, sqrt
from typing import Any

import numpy as np
import pytest

from ratelab import UserError, load_plugins
from ratelab.exact import (
    CubeUnion,
    belongs,
    cell_quadrature,
    cut_quadrature,
    margin_quadrature,
    support_level,
)
from ratelab.exact._support_quadrature import SupportQuadrature, TensorRule, network_values, norms
from ratelab.networks import Network
from ratelab.registry import Ball, Box, Boxes, LevelSet


def test_errors_inside_and_outside_agree_with_closed_forms() -> None:
    """F = exp(−x²) against 1 on [−1, 1] and 0 elsewhere."""
    rule = cut_quadrature(Box((-1,), (1,)), [(-3.0, 3.0)], lambda *_: 1e-3)
    apart = np.exp(-(rule.points**2)) - rule.inside[:, None]
    held, every = rule.errors(apart, rule.inside), rule.errors(apart)
    assert held.sup == pytest.approx(1 - exp(-1), abs=1e-3)
    assert held.l1 == pytest.approx(2 - sqrt(pi) * erf(1), rel=1e-9)
    assert every.l1 == pytest.approx(held.l1 + sqrt(pi) * (erf(3) - erf(1)), rel=1e-9)
    assert rule.errors(apart, rule.outside(3.0)).l1 == pytest.approx(every.l1 - held.l1, rel=1e-9)
    inner = 2 - 2 * sqrt(pi) * erf(1) + sqrt(pi / 2) * erf(sqrt(2))
    outer = sqrt(pi / 2) * (erfc(sqrt(2)) - erfc(3 * sqrt(2)))
    assert every.l2 == pytest.approx(sqrt(inner + outer), rel=1e-9)
    assert (held.points, every.points) == (4000, 12000)


def test_errors_in_two_variables() -> None:
    target = load_plugins().targets["compact_cone"]
    rule = cut_quadrature(target.support, [(-1.5, 1.5)] * 2, lambda *_: 0.015, order=1)
    found = rule.errors(target(rule.points), rule.inside)
    assert found.sup == pytest.approx(1, abs=0.02)
    assert found.l1 == pytest.approx(rule.errors(target(rule.points)).l1, rel=1e-12)
    assert found.l1 == pytest.approx(pi * 0.64 / 3, rel=1e-3)
    assert found.l2 == pytest.approx(sqrt(pi * 0.64 / 6), rel=1e-3)


def test_no_cell_crosses_a_side_of_boxes_or_a_cut() -> None:
    """Two Gauss points integrate cubics exactly on every cell, so jumps at the cuts cost nothing."""
    support = Boxes((Box((-0.8, -0.8), (0.8, 0)), Box((-0.8, 0), (0, Fraction(1, 3)))))
    rule = cut_quadrature(support, [(-1.0, 1.0), (-1.0, 2.0)], lambda *_: 0.3, cuts=[[0.1], [7.0]])
    assert rule.weights.sum() == pytest.approx(6)
    assert rule.measure(rule.inside) == pytest.approx(1.6 * 0.8 + 0.8 / 3)
    right = rule.inside & (rule.points[:, 0] > 0.1)
    assert rule.weights[right] @ rule.points[right, 0] ** 3 == pytest.approx(0.8 * (0.8**4 - 0.1**4) / 4)
    assert rule.measure(rule.within([(0.0, 0.1), (-1.0, 2.0)])) == pytest.approx(0.3)


def test_cells_of_a_grid_are_divided_and_cut_off_at_a_box() -> None:
    cubes = np.array([[0, 0], [3, -1]])
    rule = cell_quadrature(Ball((0, 0), 1), 0.5, cubes, 3, sides=[(0.0, 1.75), (-0.25, 0.4)])
    assert rule.weights.sum() == pytest.approx(0.5 * 0.4 + 0.25 * 0.25)
    x, y = rule.points.T
    first = x < 1
    assert rule.weights[first] @ (x**3 * y**2)[first] == pytest.approx(0.5**4 / 4 * 0.4**3 / 3)
    assert len(rule.points) == 4 * (3 * 3 + 2 * 2)  # of the second cube parts of sides 1/6 reach into the box


def test_thin_margins_are_seen() -> None:
    """[0, 1/4] with a margin 1/32 less [0, 1/8], and a corner of a margin in the sum norm."""
    union = CubeUnion(Fraction(1, 4), np.array([[0]]), Fraction(1, 32))
    rule = margin_quadrature(union, Box((0,), (0.125,)), 16)
    assert rule.measure(~rule.inside) == rule.weights.sum() == pytest.approx(1 / 8 + 1 / 16)
    plane = CubeUnion(Fraction(1), np.array([[0, 0]]), Fraction(1, 4), "sum")
    rule = margin_quadrature(plane, Box((0, 0), (1, 1)), 64)
    assert rule.weights.sum() == pytest.approx(4 / 4 + 4 / 32, rel=2e-2)
    assert plane.contains(rule.points).all() and not belongs(Box((0, 0), (1, 1)), rule.points).any()


def test_blocks_of_a_rule_make_up_the_whole() -> None:
    rule = TensorRule.on_cells([np.array([0.0, 1.0, 3.0]), np.array([-1.0, 0.0, 0.5])], 2)
    points, weights = (np.concatenate(parts) for parts in zip(*rule.blocks(5), strict=True))
    assert np.array_equal(points, rule.whole[0]) and np.array_equal(weights, rule.whole[1])
    assert weights @ (points[:, 0] ** 3 * points[:, 1] ** 2) == pytest.approx(3**4 / 4 * (1 + 0.125) / 3)


def test_values_in_blocks_are_those_of_the_network() -> None:
    net = Network.dense([np.ones((700, 1)), np.ones((2, 700))], [np.zeros(700), [1.0, 2.0]], "relu")
    points = np.linspace(-1, 1, 1001)[:, None]
    assert np.allclose(network_values(net, points), net(points), rtol=1e-13)
    assert network_values(net, points[:0]).shape == (0, 2)


def test_norms_of_rows_neither_overflow_nor_underflow() -> None:
    assert norms(np.array([[3e200, 4e200], [3e-200, 4e-200], [0, 0]])) == pytest.approx([5e200, 5e-200, 0])


def test_several_outputs_count_with_their_largest_and_with_their_norm() -> None:
    rule = SupportQuadrature(np.zeros((1, 1)), np.array([2.0]), Box((-1,), (1,)))
    found = rule.errors(np.array([[3.0, -4.0]]))
    assert (found.sup, found.l1, found.l2, found.points) == (4, 10, pytest.approx(sqrt(50)), 1)


KINDS: dict[str, tuple[Any, list[bool]]] = {
    "box": (Box((-1, -1), (1, 0)), [True, False, True, False]),
    "ball": (Ball((0, 0), 1), [True, False, True, False]),
    "boxes": (Boxes((Box((-1, -1), (0, 0)), Box((0, 2), (1, 3)))), [True, True, False, False]),
    "level set": (
        LevelSet(lambda x: np.abs(x).max(axis=1) - 0.5, 1.0, Box((-1, -1), (1, 1))), [True, False, False, False],
    ),
    "cubes": (CubeUnion(Fraction(1), np.array([[0, -1], [0, 0]])), [True, False, True, False]),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_points_are_found_inside_every_kind_of_support(kind: str) -> None:
    support, held = KINDS[kind]
    points = np.array([[0.0, 0.0], [0.5, 2.5], [1.0, 0.0], [-2.0, 0.0]])
    assert belongs(support, points).tolist() == held


@pytest.mark.parametrize("kind", ["box", "ball", "boxes", "level set"])
def test_levels_are_continuous_and_their_sign_tells_membership(kind: str) -> None:
    support = KINDS[kind][0]
    rng = np.random.default_rng(0)
    points = rng.uniform(-3, 3, (2000, 2))
    assert np.array_equal(support_level(support, points) <= 0, belongs(support, points))
    near = points + 1e-6 * rng.uniform(-1, 1, points.shape)
    assert np.abs(support_level(support, points) - support_level(support, near)).max() <= 1.5e-6


def test_a_level_set_is_asked_inside_its_box_only() -> None:
    def function(x: Any) -> Any:
        assert (np.abs(x) <= 1).all()
        return np.abs(x).sum(axis=1) - 0.5

    level = LevelSet(function, 2.0, Box((-1, -1), (1, 1)))
    points = np.array([[0.1, 0.2], [0.4, 0.4], [5.0, 0.0], [0.5, 0.0]])
    assert belongs(level, points).tolist() == [True, False, False, True]
    assert support_level(level, points) == pytest.approx([-0.2, 0.3, 4.0, 0.0])


@pytest.mark.parametrize("call", [belongs, support_level])
def test_what_is_no_support_is_refused(call: Any) -> None:
    with pytest.raises(UserError, match="allowed: Box, Ball, Boxes or LevelSet"):
        call("a box", np.zeros((1, 1)))
