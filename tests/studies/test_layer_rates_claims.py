"""B1, B2, B6, B8 and B9: no case contradicts or stays open, and a wrong bound would be seen."""

from dataclasses import replace
from fractions import Fraction

import pytest

from ratelab import load_plugins
from ratelab.studies.claims import _layer_rates as checks
from ratelab.studies.claims._claim import Scope


@pytest.fixture(scope="module")
def registry():
    return load_plugins(["plugins"])


@pytest.fixture(scope="module")
def cases(registry):
    return {name: list(getattr(checks, name)(Scope(2, registry))) for name in ("b1", "b2", "b6", "b8", "b9")}


@pytest.mark.parametrize(("name", "least"), [("b1", 10), ("b2", 8), ("b6", 6), ("b8", 6), ("b9", 6)])
def test_no_case_is_violated_or_open(cases, name, least):
    assert len(cases[name]) >= least
    assert {case.verdict for case in cases[name]} == {"consistent"}


def test_the_wave_has_the_errors_of_the_reference_at_levels_one_and_two(cases):
    """4.8983e-2 and 4.8984e-2 with the bound of the ramps; the bound goes from 0.478 to 0.367."""
    found = {case.name: case for case in cases["b9"]}
    both = found["upper ends of the errors, ℓ = 2 against ℓ = 1"]
    assert (f"{both.bound:.4e}", f"{both.measured:.4e}") == ("4.8983e-02", "4.8984e-02")
    falls = found["the bound falls"]
    assert falls.measured == pytest.approx(0.4775, abs=1e-4) and falls.bound == pytest.approx(0.367, abs=1e-4)


def test_a_certified_contradiction_is_a_violation_and_an_uncertified_one_is_not(registry):
    target = registry.targets["step(at=0.3)"]
    (grade,) = checks.layerwise(target, 2, 1, p=1).grades[1:]
    broken = replace(grade, error=(2.0, 2.1), certainty="rigorous")
    assert checks._widest(target, "x", [checks._Row(broken, 2, 1.0)], "").verdict == "violated"
    assert (
        checks._widest(target, "x", [checks._Row(replace(broken, certainty="numerical"), 2, 1.0)], "").verdict
        == "inconclusive"
    )
    high = replace(broken, error=(0.1, 2.1))
    assert checks._widest(target, "x", [checks._Row(high, 2, 1.0)], "").verdict == "inconclusive"


def test_a_union_of_ramps_counts_overlaps_once():
    assert checks._union(2, 1, Fraction(1, 4)) == Fraction(1, 8)
    # 1/2 − 1/8 … 1/2, then 1/4 − 1/16 … 1/4 and 3/4 − 1/16 … 3/4
    assert checks._union(2, 2, Fraction(1, 4)) == Fraction(1, 8) + 2 * Fraction(1, 16)
    # the ramp that ends at 1/2 has swallowed the one that ends at 7/16
    assert checks._union(2, 4, Fraction(1, 2)) < 4 * Fraction(1, 4)
