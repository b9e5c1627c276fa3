"""Trained slopes: weights and one slope per neuron."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import Network, UserError, exact
from ratelab.networks import FitProblem, Layout, identity, power, resolve
from ratelab.studies._results import checked
from ratelab.training import initial_weights
from ratelab.training._slopes import Slopes, trained_slopes
from ratelab.training._slopes_pass import SlopesPass, bent, slope_of
from ratelab.training._stack import Data, Shape


def _job(activation, fits, m=200):
    x = np.linspace(-1.5, 1.5, m)[:, None]
    values = np.maximum(0, 1 - np.abs(x) / 0.7)
    return FitProblem(x, np.full(m, 3 / m), values, activation, fits, ((-1.5, 1.5),))


def _layouts(plugins):
    made = [
        plugins.architectures[label].layout(budget=12, complexity="neurons", depth=3, dimension=1, outputs=1)
        for label in ("mlp", "skip", "pooling", "pooling(form=outer)")
    ]
    return [*made, Layout.dense((1, 5, 3, 1), (0, 1))]


def _reference(layout, state, count, job):
    """Loss and gradient by torch's own differentiation."""
    import torch

    flat = torch.tensor(state, requires_grad=True)
    value, start, bend = torch.from_numpy(job.nodes.T.copy()), 0, count
    for index, layer in enumerate(layout.layers):
        out, read = layer.free.shape
        block = flat[start : start + out * (read + 1)].reshape(out, read + 1)
        start += out * (read + 1)
        value = block[:, :-1] @ value + block[:, -1:]
        if index < layout.depth - 1:
            slopes = flat[bend : bend + out, None]
            bend += out
            value = torch.where(value >= 0, value, slopes * value)
        if layer.pooled:
            half = (out + 1) // 2
            ones = torch.ones((2 * half - out, value.shape[1]), dtype=value.dtype)
            value = value[:half] * torch.cat([value[half:], ones])
    loss = (torch.from_numpy(job.weights) * (value - torch.from_numpy(job.values.T)) ** 2).sum()
    loss.backward()
    return float(loss.detach()), flat.grad.numpy()


def test_loss_and_gradient_by_weights_and_slopes_are_those_of_autograd(plugins):
    relu = plugins.activations["relu"]
    for layout in _layouts(plugins):
        job, shape = _job(relu, ()), Shape(layout)
        random = np.random.default_rng(0)
        states = []
        for seed in (0, 1):
            flat = shape.flat(initial_weights(layout, seed, relu, job.domain))
            states.append(np.append(flat, random.uniform(-0.5, 1.5, layout.neurons)))
        state = np.array(states)
        slope = np.empty_like(state)
        losses = SlopesPass(shape, state, slope, Data.of(job)).loss_and_slope()
        for row in range(2):
            loss, expected = _reference(layout, state[row], shape.count, job)
            assert losses[row] == pytest.approx(loss, rel=1e-11)
            np.testing.assert_allclose(slope[row], expected, rtol=1e-9, atol=1e-12 * np.abs(expected).max())


@settings(max_examples=60, deadline=None)
@given(st.floats(-1e9, 1e9, allow_subnormal=True))
def test_labels_of_trained_slopes_keep_every_bit(slope):
    activation = bent(slope)
    back = resolve(activation.name)
    assert slope_of(activation) == slope_of(back) == slope
    x = np.array([-3.0, -0.1, 0.0, 0.5])
    np.testing.assert_array_equal(activation(x), back(x))
    assert activation.polynomial.coefficients == back.polynomial.coefficients


def test_slopes_of_zero_and_one_are_relu_and_the_identity():
    assert bent(-0.0) is power(1) and bent(1.0) is identity
    assert [slope_of(a) for a in (power(1), identity, bent(-2.5), power(2), power(0))] == [
        0.0,
        1.0,
        -2.5,
        None,
        None,
    ]
    assert slope_of(resolve("prelu(slope=1/3)")) == float(Fraction(1, 3))


def test_fits_round_trip_count_as_piecewise_linear_and_pass_the_studies_check(plugins, tmp_path):
    layouts = _layouts(plugins)
    job = _job(plugins.activations["relu"], tuple((layout, seed) for layout in layouts for seed in (0, 1)))
    job = replace(job, milestones=(1e4, 1e5, 1e9))
    for (layout, _), result in zip(job.fits, checked(Slopes(steps=80).fit(job), job, "slopes"), strict=True):
        network = result.network
        rest = network(job.nodes) - job.values
        assert result.loss == pytest.approx(float(np.sum(job.weights[:, None] * rest**2)), rel=1e-9)
        slopes = np.concatenate(trained_slopes(network))
        linear = np.concatenate([layer.linear for layer in layout.layers[:-1]])
        assert (slopes[linear] == 1.0).all() and (slopes[~linear] != 0.0).any()
        network.save(tmp_path / "network.nc")
        back = Network.load(tmp_path / "network.nc")
        np.testing.assert_array_equal(np.concatenate(trained_slopes(back)), slopes)
        np.testing.assert_array_equal(back(job.nodes), network(job.nodes))
        if not layout.poolings:
            pieces = exact.piecewise_linear(network.rational())
            x = Fraction(2, 7)
            assert pieces(x) == network.rational()([[x]])[0, 0]
        for layer, shape in zip(network.layers, layout.layers, strict=True):
            assert (layer.weight[~shape.free] == shape.fixed[~shape.free]).all()


def test_a_fit_is_the_same_alone_again_and_in_any_company(plugins):
    fits = tuple((layout, seed) for layout in _layouts(plugins)[:3] for seed in (0, 1, 2))
    job, trainer = _job(plugins.activations["prelu"], fits), Slopes(steps=40)
    together, backwards = trainer.fit(job), trainer.fit(replace(job, fits=fits[::-1]))[::-1]
    for i, (one, other) in enumerate(zip(together, backwards, strict=True)):
        alone = trainer.fit(replace(job, fits=(fits[i],)))[0] if i in (0, 4, 8) else other
        for found in (other, alone):
            assert found.loss == one.loss
            for a, b in zip(found.network.layers, one.network.layers, strict=True):
                np.testing.assert_array_equal(a.weight, b.weight)
                assert [x.name for x in a.activations] == [x.name for x in b.activations]


def test_a_function_with_other_slopes_is_found_better_than_with_fixed_ones(plugins):
    """max(x, 0) − 3 min(x, 0)/2, by one neuron: ReLU cannot, a trained slope can."""
    x = np.linspace(-1, 1, 100)[:, None]
    values = np.where(x >= 0, x, -1.5 * x)
    relu, layout = plugins.activations["relu"], Layout.dense((1, 1, 1))
    job = FitProblem(
        x, np.full(100, 0.02), values, relu, tuple((layout, s) for s in range(4)), ((-1.0, 1.0),)
    )
    best = min(Slopes(steps=800).fit(job), key=lambda r: r.loss)
    fixed = min(plugins.trainers["adam(steps=800)"].fit(job), key=lambda r: r.loss)
    assert best.loss < 1e-4 < 1e-2 < fixed.loss


def test_work_is_counted_and_limits_the_steps(plugins):
    layout = Layout.dense((1, 6, 1))
    unit = 200 * layout.connections
    job = replace(_job(plugins.activations["relu"], ((layout, 0),)), milestones=(unit, 20 * unit, 1e9))
    (free,) = Slopes(steps=30).fit(job)
    assert (free.work, free.steps, free.status) == (62 * unit, 30, "step limit")
    assert free.snapshots[0] is None and free.snapshots[1] is not None and free.snapshots[2] is free.network
    (limited,) = Slopes(steps=30, work=40 * unit).fit(job)
    assert (limited.work, limited.status) == (40 * unit, "work limit")


def test_what_has_no_slope_is_refused(plugins):
    layout = Layout.dense((1, 3, 1))
    with pytest.raises(
        UserError, match="trainer 'slopes': the activation is 'tanh'; allowed: relu, or prelu"
    ):
        Slopes().fit(_job(plugins.activations["tanh"], ((layout, 0),)))
    mixed = plugins.architectures["mixed"].layout(
        budget=6, complexity="neurons", depth=2, dimension=1, outputs=1
    )
    with pytest.raises(UserError, match="an activation of their own"):
        Slopes().fit(_job(plugins.activations["relu"], ((mixed, 0),)))
    for bad in ({"steps": 0}, {"rate": 0.0}, {"initial": "zero"}, {"work": 0.0}):
        with pytest.raises(UserError, match="trainer 'slopes'"):
            Slopes(**bad)
