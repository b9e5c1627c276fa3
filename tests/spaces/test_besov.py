"""Besov norms of samples, wavelet coefficients and n-term decay."""

from math import inf, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import UserError, load_plugins
from ratelab.spaces._besov import besov_norm_by_moduli, besov_norm_by_wavelets
from ratelab.spaces._wavelet_smoothness import adaptive_smoothness
from ratelab.spaces._wavelets import wavelet_decay, wavelet_levels


@pytest.fixture(scope="module")
def targets():
    return load_plugins(["plugins"]).targets


def test_haar_coefficients_are_differences_of_means():
    values = np.random.default_rng(0).standard_normal(64)
    levels = wavelet_levels(values, 1.0, "haar")
    for index, detail in enumerate(levels.details):
        length = 2 ** (index + 1)
        blocks = values[: len(detail) * length].reshape(-1, length)
        exact = (blocks[:, : length // 2].sum(axis=1) - blocks[:, length // 2 :].sum(axis=1)) / sqrt(length)
        np.testing.assert_allclose(np.abs(detail), np.abs(exact), atol=1e-12)


@pytest.mark.parametrize("count", [500, 513, 1000])
def test_interior_coefficients_see_no_end(count):
    """Polynomials of degree below the vanishing moments have no coefficient, on any level and for any length."""
    x = np.linspace(-1, 1, count)
    levels = wavelet_levels(3 + x - x**2 + 2 * x**3, 1.0, "db4")
    assert len(levels.details) >= 4
    for detail in levels.details:
        assert np.abs(detail).max() < 1e-9


def test_the_haar_coefficients_of_a_zigzag_wave_decay_like_its_exponent(targets):
    """T_a has Haar coefficients whose sum of squares on each level has the ratio 4^(−min(a, 1)) for a < 1."""
    a = 0.5
    middles = (np.arange(1 << 16) + 0.5) / (1 << 16)
    levels = wavelet_levels(targets[f"takagi(exponent={a})"](middles), 2.0**-16, "haar")
    energy = np.array([float(d @ d) for d in levels.details])[4:12]
    np.testing.assert_allclose(np.log2(energy[1:] / energy[:-1]) / 2, a, atol=0.06)


@pytest.mark.parametrize("norm", [besov_norm_by_moduli, besov_norm_by_wavelets])
@given(
    st.integers(0, 1000),
    st.floats(0.2, 2.5),
    st.sampled_from([0.5, 1, 2, inf]),
    st.sampled_from([0.5, 1, inf]),
)
@settings(max_examples=15, deadline=None)
def test_norms_are_homogeneous_in_values_and_scale(norm, seed, s, p, q):
    values = np.random.default_rng(seed).standard_normal(300).cumsum()
    one, scaled = norm(values, s, p, q), norm(-7 * values, s, p, q)
    assert scaled.norm == pytest.approx(7 * one.norm, rel=1e-9)
    narrow = norm(values, s, p, q, spacing=1 / 299 / 8)
    share = 0 if p == inf else 1 / p
    assert narrow.seminorm == pytest.approx(8 ** (s - share) * one.seminorm, rel=1e-9)


@pytest.mark.parametrize(("p", "q"), [(1, 1), (2, 2), (2, inf), (inf, inf)])
@pytest.mark.parametrize("s", [0.4, 0.8, 1.2])
def test_both_norms_are_equivalent_over_random_functions(s, p, q):
    """Sums of hats with random sizes on every level, on 1025 points: their ratio stays within a factor of 8."""
    ratios = []
    x = np.linspace(0, 1, 1025)
    for seed in range(20):
        generator = np.random.default_rng(seed)
        values = np.zeros_like(x)
        decay = generator.uniform(0.3, 2.0)
        for level in range(1, 9):
            heights = np.zeros(2**level + 1)
            heights[1::2] = generator.standard_normal(2 ** (level - 1)) * 2.0 ** (-decay * level)
            values += np.interp(x, np.linspace(0, 1, 2**level + 1), heights)
        ratios.append(
            besov_norm_by_wavelets(values, s, p, q).seminorm / besov_norm_by_moduli(values, s, p, q).seminorm
        )
    assert max(ratios) / min(ratios) < 8


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("norm", [besov_norm_by_moduli, besov_norm_by_wavelets])
def test_a_jump_lies_in_the_space_of_index_one_over_p_and_in_no_smoother_one(norm, p):
    """In B^{1/p}_{p,∞} every octave contributes alike; beyond it they grow like 2^(j(s − 1/p))."""
    values = (np.linspace(0, 1, 1 << 14) >= 0.37).astype(float)
    border = norm(values, 1 / p, p, inf).parts[:9]
    assert border.max() / border.min() < 4
    beyond = norm(values, 1 / p + 0.5, p, inf).parts[:9]
    slope = np.polyfit(np.arange(9), np.log2(beyond), 1)[0]
    assert slope == pytest.approx(-0.5, abs=0.1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: besov_norm_by_moduli(np.ones(100), 4, 2, 2), "below 4, the order 4"),
        (lambda: besov_norm_by_moduli(np.ones(100), 0, 2, 2), "above 0"),
        (
            lambda: besov_norm_by_wavelets(np.ones(100), 2, 2, 2, "db2"),
            "below 2, the 2 vanishing moments of 'db2'",
        ),
        (lambda: besov_norm_by_wavelets(np.ones(100), 1, 2, 2, "db44"), "no wavelet is called 'db44'"),
        (lambda: besov_norm_by_wavelets(np.ones(100), 1, 2, 2, "bior2.2"), "not orthogonal"),
        (lambda: besov_norm_by_wavelets(np.ones(5), 1, 2, 2), "too few"),
        (lambda: besov_norm_by_moduli(np.ones(100), 1, -1, 2), "p is -1"),
        (lambda: besov_norm_by_moduli(np.ones(100), 1, 1, 0), "q is 0"),
        (lambda: besov_norm_by_moduli([1.0, np.nan, 2.0], 1, 1, 1), "sample 1 is nan"),
        (lambda: besov_norm_by_moduli([1.0], 1, 1, 1), "at least two"),
    ],
)
def test_what_is_not_allowed_is_named(call, message):
    with pytest.raises(UserError, match=message):
        call()


def test_the_error_of_n_terms_is_the_tail_of_the_sorted_coefficients():
    values = np.random.default_rng(1).standard_normal(4096).cumsum()
    levels = wavelet_levels(values, 1 / 4096)
    every = np.sort(np.abs(np.concatenate([*levels.details, levels.rest])))[::-1]
    found = wavelet_decay(values, 1 / 4096)
    for n, error, size in zip(found.terms, found.error, found.coefficient, strict=True):
        assert error == pytest.approx(np.linalg.norm(every[n:]), rel=1e-9, abs=1e-12)
        assert size == every[n - 1]


def test_the_best_sums_of_wavelets_of_a_path_converge_like_the_root():
    errors = []
    for seed in range(8):
        values = np.random.default_rng(seed).standard_normal(1 << 14).cumsum() / 128
        errors.append(wavelet_decay(values, 2.0**-14).error[4:10])
    slope = np.polyfit(np.arange(6), np.log2(np.mean(errors, axis=0)), 1)[0]
    assert slope == pytest.approx(-0.5, abs=0.08)


@pytest.mark.parametrize(
    "label",
    [
        "takagi(exponent=0.3)", "takagi(exponent=0.5)", "takagi", "takagi(exponent=1.5)", "takagi(exponent=1.8)",
        "cantor", "brownian", "weierstrass", "weierstrass(exponent=1)", "weierstrass(exponent=1.5)",
    ],
)  # fmt: skip
def test_the_index_on_the_adaptivity_line_is_the_declared_one(targets, label):
    found = adaptive_smoothness(targets[label])
    declared = targets[label].smoothness.besov
    assert found.status == "estimated"
    assert found.low <= declared <= found.high
    assert found.value == pytest.approx(declared, abs=0.15)


@pytest.mark.parametrize("label", ["cusp", "step", "sqrt", "exp", "runge"])
def test_few_singular_points_cost_nothing_on_the_adaptivity_line(targets, label):
    found = adaptive_smoothness(targets[label])
    assert found.status == "at least" and found.high == inf
    assert found.value > 3.4


def test_nothing_is_said_about_too_little():
    for values in (np.ones(5000), np.arange(5000.0), np.random.default_rng(0).standard_normal(60)):
        found = adaptive_smoothness(values)
        assert found.status == "inconclusive" and np.isnan(found.value) and found.reason
