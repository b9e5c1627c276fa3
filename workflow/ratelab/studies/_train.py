"""The job `train`: all budgets and seeds of one (target, network, trainer), then the exact errors."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ratelab import datasets, exact
from ratelab._errors import PrecisionError
from ratelab.networks import FitProblem, Layout, Network, from_dataset, resolve, to_dataset
from ratelab.registry import Progress, Registry, Target
from ratelab.studies import _pieces
from ratelab.studies._jobs import TrainJob
from ratelab.studies._network_kind import NetworkKind
from ratelab.studies._results import checked
from ratelab.studies._shapes import layouts
from ratelab.studies._target import read_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr


def run(
    job: TrainJob,
    registry: Registry,
    target_data: "xr.Dataset",
    constructed: "Sequence[xr.Dataset]",
    progress: Progress,
) -> "xr.Dataset":
    """Fit, then measure every network by an integral split at its breakpoints and the target's singular points.

    `constructed` holds the networks that a trainer polishes, none for other trainers.
    """
    import xarray as xr

    target = registry.targets[job.target]
    nodes, weights, values = read_data(target_data)
    shapes = layouts(job, registry, target, values.shape[1])
    unique = list(dict.fromkeys(shapes.values()))
    fits = tuple((layout, seed) for layout in unique for seed in range(job.seeds))
    activation = resolve(job.activation, registry)
    starts = _starts(job, registry, shapes, fits, constructed) if job.polishes else ()
    problem = FitProblem(
        nodes, weights, values, activation, fits, target.domain, job.milestones, tuple(starts)
    )
    results = checked(registry.trainers[job.trainer].fit(problem, progress), problem, job.trainer)
    errors = _errors([result.network for result in results], target)
    results = [
        # what ran so far away that floats cannot evaluate it
        replace(r, network=None, status="diverged", loss=np.nan) if r.network and np.isnan(e) else r
        for r, e in zip(results, errors, strict=True)
    ]
    networks = [result.network for result in results]
    at_milestones = np.array([_errors(r.snapshots or (None,) * len(job.milestones), target) for r in results])
    position = {layout: index * job.seeds for index, layout in enumerate(unique)}
    fit = np.array(
        [
            [[position[shapes[c, n]] + seed for seed in range(job.seeds)] for n in job.budgets]
            for c in job.complexity
        ],
        dtype=np.int32,
    )
    states = np.array([datasets.FIT_STATUS[result.status.replace(" ", "_")] for result in results], np.int8)
    dims = ("complexity", "budget", "seed")
    kind = NetworkKind.parse(job.network)
    counted = not kind.pools(registry) and _pieces.countable(kind.activations(registry), target)
    pieces = np.array([_pieces.measured(n, target) if counted else np.nan for n in networks])
    most = [
        [_pieces.most(shapes[c, n], activation) if counted else np.nan for n in job.budgets]
        for c in job.complexity
    ]
    dataset = to_dataset(networks).assign(
        error_trained=(dims, errors[fit]),
        status=(dims, states[fit]),
        steps=(dims, np.array([result.steps for result in results], np.int32)[fit]),
        loss=(dims, np.array([result.loss for result in results])[fit]),
        work=(dims, np.array([result.work for result in results])[fit]),
        error_at_milestone=((*dims, "milestone"), at_milestones.reshape(len(results), -1)[fit]),
        pieces_trained=(dims, pieces[fit]),
        pieces_most=(dims[:2], np.array(most)),
        fit=(dims, fit),
    )
    dataset["loss"].attrs["long_name"] = "weighted sum of squared residuals at the quadrature nodes"
    dataset["fit"].attrs["long_name"] = "index of the stored network"
    dataset = dataset.assign_coords(
        complexity=np.array(job.complexity, dtype=object),
        budget=list(job.budgets),
        seed=np.arange(job.seeds),
        milestone=np.array(job.milestones, dtype=np.float64),
    )
    members = [
        ("targets", job.target),
        ("architectures", job.architecture),
        ("activations", job.activation),
        ("trainers", job.trainer),
        *(("activations", name) for name in sorted(kind.others(registry)) if name in registry.activations),
    ]
    title = f"Networks {job.network} trained on {job.target} by {job.trainer}"
    origin = datasets.provenance(title, job.model_dump_json(), registry, members)
    names = {"target": job.target, "network_kind": job.network, "trainer": job.trainer}
    assert isinstance(dataset, xr.Dataset)
    return datasets.described(dataset, **origin, **names)


def _errors(networks: "Sequence[Network | None]", target: Target) -> np.ndarray:
    """L2 errors, NaN without a network or where floats cannot evaluate it; each network is measured once."""
    known: dict[int, float] = {}
    for network in networks:
        if network is not None and id(network) not in known:
            try:
                known[id(network)] = exact.error(network, target)
            except PrecisionError:
                known[id(network)] = np.nan
    return np.array([np.nan if n is None else known[id(n)] for n in networks], dtype=np.float64)


def _starts(
    job: TrainJob,
    registry: Registry,
    shapes: dict[tuple[str, int], Layout],
    fits: tuple[tuple[Layout, int], ...],
    constructed: "Sequence[xr.Dataset]",
) -> list[Network | None]:
    """Return for each fit the constructed network of least error among the budgets that lead to its shape."""
    best: dict[str, tuple[float, Network]] = {}
    for dataset in constructed:
        stored = from_dataset(dataset, registry)
        for (complexity, budget), layout in shapes.items():
            chosen = dataset.sel(complexity=complexity, budget=budget)
            error, network = float(chosen["error_constructed"]), stored[int(chosen["fit"])]
            if network is not None and (layout.key not in best or error < best[layout.key][0]):
                best[layout.key] = error, network
    return [best[layout.key][1] if layout.key in best else None for layout, _ in fits]
