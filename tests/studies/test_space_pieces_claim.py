"""A8: networks that reach the counts, and a wrong count that would be seen."""

from fractions import Fraction

import numpy as np
import pytest

import ratelab as rl
from ratelab import best, exact
from ratelab.networks import Network, power
from ratelab.studies.claims import _space_pieces
from ratelab.studies.claims._claim import Scope

SCOPE = Scope(3, rl.load_plugins())


@pytest.fixture(scope="module")
def cases():
    return {case.name: case for case in _space_pieces.a8(SCOPE)}


def test_all_cases_agree(cases):
    assert {case.verdict for case in cases.values()} == {"consistent", "illustrated"}


def test_explicit_bounds_are_judged_at_the_depths_that_have_them(cases):
    for depth, text in ((2, "1 + W/2"), (3, "1 + W"), (4, "(1 + W/2)²")):
        assert 0 < cases[f"depth {depth}, {text}"].measured <= 1
    assert not any(name.startswith("depth 5, (1 + W") or name.startswith("depth 5, 1") for name in cases)
    assert cases["depth 2, 1 + W/2"].measured == 1  # attained by many shallow networks


def test_closed_forms_are_not_smaller_than_what_the_library_allows():
    """The library counts dead ends more finely, so it may be smaller, never larger."""
    for depth in (2, 3, 4):
        for connections in range(depth, 60):
            allowed = best.pieces_bound(power(1), depth, "connections", connections)[0]
            assert allowed <= _space_pieces.closed_form(depth, connections)


def test_a_bound_that_is_too_small_would_be_violated(monkeypatch):
    monkeypatch.setattr(_space_pieces, "_allowed", lambda depth, complexity, size: max(1, size // 3))
    verdicts = [case.verdict for case in _space_pieces._random_networks(SCOPE, 2)]
    assert "violated" in verdicts


def test_composed_tents_have_the_pieces_of_their_zigzag():
    network = _space_pieces._blocks(2, 3, False)
    assert int(exact.count_pieces(network, ((0, 1),))) == 64
    x = np.arange(65) / 64
    np.testing.assert_array_equal(network(x[:, None])[:, 0], np.arange(65) % 2)


def test_the_network_of_the_square_has_its_closed_error():
    """x − Σ_{j ≤ m} 4^(−j) Δ_j interpolates x² at multiples of 2^(−m): error 4^(−m)/√30, with weights in rationals."""
    for terms in (1, 2, 3):
        network = _space_pieces._square(terms)
        assert isinstance(network, Network)
        points = [[Fraction(i, 2**terms)] for i in range(2**terms + 1)]
        assert [row[0] for row in network(points)] == [p[0] ** 2 for p in points]
        error = exact.certified_error(network, SCOPE.registry.targets["square"])
        assert error.lower == pytest.approx(4.0**-terms / np.sqrt(30), rel=1e-9)
