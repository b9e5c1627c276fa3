"""Adam on small batches: derivatives, steps, schedule, budget."""

from dataclasses import replace
from math import log

import numpy as np
import pytest

from ratelab import UserError
from ratelab.networks import FitProblem, LayerShape, Layout, power, sine
from ratelab.registry import Activation
from ratelab.training import generator, initial_weights
from ratelab.training._minibatch import MiniBatchAdam
from ratelab.training._minibatch_pass import BatchPass, layer_kinds
from ratelab.training._stack import Shape


def _mixed() -> Layout:
    """Two hidden layers with ReLU, sines and an identity, and a weight that is fixed."""
    none = np.zeros(6, bool)
    sines, linear = none.copy(), none.copy()
    sines[1:3], linear[5] = True, True
    free, fixed = np.ones((6, 2), bool), np.zeros((6, 2))
    free[0, 1], fixed[0, 1] = False, 0.7
    first = LayerShape(free, fixed, ~linear, linear, ((sine, sines),))
    second = LayerShape(
        np.ones((4, 6), bool),
        np.zeros((4, 6)),
        np.ones(4, bool),
        np.zeros(4, bool),
        ((sine, np.ones(4, bool)),),
    )
    last = LayerShape(np.ones((2, 4), bool), np.zeros((2, 4)), np.ones(2, bool), np.ones(2, bool))
    return Layout((first, second, last))


def _data(nodes: int = 40, d: int = 2, k: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(3)
    return (
        random.uniform(-1, 1, (nodes, d)),
        random.standard_normal((nodes, k)),
        random.uniform(0.1, 1, nodes),
    )


def _start(layout: Layout, seed: int = 0) -> np.ndarray:
    blocks = initial_weights(layout, seed, power(1), ((0.0, 1.0),) * layout.widths[0], "standard")
    return np.concatenate([block.ravel() for block in blocks])


@pytest.mark.parametrize(
    "layout", [_mixed(), Layout.dense((2, 7, 5, 2)), Layout.dense((2, 2))], ids=lambda layout: layout.key
)
def test_derivatives_are_quotients_of_differences(layout):
    x, y, w = _data()
    points = np.append(x, np.ones((len(x), 1)), axis=1)
    shape, parameters = Shape(layout), _start(layout)
    network = BatchPass(shape.sizes, layer_kinds(layout, power(2)), parameters)
    slope = np.empty_like(parameters)
    network.gradient(points, y, w, slope)

    def loss() -> float:
        return 0.5 * float(np.sum(w[:, None] * (network.values(points) - y) ** 2))

    for i in range(shape.count):
        kept = parameters[i]
        parameters[i] = kept + 1e-5
        above = loss()
        parameters[i] = kept - 1e-5
        below = loss()
        parameters[i] = kept
        assert slope[i] == pytest.approx((above - below) / 2e-5, rel=1e-5, abs=1e-6)


def test_values_are_those_of_the_network():
    layout = _mixed()
    shape, parameters = Shape(layout), _start(layout)
    x, _, _ = _data(1100)
    points = np.append(x, np.ones((len(x), 1)), axis=1)
    passed = BatchPass(shape.sizes, layer_kinds(layout, power(1)), parameters)
    network = shape.network(parameters, power(1))
    np.testing.assert_allclose(passed.values(points), network(x), rtol=0, atol=1e-13)
    features = passed.features(points, 2)
    np.testing.assert_allclose(
        features[:, :-1] @ network.layers[-1].weight.T + network.layers[-1].bias,
        network(x),
        rtol=0,
        atol=1e-13,
    )


@pytest.mark.parametrize("nodes", [64, 70])
def test_steps_are_those_of_torch(nodes):
    """A loop of `torch.optim.Adam` on half the batch's mean, in the same order, with the published rates."""
    import torch

    x, y, _ = _data(nodes, k=1)
    layout = Layout.dense((2, 9, 6, 1))
    trainer = MiniBatchAdam(epochs=4, rate=2e-2, last=1e-3, batch=16, keep="last")
    problem = FitProblem(x, np.full(nodes, 1 / nodes), y, sine, ((layout, 5),), ((-1.0, 1.0),) * 2)
    (result,) = trainer.fit(problem)
    assert result.network is not None
    blocks = initial_weights(layout, 5, sine, problem.domain, "standard")
    weights = [torch.from_numpy(b[:, :-1].copy()).requires_grad_() for b in blocks]
    biases = [torch.from_numpy(b[:, -1].copy()).requires_grad_() for b in blocks]
    optimiser = torch.optim.Adam([*weights, *biases], lr=1.0, betas=(0.9, 0.999), eps=1e-8)
    order = generator("minibatch", 5)
    for epoch in range(4):
        for group in optimiser.param_groups:
            group["lr"] = 2e-2 * np.exp(-log(20) / 4 * epoch)
        chosen = order.permutation(nodes)
        for start in range(0, nodes, 16):
            part = chosen[start : start + 16]
            value = torch.from_numpy(x[part])
            for level, (w, b) in enumerate(zip(weights, biases, strict=True)):
                value = value @ w.T + b
                value = value if level == 2 else value.sin()
            optimiser.zero_grad()
            (0.5 * ((value - torch.from_numpy(y[part])) ** 2).mean()).backward()
            optimiser.step()
    for layer, w, b in zip(result.network.layers, weights, biases, strict=True):
        np.testing.assert_allclose(layer.weight, w.detach().numpy(), rtol=0, atol=1e-10)
        np.testing.assert_allclose(layer.bias, b.detach().numpy(), rtol=0, atol=1e-10)
    assert result.steps == 4 * -(-nodes // 16)


def test_a_batch_of_everything_follows_the_weighted_loss():
    """With one batch, two equal nodes of weight 1 are one of weight 2."""
    x, y, _ = _data(20, k=1)
    layout = Layout.dense((2, 5, 1))
    trainer = MiniBatchAdam(epochs=10, batch=1000, keep="last")
    double = np.full(20, 1.0)
    double[:10] = 2.0
    merged = FitProblem(x, double, y, power(1), ((layout, 0),), ((-1.0, 1.0),) * 2)
    repeated = replace(
        merged, nodes=np.concatenate([x, x[:10]]), weights=np.ones(30), values=np.concatenate([y, y[:10]])
    )
    one, other = (trainer.fit(problem)[0].network for problem in (merged, repeated))
    for a, b in zip(one.layers, other.layers, strict=True):
        np.testing.assert_allclose(a.weight, b.weight, rtol=0, atol=1e-9)


def test_first_weights_fill_the_published_range():
    layout = Layout.dense((4, 100, 50, 1))
    (block, middle, last) = initial_weights(layout, 0, power(1), ((0.0, 1.0),) * 4, "standard")
    for a, fan_in in ((block, 4), (middle, 100), (last, 50)):
        assert 0.8 / np.sqrt(fan_in) < np.abs(a).max() <= 1 / np.sqrt(fan_in)


def _problem(fits, **changes) -> FitProblem:
    x = np.linspace(0, 1, 96)[:, None]
    problem = FitProblem(x, np.full(96, 1 / 96), np.sin(7 * x), power(1), fits, ((0.0, 1.0),))
    return replace(problem, **changes)


def test_the_best_epoch_is_no_worse_than_the_last():
    fits = tuple((Layout.dense((1, 8, 1)), seed) for seed in range(4))
    best = MiniBatchAdam(epochs=6, rate=0.3, last=0.3).fit(_problem(fits))
    last = MiniBatchAdam(epochs=6, rate=0.3, last=0.3, keep="last").fit(_problem(fits))
    assert all(a.loss <= b.loss for a, b in zip(best, last, strict=True))
    assert any(a.loss < b.loss for a, b in zip(best, last, strict=True))


@pytest.mark.parametrize(("keep", "epoch"), [("best", 3), ("last", 2)])
def test_work_is_counted_and_a_budget_shortens_the_schedule(keep, epoch):
    layout = Layout.dense((1, 8, 1))
    unit = 96 * 16
    problem = _problem(((layout, 0),))
    (full,) = MiniBatchAdam(epochs=5, keep=keep).fit(problem)
    assert full.work == (1 + 5 * epoch) * unit
    assert full.status == "step limit"
    (short,) = MiniBatchAdam(epochs=50, keep=keep, work=full.work).fit(problem)
    assert (short.work, short.loss, short.status) == (full.work, full.loss, "work limit")


def test_neurons_of_another_kind_keep_it_and_masks_stay():
    layout = _mixed()
    x, y, w = _data()
    problem = FitProblem(x, w, y, power(1), ((layout, 0),), ((-1.0, 1.0),) * 2)
    (result,) = MiniBatchAdam(epochs=3).fit(problem)
    network = result.network
    assert [a.name for a in network.layers[0].activations] == [
        "relu",
        "sine",
        "sine",
        "relu",
        "relu",
        "identity",
    ]
    assert network.layers[0].weight[0, 1] == 0.7
    assert network.layers[0].bias[5] == 0.0
    loss = float(np.sum(w[:, None] * (network(x) - y) ** 2))
    assert result.loss == pytest.approx(loss, rel=1e-12)


def test_a_fit_that_overflows_is_called_diverged():
    import torch

    wild = Activation("wild", lambda x: torch.exp(torch.exp(40.0 * x)), regularity="analytic")
    (result,) = MiniBatchAdam(epochs=3).fit(_problem(((Layout.dense((1, 8, 1)), 0),), activation=wild))
    assert (result.network, result.status) == (None, "diverged")
    assert np.isnan(result.loss)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"epochs": 0}, "epochs is 0; allowed: whole numbers, 1 or more"),
        ({"batch": 0}, "batch is 0"),
        ({"rate": 0.0}, "rate is 0"),
        ({"rate": 1e-3, "last": 1e-2}, "last is 0.01; allowed: positive numbers up to the rate 0.001"),
        ({"keep": "first"}, "keep is 'first'; allowed: best, last"),
        ({"initial": "ones"}, "initial is 'ones'"),
        ({"work": -1.0}, "work is -1"),
    ],
)
def test_wrong_parameters_are_refused(parameters, message):
    with pytest.raises(UserError, match=message):
        MiniBatchAdam(**parameters)
