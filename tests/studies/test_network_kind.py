"""Which activations a kind of network has, and which kinds lie in which."""

from pathlib import Path

import numpy as np
import pytest

from ratelab import UserError, load_plugins
from ratelab.networks import FitProblem, FitResult
from ratelab.registry import built_in_folder
from ratelab.studies import _target, _train
from ratelab.studies._jobs import TargetJob, TrainJob
from ratelab.studies._network_kind import NetworkKind

REGISTRY = load_plugins()
ODD = """
from ratelab import Activation, hookimpl

@hookimpl
def ratelab_activations():
    return [Activation("squareplus", lambda x: (x + (x * x + 4).sqrt()) / 2, regularity="analytic")]
"""


def kind(label: str) -> NetworkKind:
    return NetworkKind.parse(label)


def test_networks_are_handed_on_to_larger_classes_only() -> None:
    mlp, mixed, graded = (
        kind("mlp/relu/depth=3"),
        kind("mixed/relu/depth=3"),
        kind("graded(first=sine)/relu/depth=4"),
    )
    assert mixed.holds(mlp, REGISTRY) and not mlp.holds(mixed, REGISTRY)
    assert graded.holds(mixed, REGISTRY) and not mixed.holds(graded, REGISTRY)
    assert [a.name for a in mixed.activations(REGISTRY)] == ["relu", "sine"]


def test_the_activation_of_a_first_grade_is_looked_up_where_the_architecture_comes_from(
    tmp_path: Path,
) -> None:
    (tmp_path / "squareplus.py").write_text(ODD)
    registry = load_plugins([built_in_folder(), tmp_path])
    layout = registry.architectures["graded(first=squareplus)"].layout(
        budget=9, complexity="neurons", depth=3, dimension=1, outputs=1
    )
    assert layout.others == {"squareplus"}
    with pytest.raises(UserError, match="no activation is called 'squareplus'"):
        _ = REGISTRY.architectures["graded(first=squareplus)"]


class _Runaway:
    """A trainer of which the second seed leaves float64 behind."""

    name = "adam"

    def fit(self, problem: FitProblem, progress: object = None) -> list[FitResult]:
        found = []
        for layout, seed in problem.fits:
            size = 1e30 if seed == 1 else 1.0
            weights = [np.where(layer.free, size, layer.fixed) for layer in layout.layers]
            biases = [np.zeros(len(layer.linear)) for layer in layout.layers]
            kinds = [layer.activations(problem.activation) for layer in layout.layers[:-1]]
            from ratelab.networks import Network

            network = Network.dense(weights, biases, kinds)
            found.append(FitResult(network, 1.0, "step limit", 1, 1.0))
        return found


def test_a_fit_that_floats_cannot_evaluate_has_diverged_and_loses_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = _target.run(TargetJob(target="sqrt", nodes=64, cells=64), REGISTRY)
    monkeypatch.setitem(REGISTRY.trainers._members, "adam", _Runaway())
    job = TrainJob(
        target="sqrt", architecture="mixed", activation="relu", depth=3, complexity=("neurons",), budgets=(8,),
        trainer="adam", seeds=2,
    )  # fmt: skip
    dataset = _train.run(job, REGISTRY, data, (), lambda done, total: None)
    assert dataset["status"].values.ravel().tolist() == [2, 3]  # step limit, diverged
    assert np.isfinite(dataset["error_trained"].values.ravel()).tolist() == [True, False]
