"""One ball without 0 proves that an analytic network vanishes on a null set only; floats prove nothing."""

from fractions import Fraction
from typing import Any

import flint
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import erfc, mp, mpf

from ratelab import Activation, UserError, load_plugins
from ratelab.exact._nonzero import nonzero, vanishes_on_open_sets, vanishing_class
from ratelab.networks import Layer, Network, identity, power

REGISTRY = load_plugins()
CLASSES = {
    "arctan": "analytic",
    "elu": "other",
    "gaussian": "analytic",
    "gelu": "analytic",
    "identity": "analytic",
    "isrlu": "other",
    "isru": "analytic",
    "relu": "piecewise linear",
    "relu2": "piecewise polynomial",
    "relu3": "piecewise polynomial",
    "sigmoid": "analytic",
    "silu": "analytic",
    "sine": "analytic",
    "softplus": "analytic",
    "softsign": "other",
    "tanh": "analytic",
    "prelu": "piecewise linear",
    "power": "piecewise linear",
}
"""`power` and `prelu` with their default parameters."""


def random_network(
    activation: Activation, seed: int, d: int = 2, pooled: bool = False, k: int = 1
) -> Network:
    generator = np.random.default_rng(seed)
    layers, before = [], d
    for width in (5, 4):
        layers.append(
            Layer(
                generator.normal(size=(width, before)),
                generator.normal(size=width),
                (activation,) * width,
                pooled,
            )
        )
        before = layers[-1].outputs
    layers.append(Layer(generator.normal(size=(k, before)), generator.normal(size=k), (identity,) * k))
    return Network(layers)


def test_every_activation_plugin_is_in_its_class() -> None:
    assert {name: vanishing_class(REGISTRY.activations[name]) for name in REGISTRY.activations} == CLASSES


def test_rectified_powers_vanish_on_open_sets_and_analytic_activations_do_not() -> None:
    found = {name: vanishes_on_open_sets(REGISTRY.activations[name]) for name in CLASSES}
    assert {name for name, value in found.items() if value} == {"relu", "relu2", "relu3", "power"}
    assert {name for name, value in found.items() if value is None} == {"elu", "isrlu", "softsign"}
    assert vanishes_on_open_sets(power(0)) and not vanishes_on_open_sets(
        REGISTRY.activations["prelu(slope=1/4)"]
    )


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_differences_of_rectified_powers_have_compact_support(degree: int) -> None:
    """So that networks of such activations can vanish on open sets without being 0."""
    signs = [(-1) ** j * Fraction(mp.binomial(degree + 1, j).__int__()) for j in range(degree + 2)]
    net = Network.dense(
        [[[Fraction(1)]] * (degree + 2), [signs]], [[Fraction(-j) for j in range(degree + 2)], [Fraction(0)]],
        power(degree),
    )  # fmt: skip
    assert net([[Fraction(100)]])[0, 0] == 0 == net([[Fraction(-1)]])[0, 0]
    assert net([[Fraction(degree + 1, 2)]])[0, 0] > 0


@pytest.mark.parametrize("name", sorted(n for n, kind in CLASSES.items() if kind == "analytic"))
@pytest.mark.parametrize("pooled", [False, True])
def test_one_ball_certifies_random_networks_of_every_analytic_activation(name: str, pooled: bool) -> None:
    for seed in range(3):
        found = nonzero(random_network(REGISTRY.activations[name], seed, pooled=pooled))
        assert found and found.status == "certified" and found.precision == 53 and found.point is not None


@pytest.mark.parametrize("name", ["elu", "softsign", "relu", "relu2", "prelu(slope=1/4)"])
def test_other_networks_are_never_certified_and_the_reason_names_the_activation(name: str) -> None:
    found = nonzero(random_network(REGISTRY.activations[name], 1))
    assert not found and found.status == "uncertified" and f"'{name}'" in found.reason


def test_one_neuron_that_is_not_analytic_spoils_the_certificate() -> None:
    mixed = Network.dense([[[1.0], [1.0]], [[1.0, 1.0]]], [[0, 0], [0]], [["tanh", "relu"]])
    assert nonzero(mixed).status == "uncertified"


def test_an_analytic_activation_without_ball_is_not_certified() -> None:
    bare = Activation("bare", lambda x: x.tanh(), regularity="analytic")
    found = nonzero(random_network(bare, 0))
    assert found.status == "uncertified" and "declares no 'ball'" in found.reason


def test_the_zero_network_stays_undecided() -> None:
    """tanh(x) − tanh(x), and weights that are 0."""
    for weights in ([[1.0, -1.0]], [[0.0, 0.0]]):
        found = nonzero(Network.dense([[[1.0], [1.0]], weights], [[0, 0], [0]], "tanh"))
        assert found.status == "undecided" and not found and found.point is None


def test_cancellation_raises_the_precision() -> None:
    """tanh(x + 2^-200) − tanh(x) is positive, and 53 bits cannot know."""
    net = Network.dense(
        [[[Fraction(1)], [Fraction(1)]], [[Fraction(1), Fraction(-1)]]],
        [[Fraction(1, 2**200), Fraction(0)], [Fraction(0)]], "tanh",
    )  # fmt: skip
    found = nonzero(net)
    assert found and found.precision == 256


def test_a_zero_at_the_first_point_is_no_obstacle() -> None:
    sine = Network.dense([[[1.0]], [[1.0]]], [[0], [0]], "sine")
    assert nonzero(sine, [[0]]).status == "undecided"
    assert nonzero(sine, [[0], [1]]).point == (Fraction(1),)


def test_outputs_are_told_apart() -> None:
    net = Network.dense([[[1.0]], [[0.0], [1.0]]], [[0], [0, 0]], "tanh")
    assert nonzero(net).outputs == ("undecided", "certified")
    assert nonzero(net).status == "certified"


@pytest.mark.parametrize(("name", "place"), [("gelu", -20.0), ("softplus", -800.0)])
def test_floats_that_are_zero_are_refuted(name: str, place: float) -> None:
    net = Network.dense([[[1.0]], [[1.0]]], [[0], [0]], REGISTRY.activations[name])
    assert float(net(np.array([[place]]))[0, 0]) == 0.0
    found = nonzero(net, [[place]])
    with mp.workdps(400):
        x = mpf(place)
        truth = x * erfc(-x / mp.sqrt(2)) / 2 if name == "gelu" else mp.log1p(mp.exp(x))
        assert found and abs(mpf(found.value.split("+/-")[0].strip("[ ")) / truth - 1) < 1e-4


@given(st.integers(0, 2**32 - 1), st.sampled_from(["tanh", "gaussian", "gelu", "sine"]))
@settings(max_examples=20, deadline=None)
def test_a_certificate_holds_in_mpmath(seed: int, name: str) -> None:
    functions: dict[str, Any] = {
        "tanh": mp.tanh, "gaussian": lambda t: mp.exp(-t * t), "sine": mp.sin,
        "gelu": lambda t: t * erfc(-t / mp.sqrt(2)) / 2,
    }  # fmt: skip
    net = random_network(REGISTRY.activations[name], seed)
    found = nonzero(net)
    assert found.point is not None
    with mp.workdps(60):
        values = [mpf(x.numerator) / x.denominator for x in found.point]
        for layer in net.layers:
            values = [
                sum((mpf(float(w)) * v for w, v in zip(row, values, strict=True)), mpf(float(b)))
                for row, b in zip(layer.matrix, layer.bias, strict=True)
            ]
            if layer is not net.layers[-1]:
                values = [functions[name](v) for v in values]
        middle, radius = (mpf(t) for t in found.value.strip("[]").split(" +/- "))
        assert abs(values[0] - middle) <= radius * (1 + mpf(10) ** -5) and values[0] != 0


def test_precision_of_flint_is_restored() -> None:
    before = flint.ctx.prec, flint.ctx.cap
    nonzero(random_network(REGISTRY.activations["tanh"], 0))
    assert (flint.ctx.prec, flint.ctx.cap) == before


@pytest.mark.parametrize("points", [[1.0, 2.0], [[1.0]], [[np.nan, 0.0]], np.zeros((0, 2))])
def test_points_of_another_shape_are_refused(points: Any) -> None:
    with pytest.raises(UserError):
        nonzero(random_network(REGISTRY.activations["tanh"], 0), points)
