"""Find plugin files and installed plugins, load them, and keep order among their names."""

import hashlib
import importlib.util
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

import pluggy

from ratelab._errors import UserError, suggestion
from ratelab.registry._activation import Activation
from ratelab.registry._family import Family, check_parameters, member_label
from ratelab.registry._hooks import HOOKS, KINDS, Hooks
from ratelab.registry._labels import Parameter, check_name, parse_label
from ratelab.registry._protocols import Architecture, Construction, Trainer
from ratelab.registry._target import Target

T = TypeVar("T")

_TYPES: dict[str, type] = {
    "activations": Activation,
    "architectures": Architecture,
    "targets": Target,
    "constructions": Construction,
    "trainers": Trainer,
}


@dataclass(frozen=True)
class Entry:
    """One registered plugin: where it comes from and how to make its members."""

    name: str
    kind: str
    source: str
    digest: str
    family: Family[Any]

    @property
    def defaults(self) -> dict[str, Parameter]:
        """Parameters and their defaults; empty for a single thing."""
        return self.family.defaults


@dataclass(frozen=True)
class Broken:
    """A plugin file that could not be loaded, and why."""

    source: str
    digest: str
    cause: str


class UnknownNameError(UserError, KeyError):
    """No plugin of that name; also a KeyError, so that a catalogue is an ordinary mapping."""

    __str__ = Exception.__str__


class Catalogue(Mapping[str, T], Generic[T]):
    """The plugins of one kind by label: ``targets["cusp"]``, ``targets["cusp(at=0.3)"]``."""

    def __init__(self, kind: str, entries: Mapping[str, Entry], broken: Sequence[Broken]) -> None:
        self.kind = kind
        self.entries = dict(entries)
        self._broken = broken
        self._members: dict[str, T] = {}
        self._registry: Registry | None = None

    def __getitem__(self, text: str) -> T:
        name, parameters = parse_label(text)
        return self.make(name, parameters)

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __contains__(self, text: object) -> bool:
        return isinstance(text, str) and text.partition("(")[0] in self.entries

    def entry(self, name: str) -> Entry:
        """Return the registered plugin of that name; raise UserError with a suggestion if there is none."""
        if name not in self.entries:
            raise UnknownNameError(unknown(self.kind, name, list(self.entries), self._broken))
        return self.entries[name]

    def label(self, name: str, parameters: Mapping[str, object] | None = None) -> str:
        """Return the label of a member."""
        return member_label(name, self.entry(name).defaults, parameters or {})

    def make(self, name: str, parameters: Mapping[str, object] | None = None) -> T:
        """Return the member of that name and parameters, made once; its name is its label."""
        entry = self.entry(name)
        text = self.label(name, parameters)
        if text not in self._members:
            member = entry.family.make(**check_parameters(name, entry.defaults, parameters or {}))
            if not isinstance(member, _TYPES[self.kind]):
                raise UserError(
                    f"{entry.source}: {self.kind[:-1]} '{name}' is a {type(member).__name__}; "
                    f"allowed: {_TYPES[self.kind].__name__}"
                )
            if member.name != text:  # type: ignore[attr-defined]
                object.__setattr__(member, "name", text)
            use = getattr(member, "use", None)
            if use is not None and self._registry is not None:
                use(self._registry)
            self._members[text] = member  # type: ignore[assignment]
        return self._members[text]


@dataclass(frozen=True)
class Registry:
    """All plugins in hand, by kind."""

    activations: Catalogue[Activation]
    architectures: Catalogue[Architecture]
    targets: Catalogue[Target]
    constructions: Catalogue[Construction]
    trainers: Catalogue[Trainer]
    broken: tuple[Broken, ...] = field(default=())

    def __post_init__(self) -> None:
        """Let members that name other plugins find them here."""
        for kind in KINDS:
            found = self.catalogue(kind)
            if isinstance(found, Catalogue):
                found._registry = self

    def catalogue(self, kind: str) -> Catalogue[Any]:
        """Return the catalogue of one of the five kinds."""
        found: Catalogue[Any] = getattr(self, kind)
        return found


def unknown(kind: str, name: str, known: list[str], broken: Sequence[Broken]) -> str:
    """Sentence for a name that no plugin carries; broken files, any of which may be the cause, are named with it."""
    text = f"no {kind[:-1]} is called '{name}'; {suggestion(name, known)}"
    for item in broken:
        text += f"\n  {item.source} could not be loaded: {item.cause}"
    return text


def built_in_folder() -> Path:
    """Folder of the plugins that ship with ratelab (in the wheel, or beside the workflow in a checkout)."""
    package = Path(__file__).resolve().parents[1]
    shipped = package / "plugins"
    return shipped if shipped.is_dir() else package.parents[1] / "plugins"


def plugin_files(folders: Sequence[str | Path]) -> list[Path]:
    """Every ``*.py`` below the folders, sorted, each once; names that start with ``_`` are left out.

    A path that is itself a file stands for that file alone.

    Raises
    ------
    UserError
        If a folder does not exist.
    """
    files: dict[Path, None] = {}
    for folder in folders:
        path = Path(folder)
        if path.is_file():
            if path.suffix != ".py":
                raise UserError(f"plugins: '{folder}' is no Python file; allowed: folders and *.py files")
            files[path.resolve()] = None
            continue
        if not path.is_dir() and str(folder) == "plugins":
            path = built_in_folder()
        if not path.is_dir():
            raise UserError(f"plugins: folder '{folder}' does not exist")
        for file in sorted(path.rglob("*.py")):
            if not any(part.startswith(("_", ".")) for part in file.relative_to(path).parts):
                files[file.resolve()] = None
    return list(files)


def digest(path: Path) -> str:
    """SHA-256 of a file's content, 16 hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def load_plugins(folders: Sequence[str | Path] | None = None) -> Registry:
    """Load the plugins of the given folders and those installed under the entry-point group ``ratelab``.

    Parameters
    ----------
    folders
        Searched recursively; None means the plugins that ship with ratelab.

    Returns
    -------
    Registry
        With what could not be loaded in ``registry.broken``.

    Raises
    ------
    UserError
        If a folder is missing, two plugins share kind and name, or a hook is misspelt.
    """
    files = plugin_files([built_in_folder()] if folders is None else folders)
    found: dict[str, dict[str, Entry]] = {kind: {} for kind in KINDS}
    broken: list[Broken] = []
    for file in files:
        mark = digest(file)
        try:
            module = _import(file, mark)
            entries = list(_entries(module, str(file), mark))
        except UserError as error:
            broken.append(Broken(str(file), mark, str(error)))
            continue
        except (Exception, SystemExit) as error:  # a plugin may fail in any way
            broken.append(Broken(str(file), mark, f"{type(error).__name__}: {error}"))
            continue
        for entry in entries:
            _add(found, entry)
    for point in sorted(entry_points(group="ratelab"), key=lambda p: p.name):
        version = point.dist.version if point.dist else "unknown"
        source = f"{point.dist.name if point.dist else point.value} {version} ({point.value})"
        try:
            entries = list(_entries(point.load(), source, version))
        except (Exception, SystemExit) as error:
            broken.append(Broken(source, version, f"{type(error).__name__}: {error}"))
            continue
        for entry in entries:
            _add(found, entry)
    return Registry(
        Catalogue("activations", found["activations"], broken),
        Catalogue("architectures", found["architectures"], broken),
        Catalogue("targets", found["targets"], broken),
        Catalogue("constructions", found["constructions"], broken),
        Catalogue("trainers", found["trainers"], broken),
        tuple(broken),
    )


def _import(file: Path, mark: str) -> ModuleType:
    name = f"ratelab_plugin_{file.stem.replace('-', '_')}_{mark}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _entries(plugin: Any, source: str, mark: str) -> Iterator[Entry]:
    """Register one plugin alone, so that a mistake is blamed on its file, and yield what it provides."""
    manager = pluggy.PluginManager("ratelab")
    manager.add_hookspecs(Hooks)
    for name in dir(plugin):
        marked = getattr(getattr(plugin, name, None), "ratelab_impl", None) is not None
        if name not in HOOKS and (marked or name.startswith("ratelab_")) and callable(getattr(plugin, name)):
            raise UserError(f"'{name}' is no hook of ratelab; {suggestion(name, list(HOOKS))}")
    manager.register(plugin)
    count = 0
    for kind in KINDS:
        for result in getattr(manager.hook, f"ratelab_{kind}")():
            for item in result:
                family = (
                    item
                    if isinstance(item, Family)
                    else Family(item.name, _constant(item), _summary(item, plugin))
                )
                check_name(family.name, f"{kind[:-1]} in {source}")
                _ = family.defaults
                count += 1
                yield Entry(family.name, kind, source, mark, family)
    if not count:
        raise UserError(f"provides nothing; define one of {', '.join(HOOKS)} with @hookimpl")


def _constant(item: T) -> Any:
    def make() -> T:
        return item

    return make


def _summary(item: Any, plugin: Any) -> str:
    """One line: the plugin's own, else the first of its file."""
    text = getattr(item, "summary", "") or getattr(plugin, "__doc__", "") or ""
    return str(text).strip().split("\n")[0]


def _add(found: dict[str, dict[str, Entry]], entry: Entry) -> None:
    other = found[entry.kind].get(entry.name)
    if other is not None:
        raise UserError(
            f"two plugins provide the {entry.kind[:-1]} '{entry.name}': {other.source} and {entry.source}; "
            "rename one"
        )
    found[entry.kind][entry.name] = entry
