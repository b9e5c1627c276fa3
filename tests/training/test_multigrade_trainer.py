"""The trainer `multigrade` on layouts: masks, readouts, work, snapshots."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from ratelab import UserError
from ratelab.networks import FitProblem, LayerShape, Layout, Network, grades_of, power, sine
from ratelab.training import Adam, MiniBatchAdam, Multigrade, Polish, SuccessiveAffine, _multigrade
from ratelab.training._multigrade_layout import grade_layout
from ratelab.training._multigrade_stages import train_stages

NODES = np.linspace(0.0, 1.0, 130)[:, None]
WEIGHTS = np.linspace(0.5, 1.5, 130) / 130


def _stair(own: tuple[int, ...], grades: tuple[int, ...], k: int = 1, d: int = 1, kinds=()) -> Layout:
    """Return a graded layout by hand: widths of hidden layers, and how many hidden layers each grade has."""
    ends = set(np.cumsum(grades).tolist())
    layers, before, sums = [], d, 0
    for index, width in enumerate((*own, 0)):
        last = index == len(own)
        carriers = k if last or index >= grades[0] else 0
        free, fixed = (
            np.zeros((width + carriers, before + sums), bool),
            np.zeros((width + carriers, before + sums)),
        )
        free[:width, :before] = True
        free[width:, :before] = index in ends
        if sums:
            fixed[width:, before:] = np.eye(k)
        linear = np.arange(width + carriers) >= width
        others = tuple((kind, ~linear) for at, kind in kinds if at == index)
        layers.append(LayerShape(free, fixed, free.any(axis=1), linear, others))
        before, sums = width, carriers
    return Layout(tuple(layers))


LAYOUT = _stair((6, 5, 4, 3), (2, 1, 1), kinds=((0, sine), (1, sine)))


def _problem(fits, values=None, activation=None, **changes) -> FitProblem:
    y = np.sin(8 * NODES) + NODES if values is None else values
    problem = FitProblem(NODES, WEIGHTS, y, activation or power(1), fits, ((0.0, 1.0),))
    return replace(problem, **changes)


def _loss(network: Network, problem: FitProblem) -> float:
    return float(np.sum(problem.weights[:, None] * (network(problem.nodes) - problem.values) ** 2))


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize(
    "trainer",
    [Multigrade(), Multigrade(Adam(steps=60), residual="scaled", heads="solved"), SuccessiveAffine()],
    ids=lambda trainer: trainer.name,
)
def test_the_network_fits_the_layout_and_its_loss_is_reported(trainer, k):
    layout = _stair((6, 5, 4, 3), (2, 1, 1), k)
    values = np.concatenate([np.sin(8 * NODES), NODES**2], axis=1)[:, :k]
    problem = _problem(((layout, 0), (layout, 1)), values)
    for result in trainer.fit(problem):
        assert result.loss == pytest.approx(_loss(result.network, problem), rel=1e-9)
        losses = [_loss(result.network.readout(g), problem) for g in range(3)]
        assert all(b <= a * (1 + 1e-9) for a, b in pairwise([_loss_of_zero(problem), *losses]))
        assert losses[-1] == pytest.approx(result.loss, rel=1e-9)
        for layer, given in zip(result.network.layers, layout.layers, strict=True):
            np.testing.assert_array_equal(layer.weight[~given.free], given.fixed[~given.free])
            assert not layer.bias[~given.free_bias].any()


def _loss_of_zero(problem: FitProblem) -> float:
    return float(np.sum(problem.weights[:, None] * problem.values**2))


def test_a_grade_trains_a_shallow_network_on_what_the_one_before_hands_on():
    spans = grades_of(LAYOUT)
    shallow = [grade_layout(LAYOUT, span, power(1)) for span in spans]
    assert [layout.widths for layout, _ in shallow] == [(1, 6, 5, 1), (5, 4, 1), (4, 3, 1)]
    assert [activation.name for _, activation in shallow] == ["sine", "relu", "relu"]
    assert not any(layer.others for layout, _ in shallow for layer in layout.layers)
    half = np.zeros(6, bool)
    half[:2] = True
    first = replace(LAYOUT.layers[0], others=((sine, half),))
    mixed = Layout((first, *LAYOUT.layers[1:]))
    (layout, activation) = grade_layout(mixed, spans[0], power(1))
    assert activation.name == "relu"
    assert layout.layers[0].others[0][1].tolist() == half.tolist()


def test_neurons_keep_their_activations():
    (result,) = Multigrade(MiniBatchAdam(epochs=2)).fit(_problem(((LAYOUT, 0),)))
    names = [[a.name for a in layer.activations] for layer in result.network.layers[:-1]]
    assert names == [["sine"] * 6, ["sine"] * 5, ["relu"] * 4 + ["identity"], ["relu"] * 3 + ["identity"]]


def test_the_first_grade_is_the_inner_trainer_alone():
    """Readout 1 has the bits of a plain fit of the first grade with that seed."""
    inner = MiniBatchAdam(epochs=4, rate=3e-2)
    (graded,) = Multigrade(inner).fit(_problem(((LAYOUT, 7),)))
    (plain,) = inner.fit(_problem(((Layout.dense((1, 6, 5, 1)), 7),), activation=sine))
    for a, b in zip(graded.network.readout(0).layers, plain.network.layers, strict=True):
        assert a.weight.tobytes() == b.weight.tobytes()
        assert a.bias.tobytes() == b.bias.tobytes()


def test_each_grade_may_have_numbers_of_its_own():
    """Work tells how many epochs each grade took."""
    (result,) = Multigrade("minibatch", epochs="1-2-5", rate="1e-1-1e-2-0.01").fit(_problem(((LAYOUT, 0),)))
    blocks, heads = (6 + 30, 20, 12), (5, 4, 3)
    expected = sum(
        130 * ((1 + 3 * n) * (b + h) + b) for n, b, h in zip((1, 2, 5), blocks, heads, strict=True)
    )
    assert result.work == expected
    assert result.steps == 8 * 5
    (same,) = Multigrade(MiniBatchAdam(epochs=3, rate=1e-2)).fit(_problem(((LAYOUT, 0),)))
    (text,) = Multigrade(epochs=3).fit(_problem(((LAYOUT, 0),)))
    assert same.loss == text.loss


@pytest.mark.parametrize(
    "trainer",
    [Multigrade(), Multigrade("adam", steps=30), SuccessiveAffine()],
    ids=lambda trainer: trainer.name,
)
def test_snapshots_get_better_and_end_with_the_fit(trainer):
    problem = _problem(((LAYOUT, 0), (LAYOUT, 3)))
    whole = trainer.fit(problem)[0]
    marks = (1.0, *(whole.work * np.array([0.2, 0.5, 0.8, 0.95])), 10 * whole.work)
    for result in trainer.fit(replace(problem, milestones=marks)):
        assert result.work == whole.work
        assert result.snapshots[0] is None
        assert result.snapshots[-1] is result.network
        known = [n for n in result.snapshots if n is not None]
        assert len(known) >= 3
        losses = [_loss(n, problem) for n in [*known, result.network]]
        assert all(b <= a * (1 + 1e-9) for a, b in pairwise(losses))
        assert losses[0] > losses[-1]


def test_a_snapshot_inside_a_later_grade_has_the_earlier_ones_as_they_are():
    trainer = Multigrade(MiniBatchAdam(epochs=10, rate=3e-2))
    problem = _problem(((LAYOUT, 1),))
    first = 130 * (31 * 41 + 36)
    (result,) = trainer.fit(replace(problem, milestones=(first + 1.0, first + 130 * 24 * 14.0)))
    for snapshot in result.snapshots:
        for a, b in zip(snapshot.layers[:2], result.network.layers[:2], strict=True):
            assert a.weight.tobytes() == b.weight.tobytes()
    assert not result.snapshots[0].layers[2].weight[:4].any()


@pytest.mark.parametrize("trainer", [Multigrade, SuccessiveAffine], ids=lambda t: t.__name__)
@pytest.mark.parametrize("share", [0.6, 0.8])
def test_a_budget_of_work_is_kept(trainer, share):
    problem = _problem(((LAYOUT, 0), (LAYOUT, 1)))
    work = share * trainer().fit(problem)[0].work
    for result in trainer(work=work).fit(problem):
        assert 0 < result.work <= work
        assert result.status == "work limit"
        assert result.loss == pytest.approx(_loss(result.network, problem), rel=1e-9)


@pytest.mark.parametrize(
    "trainer", [Multigrade("lbfgs", steps=20), SuccessiveAffine()], ids=lambda trainer: trainer.name
)
def test_a_fit_does_not_depend_on_its_company(trainer):
    other = _stair((4, 4, 4), (1, 1, 1))
    fits = ((LAYOUT, 0), (other, 0), (LAYOUT, 1))
    together = trainer.fit(_problem(fits))
    for fit, result in zip(fits, together, strict=True):
        (alone,) = trainer.fit(_problem((fit,)))
        assert (alone.loss, alone.work, alone.steps) == (result.loss, result.work, result.steps)
        for a, b in zip(alone.network.layers, result.network.layers, strict=True):
            assert a.weight.tobytes() == b.weight.tobytes()


def test_a_fit_ends_when_little_is_left():
    (result,) = Multigrade(tolerance=1.0, epochs=2).fit(_problem(((LAYOUT, 0),)))
    assert result.status == "converged"
    assert not result.network.layers[-1].weight[:, :3].any()


def test_a_first_grade_that_overflows_is_called_diverged():
    import torch

    from ratelab.registry import Activation

    wild = Activation("wild", lambda x: torch.exp(torch.exp(torch.exp(40.0 * x * x))), regularity="analytic")
    problem = _problem(((_stair((4, 4), (1, 1)), 0),), activation=wild, milestones=(1.0, 1e9))
    for trainer in (Multigrade(), SuccessiveAffine()):
        (result,) = trainer.fit(problem)
        assert (result.network, result.status, result.snapshots) == (None, "diverged", (None, None))
    later = _stair((6, 5, 4), (2, 1), kinds=((0, sine), (1, sine)))
    (result,) = Multigrade().fit(replace(problem, fits=((later, 0),)))
    assert result.status == "step limit"
    assert result.loss == pytest.approx(_loss(result.network.readout(0), problem), rel=1e-9)


@pytest.mark.parametrize("trainer", [Multigrade(), SuccessiveAffine()], ids=lambda trainer: trainer.name)
def test_a_shape_without_grades_is_refused(trainer):
    for layout in (Layout.dense((1, 4, 4, 1)), Layout.dense((1, 1))):
        with pytest.raises(
            UserError, match=f"trainer '{trainer.name}': layout .* no two grades.*architecture 'graded'"
        ):
            trainer.fit(_problem(((layout, 0),)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Multigrade("adm"), "inner is 'adm'; .*adam"),
        (lambda: Multigrade(3), "inner is int"),
        (lambda: Multigrade(Polish()), "inner is 'polish'"),
        (lambda: Multigrade(Multigrade()), "inner is 'multigrade'"),
        (lambda: Multigrade(epochs="20-x"), "epochs is '20-x'; allowed: whole numbers"),
        (lambda: Multigrade(epochs="2.5-3"), "whole numbers"),
        (lambda: Multigrade(rate="0.1-"), "rate is '0.1-'; allowed: numbers"),
        (lambda: Multigrade(epochs="20-0"), "trainer 'minibatch': epochs is 0"),
        (
            lambda: Multigrade("adam", epochs=3),
            "inner trainer 'adam' has no parameter 'epochs'; allowed: rate, steps",
        ),
        (lambda: Multigrade(tolerance=-1.0), "tolerance is -1"),
        (lambda: Multigrade(heads="fixed"), "heads is 'fixed'; allowed: trained, solved"),
        (lambda: Multigrade(residual="big"), "residual is 'big'; allowed: plain, scaled"),
        (lambda: Multigrade(work=0.0), "work is 0"),
        (lambda: SuccessiveAffine(work=0.0), "work is 0"),
        (
            lambda: Multigrade(epochs="1-2").fit(_problem(((LAYOUT, 0),))),
            "epochs has 2 numbers.* has 3 grades",
        ),
    ],
)
def test_wrong_parameters_are_refused(make, message):
    with pytest.raises(UserError, match=message):
        make()


def test_a_grade_that_changes_after_its_training_stops_the_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    def tampered(*given: Any) -> Iterator[Any]:
        seen: list[Any] = []
        for outcome in train_stages(*given):
            if seen:
                head = seen[0].grade.head
                head.flags.writeable = True
                head += 1.0
            seen.append(outcome)
            yield outcome

    monkeypatch.setattr(_multigrade, "train_stages", tampered)
    with pytest.raises(AssertionError, match="a frozen grade has changed"):
        Multigrade(Adam(steps=5)).fit(_problem(((LAYOUT, 0),)))
