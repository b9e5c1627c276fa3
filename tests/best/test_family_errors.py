"""Errors of families: brackets from size 0 on, for any depth growth, in strict and generalized families."""

from math import inf, sqrt

import numpy as np
import pytest

from ratelab import Network, UserError, load_plugins
from ratelab.best import approximation_errors
from ratelab.exact import error
from ratelab.spaces import ApproximationFamily, approximation_norm, tail_of

registry = load_plugins(["plugins"])
RELU = registry.activations["relu"]
ALL = [registry.constructions[name] for name in ("spline", "takagi", "polygon")]


def test_size_zero_leaves_the_target_itself_and_ends_are_nested():
    found = approximation_errors(
        registry.targets["square"], ApproximationFamily(RELU, "neurons", 2), [1, 2, 4, 8], ALL
    )
    assert found.sizes.tolist() == [0, 1, 2, 4, 8]
    assert found.lower[0] <= 1 / sqrt(5) <= found.upper[0] and found.upper[0] - found.lower[0] < 1e-15
    assert (np.diff(found.lower) <= 0).all() and (np.diff(found.upper) <= 0).all()
    assert (found.lower <= found.upper).all()
    pieces = np.array([1, 2, 4, 8])
    assert (found.upper[1:] <= 1 / (sqrt(180) * pieces**2) * (1 + 1e-9)).all()
    assert (found.lower[1:] >= 1 / (sqrt(180) * (pieces + 1) ** 2) * (1 - 1e-2)).all()
    assert set(found.certainty) == {"rigorous"}


def test_depth_that_grows_reaches_what_no_constant_depth_does():
    target = registry.targets["takagi"]
    sizes = [8, 16, 32]
    shallow, growing = (
        approximation_errors(target, ApproximationFamily(RELU, "neurons", depth), sizes, ALL)
        for depth in (2, "linear")
    )
    assert (growing.upper <= shallow.upper).all()
    assert growing.upper[-1] < shallow.lower[-1]
    for n, network in zip(growing.sizes[1:], growing.networks[1:], strict=True):
        assert network is not None and network.neurons <= n


def test_networks_of_strict_families_have_no_identity_neurons():
    target = registry.targets["takagi"]
    family = ApproximationFamily(RELU, "connections", 4, strict=True)
    found = approximation_errors(target, family, [12, 48], ALL)
    loose = approximation_errors(target, ApproximationFamily(RELU, "connections", 4), [12, 48], ALL)
    for n, network in zip(found.sizes[1:], found.networks[1:], strict=True):
        assert network is not None and family.contains(network, int(n))
    assert (found.upper >= loose.upper - 1e-15).all()
    assert (found.lower == loose.lower).all()


def test_networks_in_hand_count_from_the_size_they_have():
    target = registry.targets["exp"]
    network = Network.dense([[[1.0]], [[1.5]]], [[0.0], [1.0]], activation="relu")
    found = approximation_errors(
        target, ApproximationFamily(RELU, "connections", 2), [1, 2, 3], networks=[network]
    )
    assert found.networks[2] is network and found.networks[1] is None
    assert found.upper[1] == found.upper[0]
    assert found.upper[2] == pytest.approx(error(network, target), rel=1e-9)


@pytest.mark.parametrize("p", [1, inf])
def test_other_norms_have_brackets_for_shallow_networks(p):
    target = registry.targets["square"]
    found = approximation_errors(target, ApproximationFamily(RELU, "neurons", 2, p=p), [4], ALL)
    assert 0 < found.lower[1] <= found.upper[1] <= found.upper[0]
    if p == inf:  # best pieces of x^2 have the error 1/(8 n^2); 4 neurons have 4 or 5 of them
        assert found.lower[1] == pytest.approx(1 / (8 * 25), rel=1e-2)


def test_several_variables_have_upper_ends_only():
    disc = registry.targets["disc"]
    found = approximation_errors(
        disc, ApproximationFamily(RELU, "connections", 3, dimension=2), [13, 25], ALL
    )
    assert (found.lower[1:] == 0).all() and found.certainty[1:] == ("none", "none")
    assert found.upper[2] < found.upper[1] < found.upper[0] == pytest.approx(0.3 * sqrt(np.pi), rel=1e-3)


def test_the_norm_of_a_family_is_finite_below_the_rate_and_infinite_above():
    target = registry.targets["takagi"]
    family = ApproximationFamily(RELU, "connections", 4)
    found = approximation_errors(target, family, [4, 8, 24, 48], ALL)
    tail = tail_of(target, RELU, 4, "connections")
    below, above = (
        approximation_norm(found.sizes, found.lower, alpha, 2, upper=found.upper, tail=tail)
        for alpha in (1.5, 2.5)
    )
    assert 0 < below.full[0] <= below.full[1] < inf
    assert above.full[0] == inf


@pytest.mark.parametrize("sizes", [[], [0, 1], [2, 2], [1.5]])
def test_sizes_must_be_whole_and_increase(sizes):
    with pytest.raises(UserError, match="sizes"):
        approximation_errors(registry.targets["exp"], ApproximationFamily(RELU, "neurons", 2), sizes)


def test_a_family_on_another_domain_is_refused():
    family = ApproximationFamily(RELU, "neurons", 2, domain=((0.0, 2.0),))
    with pytest.raises(UserError, match="lives on"):
        approximation_errors(registry.targets["exp"], family, [2])


def test_limits_of_analytic_networks_are_numerical_and_other_networks_are_left_out():
    tanh = registry.activations["tanh"]
    family = ApproximationFamily(tanh, "neurons", 2)
    found = approximation_errors(
        registry.targets["square"], family, [1, 2], networks=[Network.dense([[[1.0, 1.0]]], [[0.0]])]
    )
    assert found.certainty[1:] == ("none", "none")
    assert found.upper_certainty == ("rigorous", "numerical", "numerical")
    assert found.upper[2] < 1e-12


def test_a_lower_end_keeps_its_certainty_when_it_bounds_smaller_sizes():
    found = approximation_errors(
        registry.targets["takagi"], ApproximationFamily(RELU, "connections", 6), [8, 40]
    )
    assert set(found.certainty) == {"rigorous"}


@pytest.mark.parametrize("p", [1.5, 3])
def test_norms_without_lower_ends_have_upper_ones(p):
    found = approximation_errors(
        registry.targets["square"], ApproximationFamily(RELU, "neurons", 2, p=p), [2, 4], ALL
    )
    assert found.certainty[1:] == ("none", "none") and (found.lower[1:] == 0).all()
    assert 0 < found.upper[2] < found.upper[1] < found.upper[0]
