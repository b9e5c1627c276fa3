"""How much work fits have spent, and what they had in hand when it passed each milestone."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks import FitProblem, Layout, Network

Array = NDArray[np.float64]
Indices = NDArray[np.intp]


class Ledger:
    """Work units spent by each fit of a stack, with snapshots at the milestones.

    One evaluation of a loss, of a gradient or of a Jacobian is nodes × connections units. What is entered for a fit
    depends on that fit alone.

    Parameters
    ----------
    units
        (S,) work units of one evaluation, see `work_units`.
    budget
        A fit is exhausted once it has spent that many units.
    milestones
        Increasing amounts of work.
    """

    def __init__(
        self, units: Sequence[float] | Array, budget: float = np.inf, milestones: Sequence[float] = ()
    ) -> None:
        self.units = np.asarray(units, dtype=np.float64)
        self.budget = float(budget)
        self.milestones = np.asarray(milestones, dtype=np.float64)
        self.work = np.zeros(len(self.units))
        self._kept: list[list[Array | None]] = [[] for _ in self.units]
        self._known = np.zeros(len(self.units), bool)

    @property
    def exhausted(self) -> NDArray[np.bool_]:
        """(S,) which fits have spent their budget."""
        return np.asarray(self.work >= self.budget)

    def affords(self, which: Indices, evaluations: float | Array) -> NDArray[np.bool_]:
        """Return which of the given fits end within their budget after that many more evaluations."""
        return np.asarray(self.work[which] + evaluations * self.units[which] <= self.budget)

    def spend(self, which: Indices, evaluations: float | Array, best: Callable[[int], Array]) -> None:
        """Enter evaluations of some fits, before their outcome is used.

        Milestones that the work passes get the best parameters known so far, hence nothing before the first
        evaluation.

        Parameters
        ----------
        which
            (c,) distinct fits.
        evaluations
            One number or (c,) numbers of losses, gradients and Jacobians.
        best
            Maps a fit to its best parameters so far; called when a milestone is passed, and copied.
        """
        self.work[which] += evaluations * self.units[which]
        if not len(self.milestones):
            return
        passed = np.searchsorted(self.milestones, self.work[which], side="left")
        for i, count in zip(which, passed, strict=True):
            kept = self._kept[i]
            if len(kept) < count:
                present = np.array(best(int(i))) if self._known[i] else None
                kept.extend([present] * (int(count) - len(kept)))
        self._known[which] = True

    def snapshots(
        self, fit: int, final: Network | None, build: Callable[[Array], Network]
    ) -> tuple[Network | None, ...]:
        """Return one network per milestone: None before the first evaluation, the final one after the fit's end.

        Parameters
        ----------
        final
            The fitted network.
        build
            Makes a network from parameters.
        """
        made: dict[int, Network] = {}
        result: list[Network | None] = []
        for parameters in self._kept[fit]:
            if parameters is not None and id(parameters) not in made:
                made[id(parameters)] = build(parameters)
            result.append(None if parameters is None else made[id(parameters)])
        return (*result, *[final] * (len(self.milestones) - len(result)))


def work_units(problem: FitProblem, layout: Layout) -> float:
    """Return the work units of one evaluation: nodes × connections."""
    return float(len(problem.nodes) * layout.connections)


def check_work(trainer: str, work: float) -> None:
    """Refuse a budget of work that is not positive.

    Raises
    ------
    UserError
        Naming the trainer and the budget.
    """
    if not work > 0:
        raise UserError(f"trainer '{trainer}': work is {work}; allowed: positive numbers of work units")
