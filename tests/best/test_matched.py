"""Matched lower ends lie below every continuous piecewise linear function, and within one percent of the best."""

import runpy
from fractions import Fraction
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import fmpq

from ratelab import Target, UserError, load_plugins
from ratelab.best import lower_bounds
from ratelab.best._matched import matched_bounds
from ratelab.best._matched_roughness import roughness
from ratelab.exact import cell_edges, cell_moments
from ratelab.registry import PiecewisePolynomial

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "lower_bounds.py"
BEST = {
    ("two_scales", 8): 0.121267,
    ("two_scales", 16): 0.069071,
    ("exp", 8): 9.7625297e-4,
    ("sqrt", 4): 4.68063774e-3,
    ("sine", 4): 0.0572059,
    ("sine(frequency=4)", 16): 0.0395065,
    ("takagi", 8): 0.0168586,
    ("cantor", 4): 0.0231229,
    ("brownian", 4): 0.125512,
}
"""Errors of splines in hand; the library's own search, and 400 random starts, find nothing less."""


def library(label: str) -> Target:
    target = load_plugins().targets[label]
    assert isinstance(target, Target)
    return target


@pytest.mark.parametrize(("label", "pieces"), BEST)
def test_lower_ends_are_within_one_percent_of_the_best_in_hand(label: str, pieces: int) -> None:
    target = library(label)
    moments = cell_moments(target, cell_edges(target, 4096), 1)
    upper = BEST[label, pieces] * (1 + 1e-5)
    bound = matched_bounds(target, moments, [pieces], {pieces: upper})[pieces]
    assert upper / 1.01 <= bound.value <= upper
    assert bound.certainty == "rigorous" and bound.knots.shape == (pieces - 1,)


@pytest.mark.parametrize("first", [0, 30, 60])
def test_no_lower_end_is_above_an_exhaustive_search_on_random_targets(first: int) -> None:
    compare: Any = runpy.run_path(str(BENCHMARK))["compare"]
    ratios = []
    for seed in range(first, first + 30):
        for _, loose, lower, upper, tolerance in compare(seed):
            assert loose <= lower
            assert lower**2 <= upper**2 + tolerance
            if upper**2 > 1e3 * tolerance:
                ratios.append(lower / upper)
    # and it is worth something: few cells are many enough for most
    assert np.median(ratios) > 0.9


def test_equal_pieces_of_a_parabola_are_the_best() -> None:
    target = library("square")
    moments = cell_moments(target, cell_edges(target, 4096), 1)
    bounds = matched_bounds(target, moments, [1, 2, 5, 16])
    for n, bound in bounds.items():
        error = n**-2 / sqrt(180)
        assert error / 1.005 <= bound.value <= error
        assert np.abs(bound.knots - np.arange(1, n) / n).max(initial=0.0) < 0.1 / n


def test_lines_change_nothing_and_powers_of_two_scale_to_the_last_bit() -> None:
    def quintic(scale: Fraction, slope: Fraction) -> Target:
        row = tuple(
            scale * c for c in (Fraction(0), slope, Fraction(-6), Fraction(0), Fraction(0), Fraction(9))
        )
        return Target("quintic", lambda x: x[:, 0], pieces=PiecewisePolynomial((), (row,)))

    found = []
    for scale, slope in ((1, 0), (1, 64), (2**-200, 0)):
        target = quintic(Fraction(scale), Fraction(slope))
        moments = cell_moments(target, np.linspace(0, 1, 1025), 1)
        # moments compare the target with its values; only their pieces matter here
        found.append(matched_bounds(target, moments, [4])[4].value)
    assert found[1] == pytest.approx(found[0], rel=1e-6)
    assert found[2] == pytest.approx(found[0] * 2.0**-200, rel=1e-12)


def test_bounds_decrease_with_the_pieces_and_never_fall_below_those_of_pieces_that_need_not_join() -> None:
    target = library("two_scales")
    moments = cell_moments(target, cell_edges(target, 2048), 1)
    wanted = [1, 2, 3, 5, 8, 9]
    found, loose = matched_bounds(target, moments, wanted), lower_bounds(moments, wanted, 1)
    values = [found[n].value for n in wanted]
    assert all(a >= b for a, b in zip(values, values[1:], strict=False))
    assert all(found[n].value >= loose[n].value for n in wanted)
    again = matched_bounds(target, moments, wanted)
    assert values == [again[n].value for n in wanted]
    assert all((found[n].knots == again[n].knots).all() for n in wanted)


def test_what_is_said_to_be_reached_never_lifts_a_bound() -> None:
    target = library("sine")
    moments = cell_moments(target, cell_edges(target, 2048), 1)
    free = matched_bounds(target, moments, [4])[4].value
    assert 0.0572059 / 1.01 < free <= 0.0572059
    for claimed in (1e-9, 0.04, 0.0572059, 0.3):
        bound = matched_bounds(target, moments, [4], {4: claimed})[4].value
        assert bound <= 0.0572059
        assert claimed < free or bound == pytest.approx(free, rel=3e-3)


def test_a_kink_at_a_jump_of_the_target_is_no_exception_and_the_jump_itself_costs_one_piece_more() -> None:
    middle = Fraction(1, 2)
    lift = Fraction(1, 16)
    rows = ((middle, Fraction(-1)), (lift - middle, Fraction(1)))
    target = Target("jump", lambda x: x[:, 0], pieces=PiecewisePolynomial((middle,), rows))
    found = matched_bounds(target, cell_moments(target, np.linspace(0, 1, 2001), 1), [1, 2, 3])
    # |x − 1/2| with a small jump: by symmetry the best kink is at the jump; there the least squares error of
    # lines that join on the jump 1/16 is that of hats on a step: Σ over both halves of lift²/4 less what lines take
    hats = np.array([[1 / 3, 1 / 12, 0], [1 / 12, 1 / 6, 1 / 12], [0, 1 / 12, 1 / 3]])
    hats[0, 0] = hats[2, 2] = 1 / 6
    hats[1, 1] = 1 / 3
    step = np.array([-1 / 4, 0.0, 1 / 4]) / 2 * float(lift)
    best = sqrt(float(lift) ** 2 / 4 - step @ np.linalg.solve(hats, step))
    assert 0 < found[2].value <= best
    assert (found[3].value, found[3].status) == (0.0, "trivial")


@pytest.mark.parametrize(
    "label", ["exp", "sqrt", "cusp", "takagi", "brownian", "weierstrass", "cantor", "square"]
)
def test_roughness_is_above_the_distance_to_a_line_on_every_cell(label: str) -> None:
    target = library(label)
    edges = cell_edges(target, 256)
    moments = cell_moments(target, edges, 1)
    bounds = roughness(target, moments)
    nodes, weights = np.polynomial.legendre.leggauss(400)
    least, sizes = [], []
    for index in range(0, len(edges) - 1, 5):
        a, b = edges[index], edges[index + 1]
        x = a + (b - a) * (nodes + 1) / 2
        values = target(x[:, None])[:, 0]
        basis = np.polynomial.legendre.legvander(nodes, 1) * np.sqrt(weights * (b - a) / 2)[:, None]
        rest = values * np.sqrt(weights * (b - a) / 2)
        rest = rest - basis @ np.linalg.lstsq(basis, rest, rcond=None)[0]
        distance = float(np.sqrt((rest**2).sum()))
        # a sum over nodes knows a rough target to a few percent, and floats know nothing below 1e-8 of it
        assert distance * 0.9 <= bounds[index] + 1e-15
        least.append(distance)
        sizes.append(bounds[index])
    assert np.linalg.norm(sizes) <= 6 * np.linalg.norm(least) + 1e-7


def test_estimated_moments_give_a_numerical_bound() -> None:
    plain = Target("plain", lambda x: np.sin(5 * x[:, 0]))
    bound = matched_bounds(plain, cell_moments(plain, cell_edges(plain, 512), 1), [3])[3]
    assert bound.certainty == "numerical" and bound.value > 0


def test_hundreds_of_pieces_are_bounded_by_pricing_them() -> None:
    target = Target("wave", lambda x: np.sin(9 * x[:, 0]), enclosure=lambda x: (x * 9).sin())
    moments = cell_moments(target, cell_edges(target, 8192), 1)
    found = matched_bounds(target, moments, [100])
    # squares of errors over many pieces fall like n^(-4), from ∫ |f″|^(2/5)
    x = (np.arange(200_000) + 0.5) / 200_000
    limit = float(np.mean((81 * np.abs(np.sin(9 * x))) ** 0.4) ** 2.5 / sqrt(720))
    for n, bound in found.items():
        assert 0.95 * limit / n**2 <= bound.value <= 1.05 * limit / n**2
        assert bound.knots.shape == (n - 1,)


def test_pricing_pieces_never_bounds_more_than_counting_them(monkeypatch: pytest.MonkeyPatch) -> None:
    target = library("two_scales")
    moments = cell_moments(target, cell_edges(target, 2048), 1)
    counted = matched_bounds(target, moments, [8, 12])
    monkeypatch.setattr("ratelab.best._matched._LAYERS", 2)
    priced = matched_bounds(target, moments, [8, 12])
    for n in (8, 12):
        assert 0 < priced[n].value <= counted[n].value * 1.01


def test_impossible_requests_are_refused() -> None:
    target = Target("exp", lambda x: np.exp(x[:, 0]), enclosure=lambda x: x.exp() * fmpq(1))
    with pytest.raises(UserError, match="degree 0"):
        matched_bounds(target, cell_moments(target, cell_edges(target, 16), 0), [2])
    with pytest.raises(UserError, match="0 pieces"):
        matched_bounds(target, cell_moments(target, cell_edges(target, 16), 1), [0])
