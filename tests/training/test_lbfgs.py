"""L-BFGS on all parameters."""

import numpy as np
import pytest
import torch

from ratelab.networks import LayerShape, Layout, power
from ratelab.training._lbfgs import LBFGS, _Objective
from ratelab.training._stack import Data


def test_a_convex_problem_is_solved_like_least_squares(problem):
    """Only the output layer is free: the optimum is that of a linear least-squares problem."""
    dense = Layout.dense((1, 1, 1))
    frozen = LayerShape(np.zeros((1, 1), bool), np.full((1, 1), 2.0), np.zeros(1, bool), np.zeros(1, bool))
    layout = Layout((frozen, dense.layers[1]))
    job = problem(power(2), ((layout, 0),))
    (result,) = LBFGS().fit(job)
    assert result.status == "converged"
    root = np.sqrt(job.weights)[:, None]
    inner = result.network.layers[0]
    hidden = np.maximum(job.nodes @ inner.weight.T + inner.bias, 0) ** 2
    design = np.concatenate([hidden, np.ones((len(root), 1))], axis=1) * root
    best = float(np.linalg.lstsq(design, root * job.values, rcond=None)[1][0])
    assert result.loss == pytest.approx(best, rel=1e-8)


def test_the_gradient_vanishes_where_it_converges(smooth, problem):
    job = problem(smooth["tanh"], ((Layout.dense((1, 3, 1)), 0), (Layout.dense((2, 2, 2, 1)), 1))[:1])
    (result,) = LBFGS(tolerance=1e-9, steps=20_000).fit(job)
    assert result.status == "converged"
    parameters = [
        torch.from_numpy(a.copy()).requires_grad_(True)
        for layer in result.network.layers
        for a in (layer.weight, layer.bias)
    ]
    x, w, y = (torch.from_numpy(a) for a in (job.nodes, job.weights[:, None], job.values))
    loss = (
        w * (torch.tanh(x @ parameters[0].T + parameters[1]) @ parameters[2].T + parameters[3] - y) ** 2
    ).sum()
    energy = float((job.weights[:, None] * job.values**2).sum())
    assert loss.item() == pytest.approx(result.loss, rel=1e-9)
    for slope in torch.autograd.grad(loss, parameters):
        assert float(slope.abs().max()) < 1e-5 * energy


def test_the_best_iterate_is_kept(problem):
    """A worse point after a good one, as in a line search that the budget cuts, changes nothing."""
    layout = Layout.dense((1, 5, 1))
    job = problem(power(1), ((layout, 0),))
    objective = _Objective(LBFGS(), job, Data.of(job), layout, 0)
    start = objective.parameters[0].copy()
    loss, slope = objective.evaluate(start)
    better, _ = objective.evaluate(start - 1e-3 * slope)
    kept = objective.best.copy()
    worse, _ = objective.evaluate(start + 10.0 * slope)
    assert better < loss < worse
    np.testing.assert_array_equal(objective.best, kept)
    assert objective.loss == pytest.approx(better * Data.of(job).energy)
    assert objective.ledger.work[0] == 6 * len(job.nodes) * layout.connections
