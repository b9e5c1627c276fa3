"""The axioms of approximation families, checked on members."""

from math import inf, isnan

import numpy as np
import pytest

from ratelab import Activation
from ratelab.networks import add, identity, power
from ratelab.registry import PiecewisePolynomial
from ratelab.spaces._axioms import check_axioms, members
from ratelab.spaces._depth_growth import DepthGrowth
from ratelab.spaces._families import ApproximationFamily

TANH = Activation("tanh", lambda x: x.tanh(), regularity="analytic", ball=lambda x: x.tanh())
SINE = Activation("sine", lambda x: x.sin(), regularity="analytic", ball=lambda x: x.sin())
SQUARE = Activation(
    "square", lambda x: x * x, regularity="piecewise polynomial", pieces=PiecewisePolynomial((), ((0, 0, 1),))
)


def family(unit=None, complexity="connections", depth="4", **given):
    return ApproximationFamily(unit or power(1), complexity, DepthGrowth.parse(depth), **given)


def rows(made, cases=6):
    return {check.axiom: check for check in check_axioms(made, cases=cases)}


@pytest.mark.parametrize("complexity", ["connections", "neurons"])
@pytest.mark.parametrize("depth", ["2", "4", "log", "linear"])
@pytest.mark.parametrize("strict", [False, True])
def test_the_measured_constant_of_sums_is_at_most_the_proved_one(complexity, depth, strict):
    made = family(complexity=complexity, depth=depth, strict=strict, dimension=2, outputs=2)
    found = rows(made)["P4"]
    assert found.verdict == "holds"
    assert 1 <= found.measured <= found.proved < inf


def test_the_constant_of_shallow_networks_by_neurons_is_attained():
    """An affine map beside one neuron: both values of the map need a channel."""
    found = rows(family(complexity="neurons", depth="2", dimension=2, outputs=2))["P4"]
    assert found.measured == found.proved == 3


def test_the_constant_of_strict_shallow_networks_by_neurons_is_attained():
    found = rows(family(complexity="neurons", depth="2", strict=True, dimension=2, outputs=2))["P4"]
    assert found.measured == found.proved == 5


def test_a_sum_that_costs_more_than_the_proof_allows_is_noticed(monkeypatch):
    made = family()
    monkeypatch.setattr(ApproximationFamily, "sum_constant", lambda self: (1.5, "wrong"))
    with pytest.raises(AssertionError, match=r"more than 1\.5"):
        check_axioms(made, cases=4)


def test_strict_families_without_an_exact_identity_hold_in_the_closure():
    found = rows(family(TANH, strict=True))["P4"]
    assert found.verdict == "holds up to closure" and "difference quotients" in found.note
    assert rows(family(TANH))["P4"].verdict == "holds"


def test_strict_piecewise_constant_networks_cannot_add_an_affine_map():
    found = rows(family(power(0), strict=True))["P4"]
    assert found.verdict == "fails" and found.proved == inf


@pytest.mark.parametrize(
    ("unit", "depth", "verdict"),
    [
        (power(1), "2", "not measurable"),
        (TANH, "2", "not measurable"),
        (power(1), "1", "fails"),
        (identity, "log", "fails"),
        (SQUARE, "3", "fails"),
        (SQUARE, "log", "holds"),
    ],
)
def test_density_fails_for_polynomials_of_bounded_degree_only(unit, depth, verdict):
    assert rows(family(unit, depth=depth))["P5"].verdict == verdict


def test_density_has_a_falling_error_as_its_witness():
    for unit in (power(1), power(2), TANH, SINE):
        assert rows(family(unit, dimension=2))["P5"].measured < 0.2


def test_the_step_is_not_attained_with_four_connections():
    found = rows(family())["P6"]
    assert found.verdict == "fails"
    assert "with 4 connections" in found.note
    step = 2.0**-12
    assert found.measured == pytest.approx((step / 3) ** 0.5, rel=1e-6)  # a ramp of width h


def test_powers_miss_their_derivatives_in_every_norm():
    for p in (1, 2, inf):
        found = rows(family(power(2), complexity="neurons", depth="2", p=p))["P6"]
        assert found.verdict == "fails" and "with 2 neurons" in found.note
    assert rows(family(p=inf))["P6"].verdict == "not measurable"


def test_sigmoids_miss_the_step_with_one_neuron():
    found = rows(family(TANH, complexity="neurons"))["P6"]
    assert found.verdict == "fails" and "with 1 neuron " in found.note
    assert rows(family(SINE))["P6"].verdict == "not measurable"


def test_every_axiom_has_one_row_and_every_member_is_one():
    made = family(depth="log", strict=True, dimension=3, outputs=2)
    found = check_axioms(made, cases=4)
    assert [check.axiom for check in found] == ["P1", "P2", "P3", "P4", "P5", "P6"]
    assert all(isnan(check.measured) for check in found[:2]) and found[2].measured == 1
    for network in members(made, 8, np.random.default_rng(3)):
        assert made.least_budget(network) < inf
        assert made.size(network) >= network.depth - 1


def test_checks_are_the_same_twice():
    assert repr(check_axioms(family(), cases=3)) == repr(check_axioms(family(), cases=3))


def test_members_cover_affine_maps_and_deep_chains():
    depths = {network.depth for network in members(family(depth="5"), 0, np.random.default_rng(0))}
    assert depths == {1, 2, 3, 4, 5}
    first, *_, last = members(family(depth="5"), 0, np.random.default_rng(0))
    assert add(first, last).connections == 1 + 5 + 4
