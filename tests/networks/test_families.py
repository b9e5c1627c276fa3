"""The hard families take the values and have the pieces that their definitions say."""

from fractions import Fraction
from math import comb, prod

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import ConvexHull

from ratelab import Network, UserError
from ratelab.networks import (
    Counts,
    composed_tents,
    composed_zigzag,
    random_simplex,
    tents,
    zigzag,
    zonotope,
    zonotope_family,
)

Line = tuple[Fraction, Fraction]
"""Slope and offset."""


def tent(breakpoints: tuple[Fraction, ...], height: Fraction, x: Fraction) -> Fraction:
    """h_a(x) by interpolation, from the definition."""
    ends = (Fraction(0), *breakpoints, height)
    if x <= 0:
        return Fraction(0)
    i = max(j for j in range(len(ends) - 1) if ends[j] <= x)
    values = [height * (j % 2) for j in (i, i + 1)]
    return values[0] + (values[1] - values[0]) * (x - ends[i]) / (ends[i + 1] - ends[i])


def pieces(network: Network, low: Fraction, high: Fraction) -> int:
    """Count the pieces of a ReLU network R → R on an interval: cut at every kink, layer by layer, in Fractions."""
    cells: list[tuple[Fraction, Fraction, list[Line]]] = [(low, high, [(Fraction(1), Fraction(0))])]
    for depth, layer in enumerate(network.layers):
        weight = [[Fraction(str(v)) for v in row] for row in layer.matrix]
        bias = [Fraction(str(v)) for v in layer.bias]
        following = []
        for a, b, lines in cells:
            read = [
                (
                    sum((w * s for w, (s, _) in zip(row, lines, strict=True)), Fraction(0)),
                    sum((w * c for w, (_, c) in zip(row, lines, strict=True)), offset),
                )
                for row, offset in zip(weight, bias, strict=True)
            ]
            if depth == network.depth - 1:
                following.append((a, b, read))
                continue
            cuts = {-c / s for s, c in read if s and a < -c / s < b}
            ends = [a, *sorted(cuts), b]
            for u, v in zip(ends, ends[1:], strict=False):
                middle = (u + v) / 2
                zero = (Fraction(0), Fraction(0))
                following.append((u, v, [(s, c) if s * middle + c > 0 else zero for s, c in read]))
        cells = following
    maps = [lines[0] for _, _, lines in cells]
    return 1 + sum(a != b for a, b in zip(maps, maps[1:], strict=False))


@settings(max_examples=40)
@given(st.integers(2, 7), st.integers(1, 3), st.integers(0, 10**6), st.fractions("1/9", 9))
def test_composed_tents_take_the_values_of_the_definition(
    width: int, count: int, seed: int, height: Fraction
) -> None:
    parameters = random_simplex(width, count, np.random.default_rng(seed), height, denominator=30)
    network = composed_tents(parameters, height)
    points = [height * Fraction(i, 12) for i in range(-3, 17)] + list(parameters[0])
    expected = []
    for x in points:
        for a in parameters:
            x = tent(a, height, x)
        expected.append(x)
    assert network.exact and network([[x] for x in points])[:, 0].tolist() == expected
    assert network.widths == (width,) * count and network.strict


def test_tents_alternate_between_zero_and_the_height() -> None:
    a = (Fraction(1, 5), Fraction(1, 2), Fraction(3, 2))
    h = tents(a, 2)
    assert h([[x] for x in (Fraction(-3), Fraction(0), *a, Fraction(2))])[:, 0].tolist() == [0, 0, 2, 0, 2, 0]
    assert h([[Fraction(5, 2)]])[0, 0] == -2  # the last piece goes on
    assert Counts.of(h) == Counts(2, 8, 4)


@pytest.mark.parametrize(
    ("width", "count"), [(w, k) for w in range(2, 9) for k in range(1, 5) if w**k <= 700]
)
def test_tents_have_exactly_w_to_the_k_pieces(width: int, count: int) -> None:
    network = composed_tents(random_simplex(width, count, np.random.default_rng(width + 10 * count)))
    assert pieces(network, Fraction(0), Fraction(1)) == width**count
    whole = pieces(network, Fraction(-1000), Fraction(1000))
    assert whole == (width**count + 1 if width % 2 else width + 1 if count == 1 else width**count + 2)


def test_tents_of_unequal_widths_multiply_their_pieces() -> None:
    generator = np.random.default_rng(3)
    parameters = [random_simplex(w, 1, generator)[0] for w in (3, 2, 5, 4)]
    network = composed_tents(parameters)
    assert network.widths == (3, 2, 5, 4) and pieces(network, Fraction(0), Fraction(1)) == 120


@pytest.mark.parametrize(
    "widths",
    [(3,), (4,), (7,), (8,), (3, 3, 3), (4, 4), (5, 6), (3, 5, 4), (4, 3, 6), (8, 3, 3), (3, 4, 5, 3)],
)
def test_zigzags_attain_the_bound_on_pieces(widths: tuple[int, ...]) -> None:
    network = composed_zigzag(widths)
    expected = prod(w + 1 for w in widths)
    assert network.exact and network.widths == widths
    assert pieces(network, Fraction(0), Fraction(1)) == expected
    assert pieces(network, Fraction(-1000), Fraction(1000)) == expected


@pytest.mark.parametrize("width", range(3, 10))
def test_every_piece_of_a_zigzag_covers_the_unit_interval(width: int) -> None:
    q = width + 1
    values = zigzag(width)([[Fraction(i, q)] for i in range(q + 1)])[:, 0].tolist()
    assert values[1:-1] == [Fraction((i + 1) % 2) for i in range(1, q)]
    assert all(min(a, b) <= 0 and max(a, b) >= 1 for a, b in zip(values, values[1:], strict=False))


def test_the_zigzag_of_three_neurons_is_the_known_one() -> None:
    x = [Fraction(i, 16) for i in range(-8, 25)]
    zero = Fraction(0)
    quarter, half = Fraction(1, 4), Fraction(1, 2)
    expected = [
        8 * max(t - quarter, zero) - 8 * max(half - t, zero) + 12 * max(3 * quarter - t, zero) - 4 for t in x
    ]
    assert zigzag(3)([[t] for t in x])[:, 0].tolist() == expected


def test_float_parameters_give_the_rational_weights_rounded_once() -> None:
    generator = np.random.default_rng(11)
    parameters = [np.sort(generator.random(3)) for _ in range(4)]
    rounded = composed_tents(parameters)
    exact = composed_tents([[Fraction(v) for v in a] for a in parameters])
    assert not rounded.exact and exact.exact
    for a, b in zip(rounded.layers, exact.float64().layers, strict=True):
        assert (a.weight == b.weight).all() and (a.bias == b.bias).all()
    assert tents([fmpq(1, 3)]).exact and not tents([1], 3).exact
    np.testing.assert_allclose(tents([1], 3)([[1.0], [3.0]]), [[3.0], [0.0]], atol=1e-15)


@settings(max_examples=40)
@given(st.integers(1, 4), st.integers(1, 5), st.integers(0, 10**6))
def test_the_gauge_of_a_zonotope_is_its_support_function(dimension: int, count: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    generators = generator.integers(1, 10, (count, dimension)) * (
        2 * generator.integers(0, 2, (count, 1)) - 1
    )
    rows = [[Fraction(int(v), 3) for v in row] for row in generators]
    gauge = zonotope(rows)
    signs = np.array(np.meshgrid(*[[-1, 1]] * count)).reshape(count, -1).T
    vertices = signs.astype(object) @ np.array(rows, dtype=object)
    x = [[Fraction(int(v)) for v in row] for row in generator.integers(-9, 10, (6, dimension))]
    expected = [max(vertices @ np.array(r, dtype=object)) for r in x]
    assert gauge(x)[:, 0].tolist() == expected
    assert Counts.of(gauge).neurons == 2 * count and gauge.depth == 2 and not any(gauge.layers[0].bias)


@pytest.mark.parametrize(("dimension", "count"), [(n, m) for n in (2, 3, 4) for m in range(n, 9)])
def test_generic_gauges_are_the_maximum_of_twice_a_sum_of_binomials(dimension: int, count: int) -> None:
    generators = np.random.default_rng(count).integers(-99, 100, (count, dimension)).astype(float)
    signs = np.array(np.meshgrid(*[[-1, 1]] * count)).reshape(count, -1).T
    corners = (signs @ generators)[ConvexHull(signs @ generators).vertices]
    assert len(corners) == 2 * sum(comb(count - 1, i) for i in range(dimension))
    x = np.random.default_rng(0).integers(-9, 10, (50, dimension)).astype(float)
    assert (zonotope(generators)(x)[:, 0] == (x @ corners.T).max(axis=1)).all()


def test_the_zonotope_family_is_tents_of_the_gauge() -> None:
    b = [[Fraction(1, 4), Fraction(1, 2)], [Fraction(-1, 2), 0], [0, Fraction(-1, 4)], [Fraction(-1, 4)] * 2]
    for parameters, height in (
        ([[Fraction(1, 2)]] * 2, 1),
        (random_simplex(3, 3, np.random.default_rng(0), 2), 2),
    ):
        width, count = len(parameters[0]) + 1, len(parameters)
        network = zonotope_family(b, parameters, height)
        assert network.depth == count + 2 and network.neurons == 2 * 4 + width * count
        x = [[Fraction(i % 5 - 2, 3), Fraction(i * i % 7 - 3, 2)] for i in range(20)]
        gauge = zonotope(b)(x)
        assert (network(x) == composed_tents(parameters, height)(gauge.tolist())).all()
    assert not zonotope_family([[1.0, 0.5]], [[0.5]]).exact
    assert zonotope_family([[1.0, 0.5]], [[Fraction(1, 2)]]).exact


def test_random_parameters_depend_on_the_generator_alone_and_are_valid() -> None:
    draws = [random_simplex(6, 20, np.random.default_rng(1), Fraction(3, 2), 7) for _ in range(2)]
    assert draws[0] == draws[1] and len(draws[0]) == 20
    assert all(a[0] > 0 and a[-1] < Fraction(3, 2) and sorted(set(a)) == list(a) for a in draws[0])
    assert len(random_simplex(3, 1, np.random.default_rng(0), denominator=2**40)[0]) == 2


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: tents([]), "at least one breakpoint"),
        (lambda: tents([Fraction(1, 2), Fraction(1, 2)]), "0 < a_1 < a_2"),
        (lambda: tents([0.5, 1.0]), "0 < a_1 < a_2 < … < 1"),
        (lambda: tents([0.0]), "allowed: at least one breakpoint"),
        (lambda: tents([float("nan")]), "no finite number"),
        (lambda: tents([0.5], 0), "height is 0"),
        (lambda: tents(0.5), "lists of numbers"),  # type: ignore[arg-type]
        (lambda: tents(["a"]), "no exact number"),
        (lambda: tents([[0.2], [0.1, 0.3]]), "no exact number|lists of numbers"),
        (lambda: composed_tents([]), "at least one list"),
        (lambda: composed_tents([[0.5], [0.7, 0.6]]), "parameter 2"),
        (lambda: zigzag(2), "width is 2; allowed: whole numbers from 3"),
        (lambda: composed_zigzag([3, 3.5]), "width is 3.5"),  # type: ignore[list-item]
        (lambda: composed_zigzag([]), "at least one width"),
        (lambda: zonotope([[1.0, 0.0], [0.0, 0.0]]), "generator 2 is zero"),
        (lambda: zonotope([[1.0], [0.0, 0.0]]), "of one length"),
        (lambda: zonotope([[float("inf")]]), "finite"),
        (lambda: zonotope([]), "shape"),
        (lambda: random_simplex(1, 1, np.random.default_rng(0)), "width is 1"),
        (lambda: random_simplex(3, 0, np.random.default_rng(0)), "count is 0"),
        (lambda: random_simplex(9, 1, np.random.default_rng(0), denominator=8), "denominator is 8"),
        (lambda: random_simplex(3, 1, np.random.default_rng(0), -1), "height is -1"),
    ],
)
def test_wrong_parameters_are_explained(call, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UserError, match=words):
        call()
