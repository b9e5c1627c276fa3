"""What each rule is told: small frozen models, passed as JSON on the command line."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ratelab import __version__

Complexity = Literal["neurons", "connections"]


class Job(BaseModel):
    """Common to all jobs: unknown keys are errors, and the same job has the same text."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")
    version: str = __version__


class TargetJob(Job):
    """Nodes, values and certified moments of one target."""

    target: str
    nodes: int
    cells: int


class SplineJob(Job):
    """Brackets of free-knot splines of one degree, for all numbers of pieces that any study needs.

    And lower ends of shallow ReLU networks, for all numbers of neurons that any study needs.
    """

    target: str
    degree: int
    pieces: tuple[int, ...]
    neurons: tuple[int, ...] = ()


class NetworkJob(Job):
    """What constructing and training have in common."""

    target: str
    architecture: str
    activation: str
    depth: int
    complexity: tuple[Complexity, ...]
    budgets: tuple[int, ...]

    @property
    def network(self) -> str:
        """Label of the network kind, e.g. ``mlp/relu/depth=2``."""
        return f"{self.architecture}/{self.activation}/depth={self.depth}"


class ConstructJob(NetworkJob):
    """All constructions that apply to one (target, network)."""

    constructions: tuple[str, ...]


class TrainJob(NetworkJob):
    """All budgets and seeds of one (target, network, trainer)."""

    trainer: str
    seeds: int
    milestones: tuple[float, ...] = ()
    polishes: bool = False


class CheckJob(Job):
    """What can be found wrong before anything is computed.

    `networks` are architecture, activation, depth, targets and trainers of each kind.
    """

    targets: tuple[str, ...]
    networks: tuple[tuple[str, str, int, tuple[str, ...], tuple[str, ...]], ...]
    trainers: tuple[str, ...]
    complexity: tuple[Complexity, ...]
    budgets: tuple[int, ...]


class StudyJob(Job):
    """Gather a study: coordinates in the order of the config."""

    study: str
    targets: tuple[str, ...]
    networks: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    complexity: tuple[Complexity, ...]
    budgets: tuple[int, ...]
    trainers: tuple[str, ...]
    seeds: int
    milestones: tuple[float, ...] = ()
    alphas: tuple[float, ...] = ()
    qs: tuple[float, ...] = ()


class ClaimJob(Job):
    """All cases of one claim."""

    claim: str
    cases: int = Field(ge=1)


class ExperimentJob(Job):
    """One experiment with all its parameters."""

    experiment: str
    parameters: dict[str, Any] = {}
