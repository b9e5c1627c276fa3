"""Lower ends are those of networks, not of splines with as many pieces as neurons."""

from math import isnan, sqrt

import numpy as np
import pytest

import ratelab as rl
from ratelab.best import SplineEnd, best_polynomial_error, class_ends, class_name
from ratelab.networks import FitProblem, Layout, power, resolve

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
    beyond = class_ends(sqrt_target, RELU, 2, "neurons", 8, table)
    assert (beyond.lower, beyond.status) == (0.0, "trivial")


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
        class_name(RELU, 2, "neurons")
        == "all generalized relu networks of depth at most 2 with at most n neurons"
    )


@pytest.mark.parametrize(("degree", "error"), [(2, 5.3e-3), (4, 1.7e-5), (8, 2.2e-11)])
def test_best_polynomials_of_the_exponential_have_the_tabled_errors(degree: int, error: float) -> None:
    assert best_polynomial_error(REGISTRY.targets["exp"], degree) == pytest.approx(error, rel=0.04)


def test_best_affine_fit_of_the_square_is_the_closed_form() -> None:
    assert best_polynomial_error(REGISTRY.targets["square"], 1) == pytest.approx(1 / sqrt(180), rel=1e-12)
    assert best_polynomial_error(REGISTRY.targets["square"], 2) < 1e-13
    assert np.isfinite(best_polynomial_error(REGISTRY.targets["cantor"], 3))
