"""What a grade of plain data is, and what a fit of grades gives back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import nan

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks import Layout, Network, resolve
from ratelab.registry import Activation, Trainer
from ratelab.training._minibatch import MiniBatchAdam
from ratelab.training._multigrade_checks import check_trainer, checked_widths
from ratelab.training._multigrade_stages import Stage

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Grade:
    """One grade: a shallow network, and how it is trained.

    Parameters
    ----------
    widths
        Of its hidden layers; inputs and outputs follow from the data.
    activation
        By name or as object.
    epochs, rate, last_rate
        See `MiniBatchAdam`.
    trainer
        What trains the grade instead of `MiniBatchAdam`; the three numbers before are then not used.

    Raises
    ------
    UserError
        If there is no hidden layer, or one without neurons, or what trains it is no trainer or has wrong numbers.
    """

    widths: tuple[int, ...]
    activation: str | Activation = "relu"
    epochs: int = 20
    rate: float = 1e-2
    last_rate: float = 1e-4
    trainer: Trainer | None = None

    def __post_init__(self) -> None:
        """Check all of it."""
        object.__setattr__(self, "widths", checked_widths(self.widths))
        if not isinstance(self.activation, str | Activation):
            raise UserError(f"grade: activation is {self.activation!r}; allowed: a name or an Activation")
        if self.trainer is None:
            self.fitted_by(batch=1)
        else:
            check_trainer("grade", self.trainer)

    def fitted_by(self, batch: int) -> Trainer:
        """Return what trains the grade: Adam on batches that keeps the last iterate, or its own trainer."""
        if self.trainer is not None:
            return self.trainer
        return MiniBatchAdam(self.epochs, self.rate, self.last_rate, batch, keep="last")


@dataclass(frozen=True, eq=False)
class GradedFit:
    """A fit of grade after grade (one row for a single-grade fit); errors are Σ|y − ŷ|² / Σ|y|².

    Parameters
    ----------
    network
        With a readout for the sum of heads up to each grade; None if the first grade diverged, which includes a
        single-grade network that floats cannot evaluate at the data.
    errors_per_grade
        (G, 2) after each grade, on training and test data (NaN where there are none, or floats cannot evaluate).
    work_per_grade
        (G,) work units of each grade, and one more for a last grade that diverged or was dropped.
    frozen_hashes
        SHA-256 of each grade's weights, taken when its training ended.
    accepted
        Whether each grade lowered the training error; a head that does not is zero.
    errors_at_milestones
        (M, 2) of the network in hand when the work passed each milestone, 1 before the first evaluation; a grade that
        was dropped never counts.
    parameters
        Trained weights and biases.
    """

    network: Network | None
    errors_per_grade: Array
    work_per_grade: Array
    frozen_hashes: tuple[str, ...]
    accepted: tuple[bool, ...]
    errors_at_milestones: Array
    parameters: int

    @property
    def train_error(self) -> float:
        """Training error of the network (NaN if there is none)."""
        return float(self.errors_per_grade[-1, 0]) if len(self.errors_per_grade) else nan

    @property
    def test_error(self) -> float:
        """Test error of the network (NaN if there are no test data)."""
        return float(self.errors_per_grade[-1, 1]) if len(self.errors_per_grade) else nan

    @property
    def work(self) -> float:
        """Work units in all."""
        return float(self.work_per_grade.sum())


def published_grades() -> tuple[Grade, ...]:
    """Return the grades of the published regression demonstration: two of sines, three and three of ReLU (Xu 2023)."""
    return (
        Grade((256, 256), "sine", 20, 1e-1, 1e-4),
        Grade((128, 128, 64), "relu", 20, 1e-2, 1e-4),
        Grade((64, 32, 32), "relu", 40, 1e-2, 1e-4),
    )


def stages_of(grades: Sequence[Grade], train: tuple[Array, Array], batch: int) -> list[Stage]:
    """Return what each grade trains: a shallow network on the last hidden layer of the one before."""
    stages, reads = [], train[0].shape[1]
    for grade in grades:
        layout = Layout.dense((reads, *grade.widths, train[1].shape[1]))
        stages.append(Stage(layout, resolve(grade.activation), grade.fitted_by(batch)))
        reads = grade.widths[-1]
    return stages


def joined(
    grades: Sequence[Grade], activation: str | Activation | None, train: tuple[Array, Array]
) -> tuple[Layout, Activation]:
    """Return the layout with the hidden layers of all grades, and the activation of most of it."""
    own = [resolve(grade.activation if activation is None else activation) for grade in grades]
    widths = [width for grade in grades for width in grade.widths]
    kinds = [kind for kind, grade in zip(own, grades, strict=True) for _ in grade.widths]
    dense = Layout.dense((train[0].shape[1], *widths, train[1].shape[1]))
    base = kinds[-1]
    layers = [
        layer
        if kind.name == base.name
        else replace(layer, others=((kind, np.ones(len(layer.linear), bool)),))
        for layer, kind in zip(dense.layers, [*kinds, base], strict=True)
    ]
    return Layout(tuple(layers)), base
