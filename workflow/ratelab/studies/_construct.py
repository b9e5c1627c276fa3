"""The job `construct`: the best network that theory writes down, for each budget of one (target, network)."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from ratelab import best, datasets, exact
from ratelab._errors import UserError
from ratelab.networks import Network, resolve, to_dataset
from ratelab.registry import Progress, Registry
from ratelab.studies._jobs import ConstructJob

if TYPE_CHECKING:
    import xarray as xr


def run(
    job: ConstructJob, registry: Registry, splines: "Iterable[xr.Dataset]", progress: Progress
) -> "xr.Dataset":
    """Build every construction that applies and keep the best within each budget."""
    target = registry.targets[job.target]
    activation = resolve(job.activation, registry)
    chosen = {}
    for label in job.constructions:
        construction = registry.constructions[label]
        if construction.accepts(target=target, activation=activation, depth=job.depth) is None:
            chosen[label] = construction
    found: list[Network | None] = []
    errors, origins = [], []
    book = best.SplineBook()
    for dataset in splines:
        book.join(best.SplineBook.from_dataset(dataset))
    with best.use_splines(book):
        for complexity in job.complexity:
            for budget in job.budgets:
                network, error, used = None, np.nan, ""
                for label, construction in chosen.items():
                    try:
                        built = construction.build(
                            budget=budget,
                            complexity=complexity,
                            depth=job.depth,
                            target=target,
                            activation=activation,
                        )
                    except UserError:  # below the smallest network of this construction
                        continue
                    value = exact.error(built, target)
                    if network is None or value < error:
                        network, error, used = built, value, label
                found.append(network)
                errors.append(error)
                origins.append(used)
                progress(len(found), len(job.complexity) * len(job.budgets))
    shape = (len(job.complexity), len(job.budgets))
    dims = ("complexity", "budget")
    dataset = to_dataset(found).assign(
        error_constructed=(dims, np.array(errors).reshape(shape)),
        construction=(dims, np.array(origins, dtype=object).reshape(shape)),
        fit=(dims, np.arange(len(found), dtype=np.int32).reshape(shape)),
    )
    dataset["fit"].attrs["long_name"] = "index of the stored network"
    dataset["construction"].attrs["long_name"] = "construction of the network"
    dataset = dataset.assign_coords(
        complexity=np.array(job.complexity, dtype=object), budget=list(job.budgets)
    )
    members = [
        ("targets", job.target),
        ("architectures", job.architecture),
        ("activations", job.activation),
        *(("constructions", label) for label in chosen),
    ]
    title = f"Networks {job.network} constructed for {job.target}"
    origin = datasets.provenance(title, job.model_dump_json(), registry, members)
    return datasets.described(dataset, **origin, target=job.target, network_kind=job.network)
