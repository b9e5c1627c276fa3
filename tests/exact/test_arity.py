"""Maxima of many affine functions as sums of maxima of at most d + 1."""

from collections import Counter
from fractions import Fraction
from itertools import combinations
from random import Random

import pytest

from ratelab._errors import UserError
from ratelab.exact._arity import reduce_arity


def _random_maps(random, count, dimension, span, denominators):
    return [
        [Fraction(random.randint(-span, span), random.choice(denominators)) for _ in range(dimension + 1)]
        for _ in range(count)
    ]


def _value(row, x):
    return sum((a * v for a, v in zip(row, x, strict=False)), row[-1])


def _assert_same(maps, terms, random, points=40):
    dimension = len(maps[0]) - 1
    assert all(0 < len(members) <= dimension + 1 and terms[members] for members in terms)
    for _ in range(points):
        size = 10 ** random.randint(0, 6)
        x = [Fraction(random.randint(-size, size), random.randint(1, 9)) for _ in range(dimension)]
        values = [_value(row, x) for row in maps]
        assert sum(c * max(values[i] for i in members) for members, c in terms.items()) == max(values)


def _dependency(rows):
    """Rational λ ≠ 0 with Σλ a = 0 and Σλ = 0 for d + 2 rows (a, b), by elimination."""
    columns = [[*row[:-1], Fraction(1)] for row in rows]
    basis = []
    for index, column in enumerate(columns):
        weights = [Fraction(int(i == index)) for i in range(len(rows))]
        for pivot, vector, origin in basis:
            factor = column[pivot] / vector[pivot]
            column = [u - factor * v for u, v in zip(column, vector, strict=True)]
            weights = [u - factor * v for u, v in zip(weights, origin, strict=True)]
        if not any(column):
            return weights
        basis.append((next(i for i, v in enumerate(column) if v), column, weights))
    raise AssertionError("d + 2 functions are always dependent")


def _recursion(maps):
    """Inclusion–exclusion on affine dependencies until no set has more than d + 1 members: another way (C15)."""
    dimension = len(maps[0]) - 1
    terms = Counter({frozenset(range(len(maps))): 1})
    while any(c and len(s) > dimension + 1 for s, c in terms.items()):
        members = max((s for s, c in terms.items() if c), key=len)
        factor = terms.pop(members)
        some = sorted(members)[: dimension + 2]
        weights = _dependency([maps[i] for i in some])
        offset = sum(w * maps[i][-1] for w, i in zip(weights, some, strict=True))
        side = {i for w, i in zip(weights, some, strict=True) if (w > 0 if offset <= 0 else w < 0)}
        rest = members - side
        sign = (-1) ** (len(side) + 1) * factor
        terms[rest] += sign
        for size in range(1, len(side)):
            for chosen in combinations(sorted(side), size):
                terms[rest | frozenset(chosen)] -= sign * (-1) ** (size + 1)
    return {s: c for s, c in terms.items() if c}


@pytest.mark.parametrize("dimension", [1, 2, 3])
@pytest.mark.parametrize("count", [1, 2, 4, 6, 9, 12])
def test_the_sum_equals_the_maximum_in_rationals(dimension, count):
    random = Random(100 * dimension + count)
    for span, denominators in [(100, (1, 2, 3)), (2, (1,))]:
        maps = _random_maps(random, count, dimension, span, denominators)
        _assert_same(maps, reduce_arity(maps), random)


@pytest.mark.parametrize(("dimension", "count"), [(1, 8), (2, 8), (3, 7)])
def test_it_takes_no_more_terms_than_the_recursion_on_affine_dependencies(dimension, count):
    random = Random(dimension)
    for _ in range(5):
        maps = _random_maps(random, count, dimension, 100, (1, 2, 3))
        other = _recursion(maps)
        _assert_same(maps, other, random, points=10)
        assert len(reduce_arity(maps)) <= len(other)


def test_one_variable_gives_neighbours_minus_inner_functions():
    """Of h functions on the upper hull: h − 1 maxima of two and h − 2 functions."""
    maps = [[2 * k, -k * k] for k in (3, 0, 4, 1, 5, 2)] + [[1, -50]]
    expected = {frozenset(pair): 1 for pair in [(1, 3), (3, 5), (5, 0), (0, 2), (2, 4)]}
    assert reduce_arity(maps) == expected | {frozenset({i}): -1 for i in (3, 5, 0, 2)}


def test_terms_grow_linearly_in_two_variables():
    """Tangent planes of a paraboloid: a triangulation of N points, h of them outside, has 6N − 5 − 4h inner faces."""
    random = Random(3)
    points = {(random.randint(-99, 99), random.randint(-99, 99)) for _ in range(120)}
    maps = [[2 * a, 2 * b, -a * a - b * b] for a, b in points]
    terms = reduce_arity(maps)
    inner = sum(len(members) == 1 for members in terms)
    assert len(terms) == 6 * len(maps) - 5 - 4 * (len(maps) - inner)
    _assert_same(maps, terms, random, points=10)


def test_functions_that_meet_in_one_point_are_split_without_gaps():
    """|x| + |y|, |x| + |y| + |z| and a grid: more than d + 1 functions meet."""
    random = Random(4)
    square = [[a, b, 0] for a in (1, -1) for b in (1, -1)]
    assert sorted(map(len, reduce_arity(square))) == [2, 3, 3]
    cube = [[*row[:2], c, 0] for row in square for c in (1, -1)]
    _assert_same(cube, reduce_arity(cube), random)
    grid = [[a, b, -abs(a) - abs(b)] for a in range(-3, 4) for b in range(-3, 4)]
    _assert_same(grid, reduce_arity(grid), random)


def test_functions_of_one_direction_are_maxima_of_two():
    maps = [[k, 2 * k, -k, -k * k] for k in range(-3, 4)]
    terms = reduce_arity(maps)
    assert max(map(len, terms)) == 2
    _assert_same(maps, terms, Random(5))


def test_of_equal_gradients_only_the_highest_counts():
    assert reduce_arity([[1, 0, 0], [1, 0, 5], [1, 0, 5]]) == {frozenset({1}): 1}


@pytest.mark.parametrize("maps", [[], [[1]], [[1, 2], [1, 2, 3]], 3])
def test_rows_of_other_shapes_are_refused(maps):
    with pytest.raises(UserError, match="rows"):
        reduce_arity(maps)
