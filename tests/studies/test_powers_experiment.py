"""The experiment on powers of ReLU: its numbers against closed forms, many digits and the room of best splines."""

from math import sqrt

import mpmath
import numpy as np
import pytest

from ratelab import best, datasets, load_plugins
from ratelab.studies import _experiment
from ratelab.studies._jobs import ExperimentJob
from ratelab.studies.claims._claim import Scope
from ratelab.studies.claims._space_powers import a5
from ratelab.studies.experiments._catalogue import EXPERIMENTS, parameters_of
from ratelab.studies.experiments._powers import SHIFTS, spline_limit

SMALL = {"steps": 36, "pieces": 4, "degree": 6}


@pytest.fixture(scope="module")
def registry():
    return load_plugins(["plugins"])


@pytest.fixture(scope="module")
def result(registry):
    job = ExperimentJob(version="0", experiment="powers", parameters=SMALL)
    return _experiment.run(job, registry, lambda *_: None)


def test_every_variable_says_what_it_is_and_survives_netcdf(result, tmp_path):
    assert [v for v in result.variables if not result[v].attrs.get("long_name")] == []
    datasets.write(result, tmp_path / "experiment.nc")
    assert datasets.read(tmp_path / "experiment.nc").identical(result)


def test_the_numbers_are_the_same_twice(result, registry):
    again = EXPERIMENTS["powers"].run(parameters_of("powers", SMALL), registry, lambda *_: None)
    for name in again.variables:
        np.testing.assert_array_equal(again[name].values, result[name].values)


def test_differences_have_the_errors_of_simple_closed_forms(result):
    h = result["step"].values
    forward = result.sel(difference="forward")
    np.testing.assert_allclose(forward["difference_error"].sel(power=1), np.sqrt(h / 3), rtol=1e-12)
    np.testing.assert_allclose(
        forward["difference_error"].sel(power=2), np.sqrt(h**3 / 20 + h**2 / 4), rtol=1e-12
    )
    np.testing.assert_allclose(forward["difference_supremum"].sel(power=2), h / 2)
    centred = result.sel(difference="centred")
    # (x + a)²/(4a) on [−a, 0], its mirror image on [0, a], a = h/2
    np.testing.assert_allclose(centred["difference_error"].sel(power=2), np.sqrt(h**3 / 320), rtol=1e-12)
    np.testing.assert_allclose(result["difference_weight"].sel(power=3, difference="forward"), 1 / (3 * h))


def test_floats_follow_the_exact_error_until_rounding_takes_over(result):
    exact, rounded = result["difference_error"], result["difference_error_float"]
    large = result["step"].values >= 2.0**-8
    np.testing.assert_allclose(rounded.values[..., large], exact.values[..., large], rtol=1e-5)
    for r in (2, 3, 4):
        for difference in ("forward", "centred"):
            one = rounded.sel(power=r, difference=difference)
            assert float(one.isel(step=-1)) > 10 * float(one.min())
            assert float(result["best_step"].sel(power=r, difference=difference)) == float(one.idxmin("step"))
    # rounding is about 2^-53 times the weight
    last = rounded.sel(power=slice(2, 4)).isel(step=-1)
    share = last / (2.0**-53 * result["difference_weight"].sel(power=slice(2, 4)).isel(step=-1))
    assert float(share.min()) > 0.1
    assert float(share.max()) < 10


def test_best_splines_lie_between_the_ends_of_the_class(result, registry):
    for r in (1, 2, 3):
        one = result.sel(spline_degree=r)
        assert one["neurons"].values.tolist() == [n + r - 1 for n in one["pieces"].values]
        assert (one["network_error_lower"] < one["spline_error"]).all()
        assert (one["network_error_lower"] > 0).all()
    four, six = (best.bracket(registry.targets["exp"], n, degree=2) for n in (4, 6))
    one = result.sel(spline_degree=2, pieces=4)  # five neurons, at most six pieces
    assert float(one["spline_error"]) == pytest.approx(four.upper, rel=1e-6)
    assert float(one["network_error_lower"]) == pytest.approx(six.lower, rel=0.02)


def test_one_piece_is_the_best_polynomial(result):
    """Legendre's remainder of e^x in 30 digits."""
    with mpmath.workdps(30):
        for r in (1, 2, 3):
            energy = (mpmath.e**2 - 1) / 2
            for k in range(r + 1):
                moment = mpmath.quad(lambda x, k=k: mpmath.exp(x) * mpmath.legendre(k, 2 * x - 1), [0, 1])
                energy -= (2 * k + 1) * moment**2
            error = float(result["spline_error"].sel(spline_degree=r, pieces=1))
            assert error == pytest.approx(float(mpmath.sqrt(energy)), rel=1e-8)


def test_limits_of_splines_are_the_known_ones():
    """Degree 1: (2.5(e^0.4 − 1))^2.5/√720; degrees 2 and 3 with √(|B_2k|/(2k)!)."""
    assert spline_limit(1) == pytest.approx(0.0624755, rel=1e-5)
    assert spline_limit(2) == pytest.approx(0.00575055 * (3.5 * np.expm1(2 / 7)) ** 3.5, rel=1e-5)
    assert spline_limit(3) == pytest.approx(0.000909241 * (4.5 * np.expm1(2 / 9)) ** 4.5, rel=1e-5)


def test_slopes_and_scaled_errors_approach_their_limits(result):
    for r in (1, 2, 3):
        one = result.sel(spline_degree=r)
        ratio = one["spline_error"].values * one["pieces"].values ** (r + 1.0) / float(one["spline_limit"])
        assert (np.abs(ratio - 1)[1:] <= np.abs(ratio - 1)[:-1]).all()
        slope = one["spline_slope"].values[:-1]
        errors = one["spline_error"].values
        np.testing.assert_allclose(slope, np.log(errors[:-1] / errors[1:]) / np.log(2))
        assert (np.abs(slope - (r + 1))[1:] <= np.abs(slope - (r + 1))[:-1]).all()


def test_polynomials_cost_what_is_promised_and_lose_digits_as_contributions_cancel(result):
    degree = result["polynomial_degree"].values
    neurons = result["polynomial_neurons"]
    for name in SHIFTS[:2]:
        assert (neurons.sel(shifts=name).values == 2 * (degree + 1)).all()
    for name in SHIFTS[2:]:
        assert (neurons.sel(shifts=name).values <= degree + 1).all()
    bound = 2.0**-53 * result["polynomial_cancellation"] * (3 * result["polynomial_degree"] + 30)
    assert (result["polynomial_error"] <= bound).all()
    last = result["polynomial_cancellation"].isel(polynomial_degree=-1)
    assert float(last.sel(shifts=SHIFTS[3])) > 100 * float(last.sel(shifts=SHIFTS[2]))
    assert float(last.sel(shifts=SHIFTS[0])) < float(last.sel(shifts=SHIFTS[1]))


def test_the_claim_on_activations_holds_in_every_case(registry):
    cases = list(a5(Scope(4, registry)))
    assert {case.verdict for case in cases} == {"consistent", "illustrated", "not measurable"}
    assert sum(case.verdict == "not measurable" for case in cases) == 2
    first = next(case for case in cases if case.name.startswith("ρ_0 from ρ_1, h=1/16"))
    assert first.measured == pytest.approx(sqrt(1 / 48), rel=1e-12)
