"""Depth growth and families of approximants, against brute force and hand-made members."""

from fractions import Fraction
from math import inf, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import Network, Target, UserError
from ratelab.networks import add, identity, power
from ratelab.registry import PiecewisePolynomial
from ratelab.spaces._depth_growth import DepthGrowth
from ratelab.spaces._families import ApproximationFamily, family_sizes

RELU = power(1)
LABELS = (
    "1",
    "2",
    "5",
    "log",
    "log(factor=2)",
    "log(factor=1/3,base=3)",
    "linear",
    "linear(factor=1/4)",
    "power(exponent=1/2)",
    "power(exponent=2,factor=1/9)",
    "unbounded",
)
growths = st.sampled_from(LABELS).map(DepthGrowth.parse)


def family(depth="4", complexity="connections", unit=RELU, **given):
    return ApproximationFamily(unit, complexity, DepthGrowth.parse(depth), **given)


def line(*layers, units=None):
    weights, biases = zip(*layers, strict=True)
    return Network.dense(
        [np.array(w, float) for w in weights], [np.array(b, float) for b in biases], units or "relu"
    )


HAT = line(([[1], [1], [1]], [0, -0.5, -1]), ([[2, -4, 2]], [0]))
CANCELS = line(([[1], [-1], [1]], [0, 0, 0]), ([[1, -1, -1]], [0]))


@pytest.mark.parametrize("text", LABELS)
def test_a_label_is_read_back_as_the_same_growth(text):
    growth = DepthGrowth.parse(text)
    assert DepthGrowth.parse(growth.label) == growth
    assert growth.supremum == (int(text) if text.isdecimal() else inf)


@settings(max_examples=60, deadline=None)
@given(growths, st.integers(1, 10**6))
def test_depths_are_whole_numbers_from_one_on_and_never_fall(growth, n):
    first, second = growth(n), growth(n + 1)
    assert 1 <= first <= second
    assert first == inf or first == int(first)


@pytest.mark.parametrize(("base", "exponent"), [(2, 40), (3, 30), (5, 21), (10, 15)])
def test_logarithms_are_exact_at_powers_of_the_base(base, exponent):
    growth = DepthGrowth.logarithmic(1, base)
    assert growth(base**exponent) == exponent
    assert growth(base**exponent - 1) == exponent - 1


def test_roots_are_exact_at_squares():
    root = DepthGrowth.power(Fraction(1, 2))
    for value in (3, 10**8, 94906267):
        assert root(value**2) == value and root(value**2 - 1) == value - 1


@settings(max_examples=80, deadline=None)
@given(growths, growths)
def test_the_order_of_growth_is_what_dilations_show(first, second):
    factor = first.dilation(second)
    if factor is None:
        assert any(first(2**k) > second(2 ** (k + 6)) for k in range(0, 400, 3))
    else:
        assert all(first(n) <= second(factor * n) for n in [*range(1, 200), 10**4, 10**9])


@settings(max_examples=80, deadline=None)
@given(growths, growths, growths)
def test_growth_is_ordered_transitively(first, second, third):
    assert first.precedes(first)
    if first.precedes(second) and second.precedes(third):
        assert first.precedes(third)


def test_logarithms_of_other_factors_differ_and_powers_of_other_factors_do_not():
    assert not DepthGrowth.logarithmic(2).precedes(DepthGrowth.logarithmic())
    assert DepthGrowth.logarithmic(2, 4).equivalent(DepthGrowth.logarithmic())
    assert DepthGrowth.linear(7).equivalent(DepthGrowth.linear())
    assert not DepthGrowth.unbounded().precedes(DepthGrowth.linear())
    assert DepthGrowth.unbounded().no_deeper(DepthGrowth.linear())


@settings(max_examples=50, deadline=None)
@given(growths, st.integers(1, 9))
def test_the_first_size_of_a_depth_is_the_least(growth, depth):
    first = growth.first(depth)
    if first < inf:
        assert growth(first) >= depth and (first == 1 or growth(first - 1) < depth)
    else:
        assert growth.supremum < depth


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0", "whole numbers from 1 on"),
        ("deep", "is no depth growth"),
        ("power", "needs its exponent"),
        ("log(base=1)", "base is 1; allowed: above 1"),
        ("linear(factor=-2)", "factor is -2; allowed: above 0"),
        ("linear(factor=1/1001)", "fractions of numbers up to 100"),
        ("linear(slope=2)", "is no depth growth"),
    ],
)
def test_growth_that_is_none_is_the_users_error(text, message):
    with pytest.raises(UserError, match=message):
        DepthGrowth.parse(text)


def test_sizes_below_one_have_no_depth():
    with pytest.raises(UserError, match="size is 0"):
        DepthGrowth.linear()(0)


def test_membership_counts_what_the_family_counts():
    assert family().contains(HAT, 6) and not family().contains(HAT, 5)
    neurons = family(complexity="neurons")
    assert neurons.contains(HAT, 3) and not neurons.contains(HAT, 2)
    assert "6 connections, more than 5" in family().contains(HAT, 5).reason


def test_depth_is_that_of_the_size():
    deep = line(([[1]], [0]), ([[1]], [0]), ([[1]], [0]))
    assert family("log").contains(deep, 8) and not family("log").contains(deep, 7)
    assert family("log").least_budget(deep) == 8
    assert family("2").least_budget(deep) == inf
    assert family("unbounded").least_budget(deep) == 3


def test_other_activations_poolings_shapes_and_identities_are_refused_by_name():
    other = line(([[1]], [0]), ([[1]], [0]), units=[[power(2)]])
    assert "relu2" in family().contains(other, 9).reason
    skip = line(([[1]], [0]), ([[1]], [0]), units=[[identity]])
    assert family().contains(skip, 2) and not family(strict=True).contains(skip, 2)
    assert "R^2 to R^1" in family().contains(line(([[1, 1]], [0])), 9).reason


def test_only_the_zero_function_is_in_the_empty_budget():
    zero = line(([[0]], [0]))
    constant = line(([[0]], [1]))
    assert family().contains(zero, 0) and family().contains(CANCELS.rational(), 0) is not None
    assert not family().contains(constant, 0) and family().contains(constant, 1)
    assert not family().contains(HAT, 0)


def test_zero_is_decided_on_the_domain():
    """relu(x) − x vanishes on [0, 1] and not on [−1, 1]."""
    bend = add(line(([[1]], [0]), ([[1]], [0])), line(([[-1]], [0])))
    assert family().contains(bend, 0)
    assert not family(domain=((-1, 1),)).contains(bend, 0)
    assert family().contains(CANCELS, 0)  # relu(−x) with a minus
    assert not family(domain=((-1, 1),)).contains(CANCELS, 0)


def test_sizes_of_networks_are_their_least_budgets():
    found = family_sizes(family("log", "neurons"), [HAT, CANCELS, line(([[1, 0]], [0]))])
    assert found.tolist() == [4, 0, inf]


@pytest.mark.parametrize(("p", "constant"), [(2, 1), (1, 1), (inf, 1), (0.5, 2), (0.25, 8)])
def test_the_quasi_triangle_constant_is_that_of_disjoint_bumps(p, constant):
    """Two indicators of halves: the norm of the sum is 1, each has norm 2^(−1/p)."""
    found = family(p=p).quasi_triangle
    assert found == constant
    if p < 1:
        assert 1 / (2 * 2 ** (-1 / p)) == found


def parabola(domain=((0.0, 1.0),)):
    pieces = PiecewisePolynomial((), ((Fraction(0), Fraction(0), Fraction(1)),))
    return Target("square", lambda x: x[:, 0] ** 2, domain=domain, pieces=pieces)


@pytest.mark.parametrize("p", [0.5, 1, 2, 3, inf])
def test_the_first_error_is_the_norm(p):
    exact = 1.0 if p == inf else (2 * p + 1) ** (-1 / p)
    assert family(p=p).zero_error(parabola()) == pytest.approx(exact, rel=1e-5)


def test_the_first_error_in_the_plane_is_the_norm():
    target = Target("product", lambda x: x[:, 0] * x[:, 1], domain=((0.0, 1.0),) * 2)
    assert family(dimension=2).zero_error(target) == pytest.approx(1 / 3, rel=1e-6)


def test_a_target_on_another_domain_is_the_users_error():
    with pytest.raises(UserError, match="both must agree"):
        family(domain=((-1, 1),)).zero_error(parabola())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"complexity": "weights"}, "complexity is 'weights'"),
        ({"dimension": 0}, "dimension is 0"),
        ({"outputs": True}, "outputs is True"),
        ({"p": 0}, "p is 0"),
        ({"p": -1.0}, "p is -1.0"),
        ({"domain": ((1, 0),)}, "low < high"),
    ],
)
def test_families_that_are_none_are_the_users_error(given, message):
    with pytest.raises(UserError, match=message):
        family(**given)


def test_names_say_what_is_counted():
    assert family().name == "W(relu, 4)"
    assert family("log", "neurons", strict=True).name == "SN(relu, log)"


def worst_sum(complexity, channels, deepest, largest):
    """Largest cost of f + g in units of max(n, m), by the counts of all sizes and depths."""
    worst = 1.0
    for n in range(1, largest):
        for m in range(1, largest):
            layers = [range(1, min(size + (complexity == "neurons"), deepest) + 1) for size in (n, m)]
            for one in layers[0]:
                for two in layers[1]:
                    sizes = [0 if complexity == "neurons" and a == 1 else b for a, b in ((one, n), (two, m))]
                    cost = sum(sizes) + channels * abs(one - two)
                    worst = max(worst, cost / max(n, m))
    return worst


@pytest.mark.parametrize("complexity", ["connections", "neurons"])
@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("deepest", [1, 2, 3, 5])
def test_the_constant_of_sums_is_the_largest_over_all_counts(complexity, channels, deepest):
    made = family(str(deepest), complexity, dimension=channels, outputs=channels)
    assert made.sum_constant()[0] == pytest.approx(worst_sum(complexity, channels, deepest, 13), rel=1e-12)


def test_the_constant_of_sums_never_exceeds_two_plus_the_channels():
    for depth in LABELS:
        for complexity in ("connections", "neurons"):
            assert family(depth, complexity, dimension=2, outputs=3).sum_constant()[0] <= 4


def test_norms_of_a_vector_are_euclidean():
    target = Target("pair", lambda x: np.stack([3 * x[:, 0], 4 * x[:, 0]], axis=1))
    assert family(outputs=2).zero_error(target) == pytest.approx(5 / sqrt(3), rel=1e-9)
