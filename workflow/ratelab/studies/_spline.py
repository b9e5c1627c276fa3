"""The job `spline`: two-sided errors of the best free-knot splines of one degree, by number of pieces."""

from typing import TYPE_CHECKING

import numpy as np

from ratelab import best, datasets, exact
from ratelab.registry import Progress, Registry, Target
from ratelab.studies._jobs import SplineJob
from ratelab.studies._target import read_moments

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr

_NETWORK_CELLS = 500
"""Twice as many would bring the ends of smooth convex targets a percent closer, in five times the time."""


def run(job: SplineJob, registry: Registry, target_data: "xr.Dataset", progress: Progress) -> "xr.Dataset":
    """Return brackets and splines for all numbers of pieces of the job."""
    target = registry.targets[job.target]
    book = best.SplineBook()
    moments = read_moments(target_data)
    brackets = best.brackets(target, job.pieces, job.degree, progress, book, moments)
    dataset = book.to_dataset()
    ordered = [brackets[n] for n in sorted(job.pieces)]
    dataset["spline_lower"] = ("pieces", np.array([b.lower for b in ordered]))
    dataset["spline_upper"] = ("pieces", np.array([b.upper for b in ordered]))
    dataset["certainty"] = ("pieces", np.array([datasets.CERTAINTY[b.certainty] for b in ordered], np.int8))
    dataset["upper_certainty"] = (
        "pieces",
        np.array([datasets.CERTAINTY[b.upper_certainty] for b in ordered], np.int8),
    )
    dataset["lower_status"] = (
        "pieces",
        np.array([datasets.LOWER_STATUS[b.status] for b in ordered], np.int8),
    )
    if job.neurons:
        _add_network_ends(dataset, brackets, moments, target, job.neurons)
    title = f"Free-knot splines of degree {job.degree} for {job.target}"
    origin = datasets.provenance(title, job.model_dump_json(), registry, [("targets", job.target)])
    return datasets.described(dataset, **origin, target=job.target, degree=job.degree)


def _add_network_ends(
    dataset: "xr.Dataset",
    brackets: "Mapping[int, best.Bracket]",
    moments: "exact.CellMoments | None",
    target: Target,
    neurons: tuple[int, ...],
) -> None:
    """Store lower ends of shallow ReLU networks where both numbers of pieces around them are known."""
    if moments is None:
        moments = exact.cell_moments(target, exact.cell_edges(target, 1 << 14), 1)
    positive = {n: b for n, b in brackets.items() if b.status == "bound"}
    bounds = best.subset_sum_bounds(
        moments,
        {n: b.lower for n, b in positive.items()},
        {n: b.knots for n, b in positive.items()},
        neurons,
        cells=_NETWORK_CELLS,
    )
    # an end rests on the two spline ends and the moments: it is as certain as the least certain of them
    sure = {n: min(datasets.CERTAINTY[positive[m].certainty] for m in (n, n + 1)) for n in bounds}
    dataset["network_lower"] = ("neurons", np.array([bounds[n] for n in sorted(bounds)], dtype=np.float64))
    dataset["network_certainty"] = ("neurons", np.array([sure[n] for n in sorted(bounds)], dtype=np.int8))
    dataset.coords["neurons"] = ("neurons", np.array(sorted(bounds), dtype=np.int32))
