"""Which shapes the budgets of a job lead to: each distinct shape is fitted once."""

from ratelab.networks import Layout
from ratelab.registry import Registry, Target
from ratelab.studies._jobs import NetworkJob


def layouts(
    job: NetworkJob, registry: Registry, target: Target, outputs: int
) -> dict[tuple[str, int], Layout]:
    """Return the layout of each (complexity, budget); equal shapes are the same object."""
    architecture = registry.architectures[job.architecture]
    known: dict[str, Layout] = {}
    result: dict[tuple[str, int], Layout] = {}
    for complexity in job.complexity:
        for budget in job.budgets:
            layout = architecture.layout(
                budget=budget,
                complexity=complexity,
                depth=job.depth,
                dimension=target.dimension,
                outputs=outputs,
            )
            result[complexity, budget] = known.setdefault(layout.key, layout)
    return result
