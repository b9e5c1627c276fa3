"""The experiment on multigrade learning: equal work, errors along the way, and what seeds spread."""

import numpy as np
import pytest

from ratelab import UserError, load_plugins
from ratelab.studies.experiments import _multigrade
from ratelab.studies.experiments._catalogue import EXPERIMENTS, parameters_of
from ratelab.studies.experiments._seed_spread import spread
from ratelab.training._multigrade_fit import multigrade_fit

GIVEN = {
    "targets": ["oscillation(rate=6)", "nested_absolute"],
    "points": 96,
    "test_points": 64,
    "shrink": 16,
    "epochs": [12, 4, 6],
    "milestones": 4,
    "seeds": 3,
}


@pytest.fixture(scope="module")
def registry():
    return load_plugins(["plugins"])


@pytest.fixture(scope="module")
def dataset(registry):
    return EXPERIMENTS["multigrade"].run(parameters_of("multigrade", GIVEN), registry, lambda *_: None)


def test_no_grade_raises_the_training_error_and_before_the_first_it_is_one(dataset):
    train = dataset["rse_grade"].sel(part="train")
    assert bool((train.sel(grade=0) == 1).all())
    assert bool((train.diff("grade") <= 0).all())
    assert bool((train.sel(grade=3) < 1).all())


def test_the_last_grade_is_the_end(dataset):
    final = dataset["rse_final"].sel(learning="multigrade", drop=True)
    np.testing.assert_array_equal(dataset["rse_grade"].sel(grade=3, drop=True).transpose(*final.dims), final)


def test_both_ways_do_nearly_the_same_work_and_the_single_grade_never_more(dataset):
    graded, single = (dataset["work"].sel(learning=way) for way in _multigrade.LEARNINGS)
    assert bool((single <= graded).all())
    assert bool((single >= 0.9 * graded).all())


def test_work_is_what_the_epochs_plan_and_a_little_for_features(registry, dataset):
    grades = _multigrade.grades_of(parameters_of("multigrade", GIVEN), "same")
    # widths 1-16-16-1, 16-8-8-4-1 and 4-4-2-2-1, two evaluations a point and epoch
    by_hand = 2 * 96 * (12 * (16 + 256 + 16) + 4 * (128 + 64 + 32 + 4) + 6 * (16 + 8 + 4 + 2))
    assert _multigrade.planned_work(grades, 96) == by_hand
    spent = dataset["work"].sel(learning="multigrade")
    assert bool((spent >= by_hand).all()) and bool((spent <= 1.2 * by_hand).all())
    share = dataset["work_grade"]
    assert bool((share.diff("grade") > 0).all())
    np.testing.assert_allclose(share.sel(grade=3), 1)


def test_widths_and_activations_are_the_published_ones_divided(registry):
    parameters = parameters_of("multigrade", {"shrink": 1})
    same, relu = (_multigrade.grades_of(parameters, kind) for kind in ("same", "relu"))
    assert [grade.widths for grade in same] == [(256, 256), (128, 128, 64), (64, 32, 32)]
    assert [grade.activation for grade in same] == ["sine", "relu", "relu"]
    assert [grade.activation for grade in relu] == ["relu"] * 3
    assert [
        grade.widths for grade in _multigrade.grades_of(parameters_of("multigrade", {"shrink": 16}), "relu")
    ] == [
        (16, 16),
        (8, 8, 4),
        (4, 2, 2),
    ]


def test_errors_are_relative_squares_on_the_data_of_the_seed(registry, dataset):
    parameters = parameters_of("multigrade", GIVEN)
    target = registry.targets["oscillation(rate=6)"]
    for seed in (0, 2):
        x, y = _multigrade.sample(target, 96, 2 * seed)
        np.testing.assert_allclose(y, np.sin(6 * x[:, 0]), atol=1e-14)
        fit = multigrade_fit(x, y, _multigrade.grades_of(parameters, "relu"), seed=seed)
        expected = np.sum((y - fit.network(x)[:, 0]) ** 2) / np.sum(y**2)
        place = {"part": "train", "target": "oscillation(rate=6)", "activations": "relu", "seed": seed}
        found = dataset["rse_final"].sel(learning="multigrade", **place)
        assert float(found) == pytest.approx(expected, rel=1e-9)


def test_points_lie_in_the_domain_and_differ_between_seeds_and_from_test_points(registry):
    target = registry.targets["nested_absolute"]
    drawn = [_multigrade.sample(target, 50, seed)[0] for seed in range(4)]
    assert all((abs(x) <= 1).all() and x.min() < -0.5 for x in drawn)
    assert len({x.tobytes() for x in drawn}) == 4


def test_noise_has_the_standard_deviation_asked_for_and_leaves_the_points(registry):
    target = registry.targets["oscillation"]
    x, clean = _multigrade.sample(target, 4000, 1)
    same, noisy = _multigrade.sample(target, 4000, 1, 0.05)
    np.testing.assert_array_equal(x, same)
    assert np.std(noisy - clean) == pytest.approx(0.05, rel=0.05)


def test_grades_learn_an_easy_wave_and_milestones_lead_from_the_start_to_the_end(dataset):
    """The error of the zero function is 1."""
    easy = dataset.sel(target="oscillation(rate=6)", part="test", activations="same")
    assert float(easy["rse_final_median"].sel(learning="multigrade")) < 0.6
    way = easy["rse_milestone"].sel(learning="multigrade")
    assert bool((way.sel(milestone=0.25) > way.sel(milestone=1.0)).all())
    end = easy["rse_final"].sel(learning="multigrade")
    np.testing.assert_allclose(way.sel(milestone=1.0), end, rtol=0.1)


def test_median_and_range_leave_out_what_is_missing():
    table = np.array([[1.0, np.nan, 3.0, 8.0], [np.nan] * 4])
    median, least, most = spread(table)
    np.testing.assert_array_equal(median, [3, np.nan])
    np.testing.assert_array_equal(least, [1, np.nan])
    np.testing.assert_array_equal(most, [8, np.nan])


def test_a_fit_that_stopped_early_keeps_its_last_error():
    class Stopped:
        errors_per_grade = np.array([[0.5, 0.6]])
        work_per_grade = np.array([30.0, 10.0])
        work = 40.0

    np.testing.assert_array_equal(_multigrade._along(Stopped(), 3), [[1, 0.5, 0.5, 0.5], [1, 0.6, 0.6, 0.6]])
    np.testing.assert_array_equal(_multigrade._work_along(Stopped(), 3), [0, 0.75, 1, 1])


def test_other_numbers_of_grades_are_refused():
    with pytest.raises(UserError, match="epochs"):
        parameters_of("multigrade", {"epochs": [1, 2]})


def test_targets_that_it_cannot_serve_are_refused_before_any_fit(registry, monkeypatch):
    monkeypatch.setattr(_multigrade, "_fits", lambda *_: pytest.fail("a fit has begun"))
    for label, reason in (("disc", "has 2 variables"),):
        given = parameters_of("multigrade", {**GIVEN, "targets": ["sqrt", label]})
        with pytest.raises(UserError, match=f"experiment 'multigrade': target '{label}' {reason}"):
            EXPERIMENTS["multigrade"].run(given, registry, lambda *_: None)
