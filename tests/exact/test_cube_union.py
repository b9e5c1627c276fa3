"""Unions of cubes with margins against brute force in rational arithmetic."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import UserError
from ratelab.exact._cube_union import CubeUnion
from ratelab.exact._cube_union_sum import octant

SPACINGS = [Fraction(1), Fraction(1, 4), Fraction(1, 3), Fraction(7, 10)]


def gaps(point, cube, h):
    return [max(k * h - x, x - (k + 1) * h, Fraction(0)) for x, k in zip(point, cube, strict=True)]


def inside(union, point):
    """The definition, word for word."""
    join = max if union.norm == "max" else sum
    return any(join(gaps(point, cube, union.spacing)) <= union.margin for cube in union.cubes.tolist())


@st.composite
def unions(draw, norms=("max", "sum"), margins=None, most=3):
    d = draw(st.integers(1, most))
    cubes = draw(st.lists(st.tuples(*[st.integers(-3, 3)] * d), min_size=1, max_size=8))
    spacing = draw(st.sampled_from(SPACINGS))
    share = draw(
        st.sampled_from(margins or [0, Fraction(1, 4), Fraction(1, 2), Fraction(2, 3), 1, Fraction(9, 4)])
    )
    return CubeUnion(spacing, np.array(cubes), share * spacing, draw(st.sampled_from(norms)))


def critical(union, generator, count):
    """Points on and beside the lines where membership changes, and elsewhere."""
    h, margin = union.spacing, union.margin
    shifts = [Fraction(0), margin, -margin, margin / 2, -margin / 2, margin / 3, h / 2, h / 5]
    tiny = [Fraction(0), Fraction(1, 2**60), -Fraction(1, 2**60)]
    rows = []
    for _ in range(count):
        rows.append(
            [
                h * int(generator.integers(-5, 6))
                + shifts[generator.integers(len(shifts))]
                + tiny[generator.integers(3)]
                for _ in range(union.dimension)
            ]
        )
    return rows


@given(unions(), st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_membership_of_rational_points_is_the_definition(union, seed):
    points = critical(union, np.random.default_rng(seed), 40)
    assert union.contains(np.array(points, dtype=object)).tolist() == [inside(union, p) for p in points]


@given(unions(), st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_membership_of_floats_is_that_of_the_dyadic_numbers_that_they_are(union, seed):
    points = np.array(critical(union, np.random.default_rng(seed), 40), dtype=np.float64)
    points = np.concatenate([points, np.nextafter(points, np.inf), np.nextafter(points, -np.inf)])
    expected = [inside(union, [Fraction(v) for v in row]) for row in points.tolist()]
    assert union.contains(points).tolist() == expected


def test_membership_is_quick_where_thousands_of_points_lie_on_the_boundary():
    generator = np.random.default_rng(0)
    cubes = generator.integers(-40, 40, (4000, 3))
    union = CubeUnion(Fraction(1, 16), cubes, Fraction(1, 64), "sum")
    points = generator.integers(-3000, 3000, (100_000, 3)) / 1024
    found = union.contains(points)
    rows = generator.integers(0, len(points), 40)
    expected = [inside(union, [Fraction(v) for v in points[row].tolist()]) for row in rows]
    assert found[rows].tolist() == expected
    assert 0 < found.mean() < 1


def test_points_that_are_not_finite_are_outside():
    union = CubeUnion(Fraction(1), np.array([[0, 0]]))
    points = np.array([[np.nan, 0.5], [np.inf, 0.5], [-np.inf, 0.5], [0.5, 0.5], [1e300, 0.5], [5e-324, 0.0]])
    assert union.contains(points).tolist() == [False, False, False, True, False, True]


def brute_measure(union):
    """Coordinate compression: every cell of the grid of all lines is inside or outside in the maximum norm."""
    h, margin = union.spacing, union.margin
    lines = [
        sorted({v for k in union.cubes[:, i].tolist() for v in (k * h - margin, (k + 1) * h + margin)})
        for i in range(union.dimension)
    ]
    total = Fraction(0)
    for cell in product(*(list(zip(axis, axis[1:], strict=False)) for axis in lines)):
        if inside(union, [(a + b) / 2 for a, b in cell]):
            volume = Fraction(1)
            for a, b in cell:
                volume *= b - a
            total += volume
    return total


@given(unions(norms=("max",)))
@settings(max_examples=40, deadline=None)
def test_the_measure_in_the_maximum_norm_is_that_of_compressed_coordinates(union):
    assert union.measure == brute_measure(union)
    assert union.measure_bounds == (union.measure, union.measure)


def polygon_measure(union):
    """Measure in the plane by integrating exact lengths of sections: linear between neighbouring breakpoints."""
    h, margin = union.spacing, union.margin

    def length(y):
        spans = []
        for i, j in union.cubes.tolist():
            rest = margin - max(j * h - y, y - (j + 1) * h, Fraction(0))
            if rest >= 0:
                spans.append((i * h - rest, (i + 1) * h + rest))
        total, end = Fraction(0), None
        for a, b in sorted(spans):
            if end is None or a > end:
                total, end = total + b - a, b
            elif b > end:
                total, end = total + b - end, b
        return total

    # ends of spans move with slopes 0 and ±1, so lengths bend at multiples of h/8 for the margins used here
    step = h / 8
    low, high = union.bounds[1]
    first, last = int(low // step) - 1, int(high // step) + 2
    total = Fraction(0)
    for k in range(first, last):
        a, b = length((k + Fraction(1, 3)) * step), length((k + Fraction(2, 3)) * step)
        total += (a + b) / 2 * step
    return total


@given(unions(norms=("sum",), margins=[Fraction(1, 4), Fraction(1, 2)]))
@settings(max_examples=60, deadline=None)
def test_the_measure_in_the_sum_norm_is_the_integral_of_its_sections(union):
    if union.dimension == 2:
        assert union.measure == polygon_measure(union)


def test_one_cube_with_a_margin_in_the_sum_norm_has_prisms_wedges_and_corners():
    """d = 3: 6 faces, 12 edges with a quarter of a square of the sum norm, 8 octants of an octahedron."""
    h, margin = Fraction(3), Fraction(1)
    union = CubeUnion(h, np.array([[0, 0, 0]]), margin, "sum")
    assert union.measure == h**3 + 6 * h**2 * margin + 12 * h * margin**2 / 2 + 8 * margin**3 / 6


@pytest.mark.parametrize("share", [Fraction(1, 4), Fraction(1, 2), Fraction(3, 8)])
def test_the_measure_in_the_sum_norm_in_three_variables_agrees_with_random_points(share):
    generator = np.random.default_rng(5)
    cubes = generator.integers(0, 4, (20, 3))
    union = CubeUnion(Fraction(1), cubes, share, "sum")
    points = generator.uniform(-1, 5, (200_000, 3))
    mean = union.contains(points).mean()
    assert float(union.measure) / 216 == pytest.approx(mean, abs=5 * np.sqrt(mean * (1 - mean) / 200_000))


@pytest.mark.parametrize("share", [Fraction(1, 2), Fraction(1, 3)], ids=str)
def test_every_pattern_of_cubes_around_a_corner_has_the_volume_that_a_lattice_counts(share):
    """All 255 sets of neighbours of an octant; among them three cubes that share edges only with its own."""
    subsets = [frozenset(i for i in range(3) if bits >> i & 1) for bits in range(8)]
    axis = (np.arange(40) + 0.5) / 80
    v = np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(-1, 3)
    near = np.stack([v[:, sorted(s)].sum(axis=1) <= float(share) for s in subsets])
    for code in range(1, 256):
        chosen = [s for bit, s in enumerate(subsets) if code >> bit & 1]
        counted = near[[bit for bit in range(8) if code >> bit & 1]].any(axis=0).mean() / 8
        assert float(octant(chosen, 3, Fraction(1), share)) == pytest.approx(counted, abs=2e-3)


def test_a_measure_that_is_not_known_is_bracketed_and_the_bracket_holds():
    union = CubeUnion(Fraction(1), np.array([[0, 0], [2, 1]]), Fraction(3, 4), "sum")
    with pytest.raises(UserError, match="sum norm takes at most 3 variables and a margin of at most half"):
        _ = union.measure
    low, high = union.measure_bounds
    points = np.random.default_rng(1).uniform(-2, 5, (100_000, 2))
    assert low < union.contains(points).mean() * 49 < high


@given(unions(most=3))
@settings(max_examples=40, deadline=None)
def test_merged_boxes_hold_every_cube_once_and_nothing_else(union):
    lower, upper = union.boxes()
    cells = [
        cell
        for low, high in zip(lower.tolist(), upper.tolist(), strict=True)
        for cell in product(*(range(a, b) for a, b in zip(low, high, strict=True)))
    ]
    assert sorted(cells) == sorted(map(tuple, union.cubes.tolist()))
    assert len(lower) <= len(union)


def test_a_block_is_one_box_and_an_l_two():
    block = np.argwhere(np.ones((3, 4, 5)))
    assert len(CubeUnion(Fraction(1), block).boxes()[0]) == 1
    shape = np.ones((4, 4))
    shape[2:, 2:] = 0
    assert len(CubeUnion(Fraction(1), np.argwhere(shape)).boxes()[0]) == 2


@given(unions(norms=("max",)), st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_the_complement_and_the_set_share_boundary_points_only(union, seed):
    low, high = union.complement(exact=True)
    d = union.dimension
    assert (low[: 2 * d] == None).sum() + (high[: 2 * d] == None).sum() == 2 * d * (2 * d - 1)  # noqa: E711
    assert not any(v is None for v in [*low[2 * d :].ravel(), *high[2 * d :].ravel()])
    points = critical(union, np.random.default_rng(seed), 60)
    found = union.contains(np.array(points, dtype=object))
    for point, belongs in zip(points, found.tolist(), strict=True):
        closed = strictly = 0
        for a, b in zip(low.tolist(), high.tolist(), strict=True):
            ends = list(zip(point, a, b, strict=True))
            closed += all((p is None or x >= p) and (q is None or x <= q) for x, p, q in ends)
            strictly += all((p is None or x > p) and (q is None or x < q) for x, p, q in ends)
        assert belongs or closed
        assert not (belongs and strictly)


@given(unions(norms=("max",), margins=[0, Fraction(1, 4), Fraction(3, 2)]))
@settings(max_examples=30, deadline=None)
def test_boxes_of_the_complement_and_the_set_fill_the_bounding_box(union):
    low, high = union.complement(exact=True)
    d = union.dimension
    rest = sum(
        (
            np.prod([b - a for a, b in zip(p, q, strict=True)])
            for p, q in zip(low[2 * d :], high[2 * d :], strict=True)
        ),
        Fraction(0),
    )
    assert rest + union.measure == np.prod([b - a for a, b in union.bounds])


def test_the_complement_in_floats_is_the_exact_one_or_an_error():
    dyadic = CubeUnion(Fraction(1, 8), np.array([[0, 0], [3, 5], [1, 5]]), Fraction(1, 32))
    low, high = dyadic.complement()
    exact = dyadic.complement(exact=True)
    assert low.dtype == high.dtype == np.float64
    assert [[None if np.isinf(v) else Fraction(v) for v in row] for row in low.tolist()] == exact[0].tolist()
    assert [[None if np.isinf(v) else Fraction(v) for v in row] for row in high.tolist()] == exact[1].tolist()
    with pytest.raises(UserError, match="is no float64 number"):
        CubeUnion(Fraction(1, 3), np.array([[0, 1]])).complement()
    with pytest.raises(UserError, match="is no float64 number"):
        CubeUnion(Fraction(1), np.array([[2, 3]]), Fraction(1, 2**60)).complement()


def test_cubes_far_apart_cost_no_more_than_cubes_side_by_side():
    union = CubeUnion(Fraction(1), np.array([[0, 0], [10**9, -(10**9)]]), Fraction(5, 2))
    assert union.measure == 2 * 36
    assert len(union.complement()[0]) < 20
    assert union.contains(np.array([[10.0**9 + 3.5, -(10.0**9)], [5e8, 0.0]])).tolist() == [True, False]


def test_cubes_in_many_variables_are_found():
    generator = np.random.default_rng(3)
    cubes = generator.integers(-9, 9, (300, 12))
    union = CubeUnion(Fraction(1, 2), cubes)
    points = (cubes[:50] + generator.random((50, 12))) / 2
    assert union.contains(points).all()
    assert not union.contains(points + 20).any()
    assert union.measure == Fraction(len(union), 2**12)


def test_stored_cubes_are_sorted_unique_and_fixed():
    union = CubeUnion(0.25, np.array([[1, 0], [0, 1], [1, 0]]), 0.125)
    assert union.cubes.tolist() == [[0, 1], [1, 0]]
    assert union.spacing == Fraction(1, 4) and union.margin == Fraction(1, 8)
    assert len(union) == 2 and union.dimension == 2
    with pytest.raises(ValueError, match="read-only"):
        union.cubes[0, 0] = 7
    assert union == CubeUnion(Fraction(1, 4), union.cubes[::-1], Fraction(1, 8))
    assert hash(union) == hash(CubeUnion(Fraction(1, 4), union.cubes[::-1], Fraction(1, 8)))
    assert union != CubeUnion(Fraction(1, 4), union.cubes, Fraction(1, 8), "sum")
    assert union.bounds == ((Fraction(-1, 8), Fraction(5, 8)), (Fraction(-1, 8), Fraction(5, 8)))


def test_margins_add_up_in_one_norm():
    union = CubeUnion(Fraction(1), np.array([[0, 0]]))
    assert union.dilated(Fraction(1, 4), "sum").dilated(Fraction(1, 4)).margin == Fraction(1, 2)
    with pytest.raises(UserError, match="cannot be dilated in 'max'"):
        union.dilated(1, "sum").dilated(1, "max")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, [[0]]), "spacing is 0"),
        ((float("nan"), [[0]]), "spacing is nan"),
        ((1, [[0]], -1), "margin is -1"),
        ((1, [[0]], float("inf")), "margin is inf"),
        ((1, [[0]], 0, "two"), "norm is 'two'"),
        ((1, [0, 1]), r"shape \(2,\)"),
        ((1, [[0.5]]), "float64"),
        ((1, np.zeros((0, 2), dtype=int)), r"shape \(0, 2\)"),
        ((1, [[2**50]]), "up to 2"),
    ],
)
def test_what_is_no_cube_union_is_refused(arguments, message):
    spacing, cubes, *rest = arguments
    with pytest.raises(UserError, match=message):
        CubeUnion(spacing, np.array(cubes), *rest)


def test_points_of_another_dimension_are_refused():
    with pytest.raises(UserError, match=r"allowed: \(m, 2\)"):
        CubeUnion(1, np.array([[0, 0]])).contains(np.zeros((3, 3)))


def test_a_grid_that_would_not_fit_is_refused_before_it_is_made():
    generator = np.random.default_rng(0)
    wide = CubeUnion(Fraction(1), generator.integers(0, 10**6, (2000, 3)), Fraction(1, 4))
    with pytest.raises(UserError, match="refined grid has about"):
        _ = wide.measure
