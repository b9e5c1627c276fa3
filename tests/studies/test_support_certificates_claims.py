"""D12: creases are merged exactly, and far points refute what they should."""

from fractions import Fraction

import numpy as np
import pytest

from ratelab.networks import Network, cube_indicator
from ratelab.studies.claims import _support_certificates as module
from ratelab.studies.claims._claim import Scope
from ratelab.studies.claims._support_certificates import d12, far_points, merged, trapezoid


@pytest.fixture(name="cases", scope="module")
def cases_fixture():
    return list(d12(Scope(5, None)))


def test_all_cases_are_consistent(cases):
    assert len(cases) == 7
    assert {case.verdict for case in cases} == {"consistent"}


def test_the_same_cases_come_twice(cases):
    assert list(d12(Scope(5, None))) == cases


def test_some_networks_are_0_and_all_kinds_occur(cases):
    assert "2 networks are 0 everywhere" in cases[0].note
    assert "10 networks" in cases[0].name


def test_progress_reaches_the_number_of_cases():
    seen = []
    list(d12(Scope(3, None, lambda done, total: seen.append((done, total)))))
    assert seen[-1] == (3, 3)


def test_neurons_on_one_hyperplane_are_one_crease():
    # 3ρ(x + y − 1) + 2ρ(−2x − 2y + 2) + 5ρ(2): jump 3 + 4, affine part −4(x + y − 1) + 10 + 1
    network = Network.dense([[[1, 1], [-2, -2], [0, 0]], [[3, 2, 5]]], [[-1, 2, 2], [Fraction(1)]])
    found = merged(network)
    assert found.jumps == {((1, 1), -1): 7}
    assert found.slope == (-4, -4) and found.offset == 15 and not found.is_zero


def test_opposite_neurons_leave_an_affine_function():
    found = merged(Network.dense([[[2, 0], [-1, 0]], [[1, -2]]], [[2, -1], [Fraction(-2)]]))
    assert not found.jumps and found.slope == (2, 0) and found.offset == 0
    values = [x[0] * 2 for x in far_points(found, 10)]
    assert any(values)


def test_a_hidden_zero_is_recognised():
    zero = Network.dense([[[1, 2], [2, 4]], [[2, -1]]], [[3, 6], [Fraction(0)]])
    assert merged(zero).is_zero


def test_three_points_beside_a_crease_have_the_jump_as_their_second_difference():
    network = Network.dense([[[1, 2, 0], [0, 1, 1], [1, 0, -1]], [[1, -1, 3]]], [[1, 0, -2], [Fraction(0)]])
    creases = merged(network)
    points = far_points(creases, 1000)
    assert all(max(map(abs, p)) > 1000 for p in points)
    values = network([list(p) for p in points])[:, 0]
    (normal, _), jump = next(iter(creases.jumps.items()))
    step = points[1][0] - points[0][0]  # the normal's first entry is 1
    assert values[0] - 2 * values[1] + values[2] == jump * step * sum(u * u for u in normal) != 0


def test_two_hidden_layers_would_be_a_counterexample():
    """What merging refuses: the statement is about one hidden layer alone."""
    box = cube_indicator([-1, -1], [1, 1], Fraction(1, 2))
    with pytest.raises(ValueError, match="too many values"):
        merged(box)


def test_the_trapezoid_is_0_outside_in_rationals_and_noisy_in_floats():
    network = trapezoid()
    x = [[Fraction(v, 10)] for v in (-500, -9, -8, 8, 9, 10, 77, 500)]
    assert not any(network(x)[:, 0])
    assert network([[Fraction(0)]])[0, 0] == 1
    noise = network.float64()(np.linspace(0.81, 50, 999)[:, None])
    assert 0 < abs(noise).max() < 1e-12


def test_a_wrong_jump_is_noticed(monkeypatch):
    """If merging took jumps of the wrong size, exact values would tell."""
    plain = module.merged

    def doubled(network):
        found = plain(network)
        return module.Creases(found.slope, found.offset, {k: 2 * v for k, v in found.jumps.items()})

    monkeypatch.setattr(module, "merged", doubled)
    assert [case.verdict for case in d12(Scope(2, None))][2] == "violated"
