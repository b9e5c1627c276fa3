"""Proved ends of ∫|f̂| over boxes hold the true value, and centred forms make them sharp."""

from typing import Any

import flint
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from ratelab import Activation, UserError, load_plugins
from ratelab.exact._leak_lower import leak_lower_bound
from ratelab.exact._leak_taylor import monomials, series_obstruction
from ratelab.networks import Layer, Network, identity

REGISTRY = load_plugins()


def fitted(name: str, count: int = 100, d: int = 1, seed: int = 0) -> Network:
    """Return random features fitted to the tent by least squares, with coefficients that cancel."""
    generator = np.random.default_rng(seed)
    activation = REGISTRY.activations[name]
    weight = generator.normal(size=(count, d)) * 6
    bias = generator.uniform(-9, 9, count)
    points = generator.uniform(-1.5, 1.5, (4000, d))
    values = np.maximum(0.0, 1 - np.linalg.norm(points, axis=1) / 0.7)
    features = np.hstack([activation(points @ weight.T + bias), np.ones((len(points), 1))])
    gram = features.T @ features + 1e-10 * np.eye(count + 1)
    solution = np.linalg.solve(gram, features.T @ values)
    return Network.dense([weight, solution[None, :-1]], [bias, solution[-1:]], activation)


def midpoint_integral(net: Network, low: list[float], high: list[float], cells: int) -> float:
    axes = [a + (b - a) * (np.arange(cells) + 0.5) / cells for a, b in zip(low, high, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(low))
    sizes = np.linalg.norm(net(points), axis=1)
    return float(sizes.mean() * np.prod(np.subtract(high, low)))


@pytest.mark.parametrize(
    "name", ["tanh", "gaussian", "softplus", "gelu", "silu", "sigmoid", "sine", "arctan"]
)
def test_fitted_features_are_bounded_within_a_tenth(name: str) -> None:
    """100 features whose coefficients run into thousands; the range on each box alone says nothing."""
    net = fitted(name)
    true = midpoint_integral(net, [1.0], [2.0], 40_000)
    found = leak_lower_bound(net, [[1]], [[2]])
    assert found.form == "centred" and 0.9 * true <= found.lower <= true * (1 + 1e-9)
    assert true * (1 - 1e-9) <= found.upper <= 1.1 * true


def test_naive_intervals_give_nothing_where_coefficients_cancel() -> None:
    ends = np.linspace(1, 2, 401)[:, None]
    net = fitted("softplus")
    centred = leak_lower_bound(net, ends[:-1], ends[1:], most=400)
    assert leak_lower_bound(without_series(net), ends[:-1], ends[1:], most=400).lower == 0.0
    assert centred.upper < 1.001 * centred.lower


def without_series(net: Network) -> Network:
    """Return the same network with an activation whose ball refuses series."""
    kind = net.layers[0].activations[0]

    def ball(x: Any) -> Any:
        if not isinstance(x, flint.arb):
            raise TypeError("balls only")
        assert kind.ball is not None
        return kind.ball(x)

    plain = Activation("plain", kind.function, regularity="analytic", ball=ball)
    first, last = net.layers
    return Network([Layer(first.weight, first.bias, (plain,) * first.neurons), last])


def test_an_activation_without_series_falls_back_to_ranges_and_says_so() -> None:
    net = without_series(fitted("gaussian", 5))
    found = leak_lower_bound(net, [[-1]], [[1]], most=200)
    assert found.form == "naive" and "'plain'" in found.reason
    true = midpoint_integral(net, [-1], [1], 20_000)
    assert 0.8 * true < found.lower <= true <= found.upper


def test_a_ball_with_wrong_series_is_found_out() -> None:
    def ball(x: Any) -> Any:
        return x.tanh() if isinstance(x, flint.arb) else x  # values and slopes of another function

    wrong = Activation("wrong", lambda x: x.tanh(), regularity="analytic", ball=ball)
    net = Network.dense([[[1.0]], [[1.0]]], [[0], [0]], wrong)
    assert "'wrong'" in series_obstruction(net)
    assert leak_lower_bound(net, [[0]], [[1]]).form == "naive"


@pytest.mark.parametrize(
    ("name", "d", "share"), [("tanh", 2, 0.7), ("gaussian", 2, 0.9), ("softplus", 2, 0.9)]
)
def test_two_variables_have_useful_bounds(name: str, d: int, share: float) -> None:
    net = fitted(name, 16, d)
    true = midpoint_integral(net, [1.0] * d, [2.0] * d, 300)
    found = leak_lower_bound(net, [[1.0] * d], [[2.0] * d], most=160, tolerance=0.1)
    assert share * true <= found.lower <= true * (1 + 1e-3) and found.upper >= true * (1 - 1e-3)


def test_three_variables_deep_with_poolings() -> None:
    generator = np.random.default_rng(5)
    tanh = REGISTRY.activations["tanh"]
    net = Network(
        [
            Layer(generator.normal(size=(5, 3)), generator.normal(size=5), (tanh,) * 5, True),
            Layer(generator.normal(size=(4, 3)), generator.normal(size=4), (tanh,) * 4),
            Layer(generator.normal(size=(1, 4)), np.ones(1) * 3, (identity,)),
        ]
    )
    true = midpoint_integral(net, [0.0] * 3, [0.5] * 3, 40)
    found = leak_lower_bound(net, [[0.0] * 3], [[0.5] * 3], most=40)
    assert found.form == "centred" and 0.85 * true < found.lower <= true * (1 + 1e-3)


def test_relu_networks_are_bounded_up_to_their_kinks() -> None:
    net = Network.dense([[[1.0], [1.0], [1.0]], [[1.0, -2.0, 1.0]]], [[0.75, 0, -0.75], [0]])
    found = leak_lower_bound(net, [[-2]], [[2]], tolerance=1e-3)
    assert found.form == "centred" and 0.998 * 0.5625 < found.lower <= 0.5625 <= found.upper < 1.002 * 0.5625


def test_small_masses_far_out_are_found() -> None:
    """∫_5^6 exp(−x²) by its closed form; the values are 1e-12 and less."""
    net = Network.dense([[[1.0]], [[1.0]]], [[0], [0]], REGISTRY.activations["gaussian"])
    found = leak_lower_bound(net, [[5]], [[6]], tolerance=1e-6)
    true = float((flint.arb(5).erfc() - flint.arb(6).erfc()) * flint.arb.pi().sqrt() / 2)
    assert found.lower <= true <= found.upper <= (1 + 2e-6) * found.lower


def test_a_zero_network_gets_zero() -> None:
    net = Network.dense([[[1.0], [1.0]], [[1.0, -1.0]]], [[0, 0], [0]], REGISTRY.activations["tanh"])
    assert leak_lower_bound(net, [[1]], [[2]], most=50).lower == 0.0


def test_several_outputs_are_measured_in_the_euclidean_norm() -> None:
    net = Network.dense([[[1.0]], [[3.0], [4.0]]], [[0], [0, 0]], REGISTRY.activations["gaussian"])
    single = Network.dense([[[1.0]], [[5.0]]], [[0], [0]], REGISTRY.activations["gaussian"])
    many, one = (leak_lower_bound(n, [[1]], [[2]], tolerance=1e-3) for n in (net, single))
    assert many.lower == pytest.approx(one.lower, rel=2e-3) and many.lower <= one.upper <= many.upper * (
        1 + 1e-12
    )


@given(
    st.integers(0, 2**32 - 1), st.sampled_from(["tanh", "gelu", "sine", "isru", "elu", "softsign", "relu2"])
)
@settings(max_examples=25, deadline=None)
def test_quadrature_lies_between_the_ends(seed: int, name: str) -> None:
    generator = np.random.default_rng(seed)
    net = Network.dense(
        [generator.normal(size=(4, 1)) * 2, generator.normal(size=(3, 4)), generator.normal(size=(1, 3))],
        [generator.normal(size=4), generator.normal(size=3), generator.normal(size=1)],
        REGISTRY.activations[name],
    )
    a = float(generator.normal())
    found = leak_lower_bound(net, [[a]], [[a + 1]], most=24)

    def size(x: float) -> float:
        return abs(float(net(np.array([[x]]))[0, 0]))

    true, error = quad(size, a, a + 1, limit=100, points=None, epsabs=1e-10)
    assert found.lower <= true + error + 1e-9 and true <= found.upper + error + 1e-9


@given(st.integers(0, 2**32 - 1), st.integers(1, 3))
@settings(max_examples=20, deadline=None)
def test_truncated_products_are_those_of_polynomials(seed: int, d: int) -> None:
    table = monomials(d, 3)
    generator = np.random.default_rng(seed)
    u, v, x = (generator.integers(-3, 4, size) for size in (len(table.exponents),) * 2 + (d,))
    found = table.multiply(list(map(int, u)), list(map(int, v)))
    for index, exponent in enumerate(table.exponents):
        expected = sum(
            int(u[i]) * int(v[j])
            for i, a in enumerate(table.exponents)
            for j, b in enumerate(table.exponents)
            if tuple(p + q for p, q in zip(a, b, strict=True)) == exponent
        )
        assert int(found[index] if isinstance(found[index], int) else found[index].unique_fmpz()) == expected
    assert x.shape == (d,)


def test_work_bounds_leave_honest_ends() -> None:
    ends = np.linspace(1, 2, 101)[:, None]
    net = fitted("gaussian")
    whole = leak_lower_bound(net, ends[:-1], ends[1:])
    part = leak_lower_bound(net, ends[:-1], ends[1:], most=50)
    assert 0 < part.lower < whole.lower and part.upper == np.inf and part.boxes == 50


def test_flint_is_left_as_it_was() -> None:
    before = flint.ctx.prec, flint.ctx.cap
    leak_lower_bound(fitted("tanh", 5), [[1]], [[2]])
    assert (flint.ctx.prec, flint.ctx.cap) == before


@pytest.mark.parametrize(
    ("low", "high", "keywords"),
    [
        ([[1]], [[1]], {}),
        ([[1, 2]], [[2, 3]], {}),
        ([[1]], [[np.inf]], {}),
        ([1], [2], {}),
        ([[1]], [[2]], {"precision": 20}),
        ([[1]], [[2]], {"tolerance": 0}),
        ([[1]], [[2]], {"most": 0}),
        ([[1]], [[2]], {"order": 0}),
    ],
)
def test_boxes_and_numbers_that_make_no_sense_are_refused(low: Any, high: Any, keywords: Any) -> None:
    with pytest.raises(UserError):
        leak_lower_bound(fitted("tanh", 5), low, high, **keywords)


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
def test_remainders_of_every_order_are_counted(order: int) -> None:
    """One wide box, softplus and its mirror image, convex and concave: the value at the centre is not the mean."""
    for sign in (1.0, -1.0):
        net = Network.dense([[[1.0]], [[sign]]], [[0.0], [4.0]], REGISTRY.activations["softplus"])
        true, _ = quad(lambda x, sign=sign: 4 + sign * np.log1p(np.exp(x)), -1, 2)
        found = leak_lower_bound(net, [[-1]], [[2]], most=1, order=order)
        assert found.boxes == 1 and found.lower <= true <= found.upper
    flat = Network.dense([[[1.0, 0.5]], [[1.0]]], [[0.0], [4.0]], REGISTRY.activations["softplus"])
    found = leak_lower_bound(flat, [[-1, -1]], [[2, 2]], most=1, order=order)
    assert (
        found.lower <= midpoint_integral(flat, [-1, -1], [2, 2], 400) * (1 + 1e-6) <= found.upper * (1 + 1e-5)
    )
