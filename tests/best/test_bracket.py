"""Brackets: both ends, their order, and targets that are splines."""

from fractions import Fraction

import numpy as np
import pytest

import ratelab as rl
from ratelab.best import bracket, brackets, zero_pieces
from ratelab.registry import PiecewisePolynomial, Smoothness

registry = rl.load_plugins(["plugins"])


def kinked(*knots):
    """The continuous piecewise linear target with slope k on its k-th piece."""
    rows, height = [(Fraction(0), Fraction(1))], Fraction(0)
    for index, t in enumerate(knots):
        height -= t
        rows.append((height, Fraction(index + 2)))
    pieces = PiecewisePolynomial(tuple(knots), tuple(rows))
    return rl.Target("kinked", lambda x: pieces.evaluate(x[:, 0]), pieces=pieces)


@pytest.mark.parametrize(
    ("name", "value"), [("sqrt", 4.68063774e-3), ("exp", 3.90589371e-3), ("square", 1 / (16 * 180**0.5))]
)
def test_a_bracket_holds_the_published_optimum_and_is_tight(name, value):
    found = bracket(registry.targets[name], 4)
    assert found.certainty == found.upper_certainty == "rigorous"
    assert found.status == "bound"
    assert found.lower <= value <= found.upper * (1 + 1e-8)
    assert found.upper < value * (1 + 1e-7)
    assert found.lower > 0.99 * value
    assert len(found.knots) == 3
    assert rl.exact.error(found.network, registry.targets[name]) <= found.upper * (1 + 1e-12)
    assert found.norm == 2


@pytest.mark.parametrize("degree", [0, 1, 2])
def test_ends_are_ordered_and_monotone(degree):
    steps = []
    found = brackets(
        registry.targets["two_scales"], [1, 2, 4, 8], degree, progress=lambda d, t: steps.append((d, t))
    )
    uppers, lowers = [b.upper for b in found.values()], [b.lower for b in found.values()]
    assert list(found) == [1, 2, 4, 8]
    assert all(0 <= low <= high for low, high in zip(lowers, uppers, strict=True))
    assert uppers == sorted(uppers, reverse=True)
    assert lowers == sorted(lowers, reverse=True)
    assert steps[0][0] == 0 and steps[-1][0] == steps[-1][1]


def test_a_target_that_is_a_spline_has_error_zero():
    target = kinked(Fraction(1, 4), Fraction(1, 3), Fraction(3, 4))
    found = brackets(target, [3, 4, 6], 1)
    assert found[3].status == "bound" and found[3].lower > 0
    for n in (4, 6):
        assert (found[n].lower, found[n].upper, found[n].status) == (0.0, 0.0, "exact")
        assert rl.exact.error(found[n].network, target) < 1e-12


def test_a_jump_is_reached_in_the_limit_only():
    found = brackets(registry.targets["step"], [2, 3], 1)
    assert found[2].status != "exact"
    assert found[3].status == "exact" and found[3].lower == 0 < found[3].upper < 1e-4
    steps = brackets(registry.targets["step"], [2], 0)[2]
    assert (steps.lower, steps.upper, steps.status) == (0.0, 0.0, "exact")


def test_knots_count_with_multiplicity():
    assert zero_pieces(registry.targets["step"], 1) == (3, False)
    assert zero_pieces(registry.targets["step"], 0) == (2, True)
    assert zero_pieces(kinked(Fraction(1, 2)), 1) == (2, True)
    assert zero_pieces(kinked(Fraction(1, 2)), 2) == (3, False)
    assert zero_pieces(registry.targets["square"], 2) == (1, True)
    assert zero_pieces(registry.targets["square"], 1) is None
    assert zero_pieces(registry.targets["exp"], 1) is None


def test_a_black_box_gives_numerical_ends():
    target = rl.Target("box", lambda x: np.exp(x[:, 0]))
    found = bracket(target, 3)
    assert found.certainty == found.upper_certainty == "numerical"
    assert found.upper == pytest.approx(6.94543360e-3, rel=1e-6)


def test_a_bracket_remembers_its_splines():
    book = rl.best.SplineBook()
    found = brackets(registry.targets["exp"], [2, 3], 1, book=book)
    np.testing.assert_array_equal(book.splines(registry.targets["exp"], 1)[3].knots, found[3].knots)


CHIRP = rl.Target("chirp", lambda x: np.sin(3 * np.exp(x[:, 0])))
CUSP = rl.Target(
    "own cusp",
    lambda x: np.abs(x[:, 0] - 0.62) ** 0.3 + x[:, 0] ** 2,
    singular_points=(0.62,),
    smoothness=Smoothness(hoelder=0.3),
)


@pytest.mark.parametrize(
    ("target", "pieces"),
    [
        (registry.targets["sine"], [4]),
        (registry.targets["sine(frequency=4)"], [16]),
        (registry.targets["two_scales"], [8, 16]),
        (registry.targets["takagi"], [9]),
        (CHIRP, [12]),
        (CUSP, [5, 16]),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_both_ends_are_within_one_percent(target, pieces):
    for n, found in brackets(target, pieces, 1).items():
        assert 0 < found.lower <= found.upper <= 1.01 * found.lower, n
        assert rl.exact.error(found.network, target) == pytest.approx(found.upper, rel=1e-6)


def test_both_ends_of_steps_are_close():
    for found in brackets(registry.targets["sine"], [3, 16], 0).values():
        assert 0 < found.lower <= found.upper <= 1.02 * found.lower


def test_no_pieces_give_no_brackets():
    assert brackets(registry.targets["exp"], [], 1) == {}


@pytest.mark.parametrize(
    ("pieces", "p", "degree", "message"),
    [
        (3, 3, 1, "allowed: the numbers 1, 2 and infinity"),
        (0, 2, 1, "whole numbers from 1"),
        (0, np.inf, 1, "whole numbers from 1"),
        (3, 2, 9, "allowed: 0 to 5"),
        (3, 2, -1, "allowed: 0 to 5"),
    ],
)
def test_what_is_out_of_range_is_an_error(pieces, p, degree, message):
    with pytest.raises(rl.UserError, match=message):
        bracket(registry.targets["exp"], pieces, p, degree)


@pytest.mark.parametrize("p", [1, np.inf])
def test_other_norms_have_their_own_brackets(p):
    found = bracket(registry.targets["exp"], 3, p)
    assert found.norm == p
    assert 0 < found.lower <= found.upper
    square = bracket(registry.targets["exp"], 3)
    # ‖·‖_1 ≤ ‖·‖_2 ≤ ‖·‖_∞ on the unit interval
    assert found.lower <= square.upper if p == 1 else found.upper >= square.lower
