"""The targets of an experiment, if it can serve them."""

from ratelab._errors import UserError
from ratelab.registry import Registry, Target
from ratelab.studies.experiments._parameters import Parameters


def served_targets(experiment: str, parameters: Parameters, registry: Registry) -> list[Target]:
    """Return the targets in the parameters' order, all of them checked before anything is computed.

    Raises
    ------
    UserError
        If one has another number of variables or another domain than the experiment takes.
    """
    labels = [label for kind, label in parameters.plugins() if kind == "targets"]
    targets = [registry.targets[label] for label in labels]
    for label, target in zip(labels, targets, strict=True):
        reason = parameters.refusal(label, {"dimension": target.dimension, "domain": target.domain})
        if reason is not None:
            raise UserError(f"experiment '{experiment}': {reason}")
    return targets
