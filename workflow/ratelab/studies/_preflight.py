"""Run the check of every study once for each config and plugins, in a process of its own."""

import hashlib
import subprocess
import sys
from pathlib import Path

from ratelab._errors import UserError
from ratelab.registry import digest
from ratelab.studies._plan import Plan, Step


def preflight(plan: Plan, cache: Path) -> None:
    """Check all studies of a plan; what was found right stays right until a job or a plugin file changes.

    Parameters
    ----------
    plan
        Its `checks` are run.
    cache
        Folder for the marks of passed checks.

    Raises
    ------
    UserError
        With everything that is wrong, one line each.
    """
    for step in plan.checks.values():
        mark = cache / f"checked-{_key(step)}.txt"
        if mark.is_file():
            continue
        command = [
            sys.executable,
            "-m",
            "ratelab.cli",
            "check",
            "--job",
            step.text,
            "--plugins",
            *step.plugins,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise UserError(done.stderr.strip().removeprefix("ratelab: "))
        try:
            cache.mkdir(parents=True, exist_ok=True)
            mark.write_text(done.stdout, encoding="utf-8")
        except OSError as error:
            raise UserError(f"cannot write to {cache}: {error}") from error


def _key(step: Step) -> str:
    content = [step.text, *(digest(Path(file)) for file in step.plugins)]
    return hashlib.sha256("\n".join(content).encode()).hexdigest()[:24]
