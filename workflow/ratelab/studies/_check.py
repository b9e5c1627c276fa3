"""The check before the first job: everything that can be found wrong without a long computation."""

from collections.abc import Sequence
from itertools import product
from typing import Any

from ratelab import exact
from ratelab._errors import UserError
from ratelab.networks import Layout, check_activation, resolve
from ratelab.registry import Activation, Registry
from ratelab.studies._jobs import CheckJob
from ratelab.studies._network_kind import NetworkKind, other_activations


def run(job: CheckJob, registry: Registry) -> str:
    """Evaluate every target and activation once and lay out every budget.

    Returns
    -------
    str
        What was checked, one line each.

    Raises
    ------
    UserError
        With one line for each thing that is wrong.
    """
    wrong: list[str] = []
    dimensions: dict[str, int] = {}
    for label in job.targets:
        try:
            target = registry.targets[label]
            exact.check_target(target)
            dimensions[label] = target.dimension
        except UserError as error:
            wrong.append(str(error))
    kinds = [NetworkKind(*network[:3]) for network in job.networks]
    for label in dict.fromkeys(
        name for kind in kinds for name in (kind.activation, *sorted(kind.others(registry)))
    ):
        try:
            check_activation(resolve(label, registry))
        except UserError as error:
            wrong.append(str(error))
    for label in job.trainers:
        _ = registry.trainers[label]
    for kind, (*_, targets, trainers) in zip(kinds, job.networks, strict=True):
        shapes = {dimensions[label] for label in targets if label in dimensions}
        wrong += _layouts(job, registry, kind, shapes, trainers)
    if wrong:
        raise UserError("\n".join(dict.fromkeys(wrong)))
    return "".join(f"{line}\n" for line in (*job.targets, *(kind.label for kind in kinds)))


def _layouts(
    job: CheckJob, registry: Registry, kind: NetworkKind, dimensions: set[int], trainers: Sequence[str]
) -> list[str]:
    """Lay out every budget, and ask the trainers that choose their shapes whether they take it."""
    wrong = []
    network = f"network '{kind.label}'"
    plugin = registry.architectures[kind.architecture]
    declared = other_activations(registry, kind.architecture)
    asking = {label: registry.trainers[label] for label in trainers}
    for label in list(asking):
        try:
            reason = _refusal(asking[label], label, "serves", resolve(kind.activation, registry))
        except UserError:  # the activation itself is wrong, which is said elsewhere
            break
        if reason is not None:
            wrong.append(f"{network}: {reason}")
            del asking[label]
    for complexity, budget, dimension in product(job.complexity, job.budgets, sorted(dimensions)):
        try:
            layout = plugin.layout(
                budget=budget, complexity=complexity, depth=kind.depth, dimension=dimension, outputs=1
            )
        except UserError as error:
            wrong.append(f"{network}, d = {dimension}: {error}")
            continue
        wrong += [
            f"architecture '{kind.architecture}' uses the activation '{name}' and does not declare it; its attribute "
            f"'others' is {sorted(declared)}"
            for name in sorted(layout.others - declared)
        ]
        if layout.poolings and not kind.pools(registry):
            wrong.append(
                f"architecture '{kind.architecture}' pools values and does not declare it; allowed: an attribute "
                "'pools' that is True"
            )
        for label in list(asking):
            reason = _refusal(asking[label], label, "accepts", layout)
            if reason is not None:
                wrong.append(f"{network}: {reason}")
                del asking[label]  # once is enough
    return wrong


def _refusal(trainer: Any, label: str, method: str, given: Layout | Activation) -> str | None:
    """Return why a trainer does not take a layout or an activation, if it has an opinion and that is not None."""
    if not hasattr(trainer, method):
        return None
    try:
        reason = getattr(trainer, method)(given)
    except Exception as error:  # a plugin may fail in any way
        return f"trainer '{label}': its method '{method}' fails: {type(error).__name__}: {error}"
    if reason is None:
        return None
    if not isinstance(reason, str):
        return f"trainer '{label}': its method '{method}' returned {reason!r}; allowed: None, or the reason why not"
    return f"trainer '{label}': {reason}"
