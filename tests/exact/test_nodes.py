"""Quadrature nodes of training losses."""

from fractions import Fraction

import numpy as np
import pytest

import ratelab as rl
from ratelab.exact import nodes


def _target(function=np.sqrt, **extra):
    return rl.Target("f", lambda x: function(x).prod(axis=1), **extra)


@pytest.mark.parametrize("count", [200, 512, 1000])
@pytest.mark.parametrize("points", [(), (0,), (Fraction(1, 3),), (0.2, 0.9, 1.0)])
def test_weights_are_positive_and_sum_to_the_length(count, points):
    x, w = nodes(_target(singular_points=points, domain=((0.0, 1.0),)), count)
    assert x.shape == (len(w), 1)
    assert w.min() > 0
    assert w.sum() == pytest.approx(1, abs=1e-13)
    assert 0.6 * count <= len(w) <= 1.6 * count


@pytest.mark.parametrize("points", [(), (0,), (Fraction(1, 3),)])
def test_no_gap_exceeds_a_hundredth_of_the_interval(points):
    x, _ = nodes(_target(domain=((-1.0, 3.0),), singular_points=points), 512)
    gaps = np.diff(np.concatenate([[-1.0], x[:, 0], [3.0]]))
    assert gaps.min() > 0
    assert gaps.max() < 4 / 100


def test_grading_integrates_a_root_that_uniform_nodes_miss():
    x, w = nodes(_target(lambda x: x**-0.4, singular_points=(0,)), 512)
    plain, even = nodes(_target(lambda x: x**-0.4), 512)
    graded_error = abs(w @ x[:, 0] ** -0.4 - 1 / 0.6)
    uniform_error = abs(even @ plain[:, 0] ** -0.4 - 1 / 0.6)
    assert graded_error < 1e-6
    assert uniform_error > 100 * graded_error


def test_a_target_on_a_grid_gets_uniform_midpoints():
    x, w = nodes(_target(grid=4096), 512)
    np.testing.assert_allclose(x[:, 0], (np.arange(512) + 0.5) / 512, rtol=1e-14)
    assert np.ptp(w) == 0


def test_two_variables_integrate_polynomials_on_the_rectangle():
    x, w = nodes(_target(domain=((0.0, 2.0), (-1.0, 1.0))), 900)
    assert 500 < len(w) < 1500
    assert w.sum() == pytest.approx(4)
    assert w @ (x[:, 0] ** 3 * x[:, 1] ** 2) == pytest.approx(4 * 2 / 3)


def test_a_count_that_is_not_positive_is_an_error():
    with pytest.raises(rl.UserError, match="at least 1"):
        nodes(_target(), 0)
