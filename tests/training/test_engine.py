"""The compiled loss, its derivatives and activations."""

from fractions import Fraction
from math import inf, nan

import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab.networks import FitProblem, Layout, identity, power
from ratelab.registry import Activation, PiecewisePolynomial
from ratelab.training import _engine_activation_kernels as kernels
from ratelab.training._engine import Engine, evaluate, formula
from ratelab.training._stack import Shape

KINDS = {
    "relu": kernels.RELU,
    "prelu": kernels.BENT,
    "relu2": kernels.POWER,
    "relu3": kernels.POWER,
    "tanh": kernels.TANH,
    "sigmoid": kernels.SIGMOID,
    "silu": kernels.SILU,
    "gaussian": kernels.GAUSSIAN,
    "softplus": kernels.SOFTPLUS,
    "sine": kernels.SINE,
}
SMOOTH = {
    "tanh": (lambda x: x.tanh(), lambda x: 1 - x.tanh() ** 2),
    "sigmoid": (lambda x: 1 / (1 + (-x).exp()), lambda x: 1 / (2 + x.exp() + (-x).exp())),
    "silu": (
        lambda x: x / (1 + (-x).exp()),
        lambda x: 1 / (1 + (-x).exp()) + x / (2 + x.exp() + (-x).exp()),
    ),
    "gaussian": (lambda x: (-x * x).exp(), lambda x: -2 * x * (-x * x).exp()),
    "softplus": (lambda x: (1 + x.exp()).log(), lambda x: 1 / (1 + (-x).exp())),
    "sine": (lambda x: x.sin(), lambda x: x.cos()),
}


def test_each_shipped_activation_is_known_by_its_values(plugins):
    for name, kind in KINDS.items():
        found = formula(plugins.activations[name])
        assert found is not None
        assert found.kind == kind
    assert formula(plugins.activations["gelu"]) is None


def test_names_say_nothing(plugins):
    import torch

    other = Activation("anything", torch.tanh, regularity="analytic")
    found = formula(other)
    assert found is not None
    assert found.kind == kernels.TANH
    slanted = Activation("tanh", lambda x: torch.tanh(x) + 1e-12 * x, regularity="analytic")
    assert formula(slanted) is None
    assert formula(Activation("odd", torch.tanh, regularity="other")) is None


@pytest.mark.parametrize("name", SMOOTH)
def test_analytic_activations_are_right_to_a_few_units_in_the_last_place(plugins, name):
    """Against balls of 2,000 bits; derivatives that pass through zero, as cos does, relative to their largest value."""
    known = formula(plugins.activations[name])
    random = np.random.default_rng(0)
    x = np.concatenate([s * random.standard_normal(200) for s in (1e-9, 1e-3, 0.3, 2.0, 9.0, 25.0, 150.0)])
    value, slope = evaluate(known, x)
    before, ctx.prec = ctx.prec, 2000
    try:
        exact = np.array([[float(f(arb(float(t))).mid()) for t in x] for f in SMOOTH[name]])
    finally:
        ctx.prec = before
    relative = 1e-15 if name != "gaussian" else 1e-13  # x² is rounded before the exponential sees it
    absolute = 1e-15 if name in ("sine", "gaussian") else 1e-300
    np.testing.assert_allclose(value, exact[0], rtol=relative, atol=absolute)
    np.testing.assert_allclose(slope, exact[1], rtol=relative, atol=1e-15)


@pytest.mark.parametrize("name", SMOOTH)
def test_far_out_values_have_their_limits_and_nan_stays(plugins, name):
    known = formula(plugins.activations[name])
    value, slope = evaluate(known, np.array([1e3, -1e3, nan]))
    with np.errstate(all="ignore"):
        expected, derivative = plugins.activations[name].with_derivative(np.array([1e3, -1e3]))
    np.testing.assert_allclose(value[:2], expected, atol=1e-13)
    np.testing.assert_allclose(slope[:2], derivative, atol=1e-13)
    assert np.isnan(value[2])


@pytest.mark.parametrize("name", [*KINDS, "bent"])
def test_infinity_never_becomes_a_finite_loss(plugins, name):
    """What overflows before the activation must end as a divergence, or have the activation's own limit."""
    activation = plugins.activations[name] if name != "bent" else _bent()
    value, _ = evaluate(formula(activation), np.array([inf, -inf, nan]))
    assert np.isnan(value[2])
    if name in ("relu", "relu2", "prelu", "softplus", "bent"):
        assert not np.isfinite(value[0])


def _bent():
    pieces = PiecewisePolynomial(
        (Fraction(-1), Fraction(2)),
        ((Fraction(1),), (Fraction(0), Fraction(2), Fraction(3)), (Fraction(-1), Fraction(1))),
    )
    return Activation("bent", lambda x: x, regularity="piecewise polynomial", pieces=pieces)


def test_piecewise_polynomials_agree_with_their_exact_pieces():
    x = np.concatenate([np.linspace(-3, 3, 61), [0.0, -1.0, 2.0, -0.0]])
    shifted = PiecewisePolynomial((Fraction(1),), ((Fraction(0),), (Fraction(-1), Fraction(1))))
    late = Activation("late", lambda x: x, regularity="piecewise polynomial", pieces=shifted)
    for activation in (_bent(), late, identity, *(power(r) for r in range(6))):
        exact = activation.polynomial
        assert exact is not None
        value, slope = evaluate(formula(activation), x)
        np.testing.assert_allclose(value, exact.evaluate(x), rtol=1e-13)
        np.testing.assert_allclose(slope, exact.evaluate(x, derivative=1), rtol=1e-13)


def _exact_loss_and_slope(widths, blocks, nodes, weights, values):
    """A ReLU network in rationals, with the backward pass written out."""
    pairs = list(zip(widths, widths[1:], strict=False))
    slopes = [[[Fraction(0)] * (i + 1) for _ in range(o)] for i, o in pairs]
    loss = Fraction(0)
    for x, weight, y in zip(nodes, weights, values, strict=True):
        reads, pres = [list(x)], []
        for level, block in enumerate(blocks):
            pre = [sum(a * b for a, b in zip(row, [*reads[-1], 1], strict=True)) for row in block]
            pres.append(pre)
            reads.append([max(v, Fraction(0)) for v in pre] if level < len(blocks) - 1 else pre)
        residual = [a - b for a, b in zip(reads[-1], y, strict=True)]
        loss += weight * sum(r * r for r in residual)
        delta = [2 * weight * r for r in residual]
        for level in range(len(blocks) - 1, -1, -1):
            for o, d in enumerate(delta):
                for i, v in enumerate([*reads[level], Fraction(1)]):
                    slopes[level][o][i] += d * v
            if level:
                delta = [
                    sum(d * row[i] for d, row in zip(delta, blocks[level], strict=True))
                    * (pres[level - 1][i] >= 0)
                    for i in range(widths[level])
                ]
    return loss, [v for block in slopes for row in block for v in row]


@given(
    st.integers(1, 3),
    st.lists(st.integers(1, 9), min_size=0, max_size=3),
    st.integers(1, 2),
    st.integers(1, 12),
    st.integers(0, 10**6),
)
@settings(max_examples=40, deadline=None)
def test_loss_and_derivatives_agree_with_rational_arithmetic(dimension, hidden, outputs, count, seed):
    """Small whole numbers over 8: every kink is decided exactly, and all widths meet all remainders of four."""
    random = np.random.default_rng(seed)
    widths = (dimension, *hidden, outputs)
    shape = Shape(Layout.dense(widths))
    parameters = random.integers(-16, 17, shape.count) / 8
    nodes, weights = random.integers(-8, 9, (count, dimension)) / 8, random.integers(1, 9, count) / 8
    values = random.integers(-8, 9, (count, outputs)) / 8
    problem = FitProblem(nodes, weights, values, power(1), ((shape.layout, 0),), ((-1.0, 1.0),) * dimension)
    slope = np.full(shape.count, nan)
    loss = Engine(problem, shape, formula(power(1))).loss_and_slope(parameters, slope)
    exact = [[[Fraction(v) for v in row] for row in b[0].tolist()] for b in shape.blocks(parameters[None])]
    rational = [[[Fraction(v) for v in row] for row in a.tolist()] for a in (nodes, values)]
    expected, derivatives = _exact_loss_and_slope(
        widths, exact, rational[0], [Fraction(v) for v in weights.tolist()], rational[1]
    )
    assert loss == pytest.approx(float(expected), rel=1e-12)
    largest = max(1.0, *(abs(float(v)) for v in derivatives))
    np.testing.assert_allclose(slope, [float(v) for v in derivatives], atol=1e-12 * largest)


@pytest.mark.parametrize("nodes", [1, 8, 127, 128, 129, 255, 256, 300, 1000])
def test_tiles_of_nodes_add_up(problem, plugins, nodes):
    """The loss on all nodes is the sum of the losses on single nodes."""
    shape = Shape(Layout.dense((1, 5, 6, 1)))
    job = problem(plugins.activations["tanh"], ((shape.layout, 0),), nodes)
    parameters = np.random.default_rng(nodes).standard_normal(shape.count)
    slope, total, part = np.zeros(shape.count), np.zeros(shape.count), np.empty(shape.count)
    known = formula(job.activation)
    loss = Engine(job, shape, known).loss_and_slope(parameters, slope)
    single = 0.0
    for a in range(0, nodes, 90):
        rows = slice(a, min(a + 90, nodes))
        few = FitProblem(
            job.nodes[rows], job.weights[rows], job.values[rows], job.activation, job.fits, job.domain
        )
        single += Engine(few, shape, known).loss_and_slope(parameters, part)
        total += part
    assert loss == pytest.approx(single, rel=1e-12)
    np.testing.assert_allclose(slope, total, rtol=1e-10, atol=1e-13)
