"""Maxima, minima, absolute values and positive parts are those of the values, with the promised nodes."""

from collections.abc import Callable
from fractions import Fraction
from math import ceil, log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import issparse

from ratelab import Network, UserError
from ratelab.networks import (
    Counts,
    absolute,
    absolute_bound,
    add,
    identity_network,
    maximum,
    maximum_bound,
    minimum,
    positive_part,
    power,
    scale,
)

Draw = Callable[..., Network]
Points = Callable[[int], list[list[Fraction]]]
seeds = st.integers(0, 10**6)


@settings(max_examples=120)
@given(seeds, st.integers(1, 6), st.integers(1, 3))
def test_maxima_and_minima_of_networks_are_those_of_the_values(
    random_network: Draw, points: Points, seed: int, count: int, outputs: int
) -> None:
    networks = [random_network(seed + i, 2, outputs) for i in range(count)]
    x = points(2)
    values = np.array([f.rational()(x) for f in networks])
    top, bottom = maximum(*networks), minimum(*networks)
    assert (top.rational()(x) == values.max(axis=0)).all()
    assert (bottom.rational()(x) == values.min(axis=0)).all()
    assert top.exact == any(f.exact for f in networks)
    if all(issparse(layer.weight) for f in networks for layer in f.layers):
        assert all(issparse(layer.weight) for layer in (*top.layers, *bottom.layers))


@pytest.mark.parametrize("count", range(2, 18))
def test_the_tree_takes_three_nodes_per_pair_and_two_per_bye(count: int) -> None:
    lines = [Network.dense([[[Fraction(i), 1]]], [[i * i]]) for i in range(count)]
    top = maximum(*lines)
    byes, left = 0, count
    while left > 1:
        byes, left = byes + left % 2, (left + 1) // 2
    assert top.neurons == 3 * (count - 1) + 2 * byes <= 4 * (2 * count - 1)
    assert top.depth == 1 + ceil(log2(count)) and byes < max(ceil(log2(count)), 1)
    assert top.strict


@settings(max_examples=80)
@given(seeds, st.integers(2, 6))
def test_maxima_of_strict_networks_of_one_depth_keep_the_coarser_bound(
    random_network: Draw, seed: int, count: int
) -> None:
    networks = [
        random_network(seed + i, 2, 1, units=(power(1),), pooled=False, depth=3) for i in range(count)
    ]
    top = maximum(*networks)
    assert top.strict and top.depth == 3 + ceil(log2(count))
    assert top.neurons <= sum(f.neurons for f in networks) + 4 * (2 * count - 1)


def test_the_bound_counts_what_the_tree_of_dense_networks_has() -> None:
    networks = [
        Network.dense([np.full((3, 2), i + 1.0), np.ones((1, 3))], [np.zeros(3), [i]]) for i in range(4)
    ]
    bound = maximum_bound(*networks)
    # above the first level: two pairs of pairs, 6 + 3 + 3 connections, and the last three
    assert bound == Counts(4, 3 * 4 * 9 + 12 + 3, 4 * 3 + 9)
    # every first last row is read once, every second one three times
    assert maximum(*networks).connections == 4 * 6 + 2 * (2 * 3 + 3 * 3 - 3) + 12 + 3


@settings(max_examples=80)
@given(seeds, st.integers(1, 3))
def test_absolute_values_and_positive_parts_are_those_of_the_values(
    random_network: Draw, points: Points, seed: int, outputs: int
) -> None:
    f = random_network(seed, 2, outputs)
    values = f.rational()(points(2))
    assert (absolute(f).rational()(points(2)) == abs(values)).all()
    assert (positive_part(f).rational()(points(2)) == np.maximum(values, Fraction(0))).all()
    if not f.layers[-1].pooled:
        assert absolute_bound(f) == Counts(
            f.depth + 1, 2 * f.connections + 2 * outputs, f.neurons + 2 * outputs
        )


def test_the_four_node_maximum_is_the_same_function() -> None:
    u, v = (Network.dense([[[Fraction(a), b]]], [[c]]) for a, b, c in ((1, 2, 3), (-2, 1, Fraction(1, 2))))
    four = [positive_part(f) for f in (add(u, v), add(u, scale(v, -1)), add(v, scale(u, -1)))]
    four.append(scale(positive_part(scale(add(u, v), -1)), -1))
    textbook = scale(add(*four), Fraction(1, 2))
    x = [[Fraction(i * i - 7, 3), Fraction(5 - i)] for i in range(12)]
    assert (textbook(x) == maximum(u, v)(x)).all()
    assert (textbook.neurons, maximum(u, v).neurons) == (4, 3)


def test_many_sparse_maxima_stay_small() -> None:
    size = 300
    ones = Network.sparse([np.eye(size)], [np.zeros(size)])
    top = maximum(*[scale(ones, float(i)) for i in range(5)])
    assert top.connections < 40 * size and all(issparse(layer.weight) for layer in top.layers)
    assert (top(-np.ones((1, size))) == 0).all() and (top(np.ones((1, size))) == 4).all()


def test_wrong_arguments_are_explained() -> None:
    with pytest.raises(UserError, match="maximum needs at least one network"):
        maximum()
    with pytest.raises(UserError, match=r"minimum: all networks must have the same number of outputs"):
        minimum(identity_network(1), Network.dense([[[1.0], [1.0]]], [[0, 0]]))
    with pytest.raises(UserError, match="absolute works on networks; found float"):
        absolute(1.5)  # type: ignore[arg-type]
