"""Multigrade fits of plain data: residuals, frozen grades, work, and what they are compared with."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import UserError
from ratelab.networks import FitProblem, Layout, identity, power
from ratelab.training import VariableProjection
from ratelab.training._minibatch import MiniBatchAdam
from ratelab.training._multigrade_fit import (
    Grade,
    multigrade_fit,
    published_grades,
    single_grade_fit,
)
from ratelab.training._multigrade_stair import TrainedGrade, stair

GRADES = (
    Grade((8, 6), "sine", 6, 3e-2),
    Grade((7,), "relu", 6, 3e-2),
    Grade((5, 4), "relu", 8, 3e-2),
)
X = np.linspace(0.0, 1.0, 128)
Y = np.sin(9.0 * X) + X


def _error(network, x, y) -> float:
    return float(np.sum((network(x[:, None])[:, 0] - y) ** 2) / np.sum(y**2))


def test_the_stair_is_the_sum_of_heads_on_nested_blocks():
    """Written out with matrices, for two outputs."""
    random = np.random.default_rng(0)
    shapes = (((5, 3), (4, 6)), ((6, 5),), ((2, 7), (3, 3)))
    grades = []
    for blocks in shapes:
        arrays = tuple(random.standard_normal(shape) for shape in blocks)
        kinds = tuple((power(1),) * len(a) for a in arrays)
        grades.append(TrainedGrade(arrays, kinds, random.standard_normal((2, len(arrays[-1]) + 1))))
    network = stair(grades)
    x = random.uniform(-1, 1, (50, 2))
    read, total = x, 0.0
    for index, grade in enumerate(grades):
        for block in grade.blocks:
            read = np.maximum(read @ block[:, :-1].T + block[:, -1], 0.0)
        total = total + read @ grade.head[:, :-1].T + grade.head[:, -1]
        np.testing.assert_allclose(network.readout(index)(x), total, rtol=0, atol=1e-12)
    np.testing.assert_allclose(network(x), total, rtol=0, atol=1e-12)
    assert network.widths == (5, 4, 6 + 2, 2 + 2, 3 + 2)
    assert [sum(a is identity for a in layer.activations) for layer in network.layers[:-1]] == [0, 0, 2, 2, 2]


def test_reported_errors_are_those_of_the_readouts():
    tests = np.linspace(0.003, 0.997, 77)
    fit = multigrade_fit(X, Y, GRADES, test=(tests, np.sin(9 * tests) + tests))
    assert fit.network is not None
    for index, (train, test) in enumerate(fit.errors_per_grade):
        readout = fit.network.readout(index)
        assert train == pytest.approx(_error(readout, X, Y), rel=1e-9)
        assert test == pytest.approx(_error(readout, tests, np.sin(9 * tests) + tests), rel=1e-9)
    assert (fit.train_error, fit.test_error) == tuple(fit.errors_per_grade[-1])
    assert fit.train_error == pytest.approx(_error(fit.network, X, Y), rel=1e-9)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1e-2, 0.3, 3.0]))
def test_no_grade_raises_the_training_error(seed, rate):
    """Also with a rate that is far too large, whose grades have heads of zeros."""
    grades = [
        Grade((6,), "relu", 3, rate, rate),
        Grade((6,), "relu", 3, rate, rate),
        Grade((6,), "sine", 3, rate, rate),
    ]
    fit = multigrade_fit(X[::4], Y[::4], grades, seed=seed)
    errors = np.concatenate([[1.0], fit.errors_per_grade[:, 0]])
    assert (np.diff(errors) <= 0).all()
    assert [bool(d < 0) for d in np.diff(errors)] == list(fit.accepted)


def test_a_grade_that_is_no_use_has_a_head_of_zeros():
    useless = Grade((4,), "relu", 1, 50.0, 50.0)
    fit = multigrade_fit(X, Y, [GRADES[0], useless, GRADES[2]])
    assert fit.accepted[1] is False
    head = fit.network.readouts[1]
    assert not head.weight[0, :4].any()
    assert head.bias[0] == 0.0
    assert head.weight[0, 4] == 1.0
    assert fit.errors_per_grade[1, 0] == fit.errors_per_grade[0, 0]


def test_frozen_grades_are_the_same_bits_whatever_follows():
    whole = multigrade_fit(X, Y, GRADES, seed=3)
    for count in (1, 2):
        part = multigrade_fit(X, Y, GRADES[:count], seed=3)
        assert part.frozen_hashes == whole.frozen_hashes[:count]
        np.testing.assert_array_equal(part.errors_per_grade, whole.errors_per_grade[:count])
        own = sum(len(grade.widths) for grade in GRADES[:count])
        for a, b in zip(part.network.layers[:own], whole.network.layers[:own], strict=True):
            assert a.weight.tobytes() == b.weight.tobytes()
            assert a.bias.tobytes() == b.bias.tobytes()
    changed = multigrade_fit(X, Y, [*GRADES[:2], Grade((5, 4), "relu", 9, 3e-2)], seed=3)
    assert changed.frozen_hashes[:2] == whole.frozen_hashes[:2]
    assert changed.frozen_hashes[2] != whole.frozen_hashes[2]


def test_a_frozen_grade_cannot_be_written_to():
    grade = TrainedGrade((np.ones((2, 2)),), ((power(1),) * 2,), np.ones((1, 3)))
    with pytest.raises(ValueError, match="read-only"):
        grade.blocks[0][0, 0] = 2.0


def test_the_first_grade_is_a_plain_fit():
    fit = multigrade_fit(X, Y, GRADES[:1], seed=4)
    trainer = MiniBatchAdam(6, 3e-2, 1e-4, 32, keep="last")
    layout = Layout.dense((1, 8, 6, 1))
    problem = FitProblem(
        X[:, None],
        np.full(128, 1 / 128),
        Y[:, None],
        fit.network.layers[0].activations[0],
        ((layout, 4),),
        ((0.0, 1.0),),
    )
    (result,) = trainer.fit(problem)
    for a, b in zip(result.network.layers, fit.network.layers, strict=True):
        assert a.weight.tobytes() == b.weight.tobytes()


def test_work_is_the_sum_over_grades_of_their_own_networks():
    """Nodes × connections, twice an epoch and once at first, and one pass through the frozen block."""
    fit = multigrade_fit(X, Y, GRADES)
    blocks = (8 + 48, 6 * 7, 7 * 5 + 20)
    heads = (6, 7, 4)
    expected = [
        128 * ((1 + 2 * g.epochs) * (b + h) + b) for g, b, h in zip(GRADES, blocks, heads, strict=True)
    ]
    assert fit.work_per_grade.tolist() == expected
    assert fit.work == sum(expected)
    assert fit.parameters == sum(blocks) + sum(heads) + (8 + 6) + 7 + (5 + 4) + 3


def test_a_single_grade_has_the_same_hidden_layers_and_work():
    graded = multigrade_fit(X, Y, GRADES)
    for activation, names in ((None, ["sine", "sine", "relu", "relu", "relu"]), ("relu", ["relu"] * 5)):
        fit = single_grade_fit(X, Y, GRADES, activation=activation, work=graded.work)
        assert fit.network.widths == (8, 6, 7, 5, 4)
        assert [layer.activations[0].name for layer in fit.network.layers[:-1]] == names
        epoch = 2 * 128 * fit.network.connections
        assert graded.work - epoch < fit.work <= graded.work
        assert abs(fit.parameters - graded.parameters) < 0.1 * graded.parameters
        assert fit.train_error == pytest.approx(_error(fit.network, X, Y), rel=1e-12)


def test_errors_at_milestones_end_with_those_of_the_fit():
    whole = multigrade_fit(X, Y, GRADES, test=(X, Y))
    ends = np.cumsum(whole.work_per_grade)
    marks = (1.0, ends[0] / 2, *(ends + 1.0))
    fit = multigrade_fit(X, Y, GRADES, test=(X, Y), milestones=marks)
    assert fit.errors_at_milestones.shape == (5, 2)
    assert fit.errors_at_milestones[0].tolist() == [1.0, 1.0]
    np.testing.assert_allclose(fit.errors_at_milestones[2:, 0], whole.errors_per_grade[:, 0], rtol=1e-9)
    assert whole.errors_per_grade[0, 0] < 1.0 > fit.errors_at_milestones[1, 0]
    single = single_grade_fit(X, Y, GRADES, work=whole.work, test=(X, Y), milestones=(1.0, 1e12))
    assert single.errors_at_milestones[0, 0] == 1.0
    assert single.errors_at_milestones[1, 1] == pytest.approx(single.test_error)


def test_solved_heads_are_least_squares():
    """No head on the same hidden layer does better, by numpy's own least squares."""
    fit = multigrade_fit(X, Y, GRADES[:2], heads="solved")
    network, left = fit.network, Y.copy()
    read = X[:, None]
    values = []
    for layer in network.layers[:-1]:
        pre = read @ layer.weight.T + layer.bias
        read = np.column_stack([a(c[:, None])[:, 0] for a, c in zip(layer.activations, pre.T, strict=True)])
        values.append(read)
    for index, features in enumerate((values[1], values[2][:, :7])):
        design = np.column_stack([features, np.ones(len(X))])
        left = left - design @ np.linalg.lstsq(design, left, rcond=1e-12)[0]
        best = np.sum(left**2) / np.sum(Y**2)
        assert fit.errors_per_grade[index, 0] == pytest.approx(best, rel=1e-6)


def test_normalised_residuals_make_the_scale_of_the_data_irrelevant():
    small, large = (
        multigrade_fit(X, scale * Y, GRADES, residual="scaled").errors_per_grade[:, 0]
        for scale in (2.0**-10, 2.0**10)
    )
    np.testing.assert_allclose(small, large, rtol=1e-9)
    plain = multigrade_fit(X, 2.0**-10 * Y, GRADES).errors_per_grade[:, 0]
    assert not np.allclose(small, plain)


def test_the_fit_ends_when_little_is_left():
    fit = multigrade_fit(X, Y, GRADES, tolerance=1.0)
    assert len(fit.accepted) == len(fit.work_per_grade) == 1
    zero = multigrade_fit(X, 0 * Y, GRADES, residual="scaled")
    assert not any(zero.accepted)
    assert not zero.network(X[:, None]).any()


def test_a_grade_that_does_not_help_on_validation_data_is_dropped():
    """The second grade learns training noise with great rates; validation data are the function itself."""
    grades = [GRADES[0], Grade((4,), "relu", 1, 50.0, 50.0), GRADES[2]]
    fit = multigrade_fit(X, Y, grades, validation=(X, Y))
    assert len(fit.frozen_hashes) == 1
    assert len(fit.work_per_grade) == 2
    assert len(fit.network.readouts) == 1


def test_a_dropped_grade_is_never_in_hand():
    """Errors at milestones inside it are those of the grades before, which the fit returns."""
    grades = [Grade((8, 6), "sine", 6, 3e-2), Grade((12,), "relu", 12, 3e-2)]
    x, y = X[::2], Y[::2]
    first = multigrade_fit(x, y, grades[:1])
    whole = multigrade_fit(x, y, grades)
    marks = np.linspace(first.work, whole.work, 8)[1:]
    inside = multigrade_fit(x, y, grades, milestones=marks).errors_at_milestones[:, 0]
    assert (inside[1:] < first.train_error).any()
    fit = multigrade_fit(x, y, grades, milestones=marks, validation=(x, first.network(x[:, None])[:, 0]))
    assert len(fit.accepted) == 1 and len(fit.work_per_grade) == 2
    np.testing.assert_array_equal(fit.errors_at_milestones[:, 0], first.train_error)


def test_a_single_grade_that_runs_beyond_the_floats_has_diverged():
    """Sines of 10^14 have no argument that float64 knows; the data themselves are in range."""
    fit = single_grade_fit(1e14 * X, Y, [Grade((5,), "sine", 1)], milestones=(1e9,))
    assert fit.network is None and np.isnan(fit.train_error)
    assert fit.errors_per_grade.shape == (0, 2)


def test_any_trainer_fits_a_grade():
    """Variable projection leaves far less than what Adam leaves."""
    inner = VariableProjection(steps=30)
    fit = multigrade_fit(X, Y, [Grade((8,), "relu", trainer=inner), Grade((8,), "tanh", trainer=inner)])
    assert fit.train_error < 1e-2 * multigrade_fit(X, Y, GRADES).train_error
    assert fit.errors_per_grade[1, 0] < fit.errors_per_grade[0, 0]


def test_a_grade_that_overflows_ends_the_fit_with_those_before():
    import torch

    from ratelab.registry import Activation

    wild = Activation("wild", lambda x: torch.exp(torch.exp(torch.exp(40.0 * x * x))), regularity="analytic")
    fit = multigrade_fit(X, Y, [GRADES[0], Grade((5,), wild, 2)])
    assert len(fit.frozen_hashes) == 1
    none = multigrade_fit(X, Y, [Grade((5,), wild, 2)], milestones=(1.0,))
    assert none.network is None
    assert np.isnan(none.train_error)


def test_the_published_settings_are_written_out():
    first, second, third = published_grades()
    assert [g.widths for g in (first, second, third)] == [(256, 256), (128, 128, 64), (64, 32, 32)]
    assert [g.activation for g in (first, second, third)] == ["sine", "relu", "relu"]
    assert [(g.epochs, g.rate, g.last_rate) for g in (first, second, third)] == [
        (20, 1e-1, 1e-4),
        (20, 1e-2, 1e-4),
        (40, 1e-2, 1e-4),
    ]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: multigrade_fit(X, Y[:-1]), r"shapes \(128,\) and \(127,\)"),
        (lambda: multigrade_fit(X, Y * np.nan), "infinite numbers or NaN"),
        (lambda: multigrade_fit(X, ["a"] * 128), "no numbers"),
        (lambda: multigrade_fit([], []), "m at least 1"),
        (lambda: multigrade_fit(X, Y, []), "grades is empty"),
        (lambda: single_grade_fit(X, Y, []), "grades is empty"),
        (lambda: multigrade_fit(X, Y, tolerance=-1.0), "tolerance is -1"),
        (lambda: multigrade_fit(X, Y, heads="no"), "multigrade_fit: heads is 'no'; allowed: trained, solved"),
        (lambda: multigrade_fit(X, Y, test=(np.zeros((3, 2)), np.zeros(3))), "2 variables and 1 outputs"),
        (lambda: Grade(()), "at least one hidden layer"),
        (lambda: Grade((3, 0)), "at least one hidden layer"),
        (lambda: multigrade_fit(X, Y, [Grade((3,), epochs=0)]), "epochs is 0"),
    ],
)
def test_wrong_input_is_refused(call, message):
    with pytest.raises(UserError, match=message):
        call()


def test_grades_of_one_shape_start_from_different_numbers():
    """With rates next to nothing the weights stay where they start."""
    still = [Grade((6,), "relu", 1, 1e-9, 1e-9)] * 3
    network = multigrade_fit(X, Y, still).network
    second, third = (layer.weight[:6, :6] for layer in network.layers[1:3])
    assert np.abs(second - third).max() > 0.1
