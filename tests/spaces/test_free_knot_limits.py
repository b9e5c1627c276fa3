"""Limits of best splines against closed forms, the printed table, and errors of best fits."""

import csv
from fractions import Fraction
from math import exp, gamma, inf, pi, sqrt
from pathlib import Path

import pytest

import ratelab as rl
from ratelab.registry import PiecewisePolynomial, Smoothness, Target
from ratelab.spaces._free_knot_limits import free_knot_limit, limit_constant

TARGETS = rl.load_plugins().targets
TABLE = list(
    csv.DictReader((Path(__file__).parents[2] / "data" / "asymptotic_constants.csv").read_text().splitlines())
)
BETA = gamma(0.75) / (sqrt(pi) * gamma(1.25))  # the mean of |sin|^(1/2)


def digits(text):
    return 10.0 ** (1 - len(text.replace(".", "").lstrip("0")))


@pytest.mark.parametrize("row", TABLE, ids=lambda row: "-".join([row["target"], row["degree"], row["knots"]]))
def test_every_tabled_constant_is_reproduced_to_its_printed_digits(row):
    found = free_knot_limit(TARGETS[row["target"]], 2, int(row["degree"]), row["knots"])
    assert found == pytest.approx(float(row["limit"]), rel=digits(row["limit"]), abs=0)


@pytest.mark.parametrize(
    ("target", "p", "knots", "expected"),
    [
        ("square", 1, "free", 1 / 16),
        ("square", inf, "free", 1 / 8),
        ("square", inf, "uniform", 1 / 8),
        ("exp", 1, "free", (3 * (exp(1 / 3) - 1)) ** 3 / 32),
        ("exp", inf, "free", (2 * (exp(0.5) - 1)) ** 2 / 16),
        ("exp", 1, "uniform", (exp(1) - 1) / 32),
        ("exp", inf, "uniform", exp(1) / 16),
        ("sqrt", 1, "free", 1 / 16),
        ("sqrt", inf, "free", 1 / 4),
        ("sine", inf, "free", 4 * pi**2 * BETA**2 / 16),
        ("sine", 1, "uniform", 4 * pi**2 * (2 / pi) / 32),
        ("sine", inf, "uniform", 4 * pi**2 / 16),
        ("runge", inf, "uniform", 200 / 16),
        ("gaussian", inf, "uniform", 100 / 16),
    ],
)
def test_other_norms_have_their_closed_forms(target, p, knots, expected):
    assert free_knot_limit(TARGETS[target], p, 1, knots) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("a", ["0.25", "0.5", "0.75", "3/2", "7/4"])
def test_powers_follow_the_formula_of_algebraic_singularities(a):
    value = eval(a)
    target = TARGETS[f"cusp(exponent={a},at=0)"]
    expected = abs(value * (value - 1)) * (5 / (1 + 2 * value)) ** 2.5 / sqrt(720)
    assert free_knot_limit(target) == pytest.approx(expected, rel=1e-10)
    uniform = free_knot_limit(target, knots="uniform")
    if value > 1.5:
        second = value * (value - 1) / sqrt(2 * value - 3)
        assert uniform == pytest.approx(second / sqrt(720), rel=1e-9)
    else:
        assert uniform == inf


@pytest.mark.parametrize(("label", "c"), [("cusp(at=0.3)", 0.3), ("cusp", 1 / 3)])
def test_an_inner_cusp_follows_its_formula(label, c):
    expected = 0.25 * ((c**0.4 + (1 - c) ** 0.4) / 0.4) ** 2.5 / sqrt(720)
    assert free_knot_limit(TARGETS[label]) == pytest.approx(expected, rel=1e-10)


def test_the_constants_are_half_the_distance_of_the_square_from_constants():
    """min over c of ‖t² − c‖ on [−½, ½]: c = 1/16, 1/12, 1/8."""
    assert limit_constant(2) == pytest.approx(0.5 * sqrt(1 / 80 - 1 / 144))
    first = 2 * (2 * (1 / 16 * 1 / 4 - (1 / 4) ** 3 / 3)) - (1 / 16 - 2 / 24)  # ∫ |t² − 1/16|
    assert limit_constant(1) == pytest.approx(0.5 * first)
    assert limit_constant(inf) == 0.5 / 8
    assert [limit_constant(2, r) for r in (2, 3)] == pytest.approx([0.00575055, 0.000909241], rel=1e-5)


def kinked(knot, values):
    pieces = PiecewisePolynomial((Fraction(knot),), tuple(tuple(map(Fraction, row)) for row in values))
    return Target("kinked", lambda x: 0 * x[:, 0], pieces=pieces, smoothness=Smoothness())


def test_a_kink_costs_free_knots_nothing_and_makes_uniform_knots_slower():
    bent = kinked(Fraction(3, 10), ((0, 0, 1), (0, 1, 1)))
    assert free_knot_limit(bent) == pytest.approx(1 / sqrt(180), rel=1e-12)
    assert free_knot_limit(bent, knots="uniform") == inf
    smooth = kinked(Fraction(1, 2), ((0, 0, 1), (-1, 4, -3)))  # joins with its slope: f″ = 2, then −6
    expected = sqrt((4 + 36) / 2) / sqrt(720)
    assert free_knot_limit(smooth, knots="uniform") == pytest.approx(expected, rel=1e-12)


def test_a_kink_on_uniform_knots_in_the_mean_norm_has_no_limit():
    corner = kinked(Fraction(1, 2), ((0, 0, 1), (Fraction(-1, 4), 1, 0)))
    assert free_knot_limit(corner, 1, knots="uniform") == pytest.approx(1 / 32)  # joins with its slope
    corner = kinked(Fraction(1, 2), ((0, 0, 1), (Fraction(1, 4), 0, 0)))
    assert free_knot_limit(corner, 2, knots="uniform") == inf
    with pytest.raises(rl.UserError, match="has no limit"):
        free_knot_limit(corner, 1, knots="uniform")


def test_polynomials_of_the_degree_have_the_limit_zero():
    assert free_knot_limit(TARGETS["square"], 2, 2) == 0


def test_best_fits_in_hand_approach_the_limits_in_all_norms():
    for p, name in ((1, "exp"), (2, "exp"), (inf, "exp"), (inf, "sqrt")):
        limit = free_knot_limit(TARGETS[name], p)
        bracket = rl.best.bracket(TARGETS[name], 16, p)
        assert bracket.upper * 256 == pytest.approx(limit, rel=0.07 if name == "sqrt" else 0.01)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("brownian", 2, 1), "neither pieces nor an enclosure"),
        (("exp", 3, 1), "p is 3"),
        (("exp", 1, 2), "degree 2"),
        (("exp", 2, 7), "degree is 7"),
        (("exp", 2, 1, "equal"), "knots are 'equal'"),
    ],
)
def test_what_has_no_limit_here_is_refused(arguments, word):
    target, *rest = arguments
    with pytest.raises(rl.UserError, match=word):
        free_knot_limit(TARGETS[target], *rest)
