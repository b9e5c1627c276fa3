"""Hats on Kuhn's triangulation: interpolation, support, certificates, counts."""

from fractions import Fraction
from itertools import product
from math import ceil, log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import UserError
from ratelab.exact._interval_values import interval_values
from ratelab.networks._hat_counts import PooledCounts
from ratelab.networks._kuhn_hats import kuhn_hats, kuhn_hats_bound


def barycentric(nodes, values, spacing, point):
    """The interpolant by sorting fractional parts: the corners of the simplex of a point, and its weights."""
    table = {tuple(int(k) for k in node): Fraction(v) for node, v in zip(nodes, values, strict=True)}
    scaled = [x / spacing for x in point]
    corner = [x.numerator // x.denominator for x in scaled]
    parts = [x - k for x, k in zip(scaled, corner, strict=True)]
    order = sorted(range(len(parts)), key=lambda i: -parts[i])
    levels = [Fraction(1), *[parts[i] for i in order], Fraction(0)]
    total = Fraction(0)
    for step in range(len(parts) + 1):
        total += (levels[step] - levels[step + 1]) * table.get(tuple(corner), Fraction(0))
        if step < len(parts):
            corner[order[step]] += 1
    return total


@pytest.mark.parametrize("dimension", [1, 2, 3, 4])
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_the_network_interpolates_on_the_simplices(dimension, data):
    index = st.tuples(*[st.integers(-2, 2)] * dimension)
    nodes = data.draw(st.lists(index, min_size=1, max_size=7, unique=True))
    values = data.draw(st.lists(st.floats(-4, 4), min_size=len(nodes), max_size=len(nodes)))
    spacing = data.draw(st.sampled_from([Fraction(1, 4), Fraction(1, 5), Fraction(2, 3)]))
    margin = data.draw(st.sampled_from([Fraction(1, 8), Fraction(1, 3), Fraction(2)]))
    network = kuhn_hats(nodes, values, spacing, margin)
    assert network.poolings == 0 and network.strict
    points = [
        [spacing * Fraction(data.draw(st.integers(-32, 32)), 8) for _ in range(dimension)] for _ in range(4)
    ]
    points += [[spacing * k for k in node] for node in nodes]
    for point, value in zip(points, network(points)[:, 0], strict=True):
        assert value == barycentric(nodes, values, spacing, point)


@pytest.mark.parametrize("dimension", [2, 3])
def test_cells_and_half_spaces_along_grid_lines_are_certified_beyond_the_margin(dimension):
    nodes = np.array(list(product(range(-1, 2), repeat=dimension)))
    network = kuhn_hats(
        nodes, np.random.default_rng(1).normal(size=len(nodes)), Fraction(1, 4), Fraction(1, 8)
    )
    edge = (2 + 1 / 8) / 4
    low, high = np.full((2 * dimension, dimension), -np.inf), np.full((2 * dimension, dimension), np.inf)
    for axis in range(dimension):
        low[axis, axis], high[dimension + axis, axis] = edge, -edge
    for end in interval_values(network, low, high):
        assert not end.any()
    cells = [c for c in product(range(-4, 4), repeat=dimension) if max(*c, *(-1 - k for k in c)) >= 3]
    assert len(cells) == 8**dimension - 6**dimension
    for end in interval_values(network, np.array(cells) / 4, (np.array(cells) + 1) / 4):
        assert not end.any()


def test_in_one_variable_no_margin_is_needed():
    network = kuhn_hats([[0], [1]], [1.0, 2.0], Fraction(1, 4))
    low, high = np.array([[0.5], [-np.inf]]), np.array([[np.inf], [-0.25]])
    for end in interval_values(network, low, high):
        assert not end.any()


@pytest.mark.parametrize("dimension", [1, 2, 3, 4, 5])
def test_counts_are_those_of_the_formula(dimension):
    nodes = np.array(list(product(range(2), repeat=dimension)))
    network = kuhn_hats(nodes, np.ones((len(nodes), 2)), Fraction(1, 2))
    ramps = 6 * dimension if dimension > 1 else 4
    assert network.widths[0] == ramps
    assert network.depth == 3 + ceil(log2(dimension))
    assert network.width == max(ramps, 2 * dimension * len(nodes) * (dimension > 1))
    assert PooledCounts.of(network) == kuhn_hats_bound(dimension, len(nodes), ramps, 2)
    assert PooledCounts.of(network).within(kuhn_hats_bound(dimension, len(nodes), None, 2))


def test_no_nodes_are_the_zero_network():
    assert kuhn_hats(np.zeros((0, 2), dtype=int), np.zeros(0), 1).connections == 0


@pytest.mark.parametrize("margin", [0, -1, np.inf], ids=["zero", "negative", "infinite"])
def test_margins_are_positive_numbers(margin):
    with pytest.raises(UserError, match="margin"):
        kuhn_hats([[0, 0]], [1.0], 1, margin)
