"""Calculators of sizes, against networks that are built and formulas written out."""

from fractions import Fraction
from math import ceil, floor, log, log2, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import load_plugins
from ratelab._errors import UserError
from ratelab.networks._tensor_hats import tensor_hats_bound
from ratelab.spaces._mcshane import diameter
from ratelab.spaces._support_sizes import (
    dyadic_below,
    grid_spacing,
    hat_sizes,
    mask_sizes,
    reconstructed_sizes,
)
from ratelab.spaces._supported import supported

POSITIVE = st.fractions(Fraction(1, 1000), 50, max_denominator=10**6)


@settings(max_examples=100, deadline=None)
@given(POSITIVE)
def test_dyadic_below_is_the_largest_power(value):
    power = dyadic_below(value)
    assert power <= value < 2 * power
    assert power.numerator == 1 or power.denominator == 1


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, 6),
    POSITIVE,
    POSITIVE,
    st.none() | POSITIVE,
    st.sampled_from([Fraction(0), Fraction(1, 4)]),
)
def test_spacings_are_the_largest_that_are_accurate_enough(d, lipschitz, accuracy, reach, margin):
    def fits(h):
        """(L h √d / 2)² ≤ ε² and √d h ≤ r − m h."""
        near = reach is None or (margin * h <= reach and d * h * h <= (reach - margin * h) ** 2)
        return (lipschitz * h) ** 2 * d / 4 <= accuracy**2 and near

    h = grid_spacing(d, lipschitz, accuracy, reach, margin)
    assert fits(h) and not fits(2 * h)


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 5),
    st.integers(1, 4),
    POSITIVE,
    POSITIVE,
    st.fractions(Fraction(1, 8), 2, max_denominator=99),
)
def test_sizes_of_hats_are_those_promised_for_full_grids(d, outputs, lipschitz, diameter, accuracy):
    found = hat_sizes(d, outputs, lipschitz, diameter, accuracy)
    lines = floor(diameter / found.spacing) + 1
    promised = tensor_hats_bound(d, lines**d, d * lines, outputs)
    assert (found.depth, found.width, found.poolings) == (promised.depth, promised.width, promised.poolings)
    assert (found.depth, found.poolings) == (3 + ceil(log2(d)), ceil(log2(d)))
    assert found.nodes == lines**d and found.status == "derived"
    assert found.error <= float(accuracy) * (1 + 1e-15) and found.margin == found.spacing


def test_the_tent_needs_what_is_known():
    # L = 1/0.7, support 1.4 wide: ε = 0.05 wants h ≤ 0.07
    found = hat_sizes(1, 1, Fraction(10, 7), Fraction(7, 5), Fraction(1, 20))
    assert (found.spacing, found.nodes, found.depth, found.width, found.poolings) == (
        Fraction(1, 16),
        23,
        3,
        46,
        0,
    )


def test_masks_cost_two_d_a_cube_and_one_pooling():
    found = mask_sizes(2, 1, Fraction(5, 4), Fraction(8, 5), Fraction(1, 10))
    hats = hat_sizes(2, 1, Fraction(5, 4), Fraction(8, 5), Fraction(1, 10), reach=Fraction(1, 20))
    assert found.spacing == Fraction(1, 32)  # (√2 + 1/4)/16 = 0.104 > 0.1
    cubes = (ceil(Fraction(8, 5) * 32) + 1) ** 2
    assert found.nodes == cubes and hats.spacing == found.spacing
    assert (found.depth, found.width, found.poolings) == (4, 4 * cubes + hats.width, 2)
    assert found.margin == Fraction(5, 128)


@pytest.mark.parametrize(
    ("label", "accuracy"),
    [("tent", 0.1), ("compact_cone", 0.3), ("annulus", 0.3), ("compact_cone(dimension=3)", 0.6)],
)
def test_networks_that_are_built_need_no_more(label, accuracy):
    target = load_plugins(["plugins"]).targets[label]
    wide = diameter(target.support)
    masks = mask_sizes(target.dimension, 1, target.lipschitz, wide, accuracy)
    hats = hat_sizes(target.dimension, 1, target.lipschitz, wide, accuracy)
    for method, promised in (("mask", masks), ("hats", hats)):
        built = supported(target, promised.spacing, method=method, certify=False)
        counts = built.network
        assert counts.depth <= promised.depth and counts.poolings == promised.poolings
        assert counts.width <= promised.width
        assert built.error_bound <= accuracy * (1 + 1e-9) and len(built.nodes) <= promised.nodes
    assert built.distance.excess[0] <= promised.margin


def test_another_masked_network_brings_its_own_size():
    found = mask_sizes(3, 2, 1, 1, Fraction(1, 4), width=100, depth=9, poolings=0)
    assert (found.depth, found.poolings) == (9, 1)
    assert found.width == 6 * found.nodes + 100
    pooled = mask_sizes(3, 2, 1, 1, Fraction(1, 4), width=100, depth=9, poolings=3)
    assert (pooled.width, pooled.poolings) == (12 * found.nodes + 100, 4)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 6), st.floats(0.05, 5))
def test_the_reconstruction_has_the_recalled_shape(d, outputs, layers, accuracy):
    found = reconstructed_sizes(d, outputs, 2, 3, accuracy, layers=layers, unverified=True)
    assert found.status == "reconstruction, unverified"
    assert found.depth == 11 * layers + 18 + 2 * d
    assert found.poolings == ceil(log2(d)) + 1

    def error(size):
        share = (size**2 * layers**2 * log(size + 2) / log(3)) ** (-1 / d)
        return 131 * sqrt(d) * 2 * log(11**d) * 3 * share

    # the width is that of one N: a small one, or by the N + 2 of the formula
    unit = found.width // (outputs * 3 ** (d + 3))
    size = next(n for n in (1, 2, 3, unit - 2) if error(n) <= accuracy * (1 + 1e-9))
    root = max(r for r in range(1, 10**4) if r**d <= size) if d > 1 else size
    assert found.width == outputs * 3 ** (d + 3) * max(d * root, size + 2)
    assert size == 1 or error(size - 1) > accuracy
    assert found.error <= accuracy


def test_the_reconstruction_needs_the_flag():
    for flag in (False, 1, "yes"):
        with pytest.raises(UserError, match="not verified; pass unverified=True"):
            reconstructed_sizes(2, 1, 1, 1, 0.1, unverified=flag)


def test_bad_input_is_refused():
    for call, words in (
        (lambda: hat_sizes(0, 1, 1, 1, 0.1), "dimension is 0"),
        (lambda: hat_sizes(1, 1, 0, 1, 0.1), "lipschitz is 0"),
        (lambda: hat_sizes(1, 1, 1, np.inf, 0.1), "diameter is inf"),
        (lambda: hat_sizes(1, 1, 1, 1, float("nan")), "accuracy is nan"),
        (lambda: hat_sizes(1, 1, 1, 1, 0.1, reach=-1), "reach is -1"),
        (lambda: hat_sizes(True, 1, 1, 1, 0.1), "dimension is True"),
        (lambda: mask_sizes(2, 1, 1, 1, 0.1, width=3), "all three"),
        (lambda: mask_sizes(2, 1, 1, 1, 0.1, width=3, depth=0, poolings=0), "depth is 0"),
        (lambda: reconstructed_sizes(2, 1, 1, 1, 0.1, layers=0, unverified=True), "layers is 0"),
        (lambda: reconstructed_sizes(4, 1, 1, 1, 1e-9, unverified=True), "10.18"),
    ):
        with pytest.raises(UserError, match=words):
            call()
