"""Random features and output layers by least squares."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import Network, UserError
from ratelab.networks import FitProblem, Layer, Layout, identity
from ratelab.training._features import RandomFeatures, random_layers
from ratelab.training._least_squares import least_squares_readout


def _job(activation, fits, m=300, d=1, k=1, radius=1.5):
    random = np.random.default_rng(5)
    nodes = random.uniform(-radius, radius, (m, d))
    tent = np.maximum(0, 1 - np.sqrt((nodes**2).sum(axis=1, keepdims=True)) / 0.7)
    values = np.concatenate([tent, np.sin(3 * nodes[:, :1])], axis=1)[:, :k]
    return FitProblem(nodes, random.uniform(0, 1, m), values, activation, fits, ((-radius, radius),) * d)


def _features(network, nodes):
    """Values of the last hidden layer, by a network that ends in an identity map after it."""
    *hidden, last = network.layers
    size = last.weight.shape[1]
    return Network([*hidden, Layer(np.eye(size), np.zeros(size), (identity,) * size)])(nodes)


def _normal_equations(features, weights, values, ridge):
    design = np.column_stack([features, np.ones(len(features))])
    penalty = ridge * weights.sum() * np.diag([*np.ones(features.shape[1]), 0.0])
    return np.linalg.solve(
        design.T @ (weights[:, None] * design) + penalty, design.T @ (weights[:, None] * values)
    )


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 99), st.integers(1, 12), st.integers(1, 3), st.floats(1e-6, 1e-1))
def test_the_output_layer_solves_the_normal_equations_of_the_penalised_problem(seed, width, outputs, ridge):
    random = np.random.default_rng(seed)
    start = Network.dense(
        [random.standard_normal((width, 2)), np.zeros((outputs, width))],
        [random.standard_normal(width), np.zeros(outputs)],
    )
    nodes, values = random.standard_normal((60, 2)), random.standard_normal((60, outputs))
    weights = random.uniform(0, 1, 60)
    fitted = least_squares_readout(start, nodes, weights, values, ridge)
    expected = _normal_equations(_features(start, nodes), weights, values, ridge)
    np.testing.assert_allclose(fitted.layers[-1].weight.T, expected[:-1], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(fitted.layers[-1].bias, expected[-1], rtol=1e-5, atol=1e-7)


def test_without_a_penalty_it_is_numpys_least_squares_of_smallest_norm(plugins):
    """Also where two features are the same function and one is 0."""
    layer = Layer([[1.0], [1.0], [2.0], [0.0]], [0.0, 0.0, 1.0, -1.0], plugins.activations["relu"])
    start = Network([layer, Layer(np.zeros((1, 4)), [0.0], "identity")])
    x = np.linspace(-1, 1, 40)[:, None]
    weights, y = np.linspace(0.5, 1, 40), np.sin(2 * x)
    fitted = least_squares_readout(start, x, weights, y[:, 0])
    root = np.sqrt(weights)[:, None]
    design = np.column_stack([_features(start, x), np.ones(40)]) * root
    expected = np.linalg.lstsq(design, root * y, rcond=None)[0][:, 0]
    found = np.append(fitted.layers[-1].weight[0], fitted.layers[-1].bias)
    np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize("label", ["mlp", "mixed", "pooling", "pooling(form=outer)", "skip"])
@pytest.mark.parametrize("name", ["relu", "tanh"])
def test_the_fit_is_the_least_squares_fit_of_its_own_random_features(plugins, label, name):
    layout = plugins.architectures[label].layout(
        budget=20, complexity="neurons", depth=3, dimension=2, outputs=2
    )
    job = _job(plugins.activations[name], ((layout, 0), (layout, 1)), d=2, k=2)
    ridge = 1e-6
    for result in RandomFeatures(scale=2.0, ridge=ridge).fit(job):
        network = result.network
        rest = network(job.nodes) - job.values
        assert result.loss == pytest.approx(float(np.sum(job.weights[:, None] * rest**2)), rel=1e-9)
        features = _features(network, job.nodes)
        for row, (free, fixed) in enumerate(
            zip(layout.layers[-1].free, layout.layers[-1].fixed, strict=True)
        ):
            y = job.values[:, row : row + 1] - (features @ fixed)[:, None]
            found = _normal_equations(features[:, free], job.weights, y, ridge)[:, 0]
            np.testing.assert_allclose(network.layers[-1].weight[row, free], found[:-1], rtol=1e-4, atol=1e-6)
        for layer, shape in zip(network.layers, layout.layers, strict=True):
            assert (layer.weight[~shape.free] == shape.fixed[~shape.free]).all()
            assert layer.pooled == shape.pooled


def test_weights_have_the_stated_law_about_the_domains_centre(plugins):
    """Shares within one deviation of a normal law, uniform biases; 4000 neurons on a domain that is not centred."""
    job = replace(_job(plugins.activations["tanh"], ()), domain=((1.0, 3.0), (-1.0, 5.0)))
    (layer,) = random_layers(Layout.dense((2, 4000, 1)), 0, job, 6.0)
    assert np.mean(np.abs(layer.weight) < 6.0) == pytest.approx(0.6827, abs=0.02)
    at_centre = (layer.bias + layer.weight @ np.array([2.0, 2.0])) / (6.0 * 3.0)
    assert np.abs(at_centre).max() <= 1.0
    assert np.mean(at_centre < 0.5) == pytest.approx(0.75, abs=0.02)


def test_draws_depend_on_the_shape_and_the_seed_alone(plugins):
    layouts = [Layout.dense((1, 6, 1)), Layout.dense((1, 6, 1), (0,)), Layout.dense((1, 5, 4, 1))]
    fits = tuple((layout, seed) for layout in layouts for seed in (0, 1))
    trainer = RandomFeatures()
    for name in ("relu", "gelu"):
        job = _job(plugins.activations[name], fits)
        together = trainer.fit(job)
        for i in (1, 2, 5):
            (alone,) = trainer.fit(replace(job, fits=(fits[i],)))
            assert alone.loss == together[i].loss
    first = [random_layers(layouts[0], 0, _job(plugins.activations[n], ()), 6.0)[0] for n in ("relu", "gelu")]
    np.testing.assert_array_equal(first[0].weight, first[1].weight)
    other = random_layers(layouts[0], 1, _job(plugins.activations["relu"], ()), 6.0)[0]
    assert not np.array_equal(first[0].weight, other.weight)


def test_more_features_fit_better_and_work_is_counted(plugins):
    job = _job(plugins.activations["tanh"], tuple((Layout.dense((1, n, 1)), 0) for n in (5, 20, 80)), m=1000)
    results = RandomFeatures().fit(job)
    losses = [result.loss for result in results]
    assert losses[0] > 4 * losses[1] > 16 * losses[2]
    for result, n in zip(results, (5, 20, 80), strict=True):
        assert result.work == 1000 * (2 * n + (n + 1) ** 2)
    marked = replace(job, milestones=(results[0].work - 1, results[0].work))
    snapshots = [result.snapshots for result in RandomFeatures().fit(marked)]
    assert snapshots[0][0] is None and snapshots[0][1] is not None and snapshots[1] == (None, None)


def test_wrong_parameters_are_refused(plugins):
    for bad in ({"scale": 0.0}, {"scale": np.inf}, {"ridge": -1.0}, {"ridge": np.nan}):
        with pytest.raises(UserError, match="trainer 'features'"):
            RandomFeatures(**bad)
    start = Network.dense([[[1.0]], [[1.0]]], [[0.0], [0.0]])
    x = np.zeros((3, 1))
    for nodes, weights, values, words in (
        (np.zeros((3, 2)), np.ones(3), np.ones(3), "allowed: the 1 inputs"),
        (x, -np.ones(3), np.ones(3), "allowed: 0 or more"),
        (x, np.ones(2), np.ones(3), "do not fit"),
        (x, np.ones(3), np.full(3, np.nan), "finite"),
    ):
        with pytest.raises(UserError, match=words):
            least_squares_readout(start, nodes, weights, values)
