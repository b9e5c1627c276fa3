"""A12 and A13: certified ends of joined and disconnected pieces, networks in hand, and limits."""

from math import sqrt

import numpy as np
import pytest

import ratelab as rl
from ratelab.studies.claims import _space_free_knots
from ratelab.studies.claims._claim import Scope

REGISTRY = rl.load_plugins()
SCOPE = Scope(2, REGISTRY)


@pytest.mark.parametrize("check", [_space_free_knots.a12, _space_free_knots.a13])
def test_all_cases_agree(check):
    cases = list(check(SCOPE))
    assert {case.verdict for case in cases} <= {"consistent", "illustrated"}
    assert len({case.name for case in cases}) == len(cases)


def test_disconnected_fits_of_the_square_have_their_closed_error():
    """Each piece of length h errs by h^(5/2)/√180."""
    knots = np.array([0.2, 0.5])
    expected = sqrt((0.2**5 + 0.3**5 + 0.5**5) / 180)
    found = _space_free_knots.disconnected_error(REGISTRY.targets["square"], knots)
    assert found == pytest.approx(expected, rel=1e-9)


def test_disconnected_fits_of_a_jump_with_a_knot_there_are_exact():
    found = _space_free_knots.disconnected_error(REGISTRY.targets["step(at=0.5)"], np.array([0.5]))
    assert found < 1e-12


def test_disconnected_fits_of_the_root_and_of_takagi_agree_with_quadrature():
    """Least squares on midpoints of many small cells."""
    for name, knots in (("sqrt", [0.1, 0.6]), ("takagi", [0.25, 0.3, 0.9])):
        target = REGISTRY.targets[name]
        total, edges = 0.0, [0.0, *knots, 1.0]
        for a, b in zip(edges, edges[1:], strict=False):
            x = a + (b - a) * (np.arange(200_000) + 0.5) / 200_000
            y = target(x)[:, 0]
            design = np.stack([np.ones_like(x), x - (a + b) / 2], axis=1)
            rest = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
            total += (b - a) * (rest**2).mean()
        found = _space_free_knots.disconnected_error(target, np.array(knots))
        assert found == pytest.approx(sqrt(total), rel=1e-5)


def test_the_wave_is_the_trapezoid_that_its_kinks_say():
    """Least squares height: not larger errors with any other height."""
    target = REGISTRY.targets["sine"]
    network = _space_free_knots._wave(target, 0.15)
    x = np.array([0.0, 0.15, 0.35, 0.5, 0.65, 0.85, 1.0])
    values = network(x[:, None])[:, 0]
    height = values[1]
    np.testing.assert_allclose(values, height * np.array([0, 1, 1, 0, -1, -1, 0]), atol=1e-14)
    least = rl.exact.error(network, target)
    for factor in (0.99, 1.01):
        assert rl.exact.error(rl.networks.scale(network, factor), target) > least
