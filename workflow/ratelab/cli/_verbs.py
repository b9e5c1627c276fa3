"""What each verb does: read inputs, call the study's job, write outputs."""

import json
import sys
from argparse import Namespace
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ratelab._errors import UserError
from ratelab.cli._progress import progress

if TYPE_CHECKING:
    import xarray as xr

    from ratelab.registry import Registry
    from ratelab.studies._jobs import Job

    J = TypeVar("J", bound=Job)


def plugins_list(options: Namespace) -> None:
    """Print every plugin by kind."""
    from ratelab.registry import KINDS, load_plugins

    registry = load_plugins(options.plugins)
    for kind in KINDS:
        print(kind)
        for name, entry in sorted(registry.catalogue(kind).entries.items()):
            given = ", ".join(f"{key}={value}" for key, value in entry.defaults.items())
            title = f"{name}({given})" if given else name
            print(f"  {title:<44} {entry.family.summary or '':<58} {_near(entry.source)}")
    for item in registry.broken:
        print(f"broken: {_near(item.source)}: {item.cause}", file=sys.stderr)


def plugins_show(options: Namespace) -> None:
    """Print all that is known of one plugin."""
    from ratelab._errors import suggestion
    from ratelab.registry import KINDS, load_plugins, parse_label

    registry = load_plugins(options.plugins)
    name, parameters = parse_label(options.name)
    named = [kind for kind in KINDS if name in registry.catalogue(kind).entries]
    found = [
        kind for kind in named if set(parameters) <= set(registry.catalogue(kind).entry(name).defaults)
    ] or named
    if not found:
        known = [other for kind in KINDS for other in registry.catalogue(kind)]
        raise UserError(f"no plugin is called '{name}'; {suggestion(name, known)}")
    for kind in found:
        catalogue = registry.catalogue(kind)
        entry, member = catalogue.entry(name), catalogue[options.name]
        print(f"{kind[:-1]} {options.name}\n  source: {_near(entry.source)}\n  digest: {entry.digest}")
        for key, value in {**entry.defaults, **parameters}.items():
            print(f"  parameter {key} = {value}")
        for key in (
            "summary",
            "regularity",
            "degree",
            "domain",
            "singular_points",
            "smoothness",
            "reference",
        ):
            fact = getattr(member, key, None)
            if fact not in (None, "", ()):
                print(f"  {key.replace('_', ' ')}: {fact}")


def plugins_index(options: Namespace) -> None:
    """Print the plugin index as JSON."""
    from ratelab.registry import KINDS, build_index, built_in_folder

    folders = options.plugins or [built_in_folder()]
    try:
        members = json.loads(options.members)
    except ValueError as error:
        raise UserError(f"--members: no JSON ({error})") from None
    if not isinstance(members, dict) or not set(members) <= set(KINDS):
        raise UserError(
            f"--members: found {options.members}; allowed: a mapping from kinds to lists of labels"
        )
    with redirect_stdout(sys.stderr):  # a plugin that prints must not spoil the answer
        index = build_index(folders, members)
    print(json.dumps(index))


def check(options: Namespace) -> None:
    """Check a study before anything is computed."""
    from ratelab.studies import _check
    from ratelab.studies._jobs import CheckJob

    print(_check.run(_job(CheckJob, options), _registry(options)), end="")


def target(options: Namespace) -> None:
    """Write the dataset of one target."""
    from ratelab.studies import _target
    from ratelab.studies._jobs import TargetJob

    _write(_target.run(_job(TargetJob, options), _registry(options)), options.output)


def spline(options: Namespace) -> None:
    """Write the spline brackets of one target and degree."""
    from ratelab.studies import _spline
    from ratelab.studies._jobs import SplineJob

    job = _job(SplineJob, options)
    with progress(f"splines of degree {job.degree} for {job.target}") as report:
        _write(
            _spline.run(job, _registry(options), _read([options.target], "x", "value")[0], report),
            options.output,
        )


def construct(options: Namespace) -> None:
    """Write the constructed networks of one (target, network)."""
    from ratelab.studies import _construct
    from ratelab.studies._jobs import ConstructJob

    job = _job(ConstructJob, options)
    with progress(f"constructing {job.network} for {job.target}") as report:
        _write(
            _construct.run(job, _registry(options), _read(options.splines, "knots", "spline_lower"), report),
            options.output,
        )


def train(options: Namespace) -> None:
    """Write the trained networks of one (target, network, trainer)."""
    from ratelab.studies import _train
    from ratelab.studies._jobs import TrainJob

    job = _job(TrainJob, options)
    with progress(f"{job.trainer}: {job.network} on {job.target}") as report:
        _write(
            _train.run(
                job,
                _registry(options),
                _read([options.target], "x", "value")[0],
                _read(options.starts, "error_constructed", "fit"),
                report,
            ),
            options.output,
        )


def bracket(options: Namespace) -> None:
    """Write the curves of a study, and the networks behind them."""
    from ratelab.studies import _bracket
    from ratelab.studies._jobs import StudyJob

    job = _job(StudyJob, options)
    curves, networks = _bracket.run(
        job,
        _registry(options),
        _read(options.splines, "knots", "spline_lower"),
        _read(options.constructed, "error_constructed", "fit"),
        _read(options.trained, "error_trained", "fit"),
    )
    _write(networks, options.networks)
    _write(curves, options.curves)


def rate(options: Namespace) -> None:
    """Write the rates of a study."""
    from ratelab.studies import _rate
    from ratelab.studies._jobs import StudyJob

    _write(
        _rate.run(_job(StudyJob, options), _registry(options), _read([options.curves], "error_upper")[0]),
        options.output,
    )


def claim(options: Namespace) -> None:
    """Write the cases of one claim."""
    from ratelab.studies import _claim
    from ratelab.studies._jobs import ClaimJob

    job = _job(ClaimJob, options)
    with progress(f"claim {job.claim}") as report:
        _write(_claim.run(job, _registry(options), report), options.output)


def claims(options: Namespace) -> None:
    """Write the claims of a study, and print how they stand."""
    from ratelab.report import claims_summary
    from ratelab.studies import _claim

    dataset = _claim.gather(options.study, _read(options.parts, "claim", "verdict"))
    _write(dataset, options.output)
    print(claims_summary(dataset))


def experiment(options: Namespace) -> None:
    """Write the dataset of one experiment."""
    from ratelab.studies import _experiment
    from ratelab.studies._jobs import ExperimentJob

    job = _job(ExperimentJob, options)
    with progress(f"experiment {job.experiment}") as report:
        _write(_experiment.run(job, _registry(options), report), options.output)


def figures(options: Namespace) -> None:
    """Draw the figures of a study and write its tables."""
    from ratelab.figures import draw, draw_experiment
    from ratelab.report import write_claims, write_gap, write_tables

    if bool(options.curves) != bool(options.rates):
        raise UserError("--curves and --rates belong together: the figures of errors need both")
    if not (options.curves or options.claims or options.experiments):
        raise UserError("nothing to draw: give --curves and --rates, --claims, or --experiments")
    folder = Path(options.folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files: list[Path] = []
        if options.curves and options.rates:
            curves, rates = *_read(options.curves, "error_upper"), *_read(options.rates, "slope_low")
            files += (*draw(curves, rates, folder), *write_tables(rates, folder))
            files += write_gap(curves, folder)
        for dataset in _read(options.claims, "claim", "verdict"):
            files += write_claims(dataset, folder)
        for path, dataset in zip(options.experiments, _read(options.experiments), strict=True):
            if "experiment" not in dataset.attrs:
                raise UserError(f"{path}: is no dataset of an experiment")
            files += draw_experiment(dataset, folder)
    except OSError as error:
        raise UserError(f"cannot write figures to {options.folder}: {error}") from error
    for file in files:
        print(file)


def schema(options: Namespace) -> None:
    """Print the config's JSON schema or documentation."""
    from ratelab.studies._document import claims_markdown, json_schema, markdown

    text = claims_markdown() if options.claims else markdown() if options.markdown else json_schema()
    print(text, end="")


def _job(kind: "type[J]", options: Namespace) -> "J":
    import pydantic

    try:
        return kind.model_validate_json(options.job)
    except pydantic.ValidationError as error:
        places = (("--job", *map(str, e["loc"])) for e in error.errors())
        lines = "\n".join(f"{'.'.join(p)}: {e['msg']}" for p, e in zip(places, error.errors(), strict=True))
        raise UserError(lines) from None


def _registry(options: Namespace) -> "Registry":
    from ratelab.registry import load_plugins

    return load_plugins(options.plugins)


def _read(paths: list[str], *names: str) -> "list[xr.Dataset]":
    """Read datasets that must have these variables."""
    from ratelab.datasets import read, require

    return [require(read(path), path, *names) for path in paths]


def _write(dataset: "xr.Dataset", path: str) -> None:
    from ratelab.datasets import write

    write(dataset, path)


def _near(source: str) -> str:
    path = Path(source)
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else source
