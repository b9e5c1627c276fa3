"""The experiment on indicators: its numbers are those of closed forms, and survive a file."""

import numpy as np
import pytest

from ratelab import datasets, load_plugins
from ratelab.studies.claims._claim import Scope
from ratelab.studies.claims._space_density import a6
from ratelab.studies.experiments._indicators import measured_power, run
from ratelab.studies.experiments._space_parameters import Indicators

SMALL = Indicators(steps=6, octaves=9)


@pytest.fixture(scope="module")
def registry():
    return load_plugins(["plugins"])


@pytest.fixture(scope="module")
def dataset(registry):
    return run(SMALL, registry, lambda *_: None)


def test_every_variable_says_what_it_is_and_survives_a_file(dataset, registry, tmp_path):
    assert [v for v in dataset.variables if not dataset[v].attrs.get("long_name")] == []
    datasets.write(dataset, tmp_path / "experiment.nc")
    assert datasets.read(tmp_path / "experiment.nc").identical(dataset)
    assert run(SMALL, registry, lambda *_: None).identical(dataset)


def test_measured_errors_of_cubes_are_the_closed_form(dataset):
    np.testing.assert_allclose(dataset["cube_error"], dataset["cube_error_theory"], rtol=1e-12)
    # the unit square, by hand: 4w/3 − 8w²·… = 2·2w(1 − 2w)/3 + 4w²·¾
    w = dataset["width"].values
    by_hand = np.sqrt(4 * w * (1 - 2 * w) / 3 + 3 * w**2)
    np.testing.assert_allclose(dataset["cube_error"].sel(dimension=2, power=2), by_hand, rtol=1e-12)


def test_measured_errors_tend_to_their_leading_terms(dataset):
    ratio = (dataset["cube_error"] / dataset["cube_error_leading"]).isel(width=-1)
    np.testing.assert_allclose(ratio, 1, atol=0.05)


def test_three_variables_are_integrated_as_by_a_grid():
    from fractions import Fraction

    x = (np.arange(120) + 0.5) / 120
    lack = np.maximum(1 - np.minimum(x, 1 - x) / 0.25, 0)
    for p in (1, 2):
        brute = (np.minimum(lack[:, None, None] + lack[:, None] + lack, 1.0) ** p).mean()
        assert measured_power(3, Fraction(1, 4), p) == pytest.approx(brute, rel=1e-3)


def test_slopes_of_the_disc_are_one_half_and_one(dataset):
    def slope(x, y):
        return -np.polyfit(np.log(x[-12:]), np.log(y[-12:]), 1)[0]

    assert slope(dataset["terms"].values, dataset["haar_error"].values) == pytest.approx(0.5, abs=0.05)
    for name in ("soft_upper", "sharp_error"):
        assert slope(dataset["sides"].values, dataset[name].values) == pytest.approx(1, abs=0.05)
    assert (dataset["soft_lower"] < dataset["soft_upper"]).all()
    assert (dataset["soft_upper"] < dataset["sharp_error"]).all()


def test_the_graph_of_the_square_has_its_cells(dataset):
    corners = np.stack([dataset[f"corner_{axis}"].values for axis in ("x", "y", "value")], axis=2)
    cells = [cell[np.isfinite(cell[:, 2])] for cell in corners]
    areas = [
        0.5 * abs(np.dot(c[:, 0], np.roll(c[:, 1], 1)) - np.dot(c[:, 1], np.roll(c[:, 0], 1))) for c in cells
    ]
    assert sum(areas) == pytest.approx(1)
    assert sum(a for a, c in zip(areas, cells, strict=True) if (c[:, 2] == 1).all()) == pytest.approx(0.3**2)


def test_the_claim_on_density_is_consistent(registry):
    cases = list(a6(Scope(3, registry)))
    verdicts = {case.verdict for case in cases}
    assert verdicts == {"consistent", "illustrated", "not measurable"}
    assert sum(case.verdict == "consistent" for case in cases) >= 10


def test_parameters_outside_their_range_are_refused():
    with pytest.raises(ValueError, match="octaves"):
        Indicators(octaves=3)
