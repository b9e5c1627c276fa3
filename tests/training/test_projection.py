"""The least-squares half of variable projection, and neuron exchange."""

import numpy as np
import pytest

from ratelab.networks import LayerShape, Layout, power
from ratelab.training import generator, initial_weights
from ratelab.training._exchange import _deletion_costs, exchange
from ratelab.training._projection import Model, project, solve
from ratelab.training._stack import Data, Shape


def test_inner_solve_equals_lstsq():
    random = np.random.default_rng(1)
    design, target = random.standard_normal((5, 7, 64)), random.standard_normal((5, 64))
    design *= 10.0 ** random.uniform(-3, 3, (5, 7, 1))
    coefficients, factor = solve(design, target)
    basis = factor.basis(np.arange(5))
    for i in range(5):
        expected = np.linalg.lstsq(design[i].T, target[i], rcond=None)[0]
        np.testing.assert_allclose(coefficients[i], expected, rtol=1e-8)
        np.testing.assert_allclose(basis[i].T @ basis[i], np.eye(7), atol=1e-12)


def test_dependent_and_zero_columns_do_no_harm():
    random = np.random.default_rng(2)
    design, target = random.standard_normal((1, 4, 64)), random.standard_normal((1, 64))
    design[0, 1], design[0, 3] = 0.0, design[0, 2]
    coefficients, _ = solve(design, target)
    best = np.linalg.lstsq(design[0].T, target[0], rcond=None)[0]
    np.testing.assert_allclose(design[0].T @ coefficients[0], design[0].T @ best, atol=1e-8)


def test_columns_that_are_too_short_are_left_out():
    design = np.random.default_rng(4).standard_normal((1, 3, 64))
    design[0, 1] *= 1e-15
    target = design[:, 0] + design[:, 2]
    assert solve(design, target)[0][0, 1] != 0.0
    np.testing.assert_allclose(solve(design, target, 1e-13)[0][0], [1.0, 0.0, 1.0], atol=1e-9)


@pytest.mark.parametrize("widths", [(1, 5, 1), (2, 3, 4, 2)], ids=str)
def test_jacobian_predicts_the_solved_residual(problem, smooth, widths):
    """Kaufman's Jacobian gives the exact gradient Jᵀr of the reduced loss."""
    layout, activation = Layout.dense(widths), smooth["tanh"]
    job = problem(activation, ((layout, 0),), outputs=widths[-1])
    shape, data = Shape(layout), Data.of(job)
    parameters = shape.flat(initial_weights(layout, 0, activation, job.domain))[None]
    inner = np.arange(shape.spans[-1].start)
    state = project(Model(shape, data, activation), parameters, inner)
    gradient = 2.0 * state.gradient[0] * state.scale[0]
    step = 1e-6
    for j in inner:
        ends = []
        for sign in (1, -1):
            moved = parameters.copy()
            moved[0, j] += sign * step
            ends.append(float(project(Model(shape, data, activation), moved, inner).loss[0]))
        assert gradient[j] == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=2e-4, abs=1e-8)


def test_fixed_output_weights_stay_and_are_accounted_for(problem):
    dense = Layout.dense((1, 4, 1))
    free = np.array([[True, False, True, False]])
    fixed = np.array([[0.0, 2.0, 0.0, 0.0]])
    layout = Layout((dense.layers[0], LayerShape(free, fixed, np.array([True]), np.array([True]))))
    job = problem(power(1), ((layout, 0),))
    shape, data = Shape(layout), Data.of(job)
    parameters = shape.flat(initial_weights(layout, 5, power(1), job.domain))[None]
    state = project(Model(shape, data, power(1)), parameters, np.arange(8))
    network = shape.network(state.parameters[0], power(1))
    assert network.layers[1].weight[0, 1] == 2.0
    assert network.layers[1].weight[0, 3] == 0.0
    hidden = power(1)(network.layers[0].weight @ job.nodes.T + network.layers[0].bias[:, None])
    root = np.sqrt(job.weights)
    design = np.stack([hidden[0], hidden[2], np.ones(len(root))], axis=1) * root[:, None]
    target = root * (job.values[:, 0] - 2.0 * hidden[1])
    expected = float(np.linalg.lstsq(design, target, rcond=None)[1][0])
    assert float(state.loss[0]) == pytest.approx(expected, rel=1e-9)


def test_deletion_costs_equal_refitting_without_the_column():
    random = np.random.default_rng(3)
    design, targets = random.standard_normal((6, 50)), random.standard_normal((2, 50))

    def loss(rows):
        return sum(float(np.linalg.lstsq(design[rows].T, t, rcond=None)[1][0]) for t in targets)

    full = loss(list(range(6)))
    expected = [loss([i for i in range(6) if i != j]) - full for j in range(6)]
    np.testing.assert_allclose(_deletion_costs(design, targets), expected, rtol=1e-8)


def test_exchange_replaces_a_dead_neuron_by_one_that_helps(problem):
    layout = Layout.dense((1, 4, 1))
    job = problem(power(1), ((layout, 0),))
    shape, data = Shape(layout), Data.of(job)
    parameters = shape.flat(initial_weights(layout, 0, power(1), job.domain))[None]
    blocks = shape.blocks(parameters)
    blocks[0][0, 2] = [1.0, -3.0]
    inner = np.arange(8)
    before = project(Model(shape, data, power(1)), parameters, inner)
    after = exchange(shape, before.parameters[0], data, power(1), job.domain, generator("exchange"), 0)
    changed = np.flatnonzero((shape.blocks(after[None])[0][0] != blocks[0][0]).any(axis=1))
    assert changed.tolist() == [2]
    assert project(Model(shape, data, power(1)), after[None], inner).loss[0] < 0.7 * before.loss[0]
