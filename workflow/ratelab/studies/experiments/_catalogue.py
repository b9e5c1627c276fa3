"""All experiments by name: what they measure, their parameters with defaults, and the plugins they use."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Any

import pydantic
from pydantic import Field

from ratelab._errors import UserError, suggestion
from ratelab.datasets import LAYERS_PAPER, RELU_PAPER, SPACES_PAPER, SUPPORT_PAPER
from ratelab.studies.experiments._layer_parameters import LAYER_EXPERIMENTS
from ratelab.studies.experiments._parameters import Count, Parameters, Variables
from ratelab.studies.experiments._space_parameters import SPACE_EXPERIMENTS
from ratelab.studies.experiments._support_parameters import SUPPORT_EXPERIMENTS


class HardFunctions(Parameters):
    """Composed tents, three zonotope functions, a function before and after ReLU: the figures of arXiv:1611.01491."""


class DepthGap(Parameters):
    """How many neurons networks with fewer hidden layers need for a composition of tents."""

    width: Annotated[int, Field(ge=2, le=16, strict=True)] = Field(
        3, description="Neurons w of each layer; tents have w pieces, zigzags w + 1."
    )
    layers: Annotated[int, Field(ge=1, le=16, strict=True)] = Field(
        6,
        description="Hidden layers k of the deep network; tents have w^k pieces, at most 65536; zigzags need "
        "w >= 3 and (w + 1)^k <= 65536, else they are left out.",
    )

    @pydantic.model_validator(mode="after")
    def _size(self) -> "DepthGap":
        if self.width**self.layers > 65536:
            raise ValueError(
                f"width {self.width} and {self.layers} layers mean {self.width**self.layers} pieces; allowed: 65536"
            )
        return self


class GlobalTraining(Parameters):
    """The global optimum of a one-hidden-layer network against gradient training over many seeds."""

    data: Annotated[list[tuple[Variables, Count, Count]], Field(min_length=1)] = Field(
        [(1, 20, 2), (1, 8, 3), (1, 100, 2), (2, 12, 1), (2, 14, 2), (2, 20, 2)],
        description="Data sets: (variables, points, width); at most three variables.",
    )
    trainers: Annotated[list[str], Field(min_length=1)] = Field(
        ["adam(steps=4000)", "varpro"], description="Optimisers, by label."
    )
    seeds: Count = Field(100, description="Initialisations of every trainer.")
    limit: Count = Field(
        1_000_000,
        description="Most programmes of the search for the optimum; past it the bracket stays open.",
    )

    def plugins(self) -> tuple[tuple[str, str], ...]:
        """(kind, label) of the trainers."""
        return tuple(("trainers", label) for label in self.trainers)


@dataclass(frozen=True)
class Experiment:
    """One experiment.

    Parameters
    ----------
    name
        As a config writes it.
    parameters
        Model of its parameters, with defaults.
    module
        Module of this package whose `run(parameters, registry, progress)` returns its dataset.
    paper
        What it is about.
    """

    name: str
    parameters: type[Parameters]
    module: str
    paper: str = RELU_PAPER

    @property
    def run(self) -> Callable[..., Any]:
        """The function that does it."""
        function: Callable[..., Any] = import_module(f"ratelab.studies.experiments.{self.module}").run
        return function


EXPERIMENTS: Mapping[str, Experiment] = {
    e.name: e
    for e in (
        Experiment("hard-functions", HardFunctions, "_hard_functions"),
        Experiment("depth-gap", DepthGap, "_depth_gap"),
        Experiment("global-training", GlobalTraining, "_global_training"),
        *(Experiment(*entry, SPACES_PAPER) for entry in SPACE_EXPERIMENTS),
        *(Experiment(*entry, LAYERS_PAPER) for entry in LAYER_EXPERIMENTS),
        *(Experiment(*entry, SUPPORT_PAPER) for entry in SUPPORT_EXPERIMENTS),
    )
}


def parameters_of(name: str, given: Mapping[str, Any]) -> Parameters:
    """Return the validated parameters of an experiment.

    Raises
    ------
    UserError
        For an unknown experiment or parameter, or a value that is not allowed.
    """
    if name not in EXPERIMENTS:
        raise UserError(f"no experiment is called '{name}'; {suggestion(name, EXPERIMENTS)}")
    model = EXPERIMENTS[name].parameters
    for key in given:
        if key not in model.model_fields:
            raise UserError(
                f"experiment '{name}': unknown parameter '{key}'; {suggestion(key, model.model_fields)}"
            )
    try:
        return model.model_validate(dict(given))
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        message = first["msg"].removeprefix("Value error, ")
        raise UserError(f"experiment '{name}': {place + ': ' if place else ''}{message}") from None
