"""Layouts whose neurons have activations of their own, in every trainer."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.linalg import solve_triangular

from ratelab import UserError
from ratelab.networks import LayerShape, Layout, identity, power, sine
from ratelab.training import (
    LBFGS,
    Adam,
    FreeKnots,
    Greedy,
    Polish,
    VariableProjection,
    generator,
    initial_weights,
)
from ratelab.training._adam_compiled import Compiled
from ratelab.training._adam_recipe import RUNNING, Group, Recipe
from ratelab.training._adam_stacked import Stacked
from ratelab.training._adam_torch import Batched
from ratelab.training._engine import Engine, formula, formulas
from ratelab.training._polish_descent import Descent, Samples
from ratelab.training._polish_embed import embed
from ratelab.training._stack import Data, Pass, Shape, stacks


def _with(layout: Layout, *others) -> Layout:
    """The layout with some neurons of every hidden layer given activations of their own; skips stay."""
    layers = []
    for index, layer in enumerate(layout.layers[:-1]):
        masks = []
        for place, activation in enumerate(others):
            mask = (np.arange(len(layer.linear)) % (len(others) + 1 + index % 2) == place) & ~layer.linear
            masks.append((activation, mask))
        layers.append(replace(layer, others=tuple(masks)))
    return Layout((*layers, layout.layers[-1]))


def _masked(outputs: int) -> Layout:
    first, second, last = Layout.dense((2, 6, 5, outputs)).layers
    random = generator("mask")
    free = random.random((6, 2)) < 0.7
    loose = LayerShape(free, random.standard_normal((6, 2)), random.random(6) < 0.7, first.linear)
    return Layout((loose, second, last))


def _layouts(plugins, *others, outputs=2):
    skip = plugins.architectures["skip"].layout
    plain = [Layout.dense((2, 7, outputs)), Layout.dense((2, 5, 4, 6, outputs)), _masked(outputs)]
    plain.append(skip(budget=26, complexity="neurons", depth=4, dimension=2, outputs=outputs))
    graded = plugins.architectures["graded(layers=1,first=tanh,sines=1)"].layout
    return [
        *(_with(layout, *others) for layout in plain),
        graded(budget=24, complexity="neurons", depth=4, dimension=2, outputs=outputs),
    ]


def _activation(layer: LayerShape, activation, row: int):
    if layer.linear[row]:
        return identity
    own = [a for a, mask in layer.others if mask[row]]
    return own[0] if own else activation


def _loss(layout, activation, point, job):
    """Σ weights |network − values|² in torch, neuron by neuron."""
    value, start = torch.from_numpy(job.nodes), 0
    for layer in layout.layers:
        rows, columns = layer.free.shape
        block = point[start : start + rows * (columns + 1)].reshape(rows, columns + 1)
        start += rows * (columns + 1)
        before = value @ block[:, :-1].T + block[:, -1]
        kinds = [_activation(layer, activation, row) for row in range(rows)]
        value = torch.stack([kind.function(before[:, row]) for row, kind in enumerate(kinds)], dim=1)
    return (torch.from_numpy(job.weights)[:, None] * (value - torch.from_numpy(job.values)) ** 2).sum()


def _reference(layout, activation, parameters, job):
    point = torch.from_numpy(parameters.copy()).requires_grad_(True)
    loss = _loss(layout, activation, point, job)
    (slope,) = torch.autograd.grad(loss, point)
    return float(loss.detach()), slope.numpy()


PAIRS = [
    ("relu", ("sine",)),
    ("relu", ("sine", "tanh")),
    ("relu", ("relu2",)),
    ("tanh", ("relu", "sine")),
    ("gelu", ("sine", "relu")),
    ("relu2", ("sine", "relu")),
    ("prelu", ("relu2", "sine")),
    ("sine", ("gelu",)),
]


@pytest.fixture(scope="module", params=PAIRS, ids=lambda p: "+".join((p[0], *p[1])))
def pair(request, plugins):
    name, others = request.param
    return plugins.activations[name], tuple(plugins.activations[other] for other in others)


def test_all_passes_give_the_loss_and_gradient_that_autograd_gives(plugins, problem, pair):
    activation, others = pair
    layouts = _layouts(plugins, *others)
    job = problem(activation, tuple((layout, seed) for layout in layouts for seed in (0, 1)), outputs=2)
    data, known = Data.of(job), formula(activation)
    made = []
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
            residual = part.output[row] - data.values
            assert float(np.sum(data.weights * residual**2)) == pytest.approx(loss, rel=1e-11)
            scale = np.abs(slope).max()
            np.testing.assert_allclose(slopes[row], slope, rtol=1e-9, atol=1e-12 * scale)
            network = shape.network(parameters[row], activation)
            by_network = float(np.sum(job.weights[:, None] * (network(job.nodes) - job.values) ** 2))
            assert by_network == pytest.approx(loss, rel=1e-11)
            if known is not None and formulas(shape, known) is not None:
                compiled = np.empty_like(slope)
                value = Engine(job, shape, known).loss_and_slope(parameters[row], compiled)
                assert value == pytest.approx(loss, rel=1e-11)
                np.testing.assert_allclose(compiled, slope, rtol=1e-9, atol=1e-12 * scale)


def test_gradients_agree_with_differences_of_the_networks_own_values(plugins, problem):
    """In smooth activations, so that central differences are accurate; the values come from `Network` alone."""
    tanh = plugins.activations["tanh"]
    layout = _with(Layout.dense((1, 5, 4, 1)), sine)
    job = problem(tanh, ((layout, 3),))
    shape, data = Shape(layout), Data.of(job)
    point = shape.flat(initial_weights(layout, 3, tanh, job.domain))

    def loss(parameters):
        rest = shape.network(parameters, tanh)(job.nodes) - job.values
        return float(np.sum(job.weights[:, None] * rest**2))

    passed = Pass([(shape, point[None].copy())], data, tanh).forward()
    found = np.empty((1, shape.count))
    passed.gradients([2.0 * data.weights * (passed.parts[0].output - data.values)], [found])
    step = 1e-5
    for place in range(shape.count):
        move = np.zeros(shape.count)
        move[place] = step
        difference = (loss(point + move) - loss(point - move)) / (2 * step)
        assert found[0, place] == pytest.approx(difference, rel=1e-6, abs=1e-8)


def test_compiled_loops_take_any_known_activations_with_one_table_of_pieces(plugins):
    """Powers and two slopes need their coefficients; all others are known by their kind."""
    layout = Layout.dense((1, 7, 5, 1))

    def known(name, *others):
        shape = Shape(_with(layout, *(plugins.activations[other] for other in others)))
        return formulas(shape, formula(plugins.activations[name])) is not None

    assert known("relu", "sine", "tanh", "gaussian")
    assert known("relu", "relu2")
    assert known("relu2", "relu", "sine")
    assert known("relu2", "relu2")
    assert known("tanh", "prelu", "softplus")
    assert not known("relu2", "relu3")
    assert not known("prelu", "relu2")
    assert not known("relu", "gelu")


def _groups(job, recipe):
    groups = []
    for shape, positions in stacks(job):
        start = [
            initial_weights(shape.layout, job.fits[i][1], job.activation, job.domain, "standard")
            for i in positions
        ]
        groups.append(Group(shape, recipe, np.array([shape.flat(blocks) for blocks in start])))
    return groups


@pytest.mark.parametrize(
    ("name", "others"),
    [("relu", ("sine",)), ("tanh", ("sine", "relu2")), ("relu2", ("relu", "sine"))],
    ids=str,
)
def test_all_ways_to_run_adam_agree(plugins, problem, name, others):
    activation = plugins.activations[name]
    layouts = _layouts(plugins, *(plugins.activations[other] for other in others))
    job = problem(activation, tuple((layout, seed) for layout in layouts for seed in (0, 1)), outputs=2)
    runs = []
    for make in (
        lambda g: Compiled(job, g, formula(activation)),
        lambda g: Stacked(job, g),
        lambda g: Batched(job, g, "cpu"),
        lambda g: Batched(job, g, "cpu", batched=True),
    ):
        groups = _groups(job, Recipe(50, 1e-3))
        way = make(groups)
        way.advance(0, 30)
        way.advance(30, 51)
        runs.append(groups)
    for groups in runs:
        for group, expected in zip(groups, runs[0], strict=True):
            assert (group.outcome == RUNNING).all()
            np.testing.assert_allclose(group.parameters, expected.parameters, rtol=0, atol=1e-8)
            np.testing.assert_allclose(group.best_loss, expected.best_loss, rtol=1e-9)


def _bits(result):
    arrays = [a.tobytes() for layer in result.network.layers for a in (layer.weight, layer.bias)]
    return (*arrays, np.float64(result.loss).tobytes(), result.status, result.steps, result.work)


@pytest.mark.parametrize("trainer", [Adam(steps=30), LBFGS(steps=10)], ids=lambda t: t.name)
@pytest.mark.parametrize("name", ["relu", "gelu", "prelu"])
def test_fits_do_not_depend_on_their_companions(plugins, problem, trainer, name):
    """Among the companions are layouts that compiled loops know and others that they do not."""
    activation = plugins.activations[name]
    layouts = [Layout.dense((2, 5, 1)), *_layouts(plugins, sine, outputs=1)[:3]]
    layouts += _layouts(plugins, plugins.activations["gelu"], power(2), outputs=1)[::2]
    fits = tuple((layout, seed) for layout in layouts for seed in (0, 1))
    together = [_bits(result) for result in trainer.fit(problem(activation, fits))]
    for i in range(len(fits)):
        alone = trainer.fit(problem(activation, (fits[i],)))[0]
        assert _bits(alone) == together[i]
        assert alone.steps >= 10


def test_layouts_of_other_activations_do_not_change_the_fits_of_plain_ones(problem):
    """The same plain layout gives the same bits beside mixed layouts of the same widths."""
    plain = Layout.dense((1, 6, 1))
    mixed = [_with(plain, sine), _with(plain, power(2))]
    alone = Adam(steps=30).fit(problem(power(1), ((plain, 0),)))[0]
    beside = Adam(steps=30).fit(problem(power(1), tuple((layout, 0) for layout in (*mixed, plain))))
    assert _bits(beside[2]) == _bits(alone)
    assert len({result.loss for result in beside}) == 3


@pytest.mark.parametrize("name", ["relu", "tanh"])
def test_networks_of_the_fits_have_the_activations_of_the_layout(plugins, problem, name):
    activation = plugins.activations[name]
    layouts = _layouts(plugins, sine, outputs=1)
    job = problem(activation, tuple((layout, 0) for layout in layouts))
    for trainer in (Adam(steps=20), LBFGS(steps=20)):
        for result, layout in zip(trainer.fit(job), layouts, strict=True):
            for layer, given in zip(result.network.layers[:-1], layout.layers, strict=False):
                assert layer.activations == given.activations(activation)
                assert (layer.weight[~given.free] == given.fixed[~given.free]).all()
            rest = result.network(job.nodes) - job.values
            assert float(np.sum(job.weights[:, None] * rest**2)) == pytest.approx(result.loss, rel=1e-9)


def test_initial_kinks_lie_in_the_domain_behind_sines_and_sums(plugins):
    """Every neuron of the third hidden layer is zero somewhere in the domain, and of the right steepness."""
    for label in ("mixed", "graded", "graded(sines=1,first=sine)"):
        layout = plugins.architectures[label].layout(
            budget=40, complexity="neurons", depth=4, dimension=1, outputs=1
        )
        for seed in range(3):
            shape = Shape(layout)
            blocks = initial_weights(layout, seed, power(1), ((-1.0, 2.0),))
            network = shape.network(shape.flat(blocks), power(1))
            x = np.linspace(-1, 2, 20001)[:, None]
            value = x.T
            for layer in network.layers[:2]:
                before = layer.weight @ value + layer.bias[:, None]
                value = np.stack([a(row) for a, row in zip(layer.activations, before, strict=True)])
            third = (network.layers[2].weight @ value + network.layers[2].bias[:, None])[
                layout.layers[2].plain
            ]
            assert (np.abs(third).min(axis=1) < 1e-2 * np.abs(third).max(axis=1)).all()


def test_a_sine_among_relus_fits_a_sine_exactly(problem):
    """One sine is in the class, so the loss can go to zero, which relus alone cannot reach."""
    first, last = Layout.dense((1, 3, 1)).layers
    mixed = Layout((replace(first, others=((sine, np.array([True, False, False])),)), last))
    job = problem(
        power(1), tuple((layout, seed) for layout in (mixed, Layout.dense((1, 3, 1))) for seed in range(4))
    )
    found = [result.loss for result in LBFGS(steps=500).fit(job)]
    assert min(found[:4]) < 1e-20
    assert min(found[4:]) > 1e-6


def test_polish_descends_in_mixed_layouts_and_keeps_their_activations(problem):
    layout = _with(Layout.dense((1, 6, 4, 1)), sine)
    before = Adam(steps=30).fit(problem(power(1), ((layout, 0),)))[0]
    job = replace(problem(power(1), ((layout, 0), (layout, 1))), starts=(before.network, before.network))
    for result in Polish(steps=20).fit(job):
        assert result.loss < 0.2 * before.loss
        rest = result.network(job.nodes) - job.values
        assert float(np.sum(job.weights[:, None] * rest**2)) == pytest.approx(result.loss, rel=1e-9)
        assert [a.activations for a in result.network.layers] == [
            a.activations for a in before.network.layers
        ]


def _descent(plugins, problem, activation, *others):
    layout = _with(Layout.dense((1, 5, 4, 1)), *others)
    job = problem(activation, ((layout, 1),))
    shape, data = Shape(layout), Data.of(job)
    start = shape.flat(initial_weights(layout, 1, activation, job.domain))
    samples = Samples(data.points[:-1], np.sqrt(data.weights), data.values)
    return Descent(shape, start, samples, activation), _reference(layout, activation, start, job)


def test_the_gradient_of_polish_agrees_with_autograd(plugins, problem):
    """In the coordinates of polish, in which a layer's reads are orthonormal."""
    descent, (loss, slope) = _descent(plugins, problem, plugins.activations["tanh"], sine, power(2))
    assert descent.loss == pytest.approx(loss, rel=1e-11)
    gradient = descent._linearise()[1]
    expected, shape = [], descent._shape
    for span, size, groups in zip(shape.spans, shape.sizes, descent._groups, strict=True):
        for group in groups:
            part = slope[span].reshape(size)[np.ix_(group.rows, group.columns)]
            expected.append(solve_triangular(group.triangle, part.T, trans="T").T.ravel() / 2)
    np.testing.assert_allclose(gradient, np.concatenate(expected), rtol=1e-8, atol=1e-12)


def test_polish_starts_from_the_function_that_it_is_given(plugins, problem):
    """Rows of relus may be scaled, those of other neurons may not."""
    for others in ((sine,), (power(2),), (sine, power(2))):
        descent, (loss, _) = _descent(plugins, problem, power(1), *others)
        assert descent.loss == pytest.approx(loss, rel=1e-10)


def test_a_network_is_written_into_a_larger_mixed_layout():
    small, large = _with(Layout.dense((1, 4, 1)), sine), _with(Layout.dense((1, 9, 1)), sine)
    shape = Shape(small)
    network = shape.network(shape.flat(initial_weights(small, 0, power(1), ((0.0, 1.0),))), power(1))
    written = embed(network, Shape(large), power(1))
    assert written is not None
    x = np.linspace(0, 1, 50)[:, None]
    np.testing.assert_allclose(Shape(large).network(written, power(1))(x), network(x), rtol=1e-13)
    assert embed(network, Shape(Layout.dense((1, 9, 1))), power(1)) is None
    assert embed(network, Shape(small), power(2)) is None


@pytest.mark.parametrize("trainer", [VariableProjection(), Greedy(), FreeKnots()], ids=lambda t: t.name)
def test_trainers_for_one_activation_refuse_mixed_layouts_before_they_start(problem, trainer):
    plain, mixed = Layout.dense((1, 3, 1)), _with(Layout.dense((1, 4, 1)), sine)
    assert trainer.accepts(plain) is None
    assert "layout 1-4-1:sine=" in trainer.accepts(mixed)
    with pytest.raises(
        UserError, match=f"trainer '{trainer.name}': layout 1-4-1:sine=.*allowed: layouts of one"
    ):
        trainer.fit(problem(power(1), ((plain, 0), (mixed, 0))))
