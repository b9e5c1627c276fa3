"""What every trainer promises about work, snapshots and the company it fits in."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from ratelab.networks import FitProblem, Layout, power
from small_trainers import REGISTRY, SMALL, TRAINERS

BUDGETED = [name for name in TRAINERS if "work" in REGISTRY.trainers.entry(name).defaults]
LONG = {"adam": {"steps": 1000}, "greedy": {"size": 4096}, "minibatch": {"epochs": 100}}


def _graded(grade: float, cells: int = 32, order: int = 8) -> tuple[np.ndarray, np.ndarray]:
    x, w = np.polynomial.legendre.leggauss(order)
    edges = np.linspace(0, 1, cells + 1) ** grade
    h = np.diff(edges)[:, None]
    return (edges[:-1, None] + h * (x + 1) / 2).reshape(-1, 1), (h * w / 2).ravel()


def _problem(f, activation, fits, grade=1.0):
    x, w = _graded(grade)
    return FitProblem(x, w, f(x), activation, fits, ((0.0, 1.0),))


def _bits(result):
    if result.network is None:
        return (result.status, result.steps, result.work)
    networks = [result.network, *[n for n in result.snapshots if n is not None]]
    arrays = [a.tobytes() for n in networks for layer in n.layers for a in (layer.weight, layer.bias)]
    return (*arrays, result.loss, result.status, result.steps, result.work)


@pytest.mark.parametrize("trainer", TRAINERS.values(), ids=TRAINERS)
@pytest.mark.parametrize("name", ["relu", "tanh"])
def test_a_fit_is_the_same_alone_again_and_in_any_company(trainer, name):
    layouts = [Layout.dense((1, 2, 1)), Layout.dense((1, 7, 1)), Layout.dense((1, 3, 3, 1))]
    fits = tuple((layout, seed) for layout in layouts for seed in range(3))
    job = _problem(np.exp, REGISTRY.activations[name], fits)
    job = replace(job, milestones=(1e3, 2e4, 1e5))
    together = [_bits(r) for r in trainer.fit(job)]
    backwards = [_bits(r) for r in trainer.fit(replace(job, fits=fits[::-1]))]
    assert backwards[::-1] == together
    for i in (0, 4, 8):
        assert _bits(trainer.fit(replace(job, fits=(fits[i],)))[0]) == together[i]


@pytest.mark.parametrize("trainer", TRAINERS.values(), ids=TRAINERS)
@pytest.mark.parametrize("name", ["relu", "tanh"])
def test_snapshots_get_better_with_work_and_end_with_the_fit(trainer, name):
    """Losses at the nodes fall from one milestone to the next, up to the tenth by which the trainers' own differ."""
    layout = Layout.dense((1, 6, 1))
    job = _problem(np.sin, REGISTRY.activations[name], tuple((layout, seed) for seed in range(3)))
    unit = len(job.nodes) * layout.connections
    job = replace(job, milestones=tuple(unit * k for k in (0.5, 4, 16, 64, 256, 1e5)))
    for result in trainer.fit(job):
        assert len(result.snapshots) == 6
        assert result.snapshots[0] is None
        assert (result.snapshots[-1] is result.network) == (result.work <= job.milestones[-1])
        known = [n for n in result.snapshots if n is not None]
        assert len(known) >= 2
        losses = [float(np.sum(job.weights[:, None] * (n(job.nodes) - job.values) ** 2)) for n in known]
        assert all(b <= 1.1 * a + 1e-20 for a, b in pairwise([*losses, result.loss]))


@pytest.mark.parametrize("trainer", BUDGETED)
@pytest.mark.parametrize("evaluations", [6, 40, 170])
def test_a_budget_of_work_is_kept_and_named(trainer, evaluations):
    layout = Layout.dense((1, 8, 1))
    job = _problem(np.cos, power(1), tuple((layout, seed) for seed in range(2)))
    unit = len(job.nodes) * layout.connections
    limited = REGISTRY.trainers.make(trainer, {**LONG.get(trainer, {}), "work": float(evaluations * unit)})
    for result in limited.fit(job):
        assert result.work <= (evaluations + 1) * unit
        assert result.status == "work limit"
        assert result.network is not None
        error = result.network(job.nodes) - job.values
        assert result.loss == pytest.approx(float(np.sum(job.weights[:, None] * error**2)), rel=1e-6)


@pytest.mark.parametrize("trainer", BUDGETED)
def test_more_work_than_a_fit_needs_changes_nothing(trainer):
    layout = Layout.dense((1, 3, 1))
    job = _problem(np.cos, power(1), ((layout, 0), (layout, 1)))
    free = REGISTRY.trainers.make(trainer, SMALL.get(trainer, {}))
    limited = REGISTRY.trainers.make(trainer, {**SMALL.get(trainer, {}), "work": 1e12})
    assert [_bits(r) for r in free.fit(job)] == [_bits(r) for r in limited.fit(job)]
