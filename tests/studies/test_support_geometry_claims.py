"""D14 holds, and a mask that is not the stated one is noticed."""

from fractions import Fraction

import numpy as np
import pytest

from ratelab import load_plugins
from ratelab.studies.claims import _support_geometry as geometry
from ratelab.studies.claims._claim import Scope

REGISTRY = load_plugins()


def test_every_case_agrees():
    cases = list(geometry.d14(Scope(6, REGISTRY)))
    assert len(cases) == 8
    assert {case.verdict for case in cases} == {"consistent", "illustrated"}
    assert [case.verdict for case in cases].count("illustrated") == 1


def test_the_square_of_side_two_and_a_tenth_is_the_tabled_number():
    two = Fraction(2)
    assert float(geometry.collar_integral([two, two], Fraction(1, 10))) == pytest.approx(0.4067, abs=5e-5)
    assert geometry.collar_integral([two], Fraction(1, 10)) == Fraction(1, 10)
    assert geometry.collar_integral([two, two], Fraction(1, 10)) == Fraction(1, 20) * 8 + Fraction(2, 300)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_the_collar_integral_is_the_mean_over_random_points(d):
    sides, margin = [Fraction(1), Fraction(2), Fraction(1, 2)][:d], Fraction(1, 2)
    high = np.array([float(s) for s in sides])
    x = np.random.default_rng(0).uniform(-0.5, high + 0.5, (400_000, d))
    away = np.maximum(np.maximum(-x, x - high), 0).sum(axis=1)
    values = np.where(away > 0, np.maximum(1 - away / 0.5, 0), 0)
    volume = np.prod(high + 1)
    expected = float(geometry.collar_integral(sides, margin))
    assert values.mean() * volume == pytest.approx(expected, abs=5 * values.std() * volume / 630)


def test_another_network_is_noticed(monkeypatch):
    wider = geometry.box_mask
    monkeypatch.setattr(
        geometry, "box_mask", lambda low, high, margin: wider(low, high, margin * Fraction(5, 4))
    )
    cases = {case.name.split(",")[0]: case.verdict for case in geometry.d14(Scope(3, REGISTRY))}
    assert cases["integral over the collar"] == "inconclusive"
    assert cases["values beyond the margin"] == "violated"
    assert cases["1 on [−1"] == "inconclusive"


def test_the_same_scope_gives_the_same_cases():
    assert list(geometry.d14(Scope(3, REGISTRY))) == list(geometry.d14(Scope(3, REGISTRY)))
