"""Bounds on pieces, cells and sizes, against brute force in rationals and hand values."""

from fractions import Fraction
from itertools import combinations, product
from math import comb, inf, isclose, nan, prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.spatial import ConvexHull

from ratelab import UserError, best, spaces
from ratelab.networks import power

Weights = list[tuple[list[list[Fraction]], list[Fraction]]]


def splits(size: int, layers: int) -> list[tuple[int, ...]]:
    """All ways to put neurons into exactly so many layers, none of them empty."""
    if layers == 0:
        return [()] if size == 0 else []
    return [(w, *rest) for w in range(1, size + 1) for rest in splits(size - w, layers - 1)]


def at_most(size: int, hidden: int) -> list[tuple[int, ...]]:
    return [split for layers in range(hidden + 1) for split in splits(size, layers)]


def affine(matrix: list[list[Fraction]], bias: list[Fraction], vector: list[Fraction]) -> list[Fraction]:
    return [
        sum((m * v for m, v in zip(row, vector, strict=True)), b) for row, b in zip(matrix, bias, strict=True)
    ]


def value(layers: Weights, x: Fraction) -> list[Fraction]:
    vector = [x]
    for matrix, bias in layers[:-1]:
        vector = [max(v, Fraction(0)) for v in affine(matrix, bias, vector)]
    return affine(*layers[-1], vector)


def breakpoints(layers: Weights) -> list[Fraction]:
    """Where any neuron of a network R → R breaks: zeros of each neuron between the breaks of what it reads."""
    found: list[Fraction] = []
    for depth in range(1, len(layers)):
        read = layers[:depth]
        found.sort()
        ends = [*found, found[-1] + 1] if found else [Fraction(0), Fraction(1)]
        spans = [(ends[0] - 1, ends[0]), *zip(ends, ends[1:], strict=False)]
        lows: list[Fraction | float] = [-inf, *found]
        highs: list[Fraction | float] = [*found, inf]
        if not found:
            spans, lows, highs = [spans[1]], [-inf], [inf]
        new = set(found)
        for (a, b), low, high in zip(spans, lows, highs, strict=True):
            for left, right in zip(value(read, a), value(read, b), strict=True):
                if left != right:
                    zero = a - left * (b - a) / (right - left)
                    if low < zero < high:
                        new.add(zero)
        found = list(new)
    return sorted(found)


def slopes(layers: Weights, low: Fraction | None = None, high: Fraction | None = None) -> list[Fraction]:
    """Slopes between consecutive breakpoints, runs of equal ones merged: one for each piece."""
    inner = [x for x in breakpoints(layers) if (low is None or x > low) and (high is None or x < high)]
    first = low if low is not None else (inner[0] if inner else Fraction(0)) - 1
    last = high if high is not None else (inner[-1] if inner else Fraction(0)) + 1
    points = [first, *inner, last]
    values = [value(layers, x)[0] for x in points]
    runs: list[Fraction] = []
    for (a, b), (u, v) in zip(
        zip(points, points[1:], strict=False), zip(values, values[1:], strict=False), strict=True
    ):
        slope = (v - u) / (b - a)
        if not runs or runs[-1] != slope:
            runs.append(slope)
    return runs


def compose(outer: Weights, inner: Weights) -> Weights:
    (matrix, bias), (following, shift) = inner[-1], outer[0]
    merged = [
        [sum((row[i] * matrix[i][j] for i in range(len(row))), Fraction(0)) for j in range(len(matrix[0]))]
        for row in following
    ]
    return [*inner[:-1], (merged, affine(following, shift, bias)), *outer[1:]]


def shallow(inner: list[tuple[int, Fraction]], outer: list[Fraction], shift: Fraction) -> Weights:
    """Neurons ρ(sign·(x − knot)) with the given outgoing weights."""
    first = ([[Fraction(sign)] for sign, _ in inner], [-sign * knot for sign, knot in inner])
    return [first, ([outer], [shift])]


def tents(width: int, draw: np.random.Generator) -> Weights:
    """h_a with random breakpoints: 0 before 0, then up and down between 0 and 1."""
    cuts = np.sort(draw.choice(np.arange(1, 60), width - 1, replace=False))
    knots = [Fraction(0), *(Fraction(int(c), 60) for c in cuts), Fraction(1)]
    steps = [Fraction((-1) ** i) / (b - a) for i, (a, b) in enumerate(zip(knots, knots[1:], strict=False))]
    jumps = [b - a for a, b in zip([Fraction(0), *steps], steps, strict=False)]
    return shallow([(1, knot) for knot in knots[:-1]], jumps, Fraction(0))


def zigzag(width: int) -> Weights:
    q = width + 1
    steps = [Fraction((-1) ** (i + 1) * q) for i in range(width)]
    steps.append(Fraction(2 * q if width % 2 else -2 * q))
    jumps = [b - a for a, b in zip(steps, steps[1:], strict=False)]
    right = 0 if width % 2 else 1
    sides = [(1 if i == right else -1, Fraction(i + 1, q)) for i in range(width)]
    network = shallow(sides, jumps, Fraction(0))
    matrix, _ = network[1]
    return [network[0], (matrix, [-value(network, Fraction(1, q))[0]])]


def chain(parts: list[Weights]) -> Weights:
    network = parts[0]
    for part in parts[1:]:
        network = compose(part, network)
    return network


@pytest.mark.parametrize(
    "widths", [(2,), (3,), (2, 2), (3, 3), (2, 3), (3, 2), (4, 3, 2), (3, 2, 4), (2, 2, 2, 2), (5, 5)]
)
def test_composed_tents_have_the_promised_pieces_on_the_interval_and_on_the_line(
    widths: tuple[int, ...],
) -> None:
    draw = np.random.default_rng(sum(widths))
    network = chain([tents(width, draw) for width in widths])
    assert len(slopes(network, Fraction(0), Fraction(1))) == spaces.tents_pieces(widths)
    assert len(slopes(network)) == spaces.tents_pieces(widths, "line")


@pytest.mark.parametrize("width", range(2, 9))
@pytest.mark.parametrize("hidden", range(1, 6))
def test_equal_widths_give_the_power_and_one_or_two_more_on_the_line(width: int, hidden: int) -> None:
    power_of_width = width**hidden
    more = 1 if width % 2 or hidden == 1 else 2
    assert spaces.tents_pieces((width,) * hidden) == power_of_width
    assert spaces.tents_pieces((width,) * hidden, "line") == power_of_width + more


@pytest.mark.parametrize(
    ("widths", "pieces"),
    [((3,), 4), ((4,), 5), ((3, 3), 16), ((3, 5, 4), 120), ((4, 3, 6), 140), ((8, 3, 3), 144)],
)
def test_zigzags_attain_the_most_pieces(widths: tuple[int, ...], pieces: int) -> None:
    network = chain([zigzag(width) for width in widths])
    assert pieces == spaces.zigzag_pieces(widths) == spaces.most_pieces(widths)
    assert len(slopes(network)) == len(slopes(network, Fraction(0), Fraction(1))) == pieces


def test_zigzag_pieces_of_four_layers_and_too_narrow_ones() -> None:
    assert spaces.zigzag_pieces((3, 4, 5, 3)) == 480
    with pytest.raises(UserError, match="width is 2; allowed: whole numbers from 3 on"):
        spaces.zigzag_pieces((3, 2))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=3), st.integers(0, 10**6))
def test_no_random_network_has_more_pieces_than_its_widths_allow(widths: list[int], seed: int) -> None:
    draw = np.random.default_rng(seed)
    sizes = [1, *widths, 1]
    network: Weights = [
        (
            [[Fraction(int(v)) for v in row] for row in draw.integers(-4, 5, (n, m))],
            [Fraction(int(v), 3) for v in draw.integers(-9, 10, n)],
        )
        for m, n in zip(sizes, sizes[1:], strict=False)
    ]
    pieces = len(slopes(network))
    assert pieces <= spaces.most_cells_refined(widths, 1) <= spaces.most_pieces(widths)
    assert spaces.most_pieces(widths) <= spaces.most_pieces_recalled(widths)
    assert spaces.most_pieces(widths) <= spaces.most_pieces_of_size(sum(widths), len(widths))
    assert sum(widths) >= spaces.least_size(pieces, len(widths))


@pytest.mark.parametrize("hidden", range(1, 5))
def test_the_most_even_split_is_best(hidden: int) -> None:
    for size in range(13):
        brute = max(prod(w + 1 for w in split) for split in at_most(size, hidden))
        assert spaces.most_pieces_of_size(size, hidden) == brute
        assert brute <= spaces.pieces_envelope(size, hidden)
        assert best.pieces_bound(power(1), hidden + 1, "neurons", size) == (brute, 1)
        if size >= hidden:
            assert spaces.pieces_envelope(size, hidden) <= spaces.pieces_envelope_recalled(size, hidden)


def test_the_least_size_is_the_first_that_reaches_the_pieces() -> None:
    for hidden in range(1, 6):
        size = 0
        for pieces in range(1, 200):
            while spaces.most_pieces_of_size(size, hidden) < pieces:
                size += 1
            assert spaces.least_size(pieces, hidden) == size
            assert size >= spaces.least_size_envelope(pieces, hidden) - 1e-9


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 10**60), st.integers(1, 300))
def test_the_least_size_of_any_number_reaches_it_and_one_less_does_not(pieces: int, hidden: int) -> None:
    size = spaces.least_size(pieces, hidden)
    assert spaces.most_pieces_of_size(size, hidden) >= pieces
    assert size == 0 or spaces.most_pieces_of_size(size - 1, hidden) < pieces
    assert size >= spaces.least_size(pieces, hidden + 1)
    assert size * (1 + 1e-12) >= spaces.least_size_envelope(pieces, hidden)
    if pieces >= 2**hidden:
        assert spaces.least_size_recalled(pieces, hidden) <= spaces.least_size_envelope(pieces, hidden)


def test_least_sizes_by_hand() -> None:
    assert [spaces.least_size(16, hidden) for hidden in (1, 2, 3, 4, 9)] == [15, 6, 5, 4, 4]
    assert (spaces.least_size_envelope(16, 2), spaces.least_size_recalled(16, 2)) == (6, 3)
    assert isclose(spaces.least_size_envelope(10, 3), 3 * (10 ** (1 / 3) - 1), rel_tol=1e-14)
    assert spaces.least_size_envelope(7**2000, 1000) == 48000
    assert spaces.least_size(1, 5) == 0
    with pytest.raises(UserError, match="too large for a float"):
        spaces.least_size_envelope(7**4000 + 1, 2)


@pytest.mark.parametrize(
    ("depth", "pieces"), [(2, lambda w: 1 + w // 2), (3, lambda w: 1 + w), (4, lambda w: (2 + w) ** 2 // 4)]
)
def test_least_connections_are_the_first_whose_bound_reaches_the_pieces(depth: int, pieces) -> None:  # type: ignore[no-untyped-def]
    for number in range(1, 300):
        assert spaces.least_connections(number, depth) == next(w for w in range(700) if pieces(w) >= number)


def test_least_connections_never_exceed_what_the_class_bound_allows() -> None:
    for depth in (2, 3, 4):
        for budget in range(1, 40):
            most, _ = best.pieces_bound(power(1), depth, "connections", budget) or (0, 0)
            assert spaces.least_connections(most, depth) <= budget


def test_depth_gaps_by_hand() -> None:
    gap = spaces.depth_gap(2, 4, 2)
    assert (gap.size, gap.pieces, gap.least, gap.envelope, gap.recalled) == (8, 16, 6, 6, 3)
    assert spaces.depth_gap(3, 4, 1).least == 80
    assert spaces.depth_gap(3, 4, 1, "line").least == 81
    assert spaces.depth_gap(2, 4, 1, "line").least == 17
    assert spaces.depth_gap(5, 3, 3).recalled == Fraction(13, 2)
    with pytest.raises(UserError, match="smaller number of hidden layers is 3; allowed: 1 to 2"):
        spaces.depth_gap(2, 2, 3)


@settings(max_examples=100, deadline=None)
@given(st.integers(2, 9), st.integers(1, 12), st.data())
def test_the_derived_gap_is_at_least_the_recalled_one(width: int, hidden: int, data: st.DataObject) -> None:
    shallower = data.draw(st.integers(1, hidden))
    gap = spaces.depth_gap(width, hidden, shallower)
    assert gap.recalled <= gap.envelope * (1 + 1e-12) <= gap.least * (1 + 2e-12)
    assert isclose(gap.recalled, shallower * width ** (hidden / shallower) / 2 - 1, rel_tol=1e-12)
    if shallower > 1:
        assert gap.least <= spaces.depth_gap(width, hidden, shallower - 1).least


def test_square_many_layers_against_few() -> None:
    for k in range(2, 20):
        gap = spaces.power_depth_gap(k)
        assert (gap.size, gap.recalled) == (k**3, Fraction(k ** (k + 1), 2) - 1)
        assert gap.envelope == gap.least == k * (k**k - 1)
    assert spaces.power_depth_gap(4, Fraction(1, 2)).size == 32
    assert spaces.power_depth_gap(3, 2).recalled == Fraction(3**10, 2) - 1
    for epsilon in (0, Fraction(1, 2), -1):
        with pytest.raises(UserError, match="allowed: positive rationals"):
            spaces.power_depth_gap(3, epsilon)


def sawtooth_distance(total: int, knots: list[Fraction], levels: list[tuple[Fraction, Fraction]]) -> Fraction:
    """∫₀¹ |f − g| exactly: f the sawtooth with so many pieces, g affine with given end values between the knots."""
    ends = [Fraction(0), *knots, Fraction(1)]
    cuts = sorted({*ends, *(Fraction(i, total) for i in range(total + 1))})
    distance = Fraction(0)
    for a, b in zip(cuts, cuts[1:], strict=False):
        span = max(i for i, end in enumerate(ends[:-1]) if end <= a)
        low, high = ends[span], ends[span + 1]
        difference = []
        for x in (a, b):
            i = int(a * total)
            f = (x * total - i) if i % 2 == 0 else 1 - (x * total - i)
            share = (x - low) / (high - low)
            difference.append(f - levels[span][0] * (1 - share) - levels[span][1] * share)
        u, v = difference
        if u * v >= 0:
            distance += abs(u + v) * (b - a) / 2
        else:
            distance += (u * u + v * v) / (abs(u) + abs(v)) * (b - a) / 2
    return distance


@pytest.mark.parametrize(("width", "hidden"), [(2, 2), (2, 3), (3, 1), (3, 2), (4, 1)])
def test_a_constant_meets_the_distance_bound_of_an_even_sawtooth(width: int, hidden: int) -> None:
    total = width**hidden
    half = [(Fraction(1, 2), Fraction(1, 2))]
    assert sawtooth_distance(total, [], half) == Fraction(1, 4)
    bound = spaces.distance_lower_bound(width, hidden, 1)
    assert bound == (Fraction(1, 4) if total % 2 == 0 else Fraction(total - 1, 4 * total))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([(2, 2), (2, 3), (3, 1), (3, 2), (5, 1)]), st.integers(1, 6), st.data())
def test_no_function_with_few_pieces_comes_closer_than_the_distance_bound(
    shape: tuple[int, int], pieces: int, data: st.DataObject
) -> None:
    knots = sorted(
        data.draw(
            st.sets(
                st.fractions("1/64", "63/64", max_denominator=64), min_size=pieces - 1, max_size=pieces - 1
            )
        )
    )
    level = st.fractions("-1/2", "3/2", max_denominator=4)
    levels = data.draw(st.lists(st.tuples(level, level), min_size=pieces, max_size=pieces))
    bound = spaces.distance_lower_bound(*shape, pieces)
    assert sawtooth_distance(shape[0] ** shape[1], knots, levels) >= bound
    assert bound >= Fraction(1, 4) * (1 - Fraction(2 * pieces, shape[0] ** shape[1]))


def test_following_some_teeth_leaves_exactly_the_others() -> None:
    """The bound is sharp up to the teeth that lie next to the followed ones."""
    total, followed = 16, 4  # g equals f on the first 4 monotone pieces and ½ afterwards
    knots = [Fraction(i, total) for i in range(1, followed + 1)]
    levels = [(Fraction(i % 2), Fraction((i + 1) % 2)) for i in range(followed)] + [
        (Fraction(1, 2), Fraction(1, 2))
    ]
    assert sawtooth_distance(total, knots, levels) == Fraction(total - followed, 4 * total)
    assert spaces.distance_lower_bound(2, 4, followed + 1) == Fraction(total - 2 * followed, 4 * total)


@settings(max_examples=100, deadline=None)
@given(st.integers(2, 6), st.integers(1, 6), st.fractions("1/1000", "249/1000"), st.data())
def test_the_gap_size_is_the_last_that_stays_away(
    width: int, hidden: int, delta: Fraction, data: st.DataObject
) -> None:
    shallower = data.draw(st.integers(1, hidden))
    gap = spaces.gap_size(width, hidden, shallower, delta)

    def away(size: int) -> bool:
        pieces = spaces.most_pieces_of_size(size, shallower)
        return spaces.distance_lower_bound(width, hidden, pieces) > delta

    if gap.size is None:
        assert not away(0)
        return
    assert away(gap.size)
    assert not away(gap.size + 1)
    assert gap.size + 1 > gap.envelope * (1 - 1e-12)  # the closed form never promises more
    if gap.recalled >= shallower:
        assert gap.size + 1 > gap.recalled * (1 - 1e-12)


def test_gap_sizes_by_hand() -> None:
    gap = spaces.gap_size(2, 10, 2, Fraction(1, 8))
    assert gap.size == spaces.least_size(257, 2) - 1 == 30
    assert (gap.envelope, gap.recalled) == (pytest.approx(30.0), pytest.approx(16.0))
    assert spaces.gap_size(3, 1, 1, 0.24).size is None
    assert (
        spaces.gap_size(2, 2, 1, Fraction(1, 8)).size == 0
    )  # two pieces may come as close as 1/8, not closer
    for delta in (0, 0.25, -1, nan):
        with pytest.raises(UserError, match="allowed: more than 0 and less than 1/4"):
            spaces.gap_size(2, 2, 1, delta)


@pytest.mark.parametrize("dimension", [1, 2, 3, 4])
def test_a_generic_zonotope_has_the_promised_vertices(dimension: int) -> None:
    draw = np.random.default_rng(dimension)
    for generators in range(dimension, 9):
        sums = np.array(list(product((-1, 1), repeat=generators))) @ draw.normal(size=(generators, dimension))
        vertices = 2 if dimension == 1 else len(ConvexHull(sums).vertices)
        assert spaces.zonotope_vertices(dimension, generators) == vertices
        assert 2 * spaces.zonotope_vertices_recalled(dimension, generators) == vertices


def test_known_numbers_of_vertices() -> None:
    assert [spaces.zonotope_vertices(3, m) for m in (2, 3, 4, 5, 6, 8)] == [4, 8, 14, 22, 32, 58]
    assert [spaces.zonotope_vertices(4, m) for m in (2, 3, 4, 5, 6, 8)] == [4, 8, 16, 30, 52, 128]


def test_zonotope_family_pieces_inside_and_everywhere() -> None:
    cases = {
        (2, 2, 2): (16, 17),
        (4, 2, 2): (32, 33),
        (4, 3, 2): (64, 65),
        (4, 2, 3): (72, 72),
        (4, 2, 4): (128, 129),
    }
    cases[5, 2, 3] = (90, 90)
    for (generators, hidden, width), (inside, everywhere) in cases.items():
        widths = (width,) * hidden
        assert spaces.zonotope_family_pieces(2, generators, widths) == inside
        assert spaces.zonotope_family_pieces(2, generators, widths, "everywhere") == everywhere


@pytest.mark.parametrize("widths", [(2,), (3,), (2, 2), (3, 2), (2, 3)])
def test_in_one_variable_the_zonotope_family_is_tents_after_an_absolute_value(
    widths: tuple[int, ...],
) -> None:
    one = Fraction(1)
    gauge = shallow([(1, Fraction(0)), (-1, Fraction(0))], [one, one], Fraction(0))
    network = chain([gauge, *(tents(width, np.random.default_rng(7)) for width in widths)])
    assert len(slopes(network, -one, one)) == spaces.zonotope_family_pieces(1, 3, widths)
    assert len(slopes(network)) == spaces.zonotope_family_pieces(1, 3, widths, "everywhere")


def test_zonotope_depth_gap_by_hand() -> None:
    gap = spaces.zonotope_depth_gap(2, 4, 2, 3, 1)
    assert (gap.size, gap.pieces) == (14, 64)
    # 11 lines make 67 regions and 10 make 56, but the 16 pieces on a line already need 15 neurons
    assert spaces.least_size_of_cells(64, 1, 2) == 11
    assert (gap.least, gap.envelope) == (15, 15)
    assert gap.recalled == pytest.approx(max(0.5 * 2**1.5 * 3**0.5 - 1, 8 / 2))
    assert spaces.zonotope_depth_gap(2, 40, 2, 1, 1).least == spaces.least_size_of_cells(160, 1, 2) == 18


def cut(points: list[tuple[Fraction, ...]], signs: tuple[int, ...]) -> bool:
    """Whether a hyperplane has exactly the given points on its positive side."""
    rows = [[-s * float(x) for x in (*point, 1)] for point, s in zip(points, signs, strict=True)]
    result = linprog([0] * len(rows[0]), rows, [-1] * len(rows), bounds=(None, None))
    return bool(result.status == 0)


@pytest.mark.parametrize(("points", "dimension"), [(1, 1), (5, 1), (4, 2), (6, 2), (5, 3), (6, 3)])
def test_partitions_of_points_are_counted_exactly(points: int, dimension: int) -> None:
    # points on the moment curve are in general position
    cloud = [tuple(Fraction(t**i, 3**i) for i in range(1, dimension + 1)) for t in range(-2, points - 2)]
    count = sum(cut(cloud, signs) for signs in product((-1, 1), repeat=points))
    assert spaces.hyperplane_partitions(points, dimension) == count


def test_known_numbers_of_partitions() -> None:
    assert [spaces.hyperplane_partitions(d, 1) for d in (1, 7, 20)] == [2, 14, 40]
    assert [spaces.hyperplane_partitions(d, 2) for d in (8, 12, 14, 20)] == [58, 134, 184, 382]
    assert spaces.hyperplane_partitions(8, 3) == 128 > 2 * comb(8, 3)


def test_regions_of_generic_lines_and_planes() -> None:
    draw = np.random.default_rng(3)
    for lines in range(8):
        # a new line is cut into one part more than it meets others, and each part makes a region
        slope, shift = draw.permutation(20)[:lines], draw.integers(0, 10**6, lines)
        meets = [
            {Fraction(int(shift[j] - shift[i]), int(slope[i] - slope[j])) for j in range(i)}
            for i in range(lines)
        ]
        assert spaces.arrangement_regions(lines, 2) == 1 + sum(1 + len(points) for points in meets)
    assert [spaces.arrangement_regions(planes, 3) for planes in range(6)] == [1, 2, 4, 8, 15, 26]
    assert spaces.arrangement_regions(5, 0) == 1


def refined_by_enumeration(widths: tuple[int, ...], dimension: int) -> int:
    total = 0
    for inactive in product(*(range(w + 1) for w in widths)):
        ranks = [
            min([dimension, w, *(v - j for v, j in zip(widths[:i], inactive, strict=False))])
            for i, w in enumerate(widths)
        ]
        if all(j <= rank for j, rank in zip(inactive, ranks, strict=True)):
            total += prod(comb(w, j) for w, j in zip(widths, inactive, strict=True))
    return total


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_the_refined_bound_of_cells_sums_over_all_admissible_numbers_of_inactive_neurons(
    dimension: int,
) -> None:
    for widths in product(range(1, 5), repeat=3):
        refined = spaces.most_cells_refined(widths, dimension)
        assert refined == refined_by_enumeration(widths, dimension)
        assert refined <= spaces.most_cells(widths, dimension)
    assert spaces.most_cells_refined((1, 1, 1), 1) == 4 < spaces.most_cells((1, 1, 1), 1) == 8
    assert spaces.most_cells_refined((5,), dimension) == spaces.arrangement_regions(5, dimension)
    assert spaces.most_cells((3, 4), 1) == spaces.most_pieces((3, 4))
    assert (spaces.most_cells((1, 3), 2), spaces.most_cells_refined((1, 3), 2)) == (8, 5)
    assert spaces.most_cells((1, 5, 5), 3) == spaces.most_cells((1, 5, 5), 1) == 72


@pytest.mark.parametrize(
    ("widths", "dimension"), [((3, 3), 2), ((2, 4), 3), ((4, 2, 3), 2), ((1, 3), 2), ((2, 2, 2), 3)]
)
def test_sampled_activation_patterns_never_exceed_the_bound_of_cells(
    widths: tuple[int, ...], dimension: int
) -> None:
    for seed in range(12):
        draw = np.random.default_rng(seed)
        values = draw.normal(size=(20_000, dimension)) * 10
        signs = []
        for width in widths:
            values = values @ draw.normal(size=(values.shape[1], width)) + draw.normal(size=width)
            signs.append(values > 0)
            values = np.maximum(values, 0)
        patterns = len(np.unique(np.hstack(signs), axis=0))
        assert patterns <= spaces.most_cells_refined(widths, dimension)


def test_folding_lower_bound_stays_below_the_bound_of_cells() -> None:
    assert spaces.montufar_lower((4, 4), 2) == 4 * 11
    for widths in combinations(range(3, 9), 3):
        for dimension in (1, 2, 3):
            assert spaces.montufar_lower(widths, dimension) <= spaces.most_cells_refined(widths, dimension)
    with pytest.raises(UserError, match="width is 2; allowed: whole numbers from 3 on"):
        spaces.montufar_lower((2, 5), 3)


@pytest.mark.parametrize("dimension", [1, 2, 3, 5])
def test_the_most_even_split_is_best_for_cells_too(dimension: int) -> None:
    for hidden in (1, 2, 3, 4):
        for size in range(12):
            brute = max(spaces.most_cells(split, dimension) for split in at_most(size, hidden))
            assert spaces.most_cells_of_size(size, hidden, dimension) == brute
            needed = spaces.least_size_of_cells(brute, hidden, dimension)
            assert spaces.most_cells_of_size(needed, hidden, dimension) == brute
            assert needed == 0 or spaces.most_cells_of_size(needed - 1, hidden, dimension) < brute


def test_node_bounds_of_the_line_and_the_interval() -> None:
    assert [spaces.node_bounds(p) for p in (1, 2, 7)] == [(0, 2), (1, 2), (6, 7)]
    assert [spaces.node_bounds(p, "interval") for p in (1, 2, 7)] == [(0, 1), (1, 2), (6, 7)]


def test_depths_at_which_every_piecewise_linear_function_is_a_network() -> None:
    assert [spaces.representation_depth(n) for n in (1, 2, 3, 4, 7, 8)] == [2, 3, 3, 4, 4, 5]
    assert [spaces.representation_depth_log3(n) for n in (1, 2, 3, 4, 5, 10, 11)] == [2, 3, 3, 3, 4, 4, 5]
    assert all(spaces.representation_depth_log3(n) <= spaces.representation_depth(n) for n in range(1, 2000))


def test_sizes_that_suffice_by_hand() -> None:
    assert spaces.lattice_size(1, 1) == 0
    assert spaces.lattice_size(2, 1) == 3
    assert spaces.lattice_size(2, 2) == 11
    assert spaces.lattice_size(5, 9) == (24 + 6 - 3) * 9 + 48 - 6 - 3
    assert spaces.logarithmic_depth_width_exponent(2) == 15


@pytest.mark.parametrize(
    "call",
    [
        lambda: spaces.most_pieces((3, 0)),
        lambda: spaces.most_pieces((2.5,)),
        lambda: spaces.most_pieces_of_size(-1, 2),
        lambda: spaces.least_size(0, 2),
        lambda: spaces.least_size(3, 0),
        lambda: spaces.least_connections(3, 5),
        lambda: spaces.tents_pieces(()),
        lambda: spaces.most_pieces_recalled(()),
        lambda: spaces.montufar_lower((), 1),
        lambda: spaces.tents_pieces((2,), "circle"),
        lambda: spaces.zonotope_family_pieces(2, 2, (2,), "outside"),
        lambda: spaces.node_bounds(3, "circle"),
        lambda: spaces.pieces_envelope_recalled(1, 2),
        lambda: spaces.hyperplane_partitions(0, 2),
        lambda: spaces.most_cells((3,), 0),
    ],
)
def test_bad_arguments_are_named_in_one_sentence(call) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UserError, match=r" is .*; allowed: "):
        call()
