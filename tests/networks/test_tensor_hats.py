"""Tensor hats: interpolation, support, counts, exactness."""

from fractions import Fraction
from itertools import product
from math import ceil, log2, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import RegularGridInterpolator
from scipy.sparse import issparse

from ratelab import UserError
from ratelab.exact._interval_values import interval_values
from ratelab.networks._hat_counts import PooledCounts
from ratelab.networks._kuhn_hats import kuhn_hats
from ratelab.networks._tensor_hats import tensor_hats, tensor_hats_bound


def hat(t):
    return max(Fraction(0), 1 - abs(t))


def interpolant(nodes, values, spacing, point):
    """Σ v_k Π hat(x_i/h − k_i), written out."""
    total = Fraction(0)
    for node, value in zip(nodes, values, strict=True):
        term = Fraction(value)
        for x, k in zip(point, node, strict=True):
            term *= hat(x / spacing - int(k))
        total += term
    return total


@pytest.mark.parametrize("dimension", [1, 2, 3, 4])
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_the_network_is_the_multilinear_interpolant(dimension, data):
    index = st.tuples(*[st.integers(-3, 3)] * dimension)
    nodes = data.draw(st.lists(index, min_size=1, max_size=6, unique=True))
    values = data.draw(st.lists(st.floats(-4, 4), min_size=len(nodes), max_size=len(nodes)))
    spacing = data.draw(st.sampled_from([Fraction(1, 4), Fraction(1, 5), Fraction(2, 3), Fraction(3)]))
    network = tensor_hats(nodes, values, spacing)
    points = [
        [spacing * Fraction(data.draw(st.integers(-36, 36)), 8) for _ in range(dimension)] for _ in range(4)
    ]
    points += [[spacing * k for k in node] for node in nodes]
    for point, value in zip(points, network(points)[:, 0], strict=True):
        assert value == interpolant(nodes, values, spacing, point)


def test_scipy_finds_the_same_values_on_a_full_grid():
    generator = np.random.default_rng(1)
    values = generator.normal(size=(5, 4, 6))
    nodes = np.array(list(product(range(5), range(4), range(6))))
    network = tensor_hats(nodes, values.ravel(), Fraction(1, 8))
    points = generator.uniform(0, 1, (500, 3)) * np.array([4, 3, 5]) / 8
    peer = RegularGridInterpolator([np.arange(n) / 8 for n in values.shape], values)
    np.testing.assert_allclose(network(points)[:, 0], peer(points), atol=1e-13)


def test_several_outputs_share_the_hats():
    nodes, values = [[0, 0], [1, 0], [0, 1]], [[1.0, 2.0], [0.5, 0.0], [3.0, -1.0]]
    network = tensor_hats(nodes, values, 1)
    assert network.outputs == 2
    assert network([[Fraction(1), Fraction(0)]])[0].tolist() == [Fraction(1, 2), 0]
    assert network.widths == tensor_hats(nodes, [1.0, 1.0, 1.0], 1).widths


@pytest.mark.parametrize("dimension", [1, 2, 3, 4, 5])
def test_counts_are_those_of_the_formula(dimension):
    nodes = np.array(list(product(range(2), repeat=dimension)))
    count, poolings = len(nodes), ceil(log2(dimension))
    network = tensor_hats(nodes, np.ones(count), Fraction(1, 2))
    assert network.strict and network.depth == 3 + poolings and network.poolings == poolings
    assert network.width == max(2 * 2 * dimension, 2 * ceil(dimension / 2) * count * (dimension > 1))
    assert PooledCounts.of(network) == tensor_hats_bound(dimension, count, 2 * dimension)
    assert PooledCounts.of(network).within(tensor_hats_bound(dimension, count))


def cone(points, radius):
    return np.maximum(0.0, 1.0 - np.sqrt((points**2).sum(axis=1)) / radius)


# affine maps, width, poolings measured before this package was written; J nodes where the target is not 0
TABLE = [
    (1, 4, 5, (3, 18, 0)), (1, 8, 11, (3, 34, 0)), (1, 16, 23, (3, 66, 0)), (1, 32, 45, (3, 130, 0)),
    (1, 128, 179, (3, 514, 0)), (2, 4, 37, (4, 74, 1)), (2, 8, 129, (4, 258, 1)), (2, 16, 509, (4, 1018, 1)),
    (2, 32, 2061, (4, 4122, 1)), (3, 4, 147, (5, 588, 2)), (3, 8, 1045, (5, 4180, 2)),
]  # fmt: skip


@pytest.mark.parametrize(("dimension", "steps", "count", "structure"), TABLE)
def test_structure_agrees_with_the_published_table(dimension, steps, count, structure):
    radius = 0.7 if dimension == 1 else 0.8
    box = np.array(list(product(range(-steps, steps + 1), repeat=dimension)))
    values = cone(box / steps, radius)
    active = values > 0
    assert active.sum() == count
    network = tensor_hats(box[active], values[active], Fraction(1, steps))
    found = (network.depth, network.width, network.poolings)
    if dimension > 1:
        assert found == structure
    else:  # the table counts all grid lines of [−1, 1], of which 2J are enough
        assert found == (structure[0], 2 * count, 0)
        whole = tensor_hats(box, values, Fraction(1, steps))
        assert (whole.depth, whole.width, whole.poolings) == structure
    assert all(issparse(layer.weight) for layer in network.layers)


@pytest.mark.parametrize("dimension", [1, 2, 3])
@pytest.mark.parametrize("build", [tensor_hats, kuhn_hats])
def test_errors_of_cones_stay_below_the_bound(build, dimension):
    steps = {1: 16, 2: 8, 3: 4}[dimension]
    box = np.array(list(product(range(-steps, steps + 1), repeat=dimension)))
    values = cone(box / steps, 0.8)
    network = build(box[values > 0], values[values > 0], Fraction(1, steps))
    points = np.random.default_rng(2).uniform(-1.2, 1.2, (4000, dimension))
    error = np.abs(network(points)[:, 0] - cone(points, 0.8)).max()
    assert 0.1 * sqrt(dimension) / steps / 1.6 < error <= sqrt(dimension) / steps / 1.6


def test_all_half_spaces_beyond_the_cells_are_certified_to_be_zero():
    nodes = np.array(list(product(range(-2, 3), repeat=3)))
    network = tensor_hats(nodes, np.random.default_rng(3).normal(size=len(nodes)), Fraction(1, 8))
    low, high = np.full((6, 3), -np.inf), np.full((6, 3), np.inf)
    for axis in range(3):
        low[axis, axis], high[3 + axis, axis] = 3 / 8, -3 / 8
    for end in interval_values(network, low, high):
        assert not end.any()
    high[3, 0] = -3 / 8 + 2.0**-40
    assert interval_values(network, low, high)[1].any()


def test_numbers_that_float64_does_not_hold_make_the_network_rational():
    assert not tensor_hats([[0]], [0.3], Fraction(1, 10)).exact  # 1/h = 10
    third = tensor_hats([[0], [1]], [Fraction(1, 3), 1], Fraction(1, 8))
    assert third.exact and third([[Fraction(1, 16)]])[0, 0] == Fraction(2, 3)
    assert tensor_hats([[0]], [0.3], 0.1).exact  # the float 0.1 has no reciprocal in float64


def test_no_nodes_are_the_zero_network():
    network = tensor_hats(np.zeros((0, 2), dtype=int), np.zeros((0, 3)), 1)
    assert network.connections == 0 and network.outputs == 3
    assert not network(np.ones((2, 2))).any()


def test_four_thousand_nodes_stay_sparse():
    nodes = np.array(list(product(range(16), repeat=3)))
    network = tensor_hats(nodes, np.ones(len(nodes)), Fraction(1, 16))
    assert network.width == 4 * 4096
    assert network.connections == 4 * 48 + 3 * 4096 + 2 * 4096 + 4096


@pytest.mark.parametrize(
    ("nodes", "values", "spacing", "named"),
    [
        ([[0.5]], [1.0], 1, "integers"),
        ([[0], [0]], [1.0, 2.0], 1, "given twice"),
        ([[0]], [1.0, 2.0], 1, "values of shape"),
        ([[0]], [np.inf], 1, "finite"),
        ([[0]], ["a"], 1, "finite"),
        ([[0]], [1.0], 0, "spacing is 0"),
        ([[0]], [1.0], -0.5, "spacing"),
        ([[0]], [1.0], np.nan, "spacing"),
        ([0], [1.0], 1, "nodes have shape"),
        (np.array(list(product(range(90), repeat=2))), np.ones(8100), 0.1, "too large"),
    ],
    ids=["half", "twice", "sizes", "infinite", "text", "zero", "negative", "nan", "flat", "large"],
)
def test_bad_input_is_refused(nodes, values, spacing, named):
    with pytest.raises(UserError, match=named):
        tensor_hats(nodes, values, spacing)
