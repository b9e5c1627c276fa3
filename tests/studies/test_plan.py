"""The plan follows from config and index alone."""

from pathlib import Path
from typing import Any

import pytest

from ratelab import UserError
from ratelab.registry import built_in_folder, construction_case, read_index
from ratelab.studies import load_config, make_plan
from ratelab.studies._jobs import SplineJob, TrainJob
from ratelab.studies._network_kind import NetworkKind

MEMBERS = {
    "targets": ["sqrt", "step", "gaussian(dimension=2)", "cusp", "cusp(at=1/3)"],
    "activations": ["relu", "relu2", "tanh", "prelu(slope=1/4)"],
    "architectures": ["mlp", "mixed", "graded(first=tanh)"],
    "trainers": ["adam", "varpro", "polish"],
    "constructions": [
        construction_case(target, activation, 2)
        for target in ("sqrt", "step", "gaussian(dimension=2)", "cusp")
        for activation in ("relu", "relu2", "tanh")
    ],
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return read_index([built_in_folder()], MEMBERS, tmp_path_factory.mktemp("index"))


def plan(index: Any, **study: Any) -> Any:
    return make_plan(load_config({"studies": {"s": study}}), index)


def test_one_job_for_each_target_network_and_trainer(index: Any) -> None:
    found = plan(index, targets=["sqrt", "step"], networks=[{}, {"activation": "tanh", "targets": ["sqrt"]}])
    assert len(found.trains) == (2 + 1) * 2 and len(found.targets) == 2
    job = found.trains["s", "sqrt--mlp-tanh-depth=2--varpro"].job
    assert isinstance(job, TrainJob) and job.network == "mlp/tanh/depth=2"


def test_splines_are_asked_for_both_ends_of_every_budget(index: Any) -> None:
    found = plan(index, targets=["sqrt"], networks=[{}, {"activation": "relu2"}], budgets=[4, 8])
    pieces = {job.degree: set(job.pieces) for job in (step.job for step in found.splines.values())}
    assert pieces[1] >= {4, 5, 8, 9}
    assert pieces[2] >= {3, 5, 7, 9}
    assert all(isinstance(step.job, SplineJob) for step in found.splines.values())


def test_several_variables_and_analytic_activations_ask_for_no_splines(index: Any) -> None:
    found = plan(index, targets=["gaussian(dimension=2)"], networks=[{}, {"activation": "tanh"}])
    assert not found.splines and not found.constructs


def test_jobs_load_exactly_the_plugins_they_use(index: Any) -> None:
    found = plan(index, targets=["sqrt"], networks=[{"activation": "tanh"}])
    files = {Path(file).name for file in found.trains["s", "sqrt--mlp-tanh-depth=2--adam"].plugins}
    assert files == {"sqrt.py", "mlp.py", "tanh.py", "adam.py"}


@pytest.mark.parametrize(
    ("architecture", "own"),
    [("graded(first=tanh)", {"graded.py", "tanh.py"}), ("mixed", {"mixed.py", "sine.py"})],
)
def test_jobs_load_the_activations_that_an_architecture_brings_along(
    index: Any, architecture: str, own: set[str]
) -> None:
    found = plan(index, targets=["sqrt"], networks=[{"architecture": architecture, "depth": 3}])
    assert found.trains and not found.splines
    for step in (*found.trains.values(), *found.checks.values(), *found.studies.values()):
        assert own <= {Path(file).name for file in step.plugins}


@pytest.mark.parametrize(
    ("study", "message"),
    [
        (
            {"targets": ["sqr"], "networks": [{}]},
            r"studies.s.targets: no target is called 'sqr'; did you mean",
        ),
        (
            {"targets": ["sqrt"], "networks": [{"targets": ["step"]}]},
            "'step' is not among the study's targets",
        ),
        ({"targets": ["sqrt", "sqrt"], "networks": [{}]}, "'sqrt' stands twice"),
        ({"targets": ["sqrt"], "networks": [{}, {}]}, "'mlp/relu/depth=2' stands twice"),
        ({"targets": ["sqrt"], "networks": [{}], "trainers": ["adma"]}, "did you mean 'adam'"),
    ],
)
def test_what_cannot_be_planned_is_named(index: Any, study: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        plan(index, **study)


def test_network_labels_are_taken_apart_even_with_a_fraction_inside() -> None:
    assert NetworkKind.parse("mlp/prelu(slope=1/4)/depth=2") == NetworkKind("mlp", "prelu(slope=1/4)", 2)


def test_the_order_in_which_parameters_are_written_changes_nothing(index: Any, tmp_path: Path) -> None:
    from ratelab.studies import plan_from

    def planned(target: dict[str, Any]) -> Any:
        data = {"studies": {"s": {"targets": [target], "networks": [{}]}}}
        return plan_from(data, [built_in_folder().parent], "config", tmp_path)

    first = planned({"name": "cusp", "exponent": 0.5, "at": 0.3})
    second = planned({"name": "cusp", "at": 0.3, "exponent": 0.5})
    assert first.trains == second.trains and first.splines == second.splines and first.splines
    plane = planned({"name": "gaussian", "dimension": 2, "width": 0.2})
    assert not plane.splines and list(plane.targets) == ["gaussian-width=0.2-dimension=2"]


def test_the_same_member_written_twice_is_refused(index: Any) -> None:
    with pytest.raises(UserError, match=r"'cusp\(at=1/3\)' stands twice \(it is 'cusp'\)"):
        plan(index, targets=["cusp", "cusp(at=1/3)"], networks=[{}])


def test_a_polisher_waits_for_constructed_networks_and_others_do_not(index: Any) -> None:
    found = plan(
        index,
        targets=["sqrt"],
        networks=[{}, {"activation": "tanh"}],
        trainers=["adam", "polish"],
        milestones=[1e6],
    )
    name = "sqrt--mlp-relu-depth=2--polish"
    assert found.train_starts("s", name) == ["results/s/constructed/sqrt--mlp-relu-depth=2.nc"]
    assert found.train_starts("s", "sqrt--mlp-relu-depth=2--adam") == []
    assert found.trains["s", name].job.milestones == (1e6,)
    assert ("s", "sqrt--mlp-tanh-depth=2--polish") not in found.trains
    (warning,) = found.warnings
    assert "polish" in warning and "tanh" in warning and "sqrt" in warning


def test_a_network_may_have_fewer_trainers_than_its_study(index: Any) -> None:
    found = plan(
        index, targets=["sqrt"], networks=[{"trainers": ["adam"]}, {"depth": 3}], trainers=["adam", "varpro"]
    )
    assert {name for _, name in found.trains} == {
        "sqrt--mlp-relu-depth=2--adam",
        "sqrt--mlp-relu-depth=3--adam",
        "sqrt--mlp-relu-depth=3--varpro",
    }
    with pytest.raises(UserError, match="'polish' is not among the study's trainers: adam"):
        plan(index, targets=["sqrt"], networks=[{"trainers": ["polish"]}], trainers=["adam"])


def test_shallow_networks_of_relu_get_lower_ends_by_neurons(index: Any) -> None:
    found = plan(
        index,
        targets=["sqrt"],
        networks=[{}, {"activation": "relu2"}],
        complexity=["connections"],
        budgets=[9, 16],
    )
    neurons = {job.degree: job.neurons for job in (step.job for step in found.splines.values())}
    assert neurons == {1: (4, 8), 2: ()}
