"""The job `experiment`: one dataset of one experiment."""

from typing import TYPE_CHECKING

from ratelab import datasets
from ratelab.registry import Progress, Registry
from ratelab.studies._jobs import ExperimentJob
from ratelab.studies.experiments._catalogue import EXPERIMENTS, parameters_of

if TYPE_CHECKING:
    import xarray as xr


def run(job: ExperimentJob, registry: Registry, progress: Progress) -> "xr.Dataset":
    """Do the experiment."""
    parameters = parameters_of(job.experiment, job.parameters)
    dataset: xr.Dataset = EXPERIMENTS[job.experiment].run(parameters, registry, progress)
    summary = (EXPERIMENTS[job.experiment].parameters.__doc__ or "").split("\n")[0].rstrip(".")
    origin = datasets.provenance(
        summary, job.model_dump_json(), registry, parameters.plugins(), EXPERIMENTS[job.experiment].paper
    )
    return datasets.described(dataset, experiment=job.experiment, **origin)
