"""Every tabled value of approximation spaces that a class of ours reaches lies inside the bracket of that class."""

import csv
from fractions import Fraction
from functools import cache
from math import factorial, inf, sqrt
from pathlib import Path

import numpy as np
import pytest

import ratelab as rl
from ratelab.registry import PiecewisePolynomial, Target
from ratelab.spaces._free_knot_limits import limit_constant
from ratelab.studies.claims._space_free_knots import disconnected_error
from ratelab.studies.experiments._free_knots import uniform_error

TARGETS = rl.load_plugins().targets
FILE = Path(__file__).parents[2] / "data" / "approximation_spaces.csv"
ROWS = list(csv.DictReader(FILE.read_text(encoding="utf-8").splitlines()))
PATHS = 60


def rows(*classes):
    return [row for row in ROWS if row["class"] in classes]


def name_of(row):
    return "-".join(row[key] for key in ("target", "norm", "class", "size", "kind") if row[key])


def half_unit(text):
    """Half a unit of the last printed digit, and a little for values that end in 5."""
    mantissa, _, exponent = text.partition("e")
    return 0.51 * 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))


def judge(row, lower, upper):
    """Values of a kind lie on the right side of both ends, to the printed digits."""
    value, room = float(row["value"]), half_unit(row["value"])
    if row["kind"] in ("equality", "upper"):
        assert lower <= value + room
    if row["kind"] in ("equality", "lower"):
        assert value - room <= upper * (1 + 1e-12)


@cache
def joined(label, p):
    """Brackets of joined pieces for all sizes that the table asks for, n + 1 included where networks need it."""
    sizes = set()
    for row in rows("joined", "network"):
        if (row["target"], row["norm"]) == (label, p):
            found = [int(n) for n in row["size"].split("-")]
            found = [2**k for k in range(1, 6) if found[0] <= 2**k <= found[1]] if len(found) > 1 else found
            sizes |= set(found) | ({n + 1 for n in found} if row["class"] == "network" else set())
    if p == "2":
        return rl.best.brackets(TARGETS[label], sorted(sizes), 1)
    return {n: rl.best.bracket(TARGETS[label], n, float(p)) for n in sorted(sizes)}


@cache
def disconnected(label):
    """Certified lower ends of pieces that need not join, and fits in hand."""
    target = TARGETS[label]
    sizes = sorted({int(row["size"]) for row in rows("disconnected") if row["target"] == label})
    moments = rl.exact.cell_moments(target, rl.exact.cell_edges(target, 1 << 14), 1)
    bounds = rl.best.lower_bounds(moments, sizes, 1)
    assert all(bound.certainty == "rigorous" for bound in bounds.values())
    return {n: (bounds[n].value, disconnected_error(target, bounds[n].knots)) for n in sizes}


def test_the_table_speaks_of_classes_that_are_judged_here():
    assert {row["kind"] for row in ROWS} == {
        "equality", "upper", "lower", "slope", "slope upper end", "statistical",
    }  # fmt: skip
    assert {row["target"] for row in ROWS if row["target"] and row["target"] not in TARGETS} == set()
    assert all(row["source"] for row in ROWS)


@pytest.mark.parametrize("row", [r for r in rows("joined") if r["kind"] != "slope"], ids=name_of)
def test_values_of_joined_pieces_lie_inside_the_bracket(row):
    bracket = joined(row["target"], row["norm"])[int(row["size"])]
    scale = int(row["size"]) ** float(row["power"])
    judge(row, scale * bracket.lower, scale * bracket.upper)
    assert bracket.certainty == bracket.upper_certainty == "rigorous"


@pytest.mark.parametrize("row", rows("disconnected"), ids=name_of)
def test_values_of_disconnected_pieces_lie_inside_the_bracket(row):
    lower, upper = disconnected(row["target"])[int(row["size"])]
    scale = int(row["size"]) ** float(row["power"])
    judge(row, scale * lower, scale * upper)
    if row["kind"] == "upper":  # a fit with knots on a grid: near to ours, which may be the better one
        assert float(row["value"]) == pytest.approx(scale * upper, rel=0.05)


@pytest.mark.parametrize(
    "size", sorted(int(r["size"]) for r in rows("disconnected") if r["target"] == "takagi")
)
def test_the_log_periodic_constant_of_takagi_meets_its_range(size):
    """n·E_disc lies between 0.1136 and 0.1237 for 16 ≤ n ≤ 64."""
    lower, upper = disconnected("takagi")[size]
    assert size * lower <= 0.1237
    assert size * upper >= 0.1135


@pytest.mark.parametrize("row", rows("uniform"), ids=name_of)
def test_values_on_uniform_knots_are_reproduced(row):
    size = int(row["size"])
    error = uniform_error(TARGETS[row["target"]], size)
    scale = size ** float(row["power"])
    judge(row, scale * error.lower, scale * error.upper)


@pytest.mark.parametrize("row", [r for r in ROWS if r["kind"].startswith("slope")], ids=name_of)
def test_slopes_lie_inside_the_certified_ones(row):
    first, last = (int(n) for n in row["size"].split("-"))
    sizes = [2**k for k in range(1, 6) if first <= 2**k <= last]
    found = joined(row["target"], "2")
    lowers = [found[n + (row["class"] == "network")].lower for n in sizes]
    low, high = rl.spaces.slope(sizes, lowers, [found[n].upper for n in sizes], (first, last))
    value, room = float(row["value"]), half_unit(row["value"])
    assert low <= value + room
    assert value - room <= high
    if row["kind"] == "slope upper end":
        assert high == pytest.approx(value, abs=0.01)


@pytest.mark.parametrize("row", [r for r in rows("network") if r["kind"] == "upper"], ids=name_of)
def test_values_of_networks_lie_above_the_ends_of_their_class(row):
    """Not above those of splines with as many pieces as neurons."""
    neurons, found = int(row["size"]), joined(row["target"], "2")
    pair = {
        n: found[n] if n in found else rl.best.bracket(TARGETS[row["target"]], n)
        for n in (neurons, neurons + 1)
    }
    moments = rl.exact.cell_moments(
        TARGETS[row["target"]], rl.exact.cell_edges(TARGETS[row["target"]], 1 << 13), 1
    )
    ends = rl.best.subset_sum_bounds(
        moments, {n: b.lower for n, b in pair.items()}, {n: b.knots for n, b in pair.items()}, [neurons]
    )
    judge(row, ends[neurons], inf)
    assert float(row["value"]) < pair[neurons].lower


@pytest.mark.parametrize("row", rows("polynomial"), ids=name_of)
def test_errors_of_polynomials_are_reproduced(row):
    error = rl.best.best_polynomial_error(TARGETS[row["target"]], int(row["size"]))
    judge(row, error, error)


@pytest.mark.parametrize("row", rows("constant", "disconnected constant"), ids=name_of)
def test_constants_are_reproduced(row):
    k = int(row["size"])
    if row["class"] == "constant":
        value = limit_constant(float(row["norm"]), k - 1)
    else:
        value = factorial(k) / (factorial(2 * k) * sqrt(2 * k + 1))
        # the distance of x^k/k! on the unit interval is what certified lower ends use
        powers = Target("power", lambda x: x[:, 0] ** k / factorial(k), pieces=monomial(k))
        bound = rl.spaces.lower_bound_all_n(powers, k - 1)
        assert bound.constant == pytest.approx(value, rel=1e-12)
    judge(row, value, value)


def monomial(k):
    return PiecewisePolynomial((), ((*[Fraction(0)] * k, Fraction(1, factorial(k))),))


def test_a_sawtooth_stays_at_its_plateau_until_it_is_reached():
    """Δ_j: the error of one piece is 1/√12, that of 2^j pieces 0."""
    levels = 3
    knots = tuple(Fraction(i, 2**levels) for i in range(1, 2**levels))
    pieces = tuple(
        (Fraction(-i if i % 2 == 0 else i + 1), Fraction((-1) ** i * 2**levels)) for i in range(2**levels)
    )
    saw = Target(
        "saw", lambda x: 1 - abs(1 - (4 * x[:, 0]) % 1 * 2), pieces=PiecewisePolynomial(knots, pieces)
    )
    assert saw(np.array([0.125, 0.25, 0.3125]))[:, 0].tolist() == [1.0, 0.0, 0.5]
    found = rl.best.brackets(saw, [1, 2, 8], 1)
    assert found[1].lower <= 1 / sqrt(12) <= found[1].upper * (1 + 1e-12)
    assert found[1].lower > 0.99 / sqrt(12)
    assert found[8].status == "exact" and found[8].upper < 1e-7
    assert found[8].network.neurons <= 8 and found[8].network.connections <= 16


@pytest.mark.parametrize("row", [r for r in ROWS if r["kind"] == "statistical"], ids=name_of)
def test_mean_squares_over_paths_agree_within_their_standard_error(row):
    """Exact integrals of residuals that are lines on every step of a walk; the walk lacks its last 4096 levels."""
    count, steps = int(row["size"]), 4096
    grid = np.arange(steps + 1) / steps
    squares = []
    for seed in range(PATHS):
        values = TARGETS[f"{row['target']}(seed={seed})"](grid)[:, 0]
        squares.append(sum(residual(row["class"], part) for part in split(values, count)) / steps)
    mean, error = np.mean(squares), np.std(squares, ddof=1) / sqrt(PATHS)
    expected = float(row["value"]) ** 2 / count
    assert error < 0.05 * expected
    assert abs(mean - expected) < 3.5 * error + 0.01 * expected


def split(values, count):
    size = (len(values) - 1) // count
    return [values[i * size : (i + 1) * size + 1] for i in range(count)]


def residual(kind, part):
    """∫ of the squared residual of one part in units of a step, by Simpson's rule, exact for squares of lines."""
    place = np.linspace(-1, 1, len(part))
    if kind == "uniform interpolation":
        line = np.interp(place, [-1, 1], part[[0, -1]])
    else:
        middle = (place[1:] + place[:-1]) / 2, (part[1:] + part[:-1]) / 2
        mean = middle[1].mean()
        # ∫ f·u over a step where both are lines
        product = (part[1:] * place[1:] + part[:-1] * place[:-1] + 4 * middle[0] * middle[1]) / 6
        slope = 3 * product.mean()
        line = mean + slope * place
    a, b = (part - line)[:-1], (part - line)[1:]
    return float(((a * a + a * b + b * b) / 3).sum())
