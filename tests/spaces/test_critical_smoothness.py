"""The measured critical smoothness: values within 0.1, intervals that cover, and no number where nothing is seen."""

from math import inf, isnan, log

import numpy as np
import pytest

from ratelab import UserError, load_plugins
from ratelab.spaces._critical_smoothness import critical_smoothness
from ratelab.spaces._critical_smoothness_fit import fit_octaves, gaussian_noise

KNOWN = {
    "takagi(exponent=0.3)": 0.3,
    "takagi(exponent=0.5)": 0.5,
    "takagi": 1.0,
    "takagi(exponent=1.5)": 1.5,
    "takagi(exponent=1.8)": 1.5,
    "takagi(exponent=2.5)": 1.5,
    "takagi(exponent=3)": 1.5,
    "cusp(exponent=0.2)": 0.7,
    "cusp": 1.0,
    "cusp(exponent=1)": 1.5,
    "cusp(exponent=2.5)": 3.0,
    "step": 0.5,
    "sqrt": 1.0,
    "weierstrass": 0.5,
    "weierstrass(exponent=1)": 1.0,
    "weierstrass(exponent=1.5)": 1.5,
    "brownian": 0.5,
    "cantor": log(6) / log(3) / 2,
}
SMOOTH = ["exp", "runge", "gaussian", "sine", "two_scales"]


@pytest.fixture(scope="module")
def targets():
    return load_plugins(["plugins"]).targets


@pytest.mark.parametrize("label", KNOWN)
def test_the_measured_smoothness_is_the_known_and_the_declared_one(targets, label):
    found = critical_smoothness(targets[label])
    assert found.status == "estimated" and found.reason == ""
    assert found.value == pytest.approx(KNOWN[label], abs=0.1)
    assert found.low <= KNOWN[label] <= found.high
    assert found.high - found.low < 0.35
    assert targets[label].smoothness.mean_square == pytest.approx(KNOWN[label])


@pytest.mark.parametrize("label", SMOOTH)
def test_a_smooth_function_is_at_least_as_smooth_as_differences_can_see(targets, label):
    assert targets[label].smoothness.mean_square == inf
    for order in (3, 4, 5):
        found = critical_smoothness(targets[label], order=order)
        assert found.status == "at least" and found.high == inf
        assert found.order - 0.5 < found.low <= found.value <= found.order
        assert min(order, 4) <= found.order <= order and found.reason


@pytest.mark.parametrize("p", [0.5, 1, 2, 4])
@pytest.mark.parametrize(
    ("label", "index"),
    [
        ("step", lambda p: 1 / p),
        ("cusp", lambda p: 0.5 + 1 / p),
        ("brownian", lambda p: 0.5),
        ("cantor", lambda p: log(2) / log(3) + (1 - log(2) / log(3)) / p),
    ],
)
def test_other_norms_have_their_own_index(targets, label, index, p):
    found = critical_smoothness(targets[label], p)
    assert found.value == pytest.approx(index(p), abs=0.1)
    assert found.low <= index(p) <= found.high


def test_holder_exponents_are_measured_in_the_uniform_norm(targets):
    for label, exponent in (("takagi(exponent=0.5)", 0.5), ("step", 0.0), ("cantor", log(2) / log(3))):
        assert critical_smoothness(targets[label], inf).value == pytest.approx(exponent, abs=0.1)


def test_the_interval_covers_brownian_paths(targets):
    """50 of the stored paths; 95 per cent may miss no more than 6 with a probability of 3 per cent."""
    estimates = [critical_smoothness(targets[f"brownian(seed={seed})"]) for seed in range(50)]
    assert sum(e.low <= 0.5 <= e.high for e in estimates) >= 44
    assert np.mean([abs(e.value - 0.5) <= 0.1 for e in estimates]) >= 0.9
    assert np.mean([e.high - e.low for e in estimates]) < 0.2


@pytest.mark.parametrize(
    "label", ["takagi(exponent=0.5)", "takagi", "takagi(exponent=1.8)", "cusp", "step", "cantor"]
)
def test_the_interval_covers_random_windows_and_sample_counts(targets, label):
    generator = np.random.default_rng(7)
    covered = 0
    for _ in range(30):
        while True:
            length = generator.uniform(0.25, 1)
            start = generator.uniform(0, 1 - length)
            if label not in ("cusp", "step") or start + 0.1 * length < 1 / 3 < start + 0.9 * length:
                break
        count = int(2 ** generator.uniform(13, 15.5))
        values = targets[label](np.linspace(start, start + length, count + 1)) * 10 ** generator.uniform(
            -3, 3
        )
        found = critical_smoothness(values)
        covered += found.low <= KNOWN[label] <= found.high
    assert covered >= 27


def test_amplitude_and_units_change_nothing(targets):
    values = targets["takagi"](np.linspace(0.1, 0.9, 20001))[:, 0]
    one, scaled = critical_smoothness(values), critical_smoothness(1e-7 * values, domain=(0.1, 0.9))
    assert scaled.value == pytest.approx(one.value, abs=1e-9)
    assert scaled.finest == pytest.approx(0.8 * one.finest)


@pytest.mark.parametrize(
    "values",
    [
        np.ones(5000),
        np.zeros(5000),
        np.linspace(0, 1, 5000),
        np.linspace(-1, 1, 5000) ** 3,
        np.ones(1),
        np.ones(3),
    ],
)
def test_polynomials_and_too_few_samples_give_no_number(values):
    found = critical_smoothness(values)
    assert found.status == "inconclusive" and found.reason
    assert isnan(found.value) and isnan(found.low) and isnan(found.high)


def test_a_short_path_gives_no_number():
    assert (
        critical_smoothness(np.random.default_rng(0).standard_normal(300).cumsum()).status == "inconclusive"
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: critical_smoothness([1.0, np.nan, 2.0]), "sample 1 is nan"),
        (lambda t: critical_smoothness([1.0, np.inf, 2.0]), "sample 1 is inf"),
        (lambda t: critical_smoothness(np.ones(100), 0), "p is 0"),
        (lambda t: critical_smoothness(np.ones(100), order=1), "order is 1"),
        (lambda t: critical_smoothness(np.ones(100), level=1.5), "level is 1.5"),
        (lambda t: critical_smoothness(np.ones(100), finest=0), "finest is 0"),
        (lambda t: critical_smoothness(t["exp"], domain=(0.5, 2)), "leaves the domain"),
        (lambda t: critical_smoothness(t["exp"], domain=(0.5, 0.5)), "lower one first"),
        (lambda t: critical_smoothness(t["cone"]), "2 variables"),
    ],
)
def test_what_is_not_allowed_is_named(targets, call, message):
    with pytest.raises(UserError, match=message):
        call(targets)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_predicted_noise_is_that_of_simulated_paths(order):
    """Covariances of log₂ of mean differences over 3000 random walks, against the spectral integral."""
    generator = np.random.default_rng(order)
    shifts, cells = np.array([4, 8, 32]), 1024
    paths = np.cumsum(generator.standard_normal((3000, cells + 1)), axis=1)
    logs = []
    for k in shifts:
        d = paths
        for _ in range(order):
            d = d[:, k:] - d[:, :-k]
        logs.append(np.log2(np.mean(d**2, axis=1)) / 2)
    simulated = np.cov(np.array(logs))
    scales = np.log2(shifts)
    found = gaussian_noise(scales, (cells - order * shifts) / 1.0 / shifts, 2, order, 0.5)
    np.testing.assert_allclose(np.diag(found), np.diag(simulated), rtol=0.2)
    assert found[0, 1] == pytest.approx(simulated[0, 1], rel=0.25)


def test_a_line_with_noise_of_the_predicted_size_is_covered_as_often_as_stated():
    generator = np.random.default_rng(3)
    scales = np.arange(8.0)
    noise = np.diag(1e-3 * 2.0**scales)
    hits = 0
    for _ in range(300):
        heights = 0.7 * scales + generator.standard_normal(8) * np.sqrt(np.diag(noise))
        line = fit_octaves(scales, heights, noise, 0.95)
        hits += line.low <= 0.7 <= line.high
    assert hits >= 279


def test_a_logarithm_is_seen_as_a_drift():
    """t^s |log t| has local slopes below s at every scale, and s lies inside the interval."""
    scales = np.arange(-14.0, -4.0)
    heights = 1.5 * scales + 0.5 * np.log2(-scales)
    line = fit_octaves(scales, heights, 1e-3 * np.diag(2.0 ** (scales + 4)), 0.95)
    assert line.local.max() < 1.46
    assert line.low <= 1.5 <= line.high
