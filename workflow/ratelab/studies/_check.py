"""The check before the first job: everything that can be found wrong without a long computation."""

from ratelab import exact
from ratelab._errors import UserError
from ratelab.networks import check_activation, resolve
from ratelab.registry import Registry
from ratelab.studies._jobs import CheckJob


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
    for label in dict.fromkeys(activation for _, activation, _, _ in job.networks):
        try:
            check_activation(resolve(label, registry))
        except UserError as error:
            wrong.append(str(error))
    for label in job.trainers:
        _ = registry.trainers[label]
    for architecture, activation, depth, targets in job.networks:
        wrong += _layouts(
            job,
            registry,
            architecture,
            f"{architecture}/{activation}/depth={depth}",
            depth,
            {dimensions[label] for label in targets if label in dimensions},
        )
    if wrong:
        raise UserError("\n".join(dict.fromkeys(wrong)))
    return "".join(
        f"{line}\n" for line in (*job.targets, *(f"{a}/{b}/depth={c}" for a, b, c, _ in job.networks))
    )


def _layouts(
    job: CheckJob,
    registry: Registry,
    architecture: str,
    network: str,
    depth: int,
    shapes: set[int],
) -> list[str]:
    wrong = []
    plugin = registry.architectures[architecture]
    for complexity in job.complexity:
        for budget in job.budgets:
            for dimension in sorted(shapes):
                try:
                    plugin.layout(
                        budget=budget,
                        complexity=complexity,
                        depth=depth,
                        dimension=dimension,
                        outputs=1,
                    )
                except UserError as error:
                    wrong.append(f"network '{network}', d = {dimension}: {error}")
    return wrong
