"""Exact constructions with powers of ReLU: what they accept, what they cost, and that they keep their promises."""

from fractions import Fraction
from math import prod

import numpy as np
import pytest

import ratelab as rl
from ratelab import Target, UserError, exact
from ratelab.networks import Counts, power
from ratelab.networks._lower_power import LowerPowerErrors, lower_power
from ratelab.networks._polynomial_rounding import evaluation_rounding
from ratelab.networks._products import TensorProduct
from ratelab.registry import PiecewisePolynomial

registry = rl.load_plugins(["plugins"])
CUBIC = PiecewisePolynomial((), (tuple(Fraction(v) for v in (1, -3, Fraction(1, 2), 2)),))
CASES = [
    ("polynomial", "square", "relu2", 2, (2, 2, 1)),
    ("polynomial", "square", "relu3", 5, (2, 4, 2)),
    ("polynomial", "square", "power(exponent=8)", 2, (2, 16, 8)),
    ("product", "product", "relu2", 2, (2, 12, 4)),
    ("product", "product", "relu3", 4, (2, 24, 8)),
    ("product", "product(dimension=4)", "relu2", 4, (3, 52, 12)),
    ("product", "product(dimension=3)", "relu2", 4, (3, 33, 9)),
    ("bspline", "bspline", "relu2", 2, (2, 8, 4)),
    ("bspline", "bspline(degree=1)", "relu", 3, (2, 6, 3)),
    ("bspline", "bspline(degree=5)", "power(exponent=5)", 2, (2, 14, 7)),
    ("bspline", "bspline(dimension=2)", "relu2", 3, (3, 44, 12)),
    ("bspline", "bspline(dimension=2,degree=3)", "relu3", 4, (3, 98, 18)),
    ("lower_power", "step", "relu", 2, (2, 4, 2)),
    ("lower_power", "truncated_power", "relu2", 2, (2, 4, 2)),
    ("lower_power", "truncated_power(exponent=3,at=0.3)", "power(exponent=4)", 4, (2, 4, 2)),
]


def given(name, target, activation, depth, budget=1000, complexity="neurons"):
    return registry.constructions[name], {
        "target": registry.targets[target],
        "activation": registry.activations[activation],
        "depth": depth,
        "budget": budget,
        "complexity": complexity,
    }


@pytest.mark.parametrize(("name", "target", "activation", "depth", "counts"), CASES)
def test_every_network_keeps_its_promise_in_counts_and_error(name, target, activation, depth, counts):
    construction, asked = given(name, target, activation, depth)
    network, promise = construction.build(**asked), construction.promise(**asked)
    assert Counts.of(network) == Counts(*counts)
    assert (promise.depth, promise.connections, promise.neurons) == counts
    assert promise.source
    assert all(
        a is asked["activation"] or a.name == "identity"
        for layer in network.layers[:-1]
        for a in layer.activations
    )
    if network.inputs <= 2:
        error = exact.error(network, asked["target"])
        assert error <= promise.error
    if name != "lower_power":
        assert promise.error < 1e-8
        lower, upper = np.array(asked["target"].domain).T
        points = lower + (upper - lower) * np.random.default_rng(0).random((20, network.inputs))
        np.testing.assert_allclose(network(points), asked["target"](points), rtol=0, atol=promise.error)


@pytest.mark.parametrize(("name", "target", "activation", "depth", "counts"), CASES)
@pytest.mark.parametrize("complexity", ["neurons", "connections"])
def test_a_budget_below_the_network_is_an_error_that_names_the_smallest(
    name, target, activation, depth, counts, complexity
):
    construction, asked = given(name, target, activation, depth, complexity=complexity)
    smallest = getattr(construction.build(**asked), complexity)
    assert getattr(construction.build(**{**asked, "budget": smallest}), complexity) == smallest
    with pytest.raises(UserError, match=f"from {smallest} on"):
        construction.build(**{**asked, "budget": smallest - 1})


@pytest.mark.parametrize(
    ("name", "target", "activation", "depth", "reason"),
    [
        ("polynomial", "square", "relu", 2, "degree 2, above"),
        ("polynomial", "exp", "relu2", 2, "not one polynomial"),
        ("polynomial", "cusp(exponent=1)", "relu2", 2, "not one polynomial"),
        ("polynomial", "product", "relu2", 2, "not one polynomial"),
        ("polynomial", "square", "tanh", 2, "tanh"),
        ("polynomial", "square", "identity", 2, "identity"),
        ("polynomial", "square", "relu2", 1, "depth 2 or more, not 1"),
        ("product", "product", "relu", 2, "r >= 2, not with 'relu'"),
        ("product", "product(dimension=4)", "relu2", 2, "depth 3 or more, not 2"),
        ("product", "cone", "relu2", 4, "not declared"),
        ("product", "bspline(dimension=2)", "relu2", 4, "not declared"),
        ("product", "square", "relu2", 4, "not declared"),
        ("bspline", "bspline", "relu3", 2, "degree 3"),
        ("bspline", "bspline(dimension=2)", "relu2", 2, "depth 3 or more, not 2"),
        ("bspline", "square", "relu2", 2, "degree 2"),
        ("bspline", "cone", "relu2", 4, "degree 2"),
        ("lower_power", "truncated_power", "relu3", 2, "degree 2"),
        ("lower_power", "truncated_power", "relu", 2, "degree 0"),
        ("lower_power", "cusp(exponent=1)", "relu2", 2, "degree 1"),
        ("lower_power", "truncated_power", "tanh", 2, "tanh"),
        ("lower_power", "truncated_power", "relu2", 1, "depth 2 or more"),
        ("lower_power", "product", "relu2", 2, "degree 1"),
    ],
)
def test_a_construction_says_why_it_does_not_apply(name, target, activation, depth, reason):
    construction, asked = given(name, target, activation, depth)
    chosen = {key: asked[key] for key in ("target", "activation", "depth")}
    assert reason in construction.accepts(**chosen)
    for method in (construction.build, construction.promise):
        with pytest.raises(UserError, match=f"construction '{name}': "):
            method(**asked)


def test_structure_counts_not_the_name():
    """A user's target that is a product, a B-spline elsewhere or a scaled power is recognised; look-alikes are not."""
    variable = PiecewisePolynomial((), ((Fraction(0), Fraction(1)),))
    mine = Target("mine", TensorProduct((variable,) * 2), domain=((-1.0, 2.0), (0.0, 1.0)))
    asked = {"target": mine, "activation": power(2), "depth": 2}
    assert registry.constructions["product"].accepts(**asked) is None
    same_name = Target("product", lambda x: x[:, 0] + x[:, 1], domain=((0.0, 1.0),) * 2)
    assert "not declared" in registry.constructions["product"].accepts(**{**asked, "target": same_name})

    quarter, zero = Fraction(1, 4), Fraction(0)
    hat = PiecewisePolynomial(
        (quarter, Fraction(1, 2), Fraction(3, 4)),
        ((zero,), (Fraction(-1), Fraction(4)), (Fraction(3), Fraction(-4)), (zero,)),
    )
    target = Target("hat", lambda x: hat.evaluate(x[:, 0]), pieces=hat)
    chosen = {"budget": 9, "complexity": "neurons", "depth": 2, "activation": power(1), "target": target}
    network = registry.constructions["bspline"].build(**chosen)
    assert [network([[Fraction(i, 8)]])[0, 0] for i in range(9)] == [hat(Fraction(i, 8)) for i in range(9)]
    flat = PiecewisePolynomial(hat.knots, ((zero,), (Fraction(-1), Fraction(4)), (Fraction(1),), (zero,)))
    other = Target("flat", lambda x: flat.evaluate(x[:, 0]), pieces=flat)
    assert registry.constructions["bspline"].accepts(target=other, activation=power(1), depth=2)

    third = Fraction(1, 3)
    bent = PiecewisePolynomial((third,), ((zero,), (Fraction(-5, 3), Fraction(5))))
    scaled = Target("scaled", lambda x: bent.evaluate(x[:, 0]), pieces=bent, domain=((-2.0, 3.0),))
    chosen = {"budget": 9, "complexity": "neurons", "depth": 2, "activation": power(2), "target": scaled}
    construction = registry.constructions["lower_power"]
    error = exact.certified_error(construction.build(**chosen), scaled)
    assert error.upper <= construction.promise(**chosen).error < 1e-6


def test_a_polynomial_on_another_interval_is_exact():
    target = Target("cubic", lambda x: CUBIC.evaluate(x[:, 0]), domain=((-2.0, 3.0),), pieces=CUBIC)
    chosen = {"budget": 9, "complexity": "neurons", "depth": 2, "activation": power(3), "target": target}
    network = registry.constructions["polynomial"].build(**chosen)
    assert network.neurons == 3
    points = [Fraction(i, 4) for i in range(-8, 13)]
    assert [v[0] for v in network([[x] for x in points])] == [CUBIC(x) for x in points]


@pytest.mark.parametrize("exponent", [1, 2, 3, 4])
def test_the_certified_error_of_a_difference_is_its_closed_form(exponent):
    construction, asked = given(
        "lower_power", f"truncated_power(exponent={exponent - 1},at=0.4)", f"power(exponent={exponent})", 2
    )
    network, at = construction.build(**asked), Fraction(0.4)
    start = network.layers[0].bias[0]
    step = 2 * (Fraction(int(start.p), int(start.q)) + at)
    closed = LowerPowerErrors(exponent, step, -at, 1 - at, centred=True)
    found, promised = exact.certified_error(network, asked["target"]), construction.promise(**asked).error
    assert found.lower <= closed.mean_square <= found.upper * (1 + 1e-12)
    assert found.upper <= promised
    # with half or twice the step, error and rounding together are not smaller
    for other in (step / 2, 2 * step):
        difference = lower_power(exponent, other, at=at, centred=True)
        error = LowerPowerErrors(exponent, other, -at, 1 - at, centred=True).mean_square
        assert error + evaluation_rounding(difference, ((0, 1),)) >= promised


# targets


def test_the_product_and_the_tensor_bspline_have_their_integrals():
    unit, weight = np.polynomial.legendre.leggauss(4)
    for degree in (2, 3):
        edges = np.linspace(0, 1, degree + 2)
        x = ((edges[1:] + edges[:-1])[:, None] / 2 + unit / (2 * (degree + 1))).ravel()
        w = np.tile(weight / (2 * (degree + 1)), degree + 1)
        target = registry.targets[f"bspline(degree={degree},dimension=3)"]
        points = np.stack(np.meshgrid(x, x, x, indexing="ij"), axis=-1).reshape(-1, 3)
        weights = np.einsum("i,j,k->ijk", w, w, w).ravel()
        assert weights @ target(points)[:, 0] == pytest.approx((degree + 1.0) ** -3, rel=1e-13)
    points = np.random.default_rng(2).random((100, 5))
    expected = [prod(row) for row in points]
    np.testing.assert_allclose(registry.targets["product(dimension=5)"](points)[:, 0], expected, rtol=1e-14)


@pytest.mark.parametrize("degree", range(1, 11))
def test_the_bspline_target_is_scipys(degree):
    from scipy.interpolate import BSpline

    target = registry.targets[f"bspline(degree={degree})"]
    x = np.linspace(0, 1, 241)
    reference = BSpline.basis_element(np.linspace(0, 1, degree + 2))(x)
    np.testing.assert_allclose(target(x)[:, 0], reference, rtol=0, atol=4e-15)
    pieces = [float(target.pieces(Fraction(float(t)))) for t in x]
    np.testing.assert_allclose(pieces, reference, rtol=0, atol=4e-15)
    assert [float(p) for p in target.singular_points] == pytest.approx(
        np.arange(1, degree + 1) / (degree + 1)
    )
    assert target.smoothness.mean_square == degree + 0.5


@pytest.mark.parametrize("exponent", [0, 1, 2, 5])
@pytest.mark.parametrize("at", ["1/3", "0.3", "0.75"])
def test_the_truncated_power_is_its_pieces(exponent, at):
    target = registry.targets[f"truncated_power(exponent={exponent},at={at})"]
    near = float(target.pieces.knots[0])
    x = np.concatenate([np.linspace(0, 1, 101), [near, np.nextafter(near, 0), np.nextafter(near, 1)]])
    expected = [float(target.pieces(Fraction(float(t)))) for t in x]
    np.testing.assert_allclose(target(x)[:, 0], expected, rtol=0, atol=1e-15)
    assert target.smoothness.mean_square == exponent + 0.5
    assert target.smoothness.hoelder == (1 if exponent else 0)


@pytest.mark.parametrize(
    ("label", "word"),
    [
        ("product(dimension=1)", "dimension"),
        ("product(dimension=17)", "dimension"),
        ("bspline(degree=0)", "degree"),
        ("bspline(degree=11)", "degree"),
        ("bspline(dimension=0)", "dimension"),
        ("truncated_power(exponent=-1)", "exponent"),
        ("truncated_power(exponent=13)", "exponent"),
        ("truncated_power(at=0)", "at"),
        ("truncated_power(at=1)", "at"),
    ],
)
def test_a_parameter_out_of_range_is_named_with_what_is_allowed(label, word):
    with pytest.raises(UserError, match=rf"{word} is .*; allowed"):
        registry.targets[label]
