"""The job `construct`: the best network that theory writes down, for each budget of one (target, network)."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ratelab import best, datasets
from ratelab.networks import Network, resolve, to_dataset
from ratelab.registry import Progress, Registry
from ratelab.studies._jobs import ConstructJob
from ratelab.studies._promises import built

if TYPE_CHECKING:
    import xarray as xr


def run(
    job: ConstructJob, registry: Registry, splines: "Iterable[xr.Dataset]", progress: Progress
) -> "xr.Dataset":
    """Build every construction that applies and keep the best within each budget."""
    target = registry.targets[job.target]
    activation = resolve(job.activation, registry)
    places = {
        label: f"construction '{label}' ({registry.catalogue('constructions').entry(label.partition('(')[0]).source}), "
        f"{job.network} for {job.target}"
        for label in job.constructions
    }
    found: list[Network | None] = []
    errors, promised, origins = [], [], []
    book = best.SplineBook()
    for dataset in splines:
        book.join(best.SplineBook.from_dataset(dataset))
    with best.use_splines(book):
        for complexity in job.complexity:
            for budget in job.budgets:
                network, error, bound, used = None, np.nan, np.nan, ""
                for label, place in places.items():
                    asked: Any = {"budget": budget, "complexity": complexity, "depth": job.depth}
                    asked |= {"target": target, "activation": activation}
                    one = built(
                        registry.constructions[label], f"{place}, {budget} {complexity}", target, asked
                    )
                    if one is not None and (network is None or one[1] < error):
                        network, error, used = one[0], one[1], label
                        bound = one[2].error if one[2].error < np.inf else np.nan
                found.append(network)
                errors.append(error)
                promised.append(bound)
                origins.append(used)
                progress(len(found), len(job.complexity) * len(job.budgets))
    shape = (len(job.complexity), len(job.budgets))
    dims = ("complexity", "budget")
    dataset = to_dataset(found).assign(
        error_constructed=(dims, np.array(errors).reshape(shape)),
        error_promised=(dims, np.array(promised).reshape(shape)),
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
        *(("constructions", label) for label in job.constructions),
    ]
    title = f"Networks {job.network} constructed for {job.target}"
    origin = datasets.provenance(title, job.model_dump_json(), registry, members)
    return datasets.described(dataset, **origin, target=job.target, network_kind=job.network)
