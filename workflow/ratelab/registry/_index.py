"""The plugin index: who provides what, known without importing a plugin in the asking process."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from ratelab import __version__
from ratelab._errors import UserError
from ratelab.registry._discovery import Broken, Registry, digest, load_plugins, plugin_files, unknown
from ratelab.registry._family import member_label
from ratelab.registry._hooks import KINDS
from ratelab.registry._labels import Parameter, parse_label, parse_value


@dataclass(frozen=True)
class IndexEntry:
    """One (kind, name) of the index: its source file or distribution, the digest, and its parameters."""

    source: str
    digest: str
    defaults: Mapping[str, Parameter]

    @property
    def file(self) -> str | None:
        """The plugin file, or None for an installed distribution."""
        return self.source if self.source.endswith(".py") else None


@dataclass(frozen=True)
class Index:
    """(kind, name) → entry, the broken plugins, and facts on the members that were asked for."""

    entries: Mapping[str, Mapping[str, IndexEntry]]
    broken: tuple[Broken, ...]
    facts: Mapping[str, Mapping[str, Mapping[str, Any]]]

    def entry(self, kind: str, name: str) -> IndexEntry:
        """Return an entry; raise UserError with a suggestion if the name is unknown."""
        if name not in self.entries[kind]:
            raise UserError(unknown(kind, name, list(self.entries[kind]), self.broken))
        return self.entries[kind][name]

    def label(self, kind: str, name: str, parameters: Mapping[str, object]) -> str:
        """Return the label of a member, its parameters checked against the plugin's."""
        return member_label(name, self.entry(kind, name).defaults, parameters)


def build_index(folders: Sequence[str | Path], members: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Load the plugins and return the index as plain data.

    Parameters
    ----------
    folders
        As for `load_plugins`.
    members
        Kind → labels whose facts are wanted (degree and knots of activations, dimension and domain of targets,
        activations that architectures use besides the network's and whether they pool, whether trainers polish); facts
        are kept under the normal form of the label, parameters in the order of their family. Under ``constructions``
        stand triples as `construction_case` writes them; their fact is the list of constructions that accept such
        networks.
    """
    registry = load_plugins(folders)
    entries = {
        kind: {
            name: {
                "source": entry.source,
                "digest": entry.digest,
                "defaults": {key: str(value) for key, value in entry.defaults.items()},
            }
            for name, entry in registry.catalogue(kind).entries.items()
        }
        for kind in KINDS
    }
    facts: dict[str, dict[str, Any]] = {}
    for kind, labels in members.items():
        if kind == "constructions":
            facts[kind] = _accepted(registry, labels)
            continue
        catalogue = registry.catalogue(kind)
        facts[kind] = {}
        for text in labels:
            name, parameters = parse_label(text)
            if name not in catalogue.entries:
                continue
            label = text
            try:
                label = catalogue.label(name, parameters)
                facts[kind][label] = _facts(kind, catalogue.make(name, parameters))
            except UserError as error:
                facts[kind][label] = {"error": str(error)}
            except Exception as error:  # a plugin may fail in any way
                source = catalogue.entry(name).source
                facts[kind][label] = {"error": f"{label}: {type(error).__name__}: {error} (in {source})"}
    return {
        "entries": entries,
        "broken": [{"source": b.source, "digest": b.digest, "cause": b.cause} for b in registry.broken],
        "facts": facts,
    }


def read_index(
    folders: Sequence[str | Path], members: Mapping[str, Sequence[str]], cache: Path | None = None
) -> Index:
    """Return the index, from the cache or from a process of its own (which may import torch; this one does not).

    Raises
    ------
    UserError
        If a folder is missing, two plugins share kind and name, or the cache folder cannot be written.
    """
    wanted = {kind: sorted(set(labels)) for kind, labels in sorted(members.items())}
    files = plugin_files(folders)
    installed = [
        (point.name, point.value, point.dist.version if point.dist else "")
        for point in entry_points(group="ratelab")
    ]
    content = [__version__, [(str(f), digest(f)) for f in files], sorted(installed), wanted]
    key = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:24]
    stored = cache / f"index-{key}.json" if cache else None
    if stored is not None and stored.is_file():
        try:
            return _parse(json.loads(stored.read_text(encoding="utf-8")))
        except (ValueError, KeyError):
            stored.unlink()
    command = [sys.executable, "-m", "ratelab.cli", "plugins", "index", "--members", json.dumps(wanted)]
    for folder in folders:
        command += ["--plugins", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(
            done.stderr.strip().removeprefix("ratelab: ") or "the plugin index could not be built"
        )
    if stored is not None:
        try:
            stored.parent.mkdir(parents=True, exist_ok=True)
            part = stored.with_suffix(".part")
            part.write_text(done.stdout, encoding="utf-8")
            part.replace(stored)
        except OSError as error:
            raise UserError(f"cannot write the plugin index to {stored.parent}: {error}") from error
    return _parse(json.loads(done.stdout))


def _facts(kind: str, member: Any) -> dict[str, Any]:
    if kind == "activations":
        pieces = member.polynomial
        return {
            "regularity": member.regularity,
            "degree": pieces.degree if pieces else None,
            "knots": sum(any(pieces.jumps(i)) for i in range(len(pieces.knots))) if pieces else None,
        }
    if kind == "targets":
        domain = [list(map(float, side)) for side in member.domain]
        supported = member.support is not None
        return {"dimension": member.dimension, "domain": domain, "supported": supported}
    if kind == "architectures":
        return {
            "others": sorted(getattr(member, "others", ())),
            "pools": bool(getattr(member, "pools", False)),
        }
    if kind == "trainers":
        return {"polishes": bool(getattr(member, "polishes", False))}
    return {}


def construction_case(target: str, activation: str, depth: int) -> str:
    """Return the text under which the index says which constructions accept these networks for this target."""
    return json.dumps([target, activation, depth], ensure_ascii=False)


def _accepted(registry: Registry, cases: Sequence[str]) -> dict[str, list[str]]:
    """Case → names of the constructions that accept it; cases of unknown or broken members are left out."""
    found: dict[str, list[str]] = {}
    for case in cases:
        target, activation, depth = json.loads(case)
        try:
            members = [
                (registry.catalogue(kind).label(*parse_label(text)), registry.catalogue(kind)[text])
                for kind, text in (("targets", target), ("activations", activation))
            ]
        except Exception:  # reported where the member itself is asked for
            continue
        (target, function), (activation, rho) = members
        found[construction_case(target, activation, depth)] = [
            name
            for name in registry.constructions
            if _accepts(registry.constructions[name], function, rho, depth)
        ]
    return found


def _accepts(construction: Any, target: Any, activation: Any, depth: int) -> bool:
    try:
        return construction.accepts(target=target, activation=activation, depth=depth) is None
    except Exception:  # its own job says so, naming the plugin
        return True


def _parse(data: dict[str, Any]) -> Index:
    entries = {
        kind: {
            name: IndexEntry(e["source"], e["digest"], {k: parse_value(v) for k, v in e["defaults"].items()})
            for name, e in of_kind.items()
        }
        for kind, of_kind in data["entries"].items()
    }
    return Index(entries, tuple(Broken(**b) for b in data["broken"]), data["facts"])
