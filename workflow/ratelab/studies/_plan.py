"""The plan: all jobs of a config by file name, with their inputs."""

from collections.abc import Mapping
from dataclasses import dataclass

from ratelab.registry import slug
from ratelab.studies._jobs import ConstructJob, Job, SplineJob, StudyJob, TrainJob


@dataclass(frozen=True)
class Step:
    """One job with the plugin files that it loads."""

    job: Job
    plugins: tuple[str, ...]

    @property
    def text(self) -> str:
        """The job as JSON, the same for the same job."""
        return self.job.model_dump_json()


@dataclass(frozen=True)
class Plan:
    """All jobs of a config by file name (without folder and ending).

    `studies` and `checks` hold the studies that have curves; `names` are all of them.
    """

    names: tuple[str, ...]

    targets: Mapping[str, Step]
    splines: Mapping[str, Step]
    constructs: Mapping[tuple[str, str], Step]
    trains: Mapping[tuple[str, str], Step]
    checks: Mapping[str, Step]
    studies: Mapping[str, Step]
    claims: Mapping[tuple[str, str], Step]
    experiments: Mapping[tuple[str, str], Step]
    warnings: tuple[str, ...]

    def bracket_text(self, study: str) -> str:
        """The job of a study's brackets as JSON, without norms, so that asking for others reruns `rate` alone."""
        return self.studies[study].job.model_copy(update={"alphas": (), "qs": ()}).model_dump_json()

    def files(self, study: str) -> list[str]:
        """Everything that a study ends with."""
        names = ["curves.nc", "networks.nc", "rates.nc"] if study in self.studies else []
        names += ["claims.nc"] if self.claim_files(study) else []
        return [f"results/{study}/{name}" for name in (*names, "figures")] + self.experiment_files(study)

    def curve_file(self, study: str, name: str) -> list[str]:
        """The dataset of that name of a study that has curves."""
        return [f"results/{study}/{name}.nc"] if study in self.studies else []

    def claim_files(self, study: str) -> list[str]:
        """Datasets of the study's claims, in the order of the config."""
        return [f"results/{s}/claims/{claim}.nc" for s, claim in self.claims if s == study]

    def claims_file(self, study: str) -> list[str]:
        """The study's claims in one dataset."""
        return [f"results/{study}/claims.nc"] if self.claim_files(study) else []

    def experiment_files(self, study: str) -> list[str]:
        """Datasets of the study's experiments."""
        return [f"results/{s}/experiments/{name}.nc" for s, name in self.experiments if s == study]

    def trained_files(self, study: str) -> list[str]:
        """Trained datasets of a study."""
        return [f"results/{s}/trained/{name}.nc" for s, name in self.trains if s == study]

    def constructed_files(self, study: str) -> list[str]:
        """Constructed datasets of a study."""
        return [f"results/{s}/constructed/{name}.nc" for s, name in self.constructs if s == study]

    def spline_files(self, study: str) -> list[str]:
        """Spline brackets of the study's targets."""
        job = self.studies[study].job
        assert isinstance(job, StudyJob)
        wanted = {slug(target) for target in job.targets}
        return [f"results/splines/{name}.nc" for name in self.splines if name.rpartition("--")[0] in wanted]

    def spline_target(self, name: str) -> str:
        """Target dataset of a spline job."""
        return _target_file(self.splines[name].job)

    def train_target(self, study: str, name: str) -> str:
        """Target dataset of a training job."""
        return _target_file(self.trains[study, name].job)

    def train_starts(self, study: str, name: str) -> list[str]:
        """Constructed networks that a training job polishes: none or one dataset."""
        job = self.trains[study, name].job
        assert isinstance(job, TrainJob)
        stem = f"{slug(job.target)}--{slug(job.network)}"
        return [f"results/{study}/constructed/{stem}.nc"] if job.polishes else []

    def construct_splines(self, study: str, name: str) -> list[str]:
        """Spline brackets that a construction job may use."""
        job = self.constructs[study, name].job
        assert isinstance(job, ConstructJob)
        target = slug(job.target)
        return [
            f"results/splines/{spline}.nc" for spline in self.splines if spline.rpartition("--")[0] == target
        ]


def _target_file(job: Job) -> str:
    assert isinstance(job, SplineJob | TrainJob)
    return f"results/targets/{slug(job.target)}.nc"
