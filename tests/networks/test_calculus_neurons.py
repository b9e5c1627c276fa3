"""Pruned, strict and generalized networks are the same function with other neurons."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import issparse

from ratelab import Activation, Network, UserError
from ratelab.networks import (
    Counts,
    IdentityForm,
    Layer,
    add,
    deepen,
    generalized,
    identity,
    identity_form,
    identity_network,
    power,
    prune,
    scale,
    strict,
    strict_bound,
)
from ratelab.networks._calculus_ranges import read_ranges
from ratelab.registry import PiecewisePolynomial, load_plugins

Draw = Callable[..., Network]
Points = Callable[[int], list[list[Fraction]]]
seeds = st.integers(0, 10**6)


def same(f: Network, g: Network, x: list[list[Fraction]]) -> bool:
    return bool((f.rational()(x) == g.rational()(x)).all())


def dead(network: Network) -> int:
    """Hidden values that nothing reads or that have no input, counted entry by entry."""
    count = 0
    for layer, following in zip(network.layers, network.layers[1:], strict=False):
        weight, after = layer.matrix, following.matrix
        for j in range(layer.outputs):
            factors = [i for i in (j, j + layer.outputs) if i < layer.neurons] if layer.pooled else [j]
            unread = all(not after[i, j] for i in range(after.shape[0]))
            fixed = all(not v for i in factors for v in weight[i])
            count += unread or fixed
    return count


@settings(max_examples=150)
@given(seeds)
def test_pruning_keeps_the_function_and_leaves_no_dead_neuron(
    random_network: Draw, points: Points, seed: int
) -> None:
    f = random_network(seed, kind="rational", depth=4)
    g = prune(f)
    assert same(f, g, points(2)) and dead(g) == 0
    assert Counts.of(prune(g)) == Counts.of(g)


@settings(max_examples=60)
@given(seeds)
def test_pruning_a_float_network_keeps_its_values_and_kind(
    random_network: Draw, points: Points, seed: int
) -> None:
    f = random_network(seed, kind=("dense", "sparse")[seed % 2])
    g = prune(f)
    x = np.array(points(2), dtype=float)
    np.testing.assert_allclose(g(x), f(x), rtol=1e-12, atol=1e-12)
    assert all(issparse(layer.weight) for layer in g.layers) == bool(seed % 2) and not g.exact


def test_a_constant_passes_through_the_layers_into_one_affine_map() -> None:
    f = Network.dense(
        [[[Fraction(0), 0]], [[Fraction(3)], [0]], [[Fraction(1), 5]]],
        [[Fraction(2)], [-1, 7], [Fraction(1)]],
    )
    g = prune(f)
    assert Counts.of(g) == Counts(1, 0, 0) and g.inputs == 2
    assert g([[Fraction(9), Fraction(1, 2)]])[0, 0] == 5 + 5 * 7 + 1


def test_products_are_pruned_with_both_their_factors() -> None:
    rows = np.array([[1.0], [2.0], [3.0], [5.0], [7.0], [11.0], [13.0], [0.0], [17.0]])
    bias = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 0.0, 9.0])
    factors = Layer(rows, bias, (identity,) * 9, pooled=True)  # products 0+5, 1+6, 2+7, 3+8 and 4 alone
    f = Network([factors, *Network.dense([[[1.0, 0.0, 1.0, 1.0, 1.0]]], [[0.5]]).layers])
    g = prune(f)  # product 1 is unread, product 2 is zero
    assert g.widths == (5,) and g.layers[0].weight[:, 0].tolist() == [1, 5, 7, 11, 17]
    x = np.arange(-3.0, 4.0)[:, None]
    assert (g(x) == f(x)).all()
    bias[7] = 2.0  # now product 2 is a multiple of its other factor, and stays
    f = Network([Layer(rows, bias, (identity,) * 9, pooled=True), f.layers[1]])
    assert prune(f).layers[0].weight[:, 0].tolist() == [1, 3, 5, 7, 11, 0, 17]
    assert (prune(f)(x) == f(x)).all()


def test_a_network_whose_last_map_is_zero_is_a_constant() -> None:
    f = Network.sparse([np.eye(2), np.eye(2), np.zeros((1, 2))], [np.ones(2), np.ones(2), [4.0]])
    g = prune(f)
    assert Counts.of(g) == Counts(1, 0, 0) and g.inputs == 2 and g(np.ones((1, 2))).tolist() == [[4.0]]


def test_pruning_a_difference_of_equals_keeps_what_is_not_linearly_dead() -> None:
    f = Network.dense([[[1.0]], [[1.0]]], [[0], [0]])
    assert Counts.of(prune(add(f, scale(f, -1)))) == Counts(2, 4, 2)


def test_an_irrational_constant_stays_in_a_rational_network() -> None:
    tanh = load_plugins().activations["tanh"]
    f = Network.dense([[[Fraction(0)], [1]], [[Fraction(1), 1]]], [[Fraction(1), 0], [Fraction(0)]], tanh)
    assert Counts.of(prune(f)) == Counts.of(f)
    assert Counts.of(prune(f.float64())) == Counts(2, 2, 1)


@settings(max_examples=120)
@given(seeds)
def test_a_strict_network_is_the_same_function_within_four_times_the_connections(
    random_network: Draw, points: Points, seed: int
) -> None:
    f = random_network(seed, units=(identity, power(1)), pooled=False)
    g = strict(f)
    assert g.strict and g.depth == f.depth and same(f, g, points(2))
    assert g.connections <= 4 * f.connections and g.neurons <= 2 * f.neurons
    kinds = [issparse(layer.weight) for layer in f.layers]
    assert [issparse(layer.weight) for layer in g.layers] == kinds and g.exact == f.exact


@settings(max_examples=80)
@given(seeds)
def test_any_activation_that_represents_the_identity_makes_networks_strict(
    random_network: Draw, points: Points, leaky_unit: Activation, seed: int
) -> None:
    for unit, terms in ((power(2), 4), (power(3), 6), (leaky_unit, 2)):
        f = random_network(seed, units=(identity, unit), pooled=False, kind="rational")
        g = strict(f, activation=unit)
        assert g.strict and same(f, g, points(2))
        assert strict_bound(f, unit).neurons in (f.neurons, terms * f.neurons)


@settings(max_examples=80)
@given(seeds, st.sampled_from(["dense", "sparse", "rational"]))
def test_on_a_domain_one_neuron_replaces_an_identity(random_network: Draw, seed: int, kind: str) -> None:
    f = random_network(seed, kind=kind, pooled=False)
    g = strict(f, [(-2, Fraction(3, 2)), (0, 1)], activation=power(1))
    assert g.strict and g.neurons == f.neurons and g.connections == f.connections
    x = [[Fraction(-2 + i % 4) + Fraction(i % 2, 2), Fraction(i, 7)] for i in range(8)]
    if kind == "rational":
        assert same(f, g, x)
    else:
        size = 1 + np.abs(f(np.array(x, dtype=float))).max()
        shift = max(np.abs(layer.bias).max() for layer in g.layers)
        np.testing.assert_allclose(
            g(np.array(x, dtype=float)), f(np.array(x, dtype=float)), atol=1e-10 * (size + shift**2)
        )


@settings(max_examples=80)
@given(seeds, st.sampled_from(["dense", "sparse", "rational"]))
def test_ranges_contain_what_the_neurons_read(random_network: Draw, seed: int, kind: str) -> None:
    f = random_network(seed, kind=kind)
    ranges = read_ranges(f, [(Fraction(-1), Fraction(1, 3)), (Fraction(0), Fraction(2))])
    x = [[Fraction(-1) + Fraction(4 * i, 33), Fraction(2 * (i * i % 11), 10)] for i in range(12)]
    for depth, within in enumerate(ranges):
        assert within is not None
        layer = f.layers[depth]
        head = Network([*f.layers[:depth], Layer(layer.weight, layer.bias, (identity,) * layer.neurons)])
        read = head.rational()(x)
        for low, high, column in zip(*within, read.T, strict=True):
            ends = (Fraction(str(low)), Fraction(str(high))) if kind == "rational" else (low, high)
            assert all(Fraction(ends[0]) <= v <= Fraction(ends[1]) for v in column)


def test_ranges_of_one_signed_sums_keep_their_sign_in_floats() -> None:
    f = Network.dense([[[0.1, 0.7]], [[0.3]], [[1.0]]], [[0], [0], [0]])
    low, _ = read_ranges(f, [(Fraction(0), Fraction(1))] * 2)[1]
    assert low[0] == 0.0


def test_analytic_activations_bound_their_values_by_balls() -> None:
    tanh = load_plugins().activations["tanh"]
    f = Network.dense([[[3.0]], [[2.0]], [[1.0]]], [[0], [0], [0]], [[tanh], [identity]])
    g = strict(f, [(-5, 5)], activation=power(1))
    assert g.widths == (1, 1) and 2.0 * np.tanh(15) <= g.layers[1].bias[0] <= 2.0 + 1e-6
    blind = Activation("blind", tanh.function, regularity="analytic")
    f = Network.dense([[[3.0]], [[2.0]], [[1.0]]], [[0], [0], [0]], [[blind], [identity]])
    assert strict(f, [(-5, 5)], activation=power(1)).widths == (1, 2)


@pytest.mark.parametrize("name", ["gelu", "silu", "softplus"])
def test_declared_forms_serve_analytic_activations(name: str) -> None:
    unit = load_plugins().activations[name]
    f = deepen(Network.dense([[[0.5], [-1.0]], [[1.0, 2.0]]], [[0.1, 0], [0.3]], unit), 4)
    with pytest.raises(UserError, match=f"no representation of the identity by '{name}'"):
        strict(f)
    g = strict(f, form=IdentityForm.odd())
    x = np.linspace(-3, 3, 13)[:, None]
    assert g.strict
    np.testing.assert_allclose(g(x), f(x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("exponent", [1, 2, 3, 4, 5])
def test_the_forms_of_powers_are_the_identity(exponent: int) -> None:
    form = identity_form(power(exponent))
    assert form is not None and len(form.terms) == 2 * exponent
    for x in (Fraction(-7, 3), Fraction(-1, 2), Fraction(0), Fraction(1, 9), Fraction(5)):
        total = sum((c * max(w * x + b, Fraction(0)) ** exponent for c, w, b in form.terms), form.constant)
        assert total == x


def test_units_without_a_representation_have_none() -> None:
    size = PiecewisePolynomial((Fraction(0),), ((Fraction(0), Fraction(-1)), (Fraction(0), Fraction(1))))
    absolute = Activation("absolute", abs, regularity="piecewise polynomial", pieces=size)
    assert identity_form(absolute) is None and identity_form(power(0)) is None
    assert not IdentityForm.odd(2).holds(power(1)) and not IdentityForm.odd().holds(power(0))


@settings(max_examples=120)
@given(seeds)
def test_generalizing_undoes_strictness(
    random_network: Draw, points: Points, leaky_unit: Activation, seed: int
) -> None:
    f = random_network(seed, units=(identity, power(1), leaky_unit), pooled=False)
    g = generalized(strict(f))
    assert Counts.of(g).within(Counts.of(f))
    if f.exact or all(a is not leaky_unit for layer in f.layers for a in layer.activations):
        assert same(f, g, points(2))  # the leaky unit's coefficient 4/5 is rounded in floats


def test_generalizing_merges_only_exact_opposites() -> None:
    pairs = [[2.0], [-2.0], [1.0], [-1.0], [1.0], [-1.0]]
    f = Network.dense([pairs, [[1.0, -1.0, 1.0, 1.0, 3.0, -3.0]]], [[1, -1, 0, 0, -0.0, 5], [0]])
    g = generalized(f)
    assert g.neurons == 5 and sum(a is identity for a in g.layers[0].activations) == 1
    x = np.linspace(-3, 3, 25)[:, None]
    np.testing.assert_allclose(g(x), f(x), rtol=0, atol=1e-14)


def test_a_pooling_multiplies_identities_only_where_they_are_not_negative() -> None:
    factors = Layer(np.array([[1.0], [2.0]]), np.zeros(2), (identity, identity), pooled=True)
    f = Network([factors, *identity_network(1).layers])
    with pytest.raises(UserError, match="layer 1 multiplies the value of identity neuron 1"):
        strict(f)
    with pytest.raises(UserError, match="may be negative"):
        strict(f, [(-1, 1)])
    g = strict(f, [(0, 1)])
    assert g.strict and g([[0.5]]).tolist() == [[0.5]]


def test_constant_neurons_beside_a_pooling_become_strict_on_the_whole_line() -> None:
    relu = (power(1), power(1))
    square = Network([Layer(np.ones((2, 1)), np.zeros(2), relu, pooled=True), *identity_network(1).layers])
    both = add(square, Network.dense([[[1.0], [2.0]], [[1.0, 1.0]]], [[0, 0], [0]]))
    assert not both.strict and strict(both).strict and strict(both).neurons == both.neurons
    x = np.array([[-2.0], [3.0]])
    assert strict(both)(x).tolist() == both(x).tolist() == [[0.0], [18.0]]


@pytest.mark.parametrize(
    ("domain", "words"),
    [
        ([(0, 1), (0, 1)], "each of the 1 inputs"),
        ([(1, 0)], "low <= high"),
        ([(0, float("inf"))], "no finite number"),
        ([0, 1], "one pair"),
        (7, "one pair"),
    ],
)
def test_wrong_domains_are_explained(domain: object, words: str) -> None:
    with pytest.raises(UserError, match=words):
        strict(identity_network(1, 3), domain)  # type: ignore[arg-type]


def test_wrong_forms_are_explained() -> None:
    with pytest.raises(UserError, match="does not give the identity for 'relu'"):
        strict(identity_network(1, 2), form=IdentityForm.odd(3))
    with pytest.raises(UserError, match="at least one term"):
        IdentityForm(())
    with pytest.raises(UserError, match="cannot take its own place"):
        strict(identity_network(1, 2), activation="identity")
    with pytest.raises(UserError, match="triples"):
        IdentityForm(((1, 2),))  # type: ignore[arg-type]
    with pytest.raises(UserError, match="not zero"):
        IdentityForm.odd(0)
