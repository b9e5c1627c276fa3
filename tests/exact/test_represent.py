"""Smallest shallow networks of piecewise linear functions of one variable."""

from fractions import Fraction
from itertools import pairwise, product
from random import Random

import numpy as np
import pytest

from ratelab._errors import UserError
from ratelab.exact._line import piecewise_linear
from ratelab.exact._piecewise_linear import PiecewiseLinear
from ratelab.exact._represent import represent
from ratelab.networks import Network

ZERO = Fraction(0)


def _function(random, kinks, planted, bounded):
    """A random function with its slope jumps; planted: the last slope is a sum of jumps."""

    def number():
        return Fraction(random.randint(-30, 30), random.randint(1, 6))

    knots = sorted({number() for _ in range(kinks)})
    jumps = [number() or Fraction(1) for _ in knots]
    right = sum((c for c in jumps if random.random() < 0.5), ZERO) if planted else number()
    slopes = [right - sum(jumps, ZERO)]
    for jump in jumps:
        slopes.append(slopes[-1] + jump)
    values = [number() for _ in knots[:1]]
    for (a, b), slope in zip(pairwise(knots), slopes[1:], strict=False):
        values.append(values[-1] + slope * (b - a))
    domain = None
    if bounded:
        ends = [*knots, ZERO]
        domain = (min(ends) - 1 - abs(number()), max(ends) + 1 + abs(number()))
    intercept = None if knots else number()
    return PiecewiseLinear(knots, values, slopes[0], slopes[-1], domain, intercept=intercept), jumps


def _fewest(function, jumps):
    """Compare the last slope with the sums of all 2^m subsets."""
    if not jumps:
        return 0 if not function.slope_left else 2 if function.domain is None else 1
    sums = {
        sum((c for c, taken in zip(jumps, bits, strict=True) if taken), ZERO)
        for bits in product([False, True], repeat=len(jumps))
    }
    return len(jumps) + (function.slope_right not in sums)


@pytest.mark.parametrize("kinks", range(11))
@pytest.mark.parametrize("bounded", [False, True])
def test_the_network_is_the_function_with_as_few_nodes_as_brute_force_allows(kinks, bounded):
    random = Random(100 * bounded + kinks)
    for index in range(8):
        function, jumps = _function(random, kinks, planted=index % 2 == 0, bounded=bounded)
        found = represent(function)
        assert found.minimal == "proved"
        assert found.nodes == found.network.neurons == _fewest(function, jumps)
        assert found.network.depth == (2 if found.nodes else 1)
        points = [*function.knots, *(Fraction(random.randint(-400, 400), 7) for _ in range(12))]
        points += [a / 2 + b / 2 for a, b in pairwise(sorted(points))] + [Fraction(10**9), Fraction(-(10**9))]
        if bounded:
            low, high = function.domain
            points = [x for x in points if low <= x <= high] + [low, high]
        values = found.network(np.array([[x] for x in points], dtype=object))[:, 0]
        assert values.tolist() == [function(x) for x in points]


def test_function_to_network_to_function_changes_nothing():
    random = Random(9)
    for index in range(60):
        function, _ = _function(random, random.randint(0, 9), planted=index % 2 == 0, bounded=index % 3 == 0)
        domain = None if function.domain is None else [function.domain]
        back = piecewise_linear(represent(function).network, domain, arithmetic="rational")
        assert back.knots.tolist() == function.knots.tolist()
        assert back.slopes.reshape(-1).tolist() == function.slopes.tolist()
        point = function.knots[0] if len(function.knots) else (function.domain or (ZERO,))[0]
        assert np.asarray(back(point)).item() == function(point)


def test_three_pieces_with_two_nodes_that_look_at_each_other():
    """2ρ(x) + 3ρ(1 − x): neither outer slope is 0."""
    found = represent(PiecewiseLinear([0, 1], [3, 2], -3, 2))
    assert (found.nodes, found.minimal) == (2, "proved")
    assert sorted(int(w.p) for w in found.network.layers[0].weight[:, 0]) == [-1, 1]


def test_three_pieces_that_need_three_nodes():
    found = represent(PiecewiseLinear([0, 1], [0, 1], 5, 7))
    assert (found.nodes, found.minimal) == (3, "proved")


def test_affine_functions_take_two_nodes_on_the_line_and_one_on_an_interval():
    line = PiecewiseLinear([], [], 3, 3, intercept=1)
    assert represent(line).nodes == 2
    assert represent(line, (-1, 4)).nodes == 1
    assert represent(PiecewiseLinear([], [], 0, 0, intercept=7)).nodes == 0
    for found in (represent(line), represent(line, (-1, 4))):
        assert found.network([[Fraction(1, 3)]])[0, 0] == 2


def test_the_alternating_layer_needs_no_more_nodes_than_kinks():
    """8ρ(x − ¼) − 8ρ(½ − x) + 12ρ(¾ − x) − 4 has 4 pieces and 3 nodes (C13)."""
    knots = [Fraction(k, 4) for k in (1, 2, 3)]
    assert represent(PiecewiseLinear(knots, [0, 1, 0], -4, 8)).nodes == 3


def test_a_restriction_drops_kinks_outside():
    function = PiecewiseLinear([0, 1, 2], [0, 1, 0], 3, 5)
    found = represent(function, (Fraction(1, 2), Fraction(3, 2)))
    assert found.nodes == 2
    for x in (Fraction(1, 2), Fraction(1), Fraction(3, 2)):
        assert found.network([[x]])[0, 0] == function(x)
    with pytest.raises(UserError, match="is given on"):
        represent(PiecewiseLinear([1], [1], 0, 1, (0, 2)), (-1, 1))


def test_float_data_are_taken_as_dyadic_rationals():
    function = PiecewiseLinear([0.1, 0.3], [0.7, 0.2], 0.0, 1.0)
    network = represent(function).network
    for knot, value in [(0.1, 0.7), (0.3, 0.2)]:
        assert network([[Fraction(knot)]])[0, 0] == Fraction(value)


def test_hundreds_of_unrelated_jumps_are_undecided_and_cost_one_node_more():
    random = Random(3)
    knots = list(range(60))
    values = [Fraction(random.randint(-(10**25), 10**25)) for _ in knots]
    found = represent(PiecewiseLinear(knots, values, random.randint(1, 10**25), random.randint(1, 10**25)))
    assert (found.nodes, found.minimal) == (61, "undecided")
    assert "not decided" in found.reason
    points = [[Fraction(k)] for k in knots]
    assert found.network(points)[:, 0].tolist() == values


def test_several_outputs_are_refused():
    network = Network.dense([[[Fraction(1)]], [[Fraction(1)], [Fraction(2)]]], [[0], [0, 1]])
    with pytest.raises(UserError, match="2 outputs"):
        represent(piecewise_linear(network))
