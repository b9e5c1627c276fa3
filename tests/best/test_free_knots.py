"""Free-knot splines against published optima, finite differences, closed forms and their own networks."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import BSpline

import ratelab as rl
from ratelab.best import Spline, SplineBook, best_spline, free_knot_splines, use_splines, writes_splines
from ratelab.best._free_knots import _search
from ratelab.best._variable_projection import fit
from ratelab.exact import error
from ratelab.exact._quadrature import resolved_cells
from ratelab.networks import identity, power

registry = rl.load_plugins(["plugins"])

SQRT = {
    2: 1.57134840e-2,
    3: 7.82580948e-3,
    4: 4.68063774e-3,
    8: 1.29145224e-3,
    16: 3.40327756e-4,
    32: 8.74349605e-5,
}
EXP = {
    2: 1.56376168e-2,
    3: 6.94543360e-3,
    4: 3.90589371e-3,
    8: 9.76252970e-4,
    16: 2.44049447e-4,
    32: 6.10114993e-5,
}


def errors(name, pieces, degree=1):
    target = registry.targets[name]
    splines = free_knot_splines(target, pieces, degree)
    return {n: error(spline.network(), target) for n, spline in splines.items()}


@pytest.mark.parametrize(("name", "known"), [("sqrt", SQRT), ("exp", EXP)])
def test_convex_targets_reach_the_published_optimum_to_eight_digits(name, known):
    found = errors(name, list(known))
    for n, value in known.items():
        assert found[n] == pytest.approx(value, rel=2e-8), n


def test_a_parabola_has_equispaced_knots_and_its_closed_form():
    for n, spline in free_knot_splines(registry.targets["square"], [1, 3, 8, 20], 1).items():
        np.testing.assert_allclose(spline.knots, np.arange(1, n) / n, atol=1e-7)
        assert error(spline.network(), registry.targets["square"]) == pytest.approx(
            n**-2 / 180**0.5, rel=1e-9
        )


def test_steps_on_a_line_are_equispaced_too():
    line = rl.Target("line", lambda x: x[:, 0])
    for n, spline in free_knot_splines(line, [1, 4, 7], 0).items():
        assert error(spline.network(), line) == pytest.approx(1 / (n * 12**0.5), rel=1e-9)


def test_a_cubic_is_fitted_by_quadratics_as_by_equispaced_bernoulli_monosplines():
    """On many pieces n³E tends to the constant of Barrow and Smith, √(|B_6|/6!)·|f‴| = 0.0345033 for x³."""
    cubic = rl.Target("cubic", lambda x: x[:, 0] ** 3)
    spline = free_knot_splines(cubic, [33], 2)[33]
    assert 33**3 * error(spline.network(), cubic) == pytest.approx(0.0345033, rel=0.05)


@pytest.mark.parametrize(
    ("name", "pieces", "value"),
    [("sine", 4, 0.0572060), ("sine", 5, 0.0287), ("two_scales", 8, 0.121268), ("two_scales", 16, 0.069072),
     ("two_scales", 32, 0.0119814), ("sine(frequency=4)", 16, 0.039507), ("takagi", 16, 0.0084294),
     ("cantor", 16, 0.0042466), ("brownian", 16, 0.056096)],
)  # fmt: skip
def test_oscillating_and_rough_targets_reach_the_best_values_in_hand(name, pieces, value):
    assert errors(name, [pieces])[pieces] <= value * 1.0001


@pytest.mark.parametrize("name", ["two_scales", "cusp", "takagi", "step"])
def test_errors_do_not_increase_with_the_number_of_pieces(name):
    values = list(errors(name, [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16]).values())
    assert all(b <= a for a, b in zip(values, values[1:], strict=False))


def test_more_knots_follow_a_singularity_that_uniform_knots_do_not():
    found = errors("cusp", [32])[32]
    cells = resolved_cells(registry.targets["cusp"])
    uniform = fit(cells, 1, np.arange(1, 32) / 32).square ** 0.5
    assert found < uniform / 20


def test_a_jump_is_followed_by_two_knots_that_nearly_meet():
    found = free_knot_splines(registry.targets["step"], [3], 1)[3]
    assert found.knots[1] - found.knots[0] < 1e-7
    assert error(found.network(), registry.targets["step"]) < 1e-4


@pytest.mark.parametrize(
    ("degree", "pieces", "others"), [(1, 7, [2, 10]), (1, 70, [9, 71, 140]), (1, 140, [70]), (2, 7, [2, 10])]
)
def test_the_answer_does_not_depend_on_what_else_is_asked_for(degree, pieces, others):
    target = rl.Target("f", lambda x: np.cos(7 * x[:, 0]))
    again = rl.Target("f", lambda x: np.cos(7 * x[:, 0]))
    first = free_knot_splines(target, [*others, pieces], degree)[pieces]
    second = free_knot_splines(again, [pieces], degree)[pieces]
    np.testing.assert_array_equal(first.knots, second.knots)
    np.testing.assert_array_equal(first.coefficients, second.coefficients)


@pytest.mark.parametrize(
    ("name", "constant"),
    [
        ("square", 2.0),
        ("exp", (2.5 * (np.exp(0.4) - 1)) ** 2.5),
        ("sqrt", 0.25 * 2.5**2.5),
    ],
)
def test_a_thousand_pieces_follow_the_law_of_many_pieces(name, constant):
    """n²E tends to (∫ |f″|^(2/5))^(5/2)/√720; for x² it is equal for every n."""
    target = registry.targets[name]
    spline = free_knot_splines(target, [1000], 1)[1000]
    assert spline.pieces == 1000
    value = 1000**2 * error(spline.network(), target)
    assert value == pytest.approx(constant / 720**0.5, rel=1e-7 if name == "square" else 2e-3)


def test_a_good_start_is_used():
    target = registry.targets["two_scales"]
    optimum = free_knot_splines(target, [16], 1)[16]
    search = _search(target, 1)
    poor = fit(resolved_cells(target), 1, np.arange(1, 16) / 16)
    assert search.refine(16, poor, []) is poor
    assert poor.square > 1.05 * 0.069071**2
    assert search.refine(16, poor, [np.round(optimum.knots, 3)]).square ** 0.5 == pytest.approx(
        0.069071, rel=0.01
    )


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_gradient_and_hessian_equal_finite_differences(degree):
    cells = resolved_cells(registry.targets["exp"])
    knots = np.array([0.15, 0.3, 0.52, 0.7, 0.86])
    found = fit(cells, degree, knots)
    step = 1e-5
    for j in range(len(knots)):
        shift = np.zeros(len(knots))
        shift[j] = step
        after, before = fit(cells, degree, knots + shift), fit(cells, degree, knots - shift)
        slope = (after.square - before.square) / (2 * step)
        assert slope == pytest.approx(found.gradient[j], abs=1e-5 * np.abs(found.gradient).max())
        curve = (after.gradient - before.gradient) / (2 * step)
        np.testing.assert_allclose(curve, found.hessian[j], atol=1e-3 * np.abs(found.hessian).max())


@given(st.integers(0, 3), st.integers(0, 7), st.integers(0, 10**6))
def test_a_spline_equals_scipy_and_its_network(degree, count, seed):
    rng = np.random.default_rng(seed)
    knots = np.sort(rng.choice(np.arange(1, 64), count, replace=False)) / 32
    spline = Spline(degree, (0.0, 2.0), knots, rng.normal(size=count + 1 + degree))
    full = np.concatenate([np.zeros(degree + 1), knots, np.full(degree + 1, 2.0)])
    x = rng.uniform(0, 2, 200)
    np.testing.assert_allclose(spline(x), BSpline(full, spline.coefficients, degree)(x), atol=1e-10)
    network = spline.network()
    scale = 1 + network.largest_weight
    np.testing.assert_allclose(network(x[:, None])[:, 0], spline(x), atol=1e-12 * scale)
    assert network.neurons == count + degree
    assert network.connections <= 2 * network.neurons
    assert network.depth <= 2


@pytest.mark.parametrize("label", ["prelu", "prelu(slope=-2)"])
def test_one_bend_writes_a_piecewise_linear_spline_with_as_many_neurons_as_pieces(label):
    spline = Spline(1, (0.0, 1.0), np.array([0.2, 0.5, 0.6]), np.array([1.0, -2.0, 3.0, 0.5, 1.5]))
    network = spline.network(registry.activations[label])
    x = np.linspace(0, 1, 501)
    np.testing.assert_allclose(network(x[:, None])[:, 0], spline(x), atol=1e-12)
    assert network.neurons == spline.pieces
    assert {a.name for a in network.layers[0].activations} == {registry.activations[label].name}


def test_a_backward_or_shifted_bend_works_as_well():
    def bend(x):
        return 3 * (0.25 - x).clamp(min=0) + 1

    activation = rl.Activation("back", bend, regularity="piecewise polynomial", degree=1, knots=(0.25,))
    spline = Spline(1, (-1.0, 2.0), np.array([0.0, 1.0]), np.array([1.0, -2.0, 3.0, 0.5]))
    network = spline.network(activation)
    x = np.linspace(-1, 2, 301)
    np.testing.assert_allclose(network(x[:, None])[:, 0], spline(x), atol=1e-12)


def test_which_activations_write_splines():
    assert [writes_splines(power(r), r) for r in range(4)] == [True] * 4
    assert not writes_splines(identity, 1)
    assert not writes_splines(power(2), 1)
    assert not writes_splines(registry.activations["tanh"], 1)


def test_the_power_form_is_exact():
    spline = Spline(2, (0.0, 1.0), np.array([0.25, 0.5]), np.array([1.0, 2.0, -1.0, 0.5, 3.0]))
    polynomial, weights = spline.power_form()
    for x in (Fraction(1, 8), Fraction(3, 8), Fraction(7, 8)):
        value = sum(p * x**k for k, p in enumerate(polynomial))
        value += sum(c * max(x - Fraction(t), 0) ** 2 for c, t in zip(weights, (0.25, 0.5), strict=True))
        assert float(value) == pytest.approx(float(spline(np.array([float(x)]))[0]), rel=1e-14)


def test_a_book_gives_back_what_it_was_given():
    target = registry.targets["exp"]
    splines = free_knot_splines(target, [1, 3, 5], 2)
    book = SplineBook()
    book.remember(target, splines)
    book.remember(target, free_knot_splines(target, [4], 1))
    again = SplineBook.from_dataset(book.to_dataset())
    for n, spline in splines.items():
        found = again.splines(target, 2)[n]
        np.testing.assert_array_equal(found.knots, spline.knots)
        np.testing.assert_array_equal(found.coefficients, spline.coefficients)
        assert found.domain == spline.domain
    assert list(again.splines(target, 1)) == [4]


def test_a_book_in_use_is_asked_first_and_only_then():
    target = registry.targets["exp"]
    mark = Spline(1, (0.0, 1.0), np.array([0.5]), np.array([1.0, 1.0, 1.0]))
    with use_splines(SplineBook({(target.name, 1): {2: mark}})):
        assert best_spline(target, 2, 1) is mark
        assert best_spline(target, 3, 1).pieces == 3
    assert best_spline(target, 2, 1) is not mark


@pytest.mark.parametrize(
    ("pieces", "degree", "message"),
    [([0], 1, "whole numbers from 1"), ([2], 9, "allowed: 0 to 5"), ([2], -1, "allowed")],
)
def test_numbers_out_of_range_are_errors(pieces, degree, message):
    with pytest.raises(rl.UserError, match=message):
        free_knot_splines(registry.targets["exp"], pieces, degree)


def test_two_variables_are_an_error():
    target = rl.Target("plane", lambda x: x[:, 0], domain=((0.0, 1.0), (0.0, 1.0)))
    with pytest.raises(rl.UserError, match="2 variables"):
        free_knot_splines(target, [2], 1)
