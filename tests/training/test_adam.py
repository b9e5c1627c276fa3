"""The trainer: budgets of work, milestones, devices."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from ratelab import UserError
from ratelab.networks import Layout, power
from ratelab.training import Adam

SHAPES = (Layout.dense((1, 3, 1)), Layout.dense((1, 6, 1)), Layout.dense((1, 3, 4, 1)))


def _loss(network, job):
    return float(np.sum(job.weights[:, None] * (network(job.nodes) - job.values) ** 2))


@pytest.mark.parametrize("name", ["relu", "gelu"])
def test_work_is_twice_nodes_times_connections_per_evaluation(problem, plugins, name):
    job = problem(plugins.activations[name], tuple((layout, 0) for layout in SHAPES))
    for (layout, _), result in zip(job.fits, Adam(steps=30, tolerance=0.0).fit(job), strict=True):
        assert result.steps == 30
        assert result.work == 31 * 2 * 100 * layout.connections
        assert result.status == "step limit"


@pytest.mark.parametrize("name", ["relu", "gelu"])
def test_a_budget_of_work_is_never_exceeded_but_by_a_first_evaluation(problem, plugins, name):
    job = problem(plugins.activations[name], tuple((layout, 0) for layout in SHAPES))
    for work in (1.0, 40_000.0, 41_999.0, 1e12):
        for (layout, _), result in zip(
            job.fits, Adam(steps=30, work=work, tolerance=0.0).fit(job), strict=True
        ):
            unit = 200 * layout.connections
            assert result.work == unit * max(1, min(31, work // unit))
            assert result.status == ("step limit" if work // unit >= 31 else "work limit")
            assert result.network is not None
            assert result.loss == pytest.approx(_loss(result.network, job), rel=1e-9)


@pytest.mark.parametrize("name", ["relu", "gelu"])
def test_snapshots_are_the_best_networks_that_the_work_so_far_had_found(problem, plugins, name):
    """The same as ending the run there, if the rate does not depend on the end: here the runs have one length."""
    milestones = (100.0, 1999.9, 2e3, 3e4, 4.5e4, 1e5, 1e9)
    job = replace(
        problem(plugins.activations[name], tuple((layout, seed) for layout in SHAPES for seed in (0, 1))),
        milestones=milestones,
    )
    trainer = Adam(steps=150, rate=0.3, tolerance=0.0)
    for (layout, seed), result in zip(job.fits, trainer.fit(job), strict=True):
        unit = 200 * layout.connections
        assert len(result.snapshots) == len(milestones)
        losses = []
        for milestone, snapshot in zip(milestones, result.snapshots, strict=True):
            assert (snapshot is None) == (milestone < unit)
            losses.append(np.inf if snapshot is None else _loss(snapshot, job))
        assert (np.diff([x for x in losses if np.isfinite(x)]) <= 0).all()
        assert result.snapshots[-1] is result.network
        alone = replace(job, fits=((layout, seed),), milestones=(unit * 1.0, unit * 40.0))
        first, later = trainer.fit(alone)[0].snapshots
        assert first is not None
        assert later is not None
        start = Adam(steps=1, rate=1e-300, tolerance=0.0).fit(replace(alone, milestones=()))[0]
        assert _loss(first, job) == start.loss or _loss(first, job) == pytest.approx(start.loss, rel=1e-12)
        assert _loss(later, job) < _loss(first, job)


def test_milestones_change_no_digit(problem):
    job = problem(power(1), tuple((layout, 0) for layout in SHAPES))
    plain = Adam(steps=120).fit(job)
    marked = Adam(steps=120).fit(replace(job, milestones=(5e3, 2e4, 2.1e4)))
    for a, b in zip(plain, marked, strict=True):
        assert a.loss == b.loss
        assert a.snapshots == ()
        assert all(
            (x.weight == y.weight).all() for x, y in zip(a.network.layers, b.network.layers, strict=True)
        )


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"work": 0.0}, "work is 0.0"),
        ({"work": float("nan")}, "work is nan"),
        ({"device": "tpu"}, "device is 'tpu'"),
    ],
)
def test_wrong_parameters_are_refused(parameters, message):
    with pytest.raises(UserError, match=message):
        Adam(**parameters)


def test_a_graphics_processor_that_is_not_there_is_a_users_error(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(
        UserError, match="device is 'cuda', but torch sees no such processor; allowed here: cpu"
    ):
        Adam(device="cuda")


def test_the_torch_way_gives_the_trainers_result(problem, monkeypatch):
    """The path of `device: cuda`, with the processor at hand in its place."""
    from ratelab.training import _adam_torch

    def on_cpu(job, groups, device):
        assert device == "cuda"
        return real(job, groups, "cpu", batched=True, limit=2)

    real = _adam_torch.Batched
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(_adam_torch, "Batched", on_cpu)
    job = replace(
        problem(power(1), tuple((layout, s) for layout in SHAPES for s in range(3))), milestones=(3e4,)
    )
    for a, b in zip(Adam(steps=60, device="cuda").fit(job), Adam(steps=60).fit(job), strict=True):
        assert a.loss == pytest.approx(b.loss, rel=1e-7)
        assert (a.steps, a.status, a.work) == (b.steps, b.status, b.work)
        assert _loss(a.snapshots[0], job) == pytest.approx(_loss(b.snapshots[0], job), rel=1e-7)
