"""Forward and backward passes of stacked networks."""

import numpy as np
import pytest
import torch

from ratelab.networks import LayerShape, Layout, power
from ratelab.training import generator, initial_weights
from ratelab.training._elementwise import forward, homogeneity
from ratelab.training._stack import Data, Pass, Shape, stacks


def _layout(plugins, name, depth, d, k, total):
    return plugins.architectures[name].layout(
        budget=total, complexity="neurons", depth=depth, dimension=d, outputs=k
    )


CASES = [
    ("mlp", 2, 1, 1, 5),
    ("mlp", 3, 2, 2, 7),
    ("mlp", 4, 1, 1, 9),
    ("skip", 2, 2, 1, 6),
    ("skip", 3, 1, 1, 9),
    ("skip", 4, 2, 2, 22),
]


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("name", ["relu", "relu2", "tanh", "squareplus"])
def test_gradients_agree_with_autograd_of_the_network(plugins, smooth, problem, case, name):
    architecture, depth, d, k, total = case
    activation = smooth.get(name) or power({"relu": 1, "relu2": 2}[name])
    layout = _layout(plugins, architecture, depth, d, k, total)
    job = problem(activation, ((layout, 0), (layout, 1)), outputs=k)
    shape, data = Shape(layout), Data.of(job)
    parameters = np.array(
        [shape.flat(initial_weights(layout, seed, activation, job.domain)) for seed in (0, 1)]
    )
    passed = Pass([(shape, parameters)], data, activation).forward()
    cotangent = 2.0 * data.weights * (passed.parts[0].output - data.values)
    found = np.empty_like(parameters)
    passed.gradients([cotangent], [found])
    x, w, y = (torch.from_numpy(a) for a in (job.nodes, job.weights, job.values))
    for row in range(2):
        point = torch.from_numpy(parameters[row].copy()).requires_grad_(True)
        value = x
        for span, size, layer in zip(shape.spans, shape.sizes, layout.layers, strict=True):
            block = point[span].reshape(size)
            value = value @ block[:, :-1].T + block[:, -1]
            value = torch.where(torch.from_numpy(layer.linear), value, activation.function(value))
        loss = (w[:, None] * (value - y) ** 2).sum()
        (expected,) = torch.autograd.grad(loss, point)
        np.testing.assert_allclose(found[row], expected.numpy(), rtol=1e-9, atol=1e-12)
        network = shape.network(parameters[row], activation)
        np.testing.assert_allclose(network(job.nodes), value.detach().numpy(), rtol=1e-10, atol=1e-12)


def test_values_and_slopes_of_piecewise_polynomials_agree_with_the_exact_pieces():
    from fractions import Fraction

    from ratelab.registry import Activation, PiecewisePolynomial

    pieces = PiecewisePolynomial(
        (Fraction(-1), Fraction(2)),
        ((Fraction(1),), (Fraction(0), Fraction(2), Fraction(3)), (Fraction(-1), Fraction(1))),
    )
    bent = Activation("bent", lambda x: x, regularity="piecewise polynomial", pieces=pieces)
    x = np.linspace(-3, 3, 64)
    for activation in (bent, power(0), power(1), power(2), power(3), power(4)):
        value, backward = forward(activation, x)
        exact = activation.polynomial
        assert exact is not None
        np.testing.assert_allclose(value, exact.evaluate(x), rtol=1e-13)
        np.testing.assert_allclose(backward(np.ones(64)), exact.evaluate(x, derivative=1), rtol=1e-13)


def test_homogeneous_activations_are_recognised(smooth):
    assert [homogeneity(power(r)) for r in (1, 2, 3)] == [1, 2, 3]
    assert homogeneity(power(0)) is None
    assert homogeneity(smooth["tanh"]) is None


def test_padding_leaves_the_loss_alone(problem):
    layout = Layout.dense((1, 3, 1))
    job = problem(power(1), ((layout, 0),), nodes=100)
    data = Data.of(job)
    assert data.points.shape == (2, 128)
    assert data.weights[100:].tolist() == [0.0] * 28
    assert data.energy == pytest.approx(float(np.sum(job.weights[:, None] * job.values**2)), rel=1e-14)


def test_initial_kinks_lie_in_the_domain():
    for layout in (Layout.dense((1, 40, 1)), Layout.dense((2, 40, 1))):
        d = layout.widths[0]
        domain = ((2.0, 5.0),) * d
        block = initial_weights(layout, 3, power(1), domain)[0]
        corners = np.stack(np.meshgrid(*[[2.0, 5.0]] * d, indexing="ij"), axis=-1).reshape(-1, d)
        signs = block[:, :-1] @ corners.T + block[:, -1:]
        assert (signs.min(axis=1) < 0).all()
        assert (signs.max(axis=1) > 0).all()


def test_initial_numbers_depend_on_key_and_seed_alone(smooth):
    layout = Layout.dense((1, 6, 1))
    first = initial_weights(layout, 0, power(1), ((0.0, 1.0),))
    other = initial_weights(layout, 0, smooth["tanh"], ((0.0, 1.0),))
    assert all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))
    assert not np.array_equal(first[0], initial_weights(layout, 1, power(1), ((0.0, 1.0),))[0])


def test_generators_tell_names_apart_and_repeat():
    draws = [generator(*names).random() for names in [("a", 1), ("a", "1"), ("a", 2), ("a1",), ("a", 1)]]
    assert len(set(draws)) == 4
    assert draws[0] == draws[4]


def test_equal_shapes_share_a_stack_and_unequal_masks_do_not(problem):
    dense = Layout.dense((1, 2, 1))
    free = np.array([[True, False]])
    sparse = Layout((dense.layers[0], LayerShape(free, np.zeros((1, 2)), np.array([True]), np.array([True]))))
    assert sparse.key == dense.key
    job = problem(power(1), ((dense, 0), (sparse, 0), (Layout.dense((1, 2, 1)), 1)))
    assert [positions for _, positions in stacks(job)] == [[0, 2], [1]]
