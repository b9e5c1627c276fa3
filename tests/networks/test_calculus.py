"""Operations on networks are operations on their values, exactly in rationals, within the promised counts."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import issparse

from ratelab import Network, UserError
from ratelab.networks import (
    Counts,
    Layer,
    add,
    add_bound,
    compose,
    compose_bound,
    deepen,
    deepen_bound,
    identity,
    identity_network,
    parallel,
    parallel_bound,
    power,
    scale,
)

Draw = Callable[..., Network]
Points = Callable[[int], list[list[Fraction]]]
seeds = st.integers(0, 10**6)


def values(network: Network, x: list[list[Fraction]]) -> np.ndarray:
    return network.rational()(x)


def all_sparse(*networks: Network) -> bool:
    return all(issparse(layer.weight) for f in networks for layer in f.layers)


@settings(max_examples=60)
@given(seeds, st.fractions(-3, 3, max_denominator=9))
def test_scaling_a_network_scales_its_values(
    random_network: Draw, points: Points, seed: int, factor: Fraction
) -> None:
    f = random_network(seed)
    g = scale(f, factor)
    assert g.exact and Counts.of(g).within(Counts.of(f))
    assert (values(g, points(2)) == factor * values(f, points(2))).all()


def test_a_float_factor_keeps_dense_and_sparse_networks_what_they_are(random_network: Draw) -> None:
    for kind in ("dense", "sparse", "rational"):
        f = random_network(5, kind=kind)
        g = scale(f, -0.5)
        assert g.exact == f.exact and all_sparse(g) == (kind == "sparse")
        assert (g(np.ones((3, 2))) == -0.5 * f(np.ones((3, 2)))).all()


@settings(max_examples=120)
@given(seeds, st.integers(2, 4))
def test_sums_and_tuples_of_networks_are_those_of_the_values(
    random_network: Draw, points: Points, seed: int, count: int
) -> None:
    networks = [random_network(seed + i) for i in range(count)]
    x = points(2)
    expected = [values(f, x) for f in networks]
    total, both = add(*networks), parallel(*networks)
    assert (values(total, x) == sum(expected)).all()
    assert (values(both, x) == np.concatenate(expected, axis=1)).all()
    assert total.exact == both.exact == any(f.exact for f in networks)
    assert all_sparse(total, both) or not all_sparse(*networks)


@settings(max_examples=100)
@given(seeds, st.integers(1, 3), st.integers(1, 3))
def test_tuples_of_networks_without_poolings_keep_the_closed_bound(
    random_network: Draw, seed: int, inputs: int, outputs: int
) -> None:
    networks = [random_network(seed + i, inputs, outputs, pooled=False) for i in range(3)]
    depth = max(f.depth for f in networks)
    padding = sum(min(inputs, outputs) * (depth - f.depth) for f in networks)
    bound = Counts(
        depth, sum(f.connections for f in networks) + padding, sum(f.neurons for f in networks) + padding
    )
    assert add_bound(*networks) == parallel_bound(*networks) == bound
    assert Counts.of(parallel(*networks)) == bound and Counts.of(add(*networks)).within(bound)


@settings(max_examples=120)
@given(seeds, st.integers(1, 3), st.booleans())
def test_composed_networks_compose_the_values(
    random_network: Draw, points: Points, seed: int, middle: int, merged: bool
) -> None:
    inner, outer = random_network(seed, 2, middle), random_network(seed + 1, middle, 2)
    x = points(2)
    network = compose(outer, inner, merged)
    assert (values(network, x) == values(outer, values(inner, x).tolist())).all()
    assert all_sparse(network) or not all_sparse(inner, outer)


@settings(max_examples=100)
@given(seeds)
def test_composition_keeps_the_closed_bounds(random_network: Draw, seed: int) -> None:
    inner, outer = random_network(seed, 2, 3, pooled=False), random_network(seed + 1, 3, 1, pooled=False)
    first, second = Counts.of(inner), Counts.of(outer)
    unmerged = Counts(
        first.depth + second.depth,
        first.connections + second.connections,
        first.neurons + second.neurons + 3,
    )
    merged = Counts(
        first.depth + second.depth - 1,
        first.connections + max(first.neurons, 2) * second.connections,
        first.neurons + second.neurons,
    )
    assert compose_bound(outer, inner, merged=False) == unmerged == Counts.of(compose(outer, inner, False))
    assert compose_bound(outer, inner) == merged and Counts.of(compose(outer, inner)).within(merged)


def test_the_bound_of_merged_composition_exceeds_the_count_by_the_last_inner_map_alone() -> None:
    inner = Network.dense([np.ones((4, 1)), np.ones((1, 4))], [np.zeros(4), np.zeros(1)])
    outer = Network.dense([np.ones((5, 1)), np.zeros((1, 5))], [np.zeros(5), np.zeros(1)])
    first = Counts.of(inner).connections - 4
    assert compose(outer, inner).connections == first + 4 * outer.connections
    assert compose_bound(outer, inner).connections == first + 4 + 4 * outer.connections


@settings(max_examples=80)
@given(seeds, st.integers(1, 3), st.integers(1, 3), st.integers(0, 3))
def test_a_deepened_network_is_the_same_function(
    random_network: Draw, points: Points, seed: int, inputs: int, outputs: int, extra: int
) -> None:
    f = random_network(seed, inputs, outputs)
    g = deepen(f, f.depth + extra)
    assert g.depth == f.depth + extra and Counts.of(g) == deepen_bound(f, f.depth + extra)
    assert (values(g, points(inputs)) == values(f, points(inputs))).all()
    if not f.layers[-1].pooled:
        assert g.neurons == f.neurons + extra * min(inputs, outputs)


@settings(max_examples=40)
@given(seeds)
def test_float_networks_agree_with_the_values_to_rounding(random_network: Draw, seed: int) -> None:
    generator = np.random.default_rng(seed)
    kinds = ["dense", "sparse"]
    f, g = (scale(random_network(seed + i, 2, 2, kinds[i], pooled=False), generator.random()) for i in (0, 1))
    x = generator.standard_normal((20, 2))
    np.testing.assert_allclose(add(f, g)(x), f(x) + g(x), rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(parallel(f, g)(x), np.hstack([f(x), g(x)]), rtol=1e-10, atol=1e-10)
    outer = f(g(x))
    np.testing.assert_allclose(compose(f, g)(x), outer, rtol=1e-9, atol=1e-9 * (1 + np.abs(outer).max()))


def test_a_mixed_sum_is_rational_if_one_network_is() -> None:
    f = Network.dense([[[Fraction(1, 3)]]], [[0]])
    g = Network.sparse([[[1.0]], [[1.0]]], [[0.5], [0.0]])
    total = add(f, g)
    assert total.exact
    assert total([[Fraction(1)]])[0, 0] == Fraction(1, 3) + Fraction(3, 2)


def test_values_beside_a_pooling_are_multiplied_by_constant_neurons() -> None:
    factors = Layer(np.ones((2, 1)), np.zeros(2), (identity,) * 2, pooled=True)
    square = Network([factors, *identity_network(1).layers])
    line = Network.dense([[[1.0], [2.0]], [[1.0, 1.0]]], [[0, 0], [0]])
    for networks, free in (((square, line), 1), ((line, square), 0)):
        total = add(*networks)
        assert total.neurons == 2 + 2 * 2 - free and total.connections == 2 + 1 + 2 + 2
        assert total([[3.0], [-1.0]]).tolist() == [[18.0], [1.0]]


def test_identity_networks_are_the_identity() -> None:
    net = identity_network(3, 4)
    assert Counts.of(net) == Counts(4, 12, 9)
    assert (net(np.eye(3)) == np.eye(3)).all()


def test_sums_of_large_sparse_networks_need_no_dense_matrix() -> None:
    from scipy.sparse import eye_array

    size = 20_000  # dense layers of the sum would take 13 GB
    f = Network.sparse([eye_array(size)] * 3, [np.zeros(size)] * 3)
    total = add(f, deepen(Network.sparse([eye_array(size)], [np.zeros(size)]), 3))
    assert total.connections == 6 * size and compose(f, total).depth == 5


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda f, g: add(), "needs at least one network"),
        (lambda f, g: add(f, g), r"same number of inputs; found \[2, 1\]"),
        (lambda f, g: add(f, identity_network(2)), r"same number of outputs; found \[1, 2\]"),
        (lambda f, g: parallel(f, 3), "found int"),
        (lambda f, g: compose(f, g), "reads 2 values, the inner one gives 1"),
        (lambda f, g: deepen(f, 1), "depth is 1; allowed: whole numbers from 2"),
        (lambda f, g: deepen(f, 2.5), "depth is 2.5"),
        (lambda f, g: identity_network(0), "dimension is 0"),
        (lambda f, g: identity_network(2, 0), "depth is 0"),
        (lambda f, g: scale(f, "two"), "one number"),
        (lambda f, g: scale(f, [1.0, 2.0]), "one finite number"),
        (lambda f, g: scale(f, float("nan")), "one finite number"),
        (lambda f, g: scale(scale(f, 1e300), 1e300), "must be finite"),
    ],
)
def test_wrong_arguments_are_explained(call: Callable[[Network, Network], Network], words: str) -> None:
    f = Network.dense([[[1.0, 2.0]], [[1.0]]], [[0], [0]])
    g = Network.dense([[[1.0]]], [[0]], power(1))
    with pytest.raises(UserError, match=words):
        call(f, g)
