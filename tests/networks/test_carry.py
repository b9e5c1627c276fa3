"""One neuron that carries a value: its error against samples in many digits, its order in h, its proved bound."""

from math import inf, sqrt

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ratelab as rl
from ratelab.networks._carry import carry, second_derivative

ACTIVATIONS = rl.load_plugins().activations
NAMES = (
    "relu", "relu2", "prelu", "elu", "softsign", "isru", "isrlu", "sigmoid", "tanh", "arctan", "softplus", "gelu",
    "silu", "sine", "gaussian",
)  # fmt: skip
FORMULAS = {
    "relu": lambda x: max(x, mpmath.mpf(0)),
    "relu2": lambda x: max(x, mpmath.mpf(0)) ** 2,
    "prelu": lambda x: x if x > 0 else x / 4,
    "elu": lambda x: x if x > 0 else mpmath.expm1(x),
    "softsign": lambda x: x / (1 + abs(x)),
    "isru": lambda x: x / mpmath.sqrt(1 + x * x),
    "isrlu": lambda x: x if x > 0 else x / mpmath.sqrt(1 + x * x),
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "tanh": mpmath.tanh,
    "arctan": mpmath.atan,
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "gelu": lambda x: x * mpmath.ncdf(x),
    "silu": lambda x: x / (1 + mpmath.exp(-x)),
    "sine": mpmath.sin,
    "gaussian": lambda x: mpmath.exp(-x * x),
}


def exact_error(name, made, points):
    """Largest |network − x| at points, with the network's own float weights and exact arithmetic."""
    hidden, output = made.network.layers
    h, x0 = mpmath.mpf(hidden.matrix[0, 0]), mpmath.mpf(hidden.bias[0])
    c, b = mpmath.mpf(output.matrix[0, 0]), mpmath.mpf(output.bias[0])
    return max(abs(c * FORMULAS[name](x0 + h * mpmath.mpf(x)) + b - mpmath.mpf(x)) for x in points)


@given(
    st.sampled_from(NAMES),
    st.floats(-8, 0.5).map(lambda e: 10**e),
    st.floats(0.3, 2.0),
    st.floats(0.2, 4.0),
)
@settings(max_examples=60)
def test_the_proved_bound_is_above_every_sample(name, step, point, reach):
    made = carry(ACTIVATIONS[name], step, point, reach)
    with mpmath.workdps(50):
        assert exact_error(name, made, np.linspace(-reach, reach, 41).tolist()) <= made.error_bound < inf


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("relu", "prelu", "elu", "isrlu")])
def test_the_bound_is_sharp_and_of_order_h(name):
    bounds = []
    for step in (1e-2, 1e-4):
        made = carry(ACTIVATIONS[name], step)
        with mpmath.workdps(50):
            seen = exact_error(name, made, (-1.0, 1.0))
        assert made.error_bound <= 1.05 * seen
        bounds.append(made.error_bound)
    assert bounds[0] / bounds[1] == pytest.approx(100, rel=0.06)


@pytest.mark.parametrize("name", ["relu", "prelu", "elu", "isrlu"])
def test_what_is_affine_on_a_half_line_carries_without_error(name):
    for reach in (0.5, 3.0):
        made = carry(ACTIVATIONS[name], 0.25, 1.0, reach)
        assert made.error_bound <= 1e-300
        np.testing.assert_allclose(made.network([[-reach], [reach]])[:, 0], [-reach, reach], rtol=1e-15)


@pytest.mark.parametrize(
    ("name", "point"),
    [("tanh", 0.0), ("arctan", 0.0), ("isru", 0.0), ("sigmoid", 0.0), ("sine", 0.0), ("gaussian", sqrt(0.5))],
)
def test_an_inflection_gives_order_h_squared(name, point):
    errors = []
    for step in (1e-1, 1e-2):
        made = carry(ACTIVATIONS[name], step, point)
        with mpmath.workdps(50):
            errors.append(float(exact_error(name, made, (-1.0, 1.0))))
    assert errors[0] / errors[1] == pytest.approx(100, rel=0.05)


def test_the_quotient_of_the_square_is_known_exactly():
    """(1 + hx)² − 1 = 2hx + h²x²: the error is h x²/2."""
    made = carry("relu2", 2.0**-5)
    assert made.error_bound == pytest.approx(2.0**-6, rel=1e-12)
    assert made.network([[1.0]])[0, 0] - 1 == 2.0**-6
    assert made.largest_weight == 16.0


def test_second_derivatives_are_bounded_where_they_exist_only():
    assert second_derivative(ACTIVATIONS["sine"], 0.0, 0.5) == pytest.approx(np.sin(0.5), rel=0.02)
    assert second_derivative(ACTIVATIONS["relu2"], 0.5, 1.0) == pytest.approx(2.0)
    for name in ("relu", "elu", "softsign", "isrlu"):
        assert second_derivative(ACTIVATIONS[name], -1.0, 1.0) == inf


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("tanh", 0.0), "step is 0"),
        (("tanh", 0.1, 1.0, -1.0), "reach is -1"),
        (("tanh", 0.1, float("nan")), "point is nan"),
        (("relu", 0.1, -1.0), "has the derivative 0"),
        (("gaussian", 0.1, 0.0), "has the derivative"),
        (("tanh", 1e-320), "too small"),
    ],
)
def test_steps_and_points_that_cannot_work_are_refused(arguments, word):
    with pytest.raises(rl.UserError, match=word):
        carry(*arguments)
