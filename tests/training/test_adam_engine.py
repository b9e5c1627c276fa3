"""Adam's ways to run agree with each other and with torch's own optimiser."""

import numpy as np
import pytest
import torch

from ratelab.networks import LayerShape, Layout, power
from ratelab.training import generator, initial_weights
from ratelab.training._adam_compiled import Compiled
from ratelab.training._adam_recipe import CONVERGED, DIVERGED, RUNNING, Group, Recipe
from ratelab.training._adam_stacked import Stacked
from ratelab.training._adam_torch import Batched
from ratelab.training._engine import formula
from ratelab.training._stack import Shape, stacks

PLAIN = Recipe(50, 1e-3, cosine=False, epsilon=1e-8)


def _groups(job, recipe=PLAIN):
    groups = []
    for shape, positions in stacks(job):
        start = [
            shape.flat(initial_weights(shape.layout, job.fits[i][1], job.activation, job.domain, "standard"))
            for i in positions
        ]
        groups.append(Group(shape, recipe, np.array(start)))
    return groups


def _torch_loop(job, shape, start, steps, rate=1e-3):
    """What a user of torch writes: autograd and torch.optim.Adam, one network."""
    x, w, y = (torch.from_numpy(a) for a in (job.nodes, job.weights, job.values))
    weights, biases = [], []
    for span, size in zip(shape.spans, shape.sizes, strict=True):
        block = torch.from_numpy(start[span].reshape(size).copy())
        weights.append(block[:, :-1].clone().requires_grad_(True))
        biases.append(block[:, -1].clone().requires_grad_(True))
    optimiser = torch.optim.Adam([*weights, *biases], lr=rate)
    for _ in range(steps):
        optimiser.zero_grad()
        value = x
        for level, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
            value = value @ weight.T + bias
            if level < len(weights) - 1:
                value = job.activation(value)
        (w[:, None] * (value - y) ** 2).sum().backward()
        optimiser.step()
    blocks = [torch.cat([a, b[:, None]], 1).detach().numpy() for a, b in zip(weights, biases, strict=True)]
    return shape.flat(blocks)


@pytest.mark.parametrize("widths", [(1, 16, 16, 1), (1, 7, 1), (2, 5, 3, 6, 2)], ids=str)
@pytest.mark.parametrize("nodes", [32, 100, 300])
@pytest.mark.parametrize("name", ["relu", "tanh"])
def test_fifty_steps_equal_those_of_a_plain_torch_loop(problem, plugins, widths, nodes, name):
    activation = plugins.activations[name]
    job = problem(activation, ((Layout.dense(widths), 0), (Layout.dense(widths), 1)), nodes, widths[-1])
    (group,) = _groups(job)
    start = group.parameters.copy()
    Compiled(job, [group], formula(activation)).advance(0, 50)
    for before, after in zip(start, group.parameters, strict=True):
        expected = _torch_loop(job, group.shape, before, 50)
        assert np.abs(expected - before).max() > 1e-2
        np.testing.assert_allclose(after, expected, rtol=0, atol=1e-8)


def _mixed(plugins):
    layouts = [Layout.dense((2, 5, 3, 2)), Layout.dense((2, 4, 2))]
    layouts.append(
        plugins.architectures["skip"].layout(budget=12, complexity="neurons", depth=3, dimension=2, outputs=2)
    )
    dense = Layout.dense((2, 6, 2))
    random = generator("mask")
    first, second = dense.layers
    layouts.append(
        Layout(
            (
                LayerShape(
                    random.random((6, 2)) < 0.7,
                    random.standard_normal((6, 2)),
                    random.random(6) < 0.7,
                    first.linear,
                ),
                second,
            )
        )
    )
    return layouts


@pytest.mark.parametrize(
    "name", ["relu", "relu2", "prelu", "tanh", "sigmoid", "silu", "gaussian", "softplus", "sine"]
)
def test_all_ways_to_run_agree_on_masks_skips_and_several_outputs(problem, plugins, name):
    activation = plugins.activations[name]
    job = problem(
        activation, tuple((layout, seed) for layout in _mixed(plugins) for seed in (0, 1)), outputs=2
    )
    recipe = Recipe(50, 1e-3)
    found = []
    for way in ("compiled", "stacked", "itemwise", "batched"):
        groups = _groups(job, recipe)
        before = [group.parameters.copy() for group in groups]
        run = {
            "compiled": lambda g: Compiled(job, g, formula(activation)),
            "stacked": lambda g: Stacked(job, g),
            "itemwise": lambda g: Batched(job, g, "cpu"),
            "batched": lambda g: Batched(job, g, "cpu", batched=True),
        }[way](groups)
        run.advance(0, 30)
        run.advance(30, 51)
        for group, start in zip(groups, before, strict=True):
            assert (group.evaluations == 51).all()
            assert (group.outcome == RUNNING).all()
            assert (group.best[:, ~group.shape.free] == start[:, ~group.shape.free]).all()
        found.append(groups)
    for groups in found[1:]:
        for group, expected in zip(groups, found[0], strict=True):
            np.testing.assert_allclose(group.parameters, expected.parameters, rtol=0, atol=1e-8)
            np.testing.assert_allclose(group.best_loss, expected.best_loss, rtol=1e-9)


@pytest.mark.parametrize("name", ["relu", "tanh", "gelu"])
@pytest.mark.parametrize("outputs", [1, 2])
def test_chunking_never_changes_a_digit_of_the_torch_way_on_a_cpu(problem, plugins, name, outputs):
    widths = (2, 5, 1, 4, outputs)
    fits = tuple((Layout.dense(widths), seed) for seed in range(7))
    job = problem(plugins.activations[name], fits, outputs=outputs)
    runs = []
    for limit in (7, 3, 1):
        (group,) = _groups(job)
        Batched(job, [group], "cpu", limit=limit).advance(0, 40)
        runs.append(group)
    for group in runs[1:]:
        assert group.parameters.tobytes() == runs[0].parameters.tobytes()
        assert group.best_loss.tobytes() == runs[0].best_loss.tobytes()


@pytest.mark.parametrize("way", ["compiled", "stacked", "batched"])
def test_each_network_ends_for_its_own_reason(problem, way):
    """An exact start has converged at once, one that is infinite diverges, and the third takes all its steps."""
    layout = Layout.dense((1, 2, 1))
    job = problem(power(1), tuple((layout, seed) for seed in range(3)))
    shape = Shape(layout)
    start = np.array([[1.0, 0.0, 1.0, -0.5, 1.0, 2.0, 0.5]] * 3)
    network = shape.network(start[0], power(1))
    job = type(job)(job.nodes, job.weights, network(job.nodes), power(1), job.fits, job.domain)
    start[1, -1], start[2, 3] = 1e200, -0.4
    group = Group(shape, Recipe(20, 1e-2, tolerance=1e-6), start.copy())
    run = {
        "compiled": lambda: Compiled(job, [group], formula(power(1))),
        "stacked": lambda: Stacked(job, [group]),
        "batched": lambda: Batched(job, [group], "cpu"),
    }[way]()
    run.advance(0, 7)
    run.advance(7, 21)
    assert group.outcome.tolist() == [CONVERGED, DIVERGED, RUNNING]
    assert group.evaluations.tolist() == [1, 1, 21]
    assert group.best[0].tolist() == start[0].tolist()
    assert 0 < group.best_loss[2] < 1e-3


def test_two_calls_with_other_stops_give_the_same_bits(problem, plugins):
    job = problem(power(1), tuple((Layout.dense((1, 6, 1)), seed) for seed in range(3)))
    for way in (lambda g: Compiled(job, g, formula(power(1))), lambda g: Stacked(job, g)):
        found = []
        for stops in ((0, 61), (0, 1, 2, 17, 40, 61)):
            groups = _groups(job, Recipe(60, 1e-2))
            run = way(groups)
            for a, b in zip(stops, stops[1:], strict=False):
                run.advance(a, b)
            found.append(
                (groups[0].parameters.tobytes(), groups[0].best.tobytes(), groups[0].evaluations.tolist())
            )
        assert found[0] == found[1]
