"""The built-in activations against independent formulas, and the recovery of pieces from values."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
import torch
from flint import arb, arb_series, ctx

from ratelab import Activation, UserError, load_plugins
from ratelab.networks import identity, power

ACTIVATIONS = load_plugins().activations
LABELS = [*ACTIVATIONS, "power(exponent=0)", "power(exponent=4)", "prelu(slope=0.1)", "prelu(slope=1/3)"]
PIECEWISE = [name for name in LABELS if ACTIVATIONS[name].regularity == "piecewise polynomial"]
ANALYTIC = [name for name in LABELS if ACTIVATIONS[name].regularity == "analytic"]
BALLS = [name for name in LABELS if ACTIVATIONS[name].ball]


def rectified(exponent):
    return lambda x: mpmath.mpf(x) ** exponent if x > 0 else mpmath.mpf(exponent == 0 and x == 0)


FORMULAS = {
    "identity": lambda x: x,
    "relu": rectified(1),
    "relu2": rectified(2),
    "relu3": rectified(3),
    "power": rectified(1),
    "power(exponent=0)": rectified(0),
    "power(exponent=4)": rectified(4),
    "prelu": lambda x: x if x > 0 else x / 4,
    "prelu(slope=0.1)": lambda x: x if x > 0 else x * mpmath.mpf(0.1),
    "prelu(slope=1/3)": lambda x: x if x > 0 else x / 3,
    "tanh": mpmath.tanh,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "gelu": lambda x: x * mpmath.ncdf(x),
    "silu": lambda x: x / (1 + mpmath.exp(-x)),
    "sine": mpmath.sin,
    "gaussian": lambda x: mpmath.exp(-x * x),
    "elu": lambda x: x if x > 0 else mpmath.expm1(x),
    "softsign": lambda x: x / (1 + abs(x)),
    "arctan": mpmath.atan,
    "isru": lambda x: x / mpmath.sqrt(1 + x * x),
    "isrlu": lambda x: x if x > 0 else x / mpmath.sqrt(1 + x * x),
}
POINTS = [
    -700.0,
    -30.0,
    -6.0,
    -2.5,
    -1.0,
    -1 / 3,
    -1e-3,
    -1e-12,
    0.0,
    1e-12,
    0.1,
    0.75,
    1.0,
    3.0,
    8.0,
    40.0,
    700.0,
]


def values(activation, x):
    return activation.function(torch.tensor(x, dtype=torch.float64)).numpy()


@pytest.mark.parametrize("name", LABELS)
def test_the_function_is_the_formula_of_its_name(name):
    with mpmath.workdps(30):
        expected = np.array([float(FORMULAS[name](mpmath.mpf(x))) for x in POINTS])
    np.testing.assert_allclose(values(ACTIVATIONS[name], POINTS), expected, rtol=4e-15, atol=4e-16)


@pytest.mark.parametrize("name", LABELS)
def test_the_function_acts_elementwise_on_tensors_of_any_shape(name):
    activation = ACTIVATIONS[name]
    x = torch.tensor(POINTS[:16], dtype=torch.float64)
    alone = torch.stack([activation.function(point) for point in x])
    assert torch.equal(activation.function(x), alone)
    assert torch.equal(activation.function(x.reshape(2, 2, 4)).ravel(), alone)
    assert activation.function(x).dtype == torch.float64
    assert activation.function(x.float()).dtype == torch.float32


@pytest.mark.parametrize("name", LABELS)
def test_numpy_and_torch_agree(name):
    activation = ACTIVATIONS[name]
    x = np.random.default_rng(1).normal(size=(7, 11), scale=3)
    np.testing.assert_allclose(activation(x), values(activation, x), rtol=1e-15, atol=1e-300)


@pytest.mark.parametrize("name", LABELS)
def test_the_derivative_is_the_central_difference(name):
    activation = ACTIVATIONS[name]
    x = np.array([-5.0, -1.3, -0.2, 0.15, 0.9, 4.0])
    step = 2.0**-17
    value, slope = activation.with_derivative(x)
    np.testing.assert_allclose(value, activation(x), rtol=1e-15)
    difference = (activation(x + step) - activation(x - step)) / (2 * step)
    np.testing.assert_allclose(slope, difference, rtol=1e-8, atol=2e-9)


@pytest.mark.parametrize("name", ANALYTIC)
def test_gradients_by_torch_are_finite_far_out_and_right_at_zero(name):
    activation = ACTIVATIONS[name]
    x = torch.tensor([-800.0, 0.0, 800.0], dtype=torch.float64, requires_grad=True)
    activation.function(x).sum().backward()
    assert torch.isfinite(x.grad).all()
    with mpmath.workdps(30):
        expected = float(mpmath.diff(FORMULAS[name], 0))
    assert float(x.grad[1]) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", BALLS)
def test_the_ball_of_a_point_is_the_value(name):
    activation = ACTIVATIONS[name]
    for x, value in zip(POINTS, values(activation, POINTS), strict=True):
        ball = activation.ball(arb(x))
        assert ball.is_finite()
        assert abs(float(ball.mid()) - value) <= float(ball.rad()) + 4e-15 * max(1.0, abs(value))


@pytest.mark.parametrize("name", BALLS)
@pytest.mark.parametrize("radius", [1e-9, 0.5, 1000.0])
def test_the_image_of_a_ball_contains_the_images_of_its_points(name, radius):
    ball = ACTIVATIONS[name].ball
    for middle in (-3.0, -0.25, 0.0, 0.25, 2.0):
        image = ball(arb(middle, radius))
        assert image.is_finite()
        for part in np.linspace(-0.999, 0.999, 21):
            assert image.contains(ball(arb(middle) + arb(radius) * float(part)).mid())


@pytest.mark.parametrize("name", ANALYTIC)
def test_every_analytic_activation_has_a_ball_that_also_maps_power_series(name):
    ball, before = ACTIVATIONS[name].ball, ctx.prec
    ctx.prec = 160
    try:
        for middle in (-2.25, 0.0, 0.375, 3.0):
            series = ball(arb_series([arb(middle), 1], 5))
            with mpmath.workdps(40):
                expected = mpmath.taylor(FORMULAS[name], mpmath.mpf(middle), 4)
            for k in range(5):
                assert float(series[k].rad()) < 1e-35
                assert float(series[k].mid()) == pytest.approx(float(expected[k]), rel=1e-12, abs=1e-14)
    finally:
        ctx.prec = before


@pytest.mark.parametrize("name", PIECEWISE)
def test_the_exact_pieces_are_the_function(name):
    activation = ACTIVATIONS[name]
    x = np.random.default_rng(4).normal(size=2000, scale=5)
    np.testing.assert_array_max_ulp(activation.polynomial.evaluate(x), values(activation, x), 2)
    exact = [float(activation.polynomial(Fraction(point))) for point in x[:100]]
    np.testing.assert_allclose(values(activation, x[:100]), exact, rtol=1e-15)
    assert activation.polynomial.degree == activation.degree


@pytest.mark.parametrize("name", LABELS)
def test_every_activation_has_its_label_a_summary_and_a_regularity_of_its_own(name):
    activation = ACTIVATIONS[name]
    assert activation.name == name
    assert activation.summary
    assert activation.reference or name == "identity"


def test_primitives_are_registered_as_they_are():
    """Networks compare activations by identity, and a power by label must not rename a primitive."""
    assert ACTIVATIONS["identity"] is identity
    assert ACTIVATIONS["relu"] is power(1)
    assert ACTIVATIONS["power(exponent=2)"].name == "power(exponent=2)"
    assert ACTIVATIONS["relu2"] is power(2)
    assert power(2).name == "relu2"


@pytest.mark.parametrize(
    ("label", "word"),
    [("prelu(slope=1)", "slope"), ("prelu(slope=inf)", "slope"), ("power(exponent=-1)", "exponent")],
)
def test_a_parameter_out_of_range_is_named_with_what_is_allowed(label, word):
    with pytest.raises(UserError, match=rf"{word}'? is .*; allowed"):
        ACTIVATIONS[label]


def declared(function, degree, *knots):
    return Activation("declared", function, regularity="piecewise polynomial", degree=degree, knots=knots)


def test_pieces_of_a_hard_tanh_follow_from_degree_and_knots():
    recovered = declared(lambda x: x.clamp(-1, 1), 1, -1.0, 1.0).polynomial
    assert recovered.knots == (-1, 1)
    assert [recovered(Fraction(x)) for x in (-5, -1, 0, Fraction(1, 3), 2)] == [-1, -1, 0, Fraction(1, 3), 1]


def test_pieces_of_a_leaky_unit_follow_from_degree_and_knots():
    recovered = declared(lambda x: x.where(x > 0, 0.01 * x), 1, 0.0).polynomial
    assert recovered(Fraction(-7)) == Fraction(-7, 100)
    assert recovered(Fraction(9, 7)) == Fraction(9, 7)


def test_a_declared_polynomial_with_values_that_are_not_finite_is_refused():
    with pytest.raises(UserError, match=r"activation 'declared': values at .* are not all finite"):
        _ = declared(lambda x: x.sqrt(), 1, 0.0).polynomial


def test_pieces_of_a_quadratic_spline_follow_from_degree_and_knots():
    """Also from knots in any order, and where a knot is no dyadic number."""
    third = Fraction(1, 3)
    recovered = declared(lambda x: (x - 1 / 3).clamp(min=0) ** 2 - x.clamp(max=0), 2, third, 0).polynomial
    assert recovered.knots == (0, third)
    for x in (-2.0, 0.2, 0.5, 3.0):
        assert float(recovered(Fraction(x))) == pytest.approx(max(x - 1 / 3, 0) ** 2 - min(x, 0), abs=1e-8)


@pytest.mark.parametrize(
    ("function", "degree", "knots"),
    [
        (lambda x: x.clamp(-1, 1), 1, (-1.0,)),
        (lambda x: x.clamp(-1, 1), 1, (-1.0, 0.5)),
        (lambda x: x.clamp(min=0) ** 2, 1, (0.0,)),
        (lambda x: (x.abs() - 100).clamp(min=0), 1, ()),
        (lambda x: x.tanh(), 3, ()),
    ],
    ids=[
        "a knot is missing",
        "a knot is misplaced",
        "the degree is too low",
        "knots far out are missing",
        "no polynomial at all",
    ],
)
def test_a_wrong_declaration_is_refused(function, degree, knots):
    with pytest.raises(UserError, match=r"activation 'declared': not a polynomial of degree"):
        _ = declared(function, degree, *knots).polynomial
