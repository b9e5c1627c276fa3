"""What every trainer promises, and what those that ship reach."""

import numpy as np
import pytest

from ratelab import Activation, UserError
from ratelab.networks import FitProblem, Layout, power
from small_trainers import REGISTRY, TRAINERS


def _graded(grade: float, cells: int = 32, order: int = 8) -> tuple[np.ndarray, np.ndarray]:
    x, w = np.polynomial.legendre.leggauss(order)
    edges = np.linspace(0, 1, cells + 1) ** grade
    h = np.diff(edges)[:, None]
    return (edges[:-1, None] + h * (x + 1) / 2).reshape(-1, 1), (h * w / 2).ravel()


def _problem(f, activation, fits, grade=1.0):
    x, w = _graded(grade)
    return FitProblem(x, w, f(x), activation, fits, ((0.0, 1.0),))


def _layout(name, depth, d=1, k=1, more=12):
    return REGISTRY.architectures[name].layout(
        budget=more, complexity="neurons", depth=depth, dimension=d, outputs=k
    )


@pytest.mark.parametrize("trainer", TRAINERS.values(), ids=TRAINERS)
@pytest.mark.parametrize("shape", [("mlp", 2), ("mlp", 3), ("skip", 2), ("skip", 4)], ids=str)
@pytest.mark.parametrize("r", [1, 2])
def test_the_reported_loss_is_that_of_the_network_and_masks_are_kept(trainer, shape, r):
    layout = _layout(*shape)
    job = _problem(np.exp, power(r), tuple((layout, seed) for seed in range(3)))
    for result in trainer.fit(job):
        assert result.network is not None
        error = result.network(job.nodes) - job.values
        assert result.loss == pytest.approx(
            float(np.sum(job.weights[:, None] * error**2)), rel=1e-6, abs=1e-18
        )
        assert result.loss < 0.2
        assert 0 < result.steps <= 200
        assert result.work > 0
        for layer, given in zip(result.network.layers, layout.layers, strict=True):
            assert (layer.weight[~given.free] == given.fixed[~given.free]).all()
            assert (layer.bias[~given.free_bias] == 0.0).all()


@pytest.mark.parametrize("trainer", TRAINERS.values(), ids=TRAINERS)
def test_several_outputs_are_fitted_together(trainer):
    x, w = _graded(1.0)
    values = np.concatenate([np.exp(x), np.cos(3 * x)], axis=1)
    job = FitProblem(x, w, values, power(1), ((_layout("mlp", 2, k=2), 0),), ((0.0, 1.0),))
    (result,) = trainer.fit(job)
    assert result.network is not None
    assert result.loss < 0.02
    error = result.network(x) - values
    assert result.loss == pytest.approx(float(np.sum(w[:, None] * error**2)), rel=1e-6)


@pytest.mark.parametrize("trainer", TRAINERS.values(), ids=TRAINERS)
def test_two_variables_are_fitted(trainer):
    x, w = _graded(1.0, cells=4, order=5)
    grid = np.stack(np.meshgrid(x[:, 0], x[:, 0], indexing="ij"), axis=-1).reshape(-1, 2)
    weights = np.outer(w, w).ravel()
    bump = np.exp(-((grid - 0.5) ** 2).sum(axis=1, keepdims=True) / 0.02)
    import torch

    for activation in (power(1), Activation("tanh", torch.tanh, regularity="analytic")):
        job = FitProblem(grid, weights, bump, activation, ((Layout.dense((2, 16, 1)), 0),), ((0.0, 1.0),) * 2)
        (result,) = trainer.fit(job)
        share = result.loss / float(np.sum(weights[:, None] * bump**2))
        assert share < {"varpro": 0.05, "knots": 0.05, "greedy": 0.1}.get(trainer.name, 0.5)


@pytest.mark.parametrize("trainer", TRAINERS.values(), ids=TRAINERS)
def test_a_fit_that_overflows_is_reported_and_harms_no_other(trainer):
    import torch

    wild = Activation("wild", lambda x: torch.exp(torch.exp(torch.exp(40.0 * x))), regularity="analytic")
    fits = tuple((Layout.dense((1, width, 1)), 0) for width in (1, 4))
    results = trainer.fit(_problem(np.exp, wild, fits))
    for result in results:
        assert (result.status == "diverged") == (result.network is None) == bool(np.isnan(result.loss))
    gradients = trainer.name in ("adam", "lbfgs", "varpro", "knots", "minibatch")
    assert any(result.status == "diverged" for result in results) or not gradients


@pytest.mark.parametrize("trainer", TRAINERS.values(), ids=TRAINERS)
def test_progress_ends_at_its_total(trainer):
    calls: list[tuple[int, int]] = []
    layout = Layout.dense((1, 2, 1))
    trainer.fit(_problem(np.exp, power(1), ((layout, 0), (layout, 1))), lambda a, b: calls.append((a, b)))
    assert calls == sorted(calls)
    assert calls[-1][0] == calls[-1][1]


def test_nothing_to_fit_gives_nothing():
    for trainer in TRAINERS.values():
        assert list(trainer.fit(_problem(np.exp, power(1), ()))) == []


def test_a_function_in_the_class_is_found_and_called_converged():
    layout = Layout.dense((1, 2, 1))
    job = _problem(lambda x: np.maximum(x - 0.37, 0) * 3 - 1, power(1), tuple((layout, s) for s in range(4)))
    results = TRAINERS["varpro"].fit(job)
    assert {r.status for r in results} == {"converged"}
    assert max(r.loss for r in results) < 1e-20


@pytest.mark.parametrize(
    ("name", "f", "grade", "segments"),
    [
        ("sqrt", np.sqrt, 5.0, {4: 4.68063774e-3, 8: 1.29145224e-3, 16: 3.40327756e-4}),
        ("exp", np.exp, 1.0, {4: 3.90589371e-3, 8: 9.76252970e-4, 16: 2.44049447e-4}),
        ("sine", lambda x: np.sin(2 * np.pi * x), 1.0, {4: 0.0572, 8: 0.8171 / 64, 16: 0.819 / 256}),
    ],
)
def test_variable_projection_reaches_the_best_free_knot_splines(name, f, grade, segments):
    """N neurons reach every spline of N segments: the best of four seeds is within 10 % of the best spline."""
    trainer = REGISTRY.trainers["varpro"]
    fits = tuple((Layout.dense((1, n, 1)), seed) for n in segments for seed in range(4))
    results = trainer.fit(_problem(f, power(1), fits, grade))
    for n, best in segments.items():
        losses = [r.loss for (layout, _), r in zip(fits, results, strict=True) if layout.neurons == n]
        assert np.sqrt(min(losses)) < 1.1 * best


def test_adam_stays_above_the_optimum_and_below_the_zero_function():
    fits = tuple((Layout.dense((1, 16, 1)), seed) for seed in range(3))
    job = _problem(np.sqrt, power(1), fits, 5.0)
    for result in TRAINERS["adam"].fit(job):
        assert 2.8e-4 < np.sqrt(result.loss) < 0.05


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("adam", {"steps": 0}, "steps is 0"),
        ("adam", {"rate": -1.0}, "rate is -1"),
        ("adam", {"initial": "ones"}, "initial is 'ones'"),
        ("adam", {"tolerance": -1.0}, "tolerance is"),
        ("adam", {"stepz": 5}, "did you mean 'steps'"),
        ("varpro", {"steps": 0}, "steps is 0"),
        ("varpro", {"exchanges": -1}, "exchanges is -1"),
        ("varpro", {"initial": "ones"}, "initial is 'ones'; allowed: domain, standard, greedy, mixed"),
        ("varpro", {"work": 0.0}, "trainer 'varpro': work is 0.0"),
        ("lbfgs", {"steps": 0}, "steps is 0"),
        ("lbfgs", {"memory": 0}, "memory is 0"),
        ("lbfgs", {"initial": "greedy"}, "initial is 'greedy'"),
        ("lbfgs", {"tolerance": -1.0}, "tolerance is -1"),
        ("lbfgs", {"work": -1.0}, "work is -1"),
        ("greedy", {"size": 0}, "size is 0"),
        ("greedy", {"work": -1.0}, "work is -1"),
        ("knots", {"rounds": -1}, "rounds is -1"),
        ("knots", {"work": -2.0}, "work is -2"),
    ],
)
def test_wrong_parameters_are_refused(name, parameters, message):
    with pytest.raises(UserError, match=message):
        REGISTRY.trainers.make(name, parameters)


def test_adam_returns_the_best_iterate_not_the_last():
    """With a rate far too large the last iterate is bad, and its loss is not the one reported."""
    layout = Layout.dense((1, 4, 1))
    job = _problem(np.exp, power(1), tuple((layout, seed) for seed in range(4)))
    trainer = REGISTRY.trainers.make("adam", {"steps": 20, "rate": 50.0})
    for result in trainer.fit(job):
        assert result.network is not None
        error = result.network(job.nodes) - job.values
        assert result.loss == pytest.approx(float(np.sum(job.weights[:, None] * error**2)), rel=1e-9)
        assert result.loss < 10 * float(np.sum(job.weights[:, None] * job.values**2))
