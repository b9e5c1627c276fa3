"""The config a user writes, as models: the one source of defaults, JSON schema and documentation."""

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import inf
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import pydantic
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from ratelab._errors import UserError, suggestion
from ratelab.registry import Parameter, parse_label, parse_value
from ratelab.studies.claims._catalogue import expand
from ratelab.studies.experiments._catalogue import parameters_of


class Member(BaseModel):
    """A plugin by name, with parameters: ``cusp``, ``cusp(at=0.3)`` or ``{name: cusp, at: 0.3}``."""

    model_config = ConfigDict(frozen=True, extra="allow")
    name: str = Field(description="Name of the plugin; every further key is one of its parameters.")

    @property
    def parameters(self) -> dict[str, Parameter]:
        """The parameters that were given."""
        return {key: parse_value(value) for key, value in (self.model_extra or {}).items()}


def _member(value: Any) -> Any:
    if isinstance(value, str):
        try:
            name, parameters = parse_label(value)
        except UserError as error:
            raise ValueError(str(error)) from error
        return {"name": name, **parameters}
    if isinstance(value, Member):
        return value
    if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
        raise ValueError("write a name, or a mapping with 'name' and the plugin's parameters")
    for key, item in value.items():
        if not isinstance(item, str | int | float | Fraction):
            raise ValueError(f"parameter '{key}' is {item!r}; allowed: a number or a text such as 1/3")
    return dict(value)


Plugin = Annotated[Member, BeforeValidator(_member, json_schema_input_type=str | Member)]


class ExperimentSpec(BaseModel):
    """An experiment by name, with parameters: ``depth-gap`` or ``{name: depth-gap, width: 3}``."""

    model_config = ConfigDict(frozen=True, extra="allow")
    name: str = Field(description="Name of the experiment; every further key is one of its parameters.")

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters that were given."""
        return dict(self.model_extra or {})


def _named(value: Any) -> Any:
    if isinstance(value, str):
        return {"name": value}
    if isinstance(value, ExperimentSpec):
        return value
    if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
        raise ValueError("write a name, or a mapping with 'name' and the experiment's parameters")
    return dict(value)


NamedExperiment = Annotated[
    ExperimentSpec, BeforeValidator(_named, json_schema_input_type=str | ExperimentSpec)
]


class NetworkSpec(BaseModel):
    """One kind of network: architecture, activation and depth."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    architecture: Plugin = Field(Member(name="mlp"), description="How a budget becomes a shape.")
    activation: Plugin = Field(Member(name="relu"), description="Activation of the hidden neurons.")
    depth: int = Field(2, ge=2, le=64, strict=True, description="Number of affine layers; shallow is 2.")
    targets: list[Plugin] | None = Field(
        None, min_length=1, description="Only these of the study's targets; all of them if left out."
    )
    trainers: list[Plugin] | None = Field(
        None, min_length=1, description="Only these of the study's trainers; all of them if left out."
    )


class Study(BaseModel):
    """Targets × networks × budgets × seeds, and what is done with them; claims; experiments."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    targets: list[Plugin] = Field([], description="Functions to approximate.")
    networks: list[NetworkSpec] = Field([], description="Kinds of network to approximate them with.")
    complexity: list[Literal["neurons", "connections"]] = Field(
        ["neurons"],
        min_length=1,
        description="What the budgets count; with both, every fit is made once for each shape.",
    )
    budgets: list[Annotated[int, Field(ge=1, le=1_000_000, strict=True)]] = Field(
        [2, 3, 4, 6, 8, 12, 16, 24, 32], min_length=1, description="Sizes, increasing."
    )
    norm: Literal[2] = Field(2, description="The p of the L_p error.")
    methods: list[Literal["construct", "train"]] = Field(
        ["construct", "train"],
        min_length=1,
        description="Networks written down from theory, trained ones, or both.",
    )
    trainers: list[Plugin] = Field(
        [Member(name="adam"), Member(name="varpro")], description="Optimisers, each reported for itself."
    )
    seeds: int = Field(8, ge=1, le=10_000, strict=True, description="Initialisations of every fit.")
    milestones: list[Annotated[float, Field(gt=0, allow_inf_nan=False)]] = Field(
        [],
        max_length=64,
        description="Amounts of work, increasing, at which every fit is measured besides at its end; one "
        "evaluation of a loss, a gradient or a Jacobian is nodes × connections units.",
    )
    alphas: list[Annotated[float, Field(gt=0, le=1000)]] = Field(
        [],
        max_length=256,
        description="Orders α, two or more, increasing, for which norms of approximation spaces A^α_q are bracketed.",
    )
    qs: list[Annotated[float, Field(ge=1e-3)]] = Field(
        [2.0, inf],
        min_length=1,
        description="The q of these norms, increasing; `inf` is the supremum.",
        json_schema_extra={
            "default": [2.0, "inf"],
            "items": {"anyOf": [{"type": "number", "minimum": 0.001}, {"const": "inf"}]},
        },
    )
    claims: list[str] = Field(
        [], description="Statements to check, by id; `A1-A14` means all of A1 to A14 (docs/claims.md)."
    )
    cases: int = Field(
        20,
        ge=1,
        le=100_000,
        strict=True,
        description="Random instances in all, or seeds, with which each claim is checked.",
    )
    experiments: list[NamedExperiment] = Field(
        [], description="What is measured beside the curves, by name, with parameters."
    )

    @field_validator("claims")
    @classmethod
    def _known_claims(cls, claims: list[str]) -> list[str]:
        try:
            return list(expand(claims))
        except UserError as error:
            raise ValueError(str(error)) from error

    @field_validator("experiments")
    @classmethod
    def _known_experiments(cls, experiments: list[ExperimentSpec]) -> list[ExperimentSpec]:
        try:
            for spec in experiments:
                parameters_of(spec.name, spec.parameters)
        except UserError as error:
            raise ValueError(str(error)) from error
        if len({spec.name for spec in experiments}) < len(experiments):
            raise ValueError("each experiment may stand once")
        return experiments

    @field_validator("budgets", "milestones", "alphas", "qs")
    @classmethod
    def _increasing(cls, values: list[float], info: pydantic.ValidationInfo) -> list[float]:
        if any(b <= a for a, b in zip(values, values[1:], strict=False)):
            raise ValueError(f"{info.field_name} must increase")
        return values

    @field_validator("complexity", "methods")
    @classmethod
    def _once(cls, values: list[str]) -> list[str]:
        if len(set(values)) != len(values):
            raise ValueError("each may stand once")
        return values

    @model_validator(mode="after")
    def _something_to_do(self) -> "Study":
        if bool(self.targets) != bool(self.networks):
            raise ValueError("targets and networks belong together: name at least one of each, or neither")
        if not (self.targets or self.claims or self.experiments):
            raise ValueError("name targets and networks, claims or experiments")
        return self

    @field_validator("alphas")
    @classmethod
    def _several(cls, alphas: list[float]) -> list[float]:
        if len(alphas) == 1:
            raise ValueError("norms are drawn against α: give two or more, or none")
        return alphas

    @model_validator(mode="after")
    def _trainers_where_trained(self) -> "Study":
        if "train" in self.methods and not self.trainers:
            raise ValueError("methods contain 'train', so trainers must name at least one")
        if self.milestones and "train" not in self.methods:
            raise ValueError("milestones are for trained networks, and methods do not contain 'train'")
        return self


class Config(BaseModel):
    """A whole run."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    plugins: list[str] = Field(
        ["plugins"],
        min_length=1,
        description="Folders with plugin files, relative to this file, then to the workflow.",
    )
    nodes: int = Field(
        512,
        ge=16,
        le=1_000_000,
        strict=True,
        description="Quadrature nodes of the training loss (per axis √ in 2-D).",
    )
    cells: int = Field(
        16384,
        ge=64,
        le=1 << 22,
        strict=True,
        description="Finest cells of the certified lower bound; a power of two is best.",
    )
    studies: dict[str, Study] = Field(
        min_length=1, description="Studies by name; each is a target of its own."
    )


RULES = (
    "all", "studies", "check", "target", "spline", "construct", "train", "bracket", "rate", "figures", "claim",
    "claims", "experiment",
)  # fmt: skip
_LONGEST = 200
_STUDY = re.compile(r"[a-z][a-z0-9_-]*")


def load_config(data: Mapping[str, Any], source: str = "config") -> Config:
    """Validate a config.

    Parameters
    ----------
    data
        What the YAML file holds.
    source
        Name of the file, for messages.

    Raises
    ------
    UserError
        Naming each wrong key, what was found, what is allowed and the nearest right spelling.
    """
    try:
        config = Config.model_validate(dict(data))
    except pydantic.ValidationError as error:
        lines = dict.fromkeys(_sentence(item) for item in error.errors())
        raise UserError("\n".join(f"{source}: {line}" for line in lines)) from None
    for name in config.studies:
        if not _STUDY.fullmatch(name):
            raise UserError(f"{source}: studies.{name}: allowed: small letters, digits, '-' and '_'")
        if name in RULES or name in ("targets", "splines"):
            raise UserError(
                f"{source}: studies.{name}: '{name}' is a rule or folder of the workflow; choose another name"
            )
    return config


def read_config(path: Path) -> Config:
    """Read and validate a YAML file.

    Raises
    ------
    UserError
        If the file is missing or no YAML, with the place, or as `load_config`.
    """
    import yaml

    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from error
    if not isinstance(data, Mapping):
        raise UserError(
            f"{path}: found {type(data).__name__}; allowed: a mapping with 'plugins' and 'studies'"
        )
    return load_config(data, str(path))


def plugin_folders(config: Config, *bases: Path) -> list[Path]:
    """Resolve the config's plugin folders against the first base that has them."""
    folders = []
    for name in config.plugins:
        found = next((base / name for base in bases if (base / name).is_dir()), None)
        if found is None:
            tried = ", ".join(str(base / name) for base in bases)
            raise UserError(f"config: plugins: folder '{name}' does not exist; looked for {tried}")
        folders.append(found)
    return folders


def _sentence(error: Any) -> str:
    """Return one line for one pydantic error: place, what was found, what is allowed."""
    place = _place(error["loc"])
    kind, message = error["type"], error["msg"]
    if kind == "extra_forbidden":
        *parents, key = error["loc"]
        fields = _fields(parents)
        return f"{_place(parents) or 'top level'}: unknown key '{key}'; {suggestion(str(key), fields)}"
    if kind == "missing":
        return f"{place}: is missing"
    message = message.removeprefix("Value error, ")
    found = repr(error["input"])
    shown = found if len(found) <= _LONGEST else found[:_LONGEST] + " …"
    return f"{place}: found {shown}; {message[0].lower()}{message[1:]}"


def _place(location: Sequence[Any]) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else (f".{part}" if text else str(part))
    return text


def _fields(location: Sequence[Any]) -> list[str]:
    """Names allowed at a place of the config."""
    model: Any = Config
    for part in location:
        if isinstance(part, int):
            continue
        field = model.model_fields.get(part) if hasattr(model, "model_fields") else None
        if field is None:
            continue
        models = [m for m in _models(field.annotation) if m not in (Member, ExperimentSpec)]
        if models:
            model = models[0]
    return list(model.model_fields)


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models(inner)]
