"""A user's mistake gets one clear message, exit code 1, and loses nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Change = Callable[[dict[str, Any]], object]
HEAD = "import numpy as np\nimport torch\nfrom ratelab import Activation, Target, hookimpl\n"


def study(config: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = config["studies"]["shallow"]
    return found


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda c: study(c)["networks"].append({"activation": "rleu"}),
            "no activation is called 'rleu'; did you mean",
        ),
        (lambda c: study(c)["targets"].append("sqr"), "no target is called 'sqr'"),
        (lambda c: study(c).update(trainers=["adma"]), "no trainer is called 'adma'; did you mean 'adam'?"),
        (lambda c: study(c)["networks"].append({"architecture": "mpl"}), "no architecture is called 'mpl'"),
        (lambda c: study(c)["targets"].append({"name": "cusp", "exponnt": 1}), "did you mean 'exponent'?"),
        (lambda c: study(c).update(budgts=[2]), "unknown key 'budgts'; did you mean 'budgets'?"),
        (lambda c: study(c).update(budgets=["two"]), "budgets[0]: found 'two'"),
        (lambda c: study(c).update(seeds=0), "seeds: found 0"),
        (lambda c: c.update(plugins=["nowhere"]), "folder 'nowhere' does not exist"),
        (lambda c: study(c)["targets"].append("sqrt"), "'sqrt' stands twice"),
        (lambda c: c["studies"].update(train=study(c)), "'train' is a rule"),
        (
            lambda c: study(c).update(experiments=[{"name": "trained-readouts", "targets": ["disc"]}]),
            "trained-readouts: target 'disc' has 2 variables; allowed here: 1",
        ),
        (
            lambda c: study(c).update(
                experiments=[{"name": "layerwise-rates", "targets": ["nested_absolute"]}]
            ),
            "allowed here: [0, 1] in every variable",
        ),
        (lambda c: study(c).update(trainers=["multigrade(inner=adam"]), "quote it inside a list"),
    ],
)
def test_a_wrong_config_is_answered_before_any_job(workflow: Any, change: Change, message: str) -> None:
    workflow.configure(change)
    done = workflow.snakemake()
    text = done.stdout + done.stderr
    assert done.returncode == 1 and message in text and "Traceback" not in text
    assert not (workflow.folder / "results").exists()


@pytest.mark.parametrize(
    ("network", "trainer", "message"),
    [
        (
            {"activation": "relu", "depth": 3},
            "multigrade",
            "has no two grades; allowed: layouts of architecture 'graded'",
        ),
        (
            {"architecture": "mixed", "activation": "relu", "depth": 3},
            "varpro",
            "have an activation of their own",
        ),
    ],
)
def test_a_trainer_that_does_not_serve_a_shape_is_refused_once_before_any_job(
    workflow: Any, network: dict[str, Any], trainer: str, message: str
) -> None:
    workflow.configure(
        lambda c: study(c).update(networks=[network], trainers=[trainer], budgets=[10, 14, 18])
    )
    done = workflow.snakemake()
    text = done.stdout + done.stderr
    assert done.returncode == 1 and text.count(f"trainer '{trainer}'") == 1 and "Traceback" not in text


def test_yaml_that_is_none_names_the_file(workflow: Any) -> None:
    workflow.write("studies: [unclosed\n")
    done = workflow.snakemake()
    assert done.returncode == 1 and "config.yaml" in done.stdout + done.stderr


TARGET = """
@hookimpl
def ratelab_targets():
    return [Target("odd", {function})]
"""
ACTIVATION = """
@hookimpl
def ratelab_activations():
    return [Activation("odd", {function})]
"""


def odd_target(config: dict[str, Any]) -> None:
    study(config)["targets"].append("odd")


def odd_activation(config: dict[str, Any]) -> None:
    study(config)["networks"].append({"activation": "odd", "targets": ["sqrt"]})


def deep(config: dict[str, Any]) -> None:
    study(config)["networks"].append({"depth": 8})


@pytest.mark.parametrize(
    ("plugin", "change", "message"),
    [
        (
            TARGET.format(function="lambda x: np.full(len(x), np.nan)"),
            odd_target,
            "target 'odd': function is [nan]",
        ),
        (TARGET.format(function="lambda x: x.sum()"), odd_target, "target 'odd': function returned shape ()"),
        (
            TARGET.format(function="lambda x: 1 / 0"),
            odd_target,
            "target 'odd': function failed: ZeroDivisionError",
        ),
        (ACTIVATION.format(function="lambda x: x / x.sum()"), odd_activation, "activation 'odd'"),
        (ACTIVATION.format(function="lambda x: torch.log(x)"), odd_activation, "activation 'odd'"),
        ("", deep, "smallest"),
    ],
)
def test_a_wrong_plugin_or_budget_is_found_before_the_first_job(
    workflow: Any, plugin: str, change: Change, message: str
) -> None:
    (workflow.folder / "plugins" / "odd.py").write_text(HEAD + (plugin or "1 / 0\n"))
    workflow.configure(change)
    done = workflow.snakemake()
    text = done.stdout + done.stderr
    assert done.returncode == 1 and message in text and "Traceback" not in text
    assert not list((workflow.folder / "results").rglob("*.nc"))


def test_a_broken_plugin_that_is_not_asked_for_only_warns(workflow: Any) -> None:
    (workflow.folder / "plugins" / "odd.py").write_text("import no_such_module\n")
    done = workflow.snakemake("--dry-run")
    assert done.returncode == 0
    assert "odd.py could not be loaded (ModuleNotFoundError" in done.stdout + done.stderr


def test_a_broken_plugin_that_is_asked_for_is_fatal(workflow: Any) -> None:
    (workflow.folder / "plugins" / "activations" / "odd.py").write_text("import no_such_module\n")
    workflow.configure(odd_activation)
    done = workflow.snakemake("--dry-run")
    assert done.returncode == 1
    assert "no activation is called 'odd'" in done.stdout + done.stderr
    assert "no_such_module" in done.stdout + done.stderr


def test_two_plugins_of_one_name_are_both_named(workflow: Any) -> None:
    for name in ("one", "two"):
        text = HEAD + ACTIVATION.format(function="torch.abs")
        (workflow.folder / "plugins" / "activations" / f"{name}.py").write_text(text)
    done = workflow.snakemake("--dry-run")
    text = done.stdout + done.stderr
    assert done.returncode == 1 and "one.py" in text and "two.py" in text


def test_a_truncated_dataset_is_named_and_the_rest_is_kept(finished: Any, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "lab"
    shutil.copytree(finished.folder, folder)
    copy = object.__new__(type(finished))
    copy.folder = folder
    victim = folder / "results/shallow/trained/sqrt--mlp-relu-depth=2--adam-steps=20.nc"
    victim.write_bytes(victim.read_bytes()[:1000])
    before = copy.results()
    done = copy.snakemake()
    text = done.stdout + done.stderr
    assert done.returncode == 1 and f"{victim.name} is truncated" in text and "Traceback" not in text
    after = copy.results()
    kept = [
        n
        for n in before
        if n.startswith(("targets/", "splines/", "shallow/trained/", "shallow/constructed/"))
    ]
    assert all(before[name] == after[name] for name in kept)


def test_results_that_cannot_be_written_are_named(workflow: Any) -> None:
    (workflow.folder / "results").write_text("a file where a folder should be")
    done = workflow.snakemake()
    text = done.stdout + done.stderr
    assert done.returncode == 1 and "results" in text
    assert (workflow.folder / "results").read_text() == "a file where a folder should be"
