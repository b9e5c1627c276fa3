"""One network type: sparse, rational, dyadic, pooled, with readouts; one function in every arithmetic."""

from fractions import Fraction
from pathlib import Path

import flint
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from ratelab import Activation, Network, UserError
from ratelab.networks import Layer, Readout, dyadic, fraction, identity, power, rational, resolve

relu = power(1)


def by_hand(network: Network, point: list[Fraction]) -> list[Fraction]:
    """The definition, with Python's Fractions and nothing else."""
    value = point
    for layer in network.layers:
        rows = []
        for row, bias, activation in zip(layer.matrix, layer.bias, layer.activations, strict=True):
            total = fraction(rational(bias))
            total += sum((fraction(rational(w)) * v for w, v in zip(row, value, strict=True)), Fraction(0))
            exponent = {"relu": 1, "relu2": 2}.get(activation.name, 0)
            rows.append(max(total, Fraction(0)) ** exponent if exponent else total)
        if layer.pooled:
            half = (len(rows) + 1) // 2
            rows = [u * v for u, v in zip(rows, [*rows[half:], Fraction(1)], strict=False)]
        value = rows
    return value


def mixed_network(seed: int, kind: str) -> Network:
    """Two hidden layers, one of them pooled with an odd number of neurons, mixed activations."""
    generator = np.random.default_rng(seed)
    shapes = [(5, 2), (5, 5), (2, 3)]
    layers = []
    for index, (rows, columns) in enumerate(shapes):
        weight = generator.integers(-6, 7, (rows, columns)) / 4
        bias = generator.integers(-6, 7, rows) / 4
        last = index == len(shapes) - 1
        activations = [identity] * rows if last else [[relu, identity, power(2)][i % 3] for i in range(rows)]
        given_weight = csr_array(weight) if kind == "sparse" else weight
        layers.append(Layer(given_weight, bias, tuple(activations), pooled=index == 1))
    heads = [
        Readout(1, generator.standard_normal((1, 5)), np.ones(1)),
        Readout(0, np.ones((2, 2)), np.zeros(2)),
    ]
    network = Network(layers, heads)
    return network.rational() if kind == "rational" else network


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["dense", "sparse", "rational"]))
def test_every_arithmetic_evaluates_the_definition(seed: int, kind: str) -> None:
    network = mixed_network(seed, kind)
    generator = np.random.default_rng(seed + 1)
    x = generator.integers(-8, 9, (4, 2)) / 8
    points = [[Fraction(v) for v in row] for row in x.tolist()]
    expected = [by_hand(network, point) for point in points]
    exact = network(points)
    assert exact.tolist() == expected
    floats = np.array(expected, dtype=float)
    np.testing.assert_allclose(network(x), floats, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(network(torch.from_numpy(x)).numpy(), floats, rtol=1e-12, atol=1e-12)
    balls = network(np.array([[flint.arb(v) for v in row] for row in x.tolist()], dtype=object))
    for value, number in zip(balls.ravel(), np.array(expected, dtype=object).ravel(), strict=True):
        assert value.contains(rational(number))


@pytest.mark.parametrize("kind", ["dense", "sparse", "rational"])
def test_every_kind_survives_storage(kind: str, tmp_path: Path) -> None:
    network = mixed_network(3, kind)
    network.save(tmp_path / "net.nc")
    again = Network.load(tmp_path / "net.nc")
    assert (again.exact, again.poolings, len(again.readouts)) == (network.exact, 1, 2)
    assert hasattr(again.layers[0].weight, "tocsr") == (kind == "sparse")
    point = [[Fraction(1, 3), Fraction(-2, 7)]]
    assert (again(point) == network(point)).all()
    for index in (0, 1):
        assert (again.readout(index)(point) == network.readout(index)(point)).all()
    again.save(tmp_path / "twice.nc")
    assert (tmp_path / "net.nc").read_bytes() == (tmp_path / "twice.nc").read_bytes()


def test_a_million_bits_are_kept_in_storage_and_in_balls(tmp_path: Path) -> None:
    big = dyadic(3**630_000, -900_000)
    small = dyadic(5, -2_000_000)
    network = Network.dense([[[big], [1]], [[Fraction(2, 3), small]]], [[0, 0], [0]])
    network.save(tmp_path / "big.nc")
    again = Network.load(tmp_path / "big.nc")
    assert again.layers[0].weight[0, 0] == big and again.layers[1].weight[0, 1] == small
    assert network.largest_weight == float("inf")
    with pytest.raises(UserError, match="larger than float64"):
        network(np.ones((1, 1)))
    precision = flint.ctx.prec
    try:
        flint.ctx.prec = 3_100_000
        (value,) = network([[flint.arb(1)]])[0]
        assert value.contains(big * flint.fmpq(2, 3) + small) and value.rel_accuracy_bits() > 3_000_000
    finally:
        flint.ctx.prec = precision


def test_sparse_and_dense_count_the_same() -> None:
    weights = [np.array([[1.0, 0.0], [0.0, 0.0], [2.0, 3.0]]), np.array([[0.0, 1.0, -1.0]])]
    biases = [np.zeros(3), np.ones(1)]
    dense, sparse = Network.dense(weights, biases), Network.sparse(weights, biases)
    for name in ("connections", "neurons", "depth", "width", "widths", "largest_weight", "strict"):
        assert getattr(dense, name) == getattr(sparse, name)
    assert sparse.connections == 5 and sparse.rational().connections == 5


def test_poolings_multiply_pairs_and_pass_an_odd_one_on() -> None:
    product = Network([Layer(np.eye(3), np.zeros(3), (identity,) * 3, pooled=True)])
    assert product(np.array([[2.0, 3.0, 5.0]])).tolist() == [[10.0, 3.0]]
    assert (product.poolings, product.depth, product.neurons, product.outputs) == (1, 1, 0, 2)


def test_one_rational_entry_makes_the_network_exact() -> None:
    network = Network.dense([[[0.1], [Fraction(1, 3)]], [[1, 1]]], [[0.0, 0], [flint.fmpq(1, 7)]])
    assert network.exact and network.largest_weight == 1.0
    assert network([[Fraction(1)]])[0, 0] == Fraction(0.1) + Fraction(1, 3) + Fraction(1, 7)
    assert network.float64().layers[0].weight[1, 0] == 1 / 3
    assert network.float64().rational().layers[0].weight[0, 0] == rational(0.1)


def test_smooth_activations_have_balls_but_no_rationals() -> None:
    network = Network.dense([[[1.0]], [[2.0]]], [[0.5], [0.0]], "tanh")
    with pytest.raises(UserError, match="activation 'tanh' is analytic"):
        network([[Fraction(1, 2)]])
    (value,) = network([[flint.arb(1) / 2]])[0]
    assert value.contains(2 * flint.arb(1).tanh()) and float(value.rad()) < 1e-14
    bare = Activation("bare", lambda x: x.tanh(), regularity="analytic")
    with pytest.raises(UserError, match="'bare' declares no 'ball'"):
        Network.dense([[[1.0]], [[2.0]]], [[0.5], [0.0]], bare)([[flint.arb(1)]])


def test_balls_across_a_kink_hold_both_sides() -> None:
    clipped = resolve("prelu(slope=0.25)")
    network = Network.dense([[[1.0]], [[1.0]]], [[0.0], [0.0]], clipped)
    (value,) = network([[flint.arb(0, 2)]])[0]
    assert value.contains(2) and value.contains(flint.arb(-0.5)) and not value.contains(-2)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Network([Layer(np.eye(2), np.zeros(2), (relu,) * 2)]), "last layer is affine"),
        (lambda: Network.dense([np.eye(2)], [np.zeros(2)], [[relu]]), "0 hidden ones"),
        (lambda: Network.dense([[["a"]]], [[0.0]]), "must be numbers"),
        (lambda: Network([]), "at least one affine layer"),
        (lambda: Network.sparse([[[np.inf]]], [[0.0]]), "finite"),
        (lambda: Network(mixed_network(0, "dense").layers, [Readout(1, np.ones((1, 4)), np.ones(1))]), "readout 0"),
        (lambda: Network(mixed_network(0, "dense").layers, [Readout(5, np.ones((1, 4)), np.ones(1))]), "reads layer 5"),
    ],
)  # fmt: skip
def test_ill_formed_parts_are_refused(build: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        build()  # type: ignore[operator]


def test_missing_points_stay_missing() -> None:
    network = Network.dense([[[1.0]], [[2.0]]], [[0.5], [0.0]])
    assert np.isnan(network(np.array([[np.nan]]))).all()
    assert np.isnan(network(torch.tensor([[np.nan]], dtype=torch.float64)).numpy()).all()


def test_activations_may_be_named_neuron_by_neuron_and_weights_be_torch_parameters() -> None:
    weight = torch.nn.Parameter(torch.tensor([[1.0], [1.0]], dtype=torch.float64))
    network = Network.dense([weight, [[1.0, 1.0]]], [[0.0, 0.0], [0.0]], [["relu", "identity"]])
    assert network(np.array([[-2.0], [3.0]]))[:, 0].tolist() == [-2.0, 6.0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda net: net(torch.tensor([[1]])), "must be floating point"),
        (lambda net: net(None), "points are NoneType"),
        (lambda net: net([["a"]]), "points must be numbers"),
        (lambda net: net([[1.0], [1.0, 2.0]]), "points must be numbers"),
        (lambda net: net(Fraction(1, 2)), "found a single number"),
        (lambda net: net.readout(0), "there is no readout 0; the network has 0"),
        (lambda net: Network.dense([], []), "at least one affine layer"),
        (lambda net: Network.dense([[[1]], [[1]]], [[0], [0]], ["relu"]), "allowed: a name or an Activation"),
        (lambda net: Network.dense([[[1]], [[1]]], [[0], [0]], None), "allowed: a name or an Activation"),
        (lambda net: Network.sparse([[[Fraction(1, 2)]]], [[0]]), "rational ones are stored densely"),
    ],
)  # fmt: skip
def test_what_cannot_be_evaluated_or_built_is_said_in_one_sentence(call: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        call(Network.dense([[[1.0]], [[2.0]]], [[0.5], [0.0]]))  # type: ignore[operator]
