"""The job `construct`: the best network that theory writes down, for each budget of one (target, network)."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ratelab import best, datasets, exact
from ratelab._errors import UserError
from ratelab.networks import Network, resolve, to_dataset
from ratelab.registry import Progress, Promise, Registry
from ratelab.studies._jobs import ConstructJob

if TYPE_CHECKING:
    import xarray as xr

_ROUNDING = 1e-14
"""Of values of a network, for each unit of its largest weight."""

_QUADRATURE = {1: 1e-8, 2: 3e-4}
"""Relative accuracy of measured errors in one and two variables; where a target jumps along a curve it is lowest."""


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
    errors, promised, origins = [], [], []
    book = best.SplineBook()
    for dataset in splines:
        book.join(best.SplineBook.from_dataset(dataset))
    with best.use_splines(book):
        for complexity in job.complexity:
            for budget in job.budgets:
                network, error, bound, used = None, np.nan, np.nan, ""
                for label, construction in chosen.items():
                    asked: Any = {"budget": budget, "complexity": complexity, "depth": job.depth}
                    asked |= {"target": target, "activation": activation}
                    try:
                        built = construction.build(**asked)
                    except UserError:  # below the smallest network of this construction
                        continue
                    value = exact.error(built, target)
                    promise = construction.promise(**asked) if hasattr(construction, "promise") else Promise()
                    entry = registry.catalogue("constructions").entry(label.partition("(")[0])
                    what = f"construction '{label}' ({entry.source}), {job.network} for {job.target}, "
                    what += f"{budget} {complexity}"
                    check_promise(what, built, value, promise)
                    if network is None or value < error:
                        network, error, used = built, value, label
                        bound = promise.error if promise.error < np.inf else np.nan
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
        *(("constructions", label) for label in chosen),
    ]
    title = f"Networks {job.network} constructed for {job.target}"
    origin = datasets.provenance(title, job.model_dump_json(), registry, members)
    return datasets.described(dataset, **origin, target=job.target, network_kind=job.network)


def check_promise(what: str, network: Network, error: float, promise: Promise) -> None:
    """Compare a constructed network and its L2 error with what was proved of it.

    Raises
    ------
    UserError
        If a count or the error is larger than promised, or differs where equality was: a fault of the construction.
    """
    proof = f" ({promise.source})" if promise.source else ""
    limits = {"depth": promise.depth, "connections": promise.connections, "neurons": promise.neurons}
    for name, limit in limits.items():
        count = getattr(network, name)
        if limit is not None and (count != limit if promise.attained else count > limit):
            least = "" if promise.attained else "at most "
            raise UserError(f"{what}: {count} {name}, promised {least}{limit}{proof}")
    room, share = _ROUNDING * max(1.0, network.largest_weight), _QUADRATURE[network.inputs]
    if error > promise.error * (1 + share) + room:
        raise UserError(f"{what}: error {error!r}, promised at most {promise.error!r}{proof}")
    if promise.attained and error < promise.error * (1 - share) - room:
        raise UserError(f"{what}: error {error!r}, promised {promise.error!r}{proof}")
