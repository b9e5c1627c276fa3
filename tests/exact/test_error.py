"""Errors of networks against rational arithmetic, high precision and dense sampling."""

from fractions import Fraction

import flint
import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ratelab as rl
from ratelab.best import deep_sawtooth
from ratelab.exact import breakpoints, certified_error, error, transition_points
from ratelab.networks import power
from ratelab.registry import PiecewisePolynomial

registry = rl.load_plugins(["plugins"])
SMOOTH = ["sqrt", "exp", "cusp", "sine", "two_scales", "runge", "gaussian", "square"]
ROUGH = ["takagi", "cantor", "weierstrass", "brownian"]


def shallow(seed, width=5, activation="relu"):
    rng = np.random.default_rng(seed)
    w = rng.choice([-1.0, 1.0], width) * rng.uniform(0.5, 3, width)
    t = np.sort(rng.uniform(0.02, 0.98, width))
    return rl.Network.dense(
        [w[:, None], rng.normal(size=(1, width))], [-w * t, rng.normal(size=1)], activation, registry
    )


def deep(seed, widths=(4, 3), activation="relu"):
    rng = np.random.default_rng(seed)
    sizes = (1, *widths, 1)
    weights = [rng.normal(size=(b, a)) for a, b in zip(sizes, sizes[1:], strict=False)]
    return rl.Network.dense(weights, [rng.normal(size=b) * 0.3 for b in sizes[1:]], activation, registry)


def exact_square(network, lower=Fraction(0), upper=Fraction(1)):
    """∫ (network − x²)² of a shallow ReLU network, by Fractions."""
    w = [Fraction(v) for v in network.layers[0].weight[:, 0].tolist()]
    b = [Fraction(v) for v in network.layers[0].bias.tolist()]
    a = [Fraction(v) for v in network.layers[1].weight[0].tolist()]
    c = Fraction(network.layers[1].bias.tolist()[0])
    cuts = sorted({lower, upper, *(-q / p for p, q in zip(w, b, strict=True) if lower < -q / p < upper)})
    total = Fraction(0)
    for left, right in zip(cuts, cuts[1:], strict=False):
        middle = (left + right) / 2
        on = [p * middle + q > 0 for p, q in zip(w, b, strict=True)]
        slope = sum((x * p for x, p, o in zip(a, w, on, strict=True) if o), Fraction(0))
        offset = c + sum((x * q for x, q, o in zip(a, b, on, strict=True) if o), Fraction(0))
        # (x² − s x − o)² = x⁴ − 2s x³ + (s² − 2o) x² + 2 s o x + o²
        row = [offset**2, 2 * slope * offset, slope**2 - 2 * offset, -2 * slope, Fraction(1)]
        total += sum(v * (right ** (k + 1) - left ** (k + 1)) / (k + 1) for k, v in enumerate(row))
    return total


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 8))
def test_error_equals_rational_arithmetic_and_lies_in_the_enclosure(seed, width):
    network, target = shallow(seed, width), registry.targets["square"]
    square = exact_square(network)
    assert error(network, target) == pytest.approx(float(square) ** 0.5, rel=1e-12)
    found = certified_error(network, target)
    assert found.certainty == "rigorous"
    assert Fraction(found.lower) ** 2 <= square <= Fraction(found.upper) ** 2
    assert found.upper - found.lower < 1e-7 * found.upper


def mpmath_error(network, function, points, p=2):
    with mpmath.workdps(30):
        layers = [(layer.weight.tolist(), layer.bias.tolist()) for layer in network.layers]

        def value(x):
            hidden = [mpmath.mpf(w[0]) * x + b for w, b in zip(*layers[0], strict=True)]
            return mpmath.fdot(layers[1][0][0], [max(h, 0) for h in hidden]) + layers[1][1][0]

        total = mpmath.quad(lambda x: abs(function(x) - value(x)) ** p, points)
        return float(total ** (mpmath.mpf(1) / p))


@pytest.mark.parametrize(
    ("name", "function", "singular"),
    [
        ("sqrt", mpmath.sqrt, []),
        ("exp", mpmath.exp, []),
        ("cusp", lambda x: mpmath.sqrt(abs(x - mpmath.mpf(1) / 3)), [mpmath.mpf(1) / 3]),
        ("two_scales", lambda x: mpmath.sin(2 * mpmath.pi * x) + mpmath.sin(20 * mpmath.pi * x) / 5, []),
    ],
)
def test_error_equals_high_precision_quadrature(name, function, singular):
    network = shallow(3)
    grid = [mpmath.mpf(k) / 20 for k in range(21)]
    with mpmath.workdps(30):
        points = sorted({*grid, *singular, *(mpmath.mpf(t) for t in breakpoints(network).tolist())})
    expected = mpmath_error(network, function, points)
    assert error(network, registry.targets[name]) == pytest.approx(expected, rel=1e-9)
    found = certified_error(network, registry.targets[name])
    assert found.lower <= expected * (1 + 1e-12) and expected * (1 - 1e-12) <= found.upper


@pytest.mark.parametrize("name", [*SMOOTH, *ROUGH, "step"])
@pytest.mark.parametrize("activation", ["relu", "relu2", "relu3"])
def test_enclosures_are_rigorous_narrow_and_hold_the_error(name, activation):
    network, target = shallow(11, 6, activation), registry.targets[name]
    found = certified_error(network, target)
    assert found.certainty == "rigorous"
    assert found.upper - found.lower < 1e-6 * found.upper
    assert found.lower * (1 - 1e-11) <= error(network, target) <= found.upper * (1 + 1e-11)


@pytest.mark.parametrize("name", ["sqrt", "cusp", "takagi"])
def test_enclosures_stay_narrow_for_deep_networks_close_to_the_target(name):
    # hundreds of steep pieces, whose breakpoints floats find less exactly than shallow ones
    target = registry.targets[name]
    network = deep_sawtooth(target, (16, 16))
    found = certified_error(network, target)
    assert found.certainty == "rigorous"
    assert found.upper - found.lower < 1e-5 * found.upper


@pytest.mark.parametrize("name", ["takagi", "cantor", "brownian", "sqrt"])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_error_agrees_with_dense_sampling(name, activation):
    network, target = shallow(5, 4, activation), registry.targets[name]
    x = (np.arange(400_000) + 0.5) / 400_000
    residual = (network(x[:, None]) - target(x))[:, 0]
    assert error(network, target) == pytest.approx(np.sqrt(np.mean(residual**2)), rel=2e-5)
    assert error(network, target, 1) == pytest.approx(np.mean(np.abs(residual)), rel=2e-5)
    assert error(network, target, np.inf) == pytest.approx(np.abs(residual).max(), rel=2e-2)
    assert error(network, target, np.inf) >= np.abs(residual).max() * (1 - 1e-4)


def test_error_sees_a_spike_of_a_smooth_network_between_all_samples():
    steep = 1e7
    network = rl.Network.dense(
        [[[steep], [steep]], [[1.0, -1.0]]],
        [[-steep * 0.123456, -steep * 0.123456 - 2.0], [0.0]],
        "tanh",
        registry,
    )
    zero = rl.Target("zero", lambda x: 0 * x[:, 0])
    u = np.linspace(-60, 60, 2_000_001)
    expected = np.sqrt(np.sum((np.tanh(u) - np.tanh(u - 2)) ** 2) * (u[1] - u[0]) / steep)
    assert error(network, zero) == pytest.approx(expected, rel=1e-7)


def test_error_is_that_of_a_residual_not_a_difference_of_norms():
    network = rl.Network.dense([[[1.0]], [[1.0]]], [[1.0], [1e-9]], "relu")
    target = rl.Target(
        "line", lambda x: x[:, 0] + 1, pieces=PiecewisePolynomial((), ((Fraction(1), Fraction(1)),))
    )
    assert error(network, target) == pytest.approx(1e-9, rel=1e-6)
    found = certified_error(network, target)
    assert found.lower <= 1e-9 <= found.upper and found.upper < 1.0001e-9


def test_an_enclosure_is_trusted_on_either_side_of_a_singular_point_only():
    def enclosure(x):
        """x on the right of 1/3, its mirror on the left; no series tells them apart."""
        middle = x[0] if isinstance(x, flint.arb_series) else x
        third = flint.arb(1) / 3
        if middle > third:
            return x - third
        return third - x if middle < third else abs(x - third)

    target = rl.Target(
        "kink", lambda x: np.abs(x[:, 0] - 1 / 3), singular_points=(Fraction(1, 3),), enclosure=enclosure
    )
    network = rl.Network.dense([[[1.0]], [[0.5]]], [[-0.5], [0.25]], "relu")
    found = certified_error(network, target)
    expected = certified_error(network, registry.targets["cusp(exponent=1)"])
    assert found.certainty == expected.certainty == "rigorous"
    assert found.lower <= expected.upper and expected.lower <= found.upper
    assert found.upper - found.lower < 1e-6 * found.upper


def test_a_black_box_target_gets_a_numerical_enclosure():
    target = rl.Target("box", lambda x: np.exp(x[:, 0]))
    found = certified_error(shallow(2), target)
    assert found.certainty == "numerical"
    assert found.lower <= error(shallow(2), registry.targets["exp"]) <= found.upper


def test_an_analytic_network_gets_a_numerical_enclosure():
    found = certified_error(shallow(2, activation="tanh"), registry.targets["exp"])
    assert found.certainty == "numerical"
    assert found.lower < found.upper < 1.000001 * found.lower


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("activation", "degree"), [("relu", 1), ("prelu", 1), ("relu2", 4)])
def test_a_deep_network_is_a_polynomial_between_its_breakpoints(seed, activation, degree):
    network = deep(seed, activation=activation)
    edges = np.concatenate([[0.0], breakpoints(network), [1.0]])
    for a, b in zip(edges, edges[1:], strict=False):
        if b - a < 1e-7:
            continue
        u = np.linspace(-1, 1, 41)[1:-1]
        values = network((0.5 * (a + b) + 0.5 * (b - a) * u)[:, None])[:, 0]
        fitted = np.polynomial.Chebyshev.fit(u, values, degree)(u)
        assert np.abs(values - fitted).max() < 1e-10 * max(1, np.abs(values).max())


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("activation", ["relu", "relu2"])
def test_deep_networks_have_rigorous_errors_too(seed, activation):
    network, target = deep(seed, activation=activation), registry.targets["exp"]
    found = certified_error(network, target)
    assert found.certainty == "rigorous"
    x = (np.arange(200_000) + 0.5) / 200_000
    sampled = np.sqrt(np.mean((network(x[:, None]) - target(x)) ** 2))
    assert sampled == pytest.approx(found.upper, rel=1e-7)
    assert found.lower * (1 - 1e-11) <= error(network, target) <= found.upper * (1 + 1e-11)


def test_breakpoints_of_a_shallow_network_are_its_knots():
    network = rl.Network.dense(
        [[[2.0], [-4.0], [1.0], [0.0]], [[1.0] * 4]], [[-1.0, 1.0, 3.0, -1.0], [0.0]], "relu"
    )
    np.testing.assert_array_equal(breakpoints(network), [0.25, 0.5])


def test_a_jump_activation_is_integrated_up_to_its_jump():
    network = rl.Network.dense([[[1.0]], [[1.0]]], [[-0.3], [0.0]], power(0))
    step = registry.targets["step(at=0.5)"]
    assert error(network, step) == pytest.approx(0.2**0.5, rel=1e-12)


def test_breakpoints_of_a_smooth_network_are_an_error_and_its_transitions_are_not():
    network = shallow(1, activation="tanh")
    with pytest.raises(rl.UserError, match="piecewise polynomial"):
        breakpoints(network)
    steep = rl.Network.dense([[[1e4]], [[1.0]]], [[-5e3], [0.0]], "tanh", registry)
    assert 0.5 in transition_points(steep)


def test_an_error_in_two_variables_is_the_closed_form():
    target = rl.Target("plane", lambda x: x[:, 0] + x[:, 1], domain=((0.0, 1.0), (0.0, 2.0)))
    zero = rl.Network.dense([[[0.0, 0.0]]], [[0.0]])
    assert error(zero, target) == pytest.approx((2 / 3 + 2 * 0.5 * 2 + 8 / 3) ** 0.5, rel=1e-10)
    bent = rl.Network.dense([[[1.0, 1.0]], [[1.0]]], [[-1.0], [1.0]], "relu")
    # the residual is 1 − x − y on the triangle x + y < 1 and 0 elsewhere: its square integrates to 1/12
    assert error(bent, target) == pytest.approx((1 / 12) ** 0.5, rel=1e-5)


def test_vector_values_are_measured_by_their_euclidean_norm():
    target = rl.Target("circle", lambda x: np.stack([np.cos(x[:, 0]), np.sin(x[:, 0])], axis=1))
    zero = rl.Network.dense([[[0.0], [0.0]]], [[0.0, 0.0]])
    for p in (1, 2, np.inf):
        assert error(zero, target, p) == pytest.approx(1, rel=1e-10)


@pytest.mark.parametrize(
    ("network", "p", "message"),
    [
        (rl.Network.dense([[[1.0, 1.0]]], [[0.0]]), 2, "2 inputs"),
        (rl.Network.dense([[[1.0], [1.0]]], [[0.0, 0.0]]), 2, "2 outputs"),
        (rl.Network.dense([[[1.0]]], [[0.0]]), 0.5, "p is 0.5"),
    ],
)
def test_what_does_not_fit_is_an_error(network, p, message):
    with pytest.raises(rl.UserError, match=message):
        error(network, registry.targets["exp"], p)
