"""From config and plugin index to the plan: jobs and their parameters, without importing a plugin."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ratelab import __version__
from ratelab._errors import UserError
from ratelab.registry import Index, check_parameters, construction_case, read_index, slug
from ratelab.studies._config import Config, Member, Study, plugin_folders
from ratelab.studies._jobs import (
    CheckJob,
    ClaimJob,
    Complexity,
    ConstructJob,
    ExperimentJob,
    SplineJob,
    StudyJob,
    TargetJob,
    TrainJob,
)
from ratelab.studies._plan import Plan, Step
from ratelab.studies._plan_members import distinct, is_primitive, members_of, named, short
from ratelab.studies.claims._catalogue import CLAIMS
from ratelab.studies.experiments._catalogue import parameters_of

LARGEST_PIECES = 129
"""Spline brackets beyond so many pieces are left out: their cost grows with the square."""


def make_plan(config: Config, index: Index) -> Plan:
    """Plan every job.

    Raises
    ------
    UserError
        For unknown or broken plugins that the config asks for, wrong parameters, and labels that collide.
    """
    builder = _Builder(config, index)
    for name, study in config.studies.items():
        builder.add(name, study)
    return builder.plan()


def plan_from(data: Mapping[str, Any], config_folders: Sequence[Path], source: str, cache: Path) -> Plan:
    """Validate a config, read the index (cached) and plan.

    Parameters
    ----------
    data
        The config as a mapping.
    config_folders
        Where plugin folders are looked for: beside the config file, then beside the workflow.
    source
        Name of the config, for messages.
    cache
        Folder of the plugin index.
    """
    from ratelab.studies._config import load_config

    config = load_config(data, source)
    folders = plugin_folders(config, *config_folders)
    return make_plan(config, read_index(folders, members_of(config), cache))


class _Builder:
    def __init__(self, config: Config, index: Index) -> None:
        self.config, self.index = config, index
        self.targets: dict[str, Step] = {}
        self.pieces: dict[tuple[str, int], set[int]] = {}
        self.neurons: dict[str, set[int]] = {}
        self.constructs: dict[tuple[str, str], Step] = {}
        self.trains: dict[tuple[str, str], Step] = {}
        self.checks: dict[str, Step] = {}
        self.studies: dict[str, Step] = {}
        self.claims: dict[tuple[str, str], Step] = {}
        self.experiments: dict[tuple[str, str], Step] = {}
        self.slugs: dict[str, str] = {}
        self.unpolished: dict[tuple[str, str, str], list[str]] = {}

    def add(self, name: str, study: Study) -> None:
        if study.targets:
            self._curves(name, study)
        for claim in study.claims:
            step = ClaimJob(version=__version__, claim=claim, cases=study.cases)
            self.claims[name, claim] = Step(step, self._used(CLAIMS[claim].plugins, f"claim {claim}"))
        for spec in study.experiments:
            parameters = parameters_of(spec.name, spec.parameters)
            place = f"studies.{name}.experiments: {spec.name}"
            job = ExperimentJob(
                version=__version__, experiment=spec.name, parameters=parameters.model_dump(mode="json")
            )
            used = self._used(parameters.plugins(), place)
            for kind, text in parameters.plugins():
                if kind == "targets":
                    label = self._label(kind, Member(**named(text)), place)
                    reason = parameters.refusal(label, self.index.facts.get(kind, {}).get(label, {}))
                    if reason is not None:
                        raise UserError(f"config: {place}: {reason}")
            self.experiments[name, spec.name] = Step(job, used)

    def _used(self, members: Iterable[tuple[str, str]], place: str) -> tuple[str, ...]:
        """Plugin files of the given (kind, label) members, which must exist."""
        members = list(members)
        for kind, text in members:
            self._label(kind, Member(**named(text)), place)
        return self._files(*members)

    def _curves(self, name: str, study: Study) -> None:
        targets = [self._label("targets", m, f"studies.{name}.targets") for m in study.targets]
        self._different("targets", study.targets, f"studies.{name}.targets")
        trainers = [self._label("trainers", m, f"studies.{name}.trainers") for m in study.trainers]
        self._different("trainers", study.trainers, f"studies.{name}.trainers")
        pairs: list[tuple[str, str]] = []
        networks: list[str] = []
        specs: list[tuple[str, str, int, tuple[str, ...], tuple[str, ...]]] = []
        trains = "train" in study.methods
        used: dict[str, None] = {}
        for position, spec in enumerate(study.networks):
            place = f"studies.{name}.networks[{position}]"
            architecture = self._label("architectures", spec.architecture, place)
            activation = self._label("activations", spec.activation, place)
            network = f"{architecture}/{activation}/depth={spec.depth}"
            networks.append(network)
            chosen = self._chosen("targets", spec.targets, targets, place)
            used_trainers = self._chosen("trainers", spec.trainers, trainers, place)
            pairs += [(target, network) for target in chosen]
            fitted = tuple(used_trainers) if trains else ()
            specs.append((architecture, activation, spec.depth, tuple(chosen), fitted))
            own = [("activations", name) for name in self._others(architecture, place)]
            files = self._files(("architectures", architecture), ("activations", activation), *own)
            used.update(dict.fromkeys(files))
            for target in chosen:
                self._fits(name, study, target, (architecture, activation, spec.depth), used_trainers)
        distinct(networks, f"studies.{name}.networks")
        for target in targets:
            self._target(target)
            used.update(dict.fromkeys(self._files(("targets", target))))
        gathered = tuple(used)
        if "train" in study.methods:
            used.update(dict.fromkeys(f for t in trainers for f in self._files(("trainers", t))))
        common = {
            "version": __version__,
            "complexity": tuple(study.complexity),
            "budgets": tuple(study.budgets),
        }
        self.checks[name] = Step(
            CheckJob(
                **common,
                targets=tuple(targets),
                networks=tuple(specs),
                trainers=tuple(trainers) if "train" in study.methods else (),
            ),
            tuple(used),
        )
        self.studies[name] = Step(
            StudyJob(
                **common,
                study=name,
                targets=tuple(targets),
                networks=tuple(networks),
                pairs=tuple(pairs),
                trainers=tuple(trainers) if "train" in study.methods else (),
                seeds=study.seeds,
                milestones=tuple(study.milestones),
                alphas=tuple(study.alphas),
                qs=tuple(study.qs) if study.alphas else (),
            ),
            gathered,
        )

    def plan(self) -> Plan:
        splines = {}
        for (target, degree), pieces in sorted(self.pieces.items()):
            job = SplineJob(
                version=__version__,
                target=target,
                degree=degree,
                pieces=tuple(sorted(pieces)),
                neurons=tuple(sorted(self.neurons.get(target, ()))) if degree == 1 else (),
            )
            splines[self._slug(target) + f"--degree={degree}"] = Step(job, self._files(("targets", target)))
        warnings = tuple(
            f"{b.source} could not be loaded ({b.cause}); nothing asks for it" for b in self.index.broken
        )
        warnings += tuple(
            f"studies.{name}: '{trainer}' polishes constructed networks, and {network} has none for "
            f"{', '.join(targets)}"
            for (name, trainer, network), targets in self.unpolished.items()
        )
        return Plan(
            tuple(self.config.studies),
            self.targets,
            splines,
            self.constructs,
            self.trains,
            self.checks,
            self.studies,
            self.claims,
            self.experiments,
            warnings,
        )

    def _fits(
        self, name: str, study: Study, target: str, kind: tuple[str, str, int], trainers: Sequence[str]
    ) -> None:
        architecture, activation, depth = kind
        common = {
            "version": __version__,
            "target": target,
            "architecture": architecture,
            "activation": activation,
            "depth": depth,
            "complexity": tuple(study.complexity),
            "budgets": tuple(study.budgets),
        }
        stem = f"{self._slug(target)}--{self._slug(f'{architecture}/{activation}/depth={depth}')}"
        own = [("activations", name) for name in self._others(architecture, name)]
        files = self._files(
            ("targets", target), ("architectures", architecture), ("activations", activation), *own
        )
        if not own and not self._pools(architecture):
            self._splines(study, target, activation, depth)
        constructions = self._constructions(target, activation, depth) if "construct" in study.methods else ()
        if constructions:
            extra = self._files(*(("constructions", c) for c in constructions))
            job = ConstructJob(**common, constructions=constructions)
            self.constructs[name, stem] = Step(job, (*files, *extra))
        if "train" in study.methods:
            for trainer in trainers:
                polishes = self._polishes(trainer)
                if polishes and (name, stem) not in self.constructs:
                    network = f"{architecture}/{activation}/depth={depth}"
                    self.unpolished.setdefault((name, trainer, network), []).append(target)
                    continue
                extra = self._files(("trainers", trainer))
                train = TrainJob(
                    **common,
                    trainer=trainer,
                    seeds=study.seeds,
                    milestones=tuple(study.milestones),
                    polishes=polishes,
                )
                self.trains[name, f"{stem}--{self._slug(trainer)}"] = Step(train, (*files, *extra))

    def _others(self, architecture: str, place: str) -> list[str]:
        """Labels of the activations that an architecture uses besides the network's and that are plugins."""
        facts = self.index.facts.get("architectures", {}).get(architecture, {})
        found = []
        for name in facts.get("others", ()):
            if name.partition("(")[0] in self.index.entries["activations"] or not is_primitive(name):
                found.append(self._label("activations", Member(**named(name)), place))
        return found

    def _pools(self, architecture: str) -> bool:
        """Whether an architecture has poolings: what bounds networks without them is then not asked for."""
        return bool(self.index.facts.get("architectures", {}).get(architecture, {}).get("pools", False))

    def _polishes(self, trainer: str) -> bool:
        """Whether a trainer polishes constructed networks, so that it needs their dataset."""
        facts = self.index.facts.get("trainers", {}).get(trainer)
        return bool(facts and facts["polishes"])

    def _constructions(self, target: str, activation: str, depth: int) -> tuple[str, ...]:
        """Names of the constructions that accept such networks for this target."""
        return tuple(
            self.index.facts.get("constructions", {}).get(construction_case(target, activation, depth), ())
        )

    def _splines(self, study: Study, target: str, activation: str, depth: int) -> None:
        """Ask for the spline brackets that bound this network, if any do."""
        facts = self.index.facts["activations"][activation]
        dimension = self.index.facts["targets"][target]["dimension"]
        degree, knots = facts.get("degree"), facts.get("knots")
        if degree is None or knots is None or dimension != 1 or degree > 3:
            return
        needed = {
            pieces
            for complexity in study.complexity
            for budget in study.budgets
            for pieces in _pieces(knots, degree, depth, complexity, budget)
            if 1 <= pieces <= LARGEST_PIECES
        }
        if not needed:
            return
        self.pieces.setdefault((target, degree), set()).update(needed)
        if (degree, knots, depth) == (1, 1, 2):
            shallow = {_neurons(complexity, b) for complexity in study.complexity for b in study.budgets}
            self.neurons.setdefault(target, set()).update(n for n in shallow if n)

    def _target(self, target: str) -> None:
        job = TargetJob(version=__version__, target=target, nodes=self.config.nodes, cells=self.config.cells)
        self.targets[self._slug(target)] = Step(job, self._files(("targets", target)))

    def _label(self, kind: str, member: Member, place: str) -> str:
        try:
            text = self.index.label(kind, member.name, member.parameters)
        except UserError as error:
            raise UserError(f"config: {place}: {error}") from None
        fact = self.index.facts.get(kind, {}).get(text, {})
        if "error" in fact:
            raise UserError(f"config: {place}: {fact['error']}")
        return text

    def _different(self, kind: str, members: Sequence[Member], place: str) -> None:
        """Refuse members that are the same thing, however they are written."""
        seen: dict[tuple[object, ...], str] = {}
        for member in members:
            label = self._label(kind, member, place)
            defaults = self.index.entry(kind, member.name).defaults
            given = check_parameters(member.name, defaults, member.parameters)
            same = (member.name, *({**defaults, **given}).items())
            if same in seen:
                raise UserError(f"config: {place}: '{label}' stands twice (it is '{seen[same]}')")
            seen[same] = label

    def _chosen(
        self, kind: str, members: Sequence[Member] | None, all_labels: Sequence[str], place: str
    ) -> list[str]:
        """Return the labels that one kind of network is restricted to, all of the study's if it is not."""
        if members is None:
            return list(all_labels)
        chosen = [self._label(kind, m, f"{place}.{kind}") for m in members]
        for label in chosen:
            if label not in all_labels:
                raise UserError(
                    f"config: {place}.{kind}: '{label}' is not among the study's {kind}: {', '.join(all_labels)}"
                )
        return chosen

    def _files(self, *members: tuple[str, str]) -> tuple[str, ...]:
        """Plugin files of the given (kind, label) members, each once; installed plugins have none."""
        files = (self.index.entry(kind, text.partition("(")[0]).file for kind, text in members)
        return tuple(dict.fromkeys(short(file) for file in files if file))

    def _slug(self, text: str) -> str:
        result = slug(text)
        other = self.slugs.setdefault(result, text)
        if other != text:
            raise UserError(
                f"config: '{text}' and '{other}' would share the file name '{result}'; change one"
            )
        return result


def _pieces(knots: int, degree: int, depth: int, complexity: Complexity, budget: int) -> tuple[int, int]:
    """Pieces of the splines at the two ends of a budget: what networks reach for certain, and at most."""
    from ratelab.best import class_pieces

    return _neurons(complexity, budget) - degree + 1, class_pieces(knots, degree, depth, complexity, budget)[
        0
    ]


def _neurons(complexity: Complexity, budget: int) -> int:
    """Neurons of the largest shallow network within a budget: each takes two connections."""
    return budget if complexity == "neurons" else budget // 2
