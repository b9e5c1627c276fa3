"""Layer-wise approximations: every readout within the bound, accounts that add up, and where refinement stops."""

from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from math import isnan, pi, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import Target, UserError, load_plugins
from ratelab.exact import _grid_mesh
from ratelab.spaces import _layerwise, _layerwise_accounts
from ratelab.spaces._layerwise import layerwise, layerwise_until
from ratelab.spaces._layerwise_accounts import region
from ratelab.spaces._layerwise_levels import cell_levels


@lru_cache
def _targets():
    return load_plugins(["plugins"]).targets


@pytest.fixture(scope="module")
def targets():
    return _targets()


# (target, base, grades) → per level (‖f − A‖_1, 3ω_1, ‖f − A‖_2, 3ω_2)
REFERENCE = {
    ("lipschitz_wave", 2): [
        (4.2659e-2, 3.040e-1, 4.8981e-2, 4.775e-1),
        (4.2659e-2, 2.779e-1, 4.8981e-2, 3.670e-1),
        (2.0305e-2, 1.881e-1, 2.5255e-2, 2.256e-1),
        (1.0006e-2, 1.070e-1, 1.2725e-2, 1.233e-1),
        (4.9818e-3, 5.667e-2, 6.3748e-3, 6.409e-2),
    ],
    ("lipschitz_wave", 4): [
        (4.2659e-2, 2.779e-1, 4.8981e-2, 3.670e-1),
        (1.0006e-2, 1.070e-1, 1.2725e-2, 1.233e-1),
        (2.4879e-3, 2.910e-2, 3.1889e-3, 3.261e-2),
    ],
    ("sqrt", 2): [
        (1.0621e-1, 5.858e-1, 1.3202e-1, 8.477e-1),
        (5.5825e-2, 4.510e-1, 7.2489e-2, 5.481e-1),
        (2.8886e-2, 2.746e-1, 3.9230e-2, 3.193e-1),
        (1.4789e-2, 1.533e-1, 2.1003e-2, 1.785e-1),
        (7.5167e-3, 8.197e-2, 1.1153e-2, 9.761e-2),
    ],
    ("sqrt", 8): [
        (2.8886e-2, 2.746e-1, 3.9230e-2, 3.193e-1),
        (3.8017e-3, 4.279e-2, 5.8840e-3, 5.260e-2),
    ],
    ("step", 3): [(0, 1.000, 0, 1.732), (0, 3.333e-1, 0, 1.000), (0, 1.111e-1, 0, 5.774e-1)],
}  # fmt: skip


@pytest.mark.parametrize("case", REFERENCE)
def test_errors_and_bounds_are_those_of_the_reference_table(targets, case):
    name, base = case
    first = layerwise(targets[name], base, len(REFERENCE[case]), p=1)
    second = first.in_norm(2)
    for grade1, grade2, (a1, b1, a2, b2) in zip(
        first.grades[1:], second.grades[1:], REFERENCE[case], strict=True
    ):
        for grade, averages, bound, ramps in ((grade1, a1, b1, 1e-10), (grade2, a2, b2, 5e-6)):
            assert grade.bound == pytest.approx(bound, rel=3e-4)
            assert grade.averages_error[1] == pytest.approx(averages, rel=2e-4, abs=1e-14)
            assert grade.error[1] - grade.averages_error[1] <= ramps
            assert grade.error[0] <= grade.averages_error[1] <= grade.error[1]
    assert first.holds and second.holds


def test_the_modulus_of_the_wave_is_its_closed_form_and_never_above(targets):
    """ω(t)_2² = sup_h (2 sin(πh)/(2π))² ∫_0^{1−h} cos²(2π(x + h/2)) dx, at h = t for t ≤ 1/4."""
    found = layerwise(targets["lipschitz_wave"], 2, 6)
    for grade in found.grades[2:]:
        t = 2.0**-grade.level
        x = (np.arange(200_000) + 0.5) / 200_000 * (1 - t)
        true = np.sin(pi * t) / pi * sqrt((np.cos(2 * pi * (x + t / 2)) ** 2).mean() * (1 - t))
        assert grade.modulus <= true * (1 + 1e-9)
        assert grade.modulus == pytest.approx(true, rel=2e-5)


@pytest.mark.parametrize(
    ("label", "base", "grades"),
    [
        ("step(at=0.3)", 2, 6), ("step(at=1/2)", 2, 3), ("random_cells", 3, 3), ("cusp", 5, 2), ("constant", 3, 2),
        ("lipschitz_wave(dimension=2)", 3, 1), ("disc", 2, 3), ("cone", 2, 2), ("random_cells(dimension=2)", 8, 1),
        ("random_cells(dimension=3)", 2, 2), ("constant(dimension=2)", 2, 2),
    ],
)  # fmt: skip
@pytest.mark.parametrize("p", [1, 2])
def test_every_readout_is_within_the_bound(targets, label, base, grades, p):
    found = layerwise(targets[label], base, grades, p=p)
    assert found.holds
    for grade in found.grades:
        assert 0 <= grade.error[0] <= grade.error[1]
        if grade.bound:
            assert grade.averages_error[1] <= grade.averages_bound
            assert grade.decoder_error + grade.trifling <= grade.modulus / 2


@given(st.integers(0, 10**6), st.integers(2, 9), st.integers(2, 8), st.sampled_from([1.0, 2.0, 3.5]))
@settings(max_examples=12, deadline=None)
def test_errors_on_random_cells_are_those_of_sums_over_a_common_grid(seed, per_side, base, p):
    """Both functions are constant on a grid that refines theirs, so the norm is a sum; ramps are added by hand."""
    target = _targets()[f"random_cells(seed={seed}, per_side={per_side})"]
    found = layerwise(target, base, 1, p=p)
    cells = per_side * base
    middles = (np.arange(cells) + 0.5) / cells
    values = found.network.cell_values(1)[(middles * base).astype(int)]
    true = float((np.abs(target(middles)[:, 0] - values) ** p).mean() ** (1 / p))
    low, high = found.grades[1].error
    assert low - 1e-12 <= true <= high + 1e-12
    u = found.network.codes[0].scale
    ramps = (
        2
        * float(Fraction(int(u.p), int(u.q)))
        * float(found.network.ramp * Fraction(base - 1, base)) ** (1 / p)
    )
    assert found.grades[1].trifling == pytest.approx(ramps, rel=1e-12)
    assert high - low <= 2.01 * ramps + 1e-12


def test_the_bracket_holds_for_the_network_itself_with_wide_ramps(targets):
    """Riemann sums of |f − Φ_1| by the weight matrices, ramps of a quarter of a cell."""
    target = targets["sqrt"]
    found = layerwise(target, 2, 2, p=2, ramp=Fraction(1, 4))
    x = (np.arange(400) + 0.5) / 400
    readouts = found.network.values([[Fraction(float(v))] for v in x])
    for level in (1, 2):
        values = np.array([float(ball.mid()) for ball in readouts[:, level]])
        measured = sqrt(((np.sqrt(x) - values) ** 2).mean())
        low, high = found.grades[level].error
        assert low - 2e-3 <= measured <= high + 2e-3
    assert found.grades[2].error[1] - found.grades[2].error[0] > 0.1


def test_the_region_of_the_ramps_is_counted_exactly_and_below_its_bound():
    for base, level, d in ((2, 3, 1), (3, 2, 2), (5, 2, 3)):
        ramp = Fraction(1, base**level)
        line = sum((base - 1) * base ** (g - 1) * ramp / base**g for g in range(1, level + 1))
        assert region(d, base, level, ramp) == pytest.approx(float(1 - (1 - line) ** d), rel=1e-15)
        assert region(d, base, level, ramp) <= d * level * ramp
    assert region(2, 2, 9, Fraction(1, 2)) == 1.0


def test_accounts_count_real_coefficients_as_the_network_does(targets):
    found = layerwise(targets["disc"], 2, 2)
    for grade in found.grades:
        assert grade.parameters == found.network.parameters(grade.level)
        assert grade.width == found.network.width and grade.cells == 4**grade.level
        assert grade.hidden_layers == grade.level + 2
    assert found.grades[2].bits == max(code.bits for code in found.network.codes)


def test_constants_code_no_grade_and_keep_their_mean(targets):
    found = layerwise(targets["constant"], 4, 2)
    assert found.constant and found.holds
    assert all(not code.scale for code in found.network.codes)
    assert all(grade.trifling == 0 and grade.bound == 0 and isnan(grade.ratio) for grade in found.grades)
    assert found.network.mean == Fraction(1, 2)


def test_ramps_narrow_with_the_exponent_and_cost_at_most_a_quarter_of_the_modulus(targets):
    target = targets["step(at=0.3)"]
    bits = []
    for p in (1, 16, 32):
        found = layerwise(target, 4, 3, p=p)
        bits.append(found.network.ramp.denominator.bit_length() - 1)
        assert found.grades[-1].trifling <= min(grade.modulus for grade in found.grades[1:]) / 4
    assert bits[0] == 40 and bits[2] > bits[1] > bits[0]


def test_coarse_decoders_are_asked_for_what_the_bound_needs(targets):
    found = layerwise(targets["sqrt"], 2, 2, p=1, decoder="lattice")
    assert found.network.accuracy > 2.0**-20
    assert found.holds
    assert found.grades[2].decoder_error <= found.grades[2].modulus / 4
    wanted = layerwise(targets["sqrt"], 2, 2, decoder="lattice", decoder_accuracy=2.0**-30)
    assert wanted.network.accuracy == 2.0**-30


@given(
    st.lists(st.tuples(st.floats(1e-6, 10), st.floats(1e-3, 1e6)), min_size=1, max_size=5),
    st.sampled_from(["lattice", "table"]),
)
@settings(max_examples=60, deadline=None)
def test_decoding_costs_at_most_a_quarter_of_every_modulus(pairs, name):
    moduli, changes = zip(*pairs, strict=True)
    accuracy = _layerwise._accuracy(list(moduli), list(changes), name == "table")
    assert all(accuracy * change <= modulus / 4 for modulus, change in pairs)
    assert accuracy <= (2.0**-40 if name == "table" else 1 / 8)


def test_certified_upper_ends_of_the_modulus_are_given_on_demand(targets):
    found = layerwise(targets["step(at=0.3)"], 2, 3, p=1, certify=True)
    for grade in found.grades[1:]:
        assert grade.modulus <= min(2.0**-grade.level, 0.3) <= grade.modulus_upper
    assert all(isnan(grade.modulus_upper) for grade in found.in_norm(1).grades)


# where refinement stops


def test_refinement_stops_at_the_first_readout_that_is_good_enough(targets):
    whole = layerwise(targets["sqrt"], 2, 6)
    for wanted in (0.5, 0.1, 0.03, 0.006):
        stop = layerwise_until(targets["sqrt"], wanted, base=2, most_grades=6)
        assert stop.reached
        assert stop.level == next(grade.level for grade in whole.grades if grade.error[1] <= wanted)
        assert stop.approximation.network.grades == max(stop.level, 1)


def test_a_grade_that_brings_nothing_does_not_stop_refinement(targets):
    """Averages over quarters of the wave are those over halves."""
    stop = layerwise_until(targets["lipschitz_wave"], 0.03, base=2, most_grades=5)
    errors = [grade.error[1] for grade in stop.approximation.grades]
    assert errors[2] >= errors[1] * (1 - 1e-4)
    assert stop.reached and stop.level == 3


@pytest.mark.parametrize(("label", "base", "most"), [("sqrt", 2, 5), ("disc", 2, 3)])
def test_prefixes_are_bit_for_bit_those_of_the_network_of_all_grades(targets, label, base, most):
    whole = layerwise(targets[label], base, most).network
    stop = layerwise_until(targets[label], 0.12, base=base, most_grades=most)
    grown = stop.approximation.network
    assert grown.grades >= 1
    for level in range(grown.grades + 1):
        assert grown.prefix_hash(level) == whole.prefix_hash(level)
    short = layerwise(targets[label], base, 1, depth_max=most).network
    assert short.prefix_hash(1) == whole.prefix_hash(1)


def test_refinement_that_is_not_enough_says_so(targets):
    stop = layerwise_until(targets["step(at=0.3)"], 1e-9, base=3, most_grades=3, p=1)
    assert not stop.reached and stop.approximation.network.grades == 3
    errors = [grade.error[1] for grade in stop.approximation.grades]
    assert errors[stop.level] == min(errors)


# what is refused


def test_several_kinds_of_bad_input_are_refused_in_one_sentence(targets):
    wave = targets["lipschitz_wave"]
    two_sided = Target("elsewhere", lambda x: x[:, 0], domain=((-1.0, 1.0),))
    pole = Target("pole", lambda x: 1 / np.abs(x[:, 0]), singular_points=(0,))
    for call, text in (
        (lambda: layerwise(wave, 1, 2), "base N is 1"),
        (lambda: layerwise(wave, 2, 0), "number of grades L is 0"),
        (lambda: layerwise(wave, 2.5, 2), "base N is 2.5"),
        (lambda: layerwise(wave, 2, 3, depth_max=2), "largest number of grades is 2"),
        (lambda: layerwise(wave, 2, 2, p=0.5), "p is 0.5"),
        (lambda: layerwise(wave, 2, 2, p=float("inf")), "p is inf"),
        (lambda: layerwise(wave, 2, 7, decoder="lattice"), "cells; the decoder 'lattice' takes at most"),
        (lambda: layerwise(wave, 2, 2, decoder="closed"), "closed-form"),
        (lambda: layerwise(wave, 2, 10**6), "2\\^1,000,000 cells"),
        (lambda: layerwise(wave, 2, 1, depth_max=10**6, decoder="table"), "2\\^1,000,000 cells"),
        (
            lambda: layerwise(wave, 2, 2, decoder="lattice", depth_max=9),
            "9 grades of base 2 have 2\\^9 cells; the decoder 'lattice'",
        ),
        (lambda: layerwise(wave, 2, 2, ramp=float("nan")), "nan"),
        (lambda: layerwise(wave, 2, 2, ramp=0.9), "at most 1/2"),
        (lambda: layerwise(wave, 2, 2, decoder_accuracy="x"), "decoder_accuracy is 'x'"),
        (lambda: layerwise("sqrt", 2, 2), "allowed: a Target"),
        (lambda: layerwise(two_sided, 2, 2), "lives on"),
        (lambda: layerwise(pole, 2, 2), "integrable"),
        (lambda: layerwise(wave, 4, 3, decoder="float64", decoder_accuracy=2.0**-40), "float64"),
        (lambda: layerwise_until(wave, 0.0, base=2), "accuracy is 0.0"),
        (lambda: layerwise_until(wave, 0.1, base=2, most_grades=0), "number of grades L is 0"),
    ):
        with pytest.raises(UserError, match=text):
            call()


def test_unbounded_targets_work_in_the_norms_in_which_they_are_integrable():
    """x^(−0.4) lies in L1 and L2; x^(−1/2) in L1 only."""
    mild = Target("mild", lambda x: x[:, 0] ** -0.4, singular_points=(0,))
    assert layerwise(mild, 2, 4, p=1).holds and layerwise(mild, 2, 4, p=2).holds
    steep = Target("steep", lambda x: x[:, 0] ** -0.5, singular_points=(0,))
    assert layerwise(steep, 2, 4, p=1).holds
    with pytest.raises(UserError, match="steep"):
        layerwise(steep, 2, 4, p=2)


def test_depths_whose_levels_cannot_be_averaged_are_refused(targets):
    """Ramps are fixed from the averages of all levels up to depth_max, whatever number of grades is built."""
    for label, base, depth in (("sqrt", 2, 19), ("disc", 17, 2), ("cone(dimension=3)", 8, 2)):
        with pytest.raises(UserError, match="fixed from the averages over them; allowed for dimension"):
            layerwise(targets[label], base, 1, decoder="table", depth_max=depth)


@pytest.mark.parametrize(
    ("label", "base", "depth"), [("sqrt", 2, 12), ("step(at=0.3)", 3, 7), ("disc", 2, 7)]
)
def test_prefixes_depend_on_the_largest_depth_alone(targets, label, base, depth):
    short, long = (
        layerwise(targets[label], base, grades, p=8, decoder="table", depth_max=depth) for grades in (1, 3)
    )
    assert short.network.ramp == long.network.ramp and short.network.offset == long.network.offset
    assert short.network.prefix_hash(1) == long.network.prefix_hash(1)
    averages = long.levels.averages
    for level in range(4, depth + 1):
        long = replace(long, network=long.network.append(averages[level]))
    ramps = long.in_norm(8).grades[-1]
    assert ramps.trifling <= ramps.modulus / 4


def test_the_default_depth_of_refinement_is_one_that_can_be_averaged(targets):
    """17⁴ cells are fewer than a table takes, but more than are averaged in the plane."""
    stop = layerwise_until(targets["disc"], 0.3, base=17, decoder="table")
    assert stop.approximation.network.depth_max == 1


@pytest.mark.parametrize("p", [1, 2, 3.5, 20])
@pytest.mark.parametrize("unit", [2.0**-660, 2.0**660])
def test_accounts_scale_with_the_target(p, unit):
    """‖u·f − u·Φ‖ = u·‖f − Φ‖, for units whose powers no float64 holds."""
    plain, scaled = (
        layerwise(Target("line", lambda x, u=u: u * x[:, 0] ** 2), 2, 2, p=p) for u in (1.0, unit)
    )
    assert plain.holds and scaled.holds
    for one, other in zip(plain.grades, scaled.grades, strict=True):
        assert other.modulus == pytest.approx(unit * one.modulus, rel=1e-12)
        assert other.error == pytest.approx((unit * one.error[0], unit * one.error[1]), rel=1e-6)


def test_targets_at_the_ends_of_the_floats_are_refused():
    for unit in (1e-300, 1e300):
        with pytest.raises(UserError, match=r"has averages up to .*scale the target"):
            layerwise(Target("line", lambda x, u=unit: u * x[:, 0]), 2, 2)


@pytest.mark.parametrize(("width", "base"), [(0.02, 3), (0.005, 3), (0.005, 2)])
def test_narrow_bumps_are_within_their_brackets(targets, width, base):
    """Φ_0 is the mean 2πw², and ∫ f² = πw² for exp(−|x − c|²/(2w²))."""
    found = layerwise(targets[f"gaussian(width={width},dimension=2)"], base, 1)
    true = sqrt(pi * width**2 - (2 * pi * width**2) ** 2)
    low, high = found.grades[0].error
    assert low - 1e-9 <= true <= high + 1e-9
    assert high - low <= 1e-6 and found.holds


def test_distances_below_those_of_fine_averages_are_looked_at_again(monkeypatch):
    """Jensen: ‖A f − v‖ ≤ ‖f − v‖, so a smaller integral has overlooked something."""
    bump = Target("bump", lambda x: np.exp(-(((x[:, 0] - 0.3711) / 3e-5) ** 2)))
    true = sqrt(3e-5 * sqrt(pi / 2) - (3e-5 * sqrt(pi)) ** 2)
    monkeypatch.setitem(_grid_mesh._LEAST, 1, 8)
    seen = []
    step = _layerwise_accounts.step_error
    monkeypatch.setattr(_layerwise_accounts, "step_error", lambda *given: seen.append(given) or step(*given))
    levels = replace(cell_levels(bump, 2, 1), radius=0.0)
    assert step(bump, levels.averages[0], 2).value < 0.1 * true
    found = _layerwise_accounts._distance(bump, levels, levels.averages[0], 2)
    assert found.value == pytest.approx(true, rel=1e-6)
    assert len(seen) == 2
    with pytest.raises(UserError, match="does not settle"):
        _layerwise_accounts._distance(
            Target("nothing", lambda x: 0 * x[:, 0]), levels, 0 * levels.averages[0], 2
        )
