"""The job `spline`: two-sided errors of the best free-knot splines of one degree, by number of pieces."""

from typing import TYPE_CHECKING

import numpy as np

from ratelab import best, datasets
from ratelab.registry import Progress, Registry
from ratelab.studies._jobs import SplineJob
from ratelab.studies._target import read_moments

if TYPE_CHECKING:
    import xarray as xr


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
    title = f"Free-knot splines of degree {job.degree} for {job.target}"
    origin = datasets.provenance(title, job.model_dump_json(), registry, [("targets", job.target)])
    return datasets.described(dataset, **origin, target=job.target, degree=job.degree)
