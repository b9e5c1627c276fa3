"""Certificates of zero: complete on constructed networks, never wrong."""

from fractions import Fraction
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import UserError
from ratelab.exact._cube_union import CubeUnion
from ratelab.exact._half_space import HalfSpace
from ratelab.exact._vanishes import vanishes
from ratelab.networks import Layer, Network, add, cube_indicator, identity, power, scale
from ratelab.networks._box_mask import box_mask
from ratelab.networks._tensor_hats import tensor_hats
from ratelab.registry import Box, Boxes

RELU = power(1)


def hats(nodes, values, spacing):
    """Σ v_k ρ(1 − ρ(t_k) − ρ(−t_k)), t_k = x/h − k, in one variable."""
    count = len(nodes)
    inverse = 1 / Fraction(spacing)
    number = float if inverse.denominator == 1 else lambda v: v
    first = [[number(s * inverse)] for _ in nodes for s in (1, -1)]
    bias = [number(-s * Fraction(int(k))) for k in nodes for s in (1, -1)]
    second = np.zeros((count, 2 * count)) - np.kron(np.eye(count), np.ones((1, 2)))
    return Network.dense([first, second, [list(map(float, values))]], [bias, [1.0] * count, [0.0]])


def mask(boxes, margin, union="min"):
    """ρ(s) − ρ(s − 1) or 1 − ρ(1 − s), s the sum of ρ(1 − Σ_i [ρ(a_i − x_i) + ρ(x_i − b_i)]/δ) over boxes."""
    rows, bias, blocks = [], [], []
    dimension = len(boxes[0][0])
    for low, high in boxes:
        for axis in range(dimension):
            for sign, end in ((-1.0, low[axis]), (1.0, high[axis])):
                rows.append([sign * (axis == i) for i in range(dimension)])
                bias.append(-sign * end)
        blocks.append(np.full(2 * dimension, -1 / margin))
    second = np.zeros((len(boxes), len(rows)))
    for index, block in enumerate(blocks):
        second[index, index * 2 * dimension : (index + 1) * 2 * dimension] = block
    ones = np.ones((1, len(boxes)))
    if union == "min":
        last = [np.vstack([ones, ones]), [[1.0, -1.0]]], [[0.0, -1.0], [0.0]]
    else:
        last = [-ones, [[-1.0]]], [[1.0], [1.0]]
    return Network.dense([rows, second, *last[0]], [bias, [1.0] * len(boxes), *last[1]])


def line_cells(low, high, count):
    edges = np.linspace(low, high, count + 1)
    return np.vstack([[-inf], edges[:-1, None], [high]]), np.vstack([[low], edges[1:, None], [inf]])


@pytest.mark.parametrize("exponent", [2, 3, 5, 7])
def test_hats_on_dyadic_grids_are_0_up_to_their_grid_lines(exponent):
    h = Fraction(1, 2**exponent)
    nodes = np.arange(-int(Fraction(7, 10) / h), int(Fraction(7, 10) / h) + 1)
    network = hats(nodes, 1 - abs(nodes * float(h)) / 0.7, h)
    ends = float((nodes[0] - 1) * h), float((nodes[-1] + 1) * h)
    rays = np.array([[-inf], [ends[1]]]), np.array([[ends[0]], [inf]])
    found = vanishes(network, rays)
    assert found and found.share == 1.0
    assert (found.values[0] == 0).all() and (found.values[1] == 0).all()
    # one float further in is not 0
    inside = np.array([[-inf]]), np.array([[np.nextafter(ends[0], inf)]])
    assert not vanishes(network, inside)


def test_hats_on_grids_that_are_not_dyadic_need_rationals():
    h = Fraction(1, 10)
    network = hats([-1, 0, 1], [0.5, 1, 0.5], h)
    network = Network([*network.rational().layers])
    rays = (
        np.array([[-inf], [Fraction(2, 10)]], dtype=object),
        np.array([[Fraction(-2, 10)], [inf]], dtype=object),
    )
    assert vanishes(network, rays, arithmetic="rational")
    thirds = hats([0], [1.0], Fraction(2, 3))
    assert thirds.exact
    assert vanishes(thirds, HalfSpace([1], Fraction(2, 3)), arithmetic="rational")
    assert not vanishes(thirds, HalfSpace([1], Fraction(2, 3)))
    assert vanishes(thirds, HalfSpace([1], Fraction(667, 1000)))


def widened(network, low, high):
    """Intervals that are widened after every sum and product, exact or not, but for sums of exact zeros alone."""
    values = [(np.full_like(low[:, i], 0) + low[:, i], high[:, i] + 0.0) for i in range(low.shape[1])]
    for layer in network.layers:
        result = []
        for row in range(layer.neurons):
            a = np.full(len(low), layer.bias[row])
            b = a.copy()
            for weight, (c, d) in zip(layer.matrix[row], values, strict=True):
                if weight:
                    ends = np.sort([weight * c, weight * d], axis=0)
                    still = (c == 0) & (d == 0) & (a == 0) & (b == 0)
                    a = np.where(still, 0.0, np.nextafter(a + np.nextafter(ends[0], -inf), -inf))
                    b = np.where(still, 0.0, np.nextafter(b + np.nextafter(ends[1], inf), inf))
            if layer.activations[row] is RELU:
                a, b = np.maximum(a, 0), np.maximum(b, 0)
            result.append((a, b))
        values = result
    return values[0]


@pytest.mark.parametrize(
    "exponent, cells", [(3, 486), (4, 492), (5, 508), (7, 516)], ids=["1/8", "1/16", "1/32", "1/128"]
)
def test_the_difference_of_a_union_needs_exact_sums_and_the_minimum_does_not(exponent, cells):
    """1 − ρ(1 − s) and ρ(s) − ρ(s − 1) are one function; widened intervals certify the second alone, ours both."""
    h = 2.0**-exponent
    count = int(np.ceil(0.7 / h))
    cubes = [((k * h,), ((k + 1) * h,)) for k in range(-count, count)]
    low, high = line_cells(-2, 2, 800)
    border = (count + 0.25) * h
    outside = (high <= -border)[:, 0] | (low >= border)[:, 0]
    region = low[outside], high[outside]
    assert outside.sum() == cells + 2  # and two rays
    minimum, difference = mask(cubes, h / 4), mask(cubes, h / 4, "difference")
    bounded = region[0][1:-1], region[1][1:-1]
    assert sum((a == 0) & (b == 0) for a, b in zip(*widened(minimum, *bounded), strict=True)) == cells
    assert sum((a == 0) & (b == 0) for a, b in zip(*widened(difference, *bounded), strict=True)) == 0
    assert vanishes(minimum, region).share == vanishes(difference, region).share == 1.0


@pytest.mark.parametrize("exponent", [3, 5])
def test_networks_times_masks_are_certified_through_the_pooling(exponent):
    h = 2.0**-exponent
    count = int(np.ceil(0.7 / h))
    psi = mask([((k * h,), ((k + 1) * h,)) for k in range(-count, count)], h / 4)
    unbounded = Network.dense(
        [[[3.0], [-1.7]], [[0.3, 1.1]], [[1.0]], [[1.0]]], [[0.1, 0.7], [0.2], [0.0], [0.3]]
    )
    layers = [
        Layer(np.vstack([a.matrix, b.matrix]), np.concatenate([a.bias, b.bias]), RELU)
        for a, b in zip(unbounded.layers[:1], psi.layers[:1], strict=True)
    ]
    for a, b in zip(unbounded.layers[1:], psi.layers[1:], strict=True):
        weight = np.block(
            [
                [a.matrix, np.zeros((a.neurons, b.inputs))],
                [np.zeros((b.neurons, a.inputs)), b.matrix],
            ]
        )
        last = len(layers) == 3
        layers.append(
            Layer(weight, np.concatenate([a.bias, b.bias]), identity if last else RELU, pooled=last)
        )
    masked = Network([*layers, Layer([[1.0]], [0.0], identity)])
    border = (count + 0.25) * h
    assert vanishes(masked, ([[-inf], [border]], [[-border], [inf]]))
    assert not vanishes(unbounded, ([[-inf], [border]], [[-border], [inf]]))
    assert not vanishes(masked, ([[-inf]], [[np.nextafter(-border, 0)]]))


def test_dyadic_masks_are_certified_on_the_whole_complement():
    boxes = [((-1.0, -0.5), (0.0, 0.5)), ((0.0, 0.0), (0.75, 1.0))]
    psi = mask(boxes, 0.125)
    delta = 0.125
    lines = [
        [-inf, -1 - delta, 0 - delta, 0 + delta, 0.75 + delta, inf],
        [-inf, -0.5 - delta, -delta, 0.5 + delta, 1 + delta, inf],
    ]
    cells = [
        (a, b)
        for a in zip(lines[0], lines[0][1:], strict=False)
        for b in zip(lines[1], lines[1][1:], strict=False)
    ]
    outside = [
        ((a[0], b[0]), (a[1], b[1]))
        for a, b in cells
        if all(
            a[1] <= low[0] - delta
            or a[0] >= high[0] + delta
            or b[1] <= low[1] - delta
            or b[0] >= high[1] + delta
            for low, high in boxes
        )
    ]
    assert len(outside) > 10
    found = vanishes(psi, tuple(np.array([box[i] for box in outside]) for i in (0, 1)))
    assert found
    assert repr(found) == f"ZeroCertificate(0 on {len(outside)} of {len(outside)} boxes; float64 intervals)"


def test_the_four_term_trapezoid_is_not_certified_right_of_its_support():
    """Its ramps cancel beyond the support, which intervals cannot see; the nested form only ever is cut off at 0."""
    a, b, delta = -0.75, 0.75, 0.125
    four = Network.dense(
        [[[1.0]] * 4, [[1 / delta, -1 / delta, -1 / delta, 1 / delta]]],
        [[-a + delta, -a, -b, -b - delta], [0.0]],
    )
    nested = mask([((a,), (b,))], delta)
    right = np.linspace(1, 50, 201)
    cells = right[:-1, None], right[1:, None]
    assert vanishes(nested, cells) and vanishes(nested, HalfSpace([1], b + delta))
    assert vanishes(four, cells).zero.sum() == 0
    assert not vanishes(four, HalfSpace([1], b + delta))
    assert vanishes(four, HalfSpace([-1], -a + delta))  # left of it no ramp has begun
    # it is 0 there all the same: exact values at points say so, which intervals do not
    assert four([[Fraction(2)], [Fraction(50)]])[:, 0].tolist() == [0, 0]


@settings(max_examples=60)
@given(st.randoms(use_true_random=False))
def test_a_planted_bump_is_never_certified_away(random):
    dimension = random.randint(1, 3)
    h = 2.0 ** -random.randint(1, 4)
    low = [-h * random.randint(1, 3) for _ in range(dimension)]
    high = [h * random.randint(1, 3) for _ in range(dimension)]
    clean = mask([(low, high)], h / 4)
    place = [random.choice([-1, 1]) * random.uniform(4 * h + 0.1, 50) for _ in range(dimension)]
    width = 1e-6
    bump = cube_indicator([p - width / 2 for p in place], [p + width / 2 for p in place], width / 4)
    planted = add(clean, scale(bump, 1e-12))
    # an outer box of the clean network, split so that the bump may lie across boxes
    axis = random.randrange(dimension)
    sign = 1 if place[axis] > 0 else -1
    border = 3 * h + h / 4
    ends = sorted(random.uniform(border, 60) for _ in range(random.randint(0, 12)))
    edges = [border, *ends, inf]
    boxes = []
    for a, b in zip(edges, edges[1:], strict=False):
        below, above = [-inf] * dimension, [inf] * dimension
        below[axis], above[axis] = (a, b) if sign > 0 else (-b, -a)
        boxes.append((below, above))
    region = tuple(np.array([box[i] for box in boxes]) for i in (0, 1))
    assert vanishes(clean, region)
    found = vanishes(planted, region, subdivide=random.choice([0, 0, 3]))
    near, far = abs(place[axis]) - width / 2, abs(place[axis]) + width / 2
    for index, (a, b) in enumerate(zip(edges, edges[1:], strict=False)):
        if a < far and near < b:
            assert not found.zero[index]
    assert not found
    point = [[Fraction(p) for p in place]]
    assert planted(point)[0, 0] > 0


@settings(max_examples=60)
@given(st.randoms(use_true_random=False))
def test_certified_boxes_hold_zeros_only_and_excluded_ones_a_value(random):
    widths = [random.randint(1, 2), random.randint(1, 6), random.randint(1, 4), 1]
    pairs = list(zip(widths, widths[1:], strict=False))
    network = Network.dense(
        [[[random.randint(-2, 2) / 2 for _ in range(i)] for _ in range(o)] for i, o in pairs],
        [[random.randint(-3, 1) / 2 if o > 1 else 0.0 for _ in range(o)] for _, o in pairs],
    )
    low = np.array([[random.randint(-8, 8) / 2 for _ in range(widths[0])] for _ in range(12)])
    high = low + np.array([[random.randint(0, 4) / 2 for _ in range(widths[0])] for _ in range(12)])
    plain, fine = vanishes(network, (low, high)), vanishes(network, (low, high), subdivide=4)
    exact = vanishes(network, (low, high), arithmetic="rational")
    assert (plain.zero == exact.zero).all() and (plain.nonzero == exact.nonzero).all()
    assert (plain.zero <= fine.zero).all() and (plain.nonzero <= fine.nonzero).all()
    assert not (fine.zero & fine.nonzero).any()
    for index in range(12):
        points = low[index] + (high[index] - low[index]) * np.array(
            [[random.randint(0, 8) / 8 for _ in range(widths[0])] for _ in range(10)]
        )
        values = network([[Fraction(v) for v in p] for p in points])[:, 0]
        if fine.zero[index]:
            assert all(v == 0 for v in values)
        if plain.nonzero[index]:
            assert all(v != 0 for v in values)


def test_a_box_that_excludes_0_is_a_witness():
    network = hats([0], [1.0], 1)
    found = vanishes(network, ([[2.0], [-0.25], [0.5]], [[3.0], [0.25], [1.5]]))
    assert found.zero.tolist() == [True, False, False]
    assert found.nonzero.tolist() == [False, True, False]
    assert found.witness == 1 and not found
    assert repr(found) == "ZeroCertificate(0 on 1 of 3 boxes, certainly not 0 on 1; float64 intervals)"
    # a part of the last box excludes 0
    assert vanishes(network, ([[0.5]], [[1.5]]), subdivide=2).nonzero.tolist() == [True]
    assert vanishes(network, ([[2.0]], [[3.0]])).witness is None


def test_all_outputs_must_vanish():
    both = Network.dense([[[1.0], [-1.0]], np.eye(2)], [[-1.0, -1.0], [0.0, 0.0]])
    found = vanishes(both, ([[-0.5], [0.5], [-3.0]], [[1.0], [3.0], [3.0]]))
    assert found.zero.tolist() == [True, False, False]


@pytest.mark.parametrize("arithmetic", ["float64", "rational"])
def test_half_spaces_parallel_to_axes_are_certified_in_one_propagation(arithmetic):
    network = cube_indicator([-1, -2], [3, 2], Fraction(1, 4))
    sides = [((1, 0), 3), ((-1, 0), 1), ((0, 2), 4), ((0, -1), 2), ((Fraction(1, 3), 0), 1)]
    for normal, offset in sides:
        assert vanishes(network, HalfSpace(normal, offset), arithmetic=arithmetic)
        assert not vanishes(network, HalfSpace(normal, offset - Fraction(1, 8)), arithmetic=arithmetic)


@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("arithmetic", ["float64", "rational"])
def test_oblique_half_spaces_are_straightened(dimension, arithmetic):
    network = cube_indicator([-1] * dimension, [1] * dimension, Fraction(1, 2))
    normal = [1, Fraction(1, 2), -1][:dimension]
    reach = sum(map(abs, normal))
    straight = HalfSpace(normal, reach).straightened(network)
    random = np.random.default_rng(1)
    for _ in range(20):
        x = [Fraction(int(v), 4) for v in random.integers(-8, 9, dimension)]
        pivot = 0
        y = [sum(n * v for n, v in zip(normal, x, strict=True)), *(v for i, v in enumerate(x) if i != pivot)]
        assert straight([y])[0, 0] == network([x])[0, 0]
    # the corner touches the half-space: a little further off, halving the other axes is enough
    far = vanishes(network, HalfSpace(normal, reach + 1), arithmetic=arithmetic, subdivide=12)
    assert far
    assert not vanishes(
        network, HalfSpace(normal, reach - Fraction(1, 2)), arithmetic=arithmetic, subdivide=6
    )


def test_a_crease_along_the_normal_is_certified_without_halving():
    ridge = Network.dense([[[1, 2], [-1, -2]], [[-1, -1]], [[1]]], [[0, 0], [Fraction(1)], [0]])
    assert vanishes(ridge, HalfSpace([1, 2], 1)) and vanishes(ridge, HalfSpace([-1, -2], 1))
    assert vanishes(ridge, HalfSpace([Fraction(1, 3), Fraction(2, 3)], Fraction(1, 3)), arithmetic="rational")
    assert not vanishes(ridge, HalfSpace([1, 2], Fraction(7, 8)), subdivide=5)


def test_halving_proves_what_one_propagation_cannot():
    """x ↦ ρ(min(x, 1 − x) − 1/2): the two arguments of the minimum are enclosed apart."""
    network = Network.dense(
        [[[1], [-1]], [[-1, -1]], [[1]]], [[Fraction(-1, 2), Fraction(1, 2)], [Fraction(-1, 100)], [0]]
    )
    assert vanishes(network, ([[0]], [[1]]))  # −|x − 1/2| − 1/100: certified at once
    saw = Network.dense([[[1], [1]], [[1, -2]], [[1]]], [[0, Fraction(-1, 2)], [Fraction(-3, 5)], [0]])
    assert not vanishes(saw, ([[0]], [[1]]))
    assert vanishes(saw, ([[0]], [[1]]), subdivide=4)
    assert vanishes(saw, ([[0], [0.75]], [[1], [1]]), subdivide=4, arithmetic="rational").zero.tolist() == [
        True,
        True,
    ]


def test_boxes_and_unions_of_boxes_are_regions():
    network = cube_indicator([0, 0], [1, 1], Fraction(1, 4))
    outside = Box((1, 0), (2, 1)), Box((Fraction(-1, 3), -1), (1, 0))
    assert vanishes(network, outside[0])
    assert vanishes(network, Boxes(outside)).zero.tolist() == [True, True]
    assert not vanishes(network, Box((0, 0), (1, 1)))


@pytest.mark.parametrize(
    "spacing", [Fraction(1, 8), Fraction(1, 10), Fraction(2, 7)], ids=["1/8", "1/10", "2/7"]
)
@pytest.mark.parametrize("dimension", [1, 2])
def test_complements_of_unions_of_cubes_are_regions(spacing, dimension):
    random = np.random.default_rng(5)
    nodes = np.unique(random.integers(-3, 4, (6, dimension)), axis=0)
    network = tensor_hats(nodes, random.integers(1, 5, len(nodes)).astype(float), spacing)
    corners = np.stack(np.meshgrid(*[[-1, 0]] * dimension, indexing="ij"), -1).reshape(-1, dimension)
    union = CubeUnion(spacing, np.unique((nodes[:, None] + corners).reshape(-1, dimension), axis=0))
    outside = union.complement(exact=True)
    assert vanishes(network, outside, arithmetic="rational")
    inside = [np.array(union.bounds, dtype=object)[None, :, i] for i in (0, 1)]
    assert not vanishes(network, inside, arithmetic="rational")
    if spacing == Fraction(1, 8):
        assert vanishes(network, union.complement())
        assert vanishes(network, outside)
    psi = box_mask(
        *[[[v * spacing for v in row] for row in ends.tolist()] for ends in union.boxes()], spacing / 4
    )
    wider = CubeUnion(spacing, union.cubes, spacing / 4)
    assert vanishes(psi, wider.complement(exact=True), arithmetic="rational")
    assert not vanishes(psi, outside, arithmetic="rational")


def test_progress_is_told():
    seen = []
    vanishes(
        hats([0], [1.0], 1),
        ([[1.0], [2.0]], [[2.0], [3.0]]),
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(2, 2)]


@pytest.mark.parametrize(
    "region, options, message",
    [
        (3, {}, "region is int"),
        (([[0.0]], [[1.0]], [[2.0]]), {}, "region is tuple"),
        (Box((0, 0), (1, 1)), {}, "2 variables, the network 1"),
        (([[0.0]], [[1.0]]), {"arithmetic": "balls"}, "arithmetic is 'balls'"),
        (([[0.0]], [[1.0]]), {"subdivide": -1}, "subdivide is -1"),
        (([[0.0]], [[1.0]]), {"subdivide": 99}, "subdivide is 99"),
        (([[1.0]], [[0.0]]), {}, "box 0"),
    ],
    ids=["number", "three arrays", "dimension", "arithmetic", "negative", "too fine", "upside down"],
)
def test_what_is_no_region_is_refused(region, options, message):
    with pytest.raises(UserError, match=message):
        vanishes(hats([0], [1.0], 1), region, **options)


@pytest.mark.parametrize(
    "normal, offset", [((0, 0), 1), ((1, inf), 1), ((1, 0), inf), ((np.nan, 1), 0), ((), 1)]
)
def test_what_is_no_half_space_is_refused(normal, offset):
    with pytest.raises(UserError, match=r"half-space|finite"):
        HalfSpace(normal, offset)


def test_rays_beyond_the_largest_float_are_left_alone():
    difference = Network.dense([[[1.0], [1.0]], [[1.0, -1.0]]], [[0.0, 0.0], [0.0]])
    assert not vanishes(difference, (np.array([[9e307]]), np.array([[np.inf]])), subdivide=40)
