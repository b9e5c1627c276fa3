"""The targets of an experiment, if it can serve them."""

from ratelab._errors import UserError
from ratelab.exact import check_support
from ratelab.registry import Registry, Target
from ratelab.studies.experiments._parameters import Parameters


def served_targets(experiment: str, parameters: Parameters, registry: Registry) -> list[Target]:
    """Return the targets in the parameters' order, all of them checked before anything is computed.

    Raises
    ------
    UserError
        If one has another number of variables or another domain than the experiment takes, or no support, or a
        wrong one, where it needs one.
    """
    labels = [label for kind, label in parameters.plugins() if kind == "targets"]
    targets = [registry.targets[label] for label in labels]
    for label, target in zip(labels, targets, strict=True):
        facts = {
            "dimension": target.dimension,
            "domain": target.domain,
            "supported": target.support is not None,
        }
        reason = parameters.refusal(label, facts)
        if reason is not None:
            raise UserError(f"experiment '{experiment}': {reason}")
        if parameters.supported:
            check_support(target)
    return targets
