"""Argument parsing; user errors become one message and exit code 1."""

import argparse
import os
import sys
from collections.abc import Sequence

from ratelab import __version__
from ratelab._errors import UserError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; return the exit code (0, or 1 after a user's mistake)."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except UserError as error:
        print(f"ratelab: {error}", file=sys.stderr)
        return 1
    except MemoryError as error:
        print(f"ratelab: not enough memory ({error}); choose smaller budgets or fewer seeds", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("ratelab: interrupted; earlier results are kept", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    from ratelab.cli import _verbs

    parser = argparse.ArgumentParser(prog="ratelab", description="A laboratory of approximation rates.")
    parser.add_argument("--version", action="version", version=f"ratelab {__version__}")
    verbs = parser.add_subparsers(metavar="verb", required=True)

    plugins = verbs.add_parser("plugins", help="what is registered, and from where")
    actions = plugins.add_subparsers(metavar="action", required=True)
    listing = actions.add_parser("list", help="every plugin by kind, with its source")
    listing.set_defaults(run=_verbs.plugins_list)
    show = actions.add_parser("show", help="one plugin in full")
    show.add_argument("name", help="name or label, e.g. cusp or 'cusp(at=0.3)'")
    show.set_defaults(run=_verbs.plugins_show)
    index = actions.add_parser("index", help="(kind, name) → source and digest, as JSON")
    index.add_argument("--members", default="{}", help="JSON: kind → labels whose facts are wanted")
    index.set_defaults(run=_verbs.plugins_index)
    for action in (listing, show, index):
        action.add_argument(
            "--plugins",
            action="append",
            metavar="FOLDER",
            help="folder or file of plugins (default: the built-in ones)",
        )

    def rule(name: str, text: str, *inputs: str) -> argparse.ArgumentParser:
        verb = verbs.add_parser(name, help=text)
        verb.add_argument(
            "--job",
            required=True,
            help="the job as JSON; `snakemake --printshellcmds --dry-run` shows what each rule passes",
        )
        verb.add_argument(
            "--plugins", nargs="*", action="extend", metavar="FILE", help="plugin files to load"
        )
        for item in inputs:
            several = None if item in ("target", "curves") else "*"
            verb.add_argument(
                f"--{item}", required=several is None, nargs=several, default=[], metavar="FILE"
            )
        verb.set_defaults(run=getattr(_verbs, name))
        return verb

    rule("check", "evaluate every target, activation and shape once")
    rule("target", "nodes, values and certified moments of a target").add_argument("--output", required=True)
    rule("spline", "brackets of free-knot splines", "target").add_argument("--output", required=True)
    rule("construct", "networks written down from theory", "splines").add_argument("--output", required=True)
    rule("train", "trained networks", "target", "starts").add_argument("--output", required=True)
    bracket = rule("bracket", "lower and upper ends of a study", "splines", "constructed", "trained")
    bracket.add_argument("--curves", required=True, help="dataset to write: the errors")
    bracket.add_argument(
        "--networks", required=True, help="dataset to write: the networks behind the upper ends"
    )
    rule("rate", "slopes and rates of a study", "curves").add_argument("--output", required=True)
    rule("claim", "all cases of one claim").add_argument("--output", required=True)
    claims = verbs.add_parser("claims", help="the claims of a study in one dataset, and how they stand")
    claims.add_argument("--study", required=True, help="name of the study")
    claims.add_argument("--parts", nargs="+", required=True, metavar="FILE", help="datasets of single claims")
    claims.add_argument("--output", required=True)
    claims.set_defaults(run=_verbs.claims)
    rule("experiment", "one experiment").add_argument("--output", required=True)
    figures = verbs.add_parser("figures", help="figures and tables of a study")
    for item in ("curves", "rates", "claims", "experiments"):
        figures.add_argument(f"--{item}", nargs="*", default=[], metavar="FILE")
    figures.add_argument("--folder", required=True)
    figures.set_defaults(run=_verbs.figures)
    schema = verbs.add_parser("schema", help="the config's JSON schema, or its documentation")
    schema.add_argument("--markdown", action="store_true", help="documentation instead of JSON")
    schema.add_argument("--claims", action="store_true", help="the list of claims, as Markdown")
    schema.set_defaults(run=_verbs.schema)
    return parser
