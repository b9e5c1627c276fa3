"""What a config names, and how it is asked of the plugin index."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ratelab._errors import UserError
from ratelab.registry import construction_case, label, parse_label
from ratelab.studies._config import Config, Member
from ratelab.studies.experiments._catalogue import parameters_of


def members_of(config: Config) -> dict[str, list[str]]:
    """Return kind → labels of which the plan needs to know more than that they exist."""
    members: dict[str, list[str]] = {
        kind: [] for kind in ("targets", "architectures", "activations", "trainers", "constructions")
    }
    for study in config.studies.values():
        members["targets"] += [raw_label(m) for m in study.targets]
        members["architectures"] += [raw_label(n.architecture) for n in study.networks]
        members["activations"] += [raw_label(n.activation) for n in study.networks]
        members["trainers"] += [raw_label(m) for m in study.trainers]
        members["targets"] += [
            text
            for spec in study.experiments
            for kind, text in parameters_of(spec.name, spec.parameters).plugins()
            if kind == "targets"
        ]
        if "construct" in study.methods:
            members["constructions"] += [
                construction_case(raw_label(target), raw_label(network.activation), network.depth)
                for network in study.networks
                for target in (study.targets if network.targets is None else network.targets)
            ]
    return members


def named(text: str) -> dict[str, Any]:
    """Return what makes a `Member` of a label."""
    name, parameters = parse_label(text)
    return {"name": name, **parameters}


def raw_label(member: Member) -> str:
    """Return a member's label as the config writes it, parameters unchecked."""
    return label(member.name, member.parameters)


def is_primitive(name: str) -> bool:
    """Whether networks know an activation without a plugin."""
    from ratelab.networks import primitive

    return primitive(name) is not None


def short(file: str) -> str:
    """Path relative to the working directory where it lies below it, so that jobs read the same everywhere."""
    path, here = Path(file), Path.cwd().resolve()
    return str(path.relative_to(here)) if path.is_relative_to(here) else file


def distinct(texts: Iterable[str], place: str) -> None:
    """Raise a UserError if a text stands twice."""
    seen: set[str] = set()
    for text in texts:
        if text in seen:
            raise UserError(f"config: {place}: '{text}' stands twice")
        seen.add(text)
