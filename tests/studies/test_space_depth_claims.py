"""A3, A9 and A14 hold in every case, and their checks can fail."""

from dataclasses import replace

import pytest

from ratelab import load_plugins
from ratelab.studies.claims import _space_depth
from ratelab.studies.claims._claim import Scope


@pytest.fixture(scope="module")
def scope():
    return Scope(4, load_plugins(["plugins"]))


@pytest.mark.parametrize("claim", ["a3", "a9", "a14"])
def test_no_case_is_violated_or_inconclusive(scope, claim):
    cases = list(getattr(_space_depth, claim)(scope))
    assert {case.verdict for case in cases} <= {"consistent", "illustrated", "not measurable"}
    assert sum(case.verdict == "consistent" for case in cases) >= 5
    assert len({case.name for case in cases}) == len(cases)


def test_the_same_cases_come_twice(scope):
    first, second = (repr(list(_space_depth.a9(scope))) for _ in range(2))
    assert first == second


def test_a_wrong_count_violates_the_claim(scope, monkeypatch):
    true = _space_depth.folded_network_bound
    monkeypatch.setattr(
        _space_depth,
        "folded_network_bound",
        lambda *a, **k: replace(true(*a, **k), neurons=true(*a, **k).neurons + 1),
    )
    verdicts = {case.name: case.verdict for case in _space_depth.a14(scope)}
    assert verdicts["networks whose counts are not the closed forms"] == "violated"
