"""Every number in data/ is recomputed from its formula, or by a method that does not know it."""

import csv
import re
from fractions import Fraction
from itertools import pairwise
from math import inf, log2
from pathlib import Path

import mpmath
import numpy as np
import pytest
from scipy.optimize import fsolve

from ratelab import load_plugins

DATA = Path(__file__).parents[2] / "data"
TARGETS = load_plugins().targets


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def printed(text: str) -> float:
    """Half a unit of the last digit, relative."""
    mantissa = re.sub(r"e.*|\.", "", text).lstrip("0")
    return 0.51 * 10.0 ** (1 - len(mantissa)) / float(f"{mantissa[0]}.{mantissa[1:] or '0'}")


CONSTANTS = rows("asymptotic_constants.csv")
FITS = rows("free_knot_l2.csv")
RATES = rows("rates.csv")


def name_of(row: dict[str, str]) -> str:
    return "-".join(row[key] for key in ("target", "degree", "pieces", "knots") if key in row)


def derivative(label: str, order: int):
    """Derivatives of the targets in closed form, by name."""
    pi = mpmath.pi
    if label == "square":
        return lambda x: mpmath.mpf(2)
    if label == "exp":
        return mpmath.exp
    if label == "sine":
        return lambda x: (2 * pi) ** order * (mpmath.sin if order % 2 == 0 else mpmath.cos)(2 * pi * x)
    if label == "two_scales":
        return lambda x: -4 * pi**2 * (mpmath.sin(2 * pi * x) + 20 * mpmath.sin(20 * pi * x))
    if label == "runge":
        return lambda x: 200 * (75 * (2 * x - 1) ** 2 - 1) / (1 + 25 * (2 * x - 1) ** 2) ** 3
    if label == "gaussian":
        return lambda x: 100 * ((10 * x - 5) ** 2 - 1) * mpmath.exp(-((10 * x - 5) ** 2) / 2)
    exponent, at = singularity(label)
    return lambda x: exponent * (exponent - 1) * abs(x - at) ** (exponent - 2) if x != at else mpmath.mpf(0)


def singularity(label: str):
    parameters = dict(re.findall(r"(\w+)=([^,)]+)", label))
    at = Fraction(parameters.get("at", "0" if label == "sqrt" else "1/3"))
    return mpmath.mpf(parameters.get("exponent", "0.5")), mpmath.mpf(at.numerator) / at.denominator


def cuts(label: str, order: int):
    """Ends, zeros of the derivative and singular points: between them its powers are smooth inside."""
    inner = []
    if label == "sine":
        inner = [mpmath.mpf(i) / 4 for i in range(1, 4)]
    elif label == "runge":
        inner = [(1 - 1 / mpmath.sqrt(75)) / 2, mpmath.mpf(1) / 2, (1 + 1 / mpmath.sqrt(75)) / 2]
    elif label == "gaussian":
        inner = [mpmath.mpf(2) / 5, mpmath.mpf(1) / 2, mpmath.mpf(3) / 5]
    elif label == "two_scales":
        second = derivative(label, order)
        grid = [mpmath.mpf(i) / 200 + mpmath.mpf(1) / 1009 for i in range(199)]
        inner = [
            mpmath.findroot(second, (a, b), solver="anderson")
            for a, b in pairwise(grid)
            if second(a) * second(b) < 0
        ]
    elif label.startswith("cusp"):
        inner = [singularity(label)[1]]
    return [mpmath.mpf(0), *(t for t in inner if 0 < t < 1), mpmath.mpf(1)]


def power_integral(function, exponent, points):
    """∫ |function|^exponent, graded at both ends of every part, where it may vanish or blow up."""
    total = mpmath.mpf(0)
    for a, b in pairwise(points):
        for end, other in ((a, (a + b) / 2), (b, (a + b) / 2)):
            span = other - end
            total += abs(span) * mpmath.quad(
                lambda u, end=end, span=span: abs(function(end + span * u**10)) ** exponent * 10 * u**9,
                [0, 1],
            )
    return total


@pytest.mark.parametrize("row", CONSTANTS, ids=name_of)
def test_an_asymptotic_constant_is_the_norm_of_the_derivative_times_that_of_its_degree(row):
    """√(|B_2k| / (2k)!) times the L_{2/(2k+1)} norm (free knots) or the L_2 norm (uniform) of f^(k)."""
    order = int(row["degree"]) + 1
    with mpmath.workdps(30):
        constant = mpmath.sqrt(abs(mpmath.bernoulli(2 * order)) / mpmath.factorial(2 * order))
        exponent = mpmath.mpf(2) / (2 * order + 1) if row["knots"] == "free" else mpmath.mpf(2)
        integral = power_integral(derivative(row["target"], order), exponent, cuts(row["target"], order))
        assert float(constant * integral ** (1 / exponent)) == pytest.approx(
            float(row["limit"]), rel=printed(row["limit"]), abs=0
        )


@pytest.mark.parametrize("row", [r for r in CONSTANTS if r["formula"]], ids=name_of)
def test_a_written_formula_has_the_written_value(row):
    names = {name: getattr(mpmath, name) for name in ("sqrt", "exp", "gamma", "pi", "mpf")}
    with mpmath.workdps(20):
        value = float(eval(re.sub(r"(\d+)", r"mpf(\1)", row["formula"]), names))
    assert value == pytest.approx(float(row["limit"]), rel=printed(row["limit"]), abs=0)


def line(x, y, primitives):
    """Residuals at both ends of the best line on [x, y], and its squared error."""
    (value, zeroth, first, energy), (value_left, zeroth_left, first_left, energy_left) = (
        primitives(y),
        primitives(x),
    )
    h, m = y - x, (x + y) / 2
    mean = (zeroth - zeroth_left) / h
    slope = 12 * ((first - first_left) - m * mean * h) / h**3
    error = (energy - energy_left) - mean**2 * h - slope**2 * h**3 / 12
    return value_left - (mean - slope * h / 2), value - (mean + slope * h / 2), error


def of_root(x):
    p = x**0.5
    return p, 2 * p**3 / 3, 2 * p**5 / 5, x * x / 2


def of_exponential(x):
    p = mpmath.exp(x) if isinstance(x, mpmath.mpf) else np.exp(x)
    return p, p, (x - 1) * p, p * p / 2


PRIMITIVES = {"sqrt": of_root, "exp": of_exponential}


@pytest.mark.parametrize("row", [r for r in FITS if r["knots"] == "free"], ids=name_of)
def test_a_best_free_knot_fit_has_equal_residuals_at_both_sides_of_every_knot(row):
    """Solved in floats, which knots need only roughly since they are stationary; measured in many digits."""
    pieces, primitives = int(row["pieces"]), PRIMITIVES[row["target"]]

    def jumps(inner):
        knots = np.concatenate([[0.0], inner, [1.0]])
        left, right, _ = line(knots[:-1], knots[1:], primitives)
        return (right[:-1] - left[1:]) * pieces**2

    start = (np.arange(1, pieces) / pieces) ** (2.5 if row["target"] == "sqrt" else 1.0)
    inner = (
        fsolve(jumps, start, band=(1, 1), epsfcn=1e-10, xtol=1e-8, full_output=True)[0]
        if pieces > 1
        else start
    )
    assert np.abs(jumps(inner)).max(initial=0) < 5e-7
    with mpmath.workdps(40):
        knots = [mpmath.mpf(float(t)) for t in (0, *inner, 1)]
        error = mpmath.sqrt(sum(line(x, y, primitives)[2] for x, y in pairwise(knots)))
    assert float(error) == pytest.approx(float(row["error"]), rel=printed(row["error"]), abs=0)


@pytest.mark.parametrize("row", [r for r in FITS if r["knots"] == "uniform"], ids=name_of)
def test_a_uniform_knot_fit_is_the_projection_on_the_hats(row):
    pieces, primitives = int(row["pieces"]), PRIMITIVES[row["target"]]
    knots = np.arange(pieces + 1) / pieces
    _, zeroth, first, energy = primitives(knots)
    zeroth, first, h = np.diff(zeroth), np.diff(first), 1 / pieces
    loads = np.zeros(pieces + 1)
    loads[:-1] += (knots[1:] * zeroth - first) / h
    loads[1:] += (first - knots[:-1] * zeroth) / h
    mass = np.zeros((pieces + 1, pieces + 1))
    for i in range(pieces):
        mass[i : i + 2, i : i + 2] += h / 6 * np.array([[2, 1], [1, 2]])
    error = np.sqrt(energy[-1] - energy[0] - loads @ np.linalg.solve(mass, loads))
    assert error == pytest.approx(float(row["error"]), rel=1.2 * printed(row["error"]), abs=0)


@pytest.mark.parametrize("target", ["sqrt", "exp"])
def test_free_knot_errors_approach_the_asymptotic_constant(target):
    limit = next(
        float(r["limit"])
        for r in CONSTANTS
        if (r["target"], r["degree"], r["knots"]) == (target, "1", "free")
    )
    scaled = [
        int(r["pieces"]) ** 2 * float(r["error"])
        for r in FITS
        if r["target"] == target and r["knots"] == "free"
    ]
    distances = [abs(value - limit) for value in scaled]
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < 0.015 * limit


@pytest.mark.parametrize("row", RATES, ids=lambda row: row["target"])
def test_the_rate_table_agrees_with_what_the_targets_say(row):
    target = TARGETS[row["target"]]
    assert target.dimension == int(row["dimension"])
    assert target.smoothness.besov == pytest.approx(float(row["smoothness_index"]))
    assert row["certainty"] in ("derived", "checked", "open")
    assert row["source"]
    assert bool(row["shallow_relu_rate"]) == (row["certainty"] != "open")
    if row["shallow_relu_rate"] == "inf":  # shallow networks reach it, or tend to it
        assert target.pieces.degree <= 1
    elif row["shallow_relu_rate"]:
        smooth = min(float(row["smoothness_index"]), 2.0 if row["smoothness_index"] == "inf" else inf)
        assert float(row["shallow_relu_rate"]) == pytest.approx(smooth)


def test_every_target_has_a_predicted_rate():
    assert {row["target"].partition("(")[0] for row in RATES} == set(TARGETS)


@pytest.mark.parametrize("row", CONSTANTS, ids=name_of)
def test_every_constant_belongs_to_a_target_that_exists(row):
    assert TARGETS[row["target"]].dimension == 1
    assert row["kind"] in ("asymptotic", "exact for every n")


def test_the_cantor_rate_follows_from_its_self_similarity():
    """2^(j+1) − 1 pieces: every doubling divides the error by √6."""
    row = next(r for r in RATES if r["target"] == "cantor")
    assert float(row["shallow_relu_rate"]) == pytest.approx(log2(6) / 2, abs=1e-15)
