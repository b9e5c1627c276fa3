"""What all ways to run Adam have in common."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ratelab.networks import FitProblem
from ratelab.training._stack import Data, Shape

Array = NDArray[np.float64]

RUNNING, CONVERGED, DIVERGED = range(3)


@dataclass(frozen=True)
class Recipe:
    """The rule of Adam.

    Parameters
    ----------
    steps
        Steps at most; the network after the last step is evaluated as well.
    rate
        First learning rate.
    cosine
        Whether it falls to 0 along half a cosine over the steps.
    tolerance
        See `Adam`.
    first, second
        How much of the moments is kept at each step.
    epsilon
        Added to the root of the second moment.
    """

    steps: int
    rate: float
    cosine: bool = True
    tolerance: float = 0.0
    first: float = 0.9
    second: float = 0.999
    epsilon: float = 1e-12


@dataclass(eq=False)
class Group:
    """Networks of one shape, on their way.

    Parameters
    ----------
    shape
        Of all of them.
    recipe
        The same for all.
    parameters
        (S, P), moved in place.
    """

    shape: Shape
    recipe: Recipe
    parameters: Array

    def __post_init__(self) -> None:
        """Start the record of the best iterates."""
        count = len(self.parameters)
        self.best, self.best_loss = self.parameters.copy(), np.full(count, np.inf)
        self.evaluations, self.outcome = np.zeros(count, np.int64), np.zeros(count, np.int8)

    @property
    def over(self) -> bool:
        """Whether all networks have come to an end before their last step."""
        return bool((self.outcome != RUNNING).all())


class Descent(Protocol):
    """A way to run Adam on several groups."""

    def advance(self, first: int, last: int) -> None:
        """Make the evaluations from number `first` to just before number `last`, each followed by a step.

        A network has one evaluation more than steps.
        """
        ...


def zero_loss(data: Data) -> float:
    """Return the loss that counts as zero."""
    return 1e-30 * data.energy


def total_weight(problem: FitProblem) -> float:
    """Return the sum of the weights."""
    return float(np.sum(problem.weights))
