"""Claims are stated once, checked by functions, and judged by certainty."""

from math import nan
from pathlib import Path

import numpy as np
import pytest

from ratelab import UserError, load_plugins
from ratelab.datasets import VERDICT, meaning
from ratelab.report import claim_rows, claims_csv, claims_markdown, claims_summary
from ratelab.studies import _claim as jobs
from ratelab.studies import load_config
from ratelab.studies._document import CLAIMS_FILE
from ratelab.studies._document import claims_markdown as statements
from ratelab.studies._jobs import ClaimJob
from ratelab.studies.claims._catalogue import CLAIMS, check_of, expand
from ratelab.studies.claims._claim import Scope, illustrated, judged

ROOT = Path(__file__).parents[2]


def dataset(claim: str, cases: int = 2) -> object:
    job = ClaimJob(version="0", claim=claim, cases=cases)
    return jobs.run(job, load_plugins(), lambda done, total: None)


def test_the_list_of_claims_is_that_of_the_catalogue() -> None:
    assert (ROOT / CLAIMS_FILE).read_text() == statements(), f"run: ratelab schema --claims > {CLAIMS_FILE}"


def test_all_claims_of_a_paper_are_stated() -> None:
    counts = {"A": 14, "B": 11, "C": 19, "D": 14}
    assert list(CLAIMS) == [f"{paper}{n}" for paper, most in counts.items() for n in range(1, most + 1)]
    for claim in CLAIMS.values():
        assert claim.statement.endswith(".") and callable(check_of(claim))


def test_ranges_of_claims_are_expanded_and_kept_once() -> None:
    assert expand(["C3-C5", "C4", "C1"]) == ("C3", "C4", "C5", "C1")


@pytest.mark.parametrize("name", ["C20", "C0-C3", "c1", "C5-C3", "X"])
def test_unknown_claims_are_named_with_the_nearest_right_ones(name: str) -> None:
    with pytest.raises(UserError, match=r"studies\.s\.claims: .*no claim is called"):
        load_config({"studies": {"s": {"claims": [name]}}})


def test_a_study_needs_something_to_do() -> None:
    with pytest.raises(UserError, match="name targets and networks, claims or experiments"):
        load_config({"studies": {"s": {}}})
    with pytest.raises(UserError, match="targets and networks belong together"):
        load_config({"studies": {"s": {"targets": ["sqrt"], "claims": ["C1"]}}})


@pytest.mark.parametrize(
    ("measured", "relation", "bound", "proved", "verdict"),
    [
        (3, "=", 3, True, "consistent"),
        (3, "=", 4, True, "violated"),
        (3, "=", 4, False, "inconclusive"),
        (3, "≤", 4, False, "consistent"),
        (5, "≤", 4, True, "violated"),
        (5, "≥", 4, True, "consistent"),
        (3, "≥", 4, True, "violated"),
        (nan, "≤", 4, True, "inconclusive"),
    ],
)
def test_only_certain_numbers_violate(
    measured: float, relation: str, bound: float, proved: bool, verdict: str
) -> None:
    assert judged("case", measured, relation, bound, proved=proved).verdict == verdict  # type: ignore[arg-type]


def test_what_is_illustrated_is_compared_and_never_violated() -> None:
    assert illustrated("case", 1, "≤", 2).verdict == "illustrated"
    assert (
        illustrated("case", 2, "≤", 1).verdict == illustrated("case", nan, "≤", 1).verdict == "inconclusive"
    )


@pytest.mark.parametrize("claim", list(CLAIMS))
def test_no_claim_is_violated(claim: str) -> None:
    cases = list(check_of(CLAIMS[claim])(Scope(2, load_plugins())))
    assert cases
    wrong = [case for case in cases if case.verdict in ("violated", "inconclusive")]
    assert wrong == []


def test_random_instances_depend_on_their_names_only() -> None:
    registry = load_plugins()
    first, second = Scope(2, registry), Scope(50, registry)
    assert first.generator("C2", 1).integers(10**9) == second.generator("C2", 1).integers(10**9)
    assert first.generator("C2", 1).integers(10**9) != first.generator("C2", 2).integers(10**9)


def test_the_dataset_of_a_claim_names_kind_origin_numbers_and_verdict() -> None:
    found = dataset("C13")
    assert set(found["claim"].values) == {"C13"}  # type: ignore[index]
    assert (found["measured"].values == found["bound"].values).all()  # type: ignore[index]
    assert {meaning("verdict", int(v)) for v in found["verdict"].values} == {"consistent"}  # type: ignore[index]
    assert set(found["origin"].values) == {"derived"} and found.attrs["parameters"]  # type: ignore[index, attr-defined]


def test_the_tables_show_the_worst_verdict_of_each_claim() -> None:
    gathered = jobs.gather("s", [dataset("C13"), dataset("C19")])  # type: ignore[list-item]
    rows = claim_rows(gathered)
    assert [(row.claim, row.verdict) for row in rows] == [("C13", "consistent"), ("C19", "not measurable")]
    broken = gathered.copy(deep=True)
    broken["verdict"].values[0] = VERDICT["violated"]
    assert (
        claim_rows(broken)[0].verdict == "violated" and "violated" in claims_summary(broken).splitlines()[0]
    )
    text = claims_markdown(gathered)
    assert "## C13" in text and "| C19 | hardness of training | complexity | recalled |" in text
    assert len(claims_csv(gathered).splitlines()) == 1 + int(np.size(gathered["case_name"]))
