"""Polynomials, products, monomials and differences of powers: exact in rationals, with the counts that are promised."""

from fractions import Fraction
from itertools import pairwise
from math import ceil, comb, log2, prod

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import UserError
from ratelab.networks import Counts, Network, identity, identity_form, power
from ratelab.networks._lower_power import LowerPowerErrors, lower_power, lower_power_bound
from ratelab.networks._polynomial_networks import polynomial, polynomial_bound, power_exponent
from ratelab.networks._polynomial_rounding import evaluation_rounding
from ratelab.networks._products import TensorProduct, monomial, monomial_bound, product, product_bound
from ratelab.registry import PiecewisePolynomial

RATIONAL = st.fractions(min_value=-4, max_value=4, max_denominator=12)
FEW = settings(max_examples=25, deadline=None)
POINTS = [Fraction(i, 7) for i in (-30, -9, -7, -1, 0, 2, 5, 7, 11, 40)]


def values(network, points):
    return [v[0] for v in network([[x] for x in points])]


def horner(coefficients, x):
    return sum((c * x**k for k, c in enumerate(coefficients)), Fraction(0))


@FEW
@given(st.lists(RATIONAL, min_size=1, max_size=7), st.integers(0, 2), st.booleans())
def test_a_polynomial_network_is_the_polynomial_on_the_whole_line(coefficients, spare, output_bias):
    r = max(len(coefficients) - 1 + spare, 1)
    network = polynomial(coefficients, r, output_bias=output_bias)
    assert values(network, POINTS) == [horner(coefficients, x) for x in POINTS]
    assert network.neurons <= 2 * (r + (not output_bias))
    assert network.connections <= 2 * network.neurons
    assert network.depth <= 2
    assert all(a is power(r) for layer in network.layers[:-1] for a in layer.activations)
    assert output_bias or not any(network.layers[-1].bias)


@FEW
@given(
    st.lists(RATIONAL, min_size=1, max_size=7),
    RATIONAL,
    st.sampled_from([Fraction(1, 50), Fraction(1), Fraction(40)]),
    st.booleans(),
)
def test_on_an_interval_half_the_neurons_are_enough(coefficients, lower, length, output_bias):
    r, upper = max(len(coefficients) - 1, 1), lower + length
    network = polynomial(coefficients, r, domain=(lower, upper), output_bias=output_bias)
    inside = [lower + (upper - lower) * Fraction(i, 6) for i in range(7)]
    assert values(network, inside) == [horner(coefficients, x) for x in inside]
    assert network.neurons <= r + (not output_bias)
    assert Counts.of(network).within(polynomial_bound(r, bounded=True, output_bias=output_bias))


def test_the_counts_of_the_literature_are_attained_by_a_generic_polynomial():
    """2(r + 1) neurons without an output bias, 2r with one."""
    for r in (2, 3, 4):
        coefficients = [Fraction(p) for p in (1, 5, -2, 7, 3)[: r + 1]]
        if r == 2:  # any parabola is one power and a constant
            assert polynomial(coefficients, 2).neurons == 2
        else:
            assert polynomial(coefficients, r).neurons == 2 * r
        network = polynomial(coefficients, r, output_bias=False)
        assert (network.neurons, network.connections) == (2 * (r + 1), 4 * (r + 1))
        assert Counts.of(network) == polynomial_bound(r, output_bias=False)


@pytest.mark.parametrize("r", range(1, 21))
def test_a_monomial_of_the_full_degree_takes_two_neurons(r):
    network = polynomial([0] * r + [Fraction(1)], r)
    assert (network.neurons, network.connections) == (2, 4)
    assert values(network, POINTS) == [x**r for x in POINTS]


@pytest.mark.parametrize("r", range(2, 9))
def test_a_square_takes_one_power_less_than_the_degree(r):
    network = polynomial([0, 0, Fraction(1)], r)
    assert network.neurons == 2 * (r - 1)
    assert values(network, POINTS) == [x**2 for x in POINTS]


@pytest.mark.parametrize("r", range(1, 8))
def test_the_identity_has_the_form_of_the_calculus(r):
    """x needs 2r neurons here and in `identity_form`, four for r = 2."""
    network, form = polynomial([Fraction(0), 1], r), identity_form(power(r))
    assert network.neurons == len(form.terms) == 2 * r
    assert values(network, POINTS) == POINTS


def test_a_shifted_power_and_a_constant_takes_one_power():
    coefficients = [3 * comb(5, k) * Fraction(2, 3) ** (5 - k) for k in range(6)]
    coefficients[0] += 11
    assert polynomial(coefficients, 5).neurons == 2
    assert polynomial(coefficients, 5, domain=(0, 1)).neurons == 1
    # a knot inside the interval would cut the power off
    assert polynomial(coefficients, 5, domain=(-1, 1)).neurons == 5


def test_given_shifts_are_used_and_a_knot_inside_the_domain_is_refused():
    shifts = [Fraction(1, 2), Fraction(2), Fraction(3)]
    network = polynomial([1, 2, 3, 4], 3, shifts=shifts)
    assert {abs(float(b)) for b in network.layers[0].bias} == {0.5, 2.0, 3.0}
    assert values(network, POINTS) == [horner([1, 2, 3, 4], x) for x in POINTS]
    with pytest.raises(UserError, match="inside the domain"):
        polynomial([1, 2, 3, 4], 3, domain=(-1, 1), shifts=shifts)
    with pytest.raises(UserError, match="allowed here: 3"):
        polynomial([1, 2, 3, 4], 3, shifts=[1, 2])
    with pytest.raises(UserError, match="allowed here: 3"):
        polynomial([1, 2, 3, 4], 3, shifts=[1, 2, 2])


def test_rational_numbers_give_rational_networks_and_floats_give_floats():
    assert polynomial([1, Fraction(1, 3)], 2).exact
    assert polynomial([1, 0.3], 2, domain=(0, Fraction(1))).exact
    network = polynomial([1, 0.3, 0.7, 0.2], 3)
    assert not network.exact
    x = np.linspace(-2, 2, 41)
    np.testing.assert_allclose(network(x[:, None])[:, 0], 1 + 0.3 * x + 0.7 * x**2 + 0.2 * x**3, atol=1e-13)


def test_constants_have_no_neurons():
    assert polynomial([Fraction(5)], 3).neurons == 0
    assert polynomial([], 3).neurons == 0
    assert polynomial([Fraction(5)], 3, output_bias=False).neurons == 8
    assert values(polynomial([Fraction(5)], 3, output_bias=False), POINTS) == [5] * len(POINTS)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: polynomial([0, 0, 0, 1], 2), "the degree is 3; allowed"),
        (lambda: polynomial([1], 0), "power is 0; allowed"),
        (lambda: polynomial([1], 21), "power is 21; allowed"),
        (lambda: polynomial([1], "relu"), "allowed: a whole number"),
        (lambda: polynomial([1], identity), "'identity' is no power"),
        (lambda: polynomial([float("nan")], 2), "finite"),
        (lambda: polynomial([1, 2], 2, domain=(1, 1)), "lower < upper"),
        (lambda: polynomial([[1, 2], [3, 4]], 2), "list of numbers"),
        (lambda: product(0), "dimension is 0; allowed"),
        (lambda: product(2, 1), "power is 1; allowed: whole numbers from 2"),
        (lambda: monomial(0), "degree is 0; allowed"),
        (lambda: lower_power(2, 0), "step is 0; allowed"),
        (lambda: LowerPowerErrors(2, Fraction(1, 2), Fraction(-1, 4)), "interval is"),
        (lambda: evaluation_rounding(product(2), ((0, 1),)), "1 pairs, the network 2 inputs"),
    ],
)
def test_bad_input_is_named_with_what_is_allowed(call, words):
    with pytest.raises(UserError, match=words):
        call()


def test_powers_are_recognised_by_their_pieces():
    assert [power_exponent(power(r)) for r in range(4)] == [0, 1, 2, 3]
    assert power_exponent(identity) is None


# products


@pytest.mark.parametrize("merged", [False, True])
@pytest.mark.parametrize("r", [2, 3, 4])
@pytest.mark.parametrize("d", [1, 2, 3, 4, 5, 6, 7, 9, 16])
def test_products_are_exact_and_have_exactly_the_promised_counts(d, r, merged):
    network = product(d, r, merged=merged)
    generator = np.random.default_rng(d)
    points = [[Fraction(int(v), 5) for v in row] for row in generator.integers(-20, 21, (4, d))]
    assert [v[0] for v in network(points)] == [prod(p) for p in points]
    assert Counts.of(network) == product_bound(d, r, merged=merged)
    levels = ceil(log2(d))
    assert network.depth == (levels + 1 if merged else max(2 * levels, 1))


def test_two_factors_cost_four_neurons_and_twelve_connections():
    network = product(2)
    assert (network.neurons, network.connections, network.depth, network.strict) == (4, 12, 2, True)
    for r in (2, 3, 4, 5):
        assert product(2, r).neurons == 4 * (r - 1) < 4 * (r + 1)


def test_d_factors_cost_a_constant_times_d():
    for d in range(2, 40):
        counts = product_bound(d)
        assert counts.neurons <= 4 * (d - 1) + 2 * (d - 1)
        assert counts.connections <= 14 * (d - 1)


@pytest.mark.parametrize("r", [2, 3])
@pytest.mark.parametrize("k", range(1, 33))
def test_every_power_of_x_is_a_network_of_logarithmic_depth(k, r):
    network = monomial(k, r)
    assert values(network, POINTS) == [x**k for x in POINTS]
    assert Counts.of(network).within(monomial_bound(k, r))
    assert network.depth == ceil(log2(k)) + 1
    if r == 2 and k & (k - 1) == 0 and k > 1:
        assert (network.neurons, network.connections) == (2 * int(log2(k)), 4 * int(log2(k)))


def test_the_function_of_a_tensor_product_is_the_product_of_its_factors():
    third = Fraction(1, 3)
    hat = PiecewisePolynomial((third,), ((Fraction(0), Fraction(3)), (Fraction(3, 2), Fraction(-3, 2))))
    line = PiecewisePolynomial((), ((Fraction(1), Fraction(2)),))
    function = TensorProduct((hat, line))
    x = np.random.default_rng(0).random((50, 2))
    expected = [float(hat(Fraction(u)) * line(Fraction(v))) for u, v in x]
    np.testing.assert_allclose(function(x), expected, rtol=0, atol=1e-15)


# the next lower power


@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize("r", [1, 2, 3, 4, 5])
def test_the_exact_errors_of_differences_are_those_of_the_network(r, centred):
    """The supremum against a fine grid of rationals, the L2 norm against quadrature in 30 digits."""
    h, lower, upper = Fraction(1, 8), Fraction(-1, 2), Fraction(3, 4)
    errors = LowerPowerErrors(r, h, lower, upper, centred=centred)
    network = lower_power(r, h, centred=centred)

    def gap(x):
        return network([[x]])[0, 0] - (x ** (r - 1) if x >= 0 else 0)

    grid = [lower + (upper - lower) * Fraction(i, 400) for i in range(401)]
    largest = max(abs(gap(x)) for x in grid)
    assert largest <= errors.supremum
    if r > 1:
        assert largest >= errors.supremum * Fraction(99, 100)
    else:
        assert abs(gap(Fraction(-1, 10**9))) > errors.supremum * Fraction(99, 100)
    with mpmath.workdps(30):

        def squared(x):
            m = mpmath.mpf(1) / 8
            start = m / 2 if centred else m
            value = (max(x + start, 0) ** r - max(x + start - m, 0) ** r) / (r * m)
            return (value - (x ** (r - 1) if x >= 0 else 0)) ** 2

        cuts = [-0.5, -0.125, -0.0625, 0, 0.0625, 0.125, 0.75]
        integral = sum(mpmath.quad(squared, [a, b]) for a, b in pairwise(cuts))
        assert abs(integral - mpmath.mpf(errors.squared.numerator) / errors.squared.denominator) < 1e-25
        root = mpmath.sqrt(integral)
        assert root <= errors.mean_square <= root * (1 + 1e-15)


def test_for_the_square_the_supremum_is_half_the_step_on_every_interval():
    for h in (Fraction(1, 10), Fraction(1, 100), Fraction(1, 1000)):
        for upper in (Fraction(1), Fraction(50)):
            assert LowerPowerErrors(2, h, upper=upper).supremum == h / 2
            assert LowerPowerErrors(2, h, upper=upper, centred=True).supremum == h / 8


@pytest.mark.parametrize(("centred", "order"), [(False, 1), (True, 2)])
@pytest.mark.parametrize("r", [3, 4, 5])
def test_errors_shrink_with_the_order_of_the_difference(r, centred, order):
    coarse, fine = (LowerPowerErrors(r, Fraction(1, n), centred=centred) for n in (10**3, 10**4))
    assert float(coarse.supremum / fine.supremum) == pytest.approx(10**order, rel=0.01)
    assert fine.largest_weight == Fraction(10**4, r)


def test_a_difference_is_two_neurons_with_a_weight_like_one_over_the_step():
    network = lower_power(3, Fraction(1, 64), at=Fraction(1, 3), scale=5)
    assert Counts.of(network) == lower_power_bound() == Counts(2, 4, 2)
    assert network.exact
    assert network.largest_weight == pytest.approx(5 * 64 / 3)
    assert network([[Fraction(1, 4)]])[0, 0] == 0
    assert not lower_power(3, 1 / 64).exact


# rounding


@pytest.mark.parametrize("seed", range(8))
def test_float_values_stay_within_the_bound_of_rounding(seed):
    generator = np.random.default_rng(seed)
    r = 2 + seed % 4
    candidates = [
        polynomial([Fraction(int(v), 7) for v in generator.integers(-20, 21, r + 1)], r),
        product(3, r),
        monomial(7, r),
        lower_power(r, Fraction(1, 2**20), centred=True),
    ]
    for network in candidates:
        box = ((-1, 1),) * network.inputs
        points = generator.uniform(-1, 1, (40, network.inputs))
        exact = network([[Fraction(float(v)) for v in row] for row in points])
        away = max(abs(Fraction(float(a)) - b[0]) for a, b in zip(network(points)[:, 0], exact, strict=True))
        bound = evaluation_rounding(network, box)
        assert float(away) <= bound
        # intervals know nothing of cancellation, on which deep networks of shifted powers live
        assert bound < 1e-6 or network.depth > 3


def test_the_bound_of_rounding_carries_errors_through_the_layers():
    """x^1024 by ten squares loses far more than the roundings of its last layer."""
    network = monomial(1024)
    points = np.linspace(0.999, 1.0, 97)
    exact = network([[Fraction(float(x))] for x in points])
    found = network(points[:, None])[:, 0]
    away = max(abs(float(Fraction(float(a)) - b[0])) for a, b in zip(found, exact, strict=True))
    assert 2.0**-53 * 60 < away <= evaluation_rounding(network, ((0.999, 1),)) < 1e-10


def test_the_bound_of_rounding_refuses_other_networks():
    with pytest.raises(UserError, match="no power"):
        evaluation_rounding(Network.dense([[[1.0]], [[1.0]]], [[0.0], [0.0]], "tanh"), ((0, 1),))
