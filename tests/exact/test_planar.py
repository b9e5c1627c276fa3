"""Cells of networks of two variables against formulas, clipping in Fractions, and rationals against floats."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

import ratelab as rl
from ratelab.exact._cells_of import LimitReached
from ratelab.exact._planar import planar_cells
from ratelab.exact._planar_subdivision import subdivide
from ratelab.networks import fraction, identity, power, zonotope_family

relu = power(1)
registry = rl.load_plugins(["plugins"])
prelu = registry.activations["prelu(slope=0.25)"]
hard_tanh = rl.Activation(
    "hard_tanh", lambda x: x.clamp(-1, 1), "piecewise polynomial", degree=1, knots=(-1.0, 1.0)
)
HALF, QUARTER = Fraction(1, 2), Fraction(1, 4)
AXES = [(0, 1), (1, 0)]
FOUR = [(QUARTER, HALF), (-HALF, 0), (0, -QUARTER), (-QUARTER, -QUARTER)]
FIVE = [(1, 2), (2, 1), (1, -1), (3, -1), (0, 1)]
BOX = ((Fraction(-2), Fraction(7, 3)), (Fraction(-3, 2), Fraction(2)))


def random_network(seed, digits=None, activations=(relu,), widths=None, outputs=1):
    rng = np.random.default_rng(seed)
    if widths is None:
        widths = rng.integers(1, 7, rng.integers(1, 4)).tolist()
    sizes = (2, *widths, outputs)
    weights = [rng.normal(size=(b, a)) for a, b in zip(sizes, sizes[1:], strict=False)]
    biases = [rng.normal(size=b) * 0.5 for b in sizes[1:]]
    if digits is not None:
        weights, biases = ([np.round(v, digits) for v in part] for part in (weights, biases))
    chosen = [[activations[i] for i in rng.integers(0, len(activations), w)] for w in widths]
    return rl.Network.dense(weights, biases, chosen)


def pieces_of(activation):
    """Knots with slope and intercept of each segment, in Fractions."""
    p = activation.polynomial
    rows = [(*c, Fraction(0))[:2] for c in p.coefficients]
    return [(None, *rows[0])] + [(t, *row) for t, row in zip(p.knots, rows[1:], strict=True)]


def clip(polygon, line):
    """The part of a convex polygon where line ≥ 0, and whether it has area."""
    a, b, c = line
    values = [a * x + b * y + c for x, y in polygon]
    result = []
    for i in range(len(polygon)):
        (p, u), (q, v) = (polygon[i - 1], values[i - 1]), (polygon[i], values[i])
        if u * v < 0:
            t = u / (u - v)
            result.append((p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])))
        if v >= 0:
            result.append(q)
    return result if max(values) > 0 else []


def clipped_cells(network, domain):
    """All cells as {pattern: affine maps of the outputs}, polygon by polygon, in Fractions."""
    (a, b), (c, d) = domain
    square = [(a, c), (b, c), (b, d), (a, d)]
    unit = [(Fraction(1), Fraction(0), Fraction(0)), (Fraction(0), Fraction(1), Fraction(0))]
    cells = [((), square, unit)]
    for layer in network.rational().layers:
        weight = [[fraction(v) for v in row] for row in layer.matrix]
        bias = [fraction(v) for v in layer.bias]
        after = []
        for pattern, polygon, maps in cells:
            lines = [
                tuple(
                    sum(w * m[k] for w, m in zip(row, maps, strict=True)) + (o if k == 2 else 0)
                    for k in range(3)
                )
                for row, o in zip(weight, bias, strict=True)
            ]
            parts = [(pattern, polygon, [])]
            for line, activation in zip(lines, layer.activations, strict=True):
                segments, split = pieces_of(activation), []
                for index, (low, offset, slope) in enumerate(segments):
                    high = segments[index + 1][0] if index + 1 < len(segments) else None
                    for name, region, done in parts:
                        flat = line[:2] == (0, 0)
                        if flat:
                            here = (low is None or line[2] >= low) and (high is None or line[2] < high)
                            kept = region if here else []
                        else:
                            kept = region
                            if low is not None:
                                kept = clip(kept, (line[0], line[1], line[2] - low))
                            if high is not None and kept:
                                kept = clip(kept, (-line[0], -line[1], high - line[2]))
                        if kept:
                            image = (slope * line[0], slope * line[1], slope * line[2] + offset)
                            mark = (index,) if len(segments) > 1 else ()
                            split.append((name + mark, kept, [*done, image]))
                parts = split
            after += parts
        cells = after
    return {pattern: maps for pattern, _, maps in cells}


@pytest.mark.parametrize(
    ("generators", "parameters", "cells", "pieces", "inside"),
    [
        (AXES, [[HALF]] * 2, 20, 17, 16),
        (FOUR, [[HALF]] * 2, 40, 33, 32),
        (FOUR, [[HALF]] * 3, 72, 65, 64),
        (FOUR, [[Fraction(1, 3), Fraction(2, 3)]] * 2, 72, 72, None),
        (FOUR, [[QUARTER, HALF, 3 * QUARTER]] * 2, 136, 129, 128),
        (FIVE, [[Fraction(1, 3), Fraction(2, 3)]] * 2, 90, 90, None),
    ],
)
@pytest.mark.parametrize("arithmetic", ["auto", "rational"])
def test_the_zonotope_families_have_their_known_counts(
    generators, parameters, cells, pieces, inside, arithmetic
):
    found = planar_cells(zonotope_family(generators, parameters), arithmetic=arithmetic)
    assert (found.count("cells"), found.count("pieces")) == (cells, pieces)
    assert found.count("pieces").certain
    if inside is not None and found.exact:
        gauge = [
            sum(abs(a * fraction(x) + b * fraction(y)) for a, b in generators) < 1 for x, y in found.points
        ]
        assert len(set(found.pieces()[gauge].tolist())) == inside


@pytest.mark.parametrize("arithmetic", ["auto", "rational"])
@pytest.mark.parametrize("lines", [1, 2, 3, 5, 8, 13])
def test_lines_in_general_position_make_1_plus_n_plus_n_choose_2_cells(lines, arithmetic):
    network = random_network(lines, widths=[lines])
    found = planar_cells(network, arithmetic=arithmetic)
    assert found.count("cells") == 1 + lines + comb(lines, 2)
    assert len(found.neighbours) == lines**2  # each line is cut into n facets
    assert found.count("pieces") == len(found)


@pytest.mark.parametrize("arithmetic", ["auto", "float", "rational"])
@pytest.mark.parametrize(
    ("lines", "cells"),
    [
        ([(1, 0, k) for k in range(5)], 6),
        ([(0, 2, k) for k in range(4)] + [(3, 0, k) for k in range(3)], 20),
        ([(1, 1, 0), (1, -2, 0), (0, 1, 0), (3, 1, 0)], 8),
        ([(1, 2, 1), (-1, -2, -1), (2, 4, 2)], 2),
        ([(1, 1, 0), (1, 1, 0.5), (-1, -1, 3)], 4),
        ([(0, 0, 1), (0, 0, 0), (0, 0, -1)], 1),
    ],
)
def test_parallel_central_equal_and_missing_lines_count_as_they_should(lines, cells, arithmetic):
    rows = np.array(lines, dtype=float)
    network = rl.Network.dense([rows[:, :2], np.ones((1, len(rows)))], [rows[:, 2], [0.0]])
    assert planar_cells(network, arithmetic=arithmetic).count("cells") == cells


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([None, 0, 1]), st.booleans())
def test_cells_on_a_box_are_those_of_clipping_polygons_in_fractions(seed, digits, mixed):
    activations = (relu, prelu, identity, hard_tanh) if mixed else (relu,)
    widths = np.random.default_rng(seed).integers(1, 5, 1 + seed % 2).tolist()
    network = random_network(seed, digits, activations, widths, outputs=1 + seed % 2)
    found = planar_cells(network, BOX, arithmetic="rational")
    expected = clipped_cells(network, BOX)
    assert {tuple(p) for p in found.patterns.tolist()} == set(expected)
    assert len(found) == len(expected)
    for pattern, gradient, offset in zip(
        found.patterns.tolist(), found.gradients, found.offsets, strict=True
    ):
        maps = [(*map(fraction, row), fraction(c)) for row, c in zip(gradient, offset, strict=True)]
        assert maps == expected[tuple(pattern)]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([None, 0, 1]), st.booleans(), st.booleans())
def test_floats_agree_with_rationals_whenever_they_claim_to_be_certain(seed, digits, mixed, bounded):
    network = random_network(seed, digits, (relu, prelu, identity, hard_tanh) if mixed else (relu,))
    domain = BOX if bounded else None
    exact = planar_cells(network, domain, arithmetic="rational")
    quick = planar_cells(network, domain, arithmetic="float")
    auto = planar_cells(network, domain)
    for definition in ("cells", "pieces", "maps"):
        count = quick.count(definition)
        assert not count.certain or count == exact.count(definition)
    for definition in ("cells", "pieces"):
        assert auto.count(definition).certain
        assert auto.count(definition) == exact.count(definition)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("domain", [None, BOX])
def test_error_bounds_hold_at_every_vertex_and_for_every_map(seed, domain):
    network = random_network(seed, activations=(relu, prelu, hard_tanh), widths=[7, 6, 5])
    quick = subdivide(network, domain, False, True, 10**6)
    exact = subdivide(network, domain, True, True, 10**6)
    table = quick.values._table[:, : len(quick.values.finite)]
    bound = quick.values._bound[:, : len(quick.values.finite)]
    assert table.shape == exact.values._table.shape
    for value, error, true in zip(table.flat, bound.flat, exact.values._table.flat, strict=True):
        assert abs(Fraction(float(value)) - fraction(true)) <= Fraction(float(error))
    floats, rationals = (planar_cells(network, domain, arithmetic=a) for a in ("float", "rational"))
    assert (floats.patterns == rationals.patterns).all()
    for part, errors, true in zip(
        (floats.gradients, floats.offsets),
        floats.errors,
        (rationals.gradients, rationals.offsets),
        strict=True,
    ):
        for value, error, number in zip(part.flat, errors.flat, true.flat, strict=True):
            assert abs(Fraction(float(value)) - fraction(number)) <= Fraction(float(error))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([None, 0]))
def test_polygons_fill_the_box_exactly_and_satisfy_eulers_formula(seed, digits):
    found = planar_cells(random_network(seed, digits, (relu, hard_tanh)), BOX, arithmetic="rational")
    area, vertices, edges = fmpq(0), set(), set()
    for polygon in found.polygons:
        corners = [(x, y) for x, y in polygon]
        twice = sum((p[0] * q[1] - q[0] * p[1] for p, q in zip(corners[-1:] + corners, corners)), fmpq(0))  # noqa: B905
        assert twice > 0
        area += twice / 2
        vertices.update(corners)
        edges.update(frozenset(e) for e in zip(corners[-1:] + corners, corners))  # noqa: B905
    assert fraction(area) == Fraction(13, 3) * Fraction(7, 2)
    assert len(vertices) - len(edges) + len(found) == 1


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([None, 0]), st.booleans())
def test_points_lie_in_their_cells_and_walls_between_neighbours(seed, digits, bounded):
    network = random_network(seed, digits, (relu, prelu), outputs=2)
    found = planar_cells(network, BOX if bounded else None, arithmetic="rational")
    points = np.array([[fraction(v) for v in row] for row in found.points], dtype=object)
    values = network(points)
    for i, (gradient, offset) in enumerate(zip(found.gradients, found.offsets, strict=True)):
        for k in range(2):
            here = sum(fraction(g) * x for g, x in zip(gradient[k], points[i], strict=True))
            assert here + fraction(offset[k]) == values[i, k]
    for (i, j), wall in zip(found.neighbours, found.walls, strict=True):
        a, b, c = map(fraction, wall)
        first, second = (a * points[m, 0] + b * points[m, 1] + c for m in (i, j))
        assert first * second < 0
        # on the wall the two maps agree
        difference = found.gradients[i] - found.gradients[j]
        assert all(fraction(d[0]) * b == fraction(d[1]) * a for d in difference)


def test_every_pattern_met_on_a_fine_grid_is_a_cell():
    network = random_network(5, widths=[6, 5])
    found = {tuple(p) for p in planar_cells(network, ((-2, 2), (-2, 2))).patterns.tolist()}
    x = np.stack(np.meshgrid(*[np.linspace(-1.99, 1.99, 300)] * 2), axis=-1).reshape(-1, 2)
    hidden, signs = x.T, []
    for layer in network.layers[:-1]:
        before = layer.weight @ hidden + layer.bias[:, None]
        signs.append(before >= 0)
        hidden = np.maximum(before, 0)
    met = {tuple(column) for column in np.concatenate(signs).T.astype(int).tolist()}
    assert met <= found
    assert len(met) > 0.8 * len(found)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("activation", [relu, prelu])
def test_floats_prove_all_counts_of_generic_networks(seed, activation):
    found = planar_cells(random_network(seed, None, (activation,), [9, 8]), arithmetic="float")
    assert all(found.count(definition).certain for definition in ("cells", "pieces"))


def test_error_bounds_do_not_grow_with_the_number_of_lines():
    network = random_network(1, widths=[120])
    values = subdivide(network, ((-4, 4), (-4, 4)), False, True, 10**6).values
    assert values._bound[:, : len(values.finite)].max() < 2e-11


def test_dead_neurons_make_cells_but_no_pieces_and_floats_prove_it():
    rng = np.random.default_rng(2)
    weights = [rng.normal(size=(4, 2)), rng.normal(size=(3, 4)), rng.normal(size=(1, 3))]
    weights[1][:, 1] = 0.0
    weights[2][:, 2] = 0.0
    found = planar_cells(rl.Network.dense(weights, [rng.normal(size=4), rng.normal(size=3), [0.0]]))
    assert not found.exact
    assert found.count("pieces").certain
    assert found.count("pieces") < found.count("cells")


def test_a_pair_that_carries_the_identity_makes_two_cells_and_one_piece():
    network = rl.Network.dense([[[1.0, 3.0], [-1.0, -3.0]], [[1.0, -1.0]]], [[0.3, -0.3], [0.1]])
    found = planar_cells(network)
    assert (found.count("cells"), found.count("pieces"), found.count("maps")) == (2, 1, 1)


def test_undecided_signs_make_floats_uncertain_and_auto_exact():
    third = 1 / 3
    # the third line passes through the crossing of the first two up to rounding, or a little beside it
    weights = [[[1.0, 0.7], [0.3, -1.0], [1.3, -0.3]], [[1.0, 1.0, 1.0]]]
    network = rl.Network.dense(weights, [[third, 0.1, third + 0.1], [0.0]])
    assert not planar_cells(network, arithmetic="float").certain
    assert planar_cells(network).exact
    assert planar_cells(network).count("cells") == planar_cells(network, arithmetic="rational").count("cells")


def test_more_cells_than_the_limit_are_an_error_that_tells_the_count():
    network = random_network(1, widths=[20])
    with pytest.raises(LimitReached, match="more than 50 cells") as caught:
        planar_cells(network, limit=50)
    assert 50 < caught.value.counted <= 211
    assert len(planar_cells(network, limit=211)) == 211


@pytest.mark.parametrize(
    ("network", "domain", "message"),
    [
        (rl.Network.dense([[[1.0]]], [[0.0]]), None, "2 inputs"),
        (random_network(1), ((0, 1),), "2 pairs"),
        (random_network(1), ((0, 1), (1, 1)), "lower < upper"),
        (random_network(1, activations=(registry.activations["tanh"],)), None, "not piecewise linear"),
    ],
)
def test_what_does_not_fit_is_an_error(network, domain, message):
    with pytest.raises(rl.UserError, match=message):
        planar_cells(network, domain)
