"""Masks of boxes: values, exact supports, certificates, counts, refusals."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import UserError
from ratelab.exact._interval_values import interval_values
from ratelab.networks._box_mask import box_mask, box_mask_bound
from ratelab.networks._hat_counts import PooledCounts

FORMS = ("sum", "product")
ONE, NIL = Fraction(1), Fraction(0)


def bump(point, low, high, margin, form):
    outside = [max(NIL, a - x, x - b) / margin for x, a, b in zip(point, low, high, strict=True)]
    if form == "sum":
        return max(NIL, ONE - sum(outside))
    result = ONE
    for value in outside:
        result *= max(NIL, ONE - value)
    return result


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dimension", [1, 2, 3])
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_the_mask_is_the_capped_sum_of_bumps(dimension, form, data):
    quarter = st.integers(-8, 8)
    unit = data.draw(st.sampled_from([Fraction(1, 4), Fraction(1, 10), Fraction(1, 7)]))
    count = data.draw(st.integers(1, 4))
    low = [[unit * data.draw(quarter) for _ in range(dimension)] for _ in range(count)]
    high = [[a + unit * data.draw(st.integers(0, 6)) for a in row] for row in low]
    margin = unit * data.draw(st.sampled_from([Fraction(1, 2), Fraction(1), Fraction(3)]))
    network = box_mask(low, high, margin, form)
    points = [[unit / 4 * data.draw(st.integers(-44, 68)) for _ in range(dimension)] for _ in range(4)]
    points += [list(low[0]), list(high[-1]), [b + margin / 3 for b in high[0]]]
    boxes = {(*a, *b): (a, b) for a, b in zip(low, high, strict=True)}.values()
    for point, value in zip(points, network(points)[:, 0], strict=True):
        assert value == min(ONE, sum((bump(point, a, b, margin, form) for a, b in boxes), NIL))


def test_the_support_is_the_neighbourhood_of_the_union_to_the_last_digit():
    cells = [(0, 0), (1, 0), (1, 1)]
    low = np.array(cells) / 8
    network = box_mask(low, low + 1 / 8, 1 / 16)
    tiny = Fraction(1, 2**60)
    edge, half = Fraction(1, 16), Fraction(1, 32)
    inside = [[-edge + tiny, NIL], [-half, -half + tiny], [Fraction(1, 4) + edge - tiny, Fraction(1, 8)]]
    outside = [[-edge, NIL], [-half, -half], [Fraction(1, 4) + edge, Fraction(1, 8)]]
    assert all(v > 0 for v in network(inside)[:, 0])
    assert not any(network(outside)[:, 0])
    assert all(v == 1 for v in network([[Fraction(i, 16), Fraction(1, 16)] for i in range(5)])[:, 0])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_everything_beyond_the_margin_is_certified_to_be_zero(dimension, form):
    cells = np.array(list(product(range(-1, 1), repeat=dimension)))
    network = box_mask(cells / 4, (cells + 1) / 4, Fraction(1, 8), form)
    low, high = np.full((2 * dimension, dimension), -np.inf), np.full((2 * dimension, dimension), np.inf)
    for axis in range(dimension):
        low[axis, axis], high[dimension + axis, axis] = 3 / 8, -3 / 8
    for end in interval_values(network, low, high):
        assert not end.any()
    assert (network(np.zeros((1, dimension))) == 1).all()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_shared_faces_are_computed_once_and_widths_stay_below_2dj(dimension, form):
    cells = np.array(list(product(range(4), repeat=dimension)))
    network = box_mask(cells / 8, (cells + 1) / 8, 1 / 16, form)
    assert network.widths[0] == 8 * dimension  # 4 lower and 4 upper faces for each axis
    assert PooledCounts.of(network).within(box_mask_bound(dimension, len(cells), form))
    assert network.width <= 2 * dimension * len(cells)
    assert network.strict and network.poolings == (0 if form == "sum" else (dimension - 1).bit_length())
    assert network.depth == 4 + network.poolings


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_one_box_takes_the_counts_of_its_bump(dimension):
    corner = np.zeros((1, dimension))
    network = box_mask(corner, corner + 1, 1 / 4)
    assert PooledCounts.of(network) == box_mask_bound(dimension, 1)
    assert network.widths == (2 * dimension, 1)
    twice = box_mask(np.zeros((2, dimension)), np.ones((2, dimension)), 1 / 4)
    assert twice.widths == network.widths


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 4), st.integers(1, 5), st.sampled_from(FORMS), st.integers(0, 1000))
def test_random_boxes_keep_the_promised_counts(dimension, count, form, seed):
    generator = np.random.default_rng(seed)
    low = generator.integers(-9, 9, (count, dimension)) / 4
    high = low + generator.integers(1, 9, (count, dimension)) / 4
    network = box_mask(low, high, 1 / 8, form)
    boxes = len(np.unique(np.concatenate([low, high], axis=1), axis=0))
    assert PooledCounts.of(network).within(box_mask_bound(dimension, boxes, form))


@pytest.mark.parametrize(
    ("unit", "rational"), [(Fraction(1, 8), False), (Fraction(1, 10), False), (Fraction(3, 7), True)]
)
def test_weights_are_float64_exactly_when_nothing_is_rounded(unit, rational):
    network = box_mask([[NIL], [2 * unit]], [[unit], [3 * unit]], unit / 2)
    assert network.exact == rational
    assert network([[unit + unit / 4]])[0, 0] == Fraction(1, 2)


def test_no_boxes_are_the_zero_network():
    assert not box_mask(np.zeros((0, 2)), np.zeros((0, 2)), 1)(np.zeros((1, 2))).any()


@pytest.mark.parametrize(
    ("low", "high", "margin", "named"),
    [
        ([[1.0]], [[0.5]], 0.1, "is empty"),
        ([[0.0]], [[1.0]], 0, "margin is 0"),
        ([[0.0]], [[1.0]], -1, "margin"),
        ([[0.0]], [[np.inf]], 1, "finite"),
        ([[0.0]], [[1.0]], np.nan, "margin"),
        ([[0.0]], [[1.0]], 2.0**-41, "too coarse"),
        ([[0.0]], [[1.0, 2.0]], 1, "shapes"),
        ([0.0], [1.0], 1, "shapes"),
    ],
    ids=["empty", "zero", "negative", "infinite", "nan", "thin", "sizes", "flat"],
)
def test_bad_input_is_refused(low, high, margin, named):
    with pytest.raises(UserError, match=named):
        box_mask(low, high, margin)


def test_the_form_is_known():
    with pytest.raises(UserError, match="form"):
        box_mask([[0.0]], [[1.0]], 1, "max")
