"""Pieces of networks of one variable: against known families and a plain count in Fractions."""

import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import UserError
from ratelab.exact import LimitReached, count_pieces, piecewise_linear
from ratelab.exact._cells_of import DIFFERENT, LIMIT, UNDECIDED
from ratelab.exact._line import line_cells
from ratelab.exact._line_float import float_line
from ratelab.exact._linear_activation import linear_layers
from ratelab.networks import Network, fraction, identity, power, rational
from ratelab.registry import Activation, PiecewisePolynomial

F = Fraction


def activation(name, knots, *pieces):
    return Activation(
        name,
        lambda x: x,
        regularity="piecewise polynomial",
        degree=1,
        knots=tuple(knots),
        pieces=PiecewisePolynomial(tuple(map(F, knots)), tuple(tuple(map(F, p)) for p in pieces)),
    )


relu = power(1)
prelu = activation("prelu", [0], (0, F(1, 10)), (0, 1))
clip = activation("clip", [0, 1], (0,), (0, 1), (1,))
roof = activation("roof", [F(-1, 3), F(1, 2), 2], (0,), (F(1, 3), 1), (F(5, 6), 0), (F(29, 6), -2))


def tents(parameters):
    """The composition of h_a, innermost first: 0 below 0, then up to 1 and down to 0 between the breakpoints."""
    weights, biases, outer = [], [], None
    for a in parameters:
        x = [F(0), *a, F(1)]
        y = [F(i % 2) for i in range(len(x))]
        slopes = [F(0), *((q - p) / (t - s) for s, t, p, q in zip(x, x[1:], y, y[1:], strict=False))]
        weights.append([[F(1)] if outer is None else list(outer) for _ in x[:-1]])
        biases.append([-t for t in x[:-1]])
        outer = [t - s for s, t in zip(slopes, slopes[1:], strict=False)]
    return Network.dense([*weights, [outer]], [*biases, [F(0)]])


def breakpoints_of_tent(source, width, denominator=97):
    return [F(i, denominator) for i in sorted(source.sample(range(1, denominator), width - 1))]


def random_tents(width, depth, seed):
    source = random.Random(1000 * width + 10 * depth + seed)
    return tents([breakpoints_of_tent(source, width) for _ in range(depth)])


def zigzag(widths):
    """The composition of zigzags with w + 1 pieces of slopes ∓(w + 1) from w neurons (w ≥ 3)."""
    weights, biases, outer, shift = [], [], [F(1)], F(0)
    for w in widths:
        slopes = [F((-1) ** (i + 1) * (w + 1)) for i in range(w)] + [F(2 * (w + 1) * (-1) ** (w + 1))]
        knots = [F(i, w + 1) for i in range(1, w + 1)]
        sign = [F(1) if i == (0 if w % 2 else 1) else F(-1) for i in range(w)]
        weights.append([[s * o for o in outer] for s in sign])
        biases.append([s * (shift - t) for s, t in zip(sign, knots, strict=True)])
        outer = [b - a for a, b in zip(slopes, slopes[1:], strict=False)]
        shift = -sum(c * max(F(0), s * (knots[0] - t)) for c, s, t in zip(outer, sign, knots, strict=True))
    return Network.dense([*weights, [outer]], [*biases, [shift]])


KINDS = ("gauss", "whole", "digit", "halves", "fractions", "twins")


def random_network(seed, kind, largest=12):
    """A network with gaps, of mixed activations; the kinds other than gauss meet degenerate positions."""
    rng = np.random.default_rng(seed)
    sizes = [
        1,
        *(int(rng.integers(1, largest + 1)) for _ in range(rng.integers(1, 4))),
        int(rng.integers(1, 3)),
    ]
    gaps = 0.6 if rng.random() < 0.4 else 1.0
    weights, biases = [], []
    for n, m in zip(sizes, sizes[1:], strict=False):
        w, b = rng.standard_normal((m, n)) * (rng.random((m, n)) < gaps), rng.standard_normal(m)
        if kind == "whole":
            w, b = np.round(w), np.round(b)
        if kind == "digit":
            w, b = np.round(w, 1), np.round(b, 1)
        if kind == "halves":
            w, b = np.round(2 * w) / 2, np.round(2 * b) / 2 * (rng.random(m) < 0.5)
        if kind == "twins" and m > 1:
            w[m // 2], b[m // 2] = -w[0], -b[0]
        weights.append(w)
        biases.append(b)
    if kind == "fractions":
        weights = [[[F(int(10 * v), 7) for v in row] for row in w] for w in weights]
        biases = [[F(int(10 * v), 7) for v in b] for b in biases]
    pool = [[relu], [relu, identity], [prelu, relu], [clip], [roof, relu, identity, clip]][rng.integers(5)]
    hidden = [[pool[rng.integers(len(pool))] for _ in range(n)] for n in sizes[1:-1]]
    return Network.dense(weights, biases, hidden)


def plain_kinks(network, ends=None):
    """Kinks of a network in Fractions, by evaluation alone: all points where a pre-activation may meet a knot."""
    layers = network.rational().layers
    numbers = [
        ([[F(int(v.p), int(v.q)) for v in row] for row in a.weight], [F(int(v.p), int(v.q)) for v in a.bias])
        for a in layers
    ]

    def upto(x, count):
        value = [x]
        for index in range(count + 1):
            value = [
                sum(w * v for w, v in zip(row, value, strict=True)) + b
                for row, b in zip(*numbers[index], strict=True)
            ]
            if index < count:
                value = [a.polynomial(v) for a, v in zip(layers[index].activations, value, strict=True)]
        return value

    low, high = (None, None) if ends is None else ends
    points = [F(0)] if ends is None else [F(low), F(high)]
    for index, layer in enumerate(layers[:-1]):
        stretches = list(zip(points, points[1:], strict=False))
        if ends is None:
            stretches += [(points[0] - 1, points[0]), (points[-1], points[-1] + 1)]
        found = set(points)
        for s, t in stretches:
            for p, q, a in zip(upto(s, index), upto(t, index), layer.activations, strict=True):
                for knot in a.polynomial.knots:
                    if p != q:
                        x = s + (knot - p) / (q - p) * (t - s)
                        left = t == points[0] if ends is None else False
                        right = s == points[-1] if ends is None else False
                        if (left or s <= x) and (right or x <= t):
                            found.add(x)
        points = sorted(found)
    inner = points if ends is None else points[1:-1]
    around = [points[0] - 1, *points, points[-1] + 1] if ends is None else points
    last = len(layers) - 1
    value = {x: upto(x, last) for x in around}
    kinks = []
    for x in inner:
        i = around.index(x)
        s, t = around[i - 1], around[i + 1]
        left = [(b - a) / (x - s) for a, b in zip(value[s], value[x], strict=True)]
        right = [(b - a) / (t - x) for a, b in zip(value[x], value[t], strict=True)]
        if left != right:
            kinks.append(x)
    return kinks


SMALL = [(w, k) for w in range(2, 9) for k in range(1, 6) if w**k <= 1296]


@pytest.mark.parametrize("arithmetic", ["float", "rational"])
def test_composed_tents_have_w_to_the_k_pieces_on_the_interval_and_the_known_number_on_the_line(arithmetic):
    for w, k in SMALL:
        network = random_tents(w, k, seed=3)
        outside = 1 if w % 2 or k == 1 else 2
        assert count_pieces(network, [(0, 1)], arithmetic=arithmetic) == w**k, (w, k)
        assert count_pieces(network, None, arithmetic=arithmetic) == w**k + outside, (w, k)


def test_the_largest_tents_are_counted_right_in_floats():
    network = random_tents(8, 5, seed=0)
    count = count_pieces(network, [(0, 1)], arithmetic="float")
    assert count == 32768
    # peaks lie exactly on the next layer's kinks, which floats cannot prove
    assert not count.certain


@pytest.mark.parametrize("widths", [(3,), (4,), (8,), (3, 5, 4), (4, 3, 6), (8, 3, 3), (3, 4, 5, 3)])
def test_zigzags_attain_the_product_of_the_widths_plus_one(widths):
    network, expected = zigzag(widths), int(np.prod([w + 1 for w in widths]))
    for domain in (None, [(0, 1)]):
        assert count_pieces(network, domain, arithmetic="rational") == expected
        assert count_pieces(network, domain, arithmetic="float") == expected


@pytest.mark.parametrize("kind", KINDS)
def test_rational_kinks_are_those_of_a_plain_count_in_fractions(kind):
    for seed in range(12):
        network = random_network(seed, kind, largest=4)
        for domain in (None, (F(-1, 3), F(5, 2))):
            found = piecewise_linear(network, None if domain is None else [domain], arithmetic="rational")
            assert list(found.knots) == plain_kinks(network, domain), (kind, seed, domain)


@pytest.mark.parametrize("kind", KINDS)
def test_what_floats_are_certain_of_is_true(kind):
    certain = 0
    for seed in range(40):
        network = random_network(seed, kind)
        domain = [None, [(0, 1)], [(F(-1, 3), 2.5)]][seed % 3]
        for definition in ("pieces", "cells", "maps"):
            count = count_pieces(network, domain, definition, "float")
            certain += count.certain
            if count.certain:
                exact = count_pieces(network, domain, definition, "rational")
                assert count == exact, (kind, seed, definition)
    assert certain >= (60 if kind in ("whole", "halves") else 100)


@pytest.mark.parametrize("kind", ["gauss", "digit", "fractions", "twins"])
def test_float_maps_lie_within_their_bounds(kind):
    checked = 0
    for seed in range(25):
        network = random_network(seed, kind)
        found, exact = line_cells(network, arithmetic="float"), line_cells(network, arithmetic="rational")
        if not found.certain:
            continue
        checked += 1
        assert (found.patterns == exact.patterns).all()
        decided = found.equal != UNDECIDED
        assert (found.equal[decided] == exact.equal[decided]).all()
        for rounded, true, bound in zip(
            (found.gradients, found.offsets), (exact.gradients, exact.offsets), found.errors, strict=True
        ):
            for r, t, b in zip(rounded.flat, true.flat, bound.flat, strict=True):
                assert abs(rational(r) - t) <= rational(b)
    assert checked >= 20


@pytest.mark.parametrize("kind", ["gauss", "digit", "twins"])
def test_short_stretches_of_the_line_give_the_same_as_one_long(kind):
    for seed in range(10):
        network = random_network(seed, kind)
        pieces = linear_layers(network)
        for ends in (None, (F(-2), F(2))):
            whole = float_line(network, pieces, ends, LIMIT, True)
            parts = float_line(network, pieces, ends, LIMIT, True, block=1)
            if whole.certain and parts.certain:
                assert (whole.patterns == parts.patterns).all()
                assert np.allclose(whole.walls, parts.walls, rtol=1e-9)


def test_long_lines_are_worked_on_in_stretches_and_counted_right():
    network = random_tents(6, 4, seed=1)
    found = float_line(network, linear_layers(network), (F(0), F(1)), LIMIT, False, block=1)
    assert (found.equal == DIFFERENT).sum() + 1 == 6**4


def test_cells_hold_their_points_and_evaluate_the_network():
    for seed in range(10):
        network = random_network(seed, "fractions", largest=5)
        for domain in (None, [(-2, F(7, 3))]):
            found = line_cells(network, domain, arithmetic="rational")
            values = network([[fraction(x) for x in point] for point in found.points])
            maps = found.gradients[:, :, 0] * found.points + found.offsets
            assert (values == np.vectorize(fraction, otypes=[object])(maps)).all()
            assert found.neighbours.tolist() == [[i, i + 1] for i in range(len(found) - 1)]
            for (i, j), (a, b) in zip(found.neighbours, found.walls, strict=True):
                assert a * found.points[i, 0] + b < 0 < a * found.points[j, 0] + b


def test_the_function_agrees_with_the_network_everywhere():
    for seed in range(15):
        network = random_network(seed, "fractions", largest=6)
        function = piecewise_linear(network)
        places = [F(i, 7) for i in range(-30, 30)] + list(function.knots)
        values = network([[x] for x in places])
        expected = values[:, 0] if network.outputs == 1 else values
        assert (function(places) == expected).all()


def test_a_pair_of_opposite_neurons_is_proved_to_have_no_kink_in_floats():
    carried = Network.dense(
        [[[0.3], [-0.3]], [[1.7, -1.7], [-1.7, 1.7]], [[2.1, -2.1]]], [[0.1, -0.1], [0.0, 0.0], [0.7]]
    )
    count = count_pieces(carried, None, "pieces", "float")
    assert (count, count.certain) == (1, True)
    assert count_pieces(carried, None, "cells", "float") == 2


def test_neurons_with_one_kink_are_known_to_be_proportional_only_if_they_are():
    equal = Network.dense([[[3.0], [7.0]], [[1.0, 1.0]]], [[0.75, 1.75], [0.0]])
    nearly = Network.dense([[[3.0], [7.0]], [[1.0, 1.0]]], [[0.75, np.nextafter(1.75, 2)], [0.0]])
    assert count_pieces(equal, None, "cells", "float") == 2
    assert count_pieces(equal, None, "cells", "float").certain
    assert not count_pieces(nearly, None, "cells", "float").certain
    assert count_pieces(nearly, None, "cells") == 3


def test_neurons_without_a_path_to_the_output_count_as_cells_but_not_as_pieces():
    network = Network.dense([[[1.0], [1.0], [1.0]], [[1.0, 0.0, 0.0]]], [[0.1, 0.2, 0.3], [0.0]])
    assert count_pieces(network, None, "cells") == 4
    assert count_pieces(network) == 2
    dead = Network.dense([[[1.0], [1.0]], [[0.0, 0.0]], [[3.0]]], [[0.1, 0.2], [1.0], [0.0]])
    assert [count_pieces(dead, None, d) for d in ("pieces", "cells", "maps")] == [1, 3, 1]


def test_constant_neurons_split_nothing():
    network = Network.dense([[[0.0], [0.0], [1.0]], [[1.0, 2.0, 1.0]]], [[0.0, -1.0, 0.5], [0.0]])
    for arithmetic in ("float", "rational"):
        assert count_pieces(network, None, "cells", arithmetic) == 2
        assert count_pieces(network, None, "cells", arithmetic).certain


def test_kinks_at_the_ends_or_outside_an_interval_do_not_count():
    network = Network.dense([[[1.0], [1.0], [1.0]], [[1.0, 1.0, 1.0]]], [[0.0, -1.0, -3.0], [0.0]])
    for arithmetic in ("float", "rational"):
        count = count_pieces(network, [(0, 1)], "cells", arithmetic)
        assert (count, count.certain) == (1, True)
        assert count_pieces(network, [(-1, 2)], "cells", arithmetic) == 3


def test_equal_maps_far_apart_are_one_map_and_two_pieces():
    bump = Network.dense([[[1]] * 3, [[1, -2, 1]]], [[F(0), -1, -2], [0]])
    assert count_pieces(bump, None, "pieces") == 4
    assert count_pieces(bump, None, "maps") == 3


def test_an_affine_network_is_one_piece():
    network = Network.dense([[[2.0]]], [[1.0]])
    assert [count_pieces(network, d) for d in (None, [(0, 1)])] == [1, 1]
    function = piecewise_linear(network)
    assert (function.pieces, function.slope_left, function.intercept) == (1, 2.0, 1.0)


def test_numbers_beyond_float64_are_counted_in_rationals():
    huge = Network.dense([[[F(10) ** 400], [F(1)]], [[1, 1]]], [[F(-1), F(1, 3)], [0]])
    assert count_pieces(huge) == 3
    assert count_pieces(huge).arithmetic == "rational"
    with pytest.raises(UserError, match="range of float64"):
        count_pieces(huge, arithmetic="float")
    tiny = Network.dense([[[1e-200], [1.0]], [[1e-200, 1.0]]], [[-1e-200, 0.5], [0.0]])
    assert not count_pieces(tiny, arithmetic="float").certain
    assert count_pieces(tiny) == 3


def test_the_limit_stops_the_count_and_says_how_far_it_came():
    network = random_tents(4, 4, seed=0)
    for arithmetic in ("float", "rational"):
        with pytest.raises(LimitReached, match="more than 100 cells") as caught:
            count_pieces(network, [(0, 1)], arithmetic=arithmetic, limit=100)
        assert 100 < caught.value.counted <= 256
        assert count_pieces(network, [(0, 1)], arithmetic=arithmetic, limit=256) == 256


def test_several_outputs_bend_together():
    network = Network.dense([[[1], [1]], [[1, 0], [0, 1]]], [[F(0), F(-1)], [0, 0]])
    function = piecewise_linear(network)
    assert function.pieces == 3
    assert (function(F(2)) == [2, 1]).all()


@given(
    st.lists(st.tuples(st.integers(-2, 2), st.integers(-2, 2), st.integers(-2, 2)), min_size=1, max_size=5),
    st.lists(st.integers(-2, 2), min_size=7, max_size=7),
    st.sampled_from([relu, prelu, clip, roof, identity]),
)
@settings(max_examples=60)
def test_degenerate_small_networks_have_the_kinks_of_a_plain_count(neurons, second, bend):
    first = [[a] for a, _, _ in neurons]
    weights = [first, [[c for _, _, c in neurons], [1] * len(neurons)], [[second[0], second[1]]]]
    biases = [[b for _, b, _ in neurons], second[2:4], [second[4]]]
    network = Network.dense(weights, biases, [[bend] * len(neurons), [relu, bend]])
    expected = plain_kinks(network)
    assert list(piecewise_linear(network, arithmetic="rational").knots) == expected
    count = count_pieces(network)
    assert (count, count.certain) == (len(expected) + 1, True)
