"""From a network to its cells and back to a network of logarithmic depth."""

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from random import Random

import numpy as np
import pytest

from ratelab._errors import UserError
from ratelab.exact._count import cells
from ratelab.exact._represent_cells import represent_cells, represent_cells_bound
from ratelab.exact._walls import walls
from ratelab.networks import Network
from ratelab.networks._calculus import add, scale

WIDTHS = [
    (1, 4, 1),
    (1, 3, 2, 1),
    (2, 3, 1),
    (2, 4, 1),
    (2, 3, 3, 1),
    (2, 2, 2, 2, 1),
    (3, 4, 1),
    (3, 3, 2, 1),
]


def rational_cells(network, domain=None):
    return cells(network, domain, arithmetic="rational")


def assert_equal_functions(first, second, domain):
    """All cells of the difference have the map 0, which proves that the networks agree."""
    difference = rational_cells(add(first, scale(second, Fraction(-1))), domain)
    assert not any(difference.gradients.flat)
    assert not any(difference.offsets.flat)


def assert_equal_values(first, second, points, random, domain):
    dimension = first.inputs
    rows = [[Fraction(int(v.p), int(v.q)) for v in point] for point in points]
    for exponent in (1, 3, 6):
        rows += [
            [Fraction(random.randint(-(10**exponent), 10**exponent), 7) for _ in range(dimension)]
            for _ in range(20)
        ]
    if domain is not None:
        rows = [x for x in rows if all(a <= v <= b for v, (a, b) in zip(x, domain, strict=True))]
    values = np.array(rows, dtype=object)
    assert first(values).tolist() == second(values).tolist()


@pytest.mark.parametrize("widths", WIDTHS, ids=str)
@pytest.mark.parametrize("bounded", [False, True])
@pytest.mark.parametrize("degenerate", [False, True])
def test_the_network_equals_the_function_at_logarithmic_depth(widths, bounded, degenerate, random_network):
    random = Random(f"{widths} {bounded} {degenerate}")
    domain = ((Fraction(-3), Fraction(4)),) * widths[0] if bounded else None
    for _ in range(2):
        network = random_network(random, widths, degenerate)
        given = rational_cells(network, domain)
        found = represent_cells(given)
        assert found.exact
        assert found.depth <= {1: 2, 2: 3, 3: 3}[widths[0]]
        assert_equal_values(network, found, given.points, random, domain)
        if widths[0] < 3:
            assert_equal_functions(network, found, domain)


def test_a_generic_network_of_two_variables_has_depth_three(random_network):
    random = Random(5)
    depths = Counter(
        represent_cells(rational_cells(random_network(random, (2, 3, 3, 1), False))).depth for _ in range(8)
    )
    assert depths[3] >= 5


def _shallow(rows, signs):
    ends = [Fraction(s) for s in signs]
    return Network.dense(
        [[[Fraction(v) for v in row[:-1]] for row in rows], [ends]], [[Fraction(r[-1]) for r in rows], [0]]
    )


@pytest.mark.parametrize("dimension", [1, 2, 3])
@pytest.mark.parametrize("sign", [1, -1])
def test_convex_and_concave_functions_need_no_lifts(dimension, sign):
    """Σ|x_i| and its negative: the maximum of 2^d maps that meet in one point."""
    rows = [[s * int(i == j) for j in range(dimension)] + [0] for i in range(dimension) for s in (1, -1)]
    network = _shallow(rows, [sign] * len(rows))
    given = rational_cells(network)
    assert not walls(given).lifts(sign)
    found = represent_cells(given)
    # (d = 1: one maximum and a carried sum; d = 2: two triangles that share an edge)
    assert (
        found.neurons
        <= represent_cells_bound(
            {1: Counter({2: 1}), 2: Counter({3: 2, 2: 1}), 3: Counter({4: 6, 3: 6, 2: 1})}[dimension], 0
        )[0]
    )
    assert_equal_values(network, found, given.points, Random(1), None)


def test_affine_functions_need_no_neurons():
    network = _shallow([[1, 2, 3], [-1, -2, -3]], [1, -1])
    assert represent_cells(rational_cells(network)).neurons == 0
    constant = _shallow([[0, 0, 3]], [1])
    assert represent_cells(rational_cells(constant))([[Fraction(5), Fraction(7)]])[0, 0] == 3


def test_a_difference_of_ridges_lifts_the_falling_ones_only():
    """ρ(x) − 2ρ(y) + ρ(x + y): one concave crease, of strength 2."""
    given = walls(rational_cells(_shallow([[1, 0, 0], [0, 1, 0], [1, 1, 0]], [1, -2, 1])))
    assert given.lifts(1) == {(0, 1, 0): 2}
    assert set(given.lifts(-1).values()) == {1}
    assert set(given.lifts(-1)) == {(1, 0, 0), (1, 1, 0)}


def test_the_bound_counts_one_four_and_five_neurons_for_two_three_and_four_functions():
    assert represent_cells_bound({2: 1}, 0) == (1 + 2, 2)
    assert represent_cells_bound({3: 1}, 0) == (4 + 4, 3)
    assert represent_cells_bound({4: 1}, 0) == (5 + 4, 3)
    assert represent_cells_bound({1: 9, 2: 2, 3: 3}, 7) == (2 + 12 + 7 + 4, 3)
    assert represent_cells_bound({1: 5}, 0) == (0, 1)


def test_what_cannot_be_represented_is_refused(random_network):
    network = random_network(Random(3), (2, 3, 1), False)
    with pytest.raises(UserError, match="float64"):
        represent_cells(cells(network, arithmetic="float"))
    given = rational_cells(network)
    with pytest.raises(UserError, match="hyperplanes"):
        represent_cells(replace(given, walls=None))
    with pytest.raises(UserError, match="lattice"):
        represent_cells(given, limit=2)
    doubled = Network.dense([[[1, Fraction(2)]] * 2, [[1, 2], [3, 4]]], [[0, 1], [0, 0]])
    with pytest.raises(UserError, match="2 outputs"):
        represent_cells(rational_cells(doubled))
    offsets = given.offsets.copy()
    offsets[0] = offsets[0] + 1
    with pytest.raises(UserError, match="no continuous function"):
        represent_cells(replace(given, offsets=offsets))
