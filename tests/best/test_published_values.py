"""Spline brackets contain the published optima, and their certified slopes the published local rates."""

import csv
from math import log2, sqrt
from pathlib import Path

import pytest

import ratelab as rl

TARGETS = rl.load_plugins().targets
TABLE = list(
    csv.DictReader((Path(__file__).parents[2] / "data" / "free_knot_l2.csv").read_text().splitlines())
)
OCTAVES = (1.585, 1.747, 1.858, 1.924, 1.961)
SIZES = (1, 2, 4, 8, 16, 32)


@pytest.fixture(scope="module")
def brackets() -> dict[str, dict[int, rl.best.Bracket]]:
    return {name: rl.best.brackets(TARGETS[name], SIZES, 1) for name in ("sqrt", "exp", "square", "sine")}


def test_brackets_are_rigorous_and_tight(brackets: dict[str, dict[int, rl.best.Bracket]]) -> None:
    for name, found in brackets.items():
        for n in (4, 8, 16, 32):
            bracket = found[n]
            assert bracket.certainty == bracket.upper_certainty == "rigorous"
            assert bracket.upper / bracket.lower < 1.02, (name, n)


@pytest.mark.parametrize("name", ["sqrt", "exp"])
def test_the_tabled_optima_lie_inside(brackets: dict[str, dict[int, rl.best.Bracket]], name: str) -> None:
    for row in TABLE:
        if row["target"] == name and int(row["pieces"]) in SIZES and row["knots"] == "free":
            value, bracket = float(row["error"]), brackets[name][int(row["pieces"])]
            half_unit = 0.5 * 10 ** (int(f"{value:e}".split("e")[1]) - 8)
            assert bracket.lower <= value + half_unit and value - half_unit <= bracket.upper


def test_the_closed_form_of_the_square_and_the_sine_lie_inside(
    brackets: dict[str, dict[int, rl.best.Bracket]],
) -> None:
    for n in SIZES:
        bracket = brackets["square"][n]
        assert bracket.lower <= 1 / (sqrt(180) * n**2) <= bracket.upper * (1 + 1e-12)
    assert brackets["sine"][4].lower <= 0.05725 and brackets["sine"][4].upper >= 0.05715


def test_certified_slopes_contain_the_local_rates(brackets: dict[str, dict[int, rl.best.Bracket]]) -> None:
    found = brackets["sqrt"]
    lower, upper = [found[n].lower for n in SIZES], [found[n].upper for n in SIZES]
    for rate, n in zip(OCTAVES, SIZES, strict=False):
        low, high = rl.spaces.slope(SIZES, lower, upper, (n, 2 * n))
        assert low <= rate + 5e-4 and rate - 5e-4 <= high, (n, low, high)
        assert low == pytest.approx(log2(found[n].lower / found[2 * n].upper))
    exp = brackets["exp"]
    low, high = rl.spaces.slope(SIZES, [exp[n].lower for n in SIZES], [exp[n].upper for n in SIZES], (16, 32))
    assert low <= 2.0 <= high


def test_networks_by_neurons_exclude_the_rate_on_long_windows_and_not_on_the_last_octave() -> None:
    budgets = (2, 4, 16, 32)
    found = rl.best.brackets(TARGETS["sqrt"], sorted({*budgets, *(n + 1 for n in budgets)}), 1)
    lower, upper = [found[n + 1].lower for n in budgets], [found[n].upper for n in budgets]
    low, high = rl.spaces.slope(budgets, lower, upper, (16, 32))
    assert low <= 1.961 and high >= 2.0
    assert rl.spaces.slope(budgets, lower, upper, (2, 32))[1] < 2
    assert rl.spaces.slope(budgets, lower, upper, (4, 32))[1] < 2
