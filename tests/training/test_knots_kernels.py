"""Free knots against an interpolant: loss, derivatives, programme, each against something slower."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab.training._interpolant import Interpolant
from ratelab.training._knots_kernels import derivatives, descend, fit_heights
from ratelab.training._knots_programme_kernels import programme

NO_TILT = np.empty(0)


def _data(seed, size=24, rough=0.2):
    random = np.random.default_rng(seed)
    points = np.sort(np.concatenate([[0.0, 1.0], random.uniform(0, 1, size)]))
    values = np.sin(7 * points) + rough * random.normal(size=size + 2)
    return points, values, random.uniform(0.5, 2.0, size + 1)


def _knots(seed, inner):
    random = np.random.default_rng([1, seed])
    gaps = random.uniform(0.5, 1.5, inner + 1)
    return np.concatenate([[0.0], np.cumsum(gaps) / gaps.sum()])


def _reference(points, values, density, knots, tilt):
    """Least squares by three Gauss nodes per smooth part, the tilt by elimination of its null space."""
    edges = np.unique(np.concatenate([points, knots]))
    unit, weight = np.polynomial.legendre.leggauss(3)
    half, middle = np.diff(edges)[:, None] / 2, ((edges[1:] + edges[:-1]) / 2)[:, None]
    x = (middle + half * unit).ravel()
    mass = (half * weight).ravel() * density[np.clip(np.searchsorted(points, x) - 1, 0, len(density) - 1)]
    hats = np.stack([np.interp(x, knots, row) for row in np.eye(len(knots))], axis=1)
    root = np.sqrt(mass)[:, None]
    free = np.eye(len(knots))
    if len(tilt):
        slopes = np.diff(np.eye(len(knots)), axis=0) / np.diff(knots)[:, None]
        free = np.linalg.svd((tilt @ slopes)[None])[2][1:].T
    target = np.interp(x, points, values)[:, None] * root
    solution = free @ np.linalg.lstsq(root * hats @ free, target, rcond=None)[0]
    return float(np.sum((root * hats @ solution - target) ** 2)), solution[:, 0]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 6), st.booleans())
def test_heights_and_loss_are_those_of_dense_least_squares(seed, inner, tilted):
    data, knots = _data(seed), _knots(seed, inner)
    tilt = np.random.default_rng(seed).normal(size=inner + 1) if tilted else NO_TILT
    loss, heights, _ = fit_heights(*data, knots, tilt)
    expected, solution = _reference(*data, knots, tilt)
    assert loss == pytest.approx(expected, rel=1e-9)
    np.testing.assert_allclose(heights, solution, rtol=1e-7, atol=1e-9)
    if tilted:
        assert abs(tilt @ (np.diff(heights) / np.diff(knots))) < 1e-9


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6), st.booleans())
def test_gradient_and_hessian_are_differences_of_the_loss(seed, inner, tilted):
    data, knots = _data(seed), _knots(seed, inner)
    tilt = np.random.default_rng(seed).normal(size=inner + 1) if tilted else NO_TILT
    step = 1e-6

    def moved(j, sign):
        return knots + sign * step * np.eye(inner + 2)[j + 1]

    def gradient(at):
        return derivatives(*data, at, tilt, *fit_heights(*data, at, tilt)[1:])[0]

    inside = np.abs(data[0][:, None] - knots[1:-1]).min()
    if inside < 3 * step:
        return
    slope, hessian = derivatives(*data, knots, tilt, *fit_heights(*data, knots, tilt)[1:])
    ends = [[fit_heights(*data, moved(j, s), tilt)[0] for s in (1, -1)] for j in range(inner)]
    np.testing.assert_allclose(slope, [(a - b) / (4 * step) for a, b in ends], rtol=1e-5, atol=1e-8)
    found = [(gradient(moved(j, 1)) - gradient(moved(j, -1))) / (2 * step) for j in range(inner)]
    np.testing.assert_allclose(hessian, found, rtol=1e-5, atol=1e-6 * (1 + np.abs(hessian).max()))


def test_newton_finds_the_best_knots_of_a_parabola():
    """The best spline of n pieces for x² has equal pieces and the error 1/(√180 n²)."""
    x = np.linspace(0, 1, 2001)
    for pieces in (2, 5, 9):
        start = np.linspace(0, 1, pieces + 1) ** 1.3
        knots, _, loss, losses, slopes, ended = descend(x, x * x, np.ones(2000), start, NO_TILT, 60, 0.0)
        np.testing.assert_allclose(knots, np.linspace(0, 1, pieces + 1), atol=2e-3)
        assert np.sqrt(loss) == pytest.approx(1 / (np.sqrt(180) * pieces**2), rel=2e-3)
        assert ended
        assert 1 <= slopes <= losses <= 61


def test_the_programme_finds_what_trying_all_arrangements_finds():
    points, values, density = _data(5, size=8)
    data = Interpolant(points, values, density)
    grid, offsets, most = np.linspace(0, 1, 7), np.array([-0.3, 0.0, 0.3]), 3
    at = data.at(grid)
    rows, weighed = programme(grid, at, data.sums(grid), offsets, most, np.inf)
    assert weighed > 0

    def loss(places, chosen):
        knots, heights = grid[list(places)], at[list(places)] + offsets[list(chosen)]
        edges = np.unique(np.concatenate([points, knots]))
        a, b = edges[:-1], edges[1:]
        p, q = (np.interp(e, knots, heights) - np.interp(e, points, values) for e in (a, b))
        mass = density[np.clip(np.searchsorted(points, (a + b) / 2) - 1, 0, len(density) - 1)]
        return float(np.sum(mass * (b - a) / 3 * (p * p + p * q + q * q)))

    for pieces in range(1, most + 1):
        best = {}
        for inner in combinations(range(1, 6), pieces - 1):
            places = (0, *inner, 6)
            best[places] = min(loss(places, c) for c in np.ndindex(*[3] * (pieces + 1)))
        assert tuple(rows[pieces - 1, : pieces + 1]) == min(best, key=best.__getitem__)
