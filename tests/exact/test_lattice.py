"""Piecewise linear functions as maxima of minima of their own maps."""

from fractions import Fraction
from itertools import product
from random import Random

import numpy as np
import pytest

from ratelab.exact._count import cells
from ratelab.exact._lattice import ceil_log2, lattice, lattice_form, max_min_size
from ratelab.networks import Network, fraction, identity, resolve
from ratelab.networks._calculus import add, scale


def _form_value(form, x):
    values = [
        sum((fraction(a) * v for a, v in zip(row, x, strict=False)), fraction(row[-1])) for row in form.maps
    ]
    return max(min(values[i] for i in members) for members in form.sets)


WIDTHS = [(1, 4, 1), (1, 3, 2, 1), (2, 3, 1), (2, 4, 1), (2, 3, 3, 1), (3, 4, 1), (3, 3, 2, 1)]


@pytest.mark.parametrize("widths", WIDTHS, ids=str)
@pytest.mark.parametrize("bounded", [False, True])
@pytest.mark.parametrize("degenerate", [False, True])
def test_form_and_network_equal_the_function(widths, bounded, degenerate, random_network):
    random = Random(f"{widths} {bounded} {degenerate}")
    domain = ((Fraction(-3), Fraction(4)),) * widths[0] if bounded else None
    for _ in range(2):
        network = random_network(random, widths, degenerate)
        given = cells(network, domain, arithmetic="rational")
        form, found = lattice_form(given), lattice(given)
        points = [[fraction(v) for v in point] for point in given.points]
        points += [
            [Fraction(random.randint(-21, 28), 7) * (1 if bounded else 10**e) for _ in range(widths[0])]
            for e in (0, 1, 5)
            for _ in range(15)
        ]
        values = network(np.array(points, dtype=object))[:, 0].tolist()
        assert [_form_value(form, x) for x in points] == values
        assert found(np.array(points, dtype=object))[:, 0].tolist() == values
        assert found.neurons <= max_min_size(given.count("maps"), len(given))
        if widths[0] < 3:
            zero = cells(add(network, scale(found, Fraction(-1))), domain, arithmetic="rational")
            assert not any(zero.gradients.flat)
            assert not any(zero.offsets.flat)


def test_cells_over_which_the_order_of_maps_changes_are_cut():
    """min(0, y + |x|) by cells that follow x = −2y above y = 0, where no map lies above 0 on a whole cell."""
    # ρ(y), x, y; then ρ(±(x + 2ρ(y))), y; then ρ(−y − |x + 2ρ(y)|), which is 0 above y = 0
    weights = [
        [[0, 1], [1, 0], [0, 1]],
        [[2, 1, 0], [-2, -1, 0], [0, 0, 1]],
        [[-1, -1, -1]],
        [[-1]],
    ]
    exact = [[[Fraction(v) for v in row] for row in matrix] for matrix in weights]
    relu = resolve("relu")
    hidden = [[relu, identity, identity], [relu, relu, identity], [relu]]
    network = Network.dense(exact, [[0] * len(m) for m in exact], hidden)
    given = cells(network, arithmetic="rational")
    form = lattice_form(given)
    for x, y in product(range(-6, 7), repeat=2):
        assert _form_value(form, [Fraction(x), Fraction(y)]) == min(0, y + abs(x))


def test_the_median_of_three_is_a_maximum_of_three_minima_of_two():
    """max(min(x,y), min(x,z), min(y,z)) = x + y + z − max − min, built from its cells."""
    first = [[1, -1, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1], [-1, 1, 0]]
    # max(x,y) = ρ(x−y) + y, min(x,y) = y − ρ(y−x); median = max(min(x,y), min(max(x,y), z))
    second = [
        [1, 1, -1, -1, 1, 0],
        [0, 0, 0, 1, -1, 0],
        [0, 0, 0, -1, 1, 0],
        [0, 1, -1, 0, 0, -1],
        [0, -1, 1, 0, 0, 1],
    ]
    # min(max(x,y), z) = max(x,y) − ρ(max(x,y) − z) = z − ρ(z − max(x,y))
    second.append([-1, -1, 1, 1, -1, 0])
    third = [[0, 1, -1, -1, 1, -1], [0, 0, 0, 1, -1, 0], [0, 0, 0, -1, 1, 0]]
    last = [[1, 1, -1]]
    exact = [[[Fraction(v) for v in row] for row in m] for m in (first, second, third, last)]
    network = Network.dense(exact, [[0] * len(m) for m in exact])
    for x in product(range(3), repeat=3):
        assert network([[Fraction(v) for v in x]])[0, 0] == sorted(x)[1]
    given = cells(network, arithmetic="rational")
    form = lattice_form(given)
    assert len(form.maps) == 3
    assert sorted(map(sorted, form.sets)) == [[0, 1], [0, 2], [1, 2]]
    found = lattice(given)
    assert found.depth == ceil_log2(2) + ceil_log2(3) + 1
    assert found.neurons < max_min_size(3, 6)


def test_the_published_size_grows_with_maps_and_pieces():
    assert [ceil_log2(n) for n in (1, 2, 3, 4, 5)] == [0, 1, 2, 2, 3]
    assert max_min_size(2, 2) == (3 * 2 + 2 - 3) * 2 + 3 * 2 - 2 - 3
