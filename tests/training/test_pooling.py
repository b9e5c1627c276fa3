"""Training through poolings: losses and derivatives against torch's own, and against differences."""

import numpy as np
import pytest

from ratelab import UserError
from ratelab.networks import FitProblem, Layout, Network
from ratelab.training import LBFGS, Adam, MiniBatchAdam, initial_weights
from ratelab.training._adam_recipe import Group, Recipe
from ratelab.training._adam_torch import Batched
from ratelab.training._engine import Engine, formula, formulas
from ratelab.training._minibatch_pass import BatchPass, layer_kinds
from ratelab.training._stack import Data, Pass, Shape, stacks

LABELS = ("pooling", "pooling(layers=2)", "pooling(form=outer)")
REFUSING = ("varpro", "knots", "greedy", "polish", "multigrade", "successive_affine")


def _layouts(plugins, d=1, k=1):
    made = [
        plugins.architectures[label].layout(budget=14, complexity="neurons", depth=4, dimension=d, outputs=k)
        for label in LABELS
    ]
    return [*made, Layout.dense((d, 5, 3, k), (0, 1)), Layout.dense((d, 1, k), (0,))]


def _reference(layout, activation, parameters, job):
    """Loss and gradient by torch's own differentiation."""
    import torch

    flat = torch.tensor(parameters, requires_grad=True)
    value, start = torch.from_numpy(job.nodes.T.copy()), 0
    for index, layer in enumerate(layout.layers):
        out, read = layer.free.shape
        block = flat[start : start + out * (read + 1)].reshape(out, read + 1)
        start += out * (read + 1)
        value = block[:, :-1] @ value + block[:, -1:]
        if index < layout.depth - 1:
            linear = torch.from_numpy(layer.linear)[:, None]
            value = torch.where(linear, value, activation.function(value))
        if layer.pooled:
            half = (out + 1) // 2
            ones = torch.ones((2 * half - out, value.shape[1]), dtype=value.dtype)
            value = value[:half] * torch.cat([value[half:], ones])
    loss = (torch.from_numpy(job.weights) * (value - torch.from_numpy(job.values.T)) ** 2).sum()
    loss.backward()
    return float(loss.detach()), flat.grad.numpy()


@pytest.mark.parametrize("name", ["relu", "relu2", "tanh", "elu"])
def test_all_passes_give_the_loss_and_gradient_that_autograd_gives(plugins, problem, name):
    activation = plugins.activations[name]
    layouts = [*_layouts(plugins, 2, 2), Layout.dense((2, 4, 2))]
    job = problem(activation, tuple((layout, seed) for layout in layouts for seed in (0, 1)), outputs=2)
    data, known, made = Data.of(job), formula(activation), []
    for shape, positions in stacks(job):
        start = [initial_weights(shape.layout, job.fits[i][1], activation, job.domain) for i in positions]
        made.append((shape, np.array([shape.flat(blocks) for blocks in start])))
    passed = Pass(made, data, activation).forward()
    cotangents = [2.0 * data.weights * (part.output - data.values) for part in passed.parts]
    found = [np.empty_like(parameters) for _, parameters in made]
    passed.gradients(cotangents, found)
    for (shape, parameters), part, slopes in zip(made, passed.parts, found, strict=True):
        for row in range(2):
            loss, slope = _reference(shape.layout, activation, parameters[row], job)
            size = 1e-12 * np.abs(slope).max()
            residual = part.output[row] - data.values
            assert float(np.sum(data.weights * residual**2)) == pytest.approx(loss, rel=1e-11)
            np.testing.assert_allclose(slopes[row], slope, rtol=1e-9, atol=size)
            network = shape.network(parameters[row], activation)
            assert network.poolings == shape.layout.poolings
            by_network = float(np.sum(job.weights[:, None] * (network(job.nodes) - job.values) ** 2))
            assert by_network == pytest.approx(loss, rel=1e-11)
            compiled = np.empty_like(slope)
            if known is not None and formulas(shape, known) is not None:
                value = Engine(job, shape, known).loss_and_slope(parameters[row], compiled)
                assert value == pytest.approx(loss, rel=1e-11)
                np.testing.assert_allclose(compiled, slope, rtol=1e-9, atol=size)
            batch = BatchPass(
                shape.sizes, layer_kinds(shape.layout, activation), parameters[row], shape.pooled
            )
            points = np.append(job.nodes, np.ones((len(job.nodes), 1)), axis=1)
            batch.gradient(points, job.values, 2.0 * job.weights, compiled)
            np.testing.assert_allclose(compiled, slope, rtol=1e-9, atol=size)


def test_gradients_agree_with_differences_of_the_networks_own_values(plugins, problem):
    tanh = plugins.activations["tanh"]
    for layout in (Layout.dense((1, 5, 3, 1), (0, 1)), _layouts(plugins)[2]):
        job = problem(tanh, ((layout, 3),))
        shape, data = Shape(layout), Data.of(job)
        point = shape.flat(initial_weights(layout, 3, tanh, job.domain))

        def loss(parameters, shape=shape, job=job):
            rest = shape.network(parameters, tanh)(job.nodes) - job.values
            return float(np.sum(job.weights[:, None] * rest**2))

        passed = Pass([(shape, point[None].copy())], data, tanh).forward()
        found = np.empty((1, shape.count))
        passed.gradients([2.0 * data.weights * (passed.parts[0].output - data.values)], [found])
        for place in range(shape.count):
            move = np.zeros(shape.count)
            move[place] = 1e-5
            difference = (loss(point + move) - loss(point - move)) / 2e-5
            assert found[0, place] == pytest.approx(difference, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("name", ["relu", "tanh", "elu"])
def test_both_ways_of_adam_take_the_same_steps(plugins, problem, name):
    """Compiled loops or stacked arrays, and torch."""
    activation = plugins.activations[name]
    for layout in _layouts(plugins):
        job = problem(activation, ((layout, 0), (layout, 1)))
        shape = Shape(layout)
        start = [shape.flat(initial_weights(layout, s, activation, job.domain)) for s in (0, 1)]
        group = Group(shape, Recipe(15, 0.02), np.array(start))
        Batched(job, [group], "cpu").advance(0, 16)
        results = Adam(steps=15, rate=0.02).fit(job)
        for result, loss in zip(results, group.best_loss, strict=True):
            assert result.loss == pytest.approx(float(loss), rel=1e-8)


@pytest.mark.parametrize(
    "trainer", [Adam(steps=60), LBFGS(steps=30), MiniBatchAdam(epochs=5)], ids=lambda t: t.name
)
@pytest.mark.parametrize("name", ["relu", "gelu", "elu"])
def test_a_fit_lowers_the_loss_keeps_fixed_weights_and_does_not_depend_on_its_company(
    plugins, problem, trainer, name
):
    activation = plugins.activations[name]
    layouts = [*_layouts(plugins, 2)[:4], Layout.dense((2, 4, 1))]
    job = problem(activation, tuple((layout, seed) for layout in layouts for seed in (0, 1)))
    together = trainer.fit(job)
    for (layout, seed), result in zip(job.fits, together, strict=True):
        rest = result.network(job.nodes) - job.values
        assert result.loss == pytest.approx(float(np.sum(job.weights[:, None] * rest**2)), rel=1e-9)
        start = Shape(layout).network(
            Shape(layout).flat(initial_weights(layout, seed, activation, job.domain)), activation
        )
        first = float(np.sum(job.weights[:, None] * (start(job.nodes) - job.values) ** 2))
        assert trainer.name == "minibatch" or result.loss < first
        for layer, given in zip(result.network.layers, layout.layers, strict=True):
            assert (layer.weight[~given.free] == given.fixed[~given.free]).all()
            assert layer.pooled == given.pooled
    for i in (0, 5):
        alone = FitProblem(job.nodes, job.weights, job.values, activation, (job.fits[i],), job.domain)
        (result,) = trainer.fit(alone)
        assert result.loss == together[i].loss
        for one, other in zip(result.network.layers, together[i].network.layers, strict=True):
            np.testing.assert_array_equal(one.weight, other.weight)


def test_two_variables_are_multiplied_by_one_pooling(plugins):
    """x · y is a pooled network of four neurons; trained ones come close, and survive storage."""
    x = np.stack(np.meshgrid(*[np.linspace(-1, 1, 12)] * 2), axis=-1).reshape(-1, 2)
    weights = np.full(len(x), 1 / len(x))
    layout = Layout.dense((2, 8, 1), (0,))
    values = x[:, :1] * x[:, 1:]
    relu = plugins.activations["relu"]
    job = FitProblem(x, weights, values, relu, tuple((layout, s) for s in range(4)), ((-1.0, 1.0),) * 2)
    best = min(LBFGS(steps=400).fit(job), key=lambda r: r.loss)
    assert best.loss < 1e-3 * float(np.sum(weights[:, None] * values**2))


@pytest.mark.parametrize("name", REFUSING)
def test_trainers_that_do_not_serve_poolings_say_so(plugins, problem, name):
    trainer, layout = plugins.trainers[name], Layout.dense((1, 4, 1), (0,))
    reason = trainer.accepts(layout)
    assert isinstance(reason, str) and "1-4-1:*1" in reason and "allowed" in reason
    with pytest.raises(UserError, match=f"trainer '{name}'"):
        trainer.fit(problem(plugins.activations["relu"], ((layout, 0),)))


def test_trained_networks_with_poolings_survive_storage(plugins, problem, tmp_path):
    layout = _layouts(plugins)[2]
    job = problem(plugins.activations["relu"], ((layout, 0),))
    network = Adam(steps=5).fit(job)[0].network
    network.save(tmp_path / "network.nc")
    back = Network.load(tmp_path / "network.nc")
    np.testing.assert_array_equal(back(job.nodes), network(job.nodes))
    assert back.poolings == 1
