"""Studies of networks with poolings: a larger class, and nothing that bounds the smaller one is applied to it."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ratelab import UserError, exact, load_plugins
from ratelab.networks import Layer, Network, from_dataset
from ratelab.registry import built_in_folder, read_index
from ratelab.studies import _bracket, _check, _construct, _rate, _target, _train, load_config, make_plan
from ratelab.studies._jobs import CheckJob, ConstructJob, StudyJob, TargetJob, TrainJob
from ratelab.studies._network_kind import NetworkKind

REGISTRY = load_plugins()
POOLED, PLAIN = "pooling/relu/depth=3", "mlp/relu/depth=3"
COMMON: dict[str, Any] = {"complexity": ("neurons",), "budgets": (6, 12)}


def kind(label: str) -> NetworkKind:
    return NetworkKind.parse(label)


def test_a_pooled_kind_holds_unpooled_ones_and_is_held_by_none() -> None:
    pooled, plain = kind(POOLED), kind(PLAIN)
    assert pooled.pools(REGISTRY) and not plain.pools(REGISTRY)
    assert pooled.holds(plain, REGISTRY) and not plain.holds(pooled, REGISTRY)
    assert pooled.holds(kind("pooling(form=outer)/relu/depth=3"), REGISTRY)
    assert not pooled.holds(kind("mixed/relu/depth=3"), REGISTRY)
    assert not kind("mixed/relu/depth=3").holds(pooled, REGISTRY)
    assert [k.larger(REGISTRY) for k in (pooled, plain, kind("mixed/relu/depth=3"))] == [True, False, True]


def test_members_of_a_class_are_known_by_their_activations_and_poolings() -> None:
    relu = Network.dense([[[1.0]], [[1.0]]], [[0.0], [0.0]])
    bent = Network.dense([[[1.0]], [[1.0]]], [[0.0], [0.0]], "prelu(slope=0.3)")
    pooled = Network([Layer([[1.0], [1.0]], [0.0, 0.0], "relu", True), Layer([[1.0]], [0.0], "identity")])
    have = {label: [kind(label).has(n, REGISTRY) for n in (relu, bent, pooled)] for label in (PLAIN, POOLED)}
    assert have == {PLAIN: [True, False, False], POOLED: [True, False, True]}
    assert kind("mlp/prelu(slope=0.3)/depth=2").has(bent, REGISTRY)


@pytest.fixture(scope="module")
def study() -> dict[str, Any]:
    """Both kinds on one target: adam and features for all, slopes for the plain one."""
    data = _target.run(TargetJob(target="sqrt", nodes=64, cells=64), REGISTRY)
    trained, built = [], []
    trainers = ("adam(steps=40)", "features", "slopes(steps=400)")
    for label in (POOLED, PLAIN):
        parts = {"target": "sqrt", "architecture": kind(label).architecture, "activation": "relu", "depth": 3}
        for trainer in trainers:
            job = TrainJob(**parts, **COMMON, trainer=trainer, seeds=2)
            trained.append(_train.run(job, REGISTRY, data, (), lambda done, total: None))
        build = ConstructJob(**parts, **COMMON, constructions=("sawtooth",))
        built.append(_construct.run(build, REGISTRY, (), lambda done, total: None))
    job = StudyJob(
        **COMMON,
        study="s",
        targets=("sqrt",),
        networks=(POOLED, PLAIN),
        pairs=(("sqrt", POOLED), ("sqrt", PLAIN)),
        trainers=trainers,
        seeds=2,
    )
    curves, networks = _bracket.run(job, REGISTRY, (), built, trained)
    rates = _rate.run(job, REGISTRY, curves)
    return {"curves": curves, "networks": networks, "rates": rates, "trained": trained}


def test_pooled_networks_are_trained_measured_and_stored(study: dict[str, Any]) -> None:
    """Their errors against midpoint sums; their pieces, which are not affine, are not counted."""
    target, x = REGISTRY.targets["sqrt"], (np.arange(200_000) + 0.5)[:, None] / 200_000
    for dataset in study["trained"][:2]:
        for seed in (0, 1):
            chosen = dataset.isel(complexity=0, budget=1, seed=seed)
            network = from_dataset(dataset, REGISTRY)[int(chosen["fit"])]
            assert network is not None and network.poolings == 1 and network.neurons <= 12
            found = np.sqrt(np.mean((network(x)[:, 0] - np.sqrt(x[:, 0])) ** 2))
            assert float(chosen["error_trained"]) == pytest.approx(found, rel=1e-6)
            assert exact.error(network, target) == float(chosen["error_trained"])
            assert np.isnan(float(chosen["pieces_trained"]))
        assert np.isnan(dataset["pieces_most"].values).all()


def test_bounds_for_unpooled_networks_are_not_applied_and_their_networks_are(study: dict[str, Any]) -> None:
    pooled, plain = (
        study["curves"].sel(network=label, target="sqrt", complexity="neurons") for label in (POOLED, PLAIN)
    )
    assert np.isnan(pooled["error_lower"].values).all()
    assert np.isnan(pooled["error_lower_architecture"].values).all()
    assert (plain["error_lower"].values > 0).all()
    assert (pooled["error_upper"].values <= plain["error_upper"].values).all()
    assert "with poolings" in str(pooled["lower_class"].values)
    assert "poolings" not in str(plain["lower_class"].values)
    pooled, plain = (
        study["rates"].sel(network=label, target="sqrt", complexity="neurons") for label in (POOLED, PLAIN)
    )
    for name in ("rate_predicted_high", "rate_proved_high"):
        assert np.isnan(float(pooled[name])) and not np.isnan(float(plain[name]))
    assert float(pooled["rate_predicted_low"]) == float(plain["rate_predicted_low"])


def test_trained_slopes_are_measured_and_do_not_enter_the_bracket_of_their_start(
    study: dict[str, Any],
) -> None:
    curves = study["curves"].sel(network=PLAIN, target="sqrt", complexity="neurons")
    slopes = curves.sel(trainer="slopes(steps=400)")
    assert np.isfinite(slopes["error_trained"].values).all()
    assert np.isnan(slopes["ratio_trained"].values).all()
    assert np.isfinite(curves.sel(trainer="adam(steps=40)")["ratio_trained"].values).all()
    assert not any("slopes" in str(origin) for origin in study["curves"]["origin"].values.ravel())


MEMBERS = {
    "targets": ["sqrt"],
    "activations": ["relu", "tanh"],
    "architectures": ["mlp", "pooling", "pooling(layers=2)"],
    "trainers": ["adam", "slopes"],
}


def test_the_index_says_what_pools_and_the_plan_asks_for_no_splines_then(tmp_path: Path) -> None:
    index = read_index([built_in_folder()], MEMBERS, tmp_path)
    facts = index.facts["architectures"]
    assert [facts[label]["pools"] for label in MEMBERS["architectures"]] == [False, True, True]

    def splines(architecture: str) -> int:
        study = {
            "targets": ["sqrt"],
            "networks": [{"architecture": architecture, "activation": "relu", "depth": 3}],
            "trainers": ["adam"],
        }
        return len(make_plan(load_config({"studies": {"s": study}}), index).splines)

    assert splines("pooling") == 0 < splines("mlp")


def _checked(architecture: str, activation: str, trainer: str, depth: int = 3) -> None:
    networks = ((architecture, activation, depth, ("sqrt",), (trainer,)),)
    _check.run(CheckJob(**COMMON, targets=("sqrt",), networks=networks, trainers=(trainer,)), REGISTRY)


@pytest.mark.parametrize(
    ("architecture", "activation", "trainer", "words"),
    [
        ("pooling", "relu", "varpro", "has pooled layers"),
        ("mlp", "tanh", "slopes", "trainer 'slopes': the activation is 'tanh'"),
        ("pooling(layers=3)", "relu", "adam", "allowed for layers=3,form=pairs: 4 or more"),
    ],
)
def test_what_cannot_be_trained_is_found_before_the_first_job(
    architecture: str, activation: str, trainer: str, words: str
) -> None:
    with pytest.raises(UserError, match=words):
        _checked(architecture, activation, trainer)


def test_what_can_be_trained_passes() -> None:
    for architecture, activation, trainer in (("pooling", "tanh", "lbfgs"), ("pooling", "relu", "slopes")):
        _checked(architecture, activation, trainer)


def test_an_architecture_that_pools_and_does_not_say_so_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    silent = SimpleNamespace(name="pooling", layout=REGISTRY.architectures["pooling"].layout)
    monkeypatch.setitem(REGISTRY.architectures._members, "pooling", silent)
    with pytest.raises(UserError, match="pools values and does not declare it"):
        _checked("pooling", "relu", "adam")


def test_replacing_a_layer_by_a_pooled_one_changes_the_seed_of_a_fit() -> None:
    plain = REGISTRY.architectures["mlp"].layout(
        budget=8, complexity="neurons", depth=2, dimension=1, outputs=1
    )
    pooled = REGISTRY.architectures["pooling"].layout(
        budget=8, complexity="neurons", depth=2, dimension=1, outputs=1
    )
    assert plain.widths == pooled.widths and plain.key != pooled.key
    assert replace(plain).key == "1-8-1"
