"""The checks of D1–D4 and D11: every case agrees, and broken ingredients are found out."""

from fractions import Fraction
from math import inf

import numpy as np
import pytest

from ratelab import load_plugins
from ratelab.exact._vanishes import vanishes
from ratelab.spaces._support_topology import SupportMember, support_verdict
from ratelab.studies.claims import _support_topology as claims
from ratelab.studies.claims import _support_topology_sequences as sequences
from ratelab.studies.claims._claim import Scope


@pytest.fixture(scope="module")
def scope():
    return Scope(2, load_plugins(["plugins"]))


@pytest.mark.parametrize("name", ["d1", "d2", "d3", "d4", "d11"])
def test_no_case_contradicts_or_is_open(scope, name):
    cases = list(getattr(claims, name)(scope))
    allowed = {"consistent", "illustrated"} | ({"not measurable"} if name == "d1" else set())
    assert len(cases) >= 5 and {case.verdict for case in cases} <= allowed


def test_upper_ends_of_l1_errors_are_above_measured_ones(scope):
    target, _ = sequences.cones(np.random.default_rng(0), 1)
    for exponent in (2, 3, 4):
        built = sequences.supported(target, Fraction(1, 2**exponent))
        assert built.errors().l1 <= sequences.l1_bound(built)


def test_half_spaces_cover_all_but_the_cube():
    low, high = sequences.half_spaces(3, 2.0)
    points = np.random.default_rng(0).normal(size=(1000, 3)) * 3
    outside = (np.abs(points) > 2).any(axis=1)
    covered = ((points[:, None] >= low) & (points[:, None] <= high)).all(axis=2).any(axis=1)
    assert np.array_equal(covered, outside)


def test_moving_bumps_have_the_masses_that_are_stated(scope):
    tent = scope.registry.targets["tent"]
    for k, (member, masses) in enumerate(
        sequences.moving_bumps(tent, Fraction(1, 8), 3, Fraction(1)), start=1
    ):
        assert member.level == k + 1 and np.flatnonzero(masses).tolist() == [k]
        assert masses[k] == 2.0**-k / 2


def test_random_cones_have_the_constant_and_the_support_that_they_declare(scope):
    for seed in range(6):
        for dimension in (1, 2):
            target, cube = sequences.cones(np.random.default_rng(seed), dimension)
            generator = np.random.default_rng(seed)
            x, y = generator.uniform(-1.5, 1.5, (2, 400, dimension))
            values = target(x)[:, 0]
            gaps = np.abs(values - target(y)[:, 0]) / np.sqrt(((x - y) ** 2).sum(axis=1))
            assert gaps.max() <= target.lipschitz
            assert np.array_equal(values > 0, target.support(x) < 0)
            assert 0 < cube <= 2 * max(abs(float(v)) for side in target.support.bounds for v in side)


def test_a_claimed_level_fails_if_the_network_does_not_vanish(scope):
    network = sequences.analytic_network(scope.registry.activations["relu"], 3, 2, np.random.default_rng(0))
    assert not vanishes(network, sequences.half_spaces(2, 10.0))


def test_without_certificates_a_width_sweep_is_undecided(scope):
    tanh = scope.registry.activations["tanh"]
    members = sequences.width_sweep(
        scope.registry.targets["tent"], tanh, (10, 40, 160), np.random.default_rng(2)
    )
    assert [member.level for member in members] == [inf] * 3
    assert support_verdict(members, 1).convergence == "L1_loc only"
    relu = scope.registry.activations["relu"]
    found = sequences.width_sweep(scope.registry.targets["tent"], relu, (10, 40), np.random.default_rng(2))
    assert [member.level for member in found] == [None] * 2


def test_members_without_a_proved_support_have_no_level(scope):
    tent = scope.registry.targets["tent"]
    built = sequences.supported(tent, Fraction(1, 4), certify=False)
    assert sequences.mask_member(built, Fraction(1)).level is None
    assert isinstance(
        sequences.mask_member(sequences.supported(tent, Fraction(1, 4)), Fraction(1)), SupportMember
    )
