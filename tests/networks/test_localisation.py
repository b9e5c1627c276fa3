"""Cells are found exactly: digits of the coordinates, whole numbers outside ramps, nothing out of range inside them."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import UserError
from ratelab.networks._layerwise_layers import hidden_layer
from ratelab.networks._layerwise_points import cells_of, locate
from ratelab.networks._localisation import Localisation

RATIONALS = st.fractions(0, 1, max_denominator=10**6)
SHAPES = st.tuples(st.integers(1, 3), st.integers(2, 5), st.integers(1, 3))


def exact(x: Fraction) -> fmpq:
    return fmpq(x.numerator, x.denominator)


def by_hand(x: Fraction, base: int, levels: int, ramp: Fraction) -> list[Fraction]:
    """The corners of one coordinate, written out with all N − 1 steps of every level."""
    corner, found = Fraction(0), []
    for t in range(1, levels + 1):
        q = base**t * (x - corner)
        digit = sum(max((q - k + ramp) / ramp, 0) - max((q - k) / ramp, 0) for k in range(1, base))
        corner += Fraction(digit) / base**t
        found.append(corner)
    return found


@pytest.mark.parametrize(("d", "base"), [(1, 2), (1, 7), (2, 3), (3, 2), (3, 4)])
def test_every_neuron_has_one_place_and_d_minus_1_have_none(d: int, base: int) -> None:
    shape = Localisation(d, base, fmpq(1, 4))
    places = [shape.point(i) for i in range(d)] + [shape.corner(i) for i in range(d)]
    places += [place for i in range(d) for k in range(1, base) for place in shape.steps(i, k)]
    places += [shape.accumulator, *shape.sines]
    assert len(set(places)) == len(places) == shape.width - (d - 1)
    assert set(places) <= set(range(shape.width)) and shape.width == 2 * d * base + d + 2


@given(st.lists(RATIONALS, min_size=3, max_size=3), SHAPES, st.fractions(Fraction(1, 10**6), Fraction(1, 2)))
@settings(max_examples=80, deadline=None)
def test_corners_are_those_of_the_steps_written_out(
    x: list[Fraction], shape: tuple[int, int, int], ramp: Fraction
) -> None:
    d, base, levels = shape
    found = Localisation(d, base, exact(ramp)).corners([exact(v) for v in x[:d]], levels)
    for i in range(d):
        assert [corner[i] for corner in found] == [exact(c) for c in by_hand(x[i], base, levels, ramp)]


@given(RATIONALS, st.integers(2, 9), st.integers(1, 4))
@settings(max_examples=80, deadline=None)
def test_outside_ramps_corners_are_the_digits_of_the_point(x: Fraction, base: int, levels: int) -> None:
    ramp = Fraction(1, 10**12)  # no point of denominator 10^6 lies on so narrow a ramp
    shape = Localisation(1, base, exact(ramp))
    digits = [min(floor(base**t * x), base**t - 1) for t in range(1, levels + 1)]
    corners = shape.corners([exact(x)], levels)
    assert [c[0] for c in corners] == [fmpq(m, base**t) for t, m in enumerate(digits, start=1)]
    assert [shape.position(c, t) for t, c in enumerate(corners, start=1)] == [m + 1 for m in digits]
    assert shape.ramp_level([exact(x)], levels) == 0


@given(st.integers(2, 6), st.integers(0, 4), st.fractions(Fraction(1, 1000), Fraction(999, 1000)))
@settings(max_examples=60, deadline=None)
def test_inside_a_ramp_the_local_coordinate_is_less_than_one(base: int, k: int, sigma: Fraction) -> None:
    ramp = Fraction(1, 8)
    k = 1 + k % (base - 1)
    x = (k - ramp + sigma * ramp) / base
    shape = Localisation(1, base, exact(ramp))
    (corner,) = shape.corners([exact(x)], 1)
    assert shape.local([exact(x)], corner, 1)[0] == exact((1 - sigma) * (1 - ramp))
    assert shape.ramp_level([exact(x)], 3) == 1


def test_at_one_all_steps_fire() -> None:
    shape = Localisation(2, 4, fmpq(1, 2**40))
    for level, corner in enumerate(shape.corners([fmpq(1), fmpq(1)], 5), start=1):
        assert corner == (1 - fmpq(1, 4**level),) * 2
        assert shape.position(corner, level) == shape.cells(level)


@given(
    st.lists(RATIONALS, min_size=3, max_size=3), SHAPES, st.sampled_from([Fraction(1, 2), Fraction(1, 2**40)])
)
@settings(max_examples=40, deadline=None)
def test_weight_matrices_carry_point_and_corner(
    x: list[Fraction], numbers: tuple[int, int, int], ramp: Fraction
) -> None:
    d, base, levels = numbers
    shape = Localisation(d, base, exact(ramp))
    values = np.array([exact(v) for v in x[:d]], dtype=object)
    corners = [(fmpq(0),) * d, *shape.corners(list(values), levels)]
    size = 2 * d * base
    for t in range(1, levels + 2):
        layer = hidden_layer(
            shape, t, levels=levels, inner=[fmpq(0)] * levels, codes=_Nothing(), start=fmpq(5)
        )
        before = layer.weight[:size, : len(values)] @ values + layer.bias[:size]
        values = np.array([max(v, fmpq(0)) for v in before], dtype=object)
        assert list(values[:d]) == [exact(v) for v in x[:d]]
        assert tuple(values[d : 2 * d]) == corners[t - 1]


class _Nothing:
    """Codes of zeros, as many as asked for."""

    scale = outer = fmpq(0)

    def __getitem__(self, index: int) -> "_Nothing":
        return self


@pytest.mark.parametrize("base", [2, 3, 5, 6, 7, 10])
@pytest.mark.parametrize("ramp", [fmpq(1, 2), fmpq(1, 3), fmpq(1, 2**30), fmpq(1, 2**52), fmpq(1, 2**60)])
def test_cells_of_floats_are_exact_beside_every_grid_point(base: int, ramp: fmpq) -> None:
    """Grid points, their neighbours among float64 numbers, and ends of ramps, against rational arithmetic."""
    shape, levels = Localisation(1, base, ramp), 3
    grid = np.arange(base**levels + 1) / base**levels
    ends = grid - float(Fraction(int(ramp.p), int(ramp.q))) / base**levels
    x = np.concatenate([grid, ends])
    x = np.concatenate([x, np.nextafter(x, 0), np.nextafter(x, 1), [5e-324, 1e-310, 1e-300]])
    x = x[(x >= 0) & (x <= 1)][:, None]
    found = cells_of(shape, x, levels)
    for row, value in enumerate(x[:, 0]):
        point = [exact(Fraction(float(value)))]
        first = shape.ramp_level(point, levels)
        assert found.ramp[row] == first
        for level, corner in enumerate(shape.corners(point, levels), start=1):
            if not first or level < first:
                assert found.numbers[row, level - 1] + 1 == shape.position(corner, level)


@pytest.mark.parametrize("base", range(2, 9))
def test_steps_in_float64_find_the_right_cells(base: int) -> None:
    """Ramps of 2^-24, six levels, 20,000 random points: none is misplaced, codes are whole up to 1e-10."""
    shape, levels = Localisation(1, base, fmpq(1, 2**24)), 6
    x = np.random.default_rng(base).random((20_000, 1))
    found = locate(shape, x, levels)
    level = np.arange(1, levels + 1)
    outside = ~found.ramps
    wanted = 1 + np.floor(x * (float(base) ** level))
    assert outside.mean() > 0.999
    assert np.abs(found.positions - wanted)[outside].max() < 1e-10


def test_cells_are_numbered_with_the_first_coordinate_running_fastest() -> None:
    shape = Localisation(3, 2, fmpq(1, 2**20))
    x = np.array([[0.6, 0.1, 0.1], [0.1, 0.6, 0.1], [0.1, 0.1, 0.6], [0.9, 0.9, 0.9]])
    assert locate(shape, x, 1).positions[:, 0].tolist() == [2, 3, 5, 8]
    wanted = [np.ravel_multi_index(tuple((4 * row).astype(int)), (4,) * 3, order="F") for row in x]
    assert cells_of(shape, x, 2).numbers[:, 1].tolist() == wanted


def test_ramps_that_float64_does_not_resolve_are_refused() -> None:
    x = np.full((1, 1), 0.3)
    locate(Localisation(1, 2, fmpq(1, 2**40)), x, 4)
    with pytest.raises(UserError, match="narrower than float64 steps resolve at level 7 with base 2"):
        locate(Localisation(1, 2, fmpq(1, 2**40)), x, 7)
