"""The command line answers in words."""

import json
from pathlib import Path

import pytest

from ratelab.cli import main


def test_plugins_list_names_every_kind(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "list"]) == 0
    text = capsys.readouterr().out
    assert all(word in text for word in ("activations", "relu", "cusp(exponent=0.5, at=1/3)", "varpro"))


def test_plugins_show_tells_parameters_and_source(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "show", "cusp(at=0.3)"]) == 0
    text = capsys.readouterr().out
    assert "parameter exponent = 0.5" in text and "cusp.py" in text and "smoothness" in text


def test_an_unknown_plugin_is_one_line_and_exit_code_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "show", "cups"]) == 1
    assert capsys.readouterr().err == "ratelab: no plugin is called 'cups'; did you mean 'cusp'?\n"


def test_the_index_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "index", "--members", '{"activations": ["relu3"]}']) == 0
    assert json.loads(capsys.readouterr().out)["facts"]["activations"]["relu3"]["degree"] == 3


def test_a_mistyped_job_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    job = json.dumps({"version": "0", "target": "sqrt", "nodes": "many", "cells": 64})
    assert main(["target", "--job", job, "--output", str(tmp_path / "t.nc")]) == 1
    assert "--job.nodes" in capsys.readouterr().err


def test_every_verb_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    for verb in (
        "check",
        "target",
        "spline",
        "construct",
        "train",
        "bracket",
        "rate",
        "figures",
        "schema",
        "plugins",
    ):
        with pytest.raises(SystemExit) as end:
            main([verb, "--help"])
        assert end.value.code == 0
    assert "usage" in capsys.readouterr().out
