"""Wrong input to the fits of plain data is refused in one sentence, before anything is trained."""

import re
import warnings

import numpy as np
import pytest

from ratelab import UserError
from ratelab.registry import Activation
from ratelab.training import (
    Adam,
    Grade,
    MiniBatchAdam,
    Multigrade,
    Polish,
    multigrade_fit,
    single_grade_fit,
    successive_affine_fit,
)

X = np.linspace(0.0, 1.0, 64)
Y = np.sin(5.0 * X)
GRADES = [Grade((5,), epochs=2), Grade((4,), epochs=2)]
FITS = [multigrade_fit, single_grade_fit, successive_affine_fit]


@pytest.mark.parametrize("fit", FITS, ids=lambda fit: fit.__name__)
@pytest.mark.parametrize(
    ("grades", "message"),
    [
        ([3], "[3]; allowed: a list of Grade objects"),
        (3, "3; allowed: a list of Grade objects"),
        ([GRADES[0], "relu"], "allowed: a list of Grade objects"),
        (GRADES[0], "allowed: a list of Grade objects"),
        ([], "empty; allowed: 1 or more grades"),
    ],
    ids=["numbers", "a number", "a name", "one grade", "none"],
)
def test_only_lists_of_grades_are_taken(fit, grades, message):
    with pytest.raises(UserError, match=f"^{fit.__name__}: grades is .*{re.escape(message)}$"):
        fit(X, Y, grades)


@pytest.mark.parametrize("fit", FITS, ids=lambda fit: fit.__name__)
@pytest.mark.parametrize("seed", ["a", 1.5, None, True])
def test_seeds_are_whole_numbers(fit, seed):
    with pytest.raises(
        UserError, match=re.escape(f"{fit.__name__}: seed is {seed!r}; allowed: whole numbers")
    ):
        fit(X, Y, GRADES, seed=seed)


@pytest.mark.parametrize("fit", FITS, ids=lambda fit: fit.__name__)
def test_a_whole_number_of_numpy_is_the_same_seed(fit):
    one, other = (fit(X, Y, GRADES, seed=seed) for seed in (3, np.int64(3)))
    assert one.frozen_hashes == other.frozen_hashes


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Grade(5), "grade: widths is 5; allowed: at least one hidden layer of 1 or more neurons"),
        (lambda: Grade("64"), "grade: widths is '64'"),
        (lambda: Grade((2.5,)), "grade: widths is (2.5,)"),
        (lambda: Grade((None,)), "grade: widths is (None,)"),
        (lambda: Grade((5,), 3), "grade: activation is 3; allowed: a name or an Activation"),
        (lambda: Grade((5,), trainer="adam"), "grade: trainer is 'adam'; allowed: a trainer object"),
        (lambda: Grade((5,), trainer=Polish()), "grade: trainer is 'polish', which does not fit a shape"),
        (lambda: Grade((5,), trainer=Multigrade()), "grade: trainer is 'multigrade', which does not fit"),
        (lambda: Grade((5,), epochs=2.5), "epochs is 2.5; allowed: whole numbers, 1 or more"),
        (lambda: Grade((5,), epochs="20"), "epochs is '20'"),
        (lambda: Grade((5,), rate="a"), "rate is 'a'; allowed: positive numbers"),
        (lambda: Grade((5,), last_rate=None), "last is None"),
        (lambda: MiniBatchAdam(batch=2.5), "trainer 'minibatch': batch is 2.5"),
        (lambda: MiniBatchAdam(work="a"), "trainer 'minibatch': work is 'a'"),
        (lambda: Multigrade(work="a"), "trainer 'multigrade': work is 'a'"),
        (lambda: Multigrade(tolerance="a"), "trainer 'multigrade': tolerance is 'a'; allowed: 0 or more"),
        (lambda: Activation("wave", np.sin, period="x"), "period is 'x'; allowed: positive finite numbers"),
    ],
)
def test_a_grade_is_refused_where_it_is_made(make, message):
    with pytest.raises(UserError, match=re.escape(message)):
        make()


@pytest.mark.parametrize(
    ("fit", "options", "message"),
    [
        (multigrade_fit, {"test": X}, "the test data are 64 items; allowed: a pair (points, values)"),
        (multigrade_fit, {"test": 3}, "the test data are int; allowed: a pair (points, values)"),
        (multigrade_fit, {"validation": (X,)}, "the validation data are 1 items; allowed: a pair"),
        (single_grade_fit, {"test": X}, "the test data are 64 items"),
        (multigrade_fit, {"tolerance": "a"}, "multigrade_fit: tolerance is 'a'"),
        (multigrade_fit, {"batch": "a"}, "batch is 'a'"),
        (multigrade_fit, {"milestones": 3.0}, "milestones is 3.0; allowed: increasing amounts of work"),
        (multigrade_fit, {"milestones": ("a",)}, "milestones is ('a',)"),
        (single_grade_fit, {"milestones": (5.0, 3.0)}, "milestones is (5.0, 3.0)"),
        (single_grade_fit, {"work": "a"}, "single_grade_fit: work is 'a'; allowed: positive numbers"),
        (single_grade_fit, {"work": float("nan")}, "single_grade_fit: work is nan"),
        (single_grade_fit, {"epochs": 1.5}, "epochs is 1.5"),
        (single_grade_fit, {"activation": 3}, "single_grade_fit: activation is 3"),
        (single_grade_fit, {"trainer": "adam"}, "single_grade_fit: trainer is 'adam'"),
        (single_grade_fit, {"trainer": Polish()}, "single_grade_fit: trainer is 'polish'"),
        (successive_affine_fit, {"weights": "a"}, "weights are no numbers; allowed: 64 positive numbers"),
    ],
)
def test_wrong_options_are_refused(fit, options, message):
    with pytest.raises(UserError, match=re.escape(message)) as refused:
        fit(X, Y, GRADES, **options)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("fit", FITS, ids=lambda fit: fit.__name__)
@pytest.mark.parametrize(("points", "values"), [(1.0, 1e200), (1.0, 1e-200), (1e200, 1.0)])
def test_data_whose_squares_float64_cannot_sum_are_refused(fit, points, values):
    with pytest.raises(UserError, match="so that float64 can sum squares"):
        fit(points * X, values * Y, GRADES)


@pytest.mark.parametrize("size", [2.0**-400, 2.0**400])
def test_data_that_are_taken_are_fitted_at_any_scale(size):
    """A power of two changes nothing but the scale, if residuals are scaled."""
    grades = [Grade((8,), "sine", 8, 3e-2), Grade((8,), "relu", 8, 3e-2)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = multigrade_fit(X, size * Y, grades, residual="scaled", test=(X, size * Y))
        plain = multigrade_fit(X, Y, grades, residual="scaled")
    np.testing.assert_allclose(fit.errors_per_grade[:, 0], plain.errors_per_grade[:, 0], rtol=1e-9)
    np.testing.assert_allclose(fit.errors_per_grade[:, 1], plain.errors_per_grade[:, 0], rtol=1e-9)
    assert 0 < fit.train_error < 1


def test_zeros_and_any_trainer_that_fits_shapes_to_data_are_taken():
    assert multigrade_fit(X, 0 * Y, GRADES).train_error == 0
    grades = [Grade([np.int64(5)], trainer=Adam(steps=5))]
    assert grades[0].widths == (5,)
    assert multigrade_fit(X, Y, grades).network.widths == (5,)
