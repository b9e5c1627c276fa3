"""The config models are the one source of defaults, schema and documentation."""

from pathlib import Path
from typing import Any

import pytest

from ratelab import UserError
from ratelab.studies import load_config, read_config
from ratelab.studies._config import RULES
from ratelab.studies._document import DOCUMENT_FILE, SCHEMA_FILE, json_schema, markdown

ROOT = Path(__file__).parents[2]
MINIMAL: dict[str, Any] = {"studies": {"s": {"targets": ["sqrt"], "networks": [{}]}}}


def changed(**keys: Any) -> dict[str, Any]:
    return {"studies": {"s": {**MINIMAL["studies"]["s"], **keys}}}


@pytest.mark.parametrize("name", ["config", "full", "smoke"])
def test_the_configs_that_ship_are_valid(name: str) -> None:
    assert read_config(ROOT / "config" / f"{name}.yaml").studies


def test_the_documentation_is_that_of_the_models() -> None:
    assert (ROOT / DOCUMENT_FILE).read_text() == markdown(), (
        "run: ratelab schema --markdown > config/README.md"
    )
    assert (ROOT / SCHEMA_FILE).read_text() == json_schema(), f"run: ratelab schema > {SCHEMA_FILE}"


def test_three_ways_to_write_a_plugin_mean_the_same() -> None:
    study = load_config(
        changed(targets=["cusp(exponent=0.5,at=1/3)", {"name": "cusp", "exponent": 0.5, "at": "1/3"}])
    ).studies["s"]
    assert study.targets[0].parameters == study.targets[1].parameters


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (changed(budgts=[2]), "studies.s: unknown key 'budgts'; did you mean 'budgets'?"),
        (
            changed(networks=[{"dept": 3}]),
            r"studies.s.networks\[0\]: unknown key 'dept'; did you mean 'depth'?",
        ),
        (changed(budgets=[4, 2]), "studies.s.budgets: found .4, 2.; budgets must increase"),
        (changed(budgets=[0]), r"studies.s.budgets\[0\]: found 0"),
        (changed(budgets=[]), "studies.s.budgets: found"),
        (changed(norm=1), "studies.s.norm: found 1; input should be 2"),
        (changed(complexity=["neuron"]), r"studies.s.complexity\[0\]: found 'neuron'"),
        (changed(targets=[{"exponent": 1}]), r"studies.s.targets\[0\]"),
        (changed(targets=[{"name": "cusp", "at": [1]}]), "parameter 'at' is"),
        (changed(trainers=[]), "name at least one"),
        (changed(seeds="many"), "studies.s.seeds: found 'many'"),
        ({"studies": {}}, "studies: found"),
        ({}, "studies: is missing"),
    ],
)
def test_a_wrong_key_or_value_is_named_with_what_is_allowed(data: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message.replace("?", r"\?")):
        load_config(data, "config.yaml")


@pytest.mark.parametrize("name", ["train", "all", "Shallow", "a b"])
def test_study_names_are_no_rules_and_plain(name: str) -> None:
    with pytest.raises(UserError, match=r"studies\."):
        load_config({"studies": {name: MINIMAL["studies"]["s"]}})


def test_the_forbidden_names_are_the_rules_of_the_workflow() -> None:
    text = "".join(file.read_text() for file in (ROOT / "workflow" / "rules").glob("*.smk"))
    rules = {line.split()[1].rstrip(":") for line in text.splitlines() if line.startswith("rule ")}
    assert rules | {"all"} <= set(RULES)
