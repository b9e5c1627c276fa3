"""What theory predicts and what is proved for every size, against closed forms and brute force."""

from fractions import Fraction
from itertools import product
from math import comb, factorial, inf, isnan, log2, nan, sqrt

import numpy as np
import pytest
from flint import arb

from ratelab import Activation, Smoothness, Target, UserError, load_plugins, spaces
from ratelab.networks import identity, power
from ratelab.registry import PiecewisePolynomial, SelfSimilar
from ratelab.spaces._depth_growth import DepthGrowth
from ratelab.spaces._predictions import predict as spaces_predict

RELU, RELU2 = power(1), power(2)


def polynomial(*coefficients: int) -> PiecewisePolynomial:
    return PiecewisePolynomial((), (tuple(Fraction(c) for c in coefficients),))


def broken(knot: Fraction, left: list[int], right: list[int]) -> Target:
    pieces = PiecewisePolynomial((knot,), tuple(tuple(Fraction(c) for c in side) for side in (left, right)))
    return Target("broken", lambda x: pieces.evaluate(x[:, 0]), singular_points=(knot,), pieces=pieces)


def rough(index: float) -> Target:
    return Target("rough", lambda x: x[:, 0], smoothness=Smoothness(besov=index, source="given"))


SQUARE = Target("square", lambda x: x[:, 0] ** 2, pieces=polynomial(0, 0, 1))
AFFINE = Target("affine", lambda x: x[:, 0], pieces=polynomial(1, 2))
EXP = Target(
    "exp", lambda x: np.exp(x[:, 0]), enclosure=lambda x: x.exp(), smoothness=Smoothness(analytic=True)
)
SINE = Target(
    "sine",
    lambda x: np.sin(2 * np.pi * x[:, 0]),
    enclosure=lambda x: (2 * arb.pi() * x).sin(),
    smoothness=Smoothness(analytic=True),
)
SQRT = Target(
    "sqrt",
    lambda x: np.sqrt(x[:, 0]),
    singular_points=(0,),
    enclosure=lambda x: x.sqrt(),
    smoothness=Smoothness(),
)
STEP = broken(Fraction(1, 3), [0], [1])
KINK = broken(Fraction(1, 3), [0], [0, 3])
TANH = Activation("tanh", lambda x: x.tanh(), regularity="analytic", ball=lambda x: x.tanh())
SOFTPLUS = Activation("softplus", lambda x: x, regularity="analytic", ball=lambda x: (1 + x.exp()).log())
SINUS = Activation("sine", lambda x: x, regularity="analytic", ball=lambda x: x.sin())
BUMP = Activation("gaussian", lambda x: x, regularity="analytic", ball=lambda x: (-x * x).exp())
PRELU = Activation(
    "prelu",
    lambda x: x,
    regularity="piecewise polynomial",
    pieces=PiecewisePolynomial((Fraction(0),), ((Fraction(0), Fraction(1, 4)), (Fraction(0), Fraction(1)))),
)
CLIP = Activation(
    "clip",
    lambda x: x,
    regularity="piecewise polynomial",
    pieces=PiecewisePolynomial(
        (Fraction(-1), Fraction(1)), ((Fraction(-1),), (Fraction(0), Fraction(1)), (Fraction(1),))
    ),
)
PARABOLA = Activation(
    "parabola", lambda x: x * x, regularity="piecewise polynomial", pieces=polynomial(0, 0, 1)
)


def limits(target, activation, depth=2, complexity="neurons"):
    return spaces.predicted_rate(target, activation, depth, complexity)[:2]


def same(found, expected):
    return all(a == b or (isnan(a) and isnan(b)) for a, b in zip(found, expected, strict=True))


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_smooth_targets_saturate_shallow_networks_at_their_degree_plus_one(degree):
    assert (
        limits(EXP, power(degree))
        == limits(EXP, power(degree), complexity="connections")
        == (degree + 1,) * 2
    )


@pytest.mark.parametrize("index", [0.5, 1.2925, 1.9])
def test_the_besov_index_is_the_shallow_rate_below_saturation(index):
    assert (
        limits(rough(index), RELU)
        == limits(rough(index), PRELU)
        == limits(rough(index), CLIP)
        == (index, index)
    )


def test_self_similar_targets_above_saturation_keep_an_interval():
    assert limits(rough(3.0), RELU) == (2.0, 3.0)


@pytest.mark.parametrize("activation", [RELU, PRELU, RELU2, SOFTPLUS])
def test_piecewise_linear_targets_vanish_for_whatever_imitates_ramps(activation):
    for target in (AFFINE, STEP, KINK):
        assert limits(target, activation)[0] == inf


def test_the_square_is_smooth_for_ramps_and_exact_for_parabolas():
    assert limits(SQUARE, RELU) == (2.0, 2.0)
    assert limits(SQUARE, RELU2) == (inf, inf)


@pytest.mark.parametrize("depth", [3, 4, 5, 8])
def test_depth_leaves_the_interval_of_the_inverse_estimate(depth):
    for target, index in ((EXP, 2.0), (rough(0.5), 0.5), (rough(1.5), 1.5)):
        assert limits(target, RELU, depth, "connections") == (index, index * (depth // 2))
        assert limits(target, RELU, depth, "neurons") == (index, index * (depth - 1))


def test_deep_networks_of_parabolas_are_splines_of_the_composed_degree():
    assert limits(EXP, RELU2, 3, "connections") == (5.0, 5.0)
    assert limits(Target("x4", lambda x: x[:, 0] ** 4, pieces=polynomial(0, 0, 0, 0, 1)), RELU2, 3)[0] == inf


def test_an_activation_without_knots_has_rate_zero_or_is_exact():
    assert limits(EXP, identity) == (0.0, 0.0)
    assert limits(AFFINE, identity) == (inf, inf)
    assert limits(KINK, PARABOLA) == (0.0, 0.0)
    assert limits(SQUARE, PARABOLA) == (inf, inf)


@pytest.mark.parametrize("activation", [TANH, SOFTPLUS, SINUS, BUMP])
def test_analytic_networks_beat_every_power_on_analytic_targets(activation):
    assert limits(EXP, activation) == limits(SQUARE, activation) == (inf, inf)


@pytest.mark.parametrize(
    ("activation", "on_rough", "on_sqrt"),
    [(SOFTPLUS, 1.5, 2.0), (TANH, 1.0, 1.0), (SINUS, nan, nan), (BUMP, nan, nan)],
)
def test_analytic_networks_inherit_the_rate_of_what_they_tend_to(activation, on_rough, on_sqrt):
    assert same(limits(rough(1.5), activation), (on_rough, nan))
    assert same(limits(SQRT, activation), (on_sqrt, nan))


def known(**given) -> Target:
    return Target("known", lambda x: x[:, 0], smoothness=Smoothness(source="given", **given))


def flat(dimension, **given) -> Target:
    box = ((0, 1),) * dimension
    return Target("flat", lambda x: x[:, 0], domain=box, smoothness=Smoothness(source="given", **given))


def takagi(a: float) -> Target:
    halves = SelfSimilar((Fraction(0), Fraction(1, 2)), Fraction(1, 2), a, (False, True))
    smooth = Smoothness(besov=a, hoelder=min(1.0, a), source="coefficients")
    return Target("takagi", lambda x: x[:, 0], smoothness=smooth, self_similar=halves)


CANTOR_EXPONENT = log2(6) / 2
CANTOR = Target(
    "cantor",
    lambda x: x[:, 0],
    smoothness=Smoothness(besov=CANTOR_EXPONENT, besov_uniform=1.0, hoelder=0.63, source="copies"),
    self_similar=SelfSimilar((Fraction(0), Fraction(2, 3)), Fraction(1, 3), CANTOR_EXPONENT, (False, False)),
)


def predicted(target, activation, depth=2, complexity="neurons", p=2):
    found = spaces_predict(target, activation, depth, complexity, p)
    return found.low, found.high


def growth(text):
    return DepthGrowth.parse(text)


@pytest.mark.parametrize("activation", [RELU, RELU2, TANH, SOFTPLUS, SINUS])
def test_jumps_never_go_away_in_the_uniform_norm(activation):
    assert predicted(STEP, activation, p=inf) == (0.0, 0.0)
    assert predicted(known(hoelder=0.0), activation, growth("unbounded"), p=inf) == (0.0, 0.0)
    assert predicted(flat(2, hoelder=0.0, besov=1.0), activation, 3, p=inf) == (0.0, 0.0)
    assert predicted(STEP, RELU, p=0.5)[0] == inf


def test_jumps_are_no_obstacle_for_activations_that_jump():
    assert predicted(STEP, power(0), p=inf) == (inf, inf)


def test_kinks_stay_in_the_closure_in_the_uniform_norm():
    continuous = broken(Fraction(1, 3), [0], [-1, 3])
    for activation in (RELU, RELU2, SOFTPLUS):
        assert predicted(continuous, activation, p=inf)[0] == inf


@pytest.mark.parametrize("p", [0.5, 1, 2, 4, inf])
def test_smooth_functions_have_one_rate_in_all_norms(p):
    assert predicted(EXP, RELU, p=p) == predicted(SQRT, RELU, p=p) == (2.0, 2.0)


@pytest.mark.parametrize(
    ("p", "rate"), [(1, log2(3)), (2, log2(6) / 2), (4, 1 + (log2(3) - 1) / 4), (inf, 1.0)]
)
def test_the_rate_of_cantors_function_depends_on_the_norm(p, rate):
    assert predicted(CANTOR, RELU, p=p) == pytest.approx((rate, rate))


def test_the_direct_estimate_in_the_uniform_norm_ends_at_the_degree():
    assert predicted(known(besov=1.5), RELU, p=inf) == (1.0, 1.5)
    assert predicted(known(besov=1.5), RELU2, p=inf) == (1.5, 1.5)
    found = spaces_predict(known(besov=0.5), power(0), 2, "neurons", inf)
    assert isnan(found.low) and "is empty for r = 0" in found.source


@pytest.mark.parametrize("depth", [2, 3, 4, 6, 9])
@pytest.mark.parametrize("a", [0.5, 1.0, 1.5, 3.0])
def test_self_similar_functions_have_their_depth_rate_exactly(depth, a):
    assert predicted(takagi(a), RELU, depth, "connections") == (a * (depth // 2),) * 2
    assert predicted(takagi(a), RELU, depth, "neurons") == (a * (depth - 1),) * 2
    claims = {s.claim for s in spaces_predict(takagi(a), RELU, depth, "neurons").statements}
    assert "A14" in claims or depth == 2


@pytest.mark.parametrize("text", ["log", "power(exponent=1/2)", "linear", "unbounded"])
def test_growing_depth_reaches_self_similar_functions_at_every_rate(text):
    for complexity in ("neurons", "connections"):
        assert predicted(takagi(0.3), RELU, growth(text), complexity) == (inf, inf)
        assert same(predicted(CANTOR, RELU, growth("log"), complexity), (CANTOR_EXPONENT, nan))


def test_growing_depth_has_no_inverse_estimate():
    found = spaces_predict(rough(0.5), RELU, growth("log"), "connections")
    assert same((found.low, found.high), (0.5, nan))
    assert "A9" in found.source


def test_growing_depth_reaches_any_smoothness_with_one_activation():
    assert predicted(rough(3.7), RELU, growth("linear"))[0] == 3.7
    assert predicted(rough(3.7), RELU, growth("log"))[0] == 2
    assert predicted(rough(3.7), RELU2, growth("log"))[0] == 3.7
    assert predicted(EXP, RELU, growth("power(exponent=1/3)")) == (inf, inf)
    assert predicted(EXP, RELU, growth("log"))[0] == 2
    assert predicted(SQRT, RELU, growth("unbounded")) == (inf, inf)
    assert predicted(EXP, PARABOLA, growth("log")) == (inf, inf)
    assert predicted(SQUARE, RELU2, growth("log")) == predicted(KINK, RELU, growth("log")) == (inf, inf)
    assert predicted(AFFINE, identity, growth("log")) == (inf, inf)
    assert predicted(EXP, identity, growth("log")) == (0.0, 0.0)
    assert predicted(rough(0.7), SOFTPLUS, growth("log"))[0] == 0.7


def test_a_constant_growth_is_a_depth():
    for depth in (2, 3, 5):
        for target in (EXP, rough(0.7), takagi(0.4), STEP, flat(2, besov=1.0)):
            one = spaces_predict(target, RELU, depth, "connections")
            assert repr(one) == repr(spaces_predict(target, RELU, growth(str(depth)), "connections"))


def test_in_several_variables_rates_come_from_smoothness_over_dimension():
    disc = flat(2, besov=1.0, hoelder=0.0)
    assert same(predicted(disc, RELU, 3), (0.25, nan))  # min(1, 1/2)/2
    assert same(predicted(disc, RELU2, 6), (0.5, nan))
    assert same(predicted(disc, RELU, growth("linear")), (0.5, nan))
    assert same(predicted(flat(3, besov=9.0), RELU2, 8), (2.5 / 3, nan))
    assert same(predicted(flat(2, analytic=True), RELU, growth("linear")), (inf, inf))


@pytest.mark.parametrize(
    ("activation", "depth", "p", "text"),
    [
        (RELU, 2, 2, "needs 3 layers, found 2"),
        (RELU2, 5, 2, "needs 6 layers, found 5"),
        (RELU, 3, inf, "is empty for p = ∞"),
        (SINUS, 3, 2, "no theorem for this activation"),
    ],
)
def test_outside_its_range_a_theorem_gives_its_range_and_no_number(activation, depth, p, text):
    found = spaces_predict(flat(2, besov=1.0), activation, depth, "neurons", p)
    assert isnan(found.low) and isnan(found.high) and text in found.source


def test_statements_say_claim_direction_and_certainty():
    found = spaces_predict(rough(0.7), RELU, 4, "connections")
    assert [(s.claim, s.direction) for s in found.statements] == [("A10", "direct"), ("A8", "inverse")]
    assert "A10: " in found.source and "(recalled, derived)" in found.source
    known_claims = {f"A{number}" for number in range(1, 15)} | {""}
    for target in (EXP, STEP, rough(1.0), takagi(1.0), SQUARE, flat(2, analytic=True)):
        for activation in (RELU, RELU2, TANH, SOFTPLUS, identity, power(0)):
            for depth in (2, 4, growth("log"), growth("unbounded")):
                result = spaces_predict(target, activation, depth, "neurons")
                assert {s.claim for s in result.statements} <= known_claims
                assert not (isnan(result.low) and not result.note)
                assert isnan(result.low) or result.statements
                assert not result.low > result.high


def test_norms_and_depths_that_are_none_are_the_users_error():
    with pytest.raises(UserError, match="p is 0"):
        spaces_predict(EXP, RELU, 2, "neurons", 0)
    with pytest.raises(UserError, match="depth is 1"):
        spaces_predict(EXP, RELU, growth("1"), "neurons")


def test_theory_is_silent_where_nothing_is_known():
    assert all(isnan(end) for end in limits(Target("unknown", lambda x: x[:, 0]), RELU))
    plane = Target("cone", lambda x: np.hypot(*x.T), domain=((0, 1), (0, 1)), smoothness=Smoothness())
    assert all(isnan(end) for end in limits(plane, RELU))


def test_smooth_targets_in_the_plane_have_the_published_rate_of_ramps():
    bump = Target("bump", lambda x: x[:, 0], domain=((0, 1), (0, 1)), smoothness=Smoothness(analytic=True))
    assert same(limits(bump, RELU), (1.25, nan))
    assert limits(bump, TANH)[0] == inf


@pytest.mark.parametrize(
    ("target", "activation", "depth", "complexity"),
    list(product([SQUARE, EXP, SINE, STEP, KINK, SQRT], [RELU, RELU2, PRELU, power(0)], [2, 4], ["neurons"])),
)
def test_what_is_proved_lies_within_what_is_predicted(target, activation, depth, complexity):
    low, high = spaces.proved_rate(target, activation, depth, complexity)
    least, largest = limits(target, activation, depth, complexity)
    assert isnan(low) or low <= least
    assert isnan(high) or high >= largest


def test_every_prediction_names_its_source_and_certainty():
    for target, activation in product([EXP, STEP, rough(1.0)], [RELU, TANH, identity]):
        source = spaces.predicted_rate(target, activation, 2, "neurons")[2]
        assert any(word in source for word in ("derived", "recalled", "abstract"))


def test_smooth_targets_have_their_shallow_rate_proved_from_both_sides():
    assert spaces.proved_rate(EXP, RELU, 2, "neurons") == (2.0, 2.0)
    assert spaces.proved_rate(SINE, RELU2, 2, "connections") == (3.0, 3.0)
    assert spaces.proved_rate(EXP, RELU, 4, "connections") == (2.0, 4.0)


def test_an_unbounded_derivative_leaves_the_lower_rate_unproved():
    assert same(spaces.proved_rate(SQRT, RELU, 2, "neurons"), (nan, 2.0))


def test_a_partial_sum_that_stands_for_a_rough_function_is_not_called_smooth():
    partial = Target("partial", SINE.function, enclosure=SINE.enclosure, smoothness=Smoothness(besov=0.5))
    assert same(spaces.proved_rate(partial, RELU, 2, "neurons"), (nan, 2.0))


def test_nothing_is_proved_without_an_enclosure_or_for_analytic_activations():
    assert same(spaces.proved_rate(rough(1.0), RELU, 2, "neurons"), (nan, nan))
    assert same(spaces.proved_rate(EXP, TANH, 2, "neurons"), (nan, nan))


def test_a_target_of_the_class_is_proved_to_vanish():
    assert same(spaces.proved_rate(STEP, RELU, 2, "neurons"), (inf, nan))


def test_depth_below_two_and_an_unknown_complexity_are_the_users_error():
    with pytest.raises(UserError, match="depth is 1"):
        spaces.predicted_rate(EXP, RELU, 1, "neurons")
    with pytest.raises(UserError, match="complexity is 'weights'"):
        spaces.proved_rate(EXP, RELU, 2, "weights")


def test_the_bound_for_all_sizes_is_exact_for_the_parabola():
    bound = spaces.lower_bound_all_n(SQUARE, 1)
    for n in (1, 2, 7, 1000):
        assert bound(n) <= n**-2 / sqrt(180)
        assert bound(n) == pytest.approx(n**-2 / sqrt(180), rel=1e-12)


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_the_bound_is_exact_for_a_monomial_of_the_next_degree(degree):
    """Equal pieces are optimal, and on one piece the error is that of a Legendre polynomial."""
    monomial = Target("monomial", lambda x: x[:, 0], pieces=polynomial(*[0] * (degree + 1), 1))
    one = 1 / (comb(2 * degree + 2, degree + 1) * sqrt(2 * degree + 3))
    assert spaces.lower_bound_all_n(monomial, degree)(5) == pytest.approx(one / 5 ** (degree + 1), rel=1e-12)


SPLINES = {  # best L2 errors of eˣ by n linear pieces (convex: joined and free pieces agree)
    1: 6.27711950e-2,
    4: 3.90589371e-3,
    8: 9.76252970e-4,
    16: 2.44049447e-4,
    32: 6.10114993e-5,
    64: 1.52528209e-5,
}


def test_the_bound_stays_below_the_best_splines_and_comes_near_their_limit():
    bound = spaces.lower_bound_all_n(EXP, 1)
    for n, error in SPLINES.items():
        assert 0.55 * error < bound(n) <= error * (1 + 1e-8)
    limit = (2.5 * (np.exp(0.4) - 1)) ** 2.5 / sqrt(720)
    assert 0.99 * limit < bound.constant < limit


def discontinuous_optimum(target: Target, pieces: int, degree: int, cells: int = 240) -> float:
    """Best error with knots on a grid: an upper bound of the free-knot error."""
    x, w = np.polynomial.legendre.leggauss(6)
    edges = np.linspace(0, 1, cells + 1)
    nodes = (edges[:-1, None] + (x + 1) / (2 * cells)).ravel()
    weights = np.tile(w / (2 * cells), cells)
    values = target(nodes[:, None])[:, 0]
    cost = np.full((cells + 1, cells + 1), inf)
    for i in range(cells):
        basis = np.polynomial.legendre.legvander(2 * (nodes[6 * i :] - edges[i]) - 1, degree)
        for j in range(i + 1, cells + 1):
            m = 6 * (j - i)
            root = np.sqrt(weights[6 * i : 6 * j])
            residual = root * values[6 * i : 6 * j]
            q, _ = np.linalg.qr(root[:, None] * basis[:m])
            residual = residual - q @ (q.T @ residual)
            cost[i, j] = residual @ residual
    best = cost[0].copy()
    for _ in range(pieces - 1):
        best = np.minimum(best, (best[:, None] + cost).min(axis=0))
    return sqrt(best[cells])


@pytest.mark.parametrize(("target", "degree"), [(SINE, 1), (SINE, 2), (SQRT, 1), (SINE, 0)])
def test_the_bound_stays_below_brute_force(target, degree):
    bound = spaces.lower_bound_all_n(target, degree)
    for n in (1, 3, 6):
        found = discontinuous_optimum(target, n, degree, cells=60)
        assert 0 < bound(n) <= found * (1 + 1e-9)


def test_a_kink_is_never_joined_into_one_smooth_interval():
    """x² − (x − ½)_+ has f″ = 2 on both sides; the corner cancels what one Peano kernel would see."""
    half = Fraction(1, 2)
    pieces = PiecewisePolynomial((half,), ((0, 0, Fraction(1)), (half, Fraction(-1), Fraction(1))))
    roof = Target("roof", lambda x: pieces.evaluate(x[:, 0]), singular_points=(half,), pieces=pieces)
    bound = spaces.lower_bound_all_n(roof, 1)
    assert bound(1) <= discontinuous_optimum(roof, 1, 1, cells=20)
    assert bound(2) <= sqrt(2 * (0.5**5) / 180) * (1 + 1e-12)


def test_no_interval_no_bound():
    assert spaces.lower_bound_all_n(AFFINE, 1) is None
    assert spaces.lower_bound_all_n(rough(1.0), 1) is None
    with pytest.raises(UserError, match="degree is -1"):
        spaces.lower_bound_all_n(EXP, -1)


def test_ball_precision_is_restored():
    from flint import ctx

    before = ctx.prec, ctx.cap
    spaces.lower_bound_all_n(EXP, 11)
    assert (ctx.prec, ctx.cap) == before


def test_high_derivatives_keep_their_bound():
    """The eleventh derivative of eˣ is seen although power series are cut at ten terms by default."""
    bound = spaces.lower_bound_all_n(EXP, 11)
    constant = factorial(12) / factorial(24) / sqrt(25)
    assert bound(1) >= constant * 0.999


def test_indicators_of_boxes_are_limits_of_one_size_and_discs_have_the_rate_of_polygons():
    cube, disc = (load_plugins().targets[name] for name in ("cube", "disc"))
    assert spaces_predict(cube, RELU, 3, "connections").low == inf
    assert spaces_predict(disc, RELU, 3, "connections").low == 1
    assert spaces_predict(disc, RELU, 3, "neurons", p=1).low == 2
    assert spaces_predict(disc, RELU, 2, "connections").low != 1
    assert spaces_predict(disc, RELU, 3, "connections", p=inf).low == 0


def test_depth_may_be_the_label_of_a_growth():
    assert spaces_predict(load_plugins().targets["takagi"], RELU, "linear", "neurons").low == inf
