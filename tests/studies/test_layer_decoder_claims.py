"""B5 and B7: no case contradicts or stays open, and a wrong code would be seen."""

from dataclasses import replace

import pytest
from flint import fmpq

from ratelab.networks import SineCode, SineDecoder
from ratelab.registry import Registry
from ratelab.studies.claims import _layer_decoders as checks
from ratelab.studies.claims._claim import Scope


@pytest.fixture(scope="module")
def cases():
    scope = Scope(9, Registry({}, {}, {}, {}, {}))
    return {"b5": list(checks.b5(scope)), "b7": list(checks.b7(scope))}


def test_no_case_is_violated_or_open(cases):
    assert (
        len(cases["b5"]) == 4 * (4 + 3) + 1
    )  # accuracies, rows of the closed form and of the lattice, float64
    assert {case.verdict for case in cases["b5"]} == {"consistent", "illustrated"}
    assert {case.verdict for case in cases["b7"]} == {"not measurable"}


def test_bits_exceed_what_counting_asks_for_and_both_grow_with_the_level(cases):
    line = [case for case in cases["b7"] if case.name.startswith("d=1, N=2")]
    assert len(line) >= 4 and all(case.measured >= case.bound for case in line)
    for former, later in zip(line, line[1:], strict=False):
        assert later.bound > former.bound and later.measured > 2 * former.measured


def test_a_wrong_parameter_is_a_violation():
    values = [fmpq(1, 3), fmpq(-1, 2), fmpq(1, 7), fmpq(3, 5)]
    code = SineDecoder().encode(values, 2.0**-40)
    wrong = replace(code, outer=code.outer * (1 + fmpq(1, 2**140)))

    def verdicts(found: SineCode) -> set[str]:
        trial = checks._tried(found, values)
        return {case.verdict for case in checks._judged_codes("closed-form", 2.0**-40, [trial])}

    assert verdicts(code) == {"consistent"} and "violated" in verdicts(wrong)
