"""Forms that look right on paper and leave noise, or prove nothing, in floating point."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from flint import arb, ctx

from ratelab import UserError
from ratelab.exact._interval_values import interval_values
from ratelab.networks import Layer, Network, resolve
from ratelab.networks._box_mask import box_mask
from ratelab.networks._masked import clip, masked

LOW, HIGH, MARGIN = -0.75, 0.75, 0.125


def one_minus_hinge(mask):
    """1 − ρ(1 − s) in place of min(s, 1) = ρ(s) − ρ(s − 1), s the sum of bumps."""
    ramps, bumps, _, _ = mask.layers
    row = Layer(-np.ones((1, bumps.outputs)), [1.0], "relu")
    return Network([ramps, bumps, row, Layer([[-1.0]], [1.0], "identity")])


def rounded_everywhere(network, low, high):
    """Enclosures of a ReLU network when every sum but that of zeros is rounded outward, as by an unknown processor."""
    low, high = low.T, high.T
    for layer in network.layers:
        up, down = np.maximum(layer.matrix, 0), np.minimum(layer.matrix, 0)
        bias = layer.bias[:, None]
        size = np.abs(layer.matrix) @ np.maximum(np.abs(low), np.abs(high)) + np.abs(bias)
        room = 2.0**-53 * layer.inputs * size
        low, high = up @ low + down @ high + bias - room, up @ high + down @ low + bias + room
        if layer is not network.layers[-1]:
            low, high = np.maximum(low, 0), np.maximum(high, 0)
    return low[0], high[0]


def rate_of_noise(network, points):
    values = network(points[:, None])[:, 0]
    return (values != 0).mean(), np.abs(values).max()


@pytest.mark.parametrize(("steps", "outside"), [(8, 486), (16, 492), (32, 508), (128, 516)])
def test_one_minus_a_hinge_is_the_same_function_but_certifies_none_of_the_cells(steps, outside):
    """Masks of the tent on [−0.7, 0.7]: 1 − 1 is not certainly 0 under outward rounding, a difference of zeros is."""
    reach = int(np.ceil(0.7 * steps))
    left = np.arange(-reach, reach)[:, None] / steps
    good = box_mask(left, left + 1 / steps, 1 / (4 * steps))
    poor = one_minus_hinge(good)
    exact = [[Fraction(k, 64)] for k in range(-60, 61, 7)]
    assert (good(exact) == poor(exact)).all()
    edges = np.linspace(-2, 2, 801)
    edge = (reach / steps + 1 / (4 * steps)) * (1 + 1e-12)
    beyond = (edges[:-1] >= edge) | (edges[1:] <= -edge)
    assert beyond.sum() == outside
    low, high = edges[:-1][beyond][:, None], edges[1:][beyond][:, None]
    certified = [
        int(((ends[0] == 0) & (ends[1] == 0)).sum())
        for ends in (rounded_everywhere(network, low, high) for network in (good, poor))
    ]
    assert certified == [outside, 0]
    for end in interval_values(good, low, high):
        assert not end.any()


def test_the_trapezoid_of_four_ramps_leaves_noise_right_of_its_support():
    """11.0 % of the points, up to 7.1e-14, with the quotient taken last; more as a network. The nested form: none."""
    a, b, delta = -0.7, 0.7, 0.1
    corners = np.array([a - delta, a, b, b + delta])
    x = np.linspace(0.81, 50, 40_001)
    ramps = np.maximum(x[:, None] - corners, 0.0)
    written = (ramps[:, 0] - ramps[:, 1] - ramps[:, 2] + ramps[:, 3]) / delta
    assert (written != 0).mean() == pytest.approx(0.110, abs=0.005)
    assert np.abs(written).max() == pytest.approx(7.1e-14, rel=0.01)
    slopes = np.array([[1.0, -1.0, -1.0, 1.0]]) / delta
    four = Network.dense([np.ones((4, 1)), slopes], [-corners, [0.0]])
    share, largest = rate_of_noise(four, x)
    assert share > 0.1 and 1e-15 < largest < 1e-12
    nested = Network.dense([[[-1.0], [1.0]], [[-1 / delta, -1 / delta]], [[1.0]]], [[a, -b], [1.0], [0.0]])
    assert rate_of_noise(nested, x) == (0.0, 0.0)
    inside = np.linspace(-0.9, 0.9, 101)[:, None]
    np.testing.assert_allclose(four(inside), nested(inside), atol=1e-13)


def test_dyadic_masks_are_exact_to_the_last_digit_of_their_boundary():
    network = box_mask([[LOW]], [[HIGH]], MARGIN)
    edge = Fraction(HIGH) + Fraction(MARGIN)
    points = [
        [Fraction(HIGH)],
        [edge - Fraction(1, 2**40)],
        [edge],
        [edge + Fraction(1, 2**60)],
        [Fraction(9)],
    ]
    assert network(points)[:, 0].tolist() == [1, Fraction(1, 2**37), 0, 0, 0]
    floats = np.array([[HIGH], [HIGH + MARGIN - 2.0**-40], [HIGH + MARGIN], [9.0]])
    assert network(floats)[:, 0].tolist() == [1.0, 2.0**-37, 0.0, 0.0]


def fused(alpha, x, y):
    """round(α·x − y) with one rounding, y already rounded, as a fused multiply-add does."""
    return float(Fraction(alpha) * Fraction(x) - Fraction(y))


def test_fused_slopes_need_not_cancel_unless_the_slope_is_zero_or_a_power_of_two():
    """αx is rounded in one term and not in the other, so that αx − αx is what the first lost."""
    x = np.random.default_rng(0).uniform(-1, 1, 500)
    noise = [fused(0.3, v, 0.3 * v) for v in x]
    assert np.mean([v != 0 for v in noise]) > 0.5
    for slope in (0.0, 0.25, -0.5, 2.0):
        assert not any(fused(slope, v, slope * v) for v in x)


def test_infinity_times_zero_is_no_number_and_clipping_guards_it():
    with pytest.raises(UserError, match="finite"):
        Network.dense([[[np.inf]], [[1.0]]], [[0.0], [0.0]])
    steep = Network.dense([[[1e300]], [[1.0]]], [[0.0], [0.0]])
    mask = box_mask([[LOW]], [[HIGH]], MARGIN)
    far = np.array([[1e10]])
    with np.errstate(over="ignore", invalid="ignore"):
        assert np.isnan(masked(steep, mask)(far)).all()
        assert (masked(clip(steep, 1), mask)(far) == 0).all()
    low, high = np.array([[1.0]]), np.array([[np.inf]])  # in enclosures 0 · ∞ is 0
    for end in interval_values(masked(steep, mask), low, high):
        assert not end.any()


@pytest.mark.parametrize(
    ("name", "dtype", "zero", "beside"),
    [
        ("gelu", torch.float32, -5.6, -5.0),
        ("gelu", torch.float64, -8.4, -8.2),
        ("softplus", torch.float64, -745.6, -744.0),
    ],
    ids=["gelu-float32", "gelu-float64", "softplus-float64"],
)
def test_floating_point_zeros_of_analytic_activations_are_no_zeros(name, dtype, zero, beside):
    activation = resolve(name)
    values = activation.function(torch.tensor([zero, 4 * zero, beside], dtype=dtype))
    assert values[0] == 0 and values[1] == 0 and values[2] != 0
    before = ctx.prec
    try:
        ctx.prec = 200
        for x in (zero, 4 * zero):
            ball = activation.ball(arb(x))
            assert not ball.contains(0)
    finally:
        ctx.prec = before


def test_the_truth_about_two_floating_point_zeros():
    before = ctx.prec
    try:
        ctx.prec = 4000
        gelu, softplus = resolve("gelu").ball(arb(-20)), resolve("softplus").ball(arb(-800))
        assert arb("-5.6e-88") < gelu < arb("-5.4e-88")
        assert arb("3.6e-348") < softplus < arb("3.8e-348")
    finally:
        ctx.prec = before
