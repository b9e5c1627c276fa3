"""Moduli of smoothness: closed forms, brute force over all shifts, certified ends."""

from math import comb, inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import Target, UserError, load_plugins
from ratelab.spaces._moduli import averaged_modulus_of_samples, modulus, modulus_of_samples

GRID = np.linspace(0, 1, 4097)


@pytest.fixture(scope="module")
def targets():
    return load_plugins(["plugins"]).targets


def brute(values, spacing, t, p, order):
    """The supremum over all shifts, each integral written out as a trapezium sum."""
    best = 0.0
    for k in range(1, int(t / spacing + 1e-9) + 1):
        size = len(values) - order * k
        if size < 1:
            break
        sums = sum(
            (-1) ** (order - j) * comb(order, j) * values[j * k : j * k + size] for j in range(order + 1)
        )
        if p == inf:
            best = max(best, float(np.abs(sums).max()))
        else:
            best = max(best, float(np.trapezoid(np.abs(sums) ** p, dx=spacing)) ** (1 / p))
    return best


@pytest.mark.parametrize("p", [0.5, 1, 2, inf])
def test_powers_have_the_moduli_of_the_closed_form(p):
    """Δ_h x = h on [0, 1 − h], and Δ_h² x² = 2h² on [0, 1 − 2h]."""
    t = np.array([1 / 64, 1 / 8])
    first = modulus_of_samples(GRID, 1 / 4096, t, p, 1).value
    second = modulus_of_samples(GRID**2, 1 / 4096, t, p, 2).value
    share = 0 if p == inf else 1 / p
    # h (1 − h)^(1/p) and 2 h² (1 − 2h)^(1/p) increase up to h = p/(p + 1) and h = p/(2p + 1), beyond these t
    np.testing.assert_allclose(first, t * (1 - t) ** share, rtol=1e-9)
    np.testing.assert_allclose(second, 2 * t**2 * (1 - 2 * t) ** share, rtol=1e-9)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_a_jump_has_the_modulus_of_its_binomials(order):
    """On an interval of length h around the jump each of the r partial sums of binomials is seen."""
    t = 1 / 16
    sums = np.cumsum([(-1) ** (order - j) * comb(order, j) for j in range(order + 1)])[:-1]
    found = modulus_of_samples((GRID >= 0.5).astype(float), 1 / 4096, t, 2, order).value
    assert found[0] == pytest.approx(np.sqrt(t * np.sum(sums**2.0)), rel=1e-2)


def test_the_square_root_has_its_modulus_of_continuity_at_the_end(targets):
    t = np.array([0.01, 0.1, 0.5])
    np.testing.assert_allclose(modulus(targets["sqrt"], t, inf).value, np.sqrt(t), rtol=1e-2)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(20, 120), st.sampled_from([0.5, 1.0, 2.0, inf]), st.integers(1, 3))
def test_samples_bracket_the_supremum_over_all_shifts(seed, count, p, order):
    values = np.random.default_rng(seed).standard_normal(count).cumsum()
    t = np.array([1, 3, 17, 31.5, count])
    found = modulus_of_samples(values, 1.0, t, p, order)
    exact = np.array([brute(values, 1.0, one, p, order) for one in t])
    assert (found.value <= exact * (1 + 1e-12)).all()
    assert (found.upper >= exact * (1 - 1e-12)).all()
    small = t * order <= 16  # every shift is tried
    np.testing.assert_allclose(found.value[small], exact[small], rtol=1e-12)


def test_what_is_not_tried_changes_little():
    values = np.random.default_rng(4).standard_normal(600).cumsum()
    found = modulus_of_samples(values, 1.0, 300, 2, 1)
    assert found.value[0] >= 0.98 * brute(values, 1.0, 300, 2, 1)


@pytest.mark.parametrize("p", [0.5, 1, 2, 3])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_moduli_increase_and_grow_by_two_to_the_order_at_most(order, p):
    values = np.random.default_rng(order).standard_normal(2049).cumsum()
    t = 2.0 ** np.arange(1, 9)
    found = modulus_of_samples(values, 1.0, t, p, order).value
    assert (np.diff(found) >= 0).all()
    growth = 2.0**order if p >= 1 else 2.0 ** (order / p)
    assert (found[1:] <= growth * found[:-1] * 1.05).all()  # 5 per cent for the shifts that are not tried


@pytest.mark.parametrize(("p", "order"), [(1, 1), (2, 2), (0.5, 1)])
def test_the_averaged_modulus_of_a_power_is_that_of_the_closed_form(p, order):
    """Of x^r/r! it is (1/t ∫_0^t h^(rp) (1 − rh) dh)^(1/p)."""
    values = GRID if order == 1 else GRID**2 / 2
    t = 1 / 16
    exact = (t ** (order * p) / (order * p + 1) - order * t ** (order * p + 1) / (order * p + 2)) ** (1 / p)
    assert averaged_modulus_of_samples(values, 1 / 4096, t, p, order)[0] == pytest.approx(exact, rel=5e-3)


@pytest.mark.parametrize("name", ["exp", "runge", "step", "square", "two_scales"])
@pytest.mark.parametrize("p", [1, 2, inf])
def test_certified_upper_ends_are_above_and_near(targets, name, p):
    t = np.array([0.03, 0.2])
    found = modulus(targets[name], t, p, 1, certify=True)
    assert (found.upper >= found.value * (1 - 1e-3)).all()
    assert (found.upper <= found.value * 1.25).all()
    assert (
        modulus(targets[name], t, p, 2, certify=True).upper >= modulus(targets[name], t, p, 2).value
    ).all()


def test_in_the_plane_shifts_are_euclidean(targets):
    """|x − c| is 1-Lipschitz, and attains it along every ray; of x + y it is √2 t, along the diagonal."""
    t = np.array([0.05, 0.2])
    np.testing.assert_allclose(modulus(targets["cone"], t, inf).value, t, rtol=1e-2)
    for dimension in (2, 3):
        linear = Target("sum", lambda x: x.sum(axis=1), domain=((0.0, 1.0),) * dimension)
        found = modulus(linear, t, inf, samples=24)
        np.testing.assert_allclose(found.value, np.sqrt(dimension) * t, rtol=1e-9)
        assert np.isnan(found.upper).all()


def test_the_disc_has_the_mean_modulus_of_its_perimeter(targets):
    """‖Δ_h 1_D‖_1 is about (|h|/π)·∫|cos| over the boundary: 4R|h| for a disc of radius R."""
    t = 0.05
    assert modulus(targets["disc"], t, 1).value[0] == pytest.approx(4 * 0.3 * t, rel=0.03)


def test_several_outputs_are_joined_by_the_euclidean_norm():
    both = Target("both", lambda x: np.stack([3 * x[:, 0], 4 * x[:, 0]], axis=1))
    np.testing.assert_allclose(modulus(both, 0.25, inf).value, [1.25], rtol=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: modulus_of_samples([1, np.nan], 1, 1), "sample 1 is nan"),
        (lambda: modulus_of_samples([1, np.inf], 1, 1), "sample 1 is inf"),
        (lambda: modulus_of_samples([[1, 2]], 1, 1), "uniform grid"),
        (lambda: modulus_of_samples([1, 2], 0, 1), "spacing"),
        (lambda: modulus_of_samples([1, 2], 1, -1), "scales t"),
        (lambda: modulus_of_samples([1, 2], 1, 1, p=0), "p is 0"),
        (lambda: modulus_of_samples([1, 2], 1, 1, order=0), "order"),
        (lambda: averaged_modulus_of_samples([1, 2], 1, 1, order=1.5), "order"),
    ],
)
def test_what_is_not_allowed_is_named(call, message):
    with pytest.raises(UserError, match=message):
        call()


def test_an_upper_end_needs_an_enclosure(targets):
    with pytest.raises(UserError, match="neither pieces nor an enclosure"):
        modulus(targets["brownian"], 0.1, certify=True)
    with pytest.raises(UserError, match="one variable"):
        modulus(targets["cone"], 0.1, certify=True)


def test_a_scale_below_the_grid_has_no_value():
    found = modulus_of_samples(GRID, 1 / 4096, [1e-6, 1e-2])
    assert np.isnan(found.value[0]) and np.isfinite(found.value[1])
