"""Lower ends are those of networks, not of splines with as many pieces as neurons."""

from fractions import Fraction
from math import isnan, sqrt

import numpy as np
import pytest
import torch

import ratelab as rl
from ratelab import Activation
from ratelab.best import SplineEnd, best_polynomial_error, class_ends, class_name, pieces_bound
from ratelab.best._class_ends import architecture_end
from ratelab.networks import FitProblem, Layout, power, resolve
from ratelab.registry import PiecewisePolynomial
from ratelab.spaces import lower_bound_all_n

REGISTRY = rl.load_plugins()
RELU = power(1)


def ends(values: dict[int, float]) -> dict[int, SplineEnd]:
    return {n: SplineEnd(value, "rigorous", False) for n, value in values.items()}


def test_a_network_beats_every_spline_with_as_many_pieces_and_keeps_its_own_lower_end() -> None:
    sine = REGISTRY.targets["sine"]
    brackets = rl.best.brackets(sine, [4, 5], 1)
    x, weight = rl.exact.nodes(sine, 512)
    fits = tuple((Layout.dense((1, 4, 1)), seed) for seed in range(4))
    results = REGISTRY.trainers["varpro"].fit(FitProblem(x, weight, sine(x), RELU, fits, sine.domain))
    networks = [result.network for result in results if result.network is not None]
    found = min((rl.exact.certified_error(network, sine) for network in networks), key=lambda e: e.upper)
    assert found.certainty == "rigorous"
    lower = class_ends(sine, RELU, 2, "neurons", 4, ends({n: brackets[n].lower for n in brackets}))
    assert found.upper < 0.51 * brackets[4].lower
    assert lower.lower == brackets[5].lower <= found.lower


def test_the_lower_end_is_the_one_of_one_piece_more_and_never_of_fewer() -> None:
    sqrt_target = REGISTRY.targets["sqrt"]
    table = ends({4: 0.4, 5: 0.3, 7: 0.2})
    assert class_ends(sqrt_target, RELU, 2, "neurons", 4, table).lower == 0.3
    assert class_ends(sqrt_target, RELU, 2, "neurons", 5, table).lower == 0.2
    assert class_ends(sqrt_target, RELU, 2, "connections", 9, table).lower == 0.3


def test_beyond_the_table_a_bound_for_all_sizes_takes_over() -> None:
    for name, activation, depth, budget in (
        ("sqrt", RELU, 2, 8),
        ("exp", RELU, 4, 60),
        ("exp", power(2), 3, 4),
    ):
        target = REGISTRY.targets[name]
        pieces, degree = pieces_bound(activation, depth, "neurons", budget) or (0, 0)
        bound = lower_bound_all_n(target, degree)
        assert bound is not None
        found = class_ends(target, activation, depth, "neurons", budget, {})
        assert (found.lower, found.status, found.certainty) == (bound(pieces), "bound", "rigorous")


def test_a_bound_below_rounding_says_nothing() -> None:
    exp = REGISTRY.targets["exp"]
    assert lower_bound_all_n(exp, 9)(401) > 0  # type: ignore[misc]
    found = class_ends(exp, power(3), 3, "neurons", 400, {})
    assert (found.lower, found.status) == (0.0, "trivial")


def test_a_target_that_repeats_itself_is_bounded_at_every_size_and_better_with_a_table() -> None:
    takagi = REGISTRY.targets["takagi"]
    alone = class_ends(takagi, RELU, 4, "neurons", 90, {})
    assert alone.status == "bound" and 0 < alone.lower < 1 / (6 * 31**3)
    # n·S_disc(n) ≥ 0.11 for n ≤ 64: what a certified table would say
    with_table = class_ends(takagi, RELU, 4, "neurons", 90, ends({n: 0.11 / n for n in range(1, 65)}))
    assert 1.4 * alone.lower < with_table.lower < 1 / (6 * 31**3)
    unproved = {n: SplineEnd(0.11 / n, "numerical", False) for n in range(1, 65)}
    assert class_ends(takagi, RELU, 4, "neurons", 90, unproved) == alone


JUMP = Activation(
    "jump",
    lambda x: torch.where(x < 0, 0.0, 1 + x),
    regularity="piecewise polynomial",
    pieces=PiecewisePolynomial((Fraction(0),), ((Fraction(0),), (Fraction(1), Fraction(1)))),
)
CLIP = Activation(
    "clip",
    lambda x: x.clamp(-1, 1),
    regularity="piecewise polynomial",
    pieces=PiecewisePolynomial(
        (Fraction(-1), Fraction(1)), ((Fraction(-1),), (Fraction(0), Fraction(1)), (Fraction(1),))
    ),
)


def test_where_the_activation_jumps_each_knot_counts_twice_among_joined_pieces() -> None:
    rough = REGISTRY.targets["brownian"]
    table = ends({n: 1 / n for n in range(1, 20)})
    assert class_ends(rough, RELU, 2, "neurons", 4, table).lower == 1 / 5
    assert class_ends(rough, CLIP, 2, "neurons", 4, table).lower == 1 / 9
    assert class_ends(rough, JUMP, 2, "neurons", 4, table).lower == 1 / 9


def test_ends_of_shallow_networks_hold_at_depth_two_for_relus_alone() -> None:
    exp, table, shallow = REGISTRY.targets["exp"], ends({5: 0.0025}), ends({4: 0.0037, 6: 0.001})
    assert class_ends(exp, RELU, 2, "neurons", 4, table, shallow).lower == 0.0037
    assert class_ends(exp, RELU, 2, "connections", 9, table, shallow).lower == 0.0037
    assert class_ends(exp, RELU, 2, "neurons", 3, ends({4: 0.0039}), shallow).lower == 0.0039
    assert class_ends(exp, RELU, 3, "neurons", 4, table, shallow).lower < 0.0037
    leaky = resolve("prelu", REGISTRY)
    assert class_ends(exp, leaky, 2, "neurons", 4, table, shallow).lower == 0.0025


def test_an_architecture_is_bounded_by_its_own_pieces() -> None:
    exp, table = REGISTRY.targets["exp"], ends({n: 0.0624 / n**2 for n in range(1, 40)})
    found = architecture_end(exp, RELU, (2, 3), table)
    assert (found.lower, found.status) == (0.0624 / 12**2, "bound") and isnan(found.closure)
    assert found.lower >= class_ends(exp, RELU, 3, "neurons", 5, table).lower
    assert architecture_end(exp, RELU, (4,), table, ends({4: 0.0038})).lower == 0.0038
    assert architecture_end(exp, RELU, (30, 30), table).status == "bound"
    assert architecture_end(exp, resolve("tanh", REGISTRY), (4,), table).status == "no_method"
    assert architecture_end(REGISTRY.targets["cone"], RELU, (4,), {}).status == "no_method"
    assert architecture_end(exp, RELU, (), ends({1: 0.06})).lower == 0.06


def test_analytic_networks_have_no_lower_end_but_polynomials_in_their_closure() -> None:
    exp = REGISTRY.targets["exp"]
    found = class_ends(exp, resolve("tanh", REGISTRY), 2, "neurons", 4, {})
    assert isnan(found.lower) and found.status == "no_method" and not found.attained
    assert found.closure == pytest.approx(1.7e-5, rel=0.03)


@pytest.mark.parametrize(
    ("target", "budget", "status", "attained"),
    [("step", 1, "trivial", False), ("step", 2, "exact", False), ("cusp(exponent=1)", 2, "exact", True)],
)
def test_proven_zeros_are_exact_from_their_size_on(
    target: str, budget: int, status: str, attained: bool
) -> None:
    found = class_ends(REGISTRY.targets[target], RELU, 2, "neurons", budget, {})
    assert (found.status, found.attained) == (status, attained)


def test_several_variables_have_no_method() -> None:
    assert class_ends(REGISTRY.targets["cone"], RELU, 2, "neurons", 4, {}).status == "no_method"


def test_the_class_is_named_in_words() -> None:
    assert (
        class_name([RELU], 2, "neurons")
        == "all generalized relu networks of depth at most 2 with at most n neurons"
    )


@pytest.mark.parametrize(("degree", "error"), [(2, 5.3e-3), (4, 1.7e-5), (8, 2.2e-11)])
def test_best_polynomials_of_the_exponential_have_the_tabled_errors(degree: int, error: float) -> None:
    assert best_polynomial_error(REGISTRY.targets["exp"], degree) == pytest.approx(error, rel=0.04)


def test_best_affine_fit_of_the_square_is_the_closed_form() -> None:
    assert best_polynomial_error(REGISTRY.targets["square"], 1) == pytest.approx(1 / sqrt(180), rel=1e-12)
    assert best_polynomial_error(REGISTRY.targets["square"], 2) < 1e-13
    assert np.isfinite(best_polynomial_error(REGISTRY.targets["cantor"], 3))
