"""The experiment on verdicts: certificates and counts by hand, masks that keep the error, plugins by config alone."""

from fractions import Fraction
from math import inf

import numpy as np
import pytest

from ratelab import load_plugins
from ratelab.networks import Network
from ratelab.registry import Target
from ratelab.studies import _experiment
from ratelab.studies._jobs import ExperimentJob
from ratelab.studies.experiments import _support_classes, _support_verdicts
from ratelab.studies.experiments._catalogue import EXPERIMENTS, parameters_of
from ratelab.studies.experiments._support_verdicts_ray import unbounded_along

GIVEN = {
    "targets": ["tent", "compact_cone"],
    "activations": ["tanh", "gelu"],
    "budgets": [6, 60, 120, 240, 480],
    "slopes": "slopes(steps=20)",
}
PLUGIN = """
import numpy as np
from ratelab import hookimpl
from ratelab.registry import Activation, Ball, Box, Boxes, LevelSet, Target


def _pair(x):
    a = 0.25 - np.abs(x[:, 0] + 0.5)
    b = 0.25 - np.abs(x[:, 0] - 0.5)
    return np.maximum(0, np.maximum(a, b))


def _diamond(x):
    return np.maximum(0, 0.7 - np.abs(x).sum(axis=1))


def _two(x):
    return np.maximum(0, 0.75 - np.sqrt((x**2).sum(axis=1)))[:, None] * [1, -2]


@hookimpl
def ratelab_activations():
    return [Activation("noball", lambda x: x / (1 + x * x).sqrt(), regularity="analytic")]


@hookimpl
def ratelab_targets():
    boxes = Boxes((Box((-0.75,), (-0.25,)), Box((0.25,), (0.75,))))
    level = LevelSet(lambda x: np.abs(x).sum(axis=1) - 0.7, 2**0.5, Box((-1, -1), (1, 1)))
    return [
        Target("pair", _pair, domain=((-1.25, 1.25),), support=boxes, lipschitz=1.0),
        Target("diamond", _diamond, domain=((-1.25, 1.25),) * 2, support=level, lipschitz=2**0.5),
        Target("two", _two, domain=((-1.25, 1.25),) * 2, support=Ball((0, 0), 0.75), lipschitz=5**0.5),
    ]
"""


@pytest.fixture(scope="module")
def registry():
    return load_plugins(["plugins"])


@pytest.fixture(scope="module")
def dataset(registry):
    return EXPERIMENTS["support-verdicts"].run(
        parameters_of("support-verdicts", GIVEN), registry, lambda *_: None
    )


def flag(variable, name):
    return dict(
        zip(variable.attrs["flag_meanings"].split(), variable.attrs["flag_values"].tolist(), strict=True)
    )[name]


CERTIFIED = [_support_classes.HATS, _support_classes.MASK, _support_classes.GATE, _support_classes.MASKED]
ANALYTIC = ["tanh", "gelu", _support_classes.WINDOWED, _support_classes.POLYNOMIAL]
PIECEWISE = [_support_classes.TRAINED, _support_classes.SLOPES, _support_classes.POOLED]


def test_networks_with_a_mask_or_hats_converge_with_their_supports_and_no_others(dataset):
    verdict = dataset["convergence"]
    assert (verdict.sel({"class": CERTIFIED}) == flag(verdict, "converges")).all()
    others = verdict.sel({"class": [*ANALYTIC, *PIECEWISE]})
    assert others.isin([flag(verdict, "L1_loc_only"), flag(verdict, "does_not_converge")]).all()
    assert (
        dataset["matching"].sel({"class": [*ANALYTIC, *PIECEWISE]}) == flag(dataset["matching"], "no")
    ).all()
    tent = dataset["matching"].sel({"target": "tent", "class": CERTIFIED})
    assert (tent == flag(dataset["matching"], "yes")).all()


def test_every_network_has_its_kind_of_certificate(dataset):
    for labels, name in ((CERTIFIED, "zero_outside"), (ANALYTIC, "nonzero"), (PIECEWISE, "unbounded")):
        found = dataset["certificate"].sel({"class": labels})
        built = dataset["connections"].sel({"class": labels}) >= 0
        assert bool((found == flag(found, name)).where(built, found == 0).all())
        cubes = dataset["cube"].sel({"class": labels}).where(built)
        assert (
            bool(np.isfinite(cubes).where(built, True).all())
            if labels is CERTIFIED
            else bool((cubes == inf).where(built, True).all())
        )


def test_no_network_is_larger_than_its_budget_and_what_does_not_fit_is_missing(dataset):
    assert (dataset["connections"] <= dataset["budget"]).all()
    assert (dataset["connections"].isel(budget=-1) > dataset["budget"].values[-1] / 4).all()
    smallest = dataset.sel(budget=6)
    assert (smallest["connections"].sel({"class": CERTIFIED}) == -1).any()
    missing = dataset["connections"] < 0
    for name in ("l1_error", "mismatch_low", "cube", "leak_l1"):
        assert bool(dataset[name].isnull().where(missing, True).all())
        assert bool(dataset[name].notnull().where(~missing, True).all())


def test_a_mask_keeps_the_error_on_the_support_and_lowers_it_on_the_box(dataset):
    masked = dataset.sel({"class": _support_classes.MASKED})
    built = masked["connections"] >= 0
    assert built.sum() >= 6
    apart = (masked["l2_error"] - dataset["bare_l2_error"]).where(built, 0)
    assert float(np.abs(apart).max()) <= 1e-12
    assert bool((masked["l1_error"] < dataset["bare_l1_error"]).where(built, True).all())
    assert bool((masked["leak_l1"] < dataset["bare_leak_l1"]).where(built, True).all())
    assert bool((dataset["bare_connections"] < masked["connections"]).where(built, True).all())


def test_mismatches_of_constructed_networks_are_those_of_intervals(dataset, registry):
    """Hats: nodes h·k inside (−0.7, 0.7), one cell further; masks: cells that cover it, and a quarter of one."""
    parameters = parameters_of("support-verdicts", GIVEN)
    classes = _support_classes.Classes(registry.targets["tent"], parameters, registry)
    for budget in GIVEN["budgets"][1:]:
        for label in (_support_classes.HATS, _support_classes.MASK):
            h = classes.member(label, budget).built.spacing
            if label == _support_classes.HATS:
                inner = [k * h for k in range(100) if k * h < Fraction(7, 10)]
                reach = inner[-1] + h
            else:
                reach = -((-Fraction(7, 10)) // h) * h + h / 4
            expected = float(abs(reach - Fraction(7, 10)) / Fraction(7, 10))
            one = dataset.sel({"target": "tent", "class": label, "budget": budget})
            assert float(one["mismatch_low"]) == pytest.approx(expected)
            assert float(one["mismatch_high"]) == pytest.approx(expected)
            assert float(one["mismatch_float"]) == pytest.approx(expected, abs=0.02)


def test_an_analytic_networks_mismatch_is_the_box_without_the_support(dataset):
    """The box is twice as large: 1 in one variable; (3.2² − 0.64π)/(0.64π) for the disc, far closer than quadrature."""
    for label in ANALYTIC:
        for target, true in (("tent", 1.0), ("compact_cone", (3.2**2 - 0.64 * np.pi) / (0.64 * np.pi))):
            one = dataset.sel({"class": label, "target": target, "budget": 480})
            low, high = float(one["mismatch_low"]), float(one["mismatch_high"])
            assert low - 1e-14 <= true <= high + 1e-14 and high - low < 1e-11
            assert float(one["leak_low"]) <= float(one["leak_high"])


def test_proved_measures_are_ends_and_those_of_the_quadrature_are_kept_apart(dataset):
    for name in ("outside", "support_measure"):
        low, high = dataset[f"{name}_low"], dataset[f"{name}_high"]
        assert (low <= high).all() and "quadrature" in dataset[name].attrs["long_name"]
    assert float(dataset["support_measure_low"].sel(target="compact_cone")) == pytest.approx(0.64 * np.pi)
    assert abs(float(dataset["support_measure"].sel(target="compact_cone")) - 0.64 * np.pi) > 1e-3
    built = dataset["connections"] >= 0
    assert bool((dataset["mismatch_low"] <= dataset["mismatch_high"]).where(built, True).all())
    assert bool((dataset["leak_high"] <= dataset["outside_high"]).where(built, True).all())
    ratio = dataset["leak_low"] / dataset["support_measure_high"]
    assert bool((dataset["mismatch_low"] >= ratio - 1e-12).where(built, True).all())


def test_errors_are_those_of_a_fine_rule(dataset, registry):
    """Midpoints, denser where the mask's collar is: |x| from 0.7 to 0.71."""
    parameters = parameters_of("support-verdicts", GIVEN)
    classes = _support_classes.Classes(registry.targets["tent"], parameters, registry)
    edges = np.concatenate(
        [np.linspace(0, 0.7, 20_001), np.linspace(0.7, 0.71, 5001)[1:], np.linspace(0.71, 1.4, 20_001)[1:]]
    )
    middle, width = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    x, weights = np.concatenate([-middle, middle]), np.concatenate([width, width])
    tent = np.maximum(0, 1 - np.abs(x) / 0.7)
    for label in (_support_classes.TRAINED, _support_classes.MASKED, _support_classes.SLOPES, "tanh"):
        values = classes.member(label, 240).network(x[:, None])[:, 0]
        one = dataset.sel({"target": "tent", "class": label, "budget": 240})
        inside = np.abs(x) <= 0.7
        assert float(one["l1_error"]) == pytest.approx(weights @ np.abs(values - tent), rel=0.02)
        assert float(one["leak_l1"]) == pytest.approx(weights[~inside] @ np.abs(values[~inside]), rel=0.02)
        square = weights[inside] @ (values - tent)[inside] ** 2
        assert float(one["l2_error"]) == pytest.approx(np.sqrt(square), rel=0.05)


def test_slopes_are_those_of_the_neurons(dataset):
    slopes = dataset["slope"].sel(target="tent", budget=240).values
    assert (np.diff(slopes) >= 0).all() and slopes[0] < slopes[-1]
    near = dataset["slopes_near"].values[dataset["slope"].notnull().all("quantile").values]
    assert ((near >= 0) & (near <= 1)).all()


def test_a_ray_proves_unbounded_supports_and_nothing_of_bounded_ones(registry):
    hat = Network.dense([[[1.0], [1.0], [1.0]], [[1.0, -2.0, 1.0]]], [[1.0, 0.0, -1.0], [0.0]], "relu")
    assert unbounded_along(hat) is None
    line = Network.dense([[[1.0], [1.0]], [[1.0, -1.0]]], [[0.25, -0.5], [0.0]], "relu")
    (point,) = unbounded_along(line)
    assert point > 0.5 and line([[Fraction(point)]])[0][0] == Fraction(3, 4)
    left = Network.dense([[[-1.0], [-1.0]], [[1.0, -1.0]]], [[0.25, -0.5], [0.0]], "relu")
    assert unbounded_along(left)[0] < -0.5
    assert unbounded_along(Network.dense([[[1.0]], [[1.0]]], [[0.0], [0.0]], "tanh", registry)) is None
    tiny = Network.dense([[[0.0, 1.0]], [[5e-324]]], [[-(2.0**40)], [0.0]], "relu")
    assert unbounded_along(tiny)[1] > 2**40  # float64 would not tell this from 0


def test_targets_of_a_users_plugin_go_through_by_config_alone(tmp_path):
    (tmp_path / "targets").mkdir()
    (tmp_path / "targets" / "mine.py").write_text(PLUGIN)
    registry = load_plugins(["plugins", str(tmp_path)])
    given = {
        "support-verdicts": {
            "targets": ["pair", "diamond", "two"], "activations": ["tanh", "noball"], "budgets": [80, 240],
            "slopes": "slopes(steps=5)",
        },
        "leaks": {
            "targets": ["pair", "diamond"], "activations": ["tanh"], "windowed": [], "widths": [8, 16], "degrees": [2],
            "boxes": [1.25, 2.0], "thresholds": [3], "seeds": 1,
        },
    }  # fmt: skip
    found = {
        name: _experiment.run(
            ExperimentJob(version="0", experiment=name, parameters=parameters), registry, lambda *_: None
        )
        for name, parameters in given.items()
    }
    verdicts, leaks = found["support-verdicts"], found["leaks"]
    mask = verdicts.sel({"class": _support_classes.MASK, "budget": 240})
    assert (mask["certificate"] == flag(verdicts["certificate"], "zero_outside")).all()
    assert float(mask["mismatch_high"].sel(target="pair")) < 0.3
    size = [1.0, 2 * 0.7**2, 0.75**2 * np.pi]
    assert verdicts["support_measure"].values == pytest.approx(size, rel=0.02)
    assert (verdicts["support_measure_low"] <= np.nextafter(size, 9)).all()
    assert (verdicts["support_measure_high"] >= np.nextafter(size, 0)).all()
    without = verdicts.sel({"class": "noball"})
    assert (without["certificate"] == flag(without["certificate"], "open")).all()
    assert (without["leak_low"] == 0).all() and without["cube"].isnull().all()
    assert (without["leak_high"] == verdicts["outside_high"]).all() and (without["l1_error"] > 0).all()
    # the second output is as large as the first one twice, and no class leaves it out
    vector = verdicts.sel({"target": "two", "budget": 240})
    assert (vector["connections"] > 80).all() and (vector["connections"] <= 240).all()
    norm = 5**0.5 * np.pi * 0.75**3 / 3
    good = [*CERTIFIED, _support_classes.WINDOWED]
    assert (vector["l1_error"].sel({"class": good}) < norm / 2).all()
    certificates = vector["certificate"].sel({"class": [*CERTIFIED, _support_classes.WINDOWED]})
    assert certificates.values.tolist() == [flag(certificates, "zero_outside")] * 4 + [
        flag(certificates, "nonzero")
    ]
    assert float(verdicts["radius"].sel(target="pair")) == 1.5
    low, high = (leaks[f"leak_{end}"].sel(network="relu × mask") for end in ("low", "high"))
    assert bool((low <= high).all()) and float(high.max()) < 1


def test_the_box_is_twice_the_supports_size(registry):
    assert _support_verdicts.box_of(registry.targets["tent"]) == pytest.approx(1.4)
    assert _support_verdicts.box_of(registry.targets["compact_cone"]) == pytest.approx(1.6)
    assert isinstance(registry.targets["tent"], Target)
