"""What an architecture, a construction and a trainer must offer. Plugins need not inherit from these."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from ratelab.networks import FitProblem, FitResult, Layout, Network
    from ratelab.registry._activation import Activation
    from ratelab.registry._target import Target

Complexity = Literal["neurons", "connections"]
Progress = Callable[[int, int], None]
"""Called with (done, total) work units; a trainer calls it now and then."""


@runtime_checkable
class Architecture(Protocol):
    """A family of network shapes, the widest of which is chosen for a budget.

    One whose layouts give some neurons an activation of their own has an attribute ``others``, the names of these
    activations; bounds for the network's activation alone are then not applied. One that is told such a name as a
    parameter has a method ``use(registry)``, called once when the registry makes it, to look it up. One whose layouts
    have pooled layers has an attribute ``pools = True``; bounds for networks without poolings are then not applied.
    """

    name: str

    def layout(
        self, *, budget: int, complexity: Complexity, depth: int, dimension: int, outputs: int
    ) -> "Layout":
        """Return the widest shape of that depth whose complexity is at most the budget.

        Raises
        ------
        UserError
            If not even width 1 fits, naming the smallest budget that does.
        """
        ...


@runtime_checkable
class Construction(Protocol):
    """Networks written down from theory.

    One whose counts or error are proved beforehand has a method ``promise`` with the arguments of `build` that returns
    a `Promise`; every network built in a study is compared with it.
    """

    name: str

    def accepts(self, *, target: "Target", activation: "Activation", depth: int) -> str | None:
        """Return None if `build` applies, else the reason why not (shown to the user)."""
        ...

    def build(
        self, *, budget: int, complexity: Complexity, depth: int, target: "Target", activation: "Activation"
    ) -> "Network":
        """Return the best network of this construction whose complexity is at most the budget.

        Raises
        ------
        UserError
            If the budget is below the smallest network of the construction.
        """
        ...


@runtime_checkable
class Trainer(Protocol):
    """An optimiser that sees nodes, weights and values only, and fits many networks at once.

    One that polishes constructed networks has an attribute ``polishes = True`` and finds them in `problem.starts`. One
    that serves some shapes only has a method ``accepts(layout)`` that returns None, or the reason why not; one that
    serves some activations only has ``serves(activation)``.
    """

    name: str

    def fit(self, problem: "FitProblem", progress: Progress | None = None) -> "Sequence[FitResult]":
        """Fit every (layout, seed) of the problem; results in that order, independent of what else is fitted."""
        ...
