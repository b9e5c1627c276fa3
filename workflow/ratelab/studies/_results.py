"""What a trainer plugin returned, checked before it is used."""

from collections.abc import Sequence
from typing import Any, get_args

from ratelab._errors import UserError
from ratelab.networks import FitProblem, FitResult, Layout, Network, Status


def checked(results: Any, problem: FitProblem, trainer: str) -> list[FitResult]:
    """Return the results of a trainer, one for each fit of the problem.

    Parameters
    ----------
    results
        What `Trainer.fit` returned.
    problem
        What it was given.
    trainer
        Label, for messages.

    Raises
    ------
    UserError
        If there are too few or too many, or one of them is no `FitResult`, has a network that does not fit into its
        layout, an unknown status, or another number of snapshots than none or one for each milestone.
    """
    if not isinstance(results, Sequence) or len(results) != len(problem.fits):
        found = f"{len(results)} results" if isinstance(results, Sequence) else type(results).__name__
        raise UserError(
            f"trainer '{trainer}' returned {found}; allowed: one FitResult for each of {len(problem.fits)} fits"
        )
    for result, (layout, seed) in zip(results, problem.fits, strict=True):
        place = f"trainer '{trainer}', shape {layout.key}, seed {seed}"
        if not isinstance(result, FitResult):
            raise UserError(f"{place}: returned {type(result).__name__}; allowed: a FitResult")
        if result.status not in get_args(Status):
            raise UserError(f"{place}: status is {result.status!r}; allowed: {', '.join(get_args(Status))}")
        if len(result.snapshots) not in (0, len(problem.milestones)):
            raise UserError(
                f"{place}: returned {len(result.snapshots)} snapshots; allowed: one for each of the "
                f"{len(problem.milestones)} milestones, or none"
            )
        for network in (result.network, *result.snapshots):
            _fits(network, layout, place)
    return list(results)


def _fits(network: Any, layout: Layout, place: str) -> None:
    if network is None:
        return
    if not isinstance(network, Network):
        raise UserError(
            f"{place}: returned {type(network).__name__} as a network; allowed: a Network, or None"
        )
    allowed = layout.widths[1:-1]
    wider = len(network.widths) > len(allowed) or any(
        have > most for have, most in zip(network.widths, allowed, strict=False)
    )
    if wider or network.connections > layout.connections:
        raise UserError(
            f"{place}: returned a network of hidden widths {network.widths} with {network.connections} connections; "
            f"allowed: at most {allowed} and {layout.connections}"
        )
