"""The trainers of graded shapes as plugins: labels, parameters, shapes of the architecture `graded`."""

import numpy as np
import pytest

from ratelab import UserError, load_plugins
from ratelab.networks import FitProblem

REGISTRY = load_plugins()
X = np.linspace(0.0, 1.0, 96)[:, None]


def _layout(label: str, depth: int, budget: int = 24):
    return REGISTRY.architectures[label].layout(
        budget=budget, complexity="neurons", depth=depth, dimension=1, outputs=1
    )


def _problem(layout, activation: str = "relu") -> FitProblem:
    values = np.sin(6 * X)
    return FitProblem(
        X, np.full(96, 1 / 96), values, REGISTRY.activations[activation], ((layout, 0),), ((0.0, 1.0),)
    )


@pytest.mark.parametrize("architecture", ["graded", "graded(first=sine)", "graded(layers=2,sines=1)"])
@pytest.mark.parametrize(
    "trainer",
    [
        "multigrade(epochs=3)",
        "multigrade(inner=adam,steps=20)",
        "multigrade(inner=lbfgs,steps=10,heads=solved,residual=scaled)",
        "successive_affine",
    ],
)
def test_graded_shapes_are_trained_by_label(architecture, trainer):
    layout = _layout(architecture, 5)
    problem = _problem(layout)
    (result,) = REGISTRY.trainers[trainer].fit(problem)
    assert result.network.connections <= layout.connections
    assert result.network.widths == layout.widths[1:-1]
    assert len(result.network.readouts) == (2 if "layers=2" in architecture else 4)
    assert result.loss < float(np.sum(problem.weights[:, None] * problem.values**2))
    assert result.loss == pytest.approx(
        float(np.sum(problem.weights[:, None] * (result.network(X) - problem.values) ** 2)), rel=1e-9
    )


def test_numbers_for_each_grade_survive_a_label():
    trainer = REGISTRY.trainers["multigrade(epochs=1-2-3-1,rate=0.1-0.01-0.01-1e-3)"]
    (result,) = trainer.fit(_problem(_layout("graded", 5)))
    assert result.steps == 3 * 7


def test_the_defaults_of_minibatch_are_the_published_ones():
    trainer = REGISTRY.trainers["minibatch"]
    assert (trainer.epochs, trainer.rate, trainer.last, trainer.batch) == (20, 1e-2, 1e-4, 32)


@pytest.mark.parametrize("name", ["multigrade", "successive_affine"])
def test_a_shape_without_grades_is_refused_by_name(name):
    with pytest.raises(UserError, match="architecture 'graded' with at least two grades"):
        REGISTRY.trainers[name].fit(_problem(_layout("mlp", 3)))
    with pytest.raises(UserError, match="architecture 'graded'"):
        REGISTRY.trainers[name].fit(_problem(_layout("skip", 3)))


def test_progress_ends_at_its_total_and_nothing_to_fit_gives_nothing():
    for name in ("multigrade", "successive_affine"):
        trainer, calls = REGISTRY.trainers[name], []
        problem = _problem(_layout("graded", 3))
        trainer.fit(problem, lambda done, total, calls=calls: calls.append((done, total)))
        assert calls == [(1, 1)]
        empty = FitProblem(X, problem.weights, problem.values, problem.activation, (), problem.domain)
        assert list(trainer.fit(empty)) == []


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("multigrade", {"inner": "polish"}, "inner is 'polish'"),
        ("multigrade", {"epoch": 3}, "did you mean 'epochs'"),
        ("multigrade", {"epochs": "3-none"}, "whole numbers"),
        ("successive_affine", {"work": -1.0}, "work is -1"),
        ("minibatch", {"batch": 0}, "batch is 0"),
    ],
)
def test_wrong_parameters_are_refused(name, parameters, message):
    with pytest.raises(UserError, match=message):
        REGISTRY.trainers.make(name, parameters)
